//! Floor 4: everything on the wire; the only user of reqwest.
//!
//! Owns the HTTP client with its wire tap (`client`, `tap`), the refusal of private addresses
//! (`guard`), TLS and the naming of its faults (`tls`), robots.txt (`robots`) and the pace of a
//! host (`pace`). It never follows a redirect, never decodes a content coding and never decides
//! what to fetch: an [`Exchange`](crate::domain::Exchange) goes up to `crawl` as it came.
//!
//! **Why a tap.** WARC wants the exact bytes of both messages; reqwest shows neither. So reqwest
//! speaks plain HTTP/1.1 over a private Unix socket to a task of this process, which dials the
//! portal (address guard, TLS), forwards the request byte for byte and records what passes.
//! reqwest remains the HTTP client: framing, connection reuse and leniency are its own.

mod client;
mod dial;
mod guard;
mod message;
pub mod pace;
mod post;
pub mod robots;
mod settings;
mod slot;
mod tap;
mod tls;
mod tls_fault;

pub use client::Client;
pub use guard::is_public;
pub use post::{Poster, with_causes};
pub use settings::{ClientSettings, Request, SiteNet, SiteNetSettings, TlsMode, user_agent};

/// Why the client cannot be made. Trouble on the wire is no error: it is a
/// [`Fault`](crate::domain::Fault) inside the exchange.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The private socket between the HTTP client and the recorder cannot be made.
    #[error(
        "the client's private socket in {folder} cannot be made: {why}; \
         set TMPDIR to a writable folder with a short path"
    )]
    Socket {
        /// The folder.
        folder: String,
        /// Why.
        why: std::io::Error,
    },
    /// reqwest refuses its settings.
    #[error("the HTTP client cannot be made: {0}; check the User-Agent and contact")]
    Client(#[from] reqwest::Error),
    /// A header value that HTTP cannot carry.
    #[error("{value:?} cannot be a User-Agent: use printable ASCII only")]
    UserAgent {
        /// The text.
        value: String,
    },
    /// No usable certificate in `extra_ca`.
    #[error("extra_ca holds no usable certificate: {why}; give a PEM file with CERTIFICATE blocks")]
    ExtraCa {
        /// Why.
        why: String,
    },
    /// The set of trusted roots cannot be used.
    #[error("TLS cannot be set up: {why}")]
    Tls {
        /// Why.
        why: String,
    },
}
