//! A server that is not ours: Python's own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod fetch_support;

use fetch_support::{client, loopback};
use khobao::fetch::Request;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

struct Stop(Child);

impl Drop for Stop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn files_and_missing_files_from_http_server() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bài.html"), "<p>Điện Biên</p>").unwrap();
    let started =
        Command::new(std::env::var_os("KHOBAO_PYTHON").unwrap_or_else(|| "python3".into()))
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
    let Ok(mut child) = started else {
        let required = std::env::var("KHOBAO_REQUIRE_ALL").is_ok_and(|value| value == "1");
        assert!(!required, "python3 is not installed");
        eprintln!("skipped: python3 is not installed");
        return;
    };
    let out = child.stdout.take().unwrap();
    let _stop = Stop(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).unwrap();
    // "Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ..."
    let base = line.split(['(', ')']).nth(1).unwrap();
    let base = url::Url::parse(base).unwrap();
    let (client, site) = (client(), loopback());
    for _ in 0..3 {
        let url = base.join("/bài.html").unwrap();
        let exchange = client.get(&Request::new(url, site.clone())).await;
        assert_eq!((exchange.status, exchange.fault.clone()), (200, None));
        assert_eq!(&exchange.payload[..], "<p>Điện Biên</p>".as_bytes());
        assert!(exchange.response_bytes.starts_with(b"HTTP/1.0 200 OK\r\n"));
        let body = &exchange.response_bytes[exchange.head_len..];
        assert_eq!(body, &exchange.payload[..]);
    }
    let url = base.join("/không-có").unwrap();
    let exchange = client.get(&Request::new(url, site)).await;
    assert_eq!((exchange.status, exchange.fault), (404, None));
}
