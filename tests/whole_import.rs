//! WARC and WACZ files of other programs become records of the archive.

mod common;

use common::{Place, warcs};
use khobao::archive::warc::Reader;
use khobao::portal::{Portal, PortalConfig};
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;

/// What a crawl wrote, as another crawler would have: WARC 1.0, bracketed URIs, seconds, no
/// extension fields.
fn foreign(place: &Place) -> Vec<Vec<u8>> {
    let mut out = vec![
        b"WARC/1.0\r\nWARC-Type: warcinfo\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n\
          WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n\
          Content-Type: application/warc-fields\r\nContent-Length: 17\r\n\r\nsoftware: other\r\n\r\n\r\n"
            .to_vec(),
    ];
    for path in warcs(&place.warc_dir()) {
        for stored in Reader::open(&path).unwrap() {
            let stored = stored.unwrap();
            if stored.kind() != "response" {
                continue;
            }
            let field = |name: &str| stored.field(name).unwrap().to_owned();
            let date = field("WARC-Date");
            let mut record = format!(
                "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <{}>\r\nWARC-Date: {}Z\r\n\
                 WARC-Record-ID: {}\r\nContent-Type: application/http;msgtype=response\r\n\
                 Content-Length: {}\r\n\r\n",
                stored.uri().unwrap(),
                &date[..19],
                field("WARC-Record-ID"),
                stored.block.len()
            )
            .into_bytes();
            record.extend_from_slice(&stored.block);
            record.extend_from_slice(b"\r\n\r\n");
            out.push(record);
        }
    }
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// The records without what depends on the file that they come from.
fn contents(place: &Place) -> Vec<Value> {
    let mut records = place.records();
    for record in &mut records {
        let record = record.as_object_mut().unwrap();
        for name in [
            "provenance",
            "fetched_at",
            "last_seen",
            "aliases",
            "newer",
            "older",
        ] {
            record.remove(name);
        }
    }
    records
}

fn import(base: &str, file: &Path) -> (Place, String) {
    import_as(0, base, file)
}

/// The same with another exit code.
fn import_as(code: i32, base: &str, file: &Path) -> (Place, String) {
    let place = Place::new(base, "capture = [\"pages\"]");
    let out = place.expect(code, &["import", file.to_str().unwrap()]);
    let verified = place.expect(0, &["verify"]);
    assert!(verified.contains(" 0 damaged"), "{verified}");
    (place, out)
}

#[test]
fn files_of_other_programs_are_judged_as_if_fetched_then() {
    let portal = Portal::start(PortalConfig::with_articles(50)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]\nconcurrency = 1");
    place.expect(0, &["crawl"]);
    let wanted = contents(&place);
    let records = foreign(&place);
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let plain: Vec<u8> = records.concat();
    let each: Vec<u8> = records.iter().flat_map(|record| gzip(record)).collect();

    let (all, out) = import(&portal.base(), &file("plain.warc", &plain));
    assert!(out.contains("packed anew"), "{out}");
    assert_eq!(contents(&all), wanted);
    let first = &all.records()[0];
    assert!(
        first["fetched_at"].as_str().unwrap().ends_with(".000000Z"),
        "{first}"
    );
    // The same file again changes nothing.
    let before = all.expect(0, &["export"]);
    let again = dir.path().join("plain.warc");
    let out = all.expect(0, &["import", again.to_str().unwrap()]);
    assert!(out.contains("in the archive already"), "{out}");
    assert_eq!(all.expect(0, &["export"]), before);

    // One member for all records.
    let (all, out) = import(&portal.base(), &file("one.warc.gz", &gzip(&plain)));
    assert!(out.contains("packed anew"), "{out}");
    assert_eq!(contents(&all), wanted);

    // A member a record, as it is; its last record is cut.
    let cut = &each[..each.len() - 30];
    let (all, out) = import_as(6, &portal.base(), &file("each.warc.gz", cut));
    assert!(
        out.contains("no whole record") && !out.contains("packed anew"),
        "{out}"
    );
    assert!(contents(&all).len() >= wanted.len() - 1);

    // In a WACZ.
    let path = dir.path().join("all.wacz");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let plain_options = zip::write::SimpleFileOptions::default();
    zip.start_file("archive/data.warc.gz", plain_options)
        .unwrap();
    zip.write_all(&each).unwrap();
    zip.start_file("datapackage.json", plain_options).unwrap();
    zip.write_all(b"{}").unwrap();
    zip.finish().unwrap();
    let (all, _) = import(&portal.base(), &path);
    assert_eq!(contents(&all), wanted);
}

#[test]
fn revisits_that_name_their_first_capture_by_its_url_and_time_alone() {
    let portal = Portal::start(PortalConfig::with_articles(20)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]\nconcurrency = 1");
    place.expect(0, &["crawl"]);
    let url = place.records()[3]["url"].as_str().unwrap().to_owned();
    let record = foreign(&place)
        .into_iter()
        .find(|record| String::from_utf8_lossy(record).contains(&format!("<{url}>")))
        .unwrap();
    // No id, as some programs write none.
    let text = String::from_utf8_lossy(&record);
    let id = text
        .lines()
        .find(|line| line.starts_with("WARC-Record-ID"))
        .unwrap()
        .to_owned();
    let date = text
        .lines()
        .find(|line| line.starts_with("WARC-Date"))
        .unwrap()
        .to_owned();
    let at = record
        .windows(id.len())
        .position(|part| part == id.as_bytes())
        .unwrap();
    let mut all = [&record[..at], &record[at + id.len() + 2..]].concat();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n";
    let revisit = format!(
        "WARC/1.0\r\nWARC-Type: revisit\r\nWARC-Target-URI: <{url}>\r\n\
         WARC-Date: 2027-05-01T00:00:00Z\r\n\
         WARC-Profile: http://netpreserve.org/warc/1.0/revisit/identical-payload-digest\r\n\
         WARC-Refers-To-Target-URI: <{url}>\r\nWARC-Refers-To-Date: {}\r\n\
         Content-Type: application/http;msgtype=response\r\nContent-Length: {}\r\n\r\n{head}\r\n\r\n",
        date.trim_start_matches("WARC-Date: "),
        head.len()
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("revisit.warc");
    all.extend_from_slice(revisit.as_bytes());
    std::fs::write(&path, all).unwrap();
    let (all, out) = import(&portal.base(), &path);
    assert!(out.contains("2 captures read, 2 of them articles"), "{out}");
    assert!(!out.contains("not here"), "{out}");
    let records = all.records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["revision"], 1);
    assert!(
        records[0]["last_seen"]
            .as_str()
            .unwrap()
            .starts_with("2027-05-01")
    );
}

#[test]
fn what_is_no_warc_is_told_and_changes_nothing() {
    let portal = Portal::start(PortalConfig::with_articles(10)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let before = place.expect(0, &["export"]);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("notes.txt");
    std::fs::write(&file, "no records here").unwrap();
    let out = place.run(&["import", file.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(6));
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(
        err.contains("notes.txt") && err.contains("no WARC record"),
        "{err}"
    );
    let out = place.run(&["import", "/nowhere/at.warc"]);
    assert_eq!(out.status.code(), Some(2));
    assert_eq!(place.expect(0, &["export"]), before);
    // Hosts of others are kept, and told.
    let other = Portal::start(PortalConfig::with_articles(10)).unwrap();
    let theirs = Place::new(&other.base(), "capture = [\"pages\"]");
    theirs.expect(0, &["crawl"]);
    let file = dir.path().join("theirs.warc");
    std::fs::write(&file, foreign(&theirs).concat()).unwrap();
    let out = place.expect(0, &["import", file.to_str().unwrap()]);
    assert!(out.contains("which no [[sites]] table owns"), "{out}");
    assert_eq!(place.expect(0, &["export"]), before);
}

#[test]
fn what_is_left_out_of_a_file_is_told_and_the_sound_records_are_read() {
    let portal = Portal::start(PortalConfig::with_articles(10)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]\nconcurrency = 1");
    place.expect(0, &["crawl"]);
    let wanted = contents(&place);
    let records = foreign(&place);
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let noise = b"RAC".repeat(300);
    let garbage = [&records[..3].concat(), &noise[..], &records[3..].concat()].concat();
    let mark = [&b"\xef\xbb\xbf"[..], &records.concat()].concat();
    for (name, bytes) in [("garbage.warc", garbage), ("mark.warc", mark)] {
        let (all, out) = import_as(6, &portal.base(), &file(name, &bytes));
        assert!(out.contains("left out") && out.contains(name), "{out}");
        assert_eq!(contents(&all), wanted);
    }
    // In a WACZ: what its datapackage.json says, and where the damage is.
    let each: Vec<u8> = records.iter().flat_map(|record| gzip(record)).collect();
    let package = |name: &str, member: (&str, &[u8]), sum: &str| {
        let path = dir.path().join(name);
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("archive/{}", member.0), options)
            .unwrap();
        zip.write_all(member.1).unwrap();
        zip.start_file("datapackage.json", options).unwrap();
        let json = serde_json::json!({"resources": [
            {"path": format!("archive/{}", member.0), "hash": format!("sha256:{sum}")},
        ]});
        zip.write_all(json.to_string().as_bytes()).unwrap();
        zip.finish().unwrap();
        path
    };
    let sum = khobao::domain::Digest::of(&each).to_string();
    import(
        &portal.base(),
        &package("good.wacz", ("a.warc.gz", &each), &sum),
    );
    let bad = package("bad.wacz", ("a.warc.gz", &each), &"0".repeat(64));
    let (all, out) = import_as(6, &portal.base(), &bad);
    assert!(
        out.contains("archive/a.warc.gz in ") && out.contains("bad.wacz does not have the SHA-256"),
        "{out}"
    );
    assert_eq!(contents(&all), wanted);
    let empty = package("empty.wacz", ("b.warc", b"nothing"), &sum);
    let place = Place::new(&portal.base(), "");
    let good = file("good.warc.gz", &each);
    let out = place.run(&["import", good.to_str().unwrap(), empty.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(6));
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    let named = err.contains("archive/b.warc in ") && err.contains("empty.wacz");
    assert!(named && !err.contains("archive/warc"), "{err}");
    // All of them or none.
    assert_eq!(std::fs::read_dir(place.warc_dir()).unwrap().count(), 0);
    let out = place.run(&["import", dir.path().to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(2));
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    let here = dir.path().to_str().unwrap();
    assert!(err.contains(here) && err.contains("is a folder"), "{err}");
}

#[test]
fn a_site_without_a_table_is_told_before_anything_is_copied() {
    let portal = Portal::start(PortalConfig::with_articles(5)).unwrap();
    let theirs = Place::new(&portal.base(), "capture = [\"pages\"]");
    theirs.expect(0, &["crawl"]);
    let place = Place::new(&portal.base(), "");
    let text = std::fs::read_to_string(place.config()).unwrap();
    let text = text.replace("id = \"thu\"", "id = \"other\"");
    std::fs::write(place.config(), text).unwrap();
    place.expect(0, &["crawl", "--max-pages", "2"]);
    let listing = || {
        let entries = std::fs::read_dir(place.warc_dir()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = listing();
    let file = warcs(&theirs.warc_dir()).remove(0);
    let (archive, warc) = (theirs.archive(), theirs.warc_dir());
    for args in [
        ["merge", archive.to_str().unwrap()].as_slice(),
        &["import", file.to_str().unwrap()],
        &["rebuild", "--from", warc.to_str().unwrap()],
    ] {
        let out = place.run(args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        let err = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            err.contains("\"thu\"") && err.contains("[[sites]]"),
            "{err}"
        );
        assert_eq!(listing(), before, "{args:?}");
    }
    place.expect(0, &["verify"]);
}
