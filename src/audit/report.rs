//! What an audit says: the fields of its JSON form, which `docs/audit.md` explains.

use super::calendar::Calendar;
use super::chain::Chain;
use super::class::Figure;
use super::found::Found;
use super::ids::Ids;
use super::sources::Sources;
use super::urls::Outcomes;
use crate::archive::ArchiveError;
use crate::domain::SiteId;
use serde::Serialize;
use std::collections::BTreeMap;

/// What an audit found. `docs/audit.md` explains the field names of its JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// Version of these fields.
    pub version: u32,
    /// When it was made, RFC 3339, UTC.
    pub made_at: String,
    /// The sites, in the order of the configuration.
    pub sites: Vec<SiteAudit>,
    /// Rows and captures that cannot be read.
    pub damage: Found<Damaged>,
    /// URLs of sites that the configuration does not have, by site: not audited.
    pub unknown_sites: BTreeMap<String, u64>,
    /// All sites together.
    pub figure: Figure,
    /// Whether no site has more unexplained articles than it may.
    pub complete: bool,
}

/// What was found of one site.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SiteAudit {
    /// Its name in the archive.
    pub site: SiteId,
    /// Its name for people.
    pub name: String,
    /// Its address.
    pub base: String,
    /// The newest crawl's report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_crawl: Option<LastCrawl>,
    /// What bears on the rest.
    pub notes: Vec<String>,
    /// Records.
    pub records: u64,
    /// Records whose page the portal does not have any more.
    pub records_gone: u64,
    /// The newer/older chain.
    pub chain: Chain,
    /// Sequence numbers.
    pub ids: Ids,
    /// Listings, feeds and sitemaps.
    pub sources: Sources,
    /// Articles by month and category.
    pub calendar: Calendar,
    /// What became of every known article, by class and outcome.
    pub outcomes: Outcomes,
    /// The unexplained ones.
    pub unexplained: Found<Unexplained>,
    /// Every known article URL, counted in exactly one class.
    pub figure: Figure,
    /// Unexplained articles that the configuration allows.
    pub allowed: u64,
    /// Whether there are no more of them.
    pub complete: bool,
}

/// A site's newest crawl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastCrawl {
    /// When it began, RFC 3339.
    pub started: String,
    /// How it ended: `done`, `stopped`, `limit`, `failed`; absent when it was cut short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// URLs that wait now.
    pub pending: u64,
}

/// An article that nobody can tell anything about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unexplained {
    /// Its URL.
    pub url: String,
    /// Why: the name of an outcome that explains nothing (`incomplete`, `reader_fault`), or
    /// `waiting`, `never_asked`, `never_taken_up`, `record_lost`, `redirect_not_followed`.
    pub why: &'static str,
    /// A page that names it, where only pages do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_by: Option<String>,
}

/// Something that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damaged {
    /// What it is.
    pub what: String,
    /// What is wrong.
    pub why: String,
}

pub(super) fn damaged(what: &str, why: &ArchiveError) -> Damaged {
    Damaged {
        what: what.to_owned(),
        why: why.to_string(),
    }
}
