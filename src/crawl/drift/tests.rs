//! The false-alarm budget: years of ordinary weeks raise nothing, and each way of going wrong
//! raises something within one run.

use super::baseline::Baseline;
use super::sample::{Field, Sample};
use super::symptom::Symptom;
use super::window::Window;
use crate::domain::{Article, Block, BlockKind, Byline, Image, Person, Precision, Role, Timestamp};
use std::collections::{BTreeMap, HashMap};

const DAY: i64 = 86_400;
const BEGIN: i64 = 1_700_000_000;

/// A generator of our own: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

fn words(dice: &mut Dice, count: u64) -> String {
    const WORDS: [&str; 12] = [
        "đoàn",
        "xã",
        "họp",
        "sáng",
        "nông",
        "dân",
        "thôn",
        "mới",
        "cầu",
        "chợ",
        "lúa",
        "trường",
    ];
    let word = |dice: &mut Dice| WORDS[dice.below(12) as usize];
    let all: Vec<&str> = (0..count).map(|_| word(dice)).collect();
    all.join(" ")
}

/// The article with this number; about two a day.
fn article(dice: &mut Dice, number: u64) -> Article {
    let who = dice.below(40).min(dice.below(40));
    let signed = dice.below(10) > 2;
    let at = BEGIN + number as i64 * DAY / 2 + dice.below(40_000) as i64;
    let value = chrono::DateTime::from_timestamp(at, 0)
        .unwrap()
        .to_rfc3339();
    let paragraphs = 1 + dice.below(3) + dice.below(9);
    let closing =
        (dice.below(5) == 0).then(|| "Ban biên tập mời bạn đọc gửi bài về hộp thư.".to_owned());
    let long = 8 + dice.below(50);
    let body: Vec<String> = (0..paragraphs)
        .map(|_| words(dice, long))
        .chain(closing)
        .collect();
    Article {
        title: words(dice, 9) + &number.to_string(),
        lead: (dice.below(20) > 0).then(|| words(dice, 30)),
        body: body
            .into_iter()
            .map(|text| Block {
                kind: BlockKind::Paragraph,
                text,
            })
            .collect(),
        byline: signed.then(|| Byline {
            raw: format!("Người viết {who}"),
            people: vec![Person {
                name: format!("Người viết {who}"),
                roles: vec![Role::Text],
            }],
            ..Byline::default()
        }),
        images: (dice.below(4) > 0)
            .then(Image::default)
            .into_iter()
            .collect(),
        published: Some(Timestamp {
            value: Some(value),
            precision: Precision::Minute,
            raw: String::new(),
            rule: String::new(),
            zone_assumed: false,
        }),
        ..Article::default()
    }
}

fn sample(article: &Article, number: u64) -> Sample {
    let at = (BEGIN + number as i64 * DAY / 2 + 100_000) * 1_000_000;
    let url = format!("http://x/tin/bai-{number}.html");
    Sample::of(&url, at, article, &BTreeMap::new(), &[])
}

fn usual(dice: &mut Dice) -> Baseline {
    let samples: Vec<Sample> = (0..400)
        .map(|number| sample(&article(dice, number), number))
        .collect();
    Baseline::new(&samples, (HashMap::new(), 0), &[], Vec::new())
}

fn raised(usual: &Baseline, samples: impl Iterator<Item = Sample>) -> Vec<Symptom> {
    let mut window = Window::default();
    let mut raised = Vec::new();
    for sample in samples {
        let symptoms = usual.symptoms(&sample);
        window.push(symptoms.clone());
        for symptom in symptoms {
            let rate = usual.rate(symptom);
            if rate.is_some_and(|rate| window.odd(symptom, rate).is_some()) {
                raised.push(symptom);
            }
        }
    }
    raised
}

#[test]
fn a_thousand_ordinary_weeks_raise_nothing() {
    let mut dice = Dice(7);
    for _ in 0..20 {
        let usual = usual(&mut dice);
        let mut number = 400;
        for _ in 0..50 {
            let count = dice.below(20);
            let week: Vec<Sample> = (number..number + count)
                .map(|number| sample(&article(&mut dice, number), number))
                .collect();
            number += count;
            assert_eq!(raised(&usual, week.into_iter()), []);
        }
    }
}

/// What is raised when every other one of `count` new articles is bent.
fn bent(count: u64, bend: impl Fn(&mut Article, u64)) -> Vec<Symptom> {
    let mut dice = Dice(11);
    let usual = usual(&mut dice);
    let pages: Vec<Sample> = (400..400 + count)
        .map(|number| {
            let mut article = article(&mut dice, number);
            if number % 2 == 0 {
                bend(&mut article, number);
            }
            sample(&article, number)
        })
        .collect();
    raised(&usual, pages.into_iter())
}

#[test]
fn half_of_fifty_pages_gone_wrong_is_enough() {
    let body = bent(50, |article, _| article.body.clear());
    assert!(body.contains(&Symptom::Absent(Field::Body)), "{body:?}");
    let lead = bent(50, |article, _| article.lead = None);
    assert!(lead.contains(&Symptom::Absent(Field::Lead)), "{lead:?}");
    let title = bent(50, |article, _| article.title = "Cổng thông tin".into());
    assert!(
        title
            .iter()
            .any(|one| matches!(one, Symptom::Same(Field::Title, ..)))
    );
    let byline = bent(50, |article, _| {
        article.byline = Some(Byline {
            raw: "Cổng thông tin".into(),
            ..Byline::default()
        });
    });
    assert!(
        byline
            .iter()
            .any(|one| matches!(one, Symptom::Same(Field::Byline, ..)))
    );
    let menu = bent(50, |article, _| {
        let text = "Trang chủ, giới thiệu, tin tức, văn bản, liên hệ, sơ đồ trang".into();
        article.body.push(Block {
            kind: BlockKind::Paragraph,
            text,
        });
    });
    assert!(
        menu.iter()
            .any(|one| matches!(one, Symptom::Boilerplate(_))),
        "{menu:?}"
    );
    let stub = bent(50, |article, _| {
        article.body.truncate(1);
        article.body[0].text = "Xem tiếp".into();
    });
    assert!(stub.contains(&Symptom::Short(Field::Body)), "{stub:?}");
}

#[test]
fn dates_out_of_line_are_seen() {
    let year = bent(50, |article, number| {
        let at = BEGIN + number as i64 * DAY / 2 - 400 * DAY;
        let value = chrono::DateTime::from_timestamp(at, 0)
            .unwrap()
            .to_rfc3339();
        article.published.as_mut().unwrap().value = Some(value);
    });
    assert!(year.contains(&Symptom::Order), "{year:?}");
    let now = bent(50, |article, number| {
        let at = BEGIN + number as i64 * DAY / 2 + 100_000 - 20;
        let value = chrono::DateTime::from_timestamp(at, 0)
            .unwrap()
            .to_rfc3339();
        article.published.as_mut().unwrap().value = Some(value);
    });
    assert!(now.contains(&Symptom::Now), "{now:?}");
    let future = bent(50, |article, number| {
        let at = BEGIN + number as i64 * DAY / 2 + 20 * DAY;
        let value = chrono::DateTime::from_timestamp(at, 0)
            .unwrap()
            .to_rfc3339();
        article.published.as_mut().unwrap().value = Some(value);
    });
    assert!(future.contains(&Symptom::Future), "{future:?}");
}
