//! Drift: tells in the run in which it happens that a site's pages are misread. Every article of a
//! run becomes a `sample`; the `baseline` says which of its symptoms are usual, the `window` how
//! many pages show them. What is beyond chance raises an alarm, and the revisions that show it are
//! put in quarantine (`archive::drift`), those committed before the alarm included.
//!
//! Nothing here stops a page from being captured, judged or committed, and a replay never looks
//! here.

mod baseline;
mod sample;
mod settle;
mod window;

use crate::archive::schema::{RevisionRow, TaskKind};
use crate::archive::{
    Alarm, Archive, ArchiveError, Committed, End, Finished, RecordRow, RunReport,
};
use crate::config::Site;
use crate::domain::{NotArticle, Outcome, RecordId, SiteId};
use baseline::{Accepted, Baseline, Symptom, WATCHED, ends};
use sample::{START, Sample, hash};
pub use settle::{Settled, accept, reextract};
use std::collections::{BTreeSet, HashMap, VecDeque};
use window::Window;

/// Records of a site that a baseline is made of: the newest, and as many of the time before.
const SAMPLED: usize = 400;
/// Earlier runs whose outcomes are counted.
const RUNS: usize = 30;
/// Pages of a run that an alarm can still put in quarantine.
const EVIDENCE: usize = 4096;
/// How long a symptom of changed pages counts as accepted, microseconds: those pages have changed.
const ACCEPTED: i64 = 30 * 86_400 * 1_000_000;

/// What a task was, before its commit takes it.
pub(crate) enum Seen {
    /// An article.
    Article(Box<Sample>),
    /// An article's URL that gave none.
    None(String, i64, NotArticle),
}

/// A page of this run that showed something.
struct Evidence {
    /// The revision: record and time of capture; none for an alias or no article.
    revision: Option<(RecordId, i64)>,
    at: i64,
    url: String,
    symptoms: Vec<Symptom>,
    sample: Option<Box<Sample>>,
}

/// One site while it is crawled.
struct Watched {
    site: SiteId,
    baseline: Baseline,
    /// New articles and revisions.
    fresh: Window,
    /// Known articles.
    visits: Window,
    /// Tasks for articles.
    tasks: Window,
    evidence: VecDeque<Evidence>,
    /// Open alarms, earlier runs' included: what shows the same goes to the same quarantine.
    raised: HashMap<Symptom, Alarm>,
    /// Alarms that this run raised or met again.
    met: BTreeSet<String>,
    quarantined: u64,
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
        let runs = archive.runs()?;
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
            for row in archive.sampled(id, SAMPLED)? {
                if row.current.fetched_at >= killed {
                    let sample = of_record(&row, &row.current);
                    watched.fresh(archive, row.id, sample, self.run)?;
                }
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
                        watched.fresh(archive, id, *sample, self.run)
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
    for row in archive.sampled(&site.id, SAMPLED)? {
        if takes(row.current.fetched_at) {
            samples.push(of_record(&row, &row.current));
        }
    }
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
            let holds = !symptom.is_paired() || newest < accepted.saturating_add(ACCEPTED);
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

impl Watched {
    fn open(
        archive: &Archive,
        site: &Site,
        runs: &[RunReport],
        killed: Option<i64>,
    ) -> Result<Self, ArchiveError> {
        let before = killed.unwrap_or(i64::MAX);
        let open = archive.alarms(Some(&site.id))?.into_iter();
        let open = open.filter(|alarm| alarm.accepted.is_none());
        Ok(Self {
            site: site.id.clone(),
            baseline: baseline(archive, site, runs, &|at| at < before)?,
            fresh: Window::default(),
            visits: Window::default(),
            tasks: Window::default(),
            evidence: VecDeque::new(),
            raised: open
                .filter_map(|alarm| Some((symptom(&alarm)?, alarm)))
                .collect(),
            met: BTreeSet::new(),
            quarantined: 0,
        })
    }

    /// A new article or a revision.
    fn fresh(
        &mut self,
        archive: &Archive,
        id: RecordId,
        sample: Sample,
        run: i64,
    ) -> Result<Vec<String>, ArchiveError> {
        let mut before = None;
        if let Some(row) = archive.record_row(id)?
            && row.current.fetched_at == sample.at
            && let Some(number) = archive.sound_before(&row, row.current.number)?
        {
            let old = archive.revision(&row, number)?;
            before = old.map(|old| of_record(&row, &old));
        }
        let (own, paired) = match before {
            Some(before) => {
                let (own, paired) = self.baseline.changed(&sample, &before);
                self.visits.push(paired.clone());
                (own, paired)
            }
            None => (self.baseline.symptoms(&sample), Vec::new()),
        };
        let revision = Some((id, sample.at));
        self.take(archive, revision, sample, own, paired, run)
    }

    fn take(
        &mut self,
        archive: &Archive,
        revision: Option<(RecordId, i64)>,
        sample: Sample,
        own: Vec<Symptom>,
        paired: Vec<Symptom>,
        run: i64,
    ) -> Result<Vec<String>, ArchiveError> {
        self.fresh.push(own.clone());
        let mut symptoms = own;
        symptoms.extend(paired);
        self.weigh(
            archive,
            Evidence {
                revision,
                at: sample.at,
                url: sample.url.clone(),
                symptoms,
                sample: Some(Box::new(sample)),
            },
            run,
        )
    }

    /// An article's URL without an article.
    fn none(
        &mut self,
        archive: &Archive,
        url: String,
        at: i64,
        why: NotArticle,
        known: bool,
        run: i64,
    ) -> Result<Vec<String>, ArchiveError> {
        let mut symptoms = vec![Symptom::NoArticle(why)];
        self.tasks.push(symptoms.clone());
        if known {
            self.visits.push(vec![Symptom::ArticleLost(why)]);
            symptoms.push(Symptom::ArticleLost(why));
        }
        let evidence = Evidence {
            revision: None,
            at,
            url,
            symptoms,
            sample: None,
        };
        self.weigh(archive, evidence, run)
    }

    /// Compares what a page shows with what is usual.
    fn weigh(
        &mut self,
        archive: &Archive,
        evidence: Evidence,
        run: i64,
    ) -> Result<Vec<String>, ArchiveError> {
        let symptoms = evidence.symptoms.clone();
        let revision = evidence.revision;
        self.evidence.push_back(evidence);
        if self.evidence.len() > EVIDENCE {
            self.evidence.pop_front();
        }
        let mut texts = Vec::new();
        for symptom in symptoms {
            if let Some(alarm) = self.raised.get(&symptom) {
                let id = alarm.id.clone();
                self.met.insert(id.clone());
                self.isolate(archive, &id, revision.as_slice())?;
                continue;
            }
            let Some(rate) = self.baseline.rate(symptom) else {
                continue;
            };
            let window = match symptom {
                Symptom::NoArticle(_) => &self.tasks,
                paired if paired.is_paired() => &self.visits,
                _ => &self.fresh,
            };
            if let Some((hits, pages)) = window.odd(symptom, rate) {
                let alarm = self.alarm(symptom, rate, (hits, pages), run);
                let showing = self.showing(symptom).filter_map(|one| one.revision);
                let showing: Vec<_> = showing.collect();
                archive.put_alarm(&alarm)?;
                self.isolate(archive, &alarm.id, &showing)?;
                self.met.insert(alarm.id.clone());
                texts.push(describe(&alarm));
                self.raised.insert(symptom, alarm);
            }
        }
        Ok(texts)
    }

    fn isolate(
        &mut self,
        archive: &Archive,
        alarm: &str,
        revisions: &[(RecordId, i64)],
    ) -> Result<(), ArchiveError> {
        for (id, at) in revisions {
            let new = archive.quarantined(*id, *at)?.is_none();
            self.quarantined += u64::from(new);
        }
        archive.quarantine(alarm, revisions)
    }

    fn showing(&self, symptom: Symptom) -> impl Iterator<Item = &Evidence> {
        let all = self.evidence.iter();
        all.filter(move |one| one.symptoms.contains(&symptom))
    }

    fn alarm(&self, symptom: Symptom, rate: f64, (hits, pages): (u64, u64), run: i64) -> Alarm {
        let (mut samples, mut since, mut last) = (Vec::new(), i64::MAX, 0);
        let mut rules: HashMap<&str, u32> = HashMap::new();
        let field = symptom.watched();
        for one in self.showing(symptom) {
            if samples.len() < 3 && !samples.contains(&one.url) {
                samples.push(one.url.clone());
            }
            since = since.min(one.at);
            last = last.max(one.at);
            if let (Some(field), Some(sample)) = (field, &one.sample) {
                *rules
                    .entry(field.rule(&sample.rules).unwrap_or_default())
                    .or_default() += 1;
            }
        }
        let seen = rules.into_iter().max_by_key(|(rule, n)| (*n, *rule));
        Alarm {
            id: format!("{}-{}-{}", self.site, symptom.field(), symptom.name()),
            site: self.site.clone(),
            field: symptom.field().to_owned(),
            symptom: symptom.name(),
            rule: field
                .map_or("", |field| self.baseline.rule(field))
                .to_owned(),
            rule_seen: seen.map_or("", |(rule, _)| rule).to_owned(),
            expected: rate,
            seen: hits as f64 / pages.max(1) as f64,
            hits,
            pages,
            samples,
            raised: last,
            since,
            run,
            accepted: None,
            // A plain enum of strings and numbers: serialising it cannot fail.
            test: serde_json::to_value(symptom).unwrap_or_default(),
        }
    }
}

/// An alarm in one line.
pub fn describe(alarm: &Alarm) -> String {
    let rule = |name: &str| match name {
        "" => "no rule".to_owned(),
        name => format!("rule {name:?}"),
    };
    format!(
        "drift {}: {} ({}; on these pages {}) is {} on {} of {} pages, expected on {:.0} % at \
         most: {}; see `khobao drift`",
        alarm.id,
        alarm.field,
        rule(&alarm.rule),
        rule(&alarm.rule_seen),
        alarm.symptom,
        alarm.hits,
        alarm.pages,
        (alarm.expected * 100.0).max(1.0),
        alarm.samples.join(" "),
    )
}
