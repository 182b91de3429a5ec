//! The one place where extraction calls the field parsers.

use crate::domain::{Byline, Precision, Timestamp, Warning};
use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};

/// What a date's reading depends on.
pub(super) struct DateFacts<'a> {
    pub zone: FixedOffset,
    pub order: &'a str,
    pub fetched_at: DateTime<Utc>,
}

/// Reads a date as printed.
pub(super) fn date(raw: &str, facts: &DateFacts<'_>) -> Option<(Timestamp, Vec<Warning>)> {
    let _ = facts.fetched_at;
    let _ = facts.order;
    let text = raw.split_once(" - ").map_or(raw, |(_, rest)| rest);
    let at = NaiveDateTime::parse_from_str(text.trim(), "%d/%m/%Y %H:%M").ok()?;
    let at = at.and_local_timezone(facts.zone).single()?;
    Some((
        Timestamp {
            value: Some(at.to_rfc3339()),
            precision: Precision::Minute,
            raw: raw.to_owned(),
            rule: String::new(),
            zone_assumed: true,
        },
        Vec::new(),
    ))
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
    lead.split_once(" - ")
        .map(|(a, _)| a.to_owned())
        .filter(|a| a.len() < 12)
}
