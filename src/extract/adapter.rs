//! The one place where extraction calls the field parsers.

pub(super) use super::fields::byline::Strength;
use super::fields::{byline, dateline, datetime};
use crate::domain::{Byline, Timestamp, Warning};
use chrono::{DateTime, FixedOffset, Utc};

/// What a date's reading depends on.
pub(super) struct DateFacts<'a> {
    pub zone: FixedOffset,
    pub order: &'a str,
    pub fetched_at: DateTime<Utc>,
}

/// Reads a date as printed.
pub(super) fn date(raw: &str, facts: &DateFacts<'_>) -> Option<(Timestamp, Vec<Warning>)> {
    let context = datetime::DateContext {
        zone: datetime::Zone::Fixed(facts.zone),
        order: match facts.order {
            "mdy" => datetime::Order::MonthFirst,
            _ => datetime::Order::DayFirst,
        },
        not_after: Some(facts.fetched_at),
    };
    datetime::parse(raw, &context)
}

/// One byline from the author line, the source line and the body's last lines.
pub(super) fn byline(author: Option<&str>, source: Option<&str>, tail: &[&str]) -> Option<Byline> {
    byline::merge(author, source, tail)
}

/// How surely a line of the body is a byline, by its words.
pub(super) fn strength(line: &str) -> Strength {
    byline::strength(line)
}

/// Whether a line is an office, below which a name signs a document.
pub(super) fn is_office(line: &str) -> bool {
    byline::is_office(line)
}

/// Splits "… last sentence. Tin, ảnh: X" into the sentence and the byline.
pub(super) fn split_tail(text: &str) -> Option<(String, String)> {
    byline::split_tail(text).map(|(before, last)| (before.to_owned(), last.to_owned()))
}

/// The photographer or agency named in a caption.
pub(super) fn credit(caption: &str) -> Option<String> {
    byline::credit(caption)
}

/// The outlet's or place's prefix of a lead.
pub(super) fn dateline(lead: &str) -> Option<String> {
    dateline::find(lead)
}
