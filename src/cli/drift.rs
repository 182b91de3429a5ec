//! `khobao drift`: what is read otherwise than it used to be, and how that is settled.

use super::args::{Drift, DriftCommand};
use super::{Failure, code, data, setup};
use crate::archive::{Alarm, Archive, rfc3339};
use crate::crawl::drift::{Settled, accept, describe, reextract};
use serde_json::json;
use std::path::Path;

pub(super) fn drift(config: &Path, args: Drift) -> anyhow::Result<u8> {
    let (config, profiles) = setup::load(config)?;
    let archive = setup::open(&config, &profiles)?;
    let done = match args.command {
        None => return list(&archive, args.json),
        Some(DriftCommand::Accept { name }) => {
            let alarms = named(&archive, name.as_deref())?;
            archive.open_change("drift accept")?;
            let done = accept(&archive, &alarms, chrono::Utc::now().timestamp_micros())?;
            seal(&archive, "drift accept", &done)?;
            done
        }
        Some(DriftCommand::Reextract { name }) => {
            let alarms = named(&archive, name.as_deref())?;
            archive.open_change("drift reextract")?;
            let done = reextract(&archive, &config, &profiles, &alarms)?;
            seal(&archive, "drift reextract", &done)?;
            done
        }
    };
    if args.json {
        data::print(&(serde_json::to_string_pretty(&done)? + "\n"))?;
    } else {
        data::say(&said(&done))?;
    }
    Ok(if done.open.is_empty() {
        code::OK
    } else {
        code::ALARM
    })
}

fn seal(archive: &Archive, kind: &str, done: &Settled) -> anyhow::Result<()> {
    let note = json!({"closed": done.closed, "open": done.open, "released": done.released});
    archive.seal(kind, &[], Some(note))?;
    Ok(())
}

/// The open alarms that a name means: one of them, or all of a site.
fn named(archive: &Archive, name: Option<&str>) -> anyhow::Result<Vec<Alarm>> {
    let mut alarms = archive.alarms(None)?;
    alarms.retain(|alarm| alarm.accepted.is_none());
    if let Some(name) = name {
        alarms.retain(|alarm| alarm.id == name || alarm.site.as_str() == name);
        if alarms.is_empty() {
            return Err(Failure::error(
                code::USAGE,
                format!(
                    "no open alarm {name:?}, nor one of a site of that name; `khobao drift` lists them"
                ),
            ));
        }
    }
    Ok(alarms)
}

fn list(archive: &Archive, json: bool) -> anyhow::Result<u8> {
    let marks = archive.all_quarantined()?;
    let mut lines = String::new();
    let mut any = false;
    for alarm in named(archive, None)? {
        any = true;
        let of = marks.iter();
        let of = of.filter(|(_, _, mark)| mark.alarms.contains(&alarm.id));
        let quarantined = of.count();
        if json {
            let mut line = serde_json::to_value(&alarm)?;
            if let Some(line) = line.as_object_mut() {
                line.insert("quarantined".to_owned(), quarantined.into());
                for time in ["raised", "since", "run"] {
                    let micros = line.get(time).and_then(serde_json::Value::as_i64);
                    line.insert(time.to_owned(), rfc3339(micros.unwrap_or_default()).into());
                }
                line.remove("test");
            }
            lines.push_str(&(serde_json::to_string(&line)? + "\n"));
            continue;
        }
        lines.push_str(&format!(
            "{}\n  raised {}; {quarantined} revisions in quarantine\n",
            describe(&alarm),
            rfc3339(alarm.raised),
        ));
        for url in &alarm.samples {
            lines.push_str(&format!("  {url}\n"));
        }
    }
    if !any && !json {
        lines.push_str("no open alarm\n");
    } else if any && !json {
        lines.push_str(
            "`khobao drift accept ALARM` takes its pages as good; after a profile is mended, \
             `khobao drift reextract ALARM` reads them again\n",
        );
    }
    match json {
        true => data::print(&lines)?,
        false => data::say(&lines)?,
    }
    Ok(if any { code::ALARM } else { code::OK })
}

fn said(done: &Settled) -> String {
    let mut out = String::new();
    for id in &done.closed {
        out.push_str(&format!("{id}: closed\n"));
    }
    for id in &done.open {
        out.push_str(&format!(
            "{id}: still open; mend the profile and read again, or `khobao drift accept {id}`\n"
        ));
    }
    out.push_str(&format!(
        "{} revisions left quarantine, {} stay there\n",
        done.released, done.kept
    ));
    out
}
