//! The index is derived from the WARC files: built again it gives the same records, byte for byte.

mod common;

use common::{Place, warcs};
use khobao::portal::{Change, Draft, Portal, PortalConfig};
use std::path::Path;

/// A portal with a history: crawled, edited, added to, crawled again.
fn history(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig {
        articles,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(
        &portal.base(),
        "capture = [\"pages\", \"images\", \"attachments\"]\nconcurrency = 4",
    );
    place.expect(0, &["crawl"]);
    let truth = portal.truth();
    let texts = truth
        .iter()
        .filter(|t| t.paragraphs().len() == t.blocks.len());
    let first: Vec<_> = texts.take(3).cloned().collect();
    for article in &first[..2] {
        portal.edit(article.id, Change::Title("Tiêu đề đã sửa".into()));
    }
    let mut copy = Draft::copy_of(&first[2]);
    copy.title = "Bài đăng lại dưới tên khác".into();
    copy.published = String::new();
    portal.publish(copy);
    place.expect(0, &["crawl", "--full"]);
    assert!(place.outcome("revision") > 0 && place.outcome("same_text") == 1);
    (portal, place)
}

fn export(place: &Place) -> String {
    place.expect(0, &["export"])
}

/// `KHOBAO_ARTICLES=20000 cargo test --release --test whole_rebuild byte_for_byte` is the long run.
#[test]
fn a_rebuilt_index_gives_the_same_records_byte_for_byte() {
    let articles = std::env::var("KHOBAO_ARTICLES").ok();
    let articles = articles.and_then(|n| n.parse().ok()).unwrap_or(120);
    let (portal, place) = history(articles);
    let before = export(&place);
    assert!(before.lines().count() > articles);
    let out = place.expect(0, &["rebuild"]);
    assert!(out.contains("the old index is kept"), "{out}");
    assert_eq!(export(&place), before);
    assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
    // What the crawl knows is there as well: nothing that is not new is fetched again.
    let hits = portal.hits().len();
    place.expect(0, &["crawl"]);
    assert_eq!(export(&place).lines().count(), before.lines().count());
    let again = portal.hits().len() - hits;
    assert!(again < 60, "{again} requests after a rebuild");
    // The runs of the old index are there.
    assert_eq!(
        place
            .expect(0, &["runs", "--json"])
            .matches("\"command\"")
            .count(),
        3
    );
    let out = place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(out.matches("removed index.old-").count(), 2, "{out}");
    assert!(!std::fs::read_dir(place.archive()).unwrap().any(|entry| {
        let name = entry.unwrap().file_name();
        name.to_string_lossy().starts_with("index.old")
    }));
}

#[test]
fn a_lost_index_and_a_lost_marker_are_made_again() {
    let (_portal, place) = history(40);
    let before = export(&place);
    std::fs::remove_dir_all(place.archive().join("index")).unwrap();
    place.expect(6, &["export"]);
    place.expect(0, &["rebuild"]);
    assert_eq!(export(&place), before);
    // From a copy of the WARC files alone.
    let other = Place::new("http://127.0.0.1:9/", "");
    other.copy_config(&place);
    let copy = tempfile::tempdir().unwrap();
    copy_warcs(&place, copy.path());
    let from = copy.path().to_str().unwrap();
    other.expect(0, &["rebuild", "--from", from]);
    assert_eq!(export(&other), before);
}

/// The captures are of a crawl that ended: the next one looks for what is new.
#[test]
fn a_crawl_after_the_index_was_lost_asks_for_the_start_pages() {
    let portal = Portal::start(PortalConfig {
        articles: 30,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let (before, all) = (export(&place).lines().count(), portal.hits().len());
    let truth = portal.truth();
    let mut draft = Draft::copy_of(&truth[0]);
    draft.title = "Bài mới sau khi mất chỉ mục".into();
    draft.published = String::new();
    portal.publish(draft);
    std::fs::remove_dir_all(place.archive().join("index")).unwrap();
    place.expect(0, &["rebuild"]);
    portal.forget_hits();
    place.expect(0, &["crawl"]);
    assert_eq!(export(&place).lines().count(), before + 1);
    let again = portal.hits().len();
    assert!(again > 0 && again < all, "{again} requests, {all} before");
}

fn copy_warcs(place: &Place, to: &Path) {
    for path in warcs(&place.warc_dir()) {
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_rebuild_that_is_killed_goes_on() {
    let (_portal, place) = history(100);
    let before = export(&place);
    for wait in [20, 60, 120, 200, 300] {
        let mut child = place.spawn(&["rebuild"]);
        std::thread::sleep(std::time::Duration::from_millis(wait));
        let _ = child.kill();
        let _ = child.wait();
        // The archive in use is whole all the time.
        assert_eq!(export(&place), before, "after {wait} ms");
    }
    place.expect(0, &["rebuild"]);
    assert_eq!(export(&place), before);
    place.expect(0, &["verify"]);
}

#[test]
fn a_damaged_capture_costs_that_capture_alone() {
    let (_portal, place) = history(40);
    let records = place.records();
    let victim = &records[10]["provenance"]["capture"];
    let file = place.warc_dir().join(victim["file"].as_str().unwrap());
    let mut bytes = std::fs::read(&file).unwrap();
    let at = victim["offset"].as_u64().unwrap() + victim["length"].as_u64().unwrap() / 2;
    for byte in &mut bytes[at as usize..at as usize + 20] {
        *byte ^= 0x5a;
    }
    std::fs::write(&file, bytes).unwrap();
    let out = place.expect(6, &["rebuild"]);
    assert!(out.contains("damaged at offset"), "{out}");
    // The old index may be all that still has the article.
    let out = place.expect(6, &["rebuild", "--discard-old"]);
    assert!(out.contains("the old indexes are kept"), "{out}");
    assert!(std::fs::read_dir(place.archive()).unwrap().any(|entry| {
        let name = entry.unwrap().file_name();
        name.to_string_lossy().starts_with("index.old")
    }));
    let left = place.records();
    assert!(
        left.len() >= records.len() - 1,
        "{} of {}",
        left.len(),
        records.len()
    );
}

#[test]
fn a_site_that_is_not_configured_any_more_stops_the_rebuild() {
    let (_portal, place) = history(20);
    let before = export(&place);
    let text = std::fs::read_to_string(place.config()).unwrap();
    let renamed = text.replace("id = \"thu\"", "id = \"other\"");
    assert_ne!(text, renamed);
    std::fs::write(place.config(), renamed).unwrap();
    let out = place.run(&["rebuild"]);
    assert_eq!(out.status.code(), Some(2));
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(
        err.contains("\"thu\"") && err.contains("[[sites]]"),
        "{err}"
    );
    std::fs::write(place.config(), text).unwrap();
    assert_eq!(export(&place), before);
}

#[test]
fn merging_gives_the_same_in_either_order() {
    let portal = Portal::start(PortalConfig::with_articles(60)).unwrap();
    let extra = "capture = [\"pages\"]\nconcurrency = 4";
    let (a, b) = (
        Place::new(&portal.base(), extra),
        Place::new(&portal.base(), extra),
    );
    a.expect(0, &["crawl", "--max-pages", "40"]);
    b.expect(0, &["crawl"]);
    let id = portal.truth()[5].id;
    portal.edit(id, Change::Title("Tiêu đề đã sửa".into()));
    a.expect(0, &["crawl"]);
    a.expect(0, &["crawl", "--full"]);
    let (own_a, own_b) = (export(&a), export(&b));
    let (c, d) = (
        Place::new(&portal.base(), extra),
        Place::new(&portal.base(), extra),
    );
    for (place, first, second) in [(&c, &a, &b), (&d, &b, &a)] {
        place.expect(0, &["merge", first.archive().to_str().unwrap()]);
        place.expect(0, &["merge", second.archive().to_str().unwrap()]);
        assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
    }
    let merged = export(&c);
    assert_eq!(merged, export(&d));
    assert_ne!(merged, own_a);
    // Both histories are in it, and each archive merged into the other gives the same.
    b.expect(0, &["merge", a.archive().to_str().unwrap()]);
    assert_eq!(export(&b), merged);
    a.expect(0, &["merge", b.archive().to_str().unwrap()]);
    assert_eq!(export(&a), merged);
    assert_eq!(merged.lines().count(), own_b.lines().count());
    assert_eq!(own_a.lines().count(), own_b.lines().count());
}

#[test]
fn a_mended_profile_gives_new_readings_and_no_new_revision() {
    let (portal, place) = history(60);
    let before = place.records();
    let none = place.expect(0, &["reextract", "--dry-run"]);
    assert!(none.contains(" 0 would change"), "{none}");
    // A profile of the user's own that reads the title otherwise.
    place.mend_profile();
    let hits = portal.hits().len();
    let dry = place.expect(0, &["reextract", "--dry-run"]);
    assert!(dry.contains("title") && dry.contains("    + "), "{dry}");
    assert_eq!(place.records(), before);
    place.expect(0, &["reextract"]);
    assert_eq!(portal.hits().len(), hits);
    let after = place.records();
    assert_eq!(after.len(), before.len());
    for (old, new) in before.iter().zip(&after) {
        assert_eq!(old["id"], new["id"]);
        assert_eq!(old["revisions"], new["revisions"]);
        assert_eq!(old["body"], new["body"]);
        assert_eq!(old["provenance"]["capture"], new["provenance"]["capture"]);
        assert!(new["title"].as_str().unwrap().chars().count() <= 3);
        let reading = &new["readings"][0];
        assert_eq!(reading["profile_hash"], old["provenance"]["profile_hash"]);
        assert!(
            reading["changed"]
                .as_array()
                .unwrap()
                .iter()
                .any(|f| f == "title")
        );
    }
    assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
    // A rebuild with the same profiles reads alike.
    place.expect(0, &["rebuild"]);
    let strip = |mut records: Vec<serde_json::Value>| {
        for record in &mut records {
            record.as_object_mut().unwrap().remove("readings");
        }
        records
    };
    for (rebuilt, reread) in strip(place.records()).into_iter().zip(strip(after)) {
        for (field, value) in reread.as_object().unwrap() {
            assert_eq!(&rebuilt[field], value, "{field} of {}", reread["url"]);
        }
    }
}

#[test]
fn an_index_that_never_took_its_place_grows_not_old_beside_the_one_in_use() {
    let (_portal, place) = history(20);
    let (index, ready) = (
        place.archive().join("index"),
        place.archive().join("index.ready"),
    );
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([&index, &ready])
        .status();
    assert!(copied.unwrap().success());
    place.expect(0, &["stats"]);
    assert!(index.exists() && !ready.exists());
    // The other way round it is what takes the place.
    std::fs::rename(&index, &ready).unwrap();
    place.expect(0, &["verify"]);
    assert!(index.exists() && !ready.exists());
}
