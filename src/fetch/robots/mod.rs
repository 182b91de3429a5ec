//! robots.txt by RFC 9309: what a portal lets a crawler named `khobao` fetch.
//!
//! Owns the rules of one origin ([`Robots`], serialisable, at most 24 hours good) and the way to
//! get them ([`RobotsFetch`], a state machine without I/O; [`fetch`] drives it under a host's
//! gate). It never caches by itself and never skips a URL: it gives a [`Verdict`].

mod fetch;
mod rules;

pub use fetch::{RobotsFetch, Step, fetch};
pub use rules::{BYTE_LIMIT, Robots, Verdict};

/// Our product token (RFC 9309, section 2.2.1).
pub const TOKEN: &str = "khobao";
