//! TLS that portals get wrong: each fault is named; `relaxed` lets it pass and says so.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod fetch_support;

use fetch_support::{Server, Step, quick, read_head, send};
use khobao::domain::{Exchange, FaultKind};
use khobao::fetch::{Client, Request, SiteNet, SiteNetSettings, TlsMode};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

const HOST: &str = "bao.example";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

type Ca = CertifiedIssuer<'static, KeyPair>;

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn root() -> Ca {
    Ca::self_signed(ca_params("Kho Root"), KeyPair::generate().unwrap()).unwrap()
}

fn leaf_params(host: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, host);
    params
}

fn sign(params: &CertificateParams, by: &Ca) -> (CertificateDer<'static>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, by).unwrap().der().clone(), key)
}

/// A server with this chain; gives its port.
async fn serve(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> u16 {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(tcp).await else {
                    return;
                };
                while read_head(&mut stream).await.is_some() {
                    stream.write_all(OK.as_bytes()).await.unwrap();
                    stream.flush().await.unwrap();
                }
            });
        }
    });
    port
}

async fn ask(port: u16, tls: TlsMode, extra_ca: Option<String>) -> Exchange {
    let mut settings = quick();
    let loopback = vec!["127.0.0.1".parse().unwrap()];
    settings.hosts.insert(HOST.to_owned(), loopback);
    let site = SiteNet::new(SiteNetSettings {
        allow_private: true,
        tls,
        extra_ca: extra_ca.map(String::into_bytes),
        max_bytes: None,
    })
    .unwrap();
    let url = url::Url::parse(&format!("https://{HOST}:{port}/tin")).unwrap();
    let client = Client::new(settings).unwrap();
    client.get(&Request::new(url, site)).await
}

/// Strict refuses with this kind and these words; relaxed lets pass and records the words.
async fn faulty(port: u16, trusted: Option<&Ca>, kind: FaultKind, words: &[&str]) {
    let pem = trusted.map(|ca| ca.pem());
    let strict = ask(port, TlsMode::Strict, pem.clone()).await;
    let fault = strict.fault.unwrap();
    assert_eq!(fault.kind, kind, "{}", fault.message);
    assert!(strict.request_bytes.is_empty(), "nothing is sent");
    let relaxed = ask(port, TlsMode::Relaxed, pem).await;
    assert_eq!(relaxed.fault, None);
    assert_eq!(relaxed.payload, "ok");
    let noted = relaxed.tls.unwrap().relaxed.unwrap();
    for word in words {
        assert!(fault.message.contains(word), "{word}: {}", fault.message);
        assert!(noted.contains(word), "{word}: {noted}");
    }
    assert!(fault.message.contains("relaxed"), "{}", fault.message);
}

#[tokio::test]
async fn a_good_certificate_and_the_facts_of_its_session() {
    let root = root();
    let (leaf, key) = sign(&leaf_params(HOST), &root);
    let port = serve(vec![leaf.clone()], &key).await;
    let exchange = ask(port, TlsMode::Strict, Some(root.pem())).await;
    assert_eq!(exchange.fault, None);
    assert_eq!(exchange.response_bytes, OK.as_bytes());
    let head = format!("GET /tin HTTP/1.1\r\nHost: {HOST}:{port}\r\n");
    assert!(exchange.request_bytes.starts_with(head.as_bytes()));
    let facts = exchange.tls.unwrap();
    assert_eq!(facts.version, "TLSv1.3");
    assert!(facts.cipher.starts_with("TLS13_"), "{}", facts.cipher);
    assert_eq!(
        facts.leaf_sha256,
        khobao::domain::Digest::of(&leaf).to_string()
    );
    assert_eq!(facts.relaxed, None);
}

#[tokio::test]
async fn expired() {
    let root = root();
    let mut params = leaf_params(HOST);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 2, 3);
    let (leaf, key) = sign(&params, &root);
    let port = serve(vec![leaf], &key).await;
    let words = ["expired on 2021-02-03 00:00 UTC"];
    faulty(port, Some(&root), FaultKind::TlsExpired, &words).await;
}

#[tokio::test]
async fn not_yet_valid() {
    let root = root();
    let mut params = leaf_params(HOST);
    params.not_before = date_time_ymd(2090, 5, 6);
    let (leaf, key) = sign(&params, &root);
    let port = serve(vec![leaf], &key).await;
    let words = ["not valid before 2090-05-06"];
    faulty(port, Some(&root), FaultKind::TlsExpired, &words).await;
}

#[tokio::test]
async fn another_host() {
    let root = root();
    let (leaf, key) = sign(&leaf_params("khac.example"), &root);
    let port = serve(vec![leaf], &key).await;
    let words = ["not for this host", "khac.example"];
    faulty(port, Some(&root), FaultKind::TlsHostname, &words).await;
}

#[tokio::test]
async fn another_host_and_expired() {
    let root = root();
    let mut params = leaf_params("khac.example");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 2, 3);
    let (leaf, key) = sign(&params, &root);
    let port = serve(vec![leaf], &key).await;
    let words = ["expired on 2021-02-03", "khac.example"];
    faulty(port, Some(&root), FaultKind::TlsExpired, &words).await;
}

#[tokio::test]
async fn missing_intermediate_and_its_remedy() {
    let root = root();
    let key = KeyPair::generate().unwrap();
    let middle = Ca::signed_by(ca_params("Kho Middle"), key, &root).unwrap();
    let (leaf, key) = sign(&leaf_params(HOST), &middle);
    let port = serve(vec![leaf.clone()], &key).await;
    let words = ["missing intermediate", "Kho Middle"];
    faulty(port, Some(&root), FaultKind::TlsIssuer, &words).await;

    let both = format!("{}{}", root.pem(), middle.pem());
    assert_eq!(ask(port, TlsMode::Strict, Some(both)).await.fault, None);
    let whole = serve(vec![leaf, middle.der().clone()], &key).await;
    let exchange = ask(whole, TlsMode::Strict, Some(root.pem())).await;
    assert_eq!(exchange.fault, None);
}

#[tokio::test]
async fn unknown_issuer() {
    let root = root();
    let key = KeyPair::generate().unwrap();
    let middle = Ca::signed_by(ca_params("Kho Middle"), key, &root).unwrap();
    let (leaf, key) = sign(&leaf_params(HOST), &middle);
    let port = serve(vec![leaf, middle.der().clone()], &key).await;
    let words = ["unknown issuer", "Kho Middle"];
    faulty(port, None, FaultKind::TlsIssuer, &words).await;
}

#[tokio::test]
async fn self_signed() {
    for is_ca in [false, true] {
        let mut params = leaf_params(HOST);
        if is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().unwrap();
        let leaf = params.self_signed(&key).unwrap().der().clone();
        let port = serve(vec![leaf], &key).await;
        let words = ["self-signed", HOST];
        faulty(port, None, FaultKind::TlsIssuer, &words).await;
    }
}

#[tokio::test]
async fn old_protocols_and_no_tls_at_all() {
    let alert = |number: u8| vec![Step::Send(vec![0x15, 3, 1, 0, 2, 2, number]), Step::Hold];
    for (script, words) in [
        (alert(70), "old TLS versions"),
        (alert(40), "old TLS versions"),
        (
            vec![send("HTTP/1.1 400 Bad Request\r\n\r\n"), Step::Hold],
            "does not speak TLS",
        ),
        (vec![], "handshake"),
    ] {
        let server = Server::start(vec![script]).await;
        let exchange = ask(server.address.port(), TlsMode::Relaxed, None).await;
        let fault = exchange.fault.unwrap();
        assert_eq!(fault.kind, FaultKind::Tls, "{}", fault.message);
        assert!(fault.message.contains(words), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_a_connect_timeout() {
    let server = Server::start(vec![vec![Step::Hold]]).await;
    let exchange = ask(server.address.port(), TlsMode::Strict, None).await;
    assert_eq!(exchange.fault.unwrap().kind, FaultKind::ConnectTimeout);
}
