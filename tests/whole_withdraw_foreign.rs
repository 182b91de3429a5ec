//! Tombstones and captures that come with files of others withdraw and hide what they may, and no
//! more.

mod common;
#[path = "common/web.rs"]
mod web;

use common::{Place, warcs};
use khobao::portal::{Change, Draft, Portal, PortalConfig};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

fn crawled(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig::with_articles(articles)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    (portal, place)
}

fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record[field].as_str().unwrap()
}

fn sound(place: &Place) {
    let found = place.expect(0, &["verify", "--deep"]);
    assert!(found.contains(" 0 damaged"), "{found}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(std::fs::copy(&path, to).unwrap()),
        }
    }
}

fn record(kind: &str, number: u32, fields: &str, block: &[u8]) -> Vec<u8> {
    let mut record = format!(
        "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Date: 2040-01-01T00:00:00Z\r\n\
         WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>\r\n{fields}\
         Content-Length: {}\r\n\r\n",
        block.len()
    )
    .into_bytes();
    record.extend_from_slice(block);
    record.extend_from_slice(b"\r\n\r\n");
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(&record).unwrap();
    out.finish().unwrap()
}

/// A WARC file in `place` with these records after its warcinfo.
fn file(place: &Place, name: &str, info: &str, records: &[Vec<u8>]) -> PathBuf {
    let mut bytes = record(
        "warcinfo",
        0,
        "Content-Type: application/warc-fields\r\n",
        info.as_bytes(),
    );
    bytes.extend(records.concat());
    let path = place.dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The record that withdraws another one.
fn tombstone(stone: &Value) -> Vec<u8> {
    let fields = format!(
        "Content-Type: application/warc-fields\r\nKhobao-Withdrawn: {}\r\n",
        text(stone, "id")
    );
    record(
        "metadata",
        1,
        &fields,
        format!("tombstone: {stone}\r\n").as_bytes(),
    )
}

const ARCHIVE: &str = "isPartOf: urn:uuid:11111111-1111-4111-8111-111111111111\r\n";

/// The tombstone that another archive of the same portal has for a record.
fn stone_of(portal: &Portal, id: &str) -> Value {
    let other = Place::new(&portal.base(), "capture = [\"pages\"]");
    other.expect(0, &["crawl"]);
    other.expect(0, &["withdraw", id, "--reason", "thử"]);
    serde_json::from_str(&other.expect(0, &["show", id])).unwrap()
}

#[test]
fn files_of_other_programs_withdraw_nothing() {
    let (portal, place) = crawled(12);
    let id = text(&place.records()[5], "id").to_owned();
    let before = place.records();
    let stone = tombstone(&stone_of(&portal, &id));
    let foreign = file(
        &place,
        "la.warc.gz",
        "software: other\r\n",
        std::slice::from_ref(&stone),
    );
    let out = place.expect(0, &["import", foreign.to_str().unwrap()]);
    assert!(
        out.contains("1 tombstones in la.warc.gz withdraw nothing"),
        "{out}"
    );
    assert_eq!(place.records(), before);
    place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(place.records(), before);
    // Those of an archive do, and say so.
    let ours = file(&place, "kho.warc.gz", ARCHIVE, &[stone]);
    let out = place.expect(0, &["import", ours.to_str().unwrap()]);
    assert!(
        out.contains("1 tombstones in kho.warc.gz withdraw records"),
        "{out}"
    );
    assert!(out.contains(&id), "{out}");
    assert!(place.records().iter().all(|r| r["id"] != id.as_str()));
    sound(&place);
}

#[test]
fn a_tombstone_of_an_unknown_record_leaves_other_records_whole() {
    let (portal, place) = crawled(12);
    let truth = portal.truth();
    let article = truth.iter().find(|t| t.paragraphs().len() > 1).unwrap();
    let records = place.records();
    let kept = records
        .iter()
        .find(|r| r["url"] == article.url.as_str())
        .unwrap();
    let id = text(kept, "id");
    // It names the other record's URL and says that it had the same text.
    let mut stone = stone_of(&portal, id);
    let unknown = "00112233445566778899aabbccddeeff";
    assert!(!stone["identities"].as_array().unwrap().is_empty());
    stone["id"] = unknown.into();
    stone["urls"] = serde_json::json!([unknown, id]);
    let path = file(&place, "kho.warc.gz", ARCHIVE, &[tombstone(&stone)]);
    place.expect(0, &["import", path.to_str().unwrap()]);
    assert_eq!(place.records(), records);
    assert!(!place.expect(0, &["cdx", text(kept, "url")]).is_empty());
    // It is asked for and kept as before.
    place.expect(0, &["crawl", "--full"]);
    assert_eq!(
        place.expect(0, &["cdx", text(kept, "url")]).lines().count(),
        2
    );
    portal.edit(
        article.id,
        Change::Append("Thêm một câu ở cuối bài.".into()),
    );
    place.expect(0, &["crawl", "--full"]);
    let now = place.records();
    let now = now.iter().find(|r| r["id"] == id).unwrap();
    assert_eq!(now["revisions"], 2);
    sound(&place);
    assert!(warcs(&place.warc_dir()).len() > 2);
}

#[test]
fn a_copy_under_another_url_that_comes_back_is_hidden_and_erased() {
    let (portal, place) = crawled(12);
    let truth = portal.truth();
    let article = truth
        .iter()
        .find(|t| t.paragraphs().len() == t.blocks.len())
        .unwrap();
    let records = place.records();
    let record = records
        .iter()
        .find(|r| r["url"] == article.url.as_str())
        .unwrap();
    let id = text(record, "id");
    place.expect(0, &["withdraw", id, "--reason", "thử", "--erase"]);
    // Another archive has the same article under an address of its own only, captured later.
    portal.delete(article.id);
    let mut again = Draft::copy_of(article);
    again.category = "tin-co-so".to_owned();
    portal.publish(again);
    let other = Place::new(&portal.base(), "capture = [\"pages\"]");
    other.expect(0, &["crawl"]);
    let copies = other.records();
    let copied = copies.iter().find(|r| r["title"] == record["title"]);
    let copied = copied.expect("the copy");
    // (The portal spaces its words by the article's number: the digest does not see that.)
    assert_eq!(copied["digest"], record["digest"]);
    assert_eq!(copied["published"]["value"], record["published"]["value"]);
    assert_ne!(copied["id"], record["id"]);
    let url = text(copied, "url");
    let out = place.expect(1, &["merge", other.archive().to_str().unwrap()]);
    assert!(out.contains("came back") && out.contains(id), "{out}");
    assert!(
        place
            .records()
            .iter()
            .all(|r| r["digest"] != record["digest"])
    );
    assert!(place.expect(0, &["cdx", url]).is_empty());
    sound(&place);
    place.expect(0, &["withdraw", id, "--reason", "thử", "--erase"]);
    let files = web::captures(&place);
    assert!(files.iter().all(|c| c.uri != url), "{url}");
    place.expect(0, &["rebuild", "--discard-old"]);
    sound(&place);
}

#[test]
fn records_of_other_programs_that_are_no_exchange_are_found() {
    let (_portal, place) = crawled(12);
    let records = place.records();
    let (id, url) = (text(&records[5], "id"), text(&records[5], "url"));
    let other = text(&records[6], "url");
    let target = |url: &str, more: &str| format!("WARC-Target-URI: {url}\r\n{more}");
    let http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>ri\xc3\xaang</p>";
    let of_response = "WARC-Concurrent-To: <urn:uuid:00000000-0000-4000-8000-000000000003>\r\n";
    let foreign = file(
        &place,
        "la.warc.gz",
        "software: other\r\n",
        &[
            record(
                "request",
                2,
                &target(url, ""),
                b"GET / HTTP/1.1\r\nCookie: ten=kin\r\n\r\n",
            ),
            record("response", 3, &target(url, ""), http),
            record(
                "request",
                4,
                &target(url, of_response),
                b"GET /1 HTTP/1.1\r\n\r\n",
            ),
            record(
                "metadata",
                5,
                &target(url, of_response),
                b"outlink: kin\r\n",
            ),
            record("conversion", 6, &target(url, ""), b"noi dung kin"),
            record("metadata", 7, &target(url, ""), b"tieu de: kin"),
            record("resource", 8, &target(url, ""), b"anh chup kin"),
            record("resource", 9, &target(other, ""), b"con lai"),
        ],
    );
    place.expect(0, &["import", foreign.to_str().unwrap()]);
    let kept = place.expect(0, &["cdx", other]);
    assert!(kept.contains("la.warc.gz"), "{kept}");
    let out = place.expect(0, &["withdraw", id, "--reason", "thử"]);
    assert!(out.contains("is withdrawn"), "{out}");
    assert!(place.expect(0, &["cdx", url]).is_empty());
    sound(&place);
    // Erased, and a second time there is nothing left to do.
    for _ in 0..2 {
        place.expect(0, &["withdraw", id, "--reason", "thử", "--erase"]);
        let bytes = std::fs::read(place.warc_dir().join("la.warc.gz")).unwrap();
        let mut all = String::new();
        flate2::read::MultiGzDecoder::new(&bytes[..])
            .read_to_string(&mut all)
            .unwrap();
        assert!(!all.contains("kin") && !all.contains(url), "{all}");
        assert!(all.contains("con lai"), "{all}");
        sound(&place);
    }
    assert_eq!(place.expect(0, &["cdx", other]), kept);
    place.expect(0, &["rebuild", "--discard-old"]);
    sound(&place);
}

#[test]
fn what_a_crash_left_is_found_though_the_withdrawal_itself_was_cut_short() {
    let (_portal, place) = crawled(12);
    let record = place.records()[5].clone();
    let (id, url) = (text(&record, "id"), text(&record, "url"));
    // The files have a second capture that the index does not know.
    place.crawl_unseen();
    let warcs = place.dir.path().join("warcs");
    copy(&place.warc_dir(), &warcs);
    place.expect(0, &["withdraw", id, "--reason", "thử"]);
    // As a kill before the list was written leaves it.
    for entry in std::fs::read_dir(&warcs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "cdxj") {
            std::fs::copy(&path, place.warc_dir().join(path.file_name().unwrap())).unwrap();
        }
    }
    std::fs::remove_file(place.warc_dir().join("withdrawn.jsonl")).unwrap();
    let torn = place.warc_dir().join("x.warc.gz.torn");
    std::fs::write(&torn, "mot nua").unwrap();
    let out = place.expect(0, &["withdraw", id, "--reason", "thử", "--erase"]);
    assert!(out.contains("2 captures erased"), "{out}");
    assert!(out.contains("x.warc.gz.torn holds"), "{out}");
    assert!(torn.exists(), "nobody knows what it holds");
    assert!(web::captures(&place).iter().all(|c| c.uri != url));
    assert!(place.expect(0, &["cdx", url]).is_empty());
    sound(&place);
}
