//! `khobao reextract`

use super::args::Reextract;
use super::{Failure, code, data, setup};
use crate::crawl::{self, Reread, RereadPlan};
use crate::domain::SiteId;
use serde_json::Value;
use std::io::IsTerminal;
use std::path::Path;

/// Characters of a value that a sample shows.
const SHOWN: usize = 160;

pub(super) fn reextract(config: &Path, args: Reextract) -> anyhow::Result<u8> {
    let (config, profiles) = setup::load(config)?;
    let site = match &args.site {
        Some(name) => {
            config.select(std::slice::from_ref(name))?;
            Some(SiteId::new(name).map_err(|why| Failure::error(code::USAGE, why))?)
        }
        None => None,
    };
    if let Some(name) = &args.profile
        && profiles.get(name).is_none()
    {
        let known: Vec<&str> = profiles.names().collect();
        return Err(Failure::error(
            code::USAGE,
            format!("no profile {name:?}; known: {}", known.join(", ")),
        ));
    }
    let archive = setup::open(&config, &profiles)?;
    if !args.dry_run {
        archive.open_change("reextract")?;
    }
    let plan = RereadPlan {
        site,
        profile: args.profile,
        since: args.since,
        only: None,
        dry_run: args.dry_run,
    };
    let bar = if std::io::stderr().is_terminal() {
        indicatif::ProgressBar::new_spinner()
    } else {
        indicatif::ProgressBar::hidden()
    };
    let done = crawl::reread(&archive, &config, &profiles, &plan, &|read| {
        bar.set_message(format!("{read} revisions read again"));
        bar.tick();
    })?;
    bar.finish_and_clear();
    if !args.dry_run {
        let note = serde_json::json!({"changed": done.changed, "fields": done.fields});
        archive.seal("reextract", &[], Some(note))?;
    }
    if args.json {
        data::print(&(serde_json::to_string_pretty(&done)? + "\n"))?;
    } else {
        data::say(&describe(&done, args.dry_run))?;
    }
    Ok(if done.damage.is_empty() {
        code::OK
    } else {
        code::DAMAGED
    })
}

fn describe(done: &Reread, dry_run: bool) -> String {
    let verb = if dry_run { "would change" } else { "changed" };
    let mut out = format!(
        "{} revisions read again, {} {verb}\n",
        done.revisions, done.changed
    );
    for (field, count) in &done.fields {
        out.push_str(&format!("  {field:<14} {count:>8}\n"));
        for sample in done.samples.get(field).into_iter().flatten() {
            out.push_str(&format!(
                "    {} (revision {})\n    - {}\n    + {}\n",
                sample.url,
                sample.revision,
                short(&sample.before),
                short(&sample.after)
            ));
        }
    }
    for why in &done.refused {
        out.push_str(&format!("no article any more, left as it is: {why}\n"));
    }
    for why in &done.damage {
        out.push_str(&format!("damaged: {why}\n"));
    }
    out
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => return "(nothing)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
