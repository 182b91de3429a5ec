//! The other commands, and mistakes in the configuration.

mod common;

use common::Place;
use khobao::portal::{Portal, PortalConfig};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Stdio};

#[test]
fn extract_gives_what_the_crawl_stored() {
    let portal = Portal::start(PortalConfig {
        articles: 20,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let record = place.records().remove(5);
    let url = record["url"].as_str().unwrap();
    let page = place.expect(0, &["show", url, "--raw"]);
    let mut child = place
        .command(&["extract", "-", "--url", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(page.as_bytes())
        .unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    let alone: Value = serde_json::from_slice(&out.stdout).unwrap();
    for field in [
        "id",
        "url",
        "title",
        "lead",
        "body",
        "text",
        "images",
        "byline",
        "published",
        "digest",
        "newer",
        "older",
    ] {
        assert_eq!(alone[field], record[field], "{field}");
    }
    assert_eq!(
        alone["provenance"]["profile_hash"],
        record["provenance"]["profile_hash"]
    );
}

#[test]
fn exports_are_stable_and_take_slices() {
    let portal = Portal::start(PortalConfig {
        articles: 60,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let all = place.expect(0, &["export"]);
    assert_eq!(all, place.expect(0, &["export"]));
    let days: Vec<String> = place
        .records()
        .iter()
        .map(|r| r["published"]["value"].as_str().unwrap()[..10].to_owned())
        .collect();
    assert!(days.is_sorted(), "{days:?}");
    let (from, to) = (&days[10], &days[40]);
    let slice = place.expect(0, &["export", "--from", from, "--to", to]);
    let wanted = days.iter().filter(|day| *day >= from && *day <= to).count();
    assert_eq!(slice.lines().count(), wanted);
    assert_eq!(
        place
            .expect(0, &["export", "--site", "thu"])
            .lines()
            .count(),
        60
    );
    place.expect(2, &["export", "--site", "khac"]);
    let csv = place.expect(0, &["export", "--format", "csv"]);
    let rows = csv::Reader::from_reader(csv.as_bytes())
        .into_records()
        .filter(Result::is_ok)
        .count();
    assert_eq!(rows, 60);
    let file = place.dir.path().join("out.jsonl");
    place.expect(0, &["export", "--output", file.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(file).unwrap(), all);
}

#[test]
fn a_dry_run_asks_nothing_and_limits_stop_a_crawl_that_goes_on_later() {
    let portal = Portal::start(PortalConfig {
        articles: 60,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    let plan = place.expect(0, &["crawl", "--dry-run"]);
    assert!(plan.contains("crawls everything"), "{plan}");
    assert!(portal.hits().is_empty());
    assert!(!place.dir.path().join("archive").exists());
    place.expect(0, &["crawl", "--max-pages", "20"]);
    assert_eq!(
        place.report()["requests"],
        21,
        "robots.txt and twenty pages"
    );
    assert!(place.report()["pending"].as_u64().unwrap() > 0);
    place.expect(0, &["crawl"]);
    assert_eq!(place.records().len(), 60);
}

#[test]
fn since_stops_at_a_day() {
    let config = PortalConfig {
        same_time: 0,
        sitemap: false,
        rss: false,
        ..PortalConfig::with_articles(500)
    };
    let portal = Portal::start(config).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    let mut days: Vec<String> = portal
        .truth()
        .iter()
        .map(|t| t.published[..10].to_owned())
        .collect();
    days.sort();
    let since = &days[450];
    place.expect(0, &["crawl", "--since", since]);
    let found = place.records();
    let young = found
        .iter()
        .filter(|r| r["published"]["value"].as_str().unwrap()[..10] >= since[..])
        .count();
    assert_eq!(young, days.iter().filter(|day| *day >= since).count());
    let paths: Vec<String> = portal
        .hits()
        .into_iter()
        .map(|hit| hit.path_and_query)
        .filter(|path| !path.ends_with(".html"))
        .collect();
    assert!(
        found.len() < 350,
        "{since} {young} {} {paths:?}",
        found.len()
    );
    assert!(found.len() < 350, "{} records", found.len());
}

#[test]
fn mistakes_in_the_configuration_stop_before_the_first_request() {
    let portal = Portal::start(PortalConfig {
        articles: 5,
        ..PortalConfig::default()
    })
    .unwrap();
    for mistake in ["paze = \"1s\"", "profile2 = 1", "tls = \"never\""] {
        let place = Place::new(&portal.base(), mistake);
        let out = place.run(&["crawl"]);
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{text}");
        assert!(text.contains("config.toml:"), "{text}");
    }
    assert!(portal.hits().is_empty());
}

#[test]
fn init_writes_a_configuration_that_is_usable() {
    let dir = tempfile::tempdir().unwrap();
    let khobao = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khobao"));
        command.args(args).current_dir(dir.path()).output().unwrap()
    };
    assert_eq!(khobao(&["init"]).status.code(), Some(0));
    assert_eq!(
        khobao(&["init"]).status.code(),
        Some(2),
        "it must not overwrite"
    );
    assert_eq!(khobao(&["stats"]).status.code(), Some(0));
    assert_eq!(
        khobao(&["crawl"]).status.code(),
        Some(2),
        "no site is enabled"
    );
}

#[test]
fn the_demo_archives_its_portal_and_replaces_only_its_own_folder() {
    let dir = tempfile::tempdir().unwrap();
    let demo = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khobao"));
        let args = ["demo", "--articles", "40", "--dir", name];
        command.args(args).current_dir(dir.path()).output().unwrap()
    };
    for _ in 0..2 {
        let out = demo("thu");
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(0), "{text}");
        assert!(text.contains("holds 40 records"), "{text}");
    }
    std::fs::create_dir(dir.path().join("cua-toi")).unwrap();
    std::fs::write(dir.path().join("cua-toi/ghi-chu.txt"), "giữ").unwrap();
    assert_eq!(demo("cua-toi").status.code(), Some(2));
    assert!(dir.path().join("cua-toi/ghi-chu.txt").exists());
}
