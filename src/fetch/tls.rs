//! TLS by rustls: trusted roots, the judgement of a certificate, the facts of a session.

use super::FetchError;
use super::settings::{SiteNet, TlsMode};
use super::tls_fault::{self, Named};
use crate::domain::{Digest, Fault, TlsFacts};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Reads the certificates of a PEM file; at least one.
pub(super) fn read_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, FetchError> {
    let refuse = |why: String| FetchError::ExtraCa { why };
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| refuse(why.to_string()))?;
    if certificates.is_empty() {
        return Err(refuse("it has no CERTIFICATE block".to_owned()));
    }
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store
            .add(certificate.clone())
            .map_err(|why| refuse(why.to_string()))?;
    }
    Ok(certificates)
}

/// The roots that every site trusts: the machine's and Mozilla's, read at the first use.
#[derive(Debug, Default)]
pub(super) struct Roots(OnceLock<Arc<RootCertStore>>);

impl Roots {
    pub(super) fn store(&self) -> Arc<RootCertStore> {
        let make = || {
            let mut store = RootCertStore::empty();
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            // A machine without a store, or with odd certificates in it, has Mozilla's.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Arc::new(store)
        };
        Arc::clone(self.0.get_or_init(make))
    }
}

/// What trusts these roots and nothing else.
pub(super) fn client_config(roots: RootCertStore) -> Result<ClientConfig, FetchError> {
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| FetchError::Tls {
            why: why.to_string(),
        })?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

/// TLS for one site.
#[derive(Debug)]
pub(super) struct SiteTls {
    config: ClientConfig,
    webpki: Arc<WebPkiServerVerifier>,
}

impl SiteTls {
    pub fn new(roots: &Roots, site: &SiteNet) -> Result<Self, FetchError> {
        let refuse = |why: String| FetchError::Tls { why };
        let mut store = roots.store();
        for certificate in &site.extra_ca {
            Arc::make_mut(&mut store)
                .add(certificate.clone())
                .map_err(|why| refuse(why.to_string()))?;
        }
        let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
        let webpki = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(&provider))
            .build()
            .map_err(|why| refuse(why.to_string()))?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|why| refuse(why.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&webpki) as _)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A resumed session shows no certificate to judge.
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self { config, webpki })
    }

    /// The handshake. With `relaxed`, a faulty certificate is let pass and noted in the facts.
    pub async fn connect(
        &self,
        tcp: TcpStream,
        host: &str,
        relaxed: bool,
    ) -> Result<(TlsStream<TcpStream>, TlsFacts), Fault> {
        let Ok(name) = ServerName::try_from(host.to_owned()) else {
            return Err(tls_fault::bad_name(host));
        };
        let judge = Arc::new(Judge {
            webpki: Arc::clone(&self.webpki),
            mode: if relaxed {
                TlsMode::Relaxed
            } else {
                TlsMode::Strict
            },
            found: Mutex::new(None),
        });
        let mut config = self.config.clone();
        config
            .dangerous()
            .set_certificate_verifier(Arc::clone(&judge) as _);
        let shaken = TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await;
        let found = judge
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let stream = match (shaken, found) {
            (Err(_), Some(named)) if !relaxed => return Err(named.fault(host)),
            (Err(why), _) => return Err(tls_fault::handshake(host, &why)),
            (Ok(stream), found) => (stream, found),
        };
        let (stream, found) = stream;
        let (_, session) = stream.get_ref();
        let leaf = session.peer_certificates().and_then(|chain| chain.first());
        let facts = TlsFacts {
            version: session
                .protocol_version()
                .and_then(|v| v.as_str())
                .unwrap_or_default()
                .replace("TLSv1_", "TLSv1."),
            cipher: session
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or_default()
                .to_owned(),
            leaf_sha256: leaf.map_or_else(String::new, |leaf| Digest::of(leaf).to_string()),
            relaxed: found.map(|named| named.text),
        };
        Ok((stream, facts))
    }
}

/// Judges one connection's certificate and remembers what it found.
#[derive(Debug)]
struct Judge {
    webpki: Arc<WebPkiServerVerifier>,
    mode: TlsMode,
    found: Mutex<Option<Named>>,
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let error = match self
            .webpki
            .verify_server_cert(leaf, intermediates, name, ocsp, now)
        {
            Ok(verified) => return Ok(verified),
            Err(error) => error,
        };
        let named = tls_fault::certificate(&error, leaf, intermediates.len(), name, now);
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(named);
        match self.mode {
            TlsMode::Strict => Err(error),
            TlsMode::Relaxed => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.webpki.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
