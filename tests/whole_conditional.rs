//! Conditional requests: only where a site's validators have proved honest, and never at the cost
//! of an edit.

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::Place;
use common::clock::crawl_at;
use khobao::archive::Archive;
use khobao::domain::SiteId;
use khobao::portal::{Change, Hit, Portal, PortalConfig, Versions};

const ARTICLES: usize = 120;

/// A portal whose articles are long out of the feeds, and a site that visits all it can.
fn begin(versions: Versions) -> (Portal, Place, DateTime<Utc>) {
    let portal = Portal::start(PortalConfig {
        traps: false,
        same_time: 0,
        sitemap: false,
        ..PortalConfig::with_articles(ARTICLES)
    })
    .unwrap();
    portal.set_versions(versions);
    let place = Place::new(
        &portal.base(),
        "drift = false\ncapture = [\"pages\"]\nrevisit = 1000",
    );
    let now: DateTime<Utc> = "2031-07-01T02:00:00Z".parse().unwrap();
    crawl_at(&place, now);
    (portal, place, now)
}

fn condition(hit: &Hit) -> Option<&str> {
    let mut headers = hit.headers.iter();
    let found = headers.find(|(name, _)| name == "if-none-match" || name == "if-modified-since");
    let article = hit.path_and_query.ends_with(".html");
    found.filter(|_| article).map(|(name, _)| name.as_str())
}

/// What the article pages of the last crawl were asked with, and how many were not sent.
fn asked(portal: &Portal) -> (usize, usize, usize) {
    let hits = portal.hits();
    let pages = || {
        hits.iter()
            .filter(|hit| hit.path_and_query.ends_with(".html"))
    };
    let on_condition = pages().filter(|hit| condition(hit).is_some()).count();
    let spared = pages().filter(|hit| hit.status == 304).count();
    (pages().count(), on_condition, spared)
}

/// One crawl every four hundred days, before each of which the articles at these places (from the
/// oldest) are edited: every article is due.
fn years(portal: &Portal, place: &Place, now: &mut DateTime<Utc>, edits: &[&[usize]]) {
    let mut order = portal.truth();
    order.sort_by(|a, b| a.published.cmp(&b.published));
    for (year, edited) in edits.iter().enumerate() {
        for at in *edited {
            let text = format!("Câu thêm vào lượt {year} lúc {now}.");
            assert!(portal.edit(order[*at].id, Change::Append(text)));
        }
        portal.forget_hits();
        *now += TimeDelta::days(400);
        crawl_at(place, *now);
    }
}

fn revision_of(portal: &Portal, place: &Place, at: usize) -> u64 {
    let mut order = portal.truth();
    order.sort_by(|a, b| a.published.cmp(&b.published));
    let records = place.records();
    let mut records = records.iter();
    let record = records.find(|r| r["url"] == *order[at].url).unwrap();
    record["revision"].as_u64().unwrap()
}

#[test]
fn honest_validators_spare_the_transfer_and_no_edit() {
    for (versions, name) in [
        (Versions::Tags, "if-none-match"),
        (Versions::Dates, "if-modified-since"),
    ] {
        let (portal, place, mut now) = begin(versions);
        // Nothing is proved: no condition.
        years(&portal, &place, &mut now, &[&[]]);
        let (pages, on_condition, _) = asked(&portal);
        assert!(pages >= ARTICLES, "{pages}");
        assert_eq!(on_condition, 0, "{versions:?}");
        // Three articles have another validator and the others the same: that is enough.
        years(&portal, &place, &mut now, &[&[1, 2, 3]]);
        years(&portal, &place, &mut now, &[&[4, 5]]);
        let (pages, on_condition, spared) = asked(&portal);
        assert!(
            on_condition > ARTICLES / 2 && on_condition < pages,
            "{on_condition} of {pages}"
        );
        let hits = portal.hits();
        assert!(hits.iter().filter_map(condition).all(|sent| sent == name));
        // Both edits were found, and nothing else was sent again.
        assert_eq!(revision_of(&portal, &place, 4), 2);
        assert_eq!(revision_of(&portal, &place, 5), 2);
        assert_eq!(place.outcome("revision"), 2);
        assert_eq!(place.outcome("not_modified"), spared as u64);
        assert!(spared >= on_condition - 2, "{spared} of {on_condition}");
        // Another selection is asked without a condition the next time, and 304 counts as a visit.
        let before: Vec<String> = plain(&portal);
        years(&portal, &place, &mut now, &[&[]]);
        assert_ne!(plain(&portal), before);
        // Nobody would be spared a page that is gone.
        let mut order = portal.truth();
        order.sort_by(|a, b| a.published.cmp(&b.published));
        assert!(portal.delete(order[7].id));
        years(&portal, &place, &mut now, &[&[]]);
        let records = place.records();
        let gone = records.iter().find(|r| r["url"] == *order[7].url).unwrap();
        assert!(gone["gone"].is_string());
        assert_eq!(records.len(), ARTICLES);
        // A rebuild reads the same from the captures: 304 is a revisit record.
        let honesty = |place: &Place| {
            let archive = Archive::open(&place.archive()).unwrap();
            archive.honesty(&SiteId::new("thu").unwrap()).unwrap()
        };
        let export = place.expect(0, &["export"]);
        let learned = honesty(&place);
        assert!(
            learned.etag.holds() != learned.modified.holds(),
            "{learned:?}"
        );
        place.expect(0, &["verify", "--deep"]);
        place.expect(0, &["rebuild"]);
        assert_eq!(place.expect(0, &["export"]), export);
        assert_eq!(honesty(&place), learned);
        place.expect(0, &["verify"]);
        let text = common::unpacked(&place);
        let not_modified =
            "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/server-not-modified";
        assert!(text.matches(not_modified).count() >= spared);
        // A full crawl asks for everything.
        portal.forget_hits();
        place.expect(0, &["crawl", "--full"]);
        assert_eq!(asked(&portal).1, 0);
    }
}

/// The articles that were asked for without a condition.
fn plain(portal: &Portal) -> Vec<String> {
    let mut plain: Vec<String> = portal
        .hits()
        .iter()
        .filter(|hit| hit.path_and_query.ends_with(".html") && condition(hit).is_none())
        .map(|hit| hit.path_and_query.clone())
        .collect();
    plain.sort();
    plain
}

#[test]
fn what_php_says_is_never_believed() {
    let (portal, place, mut now) = begin(Versions::Php);
    for _ in 0..3 {
        years(&portal, &place, &mut now, &[&[1, 2, 3]]);
        assert_eq!(asked(&portal).1, 0);
    }
    assert_eq!(revision_of(&portal, &place, 1), 4);
}

#[test]
fn a_lie_is_found_out_and_what_it_hid_is_read() {
    let (portal, place, mut now) = begin(Versions::Tags);
    years(&portal, &place, &mut now, &[&[1, 2, 3]]);
    // From now on the validators stay, whatever happens.
    portal.set_versions(Versions::Stuck);
    years(&portal, &place, &mut now, &[&[]]);
    let edited: Vec<usize> = (10..ARTICLES - 10).collect();
    years(&portal, &place, &mut now, &[&edited]);
    // The visits without a condition among them find it out at once (one in eight, chosen by the
    // address: that all of a hundred are asked on condition happens once in 600,000 times).
    let (_, on_condition, spared) = asked(&portal);
    assert!(on_condition > 0 && spared > 0);
    assert!(place.outcome("revision") > 0);
    // All that was answered 304 before is due at once.
    portal.forget_hits();
    crawl_at(&place, now + TimeDelta::hours(1));
    assert_eq!(asked(&portal).1, 0);
    for at in edited {
        assert_eq!(revision_of(&portal, &place, at), 2, "{at}");
    }
}
