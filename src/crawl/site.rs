//! The state of one site's crawl: what is handed out, what comes next, and when it is done.

use super::host::Host;
use super::scope::Scope;
use super::{CrawlError, Plan, Shared};
use crate::archive::schema::{SiteRow, TaskKind, UrlHash};
use crate::archive::{Archive, ArchiveError, Committed, CrawlMode, Task};
use crate::config::Site;
use crate::domain::{Moves, UrlPolicy};
use crate::extract::profile::ProfileSet;
use std::collections::{HashSet, VecDeque};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::Notify;
use url::Url;

/// Tasks read from the frontier at once.
const AHEAD: usize = 64;
/// A crawl that is taken up after this long visits its start pages again, microseconds.
const STALE: i64 = 24 * 3600 * 1_000_000;
/// Newest known articles that an update visits again, for their links to newer ones.
const NEWEST: usize = 10;

/// One site's crawl.
pub(crate) struct SiteState {
    pub scope: Scope,
    pub mode: CrawlMode,
    pub host: Host,
    work: Mutex<Work>,
    wake: Notify,
    /// The newest articles when this was first asked for.
    newest: OnceLock<HashSet<String>>,
}

impl Deref for SiteState {
    type Target = Scope;

    fn deref(&self) -> &Scope {
        &self.scope
    }
}

#[derive(Default)]
struct Work {
    ahead: VecDeque<Task>,
    /// Handed out or read ahead; their frontier entries are still there.
    held: HashSet<UrlHash>,
    pending: u64,
    /// Whether the known articles that are to be visited again have been queued: those that no
    /// link leads to (all of them in a full crawl), or those that are due (in an update).
    swept: bool,
    parked: Option<String>,
    /// The origin that the portal insists on, where it is not the configured base's.
    origin: Option<Url>,
}

/// What a worker is to do next.
pub(crate) enum Next {
    /// Fetch this.
    Task(Box<Task>),
    /// Nothing is due before this (microseconds since 1970).
    Later(i64),
    /// Wait for what is in flight.
    Wait,
    /// The site is done.
    Done,
}

impl SiteState {
    /// Begins a crawl of the site, or takes up the one that was cut short.
    pub fn open(
        shared: &Shared,
        site: Site,
        profiles: &Arc<ProfileSet>,
        plan: &Plan,
    ) -> Result<Self, CrawlError> {
        let mut scope = Scope::new(site, profiles)
            .ok_or_else(|| CrawlError::Internal("a site's profile vanished".to_owned()))?;
        let site = &scope.site;
        let archive = &shared.archive;
        let mut row = archive.site(&site.id)?;
        let only = plan.only.get(&site.id);
        let full = plan.full.unwrap_or(!row.complete_once) && only.is_none();
        // A wider crawl than the one that was cut short begins anew; everything else goes on.
        let resumed = row.open && (row.full || !full) && row.since == plan.since;
        if !resumed && only.is_none() {
            row = SiteRow {
                generation: row.generation + 1,
                open: true,
                full,
                since: plan.since,
                ..row
            };
        }
        let mode = CrawlMode {
            generation: row.generation,
            full: row.full && only.is_none(),
            since: row.since.is_some() && only.is_none(),
        };
        let host = Host::open(shared, site)?;
        scope.since = row.since;
        scope.generation = row.generation;
        let state = Self {
            scope,
            mode,
            host,
            work: Mutex::default(),
            wake: Notify::new(),
            newest: OnceLock::new(),
        };
        let now = shared.now();
        if let Some(urls) = only {
            state.ask(archive, urls, now)?;
            state.save_host(archive)?;
            state.lock().pending = archive.pending(&state.site.id)?;
            shared.observer.begin(&state.site, false, true);
            return Ok(state);
        }
        state.take_over(shared, &mut row, now)?;
        if resumed {
            archive.retry_failed(&state.site.id, mode.generation, now)?;
        }
        // What was published since a crawl was cut short is found from the start pages only.
        let stale = resumed && now.saturating_sub(row.started) > STALE;
        if !resumed || stale {
            state.start(archive, now, stale)?;
            row.started = now;
        }
        // Durable before the first request: a run that is killed in it leaves the next one its gap.
        state.save_host(archive)?;
        archive.put_site(&state.site.id, &row)?;
        state.lock().pending = archive.pending(&state.site.id)?;
        shared.observer.begin(&state.site, mode.full, resumed);
        Ok(state)
    }

    /// Queues these URLs, where they are today, and nothing else.
    fn ask(&self, archive: &Archive, urls: &[String], now: i64) -> Result<(), ArchiveError> {
        let (id, generation) = (&self.site.id, self.mode.generation);
        for (step, url) in urls.iter().enumerate() {
            let today = Url::parse(url).ok().and_then(|url| self.today(&url));
            let url = today.as_ref().unwrap_or(url);
            let what = (TaskKind::Article, None);
            archive.start_with(id, url, what, generation, now + step as i64, true)?;
        }
        self.lock().swept = true;
        archive.flush()
    }

    /// The moves that lead to this site; those that lead away from it are for reading only.
    fn moves_here(&self) -> Option<&Moves> {
        let moves = self.moves().map(Arc::as_ref);
        moves.filter(|moves| *moves.site() == self.site.id)
    }

    /// What waits at former addresses waits at today's, and what was judged without them is told.
    fn take_over(&self, shared: &Shared, row: &mut SiteRow, now: i64) -> Result<(), CrawlError> {
        let formerly: Vec<String> = self.site.formerly.iter().map(Url::to_string).collect();
        let news = row.formerly != formerly;
        row.formerly = formerly;
        let Some(moves) = self.moves_here() else {
            return Ok(());
        };
        let archive = &shared.archive;
        archive.bring_along(&self.site.id, moves, self.mode.generation, now + 500)?;
        if news && archive.has_new_address(&self.site.id, moves)? {
            let why = "`formerly` was written after articles had been archived at the new address: \
                       `khobao rebuild` joins them with those of the old one";
            shared.observer.notice(&self.site.id, why);
        }
        Ok(())
    }

    /// Queues where a crawl begins: seeds, the profile's feeds and sitemaps, what failed before,
    /// and the newest known articles. `again` when this crawl has visited them before.
    fn start(&self, archive: &Archive, now: i64, again: bool) -> Result<(), ArchiveError> {
        let id = &self.site.id;
        let generation = self.mode.generation;
        let queue = |url: &str, kind, via, step| {
            archive
                .start_with(id, url, (kind, via), generation, now + step, again)
                .map(drop)
        };
        for (step, seed) in self.site.seeds.iter().enumerate() {
            let url = self.policy.canonical(seed);
            queue(url.as_str(), TaskKind::Seed, None, step as i64)?;
        }
        let feeds = self.profile.feeds().iter();
        let feeds = feeds
            .filter_map(|path| UrlPolicy::resolve(&self.site.base, path))
            .map(|url| (url, TaskKind::Feed));
        // Sitemaps name the whole past: they say nothing to a crawl that ends at a day.
        let sitemaps: Vec<Url> = if self.since.is_some() || again {
            Vec::new()
        } else {
            let own = self.profile.sitemaps().iter();
            own.filter_map(|path| UrlPolicy::resolve(&self.site.base, path))
                .chain(self.host.sitemaps())
                .filter(|url| self.policy.is_own(url))
                .collect()
        };
        let sitemaps = sitemaps.into_iter().map(|url| (url, TaskKind::Sitemap));
        for (step, (url, kind)) in feeds.chain(sitemaps).enumerate() {
            let url = self.policy.canonical(&url);
            queue(url.as_str(), kind, None, 100 + step as i64)?;
        }
        archive.retry_failed(id, generation, now + 1000)?;
        if !self.mode.full || again {
            for (step, url) in archive
                .newest(id, NEWEST, self.moves_here())?
                .into_iter()
                .enumerate()
            {
                queue(&url, TaskKind::Article, None, 2000 + step as i64)?;
            }
        }
        archive.flush()
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do next.
    pub fn next(&self, archive: &Archive, now: i64) -> Result<Next, ArchiveError> {
        let mut work = self.lock();
        if work.parked.is_some() {
            return Ok(Next::Done);
        }
        if let Some(task) = work.ahead.pop_front() {
            return Ok(Next::Task(Box::new(task)));
        }
        let held = &work.held;
        let (tasks, later) = archive.due(&self.site.id, now, AHEAD, &|hash| held.contains(hash))?;
        work.held.extend(tasks.iter().map(|task| task.hash));
        work.ahead.extend(tasks);
        if let Some(task) = work.ahead.pop_front() {
            return Ok(Next::Task(Box::new(task)));
        }
        Ok(match later {
            _ if !work.held.is_empty() => Next::Wait,
            Some(later) => Next::Later(later),
            None if self.mode.full && self.since.is_none() && !work.swept => {
                work.swept = true;
                let (id, moves) = (&self.site.id, self.moves_here());
                let added = archive.visit_unlinked(id, self.mode.generation, now, moves)?;
                archive.flush()?;
                work.pending += added;
                drop(work);
                return self.next(archive, now + added as i64);
            }
            None if !self.mode.full && self.since.is_none() && !work.swept => {
                work.swept = true;
                let (id, budget) = (&self.site.id, self.site.revisit);
                let (generation, moves) = (self.mode.generation, self.moves_here());
                let added = archive.visit_again(id, generation, now, budget, moves)?;
                archive.flush()?;
                work.pending += added;
                drop(work);
                return self.next(archive, now + added as i64);
            }
            None => Next::Done,
        })
    }

    /// The condition on which a page is asked for: only in an update, where the portal's validators
    /// have proved honest, and never of the newest articles, whose links lead to what is new.
    pub fn condition(
        &self,
        archive: &Archive,
        task: &Task,
    ) -> Result<Option<(&'static str, String)>, ArchiveError> {
        if self.mode.full {
            return Ok(None);
        }
        let Some(condition) = archive.condition(task)? else {
            return Ok(None);
        };
        let newest = match self.newest.get() {
            Some(newest) => newest,
            None => {
                let urls = archive.newest(&self.site.id, NEWEST, self.moves_here())?;
                self.newest.get_or_init(|| urls.into_iter().collect())
            }
        };
        Ok(Some(condition).filter(|_| !newest.contains(&task.row.url)))
    }

    /// Puts a task back that was handed out and not begun.
    pub fn put_back(&self, task: Task) {
        let mut work = self.lock();
        work.held.remove(&task.hash);
        drop(work);
        self.wake();
    }

    /// Takes note of a commit; returns how many tasks wait.
    pub fn committed(&self, done: &Committed) -> u64 {
        let mut work = self.lock();
        work.held.remove(&done.hash);
        work.pending += done.added;
        if done.outcome.is_some() {
            work.pending = work.pending.saturating_sub(1);
        }
        let pending = work.pending;
        drop(work);
        self.wake();
        pending
    }

    /// Resolves at the next commit or other change.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.wake.notified()
    }

    /// Wakes every waiting worker.
    pub fn wake(&self) {
        self.wake.notify_waiters();
    }

    /// Stops asking this site in this run; false when it is parked already.
    pub fn park(&self, why: String) -> bool {
        let mut work = self.lock();
        let first = work.parked.is_none();
        work.parked.get_or_insert(why);
        drop(work);
        self.wake();
        first
    }

    /// Why the site is parked, if it is.
    pub fn parked(&self) -> Option<String> {
        self.lock().parked.clone()
    }

    /// The portal redirects canonical URLs to this origin (another scheme, or `www.`).
    pub fn insist(&self, to: &Url) {
        self.lock().origin = Some(to.clone());
    }

    /// Whether the URL is on the configured base's host (or where that host insists to be), not on
    /// a further one.
    pub fn is_base(&self, url: &Url) -> bool {
        let same = |base: &Url| url.host_str() == base.host_str() && url.port() == base.port();
        same(&self.site.base) || self.lock().origin.as_ref().is_some_and(same)
    }

    /// The address at which a canonical URL is fetched.
    pub fn address(&self, url: Url) -> Url {
        // Further hosts of the site keep their own addresses.
        let own = self.is_base(&url);
        let origin = self.lock().origin.clone();
        let Some(origin) = origin.filter(|_| own) else {
            return url;
        };
        let mut moved = url.clone();
        let fits = moved.set_scheme(origin.scheme()).is_ok()
            && moved.set_host(origin.host_str()).is_ok()
            && moved.set_port(origin.port()).is_ok();
        if fits { moved } else { url }
    }

    /// Keeps the host's learned pace and parking for the next run.
    pub fn save_host(&self, archive: &Archive) -> Result<(), ArchiveError> {
        self.host.save(archive)
    }
}
