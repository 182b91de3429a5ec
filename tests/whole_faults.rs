//! Pages that are hard to read: each ends in an outcome, none hangs, none becomes a false record.

mod common;

use common::Place;
use khobao::portal::{Portal, PortalConfig};

#[test]
fn every_fault_ends_and_none_invents_a_record() {
    let config = PortalConfig {
        articles: 20,
        faults: true,
        ..PortalConfig::default()
    };
    let portal = Portal::start(config).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    let text = std::fs::read_to_string(place.config()).unwrap();
    let limits = "[crawler]\nheader_timeout = \"1s\"\nidle_timeout = \"1s\"\ntotal_timeout = \"20s\"\n[[sites]]";
    std::fs::write(place.config(), text.replacen("[[sites]]", limits, 1)).unwrap();
    // Some tasks are left to the next run: that is exit code 3.
    place.expect(3, &["crawl", "--max-time", "4m"]);
    let report = place.report();
    for name in [
        "too_large",
        "binary",
        "cookie_stub",
        "soft_404",
        "http_error",
        "header_timeout",
        "incomplete",
    ] {
        assert!(place.outcome(name) > 0, "{name}: {report:#}");
    }
    let records = place.records();
    let odd: Vec<(&str, &str)> = records
        .iter()
        .map(|r| {
            (
                r["title"].as_str().unwrap(),
                r["published"]["value"].as_str().unwrap_or(""),
            )
        })
        .filter(|(title, _)| title.starts_with("Tin "))
        .collect();
    assert_eq!(records.len(), 20 + odd.len());
    for (title, published) in &odd {
        assert_eq!(*published, "2022-09-05T22:28:00+07:00", "{title}");
    }
    let titles: Vec<&str> = odd.iter().map(|(title, _)| *title).collect();
    assert!(titles.contains(&"Tin mã khác"), "{titles:?}");
    assert!(
        titles.contains(&"Tin cũ"),
        "windows-1258, composed: {titles:?}"
    );
    assert!(
        !titles.contains(&"Tin ngày sai"),
        "a date that does not exist: {titles:?}"
    );
    place.expect(0, &["verify"]);
}
