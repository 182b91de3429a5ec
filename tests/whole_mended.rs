//! What goes wrong with single URLs is mended by the next run, and one article stays one record.

mod common;
#[path = "common/web.rs"]
mod web;

use common::Place;
use khobao::extract::fields::text::normal;
use khobao::portal::{Canned, Change, Portal, PortalConfig, TruthArticle};
use serde_json::{Value, json};
use std::collections::HashSet;
use web::{captures, get, path, paths};

fn portal(articles: usize) -> Portal {
    Portal::start(PortalConfig::with_articles(articles)).unwrap()
}

fn asked(portal: &Portal, wanted: &str) -> usize {
    paths(portal).iter().filter(|path| *path == wanted).count()
}

fn record(place: &Place, url: &str) -> Option<Value> {
    let mut found = place.records().into_iter();
    found.find(|record| record["url"] == url)
}

/// An article of plain paragraphs in one category.
fn plain(portal: &Portal) -> TruthArticle {
    let mut all = portal.truth().into_iter();
    all.find(|t| {
        t.aliases.is_empty() && t.paragraphs().len() > 2 && t.paragraphs().len() == t.blocks.len()
    })
    .unwrap()
}

#[test]
fn a_url_that_is_always_refused_as_a_flood_does_not_stall_the_site() {
    let portal = portal(24);
    let stubborn = path(&portal.truth()[14].url);
    portal.set_answer(&stubborn, Canned::flood(200, 1), usize::MAX);
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl", "--max-time", "3m"]);
    let report = place.report();
    assert_eq!(place.records().len(), 23, "{report:#}");
    assert_eq!(report["outcomes"]["flood"], 1, "{report:#}");
    assert_eq!(report["parked"], json!(null), "{report:#}");
    let attempts = asked(&portal, &stubborn);
    assert!((2..=10).contains(&attempts), "{attempts}");
    let runs: Value = serde_json::from_str(&place.expect(0, &["runs", "show", "--json"])).unwrap();
    assert_eq!(runs["end"], "done", "it must not wait for --max-time");
    let found = captures(&place);
    assert!(!found.iter().any(|c| c.text().contains("floodblocker")));
    portal.clear_answer(&stubborn);
    // Start pages come first, and the pace that was learned is slow: a few requests do.
    place.expect(0, &["crawl", "--max-pages", "5"]);
    assert_eq!(place.records().len(), 24, "{:#}", place.report());
}

#[test]
fn a_forbidden_article_is_tried_again_by_the_next_run() {
    let portal = portal(40);
    let refused = portal.truth()[11].url.clone();
    let page = Canned::html(403, "<h1>403 Forbidden</h1>");
    portal.set_answer(&path(&refused), page, usize::MAX);
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    assert_eq!(place.outcome("http_error"), 1, "{:#}", place.report());
    assert_eq!(place.records().len(), 39);
    // Still refused: asked once more, and not forgotten.
    place.expect(0, &["crawl"]);
    assert_eq!(place.outcome("http_error"), 1, "{:#}", place.report());
    assert_eq!(asked(&portal, &path(&refused)), 2);
    portal.clear_answer(&path(&refused));
    place.expect(0, &["crawl"]);
    assert_eq!(place.report()["mode"], "update");
    assert!(record(&place, &refused).is_some(), "{:#}", place.report());
    assert_eq!(place.records().len(), 40);
}

#[test]
fn a_crawl_since_a_day_is_not_taken_for_a_whole_one() {
    let config = PortalConfig {
        same_time: 0,
        ..PortalConfig::with_articles(300)
    };
    let portal = Portal::start(config).unwrap();
    let mut days: Vec<String> = portal
        .truth()
        .iter()
        .map(|t| t.published[..10].to_owned())
        .collect();
    days.sort();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl", "--since", &days[270]]);
    let young = place.records().len();
    assert!((30..250).contains(&young), "{young}");
    place.expect(0, &["crawl"]);
    assert_eq!(place.report()["mode"], "full");
    assert_eq!(place.records().len(), 300, "{:#}", place.report());
    // Only now the site is known whole.
    place.expect(0, &["crawl"]);
    assert_eq!(place.report()["mode"], "update");
}

/// The article's page as another URL would show it: nothing says where the article belongs.
fn copy(article: &TruthArticle) -> Canned {
    let page = get(&article.url);
    let (before, rest) = page.split_once("<link rel=\"canonical\"").unwrap();
    let (_, after) = rest.split_once('>').unwrap();
    Canned::html(200, format!("{before}{after}"))
}

#[test]
fn an_alias_stays_an_alias_when_the_article_is_edited() {
    let portal = portal(30);
    let article = plain(&portal);
    let folder = path(&article.url);
    let (folder, _) = folder.rsplit_once('/').unwrap();
    let alias = format!("{folder}/bai-dang-lai-90001.html");
    portal.set_answer(&alias, copy(&article), usize::MAX);
    let extra = format!("capture = [\"pages\"]\nseeds = [\"/\", \"{alias}\"]");
    let place = Place::new(&portal.base(), &extra);
    place.expect(0, &["crawl"]);
    assert_eq!(place.outcome("new"), 30, "{:#}", place.report());
    assert_eq!(place.outcome("alias"), 1, "{:#}", place.report());
    // Which of the two is the record depends on which came first.
    let both = [portal.base() + &alias[1..], article.url.clone()];
    let (url, other) = match record(&place, &both[0]) {
        Some(_) => (&both[0], &both[1]),
        None => (&both[1], &both[0]),
    };
    let aliases = |place: &Place| record(place, url).unwrap()["aliases"].clone();
    assert_eq!(aliases(&place), json!([other]));
    assert!(portal.edit(
        article.id,
        Change::Paragraph(1, "Đoạn này đã được viết lại.".into())
    ));
    portal.set_answer(&alias, copy(&article), usize::MAX);
    place.expect(0, &["crawl", "--full"]);
    let report = place.report();
    assert_eq!(report["outcomes"]["new"], json!(null), "{report:#}");
    assert_eq!(report["outcomes"]["revision"], 1, "{report:#}");
    assert_eq!(place.records().len(), 30);
    assert_eq!(record(&place, url).unwrap()["revision"], 2);
    assert_eq!(aliases(&place), json!([other]));
    // Either name shows it.
    for name in &both {
        let shown: Value = serde_json::from_str(&place.expect(0, &["show", name])).unwrap();
        assert_eq!(
            normal(shown["body"][1]["text"].as_str().unwrap()),
            "Đoạn này đã được viết lại."
        );
    }
    place.expect(0, &["verify"]);
}

#[test]
fn every_form_of_an_address_is_one_record() {
    let portal = portal(30);
    let article = plain(&portal);
    let path = path(&article.url);
    let op = path.trim_matches('/').strip_suffix(".html").unwrap();
    let escaped = op.replace('/', "%2F");
    let lower = op.replace('/', "%2f");
    let forms = [
        format!("{path}?utm_source=zalo&utm_medium=social"),
        format!("{path}?fbclid=IwAR0abc"),
        format!("{path}?zarsrc=30#binh-luan"),
        format!("{path}?PHPSESSID=a1b2c3"),
        format!("/{}", path.trim_start_matches('/').replacen('/', "//", 1)),
        format!("/index.php?language=vi&nv=news&op={op}"),
        format!("/index.php?nv=news&language=vi&op={escaped}"),
        format!("/index.php?op={lower}&nv=news&language=vi&utm_source=x"),
        format!("/index.php?language=vi&nv=news&op={escaped}.html"),
    ];
    let quoted: Vec<String> = forms.iter().map(|form| format!("{form:?}")).collect();
    for first in [true, false] {
        // Met before the article's own address, and after it.
        let home = "\"/\"".to_owned();
        let mut seeds = quoted.clone();
        seeds.insert(if first { 0 } else { seeds.len() }, home);
        let extra = format!("capture = [\"pages\"]\nseeds = [{}]", seeds.join(", "));
        let place = Place::new(&portal.base(), &extra);
        portal.forget_hits();
        place.expect(0, &["crawl"]);
        let records = place.records();
        assert_eq!(records.len(), 30, "{:#}", place.report());
        let found = record(&place, &article.url).unwrap();
        assert_eq!(found["revision"], 1, "{found:#}");
        let aliases: HashSet<&str> = found["aliases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|alias| alias.as_str().unwrap())
            .collect();
        assert!(!aliases.is_empty() && aliases.len() <= 3, "{aliases:?}");
        assert!(aliases.iter().all(|alias| alias.contains("index.php?")));
        // What only trackers tell apart is one request.
        assert_eq!(asked(&portal, &path), 1);
        let tracked = paths(&portal);
        for tracker in ["utm_", "fbclid", "zarsrc", "PHPSESSID", "//"] {
            assert!(
                !tracked.iter().any(|path| path.contains(tracker)),
                "{tracker}"
            );
        }
        for form in &forms {
            let url = portal.base() + &form[1..];
            let shown: Value = serde_json::from_str(&place.expect(0, &["show", &url])).unwrap();
            assert_eq!(shown["url"], article.url, "{form}");
        }
    }
}

#[test]
fn flood_pages_in_place_of_images_are_not_stored() {
    let portal = portal(25);
    let images: Vec<String> = portal
        .truth()
        .iter()
        .flat_map(|t| t.images.iter().map(|image| path(&image.url)))
        .collect();
    let (soon, busy) = (&images[0], &images[3]);
    portal.set_answer(soon, Canned::flood(200, 1), 1);
    portal.set_answer(busy, Canned::flood(429, 1), 1);
    let place = Place::new(&portal.base(), "capture = [\"pages\", \"images\"]");
    place.expect(0, &["crawl", "--max-time", "3m"]);
    assert_eq!(place.report()["retries"]["flood"], 2);
    assert_eq!(place.records().len(), 25);
    let found = captures(&place);
    let stored = |image: &str| -> Vec<(u16, &str)> {
        let of = found.iter().filter(|capture| capture.uri.ends_with(image));
        of.map(|capture| (capture.status, &*capture.content_type))
            .collect()
    };
    assert_eq!(stored(soon), [(200, "image/png")]);
    assert_eq!(stored(busy), [(200, "image/png")]);
    assert!(!found.iter().any(|c| c.text().contains("floodblocker")));
}
