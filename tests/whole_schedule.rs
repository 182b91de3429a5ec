//! The scheduler and what it tells: sites are crawled when they are due, by processes of their
//! own; signals are obeyed; the status is readable at any time.

mod common;

use common::Place;
use khobao::portal::{Canned, Portal, PortalConfig};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn status(place: &Place) -> Value {
    serde_json::from_str(&place.expect(0, &["status", "--json"])).unwrap()
}

/// Waits up to 30 seconds.
fn until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Starts the scheduler; its messages go into the file.
fn scheduler(place: &Place, args: &[&str]) -> (Child, PathBuf) {
    let log = place.dir.path().join("log");
    let child = place
        .command(&[&["schedule", "run"], args].concat())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    (child, log)
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
}

#[test]
fn the_status_is_readable_before_during_and_after_a_crawl() {
    let portal = Portal::start(PortalConfig::with_articles(60)).unwrap();
    let place = Place::new(
        &portal.base(),
        "schedule = \"0 2 * * *\"\npace = \"100ms\"\nconcurrency = 1",
    );
    place.expect(2, &["status"]);
    let mut child = place.spawn(&["crawl"]);
    until("requests", || portal.hits().len() > 10);
    let during = status(&place);
    assert_eq!(during["sites"]["thu"]["health"], "running", "{during:#}");
    assert!(during["held_by"].as_str().unwrap().contains("khobao crawl"));
    let text = place.expect(0, &["status"]);
    assert!(
        text.contains("is held by") && text.contains("under way"),
        "{text}"
    );
    // A process that is dead holds nothing.
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = status(&place);
    assert_eq!(killed["held_by"], Value::Null);
    assert_eq!(killed["sites"]["thu"]["health"], "failing");
    assert_eq!(killed["sites"]["thu"]["last_end"], "cut short");
    place.configure(&portal.base(), "schedule = \"0 2 * * *\"");
    place.expect(
        0,
        &[
            "crawl",
            "--report",
            place.dir.path().join("r.json").to_str().unwrap(),
        ],
    );
    let report = std::fs::read_to_string(place.dir.path().join("r.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["end"], "done");
    let after = status(&place);
    let site = &after["sites"]["thu"];
    assert_eq!(site["health"], "ok", "{after:#}");
    assert_eq!(site["lag_hours"], 0);
    assert!(site["next_run"].is_string() && site["newest"].is_string());
    assert!(after["disk"]["warc"].as_u64().unwrap() > 10_000);
    let text = place.expect(0, &["status"]);
    assert!(text.contains("just now") && text.contains("free"), "{text}");
}

#[test]
fn a_portal_that_refuses_everything_is_not_well() {
    let portal = Portal::start(PortalConfig::with_articles(10)).unwrap();
    let place = Place::new(&portal.base(), "schedule = \"0 2 * * *\"");
    for path in ["/", "/rss/", "/sitemap.xml"] {
        portal.set_answer(path, Canned::html(403, "Forbidden"), usize::MAX);
    }
    place.expect(3, &["crawl"]);
    let status = status(&place);
    assert_eq!(status["sites"]["thu"]["health"], "failing", "{status:#}");
    let text = place.expect(0, &["status"]);
    assert!(text.contains("refused everything"), "{text}");
}

#[test]
fn a_portal_whose_lists_are_all_refused_is_not_well() {
    let portal = Portal::start(PortalConfig::with_articles(10)).unwrap();
    let place = Place::new(&portal.base(), "");
    place.expect(0, &["crawl"]);
    // The articles answer, and nothing new can be found.
    let articles: Vec<String> = portal
        .truth()
        .into_iter()
        .map(|article| url::Url::parse(&article.url).unwrap().path().to_owned())
        .collect();
    for hit in portal.hits() {
        let path = hit.path_and_query;
        if path != "/robots.txt" && !articles.contains(&path) {
            portal.set_answer(&path, Canned::html(403, "Forbidden"), usize::MAX);
        }
    }
    place.expect(3, &["crawl", "--update"]);
    let report = place.report();
    assert!(
        report["outcomes"]["unchanged"].as_u64().unwrap() > 0,
        "{report:#}"
    );
    assert_eq!(report["lists_read"], Value::Null, "{report:#}");
    assert_eq!(status(&place)["sites"]["thu"]["health"], "failing");
}

#[test]
fn what_is_due_is_crawled_once_and_the_rest_is_left_alone() {
    let portal = Portal::start(PortalConfig::with_articles(20)).unwrap();
    let place = Place::new(&portal.base(), "schedule = \"6h\"");
    place.expect(0, &["schedule", "run", "--once"]);
    let records = place.records().len();
    assert!(records > 10);
    portal.forget_hits();
    place.expect(0, &["schedule", "run", "--once"]);
    assert_eq!(portal.hits().len(), 0, "nothing was due");
    // Nor is it asked while somebody else holds the archive.
    place.configure(
        &portal.base(),
        "schedule = \"1m\"\npace = \"200ms\"\nconcurrency = 1",
    );
    let mut busy = place.spawn(&["crawl", "--full"]);
    until("requests", || portal.hits().len() > 3);
    place.expect(0, &["schedule", "run", "--once"]);
    busy.kill().unwrap();
    busy.wait().unwrap();
}

#[test]
fn signals_reload_and_stop_the_scheduler() {
    let portal = Portal::start(PortalConfig::with_articles(200)).unwrap();
    let place = Place::new(
        &portal.base(),
        "schedule = \"6h\"\npace = \"50ms\"\nconcurrency = 1",
    );
    let (mut child, log) = scheduler(&place, &[]);
    until("requests", || portal.hits().len() > 20);
    // In the middle of a crawl: what is in flight is finished.
    signal(&child, Signal::SIGTERM);
    let ended = child.wait().unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    assert_eq!(ended.code(), Some(143), "{text}");
    let found = place.expect(0, &["verify"]);
    assert!(
        found.contains(" 0 of them unreferenced") && found.contains(" 0 damaged"),
        "{found}"
    );
    let begun = place.records().len();
    // The next one goes on when it is due: stopped crawls are not begun again at once.
    portal.forget_hits();
    let (mut child, log) = scheduler(&place, &[]);
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(portal.hits().len(), 0);
    let text = || std::fs::read_to_string(&log).unwrap();
    let config = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), config.replace("\"6h\"", "\"61 * * * *\"")).unwrap();
    signal(&child, Signal::SIGHUP);
    until("a complaint", || text().contains("stays in force"));
    assert!(text().contains("config.toml:"), "{}", text());
    place.configure(&portal.base(), "schedule = \"1m\"");
    signal(&child, Signal::SIGHUP);
    until("a reload", || text().contains("read again"));
    signal(&child, Signal::SIGINT);
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), Some(130), "{}", text());
    assert!(place.records().len() >= begun);
}

#[test]
fn mistakes_in_rules_are_told_with_their_line() {
    let place = Place::new("http://127.0.0.1:9/", "");
    let out = place.run(&["schedule", "run"]);
    assert_eq!(out.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(stderr.contains("schedule = \"0 2 * * *\""), "{stderr}");
    for rule in ["61 * * * *", "daily", "5s", "0 0 30 2 *"] {
        place.configure("http://127.0.0.1:9/", &format!("schedule = \"{rule}\""));
        let out = place.run(&["crawl"]);
        assert_eq!(out.status.code(), Some(2), "{rule}");
        let stderr = String::from_utf8_lossy(&out.stderr);
        assert!(
            stderr.contains("config.toml:10: schedule"),
            "{rule}: {stderr}"
        );
    }
    assert_eq!(place.run(&["schedule", "print"]).status.code(), Some(2));
}

#[test]
fn cron_and_systemd_are_told_what_they_understand() {
    let place = Place::new("http://127.0.0.1:9/", "schedule = \"0 2 * * *\"");
    place.expect(
        0,
        &["init", place.dir.path().join("other").to_str().unwrap()],
    );
    let line = place.expect(0, &["schedule", "print", "--crontab"]);
    assert!(
        line.contains("*/15 * * * * /") && line.contains("schedule run --once"),
        "{line}"
    );
    let dir = place.dir.path().join("units");
    place.expect(2, &["schedule", "print", "--systemd"]);
    // (Nobody answers there; the archive is made.)
    place.run(&["crawl"]);
    place.expect(
        0,
        &[
            "schedule",
            "print",
            "--systemd",
            "--dir",
            dir.to_str().unwrap(),
        ],
    );
    let units = [dir.join("khobao.service"), dir.join("khobao.timer")];
    let there = Command::new("systemd-analyze").arg("--version").output();
    if !there.is_ok_and(|out| out.status.success()) {
        assert!(
            std::env::var("KHOBAO_REQUIRE_ALL").is_err(),
            "systemd-analyze is not there"
        );
        println!("skipped: systemd-analyze is not there");
        return;
    }
    let out = Command::new("systemd-analyze")
        .args(["verify", "--recursive-errors=no"])
        .args(&units)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    assert!(!said.contains("khobao."), "{said}");
}
