//! Withdrawn records are gone from all that is read, stay gone, and can be erased.

mod common;

use common::{Place, unpacked, warcs};
use khobao::portal::{Change, Draft, Portal, PortalConfig};
use serde_json::Value;

fn crawled(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig::with_articles(articles)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\", \"images\"]");
    place.expect(0, &["crawl"]);
    (portal, place)
}

fn without(records: &[Value], id: &str) -> Vec<Value> {
    let others = records.iter().filter(|record| record["id"] != id);
    let mut others: Vec<Value> = others.cloned().collect();
    for record in &mut others {
        for field in ["same_as", "near"] {
            if record[field] == id {
                record.as_object_mut().unwrap().remove(field);
            }
        }
    }
    others
}

/// A sentence of the record's body that no listing shows.
fn sentence(record: &Value) -> String {
    let text = record["text"].as_str().unwrap();
    let start = text.len() / 2;
    let start = (start..).find(|at| text.is_char_boundary(*at)).unwrap();
    text[start..].chars().skip(5).take(60).collect()
}

#[test]
fn a_withdrawn_record_is_gone_and_stays_gone() {
    let (portal, place) = crawled(40);
    portal.edit(portal.truth()[7].id, Change::Title("Tiêu đề đã sửa".into()));
    place.expect(0, &["crawl", "--full"]);
    let before = place.records();
    let record = before.iter().find(|r| r["revisions"] == 2).unwrap();
    let (id, url) = (
        record["id"].as_str().unwrap(),
        record["url"].as_str().unwrap(),
    );
    let out = place.run(&["withdraw", url]);
    assert_eq!(out.status.code(), Some(2), "a reason is required");
    let out = place.expect(0, &["withdraw", url, "--reason", "theo yêu cầu"]);
    assert!(out.contains("2 revisions"), "{out}");
    let left = without(&before, id);
    let gone = |place: &Place| {
        assert_eq!(place.records(), left);
        for name in [id, url] {
            let shown = place.expect(0, &["show", name]);
            assert!(shown.contains("theo yêu cầu"), "{shown}");
            assert!(!shown.contains("Tiêu đề"), "{shown}");
        }
        assert!(place.expect(0, &["cdx", url]).is_empty());
        let verified = place.expect(0, &["verify", "--deep"]);
        assert!(verified.contains(" 0 damaged"), "{verified}");
    };
    gone(&place);
    let again = place.expect(0, &["withdraw", url, "--reason", "nữa"]);
    assert!(again.contains("was withdrawn at"), "{again}");
    // Neither a full crawl nor a rebuild brings it back, nor another archive that has it.
    let hits = portal
        .hits()
        .iter()
        .filter(|hit| url.ends_with(&hit.path_and_query))
        .count();
    place.expect(0, &["crawl", "--full"]);
    assert_eq!(
        portal
            .hits()
            .iter()
            .filter(|hit| url.ends_with(&hit.path_and_query))
            .count(),
        hits,
        "asked for again"
    );
    let ids =
        |place: &Place| -> Vec<Value> { place.records().iter().map(|r| r["id"].clone()).collect() };
    assert_eq!(ids(&place).len(), left.len());
    place.expect(0, &["rebuild"]);
    assert_eq!(ids(&place).len(), left.len());
    assert!(place.expect(0, &["cdx", url]).is_empty());
    place.expect(0, &["verify", "--deep"]);
    let other = Place::new(&portal.base(), "capture = [\"pages\"]");
    other.expect(0, &["crawl"]);
    assert_eq!(other.records().len(), left.len() + 1);
    let theirs = other.archive();
    place.expect(0, &["merge", theirs.to_str().unwrap()]);
    assert_eq!(ids(&place).len(), left.len());
    let verified = place.expect(0, &["verify"]);
    assert!(verified.contains(" 0 damaged"), "{verified}");
    let ours = place.archive();
    other.expect(0, &["merge", ours.to_str().unwrap()]);
    assert_eq!(ids(&other), ids(&place));
}

#[test]
fn an_erased_record_is_in_no_file_any_more() {
    let (portal, place) = crawled(30);
    let before = place.records();
    let record = before
        .iter()
        .filter(|r| r["same_as"].is_null() && r["near"].is_null())
        .max_by_key(|r| r["text"].as_str().unwrap().len())
        .unwrap();
    let id = record["id"].as_str().unwrap();
    let words = sentence(record);
    assert!(
        before
            .iter()
            .filter(|r| r["text"].as_str().unwrap().contains(&words))
            .count()
            == 1
    );
    // (Bodies came packed: what is searched is what the reader makes of them.)
    let raw = place.expect(0, &["show", id, "--raw"]);
    assert!(!raw.is_empty());
    let capture = &record["provenance"]["capture"];
    let digest = capture["warc_record"].as_str().unwrap();
    assert!(unpacked(&place).contains(digest));
    let lengths = |place: &Place| -> Vec<u64> {
        let files = warcs(&place.warc_dir());
        files
            .iter()
            .map(|f| std::fs::metadata(f).unwrap().len())
            .collect()
    };
    let length = lengths(&place)[0];
    let out = place.expect(
        0,
        &["withdraw", id, "--reason", "dữ liệu cá nhân", "--erase"],
    );
    assert!(out.contains("captures erased"), "{out}");
    assert_eq!(
        lengths(&place)[0],
        length,
        "other records keep their places"
    );
    assert!(!unpacked(&place).contains(digest));
    assert_eq!(place.records(), without(&before, id));
    let verified = place.expect(0, &["verify", "--deep"]);
    assert!(verified.contains(" 0 damaged"), "{verified}");
    let ledger = std::fs::read_to_string(place.archive().join("ledger.jsonl")).unwrap();
    let line = ledger
        .lines()
        .rfind(|line| line.contains("\"withdraw\""))
        .unwrap();
    assert!(line.contains("\"rewritten\":[\"") && line.contains("dữ liệu cá nhân"));
    assert!(line.contains("\"command\":\"withdraw\""), "{line}");
    let export = place.expect(0, &["export"]);
    place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(place.expect(0, &["export"]), export);
    place.expect(0, &["verify", "--deep"]);
    // The next crawl finds it again, and keeps nothing of it.
    place.expect(0, &["crawl", "--full"]);
    assert_eq!(place.records().len(), before.len() - 1);
    let warc = unpacked(&place);
    let url = record["url"].as_str().unwrap();
    assert!(
        !warc.contains(&format!("WARC-Target-URI: {url}\r\n")),
        "captured again"
    );
    drop(portal);
}

#[test]
fn whoever_shares_a_withdrawn_text_keeps_it() {
    let (portal, place) = crawled(30);
    let truth = portal.truth();
    let whole = |t: &&khobao::portal::TruthArticle| t.paragraphs().len() == t.blocks.len();
    let text = truth.iter().find(whole).unwrap();
    for title in ["Bài đăng lại", "Bài đăng lại lần nữa"] {
        let mut copy = Draft::copy_of(text);
        copy.title = title.into();
        copy.published = String::new();
        portal.publish(copy);
    }
    place.expect(0, &["crawl", "--full"]);
    let before = place.records();
    let shared = before.iter().find(|r| r["same_as"].is_string());
    let first = shared.expect("a text that two records have")["same_as"]
        .as_str()
        .unwrap();
    let heirs: Vec<&Value> = before.iter().filter(|r| r["same_as"] == first).collect();
    let out = place.expect(0, &["withdraw", first, "--reason", "thử", "--erase"]);
    assert!(out.contains("the same text"), "{out}");
    let after = place.records();
    assert_eq!(after.len(), before.len() - 1);
    for heir in heirs {
        let now = after.iter().find(|r| r["id"] == heir["id"]).unwrap();
        assert_eq!(now["text"], heir["text"]);
        assert_ne!(now["same_as"], first);
    }
    let verified = place.expect(0, &["verify", "--deep"]);
    assert!(verified.contains(" 0 damaged"), "{verified}");
    let export = place.expect(0, &["export"]);
    place.expect(0, &["rebuild"]);
    assert_eq!(place.expect(0, &["export"]), export);
}

#[test]
fn a_withdrawal_that_is_cut_short_is_no_damage_and_goes_on() {
    let (_portal, place) = crawled(60);
    let all = place.records();
    let ids: Vec<&str> = all.iter().map(|r| r["id"].as_str().unwrap()).collect();
    let mut images = std::collections::HashSet::new();
    for (at, millis) in [20, 50, 80, 110, 130, 150, 170, 190, 220]
        .into_iter()
        .enumerate()
    {
        let id = ids[at * 3];
        images.extend(
            all[at * 3]["images"]
                .as_array()
                .unwrap()
                .iter()
                .map(|i| i["url"].to_string()),
        );
        let mut child = place.spawn(&["withdraw", id, "--reason", "thử", "--erase"]);
        std::thread::sleep(std::time::Duration::from_millis(millis));
        let _ = child.kill();
        child.wait().unwrap();
        let verified = place.expect(0, &["verify"]);
        assert!(verified.contains(" 0 damaged"), "{millis}: {verified}");
        place.expect(0, &["withdraw", id, "--reason", "thử", "--erase"]);
        let verified = place.expect(0, &["verify"]);
        assert!(verified.contains(" 0 damaged"), "{millis}: {verified}");
        assert!(!verified.contains("not in the ledger"), "{verified}");
        assert!(place.records().iter().all(|r| r["id"] != *id));
    }
    assert!(images.len() > 3);
    let left: std::collections::HashSet<String> = place
        .records()
        .iter()
        .flat_map(|r| r["images"].as_array().unwrap().clone())
        .map(|image| image["url"].to_string())
        .collect();
    let warc = unpacked(&place);
    for image in images.difference(&left) {
        let line = format!("WARC-Target-URI: {}\r\n", image.trim_matches('"'));
        assert!(!warc.contains(&line), "{image} is still there");
    }
    place.expect(0, &["rebuild"]);
    place.expect(0, &["verify", "--deep"]);
}
