//! One site while it is crawled: weighs each page against the site's baseline, raises alarms, and
//! puts what shows them in quarantine.

use super::baseline::Baseline;
use super::sample::{Field, Sample};
use super::symptom::Symptom;
use super::window::Window;
use super::{baseline, notice, of_record, symptom};
use crate::archive::{Alarm, Archive, ArchiveError, RunReport};
use crate::config::Site;
use crate::domain::{NotArticle, RecordId, SiteId};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// Pages of a run that an alarm can still put in quarantine.
const EVIDENCE: usize = 1024;
/// A page of this run that showed something.
struct Evidence {
    /// The revision: record and time of capture; none for an alias or no article.
    revision: Option<(RecordId, i64)>,
    at: i64,
    url: String,
    symptoms: Vec<Symptom>,
    /// The rules that found its fields, by their places in `Watched::rules`.
    rules: [u16; Field::ALL.len()],
}

/// One site while it is crawled.
pub(super) struct Watched {
    site: SiteId,
    pub baseline: Baseline,
    /// New articles and revisions.
    fresh: Window,
    /// Known articles.
    pub visits: Window,
    /// Tasks for articles.
    pub tasks: Window,
    evidence: VecDeque<Evidence>,
    /// Names of rules; the first is none.
    rules: Vec<String>,
    /// Open alarms, earlier runs' included: what shows the same goes to the same quarantine.
    raised: HashMap<Symptom, Alarm>,
    /// Alarms that this run raised or met again.
    pub met: BTreeSet<String>,
    pub quarantined: u64,
}

impl Watched {
    pub fn open(
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
            rules: vec![String::new()],
            raised: open
                .filter_map(|alarm| Some((symptom(&alarm)?, alarm)))
                .collect(),
            met: BTreeSet::new(),
            quarantined: 0,
        })
    }

    /// A new article, or a revision of a known one (`changed`).
    pub fn fresh(
        &mut self,
        archive: &Archive,
        (id, changed): (RecordId, bool),
        sample: Sample,
        run: i64,
    ) -> Result<Vec<String>, ArchiveError> {
        let mut before = None;
        if changed
            && let Some(row) = archive.record_row(id)?
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

    pub fn take(
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
        let rules = Field::ALL.map(|field| self.rule(field.rule(&sample.rules)));
        self.weigh(
            archive,
            Evidence {
                revision,
                at: sample.at,
                url: sample.url,
                symptoms,
                rules,
            },
            run,
        )
    }

    /// An article's URL without an article.
    pub fn none(
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
            rules: [0; Field::ALL.len()],
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
                texts.push(notice(&alarm));
                self.raised.insert(symptom, alarm);
            }
        }
        Ok(texts)
    }

    /// The place of a rule's name; a profile has few.
    fn rule(&mut self, name: Option<&str>) -> u16 {
        let Some(name) = name else { return 0 };
        let at = self.rules.iter().position(|known| known == name);
        let at = at.unwrap_or_else(|| {
            self.rules.push(name.to_owned());
            self.rules.len() - 1
        });
        u16::try_from(at).unwrap_or(0)
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
        let mut rules: HashMap<u16, u32> = HashMap::new();
        let field = symptom.watched();
        for one in self.showing(symptom) {
            if samples.len() < 3 && !samples.contains(&one.url) {
                samples.push(one.url.clone());
            }
            since = since.min(one.at);
            last = last.max(one.at);
            if let Some(rule) = field.and_then(|field| one.rules.get(field as usize)) {
                *rules.entry(*rule).or_default() += 1;
            }
        }
        let seen = rules.into_iter().max_by_key(|(rule, n)| (*n, *rule));
        let seen = seen.and_then(|(rule, _)| self.rules.get(usize::from(rule)));
        Alarm {
            id: format!("{}-{}-{}", self.site, symptom.field(), symptom.name()),
            site: self.site.clone(),
            field: symptom.field().to_owned(),
            symptom: symptom.name(),
            rule: field
                .map_or("", |field| self.baseline.rule(field))
                .to_owned(),
            rule_seen: seen.cloned().unwrap_or_default(),
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
