//! Articles by month and category, with the holes in them.

use super::found::Found;
use super::rhythm;
use crate::archive::RecordRow;
use serde::Serialize;
use std::collections::BTreeMap;

/// Categories that are told apart; what comes after them is counted as one.
const CATEGORIES: usize = 1_000;
/// The name of the others.
const OTHERS: &str = "(other categories)";
/// The name of none.
const NO_CATEGORY: &str = "(no category)";
/// Articles from which a category has a rhythm of its own.
const RHYTHM: u32 = 24;
/// The web is younger than what is dated before.
const FIRST_YEAR: i32 = 1990;

/// A month: years times 12, and the month from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// The month that a date begins with ("2022-09-05T…", "2022-09").
    pub fn of(date: &str) -> Option<Self> {
        let (year, month) = (date.get(..4)?, date.get(5..7)?);
        let dash =
            date.get(4..5) == Some("-") && !matches!(date.as_bytes().get(7), Some(b'0'..=b'9'));
        let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
        (dash && (1..=12).contains(&month)).then_some(Self(year * 12 + month - 1))
    }

    /// Its year.
    pub fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// Its number in the year, from 0.
    pub fn number(self) -> usize {
        usize::try_from(self.0.rem_euclid(12)).unwrap_or_default()
    }

    fn plus(self, months: usize) -> Self {
        Self(
            self.0
                .saturating_add(i32::try_from(months).unwrap_or(i32::MAX)),
        )
    }

    /// Months from an earlier one to this; 0 when it is not earlier.
    pub fn since(self, earlier: Self) -> usize {
        usize::try_from(self.0 - earlier.0).unwrap_or_default()
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.number() + 1)
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// Too few articles.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hole {
    /// The category; the whole site without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Its first month.
    pub from: Month,
    /// Its last month.
    pub to: Month,
    /// Articles in it.
    pub found: u32,
    /// Articles that its surroundings would have had in it.
    pub expected: f64,
}

/// A category's articles.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Category {
    /// As the pages name it.
    pub name: String,
    /// Its articles with a month.
    pub articles: u32,
    /// Months that have any.
    pub months: BTreeMap<Month, u32>,
}

/// A site's articles by month.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Calendar {
    /// Every month from the first to the last with articles.
    pub months: BTreeMap<Month, u32>,
    /// Articles whose page gives no month.
    pub undated: u64,
    /// Articles dated before 1990 or after the audit.
    pub odd_dates: u64,
    /// By category, the largest first.
    pub categories: Vec<Category>,
    /// Months with too few articles, those of the whole site first.
    pub holes: Found<Hole>,
    /// Nothing was published after the last month, although the site was crawled later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence: Option<Hole>,
}

/// Counts articles.
#[derive(Debug, Default)]
pub(super) struct Counts {
    months: BTreeMap<Month, u32>,
    categories: BTreeMap<String, BTreeMap<Month, u32>>,
    undated: u64,
    odd_dates: u64,
}

impl Counts {
    /// Takes a record; `now` is the month of the audit.
    pub fn add(&mut self, row: &RecordRow, now: Month) {
        let article = &row.current.article;
        let value = article.published.as_ref().and_then(|p| p.value.as_deref());
        let Some(month) = value.and_then(Month::of) else {
            self.undated += 1;
            return;
        };
        // (A zone may be a day ahead.)
        if month.year() < FIRST_YEAR || month > now.plus(1) {
            self.odd_dates += 1;
            return;
        }
        *self.months.entry(month).or_default() += 1;
        let name = article.section.as_deref().unwrap_or(NO_CATEGORY);
        let room = self.categories.len() < CATEGORIES || self.categories.contains_key(name);
        let name = if room { name } else { OTHERS };
        let category = match self.categories.get_mut(name) {
            Some(category) => category,
            None => self.categories.entry(name.to_owned()).or_default(),
        };
        *category.entry(month).or_default() += 1;
    }

    /// The calendar; `crawled` is the month of the last crawl.
    pub fn finish(self, crawled: Option<Month>) -> Calendar {
        let mut holes = Found::default();
        find_holes(&self.months, None, &mut holes);
        let mut categories: Vec<Category> = self
            .categories
            .into_iter()
            .map(|(name, months)| Category {
                name,
                articles: months.values().sum(),
                months,
            })
            .collect();
        categories.sort_by(|a, b| {
            b.articles
                .cmp(&a.articles)
                .then_with(|| a.name.cmp(&b.name))
        });
        for category in categories.iter().filter(|c| c.articles >= RHYTHM) {
            find_holes(&category.months, Some(&category.name), &mut holes);
        }
        let silence = crawled.and_then(|crawled| silence(&self.months, crawled));
        let mut months = self.months;
        if let (Some(first), Some(last)) = (first(&months), last(&months)) {
            for step in 0..last.since(first) {
                months.entry(first.plus(step)).or_default();
            }
        }
        Calendar {
            months,
            undated: self.undated,
            odd_dates: self.odd_dates,
            categories,
            holes,
            silence,
        }
    }
}

fn first(months: &BTreeMap<Month, u32>) -> Option<Month> {
    months.keys().next().copied()
}

fn last(months: &BTreeMap<Month, u32>) -> Option<Month> {
    months.keys().next_back().copied()
}

/// Every month from the first to the last.
fn series(months: &BTreeMap<Month, u32>) -> Option<(Month, Vec<u32>)> {
    let (first, last) = (first(months)?, last(months)?);
    let count = |step| months.get(&first.plus(step)).copied().unwrap_or(0);
    Some((first, (0..=last.since(first)).map(count).collect()))
}

fn find_holes(months: &BTreeMap<Month, u32>, category: Option<&str>, out: &mut Found<Hole>) {
    let Some((first, series)) = series(months) else {
        return;
    };
    for span in rhythm::holes(&series, first.number()) {
        out.push_with(|| Hole {
            category: category.map(str::to_owned),
            from: first.plus(span.from),
            to: first.plus(span.to),
            found: span.found,
            expected: span.expected,
        });
    }
}

/// The whole months between the last article and the last crawl.
fn silence(months: &BTreeMap<Month, u32>, crawled: Month) -> Option<Hole> {
    let (first, series) = series(months)?;
    let last = first.plus(series.len().saturating_sub(1));
    let quiet = crawled.since(last).saturating_sub(1);
    let expected = rhythm::silence(&series, quiet)?;
    Some(Hole {
        category: None,
        from: last.plus(1),
        to: last.plus(quiet),
        found: 0,
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_from_dates_and_nothing_else() {
        let month = |text| Month::of(text).map(|month| month.to_string());
        assert_eq!(
            month("2022-09-05T22:28:00+07:00").as_deref(),
            Some("2022-09")
        );
        assert_eq!(month("2022-12").as_deref(), Some("2022-12"));
        for text in [
            "2022",
            "2022-13",
            "2022-00-01",
            "",
            "tháng 9/2022",
            "2022-091",
        ] {
            assert_eq!(month(text), None, "{text}");
        }
        let january = Month::of("2020-01").unwrap();
        assert_eq!(january.plus(23).to_string(), "2021-12");
        assert_eq!(january.plus(23).since(january), 23);
        assert_eq!(january.since(january.plus(1)), 0);
    }

    #[test]
    fn silence_begins_after_the_last_article_and_ends_before_the_crawl() {
        let first = Month::of("2024-01").unwrap();
        let months = (0..12).map(|step| (first.plus(step), 20)).collect();
        let crawled = |text| Month::of(text).unwrap();
        let found = silence(&months, crawled("2025-04")).unwrap();
        assert_eq!(
            (found.from, found.to),
            (crawled("2025-01"), crawled("2025-03"))
        );
        assert_eq!(silence(&months, crawled("2025-01")), None, "partial");
        assert_eq!(silence(&months, crawled("2020-01")), None, "before");
    }
}
