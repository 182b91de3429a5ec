//! Reads `.warc.gz` files member by member, and single records at their offset.
//!
//! Damage is an error that names file and offset; the reading goes on at the next member that
//! begins a WARC record. Memory is bounded by the largest record that is accepted.

use super::WarcError;
use crate::domain::{Digest, Exchange, Timings, Truncation};
use flate2::bufread::GzDecoder;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// The largest record that is read, bytes.
const MAX_RECORD: u64 = 1 << 30;

/// A record as it stands in a file.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The file.
    pub file: PathBuf,
    /// Offset of its gzip member.
    pub offset: u64,
    /// Length of the member.
    pub length: u64,
    /// Named fields in their order, names as written.
    pub fields: Vec<(String, String)>,
    /// The block.
    pub block: Vec<u8>,
}

impl Stored {
    /// The first field of this name, in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// `WARC-Type`.
    pub fn kind(&self) -> &str {
        self.field("WARC-Type").unwrap_or_default()
    }

    /// `WARC-Target-URI`, without the angle brackets that wget writes.
    pub fn uri(&self) -> Option<&str> {
        self.field("WARC-Target-URI").map(|uri| {
            uri.strip_prefix('<')
                .and_then(|uri| uri.strip_suffix('>'))
                .unwrap_or(uri)
        })
    }

    /// Head (up to and including the empty line) and body of an HTTP block.
    pub fn http(&self) -> (&[u8], &[u8]) {
        let at = memchr::memmem::find(&self.block, b"\r\n\r\n").map(|at| at + 4);
        let at = at.or_else(|| memchr::memmem::find(&self.block, b"\n\n").map(|at| at + 2));
        self.block
            .split_at_checked(at.unwrap_or(self.block.len()))
            .unwrap_or((&self.block, &[]))
    }

    /// The exchange that a response record holds, its payload transfer-decoded.
    pub fn to_exchange(&self) -> Result<Exchange, WarcError> {
        let bad = |why: &str| WarcError::Damaged {
            file: self.file.clone(),
            offset: self.offset,
            why: why.to_owned(),
        };
        let uri = self.uri().ok_or_else(|| bad("it has no WARC-Target-URI"))?;
        let url = url::Url::parse(uri).map_err(|why| bad(&format!("{uri:?}: {why}")))?;
        let at = self
            .field("WARC-Date")
            .and_then(|date| chrono::DateTime::parse_from_rfc3339(date).ok())
            .ok_or_else(|| bad("its WARC-Date cannot be read"))?;
        let (head, body) = self.http();
        let (status, headers) =
            parse_head(head).ok_or_else(|| bad("its HTTP head cannot be read"))?;
        let chunked = headers.iter().any(|(name, value)| {
            name == "transfer-encoding" && value.to_ascii_lowercase().contains("chunked")
        });
        let payload = if chunked {
            dechunk(body)
        } else {
            body.to_vec()
        };
        Ok(Exchange {
            url,
            at: at.to_utc(),
            request_bytes: Vec::new(),
            head_len: head.len(),
            status,
            headers,
            payload: payload.into(),
            truncated: match self.field("WARC-Truncated") {
                Some("length") => Some(Truncation::Length),
                Some("time") => Some(Truncation::Time),
                Some(_) => Some(Truncation::Disconnect),
                None => None,
            },
            fault: None,
            remote: None,
            timings: Timings::default(),
            tls: None,
            response_bytes: self.block.clone(),
        })
    }
}

/// Status and headers (names in lower case) of an HTTP/1 response head.
fn parse_head(head: &[u8]) -> Option<(u16, Vec<(String, String)>)> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let status = lines
        .next()?
        .split_ascii_whitespace()
        .nth(1)?
        .parse()
        .ok()?;
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Some((status, headers))
}

/// Removes the chunk framing (RFC 9112, 7.1); what is broken or cut ends the payload.
pub(super) fn dechunk(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    while let Some(end) = memchr::memchr(b'\n', body) {
        let (line, rest) = body.split_at_checked(end + 1).unwrap_or((body, &[]));
        let digits: String = line
            .iter()
            .map(|b| char::from(*b))
            .take_while(char::is_ascii_hexdigit)
            .collect();
        let Ok(size) = usize::from_str_radix(&digits, 16) else {
            break;
        };
        if size == 0 {
            break;
        }
        let (chunk, after) = rest.split_at_checked(size).unwrap_or((rest, &[]));
        out.extend_from_slice(chunk);
        body = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.strip_prefix(b"\n"))
            .unwrap_or(after);
    }
    out
}

/// The record at `offset`.
pub fn read_at(path: &Path, offset: u64) -> Result<Stored, WarcError> {
    let mut reader = Reader::open(path)?;
    reader.seek(offset)?;
    reader.next().unwrap_or_else(|| {
        Err(WarcError::Damaged {
            file: path.to_owned(),
            offset,
            why: "the file ends there".to_owned(),
        })
    })
}

/// Reads a file from the front.
pub struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    ended: bool,
}

impl Reader {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, WarcError> {
        let file = File::open(path).map_err(|why| WarcError::io("open", path, &why))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 16, file),
            ended: false,
        })
    }

    /// Goes on at `offset`.
    pub fn seek(&mut self, offset: u64) -> Result<(), WarcError> {
        self.ended = false;
        self.file
            .seek(SeekFrom::Start(offset))
            .map(drop)
            .map_err(|why| WarcError::io("read", &self.path, &why))
    }

    /// Offset of what comes next.
    pub fn offset(&mut self) -> Result<u64, WarcError> {
        self.file
            .stream_position()
            .map_err(|why| WarcError::io("read", &self.path, &why))
    }

    fn member(&mut self, offset: u64) -> Result<Stored, WarcError> {
        let bad = |why: String| WarcError::Damaged {
            file: self.path.clone(),
            offset,
            why,
        };
        let mut bytes = Vec::new();
        let decoder = GzDecoder::new(&mut self.file);
        decoder
            .take(MAX_RECORD)
            .read_to_end(&mut bytes)
            .map_err(|why| bad(format!("its gzip member cannot be read: {why}")))?;
        let (fields, start) = parse_fields(&bytes).map_err(&bad)?;
        let length: usize = fields
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("Content-Length"))
            .and_then(|(_, value)| value.parse().ok())
            .ok_or_else(|| bad("it has no Content-Length".to_owned()))?;
        let block = bytes
            .get(start..start.saturating_add(length))
            .ok_or_else(|| {
                bad(format!(
                    "its block is shorter than its Content-Length of {length}"
                ))
            })?
            .to_vec();
        if bytes.get(start + length..) != Some(b"\r\n\r\n") {
            return Err(bad("it does not end with two line ends".to_owned()));
        }
        let end = self
            .file
            .stream_position()
            .map_err(|why| WarcError::io("read", &self.path, &why))?;
        Ok(Stored {
            file: self.path.clone(),
            offset,
            length: end - offset,
            fields,
            block,
        })
    }

    /// Moves to the next place after `from` where a gzip member may begin.
    fn resync(&mut self, from: u64) -> Result<bool, WarcError> {
        let io = |why: &std::io::Error| WarcError::io("read", &self.path, why);
        self.file
            .seek(SeekFrom::Start(from))
            .map_err(|why| io(&why))?;
        let mut at = from;
        loop {
            let chunk = self.file.fill_buf().map_err(|why| io(&why))?;
            if chunk.is_empty() {
                return Ok(false);
            }
            match memchr::memmem::find(chunk, &[0x1f, 0x8b, 0x08]) {
                Some(found) => {
                    at += found as u64;
                    self.file
                        .seek(SeekFrom::Start(at))
                        .map_err(|why| io(&why))?;
                    return Ok(true);
                }
                None => {
                    // A magic number may straddle two chunks.
                    let step = chunk.len().saturating_sub(2).max(1);
                    at += step as u64;
                    self.file.consume(step);
                    if step < 3 && self.file.fill_buf().map_err(|why| io(&why))?.len() < 3 {
                        return Ok(false);
                    }
                }
            }
        }
    }

    fn step(&mut self) -> Result<Option<Stored>, WarcError> {
        let offset = self.offset()?;
        let at_end = self
            .file
            .fill_buf()
            .map_err(|why| WarcError::io("read", &self.path, &why))?
            .is_empty();
        if at_end {
            return Ok(None);
        }
        match self.member(offset) {
            Ok(stored) => Ok(Some(stored)),
            Err(why) => {
                self.ended = !self.resync(offset + 1)?;
                Err(why)
            }
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Stored, WarcError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.step().transpose();
        self.ended |= next.is_none() || matches!(next, Some(Err(WarcError::Io { .. })));
        next
    }
}

/// Named fields, and where the block begins.
fn parse_fields(bytes: &[u8]) -> Result<(Vec<(String, String)>, usize), String> {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n")
        .ok_or_else(|| "its header does not end".to_owned())?;
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    let mut lines = text.split("\r\n");
    if !lines.next().is_some_and(|line| line.starts_with("WARC/")) {
        return Err("it does not begin with WARC/".to_owned());
    }
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    Ok((fields, end + 4))
}

/// The block's and the payload's digest do not match what the fields say.
pub(super) fn digest_faults(stored: &Stored) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(want) = stored
        .field("WARC-Block-Digest")
        .and_then(Digest::from_warc_label)
        && Digest::of(&stored.block) != want
    {
        faults.push("its block does not have its digest".to_owned());
    }
    if stored.kind() == "response"
        && let Some(want) = stored
            .field("WARC-Payload-Digest")
            .and_then(Digest::from_warc_label)
        && let Ok(exchange) = stored.to_exchange()
        && Digest::of(&exchange.payload) != want
    {
        faults.push("its payload does not have its digest".to_owned());
    }
    faults
}
