//! A WARC file that is not what the manifest says: nothing that is done afterwards makes it look
//! right, until the file is back that was sealed.

mod common;

use common::{Place, unpacked, warcs};
use khobao::portal::{Portal, PortalConfig};
use std::path::PathBuf;

fn crawled(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig::with_articles(articles)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    (portal, place)
}

/// Changes the first WARC file so that each record reads as before; gives it and what it was.
fn tampered(place: &Place) -> (PathBuf, Vec<u8>) {
    let file = warcs(&place.warc_dir()).remove(0);
    let whole = std::fs::read(&file).unwrap();
    let mut bytes = whole.clone();
    // gzip's time of the first member.
    bytes[4] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    (file, whole)
}

fn name(file: &std::path::Path) -> &str {
    file.file_name().unwrap().to_str().unwrap()
}

/// An article's id and URL.
fn article(place: &Place, at: usize) -> (String, String) {
    let record = &place.records()[at];
    let text = |field: &str| record[field].as_str().unwrap().to_owned();
    (text("id"), text("url"))
}

fn is_named(place: &Place, file: &std::path::Path) {
    let found = place.expect(6, &["verify", "--deep"]);
    let line = format!("damaged: {}: its SHA-256 is not the manifest's", name(file));
    assert!(found.contains(&line), "{found}");
}

#[test]
fn a_rebuild_names_it_and_nothing_is_erased_in_it() {
    let (_portal, place) = crawled(20);
    let (id, url) = article(&place, 5);
    let (file, whole) = tampered(&place);
    let out = place.expect(6, &["rebuild", "--discard-old"]);
    assert!(
        out.contains(name(&file)) && out.contains("SHA-256"),
        "{out}"
    );
    assert!(out.contains("the old indexes are kept"), "{out}");
    is_named(&place, &file);
    let erase = ["withdraw", &id, "--reason", "thử", "--erase"];
    let out = place.expect(6, &erase);
    assert!(out.contains("nothing is erased in"), "{out}");
    assert!(
        out.contains(name(&file)) && out.contains("--damaged"),
        "{out}"
    );
    // (Withdrawn it is: only the file is left as it was.)
    assert!(place.records().iter().all(|r| r["id"] != id.as_str()));
    is_named(&place, &file);
    place.expect(6, &erase);
    place.expect(0, &["crawl"]);
    is_named(&place, &file);
    // The right file comes back, and all is well again.
    std::fs::write(&file, &whole).unwrap();
    let out = place.expect(6, &erase);
    assert!(out.contains("run `khobao rebuild`"), "{out}");
    place.expect(0, &["crawl"]);
    place.expect(6, &[&erase[..], &["--damaged"]].concat());
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    let out = place.expect(1, &["rebuild"]);
    assert!(out.contains("erases them"), "{out}");
    let found = place.expect(0, &["verify", "--deep"]);
    assert!(found.contains(" 0 damaged"), "{found}");
    let out = place.expect(0, &erase);
    assert!(out.contains("1 captures erased"), "{out}");
    assert!(!unpacked(&place).contains(&format!("WARC-Target-URI: {url}\r\n")));
    let found = place.expect(0, &["verify", "--deep"]);
    assert!(found.contains(" 0 damaged"), "{found}");
}

#[test]
fn where_no_copy_is_left_it_is_erased_in_and_named_for_ever() {
    let (_portal, place) = crawled(20);
    let (id, url) = article(&place, 5);
    let (other, _) = article(&place, 7);
    let (file, _) = tampered(&place);
    let args = ["withdraw", &id, "--reason", "thử", "--erase", "--damaged"];
    let out = place.expect(0, &args);
    assert!(out.contains("1 captures erased"), "{out}");
    assert!(!unpacked(&place).contains(&format!("WARC-Target-URI: {url}\r\n")));
    is_named(&place, &file);
    place.expect(6, &["withdraw", &other, "--reason", "thử", "--erase"]);
    place.expect(6, &["rebuild"]);
    place.expect(0, &["crawl"]);
    is_named(&place, &file);
}

#[test]
fn without_a_rebuild_between_the_right_file_is_enough() {
    let (_portal, place) = crawled(20);
    let (id, url) = article(&place, 5);
    let (file, whole) = tampered(&place);
    let erase = ["withdraw", &id, "--reason", "thử", "--erase"];
    place.expect(6, &erase);
    std::fs::write(&file, &whole).unwrap();
    place.expect(0, &erase);
    assert!(!unpacked(&place).contains(&format!("WARC-Target-URI: {url}\r\n")));
    let found = place.expect(0, &["verify", "--deep"]);
    assert!(found.contains(" 0 damaged"), "{found}");
}

#[test]
fn a_manifest_that_lists_it_anew_does_not_hide_it() {
    let (_portal, place) = crawled(20);
    let (file, whole) = tampered(&place);
    place.expect(6, &["rebuild"]);
    // As a program of before would have sealed it: announced without a look at it.
    std::fs::write(
        place.archive().join("rewriting"),
        format!("{}\n", name(&file)),
    )
    .unwrap();
    std::fs::write(&file, &whole).unwrap();
    let ledger = std::fs::read_to_string(place.archive().join("ledger.jsonl")).unwrap();
    let last = ledger.lines().last().unwrap();
    assert!(last.contains("\"unlike\":{"), "{last}");
    // The index is taken away meanwhile: the ledger knows by itself.
    place.expect(0, &["rebuild"]);
    let ledger = std::fs::read_to_string(place.archive().join("ledger.jsonl")).unwrap();
    let last = ledger.lines().last().unwrap();
    assert!(last.contains("\"restored\":["), "{last}");
    let found = place.expect(0, &["verify"]);
    assert!(found.contains(" 0 damaged"), "{found}");
}
