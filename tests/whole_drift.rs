//! Pages that are suddenly read otherwise are noticed in the run in which it happens, and cost no
//! good record; an ordinary week is left alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "common/web.rs"]
mod web;

use common::Place;
use khobao::portal::{Canned, Change, Draft, Portal, PortalConfig};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use web::{get, path};

fn started(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig::with_articles(articles)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    (portal, place)
}

/// Words of our own, different for each number.
fn draft(number: usize) -> Draft {
    const WHO: [&str; 7] = ["Lan", "Hòa", "Bình", "Tú", "Vân", "Sơn", "Mai"];
    const WHAT: [&str; 5] = [
        "thăm trường học",
        "trồng cây",
        "sửa cầu",
        "họp tổ dân phố",
        "mở chợ",
    ];
    const WHERE: [&str; 11] = [
        "xã Một",
        "xã Hai",
        "xã Ba",
        "xã Bốn",
        "xã Năm",
        "xã Sáu",
        "xã Bảy",
        "xã Tám",
        "xã Chín",
        "xã Mười",
        "thị trấn",
    ];
    let (who, what, place) = (WHO[number % 7], WHAT[number % 5], WHERE[number % 11]);
    let lead = format!("Sáng nay, đoàn số {number} của {who} {what} tại {place}, nhiều người dự.");
    let first = format!(
        "Theo {who}, việc {what} ở {place} đã chuẩn bị {} ngày và có {} hộ tham gia.",
        number % 13 + 2,
        number * 3 + 11
    );
    let second = format!(
        "Buổi thứ {number} kết thúc lúc {} giờ, khi trời vừa mưa xuống cánh đồng.",
        number % 9 + 8
    );
    let third = format!(
        "Lần tới, {who} sẽ quay lại {place} cùng {} người nữa để làm tiếp phần còn lại.",
        number % 17 + 3
    );
    let mut draft = Draft::new(
        &format!("{who} {what} tại {place}, đợt {number}"),
        &lead,
        &[&first, &second, &third],
    );
    draft.author_line = (!number.is_multiple_of(3)).then(|| format!("Nguyễn {who}"));
    draft
}

fn publish(portal: &Portal, from: usize, count: usize) -> Vec<String> {
    let ids: Vec<u32> = (from..from + count)
        .map(|n| portal.publish(draft(n)))
        .collect();
    let truth = portal.truth();
    let of = |id: &u32| truth.iter().find(|t| t.id == *id).unwrap().url.clone();
    ids.iter().map(of).collect()
}

/// Answers these pages otherwise than the portal would.
fn bend<'a>(
    portal: &Portal,
    urls: impl IntoIterator<Item = &'a String>,
    how: impl Fn(&str) -> String,
) {
    for url in urls {
        let path = path(url);
        portal.clear_answer(&path);
        let page = get(url);
        let bent = how(&page);
        assert_ne!(page, bent, "{url}");
        portal.set_answer(&path, Canned::html(200, bent), usize::MAX);
    }
}

/// Puts `new` between two marks of the page.
fn between(page: &str, from: &str, to: &str, new: &str) -> String {
    let (before, rest) = page.split_once(from).unwrap();
    let (_, after) = rest.split_once(to).unwrap();
    format!("{before}{from}{new}{to}{after}")
}

fn without_body(page: &str) -> String {
    page.replace(
        "id=\"news-bodyhtml\" class=\"bodytext",
        "id=\"noi-dung\" class=\"khung",
    )
}

fn half(portal: &Portal) -> Vec<String> {
    portal
        .truth()
        .into_iter()
        .step_by(2)
        .map(|t| t.url)
        .collect()
}

fn alarms(place: &Place) -> Vec<Value> {
    let out = place.run(&["drift", "--json"]);
    String::from_utf8(out.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn about<'a>(alarms: &'a [Value], field: &str) -> &'a Value {
    let found = alarms.iter().find(|alarm| alarm["field"] == field);
    found.unwrap_or_else(|| panic!("no alarm about {field}: {alarms:#?}"))
}

/// Each record's fields that a bad reading would change.
fn fields(place: &Place, args: &[&str]) -> BTreeMap<String, Value> {
    let mut all = vec!["export"];
    all.extend(args);
    place
        .expect(0, &all)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|mut record| {
            let url = record["url"].as_str().unwrap().to_owned();
            let fields = ["title", "lead", "body", "byline", "published", "revision"];
            let kept = fields.map(|name| record[name].take());
            (url, Value::from(kept.to_vec()))
        })
        .collect()
}

#[test]
fn a_first_crawl_and_ordinary_weeks_raise_nothing() {
    let (portal, place) = started(120);
    let mut number = 0;
    for (week, news) in [5, 0, 3, 1, 4, 2].into_iter().enumerate() {
        publish(&portal, number, news);
        number += news;
        let truth = portal.truth();
        for n in 0..3 {
            let id = truth[(week * 37 + n * 11) % truth.len()].id;
            portal.edit(
                id,
                Change::Append(format!("Bổ sung lần {week} cho bài {id}: số liệu mới hơn.")),
            );
        }
        portal.edit(
            truth[week * 5].id,
            Change::Lead(format!("Tóm tắt sửa lại lần {week}.")),
        );
        place.expect(
            0,
            &["crawl", if week % 2 == 0 { "--full" } else { "--update" }],
        );
    }
    assert_eq!(place.expect(0, &["drift"]), "no open alarm\n");
    assert_eq!(place.records().len(), 120 + number);
}

#[test]
fn an_emptied_body_on_half_of_the_pages_overwrites_nothing() {
    let (portal, place) = started(80);
    let before = fields(&place, &[]);
    let bent = half(&portal);
    bend(&portal, &bent, without_body);
    place.expect(5, &["crawl", "--full"]);
    let report = place.report();
    assert!(report["quarantined"].as_u64().unwrap() >= 38, "{report:#}");
    let all = alarms(&place);
    let body = about(&all, "body");
    assert_eq!(body["site"], "thu");
    assert_eq!(body["rule"], "bodyhtml", "{body:#}");
    assert_eq!(body["samples"].as_array().unwrap().len(), 3);
    assert!(
        bent.iter().any(|url| *url == body["samples"][0]),
        "{body:#}"
    );
    let text = place.expect(5, &["drift"]);
    assert!(
        text.contains(body["samples"][2].as_str().unwrap()),
        "{text}"
    );

    // The good ones stay what they were; the doubtful ones are kept beside them.
    assert_eq!(fields(&place, &[]), before);
    let doubtful = fields(&place, &["--quarantined"]);
    assert_eq!(doubtful.len(), before.len());
    let changed = doubtful
        .iter()
        .filter(|(url, fields)| before[*url] != **fields);
    assert!(changed.count() >= 38);
    let shown: Value = serde_json::from_str(&place.expect(0, &["show", &bent[0]])).unwrap();
    assert_eq!(shown["revision"], 1);
    let out = place.expect(0, &["verify", "--deep"]);
    assert!(out.contains(" 0 damaged"), "{out}");

    // A rebuild has the same good ones.
    let export = place.expect(0, &["export"]);
    place.expect(0, &["rebuild"]);
    assert_eq!(place.expect(0, &["export"]), export);
    assert_eq!(alarms(&place).len(), all.len());

    // The profile is what it was: reading again mends nothing.
    place.expect(5, &["drift", "reextract"]);
    assert_eq!(fields(&place, &[]), before);

    // The portal mends itself: the next crawl has the good pages again.
    for url in &bent {
        portal.clear_answer(&path(url));
    }
    place.expect(0, &["crawl", "--full"]);
    let mended = fields(&place, &[]);
    assert_eq!(mended[&bent[0]][2], before[&bent[0]][2]);
    assert_eq!(mended[&bent[0]][5], 3);
}

#[test]
fn new_markup_is_read_again_with_a_mended_profile() {
    let (portal, place) = started(60);
    let new = publish(&portal, 0, 8);
    bend(&portal, &new, without_body);
    place.expect(5, &["crawl"]);
    assert_eq!(place.records().len(), 60, "{:#}", place.report());
    assert_eq!(fields(&place, &["--quarantined"]).len(), 68);
    let id = about(&alarms(&place), "body")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = include_str!("../selectors/nukeviet.toml").replace(
        "[[fields.body]]\nname = \"bodyhtml\"",
        "[[fields.body]]\nname = \"khung\"\ncss = \"#noi-dung\"\n[[fields.body]]\nname = \"bodyhtml\"",
    );
    place.own_profile(&own);
    let out = place.expect(0, &["drift", "reextract", "thu"]);
    assert!(out.contains(&format!("{id}: closed")), "{out}");
    let records = place.records();
    assert_eq!(records.len(), 68);
    for url in &new {
        let record = records.iter().find(|record| record["url"] == *url).unwrap();
        assert_eq!(record["body"].as_array().unwrap().len(), 3);
    }
    assert_eq!(place.expect(0, &["drift"]), "no open alarm\n");
    assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
    place.expect(0, &["crawl", "--full"]);
}

#[test]
fn a_theme_that_the_profile_misreads_is_caught_on_half_of_the_pages() {
    let (portal, place) = started(80);
    let before = fields(&place, &[]);
    // Captions, lead and text in boxes of other names; a box of advice where the text was.
    bend(&portal, &half(&portal), |page| {
        page.replace("class=\"hometext", "class=\"tom-tat")
            .replace("itemprop=\"description\"", "")
            .replace("id=\"news-bodyhtml\" class=\"bodytext", "class=\"khung-chu")
            .replace(
                "<div class=\"alert alert-info",
                "<div class=\"bodytext alert alert-info",
            )
    });
    place.expect(5, &["crawl", "--full"]);
    let all = alarms(&place);
    about(&all, "lead");
    about(&all, "body");
    assert_eq!(fields(&place, &[]), before);
}

#[test]
fn a_byline_that_became_the_sites_name_is_caught() {
    let (portal, place) = started(80);
    let before = fields(&place, &[]);
    bend(&portal, &half(&portal), |page| {
        let page = page.replace("<p class=\"h5 text-right\">", "<p class=\"khac\">");
        page.replacen(
            "<div class=\"alert alert-info",
            "<p class=\"h5 text-right\"><strong>Tác giả: </strong>Cổng thông tin điện tử tỉnh Thử</p>\n\
             <div class=\"alert alert-info",
            1,
        )
    });
    place.expect(5, &["crawl", "--full"]);
    about(&alarms(&place), "byline");
    let after = fields(&place, &[]);
    let overwritten = after
        .iter()
        .filter(|(url, fields)| before[*url][3] != fields[3]);
    let overwritten = overwritten.filter(|(url, _)| !before[*url][3].is_null());
    assert_eq!(overwritten.count(), 0);
}

#[test]
fn dates_that_became_now_are_caught() {
    let now = || {
        let zone = chrono::FixedOffset::east_opt(7 * 3600).unwrap();
        let now = chrono::Utc::now().with_timezone(&zone);
        now.format("%d/%m/%Y %H:%M").to_string()
    };
    let date = |page: &str| between(page, "<span class=\"h5\">", "</span>", &now());
    let (portal, place) = started(80);
    let before = fields(&place, &[]);
    bend(&portal, &half(&portal), date);
    place.expect(5, &["crawl", "--full"]);
    about(&alarms(&place), "published");
    assert_eq!(fields(&place, &[]), before);

    // The same on new articles only.
    let (portal, place) = started(60);
    bend(&portal, &publish(&portal, 0, 9), date);
    place.expect(5, &["crawl"]);
    about(&alarms(&place), "published");
    assert_eq!(place.records().len(), 60);
}

#[test]
fn what_is_accepted_is_usual_from_then_on() {
    let (portal, place) = started(60);
    let new = publish(&portal, 0, 8);
    bend(&portal, &new, without_body);
    place.expect(5, &["crawl"]);
    let id = about(&alarms(&place), "body")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    // Until it is settled, what shows the same goes to the same quarantine.
    let more = publish(&portal, 8, 1);
    bend(&portal, &more, without_body);
    place.expect(5, &["crawl"]);
    assert_eq!(place.records().len(), 60);
    place.expect(2, &["drift", "accept", "nobody"]);
    place.expect(0, &["drift", "accept", "thu"]);
    assert_eq!(place.records().len(), 69);
    assert_eq!(place.expect(0, &["drift"]), "no open alarm\n");
    let more = publish(&portal, 9, 6);
    bend(&portal, &more, without_body);
    place.expect(0, &["crawl"]);
    assert_eq!(place.records().len(), 75, "{id}");
    assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
}

#[test]
fn articles_that_are_none_any_more_are_told() {
    let (portal, place) = started(60);
    bend(&portal, &half(&portal), |page| {
        let (head, _) = page.split_once("<body").unwrap();
        format!("{head}<body><h1>Xin chào</h1><p>Trang đang được làm lại.</p></body></html>")
    });
    place.expect(5, &["crawl", "--full"]);
    let all = alarms(&place);
    about(&all, "article");
    assert_eq!(place.records().len(), 60);
    place.expect(0, &["drift", "accept"]);
    assert_eq!(place.expect(0, &["drift"]), "no open alarm\n");
    place.expect(0, &["crawl", "--full"]);
}

#[test]
fn a_site_that_is_not_watched_raises_nothing() {
    let portal = Portal::start(PortalConfig::with_articles(40)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]\ndrift = false");
    place.expect(0, &["crawl"]);
    bend(&portal, &half(&portal), without_body);
    place.expect(0, &["crawl", "--full"]);
}

#[test]
fn a_paragraph_in_every_new_article_is_told_from_a_common_closing_line() {
    let (portal, place) = started(60);
    let new = publish(&portal, 0, 9);
    bend(&portal, &new, |page| {
        page.replace(
            "<div id=\"news-bodyhtml\" class=\"bodytext margin-bottom-lg\">",
            "<div id=\"news-bodyhtml\" class=\"bodytext margin-bottom-lg\"><p>Mời bạn đọc tải ứng dụng \
             của tỉnh để nhận tin mới nhất mỗi ngày trên điện thoại.</p>",
        )
    });
    place.expect(5, &["crawl"]);
    let all = alarms(&place);
    let body = about(&all, "body");
    assert!(
        body["symptom"]
            .as_str()
            .unwrap()
            .starts_with("boilerplate-"),
        "{body:#}"
    );
    assert_eq!(place.records().len(), 60);
}

#[test]
fn a_first_crawl_that_reads_no_body_at_all_is_absurd() {
    let portal = Portal::start(PortalConfig::with_articles(60)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    let urls: Vec<String> = portal.truth().into_iter().map(|t| t.url).collect();
    bend(&portal, &urls, without_body);
    place.expect(5, &["crawl"]);
    about(&alarms(&place), "body");
    // All of it, what came before the alarm included.
    assert_eq!(place.records().len(), 0);
    place.expect(0, &["drift", "accept", "thu"]);
    assert_eq!(place.records().len(), 60);
}

#[test]
fn what_a_killed_run_had_committed_is_judged_by_the_next_one() {
    let portal = Portal::start(PortalConfig::with_articles(60)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]\nconcurrency = 1");
    place.expect(0, &["crawl"]);
    let before = fields(&place, &[]);
    let new = publish(&portal, 0, 8);
    bend(&portal, &new, without_body);
    portal.forget_hits();
    portal.set_latency(Duration::from_millis(300));
    let mut child = place.spawn(&["crawl"]);
    let begun = Instant::now();
    // Neither the four pages before the kill nor the four after it are enough by themselves.
    let asked = || {
        let hits = portal.hits();
        let of = |url: &&String| hits.iter().any(|hit| hit.path_and_query == path(url));
        new.iter().filter(of).count()
    };
    while asked() < 4 {
        assert!(begun.elapsed().as_secs() < 60);
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(150));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(asked() < 6, "{}", asked());
    portal.set_latency(Duration::ZERO);
    assert_eq!(alarms(&place).len(), 0);
    place.expect(5, &["crawl"]);
    assert_eq!(fields(&place, &[]), before);
    assert_eq!(fields(&place, &["--quarantined"]).len(), 68);
}

#[test]
fn a_withdrawn_record_leaves_quarantine() {
    let (portal, place) = started(60);
    let new = publish(&portal, 0, 8);
    bend(&portal, &new, without_body);
    place.expect(5, &["crawl"]);
    place.expect(0, &["withdraw", &new[0], "--reason", "asked for"]);
    let body = about(&alarms(&place), "body").clone();
    assert_eq!(body["quarantined"], 7, "{body:#}");
    assert!(place.expect(0, &["verify"]).contains(" 0 damaged"));
}

#[test]
fn half_of_the_new_articles_are_enough() {
    let (portal, place) = started(60);
    let new = publish(&portal, 0, 24);
    let bent: Vec<String> = new.iter().step_by(2).cloned().collect();
    bend(&portal, &bent, without_body);
    place.expect(5, &["crawl"]);
    let records = place.records();
    assert_eq!(records.len(), 60 + 12, "{:#?}", alarms(&place));
    assert!(
        !records
            .iter()
            .any(|record| bent.iter().any(|url| record["url"] == *url))
    );
}

#[test]
fn doubtful_revisions_are_released_by_a_mended_profile() {
    let (portal, place) = started(60);
    let before = fields(&place, &[]);
    let bent = half(&portal);
    bend(&portal, &bent, without_body);
    place.expect(5, &["crawl", "--full"]);
    let own = include_str!("../selectors/nukeviet.toml").replace(
        "[[fields.body]]\nname = \"bodyhtml\"",
        "[[fields.body]]\nname = \"khung\"\ncss = \"#noi-dung\"\n[[fields.body]]\nname = \"bodyhtml\"",
    );
    place.own_profile(&own);
    place.expect(0, &["drift", "reextract"]);
    let after = fields(&place, &[]);
    for (url, fields) in &before {
        assert_eq!(after[url][2], fields[2], "{url}");
    }
    assert_eq!(after[&bent[1]][5], 2);
    assert_eq!(fields(&place, &["--quarantined"]), after);
    // A rebuild with that profile reads them alike.
    place.expect(0, &["rebuild"]);
    assert_eq!(alarms(&place).len(), 0);
    let rebuilt = fields(&place, &[]);
    for (url, fields) in &before {
        assert_eq!(rebuilt[url][2], fields[2], "{url}");
    }
}
