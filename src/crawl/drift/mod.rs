//! Drift: tells in the run in which it happens that a site's pages are misread. Every article of a
//! run becomes a `sample`; the `baseline` says which of its symptoms are usual, the `window` how
//! many pages show them. What is beyond chance raises an alarm, and the revisions that show it are
//! put in quarantine (`archive::drift`), those committed before the alarm included.
//!
//! Nothing here stops a page from being captured, judged or committed, and a replay never looks
//! here.

mod baseline;
mod chance;
mod sample;
mod settle;
mod symptom;
#[cfg(test)]
mod tests;
mod watched;
mod window;

use crate::archive::schema::{RevisionRow, TaskKind};
use crate::archive::{
    Alarm, Archive, ArchiveError, Committed, End, Finished, RecordRow, RunReport,
};
use crate::config::Site;
use crate::domain::{NotArticle, Outcome, SiteId};
use baseline::{Accepted, Baseline, WATCHED, ends};
use sample::{START, Sample, hash};
pub use settle::{Settled, accept, reextract};
use std::collections::HashMap;
use symptom::Symptom;
use watched::Watched;

/// Records of a site that a baseline is made of: the newest, and as many of the time before.
const SAMPLED: usize = 400;
/// Earlier runs whose outcomes are counted.
const RUNS: usize = 30;
/// How old the runs may be, microseconds.
const LOOKED_BACK: i64 = 60 * 86_400 * 1_000_000;
/// How long a symptom of changed pages counts as accepted, microseconds: those pages have changed.
const ACCEPTED: i64 = 30 * 86_400 * 1_000_000;

/// What a task was, before its commit takes it.
pub(crate) enum Seen {
    /// An article.
    Article(Box<Sample>),
    /// An article's URL that gave none.
    None(String, i64, NotArticle),
}

/// Watches the sites of a run.
pub(crate) struct Monitor {
    sites: HashMap<SiteId, Watched>,
    run: i64,
}

impl Monitor {
    /// Makes the baselines of `sites`.
    pub fn open<'a>(
        archive: &Archive,
        sites: impl Iterator<Item = &'a Site>,
        run: i64,
    ) -> Result<Self, ArchiveError> {
        let runs = archive.runs_since(run.saturating_sub(LOOKED_BACK))?;
        // What a killed run committed was never judged to its end.
        let killed = runs.iter().rfind(|known| known.id != run);
        let killed = killed
            .filter(|last| last.finished.is_none())
            .map(|last| last.id);
        let mut watched = HashMap::new();
        for site in sites.filter(|site| site.drift) {
            let one = Watched::open(archive, site, &runs, killed)?;
            watched.insert(site.id.clone(), one);
        }
        let mut monitor = Self {
            sites: watched,
            run,
        };
        if let Some(killed) = killed {
            monitor.go_on(archive, killed)?;
        }
        Ok(monitor)
    }

    /// Takes the fresh pages of a killed run in.
    fn go_on(&mut self, archive: &Archive, killed: i64) -> Result<(), ArchiveError> {
        for (id, watched) in &mut self.sites {
            let mut fresh = Vec::new();
            archive.sampled(id, SAMPLED, &mut |row| {
                if row.current.fetched_at >= killed {
                    let changed = row.current.number > 1;
                    fresh.push(((row.id, changed), of_record(&row, &row.current)));
                }
                Ok(())
            })?;
            for (record, sample) in fresh {
                watched.fresh(archive, record, sample, self.run)?;
            }
        }
        Ok(())
    }

    /// What will be looked at once the task is committed.
    pub fn see(&self, finished: &Finished) -> Option<Seen> {
        let exchange = finished.exchange.as_ref()?;
        let row = &finished.task.row;
        self.sites.get(&row.site)?;
        let at = exchange.at.timestamp_micros();
        match &finished.end {
            End::Article(found) => Some(Seen::Article(Box::new(Sample::of(
                found.url.as_str(),
                at,
                &found.article,
                &found.rules,
                &found.warnings,
            )))),
            End::Plain(Outcome::NotArticle(why))
                if row.kind == TaskKind::Article && WATCHED.contains(why) =>
            {
                Some(Seen::None(row.url.clone(), at, *why))
            }
            _ => None,
        }
    }

    /// Judges a committed task; gives what the user should hear at once.
    pub fn judge(
        &mut self,
        archive: &Archive,
        seen: Seen,
        done: &Committed,
    ) -> Result<Vec<String>, ArchiveError> {
        let Some(watched) = self.sites.get_mut(&done.site) else {
            return Ok(Vec::new());
        };
        match (seen, done.outcome) {
            (Seen::None(url, at, why), _) => {
                watched.none(archive, url, at, why, done.record.is_some(), self.run)
            }
            (Seen::Article(sample), Some(outcome)) => {
                watched.tasks.push(Vec::new());
                match (outcome, done.record) {
                    (Outcome::New | Outcome::SameText | Outcome::Revision, Some(id)) => {
                        let changed = outcome == Outcome::Revision;
                        watched.fresh(archive, (id, changed), *sample, self.run)
                    }
                    (Outcome::Alias, _) => {
                        let own = watched.baseline.symptoms(&sample);
                        watched.take(archive, None, *sample, own, Vec::new(), self.run)
                    }
                    (Outcome::Unchanged, _) => {
                        watched.visits.push(Vec::new());
                        Ok(Vec::new())
                    }
                    _ => Ok(Vec::new()),
                }
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Writes into the report which alarms the run met.
    pub fn report(&self, run: &mut RunReport) {
        for (id, watched) in self.sites.iter().filter(|(_, one)| !one.met.is_empty()) {
            let report = run.sites.entry(id.to_string()).or_default();
            report.alarms = watched.met.iter().cloned().collect();
            report.quarantined = watched.quarantined;
        }
    }
}

fn of_record(row: &RecordRow, revision: &RevisionRow) -> Sample {
    Sample::of(
        row.url.as_str(),
        revision.fetched_at,
        &revision.article,
        &revision.provenance.rules,
        &revision.warnings,
    )
}

/// The symptom that an alarm is about.
fn symptom(alarm: &Alarm) -> Option<Symptom> {
    serde_json::from_value(alarm.test.clone()).ok()
}

/// The baseline of a site, from records whose capture `takes` accepts.
fn baseline(
    archive: &Archive,
    site: &Site,
    runs: &[RunReport],
    takes: &dyn Fn(i64) -> bool,
) -> Result<Baseline, ArchiveError> {
    let mut samples = Vec::new();
    archive.sampled(&site.id, SAMPLED, &mut |row| {
        if takes(row.current.fetched_at) {
            samples.push(of_record(&row, &row.current));
        }
        Ok(())
    })?;
    let reports = runs.iter().rev().take(RUNS);
    let reports = reports.filter_map(|run| run.sites.get(site.id.as_str()));
    // (What raised an alarm is no measure.)
    let sound = reports.filter(|report| report.alarms.is_empty());
    let ends = ends(sound.map(|report| &report.outcomes));
    let newest = samples
        .iter()
        .map(|sample| sample.at)
        .max()
        .unwrap_or_default();
    let accepted: Vec<Accepted> = archive
        .alarms(Some(&site.id))?
        .iter()
        .filter_map(|alarm| {
            let symptom = symptom(alarm)?;
            let accepted = alarm.accepted?;
            let holds = !symptom.is_passing() || newest < accepted.saturating_add(ACCEPTED);
            holds.then_some(Accepted {
                symptom,
                share: alarm.seen,
                since: alarm.since,
            })
        })
        .collect();
    let host = site.base.host_str().unwrap_or_default();
    let names = [site.name.as_str(), site.id.as_str(), host];
    let names = names.map(|name| hash(name.as_bytes(), START)).to_vec();
    Ok(Baseline::new(&samples, ends, &accepted, names))
}

/// An alarm in one line, with its pages.
fn notice(alarm: &Alarm) -> String {
    let pages = alarm.samples.join(" ");
    format!("drift {}: {pages}; see `khobao drift`", describe(alarm))
}

/// An alarm in one line: field, rule, what was seen and expected.
pub fn describe(alarm: &Alarm) -> String {
    let rule = |name: &str| match name {
        "" => "no rule".to_owned(),
        name => format!("rule {name:?}"),
    };
    format!(
        "{}: {} ({}; on these pages {}) is {} on {} of {} pages, expected on {:.0} % at most",
        alarm.id,
        alarm.field,
        rule(&alarm.rule),
        rule(&alarm.rule_seen),
        alarm.symptom,
        alarm.hits,
        alarm.pages,
        (alarm.expected * 100.0).max(1.0),
    )
}
