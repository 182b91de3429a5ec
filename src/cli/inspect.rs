//! `khobao show`, `runs` and `stats`.

use super::args::RunsCommand;
use super::data::{print, say};
use super::{Failure, code, setup};
use crate::archive::schema::url_hash;
use crate::archive::{Archive, Record, RecordRow, RunReport, Tombstone, warc};
use crate::config::Config;
use crate::domain::RecordId;
use comfy_table::{Table, presets};
use std::io::Write as _;
use std::path::Path;
use url::Url;

pub(super) fn show(
    config: &Path,
    name: &str,
    revision: Option<u32>,
    raw: bool,
) -> anyhow::Result<u8> {
    let (config, archive) = setup::archive(config)?;
    if let Some(stone) = withdrawn(&config, &archive, name)? {
        print(&(serde_json::to_string_pretty(&stone)? + "\n"))?;
        return Ok(code::OK);
    }
    let row = known(&config, &archive, name)?;
    let id = row.id;
    // The good one, where the newest is doubtful; without a good one, the newest.
    let revision = match revision {
        None => archive.sound_revision(&row)?,
        named => named,
    };
    let record = archive.record(row, revision)?.ok_or_else(|| {
        Failure::error(
            code::FAILED,
            format!("record {id} has no revision {}", revision.unwrap_or(1)),
        )
    })?;
    if raw {
        return show_raw(&archive, &record);
    }
    let mut text = serde_json::to_string_pretty(&record)?;
    text.push('\n');
    print(&text)?;
    Ok(code::OK)
}

/// The tombstone that a name means, where no record is.
fn withdrawn(config: &Config, archive: &Archive, name: &str) -> anyhow::Result<Option<Tombstone>> {
    match find(config, archive, name)? {
        Some(_) => Ok(None),
        None => tombstone(config, archive, name),
    }
}

/// The record that a name means.
pub(super) fn known(config: &Config, archive: &Archive, name: &str) -> anyhow::Result<RecordRow> {
    if let Some(row) = find(config, archive, name)? {
        return Ok(row);
    }
    if let Some(stone) = tombstone(config, archive, name)? {
        return Err(Failure::error(
            code::FAILED,
            format!(
                "{} was withdrawn at {}: {}",
                stone.id, stone.withdrawn, stone.reason
            ),
        ));
    }
    Err(Failure::error(
        code::FAILED,
        format!(
            "no record {name}; `khobao export --format csv` lists them, and `khobao runs show` \
             says how the URLs of a run ended"
        ),
    ))
}

/// Looks a name up as it is, and in the canonical form of every site.
pub(super) fn find(
    config: &Config,
    archive: &Archive,
    name: &str,
) -> anyhow::Result<Option<RecordRow>> {
    for spelling in spellings(config, name) {
        if let Some(record) = archive.find(&spelling)? {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// The tombstone of a withdrawn record, by its id or any of its URLs.
pub(super) fn tombstone(
    config: &Config,
    archive: &Archive,
    name: &str,
) -> anyhow::Result<Option<Tombstone>> {
    if let Some(id) = RecordId::parse(name)
        && let Some(stone) = archive.tombstone(&id.0)?
    {
        return Ok(Some(stone));
    }
    for spelling in spellings(config, name) {
        if let Some(stone) = archive.tombstone(&url_hash(&spelling))? {
            return Ok(Some(stone));
        }
    }
    Ok(None)
}

fn spellings(config: &Config, name: &str) -> Vec<String> {
    let mut all = vec![name.to_owned()];
    if let Ok(url) = Url::parse(name) {
        for site in &config.sites {
            let policy = site.url_policy(&[]);
            if policy.is_known(&url) {
                all.push(policy.canonical(&url).as_str().to_owned());
            }
            // Where it is today, if nothing is known of it there.
            if let Some(to) = policy.successor(&url) {
                all.push(policy.canonical(&to).as_str().to_owned());
            }
        }
    }
    all
}

/// The page as a browser would have received it, content coding removed.
fn show_raw(archive: &Archive, record: &Record) -> anyhow::Result<u8> {
    let capture = &record.provenance.capture;
    let path = archive.warc_dir().join(&capture.file);
    let stored = warc::read_at(&path, capture.offset)?;
    let exchange = stored.to_exchange()?;
    let decoded = crate::extract::decode::content_decode(
        &exchange.payload,
        exchange.header("content-encoding"),
        usize::MAX,
    );
    let mut out = std::io::stdout().lock();
    out.write_all(&decoded.bytes)?;
    out.flush()?;
    Ok(code::OK)
}

pub(super) fn runs(config: &Path, command: Option<RunsCommand>, json: bool) -> anyhow::Result<u8> {
    let (_, archive) = setup::archive(config)?;
    let runs = archive.runs()?;
    let Some(RunsCommand::Show { number }) = command else {
        if json {
            print(&(serde_json::to_string_pretty(&runs)? + "\n"))?;
        } else {
            say(&format!("{}\n", list(&runs)))?;
        }
        return Ok(code::OK);
    };
    let number = number.unwrap_or(runs.len());
    let run = number
        .checked_sub(1)
        .and_then(|at| runs.get(at))
        .ok_or_else(|| {
            Failure::error(
                code::USAGE,
                format!("no run {number}; `khobao runs` lists 1 to {}", runs.len()),
            )
        })?;
    if json {
        print(&(serde_json::to_string_pretty(run)? + "\n"))?;
    } else {
        say(&describe(number, run))?;
    }
    Ok(code::OK)
}

fn list(runs: &[RunReport]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "run", "started", "finished", "end", "sites", "new", "revised", "requests",
    ]);
    for (at, run) in runs.iter().enumerate() {
        let sum = |name: &str| -> u64 {
            run.sites
                .values()
                .filter_map(|site| site.outcomes.get(name))
                .sum()
        };
        table.add_row([
            (at + 1).to_string(),
            run.started.clone(),
            run.finished.clone().unwrap_or_default(),
            run.end.clone().unwrap_or_else(|| "cut short".to_owned()),
            run.sites.len().to_string(),
            (sum("new") + sum("same_text")).to_string(),
            sum("revision").to_string(),
            run.sites
                .values()
                .map(|site| site.requests)
                .sum::<u64>()
                .to_string(),
        ]);
    }
    table
}

fn describe(number: usize, run: &RunReport) -> String {
    let mut out = format!(
        "run {number}: {} to {}, {}\ncommand: khobao {}\n",
        run.started,
        run.finished.as_deref().unwrap_or("?"),
        run.end.as_deref().unwrap_or("cut short"),
        run.command
    );
    for (id, site) in &run.sites {
        out.push_str(&format!(
            "\n{id} ({}): {} requests, {} bytes, {} captures, {} URLs left\n",
            site.mode, site.requests, site.bytes, site.captures, site.pending
        ));
        if let Some(why) = &site.parked {
            out.push_str(&format!("  parked: {why}\n"));
        }
        for (title, counts) in [
            ("outcome", &site.outcomes),
            ("tried again", &site.retries),
            ("warning", &site.warnings),
        ] {
            for (name, count) in counts {
                out.push_str(&format!("  {title:<12} {name:<24} {count:>8}\n"));
            }
        }
    }
    out
}

pub(super) fn stats(config: &Path, json: bool) -> anyhow::Result<u8> {
    let (_, archive) = setup::archive(config)?;
    let stats = archive.stats()?;
    if json {
        print(&(serde_json::to_string_pretty(&stats)? + "\n"))?;
        return Ok(code::OK);
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "site",
        "records",
        "revisions",
        "aliases",
        "same text",
        "captions",
        "bylines",
        "first",
        "last",
    ]);
    for (id, site) in &stats.sites {
        table.add_row([
            id.clone(),
            site.records.to_string(),
            site.revised.to_string(),
            site.aliases.to_string(),
            site.same_text.to_string(),
            site.captions.to_string(),
            site.bylines.to_string(),
            site.first.clone().unwrap_or_default(),
            site.last.clone().unwrap_or_default(),
        ]);
    }
    say(&format!(
        "{table}\n{} URLs met, {} captures in {} WARC files of {} bytes; index {} bytes\n",
        stats.urls, stats.captures, stats.warc_files, stats.warc_bytes, stats.index_bytes
    ))?;
    Ok(code::OK)
}
