//! Floor 6: tells people and programs how a crawl ended.
//!
//! Owns what a message says (`message`), when a channel gets one (`notified.json` in the archive's
//! folder knows what each was told last), and the channels (`channel`, `mail`). Nothing here fails a
//! crawl, changes its exit code or holds it up for long.

mod channel;
mod mail;
mod message;

use crate::archive::RunReport;
use crate::config::{Config, Notify, On};
use chrono::{DateTime, TimeDelta, Utc};
use message::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

pub use message::summary;

/// The file in the archive's folder.
pub const FILE: &str = "notified.json";

/// How a site stands after a crawl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteNews {
    /// `parked`, `failing`, `drift`, `late`, or `ok`.
    pub state: &'static str,
    /// Why, for people.
    pub why: String,
    /// When a crawl of it last ended with everything done, RFC 3339.
    pub last_success: Option<String>,
}

/// How a crawl ended.
#[derive(Debug, Clone, Default)]
pub struct News<'a> {
    /// Its exit code.
    pub code: u8,
    /// Why it has no report.
    pub why: Option<String>,
    /// Its report.
    pub run: Option<&'a RunReport>,
    /// The sites that are to be told of, if that is known.
    pub sites: Option<BTreeMap<String, SiteNews>>,
}

/// What is compared from crawl to crawl.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// Why the crawl could not do its work: `failed`, `damaged` or `configuration`.
    #[serde(default)]
    trouble: Option<String>,
    /// Sites that are not well, and how.
    #[serde(default)]
    sites: BTreeMap<String, String>,
}

impl State {
    fn name(&self) -> &str {
        match &self.trouble {
            Some(trouble) => trouble,
            None if self.sites.is_empty() => "ok",
            None => "not_well",
        }
    }

    /// The state after a crawl, where this was told of before it.
    fn after(&self, news: &News) -> Self {
        let trouble = match news.code {
            0 | 3 | 5 => None,
            2 => Some("configuration"),
            6 => Some("damaged"),
            _ => Some("failed"),
        };
        let sites = news.sites.as_ref().map(|sites| {
            let bad = sites.iter().filter(|(_, site)| site.state != "ok");
            bad.map(|(id, site)| (id.clone(), site.state.to_owned()))
                .collect()
        });
        Self {
            trouble: trouble.map(str::to_owned),
            sites: sites.unwrap_or_else(|| self.sites.clone()),
        }
    }
}

/// What a channel was told last.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    #[serde(flatten)]
    state: State,
    /// When; `None` when it was told nothing yet.
    #[serde(default)]
    at: Option<DateTime<Utc>>,
}

impl Told {
    fn is_due(&self, new: &State, notify: &Notify, now: DateTime<Utc>) -> bool {
        let changed = *new != self.state;
        let well = new.name() == "ok";
        let remind = TimeDelta::from_std(notify.remind).unwrap_or(TimeDelta::MAX);
        let reminds = || {
            self.at
                .is_some_and(|at| now.signed_duration_since(at) >= remind)
        };
        match notify.on {
            On::Always => true,
            On::Failure => changed || !well,
            On::Change => changed || (!well && reminds()),
        }
    }
}

/// What each channel was told last, by its name.
type Book = BTreeMap<String, Told>;

fn read(file: &Path) -> Book {
    match std::fs::read(file) {
        Err(_) => Book::new(),
        Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|why| {
            tracing::warn!(
                "{} cannot be read ({why}); what is bad is told anew",
                file.display()
            );
            Book::new()
        }),
    }
}

fn keep(file: &Path, book: &Book) -> std::io::Result<()> {
    let dir = file.parent().unwrap_or(Path::new("."));
    let mut temp = tempfile::NamedTempFile::with_prefix_in(".notified", dir)?;
    temp.write_all(&serde_json::to_vec_pretty(book)?)?;
    temp.persist(file)?;
    Ok(())
}

/// Tells whoever is to be told.
#[derive(Debug, Default)]
pub struct Bell {
    notify: Notify,
    archive: PathBuf,
    /// The ping that a crawl begins; it must not come after the one that ends it.
    begun: Option<JoinHandle<()>>,
}

impl Bell {
    /// As the configuration says.
    pub fn of(config: &Config) -> Self {
        Self::new(config.notify.clone(), config.archive.clone())
    }

    /// For the archive in this folder.
    pub fn new(notify: Notify, archive: PathBuf) -> Self {
        Self {
            notify,
            archive,
            begun: None,
        }
    }

    /// Before a crawl. Does not wait.
    pub fn begin(&mut self) {
        if let Some(ping) = self.notify.ping.clone().filter(|ping| ping.healthchecks) {
            self.begun = Some(std::thread::spawn(move || {
                channel::work(async move {
                    if let Err(why) = channel::ping(&ping, "/start").await {
                        tracing::warn!("the ping failed: {why}");
                    }
                });
            }));
        }
    }

    /// After a crawl. Whoever holds the archive tells how his ended; an operator who stopped one
    /// knows it.
    pub fn end(mut self, news: &News) {
        let begun = self.begun.take().map(JoinHandle::join);
        if begun.is_some_and(|joined| joined.is_err()) {
            tracing::warn!("the ping before the crawl was cut short");
        }
        if self.notify.is_empty() || news.code == 4 || news.code >= 128 {
            return;
        }
        let file = self.archive.join(FILE);
        let mut book = read(&file);
        let before = book.clone();
        let now = Utc::now();
        let mut due = Vec::new();
        for name in channel::names(&self.notify) {
            let old = book.get(name).cloned().unwrap_or_default();
            let new = old.state.after(news);
            if old.is_due(&new, &self.notify, now) {
                let message = Message::of(&self.archive, news, &new, old.state.name());
                due.push((name, message, new));
            }
        }
        let well = alive(news);
        let results = channel::work(channel::tell(&self.notify, &due, well));
        for (name, result) in results.unwrap_or_default() {
            match result {
                Ok(()) => {
                    let new = due.iter().find(|(channel, ..)| *channel == name);
                    if let Some((_, _, state)) = new {
                        let told = Told {
                            state: state.clone(),
                            at: Some(now),
                        };
                        book.insert(name.to_owned(), told);
                    }
                }
                Err(why) => {
                    tracing::warn!("nobody was told by {name}: {why}; the next crawl tries again");
                }
            }
        }
        if book != before
            && self.archive.is_dir()
            && let Err(why) = keep(&file, &book)
        {
            tracing::warn!("{} cannot be written: {why}", file.display());
        }
    }

    /// Tries every channel, with a message that says so; changes nothing of what is known of them.
    pub fn test(&self) -> Vec<(&'static str, Result<(), String>)> {
        let state = State::default();
        let due: Vec<_> = channel::names(&self.notify)
            .map(|name| {
                let mut message = Message::of(&self.archive, &News::default(), &state, "ok");
                message.is_test();
                (name, message, state.clone())
            })
            .collect();
        channel::work(channel::tell(&self.notify, &due, true)).unwrap_or_default()
    }

    /// Each channel, with the state that it was told of last, and when.
    pub fn told(&self) -> Vec<(&'static str, String, Option<DateTime<Utc>>)> {
        let book = read(&self.archive.join(FILE));
        channel::names(&self.notify)
            .map(|name| {
                let told = book.get(name).cloned().unwrap_or_default();
                (name, told.state.name().to_owned(), told.at)
            })
            .collect()
    }
}

/// Whether a crawl did some work: what a dead-man switch wants to know. Sites that are not well are
/// the other channels' news, unless all are.
fn alive(news: &News) -> bool {
    match (news.code, news.run) {
        (0, _) => true,
        (3 | 5, Some(run)) => run.sites.values().any(|site| !site.fell_short()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(code: u8, sites: &[(&str, &'static str)]) -> News<'static> {
        let site = |(id, state): &(&str, &'static str)| {
            let news = SiteNews {
                state,
                why: String::new(),
                last_success: None,
            };
            ((*id).to_owned(), news)
        };
        News {
            code,
            sites: Some(sites.iter().map(site).collect()),
            ..News::default()
        }
    }

    /// The states that a channel is told of over these nights, one each day.
    fn told(on: On, nights: &[News]) -> Vec<String> {
        let notify = Notify {
            on,
            remind: std::time::Duration::from_secs(3 * 86_400),
            ..Notify::default()
        };
        let mut known = Told::default();
        let mut out = Vec::new();
        let mut now: DateTime<Utc> = "2026-05-10T02:00:00Z".parse().unwrap();
        for night in nights {
            let new = known.state.after(night);
            if known.is_due(&new, &notify, now) {
                out.push(format!("{} {}", new.name(), new.sites.len()));
                known = Told {
                    state: new,
                    at: Some(now),
                };
            }
            now += TimeDelta::days(1);
        }
        out
    }

    #[test]
    fn a_change_is_told_once_and_what_stays_bad_now_and_then() {
        let well = || news(0, &[("a", "ok"), ("b", "ok")]);
        let bad = || news(3, &[("a", "parked"), ("b", "ok")]);
        let worse = || news(3, &[("a", "parked"), ("b", "failing")]);
        let other = || news(5, &[("a", "drift"), ("b", "ok")]);
        let broken = || News {
            code: 6,
            ..News::default()
        };
        assert!(told(On::Change, &[well(), well(), well()]).is_empty());
        assert_eq!(
            told(
                On::Change,
                &[bad(), bad(), worse(), bad(), other(), well(), well()]
            ),
            [
                "not_well 1",
                "not_well 2",
                "not_well 1",
                "not_well 1",
                "ok 0"
            ]
        );
        // Nothing is known of the sites while the archive is damaged: they are as they were.
        assert_eq!(
            told(On::Change, &[bad(), broken(), broken(), bad(), well()]),
            ["not_well 1", "damaged 1", "not_well 1", "ok 0"]
        );
        let long: Vec<News> = (0..8).map(|_| bad()).collect();
        assert_eq!(told(On::Change, &long).len(), 3, "on days 1, 4 and 7");
        assert_eq!(told(On::Failure, &long).len(), 8);
        assert_eq!(
            told(On::Failure, &[well(), bad(), well(), well()]),
            ["not_well 1", "ok 0"]
        );
        assert_eq!(told(On::Always, &[well(), bad(), well()]).len(), 3);
    }

    #[test]
    fn a_dead_man_switch_wants_work_to_be_done() {
        let site = |parked: bool| crate::archive::SiteReport {
            parked: parked.then(|| "status 503".to_owned()),
            ..Default::default()
        };
        let mut run = RunReport::default();
        run.sites.insert("a".to_owned(), site(true));
        let of = |code: u8, run: &RunReport| {
            alive(&News {
                code,
                run: Some(run),
                ..News::default()
            })
        };
        assert!(!of(3, &run), "nothing was done");
        run.sites.insert("b".to_owned(), site(false));
        assert!(of(3, &run) && of(5, &run) && of(0, &run));
        assert!(!of(1, &run) && !of(6, &run));
    }
}
