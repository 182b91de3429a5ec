//! What drift is told from: one page's fields as numbers (lengths, digests, times). Never its text.

use crate::domain::{Article, Precision, Warning};
use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Shorter paragraphs say too little to be boilerplate ("Ảnh: TTXVN").
const PARAGRAPH: usize = 40;
/// Paragraphs of a page that are looked at.
const PARAGRAPHS: usize = 40;
/// Lines of a byline that are looked at.
const SIGNED: usize = 8;
const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// The fields that are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Field {
    Title,
    Lead,
    Body,
    Byline,
    Published,
    Section,
    Images,
    Captions,
    Tags,
}

impl Field {
    pub const ALL: [Self; 9] = [
        Self::Title,
        Self::Lead,
        Self::Body,
        Self::Byline,
        Self::Published,
        Self::Section,
        Self::Images,
        Self::Captions,
        Self::Tags,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Lead => "lead",
            Self::Body => "body",
            Self::Byline => "byline",
            Self::Published => "published",
            Self::Section => "section",
            Self::Images => "images",
            Self::Captions => "captions",
            Self::Tags => "tags",
        }
    }

    /// The rule that found it, of a page's rules by the profile's name of the field.
    pub fn rule(self, rules: &BTreeMap<String, String>) -> Option<&str> {
        let names: &[&str] = match self {
            Self::Byline => &["author", "byline", "source"],
            Self::Images | Self::Captions => &["images", "lead_image", "body"],
            other => return rules.get(other.name()).map(String::as_str),
        };
        let found = names.iter().find_map(|name| rules.get(*name));
        found.map(String::as_str)
    }
}

/// Warnings about dates that are watched.
pub(crate) const WARNED: [&str; 5] = [
    "weekday_mismatch",
    "date_order",
    "future_date",
    "sentinel_date",
    "two_digit_year",
];

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value {
    /// Its characters, 0 for what is no text.
    pub chars: u32,
    pub hash: u64,
}

/// One page.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub url: String,
    /// When it was fetched, microseconds since 1970.
    pub at: i64,
    /// The article's number in its URL.
    pub sequence: Option<u64>,
    values: [Option<Value>; Field::ALL.len()],
    /// Digests of its longer paragraphs, each once.
    pub paragraphs: Vec<u64>,
    /// Publication, seconds since 1970.
    pub published: Option<i64>,
    /// Published to the minute or finer.
    fine: bool,
    /// Bits, in the order of `WARNED`.
    warned: u8,
    /// The lines of its byline, and the outlet in it: digest, and whether people are named beside it
    /// or by it.
    pub signed: Vec<(u64, bool)>,
    pub rules: BTreeMap<String, String>,
}

impl Sample {
    pub fn of(
        url: &str,
        at: i64,
        article: &Article,
        rules: &BTreeMap<String, String>,
        warnings: &[Warning],
    ) -> Self {
        let text = |text: &str| {
            let text = text.trim();
            (!text.is_empty()).then(|| Value {
                chars: chars(text),
                hash: hash(text.as_bytes(), START),
            })
        };
        let mut body = Value {
            chars: 0,
            hash: START,
        };
        let mut paragraphs = Vec::new();
        for block in &article.body {
            let long = chars(block.text.trim());
            body.chars = body.chars.saturating_add(long);
            body.hash = hash(block.text.as_bytes(), body.hash);
            if long as usize >= PARAGRAPH && paragraphs.len() < PARAGRAPHS {
                let digest = hash(block.text.trim().as_bytes(), START);
                if !paragraphs.contains(&digest) {
                    paragraphs.push(digest);
                }
            }
        }
        let mut signed: Vec<(u64, bool)> = Vec::new();
        let byline = article.byline.as_ref().and_then(|byline| {
            let source = byline.source.as_deref().unwrap_or_default();
            let lines = byline.raw.split(" | ").chain([source]).take(SIGNED);
            for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
                let digest = hash(line.as_bytes(), START);
                let person = line != source && !byline.people.is_empty();
                if !signed.iter().any(|(known, _)| *known == digest) {
                    signed.push((digest, person));
                }
            }
            text(&byline.raw).or_else(|| text(source))
        });
        let stamp = article.published.as_ref();
        let value = stamp.and_then(|stamp| stamp.value.as_deref());
        let some = |there: bool| there.then_some(Value { chars: 0, hash: 0 });
        let captions = article.images.iter().any(|image| image.caption.is_some());
        let warned = WARNED
            .iter()
            .enumerate()
            .filter(|(_, code)| warnings.iter().any(|warning| warning.code == **code));
        Self {
            url: url.to_owned(),
            at,
            sequence: sequence(url),
            // In the order of `Field::ALL`.
            values: [
                text(&article.title),
                article.lead.as_deref().and_then(text),
                (body.chars > 0).then_some(body),
                byline,
                value.and_then(text),
                article.section.as_deref().and_then(text),
                some(!article.images.is_empty()),
                some(captions),
                some(!article.tags.is_empty()),
            ],
            paragraphs,
            published: value.and_then(seconds),
            fine: stamp.is_some_and(|stamp| stamp.precision <= Precision::Minute),
            signed,
            warned: warned.fold(0, |bits, (at, _)| bits | 1 << at),
            rules: rules.clone(),
        }
    }

    pub fn value(&self, field: Field) -> Option<Value> {
        self.values.get(field as usize).copied().flatten()
    }

    /// The numbers in `WARNED` of its warnings.
    pub fn warned(&self) -> impl Iterator<Item = usize> + '_ {
        (0..WARNED.len()).filter(|at| self.warned >> at & 1 == 1)
    }

    /// Whether it says that it was published when it was fetched, to the minute.
    pub fn is_now(&self) -> bool {
        let age = self.published.map(|published| self.fetched() - published);
        self.fine && age.is_some_and(|age| (-MINUTE..=2 * MINUTE).contains(&age))
    }

    /// The same for what has only a day.
    pub fn is_today(&self) -> bool {
        let age = self.published.map(|published| self.fetched() - published);
        !self.fine && age.is_some_and(|age| (-DAY..=DAY + DAY / 2).contains(&age))
    }

    /// Whether it says that it was published after it was fetched, in whatever zone.
    pub fn is_future(&self) -> bool {
        let age = self.published.map(|published| self.fetched() - published);
        age.is_some_and(|age| age < -DAY)
    }

    /// When it was fetched, seconds since 1970.
    fn fetched(&self) -> i64 {
        self.at.div_euclid(1_000_000)
    }
}

fn chars(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

pub(crate) const START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, eight bytes at a time: the digests stand in alarms and must not change with a version.
pub(crate) fn hash(bytes: &[u8], start: u64) -> u64 {
    let step = |sum: u64, word: u64| {
        let sum = (sum ^ word).wrapping_mul(0x0100_0000_01b3);
        sum ^ sum >> 29
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words
        .iter()
        .fold(start, |sum, word| step(sum, u64::from_le_bytes(*word)));
    let sum = rest
        .iter()
        .fold(sum, |sum, byte| step(sum, u64::from(*byte)));
    step(sum, bytes.len() as u64)
}

/// The last number of a URL's path: the article's own on most systems.
fn sequence(url: &str) -> Option<u64> {
    let path = url.split(['?', '#']).next()?;
    let end = path.rfind(|c: char| c.is_ascii_digit())?;
    let digits = path.get(..=end)?;
    let start = digits
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + digits.get(at..).map_or(1, first_len));
    digits.get(start..)?.parse().ok()
}

fn first_len(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

fn seconds(value: &str) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(value) {
        return Some(time.timestamp());
    }
    let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn dated(value: &str, precision: Precision) -> Sample {
        let article = Article {
            title: "Tin".into(),
            published: Some(Timestamp {
                value: Some(value.into()),
                precision,
                raw: value.into(),
                rule: String::new(),
                zone_assumed: true,
            }),
            ..Article::default()
        };
        let at = DateTime::parse_from_rfc3339("2025-07-01T08:00:30+07:00").unwrap();
        let at = at.timestamp_micros();
        Sample::of("http://x/a/b-12.html", at, &article, &BTreeMap::new(), &[])
    }

    #[test]
    fn a_date_that_became_now_is_told_from_one_of_this_morning() {
        assert!(dated("2025-07-01T08:00:00+07:00", Precision::Minute).is_now());
        assert!(!dated("2025-07-01T07:50:00+07:00", Precision::Minute).is_now());
        assert!(dated("2025-07-01", Precision::Day).is_today());
        assert!(!dated("2025-06-29", Precision::Day).is_today());
        assert!(dated("2025-07-03", Precision::Day).is_future());
    }

    #[test]
    fn the_number_of_an_article_is_the_last_of_its_path() {
        assert_eq!(sequence("http://x:80/tin-2/bài-12.html?a=3"), Some(12));
        assert_eq!(sequence("http://xé7/"), Some(7));
        assert_eq!(sequence("none"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_sample(url: String, title: String, body: String) {
            let article = Article {
                title,
                body: vec![crate::domain::Block { kind: crate::domain::BlockKind::Paragraph, text: body }],
                ..Article::default()
            };
            Sample::of(&url, 0, &article, &BTreeMap::new(), &[]);
        }
    }
}
