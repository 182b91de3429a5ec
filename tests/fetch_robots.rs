//! robots.txt over the wire: what a status, a redirect and a condition mean.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod fetch_support;

use fetch_support::{Server, Step, client, loopback, send};
use khobao::domain::{Exchange, SystemClock};
use khobao::fetch::pace::{HostGate, HostState, PaceSettings};
use khobao::fetch::robots::{Robots, Verdict, fetch};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

const RULES: &str = "User-agent: *\nCrawl-delay: 0.01\nDisallow: /admin/\n";

fn free() -> HostGate {
    let settings = PaceSettings {
        pace: Duration::ZERO,
        ..PaceSettings::default()
    };
    HostGate::new(settings, HostState::default(), Arc::new(SystemClock))
}

async fn get(server: &Server, old: Option<Robots>) -> (Robots, Vec<Exchange>) {
    let url = server.url("/tin/bai.html?x#y");
    fetch(
        &client(),
        &free(),
        &loopback(),
        &url,
        old,
        &SystemClock,
        &|_| false,
    )
    .await
    .unwrap()
}

async fn verdict(script: Vec<Step>, path: &str) -> Verdict {
    let server = Server::start(vec![script]).await;
    let (robots, _) = get(&server, None).await;
    robots.verdict(&server.url(path))
}

fn answer(head: &str, body: &str) -> Vec<Step> {
    let text = format!(
        "HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    vec![Step::Read, send(&text)]
}

#[tokio::test]
async fn a_file_is_read_and_its_delay_set() {
    let server = Server::start(vec![answer("200 OK", RULES)]).await;
    let gate = free();
    let url = server.url("/x");
    let (robots, exchanges) = fetch(
        &client(),
        &gate,
        &loopback(),
        &url,
        None,
        &SystemClock,
        &|_| false,
    )
    .await
    .unwrap();
    let request = String::from_utf8(exchanges[0].request_bytes.clone()).unwrap();
    assert!(request.starts_with("GET /robots.txt HTTP/1.1\r\n"));
    assert_eq!(gate.gap(), Duration::from_millis(10));
    let denied = robots.verdict(&server.url("/admin/x"));
    let rule = "/admin/".to_owned();
    assert_eq!(denied, Verdict::Denied { rule });
    assert_eq!(robots.verdict(&server.url("/tin/")), Verdict::Allowed);
}

#[tokio::test]
async fn a_compressed_file_is_read_and_a_bomb_is_bounded() {
    for text in [
        RULES.to_owned(),
        format!("{RULES}{}", "#".repeat(50_000_000)),
    ] {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(text.as_bytes()).unwrap();
        let body = gz.finish().unwrap();
        let mut bytes = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(&body);
        let verdict = verdict(vec![Step::Read, Step::Send(bytes)], "/admin/x").await;
        assert!(matches!(verdict, Verdict::Denied { .. }));
    }
}

#[tokio::test]
async fn client_errors_allow_and_server_errors_deny() {
    for status in ["404 No", "403 No", "401 No", "410 Gone"] {
        let verdict = verdict(answer(status, RULES), "/admin/x").await;
        assert_eq!(verdict, Verdict::Allowed, "{status}");
    }
    for status in ["500 Oh", "503 Busy", "429 Slow down"] {
        let verdict = verdict(answer(status, ""), "/tin/").await;
        assert!(matches!(verdict, Verdict::Unreachable { .. }), "{status}");
    }
    for script in [
        vec![Step::Read],
        vec![Step::Read, send("garbage\r\n\r\n")],
        vec![
            Step::Read,
            send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser-agent: *"),
        ],
    ] {
        let verdict = verdict(script, "/tin/").await;
        assert!(matches!(verdict, Verdict::Unreachable { .. }));
    }
}

#[tokio::test]
async fn five_redirects_are_followed_and_the_sixth_is_not() {
    for (hops, want_denied) in [(5, true), (6, false)] {
        let mut script = Vec::new();
        for hop in 0..hops {
            script.extend(answer(&format!("301 Moved\r\nLocation: /r{hop}"), ""));
        }
        script.extend(answer("200 OK", RULES));
        let server = Server::start(vec![script]).await;
        let (robots, exchanges) = get(&server, None).await;
        assert_eq!(exchanges.len(), 6);
        let denied = robots.verdict(&server.url("/admin/x")) != Verdict::Allowed;
        assert_eq!(denied, want_denied, "{hops} redirects");
    }
}

#[tokio::test]
async fn an_unchanged_file_is_kept() {
    let mut script = answer("200 OK\r\nETag: \"1\"", RULES);
    script.extend([Step::Read, send("HTTP/1.1 304 Not Modified\r\n\r\n")]);
    let server = Server::start(vec![script]).await;
    let (old, _) = get(&server, None).await;
    let (new, exchanges) = get(&server, Some(old.clone())).await;
    let request = String::from_utf8(exchanges[0].request_bytes.clone()).unwrap();
    assert!(
        request.contains("\r\nIf-None-Match: \"1\"\r\n"),
        "{request}"
    );
    assert!(new.fetched_at() > old.fetched_at());
    assert!(matches!(
        new.verdict(&server.url("/admin/x")),
        Verdict::Denied { .. }
    ));
}
