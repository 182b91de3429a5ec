//! What a message says.

use super::{News, State};
use crate::archive::RunReport;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Sites that one line names.
const NAMED: usize = 5;

/// What is sent, in its forms.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// One line.
    pub summary: String,
    /// The state's name.
    pub state: String,
    /// The exit code.
    pub code: u8,
    /// For people, several lines.
    pub text: String,
    /// For programs, version 1.
    pub json: Value,
}

impl Message {
    pub fn of(archive: &Path, news: &News, new: &State, previous: &str) -> Self {
        let summary = line(news, new, previous);
        let archive = std::path::absolute(archive).unwrap_or_else(|_| archive.to_owned());
        let archive = archive.display().to_string();
        let host = nix::unistd::gethostname().unwrap_or_default();
        let host = host.to_string_lossy();
        let none = Default::default();
        let sites = news.sites.as_ref().unwrap_or(&none);
        let bad = |id: &String| new.sites.contains_key(id);
        let not_well: BTreeMap<_, _> = sites.iter().filter(|(id, _)| bad(id)).collect();
        let json = json!({
            "version": 1,
            "text": summary,
            "summary": summary,
            "state": new.name(),
            "previous": previous,
            "exit": news.code,
            "error": news.why,
            "not_well": not_well,
            "counts": counts(news.run),
            "host": host,
            "archive": archive,
            "run": news.run,
        });
        let mut text = format!("{summary}\n\n");
        for (id, site) in &not_well {
            text.push_str(&format!("{id}: {}", site.state));
            if !site.why.is_empty() {
                text.push_str(&format!(" ({})", site.why));
            }
            match &site.last_success {
                Some(at) => text.push_str(&format!("; last success {at}\n")),
                None => text.push_str("; no success yet\n"),
            }
        }
        if let Some(run) = news.run {
            text.push_str(&format!(
                "\n`khobao status` tells how each site stands, `khobao runs show {}` what this \
                 crawl did.\n",
                run.id
            ));
        }
        if new.sites.values().any(|state| state == "drift") {
            text.push_str("`khobao drift` lists the alarms.\n");
        }
        text.push_str(&format!(
            "\nArchive {archive} on {host}, exit code {}.\n",
            news.code
        ));
        Self {
            summary,
            state: new.name().to_owned(),
            code: news.code,
            text,
            json,
        }
    }

    /// Makes a trial of it.
    pub fn is_test(&mut self) {
        self.summary = "khobao: a test of the channels; nothing happened".to_owned();
        self.state = "test".to_owned();
        self.text = format!("{}\n", self.summary);
        if let Some(json) = self.json.as_object_mut() {
            for key in ["text", "summary"] {
                json.insert(key.to_owned(), json!(self.summary));
            }
            json.insert("state".to_owned(), json!("test"));
        }
    }
}

/// New, revised, gone and unread articles and requests over all sites.
fn counts(run: Option<&RunReport>) -> Value {
    let Some(run) = run else {
        return Value::Null;
    };
    let of = |names: &[&str]| -> u64 {
        let sites = run.sites.values();
        sites
            .flat_map(|site| names.iter().filter_map(|name| site.outcomes.get(*name)))
            .sum()
    };
    json!({
        "sites": run.sites.len(),
        "new": of(&["new", "same_text"]),
        "revised": of(&["revision"]),
        "gone": of(&["gone"]),
        "requests": run.sites.values().map(|site| site.requests).sum::<u64>(),
        "pending": run.sites.values().map(|site| site.pending).sum::<u64>(),
    })
}

/// What a crawl did, in one line.
pub fn summary(run: &RunReport) -> String {
    let counts = counts(Some(run));
    let n = |key: &str| counts.get(key).and_then(Value::as_u64).unwrap_or(0);
    let sites = match n("sites") {
        1 => "1 site".to_owned(),
        n => format!("{n} sites"),
    };
    format!(
        "{sites}: {} new, {} revised, {} requests, {} left",
        n("new"),
        n("revised"),
        n("requests"),
        n("pending")
    )
}

fn line(news: &News, new: &State, previous: &str) -> String {
    if let Some(why) = &news.why {
        let why: Vec<&str> = why.split_whitespace().collect();
        let what = match new.name() {
            "configuration" => "nothing was crawled",
            "damaged" => "the archive is damaged",
            _ => "the crawl failed",
        };
        return format!("khobao: {what}: {}", why.join(" "));
    }
    let done = news.run.map(summary).unwrap_or_default();
    if new.sites.is_empty() {
        let again = if previous == "ok" { "" } else { " again" };
        return format!("khobao: all is well{again}; {done}");
    }
    let known = news.sites.as_ref().map_or(0, |sites| sites.len());
    let mut named: Vec<String> = new
        .sites
        .iter()
        .take(NAMED)
        .map(|(id, state)| format!("{id} ({state})"))
        .collect();
    let more = new.sites.len().saturating_sub(NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    format!(
        "khobao: {} of {known} sites not well: {}; {done}",
        new.sites.len(),
        named.join(", ")
    )
}
