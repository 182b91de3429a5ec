//! Connections are reused, and an idle connection that the portal closed costs no page.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod fetch_support;

use fetch_support::{Server, Step, client, loopback, repeat, send};
use khobao::fetch::Request;
use std::time::Duration;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let script = repeat(&[Step::Read, send(OK)], 20);
    let server = Server::start(vec![script]).await;
    let (client, site) = (client(), loopback());
    for number in 0..20 {
        let url = server.url(&format!("/{number}"));
        let exchange = client.get(&Request::new(url, site.clone())).await;
        assert_eq!(exchange.fault, None, "{number}");
        assert_eq!(exchange.response_bytes, OK.as_bytes());
        assert_eq!(exchange.request_bytes, server.requests()[number]);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn another_site_gets_a_connection_of_its_own() {
    let server = Server::start(vec![repeat(&[Step::Read, send(OK)], 9)]).await;
    let client = client();
    for _ in 0..2 {
        let request = Request::new(server.url("/"), loopback());
        assert_eq!(client.get(&request).await.fault, None);
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_is_replaced() {
    for pause in [0, 30] {
        let server = Server::start(vec![vec![Step::Read, send(OK)]]).await;
        let (client, site) = (client(), loopback());
        for number in 0..20 {
            let exchange = client
                .get(&Request::new(server.url("/"), site.clone()))
                .await;
            assert_eq!(exchange.fault, None, "{number}");
            assert_eq!(exchange.payload, "ok");
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        assert_eq!(server.connections(), 20);
    }
}

#[tokio::test]
async fn a_reused_connection_that_dies_unanswered_is_tried_once_more() {
    let first = vec![Step::Read, send(OK), Step::Read];
    let server = Server::start(vec![first, vec![Step::Read, send(OK), Step::Hold]]).await;
    let (client, site) = (client(), loopback());
    for _ in 0..2 {
        let exchange = client
            .get(&Request::new(server.url("/"), site.clone()))
            .await;
        assert_eq!(exchange.fault, None);
    }
    assert_eq!((server.connections(), server.requests().len()), (2, 3));
}

#[tokio::test]
async fn many_at_once_do_not_mix() {
    let server = Server::start(vec![repeat(&[Step::Read, send(OK)], 100)]).await;
    let (client, site) = (client(), loopback());
    let mut tasks = Vec::new();
    for task in 0..16 {
        let (client, site, url) = (
            client.clone(),
            site.clone(),
            server.url(&format!("/{task}")),
        );
        tasks.push(tokio::spawn(async move {
            for _ in 0..20 {
                let exchange = client.get(&Request::new(url.clone(), site.clone())).await;
                assert_eq!(exchange.fault, None);
                let line = format!("GET /{task} HTTP/1.1\r\n");
                assert!(exchange.request_bytes.starts_with(line.as_bytes()));
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(server.requests().len(), 320);
    assert!(server.connections() <= 16);
}

#[tokio::test]
async fn giving_up_on_a_request_leaves_the_client_usable() {
    let slow = vec![Step::Read, Step::Wait(Duration::from_millis(300)), send(OK)];
    let server = Server::start(vec![slow, vec![Step::Read, send(OK), Step::Hold]]).await;
    let (client, site) = (client(), loopback());
    let request = Request::new(server.url("/"), site);
    let early = tokio::time::timeout(Duration::from_millis(50), client.get(&request)).await;
    assert!(early.is_err());
    assert_eq!(client.get(&request).await.payload, "ok");
}
