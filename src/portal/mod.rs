//! A NukeViet-like portal of our own on loopback, for the demo, the tests and the benchmark.
//!
//! A real HTTP/1.1 server with articles made from a seed, in the layouts, with the lists, feeds and
//! faults of real portals. [`Portal::truth`] says what an archive of it must hold, and
//! [`Portal::hits`] what the server saw. It knows nothing of the rest of the crate: what it says is
//! written from the facts about the CMS, never from what the extraction happens to read.
//!
//! `content` fills the database (`model`), `routes` turns a request into a `reply`, `render` into
//! HTML, `server` puts it on the wire, `faults` holds the bad input.

mod canned;
mod config;
mod content;
mod credits;
mod draft;
mod faults;
mod files;
mod flood;
mod front;
mod hits;
mod model;
mod render;
mod reply;
mod rng;
mod routes;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod truth;
mod versions;
mod words;

pub use canned::Canned;
pub use config::{Flood, FloodWindow, PortalConfig, Theme, Versions};
pub use draft::{Change, Draft};
pub use faults::{FaultExpect, NAMES as FAULTS, expect as fault_expectation};
pub use hits::Hit;
pub use truth::{BlockKind, TruthArticle, TruthBlock, TruthFile, TruthImage, TruthPerson};

use hits::lock;
use model::Kind;
use state::{Knobs, Shared};
use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A running portal. Dropping it stops it.
pub struct Portal {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One page of the fault family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultPage {
    /// Its name, as in `/faults/NAME`.
    pub name: &'static str,
    /// Its article-like URL, absolute.
    pub url: String,
    /// The title of the article that it would be.
    pub title: String,
    /// What a crawl may make of it.
    pub expect: FaultExpect,
}

impl Portal {
    /// Starts a portal on a loopback port, on a thread of its own; it answers when this returns.
    ///
    /// # Errors
    /// When the port is taken, or the thread cannot be started.
    pub fn start(config: PortalConfig) -> io::Result<Self> {
        let main = TcpListener::bind(("127.0.0.1", config.port.unwrap_or(0)))?;
        main.set_nonblocking(true)?;
        let port = main.local_addr()?.port();
        let mut listeners = vec![main];
        // The other host of external links; where the system has no 127.0.0.2, nobody answers.
        if let Ok(other) = TcpListener::bind(("127.0.0.2", port)) {
            other.set_nonblocking(true)?;
            listeners.push(other);
        }
        let mut site = content::generate(&config);
        let faults_from = site.next_id;
        if config.traps_faults {
            site.next_id += FAULTS.len() as u32;
        }
        let shared = Arc::new(Shared {
            root: match &config.root {
                Some(root) => root.clone(),
                None => format!("http://127.0.0.1:{port}"),
            },
            other_root: format!("http://127.0.0.2:{port}"),
            site: RwLock::new(site),
            knobs: Mutex::new(Knobs {
                flood: config.flood,
                latency: config.latency,
                outage: None,
                robots_status: None,
                fault_delay: Duration::from_secs(2),
                versions: Versions::default(),
            }),
            gate: Mutex::default(),
            hits: Mutex::default(),
            nonce: AtomicU64::new(1),
            connections: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            started: Instant::now(),
            rendered: RwLock::new(None),
            faults_from,
            fault_counts: Mutex::default(),
            canned: Mutex::default(),
            port,
            config,
        });
        if shared.config.static_pages && shared.config.gzip {
            let pages = render_all(&shared);
            *shared
                .rendered
                .write()
                .unwrap_or_else(PoisonError::into_inner) = Some(pages);
        }
        let (stop, stopped) = oneshot::channel();
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("portal".to_owned())
            .spawn(move || {
                // The runtime and the listeners fail only where the process has no descriptors
                // left; clients then find nobody.
                let _ = server::run(&of_thread, listeners, stopped);
            })?;
        Ok(Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// "http://127.0.0.1:PORT/", or the configured root.
    pub fn base(&self) -> String {
        format!("{}/", self.shared.root)
    }

    /// The base of the other host, to which external-link articles redirect.
    pub fn other_base(&self) -> String {
        format!("{}/", self.shared.other_root)
    }

    /// Every article that a visitor can read, by number, as it is now.
    pub fn truth(&self) -> Vec<TruthArticle> {
        truth::all(&self.site(), &self.shared.root)
    }

    /// URLs of articles that are linked but not to be read: expired (404), then external (302).
    pub fn unreadable(&self) -> (Vec<String>, Vec<String>) {
        let site = self.site();
        let of = |kind: Kind| {
            site.articles
                .values()
                .filter(|a| a.kind == kind)
                .map(|a| format!("{}{}", self.shared.root, site.path(a)))
                .collect()
        };
        (of(Kind::Expired), of(Kind::External))
    }

    /// The fault family, with what to expect of each.
    pub fn fault_pages(&self) -> Vec<FaultPage> {
        (self.shared.faults_from..)
            .zip(FAULTS)
            .map(|(id, name)| FaultPage {
                name,
                url: format!("{}/tin-tuc/loi-{id}.html", self.shared.root),
                title: faults::title(name),
                expect: faults::expect(name).unwrap_or(FaultExpect::Either),
            })
            .collect()
    }

    /// The log of requests, in the order in which they were answered.
    pub fn hits(&self) -> Vec<Hit> {
        lock(&self.shared.hits).clone()
    }

    /// Empties the log and the anti-flood counters.
    pub fn forget_hits(&self) {
        lock(&self.shared.hits).clear();
        lock(&self.shared.gate).clear();
    }

    /// Connections that are open now.
    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// Switches the anti-flood rule; counting starts anew.
    pub fn set_flood(&self, flood: Flood) {
        lock(&self.shared.knobs).flood = flood;
        lock(&self.shared.gate).clear();
    }

    /// Sets the wait before each answer.
    pub fn set_latency(&self, latency: Duration) {
        lock(&self.shared.knobs).latency = latency;
    }

    /// The next `times` requests (images aside, robots.txt included) get the fault `name`, one of
    /// [`FAULTS`], instead of their answer; `usize::MAX` means until told otherwise, and `None`
    /// ends it.
    pub fn set_outage(&self, outage: Option<(&'static str, usize)>) {
        lock(&self.shared.knobs).outage = outage;
    }

    /// robots.txt answers with this status instead of its rules.
    pub fn set_robots_status(&self, status: Option<u16>) {
        lock(&self.shared.knobs).robots_status = status;
    }

    /// The next `times` requests for `path` (with its query, as sent) get this answer, whatever
    /// else is set; `usize::MAX` means until told otherwise.
    pub fn set_answer(&self, path: &str, answer: Canned, times: usize) {
        lock(&self.shared.canned).insert(path.to_owned(), (answer, times));
    }

    /// `path` gets the portal's own answer again.
    pub fn clear_answer(&self, path: &str) {
        lock(&self.shared.canned).remove(path);
    }

    /// How long the slow faults take (2 s at the start; the drip takes ten times as long).
    pub fn set_fault_delay(&self, delay: Duration) {
        lock(&self.shared.knobs).fault_delay = delay;
    }

    /// What articles' answers say of their version.
    pub fn set_versions(&self, versions: Versions) {
        lock(&self.shared.knobs).versions = versions;
    }

    /// Publishes an article; gives its number.
    pub fn publish(&self, draft: Draft) -> u32 {
        self.change(|site| draft::publish(site, draft))
    }

    /// Changes an article; `false` when there is none of this number.
    pub fn edit(&self, id: u32, change: Change) -> bool {
        self.change(|site| draft::edit(site, id, change))
    }

    /// Removes an article: its URL answers 404, its number becomes a gap.
    pub fn delete(&self, id: u32) -> bool {
        self.change(|site| site.articles.remove(&id).is_some())
    }

    /// Lets an article expire: still listed and linked, but 404.
    pub fn expire(&self, id: u32) -> bool {
        self.change(|site| match site.articles.get_mut(&id) {
            Some(article) => {
                article.kind = Kind::Expired;
                true
            }
            None => false,
        })
    }

    /// Stops the portal and cuts every connection.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed already.
            let _ = thread.join();
        }
    }

    fn site(&self) -> std::sync::RwLockReadGuard<'_, model::Site> {
        self.shared
            .site
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut model::Site) -> T) -> T {
        let mut site = self
            .shared
            .site
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let done = change(&mut site);
        site.reindex();
        // What was rendered at the start is out of date.
        *self
            .shared
            .rendered
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
        done
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.halt();
    }
}

/// Every page that a crawl asks for, compressed.
fn render_all(shared: &Shared) -> HashMap<String, Arc<reply::Reply>> {
    let mut paths: Vec<String> = ["/", "/sitemap.xml", "/sitemap-vi.news.xml", "/rss/"]
        .map(String::from)
        .into();
    {
        let site = shared.site.read().unwrap_or_else(PoisonError::into_inner);
        for (n, category) in site.categories.iter().enumerate() {
            paths.push(site.category_path(n));
            paths.push(format!("/rss/{}/", category.alias));
            for page in 2..=render::lists::pages(&site, n) {
                paths.push(format!("{}page-{page}/", site.category_path(n)));
            }
        }
        paths.extend(site.articles.values().map(|a| site.path(a)));
    }
    let mut pages = HashMap::with_capacity(paths.len());
    for path in paths {
        let ask = routes::Ask {
            path: &path,
            query: "",
            user_agent: "",
            cookie: "",
            if_none_match: "",
            if_modified_since: "",
            gzip: true,
            client: [0, 0, 0, 0].into(),
            other_host: false,
        };
        let reply = front::answer(shared, &ask);
        if reply.status == 200 {
            let reply = Arc::new(server::compressed(reply));
            pages.insert(path, reply);
        }
    }
    pages
}
