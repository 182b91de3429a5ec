//! Nights on end (30, or `KHOBAO_DAYS=365`): a portal that publishes, edits, deletes, goes down and
//! comes back, turns visitors away, changes its theme and moves to another address. At its end the
//! archive has the portal's own history, no pace was crossed, and a night's work did not grow.

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::Place;
use common::clock::crawl_for;
use khobao::archive::RunReport;
use khobao::extract::fields::text::normal;
use khobao::portal::{Change, Draft, Flood, FloodWindow, Portal, PortalConfig, Theme};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

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

/// What the portal's editors did, to be done again by its next self.
#[derive(Clone)]
enum Deed {
    Publish(Draft),
    Edit(u32, Change),
    Delete(u32),
}

/// A portal that can be set up anew, with all that it had published.
struct World {
    config: PortalConfig,
    portal: Option<Portal>,
    deeds: Vec<Deed>,
    /// The addresses that it had before.
    formerly: Vec<String>,
    /// Each text of each article, in order.
    texts: BTreeMap<u32, Vec<String>>,
    /// The path of each article.
    paths: BTreeMap<u32, String>,
    deleted: BTreeMap<u32, i64>,
    /// The first article that the test published.
    first: Option<u32>,
    /// The pace of the night, milliseconds.
    pace: u64,
}

impl World {
    fn new(config: PortalConfig) -> Self {
        Self {
            portal: Some(Portal::start(config.clone()).unwrap()),
            config,
            deeds: Vec::new(),
            formerly: Vec::new(),
            texts: BTreeMap::new(),
            paths: BTreeMap::new(),
            deleted: BTreeMap::new(),
            first: None,
            pace: PACES[0],
        }
    }

    fn portal(&self) -> &Portal {
        self.portal.as_ref().unwrap()
    }

    fn base(&self) -> String {
        self.portal().base()
    }

    fn act(&mut self, deed: Deed) -> u32 {
        let id = act(self.portal(), &deed);
        self.deeds.push(deed);
        self.first.get_or_insert(id);
        self.remember();
        id
    }

    /// Takes note of what a visitor can read.
    fn remember(&mut self) {
        let base = self.base();
        for truth in self.portal().truth() {
            let text = truth.paragraphs().join("\n");
            let known = self.texts.entry(truth.id).or_default();
            if known.last() != Some(&text) {
                known.push(text);
            }
            let path = truth.url.strip_prefix(&base).unwrap().to_owned();
            self.paths.insert(truth.id, path);
        }
    }

    /// Another server with the same articles: in another theme, or at another address.
    fn again(&mut self, change: impl FnOnce(&mut PortalConfig)) {
        let port = self.portal().port();
        self.portal.take().unwrap().stop();
        self.config.port = Some(port);
        change(&mut self.config);
        let portal = Portal::start(self.config.clone()).unwrap();
        for deed in &self.deeds {
            act(&portal, deed);
        }
        portal.forget_hits();
        self.portal = Some(portal);
    }

    /// Whether the test wrote it.
    fn is_draft(&self, id: u32) -> bool {
        self.first.is_some_and(|first| id >= first)
    }

    fn move_away(&mut self) {
        self.formerly.push(self.base());
        self.again(|config| config.port = None);
    }

    fn configure(&self, place: &Place) {
        let formerly = &self.formerly;
        let extra = format!(
            "capture = [\"pages\"]\nrevisit = 40\nconcurrency = 1\npace = \"{}ms\"\nformerly = {formerly:?}",
            self.pace
        );
        place.configure(&self.base(), &extra);
    }
}

fn act(portal: &Portal, deed: &Deed) -> u32 {
    match deed.clone() {
        Deed::Publish(draft) => portal.publish(draft),
        Deed::Edit(id, change) => {
            assert!(portal.edit(id, change));
            id
        }
        Deed::Delete(id) => {
            assert!(portal.delete(id));
            id
        }
    }
}

/// Least time between two requests, milliseconds; on some nights the longer one.
const PACES: [u64; 2] = [5, 60];
/// What the machine may take to hand a request over, milliseconds.
const SLACK: u64 = 20;
/// Nights on which the portal turns away whoever asks too fast.
const FLOODS: FloodWindow = FloodWindow {
    requests: 10,
    length: Duration::from_millis(200),
};

/// What happens to the portal on a day, again and again in a long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Down,
    RobotsFail,
    Flood(Flood),
    NewTheme(Theme),
    Moves,
}

fn event(day: i64) -> Option<Event> {
    Some(match day {
        24 => Event::NewTheme(Theme::Old44),
        30 | 230 => Event::Moves,
        180 => Event::NewTheme(Theme::Default45),
        _ => match day % 90 {
            8 | 9 => Event::Down,
            14 => Event::RobotsFail,
            19 => Event::Flood(Flood::Status429),
            21 => Event::Flood(Flood::Status200),
            _ => return None,
        },
    })
}

/// A night, with what the server saw of it: never more requests in any time than the pace allows.
fn night(
    world: &World,
    place: &Place,
    now: DateTime<Utc>,
    limit: Option<Duration>,
) -> (RunReport, usize) {
    world.portal().forget_hits();
    let begun = Instant::now();
    let report = crawl_for(place, now, limit);
    let hits = world.portal().hits();
    for count in [2, 5, 20] {
        let least = (count as u64 - 1) * world.pace;
        for some in hits.windows(count) {
            let took = (some[count - 1].at_micros - some[0].at_micros) / 1000;
            assert!(
                took + SLACK >= least,
                "{now}: {count} requests in {took} ms"
            );
        }
    }
    println!("{now}: {} requests in {:?}", hits.len(), begun.elapsed());
    (report, hits.len())
}

fn median(mut numbers: Vec<usize>) -> usize {
    numbers.sort_unstable();
    numbers[numbers.len() / 2]
}

#[test]
fn after_a_year_the_archive_has_the_portals_own_history() {
    let days = std::env::var("KHOBAO_DAYS").ok();
    let days: i64 = days.and_then(|n| n.parse().ok()).unwrap_or(30);
    let mut world = World::new(PortalConfig {
        traps: false,
        same_time: 0,
        flood_windows: vec![FLOODS],
        ..PortalConfig::with_articles(60)
    });
    let place = Place::new(&world.base(), "");
    world.configure(&place);
    let mut random = Random(2026);
    let begin: DateTime<Utc> = "2031-01-01T19:00:00Z".parse().unwrap();
    let categories = ["tin-tuc", "dai-doan-ket", "giam-sat-phan-bien", "tin-co-so"];
    let mut number = 0;
    // The year before, so that the portal has a rhythm.
    for day in 0..120_i64 {
        for _ in 0..random.below(3) {
            let at = begin - TimeDelta::days(120 - day)
                + TimeDelta::minutes(random.below(600).cast_signed());
            let draft = article(&mut random, number, at, categories[number % 4]);
            world.act(Deed::Publish(draft));
            number += 1;
        }
    }
    night(&world, &place, begin, None);
    let mut young: Vec<(u32, i64)> = Vec::new();
    let (mut requests, mut alarms) = (Vec::new(), Vec::new());
    for day in 1..=days {
        let now = begin + TimeDelta::days(day);
        let evening = now - TimeDelta::hours(10);
        // Quiet weeks at New Year, busy ones in spring.
        let most = if day % 50 < 7 { 1 } else { 4 };
        for _ in 0..random.below(most) {
            let at = evening + TimeDelta::minutes(random.below(500).cast_signed());
            let draft = article(&mut random, number, at, categories[number % 4]);
            let id = world.act(Deed::Publish(draft));
            young.push((id, day));
            number += 1;
        }
        young.retain(|(_, born)| day - born < 40);
        let event = event(day);
        // (What is changed or deleted before it could be seen once, nobody can know.)
        let blind = (day - 3..=day).any(|day| {
            matches!(
                self::event(day),
                Some(Event::Down | Event::RobotsFail | Event::Flood(_))
            )
        });
        // An edit at the very moment of the move.
        let at_once = event == Some(Event::Moves);
        if (random.below(3) == 0 || at_once) && !young.is_empty() && !blind {
            // Each article is changed once, within its first week and after its first night.
            let recent: Vec<usize> = (0..young.len())
                .filter(|at| (1..7).contains(&(day - young[*at].1)))
                .collect();
            let at = random.below(recent.len().max(1) as u64);
            let at = recent.get(usize::try_from(at).unwrap()).copied();
            if let Some(at) = at {
                let (id, _) = young.remove(at);
                world.act(Deed::Edit(id, Change::Append(random.sentence())));
            }
        }
        if random.below(12) == 0 && young.len() > 3 && !blind && young[0].1 < day {
            let (id, _) = young.remove(0);
            world.act(Deed::Delete(id));
            world.deleted.insert(id, day);
        }
        match event {
            Some(Event::Down) => world.portal().set_outage(Some(("500", usize::MAX))),
            Some(Event::RobotsFail) => world.portal().set_robots_status(Some(503)),
            Some(Event::Flood(flood)) => world.portal().set_flood(flood),
            Some(Event::NewTheme(theme)) => world.again(|config| config.theme = theme),
            Some(Event::Moves) => world.move_away(),
            None => {}
        }
        world.pace = PACES[usize::from(day % 30 == 4)];
        world.configure(&place);
        // (A portal that is down would be waited for.)
        let limit = event
            .filter(|event| matches!(event, Event::Down | Event::RobotsFail | Event::Flood(_)));
        let limit = limit.map(|event| match event {
            Event::Flood(_) => Duration::from_millis(1200),
            _ => Duration::from_millis(300),
        });
        let (report, hits) = night(&world, &place, now, limit);
        if event.is_none() {
            requests.push(hits);
        }
        for alarm in &report.sites["thu"].alarms {
            alarms.push(format!("day {day}: {alarm:?}"));
        }
        world.portal().set_outage(None);
        world.portal().set_robots_status(None);
        world.portal().set_flood(Flood::Off);
    }
    // Time for the last changes to be seen.
    for day in (days + 1..=days + 60).step_by(2) {
        night(&world, &place, begin + TimeDelta::days(day), None);
    }
    assert!(alarms.is_empty(), "{alarms:#?}");
    has_the_history(&world, &place);
    let edits = world
        .texts
        .values()
        .filter(|versions| versions.len() > 1)
        .count();
    assert!(
        days < 365 || (edits > 20 && world.deleted.len() > 5),
        "{edits}"
    );
    // The work of a night does not grow with the archive.
    let quarters = requests.chunks(requests.len().div_ceil(4));
    let quarters: Vec<usize> = quarters.map(|nights| median(nights.to_vec())).collect();
    println!("requests a night, by quarter: {quarters:?}");
    let (least, most) = (
        quarters.iter().min().unwrap(),
        quarters.iter().max().unwrap(),
    );
    assert!(most * 10 <= least * 15, "{quarters:?}");
    let found = place.expect(0, &["verify"]);
    assert!(found.contains(" 0 damaged"), "{found}");
    let export = place.expect(0, &["export"]);
    place.expect(0, &["rebuild", "--discard-old"]);
    assert_eq!(place.expect(0, &["export"]), export);
}

/// Each article is one record with each of its texts, and gone where it was deleted.
fn has_the_history(world: &World, place: &Place) {
    let mut records: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let bases: Vec<String> = world
        .formerly
        .iter()
        .cloned()
        .chain([world.base()])
        .collect();
    for record in place.records() {
        let url = record["url"].as_str().unwrap();
        let path = bases.iter().find_map(|base| url.strip_prefix(base));
        records
            .entry(path.unwrap().to_owned())
            .or_default()
            .push(record);
    }
    let mut missed = Vec::new();
    for (id, versions) in &world.texts {
        let path = &world.paths[id];
        let Some([record]) = records.get(path).map(Vec::as_slice) else {
            let known = records.get(path).map_or(0, Vec::len);
            missed.push(format!("{path}: {known} records"));
            continue;
        };
        let have = record["revision"].as_u64().unwrap();
        if have != versions.len() as u64 {
            missed.push(format!("{path}: {have} of {} revisions", versions.len()));
        }
        let gone = record["gone"].is_string();
        if gone != world.deleted.contains_key(id) {
            missed.push(format!("{path}: gone {gone}"));
        }
        let moved = record["moved_to"]
            .as_str()
            .is_some_and(|to| to.starts_with(&world.base()));
        let here = record["url"].as_str().unwrap().starts_with(&world.base());
        if !gone && !moved && !here {
            missed.push(format!("{path}: not at the new address"));
        }
        if !world.is_draft(*id) {
            continue;
        }
        let text = record["text"].as_str().unwrap();
        let has = |text: &str, version: &str| {
            let text = normal(text);
            version.lines().all(|line| text.contains(&normal(line)))
        };
        if !has(text, versions.last().unwrap()) {
            missed.push(format!(
                "{path}: not its last text: {text:?} {:?}",
                versions.last()
            ));
        }
        for (number, version) in versions.iter().enumerate().take(versions.len() - 1) {
            let url = record["url"].as_str().unwrap();
            let number = (number + 1).to_string();
            let shown = place.expect(0, &["show", url, "--revision", &number]);
            let shown: Value = serde_json::from_str(&shown).unwrap();
            let text = shown["text"].as_str().unwrap();
            if !has(text, version) || has(text, versions.last().unwrap()) {
                missed.push(format!("{path}: not its text of revision {number}"));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    assert_eq!(records.len(), world.texts.len());
}
