//! The portal does what real portals do: asked over plain TCP, each trap at least once.

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;

mod content;
mod http;
mod lists;
mod live;

/// A response, read without any HTTP library.
struct Got {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Got {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|l| l.split_once(": "))
            .find(|(k, _)| k.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    }
}

fn raw(portal: &Portal, target: &str, extra: &str) -> Vec<u8> {
    let (host, path) = target
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .map(|(host, path)| (host.to_owned(), format!("/{path}")))
        .unwrap_or_else(|| {
            let base = portal.base();
            let host = base.trim_start_matches("http://").trim_end_matches('/');
            (host.to_owned(), target.to_owned())
        });
    let mut stream = TcpStream::connect(&host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n{extra}Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut wire = Vec::new();
    // A torn connection keeps what came before.
    let _ = stream.read_to_end(&mut wire);
    wire
}

fn get_with(portal: &Portal, target: &str, extra: &str) -> Got {
    let wire = raw(portal, target, extra);
    let at = wire
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8_lossy(&wire[..at]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = wire[at + 4..].to_vec();
    if head.to_lowercase().contains("transfer-encoding: chunked") {
        body = unchunk(&body);
    }
    Got { status, head, body }
}

fn unchunk(mut wire: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(at) = wire.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&wire[..at]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        out.extend_from_slice(&wire[at + 2..at + 2 + size]);
        wire = &wire[at + 4 + size..];
    }
    out
}

fn get(portal: &Portal, target: &str) -> Got {
    get_with(portal, target, "")
}

fn start(articles: usize) -> Portal {
    Portal::start(PortalConfig::with_articles(articles)).unwrap()
}

fn themed(theme: Theme) -> Portal {
    Portal::start(PortalConfig {
        articles: 60,
        theme,
        ..PortalConfig::default()
    })
    .unwrap()
}

fn path(url: &str) -> &str {
    url.splitn(4, '/')
        .nth(3)
        .map_or("/", |_| &url[url.match_indices('/').nth(2).unwrap().0..])
}
