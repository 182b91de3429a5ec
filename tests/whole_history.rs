//! `history` and `diff`: each kind of change shows as such.

mod common;

use common::Place;
use khobao::portal::{Canned, Change, Portal, PortalConfig};
use serde_json::Value;

#[test]
fn every_kind_of_change_shows_as_such() {
    let portal = Portal::start(PortalConfig::with_articles(25)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let truth = portal.truth();
    let article = truth
        .iter()
        .find(|t| t.paragraphs().len() >= 3 && t.paragraphs().len() == t.blocks.len())
        .unwrap();
    let url = article.url.as_str();
    let once = place.run(&["diff", url]);
    assert_eq!(once.status.code(), Some(1));
    portal.edit(article.id, Change::Title("Tiêu đề đã sửa".into()));
    place.expect(0, &["crawl", "--full"]);
    let text = format!("{} Câu thêm vào.", article.paragraphs()[1]);
    portal.edit(article.id, Change::Paragraph(1, text));
    place.expect(0, &["crawl", "--full"]);

    let history = place.expect(0, &["history", url]);
    for words in ["first seen", "title", "body", "Tiêu đề đã sửa"] {
        assert!(history.contains(words), "{words}: {history}");
    }
    let lines = place.expect(0, &["history", url, "--json"]);
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["changed"], serde_json::json!(["title"]));
    assert_eq!(lines[2]["changed"], serde_json::json!(["body"]));

    // The last two, unless told otherwise.
    let json: Value =
        serde_json::from_str(&place.expect(0, &["diff", url, "--format", "json"])).unwrap();
    let changes = json["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{json:#}");
    assert_eq!(changes[0]["kind"], "changed");
    let added: String = changes[0]["words"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|part| part["tag"] != "same")
        .map(|part| part["text"].as_str().unwrap())
        .collect();
    assert_eq!(added.trim(), "Câu thêm vào.");
    let text = place.expect(0, &["diff", url, "1", "2"]);
    assert!(
        text.contains("title: changed") && text.contains("{+"),
        "{text}"
    );
    assert!(!text.contains("body"), "{text}");
    let all = place.expect(0, &["diff", url, "1"]);
    assert!(
        all.contains("title: changed") && all.contains("body 2: changed"),
        "{all}"
    );
    let same = place.expect(0, &["diff", url, "2", "2"]);
    assert!(same.contains("no difference"), "{same}");
    let html = place.expect(0, &["diff", url, "1", "--format", "html"]);
    assert!(html.contains("<ins>") && html.contains("<del>"), "{html}");
    assert_eq!(place.run(&["diff", url, "1", "9"]).status.code(), Some(1));
    assert_eq!(place.run(&["history", "http://x/"]).status.code(), Some(1));
}

#[test]
fn what_is_gone_is_kept_and_marked_until_it_is_back() {
    let portal = Portal::start(PortalConfig::with_articles(20)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    assert!(place.records().iter().all(|r| r["gone"].is_null()));
    let truth = portal.truth();
    assert!(portal.delete(truth[3].id));
    let path = truth[5]
        .url
        .strip_prefix(portal.base().trim_end_matches('/'))
        .unwrap();
    portal.set_answer(path, Canned::html(410, "<p>Không còn</p>"), usize::MAX);
    place.expect(0, &["crawl", "--full"]);
    let gone = |place: &Place| -> Vec<(String, String)> {
        let records = place.records();
        assert_eq!(records.len(), 20);
        let gone = records
            .iter()
            .filter_map(|r| Some((r, r["gone"].as_str()?)));
        gone.map(|(r, at)| (r["url"].as_str().unwrap().to_owned(), at.to_owned()))
            .collect()
    };
    let first = gone(&place);
    let urls: Vec<&str> = first.iter().map(|(url, _)| url.as_str()).collect();
    assert_eq!(urls.len(), 2, "{urls:?}");
    assert!(urls.contains(&truth[3].url.as_str()) && urls.contains(&truth[5].url.as_str()));
    let history = place.expect(0, &["history", &truth[3].url]);
    assert!(history.contains("gone since 20"), "{history}");
    // The date is that of the first time; a rebuild finds the same.
    place.expect(0, &["crawl", "--full"]);
    assert_eq!(gone(&place), first);
    place.expect(0, &["rebuild"]);
    assert_eq!(gone(&place), first);
    assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
    portal.clear_answer(path);
    place.expect(0, &["crawl", "--full"]);
    let left: Vec<String> = gone(&place).into_iter().map(|(url, _)| url).collect();
    assert_eq!(left, [truth[3].url.clone()]);
}
