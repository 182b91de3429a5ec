//! What a caller sets: for the process, for a site, for one request. No I/O.

use super::FetchError;
use super::pace::{Permit, SendMark};
use super::tls::SiteTls;
use crate::domain::{Clock, SystemClock};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use url::Url;

/// Settings of the process's client.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The User-Agent; see [`user_agent`].
    pub user_agent: String,
    /// Limit for name resolution, TCP and TLS together.
    pub connect_timeout: Duration,
    /// Limit for the response's head, from the moment when the request was sent.
    pub header_timeout: Duration,
    /// Limit for silence in the middle of the body.
    pub idle_timeout: Duration,
    /// Limit for the whole exchange.
    pub total_timeout: Duration,
    /// Limit for the body as it comes over the wire, bytes.
    pub max_bytes: u64,
    /// Fixed addresses of host names (lower case), asked before DNS, as a hosts file is. The
    /// guard against private addresses applies to them too.
    pub hosts: HashMap<String, Vec<IpAddr>>,
    /// Where the time of an exchange comes from.
    pub clock: Arc<dyn Clock>,
}

impl ClientSettings {
    /// The defaults: 10 s to connect, 30 s for the head, 30 s of silence, 120 s in all, 16 MiB.
    pub fn new(user_agent: impl Into<String>) -> Self {
        Self {
            user_agent: user_agent.into(),
            connect_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(120),
            max_bytes: 16 * 1024 * 1024,
            hosts: HashMap::new(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// The User-Agent of a crawl: `khobao/VERSION (+CONTACT)`. `contact` is an `https:` or `mailto:`
/// address; what HTTP cannot carry in a comment is left out.
pub fn user_agent(contact: Option<&str>) -> String {
    let name = concat!("khobao/", env!("CARGO_PKG_VERSION"));
    let contact: String = contact
        .unwrap_or_default()
        .trim()
        .chars()
        .filter(|c| c.is_ascii_graphic() && !matches!(c, '(' | ')' | '\\'))
        .collect();
    if contact.is_empty() {
        name.to_owned()
    } else {
        format!("{name} (+{contact})")
    }
}

/// How strictly a site's certificate is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// A faulty certificate ends the exchange with a fault that names what is wrong.
    #[default]
    Strict,
    /// A faulty certificate is accepted, and the fault is recorded in the exchange's TLS facts.
    Relaxed,
}

/// Network settings of one site, as configured.
#[derive(Debug, Clone, Default)]
pub struct SiteNetSettings {
    /// Private and loopback addresses are allowed.
    pub allow_private: bool,
    /// How strictly certificates are judged.
    pub tls: TlsMode,
    /// Further trusted roots, as PEM.
    pub extra_ca: Option<Vec<u8>>,
    /// Limit for a body on the wire, bytes, in place of the client's.
    pub max_bytes: Option<u64>,
}

/// Network settings of one site, checked. Make one per site and keep it: connections are reused
/// between requests that carry the same one.
#[derive(Debug)]
pub struct SiteNet {
    pub(super) allow_private: bool,
    pub(super) max_bytes: Option<u64>,
    pub(super) mode: TlsMode,
    pub(super) extra_ca: Vec<rustls::pki_types::CertificateDer<'static>>,
    pub(super) tls: OnceLock<Arc<SiteTls>>,
}

impl SiteNet {
    /// Checks the settings; the only possible error is an unusable `extra_ca`.
    pub fn new(settings: SiteNetSettings) -> Result<Arc<Self>, FetchError> {
        let extra_ca = match &settings.extra_ca {
            Some(pem) => super::tls::read_pem(pem)?,
            None => Vec::new(),
        };
        Ok(Arc::new(Self {
            allow_private: settings.allow_private,
            max_bytes: settings.max_bytes,
            mode: settings.tls,
            extra_ca,
            tls: OnceLock::new(),
        }))
    }
}

/// One GET request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Absolute http or https URL. A fragment is not sent, nor are user name and password.
    pub url: Url,
    /// The site's settings.
    pub site: Arc<SiteNet>,
    /// The `Accept` header.
    pub accept: String,
    /// Further headers (`If-None-Match` ...), sent in this order. `Host`, `User-Agent`,
    /// `Accept`, `Accept-Encoding` and framing headers are the client's own and left out here.
    pub headers: Vec<(String, String)>,
    /// The pace gate's mark: told when the request leaves and when the answer begins.
    pub mark: Option<SendMark>,
}

impl Request {
    /// A request for a page.
    pub fn new(url: Url, site: Arc<SiteNet>) -> Self {
        Self {
            url,
            site,
            accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8".to_owned(),
            headers: Vec::new(),
            mark: None,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends it under a permit of the host's gate.
    #[must_use]
    pub fn under(mut self, permit: &Permit) -> Self {
        self.mark = permit.mark();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agent_names_the_archive_and_its_contact() {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            user_agent(Some("mailto:kho@example.org")),
            format!("khobao/{version} (+mailto:kho@example.org)")
        );
        assert_eq!(user_agent(None), format!("khobao/{version}"));
        assert_eq!(
            user_agent(Some("a(b)\r\nX: y")),
            format!("khobao/{version} (+abX:y)")
        );
    }

    #[test]
    fn extra_ca_must_hold_a_certificate() {
        let settings = SiteNetSettings {
            extra_ca: Some(b"no pem".to_vec()),
            ..SiteNetSettings::default()
        };
        let text = SiteNet::new(settings).unwrap_err().to_string();
        assert!(text.contains("PEM"), "{text}");
    }
}
