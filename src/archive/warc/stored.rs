//! A record as it stands in a file, and the exchange in it.

use super::record::{
    Context, FAULT, PAYLOAD_DIGEST, ROBOTS, SITE, TASK, TIMES, TLS_LEAF, TLS_RELAXED,
};
use super::{WarcError, http};
use crate::domain::{Digest, Exchange, Fault, FaultKind, Timings, TlsFacts, Truncation};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// A record's header.
#[derive(Debug, Clone)]
pub struct Head {
    /// The file.
    pub file: PathBuf,
    /// Offset of its gzip member, or of the record in an uncompressed file.
    pub offset: u64,
    /// Unpacked bytes before it in its member: 0 where each record has a member of its own.
    pub inner: u64,
    /// `WARC/1.1`, or what else the first line says.
    pub version: String,
    /// Named fields in their order, names as written.
    pub fields: Vec<(String, String)>,
}

impl Head {
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

    /// `Content-Length`: bytes of the block.
    pub fn block_length(&self) -> Option<u64> {
        self.field("Content-Length")?.parse().ok()
    }

    /// Whether the record is what a capture points to: a response, a revisit, or the metadata
    /// record of an exchange without an answer.
    pub fn is_capture(&self) -> bool {
        match self.kind() {
            "response" | "revisit" => true,
            "metadata" => self.field(FAULT).is_some(),
            _ => false,
        }
    }

    /// The payload's digest as labelled, wherever it stands.
    pub fn payload_digest(&self) -> Option<&str> {
        self.field("WARC-Payload-Digest")
            .or_else(|| self.field(PAYLOAD_DIGEST))
    }

    pub(in crate::archive) fn damaged(&self, why: impl Into<String>) -> WarcError {
        WarcError::Damaged {
            file: self.file.clone(),
            offset: self.offset,
            why: why.into(),
        }
    }
}

/// A whole record.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its header.
    pub head: Head,
    /// Length of its member (or of the record in an uncompressed file); 0 when it shares its
    /// member with others.
    pub length: u64,
    /// The block.
    pub block: Vec<u8>,
}

impl std::ops::Deref for Stored {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

impl Stored {
    /// Head (up to and including the empty line) and body of an HTTP block.
    pub fn http(&self) -> (&[u8], &[u8]) {
        http::split(&self.block)
    }

    /// The exchange that a response, revisit (without payload), or the metadata record of an
    /// unanswered request holds. The request's bytes are in a record of their own.
    pub fn to_exchange(&self) -> Result<Exchange, WarcError> {
        let uri = self
            .uri()
            .ok_or_else(|| self.damaged("it has no WARC-Target-URI"))?;
        let url = url::Url::parse(uri).map_err(|why| self.damaged(format!("{uri:?}: {why}")))?;
        let at = self
            .field("WARC-Date")
            .and_then(|date| chrono::DateTime::parse_from_rfc3339(date).ok())
            .ok_or_else(|| self.damaged("its WARC-Date cannot be read"))?;
        let answered = self.kind() != "metadata";
        let (head, body) = if answered {
            self.http()
        } else {
            Default::default()
        };
        let (status, headers) = match http::parse_head(head) {
            Some(parsed) => parsed,
            // Bytes came, but no HTTP; the fault says so.
            None if self.field(FAULT).is_some() => (0, Vec::new()),
            None => return Err(self.damaged("its HTTP head cannot be read")),
        };
        let payload = http::payload(&headers, body);
        let truncated = match self.field("WARC-Truncated") {
            Some(_) if self.kind() == "revisit" => None,
            Some("length") => Some(Truncation::Length),
            Some("time") => Some(Truncation::Time),
            Some(_) => Some(Truncation::Disconnect),
            None => None,
        };
        Ok(Exchange {
            at: at.to_utc(),
            request_bytes: Vec::new(),
            head_len: head.len(),
            status,
            headers,
            payload: payload.into(),
            truncated,
            fault: self.fault(),
            remote: self.remote(&url),
            timings: self.timings(),
            tls: self.tls(&url),
            response_bytes: if answered {
                self.block.clone()
            } else {
                Vec::new()
            },
            url,
        })
    }

    /// Why the exchange was made; `None` in other programs' files.
    pub fn context(&self) -> Option<Context> {
        let field = |name| self.field(name).unwrap_or_default().to_owned();
        Some(Context {
            site: self.field(SITE)?.to_owned(),
            task: field(TASK),
            robots: field(ROBOTS),
        })
    }

    fn fault(&self) -> Option<Fault> {
        let (kind, message) = self.field(FAULT)?.split_once(':')?;
        let kind: FaultKind = serde_json::from_value(kind.into()).ok()?;
        Some(Fault {
            kind,
            message: message.trim_start().to_owned(),
        })
    }

    fn remote(&self, url: &url::Url) -> Option<SocketAddr> {
        let ip: IpAddr = self.field("WARC-IP-Address")?.parse().ok()?;
        Some(SocketAddr::new(ip, url.port_or_known_default()?))
    }

    fn timings(&self) -> Timings {
        let mut times = self
            .field(TIMES)
            .unwrap_or_default()
            .split(' ')
            .map(|micros| Duration::from_micros(micros.parse().unwrap_or_default()));
        Timings {
            first_byte: times.next().unwrap_or_default(),
            total: times.next().unwrap_or_default(),
        }
    }

    fn tls(&self, url: &url::Url) -> Option<TlsFacts> {
        // `WARC-Protocol` is repeated: once for HTTP, once for TLS.
        let protocol = self
            .fields
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("WARC-Protocol"))
            .find_map(|(_, value)| value.strip_prefix("tls/"));
        if protocol.is_none() && url.scheme() != "https" {
            return None;
        }
        let cipher = self.field("WARC-Cipher-Suite").unwrap_or_default();
        Some(TlsFacts {
            version: protocol.map(|v| format!("TLSv{v}")).unwrap_or_default(),
            cipher: if protocol == Some("1.3") {
                cipher.replacen("TLS_", "TLS13_", 1)
            } else {
                cipher.to_owned()
            },
            leaf_sha256: self.field(TLS_LEAF).unwrap_or_default().to_owned(),
            relaxed: self.field(TLS_RELAXED).map(str::to_owned),
        })
    }

    /// What its digests say about block and payload; digests other than SHA-256 are not checked.
    pub fn digest_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let wants = |name: &str| self.field(name).and_then(Digest::from_warc_label);
        if wants("WARC-Block-Digest").is_some_and(|want| Digest::of(&self.block) != want) {
            faults.push("its block does not have its digest".to_owned());
        }
        if self.kind() != "response" {
            return faults;
        }
        let (head, body) = self.http();
        let headers = http::parse_head(head).map_or_else(Vec::new, |(_, headers)| headers);
        let decoded = || Digest::of(http::payload(&headers, body));
        // Some crawlers take the standard's field over the body as it stands.
        let payload = wants("WARC-Payload-Digest");
        let wrong = payload.is_some_and(|want| Digest::of(body) != want && decoded() != want)
            || wants(PAYLOAD_DIGEST).is_some_and(|want| decoded() != want);
        if wrong {
            faults.push("its payload does not have its digest".to_owned());
        }
        faults
    }
}
