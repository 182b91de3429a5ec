//! The chain of custody through everything that goes wrong beside it: a second process, files that
//! were being written anew, a ledger or a marker that was damaged, an index that grew old.

mod common;

use common::{Place, copy, warcs};
use khobao::archive::warc::Reader;
use khobao::portal::{Portal, PortalConfig};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn crawled(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig::with_articles(articles)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    (portal, place)
}

fn files(dir: &Path) -> BTreeMap<PathBuf, u64> {
    let listing = std::fs::read_dir(dir).unwrap();
    let each = listing.map(|entry| {
        let entry = entry.unwrap();
        (entry.path(), entry.metadata().unwrap().len())
    });
    each.collect()
}

#[test]
fn nothing_is_touched_while_a_crawl_holds_the_archive() {
    let portal = Portal::start(PortalConfig::with_articles(60)).unwrap();
    let place = Place::new(&portal.base(), "pace = \"300ms\"\nconcurrency = 1");
    let other = Place::new(&portal.base(), "capture = [\"pages\"]");
    other.expect(0, &["crawl", "--max-pages", "10"]);
    let file = warcs(&other.warc_dir()).remove(0);
    let mut child = place.spawn(&["crawl"]);
    while portal.hits().len() < 25 || warcs(&place.warc_dir()).is_empty() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let before: Vec<PathBuf> = files(&place.warc_dir()).into_keys().collect();
    let archive = other.archive();
    let (file, archive) = (file.to_str().unwrap(), archive.to_str().unwrap());
    for args in [
        &["rebuild"][..],
        &["rebuild", "--discard-old"],
        &["import", file],
        &["merge", archive],
        &["verify"],
        &["migrate", "--engine", "redb"],
    ] {
        place.expect(4, args);
    }
    let after: Vec<PathBuf> = files(&place.warc_dir()).into_keys().collect();
    assert_eq!(before, after);
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(child.id().cast_signed()),
        nix::sys::signal::Signal::SIGTERM,
    )
    .unwrap();
    child.wait().unwrap();
    let found = place.expect(0, &["verify"]);
    assert!(found.contains(" 0 of them unreferenced"), "{found}");
}

#[test]
fn an_erase_that_was_cut_short_stays_no_alarm_after_a_rebuild() {
    let (portal, place) = crawled(30);
    let other = Place::new(&portal.base(), "capture = [\"pages\"]");
    copy(&place.archive(), &other.archive());
    let url = place.records()[3]["url"].as_str().unwrap().to_owned();
    other.expect(0, &["withdraw", &url, "--reason", "asked", "--erase"]);
    // As a kill leaves it after the file was written anew: announced, and no more.
    let file = warcs(&place.warc_dir()).remove(0);
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    std::fs::write(place.archive().join("rewriting"), format!("{name}\n")).unwrap();
    std::fs::copy(other.warc_dir().join(&name), &file).unwrap();
    place.expect(0, &["rebuild", "--discard-old"]);
    let found = place.expect(0, &["verify"]);
    assert!(found.contains(" 0 damaged"), "{found}");
    assert!(!place.archive().join("rewriting").exists());
    // Without the announcement it is tampering.
    let (_, place) = crawled(30);
    let file = warcs(&place.warc_dir()).remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    let end = bytes.len() - 40;
    bytes.truncate(end);
    std::fs::write(&file, bytes).unwrap();
    place.run(&["rebuild", "--discard-old"]);
    let found = place.expect(6, &["verify"]);
    assert!(found.contains("SHA-256 is not the manifest's"), "{found}");
}

#[test]
fn a_file_that_grew_takes_its_beginnings_place() {
    let (portal, source) = crawled(40);
    let file = warcs(&source.warc_dir()).remove(0);
    let mut reader = Reader::open(&file).unwrap();
    for _ in 0..60 {
        reader.next().unwrap().unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let begun = dir.path().join(file.file_name().unwrap());
    let bytes = std::fs::read(&file).unwrap();
    let cut = usize::try_from(reader.offset()).unwrap();
    std::fs::write(&begun, &bytes[..cut]).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["import", begun.to_str().unwrap()]);
    place.expect(0, &["verify"]);
    let kept = tempfile::tempdir().unwrap();
    copy(&place.archive(), kept.path());
    place.expect(0, &["import", file.to_str().unwrap()]);
    let found = place.expect(0, &["verify"]);
    assert!(found.contains(" 0 damaged"), "{found}");
    assert_eq!(place.records().len(), source.records().len());
    assert_eq!(warcs(&place.warc_dir()).len(), 1);
    // Cut short after the file was replaced.
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let warc = kept.path().join("warc");
    std::fs::write(kept.path().join("rewriting"), format!("{name}\n")).unwrap();
    std::fs::copy(&file, warc.join(&name)).unwrap();
    std::fs::remove_file(warc.join(name.replace(".warc.gz", ".cdxj"))).unwrap();
    std::fs::remove_dir_all(place.archive()).unwrap();
    copy(kept.path(), &place.archive());
    place.expect(0, &["verify"]);
    place.expect(0, &["rebuild"]);
    let found = place.expect(0, &["verify"]);
    assert!(found.contains(" 0 damaged"), "{found}");
    assert_eq!(place.records().len(), source.records().len());
}

#[test]
fn a_bad_byte_in_the_ledger_stops_nothing_and_is_never_forgotten() {
    let (_portal, place) = crawled(20);
    let path = place.archive().join("ledger.jsonl");
    let mut bytes = std::fs::read(&path).unwrap();
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let end = bytes.len() - 30;
    bytes[end] = 0xff;
    std::fs::write(&path, bytes).unwrap();
    let named = format!("line {lines} of ledger.jsonl");
    let found = place.expect(6, &["verify"]);
    assert!(found.contains(&named), "{found}");
    for args in [
        &["crawl"][..],
        &["rebuild", "--discard-old"],
        &["reextract"],
    ] {
        place.expect(0, args);
    }
    let url = place.records()[3]["url"].as_str().unwrap().to_owned();
    place.expect(0, &["withdraw", &url, "--reason", "asked", "--erase"]);
    let found = place.expect(6, &["verify"]);
    assert!(found.contains(&named), "{found}");
    // The lines after it are a chain again.
    let places: Vec<&str> = found
        .lines()
        .filter(|line| line.starts_with("damaged: "))
        .collect();
    assert_eq!(places.len(), 1, "{found}");
}

#[test]
fn a_manifest_that_was_changed_is_not_sealed_over() {
    let (_portal, place) = crawled(20);
    let file = warcs(&place.warc_dir()).remove(0);
    let mut bytes = std::fs::read(&file).unwrap();
    // Another operating system byte in the first member's head (RFC 1952, 2.3): it reads the same.
    bytes[9] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let manifest = place.archive().join("manifest.sha256");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let digest = khobao::domain::Digest::of(&bytes).to_string();
    let text = format!("{digest}{}", &text[64..]);
    std::fs::write(&manifest, text).unwrap();
    place.expect(0, &["crawl"]);
    let found = place.expect(6, &["verify"]);
    assert!(
        found.contains("the manifest was changed between the line before"),
        "{found}"
    );
}

#[test]
fn an_index_that_is_older_than_the_ledger_is_found() {
    let portal = Portal::start(PortalConfig::with_articles(60)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl", "--max-pages", "30"]);
    let old = tempfile::tempdir().unwrap();
    let index = place.archive().join("index");
    copy(&index, old.path());
    place.expect(0, &["crawl"]);
    let all = place.records().len();
    std::fs::remove_dir_all(&index).unwrap();
    copy(old.path(), &index);
    assert!(place.records().len() < all);
    let found = place.expect(6, &["verify"]);
    assert!(found.contains("it is older than the ledger"), "{found}");
    place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(place.records().len(), all);
    place.expect(0, &["verify"]);
}

#[test]
fn a_check_begins_anew_where_the_archive_was_changed() {
    let (_portal, place) = crawled(300);
    let mut stopped = false;
    for _ in 0..20 {
        let mut child = place.spawn(&["verify", "--deep"]);
        std::thread::sleep(Duration::from_millis(700));
        stopped |= child.try_wait().unwrap().is_none();
        let _ = child.kill();
        let _ = child.wait();
        if stopped {
            break;
        }
    }
    assert!(stopped, "no check was cut short");
    let url = place.records()[3]["url"].as_str().unwrap().to_owned();
    place.expect(0, &["withdraw", &url, "--reason", "asked", "--erase"]);
    let found = place.expect(0, &["verify", "--deep", "--resume"]);
    assert!(found.contains(" 0 damaged"), "{found}");
}

#[test]
fn a_lost_or_damaged_marker_is_made_again_by_a_rebuild() {
    let (_portal, place) = crawled(20);
    let before = place.expect(0, &["export"]);
    let marker = place.archive().join("khobao.json");
    let text = std::fs::read_to_string(&marker).unwrap();
    let id = |text: &str| -> String {
        let marker: serde_json::Value = serde_json::from_str(text).unwrap();
        marker["id"].as_str().unwrap().to_owned()
    };
    let engine = text.replace("\"sled\"", "\"dbm\"");
    for wrong in [None, Some("{\"format\": "), Some(engine.as_str())] {
        match wrong {
            Some(text) => std::fs::write(&marker, text).unwrap(),
            None => std::fs::remove_file(&marker).unwrap(),
        }
        // (An engine that nobody knows is corrected by what the index is.)
        if wrong != Some(engine.as_str()) {
            // (A crawl makes an archive where there is none, but not beside the files of one.)
            for command in ["export", "crawl"] {
                let out = place.run(&[command]);
                let stderr = String::from_utf8_lossy(&out.stderr);
                assert_eq!(out.status.code(), Some(6), "{stderr}");
                assert!(stderr.contains("khobao rebuild"), "{stderr}");
            }
        }
        place.expect(0, &["rebuild", "--discard-old"]);
        assert_eq!(place.expect(0, &["export"]), before);
        place.expect(0, &["verify"]);
        let now = std::fs::read_to_string(&marker).unwrap();
        assert_eq!(id(&now), id(&text));
    }
    // The engine is unknown, and there is no index to tell it.
    std::fs::write(&marker, &engine).unwrap();
    std::fs::remove_dir_all(place.archive().join("index")).unwrap();
    place.expect(6, &["export"]);
    place.expect(0, &["rebuild"]);
    assert_eq!(place.expect(0, &["export"]), before);
}

#[test]
fn the_lock_forgets_what_was_withdrawn() {
    let (_portal, place) = crawled(10);
    let url = place.records()[3]["url"].as_str().unwrap().to_owned();
    place.expect(0, &["withdraw", &url, "--reason", "asked", "--erase"]);
    let lock = std::fs::read_to_string(place.archive().join("lock")).unwrap();
    assert!(lock.contains("khobao withdraw\""), "{lock}");
}

#[test]
fn what_todays_profile_refuses_is_no_damage() {
    let (_portal, place) = crawled(20);
    let own = include_str!("../selectors/nukeviet.toml");
    // Titles are found nowhere: no page is an article.
    let mut kept = Vec::new();
    let mut skipping = false;
    for line in own.lines() {
        if line.starts_with('[') {
            skipping = line == "[[fields.title]]";
        }
        if !skipping {
            kept.push(line);
        }
    }
    let text = kept.join("\n") + "\n[[fields.title]]\nname = \"none\"\ncss = \"nothing\"\n";
    place.own_profile(&text);
    let read = place.expect(0, &["reextract", "--dry-run"]);
    assert!(read.contains("no article"), "{read}");
    let found = place.expect(0, &["verify", "--deep"]);
    assert!(found.contains(" 0 damaged"), "{found}");
}
