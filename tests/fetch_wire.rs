//! What is recorded is what went over the wire, byte for byte.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod fetch_support;

use fetch_support::{Server, Step, client, loopback, one, send};
use khobao::fetch::Request;

/// Serves `response`, then holds the connection; the exchange must be whole and exact.
async fn exact(response: &str, payload: &[u8]) {
    let script = vec![Step::Read, send(response), Step::Hold];
    let (server, exchange) = one(script).await;
    assert_eq!(exchange.fault, None, "{response:?}");
    assert_eq!(exchange.truncated, None);
    assert_eq!(exchange.request_bytes, server.requests()[0]);
    assert_eq!(String::from_utf8_lossy(&exchange.response_bytes), response);
    assert_eq!(exchange.payload, payload);
    assert_eq!(exchange.remote, Some(server.address));
}

#[tokio::test]
async fn content_length() {
    let text =
        "HTTP/1.1 200 OK\r\nsErVeR:odd \r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello";
    exact(text, b"hello").await;
}

#[tokio::test]
async fn chunked_with_extensions_and_trailers() {
    let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nT: v\r\n\r\n";
    exact(text, b"hello!").await;
}

#[tokio::test]
async fn chunks_that_come_in_pieces() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let pause = || Step::Wait(std::time::Duration::from_millis(20));
    let script = vec![
        Step::Read,
        send(head),
        pause(),
        send("3\r\nab"),
        pause(),
        send("c\r\n0\r"),
        pause(),
        send("\n\r\n"),
        Step::Hold,
    ];
    let (_, exchange) = one(script).await;
    assert_eq!(exchange.fault, None);
    let want = format!("{head}3\r\nabc\r\n0\r\n\r\n");
    assert_eq!(exchange.response_bytes, want.as_bytes());
    assert_eq!(exchange.payload, "abc");
}

#[tokio::test]
async fn ended_by_the_connection() {
    let text = "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<p>hello";
    let (_, exchange) = one(vec![Step::Read, send(text)]).await;
    assert_eq!(exchange.fault, None);
    assert_eq!(exchange.response_bytes, text.as_bytes());
    assert_eq!(exchange.payload, "<p>hello");
    assert_eq!(exchange.head_len, text.len() - 8);
}

#[tokio::test]
async fn a_content_coding_stays() {
    let body = b"\x1f\x8b\x08\x00not really gzip\xff";
    let mut text = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    text.extend_from_slice(body);
    let (server, exchange) = one(vec![Step::Read, Step::Send(text.clone()), Step::Hold]).await;
    assert_eq!(exchange.fault, None);
    assert_eq!(exchange.response_bytes, text);
    assert_eq!(&exchange.payload[..], body);
    let request = String::from_utf8(server.requests()[0].clone()).unwrap();
    assert!(
        request.contains("\r\nAccept-Encoding: gzip\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn the_request_is_ours_alone() {
    let server = Server::start(vec![vec![
        Step::Read,
        send("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"),
        Step::Hold,
    ]])
    .await;
    let mut url = server.url("/tin/b%C3%A0i.html?a=1&b");
    url.set_fragment(Some("x"));
    url.set_username("user").unwrap();
    let request = Request::new(url, loopback())
        .header("If-None-Match", "\"x\"")
        .header("Host", "forged");
    let exchange = client().get(&request).await;
    let want = format!(
        "GET /tin/b%C3%A0i.html?a=1&b HTTP/1.1\r\nHost: {}\r\n\
         User-Agent: khobao/test (+mailto:kho@example.org)\r\nAccept: {}\r\n\
         Accept-Encoding: gzip\r\nIf-None-Match: \"x\"\r\n\r\n",
        server.address, request.accept
    );
    assert_eq!(String::from_utf8_lossy(&exchange.request_bytes), want);
    assert_eq!(exchange.request_bytes, server.requests()[0]);
    assert_eq!((exchange.status, exchange.fault), (304, None));
    assert_eq!(exchange.headers, [("etag".to_owned(), "\"x\"".to_owned())]);
}

#[tokio::test]
async fn interim_responses_are_passed_over() {
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let (_, exchange) = one(vec![Step::Read, send(interim), send(last), Step::Hold]).await;
    assert_eq!((exchange.status, exchange.fault), (200, None));
    assert_eq!(exchange.response_bytes, last.as_bytes());
    assert_eq!(exchange.payload, "ok");
}

#[tokio::test]
async fn folded_and_foul_headers_are_kept_and_read() {
    let text = "HTTP/1.1 200 OK\r\nX-Long: one\r\n  two\r\nBad Name: x\r\nCaf: \u{e9}\r\nContent-Length : 2\r\n\r\nok";
    let (_, exchange) = one(vec![Step::Read, send(text), Step::Hold]).await;
    assert_eq!(exchange.fault, None);
    assert_eq!(exchange.response_bytes, text.as_bytes());
    assert_eq!(exchange.header("x-long"), Some("one two"));
    assert_eq!(exchange.header("caf"), Some("é"));
    assert_eq!(exchange.payload, "ok");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let text = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    let (server, exchange) = one(vec![Step::Read, send(text), Step::Read, Step::Hold]).await;
    assert_eq!((exchange.status, exchange.fault.clone()), (302, None));
    assert_eq!(exchange.header("location"), Some("/elsewhere"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_follows_the_message_is_no_part_of_it() {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let junk = format!("{text}and more");
    let (_, exchange) = one(vec![Step::Read, send(&junk), Step::Hold]).await;
    assert_eq!(exchange.fault, None);
    assert_eq!(exchange.response_bytes, text.as_bytes());
    assert_eq!(exchange.payload, "ok");
}

#[tokio::test]
async fn many_bytes_arrive_unchanged() {
    let body: Vec<u8> = (0..900_000u32).map(|i| (i * 7 % 251) as u8).collect();
    let mut text =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    text.extend_from_slice(&body);
    let (_, exchange) = one(vec![Step::Read, Step::Send(text.clone()), Step::Hold]).await;
    assert_eq!(exchange.fault, None);
    assert!(exchange.response_bytes == text);
    assert!(exchange.payload == body);
}
