//! Files that other crawlers wrote, and damaged ones: every sound record is read, every damage is
//! told with its place, and nothing panics or hangs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod warc_support;

use khobao::archive::warc::{Reader, WarcError, recover, surt};
use proptest::prelude::*;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use warc_support::{gzip, sample_file};

fn record(version: &str, uri: &str, body: &str) -> Vec<u8> {
    let block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{body}");
    format!(
        "{version}\r\nWARC-Type: response\r\nWARC-Target-URI: {uri}\r\n\
         WARC-Date: 2011-02-03T04:05:06Z\r\nX-Folded: a\r\n\tb\r\nContent-Length: {}\r\n\r\n{block}\r\n\r\n",
        block.len()
    )
    .into_bytes()
}

fn file(dir: &Path, name: &str, parts: &[Vec<u8>]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, parts.concat()).unwrap();
    path
}

/// URIs of the sound records, and places of the damaged.
fn read(path: &Path) -> (Vec<String>, Vec<u64>) {
    let mut uris = Vec::new();
    let mut places = Vec::new();
    for stored in Reader::open(path).unwrap() {
        match stored {
            Ok(stored) => uris.push(stored.uri().unwrap_or("-").to_owned()),
            Err(WarcError::Damaged { offset, file, .. }) => {
                assert_eq!(file, path);
                places.push(offset);
            }
            Err(why) => panic!("{why}"),
        }
    }
    (uris, places)
}

#[test]
fn every_way_of_packing_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let records: Vec<Vec<u8>> = ["WARC/0.17", "WARC/0.18", "WARC/1.0", "WARC/1.1"]
        .iter()
        .map(|version| record(version, &format!("<http://x.vn/{version}>"), "bài"))
        .collect();
    let members: Vec<Vec<u8>> = records.iter().map(|record| gzip(record)).collect();
    let want: Vec<String> = ["0.17", "0.18", "1.0", "1.1"]
        .map(|version| format!("http://x.vn/WARC/{version}"))
        .into();
    let plain = file(dir.path(), "a.warc", &records);
    let each = file(dir.path(), "b.warc.gz", &members);
    let one = file(dir.path(), "c.warc.gz", &[gzip(&records.concat())]);
    for path in [&plain, &each, &one] {
        assert_eq!(read(path), (want.clone(), vec![]), "{}", path.display());
    }
    let stored = |path: &Path| Reader::open(path).unwrap().nth(1).unwrap().unwrap();
    assert_eq!(stored(&plain).offset, records[0].len() as u64);
    assert_eq!(stored(&plain).length, records[1].len() as u64 - 4);
    assert_eq!(stored(&each).length, members[1].len() as u64);
    assert_eq!(
        (stored(&one).length, stored(&one).inner),
        (0, records[0].len() as u64)
    );
    assert_eq!(stored(&one).field("x-folded"), Some("a b"));
    assert_eq!(
        &stored(&plain).to_exchange().unwrap().payload[..],
        "bài".as_bytes()
    );
}

#[test]
fn blocks_are_read_piece_by_piece() {
    let dir = tempfile::tempdir().unwrap();
    let large = record("WARC/1.0", "http://x.vn/a", &"dài ".repeat(100_000));
    let path = file(dir.path(), "a.warc.gz", &[gzip(&large), gzip(&large)]);
    let mut reader = Reader::open(&path).unwrap();
    let head = reader.advance().unwrap().unwrap();
    let mut some = [0; 15];
    reader.block().read_exact(&mut some).unwrap();
    assert_eq!(&some, b"HTTP/1.1 200 OK");
    assert_eq!(reader.finish().unwrap(), gzip(&large).len() as u64);
    let mut rest = Vec::new();
    reader.advance().unwrap().unwrap();
    reader.block().read_to_end(&mut rest).unwrap();
    assert_eq!(Some(rest.len() as u64), head.block_length());
    assert!(reader.advance().is_none());
}

#[test]
fn garbage_between_records_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (
        record("WARC/1.0", "http://x.vn/a", "a"),
        record("WARC/1.0", "http://x.vn/b", "b"),
    );
    let noise = b"\x1f\x8b\x08\x00 not a member, WARC/1.0 nor a record\n".repeat(3000);
    let want = ["http://x.vn/a".to_owned(), "http://x.vn/b".to_owned()];
    let plain = file(
        dir.path(),
        "a.warc",
        &[a.clone(), noise.clone(), b"\n".to_vec(), b.clone()],
    );
    let (uris, places) = read(&plain);
    assert_eq!((uris, places), (want.to_vec(), vec![a.len() as u64]));
    // Also where the garbage does not end its line.
    let tight = b"RAC, as WARC/1.0 has it; WARC/1.0\r\n: ".repeat(200);
    let plain = file(dir.path(), "c.warc", &[a.clone(), tight, b.clone()]);
    let (uris, places) = read(&plain);
    assert_eq!((uris, places), (want.to_vec(), vec![a.len() as u64]));
    let packed = file(dir.path(), "b.warc.gz", &[gzip(&a), noise, gzip(&b)]);
    let (uris, places) = read(&packed);
    assert_eq!((uris, places), (want.to_vec(), vec![gzip(&a).len() as u64]));
}

#[test]
fn a_record_with_a_wrong_length_does_not_take_the_next_one_along() {
    let dir = tempfile::tempdir().unwrap();
    let a = record("WARC/1.0", "http://x.vn/a", "a");
    let b = record("WARC/1.0", "http://x.vn/b", "b");
    let c = record("WARC/1.0", "http://x.vn/c", "c");
    // 45 bytes are there.
    for wrong in ["9", "90", "99999999"] {
        let text = String::from_utf8(b.clone()).unwrap();
        let bad = text.replace("Content-Length: 45", &format!("Content-Length: {wrong}"));
        assert_ne!(bad, text);
        let parts = [a.clone(), bad.into_bytes(), c.clone()];
        let (uris, places) = read(&file(dir.path(), "a.warc", &parts));
        assert_eq!(uris, ["http://x.vn/a", "http://x.vn/c"], "{wrong}");
        assert_eq!(places, [a.len() as u64], "{wrong}");
    }
}

#[test]
fn a_cut_file_gives_all_whole_records_and_one_error() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = sample_file(dir.path());
    let good = std::fs::read(&path).unwrap();
    let mut ends = vec![0];
    for stored in Reader::open(&path).unwrap() {
        let stored = stored.unwrap();
        ends.push((stored.offset + stored.length) as usize);
    }
    for cut in (0..good.len()).step_by(13).chain(ends.clone()) {
        let path = file(dir.path(), "cut.warc.gz", &[good[..cut].to_vec()]);
        let (uris, places) = read(&path);
        let whole = ends.iter().filter(|end| **end > 0 && **end <= cut).count();
        assert_eq!(uris.len(), whole, "cut at {cut}");
        let at_end = ends.contains(&cut);
        let want: Vec<u64> = if at_end {
            vec![]
        } else {
            vec![ends[whole] as u64]
        };
        assert_eq!(places, want, "cut at {cut}");
    }
}

#[test]
fn recovery_leaves_a_file_of_one_member_alone() {
    let dir = tempfile::tempdir().unwrap();
    let records = [
        record("WARC/1.0", "http://x.vn/a", "a"),
        record("WARC/1.0", "http://x.vn/b", "b"),
    ];
    let mut bytes = gzip(&records.concat());
    bytes.truncate(bytes.len() - 3);
    let path = file(dir.path(), "c.warc.gz", &[bytes.clone()]);
    recover(dir.path()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

/// Members inside stored members, each broken at its end: a search that begins again behind each
/// beginning would take the square of the size.
#[test]
fn a_file_made_to_be_searched_again_and_again_is_read_once_or_so() {
    let dir = tempfile::tempdir().unwrap();
    let head = b"WARC/1.0\r\nContent-Length: 99999999\r\n\r\n";
    let mut opening = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00".to_vec();
    // A stored block that holds the header, and one that says it is as long as can be.
    let length = head.len() as u16;
    opening.push(0);
    opening.extend(length.to_le_bytes());
    opening.extend((!length).to_le_bytes());
    opening.extend(head);
    opening.extend(b"\x00\xff\xff\x00\x00");
    let many = opening.repeat((2 << 20) / opening.len());
    let path = file(dir.path(), "a.warc.gz", &[many]);
    let (uris, places) = read(&path);
    assert!(uris.is_empty() && !places.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_damage_panics(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        insert in prop::collection::vec(any::<u8>(), 0..40),
        plain: bool,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (path, _) = sample_file(dir.path());
        let mut bytes = std::fs::read(&path).unwrap();
        let mut name = "b.warc.gz";
        if plain {
            let mut unpacked = Vec::new();
            flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).unwrap();
            bytes = unpacked;
            name = "b.warc";
        }
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= byte;
        }
        let at = cut.index(bytes.len());
        bytes.splice(at..at, insert);
        let path = file(dir.path(), name, &[bytes]);
        for stored in Reader::open(&path).unwrap().flatten() {
            let _ = stored.to_exchange();
            stored.digest_faults();
            surt(stored.uri().unwrap_or_default());
        }
        recover(dir.path()).unwrap();
    }
}
