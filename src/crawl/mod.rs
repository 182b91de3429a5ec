//! Floor 5: the loop, frontier policy, scope, one page end to end.
//!
//! `run` starts one writer thread and, per site, as many workers as its concurrency. A worker
//! takes a due task, asks robots.txt and the host's gate, fetches, has the page read on a thread for
//! that (`readers`, `analyse`), and hands the result to the writer. Memory is bounded by the writer's
//! channel: a slow disk slows the fetching, it does not fill the RAM.

mod analyse;
pub mod drift;
mod host;
mod links;
mod named;
mod orphans;
mod readers;
mod rebuild;
mod replay;
mod reread;
mod revisit;
mod scope;
mod site;
mod withdraw;
mod worker;
mod writer;

use crate::archive::warc;
use crate::archive::{
    Archive, ArchiveError, Committed, Committer, CrawlMode, RunReport, WarcOptions,
};
use crate::config::{Config, Site};
use crate::domain::{Clock, SiteId};
use crate::extract::profile::ProfileSet;
use crate::fetch::{Client, ClientSettings, FetchError, user_agent};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
pub use named::{Named, NamedReader};
pub(crate) use readers::Readers;
pub use rebuild::rebuild;
pub use replay::Rebuilt;
pub use reread::{DeepCheck, Difference, Reread, RereadPlan, reread};
use site::SiteState;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
pub use withdraw::{Erase, Target, Withdrawal, withdraw};

/// What a crawl is to do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The sites, in order.
    pub sites: Vec<Site>,
    /// Everything, only what is new, or (`None`) everything the first time and news afterwards.
    pub full: Option<bool>,
    /// Follow older articles and further listing pages only while they reach this day.
    pub since: Option<NaiveDate>,
    /// Stop after this many fetched pages.
    pub max_pages: Option<u64>,
    /// Stop after this long.
    pub max_time: Option<Duration>,
    /// The command line's words, for the report.
    pub command: String,
    /// Only ask for these URLs, and for what they lead to that is new; empty for a whole crawl.
    pub only: HashMap<SiteId, Vec<String>>,
}

/// Hears what happens; called from the writer's thread, after the commit is durable.
pub trait Observer: Send + Sync {
    /// A crawl of a site begins: `resumed` when an earlier one was cut short.
    fn begin(&self, site: &Site, full: bool, resumed: bool);
    /// A task was committed.
    fn committed(&self, done: &Committed, pending: u64);
    /// Something that the user should know while it happens.
    fn notice(&self, site: &SiteId, text: &str);
}

/// Why a crawl could not be done.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// The archive refused; what was acknowledged is safe.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The client could not be made.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A WARC file could not be opened.
    #[error(transparent)]
    Warc(#[from] warc::WarcError),
    /// A capture's site is not configured.
    #[error(
        "{file} holds captures of the site {site:?}, which is not in the configuration; add its [[sites]] table again (`enabled = false` keeps it from being crawled)"
    )]
    UnknownSite {
        /// Its id.
        site: String,
        /// The WARC file.
        file: String,
    },
    /// A thread died.
    #[error(
        "the crawl stopped by an internal fault: {0}; what was committed is safe, start again and report this"
    )]
    Internal(String),
}

/// What workers and writer share.
pub(crate) struct Shared {
    pub archive: Arc<Archive>,
    pub client: Client,
    pub clock: Arc<dyn Clock>,
    pub observer: Arc<dyn Observer>,
    pub max_bytes: usize,
    pub stop: watch::Receiver<bool>,
    pub ended: watch::Sender<Option<&'static str>>,
    pub fetched: AtomicU64,
    pub max_pages: u64,
    /// The threads on which pages are read.
    pub readers: Readers,
    /// Workers that wait for the writer to find them something to do.
    pub hungry: writer::Hunger,
}

impl Shared {
    /// Microseconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now().timestamp_micros()
    }

    /// Whether no further request may begin.
    pub fn stopping(&self) -> bool {
        *self.stop.borrow() || self.ended.borrow().is_some()
    }

    /// Resolves when the run is to end, for whatever reason.
    pub async fn stopped(&self) {
        let mut stop = self.stop.clone();
        let mut ended = self.ended.subscribe();
        tokio::select! {
            () = until(stop.wait_for(|stop| *stop)) => {}
            () = until(ended.wait_for(Option::is_some)) => {}
        }
    }

    /// Ends the run early, with the reason for the report.
    pub fn end(&self, why: &'static str) {
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(why);
            }
            first
        });
    }

    /// Counts a request against `--max-pages`; false when there is none left.
    pub fn take_page(&self) -> bool {
        let taken = self.fetched.fetch_add(1, Ordering::Relaxed) < self.max_pages;
        if !taken {
            self.end("limit");
        }
        taken
    }
}

/// Waits for good when nobody can send any more.
async fn until<T, E>(change: impl Future<Output = Result<T, E>>) {
    if change.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Crawls; on return everything is durable and the report is in the archive.
///
/// `stop` turns true on a signal: what is in flight is finished and committed.
pub async fn run(
    plan: Plan,
    config: &Config,
    profiles: Arc<ProfileSet>,
    archive: Arc<Archive>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    stop: watch::Receiver<bool>,
) -> Result<RunReport, CrawlError> {
    let agent = user_agent(config.contact.as_deref());
    let limits = config.limits;
    let client = Client::new(ClientSettings {
        connect_timeout: limits.connect,
        header_timeout: limits.header,
        idle_timeout: limits.idle,
        total_timeout: limits.total,
        max_bytes: limits.max_bytes as u64,
        clock: Arc::clone(&clock),
        ..ClientSettings::new(agent.clone())
    })?;
    for repaired in warc::recover(&archive.warc_dir())? {
        tracing::warn!(file = %repaired, "a WARC file of an interrupted run was closed");
    }
    archive.open_change("crawl")?;
    let started = clock.now();
    if let Some(last) = later(&archive, started)? {
        let [now, last] = [started, last].map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
        tracing::warn!(
            "the clock says {now}, and a crawl before this one ended at {last}: it was set back. \
             What is fetched now is kept and judged as the newest all the same, under the dates \
             that the clock gives; set the machine's clock right"
        );
    }
    let run = RunReport {
        id: started.timestamp_micros(),
        started: started.to_rfc3339_opts(SecondsFormat::Secs, true),
        command: plan.command.clone(),
        crawler: concat!("khobao/", env!("CARGO_PKG_VERSION")).to_owned(),
        ..RunReport::default()
    };
    let (ended, _) = watch::channel(None);
    let shared = Arc::new(Shared {
        archive: Arc::clone(&archive),
        client,
        clock: Arc::clone(&clock),
        observer,
        max_bytes: limits.max_bytes,
        stop,
        ended,
        fetched: AtomicU64::new(0),
        max_pages: plan.max_pages.unwrap_or(u64::MAX),
        readers: Readers::new(),
        hungry: writer::Hunger::default(),
    });
    let mut sites: HashMap<SiteId, Arc<SiteState>> = HashMap::new();
    let mut modes: HashMap<SiteId, CrawlMode> = HashMap::new();
    for site in &plan.sites {
        let state = Arc::new(SiteState::open(&shared, site.clone(), &profiles, &plan)?);
        modes.insert(site.id.clone(), state.mode);
        sites.insert(site.id.clone(), state);
    }
    let warc = open_warc(config, &archive, &agent, Arc::clone(&clock))?;
    let mut committer = Committer::new(Arc::clone(&archive), warc, run);
    for state in sites.values() {
        let report = committer
            .run
            .sites
            .entry(state.site.id.to_string())
            .or_default();
        report.mode = if state.mode.full { "full" } else { "update" }.to_owned();
    }
    let (sender, writer) = writer::start(Arc::clone(&shared), committer, sites.clone(), modes)?;
    let timer = plan.max_time.map(|limit| {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            shared.end("limit");
        })
    });
    let mut workers = tokio::task::JoinSet::new();
    for state in sites.values() {
        for _ in 0..state.site.concurrency {
            let work = worker::work(Arc::clone(&shared), Arc::clone(state), sender.clone());
            workers.spawn(work);
        }
    }
    drop(sender);
    let mut fault = None;
    while let Some(joined) = workers.join_next().await {
        if let Err(why) = joined
            .map_err(|why| CrawlError::Internal(why.to_string()))
            .and_then(|r| r)
        {
            shared.end("failed");
            fault.get_or_insert(why);
        }
    }
    if let Some(timer) = timer {
        timer.abort();
    }
    let committer = tokio::task::spawn_blocking(move || writer.join())
        .await
        .map_err(|why| CrawlError::Internal(why.to_string()))?
        .map_err(|_| CrawlError::Internal("the writer's thread panicked".to_owned()))??;
    if let Some(why) = fault {
        return Err(why);
    }
    finish(&shared, &sites, committer)
}

/// When a run began or ended that is later than `now`: then the clock was set back since.
fn later(archive: &Archive, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, CrawlError> {
    let day = TimeDelta::days(1);
    let runs = archive.runs_since((now - day).timestamp_micros())?;
    let ended = |run: &RunReport| DateTime::parse_from_rfc3339(run.finished.as_deref()?).ok();
    let times = runs.iter().flat_map(|run| {
        let began = DateTime::from_timestamp_micros(run.id);
        began.into_iter().chain(ended(run).map(|at| at.to_utc()))
    });
    // (The end of a run is written in whole seconds, which are rounded down.)
    Ok(times.max().filter(|last| *last > now))
}

/// Writes down how the run and each site's crawl ended.
fn finish(
    shared: &Shared,
    sites: &HashMap<SiteId, Arc<SiteState>>,
    mut committer: Committer,
) -> Result<RunReport, CrawlError> {
    for (id, state) in sites {
        state.save_host(&shared.archive)?;
        let pending = shared.archive.pending(id)?;
        let report = committer.run.sites.entry(id.to_string()).or_default();
        report.pending = pending;
        report.parked = state.parked();
        if report.found_nothing() {
            let text = "pages that may be articles were met, and none could be read as one; `khobao \
                        runs show` counts why, `khobao extract` shows what the profile reads of a \
                        saved page";
            shared.observer.notice(id, text);
        }
        if pending == 0 && report.parked.is_none() {
            let mut row = shared.archive.site(id)?;
            row.open = false;
            row.complete_once |= row.full && row.since.is_none();
            shared.archive.put_site(id, &row)?;
        }
    }
    let stopped = *shared.stop.borrow();
    let end = if stopped {
        "stopped"
    } else {
        shared.ended.borrow().unwrap_or("done")
    };
    committer.run.end = Some(end.to_owned());
    committer.run.finished = Some(
        shared
            .clock
            .now()
            .to_rfc3339_opts(SecondsFormat::Secs, true),
    );
    let report = committer.finish()?;
    let note = serde_json::json!({"run": report.id, "end": report.end});
    shared.archive.seal("crawl", &[], Some(note))?;
    Ok(report)
}

fn open_warc(
    config: &Config,
    archive: &Archive,
    agent: &str,
    clock: Arc<dyn Clock>,
) -> Result<warc::Writer, CrawlError> {
    let settings = WarcOptions {
        max_bytes: config.warc_size,
        operator: config.contact.clone(),
        part_of: Some(archive.id().to_owned()),
        user_agent: Some(agent.to_owned()),
        ..WarcOptions::new(archive.warc_dir())
    };
    Ok(warc::Writer::open(settings, clock)?)
}
