//! One WARC record as bytes: header, block, gzip member.

use crate::domain::{Digest, Exchange, Truncation};
use chrono::{DateTime, SecondsFormat, Utc};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use std::fmt::Write as _;
use std::io::Write as _;
use uuid::Uuid;

/// What is to be captured.
#[derive(Debug)]
pub struct Capture<'a> {
    /// The exchange.
    pub exchange: &'a Exchange,
    /// SHA-256 of its payload: after transfer-decoding, still content-coded.
    pub payload_digest: Digest,
    /// An earlier capture with the same payload: a revisit record is written.
    pub revisit_of: Option<RevisitRef>,
}

/// The capture that a revisit refers to (WARC 1.1, 6.7.2).
#[derive(Debug, Clone)]
pub struct RevisitRef {
    /// Its WARC-Record-ID.
    pub record_id: String,
    /// Its WARC-Target-URI.
    pub uri: String,
    /// Its WARC-Date.
    pub date: DateTime<Utc>,
}

/// A record under construction.
pub(super) struct Draft {
    head: String,
    pub id: String,
}

impl Draft {
    pub fn new(kind: &str, date: DateTime<Utc>) -> Self {
        let id = format!("<urn:uuid:{}>", Uuid::new_v4());
        let mut draft = Self {
            head: String::with_capacity(768),
            id,
        };
        draft.head.push_str("WARC/1.1\r\n");
        draft.field("WARC-Type", kind);
        let id = draft.id.clone();
        draft.field("WARC-Record-ID", &id);
        draft.field("WARC-Date", &warc_date(date));
        draft
    }

    /// Adds a named field; line ends in the value would break the record and are left out.
    pub fn field(&mut self, name: &str, value: &str) {
        let clean: std::borrow::Cow<'_, str> = if value.contains(['\r', '\n']) {
            value.replace(['\r', '\n'], " ").into()
        } else {
            value.into()
        };
        // Writing into a string cannot fail.
        let _ = write!(self.head, "{name}: {clean}\r\n");
    }

    /// The whole record as one gzip member appended to `out`.
    pub fn finish(
        mut self,
        parts: &[&[u8]],
        level: Level,
        out: &mut Vec<u8>,
    ) -> std::io::Result<String> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut digest = crate::domain::Sha256Stream::default();
        for part in parts {
            digest.update(part);
        }
        self.field("WARC-Block-Digest", &digest.finish().warc_label());
        self.field("Content-Length", &length.to_string());
        self.head.push_str("\r\n");
        let compression = match level {
            Level::Stored => Compression::none(),
            Level::Packed => Compression::new(6),
        };
        let mut gzip: GzEncoder<&mut Vec<u8>> = GzBuilder::new().write(out, compression);
        gzip.write_all(self.head.as_bytes())?;
        for part in parts {
            gzip.write_all(part)?;
        }
        gzip.write_all(b"\r\n\r\n")?;
        gzip.finish()?;
        Ok(self.id)
    }
}

/// How hard a member is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Not at all: the block came compressed.
    Stored,
    /// Well.
    Packed,
}

/// Microseconds, as WARC 1.1 allows (section 5.4).
pub(super) fn warc_date(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The records of one exchange, appended to `out`: offsets are relative to `out`'s start. Gives
/// the response's (or revisit's) id, offset and length.
pub(super) fn write_exchange(
    capture: &Capture<'_>,
    warcinfo: &str,
    out: &mut Vec<u8>,
) -> std::io::Result<(String, u64, u64)> {
    let exchange = capture.exchange;
    let uri = exchange.url.as_str();
    let start = out.len() as u64;
    let kind = if capture.revisit_of.is_some() {
        "revisit"
    } else {
        "response"
    };
    let mut response = Draft::new(kind, exchange.at);
    common(&mut response, exchange, uri, warcinfo);
    response.field("Content-Type", "application/http; msgtype=response");
    response.field("WARC-Payload-Digest", &capture.payload_digest.warc_label());
    let block = match &capture.revisit_of {
        Some(first) => {
            let profile = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";
            response.field("WARC-Profile", profile);
            response.field("WARC-Refers-To", &first.record_id);
            response.field("WARC-Refers-To-Target-URI", &first.uri);
            response.field("WARC-Refers-To-Date", &warc_date(first.date));
            exchange
                .response_bytes
                .get(..exchange.head_len)
                .unwrap_or_default()
        }
        None => {
            if let Some(why) = exchange.truncated {
                response.field(
                    "WARC-Truncated",
                    match why {
                        Truncation::Length => "length",
                        Truncation::Time => "time",
                        Truncation::Disconnect => "disconnect",
                    },
                );
            }
            &exchange.response_bytes
        }
    };
    let level = if came_packed(exchange) && capture.revisit_of.is_none() {
        Level::Stored
    } else {
        Level::Packed
    };
    let id = response.finish(&[block], level, out)?;
    let length = out.len() as u64 - start;
    if !exchange.request_bytes.is_empty() {
        let mut request = Draft::new("request", exchange.at);
        common(&mut request, exchange, uri, warcinfo);
        request.field("Content-Type", "application/http; msgtype=request");
        request.field("WARC-Concurrent-To", &id);
        request.finish(&[&exchange.request_bytes], Level::Stored, out)?;
    }
    if let Some(relaxed) = exchange.tls.as_ref().and_then(|tls| tls.relaxed.as_ref()) {
        let facts = format!(
            "fetchTimeMs: {}\r\ntls-relaxed: {}\r\n",
            exchange.timings.total.as_millis(),
            relaxed.replace(['\r', '\n'], " ")
        );
        let mut metadata = Draft::new("metadata", exchange.at);
        metadata.field("WARC-Target-URI", uri);
        metadata.field("WARC-Warcinfo-ID", warcinfo);
        metadata.field("WARC-Concurrent-To", &id);
        metadata.field("Content-Type", "application/warc-fields");
        metadata.finish(&[facts.as_bytes()], Level::Stored, out)?;
    }
    Ok((id, start, length))
}

fn common(draft: &mut Draft, exchange: &Exchange, uri: &str, warcinfo: &str) {
    draft.field("WARC-Target-URI", uri);
    draft.field("WARC-Warcinfo-ID", warcinfo);
    if let Some(remote) = exchange.remote {
        draft.field("WARC-IP-Address", &remote.ip().to_string());
    }
    draft.field("WARC-Protocol", "http/1.1");
    if let Some(tls) = &exchange.tls {
        draft.field(
            "WARC-Protocol",
            &tls.version.to_lowercase().replace("tlsv", "tls/"),
        );
        draft.field("WARC-Cipher-Suite", &tls.cipher);
    }
}

/// Whether the body came compressed, so that packing it again would only cost time.
fn came_packed(exchange: &Exchange) -> bool {
    let coded = exchange
        .header("content-encoding")
        .is_some_and(|coding| !matches!(coding.trim(), "" | "identity"));
    let kind = exchange.header("content-type").unwrap_or_default();
    let packed = [
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "video/",
        "audio/",
        "application/pdf",
        "application/zip",
        "application/gzip",
        "application/x-rar",
        "application/vnd.openxmlformats",
        "font/woff",
    ];
    coded || packed.iter().any(|prefix| kind.starts_with(prefix))
}
