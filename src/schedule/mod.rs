//! Floor 6: when each site is crawled next, and how each one stands.
//!
//! `due` says when (pure), `status` what is known of each site and of the disk, `metrics`
//! the same as figures, `units` what cron and systemd are told. Running the crawls is the command line's.

pub mod due;
mod metrics;
pub mod status;
pub mod units;

pub use due::{Timing, next_start};
pub use metrics::{CONTENT_TYPE, metrics};
pub use status::{Health, SiteStatus, Status};
