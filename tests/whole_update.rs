//! Updates: what is new, changed and gone is found with few requests; known articles are visited
//! again as often as the site's changes tell.

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::Place;
use common::clock::crawl_at;
use khobao::portal::{Change, Draft, Portal, PortalConfig};
use std::collections::BTreeSet;

fn draft(number: usize, category: &str) -> Draft {
    let text = format!("Bản tin số {number} được đăng sau khi kho đã đầy đủ.");
    let mut draft = Draft::new(
        &format!("Tin mới số {number} trong ngày"),
        "Tóm tắt ngắn của bản tin mới.",
        &[&text, "Đoạn thứ hai của bản tin nói thêm vài lời."],
    );
    draft.category = category.to_owned();
    draft
}

fn categories(portal: &Portal) -> Vec<String> {
    let category = |url: &String| url.rsplit('/').nth(1).map(str::to_owned);
    let all: BTreeSet<String> = portal
        .truth()
        .iter()
        .filter_map(|article| category(&article.url))
        .collect();
    all.into_iter().collect()
}

fn url_of(portal: &Portal, id: u32) -> String {
    let truth = portal.truth();
    truth.iter().find(|t| t.id == id).unwrap().url.clone()
}

#[test]
fn an_update_of_a_large_portal_needs_few_requests() {
    let articles = std::env::var("KHOBAO_ARTICLES").ok();
    let articles = articles.and_then(|n| n.parse().ok()).unwrap_or(5000);
    let portal = Portal::start(PortalConfig::with_articles(articles)).unwrap();
    let place = Place::new(
        &portal.base(),
        "drift = false\ncapture = [\"pages\"]\nconcurrency = 8",
    );
    place.expect(0, &["crawl"]);
    let before = place.records().len();
    let categories = categories(&portal);
    assert!(categories.len() >= 3, "{categories:?}");
    let mut truth = portal.truth();
    truth.sort_by(|a, b| b.published.cmp(&a.published));
    let (edited, deleted) = (truth[4].clone(), truth[300].clone());
    let new: Vec<u32> = (0..3)
        .map(|n| portal.publish(draft(n, &categories[n % categories.len()])))
        .collect();
    portal.edit(edited.id, Change::Append("Câu được thêm về sau.".into()));
    portal.delete(deleted.id);
    portal.forget_hits();
    place.expect(0, &["crawl", "--update"]);
    let hits = portal.hits();
    // Nothing is due to be visited again so soon.
    let asked: Vec<&str> = hits.iter().map(|hit| hit.path_and_query.as_str()).collect();
    assert!(hits.len() <= 60, "{} requests: {asked:#?}", hits.len());
    let records = place.records();
    assert_eq!(records.len(), before + 3);
    let record = |url: &str| records.iter().find(|record| record["url"] == *url).unwrap();
    for id in new {
        assert_eq!(record(&url_of(&portal, id))["revision"], 1);
    }
    assert_eq!(record(&edited.url)["revision"], 2);
    assert!(record(&deleted.url)["gone"].is_string());
    assert_eq!(records.iter().filter(|r| r["gone"].is_string()).count(), 1);
    // And nothing more when nothing has happened.
    portal.forget_hits();
    place.expect(0, &["crawl", "--update"]);
    assert!(portal.hits().len() <= 60, "{}", portal.hits().len());
    assert_eq!(place.outcome("new") + place.outcome("revision"), 0);
}

#[test]
fn what_is_new_beyond_the_first_pages_is_found() {
    let portal = Portal::start(PortalConfig::with_articles(200)).unwrap();
    let place = Place::new(&portal.base(), "drift = false\ncapture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let before = place.records().len();
    let categories = categories(&portal);
    // Three pages of one category, all at one time: no newer or older link leads from one to
    // another; and an old one in front of another category.
    for number in 0..55 {
        let mut draft = draft(number, &categories[0]);
        draft.published = "2031-03-03T08:00:00".to_owned();
        portal.publish(draft);
    }
    let mut old = draft(100, &categories[1]);
    old.published = "2011-01-01T08:00:00".to_owned();
    portal.publish(old);
    place.expect(0, &["crawl", "--update"]);
    assert_eq!(place.records().len(), before + 56);
}

#[test]
fn known_articles_are_visited_again_recent_ones_soon_and_old_ones_rarely() {
    let portal = Portal::start(PortalConfig::with_articles(150)).unwrap();
    let place = Place::new(
        &portal.base(),
        "drift = false\ncapture = [\"pages\"]\nrevisit = 20",
    );
    // An article every other day, the last one today.
    let begin: DateTime<Utc> = "2031-07-01T02:00:00Z".parse().unwrap();
    for number in 0..30 {
        let mut draft = draft(number, "tin-tuc");
        let time = begin - TimeDelta::days(2 * number as i64);
        draft.published = time.format("%Y-%m-%dT%H:%M:%S").to_string();
        portal.publish(draft);
    }
    let truth = portal.truth();
    crawl_at(&place, begin);
    // Articles that no feed names: one of the last two months, and an old one, which the sitemap
    // names.
    let mut order = truth.clone();
    order.sort_by(|a, b| b.published.cmp(&a.published));
    let (edited, deleted) = (&order[25], &order[90]);
    portal.edit(edited.id, Change::Append("Câu được thêm về sau.".into()));
    portal.delete(deleted.id);
    let find = |url: &str| {
        let records = place.records();
        records.into_iter().find(|r| r["url"] == *url).unwrap()
    };
    let (mut visits, mut asked) = (Vec::new(), Vec::new());
    let (mut revised, mut gone) = (None, None);
    for day in (4..=400).step_by(4) {
        portal.forget_hits();
        crawl_at(&place, begin + TimeDelta::days(day));
        let hits = portal.hits();
        let pages = hits.iter().map(|hit| hit.path_and_query.clone());
        let pages: Vec<String> = pages.filter(|url| url.ends_with(".html")).collect();
        visits.push(pages.len());
        asked.extend(pages);
        if day % 20 == 0 || day == 4 {
            if revised.is_none() && find(&edited.url)["revision"] == 2 {
                revised = Some(day);
            }
            if gone.is_none() && find(&deleted.url)["gone"].is_string() {
                gone = Some(day);
            }
        }
    }
    // The sitemap does not name it any more, at once; the other has its turn.
    assert_eq!(gone, Some(4));
    assert!(
        revised.is_some_and(|day| day > 4 && day <= 160),
        "{revised:?}"
    );
    // Ten newest and the budget, at most.
    assert!(visits.iter().all(|n| *n <= 32), "{visits:?}");
    // In a year most of the old ones are seen again, and none often.
    let paths = |url: &String| {
        url.trim_start_matches(portal.base().trim_end_matches('/'))
            .to_owned()
    };
    let times = |url: &String| asked.iter().filter(|asked| **asked == paths(url)).count();
    let times: Vec<usize> = order[40..].iter().map(|t| times(&t.url)).collect();
    let seen = times.iter().filter(|n| **n > 0).count();
    assert!(seen * 10 >= times.len() * 8, "{times:?}");
    assert!(times.iter().all(|n| *n <= 4), "{times:?}");
    let found = place.expect(0, &["verify"]);
    assert!(found.contains(" 0 damaged"), "{found}");
    let before = place.expect(0, &["export"]);
    place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(place.expect(0, &["export"]), before);
}
