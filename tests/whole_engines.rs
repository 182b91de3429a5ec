//! Both engines under the index: kill -9, power cuts, damaged files, migration, older archives.
//! `KHOBAO_ROUNDS=200 cargo test --release --test whole_engines -- --nocapture` is the long run;
//! its lines that begin with `|` are the table of `docs/durability.md`.

mod common;
mod engines_support;

use common::{Place, warcs};
use engines_support::{ENGINES, Random, copy, place, rounds};
use khobao::archive::schema::key;
use khobao::archive::store::{Batch, Engine, seal_value};
use khobao::portal::{Change, Draft, Portal, PortalConfig};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn portal(articles: usize, latency: u64) -> Portal {
    Portal::start(PortalConfig {
        articles,
        latency: Duration::from_millis(latency),
        ..PortalConfig::default()
    })
    .unwrap()
}

#[test]
fn kills_lose_nothing_on_either_engine() {
    let rounds = rounds(20);
    for engine in ENGINES {
        // Enough articles that most kills fall into a crawl of new ones.
        let portal = portal(12 * rounds, 6);
        let place = place(&portal.base(), engine, "capture = [\"pages\"]");
        let (mut random, mut kills, mut acknowledged) = (Random::new(7), 0, 0);
        for _ in 0..rounds {
            let log = place.dir.path().join("log");
            let mut child = place
                .command(&["crawl"])
                .env("KHOBAO_LOG", "khobao::crawl::writer=debug")
                .stderr(std::fs::File::create(&log).unwrap())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(60 + random.below(400)));
            kills += usize::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
            let acked = engines_support::acknowledged(&log);
            acknowledged += acked.len();
            if place.archive().join("khobao.json").exists() {
                engines_support::all_there(&place, &acked);
            }
        }
        assert!(
            kills * 3 >= rounds,
            "the crawls ended too soon: {kills} kills"
        );
        place.expect(0, &["crawl"]);
        let out = place.expect(0, &["verify"]);
        assert!(out.contains(" 0 damaged"), "{out}");
        assert_eq!(place.records().len(), 12 * rounds);
        println!(
            "| {engine} | kill -9 of a crawl, all on one archive | {kills} | {acknowledged} \
             acknowledged records, all there after each; `verify` clean |"
        );
    }
}

/// A crawled archive with a revision, and what `export` gives.
fn crawled(engine: &str) -> (Portal, Place, String) {
    let portal = portal(40, 0);
    let place = place(&portal.base(), engine, "capture = [\"pages\", \"images\"]");
    place.expect(0, &["crawl"]);
    portal.edit(portal.truth()[5].id, Change::Title("Tiêu đề khác".into()));
    portal.publish(Draft::copy_of(&portal.truth()[6]));
    place.expect(0, &["crawl", "--full"]);
    let export = place.expect(0, &["export"]);
    (portal, place, export)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else if entry.metadata().unwrap().len() > 0 {
            all.push(entry.path());
        }
    }
    all.sort();
    all
}

#[test]
fn flipped_and_cut_files_are_reported_or_harmless() {
    for engine in ENGINES {
        let (_portal, place, export) = crawled(engine);
        let whole = place.dir.path().join("whole");
        copy(&place.archive(), &whole);
        let mut random = Random::new(11);
        for (what, share) in [("index", 0.5), ("warc", 0.5)] {
            for cut in [false, true] {
                let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
                for _ in 0..(rounds(20) as f64 * share) as usize {
                    copy(&whole, &place.archive());
                    let names: Vec<PathBuf> = match what {
                        "index" => files(&place.archive().join("index")),
                        _ => warcs(&place.warc_dir()),
                    };
                    let file = &names[random.below(names.len() as u64) as usize];
                    let mut bytes = std::fs::read(file).unwrap();
                    let at = random.below(bytes.len() as u64) as usize;
                    if cut {
                        bytes.truncate(at);
                    } else {
                        bytes[at] ^= 1 << random.below(8);
                    }
                    std::fs::write(file, &bytes).unwrap();
                    let end = engines_support::verdict(&place, &export);
                    *ends.entry(end).or_default() += 1;
                    let name = file.file_name().unwrap().to_string_lossy();
                    println!("{engine}: {name} at {at}, cut: {cut}: {end}");
                    // Whatever it was, the WARC files that are left make the index again.
                    if what == "index" {
                        let out = place.run(&["rebuild"]);
                        let text = String::from_utf8_lossy(&out.stderr).into_owned();
                        assert_eq!(out.status.code(), Some(0), "{text}");
                        assert_eq!(place.expect(0, &["export"]), export);
                    }
                }
                let how = if cut {
                    "cut short"
                } else {
                    "with one bit flipped"
                };
                let said: Vec<String> = ends.iter().map(|(end, n)| format!("{n} {end}")).collect();
                println!(
                    "| {engine} | a file of {what}/ {how} | {} | {} |",
                    ends.values().sum::<usize>(),
                    said.join(", ")
                );
            }
        }
    }
}

#[test]
fn an_index_moves_from_engine_to_engine() {
    let (_portal, place, export) = crawled("sled");
    let out = place.expect(0, &["migrate", "--engine", "sled"]);
    assert!(out.contains("already"), "{out}");
    for engine in ["redb", "sled", "redb"] {
        // Cut short at any moment it has happened or it has not.
        for millis in [5, 15, 30, 60, 120] {
            let mut child = place.spawn(&["migrate", "--engine", engine]);
            std::thread::sleep(Duration::from_millis(millis));
            let _ = child.kill();
            child.wait().unwrap();
            assert_eq!(place.expect(0, &["export"]), export);
        }
        place.expect(0, &["migrate", "--engine", engine]);
        let marker = std::fs::read_to_string(place.archive().join("khobao.json")).unwrap();
        assert!(marker.contains(engine), "{marker}");
        assert_eq!(place.expect(0, &["export"]), export);
        let out = place.expect(0, &["verify", "--deep"]);
        assert!(out.contains(" 0 damaged"), "{out}");
    }
    place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(
        Engine::of(&place.archive().join("index")),
        Some(Engine::Redb)
    );
    assert_eq!(place.expect(0, &["export"]), export);
    place.expect(0, &["crawl"]);
    assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
    let out = place.run(&["migrate", "--engine", "rocksdb"]);
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn a_row_that_cannot_be_read_stops_a_migration() {
    let (_portal, place, _) = crawled("sled");
    {
        let store = Engine::Sled
            .open(&place.archive().join("index"), false)
            .unwrap();
        let mut batch = Batch::default();
        batch.put(b"n\0\0".to_vec(), b"no envelope".to_vec());
        store.apply(batch).unwrap();
        store.flush().unwrap();
    }
    let out = place.expect(6, &["migrate", "--engine", "redb"]);
    assert!(
        out.contains("nothing was changed") && out.contains("khobao rebuild"),
        "{out}"
    );
    assert_eq!(
        Engine::of(&place.archive().join("index")),
        Some(Engine::Sled)
    );
}

#[test]
fn an_archive_of_an_older_version_is_brought_up_to_date() {
    let (_portal, place, export) = crawled("sled");
    let marker = place.archive().join("khobao.json");
    let old = std::fs::read_to_string(&marker).unwrap();
    let version = |n: u32| old.replace("\"schema\": 3", &format!("\"schema\": {n}"));
    assert_ne!(version(1), old);
    let index = |n: &str, sum: bool| {
        let store = Engine::Sled
            .open(&place.archive().join("index"), false)
            .unwrap();
        let mut batch = Batch::default();
        let schema = key(b'm', &[b"schema"]);
        batch.put(schema.clone(), seal_value(&schema, n.as_bytes()));
        if !sum {
            batch.delete(key(b'm', &[b"sum"]));
        }
        store.apply(batch).unwrap();
        store.flush().unwrap();
    };
    // Version 2 is read as it is, also where a crash left only the index at today's.
    for found in ["2", "3"] {
        index(found, true);
        std::fs::write(&marker, version(2)).unwrap();
        let out = place.run(&["stats"]);
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(0), "{text}");
        assert!(!text.contains("schema version"), "{text}");
        assert_eq!(std::fs::read_to_string(&marker).unwrap(), old);
        assert_eq!(place.expect(0, &["export"]), export);
    }
    index("1", false);
    std::fs::write(&marker, version(1)).unwrap();
    let out = place.run(&["stats"]);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(0), "{text}");
    assert!(
        text.contains("schema version 1") && text.contains("kept"),
        "{text}"
    );
    assert_eq!(std::fs::read_to_string(&marker).unwrap(), old);
    assert_eq!(place.expect(0, &["export"]), export);
    assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
    std::fs::write(&marker, version(99)).unwrap();
    let out = place.run(&["stats"]);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{text}");
    assert!(
        text.contains("schema version 99") && text.contains("newer"),
        "{text}"
    );
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let rounds = rounds(20) / 5;
    for engine in ENGINES {
        let (mut random, mut acknowledged, mut unreadable) = (Random::new(23), 0, 0);
        for _ in 0..rounds {
            let portal = portal(400, 3);
            let moment = Duration::from_millis(250 + random.below(1200));
            match engines_support::power_cut(&portal.base(), engine, moment) {
                Ok((found, rebuilt)) => {
                    acknowledged += found;
                    unreadable += usize::from(rebuilt);
                }
                Err(why) => {
                    println!("skipped: {why}");
                    return;
                }
            }
        }
        assert!(acknowledged > 0, "no cut fell into a crawl");
        println!(
            "| {engine} | power cut: a copy of the block device, mounted again | {rounds} | \
             {acknowledged} acknowledged records, all there; `verify` clean; {unreadable} times the \
             index could not be read, which was told, and was rebuilt |"
        );
    }
}
