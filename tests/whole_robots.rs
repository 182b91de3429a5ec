//! robots.txt that redirects, that is refused, that is not there, and that changes.

mod common;
#[path = "common/web.rs"]
mod web;

use chrono::{TimeDelta, Utc};
use common::Place;
use common::clock::crawl_at;
use khobao::portal::{Canned, Portal, PortalConfig};
use serde_json::json;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use web::{captures, path, paths};

fn portal(articles: usize) -> Portal {
    Portal::start(PortalConfig::with_articles(articles)).unwrap()
}

/// How often the portal was asked for a path.
fn asked(portal: &Portal, wanted: &str) -> usize {
    paths(portal).iter().filter(|path| *path == wanted).count()
}

#[test]
fn a_redirect_of_robots_to_an_article_or_a_listing_costs_neither() {
    for listing in [false, true] {
        let portal = portal(40);
        // The oldest article: nothing but the lists and its neighbours lead there.
        let article = path(&portal.truth()[0].url);
        let target = if listing {
            article.rsplit_once('/').unwrap().0.to_owned() + "/"
        } else {
            article
        };
        portal.set_answer("/robots.txt", Canned::redirect(302, &target), usize::MAX);
        let place = Place::new(&portal.base(), "capture = [\"pages\"]");
        place.expect(0, &["crawl"]);
        // Such rules forbid nothing: the page below /noi-bo/ is an article, too.
        assert_eq!(place.records().len(), 41, "{target}");
        assert_eq!(place.outcome("new"), 41);
        assert_eq!(asked(&portal, &target), 2, "as rules, and as a page");
        assert_eq!(place.outcome("robots"), 2, "{:#}", place.report());
        let url = portal.base() + target.trim_start_matches('/');
        let found = captures(&place);
        let tasks_of = |uri: &str| -> Vec<(&str, u16)> {
            let of = found.iter().filter(|capture| capture.uri == uri);
            of.map(|capture| (&*capture.task, capture.status)).collect()
        };
        let robots = portal.base() + "robots.txt";
        assert_eq!(tasks_of(&robots), [("robots", 302)]);
        let own = if listing { "listing" } else { "article" };
        assert_eq!(tasks_of(&url), [("robots", 200), (own, 200)]);
        // Each page stands under its own URL, both hops under robots.txt.
        place.expect(0, &["verify"]);
        place.expect(0, &["rebuild"]);
        assert_eq!(place.records().len(), 41);
    }
}

#[test]
fn rules_are_asked_for_again_after_refusals_and_then_obeyed() {
    for status in [200, 429] {
        let portal = portal(20);
        portal.set_answer("/robots.txt", Canned::flood(status, 2), 1);
        let place = Place::new(&portal.base(), "capture = [\"pages\"]");
        let begun = Instant::now();
        place.expect(0, &["crawl"]);
        if status == 429 {
            let hits = portal.hits();
            let wait = Duration::from_micros(hits[1].at_micros - hits[0].at_micros);
            assert!(wait >= Duration::from_secs(2), "Retry-After: {wait:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(60));
        let first = paths(&portal);
        assert_eq!(first[..2], ["/robots.txt", "/robots.txt"], "{status}");
        assert_eq!(asked(&portal, "/robots.txt"), 2);
        assert!(!first.iter().any(|path| path.starts_with("/noi-bo/")));
        assert!(place.outcome("robots_denied") > 0);
        assert_eq!(place.records().len(), 20);
        let found = captures(&place);
        let robots = found.iter().filter(|c| c.uri.ends_with("/robots.txt"));
        let kept: Vec<_> = robots.map(|c| (c.status, c.text())).collect();
        assert!(
            matches!(&kept[..], [(200, rules)] if rules.contains("Disallow: /noi-bo/")),
            "{kept:?}"
        );
        assert!(!found.iter().any(|c| c.text().contains("floodblocker")));
    }
}

#[test]
fn a_site_with_nothing_but_flood_pages_for_rules_is_parked() {
    for status in [200, 429] {
        let portal = portal(10);
        portal.set_answer("/robots.txt", Canned::flood(status, 1), usize::MAX);
        let place = Place::new(&portal.base(), "");
        place.expect(3, &["crawl"]);
        let asked = paths(&portal);
        assert!(asked.iter().all(|path| path == "/robots.txt"), "{asked:?}");
        assert!((2..10).contains(&asked.len()), "{asked:?}");
        let report = place.report();
        let why = report["parked"].as_str().unwrap_or_default();
        assert!(why.contains("robots.txt"), "{report:#}");
        assert_eq!(place.records().len(), 0);
        // Not even when it is started again soon: what is known is good for ten minutes.
        portal.clear_answer("/robots.txt");
        place.expect(3, &["crawl"]);
        assert_eq!(place.records().len(), 0);
    }
}

/// An address on loopback where nobody listens.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.3:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[test]
fn a_further_host_without_rules_is_no_reason_to_leave_the_main_one() {
    let portal = portal(40);
    let dead = closed();
    let extra = format!(
        "capture = [\"pages\"]\nhosts = [\"127.0.0.3\"]\n\
         seeds = [\"{dead}tin-tuc/bai-cu-7.html\", \"/\", \"{dead}tin-tuc/\"]"
    );
    let place = Place::new(&portal.base(), &extra);
    place.expect(3, &["crawl"]);
    let report = place.report();
    assert_eq!(place.records().len(), 40, "{report:#}");
    assert_eq!(report["outcomes"]["robots_unreachable"], 2, "{report:#}");
    assert_eq!(report["parked"], json!(null), "{report:#}");
}

/// `khobao crawl`, some time from now.
fn crawl_ahead(place: &Place, ahead: TimeDelta) {
    let report = crawl_at(place, Utc::now() + ahead);
    assert_eq!(report.end.as_deref(), Some("done"));
}

#[test]
fn what_was_forbidden_is_fetched_by_the_next_run_once_it_is_allowed() {
    let portal = portal(20);
    let denied = portal.truth()[7].clone();
    let rules = "User-agent: *\nDisallow: /noi-bo/\n";
    let more = format!("{rules}Disallow: {}\n", path(&denied.url));
    portal.set_answer(
        "/robots.txt",
        Canned::new(200, "text/plain", more),
        usize::MAX,
    );
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    assert_eq!(place.records().len(), 19);
    assert_eq!(asked(&portal, &path(&denied.url)), 0);
    let denials = place.outcome("robots_denied");
    assert!(denials > 1, "{:#}", place.report());
    let open = Canned::new(200, "text/plain", rules);
    portal.set_answer("/robots.txt", open, usize::MAX);
    // The rules are good for a day: within it the next run keeps to them.
    place.expect(0, &["crawl"]);
    assert_eq!(asked(&portal, &path(&denied.url)), 0);
    assert_eq!(asked(&portal, "/robots.txt"), 1);
    crawl_ahead(&place, TimeDelta::hours(25));
    assert_eq!(asked(&portal, "/robots.txt"), 2);
    let records = place.records();
    assert!(
        records.iter().any(|record| record["url"] == denied.url),
        "{:#}",
        place.report()
    );
    assert_eq!(records.len(), 20);
    assert_eq!(place.outcome("robots_denied"), denials - 1);
}
