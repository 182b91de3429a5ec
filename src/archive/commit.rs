//! The one writer: takes finished tasks in groups. For each group: the WARC bytes of all of it
//! are on the disk first, then one batch a task (gathered by `store::staged` into an atomic one),
//! then one flush; only then is anything acknowledged. So a crash at any instant leaves at most unreferenced WARC bytes.

use super::finished::{Committed, CrawlMode, End, Finished};
use super::judge::Extracted;
use super::replay::Mark;
use super::room::check_room;
use super::runs::RunReport;
use super::schema::{
    CaptureRow, NEXT_RUN, Provenance, Queued, RevisionRow, TaskKind, UrlHash, UrlRow, capture_key,
    key, place_key, queue_key,
};
use super::store::Batch;
use super::validators::Validators;
use super::{Archive, ArchiveError, Task, warc};
use crate::domain::{Digest, Exchange, LinkKind, NotArticle, Outcome, RecordId, SiteId, UrlPolicy};
use quick_cache::sync::Cache;
use std::sync::Arc;

/// URLs known to need no queueing in this crawl, remembered to spare look-ups.
const KNOWN: usize = 1 << 16;

/// How WARC files are written.
pub type WarcOptions = warc::WarcSettings;

/// What is remembered of a URL that needs no queueing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// The crawl that met it.
    pub generation: u32,
    /// An article that this crawl was the first to find.
    pub new: bool,
    /// One of the portal's lists names it.
    pub listed: bool,
}

/// The writer of an archive.
pub struct Committer {
    pub(super) archive: Arc<Archive>,
    /// `None` when captures are replayed.
    warc: Option<warc::Writer>,
    pub(super) known: Cache<UrlHash, Known>,
    /// Whether anything was ever withdrawn.
    pub(super) withdrawals: bool,
    /// The report of this run.
    pub run: RunReport,
    pub(super) clock: i64,
}

impl Committer {
    /// Makes the archive's writer for one run.
    pub fn new(archive: Arc<Archive>, warc: warc::Writer, run: RunReport) -> Self {
        Self {
            // What cannot be read is looked at all the same.
            withdrawals: archive.tombstones().map_or(true, |all| !all.is_empty()),
            archive,
            warc: Some(warc),
            known: Cache::new(KNOWN),
            run,
            clock: 0,
        }
    }

    /// Makes the writer of an index that is built again from the WARC files.
    pub fn replaying(archive: Arc<Archive>) -> Self {
        Self {
            withdrawals: archive.tombstones().map_or(true, |all| !all.is_empty()),
            archive,
            warc: None,
            known: Cache::new(KNOWN),
            run: RunReport::default(),
            clock: 0,
        }
    }

    /// Commits a group; on return it is on the disk.
    pub fn commit(
        &mut self,
        mut group: Vec<Finished>,
        mode: &dyn Fn(&SiteId) -> CrawlMode,
        now: i64,
    ) -> Result<Vec<Committed>, ArchiveError> {
        match self.check_space(&group) {
            // What there is room for is not fetched again.
            Err(ArchiveError::Full { .. }) if group.len() > 1 => {
                let rest = group.split_off(group.len() / 2);
                let mut out = self.commit(group, mode, now)?;
                out.extend(self.commit(rest, mode, now)?);
                return Ok(out);
            }
            checked => checked?,
        }
        let mut captures = Vec::with_capacity(group.len());
        for finished in &group {
            captures.push(self.capture(finished)?);
        }
        if let Some(warc) = &mut self.warc {
            warc.sync()?;
        }
        let mut out = Vec::with_capacity(group.len());
        for (finished, capture) in group.into_iter().zip(captures) {
            let mode = mode(&finished.task.row.site);
            out.push(self.apply(finished, capture, mode, now, None)?);
        }
        let mut batch = Batch::default();
        self.archive.put_run(&mut batch, &self.run);
        self.archive.store.apply(batch)?;
        self.archive.store.flush()?;
        Ok(out)
    }

    /// Ends the run: the report's last state and the WARC file's index are on the disk.
    pub fn finish(mut self) -> Result<RunReport, ArchiveError> {
        if let Some(warc) = &mut self.warc {
            warc.finish()?;
        }
        let mut batch = Batch::default();
        self.archive.put_run(&mut batch, &self.run);
        self.archive.store.apply(batch)?;
        self.archive.store.flush()?;
        Ok(self.run)
    }

    fn check_space(&self, group: &[Finished]) -> Result<(), ArchiveError> {
        let bytes: u64 = group
            .iter()
            .filter_map(|f| f.exchange.as_ref())
            .map(|e| (e.response_bytes.len() + e.request_bytes.len()) as u64)
            .sum();
        check_room(self.archive.dir(), bytes)
    }

    /// Writes the exchange into the WARC file (not yet synced).
    fn capture(&mut self, finished: &Finished) -> Result<Option<CaptureRow>, ArchiveError> {
        let Some(exchange) = &finished.exchange else {
            return Ok(None);
        };
        let row = &finished.task.row;
        if self.withdrawals
            && let End::Article(found) = &finished.end
            && self
                .archive
                .withdrawn_by(row, found, finished.moves.as_deref())?
                .is_some()
        {
            return Ok(None);
        }
        let original = self.original(finished, exchange)?;
        let Some(warc) = &mut self.warc else {
            return Ok(None);
        };
        let payload = payload_of(finished, original.as_ref());
        let position = warc.append(&warc::Capture {
            exchange,
            payload_digest: payload,
            context: Some(warc::Context {
                site: row.site.to_string(),
                task: row.kind.name().to_owned(),
                robots: finished.robots.clone(),
            }),
            revisit_of: original.as_ref().map(|first| warc::RevisitRef {
                record_id: first.warc_record.clone(),
                uri: first.uri.clone().unwrap_or_else(|| first.url.clone()),
                date: chrono::DateTime::from_timestamp_micros(first.at).unwrap_or_default(),
            }),
        })?;
        Ok(Some(CaptureRow {
            uri: (exchange.url.as_str() != row.url).then(|| exchange.url.to_string()),
            url: row.url.clone(),
            at: exchange.at.timestamp_micros(),
            file: position.file.to_string(),
            offset: position.offset,
            length: position.length,
            warc_record: position.record_id,
            payload,
            status: exchange.status,
            record: None,
            revisit: original.is_some(),
            lone: false,
        }))
    }

    /// The earlier capture with the same payload, of the same URL or (media) of any.
    fn original(
        &self,
        finished: &Finished,
        exchange: &Exchange,
    ) -> Result<Option<CaptureRow>, ArchiveError> {
        if matches!(finished.end, End::NotModified)
            && let Some(at) = finished.task.row.captured
        {
            return self.archive.row(&capture_key(&finished.task.hash, at));
        }
        if exchange.status != 200 || exchange.payload.is_empty() || exchange.truncated.is_some() {
            return Ok(None);
        }
        let row = &finished.task.row;
        if row.payload == Some(finished.payload)
            && let Some(at) = row.captured
        {
            return self.archive.row(&capture_key(&finished.task.hash, at));
        }
        if row.kind.is_media() {
            return self.archive.row(&key(b'p', &[&finished.payload.prefix()]));
        }
        Ok(None)
    }

    pub(super) fn apply(
        &mut self,
        finished: Finished,
        capture: Option<CaptureRow>,
        mode: CrawlMode,
        now: i64,
        mark: Option<&Mark>,
    ) -> Result<Committed, ArchiveError> {
        let archive = Arc::clone(&self.archive);
        let Task { hash, mut row } = finished.task;
        let mut batch = Batch::default();
        // The row may have gained redirects or another place since it was handed out.
        if let Some(fresh) = archive.row::<UrlRow>(&key(b'u', &[&hash]))? {
            row = fresh;
        }
        if let Some(queued) = row.queued.take() {
            batch.delete(queue_key(&row.site, queued, &hash));
        }
        let report = self
            .run
            .sites
            .entry(row.site.as_str().to_owned())
            .or_default();
        report.bytes += finished.traffic.0;
        report.requests += finished.traffic.1;
        report.captures += u64::from(capture.is_some());
        for outcome in finished.skipped {
            report.count(outcome, 1);
        }
        let mut capture = capture;
        let mut outcome = None;
        let exchange = finished.exchange.as_ref();
        let exchange = exchange.filter(|_| row.kind == TaskKind::Article);
        let validators = exchange.and_then(Validators::of);
        let moves = finished.moves.as_deref();
        match finished.end {
            End::Article(found) => {
                for warning in &found.warnings {
                    *report.warnings.entry(warning.code.clone()).or_default() += 1;
                }
                let province = found.province.clone();
                let withdrawn = match self.withdrawals {
                    true => archive.withdrawn_by(&row, &found, moves)?,
                    false => None,
                };
                if let (Some(id), Some(capture)) = (withdrawn, &capture) {
                    archive.shown_by(&mut batch, id, &row, capture.at)?;
                }
                // Nothing is judged that is not captured: a replay could not repeat it.
                outcome = Some(match withdrawn {
                    Some(_) => Outcome::Withdrawn,
                    None => Outcome::NotArticle(NotArticle::Incomplete),
                });
                if let Some(capture) = &capture
                    && withdrawn.is_none()
                {
                    let revision = revision(&found, capture);
                    let judged =
                        archive.judge(&mut batch, &row, *found, revision, province, moves)?;
                    row.record = Some(judged.record);
                    outcome = Some(judged.outcome);
                }
            }
            End::NotModified => {
                let known = match (row.record, &capture) {
                    (Some(id), Some(capture)) => archive.still_there(&mut batch, id, capture.at)?,
                    _ => false,
                };
                outcome = Some(match known {
                    true => Outcome::NotModified,
                    // The next run asks without a condition.
                    false => {
                        row.queued = Some(next_run(now));
                        Outcome::HttpError
                    }
                });
            }
            End::Plain(end) => {
                let end = not_found(end, &row);
                if end.says_gone()
                    && let Some(capture) = &capture
                {
                    archive.not_there(&mut batch, (&hash, &row), moves, capture.at)?;
                }
                if end == Outcome::External
                    && row.kind == TaskKind::Article
                    && let Some(exchange) = &finished.exchange
                    && let Some(to) = exchange.header("location")
                    && let Some(to) = UrlPolicy::resolve(&exchange.url, to)
                {
                    archive.note_outward(&mut batch, &hash, &to);
                }
                outcome = Some(end);
            }
            End::Redirect(to) => {
                outcome = Some(Outcome::Redirected);
                self.redirect(&mut batch, &hash, &mut row, to, mode, now)?;
            }
            End::Retry {
                due,
                outcome: why,
                counts,
            } => {
                row.attempts += u8::from(counts);
                *report.retries.entry(why.name().to_owned()).or_default() += 1;
                row.queued = Some(Queued {
                    prio: row.priority(),
                    due,
                });
            }
            End::NextRun(end) => {
                outcome = Some(end);
                row.queued = Some(next_run(now));
            }
        }
        if let Some(outcome) = outcome {
            let report = self
                .run
                .sites
                .entry(row.site.as_str().to_owned())
                .or_default();
            report.count(outcome, 1);
            if row.kind.is_list() {
                report.count_list(row.kind, outcome);
            }
            if let Some(capture) = &capture {
                self.learn(&mut batch, &row, outcome, capture.at)?;
                let same = row.payload == Some(capture.payload);
                let now = validators.as_ref();
                self.compare(&mut batch, &row, now, (outcome, same), capture.at)?;
            }
            row.outcome = Some(outcome);
        }
        if let Some(capture) = &mut capture {
            row.visited = Some(capture.at);
            if outcome != Some(Outcome::NotModified) {
                row.validators = validators;
            }
            capture.record = row
                .record
                .filter(|_| outcome.is_some_and(Outcome::is_article));
            if !capture.revisit {
                row.payload = Some(capture.payload);
                row.captured = Some(capture.at);
                if row.kind.is_media() && capture.status == 200 {
                    archive.put(&mut batch, key(b'p', &[&capture.payload.prefix()]), capture);
                }
            }
            let place = place_key(&capture.file, capture.offset);
            archive.put(&mut batch, place, &(RecordId(hash), capture.at));
            archive.put(&mut batch, capture_key(&hash, capture.at), capture);
        }
        if let Some(queued) = row.queued {
            batch.put(queue_key(&row.site, queued, &hash), Vec::new());
        }
        archive.put(&mut batch, key(b'u', &[&hash]), &row);
        let vanished = self.vanished(&mut batch, &row, &finished.links, mode, now)?;
        let added = vanished + self.follow(&mut batch, &row, finished.links, mode, now)?;
        if let Some(mark) = mark {
            archive.put_mark(&mut batch, mark);
        }
        archive.store.apply(batch)?;
        Ok(Committed {
            site: row.site,
            hash,
            kind: row.kind,
            outcome,
            added,
            record: row.record,
        })
    }
}

/// The payload that a capture stands for: after 304 that of the capture before.
fn payload_of(finished: &Finished, original: Option<&CaptureRow>) -> Digest {
    match (&finished.end, original) {
        (End::NotModified, Some(first)) => first.payload,
        _ => finished.payload,
    }
}

fn next_run(now: i64) -> Queued {
    Queued {
        prio: NEXT_RUN,
        due: now,
    }
}

/// An article that one of the portal's lists names, or that was there before, has expired or was
/// withdrawn; any other link that leads to nothing is dead.
fn not_found(outcome: Outcome, row: &UrlRow) -> Outcome {
    let known = row.record.is_some() || row.via.is_some_and(LinkKind::is_listed);
    if outcome == Outcome::DeadLink && row.kind == TaskKind::Article && known {
        Outcome::Expired
    } else {
        outcome
    }
}

fn revision(found: &Extracted, capture: &CaptureRow) -> RevisionRow {
    RevisionRow {
        number: 1,
        fetched_at: capture.at,
        article: found.article.clone(),
        body_of: None,
        content: found.content,
        digest: found.digest,
        text_digest: found.text_digest,
        simhash: format!("{:016x}", found.simhash),
        provenance: Provenance {
            capture: capture.clone(),
            profile: found.profile.0.clone(),
            profile_hash: found.profile.1.clone(),
            rules: found.rules.clone(),
            robots: found.robots.clone(),
            tls: found.tls.clone(),
            charset: found.charset.clone(),
            crawler: concat!("khobao/", env!("CARGO_PKG_VERSION")).to_owned(),
        },
        warnings: found.warnings.clone(),
        readings: Vec::new(),
    }
}
