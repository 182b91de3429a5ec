//! A full disk: the error names the file, no half record stays, and what was synced is sound.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod warc_support;

use khobao::archive::warc::{Capture, Reader, WarcError};
use khobao::domain::Digest;
use std::process::Command;

/// A payload that does not compress.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn a_file_that_cannot_grow_keeps_whole_records_only() {
    const INNER: &str = "KHOBAO_TEST_FILE_LIMIT";
    if std::env::var_os(INNER).is_none() {
        // The limit is a process's: this test runs once more, in a process of its own.
        let script = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
        let name = "a_file_that_cannot_grow_keeps_whole_records_only";
        let out = Command::new("sh")
            .args(["-c", script])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(INNER, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(
            out.status.success() && text.contains("hit the limit"),
            "{text}"
        );
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut writer = warc_support::writer(dir.path());
    let mut good = Vec::new();
    let mut failures = 0;
    for n in 0..60 {
        let body = noise(n + 1, if n % 3 == 0 { 300 } else { 9000 });
        let headers = "Content-Encoding: br\r\n";
        let exchange = warc_support::exchange(&format!("http://x.vn/{n}"), headers, &body, &body);
        let payload_digest = Digest::of(&body);
        let capture = Capture {
            exchange: &exchange,
            payload_digest,
            context: None,
            revisit_of: None,
        };
        let written = writer.append(&capture);
        match written.and_then(|position| writer.sync().map(|()| position)) {
            Ok(position) => good.push((exchange.url.to_string(), position)),
            Err(WarcError::Io {
                doing: "write",
                file,
                ..
            }) => {
                assert!(file.starts_with(dir.path()));
                failures += 1;
            }
            Err(why) => panic!("{why}"),
        }
    }
    assert!(good.len() > 3 && failures > 3, "{} {failures}", good.len());
    println!("hit the limit");
    let path = dir.path().join(&*good[0].1.file);
    let stored: Vec<_> = Reader::open(&path).unwrap().map(Result::unwrap).collect();
    let responses = stored.iter().filter(|stored| stored.kind() == "response");
    let found: Vec<_> = responses
        .map(|s| (s.uri().unwrap().to_owned(), s.offset))
        .collect();
    let want: Vec<_> = good
        .iter()
        .map(|(uri, p)| (uri.clone(), p.offset))
        .collect();
    assert_eq!(found, want);
}
