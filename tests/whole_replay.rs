//! What a crawl wrote, read by tools that we did not write.

mod common;
#[path = "common/python.rs"]
mod python;

use common::Place;
use khobao::portal::{Portal, PortalConfig};

#[test]
fn warcio_checks_what_a_crawl_wrote() {
    let Some(python) = python::Python::with(&["warcio"]) else {
        return;
    };
    let portal = Portal::start(PortalConfig {
        articles: 30,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(
        &portal.base(),
        "capture = [\"pages\", \"images\", \"attachments\"]",
    );
    place.expect(0, &["crawl"]);
    place.expect(0, &["crawl", "--full"]);
    let mut kinds = std::collections::HashMap::<String, u32>::new();
    for warc in common::warcs(&place.warc_dir()) {
        let out = python
            .command()
            .args(["-m", "warcio.cli", "check", "-v"])
            .arg(&warc)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{text}");
        assert!(!text.contains("failed"), "{text}");
        for record in khobao::archive::warc::Reader::open(&warc).unwrap() {
            *kinds.entry(record.unwrap().kind().to_owned()).or_default() += 1;
        }
    }
    for kind in ["warcinfo", "response", "request", "revisit"] {
        assert!(kinds.contains_key(kind), "{kinds:?}");
    }
}
