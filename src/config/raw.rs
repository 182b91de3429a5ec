//! The file as it is written: every key, with its place, before anything is checked.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// What `khobao init` writes.
pub const TEMPLATE: &str = include_str!("template.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    #[serde(default)]
    pub archive: Archive,
    #[serde(default)]
    pub crawler: Crawler,
    #[serde(default)]
    pub schedule: Schedule,
    pub notify: Option<Notify>,
    #[serde(default)]
    pub metrics: Metrics,
    #[serde(default)]
    pub sites: Vec<Spanned<Site>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Archive {
    pub path: Option<Spanned<String>>,
    pub engine: Option<Spanned<String>>,
    pub warc_size: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Crawler {
    pub contact: Option<Spanned<String>>,
    pub selectors: Option<Spanned<String>>,
    pub max_size: Option<Spanned<String>>,
    pub connect_timeout: Option<Spanned<String>>,
    pub header_timeout: Option<Spanned<String>>,
    pub idle_timeout: Option<Spanned<String>>,
    pub total_timeout: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schedule {
    pub jitter: Option<Spanned<String>>,
    pub max_time: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notify {
    pub on: Option<Spanned<String>>,
    pub remind: Option<Spanned<String>>,
    pub webhook: Option<Spanned<String>>,
    pub webhook_key: Option<Spanned<String>>,
    #[serde(default)]
    pub webhook_headers: BTreeMap<String, Spanned<String>>,
    pub email_to: Option<Spanned<Vec<Spanned<String>>>>,
    pub email_from: Option<Spanned<String>>,
    pub smtp: Option<Spanned<String>>,
    pub smtp_password: Option<Spanned<String>>,
    pub sendmail: Option<Spanned<String>>,
    pub command: Option<Spanned<Vec<String>>>,
    pub ping: Option<Spanned<String>>,
    pub ping_style: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metrics {
    pub file: Option<Spanned<String>>,
    pub listen: Option<Spanned<String>>,
}

/// What is read of a file that is wrong elsewhere, so that somebody is told of it.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    #[serde(default)]
    pub archive: toml::Table,
    pub notify: Option<Notify>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Site {
    pub id: Spanned<String>,
    pub name: Option<String>,
    pub base: Spanned<String>,
    #[serde(default)]
    pub formerly: Vec<Spanned<String>>,
    #[serde(default)]
    pub hosts: Vec<String>,
    pub profile: Spanned<String>,
    pub seeds: Option<Vec<Spanned<String>>>,
    pub pace: Option<Spanned<String>>,
    pub concurrency: Option<Spanned<usize>>,
    pub revisit: Option<usize>,
    #[serde(default)]
    pub allow_private: bool,
    pub enabled: Option<bool>,
    pub capture: Option<Vec<Spanned<String>>>,
    pub tls: Option<Spanned<String>>,
    pub extra_ca: Option<Spanned<String>>,
    pub timezone: Option<Spanned<String>>,
    pub hours: Option<Spanned<String>>,
    pub schedule: Option<Spanned<String>>,
    pub province: Option<String>,
    #[serde(default)]
    pub unexplained: u64,
    pub drift: Option<bool>,
}

/// `path` relative to the folder of `file`.
pub(super) fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
}
