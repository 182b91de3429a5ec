//! The pace of one host: how often and how many at once a portal may be asked.
//!
//! Owns the gate that every request to a host passes (`gate`), the exact spacing of the send
//! instants (`mark`), what is learned from the answers (`state`), `Retry-After` and crawl hours.
//! It never sends anything and never gives up a task: it says "now", or "not before".

mod gate;
mod hours;
mod mark;
mod retry_after;
mod state;

pub use gate::{HostGate, Permit};
pub use hours::CrawlHours;
pub use mark::SendMark;
pub use retry_after::retry_after;
pub use state::{Feedback, HostState, Parked};

use std::time::Duration;

/// No gap, pause or delay is longer: keeps arithmetic on instants safe.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How politely a host is asked.
#[derive(Debug, Clone)]
pub struct PaceSettings {
    /// Least time between two requests, as the server sees it. Zero means no limit at all.
    pub pace: Duration,
    /// Requests under way at once.
    pub concurrency: usize,
    /// Added to each gap: a random part of up to this share of it.
    pub jitter: f64,
    /// The slowest pace that is learned from refusals and latency.
    pub max_pace: Duration,
    /// Longest pause that a `Retry-After` can ask for.
    pub retry_after_cap: Duration,
    /// Longest pause after a failure, before the host is parked.
    pub back_off_cap: Duration,
    /// Failures in a row after which the host is parked.
    pub failures: u32,
    /// How long it is parked the first time; doubles each time in a row.
    pub park: Duration,
    /// Longest parking.
    pub park_cap: Duration,
    /// Pauses up to this long are waited out; longer ones are handed to the caller.
    pub wait_limit: Duration,
    /// Hours in which the host may be asked.
    pub hours: Option<CrawlHours>,
}

impl Default for PaceSettings {
    fn default() -> Self {
        Self {
            pace: Duration::from_secs(2),
            concurrency: 1,
            jitter: 0.25,
            max_pace: Duration::from_secs(60),
            retry_after_cap: Duration::from_secs(3600),
            back_off_cap: Duration::from_secs(300),
            failures: 8,
            park: Duration::from_secs(300),
            park_cap: Duration::from_secs(6 * 3600),
            wait_limit: Duration::from_secs(30),
            hours: None,
        }
    }
}

/// A random share of `most`, from nothing to all of it.
pub(crate) fn random_up_to(most: Duration) -> Duration {
    if most.is_zero() {
        return Duration::ZERO;
    }
    governor::Jitter::up_to(most) + Duration::ZERO
}
