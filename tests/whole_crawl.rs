//! A whole crawl of the test portal: every article is found once, every field is right, every
//! trap ends in an outcome of its own.

mod common;

use common::Place;
use khobao::extract::fields::text::normal;
use khobao::portal::{Change, Draft, Portal, PortalConfig, Theme};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

fn crawled(config: PortalConfig) -> (Portal, Place, HashMap<String, Value>) {
    let portal = Portal::start(config).unwrap();
    let place = Place::new(
        &portal.base(),
        "capture = [\"pages\", \"images\", \"attachments\"]",
    );
    place.expect(0, &["crawl"]);
    let mut records = HashMap::new();
    for record in place.records() {
        let url = record["url"].as_str().unwrap().to_owned();
        assert!(
            records.insert(url.clone(), record).is_none(),
            "{url} is there twice"
        );
    }
    (portal, place, records)
}

#[test]
fn every_article_is_a_record_once_and_no_trap_is_one() {
    let (portal, place, records) = crawled(PortalConfig {
        articles: 150,
        ..PortalConfig::default()
    });
    let wanted: HashSet<String> = portal.truth().into_iter().map(|t| t.url).collect();
    let found: HashSet<String> = records.keys().cloned().collect();
    assert_eq!(
        wanted.difference(&found).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "missing"
    );
    assert_eq!(
        found.difference(&wanted).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "too many"
    );
    assert_eq!(place.outcome("new"), 150);
    let (expired, external) = portal.unreadable();
    assert_eq!(place.outcome("expired"), expired.len() as u64);
    assert_eq!(place.outcome("external"), external.len() as u64);
    for name in [
        "redirect_home",
        "robots_denied",
        "skipped_print",
        "skipped_savefile",
        "skipped_sendmail",
        "skipped_theme",
    ] {
        assert!(place.outcome(name) > 0, "{name}: {:#}", place.report());
    }
    let mut twice = 0;
    for truth in portal.truth() {
        let aliases = &records[&truth.url]["aliases"];
        for alias in &truth.aliases {
            let found = aliases.as_array().unwrap().iter().any(|a| a == alias);
            twice += usize::from(found);
        }
    }
    assert!(twice > 0, "no second-category URL became an alias");
    let hits = portal.hits();
    for view in [
        "/print/",
        "/savefile/",
        "/sendmail/",
        "nvvithemever",
        "/banners/",
        "second=cronjobs",
    ] {
        assert!(
            !hits.iter().any(|hit| hit.path_and_query.contains(view)),
            "{view} was asked for"
        );
    }
    let out = place.expect(0, &["verify"]);
    assert!(out.contains(" 0 damaged"), "{out}");
}

/// What the truth has: NFC, white space folded. Records keep text as published.
fn folded(texts: &Value) -> Vec<String> {
    let texts = texts.as_array().unwrap().iter();
    texts
        .map(|block| normal(block["text"].as_str().unwrap()))
        .collect()
}

/// Every field of every record against what the portal published, in one theme.
fn fields_are_right(theme: Theme) {
    let config = PortalConfig {
        theme,
        ..PortalConfig::with_articles(150)
    };
    let (portal, _place, records) = crawled(config);
    let mut wrong = Vec::new();
    for truth in portal.truth() {
        let record = &records[&truth.url];
        let mut check = |what: &str, found: Value, wanted: Value| {
            if found != wanted {
                wrong.push(format!("{} {what}: {found} is not {wanted}", truth.url));
            }
        };
        let each = |list: &Value, key: &str| -> Value {
            list.as_array()
                .unwrap()
                .iter()
                .map(|item| item[key].clone())
                .collect()
        };
        check("title", record["title"].clone(), json!(truth.title));
        check(
            "published",
            record["published"]["value"].clone(),
            json!(truth.published),
        );
        check("lead", record["lead"].clone(), json!(truth.lead));
        check(
            "dateline",
            record["dateline"].clone(),
            json!(truth.dateline),
        );
        let texts: Vec<String> = truth.blocks.iter().map(|b| normal(&b.text)).collect();
        check("body", json!(folded(&record["body"])), json!(texts));
        let captions: Vec<&Option<String>> = truth.images.iter().map(|i| &i.caption).collect();
        check(
            "captions",
            each(&record["images"], "caption"),
            json!(captions),
        );
        // The full image, where the page shows only its thumb.
        let images: Vec<&str> = truth.images.iter().map(|i| i.url.as_str()).collect();
        check("images", each(&record["images"], "url"), json!(images));
        let people: Vec<Value> = truth
            .people
            .iter()
            .map(|p| json!({"name": p.name, "roles": p.roles}))
            .collect();
        let found = record["byline"]["people"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        check("people", json!(found), json!(people));
        check(
            "source",
            record["byline"]["source"].clone(),
            json!(truth.source),
        );
        check("tags", record["tags"].clone(), json!(truth.tags));
        let files: Vec<&str> = truth.attachments.iter().map(|f| f.url.as_str()).collect();
        check(
            "attachments",
            each(&record["attachments"], "url"),
            json!(files),
        );
        check("newer", record["newer"].clone(), json!(truth.newer));
        check("older", record["older"].clone(), json!(truth.older));
        let text = record.to_string();
        for boilerplate in [
            "Bạn đã không sử dụng",
            "Tổng số điểm",
            "Thời gian chờ",
            "Bấm vào đây",
        ] {
            check(boilerplate, text.contains(boilerplate).into(), false.into());
        }
    }
    let shown = &wrong[..wrong.len().min(20)];
    assert!(
        wrong.is_empty(),
        "{theme:?}: {} wrong:\n{}",
        wrong.len(),
        shown.join("\n")
    );
}

#[test]
fn every_field_is_right_in_the_default_theme() {
    fields_are_right(Theme::Default45);
}

#[test]
fn every_field_is_right_in_the_mobile_theme() {
    fields_are_right(Theme::Mobile);
}

#[test]
fn every_field_is_right_in_the_old_theme() {
    fields_are_right(Theme::Old44);
}

#[test]
fn every_field_is_right_in_the_egov_theme() {
    fields_are_right(Theme::Egov);
}

#[test]
fn a_second_crawl_makes_no_revision_and_an_edit_makes_one() {
    let portal = Portal::start(PortalConfig {
        articles: 60,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "");
    place.expect(0, &["crawl"]);
    place.expect(0, &["crawl", "--full"]);
    assert_eq!(place.outcome("unchanged"), 60);
    assert_eq!(place.outcome("revision") + place.outcome("new"), 0);

    let edited = portal
        .truth()
        .into_iter()
        .find(|t| t.paragraphs().len() > 2 && t.paragraphs().len() == t.blocks.len())
        .unwrap();
    assert!(portal.edit(
        edited.id,
        Change::Paragraph(0, "Đoạn này đã được tòa soạn viết lại.".into())
    ));
    place.expect(0, &["crawl", "--full"]);
    assert_eq!(place.outcome("revision"), 1);
    let url = edited.url.clone();
    let show = |args: &[&str]| -> Value {
        serde_json::from_str(&place.expect(0, &[&["show", &url], args].concat())).unwrap()
    };
    assert_eq!(show(&[])["revision"], 2);
    assert_eq!(
        show(&[])["body"][0]["text"],
        "Đoạn này đã được tòa soạn viết lại."
    );
    assert_eq!(
        show(&["--revision", "1"])["body"][0]["text"],
        edited.paragraphs()[0]
    );
    place.expect(1, &["show", &url, "--revision", "3"]);
    place.expect(0, &["verify"]);
}

#[test]
fn an_update_finds_what_is_new_with_few_requests() {
    let portal = Portal::start(PortalConfig {
        articles: 200,
        ..PortalConfig::default()
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let before = portal.hits().len();
    let id = portal.publish(Draft::new(
        "Bài vừa mới đăng",
        "Lời dẫn của bài mới.",
        &["Đoạn một."],
    ));
    place.expect(0, &["crawl"]);
    assert_eq!(place.report()["mode"], "update");
    assert_eq!(place.outcome("new"), 1);
    let spent = portal.hits().len() - before;
    assert!(spent < 60, "{spent} requests");
    let titles: Vec<Value> = place
        .records()
        .into_iter()
        .map(|r| r["title"].clone())
        .collect();
    assert!(titles.contains(&"Bài vừa mới đăng".into()), "{id}");
}

#[test]
fn the_same_text_under_another_title_is_a_record_that_names_the_first() {
    let portal = Portal::start(PortalConfig::with_articles(40)).unwrap();
    let truth = portal.truth();
    let first = truth
        .iter()
        .find(|t| t.paragraphs().len() == t.blocks.len())
        .unwrap()
        .clone();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    let mut copy = Draft::copy_of(&first);
    copy.title = "Bài đăng lại dưới tên khác".into();
    copy.published = String::new();
    portal.publish(copy);
    place.expect(0, &["crawl"]);
    assert_eq!(place.outcome("same_text"), 1, "{:#}", place.report());
    let records = place.records();
    let original = records
        .iter()
        .find(|r| r["url"] == json!(first.url))
        .unwrap();
    let copy = records
        .iter()
        .find(|r| r["title"] == "Bài đăng lại dưới tên khác")
        .unwrap();
    assert_eq!(copy["same_as"], original["id"]);
    assert_eq!(copy["text_digest"], original["text_digest"]);
    let unique = place.expect(0, &["export", "--unique"]);
    assert_eq!(unique.lines().count(), records.len() - 1);
}

#[test]
fn a_nearly_equal_text_names_the_record_that_it_is_near_to() {
    let portal = Portal::start(PortalConfig::with_articles(40)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    let words = |from: usize, to: usize| {
        let words: Vec<String> = (from..to).map(|n| format!("tiếng{n}")).collect();
        words.join(" ")
    };
    let body = words(0, 600);
    portal.publish(Draft::new("Bản gốc", "Mở đầu.", &[&body]));
    place.expect(0, &["crawl"]);
    portal.publish(Draft::new("Bản sửa", "Mở đầu!", &[&format!("{body} thêm")]));
    portal.publish(Draft::new("Bài khác", "Mở đầu.", &[&words(600, 1200)]));
    place.expect(0, &["crawl"]);
    let records = place.records();
    let named = |title: &str| records.iter().find(|r| r["title"] == title).unwrap();
    assert_eq!(named("Bản sửa")["near"], named("Bản gốc")["id"]);
    assert_eq!(named("Bản sửa")["same_as"], Value::Null);
    assert_eq!(named("Bản gốc")["near"], Value::Null);
    assert_eq!(named("Bài khác")["near"], Value::Null);
    place.expect(0, &["verify"]);
}
