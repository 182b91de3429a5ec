//! Khobao keeps a complete, provable archive of provincial news portals.
//!
//! The floors, from the bottom up (imports run downwards only; `tests/floors.rs` checks it):
//! `domain` (types without I/O), `extract` (pure: bytes in, page out), `archive` (everything on
//! disk), `fetch` (everything on the wire), `crawl` (the loop), `export`, `audit` and `schedule`,
//! `cli`. `config` is
//! readable by every floor above `domain`; `portal` is a NukeViet-like portal of our own for the
//! demo, the tests and the benchmark, and knows none of them.

// Tests and benchmarks may: there a panic is the report.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::print_stdout
    )
)]

pub mod archive;
pub mod audit;
pub mod cli;
pub mod config;
pub mod crawl;
pub mod domain;
pub mod export;
pub mod extract;
pub mod fetch;
pub mod notify;
pub mod portal;
pub mod schedule;
