//! Whoever changes a WARC file, a record or the ledger behind the archive's back is found out.

mod common;

use common::{Place, warcs};
use khobao::archive::schema::key;
use khobao::archive::store::{Batch, SledStore, Store, open_value, seal_value};
use khobao::portal::{Change, Portal, PortalConfig};
use serde_json::Value;
use std::process::Command;

fn crawled() -> (Portal, Place) {
    let portal = Portal::start(PortalConfig::with_articles(30)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    portal.edit(portal.truth()[3].id, Change::Title("Tiêu đề khác".into()));
    place.expect(0, &["crawl", "--full"]);
    (portal, place)
}

fn damage(place: &Place, args: &[&str]) -> String {
    let out = place.run(&[&["verify"], args].concat());
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(6), "{text}{err}");
    text
}

#[test]
fn the_manifest_is_read_by_sha256sum_and_the_ledger_is_a_chain() {
    let (_portal, place) = crawled();
    let archive = place.archive();
    let check = Command::new("sha256sum")
        .args(["-c", "--strict", "--quiet", "manifest.sha256"])
        .current_dir(&archive)
        .status();
    assert!(check.unwrap().success());
    let out = place.expect(0, &["verify", "--deep"]);
    assert!(
        out.contains("revisions compared with their captures"),
        "{out}"
    );
    let ledger = std::fs::read_to_string(archive.join("ledger.jsonl")).unwrap();
    let kinds: Vec<String> = ledger
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["kind"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(kinds, ["init", "crawl", "crawl", "verify"]);
    // A line is changed: the next one does not follow it any more.
    std::fs::write(
        archive.join("ledger.jsonl"),
        ledger.replacen("\"kind\":\"crawl\"", "\"kind\":\"Crawl\"", 1),
    )
    .unwrap();
    assert!(damage(&place, &[]).contains("the ledger was changed"));
    // The last line is taken away, or changed.
    let cut: String = ledger
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(archive.join("ledger.jsonl"), &cut).unwrap();
    assert!(damage(&place, &[]).contains("it was cut"));
    std::fs::write(archive.join("ledger.jsonl"), cut + "{\"seq\":4}\n").unwrap();
    assert!(damage(&place, &[]).contains("ledger.jsonl"));
    std::fs::write(archive.join("ledger.jsonl"), &ledger).unwrap();
    place.expect(0, &["verify"]);
}

#[test]
fn a_warc_file_that_was_changed_well_is_found_by_the_manifest() {
    let (_portal, place) = crawled();
    // Another file of sound records in the place of one, manifest and all.
    let files = warcs(&place.warc_dir());
    let bytes = std::fs::read(&files[0]).unwrap();
    let mut longer = bytes.clone();
    longer.extend_from_slice(&bytes[..0]);
    longer[4] ^= 1; // gzip's time of the first member: no record changes
    std::fs::write(&files[0], &longer).unwrap();
    let text = damage(&place, &[]);
    assert!(text.contains("its SHA-256 is not the manifest's"), "{text}");
    let manifest = place.archive().join("manifest.sha256");
    let listed = std::fs::read_to_string(&manifest).unwrap();
    let new = Command::new("sha256sum").arg(&files[0]).output().unwrap();
    let new = String::from_utf8_lossy(&new.stdout)[..64].to_owned();
    let old = listed.lines().next().unwrap()[..64].to_owned();
    std::fs::write(&manifest, listed.replace(&old, &new)).unwrap();
    let text = damage(&place, &[]);
    assert!(
        text.contains("is not the manifest that the ledger's last line names"),
        "{text}"
    );
    std::fs::write(&manifest, &listed).unwrap();
    std::fs::remove_file(&files[0]).unwrap();
    let text = damage(&place, &[]);
    assert!(text.contains("is in the manifest and not there"), "{text}");
}

#[test]
fn a_record_that_was_changed_well_is_found() {
    let (_portal, place) = crawled();
    let id = place.records()[5]["id"].as_str().unwrap().to_owned();
    let raw: Vec<u8> = (0..16)
        .map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let row = key(b'r', &[&raw]);
    let change = |field: &str, value: Value| {
        let store = SledStore::open(&place.archive().join("index"), false).unwrap();
        let sealed = store.get(&row).unwrap().unwrap();
        let mut record: Value =
            serde_json::from_slice(&open_value(&row, &sealed).unwrap()).unwrap();
        record["current"][field] = value;
        let mut batch = Batch::default();
        batch.put(row.clone(), seal_value(&row, record.to_string().as_bytes()));
        store.apply(batch).unwrap();
        store.flush().unwrap();
        sealed
    };
    // Its checksum is right, its text has another digest.
    let before = change("digest", Value::from("00".repeat(32)));
    let text = damage(&place, &[]);
    assert!(
        text.contains("does not have its digest") && text.contains("their sum"),
        "{text}"
    );
    let restore = || {
        let store = SledStore::open(&place.archive().join("index"), false).unwrap();
        let mut batch = Batch::default();
        batch.put(row.clone(), before.clone());
        store.apply(batch).unwrap();
        store.flush().unwrap();
    };
    restore();
    place.expect(0, &["verify"]);
    // What no digest covers is compared with the capture.
    let text = place.expect(0, &["verify", "--deep"]);
    assert!(text.contains(" 0 damaged"), "{text}");
    change("content", Value::from("11".repeat(32)));
    let text = damage(&place, &["--deep"]);
    assert!(text.contains("is not what its capture says"), "{text}");
    // A rebuild mends it.
    let text = place.expect(0, &["rebuild"]);
    assert!(text.contains("those that the ledger had sealed"), "{text}");
    assert!(!text.contains("differ"), "{text}");
    place.expect(0, &["verify", "--deep"]);
}

#[test]
fn samples_come_round_and_a_check_can_go_on() {
    let (_portal, place) = crawled();
    let share = |args: &[&str]| -> Value {
        serde_json::from_str(&place.expect(0, &[&["verify", "--json"], args].concat())).unwrap()
    };
    let all = share(&[]);
    assert_eq!(all["share"], 100.0);
    let mut records = 0;
    for _ in 0..4 {
        let part = share(&["--sample", "25%"]);
        assert!(
            (part["share"].as_f64().unwrap() - 25.0).abs() < 1.0,
            "{part}"
        );
        records += part["records"].as_u64().unwrap();
    }
    // Four quarters are the whole, each part once.
    assert_eq!(records, all["records"].as_u64().unwrap());
    for _ in 0..6 {
        let mut child = place.spawn(&["verify", "--resume"]);
        std::thread::sleep(std::time::Duration::from_millis(60));
        let _ = child.kill();
        let _ = child.wait();
    }
    let rest = share(&["--resume"]);
    for name in ["records", "revisions", "captures", "warc_records", "share"] {
        assert_eq!(rest[name], all[name], "{name}");
    }
    assert_eq!(
        place.run(&["verify", "--sample", "0"]).status.code(),
        Some(2)
    );
}
