//! What listings, feeds and sitemaps named, capture by capture, against what the archive has.
//!
//! Every archived capture with another content than the one before is read again, as the crawl
//! read it (`gather`). The captures of one URL stand together, so that one source at a time is in
//! memory (`fold`).

mod fold;
mod gather;

use super::class::Class;
use super::found::Found;
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) use gather::Gatherer;

/// What the sources of one site named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sources {
    /// By kind: `seed`, `listing`, `next_page`, `feed`, `sitemap`.
    pub kinds: BTreeMap<&'static str, KindSum>,
    /// Each page.
    pub pages: Found<Source>,
    /// Pages that the portal gave no usable answer for, or that were never asked for: articles
    /// that only they name are not known.
    pub unread: Found<Unread>,
    /// How the captures of each feed join.
    pub feeds: Vec<Overlap>,
}

/// Sources of one kind together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KindSum {
    /// Pages with a capture.
    pub pages: u64,
    /// Captures with status 200.
    pub captures: u64,
    /// Distinct article URLs that they named.
    pub named: u64,
    /// Those, by what became of them.
    pub classes: BTreeMap<Class, u64>,
}

/// A listing, feed or sitemap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its URL.
    pub url: String,
    /// Its kind.
    pub kind: &'static str,
    /// Captures with status 200.
    pub captures: u64,
    /// Those that were read as something else (an error page, an empty feed), by outcome.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub read_as: BTreeMap<&'static str, u64>,
    /// Its first capture, RFC 3339.
    pub first: String,
    /// Its last capture.
    pub last: String,
    /// Articles that the last capture named.
    pub named_last: u64,
    /// Distinct article URLs that all captures named.
    pub named: u64,
    /// Those, by what became of them.
    pub classes: BTreeMap<Class, u64>,
    /// The unexplained ones, 20 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unexplained: Vec<String>,
}

/// A listing, feed or sitemap that was not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unread {
    /// Its URL.
    pub url: String,
    /// Its kind.
    pub kind: &'static str,
    /// How asking for it ended; `waiting` or `never_asked` when it did not begin.
    pub outcome: &'static str,
}

/// How the captures of a feed join: where none of the articles of one is in the next, some in
/// between may have passed unseen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// The feed.
    pub url: String,
    /// Its captures.
    pub captures: u64,
    /// Pairs of consecutive captures, both with articles.
    pub pairs: u64,
    /// Pairs that have an article in common.
    pub overlapping: u64,
    /// The others.
    pub gaps: Found<FeedGap>,
}

/// Two captures of a feed without a common article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FeedGap {
    /// When the earlier one was made, RFC 3339.
    pub after: String,
    /// When the later one was made.
    pub before: String,
}
