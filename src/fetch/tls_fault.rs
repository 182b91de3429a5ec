//! Naming what a portal got wrong about TLS, in words that tell its owner what to repair.

use crate::domain::{Fault, FaultKind};
use chrono::DateTime;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{AlertDescription, CertificateError, Error};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::X509Name;

/// id-ad-caIssuers (RFC 5280, section 4.2.2.1): where the issuer's certificate can be had.
const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";

/// A named fault of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub kind: FaultKind,
    /// All that is wrong, e.g. "expired on 2026-01-02 03:04 UTC; not for this host ...".
    pub text: String,
}

impl Named {
    pub fn fault(self, host: &str) -> Fault {
        let remedy = match self.kind {
            FaultKind::TlsIssuer => {
                "give the missing certificate as extra_ca, or set tls = \"relaxed\" for the site"
            }
            _ => "tell the portal, or set tls = \"relaxed\" for the site",
        };
        Fault {
            kind: self.kind,
            message: format!("the certificate of {host} is {}; {remedy}", self.text),
        }
    }
}

/// The host's name cannot stand in a certificate.
pub(super) fn bad_name(host: &str) -> Fault {
    Fault {
        kind: FaultKind::Tls,
        message: format!("{host} cannot be a TLS server's name; use http for the site"),
    }
}

/// Names the fault of a certificate that was refused with `error`. `sent` is the number of
/// certificates that the server sent beside its own.
pub(super) fn certificate(
    error: &Error,
    leaf: &CertificateDer<'_>,
    sent: usize,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Named {
    let Ok((_, cert)) = X509Certificate::from_der(leaf) else {
        return Named {
            kind: FaultKind::Tls,
            text: format!("unreadable ({error})"),
        };
    };
    let issuer_fault = matches!(
        error,
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
    );
    let mut found = Vec::new();
    if let Some(text) = expiry(&cert, now) {
        found.push((FaultKind::TlsExpired, text));
    }
    if let Some(text) = wrong_name(leaf, &cert, name) {
        found.push((FaultKind::TlsHostname, text));
    }
    if issuer_fault || cert.issuer() == cert.subject() {
        found.push((FaultKind::TlsIssuer, issuer(&cert, sent)));
    }
    if found.is_empty() {
        let kind = match error {
            Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => FaultKind::TlsExpired,
            _ => FaultKind::Tls,
        };
        found.push((kind, format!("not accepted ({error})")));
    }
    // An unknown issuer says more than a date or a name that nobody vouches for.
    let kind = found
        .iter()
        .find(|(kind, _)| issuer_fault && *kind == FaultKind::TlsIssuer)
        .or(found.first())
        .map_or(FaultKind::Tls, |(kind, _)| *kind);
    let texts: Vec<String> = found.into_iter().map(|(_, text)| text).collect();
    Named {
        kind,
        text: texts.join("; "),
    }
}

fn expiry(cert: &X509Certificate<'_>, now: UnixTime) -> Option<String> {
    let now = i64::try_from(now.as_secs()).ok()?;
    let validity = cert.validity();
    let (start, end) = (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    );
    if now > end {
        Some(format!("expired on {}", date(end)))
    } else if now < start {
        Some(format!("not valid before {}", date(start)))
    } else {
        None
    }
}

fn date(timestamp: i64) -> String {
    match DateTime::from_timestamp(timestamp, 0) {
        Some(date) => date.format("%Y-%m-%d %H:%M UTC").to_string(),
        None => "a date out of range".to_owned(),
    }
}

fn wrong_name(
    leaf: &CertificateDer<'_>,
    cert: &X509Certificate<'_>,
    name: &ServerName<'_>,
) -> Option<String> {
    let parsed = ParsedCertificate::try_from(leaf).ok()?;
    verify_server_name(&parsed, name).err()?;
    let mut names = Vec::new();
    if let Ok(Some(extension)) = cert.subject_alternative_name() {
        names.extend(
            extension
                .value
                .general_names
                .iter()
                .filter_map(|name| match name {
                    GeneralName::DNSName(dns) => Some(printable(dns)),
                    GeneralName::IPAddress([a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
                    _ => None,
                }),
        );
    }
    if names.is_empty() {
        return Some("not for this host (it names none as subjectAltName)".to_owned());
    }
    let more = names.len().saturating_sub(8);
    names.truncate(8);
    let mut list = names.join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    Some(format!("not for this host (it is for {list})"))
}

fn issuer(cert: &X509Certificate<'_>, sent: usize) -> String {
    let by = common_name(cert.issuer());
    if cert.issuer() == cert.subject() {
        return format!("self-signed (by \"{by}\")");
    }
    if sent > 0 {
        return format!("from an unknown issuer (\"{by}\")");
    }
    let source = cert.extensions().iter().find_map(|extension| {
        let ParsedExtension::AuthorityInfoAccess(access) = extension.parsed_extension() else {
            return None;
        };
        access
            .iter()
            .find_map(|entry| match &entry.access_location {
                GeneralName::URI(uri) if entry.access_method.to_id_string() == CA_ISSUERS => {
                    Some(printable(uri))
                }
                _ => None,
            })
    });
    let source = source.map_or_else(String::new, |uri| format!(", to be had at {uri}"));
    format!(
        "without its missing intermediate (the server sends only its own certificate, \
         issued by \"{by}\"{source})"
    )
}

fn common_name(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().next();
    match common.and_then(|cn| cn.as_str().ok()) {
        Some(cn) => printable(cn),
        None => printable(&name.to_string()),
    }
}

/// Text from a certificate, safe to print and not endless.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Names why a handshake failed for another reason than the certificate.
pub(super) fn handshake(host: &str, error: &std::io::Error) -> Fault {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
    let text = match inner {
        Some(
            Error::AlertReceived(
                AlertDescription::ProtocolVersion
                | AlertDescription::HandshakeFailure
                | AlertDescription::InsufficientSecurity,
            )
            | Error::PeerIncompatible(_),
        ) => format!(
            "{host} offers only old TLS versions or ciphers (khobao speaks TLS 1.2 and 1.3): \
             {error}; tell the portal, or use http for the site"
        ),
        Some(Error::InvalidMessage(_)) => format!(
            "{host} does not speak TLS 1.2 or 1.3 on this port ({error}); use http for the site, \
             or check the port"
        ),
        _ => format!("the TLS handshake with {host} failed: {error}; try again later"),
    };
    Fault {
        kind: FaultKind::Tls,
        message: text,
    }
}
