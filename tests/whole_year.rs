//! Nights on end (25, or `KHOBAO_DAYS=365`): a portal that publishes, edits, deletes, goes down and comes back. At
//! its end the archive has the portal's own history.

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::Place;
use common::clock::{crawl_at, crawl_for};
use khobao::portal::{Change, Draft, Portal, PortalConfig};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Numbers that look like chance, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % n
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = self.below(words.len() as u64);
        words[usize::try_from(at).unwrap()]
    }

    fn sentence(&mut self) -> String {
        let who = [
            "Ủy ban MTTQ tỉnh",
            "Hội Nông dân xã",
            "Ban Thường trực huyện",
            "Đoàn thanh niên bản",
            "Chi bộ khu phố",
        ];
        let did = [
            "tổ chức",
            "phát động",
            "thăm hỏi",
            "giám sát",
            "kiểm tra",
            "tổng kết",
            "khởi công",
        ];
        let what = [
            "ngày hội đại đoàn kết",
            "công trình nước sạch",
            "phong trào thi đua",
            "các hộ nghèo",
            "việc làm nhà ở",
            "hội nghị cuối năm",
            "lớp tập huấn",
        ];
        let place = [
            "Mường Chà",
            "Nậm Pồ",
            "Tủa Chùa",
            "Điện Biên Đông",
            "Mường Nhé",
            "Tuần Giáo",
        ];
        format!(
            "{} {} {} tại {}, với {} người tham gia.",
            self.pick(&who),
            self.pick(&did),
            self.pick(&what),
            self.pick(&place),
            20 + self.below(400)
        )
    }
}

fn article(random: &mut Random, number: usize, at: DateTime<Utc>, category: &str) -> Draft {
    let count = 4 + random.below(5);
    let paragraphs: Vec<String> = (0..count)
        .map(|_| {
            format!(
                "{} {} {}",
                random.sentence(),
                random.sentence(),
                random.sentence()
            )
        })
        .collect();
    let paragraphs: Vec<&str> = paragraphs.iter().map(String::as_str).collect();
    let title = format!("{} ({number})", random.sentence().trim_end_matches('.'));
    let lead = random.sentence();
    let local = at + TimeDelta::hours(7);
    Draft {
        published: local.format("%Y-%m-%dT%H:%M:%S").to_string(),
        category: category.to_owned(),
        ..Draft::new(&title, &lead, &paragraphs)
    }
}

#[test]
fn after_a_year_the_archive_has_the_portals_own_history() {
    let days = std::env::var("KHOBAO_DAYS").ok();
    let days: i64 = days.and_then(|n| n.parse().ok()).unwrap_or(25);
    let portal = Portal::start(PortalConfig {
        traps: false,
        same_time: 0,
        ..PortalConfig::with_articles(60)
    })
    .unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]\nrevisit = 40");
    let mut random = Random(2026);
    let begin: DateTime<Utc> = "2031-01-01T19:00:00Z".parse().unwrap();
    let categories = ["tin-tuc", "dai-doan-ket", "giam-sat-phan-bien", "tin-co-so"];
    let mut number = 0;
    // The year before, so that the portal has a rhythm.
    for day in 0..120_i64 {
        for _ in 0..random.below(3) {
            let at = begin - TimeDelta::days(120 - day)
                + TimeDelta::minutes(random.below(600).cast_signed());
            portal.publish(article(&mut random, number, at, categories[number % 4]));
            number += 1;
        }
    }
    crawl_at(&place, begin);
    // What the portal did: each text of each article, in order; what is deleted.
    let mut texts: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    let mut urls: BTreeMap<u32, String> = BTreeMap::new();
    let remember = |texts: &mut BTreeMap<u32, Vec<String>>, urls: &mut BTreeMap<u32, String>| {
        for truth in portal.truth() {
            let text = truth.paragraphs().join("\n");
            let known = texts.entry(truth.id).or_default();
            if known.last() != Some(&text) {
                known.push(text);
            }
            urls.insert(truth.id, truth.url.clone());
        }
    };
    remember(&mut texts, &mut urls);
    let mut deleted: BTreeMap<u32, i64> = BTreeMap::new();
    let mut young: Vec<(u32, i64)> = Vec::new();
    let (mut requests, mut alarms) = (Vec::new(), Vec::new());
    for day in 1..=days {
        let now = begin + TimeDelta::days(day);
        let night = now - TimeDelta::hours(10);
        // Quiet weeks at New Year, busy ones in spring.
        let most = if day % 50 < 7 { 1 } else { 4 };
        for _ in 0..random.below(most) {
            let at = night + TimeDelta::minutes(random.below(500).cast_signed());
            let id = portal.publish(article(&mut random, number, at, categories[number % 4]));
            young.push((id, day));
            number += 1;
        }
        young.retain(|(_, born)| day - born < 40);
        // (What is changed or deleted before it could be seen once, nobody can know.)
        let blind = matches!(day, 8..13 | 15..19);
        if random.below(3) == 0 && !young.is_empty() && !blind {
            // Each article is changed once, within its first week and after its first night.
            let at = usize::try_from(random.below(young.len() as u64)).unwrap();
            if (1..7).contains(&(day - young[at].1)) {
                let (id, _) = young.remove(at);
                remember(&mut texts, &mut urls);
                portal.edit(id, Change::Append(random.sentence()));
            }
        }
        if random.below(12) == 0 && young.len() > 3 && !blind {
            let (id, _) = young.remove(0);
            remember(&mut texts, &mut urls);
            portal.delete(id);
            deleted.insert(id, day);
        }
        remember(&mut texts, &mut urls);
        // Some nights of outage, and of a robots.txt that fails.
        match day {
            8 => portal.set_outage(Some(("500", usize::MAX))),
            10 => portal.set_outage(None),
            15 => portal.set_robots_status(Some(503)),
            16 => portal.set_robots_status(None),
            _ => {}
        }
        portal.forget_hits();
        let down = matches!(day, 8..10 | 15..16);
        let limit = down.then_some(Duration::from_secs(2));
        let report = crawl_for(&place, now, limit);
        requests.push(portal.hits().len());
        alarms.extend(report.sites["thu"].alarms.clone());
    }
    // Time for the last changes to be seen.
    for day in days + 1..=days + 60 {
        crawl_at(&place, begin + TimeDelta::days(day));
    }
    assert!(alarms.is_empty(), "{alarms:#?}");
    let records: BTreeMap<String, Value> = place
        .records()
        .into_iter()
        .map(|record| (record["url"].as_str().unwrap().to_owned(), record))
        .collect();
    let mut missed = Vec::new();
    for (id, versions) in &texts {
        let Some(record) = records.get(&urls[id]) else {
            // (What came and went while the portal was down, nobody has seen.)
            missed.push(format!("{} is not there", urls[id]));
            continue;
        };
        let have = record["revision"].as_u64().unwrap();
        if have != versions.len() as u64 {
            missed.push(format!(
                "{}: {have} of {} revisions",
                urls[id],
                versions.len()
            ));
        }
        let gone = record["gone"].is_string();
        if gone != deleted.contains_key(id) {
            missed.push(format!("{}: gone {gone}", urls[id]));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    assert_eq!(records.len(), texts.len());
    let edits = texts.values().filter(|versions| versions.len() > 1).count();
    assert!(
        days < 365 || (edits > 20 && deleted.len() > 5),
        "{edits} {}",
        deleted.len()
    );
    // The work of a night does not grow with the archive.
    let mean = |days: &[usize]| days.iter().sum::<usize>() as f64 / days.len().max(1) as f64;
    if days >= 365 {
        let (early, late) = (mean(&requests[20..80]), mean(&requests[300..360]));
        assert!(late <= early * 1.3, "{early} {late}");
    }
    let found = place.expect(0, &["verify"]);
    assert!(found.contains(" 0 damaged"), "{found}");
    let export = place.expect(0, &["export"]);
    place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(place.expect(0, &["export"]), export);
}
