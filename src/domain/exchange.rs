//! One HTTP exchange as it went over the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;

/// One request and what came back. Redirects are exchanges of their own.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The URL that was asked for (absolute, no fragment).
    pub url: url::Url,
    /// When the request was sent.
    pub at: DateTime<Utc>,
    /// The request as it went over the wire (head, and body if any). Empty when nothing was sent.
    pub request_bytes: Vec<u8>,
    /// The response as it came over the wire: status line, headers, body with its transfer
    /// coding. Empty when nothing came.
    pub response_bytes: Vec<u8>,
    /// Length of the response's head (up to and including the empty line) in `response_bytes`.
    pub head_len: usize,
    /// HTTP status; 0 when no response head came.
    pub status: u16,
    /// Response headers, names in lower case, values as Latin-1 or UTF-8 text, in wire order.
    pub headers: Vec<(String, String)>,
    /// The payload: the body after transfer-decoding, still content-coded.
    pub payload: bytes::Bytes,
    /// Why the response is not whole, if it is not.
    pub truncated: Option<Truncation>,
    /// What went wrong, if anything did.
    pub fault: Option<Fault>,
    /// Address of the server.
    pub remote: Option<SocketAddr>,
    /// How long the parts took.
    pub timings: Timings,
    /// What is known about TLS; `None` on plain HTTP.
    pub tls: Option<TlsFacts>,
}

impl Exchange {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
}

/// Durations of the parts of an exchange.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// Until the first byte of the response, from the start of the request.
    pub first_byte: Duration,
    /// Until the last byte.
    pub total: Duration,
}

/// Facts about the TLS session, and what was overlooked on the site's wish.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// "TLSv1.3"
    pub version: String,
    /// "TLS13_AES_256_GCM_SHA384"
    pub cipher: String,
    /// SHA-256 of the leaf certificate (hexadecimal).
    pub leaf_sha256: String,
    /// The fault that `tls = "relaxed"` overlooked ("expired on ...", "missing intermediate").
    pub relaxed: Option<String>,
}

/// Why a response was cut (WARC 1.1 section 5.13: `WARC-Truncated`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// Larger than the limit.
    Length,
    /// Took longer than the limit.
    Time,
    /// The connection broke.
    Disconnect,
}

/// What went wrong on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub kind: FaultKind,
    /// What happened, where, and what to do next.
    pub message: String,
}

/// Kinds of faults, each an outcome of its own in a run's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The name does not resolve.
    Dns,
    /// The address is private or loopback and the site does not allow that.
    PrivateAddress,
    /// No connection.
    Connect,
    /// Connecting took too long.
    ConnectTimeout,
    /// The response's head took too long.
    HeaderTimeout,
    /// Silence in the middle of the body.
    IdleTimeout,
    /// The whole exchange took too long.
    TotalTimeout,
    /// The certificate has expired or is not yet valid.
    TlsExpired,
    /// The certificate is for another host name.
    TlsHostname,
    /// The server does not send the intermediate certificate, or its issuer is unknown.
    TlsIssuer,
    /// Another TLS failure.
    Tls,
    /// The answer is not HTTP, or broke off.
    Protocol,
    /// The response is larger than the limit.
    TooLarge,
}
