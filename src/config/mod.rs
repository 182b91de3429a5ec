//! `config.toml`: what is crawled, how politely, and where the archive is.
//!
//! Owns reading and checking; knows no profile's content (the caller hands over the names).
//! Every mistake is an error with file, line and what to write instead, before any request.

mod check;
mod error;
mod formerly;
mod notify;
mod raw;
mod times;

use crate::domain::{Moves, SiteId, UrlPolicy};
use chrono_tz::Tz;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

pub use error::ConfigError;
pub use notify::{Email, Mailer, Metrics, Notify, On, Ping, Secret, Webhook, check_smtp};
pub use raw::TEMPLATE;
pub use times::When;

/// A checked configuration. Paths are absolute or relative to the process, ready to use.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file that it came from.
    pub file: PathBuf,
    /// The archive's directory.
    pub archive: PathBuf,
    /// Largest size of one WARC file, bytes.
    pub warc_size: u64,
    /// The engine under a new archive's index: `sled` or `redb`; `None` is sled.
    pub engine: Option<String>,
    /// Who runs the archive: part of the User-Agent and of every warcinfo record.
    pub contact: Option<String>,
    /// A directory of profiles that override or add to the built-in ones.
    pub selectors: Option<PathBuf>,
    /// Limits of one request.
    pub limits: Limits,
    /// Starts of scheduled crawls are spread over this long.
    pub jitter: Duration,
    /// A scheduled crawl ends after this long, and goes on the next time.
    pub max_time: Duration,
    /// Who is told how a crawl ended.
    pub notify: Notify,
    /// Where figures for Prometheus go.
    pub metrics: Metrics,
    /// The sites, in the file's order, disabled ones included.
    pub sites: Vec<Site>,
}

/// Limits of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest response, bytes, on the wire and after decompression.
    pub max_bytes: usize,
    /// To connect, TLS included.
    pub connect: Duration,
    /// From the request to the response's head.
    pub header: Duration,
    /// Longest silence in the body.
    pub idle: Duration,
    /// The whole exchange.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 16 << 20,
            connect: Duration::from_secs(15),
            header: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(300),
        }
    }
}

/// One portal.
#[derive(Debug, Clone)]
pub struct Site {
    /// Its name in the archive.
    pub id: SiteId,
    /// Its name for people.
    pub name: String,
    /// Scheme and host of every canonical URL.
    pub base: Url,
    /// Addresses that it had before (`formerly`), in the spelling of their own site's table.
    pub formerly: Vec<Url>,
    /// Where its URLs were before, or, when it has become part of another site, are today.
    pub moves: Option<Arc<Moves>>,
    /// Further hosts that belong to it.
    pub hosts: Vec<String>,
    /// The profile's name.
    pub profile: String,
    /// Start pages.
    pub seeds: Vec<Url>,
    /// Least time between two requests.
    pub pace: Duration,
    /// Requests under way at once.
    pub concurrency: usize,
    /// Most known articles that an update visits again.
    pub revisit: usize,
    /// Whether private and loopback addresses may be asked.
    pub allow_private: bool,
    /// Whether a crawl without names takes it.
    pub enabled: bool,
    /// What is captured beside pages.
    pub capture: Capture,
    /// Accept TLS faults, recording them.
    pub tls_relaxed: bool,
    /// PEM certificates trusted for this site.
    pub extra_ca: Option<PathBuf>,
    /// The zone of dates without one.
    pub timezone: Tz,
    /// Hours (start, end; minutes since midnight in `timezone`) in which requests may be made.
    pub hours: Option<(u16, u16)>,
    /// When it is crawled by itself (`khobao schedule`).
    pub when: Option<When>,
    /// The province before July 2025 that the portal speaks for.
    pub province: Option<String>,
    /// Unexplained articles that `khobao audit` lets pass; more are an alarm.
    pub unexplained: u64,
    /// Whether its pages are watched for drift.
    pub drift: bool,
}

impl Site {
    /// The canonicalisation policy; `drop_params` come from the profile.
    pub fn url_policy(&self, drop_params: &[String]) -> UrlPolicy {
        let own = self.moves.clone().filter(|_| !self.formerly.is_empty());
        UrlPolicy::new(&self.base, &self.hosts, drop_params).formerly(own)
    }

    /// Sites that have become part of this one.
    pub fn absorbed(&self) -> &[SiteId] {
        let own = self
            .moves
            .as_deref()
            .filter(|moves| *moves.site() == self.id);
        own.map_or(&[], Moves::sites)
    }
}

/// What is captured beside pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capture {
    /// Images of articles.
    pub images: bool,
    /// Attachments of articles.
    pub attachments: bool,
}

impl Config {
    /// Reads and checks `file`. `profiles` are the names that exist.
    pub fn load(file: &Path, profiles: &dyn Fn(&str) -> bool) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|why| ConfigError::Unreadable {
            file: file.to_owned(),
            why: why.to_string(),
        })?;
        Self::parse(file, &text, profiles)
    }

    /// Checks `text`, which came from `file`.
    pub fn parse(
        file: &Path,
        text: &str,
        profiles: &dyn Fn(&str) -> bool,
    ) -> Result<Self, ConfigError> {
        check::check(file, text, profiles)
    }

    /// Who is told, and the archive's folder, read from a file that may be wrong elsewhere; `None`
    /// where they cannot be read themselves.
    pub fn told(file: &Path) -> Option<(Notify, PathBuf)> {
        let text = std::fs::read_to_string(file).ok()?;
        notify::told(file, &text)
    }

    /// The directory that holds a configuration's own profiles, read before the rest is checked.
    pub fn selectors_dir(file: &Path) -> Option<PathBuf> {
        let text = std::fs::read_to_string(file).ok()?;
        let raw: raw::Config = toml::from_str(&text).ok()?;
        raw.crawler
            .selectors
            .map(|dir| raw::beside(file, dir.get_ref()))
    }

    /// The sites that a crawl of `names` takes: the named ones, or all enabled ones.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Site>, ConfigError> {
        if names.is_empty() {
            let chosen: Vec<&Site> = self.sites.iter().filter(|site| site.enabled).collect();
            if chosen.is_empty() {
                return Err(ConfigError::NothingEnabled {
                    file: self.file.clone(),
                });
            }
            return Ok(chosen);
        }
        let chosen: Vec<&Site> = names
            .iter()
            .map(|name| {
                self.sites
                    .iter()
                    .find(|site| site.id.as_str() == name)
                    .ok_or_else(|| {
                        let known: Vec<&str> = self.sites.iter().map(|s| s.id.as_str()).collect();
                        ConfigError::UnknownSite {
                            name: name.clone(),
                            file: self.file.clone(),
                            known: known.join(", "),
                        }
                    })
            })
            .collect::<Result<_, _>>()?;
        for one in chosen.iter().filter(|site| !site.enabled) {
            let mut others = self.sites.iter().filter(|other| other.id != one.id);
            if let Some(other) = others.find(|other| {
                (other.enabled || chosen.iter().any(|site| site.id == other.id))
                    && check::share_a_host(one, other)
            }) {
                return Err(ConfigError::OneHost {
                    name: one.id.to_string(),
                    other: other.id.to_string(),
                    file: self.file.clone(),
                });
            }
        }
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests;
