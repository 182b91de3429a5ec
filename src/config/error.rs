//! What is wrong with a configuration: where it stands, and what to write instead.

use std::path::PathBuf;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {file}: {why}; name another with --config, or run `khobao init`", file = .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A key or a value is wrong.
    #[error("{file}:{line}: {what}", file = .file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong and what to write instead.
        what: String,
    },
    /// No site of this name.
    #[error("no site {name:?} in {file}; known: {known}", file = .file.display())]
    UnknownSite {
        /// The name.
        name: String,
        /// The file.
        file: PathBuf,
        /// The known names.
        known: String,
    },
    /// A disabled site was named whose host another one asks.
    #[error("site {name:?} is disabled and shares its host with site {other:?}: each host has one pace; crawl {other:?}, or disable it first in {file}", file = .file.display())]
    OneHost {
        /// The site.
        name: String,
        /// The other one.
        other: String,
        /// The file.
        file: PathBuf,
    },
    /// Nothing to crawl.
    #[error("no site is enabled in {file}; add a [[sites]] table or set `enabled = true`", file = .file.display())]
    NothingEnabled {
        /// The file.
        file: PathBuf,
    },
}
