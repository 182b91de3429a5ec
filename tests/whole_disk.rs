//! A full disk: the crawl ends and says where; with more space the next one goes on.
//!
//! The disk is a tmpfs in a mount namespace of its own. Where neither `unshare` nor `sudo` may make
//! one the tests say `skipped: reason`, unless `KHOBAO_REQUIRE_ALL=1` makes that a failure.

mod common;

use common::Place;
use khobao::portal::{Portal, PortalConfig};
use std::collections::HashSet;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The words that run a shell's script where it may mount; `None` when the test is to be skipped.
fn namespace() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["unshare", "-rm"], &["sudo", "-n", "-E", "unshare", "-m"]];
    let dir = tempfile::tempdir().unwrap();
    let mut why = String::new();
    for way in ways {
        let out = Command::new(way[0])
            .args(&way[1..])
            .args(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(dir.path())
            .stdin(Stdio::null())
            .output();
        match out {
            Ok(out) if out.status.success() => return Some(way),
            Ok(out) => why.push_str(&String::from_utf8_lossy(&out.stderr)),
            Err(error) => why.push_str(&format!("{}: {error}\n", way[0])),
        }
    }
    let required = std::env::var("KHOBAO_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(!required, "cannot mount a tmpfs: {why}");
    println!("skipped: cannot mount a tmpfs: {why}");
    None
}

/// A portal, and a place whose archive is on the disk at `disk`.
fn place(articles: usize, latency: Duration, engine: &str) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig {
        latency,
        page_bytes: 30_000,
        ..PortalConfig::with_articles(articles)
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\", \"images\"]");
    let text = std::fs::read_to_string(place.config()).unwrap();
    let at = format!("path = \"disk/archive\"\nengine = \"{engine}\"");
    let text = text.replacen("path = \"archive\"", &at, 1);
    std::fs::write(place.config(), text).unwrap();
    std::fs::create_dir(place.dir.path().join("disk")).unwrap();
    (portal, place)
}

/// Runs a script beside the place's `disk`, on which it may mount.
fn script(way: &[&str], place: &Place, script: &str) -> Output {
    let out = Command::new(way[0])
        .args(&way[1..])
        .args(["sh", "-c"])
        .arg(format!(
            "disk() {{ mount -t tmpfs -o size=$1 tmpfs disk; }}; \
             larger() {{ mount -o remount,size=$1 disk; }}; \
             khobao() {{ timeout 120 \"$BIN\" \"$@\" --config config.toml; echo \"exit $?\"; }}; {script}"
        ))
        .env("BIN", env!("CARGO_BIN_EXE_khobao"))
        .current_dir(place.dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&out.stdout));
    println!("{}", String::from_utf8_lossy(&out.stderr));
    out
}

/// The exit codes in the order of the script's commands.
fn codes(out: &Output) -> Vec<i32> {
    String::from_utf8_lossy(&out.stdout)
        .lines()
        .filter_map(|line| line.strip_prefix("exit ")?.parse().ok())
        .collect()
}

/// The first crawl has failed for the disk; the others went well, and nothing is missing.
fn is_mended(portal: &Portal, place: &Place, out: &Output) {
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(codes(out), [1, 0, 0, 0], "{stderr}");
    let line = stderr.lines().find(|line| line.starts_with("khobao: "));
    let line = line.unwrap_or_else(|| panic!("no message: {stderr}"));
    assert!(line.contains("disk/archive"), "{line}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    let stdout = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(stdout.contains("; 0 damaged"), "{stdout}");
    let export = std::fs::read_to_string(place.dir.path().join("tep.jsonl")).unwrap();
    let records = export.lines().filter(|line| line.starts_with('{'));
    let found: HashSet<String> = records
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            record["url"].as_str().unwrap().to_owned()
        })
        .collect();
    let wanted: HashSet<String> = portal.truth().into_iter().map(|t| t.url).collect();
    assert_eq!(found, wanted);
}

const GO_ON: &str = "khobao crawl; khobao verify; khobao export --output tep.jsonl";

#[test]
fn a_disk_that_fills_up_ends_the_crawl_and_a_larger_one_goes_on() {
    let Some(way) = namespace() else {
        return;
    };
    let sizes = ["4k", "8k", "12k", "100k", "2m", "35m"].map(|size| ("sled", size));
    let others = ["8k", "100k", "2m", "35m"].map(|size| ("redb", size));
    for (engine, size) in sizes.into_iter().chain(others) {
        println!("== {engine} {size}");
        let (portal, place) = place(150, Duration::ZERO, engine);
        let line = format!("disk {size} && khobao crawl; larger 200m && {GO_ON}");
        let out = script(way, &place, &line);
        is_mended(&portal, &place, &out);
        // The largest has room for a part, which is not fetched again.
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        if size == "35m" {
            assert!(text.contains("going on with a crawl"), "{text}");
            // A second visit to what was committed would be a capture of its own; robots.txt is one.
            let said = String::from_utf8_lossy(&out.stdout).into_owned();
            let captures = said.split(" captures").next().unwrap();
            let captures: usize = captures.rsplit(' ').next().unwrap().parse().unwrap();
            let hits = portal.hits();
            let asked: HashSet<&str> = hits.iter().map(|hit| &*hit.path_and_query).collect();
            assert!(captures <= asked.len() + 1, "{captures} of {}", asked.len());
        }
    }
}

#[test]
fn a_disk_that_others_fill_ends_the_crawl_and_is_gone_on_with() {
    let Some(way) = namespace() else {
        return;
    };
    for moment in ["0.4", "0.9", "1.5"] {
        println!("== {moment}");
        let (portal, place) = place(150, Duration::from_millis(20), "sled");
        let line = format!(
            "disk 100m; (sleep {moment}; cat /dev/zero > disk/day 2>/dev/null) & \
             khobao crawl; wait; rm -f disk/day; {GO_ON}"
        );
        let out = script(way, &place, &line);
        is_mended(&portal, &place, &out);
    }
}

/// A rebuild that finds too little room, or too little on its way, leaves some to those who read.
#[test]
fn a_rebuild_stops_before_the_disk_is_full_and_is_gone_on_with() {
    let Some(way) = namespace() else {
        return;
    };
    // KiB beside what the archive takes: none to begin with; some; less than those who read need.
    for (engine, room) in [
        ("sled", 9_000),
        ("sled", 34_000),
        ("redb", 34_000),
        ("sled", 600),
    ] {
        println!("== {engine} {room}");
        let (_portal, place) = place(150, Duration::ZERO, engine);
        let small = format!("larger $(($(du -sk disk | cut -f1) + {room}))k");
        // Whoever had room enough before has it still.
        let early = if room < 9_000 { "larger 300m;" } else { "" };
        let line = format!(
            "disk 300m; khobao crawl; khobao export --output truoc.jsonl; {small}; \
             khobao rebuild; df -k disk | tail -1; {early} \
             khobao export --output giua.jsonl; larger 300m; khobao rebuild; khobao verify; \
             khobao export --output sau.jsonl"
        );
        let out = script(way, &place, &line);
        let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(codes(&out), [0, 0, 1, 0, 0, 0, 0], "{stderr}");
        let mut said = stderr.lines();
        let said = said.find(|line| line.starts_with("khobao: only"));
        let begun = said.expect("a message").contains("index.rebuild");
        assert_eq!(begun, room == 34_000, "{stderr}");
        assert!(
            !stderr.contains("ENOSPC") && !stderr.contains("os error"),
            "{stderr}"
        );
        let read = |name: &str| std::fs::read_to_string(place.dir.path().join(name)).unwrap();
        assert_eq!(read("giua.jsonl"), read("truoc.jsonl"));
        assert_eq!(read("sau.jsonl"), read("truoc.jsonl"));
    }
}

/// A full disk under what is done with an archive: it fails, changes nothing, and goes well once
/// there is room.
#[test]
fn a_full_disk_stops_rebuild_migration_and_withdrawal() {
    let Some(way) = namespace() else {
        return;
    };
    for (engine, other) in [("sled", "redb"), ("redb", "sled")] {
        println!("== {engine}");
        let (portal, place) = place(60, Duration::ZERO, engine);
        let id = &portal.truth()[9].url;
        let fill = "cat /dev/zero > disk/day 2>/dev/null";
        let line = format!(
            "disk 120m; khobao crawl; khobao export --output truoc.jsonl; {fill}; khobao rebuild; \
             khobao migrate --engine {other}; khobao withdraw {id} --reason thu --erase; \
             khobao reextract; rm disk/day; khobao verify; khobao export --output giua.jsonl; \
             khobao rebuild; khobao migrate --engine {other}; khobao export --output sau.jsonl; \
             khobao withdraw {id} --reason thu --erase; khobao verify"
        );
        let out = script(way, &place, &line);
        let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(!stderr.contains("panicked"), "{stderr}");
        let codes = codes(&out);
        assert_eq!(codes[..2], [0, 0], "{stderr}");
        assert!(
            codes[2..5].iter().all(|code| *code == 1),
            "{codes:?} {stderr}"
        );
        assert_eq!(codes[6..], [0; 7], "{codes:?} {stderr}");
        let read = |name: &str| std::fs::read_to_string(place.dir.path().join(name)).unwrap();
        assert_eq!(read("giua.jsonl"), read("truoc.jsonl"));
        assert_eq!(read("sau.jsonl"), read("truoc.jsonl"));
    }
}
