//! A whole crawl of the test portal: every article is found once, every field is right, every
//! trap ends in an outcome of its own.

mod common;

use common::Place;
use khobao::portal::{Portal, PortalConfig, Truth};
use serde_json::Value;
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

fn url(portal: &Portal, truth: &Truth) -> String {
    format!("{}{}", portal.base(), &truth.url[1..])
}

#[test]
fn every_article_is_a_record_once_and_no_trap_is_one() {
    let (portal, place, records) = crawled(PortalConfig {
        articles: 150,
        ..PortalConfig::default()
    });
    let wanted: HashSet<String> = portal.truth().iter().map(|t| url(&portal, t)).collect();
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
    assert_eq!(place.outcome("expired"), 1);
    assert_eq!(place.outcome("external"), 1);
    for name in [
        "redirect_home",
        "skipped_print",
        "skipped_savefile",
        "skipped_sendmail",
        "skipped_theme",
    ] {
        assert!(place.outcome(name) > 0, "{name}");
    }
    let twice: Vec<Truth> = portal
        .truth()
        .into_iter()
        .filter(|t| t.also.is_some())
        .collect();
    assert!(!twice.is_empty());
    for truth in twice {
        let record = &records[&url(&portal, &truth)];
        assert_eq!(
            record["aliases"].as_array().unwrap().len(),
            1,
            "{}",
            truth.url
        );
    }
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
            !hits.iter().any(|hit| hit.path.contains(view)),
            "{view} was asked for"
        );
    }
    let out = place.expect(0, &["verify"]);
    assert!(out.contains(" 0 damaged"), "{out}");
}

#[test]
fn every_field_is_what_the_portal_published() {
    let (portal, _place, records) = crawled(PortalConfig {
        articles: 150,
        ..PortalConfig::default()
    });
    let mut wrong = Vec::new();
    for truth in portal.truth() {
        let record = &records[&url(&portal, &truth)];
        let mut check = |what: &str, found: Value, wanted: Value| {
            if found != wanted {
                wrong.push(format!("{} {what}: {found} is not {wanted}", truth.url));
            }
        };
        check("title", record["title"].clone(), truth.title.clone().into());
        check(
            "published",
            record["published"]["value"].clone(),
            truth.published_rfc3339().into(),
        );
        check("lead", record["lead"].clone(), truth.lead.clone().into());
        check(
            "dateline",
            record["dateline"].clone(),
            truth.dateline.map_or(Value::Null, Into::into),
        );
        let body: Vec<&Value> = record["body"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| &block["text"])
            .collect();
        check(
            "body",
            serde_json::json!(body),
            serde_json::json!(truth.paragraphs),
        );
        let captions: Vec<&Value> = record["images"]
            .as_array()
            .unwrap()
            .iter()
            .map(|image| &image["caption"])
            .collect();
        check(
            "captions",
            serde_json::json!(captions),
            serde_json::json!(truth.caption.iter().collect::<Vec<_>>()),
        );
        let people: Vec<Value> = truth
            .people
            .iter()
            .map(|p| serde_json::json!({"name": p.name, "roles": p.roles}))
            .collect();
        let found = record["byline"]["people"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        check("people", found.into(), people.into());
        let source = (!truth.source.is_empty()).then(|| truth.source.clone());
        check(
            "source",
            record["byline"]["source"].clone(),
            source.map_or(Value::Null, Into::into),
        );
        check(
            "tags",
            record["tags"].clone(),
            serde_json::json!(truth.tags),
        );
        let files = record["attachments"].as_array().unwrap().len();
        check(
            "attachments",
            files.into(),
            usize::from(truth.attachment).into(),
        );
        let text = record.to_string();
        for boilerplate in [
            "Bạn đã không sử dụng",
            "Tổng số điểm",
            "Ghi rõ nguồn",
            "Lượt truy cập",
        ] {
            check(boilerplate, text.contains(boilerplate).into(), false.into());
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
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

    let edited = portal.truth()[7].clone();
    assert!(portal.edit(edited.id, "Đoạn này đã được tòa soạn viết lại."));
    place.expect(0, &["crawl", "--full"]);
    assert_eq!(place.outcome("revision"), 1);
    let url = url(&portal, &edited);
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
        edited.paragraphs[0]
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
    let id = portal.publish("Bài vừa mới đăng");
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
