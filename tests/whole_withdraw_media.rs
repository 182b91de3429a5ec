//! An image whose bytes stand under several URLs goes with the last article that shows them.

mod common;

use common::{Place, copy, unpacked};
use khobao::portal::{Canned, Portal, PortalConfig};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

const MARK: &str = "anh-chup-nguoi-dan";

/// An archive in which two articles show the same bytes under two URLs; the articles' ids.
fn crawled() -> (Portal, Place, [String; 2]) {
    let portal = Portal::start(PortalConfig {
        // Each answer is committed before the next: the second image meets the first.
        latency: Duration::from_millis(110),
        ..PortalConfig::with_articles(8)
    })
    .unwrap();
    let scout = Place::new(&portal.base(), "capture = [\"pages\"]");
    scout.expect(0, &["crawl"]);
    let records = scout.records();
    let images = |record: &Value| -> Vec<String> {
        let images = record["images"].as_array().unwrap().iter();
        let urls = images.map(|image| image["url"].as_str().unwrap().to_owned());
        urls.filter(|url| url.starts_with(&portal.base())).collect()
    };
    let mut shown: BTreeMap<String, usize> = BTreeMap::new();
    for url in records.iter().flat_map(images) {
        *shown.entry(url).or_default() += 1;
    }
    let mut ids = Vec::new();
    for record in &records {
        let own = images(record).into_iter().find(|url| shown[url] == 1);
        if let Some(url) = own.filter(|_| ids.len() < 2) {
            let path = format!("/{}", url[portal.base().len()..].trim_start_matches('/'));
            let body = format!("\u{89}PNG {MARK}");
            portal.set_answer(&path, Canned::new(200, "image/png", body), 1000);
            ids.push(record["id"].as_str().unwrap().to_owned());
        }
    }
    let extra = "capture = [\"pages\", \"images\"]\nconcurrency = 1";
    let place = Place::new(&portal.base(), extra);
    place.expect(0, &["crawl"]);
    assert_eq!(marks(&place), 1, "the second is a revisit of the first");
    (portal, place, ids.try_into().unwrap())
}

fn marks(place: &Place) -> usize {
    unpacked(place).matches(MARK).count()
}

fn withdraw(place: &Place, id: &str, erase: bool) -> String {
    let mut args = vec!["withdraw", id, "--reason", "thử"];
    args.extend(erase.then_some("--erase"));
    place.expect(0, &args)
}

fn sound(place: &Place) {
    for _ in 0..2 {
        let found = place.expect(0, &["verify", "--deep"]);
        assert!(found.contains(" 0 damaged"), "{found}");
        place.expect(0, &["rebuild", "--discard-old"]);
    }
}

#[test]
fn the_last_article_that_shows_the_bytes_takes_all_of_them_along() {
    let (portal, first, mut ids) = crawled();
    let second = Place::new(&portal.base(), "");
    copy(&first.archive(), &second.archive());
    for place in [first, second] {
        let out = withdraw(&place, &ids[0], true);
        assert!(out.contains("1 images or attachments stay"), "{out}");
        assert_eq!(marks(&place), 1);
        sound(&place);
        let out = withdraw(&place, &ids[1], true);
        assert!(!out.contains("attachments stay"), "{out}");
        assert_eq!(marks(&place), 0);
        sound(&place);
        ids.reverse();
    }
}

#[test]
fn what_was_left_goes_when_the_command_is_repeated() {
    let (_portal, place, ids) = crawled();
    withdraw(&place, &ids[0], false);
    withdraw(&place, &ids[1], true);
    assert_eq!(marks(&place), 1, "the first was not to be erased");
    let out = withdraw(&place, &ids[1], false);
    assert!(out.contains("its captures were erased then"), "{out}");
    let out = withdraw(&place, &ids[0], false);
    assert!(out.contains("its captures stay"), "{out}");
    withdraw(&place, &ids[0], true);
    assert_eq!(marks(&place), 0);
    sound(&place);
}
