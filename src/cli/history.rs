//! `khobao history` and `khobao diff`: what a record said when.

use super::args::{Diff, DiffFormat};
use super::data::{print, say};
use super::inspect::known;
use super::{Failure, code, setup};
use crate::archive::{Archive, Record, RecordRow};
use crate::export::{Changes, changes_html, changes_text, visible};
use comfy_table::{Table, presets};
use std::io::IsTerminal;
use std::path::Path;

pub(super) fn history(config: &Path, name: &str, json: bool) -> anyhow::Result<u8> {
    let (config, archive) = setup::archive(config)?;
    let row = known(&config, &archive, name)?;
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["revision", "fetched", "published", "title", "changed"]);
    let mut lines = String::new();
    let mut before: Option<Record> = None;
    for number in 1..=row.current.number {
        let record = revision(&archive, &row, number)?;
        let changed = before
            .as_ref()
            .map(|before| Changes::between(before, &record).fields());
        let published = record.published.as_ref().and_then(|p| p.value.clone());
        if json {
            let line = serde_json::json!({
                "revision": number, "fetched_at": record.fetched_at, "published": published,
                "title": record.title, "changed": changed, "digest": record.digest,
                "capture": record.provenance.capture, "readings": record.readings,
                "quarantined": record.quarantined,
            });
            lines.push_str(&format!("{line}\n"));
        } else {
            table.add_row([
                number.to_string(),
                record.fetched_at.clone(),
                published.unwrap_or_default(),
                visible(&record.title).into_owned(),
                changed.map_or_else(|| "first seen".to_owned(), |fields| fields.join(", "))
                    + record
                        .quarantined
                        .as_ref()
                        .map_or("", |_| " (in quarantine)"),
            ]);
        }
        before = Some(record);
    }
    if json {
        print(&lines)?;
    } else {
        let seen = crate::archive::rfc3339(row.last_seen);
        let gone = row
            .gone
            .map(|at| format!("gone since {}\n", crate::archive::rfc3339(at)));
        let gone = gone.unwrap_or_default();
        say(&format!("{}\n{table}\nlast seen {seen}\n{gone}", row.url))?;
    }
    Ok(code::OK)
}

pub(super) fn diff(config: &Path, args: Diff) -> anyhow::Result<u8> {
    let (config, archive) = setup::archive(config)?;
    let row = known(&config, &archive, &args.name)?;
    let last = row.current.number;
    let (a, b) = match (args.from, args.to) {
        (Some(a), Some(b)) => (a, b),
        (Some(a), None) => (a, last),
        _ if last == 1 => {
            return Err(Failure::error(
                code::FAILED,
                format!(
                    "{} has one revision only: there is nothing to compare",
                    row.url
                ),
            ));
        }
        _ => (last - 1, last),
    };
    let changes = Changes::between(&revision(&archive, &row, a)?, &revision(&archive, &row, b)?);
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    print(&match args.format {
        DiffFormat::Text => changes_text(&changes, colour),
        DiffFormat::Json => serde_json::to_string_pretty(&changes)? + "\n",
        DiffFormat::Html => changes_html(&changes),
    })?;
    Ok(code::OK)
}

fn revision(archive: &Archive, row: &RecordRow, number: u32) -> anyhow::Result<Record> {
    archive.record(row.clone(), Some(number))?.ok_or_else(|| {
        Failure::error(
            code::FAILED,
            format!(
                "{} has no revision {number}; it has 1 to {}",
                row.url, row.current.number
            ),
        )
    })
}
