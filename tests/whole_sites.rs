//! Several sites in one configuration: their hosts, their names, their gaps, and kill -9.

mod common;
#[path = "common/web.rs"]
mod web;

use common::Place;
use khobao::portal::{Portal, PortalConfig};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::time::Duration;
use web::paths;

fn portal(articles: usize, seed: u64) -> Portal {
    Portal::start(PortalConfig {
        seed,
        ..PortalConfig::with_articles(articles)
    })
    .unwrap()
}

/// A configuration with these sites: their names, bases, and what else stands in their tables.
fn configure(place: &Place, sites: &[(&str, &str, &str)]) {
    let mut text = "[archive]\npath = \"archive\"\n[crawler]\n\
                    contact = \"mailto:kho@example.org\"\n"
        .to_owned();
    for (id, base, more) in sites {
        let _ = write!(
            text,
            "[[sites]]\nid = \"{id}\"\nbase = \"{base}\"\nprofile = \"nukeviet\"\n\
             pace = \"0s\"\nconcurrency = 2\nallow_private = true\ncapture = [\"pages\"]\n{more}\n"
        );
    }
    std::fs::write(place.config(), text).unwrap();
}

#[test]
fn two_sites_on_one_host_are_refused_at_start() {
    let portal = portal(5, 1);
    let place = Place::new(&portal.base(), "");
    let base = portal.base();
    let further = "hosts = [\"www.bao.example\"]";
    for (first, second, more) in [
        (&*base, &*base, ""),
        (&base, &format!("{base}tin-tuc/"), ""),
        ("https://bao.example/", "http://www.bao.example/", ""),
        ("https://www.bao.example/", "https://bao.example/vi/", ""),
        ("https://bao.example/", "https://khac.example/", further),
    ] {
        configure(&place, &[("mot", first, ""), ("hai", second, more)]);
        for args in [&["crawl"][..], &["crawl", "mot"], &["crawl", "--dry-run"]] {
            let out = place.run(args);
            let text = String::from_utf8_lossy(&out.stderr).into_owned();
            assert_eq!(out.status.code(), Some(2), "{first} {second}: {text}");
            assert!(text.contains("config.toml:16"), "{first} {second}: {text}");
            assert!(text.contains("\"mot\""), "{first} {second}: {text}");
        }
    }
    assert!(portal.hits().is_empty());
    assert!(!place.archive().exists());
    // A disabled table only names what was archived before; it is not to be crawled by name.
    configure(
        &place,
        &[("mot", &base, ""), ("hai", &base, "enabled = false")],
    );
    place.expect(0, &["crawl", "--dry-run"]);
    let out = place.run(&["crawl", "hai"]);
    assert_eq!(out.status.code(), Some(2));
    // Another port is another host.
    let other = self::portal(5, 2);
    configure(&place, &[("mot", &base, ""), ("hai", &other.base(), "")]);
    place.expect(0, &["crawl"]);
    assert_eq!(place.records().len(), 10);
}

#[test]
fn a_renamed_site_goes_on_with_the_archive_it_had() {
    let portal = portal(40, 3);
    let place = Place::new(&portal.base(), "");
    configure(&place, &[("ten-cu", &portal.base(), "")]);
    place.expect(0, &["crawl"]);
    let before = place.records();
    assert_eq!(before.len(), 40);
    let truth = portal.truth();
    let edited = truth.iter().find(|t| t.aliases.is_empty()).unwrap();
    let title = khobao::portal::Change::Title("Tiêu đề đã sửa".into());
    assert!(portal.edit(edited.id, title));
    let id = portal.publish(khobao::portal::Draft::new("Bài mới", "Lời dẫn.", &["Một."]));
    configure(&place, &[("ten-moi", &portal.base(), "")]);
    place.expect(0, &["crawl"]);
    let run: Value = serde_json::from_str(&place.expect(0, &["runs", "show", "--json"])).unwrap();
    let report = &run["sites"]["ten-moi"];
    let outcomes = &report["outcomes"];
    let records = place.records();
    assert_eq!(records.len(), 41, "{id}: {report:#}");
    assert_eq!(outcomes["new"], 1, "{report:#}");
    assert_eq!(outcomes["revision"], 1, "{report:#}");
    assert_eq!(outcomes["same_text"], Value::Null, "{report:#}");
    let ids: HashSet<String> = records.iter().map(|r| r["id"].to_string()).collect();
    assert!(before.iter().all(|r| ids.contains(&r["id"].to_string())));
    // From now on it is updated under its new name.
    let hits = portal.hits().len();
    place.expect(0, &["crawl"]);
    assert!(portal.hits().len() - hits < 60);
    assert_eq!(place.records().len(), 41);
    place.expect(0, &["verify"]);
}

#[test]
fn what_a_site_left_undone_is_done_under_its_new_name() {
    let portal = portal(40, 6);
    let place = Place::new(&portal.base(), "");
    configure(&place, &[("ten-cu", &portal.base(), "")]);
    place.expect(0, &["crawl", "--max-pages", "25"]);
    assert!(place.records().len() < 40);
    configure(&place, &[("ten-moi", &portal.base(), "")]);
    place.expect(0, &["crawl", "--update"]);
    assert_eq!(place.records().len(), 40);
    place.expect(0, &["verify"]);
}

/// The times at which the portal was asked, in order.
fn times(portal: &Portal) -> Vec<Duration> {
    let hits = portal.hits().into_iter();
    hits.map(|hit| Duration::from_micros(hit.at_micros))
        .collect()
}

#[test]
fn the_gap_is_kept_from_one_run_to_the_next() {
    let portal = portal(20, 4);
    let pace = Duration::from_millis(1500);
    let place = Place::new(&portal.base(), "pace = \"1500ms\"\nconcurrency = 2");
    for _ in 0..3 {
        place.expect(0, &["crawl", "--max-pages", "2"]);
    }
    // A run that is killed leaves the next one what it must know.
    let before = portal.hits().len();
    let mut child = place.spawn(&["crawl"]);
    while portal.hits().len() == before {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    place.expect(0, &["crawl", "--max-pages", "2"]);
    let times = times(&portal);
    assert_eq!(times.len(), 1 + 6 + 1 + 2, "{:?}", paths(&portal));
    let least = times.windows(2).map(|pair| pair[1] - pair[0]).min();
    assert!(least.unwrap() >= pace, "{times:?}");
}

#[test]
fn a_run_that_is_killed_before_the_rules_are_read_leaves_its_gap() {
    let portal = portal(20, 5);
    portal.set_latency(Duration::from_millis(700));
    let place = Place::new(&portal.base(), "pace = \"1500ms\"");
    let mut child = place.spawn(&["crawl"]);
    while portal.hits().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    portal.set_latency(Duration::ZERO);
    place.expect(0, &["crawl", "--max-pages", "1"]);
    let times = times(&portal);
    assert!(
        times[1] - times[0] >= Duration::from_millis(1500),
        "{times:?} {:?}",
        paths(&portal)
    );
}

#[test]
fn kills_with_several_sites_in_parallel_lose_nothing() {
    let latency = Duration::from_millis(6);
    let portals: Vec<Portal> = (0..4)
        .map(|seed| {
            Portal::start(PortalConfig {
                seed: 100 + seed,
                latency,
                ..PortalConfig::with_articles(80)
            })
            .unwrap()
        })
        .collect();
    let place = Place::new(&portals[0].base(), "");
    let bases: Vec<String> = portals.iter().map(Portal::base).collect();
    let ids = ["mot", "hai", "ba", "bon"];
    let sites: Vec<(&str, &str, &str)> = ids
        .iter()
        .zip(&bases)
        .map(|(id, base)| (*id, &**base, ""))
        .collect();
    configure(&place, &sites);
    let mut kills = 0;
    for moment in [90, 250, 160, 420, 70, 310, 200, 130] {
        let mut child = place.spawn(&["crawl"]);
        std::thread::sleep(Duration::from_millis(moment));
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        // A slow machine's crawl may not have come to make its archive.
        if !place.archive().join("khobao.json").is_file() {
            continue;
        }
        // What is committed can be read at any time.
        let known = place.expect(0, &["verify"]);
        assert!(known.contains(" 0 damaged"), "{known}");
    }
    assert!(kills >= 4, "the crawls ended too soon: {kills}");
    place.expect(0, &["crawl"]);
    let out = place.expect(0, &["verify"]);
    assert!(out.contains(" 0 damaged"), "{out}");
    let mut by_site: HashMap<String, HashSet<String>> = HashMap::new();
    for record in place.records() {
        let site = record["site"].as_str().unwrap().to_owned();
        let url = record["url"].as_str().unwrap().to_owned();
        assert!(
            by_site.entry(site).or_default().insert(url.clone()),
            "{url}"
        );
    }
    for (id, portal) in ids.iter().zip(&portals) {
        let wanted: HashSet<String> = portal.truth().into_iter().map(|t| t.url).collect();
        assert_eq!(by_site[*id], wanted, "{id}");
    }
}
