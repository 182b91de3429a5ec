//! TLS through a whole crawl: a faulty certificate is refused by name; `tls = "relaxed"` and
//! `extra_ca` let the portal be archived, and every record says what was overlooked.

mod common;
#[path = "common/web.rs"]
mod web;

use common::Place;
use khobao::portal::{Portal, PortalConfig};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

type Ca = CertifiedIssuer<'static, KeyPair>;

fn root() -> Ca {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "Kho Root");
    Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn leaf(host: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, host);
    params
}

/// A portal that speaks TLS: a proxy in front of a plain one, which knows its public address.
struct Secure {
    portal: Portal,
    _runtime: tokio::runtime::Runtime,
}

impl Secure {
    fn start(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let root = format!("https://{}", listener.local_addr().unwrap());
        let portal = Portal::start(PortalConfig {
            root: Some(root),
            ..PortalConfig::with_articles(20)
        })
        .unwrap();
        let behind = portal.port();
        runtime.spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut outside) = acceptor.accept(tcp).await else {
                        return;
                    };
                    let mut inside = TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Self {
            portal,
            _runtime: runtime,
        }
    }

    /// A place whose site has these settings; `ca` is written beside them.
    fn place(&self, settings: &str, ca: Option<&Ca>) -> Place {
        let extra = match ca {
            Some(_) => format!("{settings}\nextra_ca = \"ca.pem\""),
            None => settings.to_owned(),
        };
        let place = Place::new(&self.portal.base(), &extra);
        if let Some(ca) = ca {
            std::fs::write(place.dir.path().join("ca.pem"), ca.pem()).unwrap();
        }
        place
    }

    /// Strict: nothing is sent, and the run names the fault.
    fn is_refused(&self, ca: Option<&Ca>, fault: &str, words: &str) {
        let place = self.place("", ca);
        let out = place.run(&["crawl"]);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(3), "{said}");
        assert!(self.portal.hits().is_empty());
        assert_eq!(place.records().len(), 0);
        let shown = place.expect(0, &["runs", "show"]);
        assert!(
            shown.contains(fault),
            "{fault} is not named:\n{shown}\n{said}"
        );
        // People are told what is wrong, and how to overlook it, while it happens and later.
        for text in [&said, &shown] {
            assert!(text.contains(words), "{words}:\n{text}");
            assert!(text.contains("relaxed"), "{text}");
        }
        // Whoever follows that advice need not wait.
        let config = std::fs::read_to_string(place.config()).unwrap();
        std::fs::write(place.config(), config + RELAXED).unwrap();
        place.expect(0, &["crawl"]);
        assert_eq!(place.records().len(), 20);
        self.portal.forget_hits();
    }

    /// Crawled whole; `overlooked` are the words that each record and capture has.
    fn is_archived(&self, settings: &str, ca: Option<&Ca>, overlooked: Option<&str>) {
        let place = self.place(settings, ca);
        place.expect(0, &["crawl"]);
        let records = place.records();
        assert_eq!(records.len(), 20, "{:#}", place.report());
        for record in &records {
            assert!(record["url"].as_str().unwrap().starts_with("https://"));
            let facts = &record["provenance"]["tls"];
            assert_eq!(facts["version"], "TLSv1.3", "{facts}");
            assert_eq!(facts["leaf_sha256"].as_str().unwrap().len(), 64);
            self.says(&facts["relaxed"], overlooked);
        }
        let captures = web::captures(&place);
        assert!(captures.iter().any(|c| c.task == "robots"));
        assert!(captures.iter().any(|c| c.task == "image"));
        for capture in &captures {
            let noted = capture.field("Khobao-TLS-Relaxed").map(Value::from);
            self.says(&noted.unwrap_or_default(), overlooked);
            assert_eq!(capture.field("Khobao-TLS-Leaf-SHA256").unwrap().len(), 64);
        }
        place.expect(0, &["verify"]);
        // It is in the WARC files: an index that is built again has it, too.
        let before = place.expect(0, &["export"]);
        place.expect(0, &["rebuild"]);
        assert_eq!(place.expect(0, &["export"]), before);
        self.portal.forget_hits();
    }

    fn says(&self, noted: &Value, words: Option<&str>) {
        match words {
            None => assert_eq!(*noted, Value::Null),
            Some(words) => assert!(noted.as_str().unwrap().contains(words), "{noted}"),
        }
    }
}

const HERE: &str = "127.0.0.1";
const RELAXED: &str = "tls = \"relaxed\"";

#[test]
fn an_expired_certificate() {
    let root = root();
    let mut params = leaf(HERE);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 2, 3);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &root).unwrap();
    let secure = Secure::start(certificate.der().clone(), &key);
    let words = "expired on 2021-02-03";
    secure.is_refused(Some(&root), "tls_expired", words);
    secure.is_archived(RELAXED, Some(&root), Some(words));
}

#[test]
fn a_certificate_of_another_host() {
    let root = root();
    let key = KeyPair::generate().unwrap();
    let certificate = leaf("khac.example").signed_by(&key, &root).unwrap();
    let secure = Secure::start(certificate.der().clone(), &key);
    secure.is_refused(Some(&root), "tls_hostname", "khac.example");
    secure.is_archived(RELAXED, Some(&root), Some("khac.example"));
}

#[test]
fn a_self_signed_certificate() {
    let key = KeyPair::generate().unwrap();
    let certificate = leaf(HERE).self_signed(&key).unwrap();
    let secure = Secure::start(certificate.der().clone(), &key);
    secure.is_refused(None, "tls_issuer", "self-signed");
    secure.is_archived(RELAXED, None, Some("self-signed"));
}

#[test]
fn an_authority_that_the_site_trusts() {
    let root = root();
    let key = KeyPair::generate().unwrap();
    let certificate = leaf(HERE).signed_by(&key, &root).unwrap();
    let secure = Secure::start(certificate.der().clone(), &key);
    secure.is_refused(None, "tls_issuer", "issuer");
    secure.is_archived("", Some(&root), None);
    // Relaxed notes nothing where nothing is overlooked.
    secure.is_archived(RELAXED, Some(&root), None);
    // Another authority is none.
    secure.is_refused(Some(&self::root()), "tls_issuer", "issuer");
}
