//! Every row of the fact files is a case: facts seen on public portals.

// The helpers belong to the tests: a broken fixture fails them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use chrono::{TimeZone, Utc};
use khobao::extract::fields::{
    byline, dateline,
    datetime::{self, DateContext},
};

/// Rows of a TSV file after its header; cells in CSV quoting.
fn rows(text: &str) -> Vec<Vec<String>> {
    csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .flexible(true)
        .from_reader(text.as_bytes())
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

fn report(failures: Vec<String>) {
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn dates() {
    let context = DateContext {
        not_after: Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).single(),
        ..DateContext::default()
    };
    let mut failures = Vec::new();
    for row in rows(include_str!("fixtures/facts/dates.tsv")) {
        let (raw, want, precision, note) = (&row[0], &row[1], &row[2], &row[3]);
        if note.contains("month cross-check") || note.contains("image upload month") {
            let found = datetime::url_month(raw).map(|(y, m)| format!("{y}-{m:02}"));
            if found.as_ref() != Some(want) {
                failures.push(format!("{raw}: month {found:?}, want {want}"));
            }
            continue;
        }
        let found = datetime::parse(raw, &context);
        let value = found.as_ref().and_then(|(t, _)| t.value.clone());
        let want = (!want.is_empty() && !note.contains("reject")).then(|| want.clone());
        if value != want {
            failures.push(format!("{raw}: value {value:?}, want {want:?}"));
            continue;
        }
        let Some((stamp, warnings)) = found else {
            failures.push(format!("{raw}: nothing was read"));
            continue;
        };
        let name = serde_json::to_value(stamp.precision).unwrap();
        if Some(name.as_str().unwrap()) != precision.split(' ').next() {
            failures.push(format!("{raw}: precision {name}, want {precision}"));
        }
        if warnings.iter().any(|w| w.code == "weekday_mismatch") {
            failures.push(format!("{raw}: {warnings:?}"));
        }
    }
    report(failures);
}

#[test]
fn lead_prefixes() {
    let mut failures = Vec::new();
    for row in rows(include_str!("fixtures/facts/lead_prefixes.tsv")) {
        let prefix = &row[0];
        let want = prefix
            .trim()
            .trim_end_matches(['-', '–', ':'])
            .trim()
            .trim_matches(['(', ')']);
        let lead = format!("{prefix}Sáng 5/9, hội nghị được tổ chức tại huyện.");
        let found = dateline::find(&lead);
        if found.as_deref() != Some(want) {
            failures.push(format!("{lead}: {found:?}, want {want}"));
        }
    }
    report(failures);
}

#[test]
fn bylines() {
    let mut failures = Vec::new();
    for row in rows(include_str!("fixtures/facts/bylines.tsv")) {
        let (raw, want, source, note) = (&row[0], &row[1], &row[2], &row[3]);
        let found = byline::parse(raw);
        if note == "NEGATIVE" {
            if found.is_some() {
                failures.push(format!("{raw}: {found:?}, want none"));
            }
            continue;
        }
        let Some(found) = found else {
            failures.push(format!("{raw}: nothing was read"));
            continue;
        };
        let people = serde_json::to_value(&found.people).unwrap();
        let want: serde_json::Value = serde_json::from_str(want).unwrap();
        if people != want {
            failures.push(format!("{raw}: {people}, want {want}"));
        }
        // A row names an organisation or source, or people and nothing else.
        let named = found.source.is_some() || !found.organisations.is_empty();
        let expected = !source.is_empty() || found.people.is_empty();
        if named != expected {
            failures.push(format!("{raw}: {found:?}, want {source:?}"));
        }
        if let Some(name) = source.strip_prefix("source: ") {
            let name = match name {
                "provincial portal" => "Cổng TTĐT tỉnh",
                "TTXVN via Báo Tin tức" => "TTXVN/Báo Tin tức",
                name => name,
            };
            if found.source.as_deref() != Some(name) {
                failures.push(format!("{raw}: source {:?}, want {name}", found.source));
            }
        }
        if found.raw.contains("Tác giả") || found.raw.contains("Nguồn tin") {
            failures.push(format!("{raw}: the CMS's label stays in {:?}", found.raw));
        }
    }
    report(failures);
}

#[test]
fn credits_among_the_bylines() {
    let mut failures = Vec::new();
    for row in rows(include_str!("fixtures/facts/bylines.tsv")) {
        if let Some(name) = row[0].strip_prefix("Ảnh: ") {
            let found = byline::credit(&format!("Quang cảnh buổi lễ. {}", row[0]));
            if found.as_deref() != Some(name.trim_end_matches('.')) {
                failures.push(format!("{}: {found:?}", row[0]));
            }
        }
    }
    report(failures);
}
