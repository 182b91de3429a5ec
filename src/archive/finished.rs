//! What the crawl hands to the writer, and what the writer made of it.

use super::Task;
use super::judge::Extracted;
use super::schema::{TaskKind, UrlHash};
use crate::domain::{Digest, Exchange, LinkKind, Moves, Outcome, RecordId, SiteId};
use std::sync::Arc;

/// A task that is finished, for better or worse.
#[derive(Debug)]
pub struct Finished {
    /// The task.
    pub task: Task,
    /// What is to be captured; `None` when nothing was sent, or nothing may be kept.
    pub exchange: Option<Exchange>,
    /// SHA-256 of the exchange's payload.
    pub payload: Digest,
    /// What robots.txt said; empty for robots.txt itself.
    pub robots: String,
    /// How it ended.
    pub end: End,
    /// Links to follow.
    pub links: Vec<NewTask>,
    /// Links that are skipped by rule, for the report.
    pub skipped: Vec<Outcome>,
    /// Bytes that came over the wire, and requests sent.
    pub traffic: (u64, u64),
    /// Where the site's URLs were before, if it has moved.
    pub moves: Option<Arc<Moves>>,
}

/// How a task ended.
#[derive(Debug)]
pub enum End {
    /// With an article.
    Article(Box<Extracted>),
    /// With 304 to a request on the condition that the article has changed.
    NotModified,
    /// With something else.
    Plain(Outcome),
    /// With a redirect inside the site.
    Redirect(NewTask),
    /// Not yet: again at this time (microseconds since 1970). `counts` is false for flood
    /// pages, which say nothing about the URL.
    Retry {
        /// When.
        due: i64,
        /// Why.
        outcome: Outcome,
        /// Whether it counts as a failed attempt.
        counts: bool,
    },
    /// Given up for this run; the next one tries again.
    NextRun(Outcome),
}

/// A link that may become a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Canonical URL.
    pub url: String,
    /// What for.
    pub kind: TaskKind,
    /// How it was found.
    pub via: Option<LinkKind>,
}

/// What the archive made of a finished task; everything in it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The site.
    pub site: SiteId,
    /// The task.
    pub hash: UrlHash,
    /// What for.
    pub kind: TaskKind,
    /// `None` when it will be tried again in this run.
    pub outcome: Option<Outcome>,
    /// Tasks that it added.
    pub added: u64,
    /// The record, for articles.
    pub record: Option<RecordId>,
}

/// What a commit of one site's crawl must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrawlMode {
    /// The crawl's number.
    pub generation: u32,
    /// Everything, or only what is new.
    pub full: bool,
    /// Further listing pages wait for the articles of the page before them (`--since`).
    pub since: bool,
}
