//! A NukeViet-like portal of our own on loopback, for the demo, the tests and the benchmark.
//!
//! A real HTTP/1.1 server (hyper) on a thread of its own, with Vietnamese articles made from our
//! own words in the layout of NukeViet 4.5, and the traps that real portals set. It imports no
//! floor of the crate, so that it cannot share their mistakes; it keeps the truth about its
//! articles and a log of every request.

mod content;
mod faults;
mod lists;
mod page;
mod server;
mod state;

use state::State;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

pub use content::{Form, Truth, TruthPerson};
pub use state::Hit;

/// What the portal is like.
#[derive(Debug, Clone)]
pub struct PortalConfig {
    /// How many articles visitors see.
    pub articles: usize,
    /// Articles in the first category that share one publication time.
    pub same_time: usize,
    /// Expired, external-link and twice-filed articles, dead links, switches and the like.
    pub traps: bool,
    /// Pages that are hard to read, linked from the home page.
    pub faults: bool,
    /// The anti-flood rule; `None` when it is off.
    pub flood: Option<Flood>,
    /// Extra lines for robots.txt.
    pub robots: String,
    /// Compress pages when the client accepts that.
    pub gzip: bool,
    /// Least size of an article page, bytes.
    pub page_bytes: usize,
    /// Wait before each answer.
    pub latency: Duration,
    /// The port; 0 for any free one.
    pub port: u16,
}

/// The anti-flood rule: fixed windows per address, as NukeViet has them.
#[derive(Debug, Clone, Copy)]
pub struct Flood {
    /// Requests allowed in a window.
    pub requests: u32,
    /// Length of the window.
    pub window: Duration,
    /// Status of the refusal: 429 (4.5) or 200 (4.4, eGov).
    pub status: u16,
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self {
            articles: 300,
            same_time: 25,
            traps: true,
            faults: false,
            flood: None,
            robots: String::new(),
            gzip: true,
            page_bytes: 0,
            latency: Duration::ZERO,
            port: 0,
        }
    }
}

impl PortalConfig {
    /// The benchmark's portal: pages of about 37 KB, no traps.
    pub fn benchmark(articles: usize) -> Self {
        Self {
            articles,
            same_time: 0,
            traps: false,
            page_bytes: 37_000,
            ..Self::default()
        }
    }
}

/// A running portal; it stops when dropped.
#[derive(Debug)]
pub struct Portal {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Portal {
    /// Starts a portal on loopback.
    pub fn start(config: PortalConfig) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(config, address.port()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("portal".to_owned())
            .spawn(move || runtime.block_on(server::serve(listener, serving, stopped)))?;
        Ok(Self {
            address,
            state,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `http://127.0.0.1:PORT/`
    pub fn base(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Every article that a visitor sees now.
    pub fn truth(&self) -> Vec<Truth> {
        self.state.truth()
    }

    /// Every request since the start, in order of arrival.
    pub fn hits(&self) -> Vec<Hit> {
        self.state.hits()
    }

    /// Changes an article's first paragraph; gives false when there is no such article.
    pub fn edit(&self, id: u64, paragraph: &str) -> bool {
        self.state.edit(id, paragraph)
    }

    /// Takes an article away: it answers 404 and no list names it.
    pub fn delete(&self, id: u64) -> bool {
        self.state.delete(id)
    }

    /// Publishes a new article, the newest of its category; gives its id.
    pub fn publish(&self, title: &str) -> u64 {
        self.state.publish(title)
    }

    /// Changes the anti-flood rule.
    pub fn set_flood(&self, flood: Option<Flood>) {
        self.state.set_flood(flood);
    }

    /// Stops the portal and waits for its thread.
    pub fn stop(mut self) {
        self.halt();
    }

    fn halt(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.halt();
    }
}
