//! What is cut short, imported twice or renamed stays an archive that verifies; what is changed in
//! it does not.

mod common;

use common::Place;
use khobao::archive::schema::key;
use khobao::archive::store::{Batch, SledStore, Store, open_value, seal_value};
use khobao::portal::{Portal, PortalConfig};
use serde_json::Value;
use std::time::Duration;

fn crawled(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig::with_articles(articles)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    (portal, place)
}

fn kinds(place: &Place) -> Vec<String> {
    let ledger = std::fs::read_to_string(place.archive().join("ledger.jsonl")).unwrap();
    let kind = |line: &str| -> String {
        let entry: Value = serde_json::from_str(line).unwrap();
        entry["kind"].as_str().unwrap().to_owned()
    };
    ledger.lines().map(kind).collect()
}

#[test]
fn a_killed_reextract_is_sealed_as_such_and_goes_on() {
    let (_portal, place) = crawled(600);
    place.mend_profile();
    let mut cut = false;
    for millis in [250, 400, 600, 900] {
        let mut child = place.spawn(&["reextract"]);
        std::thread::sleep(Duration::from_millis(millis));
        cut |= child.try_wait().unwrap().is_none();
        let _ = child.kill();
        let _ = child.wait();
        let out = place.expect(0, &["verify"]);
        assert!(out.contains(" 0 damaged"), "{out}");
    }
    assert!(cut, "no run was cut short");
    place.expect(0, &["reextract"]);
    place.expect(0, &["verify", "--deep"]);
    assert!(kinds(&place).iter().any(|kind| kind == "interrupted"));
    for record in place.records() {
        assert!(record["title"].as_str().unwrap().chars().count() <= 3);
    }
}

#[test]
fn a_reextract_after_a_killed_crawl_is_no_damage() {
    let portal = Portal::start(PortalConfig::with_articles(400)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    let mut child = place.spawn(&["crawl"]);
    while portal.hits().len() < 200 {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    place.mend_profile();
    place.expect(0, &["reextract"]);
    place.expect(0, &["verify"]);
    place.expect(0, &["crawl"]);
    place.expect(0, &["verify", "--deep"]);
    assert_eq!(place.records().len(), 400);
}

#[test]
fn what_is_imported_twice_is_kept_once() {
    let (_portal, place) = crawled(40);
    // Which of the two files a record names is left open.
    let export = || -> Vec<Value> {
        let mut records = place.records();
        for record in &mut records {
            record.as_object_mut().unwrap().remove("provenance");
        }
        records
    };
    let before = export();
    let slice = place.dir.path().join("slice.warc.gz");
    let name = slice.to_str().unwrap();
    place.expect(0, &["export", "--format", "warc", "--output", name]);
    place.expect(0, &["import", name]);
    assert!(
        place
            .expect(0, &["verify", "--deep"])
            .contains(" 0 damaged")
    );
    assert_eq!(export(), before);
    place.expect(0, &["rebuild"]);
    place.expect(0, &["verify"]);
    assert_eq!(export(), before);
    // An archive that has it from the file alone has the same records.
    let other = Place::new("http://127.0.0.1:9/", "");
    other.copy_config(&place);
    other.expect(0, &["import", name]);
    let ids = |place: &Place| -> Vec<Value> {
        place
            .records()
            .into_iter()
            .map(|r| r["id"].clone())
            .collect()
    };
    assert_eq!(ids(&other), ids(&place));
    let theirs = other.archive();
    place.expect(0, &["merge", theirs.to_str().unwrap()]);
    place.expect(0, &["verify"]);
    assert_eq!(export(), before);
}

#[test]
fn a_renamed_site_keeps_its_old_table_for_what_was_archived() {
    let (_portal, place) = crawled(20);
    let before = place.expect(0, &["export"]);
    let old = std::fs::read_to_string(place.config()).unwrap();
    let table = old.split_once("[[sites]]").unwrap().1;
    let new = table.replace("id = \"thu\"", "id = \"moi\"");
    std::fs::write(
        place.config(),
        format!("{old}enabled = false\n[[sites]]{new}"),
    )
    .unwrap();
    place.expect(0, &["rebuild"]);
    assert_eq!(place.expect(0, &["export"]), before);
    place.expect(0, &["verify", "--deep"]);
    place.expect(0, &["reextract"]);
    let out = place.run(&["crawl", "thu"]);
    assert_eq!(out.status.code(), Some(2));
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(text.contains("\"moi\"") && text.contains("pace"), "{text}");
}

#[test]
fn a_field_that_no_text_digest_covers_cannot_be_changed() {
    let (_portal, place) = crawled(10);
    let id = place.records()[2]["id"].as_str().unwrap().to_owned();
    let raw: Vec<u8> = (0..16)
        .map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let row = key(b'r', &[&raw]);
    {
        let store = SledStore::open(&place.archive().join("index"), false).unwrap();
        let sealed = store.get(&row).unwrap().unwrap();
        let mut record: Value =
            serde_json::from_slice(&open_value(&row, &sealed).unwrap()).unwrap();
        record["current"]["article"]["tags"] = serde_json::json!(["một từ khóa khác"]);
        let mut batch = Batch::default();
        batch.put(row.clone(), seal_value(&row, record.to_string().as_bytes()));
        store.apply(batch).unwrap();
        store.flush().unwrap();
    }
    let out = place.run(&["verify"]);
    assert_eq!(out.status.code(), Some(6));
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(text.contains("do not have their digest"), "{text}");
}

/// The `khobao.json` of an archive names it.
fn id(place: &Place) -> String {
    let marker = std::fs::read(place.archive().join("khobao.json")).unwrap();
    let marker: Value = serde_json::from_slice(&marker).unwrap();
    marker["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_merge_keeps_the_other_archives_chain_of_custody() {
    let (portal, a) = crawled(20);
    let again = || {
        let place = Place::new(&portal.base(), "capture = [\"pages\"]");
        place.expect(0, &["crawl"]);
        place
    };
    let (b, c) = (again(), again());
    let path = |place: &Place| place.archive().to_str().unwrap().to_owned();
    let file =
        |place: &Place, id: &str, name: &str| place.archive().join("merged").join(id).join(name);
    b.expect(0, &["merge", &path(&c)]);
    let theirs = std::fs::read(b.archive().join("ledger.jsonl")).unwrap();
    let out = a.expect(0, &["merge", &path(&b)]);
    assert!(out.contains(&id(&b)) && out.contains(&id(&c)), "{out}");
    // The other's ledger and manifest as they were, and those that it had kept.
    assert_eq!(
        std::fs::read(file(&a, &id(&b), "ledger.jsonl")).unwrap(),
        theirs
    );
    for name in ["ledger.jsonl", "manifest.sha256"] {
        let original = std::fs::read(c.archive().join(name)).unwrap();
        assert_eq!(std::fs::read(file(&a, &id(&c), name)).unwrap(), original);
    }
    a.expect(0, &["verify"]);
    // Again, when the other went on; and back, which keeps no copy of one's own.
    b.expect(0, &["verify"]);
    a.expect(0, &["merge", &path(&b)]);
    b.expect(0, &["merge", &path(&a)]);
    assert!(!file(&b, &id(&b), "ledger.jsonl").exists());
    a.expect(0, &["rebuild", "--discard-old"]);
    for place in [&a, &b] {
        assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
    }
    // Whatever is changed in a copy shows, and goes with what it was.
    let kept = file(&a, &id(&c), "ledger.jsonl");
    let whole = std::fs::read_to_string(&kept).unwrap();
    let (first, rest) = whole.split_once('\n').unwrap();
    let last = whole.lines().last().unwrap();
    let manifest = file(&a, &id(&c), "manifest.sha256");
    let listed = std::fs::read_to_string(&manifest).unwrap();
    let reworded = last.replace("\"crawl\"", "\"verify\"");
    assert_ne!(reworded, last);
    for (path, text) in [
        (&kept, format!("{first}\n")),
        (&kept, rest.to_owned()),
        (&kept, whole.replace(last, &reworded)),
        (&kept, String::new()),
        (&manifest, listed.replace('a', "b")),
    ] {
        let good = std::fs::read(path).unwrap();
        std::fs::write(path, text).unwrap();
        let out = a.expect(6, &["verify"]);
        assert!(out.contains(&format!("merged/{}", id(&c))), "{out}");
        std::fs::write(path, good).unwrap();
        a.expect(0, &["verify"]);
    }
    std::fs::remove_dir_all(kept.parent().unwrap()).unwrap();
    a.expect(6, &["verify"]);
    // A merge from the archive brings the copy back.
    a.expect(0, &["merge", &path(&c)]);
    a.expect(0, &["verify"]);
    // An archive whose own chain does not hold is taken, and it is said.
    std::fs::write(c.archive().join("ledger.jsonl"), rest).unwrap();
    let d = Place::new(&portal.base(), "capture = [\"pages\"]");
    let out = d.expect(6, &["merge", &path(&c)]);
    assert!(out.contains("does not follow the line before it"), "{out}");
    let out = a.expect(6, &["merge", &path(&c)]);
    assert!(out.contains("is not what was merged before"), "{out}");
    a.expect(0, &["verify"]);
}
