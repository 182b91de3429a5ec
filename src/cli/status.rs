//! `khobao status`

use super::{code, data, setup};
use crate::archive::ArchiveError;
use crate::config::Config;
use crate::schedule::status::Running;
use crate::schedule::{Health, Status, Timing, metrics};
use chrono::{DateTime, Local, TimeDelta, Utc};
use comfy_table::{Table, presets};
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn status(config: &Path, as_json: bool, figures: bool) -> anyhow::Result<u8> {
    let (config, profiles) = setup::load(config)?;
    let now = Utc::now();
    let (status, held) = match setup::open(&config, &profiles) {
        Ok(archive) => (Status::of(&archive, &config.sites, now)?, None),
        Err(why) => match why.downcast_ref::<ArchiveError>() {
            Some(ArchiveError::Held { who, .. }) => {
                // Whoever holds it has left this; an archive of before has none.
                let mut status = Status::read(&config.archive).unwrap_or_default();
                // A crawl that was killed could not take its mark back.
                let running = status.running.take();
                status.running =
                    running.filter(|crawl| who.contains(&format!("process {} ", crawl.pid)));
                (status, Some(who.clone()))
            }
            _ => return Err(why),
        },
    };
    if figures {
        data::print(&metrics(&config, &status, now))?;
    } else if as_json {
        let text = serde_json::to_string_pretty(&report(&config, &status, held, now))?;
        data::print(&(text + "\n"))?;
    } else {
        data::say(&describe(&config, &status, held, now))?;
    }
    Ok(code::OK)
}

fn report(config: &Config, status: &Status, held: Option<String>, now: DateTime<Utc>) -> Value {
    let mut sites = serde_json::Map::new();
    for site in &config.sites {
        let known = status
            .sites
            .get(site.id.as_str())
            .cloned()
            .unwrap_or_default();
        let timing = Timing::of(site, config.jitter);
        let (health, next) = known.health(&timing, status.is_running(site.id.as_str()), now);
        // Plain structs with string keys: serialising them cannot fail.
        let mut row = serde_json::to_value(&known).unwrap_or_default();
        if let Some(row) = row.as_object_mut() {
            row.insert("name".to_owned(), json!(site.name));
            row.insert("enabled".to_owned(), json!(site.enabled));
            row.insert("health".to_owned(), json!(health));
            let rule = timing.when.as_ref().map(ToString::to_string);
            row.insert("schedule".to_owned(), json!(rule));
            row.insert("next_run".to_owned(), json!(next.filter(|_| site.enabled)));
            row.insert(
                "lag_hours".to_owned(),
                json!(hours(known.last_success.as_ref(), now)),
            );
        }
        sites.insert(site.id.to_string(), row);
    }
    json!({"at": status.at, "held_by": held, "running": status.running, "sites": sites,
           "disk": status.disk})
}

fn hours(since: Option<&String>, now: DateTime<Utc>) -> Option<i64> {
    let since = DateTime::parse_from_rfc3339(since?).ok()?;
    Some(now.signed_duration_since(since).num_hours())
}

fn describe(config: &Config, status: &Status, held: Option<String>, now: DateTime<Utc>) -> String {
    let mut out = String::new();
    if let Some(who) = held {
        out.push_str(&format!(
            "the archive is held by {who}; this is as of {}\n",
            status.at
        ));
    }
    if let Some(Running { since, sites, .. }) = &status.running {
        out.push_str(&format!(
            "a crawl of {} is under way since {since}\n",
            sites.join(", ")
        ));
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "site",
        "health",
        "last run",
        "last success",
        "next run",
        "newest article",
        "new",
        "revised",
        "waiting",
        "pace learned",
    ]);
    let mut notes = String::new();
    for site in &config.sites {
        let id = site.id.as_str();
        let known = status.sites.get(id).cloned().unwrap_or_default();
        if !site.enabled && known.last_run.is_none() {
            continue;
        }
        let timing = Timing::of(site, config.jitter);
        let (health, next) = known.health(&timing, status.is_running(id), now);
        let next = match (site.enabled, next) {
            (false, _) => "disabled".to_owned(),
            (true, None) => "by hand".to_owned(),
            (true, Some(next)) if next <= now => "due".to_owned(),
            (true, Some(next)) => next
                .with_timezone(&Local)
                .format("%Y-%m-%d %H:%M")
                .to_string(),
        };
        let pace = match known.learned_pace_ms {
            0 => String::new(),
            ms => format!("{:.1} s", ms as f64 / 1000.0),
        };
        table.add_row([
            id.to_owned(),
            health.name().to_owned(),
            ago(known.last_run.as_ref(), now),
            ago(known.last_success.as_ref(), now),
            next,
            ago(known.newest.as_ref(), now),
            known.new.to_string(),
            known.revised.to_string(),
            known.pending.to_string(),
            pace,
        ]);
        if let Some(why) = &known.parked {
            notes.push_str(&format!("{id} is parked: {why}\n"));
        }
        if let Some(until) = &known.paused_until {
            notes.push_str(&format!("{id} is not asked before {until}\n"));
        }
        if health == Health::Alarm {
            notes.push_str(&format!(
                "{id}: its pages were read otherwise than before; `khobao drift` tells more\n"
            ));
        }
        if health == Health::Failing {
            let end = known.reason();
            notes.push_str(&format!(
                "{id}: its last crawl ended so: {end}; `khobao runs show` tells more, and the next \
                 crawl goes on where it was\n"
            ));
        }
    }
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str(&notes);
    let size = |bytes: u64| bytesize::ByteSize::b(bytes).display().iec().to_string();
    let disk = &status.disk;
    out.push_str(&format!(
        "WARC files {}, index {}, free {}{}\n",
        size(disk.warc),
        size(disk.index),
        size(disk.free),
        match disk.days_left {
            Some(days) => format!(": enough for about {days} days at the present growth"),
            None => String::new(),
        }
    ));
    out
}

/// How long ago, for people.
fn ago(time: Option<&String>, now: DateTime<Utc>) -> String {
    let Some(time) = time.and_then(|time| DateTime::parse_from_rfc3339(time).ok()) else {
        return "never".to_owned();
    };
    let gone = now.signed_duration_since(time);
    if gone < TimeDelta::minutes(2) {
        "just now".to_owned()
    } else if gone < TimeDelta::hours(2) {
        format!("{} min ago", gone.num_minutes())
    } else if gone < TimeDelta::days(3) {
        format!("{} h ago", gone.num_hours())
    } else {
        format!("{} days ago", gone.num_days())
    }
}
