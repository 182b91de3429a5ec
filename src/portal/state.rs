//! What all connections share: the site, the switches, the log.

use super::canned::Canned;
use super::config::{Flood, PortalConfig, Versions};
use super::flood::FloodGate;
use super::hits::Hit;
use super::model::Site;
use super::reply::Reply;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

/// What can be switched while the portal runs.
#[derive(Debug, Clone)]
pub(super) struct Knobs {
    pub(super) flood: Flood,
    pub(super) latency: Duration,
    /// Requests that get this fault instead of their answer: how many more.
    pub(super) outage: Option<(&'static str, usize)>,
    pub(super) robots_status: Option<u16>,
    pub(super) fault_delay: Duration,
    pub(super) versions: Versions,
}

/// The portal's state.
pub(super) struct Shared {
    pub(super) config: PortalConfig,
    pub(super) root: String,
    pub(super) other_root: String,
    pub(super) site: RwLock<Site>,
    pub(super) knobs: Mutex<Knobs>,
    pub(super) gate: Mutex<FloodGate>,
    pub(super) hits: Mutex<Vec<Hit>>,
    pub(super) nonce: AtomicU64,
    pub(super) connections: AtomicU64,
    pub(super) open: AtomicUsize,
    pub(super) started: Instant,
    /// Pages rendered once, by path, already compressed; `None` when pages are rendered anew.
    pub(super) rendered: RwLock<Option<HashMap<String, Arc<Reply>>>>,
    /// Number of the first `/tin-tuc/loi-N.html`.
    pub(super) faults_from: u32,
    pub(super) fault_counts: Mutex<HashMap<String, u32>>,
    /// Answers put in place of the portal's own, by path and query: how many more.
    pub(super) canned: Mutex<HashMap<String, (Canned, usize)>>,
    pub(super) port: u16,
}
