//! Politeness as the server measures it.

mod common;

use common::Place;
use khobao::portal::{Flood, Portal, PortalConfig};
use std::time::Duration;

fn gaps(portal: &Portal) -> Vec<Duration> {
    let hits = portal.hits();
    hits.windows(2)
        .map(|pair| pair[1].at.saturating_sub(pair[0].at))
        .collect()
}

#[test]
fn no_gap_is_shorter_than_the_pace() {
    for concurrency in [1, 4] {
        let portal = Portal::start(PortalConfig {
            articles: 30,
            ..PortalConfig::default()
        })
        .unwrap();
        let extra = format!("pace = \"100ms\"\nconcurrency = {concurrency}");
        let place = Place::new(&portal.base(), &extra);
        place.expect(0, &["crawl", "--max-pages", "60"]);
        let gaps = gaps(&portal);
        assert!(gaps.len() >= 50, "{}", gaps.len());
        let least = gaps.iter().min().unwrap();
        assert!(
            *least >= Duration::from_millis(100),
            "concurrency {concurrency}: {least:?}"
        );
    }
}

#[test]
fn robots_is_asked_first_and_never_crossed_and_its_delay_is_kept() {
    let robots = "Disallow: /doi-ngoai-nhan-dan/\nCrawl-delay: 0.2".to_owned();
    let portal = Portal::start(PortalConfig {
        articles: 20,
        robots,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let hits = portal.hits();
    assert_eq!(hits[0].path, "/robots.txt");
    assert!(
        !hits
            .iter()
            .any(|hit| hit.path.starts_with("/doi-ngoai-nhan-dan/"))
    );
    assert!(hits.iter().all(|hit| hit.agent.starts_with("khobao/")));
    assert!(place.outcome("robots_denied") > 0);
    assert!(gaps(&portal).iter().min().unwrap() >= &Duration::from_millis(200));
    assert!(
        !place
            .records()
            .iter()
            .any(|r| r["url"].as_str().unwrap().contains("/doi-ngoai"))
    );
}

#[test]
fn flood_pages_of_either_status_lose_no_article_and_are_not_stored() {
    for status in [429, 200] {
        let flood = Flood {
            requests: 25,
            window: Duration::from_millis(1500),
            status,
        };
        let config = PortalConfig {
            articles: 60,
            flood: Some(flood),
            ..PortalConfig::default()
        };
        let portal = Portal::start(config).unwrap();
        let place = Place::new(&portal.base(), "capture = [\"pages\"]");
        place.expect(0, &["crawl"]);
        assert_eq!(place.outcome("new"), 60, "status {status}");
        assert!(place.report()["retries"]["flood"].as_u64().unwrap() > 0);
        let text = place.expect(0, &["export"]);
        assert!(!text.contains("Hãy đợi") && !text.contains("từ chối truy cập"));
        for warc in common::warcs(&place.warc_dir()) {
            let records = khobao::archive::warc::Reader::open(&warc).unwrap();
            let floods = records.filter(|r| {
                r.as_ref()
                    .is_ok_and(|r| String::from_utf8_lossy(&r.block).starts_with("HTTP/1.1 429"))
            });
            assert_eq!(floods.count(), 0);
        }
    }
}
