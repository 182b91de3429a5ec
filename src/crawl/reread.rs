//! Reading archived captures again with today's profiles. No request leaves the machine.

use super::replay::{Job, finished};
use super::scope::Scope;
use super::{CrawlError, Readers};
use crate::archive::schema::{RecordRow, RevisionRow, TaskKind};
use crate::archive::warc::{self, Stored, WarcError};
use crate::archive::{Archive, ArchiveError, End, Extracted};
use crate::config::Config;
use crate::domain::{Article, RecordId, SiteId};
use crate::extract::profile::ProfileSet;
use chrono::{NaiveDate, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Revisions that are read at once.
const BATCH: usize = 128;
/// What most records take of a WARC file, bytes.
const RECORD: u64 = 16 << 10;
/// Differences that are shown of each field.
const SAMPLE: usize = 3;

/// Which revisions are read again.
#[derive(Debug, Clone, Default)]
pub struct RereadPlan {
    /// Only this site.
    pub site: Option<SiteId>,
    /// Only what this profile had read.
    pub profile: Option<String>,
    /// Only what was fetched on this day (UTC) or later.
    pub since: Option<NaiveDate>,
    /// Only these: the record, and the time of the capture in microseconds since 1970.
    pub only: Option<BTreeSet<(RecordId, i64)>>,
    /// Only say what would change.
    pub dry_run: bool,
}

/// What reading again found.
#[derive(Debug, Default, Serialize)]
pub struct Reread {
    /// Revisions that were read again.
    pub revisions: u64,
    /// Revisions with a field that is read otherwise now.
    pub changed: u64,
    /// By field.
    pub fields: BTreeMap<String, u64>,
    /// Some differences of each field.
    pub samples: BTreeMap<String, Vec<Difference>>,
    /// Captures that are no article to today's profiles; their records stay as they are.
    pub refused: Vec<String>,
    /// Captures that cannot be read.
    pub damage: Vec<String>,
}

/// One field before and after.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// The record's URL.
    pub url: String,
    /// The revision.
    pub revision: u32,
    /// As it was read.
    pub before: Value,
    /// As it is read now.
    pub after: Value,
}

/// Reads again what `plan` names; `progress` hears how many revisions are done.
pub fn reread(
    archive: &Archive,
    config: &Config,
    profiles: &Arc<ProfileSet>,
    plan: &RereadPlan,
    progress: &dyn Fn(u64),
) -> Result<Reread, CrawlError> {
    let mut work = Work::new(archive, config, profiles, plan.dry_run);
    let since = plan.since.and_then(|day| day.and_hms_opt(0, 0, 0));
    let since = since.map(|time| time.and_utc().timestamp_micros());
    let mut batch: Vec<(Of, RevisionRow)> = Vec::new();
    for row in archive.record_rows() {
        let row = row?;
        if plan.site.as_ref().is_some_and(|site| *site != row.site) {
            continue;
        }
        if let Some(only) = &plan.only
            && only
                .range((row.id, i64::MIN)..=(row.id, i64::MAX))
                .next()
                .is_none()
        {
            continue;
        }
        let wanted = |revision: &RevisionRow| {
            let by = &revision.provenance.profile;
            let named = (row.id, revision.fetched_at);
            plan.only.as_ref().is_none_or(|only| only.contains(&named))
                && plan.profile.as_ref().is_none_or(|profile| profile == by)
                && since.is_none_or(|since| revision.fetched_at >= since)
        };
        let of = Of::new(&row);
        for number in 1..row.current.number {
            let revision = archive.revision(&row, number)?;
            batch.extend(revision.filter(wanted).map(|old| (of.clone(), old)));
        }
        if wanted(&row.current) {
            batch.push((of, archive.with_body(row.current)?));
        }
        if batch.len() >= BATCH {
            work.batch(std::mem::take(&mut batch))?;
            progress(work.done.revisions);
        }
    }
    work.batch(batch)?;
    archive.flush()?;
    Ok(work.done)
}

/// The record whose revision is read again.
#[derive(Clone)]
struct Of {
    id: RecordId,
    site: SiteId,
    url: String,
}

impl Of {
    fn new(row: &RecordRow) -> Self {
        Self {
            id: row.id,
            site: row.site.clone(),
            url: row.url.to_string(),
        }
    }
}

struct Work<'a> {
    archive: &'a Archive,
    dir: PathBuf,
    scopes: Vec<(SiteId, Scope)>,
    readers: Readers,
    max_bytes: usize,
    dry_run: bool,
    now: String,
    done: Reread,
}

/// Reads captures again to compare them with what is stored (`khobao verify --deep`).
pub struct DeepCheck<'a>(Work<'a>);

impl<'a> DeepCheck<'a> {
    /// With today's profiles.
    pub fn new(archive: &'a Archive, config: &Config, profiles: &Arc<ProfileSet>) -> Self {
        Self(Work::new(archive, config, profiles, true))
    }

    /// Fails where a site of the records has no table: nothing of it could be read.
    pub fn check_sites(&self) -> Result<(), CrawlError> {
        for (site, file) in self.0.archive.record_sites()? {
            if self.0.scope(&site).is_none() {
                let site = site.to_string();
                return Err(CrawlError::UnknownSite { site, file });
            }
        }
        Ok(())
    }

    /// What a revision's capture says otherwise than the revision. What another profile had read
    /// cannot be compared, and is no damage.
    pub fn check(&self, row: &RecordRow, revision: &RevisionRow) -> Option<String> {
        let found = match self.0.one(&Of::new(row), revision) {
            Reading::Article(found) => found,
            Reading::Refused(_) if !self.is_read_alike(row, revision) => return None,
            Reading::Damaged(why) | Reading::Refused(why) => {
                return Some(format!("revision {}: {why}", revision.number));
            }
        };
        if found.profile.1 != revision.provenance.profile_hash || !self.is_read_alike(row, revision)
        {
            return None;
        }
        let differs = found.content != revision.content || found.digest != revision.digest;
        differs.then(|| {
            format!(
                "revision {} is not what its capture says; `khobao rebuild` reads all of them again",
                revision.number
            )
        })
    }
}

impl DeepCheck<'_> {
    /// Whether today's program and profile are those that had read the revision.
    fn is_read_alike(&self, row: &RecordRow, revision: &RevisionRow) -> bool {
        let by = &revision.provenance;
        let scope = self.0.scope(&row.site);
        let today = scope.and_then(|scope| scope.profiles.get(&by.profile));
        by.crawler == concat!("khobao/", env!("CARGO_PKG_VERSION"))
            && today.is_some_and(|today| today.hash().to_string() == by.profile_hash)
    }
}

/// What reading a capture again gave.
enum Reading {
    Article(Box<Extracted>),
    Refused(String),
    Damaged(String),
}

impl<'a> Work<'a> {
    fn new(
        archive: &'a Archive,
        config: &Config,
        profiles: &Arc<ProfileSet>,
        dry_run: bool,
    ) -> Self {
        Self {
            archive,
            dir: archive.warc_dir(),
            scopes: Scope::all(config, profiles),
            readers: Readers::new(),
            max_bytes: config.limits.max_bytes,
            dry_run,
            now: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            done: Reread::default(),
        }
    }
}

impl Work<'_> {
    fn batch(&mut self, batch: Vec<(Of, RevisionRow)>) -> Result<(), CrawlError> {
        let mut unknown = batch
            .iter()
            .filter(|(of, _)| self.scope(&of.site).is_none());
        if let Some((of, revision)) = unknown.next() {
            return Err(CrawlError::UnknownSite {
                site: of.site.to_string(),
                file: revision.provenance.capture.file.clone(),
            });
        }
        let changed = self.done.changed;
        let this = &*self;
        let read = |(of, revision)| {
            let reading = this.one(&of, &revision);
            (of, revision, reading)
        };
        for (of, revision, reading) in this.readers.all(batch, read) {
            self.done.revisions += 1;
            match reading {
                Reading::Article(found) => self.compare(&of, revision, *found)?,
                Reading::Refused(why) => self.done.refused.push(why),
                Reading::Damaged(why) => self.done.damage.push(why),
            }
        }
        if self.done.changed > changed && !self.dry_run {
            self.archive.flush()?;
        }
        Ok(())
    }

    fn scope(&self, site: &SiteId) -> Option<&Scope> {
        let mut scopes = self.scopes.iter();
        scopes.find(|(id, _)| id == site).map(|(_, scope)| scope)
    }

    fn one(&self, of: &Of, revision: &RevisionRow) -> Reading {
        let capture = &revision.provenance.capture;
        let place = || format!("{} at offset {}", capture.file, capture.offset);
        let Some(scope) = self.scope(&of.site) else {
            let what = "its site has no [[sites]] table";
            return Reading::Damaged(format!("{}: {what}", place()));
        };
        let stored = match warc::read_one(&self.dir.join(&capture.file), capture.offset, RECORD) {
            Ok(stored) => stored,
            Err(why) => return Reading::Damaged(why.to_string()),
        };
        // (The site that it was fetched for may have become part of the record's.)
        let by = stored.context();
        let by = by.and_then(|by| self.scopes.iter().find(|(id, _)| id.as_str() == by.site));
        let scope = by.map_or(scope, |(_, scope)| scope);
        let mut exchange = match stored.to_exchange() {
            Ok(exchange) => exchange,
            Err(why) => return Reading::Damaged(why.to_string()),
        };
        if stored.kind() == "revisit" {
            match self.first(scope, &stored) {
                Ok(Some(payload)) => exchange.payload = payload,
                Ok(None) => {
                    return Reading::Damaged(format!(
                        "{}: its first capture is not there",
                        place()
                    ));
                }
                Err(why) => return Reading::Damaged(why.to_string()),
            }
        }
        let job = Job {
            exchange,
            at: capture.at,
            kind: TaskKind::Article,
            robots: revision.provenance.robots.clone(),
            payload: None,
            conditional: false,
            follow: false,
        };
        match finished(scope, job, self.max_bytes).end {
            End::Article(found) => Reading::Article(found),
            End::Plain(why) | End::NextRun(why) => {
                Reading::Refused(format!("{} ({}): {why}", of.url, place()))
            }
            _ => Reading::Refused(format!("{} ({})", of.url, place())),
        }
    }

    fn first(&self, scope: &Scope, stored: &Stored) -> Result<Option<bytes::Bytes>, WarcError> {
        super::revisit::earlier(self.archive, &self.dir, scope, stored).map_err(|why| match why {
            ArchiveError::Warc(why) => why,
            other => WarcError::Damaged {
                file: self.dir.clone(),
                offset: 0,
                why: other.to_string(),
            },
        })
    }

    fn compare(
        &mut self,
        of: &Of,
        mut old: RevisionRow,
        mut found: Extracted,
    ) -> Result<(), CrawlError> {
        // Lists of other articles belong to the last visit, not to the revision.
        let (before, now) = (&mut old.article, &mut found.article);
        for lists in [
            &mut before.newer,
            &mut before.older,
            &mut now.newer,
            &mut now.older,
        ] {
            lists.clear();
        }
        if old.article == found.article {
            return Ok(());
        }
        let (before, after) = (fields(&old.article), fields(&found.article));
        let mut changed = Vec::new();
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let value = |of: &BTreeMap<String, Value>| of.get(name).cloned().unwrap_or_default();
            let (before, after) = (value(&before), value(&after));
            if before == after {
                continue;
            }
            changed.push(name.clone());
            *self.done.fields.entry(name.clone()).or_default() += 1;
            let samples = self.done.samples.entry(name.clone()).or_default();
            if samples.len() < SAMPLE {
                samples.push(Difference {
                    url: of.url.clone(),
                    revision: old.number,
                    before,
                    after,
                });
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        self.done.changed += 1;
        if !self.dry_run {
            let now = self.now.clone();
            self.archive
                .reread(of.id, old.number, found, changed, now)?;
        }
        Ok(())
    }
}

/// The fields of an article that readings are compared by.
fn fields(article: &Article) -> BTreeMap<String, Value> {
    // A plain struct with string keys: serialising it cannot fail.
    let value = serde_json::to_value(article).unwrap_or_default();
    let Value::Object(map) = value else {
        return BTreeMap::new();
    };
    map.into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect()
}
