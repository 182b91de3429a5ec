//! Politeness as the server measures it.

mod common;

use common::Place;
use khobao::portal::{Flood, FloodWindow, Portal, PortalConfig};
use std::time::Duration;

fn least_gap(portal: &Portal) -> Duration {
    let hits = portal.hits();
    let gaps = hits
        .windows(2)
        .map(|pair| pair[1].at_micros - pair[0].at_micros);
    Duration::from_micros(gaps.min().unwrap())
}

#[test]
fn no_gap_is_shorter_than_the_pace() {
    for concurrency in [1, 4] {
        let portal = Portal::start(PortalConfig::with_articles(30)).unwrap();
        let extra = format!("pace = \"100ms\"\nconcurrency = {concurrency}");
        let place = Place::new(&portal.base(), &extra);
        place.expect(0, &["crawl", "--max-pages", "60"]);
        assert!(portal.hits().len() >= 50);
        let least = least_gap(&portal);
        assert!(
            least >= Duration::from_millis(100),
            "concurrency {concurrency}: {least:?}"
        );
    }
}

#[test]
fn robots_is_asked_first_and_never_crossed_and_its_delay_is_kept() {
    let config = PortalConfig {
        crawl_delay: Some(Duration::from_secs(1)),
        ..PortalConfig::with_articles(12)
    };
    let portal = Portal::start(config).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl", "--max-pages", "12"]);
    let hits = portal.hits();
    assert_eq!(hits[0].path_and_query, "/robots.txt");
    let crossed = |path: &str| {
        ["/noi-bo/", "/admin/", "/install/"]
            .iter()
            .any(|denied| path.starts_with(denied))
    };
    assert!(!hits.iter().any(|hit| crossed(&hit.path_and_query)));
    assert!(hits.iter().all(|hit| hit.user_agent.starts_with("khobao/")));
    let least = least_gap(&portal);
    assert!(least >= Duration::from_secs(1), "{least:?}");
}

#[test]
fn flood_pages_of_either_status_lose_no_article_and_are_not_stored() {
    // Both at once: they are mostly waiting.
    std::thread::scope(|both| {
        both.spawn(|| a_flood_loses_no_article(Flood::Status429));
        both.spawn(|| a_flood_loses_no_article(Flood::Status200));
    });
}

fn a_flood_loses_no_article(flood: Flood) {
    let window = FloodWindow {
        requests: 25,
        length: Duration::from_millis(1500),
    };
    let config = PortalConfig {
        flood,
        flood_windows: vec![window],
        ..PortalConfig::with_articles(50)
    };
    let portal = Portal::start(config).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    assert_eq!(place.outcome("new"), 50, "{flood:?}");
    assert!(place.report()["retries"]["flood"].as_u64().unwrap() > 0);
    let text = place.expect(0, &["export"]);
    assert!(!text.contains("Hãy đợi") && !text.contains("từ chối truy cập"));
    for warc in common::warcs(&place.warc_dir()) {
        for record in khobao::archive::warc::Reader::open(&warc).unwrap() {
            let block = record.unwrap().block;
            assert!(!block.starts_with(b"HTTP/1.1 429"), "{flood:?}");
        }
    }
}
