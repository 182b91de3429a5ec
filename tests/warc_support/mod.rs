//! Exchanges of every kind, and a WARC file that holds them.
#![allow(dead_code)]

use khobao::archive::warc::{Capture, Position, RevisitRef, WarcSettings, Writer};
use khobao::domain::{
    Digest, Exchange, Fault, FaultKind, SystemClock, Timings, TlsFacts, Truncation,
};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An answer of 200; `headers` are whole lines.
pub fn exchange(url: &str, headers: &str, body: &[u8], payload: &[u8]) -> Exchange {
    let url = url::Url::parse(url).unwrap();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
    let parsed = headers.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Exchange {
        request_bytes: format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: thu\r\n\r\n",
            url.path(),
            url.host_str().unwrap()
        )
        .into_bytes(),
        response_bytes: [head.as_bytes(), body].concat(),
        head_len: head.len(),
        status: 200,
        headers: parsed.collect(),
        payload: payload.to_vec().into(),
        at: chrono::DateTime::from_timestamp_micros(1_750_000_000_123_456).unwrap(),
        truncated: None,
        fault: None,
        remote: Some(([203, 0, 113, 7], 443).into()),
        timings: Timings::default(),
        tls: None,
        url,
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// `bytes` in chunks of `size`, with extensions (no trailer: warcio takes it for content).
pub fn chunked(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(size) {
        out.extend(format!("{:x};moi=1\r\n", chunk.len()).into_bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

pub fn page() -> Vec<u8> {
    let mut page = "<!DOCTYPE html><html><head><title>Bản tin</title></head><body>".to_owned();
    for n in 0..200 {
        page.push_str(&format!("<p>Đoạn thứ {n} của một bài báo dài.</p>\n"));
    }
    page.push_str("</body></html>");
    page.into_bytes()
}

/// Plain, packed, chunked, chunked and packed, empty, cut and odd answers; no two URLs alike.
pub fn samples() -> Vec<Exchange> {
    let page = page();
    let packed = gzip(&page);
    let html = "Content-Type: text/html; charset=utf-8\r\n";
    let with = |name: &str, headers: &str, body: &[u8], payload: &[u8]| {
        exchange(
            &format!("https://www.mttq.example.vn/{name}"),
            &format!("{html}{headers}"),
            body,
            payload,
        )
    };
    let mut out = vec![
        with(
            "plain?B=2&a=1",
            &format!("Content-Length: {}\r\n", page.len()),
            &page,
            &page,
        ),
        with(
            "packed.html",
            &format!(
                "Content-Encoding: gzip\r\nContent-Length: {}\r\n",
                packed.len()
            ),
            &packed,
            &packed,
        ),
        with(
            "chunked/",
            "Transfer-Encoding: chunked\r\n",
            &chunked(&page, 1000),
            &page,
        ),
        with(
            "both.html",
            "Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n",
            &chunked(&packed, 333),
            &packed,
        ),
        with("empty", "Content-Length: 0\r\n", b"", b""),
        with(
            "tiếng-việt/Bài-1.html",
            "X-Odd:  Case \r\n",
            b"\r\n\r\nWARC/1.1\r\n",
            b"\r\n\r\nWARC/1.1\r\n",
        ),
    ];
    let mut cut = with(
        "cut",
        "Content-Length: 99999\r\n",
        &page[..777],
        &page[..777],
    );
    cut.truncated = Some(Truncation::Disconnect);
    cut.fault = Some(Fault {
        kind: FaultKind::Protocol,
        message: "the connection broke".to_owned(),
    });
    out.push(cut);
    let mut tls = with("tls", "Content-Length: 2\r\n", b"ok", b"ok");
    tls.tls = Some(TlsFacts {
        version: "TLSv1.3".to_owned(),
        cipher: "TLS13_AES_256_GCM_SHA384".to_owned(),
        leaf_sha256: "ab".repeat(32),
        relaxed: Some("expired on 2026-01-01".to_owned()),
    });
    out.push(tls);
    out
}

pub fn writer(dir: &Path) -> Writer {
    let mut settings = WarcSettings::new(dir.to_owned());
    settings.operator = Some("lưu trữ <thu@example.vn>".to_owned());
    settings.user_agent = Some("khobao-thu/1.0 (+https://example.vn)".to_owned());
    Writer::open(settings, Arc::new(SystemClock)).unwrap()
}

pub fn append(
    writer: &mut Writer,
    exchange: &Exchange,
    revisit_of: Option<RevisitRef>,
) -> Position {
    let payload_digest = Digest::of(&exchange.payload);
    writer
        .append(&Capture {
            exchange,
            payload_digest,
            context: None,
            revisit_of,
        })
        .unwrap()
}

/// A finished file with all samples, and revisits of the plain and of the chunked page a day later.
pub fn sample_file(dir: &Path) -> (PathBuf, Vec<(Exchange, Position)>) {
    let mut writer = writer(dir);
    let mut out = Vec::new();
    for exchange in samples() {
        let position = append(&mut writer, &exchange, None);
        out.push((exchange, position));
    }
    for first in [0, 2] {
        let (mut again, position) = out[first].clone();
        let revisit_of = RevisitRef {
            record_id: position.record_id.clone(),
            uri: again.url.to_string(),
            date: again.at,
        };
        again.at += chrono::TimeDelta::days(1);
        let position = append(&mut writer, &again, Some(revisit_of));
        out.push((again, position));
    }
    writer.finish().unwrap();
    let path = dir.join(&*out[0].1.file);
    (path, out)
}
