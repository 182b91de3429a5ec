//! Pages that are hard to read: each ends in an outcome, none hangs, none becomes a false record.

mod common;

use common::Place;
use khobao::extract::fields::text::normal;
use khobao::portal::{FaultExpect, Portal, PortalConfig};

#[test]
fn every_fault_ends_and_none_invents_a_record() {
    let config = PortalConfig {
        traps_faults: true,
        ..PortalConfig::with_articles(30)
    };
    let portal = Portal::start(config).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]\nconcurrency = 12");
    let text = std::fs::read_to_string(place.config()).unwrap();
    let limits = "[crawler]\nheader_timeout = \"1s\"\nidle_timeout = \"1s\"\ntotal_timeout = \"10s\"\n[[sites]]";
    std::fs::write(place.config(), text.replacen("[[sites]]", limits, 1)).unwrap();
    // Some tasks are left to the next run: that is exit code 3.
    place.expect(3, &["crawl", "--max-time", "4m"]);
    let records = place.records();
    let mut wanted = 30;
    for page in portal.fault_pages() {
        let record = records.iter().find(|r| r["url"] == page.url.as_str());
        match page.expect {
            FaultExpect::Article => {
                let record = record.unwrap_or_else(|| panic!("{} is no record", page.name));
                // windows-1258 writes tones as marks of their own; they are kept as published.
                let title = normal(record["title"].as_str().unwrap());
                assert_eq!(title, page.title, "{}", page.name);
                wanted += 1;
            }
            FaultExpect::NoArticle => {
                assert!(record.is_none(), "{} became a record", page.name);
            }
            FaultExpect::Either => wanted += usize::from(record.is_some()),
        }
    }
    assert_eq!(records.len(), wanted);
    let report = place.report();
    for name in [
        "too_large",
        "binary",
        "cookie_stub",
        "soft_404",
        "http_error",
    ] {
        assert!(place.outcome(name) > 0, "{name}: {report:#}");
    }
    place.expect(0, &["verify"]);
}
