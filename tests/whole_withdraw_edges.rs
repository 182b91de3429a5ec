//! Withdrawing at its edges: URLs that changed hands, what a crash left, what is damaged, what
//! comes back.

mod common;

use common::{Place, copy, unpacked, warcs};
use khobao::portal::{Canned, Draft, Portal, PortalConfig};
use serde_json::Value;

fn crawled(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig::with_articles(articles)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    (portal, place)
}

fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record[field].as_str().unwrap()
}

fn path_of(portal: &Portal, url: &str) -> String {
    format!(
        "/{}",
        url.strip_prefix(&portal.base())
            .unwrap()
            .trim_start_matches('/')
    )
}

fn sound(place: &Place) {
    let found = place.expect(0, &["verify", "--deep"]);
    assert!(found.contains(" 0 damaged"), "{found}");
}

#[test]
fn a_record_whose_url_led_to_a_withdrawn_one_stays() {
    let (portal, place) = crawled(30);
    let records = place.records();
    let plain = |r: &&Value| r["same_as"].is_null() && r["near"].is_null();
    let mut plain = records.iter().filter(plain);
    let (a, b) = (plain.next().unwrap(), plain.next().unwrap());
    // B's address leads to A from now on.
    let (from, to) = (
        path_of(&portal, text(b, "url")),
        path_of(&portal, text(a, "url")),
    );
    portal.set_answer(&from, Canned::redirect(301, &to), 1000);
    place.expect(0, &["crawl", "--full"]);
    let now = place.records();
    let find = |records: &[Value], of: &Value| -> Option<Value> {
        records.iter().find(|r| r["id"] == of["id"]).cloned()
    };
    let aliases = find(&now, a).unwrap()["aliases"].clone();
    assert!(aliases.as_array().unwrap().contains(&b["url"]), "{aliases}");
    let kept = find(&now, b).unwrap();
    let out = place.expect(
        0,
        &["withdraw", text(a, "id"), "--reason", "thử", "--erase"],
    );
    assert!(out.contains(&format!("{} stays", text(b, "url"))), "{out}");
    let check = |place: &Place| {
        let left = place.records();
        assert!(find(&left, a).is_none());
        assert_eq!(find(&left, b).unwrap()["text"], kept["text"]);
        sound(place);
    };
    check(&place);
    let raw = place.expect(0, &["show", text(b, "id"), "--raw"]);
    assert!(!raw.is_empty());
    place.expect(0, &["rebuild", "--discard-old"]);
    check(&place);
}

#[test]
fn captures_that_only_the_files_know_are_hidden_and_erased() {
    let (_portal, place) = crawled(20);
    let record = place.records()[5].clone();
    let (id, url) = (text(&record, "id"), text(&record, "url"));
    // The files have a capture of the article that the index has not.
    place.crawl_unseen();
    let captures = place.expect(0, &["cdx", url]).lines().count();
    assert_eq!(captures, 2);
    let out = place.expect(0, &["withdraw", id, "--reason", "thử"]);
    assert!(out.contains("is withdrawn"), "{out}");
    assert!(place.expect(0, &["cdx", url]).is_empty());
    // Later, it is to be erased.
    let out = place.expect(0, &["withdraw", id, "--reason", "thử", "--erase"]);
    assert!(out.contains("2 captures erased"), "{out}");
    assert!(!unpacked(&place).contains(&format!("WARC-Target-URI: {url}\r\n")));
    place.expect(0, &["rebuild", "--discard-old"]);
    assert!(place.records().iter().all(|r| r["id"] != record["id"]));
    sound(&place);
}

#[test]
fn one_damaged_capture_does_not_stop_the_erasing_of_others() {
    let (_portal, place) = crawled(20);
    place.expect(0, &["crawl", "--full"]);
    let record = place.records()[5].clone();
    let (id, url) = (text(&record, "id"), text(&record, "url"));
    let capture = &record["provenance"]["capture"];
    let file = place.warc_dir().join(text(capture, "file"));
    let offset = usize::try_from(capture["offset"].as_u64().unwrap()).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    for byte in &mut bytes[offset + 12..offset + 40] {
        *byte ^= 0x5a;
    }
    std::fs::write(&file, &bytes).unwrap();
    place.expect(6, &["verify"]);
    let args = ["withdraw", id, "--reason", "thử", "--erase", "--damaged"];
    let out = place.expect(0, &args);
    assert!(out.contains("2 captures erased"), "{out}");
    assert!(!unpacked(&place).contains(&format!("WARC-Target-URI: {url}\r\n")));
    // All records can be read again; that the file was changed is not forgotten.
    let found = place.expect(6, &["verify"]);
    assert!(found.contains(" 1 damaged"), "{found}");
    assert!(
        found.contains("its SHA-256 is not the manifest's"),
        "{found}"
    );
}

#[test]
fn a_withdrawal_that_ended_too_early_is_ended_by_the_next() {
    let (_portal, place) = crawled(20);
    let record = place.records()[5].clone();
    let (id, url) = (text(&record, "id"), text(&record, "url"));
    let indexes = tempfile::tempdir().unwrap();
    copy(&place.warc_dir(), indexes.path());
    place.expect(0, &["withdraw", id, "--reason", "thử"]);
    // As a kill before the list was written leaves it: the old indexes of the files.
    for entry in std::fs::read_dir(indexes.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "cdxj") {
            std::fs::copy(&path, place.warc_dir().join(path.file_name().unwrap())).unwrap();
        }
    }
    std::fs::remove_file(place.warc_dir().join("withdrawn.jsonl")).unwrap();
    assert!(!place.expect(0, &["cdx", url]).is_empty());
    place.expect(0, &["withdraw", id, "--reason", "thử"]);
    assert!(place.expect(0, &["cdx", url]).is_empty());
    sound(&place);
}

#[test]
fn a_record_of_a_site_without_its_table_is_not_withdrawn_by_guess() {
    let (_portal, place) = crawled(10);
    let record = place.records()[5].clone();
    let config = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(
        place.config(),
        config.replace("id = \"thu\"", "id = \"khac\""),
    )
    .unwrap();
    let out = place.run(&[
        "withdraw",
        text(&record, "id"),
        "--reason",
        "thử",
        "--erase",
    ]);
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert_ne!(out.status.code(), Some(0));
    assert!(
        stderr.contains("\"thu\"") && stderr.contains("[[sites]]"),
        "{stderr}"
    );
    assert_eq!(place.records().len(), 9.max(place.records().len()));
    std::fs::write(place.config(), config).unwrap();
    sound(&place);
}

#[test]
fn what_was_erased_is_reported_when_it_comes_back_and_known_under_other_urls() {
    let (portal, place) = crawled(20);
    let copied = tempfile::tempdir().unwrap();
    copy(&place.warc_dir(), copied.path());
    let truth = portal.truth();
    let article = truth
        .iter()
        .find(|t| t.paragraphs().len() == t.blocks.len())
        .unwrap();
    let record = place
        .records()
        .into_iter()
        .find(|r| r["url"] == article.url.as_str())
        .unwrap();
    let id = text(&record, "id");
    place.expect(0, &["withdraw", id, "--reason", "thử", "--erase"]);
    place.expect(0, &["rebuild", "--discard-old"]);
    // The same article under another address is withdrawn, too, after a rebuild as before it.
    let mut again = Draft::copy_of(article);
    again.category = "tin-co-so".to_owned();
    let copied_to = portal.publish(again);
    let truth = portal.truth();
    let other = &truth.iter().find(|t| t.id == copied_to).unwrap().url;
    // (By title: white space in the text differs from page to page.)
    let absent = |place: &Place| {
        let records = place.records();
        let same = |r: &&Value| r["title"] == record["title"] || r["url"] == other.as_str();
        assert_eq!(records.iter().filter(same).count(), 0);
    };
    place.expect(0, &["crawl", "--full"]);
    let asked = path_of(&portal, other);
    assert!(portal.hits().iter().any(|hit| hit.path_and_query == asked));
    absent(&place);
    place.expect(0, &["rebuild", "--discard-old"]);
    absent(&place);
    // A copy from before brings the captures back, and says so.
    let from = copied.path().to_str().unwrap();
    let out = place.expect(1, &["rebuild", "--from", from]);
    assert!(out.contains(id) && out.contains("came back"), "{out}");
    assert!(place.records().iter().all(|r| r["id"] != record["id"]));
    place.expect(0, &["withdraw", id, "--reason", "thử", "--erase"]);
    let out = place.expect(0, &["rebuild", "--discard-old"]);
    assert!(!out.contains("came back"), "{out}");
    sound(&place);
}

#[test]
fn tombstones_in_imported_files_are_told() {
    let (portal, place) = crawled(20);
    let id = text(&place.records()[5], "id").to_owned();
    place.expect(0, &["withdraw", &id, "--reason", "thử"]);
    let other = Place::new(&portal.base(), "capture = [\"pages\"]");
    other.expect(0, &["crawl"]);
    let all = other.records().len();
    let out = {
        let files = warcs(&place.warc_dir());
        let mut args = vec!["import"];
        args.extend(files.iter().map(|file| file.to_str().unwrap()));
        other.expect(0, &args)
    };
    assert!(
        out.contains("1 tombstones in ") && out.contains(&id),
        "{out}"
    );
    assert_eq!(other.records().len(), all - 1);
}

#[test]
fn near_copies_are_found_again_without_the_withdrawn_one() {
    let (portal, place) = crawled(20);
    let long: Vec<String> = (0..12)
        .map(|n| format!("Đoạn thứ {n} kể về công việc của tổ công tác ở bản làng vùng cao biên giới phía tây bắc."))
        .collect();
    let paragraphs: Vec<&str> = long.iter().map(String::as_str).collect();
    for (number, last) in ["một", "hai", "ba"].into_iter().enumerate() {
        let mut near = paragraphs.clone();
        let tail = format!("Câu cuối số {last}.");
        near.push(&tail);
        portal.publish(Draft::new(
            &format!("Bài gần giống {number}"),
            "Tóm tắt.",
            &near,
        ));
    }
    place.expect(0, &["crawl", "--full"]);
    let records = place.records();
    let near: Vec<&Value> = records
        .iter()
        .filter(|r| text(r, "title").starts_with("Bài gần giống"))
        .collect();
    let first = near
        .iter()
        .find(|r| r["near"].is_null())
        .expect("a first one");
    assert!(near.iter().any(|r| r["near"] == first["id"]), "{near:#?}");
    place.expect(
        0,
        &["withdraw", text(first, "id"), "--reason", "thử", "--erase"],
    );
    let export = place.expect(0, &["export"]);
    place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(place.expect(0, &["export"]), export);
    sound(&place);
}
