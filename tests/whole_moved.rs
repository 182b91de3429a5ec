//! Portals that move: another host, another path, two that become one (`formerly`).

mod common;

use common::Place;
use khobao::portal::{Canned, Change, Draft, Portal, PortalConfig};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A portal with the content of every other one with this seed and size.
fn portal(articles: usize, seed: u64) -> Portal {
    Portal::start(PortalConfig {
        articles,
        seed,
        same_time: 0,
        ..PortalConfig::default()
    })
    .unwrap()
}

/// Writes the tables of sites: id, base, further lines.
fn configure(place: &Place, sites: &[(&str, &str, &str)]) {
    let mut text = "[archive]\npath = \"archive\"\n".to_owned();
    for (id, base, extra) in sites {
        let _ = write!(
            text,
            "[[sites]]\nid = \"{id}\"\nbase = \"{base}\"\nprofile = \"nukeviet\"\npace = \"0s\"\n\
             concurrency = 4\nallow_private = true\ncapture = [\"pages\"]\n{extra}\n"
        );
    }
    std::fs::write(place.config(), text).unwrap();
}

fn formerly(bases: &[&str]) -> String {
    format!("formerly = {bases:?}")
}

/// Records by the path of their first URL and that URL's port.
fn by_url(place: &Place) -> BTreeMap<String, Value> {
    let records = place.records().into_iter();
    records
        .map(|record| (record["url"].as_str().unwrap().to_owned(), record))
        .collect()
}

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or_default()
}

fn has_alias(record: &Value, url: &str) -> bool {
    record["aliases"].as_array().unwrap().iter().any(|a| a == url)
}

/// An index that is made again says the same.
fn rebuilt(place: &Place) -> String {
    let before = place.expect(0, &["export"]);
    place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(place.expect(0, &["export"]), before);
    let found = place.expect(0, &["verify", "--deep"]);
    assert!(found.contains(" 0 damaged"), "{found}");
    before
}

fn figure(place: &Place, args: &[&str], code: i32) -> Value {
    let args = [&["audit", "--format", "json"][..], args].concat();
    serde_json::from_str(&place.expect(code, &args)).unwrap()
}

/// How many addresses the archived articles have: of those that have moved, the new ones.
fn addresses(records: &BTreeMap<String, Value>, new: &str) -> u64 {
    let of = |record: &Value| {
        let aliases = record["aliases"].as_array().unwrap();
        let own = aliases.iter().filter(|url| url.as_str().unwrap().starts_with(new));
        match record["moved_to"].is_string() {
            true => own.count() as u64,
            false => 1 + aliases.len() as u64,
        }
    };
    records.values().map(of).sum()
}

fn place() -> Place {
    Place::new("http://127.0.0.1:9/", "")
}

#[test]
fn a_portal_at_another_host_goes_on_with_its_records() {
    let old = portal(60, 7);
    let place = place();
    configure(&place, &[("tinh", &old.base(), "")]);
    place.expect(0, &["crawl"]);
    let before = by_url(&place);
    let asked = old.hits().len();

    // What the editors did while nobody looked.
    let new = portal(60, 7);
    let truth = new.truth();
    let plain: Vec<_> = truth
        .iter()
        .filter(|t| t.aliases.is_empty() && t.paragraphs().len() == t.blocks.len())
        .collect();
    let (retitled, edited, deleted) = (plain[0], plain[1], plain[2]);
    new.edit(retitled.id, Change::Title("Tên khác hẳn của bài".into()));
    new.edit(edited.id, Change::Append("Một đoạn nữa của bài.".into()));
    new.delete(deleted.id);
    let fresh = new.publish(Draft::new("Bài đầu tiên ở nhà mới", "Mở đầu", &["Đoạn một."]));
    let moved = formerly(&[&old.base()]);
    configure(&place, &[("tinh", &new.base(), &moved)]);
    place.expect(0, &["crawl"]);
    assert_eq!(old.hits().len(), asked, "the old host was asked");

    let after = by_url(&place);
    assert_eq!(after.len(), before.len() + 1);
    let at_old = |url: &str| url.replace(&new.base(), &old.base());
    for t in new.truth().iter().filter(|t| t.id != fresh) {
        let record = &after[&at_old(&t.url)];
        assert_eq!(record["id"], before[&at_old(&t.url)]["id"]);
        assert_eq!(text(record, "moved_to"), t.url);
        assert!(has_alias(record, &t.url));
        let revisions = 1 + u64::from([retitled.id, edited.id].contains(&t.id));
        assert_eq!(record["revisions"], revisions, "{}", t.url);
        assert!(record["gone"].is_null(), "{}", t.url);
        assert_eq!(text(record, "title"), t.title);
    }
    let first = new.truth().into_iter().find(|t| t.id == fresh).unwrap();
    assert!(after[&first.url]["moved_to"].is_null());
    rebuilt(&place);

    // Either URL names it.
    let (was, is) = (at_old(&edited.url), edited.url.as_str());
    for name in [was.as_str(), is] {
        assert!(place.expect(0, &["show", name]).contains("Một đoạn nữa"));
        let history = place.expect(0, &["history", name, "--json"]);
        assert_eq!(history.lines().count(), 2, "{history}");
        assert!(place.expect(0, &["cdx", name]).contains("\"200\""));
    }

    // The audit counts what is at both addresses once.
    let audit = figure(&place, &[], 0);
    assert_eq!(audit["figure"]["archived"], addresses(&after, &new.base()));
    assert_eq!(audit["figure"]["unexplained"], 0);
    assert_eq!(audit["sites"].as_array().unwrap().len(), 1);

    // What was not carried over is looked for once at the new address, and is gone.
    place.expect(0, &["crawl", "--full"]);
    let after = by_url(&place);
    for (url, record) in &after {
        let gone = *url == at_old(&deleted.url);
        assert_eq!(record["gone"].is_string(), gone, "{url}");
    }
    assert_eq!(old.hits().len(), asked);
    let hits = new.hits().len();
    place.expect(0, &["crawl"]);
    let quiet = new.hits().len() - hits;
    assert!(quiet < 60, "{quiet} requests in a quiet night");
    rebuilt(&place);

    // Withdrawn by one URL is withdrawn by both.
    place.expect(0, &["withdraw", is, "--reason", "thử"]);
    for name in [was.as_str(), is] {
        assert!(place.expect(0, &["show", name]).contains("\"withdrawn\""));
    }
    place.expect(0, &["crawl", "--full"]);
    assert_eq!(by_url(&place).len(), after.len() - 1);
    rebuilt(&place);
}
