//! What tests see beside khobao: the portal's answers, and what WARC files hold, decoded.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use crate::common::{Place, warcs};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// The body that the portal answers with, as a visitor reads it.
pub fn get(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let host = url.host_str().unwrap();
    let port = url.port_or_known_default().unwrap();
    let mut stream = TcpStream::connect((host, port)).unwrap();
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let head = format!("GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nCookie: a=b\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    body.to_owned()
}

/// One capture as it stands in a WARC file.
#[derive(Debug)]
pub struct Captured {
    /// "response" or "revisit".
    pub kind: String,
    pub uri: String,
    /// What it was fetched for: "robots", "article".
    pub task: String,
    pub status: u16,
    pub content_type: String,
    /// The body, unpacked; empty for a revisit.
    pub body: Vec<u8>,
    /// The record's named fields.
    pub fields: Vec<(String, String)>,
}

impl Captured {
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Every capture of a place's archive, in the files' order.
pub fn captures(place: &Place) -> Vec<Captured> {
    let mut all = Vec::new();
    for warc in warcs(&place.warc_dir()) {
        for record in khobao::archive::warc::Reader::open(&warc).unwrap() {
            let record = record.unwrap();
            if !matches!(record.kind(), "response" | "revisit") {
                continue;
            }
            let exchange = record.to_exchange().unwrap();
            let header = |name| exchange.header(name).unwrap_or_default().to_owned();
            let mut body = Vec::new();
            if header("content-encoding") == "gzip" {
                let mut plain = flate2::read::MultiGzDecoder::new(&exchange.payload[..]);
                let _ = plain.read_to_end(&mut body);
            } else {
                body.extend_from_slice(&exchange.payload);
            }
            all.push(Captured {
                kind: record.kind().to_owned(),
                uri: record.uri().unwrap().to_owned(),
                task: record.context().unwrap().task,
                status: exchange.status,
                content_type: header("content-type"),
                body,
                fields: record.fields.clone(),
            });
        }
    }
    all
}

/// The paths that the portal was asked for, queries included, in their order.
pub fn paths(portal: &khobao::portal::Portal) -> Vec<String> {
    let hits = portal.hits().into_iter();
    hits.map(|hit| hit.path_and_query).collect()
}

/// The path of a URL.
pub fn path(url: &str) -> String {
    url::Url::parse(url).unwrap().path().to_owned()
}
