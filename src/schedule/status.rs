//! How each site stands: what its last crawls did, when the next one is due, what its host is
//! like, and how long the disk lasts.
//!
//! Every crawl leaves this beside the index (`status.json`), so that it can be read while another
//! process holds the archive.

use super::due::{Timing, next_start, planned};
use crate::archive::{Archive, ArchiveError, RunReport};
use crate::config::{Config, Site};
use crate::fetch::pace::HostState;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

/// The file in the archive's folder.
pub const FILE: &str = "status.json";
/// Growth is taken from the ledger's lines of this many days.
const GROWTH_DAYS: i64 = 60;
/// A site is late when its crawl is overdue by this much, or its last success by that much.
const GRACE_HOURS: i64 = 30;
const SUCCESS_GRACE_HOURS: i64 = 72;

/// What is known of the archive's sites.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When this was written, RFC 3339.
    pub at: String,
    /// Sites that a crawl is busy with, and since when.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub running: Option<Running>,
    /// By site id.
    pub sites: BTreeMap<String, SiteStatus>,
    /// The disk.
    pub disk: Disk,
}

/// A crawl that is under way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// RFC 3339.
    pub since: String,
    /// Site ids.
    pub sites: Vec<String>,
    /// The process.
    #[serde(default)]
    pub pid: u32,
}

/// Bytes, and how long they last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Disk {
    /// Of the WARC files that the ledger has sealed.
    pub warc: u64,
    /// Of the index.
    pub index: u64,
    /// Free on its disk.
    pub free: u64,
    /// Days until the disk is full, if it goes on like in the last weeks; `None` when it does not
    /// grow, or nobody knows yet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub days_left: Option<u64>,
}

/// How a site stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SiteStatus {
    /// When its last crawl began, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_run: Option<String>,
    /// How it ended: `done`, `stopped`, `limit`, `failed`, or `cut short`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_end: Option<String>,
    /// Whether its last crawl lost something to faults, or was refused everything.
    #[serde(default)]
    pub fell_short: bool,
    /// Alarms of drift in its last crawl.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub alarms: Vec<String>,
    /// When a crawl of it last ended with everything done, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_success: Option<String>,
    /// New records and revisions of the last crawl.
    #[serde(default)]
    pub new: u64,
    /// See `new`.
    #[serde(default)]
    pub revised: u64,
    /// Requests of the last crawl.
    #[serde(default)]
    pub requests: u64,
    /// How the tasks of the last crawl ended.
    #[serde(default)]
    pub outcomes: BTreeMap<String, u64>,
    /// Publication time of its newest article, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub newest: Option<String>,
    /// Tasks that wait for the next crawl.
    #[serde(default)]
    pub pending: u64,
    /// Why its host was parked in the last crawl, if it was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parked: Option<String>,
    /// Until when no request is made, RFC 3339, if that is to come.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub paused_until: Option<String>,
    /// Milliseconds between requests that its refusals have taught; 0 when none.
    #[serde(default)]
    pub learned_pace_ms: u64,
    /// Average milliseconds until its first byte.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latency_ms: Option<f64>,
}

/// What a site's state comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// A crawl is under way.
    Running,
    /// It was never crawled.
    Never,
    /// Its last crawl did not end as it should.
    Failing,
    /// Its host is parked.
    Parked,
    /// Its pages were read otherwise than before: `khobao drift` tells.
    Alarm,
    /// Its next crawl should have begun long ago, or none has succeeded for long.
    Late,
    /// All is well.
    Ok,
}

impl Health {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::Never,
        Self::Failing,
        Self::Parked,
        Self::Alarm,
        Self::Late,
        Self::Ok,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Never => "never crawled",
            Self::Failing => "failing",
            Self::Parked => "parked",
            Self::Alarm => "drift",
            Self::Late => "late",
            Self::Ok => "ok",
        }
    }
}

fn stamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn time(text: Option<&String>) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text?).ok()?;
    Some(time.with_timezone(&Utc))
}

impl SiteStatus {
    /// When its last crawl began.
    pub fn last_start(&self) -> Option<DateTime<Utc>> {
        time(self.last_run.as_ref())
    }

    /// What it comes to, and when the next crawl begins.
    pub fn health(
        &self,
        timing: &Timing,
        running: bool,
        now: DateTime<Utc>,
    ) -> (Health, Option<DateTime<Utc>>) {
        let next = next_start(timing, self.last_start(), now);
        let overdue = |last: Option<DateTime<Utc>>, hours: i64| {
            let planned = last.and_then(|last| planned(timing, last));
            planned.is_some_and(|planned| planned + TimeDelta::hours(hours) < now)
        };
        let health = if running {
            Health::Running
        } else if self.last_run.is_none() {
            Health::Never
        } else if self.parked.is_some() {
            Health::Parked
        } else if self.fell_short
            || !matches!(self.last_end.as_deref(), Some("done" | "limit" | "stopped"))
        {
            Health::Failing
        } else if !self.alarms.is_empty() {
            Health::Alarm
        } else if overdue(self.last_start(), GRACE_HOURS)
            || overdue(time(self.last_success.as_ref()), SUCCESS_GRACE_HOURS)
        {
            Health::Late
        } else {
            Health::Ok
        };
        (health, next)
    }

    /// How its last crawl ended, where it did not end as it should.
    pub fn reason(&self) -> String {
        match self.last_end.as_deref().unwrap_or("cut short") {
            _ if self.fell_short => {
                "it was refused everything, or all of its lists, lost pages to faults, or could read \
                 no article"
                    .to_owned()
            }
            end => end.to_owned(),
        }
    }

    fn take(&mut self, run: &RunReport, site: &str) {
        let Some(report) = run.sites.get(site) else {
            return;
        };
        let end = run.end.clone().unwrap_or_else(|| "cut short".to_owned());
        let well = end == "done" && !report.fell_short() && report.pending == 0;
        self.fell_short = report.fell_short();
        self.alarms.clone_from(&report.alarms);
        let count = |name: &str| report.outcomes.get(name).copied().unwrap_or(0);
        self.last_run = Some(run.started.clone());
        self.new = count("new") + count("same_text");
        self.revised = count("revision");
        self.requests = report.requests;
        self.outcomes.clone_from(&report.outcomes);
        self.pending = report.pending;
        self.parked.clone_from(&report.parked);
        if well {
            self.last_success.clone_from(&run.finished);
        }
        self.last_end = Some(end);
    }
}

impl Status {
    /// What the archive knows of the configured sites.
    pub fn of(archive: &Archive, sites: &[Site], now: DateTime<Utc>) -> Result<Self, ArchiveError> {
        let mut all = Self {
            at: stamp(now),
            ..Self::default()
        };
        let runs = archive.runs()?;
        for site in sites {
            let mut status = SiteStatus::default();
            for run in &runs {
                status.take(run, site.id.as_str());
            }
            let newest = archive.newest_time(&site.id)?;
            status.newest = newest
                .and_then(|at| DateTime::from_timestamp(at, 0))
                .map(stamp);
            let host = site.base.origin().ascii_serialization();
            if let Some(kept) = archive.host::<Kept>(&host)? {
                status.learned_pace_ms = kept.state.learned_ms;
                status.latency_ms = kept.state.latency_ms.map(|ms| ms.round());
                let until = kept.state.paused_until.filter(|until| *until > now);
                status.paused_until = until.map(stamp);
            }
            all.sites.insert(site.id.to_string(), status);
        }
        all.disk = disk(archive, now)?;
        Ok(all)
    }

    /// What the last crawl left; `None` when there is none, or it cannot be read.
    pub fn read(dir: &Path) -> Option<Self> {
        let text = std::fs::read(dir.join(FILE)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Leaves it in the archive's folder, whole or not at all.
    pub fn write(&self, dir: &Path) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        let mut temp = tempfile::NamedTempFile::with_prefix_in(".status", dir)?;
        temp.write_all(&text)?;
        temp.persist(dir.join(FILE))?;
        Ok(())
    }

    /// Whether a crawl is busy with a site.
    pub fn is_running(&self, site: &str) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| running.sites.iter().any(|busy| busy == site))
    }
}

/// What is kept of a host, as far as it is told here.
#[derive(Deserialize)]
struct Kept {
    state: HostState,
}

fn disk(archive: &Archive, now: DateTime<Utc>) -> Result<Disk, ArchiveError> {
    let index = archive.index_size()?;
    let free = fs4::available_space(archive.dir()).unwrap_or(0);
    // A line that cannot be read is `verify`'s to tell.
    let lines: Vec<(DateTime<Utc>, u64)> = archive
        .ledger()?
        .into_iter()
        .filter_map(|entry| Some((time(Some(&entry.at))?, entry.bytes)))
        .collect();
    let warc = lines.last().map_or(0, |(_, bytes)| *bytes);
    let recent = lines
        .iter()
        .find(|(at, _)| *at + TimeDelta::days(GROWTH_DAYS) > now);
    let days_left = recent.and_then(|(at, bytes)| {
        let hours = now.signed_duration_since(*at).num_hours();
        let grown = warc.checked_sub(*bytes).filter(|grown| *grown > 0)?;
        // A day is the least that says something; the index grows with the files.
        (hours >= 24).then(|| {
            let whole = 1.0 + index as f64 / warc.max(1) as f64;
            let daily = grown as f64 * whole * 24.0 / hours as f64;
            (free as f64 / daily) as u64
        })
    });
    Ok(Disk {
        warc,
        index,
        free,
        days_left,
    })
}

/// Notes that a crawl is under way, over what the last one left. What cannot be written is told by
/// the caller: it must not stop a crawl.
pub fn begin(
    archive: &Archive,
    config: &Config,
    sites: &[String],
    now: DateTime<Utc>,
) -> std::io::Result<()> {
    let mut status = Status::of(archive, &config.sites, now).map_err(std::io::Error::other)?;
    for site in sites {
        if let Some(site) = status.sites.get_mut(site) {
            site.last_run = Some(stamp(now));
            site.last_end = None;
        }
    }
    status.running = Some(Running {
        since: stamp(now),
        sites: sites.to_vec(),
        pid: std::process::id(),
    });
    status.write(archive.dir())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::SiteReport;

    fn run(started: &str, end: Option<&str>, parked: Option<&str>) -> RunReport {
        let report = SiteReport {
            parked: parked.map(str::to_owned),
            ..SiteReport::default()
        };
        RunReport {
            started: started.to_owned(),
            finished: end.map(|_| started.to_owned()),
            end: end.map(str::to_owned),
            sites: BTreeMap::from([("thu".to_owned(), report)]),
            ..RunReport::default()
        }
    }

    #[test]
    fn health_follows_the_last_run_and_the_rule() {
        let timing = Timing {
            site: "thu".to_owned(),
            when: Some("0 2 * * *".parse().unwrap()),
            hours: crate::fetch::pace::CrawlHours {
                zone: chrono_tz::UTC,
                from: Default::default(),
                to: Default::default(),
            },
            jitter: Default::default(),
        };
        let now: DateTime<Utc> = "2026-05-10T04:00:00Z".parse().unwrap();
        let of = |runs: &[RunReport]| {
            let mut status = SiteStatus::default();
            for run in runs {
                status.take(run, "thu");
            }
            (status.health(&timing, false, now).0, status.last_success)
        };
        assert_eq!(of(&[]).0, Health::Never);
        let good = run("2026-05-10T02:00:00Z", Some("done"), None);
        assert_eq!(of(std::slice::from_ref(&good)).0, Health::Ok);
        let old = run("2026-05-07T02:00:00Z", Some("done"), None);
        let mut refused = good.clone();
        refused.started = "2026-05-10T02:30:00Z".to_owned();
        if let Some(report) = refused.sites.get_mut("thu") {
            report.outcomes.insert("http_error".to_owned(), 3);
        }
        let (health, success) = of(&[good.clone(), refused]);
        assert_eq!(health, Health::Failing);
        assert_eq!(success.as_deref(), Some("2026-05-10T02:00:00Z"));
        // Every night ends at its limit: it is late when it has not succeeded for days.
        let limits: Vec<RunReport> = (4..=10)
            .map(|day| run(&format!("2026-05-{day:02}T02:00:00Z"), Some("limit"), None))
            .collect();
        let first = run("2026-05-03T02:00:00Z", Some("done"), None);
        assert_eq!(of(&[vec![first], limits].concat()).0, Health::Late);
        let late = of(std::slice::from_ref(&old));
        assert_eq!(late.0, Health::Late);
        assert_eq!(late.1.as_deref(), Some("2026-05-07T02:00:00Z"));
        let killed = run("2026-05-10T02:00:00Z", None, None);
        assert_eq!(of(&[old.clone(), killed]).0, Health::Failing);
        let parked = run("2026-05-10T02:00:00Z", Some("done"), Some("status 503"));
        let (health, success) = of(&[old, parked]);
        assert_eq!(health, Health::Parked);
        assert_eq!(success.as_deref(), Some("2026-05-07T02:00:00Z"));
    }
}
