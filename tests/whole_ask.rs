//! `khobao audit --ask`: what the known URLs of missing article numbers answer now.

mod common;
#[path = "common/web.rs"]
mod web;

use common::Place;
use khobao::portal::{Canned, Portal, PortalConfig};
use serde_json::Value;

fn gone() -> Canned {
    Canned::html(404, "<h1>404 Not Found</h1>")
}

/// The outcomes of the known URLs of missing numbers, by URL.
fn gaps(place: &Place, more: &[&str]) -> Vec<(String, String)> {
    let args = [&["audit", "--format", "json"][..], more].concat();
    let audit: Value = serde_json::from_str(&place.expect(0, &args)).unwrap();
    let gaps = audit["sites"][0]["ids"]["gaps"]["items"]
        .as_array()
        .unwrap()
        .clone();
    let known = gaps.iter().flat_map(|gap| gap["known"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    known
        .map(|known| (text(&known["url"]), text(&known["outcome"])))
        .collect()
}

#[test]
fn missing_numbers_are_asked_for_and_nothing_else() {
    let portal = Portal::start(PortalConfig {
        traps: false,
        same_time: 0,
        ..PortalConfig::with_articles(40)
    })
    .unwrap();
    let truth = portal.truth();
    let mut ids: Vec<(u32, String)> = truth.iter().map(|t| (t.id, t.url.clone())).collect();
    ids.sort();
    let missing: Vec<String> = ids[10..13].iter().map(|(_, url)| url.clone()).collect();
    for url in &missing {
        portal.set_answer(&web::path(url), gone(), usize::MAX);
    }
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    assert_eq!(place.records().len(), 37);
    let before = gaps(&place, &[]);
    assert_eq!(before.len(), 3);
    // One is there again, one redirects home, one is as it was.
    portal.clear_answer(&web::path(&missing[0]));
    portal.set_answer(
        &web::path(&missing[1]),
        Canned::redirect(302, "/"),
        usize::MAX,
    );
    portal.forget_hits();
    let after = gaps(&place, &["--ask"]);
    let mut asked = web::paths(&portal);
    asked.retain(|path| path != "/robots.txt");
    asked.sort();
    let mut wanted: Vec<String> = missing.iter().map(|url| web::path(url)).collect();
    wanted.sort();
    assert_eq!(asked, wanted);
    let of = |url: &String| {
        after
            .iter()
            .find(|(known, _)| known == url)
            .map(|(_, why)| why.as_str())
    };
    assert_eq!(of(&missing[0]), None);
    assert_eq!(of(&missing[1]), Some("redirect_home"));
    assert_eq!(of(&missing[2]), Some("expired"));
    assert_eq!(place.records().len(), 38);

    // At most as many as were named; an audit alone asks nothing; the next crawl is an update.
    portal.forget_hits();
    gaps(&place, &["--ask", "1"]);
    assert_eq!(
        portal
            .hits()
            .iter()
            .filter(|hit| hit.path_and_query != "/robots.txt")
            .count(),
        1
    );
    portal.forget_hits();
    gaps(&place, &[]);
    assert!(portal.hits().is_empty());
    place.expect(0, &["crawl"]);
    assert_eq!(place.report()["mode"], "update");
    let before = place.expect(0, &["export"]);
    place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(place.expect(0, &["export"]), before);
}
