//! PyPI warcio reads what is written, and finds every digest right.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "common/python.rs"]
mod python;
mod warc_support;

use khobao::domain::hex;
use python::{Python, said};
use sha2::Digest as _;

#[test]
fn warcio_check_passes() {
    let Some(python) = Python::with(&["warcio"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let (path, captures) = warc_support::sample_file(dir.path());
    let out = python
        .command()
        .args(["-m", "warcio.cli", "check", "-v"])
        .arg(&path)
        .output();
    let report = said(&out.unwrap());
    assert!(!report.contains("failed"), "{report}");
    assert!(!report.contains("no digest to check"), "{report}");
    assert!(
        report.matches("digest pass").count() >= 2 * captures.len() - 2,
        "{report}"
    );
}

const READ: &str = r#"
import sys, json, hashlib
from warcio.archiveiterator import ArchiveIterator
with open(sys.argv[1], 'rb') as stream:
    records = ArchiveIterator(stream)
    for record in records:
        raw = record.content_stream().read()
        print(json.dumps({
            'kind': record.rec_type,
            'uri': record.rec_headers.get_header('WARC-Target-URI'),
            'date': record.rec_headers.get_header('WARC-Date'),
            'status': record.http_headers.get_statuscode() if record.http_headers else None,
            'decoded': hashlib.sha256(raw).hexdigest(),
            'offset': records.get_record_offset(),
            'length': records.get_record_length()}))
"#;

#[test]
fn warcio_reads_every_record_as_it_was_written() {
    let Some(python) = Python::with(&["warcio"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let (path, captures) = warc_support::sample_file(dir.path());
    let lines = python.run(READ, &[path.to_str().unwrap()]);
    let records: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(records[0]["kind"], "warcinfo");
    for (n, (exchange, position)) in captures.iter().enumerate() {
        let record = records
            .iter()
            .find(|r| r["offset"] == position.offset)
            .unwrap();
        assert_eq!(record["length"], position.length);
        assert_eq!(record["uri"], exchange.url.as_str());
        let date = exchange
            .at
            .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        assert_eq!(record["date"], date.as_str());
        assert_eq!(record["status"], "200");
        if n < captures.len() - 2 {
            assert_eq!(record["kind"], "response");
            let mut want = exchange.payload.to_vec();
            if exchange.header("content-encoding") == Some("gzip") {
                want = warc_support::page();
            }
            assert_eq!(
                record["decoded"],
                hex(&sha2::Sha256::digest(&want)),
                "{}",
                exchange.url
            );
        } else {
            assert_eq!(record["kind"], "revisit");
        }
    }
}
