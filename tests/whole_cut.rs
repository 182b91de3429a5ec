//! Bodies that end early inside their content coding, and lists that do not end at all.

mod common;
#[path = "common/web.rs"]
mod web;

use common::Place;
use khobao::portal::{Canned, Portal, PortalConfig};
use std::io::Write as _;
use web::{get, path};

fn gzip(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

fn packed(bytes: &[u8]) -> Canned {
    Canned::html(200, bytes).with("content-encoding", "gzip")
}

#[test]
fn part_of_a_page_is_no_article_and_no_revision() {
    let portal = Portal::start(PortalConfig {
        traps: false,
        ..PortalConfig::with_articles(12)
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    let truth = portal.truth();
    let page = |n: usize| path(&truth[n].url);
    let cut = |n: usize, left: fn(usize) -> usize| {
        let whole = gzip(&get(&truth[n].url));
        packed(&whole[..left(whole.len())])
    };
    // One is cut from the first time on; one comes without its checksum, and is whole.
    portal.set_answer(&page(1), cut(1, |all| all / 2), usize::MAX);
    portal.set_answer(&page(2), cut(2, |all| all - 8), usize::MAX);
    place.expect(3, &["crawl"]);
    assert_eq!(place.records().len(), 11);
    assert!(place.outcome("protocol_error") > 0);
    portal.clear_answer(&page(1));
    place.expect(0, &["crawl"]);
    let records = place.records();
    assert_eq!(records.len(), 12);
    // Once is chance: it is asked for again at once.
    portal.set_answer(&page(3), cut(3, |all| all / 2), 1);
    place.expect(0, &["crawl", "--full"]);
    // Always is a fault: what was there stays.
    portal.set_answer(&page(4), cut(4, |all| all / 2), usize::MAX);
    place.expect(3, &["crawl", "--full"]);
    for (before, after) in records.iter().zip(place.records()) {
        assert_eq!(before["text"], after["text"]);
        assert_eq!(after["revision"], 1);
    }
    let export = place.expect(0, &["export"]);
    place.expect(0, &["rebuild"]);
    assert_eq!(place.expect(0, &["export"]), export);
    place.expect(0, &["verify", "--deep"]);
}

#[test]
fn a_list_that_turns_in_a_circle_is_left() {
    let portal = Portal::start(PortalConfig {
        traps: false,
        sitemap: false,
        rss: false,
        ..PortalConfig::with_articles(9)
    })
    .unwrap();
    let three: String = portal.truth()[..3]
        .iter()
        .map(|article| format!("<h3><a href=\"{}\">{}</a></h3>", article.url, article.title))
        .collect();
    // (Of other items each page: those are read to the last.)
    for n in 1..=60 {
        let next = n + 1;
        let items = match n {
            1..30 => format!("<h3><a href=\"/tin-tuc/khong-co-{n}.html\">{n}</a></h3>"),
            _ => three.clone(),
        };
        let list = format!(
            "<html><head><title>Tin</title><meta name=\"generator\" content=\"NukeViet v4.5\"></head>\
             <body><div class=\"news_column\">{items}</div>\
             <ul class=\"pagination\"><li><a href=\"/vong/page-{next}/\">&raquo;</a></li></ul></body></html>"
        );
        let path = match n {
            1 => "/vong/".to_owned(),
            n => format!("/vong/page-{n}/"),
        };
        portal.set_answer(&path, Canned::html(200, list), usize::MAX);
    }
    let place = Place::new(
        &portal.base(),
        "capture = [\"pages\"]\nseeds = [\"/\", \"/vong/\"]",
    );
    place.expect(0, &["crawl"]);
    let asked = |n: u32| {
        let page = format!("/vong/page-{n}/");
        portal.hits().iter().any(|hit| hit.path_and_query == page)
    };
    assert!((2..=35).all(asked));
    assert!(!asked(45));
    assert_eq!(place.records().len(), 9);
}
