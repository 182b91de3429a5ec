//! What came first is judged first, whatever order files and clocks give; and what a file from
//! outside lacks is told as what it is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use chrono::{TimeDelta, Utc};
use common::clock::crawl_at;
use common::{Place, warcs};
use khobao::archive::warc::Reader;
use khobao::portal::{Change, Draft, Portal, PortalConfig};
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A portal of one article whose title was changed, and the pages before and after: URL and two
/// HTTP messages.
struct Changed {
    portal: Portal,
    url: String,
    old: Vec<u8>,
    new: Vec<u8>,
}

fn changed() -> Changed {
    let portal = Portal::start(PortalConfig::with_articles(5)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]\nconcurrency = 1");
    place.expect(0, &["crawl"]);
    let url = place.records()[0]["url"].as_str().unwrap().to_owned();
    let truth = portal.truth();
    let id = truth.iter().find(|t| t.url == url).unwrap().id;
    portal.edit(id, Change::Title("Tựa sau khi sửa".into()));
    place.expect(0, &["crawl", "--full"]);
    let mut blocks = Vec::new();
    for path in warcs(&place.warc_dir()) {
        for stored in Reader::open(&path).unwrap() {
            let stored = stored.unwrap();
            if stored.kind() == "response" && stored.uri() == Some(url.as_str()) {
                blocks.push(stored.block);
            }
        }
    }
    let new = blocks.pop().unwrap();
    let old = blocks.pop().unwrap();
    Changed {
        portal,
        url,
        old,
        new,
    }
}

fn record(kind: &str, url: &str, date: &str, more: &str, block: &[u8]) -> Vec<u8> {
    let mut record = format!(
        "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: {date}\r\n\
         WARC-Record-ID: <urn:uuid:{}>\r\nContent-Type: application/http;msgtype=response\r\n\
         {more}Content-Length: {}\r\n\r\n",
        uuid::Uuid::new_v4(),
        block.len()
    )
    .into_bytes();
    record.extend_from_slice(block);
    record.extend_from_slice(b"\r\n\r\n");
    record
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A file with one gzip member a record.
fn file(place: &Place, name: &str, records: &[Vec<u8>]) -> PathBuf {
    let path = place.dir.path().join(name);
    let members: Vec<u8> = records.iter().flat_map(|record| gzip(record)).collect();
    std::fs::write(&path, members).unwrap();
    path
}

fn import(place: &Place, code: i32, file: &Path) -> String {
    place.expect(code, &["import", file.to_str().unwrap()])
}

#[test]
fn a_file_of_another_program_is_judged_by_its_dates_not_by_its_order() {
    let it = changed();
    let (before, after) = ("2023-06-01T00:00:00Z", "2025-06-01T00:00:00Z");
    let (old, new) = (
        record("response", &it.url, before, "", &it.old),
        record("response", &it.url, after, "", &it.new),
    );
    for records in [[new.clone(), old.clone()], [old, new]] {
        let place = Place::new(&it.portal.base(), "");
        let path = file(&place, "a.warc.gz", &records);
        import(&place, 0, &path);
        let record: Value = place.records().remove(0);
        assert_eq!(record["title"], "Tựa sau khi sửa");
        assert_eq!(record["revisions"], 2);
        assert!(record["fetched_at"].as_str().unwrap().starts_with("2025"));
        let exported = place.expect(0, &["export"]);
        place.expect(0, &["rebuild"]);
        assert_eq!(place.expect(0, &["export"]), exported);
        place.expect(0, &["verify"]);
    }
}

#[test]
fn a_revisit_finds_its_first_capture_later_in_the_file() {
    let it = changed();
    let first = "2023-06-01T00:00:00Z";
    let head = it.old.windows(4).position(|at| at == b"\r\n\r\n").unwrap() + 4;
    let refers = format!(
        "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/identical-payload-digest\r\n\
         WARC-Refers-To-Target-URI: {}\r\nWARC-Refers-To-Date: {first}\r\n",
        it.url
    );
    let (a, b) = ("2024-06-01T00:00:00Z", "2025-06-01T00:00:00Z");
    let records = [
        record("revisit", &it.url, b, &refers, &it.old[..head]),
        record("response", &it.url, a, "", &it.new),
        record("response", &it.url, first, "", &it.old),
    ];
    let place = Place::new(&it.portal.base(), "");
    let path = file(&place, "a.warc.gz", &records);
    let out = import(&place, 0, &path);
    assert!(!out.contains("not here"), "{out}");
    let record = place.records().remove(0);
    // First as it was, then the new title, then the old one again.
    assert_ne!(record["title"], "Tựa sau khi sửa");
    assert_eq!(record["revisions"], 3);
    place.expect(0, &["verify"]);
}

#[test]
fn a_revisit_that_came_without_its_first_capture_is_no_damage() {
    let it = changed();
    let head = it.old.windows(4).position(|at| at == b"\r\n\r\n").unwrap() + 4;
    let (first, later) = ("2023-06-01T00:00:00Z", "2025-06-01T00:00:00Z");
    let refers = format!(
        "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/identical-payload-digest\r\n\
         WARC-Payload-Digest: sha256:QH5ZLYMODFDF4NTECWMZUT4SXWUNHVO3WZCTKDH5DXNP7HOAB3LA====\r\n\
         WARC-Refers-To-Target-URI: {}\r\nWARC-Refers-To-Date: {first}\r\n",
        it.url
    );
    let place = Place::new(&it.portal.base(), "");
    let revisit = record("revisit", &it.url, later, &refers, &it.old[..head]);
    let path = file(&place, "later.warc.gz", &[revisit]);
    let out = import(&place, 0, &path);
    assert!(out.contains("1 revisits refer to captures"), "{out}");
    for _ in 0..2 {
        let out = place.expect(0, &["verify"]);
        assert!(out.contains("1 imported revisits refer"), "{out}");
        place.expect(0, &["rebuild"]);
    }
    let json: Value = serde_json::from_str(&place.expect(0, &["verify", "--json"])).unwrap();
    assert_eq!(json["lone_revisits"], 1);
}

#[test]
fn an_export_that_comes_back_tells_the_same_of_which_text_was_first() {
    let portal = Portal::start(PortalConfig::with_articles(10)).unwrap();
    let extra = "capture = [\"pages\"]\nconcurrency = 1";
    let place = Place::new(&portal.base(), extra);
    place.expect(0, &["crawl"]);
    // Fetched after the first one, and exported before it, by its date.
    let truth = portal.truth();
    let plain = |t: &&khobao::portal::TruthArticle| t.paragraphs().len() == t.blocks.len();
    let mut copy = Draft::copy_of(truth.iter().find(plain).unwrap());
    copy.title = "Bài đăng lại dưới tên khác".into();
    copy.published = "2001-01-01T08:00:00".into();
    portal.publish(copy);
    place.expect(0, &["crawl", "--full"]);
    let same = |place: &Place| -> Vec<(Value, Value)> {
        let records = place.records().into_iter();
        let mut same: Vec<_> = records
            .map(|record| (record["url"].clone(), record["same_as"].clone()))
            .collect();
        same.sort_by_key(|(url, _)| url.to_string());
        same
    };
    let wanted = same(&place);
    assert_eq!(wanted.iter().filter(|(_, same)| !same.is_null()).count(), 1);
    let at = |record: &Value| record["same_as"].is_string();
    assert!(place.records().iter().position(at).unwrap() < 3);
    for format in ["wacz", "warc"] {
        let path = place.dir.path().join(format!("all.{format}"));
        let out = path.to_str().unwrap();
        place.expect(0, &["export", "--format", format, "--output", out]);
        let other = Place::new(&portal.base(), extra);
        import(&other, 0, &path);
        assert_eq!(same(&other), wanted, "{format}");
    }
}

#[test]
fn a_clock_that_is_set_back_between_two_crawls_changes_no_order() {
    let portal = Portal::start(PortalConfig::with_articles(10)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]\nconcurrency = 1");
    crawl_at(&place, Utc::now() + TimeDelta::hours(2));
    let truth = portal.truth();
    portal.edit(truth[0].id, Change::Title("Tựa sau khi sửa".into()));
    let mut copy = Draft::copy_of(&truth[1]);
    copy.title = "Bài đăng lại dưới tên khác".into();
    copy.published = String::new();
    portal.publish(copy);
    let out = place.run(&["crawl", "--full"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(
        out.status.success() && said.contains("was set back"),
        "{said}"
    );
    assert!(
        place
            .records()
            .iter()
            .any(|record| record["revisions"] == 2)
    );
    let exported = place.expect(0, &["export"]);
    place.expect(0, &["verify", "--deep"]);
    let out = place.expect(0, &["rebuild"]);
    assert!(
        out.contains("are those that the ledger had sealed"),
        "{out}"
    );
    assert_eq!(place.expect(0, &["export"]), exported);
    place.expect(0, &["verify", "--deep"]);
    // Forth and back again.
    crawl_at(&place, Utc::now() + TimeDelta::hours(3));
    let out = place.run(&["crawl", "--full"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("was set back"));
    let exported = place.expect(0, &["export"]);
    place.expect(0, &["rebuild"]);
    assert_eq!(place.expect(0, &["export"]), exported);
}
