//! The WARC records of one exchange as bytes: named fields, block, gzip member.
//!
//! Beside the standard's fields a response carries extension fields (`Khobao-...`), so that an
//! exchange can be had back from its one record: times, TLS facts, fault, and the payload digest
//! where `WARC-Payload-Digest` cannot stand.

use super::pack::{Level, Packer};
use crate::domain::{Digest, Exchange, FaultKind, Truncation};
use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt::Write as _;
use uuid::Uuid;

/// Extension field: SHA-256 of the transfer-decoded payload of a response whose body has a
/// transfer coding. `WARC-Payload-Digest` is left out there, because the tools disagree about it:
/// warcio's `check` takes it over the body as it stands, the standard over the decoded one.
pub(super) const PAYLOAD_DIGEST: &str = "Khobao-Payload-Digest";
/// Extension field: microseconds until the first and until the last byte.
pub(super) const TIMES: &str = "Khobao-Times-Us";
/// Extension field: SHA-256 of the leaf certificate, hexadecimal.
pub(super) const TLS_LEAF: &str = "Khobao-TLS-Leaf-SHA256";
/// Extension field: the TLS fault that was overlooked.
pub(super) const TLS_RELAXED: &str = "Khobao-TLS-Relaxed";
/// Extension field: the kind of fault, a colon, and what happened.
pub(super) const FAULT: &str = "Khobao-Fault";

/// Extension field: the configured site that the capture belongs to.
pub(super) const SITE: &str = "Khobao-Site";
/// Extension field: what the URL was asked for (article, listing, image ...).
pub(super) const TASK: &str = "Khobao-Task";
/// Extension field: what robots.txt said.
pub(super) const ROBOTS: &str = "Khobao-Robots";

/// Why an exchange was made: what a replay must know beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The configured site.
    pub site: String,
    /// What the URL was asked for.
    pub task: String,
    /// What robots.txt said; empty for robots.txt itself.
    pub robots: String,
}

/// What is to be captured.
#[derive(Debug)]
pub struct Capture<'a> {
    /// The exchange.
    pub exchange: &'a Exchange,
    /// SHA-256 of its payload: after transfer-decoding, still content-coded.
    pub payload_digest: Digest,
    /// Why it was made.
    pub context: Option<Context>,
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
        block: &[u8],
        level: Level,
        packer: &mut Packer,
        out: &mut Vec<u8>,
    ) -> std::io::Result<String> {
        self.field("WARC-Block-Digest", &Digest::of(block).warc_label());
        self.field("Content-Length", &block.len().to_string());
        self.head.push_str("\r\n");
        packer.member(self.head.as_bytes(), block, level, out)?;
        Ok(self.id)
    }
}

/// Microseconds, as WARC 1.1 allows (section 5.4).
pub(super) fn warc_date(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The records of one exchange, appended to `out`: offsets are relative to `out`'s start. Gives
/// the first record's id, offset and length: the response (or revisit), or the metadata record
/// of an exchange without an answer.
pub(super) fn write_exchange(
    capture: &Capture<'_>,
    warcinfo: &str,
    packer: &mut Packer,
    out: &mut Vec<u8>,
) -> std::io::Result<(String, u64, u64)> {
    let exchange = capture.exchange;
    let start = out.len() as u64;
    let asked = !exchange.request_bytes.is_empty();
    let request = Draft::new("request", exchange.at);
    let mut first = match (exchange.response_bytes.is_empty(), &capture.revisit_of) {
        (true, _) => Draft::new("metadata", exchange.at),
        (false, Some(_)) => Draft::new("revisit", exchange.at),
        (false, None) => Draft::new("response", exchange.at),
    };
    common(&mut first, exchange, warcinfo);
    if asked {
        first.field("WARC-Concurrent-To", &request.id);
    }
    own_fields(&mut first, exchange);
    if let Some(context) = &capture.context {
        for (name, value) in [
            (SITE, &context.site),
            (TASK, &context.task),
            (ROBOTS, &context.robots),
        ] {
            if !value.is_empty() {
                first.field(name, value);
            }
        }
    }
    let id = if exchange.response_bytes.is_empty() {
        first.field("Content-Type", "application/warc-fields");
        first.finish(facts(exchange).as_bytes(), Level::Quick, packer, out)?
    } else {
        answer(first, capture, packer, out)?
    };
    let length = out.len() as u64 - start;
    if asked {
        let mut request = request;
        common(&mut request, exchange, warcinfo);
        request.field("Content-Type", "application/http; msgtype=request");
        request.field("WARC-Concurrent-To", &id);
        request.finish(&exchange.request_bytes, Level::Quick, packer, out)?;
    }
    let relaxed = exchange
        .tls
        .as_ref()
        .is_some_and(|tls| tls.relaxed.is_some());
    if !exchange.response_bytes.is_empty() && (relaxed || exchange.fault.is_some()) {
        let mut metadata = Draft::new("metadata", exchange.at);
        metadata.field("WARC-Target-URI", exchange.url.as_str());
        metadata.field("WARC-Warcinfo-ID", warcinfo);
        metadata.field("WARC-Concurrent-To", &id);
        metadata.field("WARC-Refers-To", &id);
        metadata.field("Content-Type", "application/warc-fields");
        metadata.finish(facts(exchange).as_bytes(), Level::Quick, packer, out)?;
    }
    Ok((id, start, length))
}

/// Ends a response or revisit record.
fn answer(
    mut record: Draft,
    capture: &Capture<'_>,
    packer: &mut Packer,
    out: &mut Vec<u8>,
) -> std::io::Result<String> {
    let exchange = capture.exchange;
    let label = capture.payload_digest.warc_label();
    let (head, body) = exchange
        .response_bytes
        .split_at_checked(exchange.head_len)
        .unwrap_or((&exchange.response_bytes, &[]));
    record.field("Content-Type", "application/http; msgtype=response");
    let Some(first) = &capture.revisit_of else {
        if *body == *exchange.payload {
            record.field("WARC-Payload-Digest", &label);
        } else if exchange.truncated.is_none() {
            record.field(PAYLOAD_DIGEST, &label);
        }
        // A cut answer may end elsewhere on the wire than in the payload: it has no payload
        // digest then, since nothing could be checked against it.
        if let Some(why) = exchange.truncated {
            record.field(
                "WARC-Truncated",
                match why {
                    Truncation::Length => "length",
                    Truncation::Time => "time",
                    Truncation::Disconnect => "disconnect",
                },
            );
        }
        let level = if came_packed(exchange) {
            Level::Stored
        } else {
            Level::Packed
        };
        return record.finish(&exchange.response_bytes, level, packer, out);
    };
    let profile = if exchange.status == 304 {
        "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
    } else {
        "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    };
    record.field("WARC-Payload-Digest", &label);
    record.field("WARC-Profile", profile);
    record.field("WARC-Refers-To", &first.record_id);
    record.field("WARC-Refers-To-Target-URI", &first.uri);
    record.field("WARC-Refers-To-Date", &warc_date(first.date));
    record.finish(head, Level::Quick, packer, out)
}

fn common(draft: &mut Draft, exchange: &Exchange, warcinfo: &str) {
    draft.field("WARC-Target-URI", exchange.url.as_str());
    draft.field("WARC-Warcinfo-ID", warcinfo);
    if let Some(remote) = exchange.remote {
        draft.field("WARC-IP-Address", &remote.ip().to_string());
    }
    if !exchange.request_bytes.is_empty() {
        let old = exchange.response_bytes.starts_with(b"HTTP/1.0");
        draft.field("WARC-Protocol", if old { "http/1.0" } else { "http/1.1" });
    }
    if let Some(tls) = &exchange.tls {
        draft.field(
            "WARC-Protocol",
            &tls.version.to_lowercase().replace("tlsv", "tls/"),
        );
        // The registry of cipher suites knows no `TLS13_`.
        draft.field("WARC-Cipher-Suite", &tls.cipher.replace("TLS13_", "TLS_"));
    }
}

/// The extension fields.
fn own_fields(draft: &mut Draft, exchange: &Exchange) {
    let times = exchange.timings;
    if times.total > std::time::Duration::ZERO {
        let times = format!(
            "{} {}",
            times.first_byte.as_micros(),
            times.total.as_micros()
        );
        draft.field(TIMES, &times);
    }
    if let Some(tls) = &exchange.tls {
        if !tls.leaf_sha256.is_empty() {
            draft.field(TLS_LEAF, &tls.leaf_sha256);
        }
        if let Some(relaxed) = &tls.relaxed {
            draft.field(TLS_RELAXED, relaxed);
        }
    }
    if let Some(fault) = &exchange.fault {
        draft.field(FAULT, &fault_line(fault.kind, &fault.message));
    }
}

fn fault_line(kind: FaultKind, message: &str) -> String {
    let name = serde_json::to_value(kind).ok();
    let name = name.as_ref().and_then(|name| name.as_str());
    format!("{}: {message}", name.unwrap_or_default())
}

/// The block of a metadata record.
fn facts(exchange: &Exchange) -> String {
    let mut out = format!("fetchTimeMs: {}\r\n", exchange.timings.total.as_millis());
    let mut add = |name: &str, value: &str| {
        let _ = write!(out, "{name}: {}\r\n", value.replace(['\r', '\n'], " "));
    };
    if let Some(relaxed) = exchange.tls.as_ref().and_then(|tls| tls.relaxed.as_ref()) {
        add("tls-relaxed", relaxed);
    }
    if let Some(fault) = &exchange.fault {
        add("fault", &fault_line(fault.kind, &fault.message));
    }
    out
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
