//! Portals that move: another host, another path, two that become one (`formerly`).

mod common;
#[path = "common/web.rs"]
mod web;

use common::Place;
use khobao::portal::{Canned, Change, Draft, Portal, PortalConfig, TruthArticle};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A portal with the content of every other one with this seed and size.
fn portal(articles: usize, seed: u64) -> Portal {
    Portal::start(PortalConfig {
        articles,
        seed,
        same_time: 0,
        ..PortalConfig::default()
    })
    .unwrap()
}

/// Writes the tables of sites: id, base, further lines.
fn configure(place: &Place, sites: &[(&str, &str, &str)]) {
    let mut text = "[archive]\npath = \"archive\"\n".to_owned();
    for (id, base, extra) in sites {
        let _ = write!(
            text,
            "[[sites]]\nid = \"{id}\"\nbase = \"{base}\"\nprofile = \"nukeviet\"\npace = \"0s\"\n\
             concurrency = 4\nallow_private = true\ncapture = [\"pages\"]\n{extra}\n"
        );
    }
    std::fs::write(place.config(), text).unwrap();
}

fn formerly(bases: &[&str]) -> String {
    format!("formerly = {bases:?}")
}

/// Records by the path of their first URL and that URL's port.
fn by_url(place: &Place) -> BTreeMap<String, Value> {
    let records = place.records().into_iter();
    records
        .map(|record| (record["url"].as_str().unwrap().to_owned(), record))
        .collect()
}

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or_default()
}

fn has_alias(record: &Value, url: &str) -> bool {
    record["aliases"]
        .as_array()
        .unwrap()
        .iter()
        .any(|a| a == url)
}

/// An index that is made again says the same.
fn rebuilt(place: &Place) -> String {
    let before = place.expect(0, &["export"]);
    place.expect(0, &["rebuild", "--discard-old"]);
    let after = place.expect(0, &["export"]);
    for (before, after) in before.lines().zip(after.lines()) {
        let read = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
        let (before, after) = (read(before), read(after));
        for (name, value) in before.as_object().unwrap() {
            assert_eq!(&after[name], value, "{name} of {}", before["url"]);
        }
    }
    assert!(after == before);
    let found = place.expect(0, &["verify", "--deep"]);
    assert!(found.contains(" 0 damaged"), "{found}");
    before
}

fn figure(place: &Place, args: &[&str], code: i32) -> Value {
    let args = [&["audit", "--format", "json"][..], args].concat();
    serde_json::from_str(&place.expect(code, &args)).unwrap()
}

/// How many addresses the archived articles have: of those that have moved, the new ones.
fn addresses(records: &BTreeMap<String, Value>, new: &str) -> u64 {
    let of = |record: &Value| {
        let aliases = record["aliases"].as_array().unwrap();
        let own = aliases
            .iter()
            .filter(|url| url.as_str().unwrap().starts_with(new));
        match record["moved_to"].is_string() {
            true => own.count() as u64,
            false => 1 + aliases.len() as u64,
        }
    };
    records.values().map(of).sum()
}

fn place() -> Place {
    Place::new("http://127.0.0.1:9/", "")
}

#[test]
fn a_portal_at_another_host_goes_on_with_its_records() {
    let old = portal(60, 7);
    let place = place();
    configure(&place, &[("tinh", &old.base(), "")]);
    place.expect(0, &["crawl"]);
    let before = by_url(&place);
    let asked = old.hits().len();

    // What the editors did while nobody looked.
    let new = portal(60, 7);
    let truth = new.truth();
    let plain: Vec<_> = truth
        .iter()
        .filter(|t| t.aliases.is_empty() && t.paragraphs().len() == t.blocks.len())
        .collect();
    let (retitled, edited, deleted) = (plain[0], plain[1], plain[2]);
    new.edit(retitled.id, Change::Title("Tên khác hẳn của bài".into()));
    new.edit(edited.id, Change::Append("Một đoạn nữa của bài.".into()));
    new.delete(deleted.id);
    let fresh = new.publish(Draft::new(
        "Bài đầu tiên ở nhà mới",
        "Mở đầu",
        &["Đoạn một."],
    ));
    let moved = formerly(&[&old.base()]);
    configure(&place, &[("tinh", &new.base(), &moved)]);
    place.expect(0, &["crawl"]);
    assert_eq!(old.hits().len(), asked, "the old host was asked");

    let after = by_url(&place);
    assert_eq!(after.len(), before.len() + 1);
    let at_old = |url: &str| url.replace(&new.base(), &old.base());
    for t in new.truth().iter().filter(|t| t.id != fresh) {
        let record = &after[&at_old(&t.url)];
        assert_eq!(record["id"], before[&at_old(&t.url)]["id"]);
        assert_eq!(text(record, "moved_to"), t.url);
        assert!(has_alias(record, &t.url));
        let revisions = 1 + u64::from([retitled.id, edited.id].contains(&t.id));
        assert_eq!(record["revisions"], revisions, "{}", t.url);
        assert!(record["gone"].is_null(), "{}", t.url);
        assert_eq!(text(record, "title"), t.title);
    }
    let first = new.truth().into_iter().find(|t| t.id == fresh).unwrap();
    assert!(after[&first.url]["moved_to"].is_null());
    rebuilt(&place);
    // A spreadsheet says so, too.
    let csv = place.expect(0, &["export", "--format", "csv"]);
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    let columns = csv.headers().unwrap().clone();
    let at = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let mut moved = 0;
    for row in csv.records() {
        let row = row.unwrap();
        let record = &after[&row[at("url")]];
        assert_eq!(
            &row[at("moved_to")],
            record["moved_to"].as_str().unwrap_or("")
        );
        moved += usize::from(!row[at("moved_to")].is_empty());
        let aliases = record["aliases"].as_array().unwrap();
        let aliases: Vec<&str> = aliases.iter().map(|url| url.as_str().unwrap()).collect();
        assert_eq!(&row[at("aliases")], aliases.join("; "));
    }
    // (The deleted one never was at the new address.)
    assert_eq!(moved, before.len() - 1);

    // Either URL names it.
    let (was, is) = (at_old(&edited.url), edited.url.as_str());
    for name in [was.as_str(), is] {
        assert!(place.expect(0, &["show", name]).contains("Một đoạn nữa"));
        let history = place.expect(0, &["history", name, "--json"]);
        assert_eq!(history.lines().count(), 2, "{history}");
        assert!(place.expect(0, &["cdx", name]).contains("\"200\""));
    }

    // The audit counts what is at both addresses once.
    let audit = figure(&place, &[], 0);
    assert_eq!(audit["figure"]["archived"], addresses(&after, &new.base()));
    assert_eq!(audit["figure"]["unexplained"], 0);
    assert_eq!(audit["sites"].as_array().unwrap().len(), 1);

    // What was not carried over is looked for once at the new address, and is gone.
    place.expect(0, &["crawl", "--full"]);
    let after = by_url(&place);
    for (url, record) in &after {
        let gone = *url == at_old(&deleted.url);
        assert_eq!(record["gone"].is_string(), gone, "{url}");
    }
    assert_eq!(old.hits().len(), asked);
    let hits = new.hits().len();
    place.expect(0, &["crawl"]);
    let quiet = new.hits().len() - hits;
    assert!(quiet < 60, "{quiet} requests in a quiet night");
    rebuilt(&place);

    // Withdrawn by one URL is withdrawn by both.
    let shown = |text: &str| {
        let all = web::captures(&place);
        all.iter()
            .filter(|capture| capture.text().contains(text))
            .count()
    };
    assert!(shown("Một đoạn nữa của bài.") > 0);
    place.expect(0, &["withdraw", is, "--reason", "thử", "--erase"]);
    assert_eq!(shown("Một đoạn nữa của bài."), 0);
    for name in [was.as_str(), is] {
        assert!(place.expect(0, &["show", name]).contains("\"withdrawn\""));
    }
    place.expect(0, &["crawl", "--full"]);
    assert_eq!(by_url(&place).len(), after.len() - 1);
    rebuilt(&place);
}

/// Publishes until the next article's number is `id`.
fn count_up_to(portal: &Portal, id: u32, word: &str) {
    let draft = |n: u32| {
        let title = format!("Tin vắn {word} số {n}");
        let text = format!("Tin vắn số {n} của {word}: bà con {word} đón {n} đoàn khách về thăm.");
        Draft::new(&title, &format!("Tin vắn {n}."), &[&text])
    };
    for n in 0.. {
        if portal.publish(draft(n)) + 1 >= id {
            return;
        }
    }
}

fn notice(time: &str, text: &str) -> Draft {
    Draft {
        published: time.to_owned(),
        ..Draft::new("Thông báo", "Thông báo của Ủy ban.", &[text])
    }
}

const ONE: &str = "Ngày mai mất điện ở bản Huổi Sang từ bảy giờ sáng đến năm giờ chiều để sửa đường \
                   dây, đề nghị bà con chuẩn bị trước nước sinh hoạt.";
const TWO: &str = "Lịch tiếp công dân của Thường trực trong quý hai được dời sang tuần cuối của tháng \
                   vì kỳ họp bất thường, người dân gửi đơn qua bưu điện.";
const THREE: &str = "Kết quả tuyển dụng viên chức đợt này niêm yết tại trụ sở, thí sinh phúc khảo nộp \
                     đơn trong mười ngày kể từ hôm nay.";

#[test]
fn two_portals_become_one_and_articles_that_count_alike_are_not_mixed_up() {
    let (a, b) = (portal(40, 7), portal(40, 8));
    let new = portal(40, 7);
    // All three count to the same number, under which each has a notice; the third is another one.
    for (portal, word) in [(&a, "Hà Giang"), (&new, "Hà Giang"), (&b, "Tuyên Quang")] {
        count_up_to(portal, 180, word);
    }
    let ids = [
        a.publish(notice("2025-03-01T08:00:00", ONE)),
        new.publish(notice("2025-03-01T08:00:00", ONE)),
        b.publish(notice("2025-04-02T09:30:00", TWO)),
    ];
    assert_eq!(ids, [180; 3]);
    for (portal, time, text) in [
        (&a, "2025-03-05T08:00:00", ONE),
        (&new, "2025-07-09T10:00:00", THREE),
        (&b, "2025-04-06T09:30:00", TWO),
    ] {
        let text = format!("{text} Lần thứ hai.");
        assert_eq!(portal.publish(notice(time, &text)), 181);
    }
    // Some articles of the second portal came over under new numbers.
    let moved: Vec<_> = b
        .truth()
        .into_iter()
        .filter(|t| t.aliases.is_empty() && t.dateline.is_none())
        .filter(|t| t.paragraphs().len() == t.blocks.len() && t.paragraphs().len() > 2)
        .take(5)
        .collect();
    for truth in &moved {
        new.publish(Draft::copy_of(truth));
    }

    let place = place();
    let (a_base, b_base, base) = (a.base(), b.base(), new.base());
    configure(&place, &[("cu-a", &a_base, ""), ("cu-b", &b_base, "")]);
    place.expect(0, &["crawl"]);
    let before = by_url(&place);
    let asked = (a.hits().len(), b.hits().len());
    let off = "enabled = false";
    let was = formerly(&[&a_base, &b_base]);
    configure(
        &place,
        &[
            ("cu-a", &a_base, off),
            ("moi", &base, &was),
            ("cu-b", &b_base, off),
        ],
    );
    place.expect(0, &["crawl"]);
    assert_eq!((a.hits().len(), b.hits().len()), asked);
    let after = by_url(&place);
    let moved_records = after.values().filter(|r| r["moved_to"].is_string());
    let (of_a, of_b): (Vec<&Value>, Vec<&Value>) =
        moved_records.partition(|r| text(r, "url").starts_with(&a_base));
    // Every article of the first, five of the second, and one that only looked known.
    assert_eq!(of_a.len(), a.truth().len() - 1);
    assert_eq!(of_b.len(), moved.len());
    assert_eq!(after.len(), before.len() + 1);
    for record in of_a.iter().chain(&of_b) {
        assert_eq!(text(record, "site"), "moi");
        assert_eq!(record["revisions"], 1, "{}", record["url"]);
    }
    let ends = |base: &str, path: &str| {
        let mut all = after.iter().filter(|(url, _)| url.starts_with(base));
        all.find(|(url, _)| url.ends_with(path))
            .map(|(_, record)| record)
    };
    assert_eq!(text(ends(&a_base, "-180.html").unwrap(), "site"), "moi");
    assert_eq!(text(ends(&b_base, "-180.html").unwrap(), "site"), "cu-b");
    assert!(text(ends(&base, "-181.html").unwrap(), "text").contains(THREE));
    assert_eq!(ends(&a_base, "-181.html").unwrap()["revisions"], 1);
    assert!(ends(&base, "-180.html").is_none());

    // The site spans all of it, and what never came over is still the old site's.
    let count = |args: &[&str]| {
        let args = [&["export"][..], args].concat();
        place.expect(0, &args).lines().count()
    };
    assert_eq!(count(&["--site", "moi"]), after.len());
    assert_eq!(count(&["--site", "cu-a"]), 1);
    assert_eq!(count(&["--site", "cu-b"]), b.truth().len() - moved.len());
    let audit = figure(&place, &[], 0);
    assert_eq!(audit["sites"].as_array().unwrap().len(), 1);
    assert_eq!(
        audit["figure"],
        figure(&place, &["--site", "moi"], 0)["figure"]
    );
    assert_eq!(audit["figure"]["unexplained"], 0);
    assert_eq!(audit["figure"]["archived"], addresses(&after, &base));
    rebuilt(&place);

    // An archive of its own that saw the same by other runs is merged with it.
    let other = self::place();
    other.copy_config(&place);
    other.expect(0, &["crawl"]);
    let archive = other.archive();
    place.expect(0, &["merge", archive.to_str().unwrap()]);
    let merged = by_url(&place);
    assert_eq!(
        merged.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    rebuilt(&place);
}

#[test]
fn what_was_declared_late_is_joined_by_a_rebuild() {
    let (old, new) = (portal(30, 7), portal(30, 7));
    let edited = new.truth()[3].id;
    new.edit(edited, Change::Title("Tên mới của bài cũ".into()));
    let place = place();
    configure(&place, &[("cu", &old.base(), "")]);
    place.expect(0, &["crawl"]);
    let first = by_url(&place);
    let off = "enabled = false";
    configure(
        &place,
        &[("cu", &old.base(), off), ("moi", &new.base(), "")],
    );
    place.expect(0, &["crawl"]);
    assert_eq!(by_url(&place).len(), 2 * first.len());
    let was = formerly(&[&old.base()]);
    configure(
        &place,
        &[("cu", &old.base(), off), ("moi", &new.base(), &was)],
    );
    let told = place.run(&["crawl"]);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("`khobao rebuild` joins them"), "{told}");
    place.expect(0, &["rebuild", "--discard-old"]);
    let joined = by_url(&place);
    assert_eq!(
        joined.keys().collect::<Vec<_>>(),
        first.keys().collect::<Vec<_>>()
    );
    let twice = joined
        .values()
        .filter(|record| record["revisions"] == 2)
        .count();
    assert_eq!(twice, 1);
    assert!(joined.values().all(|record| record["moved_to"].is_string()));
    rebuilt(&place);
    let told = place.run(&["crawl"]);
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(!told.contains("khobao rebuild"), "{told}");
    assert_eq!(by_url(&place).len(), first.len());
}

#[test]
fn what_the_old_host_redirected_to_is_known_and_a_farewell_page_joins_nothing() {
    let (old, new) = (portal(30, 7), portal(2, 9));
    let place = place();
    configure(&place, &[("cu", &old.base(), "")]);
    place.expect(0, &["crawl"]);
    let first = by_url(&place);
    let plain: Vec<_> = old
        .truth()
        .into_iter()
        .filter(|t| t.aliases.is_empty() && t.dateline.is_none())
        .filter(|t| t.paragraphs().len() == t.blocks.len())
        .collect();
    let path = |url: &str| web::path(url);
    // Each article went to a number of its own, one was edited on the way.
    let mut draft = Draft::copy_of(&plain[0]);
    draft
        .paragraphs
        .push("Thêm một đoạn khi dọn nhà.".to_owned());
    draft.category = "doi-ngoai".to_owned();
    let id = new.publish(draft);
    let farewell = new.publish(Draft::new(
        "Trang đã chuyển",
        "Địa chỉ mới.",
        &["Mời bà con sang."],
    ));
    let truth = new.truth();
    let url = |id: u32| truth.iter().find(|t| t.id == id).unwrap().url.clone();
    for article in old.truth() {
        let to = if article.id == plain[0].id {
            url(id)
        } else {
            url(farewell)
        };
        for from in article.aliases.iter().chain([&article.url]) {
            old.set_answer(&path(from), Canned::redirect(301, &to), usize::MAX);
        }
    }
    // The old site's table is still as it was: its next crawls see where the articles went.
    place.expect(0, &["crawl", "--full"]);
    assert!(
        place
            .records()
            .iter()
            .all(|record| record["gone"].is_null())
    );
    let asked = old.hits().len();
    let (off, was) = ("enabled = false", formerly(&[&old.base()]));
    configure(
        &place,
        &[("cu", &old.base(), off), ("moi", &new.base(), &was)],
    );
    place.expect(0, &["crawl"]);
    assert_eq!(old.hits().len(), asked);
    let after = by_url(&place);
    let joined = &after[&plain[0].url];
    assert_eq!(text(joined, "moved_to"), url(id));
    assert_eq!(joined["revisions"], 2);
    assert_eq!(after[&url(farewell)]["revisions"], 1);
    assert_eq!(after[&url(farewell)]["aliases"], serde_json::json!([]));
    let known: Vec<String> = old.truth().iter().map(|t| t.title.clone()).collect();
    let fresh = truth.iter().filter(|t| !known.contains(&t.title)).count();
    assert_eq!(after.len(), first.len() + fresh);
    rebuilt(&place);
}

#[test]
fn an_old_host_that_is_one_of_the_hosts_is_asked_and_its_redirects_are_followed() {
    let new = portal(20, 7);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let old = Portal::start(PortalConfig {
        articles: 20,
        seed: 7,
        same_time: 0,
        port: Some(port),
        root: Some(format!("http://localhost:{port}")),
        ..PortalConfig::default()
    })
    .unwrap();
    let place = place();
    configure(&place, &[("tinh", &old.base(), "")]);
    place.expect(0, &["crawl"]);
    let first = by_url(&place);
    // One has gone where no list names it, and is another by its path and its text.
    let plain = |t: &&TruthArticle| t.aliases.is_empty() && t.paragraphs().len() == t.blocks.len();
    let article = new.truth().iter().find(plain).unwrap().clone();
    new.edit(article.id, Change::Append("Sửa đúng lúc dọn nhà.".into()));
    let hidden = new.base() + "tin-cu/bai-dang-lai-90001.html";
    let page = web::get(&article.url).replace(&article.url, &hidden);
    new.delete(article.id);
    new.set_answer(&web::path(&hidden), Canned::html(200, page), usize::MAX);
    let was = web::path(&article.url);
    old.set_answer(&was, Canned::redirect(301, &hidden), usize::MAX);
    let old_base = old.base();
    let moved = formerly(&[&old_base]) + "\nhosts = [\"localhost\"]";
    configure(&place, &[("tinh", &new.base(), &moved)]);
    let asked = old.hits().len();
    place.expect(0, &["crawl", "--full"]);
    let paths: Vec<String> = old.hits()[asked..]
        .iter()
        .map(|hit| hit.path_and_query.clone())
        .collect();
    assert!(
        paths.contains(&was),
        "the old host is one of `hosts`: {paths:?}"
    );
    let after = by_url(&place);
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        first.keys().collect::<Vec<_>>()
    );
    for record in after.values() {
        assert!(
            text(record, "moved_to").starts_with(&new.base()),
            "{}",
            record["url"]
        );
        assert!(record["gone"].is_null());
    }
    let record = &after[&format!("{}{}", old.base(), &was[1..])];
    assert_eq!(
        (text(record, "moved_to"), &record["revisions"]),
        (hidden.as_str(), &2.into())
    );
    rebuilt(&place);
    // Once it is dead and its host is no more one of them, nothing of it is asked or lost.
    old.stop();
    configure(&place, &[("tinh", &new.base(), &formerly(&[&old_base]))]);
    place.expect(0, &["crawl"]);
    let later = by_url(&place);
    assert_eq!(later.len(), first.len());
    assert!(later.values().all(|record| record["gone"].is_null()));
    rebuilt(&place);
}

#[test]
fn a_path_that_moved_on_one_host_is_joined() {
    let portal = portal(20, 7);
    let article = portal
        .truth()
        .into_iter()
        .find(|t| t.aliases.is_empty() && t.paragraphs().len() == t.blocks.len())
        .unwrap();
    let was = web::path(&article.url);
    let old_path = format!("/hagiang{was}");
    let old_url = format!("{}hagiang{was}", portal.base());
    let page = web::get(&article.url).replace(&article.url, &old_url);
    portal.set_answer(&was, Canned::html(404, "<h1>404</h1>"), usize::MAX);
    portal.set_answer(&old_path, Canned::html(200, page), usize::MAX);
    let place = place();
    let seeds = format!("seeds = [\"/\", \"{old_path}\"]");
    configure(&place, &[("tinh", &portal.base(), &seeds)]);
    place.expect(0, &["crawl"]);
    let first = by_url(&place);
    assert_eq!(first[&old_url]["revisions"], 1);
    portal.clear_answer(&was);
    portal.set_answer(&old_path, Canned::html(404, "<h1>404</h1>"), usize::MAX);
    portal.edit(article.id, Change::Append("Sửa khi dời thư mục.".into()));
    let below = portal.base() + "hagiang/";
    configure(&place, &[("tinh", &portal.base(), &formerly(&[&below]))]);
    place.expect(0, &["crawl", "--full"]);
    let after = by_url(&place);
    assert_eq!(after.len(), first.len());
    assert_eq!(after[&old_url]["revisions"], 2);
    assert_eq!(text(&after[&old_url], "moved_to"), article.url);
    assert!(after[&old_url]["gone"].is_null());
    rebuilt(&place);
}

#[test]
fn what_was_withdrawn_stays_so_at_the_new_address() {
    let (old, new) = (portal(20, 7), portal(20, 7));
    let place = place();
    configure(&place, &[("cu", &old.base(), "")]);
    place.expect(0, &["crawl"]);
    let all = old.truth();
    let mut plain = all.iter().filter(|t| t.aliases.is_empty());
    let (same, edited) = (plain.next().unwrap(), plain.next().unwrap());
    for article in [same, edited] {
        place.expect(0, &["withdraw", &article.url, "--reason", "thử"]);
    }
    new.edit(edited.id, Change::Append("Thêm một câu.".into()));
    let (off, was) = ("enabled = false", formerly(&[&old.base()]));
    configure(
        &place,
        &[("cu", &old.base(), off), ("moi", &new.base(), &was)],
    );
    place.expect(0, &["crawl"]);
    let after = by_url(&place);
    assert_eq!(after.len(), all.len() - 2);
    for article in [same, edited] {
        assert!(
            !after
                .values()
                .any(|record| text(record, "title") == article.title)
        );
    }
    rebuilt(&place);
}

/// `apart`: each address has a table of its own; otherwise the base of one changes.
fn moves_in_a_row(apart: bool) {
    let (first, second, third) = (portal(20, 7), portal(20, 7), portal(20, 7));
    let plain: Vec<_> = first
        .truth()
        .into_iter()
        .filter(|t| t.aliases.is_empty() && t.paragraphs().len() == t.blocks.len())
        .collect();
    let (twice, late, dropped) = (&plain[0], &plain[1], &plain[2]);
    for portal in [&second, &third] {
        portal.edit(twice.id, Change::Append("Sửa lần đầu.".into()));
        portal.delete(dropped.id);
    }
    third.edit(
        twice.id,
        Change::Title("Tên mới sau lần dời thứ hai".into()),
    );
    third.edit(late.id, Change::Append("Sửa muộn.".into()));
    let place = place();
    let bases = [first.base(), second.base(), third.base()];
    let [one, two, three] = [&bases[0], &bases[1], &bases[2]].map(String::as_str);
    let off = "enabled = false";
    let (was_one, was_two, was_both) = (formerly(&[one]), formerly(&[two]), formerly(&[one, two]));
    let steps: [Vec<(&str, &str, String)>; 3] = if apart {
        [
            vec![("mot", one, String::new())],
            vec![("mot", one, off.into()), ("hai", two, was_one.clone())],
            vec![
                ("mot", one, off.into()),
                ("hai", two, format!("{off}\n{was_one}")),
                ("ba", three, was_two),
            ],
        ]
    } else {
        [
            vec![("mot", one, String::new())],
            vec![("mot", two, was_one)],
            vec![("mot", three, was_both)],
        ]
    };
    let mut asked = 0;
    for (step, tables) in steps.iter().enumerate() {
        let tables: Vec<_> = tables
            .iter()
            .map(|(id, base, more)| (*id, *base, more.as_str()))
            .collect();
        configure(&place, &tables);
        place.expect(0, &["crawl", "--full"]);
        if step == 0 {
            asked = first.hits().len();
        }
        rebuilt(&place);
    }
    assert_eq!(first.hits().len(), asked);
    let records = by_url(&place);
    assert_eq!(records.len(), 20);
    for (url, record) in &records {
        assert!(url.starts_with(one), "{url}");
        let gone = url.ends_with(&format!("-{}.html", dropped.id));
        assert_eq!(record["gone"].is_string(), gone, "{url}");
        if !gone {
            assert!(text(record, "moved_to").starts_with(three), "{url}");
            assert_eq!(text(record, "site"), if apart { "ba" } else { "mot" });
        }
    }
    assert_eq!(records[&twice.url]["revisions"], 3);
    assert_eq!(records[&late.url]["revisions"], 2);
    for name in [&twice.url, &second.truth()[0].url, &third.truth()[0].url] {
        place.expect(0, &["history", name]);
    }
    let audit = figure(&place, &[], 0);
    assert_eq!(audit["sites"].as_array().unwrap().len(), 1, "{apart}");
    assert_eq!(audit["figure"]["archived"], addresses(&records, three));
    assert_eq!(audit["figure"]["unexplained"], 0);
    let site = if apart { "ba" } else { "mot" };
    assert_eq!(
        place.expect(0, &["export", "--site", site]).lines().count(),
        20
    );
}

#[test]
fn a_portal_that_moves_twice_is_one_portal() {
    moves_in_a_row(false);
}

#[test]
fn tables_that_follow_each_other_are_one_portal() {
    moves_in_a_row(true);
}

#[test]
fn what_the_dying_host_called_gone_is_there_again_at_the_new_address() {
    let (old, new) = (portal(20, 7), portal(20, 7));
    let place = place();
    configure(&place, &[("cu", &old.base(), "")]);
    place.expect(0, &["crawl"]);
    let count = place.records().len();
    for article in old.truth() {
        for url in article.aliases.iter().chain([&article.url]) {
            let page = Canned::html(404, "<h1>404 Not Found</h1>");
            old.set_answer(&web::path(url), page, usize::MAX);
        }
    }
    place.expect(0, &["crawl", "--full"]);
    assert!(
        place
            .records()
            .iter()
            .all(|record| record["gone"].is_string())
    );
    let (off, was) = ("enabled = false", formerly(&[&old.base()]));
    configure(
        &place,
        &[("moi", &new.base(), &was), ("cu", &old.base(), off)],
    );
    place.expect(0, &["crawl"]);
    let records = place.records();
    assert_eq!(records.len(), count);
    for record in &records {
        assert!(record["gone"].is_null(), "{}", record["url"]);
        assert_eq!(record["revisions"], 1);
    }
    rebuilt(&place);
    // The old host is asked where it is named on the command line, and says nothing new.
    place.expect(0, &["crawl", "cu", "--full"]);
    assert!(
        place
            .records()
            .iter()
            .all(|record| record["gone"].is_null())
    );
    rebuilt(&place);
}

#[test]
fn a_folder_of_another_site_that_became_a_portal_of_its_own() {
    let (whole, new) = (portal(20, 7), portal(20, 9));
    let article = whole
        .truth()
        .into_iter()
        .find(|t| t.aliases.is_empty() && t.paragraphs().len() == t.blocks.len())
        .unwrap();
    let was = web::path(&article.url);
    let old_path = format!("/mttq{was}");
    let old_url = format!("{}mttq{was}", whole.base());
    let page = web::get(&article.url).replace(&article.url, &old_url);
    whole.delete(article.id);
    whole.set_answer(&old_path, Canned::html(200, page.clone()), usize::MAX);
    let place = place();
    let seeds = format!("seeds = [\"/\", \"{old_path}\"]");
    configure(&place, &[("tinh", &whole.base(), &seeds)]);
    place.expect(0, &["crawl"]);
    assert_eq!(text(&by_url(&place)[&old_url], "site"), "tinh");
    // It is at the new portal, edited; the folder shows it as it was for a while.
    let new_url = format!("{}{}", new.base(), &was[1..]);
    let first = article.paragraphs()[0].to_owned();
    let page = page
        .replace(&old_url, &new_url)
        .replace(&first, &format!("Tin mới: {first}"));
    new.set_answer(&was, Canned::html(200, page), usize::MAX);
    let below = whole.base() + "mttq/";
    let more = format!("{}\nseeds = [\"/\", \"{was}\"]", formerly(&[&below]));
    configure(
        &place,
        &[
            ("tinh", &whole.base(), &seeds),
            ("mttq", &new.base(), &more),
        ],
    );
    for _ in 0..3 {
        place.expect(0, &["crawl", "--full"]);
        let record = by_url(&place)[&old_url].clone();
        assert_eq!(text(&record, "site"), "mttq");
        assert_eq!(text(&record, "moved_to"), new_url);
        assert_eq!(record["revisions"], 2);
        assert!(record["gone"].is_null());
        whole.set_answer(&old_path, Canned::html(404, "<h1>404</h1>"), usize::MAX);
    }
    rebuilt(&place);
    new.set_answer(&was, Canned::html(404, "<h1>404</h1>"), usize::MAX);
    place.expect(0, &["crawl", "--full"]);
    assert!(by_url(&place)[&old_url]["gone"].is_string());
    rebuilt(&place);
}
