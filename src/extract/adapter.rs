//! The one place where extraction calls the field parsers.

use super::fields::{dateline, datetime};
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

/// Reads an author line or a byline found in the body.
pub(super) fn byline(raw: &str) -> Option<Byline> {
    Some(Byline {
        raw: raw.to_owned(),
        ..Byline::default()
    })
}

/// Whether the last line of a body is a byline. `set_apart`: right-aligned, bold or italic.
pub(super) fn is_byline(text: &str, set_apart: bool) -> bool {
    set_apart && text.chars().count() < 60
}

/// Splits "… last sentence. Tin, ảnh: X" into the sentence and the byline.
pub(super) fn split_tail(_text: &str) -> Option<(String, String)> {
    None
}

/// Puts what the author line says and what the body's last line says together.
pub(super) fn merge(first: Byline, _second: Byline) -> Byline {
    first
}

/// The photographer or agency named in a caption.
pub(super) fn credit(_caption: &str) -> Option<String> {
    None
}

/// The outlet's or place's prefix of a lead.
pub(super) fn dateline(lead: &str) -> Option<String> {
    dateline::find(lead)
}
