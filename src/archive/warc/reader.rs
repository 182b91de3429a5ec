//! Reads WARC files of any crawler, record by record, and single records at their offset.
//!
//! Damage is an error that names file and offset; the reading goes on at the next place where a
//! record begins. Memory is bounded by the largest record that is accepted; `advance` and `block`
//! go through larger ones piece by piece.

use super::WarcError;
use super::input::{BUFFER, Bad, Input};
use super::stored::{Head, Stored};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The largest block that is read in one piece, bytes.
const MAX_BLOCK: u64 = 1 << 30;
/// The longest record header, bytes.
const MAX_HEAD: usize = 1 << 20;
/// Bytes that may be read again in search of records behind damage, beside four times the file.
const AGAIN: u64 = 64 << 20;

/// The record at `offset`.
pub fn read_at(path: &Path, offset: u64) -> Result<Stored, WarcError> {
    read_with(path, offset, BUFFER)
}

/// The record at `offset`, which takes about `length` bytes of the file: cheaper for short ones.
pub fn read_one(path: &Path, offset: u64, length: u64) -> Result<Stored, WarcError> {
    let room = usize::try_from(length).unwrap_or(BUFFER);
    match read_with(path, offset, room) {
        // A gzip header may be longer than a small buffer.
        Err(WarcError::Damaged { .. }) if room < BUFFER => read_at(path, offset),
        read => read,
    }
}

fn read_with(path: &Path, offset: u64, room: usize) -> Result<Stored, WarcError> {
    let mut reader = Reader::with_room(path, room)?;
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
    input: Input,
    /// Which kind the file is, for the search behind damage.
    packed: bool,
    again: u64,
    /// Where the record or member begins that is being read.
    begun: u64,
    /// Bytes of the block that are still to be read; `None` between records.
    left: Option<u64>,
    /// Where to search on after damage.
    search: Option<u64>,
    ended: bool,
}

impl Reader {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, WarcError> {
        Self::with_room(path, BUFFER)
    }

    fn with_room(path: &Path, room: usize) -> Result<Self, WarcError> {
        let fail = |why: io::Error| WarcError::opening(path, &why);
        let file = File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        Ok(Self {
            path: path.to_owned(),
            input: Input::new(file, room),
            packed: path.extension().is_some_and(|ext| ext == "gz"),
            again: AGAIN.saturating_add(length.saturating_mul(4)),
            begun: 0,
            left: None,
            search: None,
            ended: false,
        })
    }

    /// Goes on at `offset`.
    pub fn seek(&mut self, offset: u64) -> Result<(), WarcError> {
        (self.left, self.search, self.ended, self.begun) = (None, None, false, offset);
        let moved = self.input.seek(offset);
        moved.map_err(|why| WarcError::io("read", &self.path, &why))
    }

    /// Offset of what was not yet read.
    pub fn offset(&self) -> u64 {
        self.input.position()
    }

    /// Goes to the next record, past what is left of this one: its header. The block can then be
    /// had from `block`. `None` at the file's end.
    pub fn advance(&mut self) -> Option<Result<Head, WarcError>> {
        if self.ended {
            return None;
        }
        let found = self.step();
        match found {
            Ok(head) => head.map(Ok),
            Err(why) => Some(Err(self.fail(why))),
        }
    }

    fn step(&mut self) -> Result<Option<Head>, Bad> {
        if self.left.is_some() {
            self.end_record()?;
        }
        if let Some(from) = self.search.take()
            && !self.input.find(from, self.packed)?
        {
            self.ended = true;
            return Ok(None);
        }
        // In a shared member (or an uncompressed file) the next record stands right here.
        if self.input.outside() || self.input.peek()?.is_empty() {
            self.begun = self.input.position();
            if !self.input.enter()? {
                self.ended = true;
                return Ok(None);
            }
            self.packed = self.input.packed();
        }
        if !self.packed {
            self.begun = self.input.position();
        }
        let inner = if self.packed { self.input.taken() } else { 0 };
        let (version, fields) = self.header()?;
        let head = Head {
            file: self.path.clone(),
            offset: self.begun,
            inner,
            version,
            fields,
        };
        let Some(length) = head.block_length() else {
            return Err(Bad::Data("it has no Content-Length".to_owned()));
        };
        self.left = Some(length);
        Ok(Some(head))
    }

    /// Reads the version line and the named fields.
    fn header(&mut self) -> Result<(String, Vec<(String, String)>), Bad> {
        let mut lines = Vec::new();
        let mut line = Vec::new();
        let mut total = 0;
        loop {
            let bytes = self.input.peek()?;
            if bytes.is_empty() {
                return Err(Bad::Data("its header does not end".to_owned()));
            }
            let end = memchr::memchr(b'\n', bytes).map(|at| at + 1);
            let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
            line.extend_from_slice(part);
            let count = part.len();
            self.input.take(count);
            total += count;
            if total > MAX_HEAD {
                return Err(Bad::Data("its header is too long".to_owned()));
            }
            // A first line shorter than that is none either.
            let told = line.len() >= 5 || end.is_some();
            if lines.is_empty() && told && !line.starts_with(b"WARC/") {
                return Err(Bad::Data("it does not begin with WARC/".to_owned()));
            }
            if end.is_some() {
                let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
                if text.is_empty() {
                    break;
                }
                lines.push(text);
                line.clear();
            }
        }
        let mut lines = lines.into_iter();
        let version = lines
            .next()
            .ok_or_else(|| Bad::Data("it does not begin with WARC/".to_owned()))?;
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
        Ok((version, fields))
    }

    /// Some bytes of the block; none at its end.
    fn piece(&mut self) -> Result<&[u8], Bad> {
        let left = self.left.unwrap_or(0);
        if left == 0 {
            return Ok(&[]);
        }
        let bytes = self.input.peek()?;
        if bytes.is_empty() {
            return Err(Bad::Data(format!(
                "its block ends {left} bytes before its Content-Length"
            )));
        }
        let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        Ok(bytes.get(..count).unwrap_or_default())
    }

    fn took(&mut self, count: usize) {
        self.input.take(count);
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(count as u64);
        }
    }

    /// Goes past the rest of the block and the line ends after it; gives the record's length.
    fn end_record(&mut self) -> Result<u64, Bad> {
        loop {
            let count = self.piece()?.len();
            if count == 0 {
                break;
            }
            self.took(count);
        }
        self.left = None;
        // A length that is wrong cuts the block, or takes the next record for a part of it.
        let next = self.input.peek()?.first().copied();
        if !self.packed && !matches!(next, None | Some(b'\r' | b'\n' | b'W')) {
            return Err(Bad::Data(
                "its block does not end where its Content-Length says".to_owned(),
            ));
        }
        let plain = self.input.position() - self.begun;
        loop {
            let bytes = self.input.peek()?;
            let ends = bytes
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
            let over = ends < bytes.len() || bytes.is_empty();
            self.input.take(ends);
            if over {
                break;
            }
        }
        let shared = self.packed && !self.input.outside();
        Ok(match (self.packed, shared) {
            (false, _) => plain,
            (true, true) => 0,
            (true, false) => self.input.position() - self.begun,
        })
    }

    /// The block of the record that `advance` went to.
    pub fn block(&mut self) -> Block<'_> {
        Block(self)
    }

    /// Goes past the rest of the record: the length of its gzip member, whose checksum is right
    /// then; of the record in an uncompressed file; 0 where it shares its member with others.
    pub fn finish(&mut self) -> Result<u64, WarcError> {
        if self.left.is_none() {
            return Err(WarcError::Damaged {
                file: self.path.clone(),
                offset: self.begun,
                why: "its block could not be read".to_owned(),
            });
        }
        self.end_record().map_err(|why| self.fail(why))
    }

    /// Names the place, and has the reading go on behind it.
    fn fail(&mut self, why: Bad) -> WarcError {
        self.left = None;
        match why {
            Bad::Io(why) => {
                self.ended = true;
                WarcError::io("read", &self.path, &why)
            }
            Bad::Data(why) => {
                let next = self.begun + 1;
                let reached = self.input.position().max(next);
                // Records may stand in what was read as part of the damaged one. Looking there
                // again and again would take forever in a file made for that.
                let from = match self.again.checked_sub(reached - next) {
                    Some(rest) => {
                        self.again = rest;
                        next
                    }
                    None => reached,
                };
                self.search = Some(from);
                WarcError::Damaged {
                    file: self.path.clone(),
                    offset: self.begun,
                    why,
                }
            }
        }
    }

    fn whole(&mut self, head: Head) -> Result<Stored, WarcError> {
        let size = self.left.unwrap_or(0);
        if size > MAX_BLOCK {
            // Left where it is; the next step goes past it.
            return Err(head.damaged(format!(
                "its block of {size} bytes is larger than {MAX_BLOCK}"
            )));
        }
        let mut block = Vec::with_capacity(size.min(1 << 20) as usize);
        loop {
            let piece = self.piece();
            let count = match piece {
                Ok(piece) => {
                    block.extend_from_slice(piece);
                    piece.len()
                }
                Err(why) => return Err(self.fail(why)),
            };
            if count == 0 {
                break;
            }
            self.took(count);
        }
        let length = self.finish()?;
        let length = if head.inner == 0 { length } else { 0 };
        Ok(Stored {
            head,
            length,
            block,
        })
    }
}

/// The block of one record, piece by piece.
pub struct Block<'a>(&'a mut Reader);

impl Read for Block<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let reader = &mut *self.0;
        let count = match reader.piece() {
            Ok(piece) => {
                let count = piece.len().min(to.len());
                if let (Some(to), Some(from)) = (to.get_mut(..count), piece.get(..count)) {
                    to.copy_from_slice(from);
                }
                count
            }
            Err(why) => return Err(io::Error::other(reader.fail(why))),
        };
        reader.took(count);
        Ok(count)
    }
}

/// Whole records.
impl Iterator for Reader {
    type Item = Result<Stored, WarcError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.advance()? {
            Ok(head) => self.whole(head),
            Err(why) => Err(why),
        })
    }
}
