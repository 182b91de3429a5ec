//! Portals that break off, stall, flood or talk nonsense: a named fault, what came is kept.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod fetch_support;

use fetch_support::{Server, Step, client, loopback, one, quick, send};
use khobao::domain::{Exchange, FaultKind, Truncation};
use khobao::fetch::{Client, Request, SiteNet, SiteNetSettings};
use std::time::Duration;

fn kind(exchange: &Exchange) -> Option<FaultKind> {
    exchange.fault.as_ref().map(|fault| fault.kind)
}

#[tokio::test]
async fn a_body_shorter_than_promised_is_kept_as_far_as_it_came() {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf";
    let (_, exchange) = one(vec![Step::Read, send(text)]).await;
    assert_eq!(kind(&exchange), Some(FaultKind::Protocol));
    assert_eq!(exchange.truncated, Some(Truncation::Disconnect));
    assert_eq!(exchange.response_bytes, text.as_bytes());
    assert_eq!(exchange.payload, "half");
    assert_eq!(exchange.status, 200);
}

#[tokio::test]
async fn chunks_that_break_off() {
    let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n50\r\nx";
    let (_, exchange) = one(vec![Step::Read, send(text)]).await;
    assert_eq!(kind(&exchange), Some(FaultKind::Protocol));
    assert_eq!(exchange.truncated, Some(Truncation::Disconnect));
    assert_eq!(exchange.response_bytes, text.as_bytes());
    assert_eq!(exchange.payload, "halfx");
}

#[tokio::test]
async fn a_reset_in_the_body() {
    let text = "HTTP/1.1 200 OK\r\n\r\nhalf";
    let pause = Step::Wait(Duration::from_millis(50));
    let (_, exchange) = one(vec![Step::Read, send(text), pause, Step::Reset]).await;
    assert_eq!(kind(&exchange), Some(FaultKind::Protocol));
    assert_eq!(exchange.truncated, Some(Truncation::Disconnect));
    assert_eq!(exchange.response_bytes, text.as_bytes());
}

#[tokio::test]
async fn closed_before_an_answer() {
    for last in [None, Some(Step::Reset)] {
        let mut script = vec![Step::Read];
        script.extend(last);
        let (server, exchange) = one(script).await;
        assert_eq!(kind(&exchange), Some(FaultKind::Protocol));
        assert_eq!(exchange.truncated, None);
        assert_eq!((exchange.status, exchange.response_bytes.len()), (0, 0));
        assert_eq!(exchange.request_bytes, server.requests()[0]);
        assert_eq!(
            server.requests().len(),
            1,
            "a fresh connection is not tried again"
        );
    }
}

#[tokio::test]
async fn garbage() {
    let (_, exchange) = one(vec![
        Step::Read,
        send("\u{1}\u{2}SSH-2.0-x\r\n\r\n"),
        Step::Hold,
    ])
    .await;
    assert_eq!(kind(&exchange), Some(FaultKind::Protocol));
    assert_eq!(exchange.status, 0);
    assert_eq!(exchange.response_bytes, b"\x01\x02SSH-2.0-x\r\n\r\n");
}

#[tokio::test]
async fn an_endless_head_ends() {
    let text = format!("HTTP/1.1 200 OK\r\nX: {}", "a".repeat(1000));
    let (_, exchange) = one(vec![Step::Read, send(&text), Step::Flood(vec![b'a'; 8192])]).await;
    assert!(matches!(
        kind(&exchange),
        Some(FaultKind::Protocol | FaultKind::TooLarge)
    ));
    assert_eq!(exchange.status, 0);
}

#[tokio::test]
async fn silence_before_the_head() {
    let (_, exchange) = one(vec![Step::Read, Step::Hold]).await;
    assert_eq!(kind(&exchange), Some(FaultKind::HeaderTimeout));
    assert_eq!(exchange.truncated, None);
}

#[tokio::test]
async fn a_head_that_drips_does_not_buy_time() {
    let drip = Step::Drip(b"HTTP/1.1 200 OK\r\n".repeat(9), Duration::from_millis(30));
    let (_, exchange) = one(vec![Step::Read, drip, Step::Hold]).await;
    assert_eq!(kind(&exchange), Some(FaultKind::HeaderTimeout));
    assert_eq!(exchange.truncated, Some(Truncation::Time));
    assert!(!exchange.response_bytes.is_empty());
}

#[tokio::test]
async fn silence_in_the_body() {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf";
    let (_, exchange) = one(vec![Step::Read, send(text), Step::Hold]).await;
    assert_eq!(kind(&exchange), Some(FaultKind::IdleTimeout));
    assert_eq!(exchange.truncated, Some(Truncation::Time));
    assert_eq!(exchange.payload, "half");
}

#[tokio::test]
async fn a_slow_body_may_take_its_time_but_not_for_ever() {
    let body = Step::Drip(vec![b'x'; 12], Duration::from_millis(60));
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n";
    let script = vec![Step::Read, send(head), body, Step::Hold];
    let (_, exchange) = one(script.clone()).await;
    assert_eq!(exchange.fault, None);

    let mut settings = quick();
    settings.total_timeout = Duration::from_millis(300);
    let client = Client::new(settings).unwrap();
    let server = Server::start(vec![script]).await;
    let exchange = client.get(&Request::new(server.url("/"), loopback())).await;
    assert_eq!(kind(&exchange), Some(FaultKind::TotalTimeout));
    assert_eq!(exchange.truncated, Some(Truncation::Time));
    assert!(exchange.response_bytes.starts_with(head.as_bytes()));
    assert!(!exchange.request_bytes.is_empty());
}

#[tokio::test]
async fn a_flood_of_bytes_is_cut() {
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let (_, exchange) = one(vec![Step::Read, send(head), Step::Flood(vec![b'x'; 65536])]).await;
    assert_eq!(kind(&exchange), Some(FaultKind::TooLarge));
    assert_eq!(exchange.truncated, Some(Truncation::Length));
    assert_eq!(exchange.response_bytes.len(), (1 << 20) + (64 << 10));
    assert!(exchange.payload.len() <= exchange.response_bytes.len() - head.len());
}

#[tokio::test]
async fn no_server_no_name_no_scheme() {
    let client = client();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for (url, want) in [
        (format!("http://{address}/"), FaultKind::Connect),
        ("http://no-such-host.invalid/".to_owned(), FaultKind::Dns),
        ("ftp://127.0.0.1/".to_owned(), FaultKind::Protocol),
    ] {
        let request = Request::new(url::Url::parse(&url).unwrap(), loopback());
        let exchange = client.get(&request).await;
        assert_eq!(kind(&exchange), Some(want), "{url}: {:?}", exchange.fault);
        assert!(exchange.request_bytes.is_empty() && exchange.response_bytes.is_empty());
    }
}

#[tokio::test]
async fn private_addresses_are_refused_before_anything_is_sent() {
    let server = Server::start(vec![vec![Step::Read, Step::Hold]]).await;
    let mut settings = quick();
    let private = vec!["127.0.0.1".parse().unwrap()];
    settings.hosts.insert("bao.example".to_owned(), private);
    let client = Client::new(settings).unwrap();
    let site = SiteNet::new(SiteNetSettings::default()).unwrap();
    let port = server.address.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://bao.example:{port}/"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        let request = Request::new(url::Url::parse(&url).unwrap(), site.clone());
        let exchange = client.get(&request).await;
        assert_eq!(kind(&exchange), Some(FaultKind::PrivateAddress), "{url}");
        assert!(exchange.fault.unwrap().message.contains("allow_private"));
    }
    assert_eq!(server.connections(), 0);
}
