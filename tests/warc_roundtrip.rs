//! What is written is what is read, exchange by exchange.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod warc_support;

use khobao::archive::warc::{Capture, Reader, check_file, read_at};
use khobao::domain::{Digest, Exchange, Fault, FaultKind, Timings};
use proptest::prelude::*;
use std::time::Duration;
use warc_support::{append, chunked, exchange, sample_file, writer};

/// All that one record gives back.
fn same(back: &Exchange, was: &Exchange) {
    assert_eq!(back.url, was.url);
    assert_eq!(back.at, was.at);
    assert_eq!(back.response_bytes, was.response_bytes);
    assert_eq!(back.head_len, was.head_len);
    assert_eq!(back.status, was.status);
    assert_eq!(back.headers, was.headers);
    assert_eq!(back.payload, was.payload);
    assert_eq!(back.truncated, was.truncated);
    assert_eq!(back.fault, was.fault);
    assert_eq!(back.remote, was.remote);
    assert_eq!(back.timings, was.timings);
    if was.tls.is_some() {
        assert_eq!(back.tls, was.tls);
    }
}

#[test]
fn samples_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let (path, captures) = sample_file(dir.path());
    let whole = captures.len() - 2;
    for (exchange, position) in &captures[..whole] {
        let stored = read_at(&path, position.offset).unwrap();
        assert_eq!(stored.length, position.length);
        assert_eq!(stored.version, "WARC/1.1");
        same(&stored.to_exchange().unwrap(), exchange);
    }
    for (exchange, position) in &captures[whole..] {
        let stored = read_at(&path, position.offset).unwrap();
        let back = stored.to_exchange().unwrap();
        assert_eq!(
            back.response_bytes,
            exchange.response_bytes[..exchange.head_len]
        );
        assert_eq!((back.status, back.payload.len()), (200, 0));
        let first = captures
            .iter()
            .find(|(e, _)| e.url == exchange.url)
            .unwrap();
        assert_eq!(stored.field("WARC-Refers-To"), Some(&*first.1.record_id));
        assert_eq!(
            stored.field("WARC-Refers-To-Target-URI"),
            Some(first.0.url.as_str())
        );
        assert_eq!(
            stored.field("WARC-Refers-To-Date"),
            Some("2025-06-15T15:06:40.123456Z")
        );
    }
    let mut records = 0;
    check_file(&path, &mut |checked| {
        assert_eq!(checked.faults, [""; 0]);
        records += 1;
    })
    .unwrap();
    // The file's own, two a capture, and facts about the cut answer and the relaxed TLS.
    assert_eq!(records, 1 + 2 * captures.len() + 2);
}

#[test]
fn a_request_without_an_answer_is_kept_with_its_fault() {
    let dir = tempfile::tempdir().unwrap();
    let mut silent = exchange("https://example.vn/im", "", b"", b"");
    silent.response_bytes.clear();
    (silent.status, silent.head_len) = (0, 0);
    silent.headers.clear();
    silent.timings = Timings {
        first_byte: Duration::ZERO,
        total: Duration::from_micros(30_000_001),
    };
    silent.fault = Some(Fault {
        kind: FaultKind::HeaderTimeout,
        message: "no answer\r\nin 30 s: gave up".to_owned(),
    });
    let mut writer = writer(dir.path());
    let position = append(&mut writer, &silent, None);
    writer.finish().unwrap();
    let path = dir.path().join(&*position.file);
    let stored = read_at(&path, position.offset).unwrap();
    assert!(stored.is_capture());
    assert_eq!(stored.kind(), "metadata");
    let facts = String::from_utf8(stored.block.clone()).unwrap();
    assert!(
        facts.contains("fetchTimeMs: 30000\r\nfault: header_timeout: no answer"),
        "{facts}"
    );
    silent.fault.as_mut().unwrap().message = "no answer  in 30 s: gave up".to_owned();
    same(&stored.to_exchange().unwrap(), &silent);
    let kinds: Vec<_> = Reader::open(&path)
        .unwrap()
        .map(|r| r.unwrap().kind().to_owned())
        .collect();
    assert_eq!(kinds, ["warcinfo", "metadata", "request"]);
}

#[test]
fn the_first_record_tells_how_the_file_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let (path, captures) = sample_file(dir.path());
    let info = Reader::open(&path).unwrap().next().unwrap().unwrap();
    let text = String::from_utf8(info.block.clone()).unwrap();
    for line in [
        "software: khobao/",
        "format: WARC File Format 1.1",
        "robots: obey",
        "operator: lưu trữ",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(
        info.field("WARC-Filename"),
        path.file_name().unwrap().to_str()
    );
    let response = read_at(&path, captures[0].1.offset).unwrap();
    assert_eq!(
        response.field("WARC-Warcinfo-ID"),
        info.field("WARC-Record-ID")
    );
    // Prefix-Timestamp-Serial-Host.
    let name = path.file_name().unwrap().to_str().unwrap();
    let parts: Vec<&str> = name.splitn(4, '-').collect();
    assert_eq!(
        (parts[0], parts[1].len(), parts[2]),
        ("khobao", 17, "00000")
    );
}

#[test]
fn a_packed_body_is_stored_as_it_came() {
    let dir = tempfile::tempdir().unwrap();
    let (path, captures) = sample_file(dir.path());
    let file = std::fs::read(path).unwrap();
    let packed = &captures[1].0.payload;
    assert!(file.windows(packed.len()).any(|bytes| bytes == packed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_exchange_comes_back(
        bodies in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..3000), 1_usize..700, any::<[bool; 3]>()), 1..6),
        name in "[ -~à-ỹ]{0,30}",
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = writer(dir.path());
        let mut written = Vec::new();
        for (n, (payload, size, [frame, coded, tls])) in bodies.iter().enumerate() {
            let mut headers = String::new();
            if *frame { headers.push_str("Transfer-Encoding: chunked\r\n"); }
            if *coded { headers.push_str("Content-Encoding: br\r\n"); }
            let wire = if *frame { chunked(payload, *size) } else { payload.clone() };
            let scheme = if *tls { "https" } else { "http" };
            let mut url = url::Url::parse(&format!("{scheme}://example.vn:8443/{n}")).unwrap();
            url.set_path(&name);
            let mut exchange = exchange(url.as_str(), &headers, &wire, payload);
            exchange.remote.as_mut().unwrap().set_port(8443);
            exchange.timings.total = Duration::from_micros(*size as u64);
            let payload_digest = Digest::of(payload);
            let capture = Capture { exchange: &exchange, payload_digest, context: None, revisit_of: None };
            let position = writer.append(&capture).unwrap();
            if n % 2 == 0 { writer.sync().unwrap(); }
            written.push((exchange, position));
        }
        writer.finish().unwrap();
        for (exchange, position) in &written {
            let path = dir.path().join(&*position.file);
            let stored = read_at(&path, position.offset).unwrap();
            prop_assert_eq!(stored.length, position.length);
            prop_assert_eq!(stored.digest_faults(), [""; 0]);
            same(&stored.to_exchange().unwrap(), exchange);
        }
    }
}
