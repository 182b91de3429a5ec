//! What is handed on: WARC slices, WACZ packages, CDX lookups. Other programs judge them.

mod common;

#[path = "common/python.rs"]
mod python;

use common::Place;
use khobao::archive::warc::Reader;
use khobao::portal::{Portal, PortalConfig};
use std::collections::HashSet;
use std::io::Read as _;

fn crawled(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig {
        articles,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(
        &portal.base(),
        "capture = [\"pages\", \"images\", \"attachments\"]",
    );
    place.expect(0, &["crawl"]);
    place.expect(0, &["crawl", "--full"]);
    (portal, place)
}

#[test]
fn a_slice_has_the_captures_of_its_records_and_no_others() {
    let (_portal, place) = crawled(60);
    let records = place.records();
    let dates: Vec<&str> = records
        .iter()
        .map(|r| &r["published"]["value"].as_str().unwrap()[..10])
        .collect();
    let (from, to) = (dates[10], dates[20]);
    let out = place.dir.path().join("slice.warc.gz");
    let out_name = out.to_str().unwrap();
    place.expect(
        0,
        &[
            "export", "--format", "warc", "--from", from, "--to", to, "--output", out_name,
        ],
    );
    let wanted: HashSet<&str> = records
        .iter()
        .zip(&dates)
        .filter(|(_, day)| **day >= from && **day <= to)
        .map(|(r, _)| r["provenance"]["capture"]["warc_record"].as_str().unwrap())
        .collect();
    let mut found = HashSet::new();
    let (mut requests, mut captures, mut pages, mut images) = (0, 0, 0, 0);
    for stored in Reader::open(&out).unwrap() {
        let stored = stored.unwrap();
        assert_eq!(stored.digest_faults(), Vec::<String>::new());
        found.insert(stored.field("WARC-Record-ID").unwrap().to_owned());
        requests += usize::from(stored.kind() == "request");
        let uri = stored.uri().unwrap_or_default();
        captures += usize::from(stored.is_capture());
        pages += usize::from(stored.is_capture() && uri.ends_with(".html"));
        images += usize::from(stored.is_capture() && uri.contains("/uploads/"));
    }
    for id in &wanted {
        assert!(found.contains(*id), "{id} is missing");
    }
    // Both visits of each page, aliases included, and the images.
    assert!(
        pages >= 2 * wanted.len() && pages < 2 * wanted.len() + 20,
        "{pages}"
    );
    assert!(images > 0 && requests == captures);
    // By a word of the text.
    let word = records[5]["title"].as_str().unwrap();
    let lines = place.expect(0, &["export", "--query", &word.to_uppercase()]);
    assert!(lines.contains(records[5]["id"].as_str().unwrap()));
    assert!(lines.lines().count() < 5);
}

#[test]
fn cdx_finds_captures_by_url_and_time() {
    let (portal, place) = crawled(30);
    let url = &portal.truth()[7].url;
    let lines = place.expect(0, &["cdx", url]);
    assert_eq!(lines.lines().count(), 2, "{lines}");
    let second = lines.lines().nth(1).unwrap();
    let time = second.split(' ').nth(1).unwrap();
    assert!(second.contains("\"filename\"") && time.len() == 14);
    let year = (time[..4].parse::<u32>().unwrap() + 1).to_string();
    assert_eq!(place.expect(0, &["cdx", url, "--from", &year]), "");
    assert_eq!(place.expect(0, &["cdx", url, "--to", time]), lines);
    let all = place.expect(0, &["cdx", &portal.base(), "--prefix"]);
    let captures: u64 = place.report()["captures"].as_u64().unwrap();
    assert!(all.lines().count() as u64 > captures);
    assert!(all.lines().is_sorted());
    assert_eq!(place.expect(0, &["cdx", "http://elsewhere.example/"]), "");
    assert_eq!(
        place
            .run(&["cdx", url, "--from", "yesterday"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_wacz_package_is_valid_to_its_own_tools() {
    let (_portal, place) = crawled(40);
    let out = place.dir.path().join("all.wacz");
    let name = out.to_str().unwrap();
    place.expect(
        0,
        &[
            "export",
            "--format",
            "wacz",
            "--title",
            "Kho thử",
            "--output",
            name,
        ],
    );
    let mut zip = zip::ZipArchive::new(std::fs::File::open(&out).unwrap()).unwrap();
    let mut pages = String::new();
    zip.by_name("pages/pages.jsonl")
        .unwrap()
        .read_to_string(&mut pages)
        .unwrap();
    assert_eq!(pages.lines().count(), place.records().len() + 1);
    assert!(pages.contains("\"hasText\":true") && pages.contains("\"text\":\""));
    assert_eq!(
        place.run(&["export", "--format", "wacz"]).status.code(),
        Some(2)
    );
    let Some(python) = python::Python::with(&["wacz"]) else {
        return;
    };
    let mut check = python.command();
    let check = check
        .args(["-m", "wacz.main", "validate", "-f", name])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    let errors = String::from_utf8_lossy(&check.stderr).into_owned();
    assert!(
        check.status.success() && said.contains("Valid"),
        "{said}{errors}"
    );
}
