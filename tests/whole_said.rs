//! What commands say of an archive that lacks something, and of pages that say what they may not.

mod common;

use common::{Place, warcs};
use khobao::portal::{Change, Draft, Portal, PortalConfig};

fn crawled(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig::with_articles(articles)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    (portal, place)
}

/// The exit code and what stderr says.
fn failed(place: &Place, args: &[&str]) -> (Option<i32>, String) {
    let out = place.run(args);
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    (out.status.code(), stderr)
}

#[test]
fn a_deep_check_without_a_sites_table_says_so() {
    let (_portal, place) = crawled(10);
    let config = std::fs::read_to_string(place.config()).unwrap();
    let other = config.replace("id = \"thu\"", "id = \"khac\"");
    std::fs::write(place.config(), other).unwrap();
    let (code, said) = failed(&place, &["verify", "--deep"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("\"thu\"") && said.contains("[[sites]]"),
        "{said}"
    );
    place.expect(0, &["verify"]);
    std::fs::write(place.config(), config).unwrap();
    place.expect(0, &["verify", "--deep"]);
}

#[test]
fn a_page_whose_file_is_gone_is_damage() {
    let (_portal, place) = crawled(10);
    let id = place.records()[3]["id"].as_str().unwrap().to_owned();
    let file = warcs(&place.warc_dir()).remove(0);
    std::fs::remove_file(&file).unwrap();
    let (code, said) = failed(&place, &["show", &id, "--raw"]);
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains(file.to_str().unwrap()), "{said}");
    assert!(said.contains("restore it from a copy"), "{said}");
    assert!(
        !said.contains("nothing that was committed is lost"),
        "{said}"
    );
}

#[test]
fn a_title_does_not_steer_the_terminal() {
    let (portal, place) = crawled(10);
    let title = "Tin \u{1b}]0;x\u{7}lạ \u{1b}[2J";
    let id = portal.publish(Draft::new(title, "Tóm tắt.", &["Một đoạn văn."]));
    place.expect(0, &["crawl"]);
    portal.edit(id, Change::Title("Tin \u{1b}[31mkhác".into()));
    place.expect(0, &["crawl", "--full"]);
    let found = place.records();
    let record = found.iter().find(|r| r["revisions"] == 2).unwrap();
    let url = record["url"].as_str().unwrap();
    for command in ["history", "diff"] {
        let said = place.expect(0, &[command, url]);
        assert!(!said.contains(['\u{1b}', '\u{7}']), "{said:?}");
        assert!(said.contains("\\u{1b}"), "{said}");
    }
    let json = place.expect(0, &["history", url, "--json"]);
    assert!(json.contains("\\u001b"), "{json}");
}
