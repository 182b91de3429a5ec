//! A server that rewrites no addresses: everything is under `/index.php/`, and nowhere else.

mod common;
#[path = "common/web.rs"]
mod web;

use common::Place;
use khobao::portal::{Canned, Portal, PortalConfig};
use std::collections::BTreeSet;
use web::path;

#[test]
fn addresses_are_asked_for_as_the_portal_publishes_them() {
    let portal = Portal::start(PortalConfig {
        front: true,
        traps: false,
        ..PortalConfig::with_articles(60)
    })
    .unwrap();
    let place = Place::new(&portal.base(), "");
    place.expect(0, &["crawl"]);
    let found: BTreeSet<String> = place
        .records()
        .iter()
        .map(|record| path(record["url"].as_str().unwrap()))
        .collect();
    let truth = portal.truth().into_iter();
    let wanted: BTreeSet<String> = truth
        .map(|article| format!("/index.php{}", path(&article.url)))
        .collect();
    assert_eq!(found, wanted);
    for record in place.records() {
        let near = [&record["newer"], &record["older"]];
        let near = near.iter().filter_map(|list| list.as_array()).flatten();
        for url in near {
            assert!(found.contains(&path(url.as_str().unwrap())), "{url}");
        }
    }
    let export = place.expect(0, &["export"]);
    place.expect(0, &["rebuild"]);
    assert_eq!(place.expect(0, &["export"]), export);
    assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
    place.expect(0, &["audit"]);
}

#[test]
fn a_crawl_that_can_read_no_article_says_so() {
    let portal = Portal::start(PortalConfig {
        traps: false,
        ..PortalConfig::with_articles(12)
    })
    .unwrap();
    for article in portal.truth() {
        let bare = Canned::html(200, "<html><body><h1>Bài</h1><p>Chữ.</p></body></html>");
        portal.set_answer(&path(&article.url), bare, usize::MAX);
    }
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    let out = place.run(&["crawl"]);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(3), "{text}");
    assert!(text.contains("none could be read as one"), "{text}");
}
