//! kill -9, signals, a second process, a damaged index.

mod common;

use common::Place;
use khobao::portal::{Portal, PortalConfig};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::time::Duration;

/// Moments from a fixed seed, so that a failure can be had again.
fn moments(rounds: u64) -> impl Iterator<Item = Duration> {
    (1..=rounds).scan(0x9e37_79b9_7f4a_7c15_u64, |seed, _| {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        Some(Duration::from_millis(40 + *seed % 400))
    })
}

#[test]
fn after_twenty_kills_nothing_is_lost_and_little_is_fetched_twice() {
    let latency = Duration::from_millis(8);
    let portal = Portal::start(PortalConfig {
        articles: 250,
        latency,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    let mut kills = 0;
    for moment in moments(20) {
        let mut child = place.spawn(&["crawl"]);
        std::thread::sleep(moment);
        if child.try_wait().unwrap().is_none() {
            kills += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(
        kills >= 3,
        "the crawl ended too soon for this test: {kills}"
    );
    // Where a crawl was whole already, the last one is an update: it only asks for what changes.
    place.expect(0, &["crawl"]);
    let out = place.expect(0, &["verify"]);
    assert!(out.contains(" 0 damaged"), "{out}");
    assert_eq!(place.records().len(), 250);
    let mut asked: HashMap<String, u64> = HashMap::new();
    for hit in portal.hits() {
        *asked.entry(hit.path_and_query).or_default() += 1;
    }
    asked.retain(|path, _| path.ends_with(".html"));
    let again: u64 = asked.values().map(|n| n - 1).sum();
    // What is in flight or not yet acknowledged: 100 ms of four workers at 8 ms, and the few
    // newest articles that an update visits again.
    assert!(
        again <= (kills + 20) * 60,
        "{again} fetched again after {kills} kills"
    );
}

#[test]
fn signals_end_a_crawl_in_order_and_the_next_one_goes_on() {
    let latency = Duration::from_millis(30);
    let portal = Portal::start(PortalConfig {
        articles: 80,
        latency,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let before = portal.hits().len();
        let mut child = place.spawn(&["crawl"]);
        while portal.hits().len() < before + 10 {
            std::thread::sleep(Duration::from_millis(10));
        }
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        let out = place.expect(0, &["verify"]);
        assert!(out.contains(" 0 of them unreferenced;"), "{out}");
        assert!(out.contains(" 0 damaged"), "{out}");
    }
    place.expect(0, &["crawl"]);
    assert_eq!(place.records().len(), 80);
}

#[test]
fn a_second_process_is_told_who_holds_the_archive() {
    let latency = Duration::from_millis(100);
    let portal = Portal::start(PortalConfig {
        articles: 40,
        latency,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "");
    let mut child = place.spawn(&["crawl"]);
    while portal.hits().is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    for args in [&["crawl"][..], &["export"], &["verify"]] {
        let out = place.run(args);
        assert_eq!(out.status.code(), Some(4), "{args:?}");
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(text.contains(&format!("process {}", child.id())), "{text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    place.expect(0, &["crawl"]);
}

#[test]
fn a_damaged_index_is_reported_and_never_made_anew() {
    let portal = Portal::start(PortalConfig {
        articles: 20,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let db = place.dir.path().join("archive/index/db");
    let good = std::fs::read(&db).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        std::fs::write(&db, bytes).unwrap();
        let hits = portal.hits().len();
        let out = place.run(&["crawl"]);
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(6), "{what}: {text}");
        assert!(text.contains("khobao rebuild"), "{what}: {text}");
        assert_eq!(portal.hits().len(), hits, "{what}: the portal was asked");
    };
    refused(&[], "emptied");
    std::fs::remove_file(&db).unwrap();
    let out = place.run(&["crawl"]);
    assert_eq!(out.status.code(), Some(6), "removed");
    assert!(!db.exists(), "made anew");
    std::fs::write(&db, &good).unwrap();
    place.expect(0, &["verify"]);
}

#[test]
fn a_flipped_byte_in_a_warc_file_is_found() {
    let portal = Portal::start(PortalConfig {
        articles: 20,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let warc = common::warcs(&place.warc_dir()).remove(0);
    let mut bytes = std::fs::read(&warc).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(&warc, bytes).unwrap();
    let out = place.expect(6, &["verify"]);
    let name = warc.file_name().unwrap().to_string_lossy().into_owned();
    assert!(out.contains(&name) && out.contains("at offset"), "{out}");
}
