//! Building the index again: every capture goes through the same reading and judging as when it
//! was fetched. No request leaves the machine.

use super::analyse::{self, Asked};
use super::rebuild::go_on;
use super::revisit::{Name, earlier, names, referred};
use super::scope::Scope;
use super::{CrawlError, Readers, links};
use crate::archive::schema::{CaptureRow, TaskKind, UrlHash, url_hash};
use crate::archive::warc::{self, Stored, WarcError};
use crate::archive::{
    self, Archive, ArchiveError, Captures, Chain, Committer, CrawlMode, End, Finished, Hold,
    MERGED_NOTE, Rebuilding, Replayed, Task, Tombstone, Unlikes, new_task_row,
};
use crate::config::Config;
use crate::domain::{Digest, Exchange, RecordId, SiteId};
use crate::extract::profile::{ProfileSet, UrlClass};
use crate::fetch::robots::{RobotsFetch, Step};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Captures that are read at once, and their bytes.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 32 << 20;
/// What is known of robots.txt for captures of other programs.
const NOT_RECORDED: &str = "not recorded (imported)";

/// What a rebuild did.
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// Captures that were read.
    pub captures: u64,
    /// Captures by the outcome of reading them.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Captures that were read as articles.
    pub articles: u64,
    /// Captures of hosts that no configured site owns, by host: left in the WARC files.
    pub strangers: BTreeMap<String, u64>,
    /// Revisits whose first capture is not there.
    pub lone_revisits: u64,
    /// Files that were taken in, and the records that tombstones in them have withdrawn.
    pub withdrawn: BTreeMap<String, Vec<RecordId>>,
    /// Files of other programs, and how many tombstones in them withdraw nothing.
    pub refused: BTreeMap<String, u64>,
    /// Erased records of which captures came back, and how many.
    pub returned: BTreeMap<RecordId, u64>,
    /// What could not be read.
    pub damage: Vec<WarcError>,
    /// WARC files that are not what the manifest says.
    pub unlike: Unlikes,
    /// What the old index could not give (runs, learned pace).
    pub lost: Option<String>,
    /// Whether the records are those that the ledger's last line had sealed; `None` without one.
    pub as_sealed: Option<bool>,
    /// Where the old index was put.
    pub aside: Option<PathBuf>,
}

/// What `rebuild` does.
pub(super) fn build(
    dir: &Path,
    hold: Hold,
    config: &Config,
    profiles: &Arc<ProfileSet>,
    (kind, taken, chains): (&str, &[String], &[Chain]),
    progress: &dyn Fn(u64, u64),
) -> Result<(Rebuilt, Hold), CrawlError> {
    archive::check_rebuild(dir)?;
    let warc_dir = dir.join("warc");
    for closed in warc::recover(&warc_dir)? {
        tracing::info!(file = %closed, "a WARC file of an interrupted run was closed");
    }
    let scopes = Scope::all(config, profiles);
    let plan = plan(&warc_dir, &scopes)?;
    let next = Rebuilding::open(dir, &plan, hold)?;
    let archive = Arc::clone(&next.archive);
    let mut replay = Replay {
        archive: Arc::clone(&archive),
        dir: warc_dir.clone(),
        scopes,
        committer: Committer::replaying(archive),
        readers: Readers::new(),
        max_bytes: config.limits.max_bytes,
        taken,
        done: Rebuilt {
            lost: next.lost.clone(),
            ..Rebuilt::default()
        },
        read: 0,
    };
    let mut captures = Captures::open(&warc_dir, next.archive.marks()?)?;
    let mut batch = Vec::new();
    let mut bytes = 0;
    while let Some(capture) = captures.take()? {
        if capture.stored.tombstone().is_some() {
            replay.batch(&captures, std::mem::take(&mut batch))?;
            replay.withdraw(&captures, &capture)?;
            bytes = 0;
            continue;
        }
        bytes += capture.stored.block.len();
        batch.push(capture);
        if batch.len() >= BATCH || bytes >= BATCH_BYTES {
            replay.batch(&captures, std::mem::take(&mut batch))?;
            bytes = 0;
            progress(replay.read, captures.bytes);
        }
    }
    replay.batch(&captures, batch)?;
    go_on(&replay.archive, &replay.scopes)?;
    let mut done = replay.done;
    done.damage = std::mem::take(&mut captures.damage);
    drop(replay.committer);
    drop(replay.archive);
    drop(captures);
    let (archive, aside) = next.finish()?;
    done.aside = aside;
    super::withdraw::hide(&archive)?;
    done.returned = super::withdraw::returned(&archive)?;
    let sealed = archive.last_sealed()?.map(|last| last.records);
    done.as_sealed = sealed.map(|sealed| archive.sum().is_ok_and(|sum| sum == sealed));
    let mut note = serde_json::json!({"captures": done.captures, "files": taken});
    if let Some(note) = note.as_object_mut().filter(|_| !chains.is_empty()) {
        note.insert(MERGED_NOTE.to_owned(), serde_json::json!(chains));
    }
    done.unlike = archive.unlike(None)?;
    archive.seal_with(kind, taken, done.unlike.clone(), Some(note))?;
    Ok((done, archive.into_hold()))
}

/// The tombstone in a record, whose head must name the same withdrawn record.
fn read_tombstone(stored: &Stored, json: &str) -> Result<Tombstone, String> {
    let stone: Tombstone = serde_json::from_str(json).map_err(|why| why.to_string())?;
    match stored.withdraws() == Some(stone.id.to_string().as_str()) {
        true => Ok(stone),
        false => Err("its head and its text name different records".to_owned()),
    }
}

/// What the result depends on: files with their lengths and times, profiles, sites.
fn plan(dir: &Path, scopes: &[(SiteId, Scope)]) -> Result<String, CrawlError> {
    // (Marks name places in an order; those of an earlier one would name others.)
    let mut text = String::from(concat!("khobao/", env!("CARGO_PKG_VERSION"), " by date\n"));
    for name in warc::files(dir)? {
        // (A file that is written anew without what was erased keeps its length.)
        let facts = std::fs::metadata(dir.join(&name)).ok();
        let length = facts.as_ref().map_or(0, |facts| facts.len());
        let changed = facts.and_then(|facts| facts.modified().ok());
        text.push_str(&format!("{name} {length} {changed:?}\n"));
    }
    for (id, scope) in scopes {
        let (site, profile) = (&scope.site, scope.profile.hash());
        text.push_str(&format!(
            "{id} {} {:?} {profile} {:?}\n",
            site.base, site.hosts, site.moves
        ));
    }
    Ok(Digest::of(text).to_string())
}

struct Replay<'a> {
    /// Names of files that were taken in just before.
    taken: &'a [String],
    archive: Arc<Archive>,
    dir: PathBuf,
    scopes: Vec<(SiteId, Scope)>,
    committer: Committer,
    readers: Readers,
    max_bytes: usize,
    done: Rebuilt,
    read: u64,
}

/// An exchange to be read, and why it was made.
pub(super) struct Job {
    pub exchange: Exchange,
    /// When it began, microseconds since 1970.
    pub at: i64,
    pub kind: TaskKind,
    pub robots: String,
    /// The payload's digest, where it is known.
    pub payload: Option<Digest>,
    /// Whether the answer says that nothing has changed (a revisit of status 304).
    pub conditional: bool,
    /// Whether it matters what the page leads to.
    pub follow: bool,
}

/// A capture on its way through the reader.
struct Placed {
    job: Job,
    capture: Replayed,
    scope: usize,
    payload: Digest,
    revisit: bool,
    /// A revisit whose first capture is not there.
    lone: bool,
    /// Whether this archive wrote it: what it refers to was there.
    own: bool,
    /// The hash of its canonical URL.
    hash: UrlHash,
}

impl Replay<'_> {
    fn batch(&mut self, captures: &Captures, mut batch: Vec<Replayed>) -> Result<(), CrawlError> {
        let bytes = batch
            .iter()
            .map(|capture| capture.stored.block.len() as u64);
        match archive::check_room(self.archive.dir(), bytes.sum()) {
            // What there is room for is not read again.
            Err(ArchiveError::Full { .. }) if batch.len() > 1 => {
                let rest = batch.split_off(batch.len() / 2);
                self.batch(captures, batch)?;
                return self.batch(captures, rest);
            }
            checked => checked?,
        }
        let mut jobs = Vec::with_capacity(batch.len());
        // Payloads of this batch, which the index does not know yet.
        let mut fresh: HashMap<Name, usize> = HashMap::new();
        for capture in batch {
            self.read += capture.stored.length;
            self.done.captures += 1;
            let own = captures.is_part_of(&capture, self.archive.id());
            if let Some(mut job) = self.prepare(capture, &jobs, &fresh)? {
                job.own = own;
                // A revisit without its first capture has nothing to give.
                if !job.lone {
                    let all = names(&job.capture.stored, job.hash, job.job.at);
                    fresh.extend(all.map(|name| (name, jobs.len())));
                }
                jobs.push(job);
            }
        }
        let (scopes, max_bytes) = (&self.scopes, self.max_bytes);
        let marks: Vec<_> = jobs.iter().map(|job| captures.mark(&job.capture)).collect();
        let jobs = jobs.into_iter().zip(marks).collect();
        let read = self.readers.all(jobs, |(job, mark)| {
            let (_, scope) = scopes.get(job.scope)?;
            let row = capture_row(&job);
            let mode = CrawlMode {
                generation: scope.generation.max(1),
                full: false,
                since: false,
            };
            Some((finished(scope, job.job, max_bytes), row, mode, mark))
        });
        for (finished, mut row, mode, mark) in read.into_iter().flatten() {
            let url = &finished.task.row.url;
            row.uri = (row.url != *url).then(|| std::mem::replace(&mut row.url, url.clone()));
            let done = self.committer.replay(finished, row, mode, &mark)?;
            if let Some(outcome) = done.outcome {
                self.done.articles += u64::from(outcome.is_article());
                *self.done.outcomes.entry(outcome.name()).or_default() += 1;
            }
        }
        Ok(self.committer.flush()?)
    }

    /// A record was withdrawn at this place.
    fn withdraw(&mut self, captures: &Captures, capture: &Replayed) -> Result<(), CrawlError> {
        let mark = captures.mark(capture);
        let json = capture.stored.tombstone().unwrap_or_default();
        // Only archives withdraw; the file itself says so, so that each rebuild decides the same.
        if !captures.is_of_archive(capture) {
            *self.done.refused.entry(capture.file.clone()).or_default() += 1;
            return Ok(());
        }
        match read_tombstone(&capture.stored, json) {
            Ok(stone) => {
                if self.taken.contains(&capture.file) {
                    let file = self.done.withdrawn.entry(capture.file.clone());
                    file.or_default().push(stone.id);
                }
                self.committer.replay_withdrawal(&stone, &mark)?;
            }
            Err(why) => {
                let why = WarcError::Damaged {
                    file: self.dir.join(&capture.file),
                    offset: capture.stored.offset,
                    why: format!("its tombstone cannot be read: {why}"),
                };
                self.done.damage.push(why);
            }
        }
        Ok(())
    }

    /// Finds the site, the reason and the payload of a capture; `None` when it has no site.
    fn prepare(
        &mut self,
        capture: Replayed,
        jobs: &[Placed],
        fresh: &HashMap<Name, usize>,
    ) -> Result<Option<Placed>, CrawlError> {
        let mut exchange = match capture.stored.to_exchange() {
            Ok(exchange) => exchange,
            Err(why) => {
                self.done.damage.push(why);
                return Ok(None);
            }
        };
        let context = capture.stored.context();
        let scope =
            match &context {
                Some(context) => {
                    let known = |(id, _): &(SiteId, Scope)| id.as_str() == context.site;
                    Some(self.scopes.iter().position(known).ok_or_else(|| {
                        CrawlError::UnknownSite {
                            site: context.site.clone(),
                            file: capture.file.clone(),
                        }
                    })?)
                }
                None => {
                    let owns = |(_, scope): &(SiteId, Scope)| scope.policy.is_own(&exchange.url);
                    let was = |(_, scope): &(SiteId, Scope)| scope.policy.is_known(&exchange.url);
                    let own = self.scopes.iter().position(owns);
                    own.or_else(|| self.scopes.iter().position(was))
                }
            };
        let Some((scope, (_, rules))) = scope.and_then(|at| Some((at, self.scopes.get(at)?)))
        else {
            let host = exchange.url.host_str().unwrap_or_default().to_owned();
            *self.done.strangers.entry(host).or_default() += 1;
            return Ok(None);
        };
        let rules = rules.at(&exchange.url);
        let kind = context
            .as_ref()
            .and_then(|context| TaskKind::named(&context.task))
            .unwrap_or_else(|| kind(rules, &exchange));
        let revisit = capture.stored.kind() == "revisit";
        let label = capture.stored.payload_digest();
        let label = label.and_then(Digest::from_warc_label);
        let conditional = revisit && exchange.status == 304;
        let mut lone = false;
        if revisit && !conditional {
            let first = referred(rules, &capture.stored);
            let mut first = first.iter().filter_map(|name| jobs.get(*fresh.get(name)?));
            // Two captures of other programs may have one time.
            let first = first.find(|first| label.is_none_or(|label| label == first.payload));
            let payload = match first {
                Some(first) => Some(first.job.exchange.payload.clone()),
                None => earlier(&self.archive, &self.dir, rules, &capture.stored)?,
            };
            match payload {
                Some(payload) => exchange.payload = payload,
                None => lone = true,
            }
            self.done.lone_revisits += u64::from(lone);
        }
        // After 304 it is that of the capture that the record refers to.
        let payload = match label.filter(|_| conditional) {
            Some(label) => label,
            None => Digest::of(&exchange.payload),
        };
        let hash = url_hash(rules.policy.canonical(&exchange.url).as_str());
        Ok(Some(Placed {
            lone,
            own: false,
            hash,
            job: Job {
                exchange,
                at: capture.at,
                kind,
                robots: context.map_or_else(|| NOT_RECORDED.to_owned(), |context| context.robots),
                payload: Some(payload),
                conditional,
                follow: true,
            },
            scope,
            payload,
            revisit,
            capture,
        }))
    }
}

/// What a URL was probably asked for, where the record does not say.
fn kind(scope: &Scope, exchange: &Exchange) -> TaskKind {
    if exchange.url.path() == "/robots.txt" {
        return TaskKind::Robots;
    }
    let content = exchange.header("content-type").unwrap_or_default();
    let content = content.trim_start().to_ascii_lowercase();
    if content.starts_with("image/") {
        return TaskKind::Image;
    }
    match scope.profile.classify(&exchange.url) {
        UrlClass::Article => TaskKind::Article,
        UrlClass::Feed => TaskKind::Feed,
        UrlClass::Sitemap => TaskKind::Sitemap,
        UrlClass::Listing if links::is_further_page(&exchange.url) => TaskKind::NextPage,
        UrlClass::Listing => TaskKind::Listing,
        UrlClass::Skip(_) | UrlClass::Other => {
            let page = content.is_empty() || content.contains("html") || content.contains("xml");
            if page {
                TaskKind::Seed
            } else {
                TaskKind::Attachment
            }
        }
    }
}

/// Reads the page as the crawl did. What would be asked for again is left to the next run.
pub(super) fn finished(scope: &Scope, job: Job, max_bytes: usize) -> Finished {
    let exchange = job.exchange;
    let scope = scope.at(&exchange.url);
    if job.kind == TaskKind::Robots {
        let sitemaps = match RobotsFetch::new(&exchange.url, None).answer(&exchange, exchange.at) {
            Step::Done(robots) => robots.sitemaps().to_vec(),
            Step::Again => Vec::new(),
        };
        return analyse::robots(scope, exchange, &sitemaps);
    }
    let url = scope.policy.canonical(&exchange.url).as_str().to_owned();
    let row = new_task_row(
        url,
        scope.site.id.clone(),
        job.kind,
        scope.generation.max(1),
    );
    let task = Task {
        hash: url_hash(&row.url),
        row,
    };
    let asked = Asked {
        task,
        exchange,
        robots: job.robots,
        now: job.at,
        payload: job.payload,
        conditional: job.conditional,
        follow: job.follow,
    };
    let mut finished = analyse::analyse(scope, asked, max_bytes);
    if let End::Retry { outcome, .. } = finished.end {
        finished.end = End::NextRun(outcome);
    }
    finished
}

/// The row of a capture, under the URL as it was sent.
fn capture_row(job: &Placed) -> CaptureRow {
    let exchange = &job.job.exchange;
    let stored = &job.capture.stored;
    CaptureRow {
        uri: None,
        url: exchange.url.to_string(),
        at: job.job.at,
        file: job.capture.file.clone(),
        offset: stored.offset,
        length: stored.length,
        warc_record: stored
            .field("WARC-Record-ID")
            .unwrap_or_default()
            .to_owned(),
        payload: job.payload,
        status: exchange.status,
        record: None,
        revisit: job.revisit,
        lone: job.lone && !job.own,
    }
}
