//! Keys and rows of the index. One table; the first byte says what a key is; numbers are
//! big-endian so that they sort. Rows are JSON, sealed by `store::seal_value`.
//!
//! | prefix | key | row |
//! |---|---|---|
//! | `m` | name | archive facts |
//! | `s` | site | [`SiteRow`] |
//! | `h` | host | learned pace, parking, robots.txt (owned by `fetch`, opaque here) |
//! | `u` | URL hash | [`UrlRow`]: every URL ever met |
//! | `q` | site, 0, priority, due, URL hash | nothing: the frontier's order |
//! | `r` | record | [`RecordRow`] with its current revision |
//! | `v` | record, revision | [`RevisionRow`] that was replaced |
//! | `d` | content digest, site | the first record with this title, time and text |
//! | `x` | text digest | the first record with this text |
//! | `b` | band, 16 bits of the simhash, simhash, record | nothing: near copies |
//! | `y` | record, other record | nothing: the other one shares a body of the first |
//! | `t` | site, 0, published, record | nothing: the export's order |
//! | `c` | URL hash, time | [`CaptureRow`] |
//! | `f` | WARC file, 0, offset | URL hash and time of the capture that stands there |
//! | `p` | payload digest | [`CaptureRow`] of the first capture of an image or attachment |
//! | `e` | 0, site | [`super::Habits`]: how often it changes its articles |
//! | `e` | 1, URL hash | the articles that a list, feed or sitemap named at its last visit |
//! | `e` | 2, site | [`super::Honesty`]: whether its validators may be believed |
//! | `n` | start time | run report |
//! | `z` | site, 0, name | [`Alarm`](super::Alarm) of drift |
//! | `k` | record, capture time | [`Quarantine`](super::Quarantine) of the revision read from that capture |
//! | `a` | record | the URL at which it is now, where that is not its first |
//! | `o` | hash of a URL of another host, URL hash | nothing: the second redirects to the first |
//! | `w` | URL hash | tombstone of a withdrawn record, under each of its URLs |

use super::validators::Validators;
use crate::domain::{
    Article, CanonicalUrl, CharsetFacts, Digest, LinkKind, Outcome, RecordId, SiteId, TlsFacts,
    Warning,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The layout described above. Version 1 had no rows `b`, `f`, `w` and `y`, and neither sum nor
/// ledger; in version 2 no value of sled lay apart from its key (`store::Apart`).
pub const SCHEMA_VERSION: u32 = 3;
/// Indexes from this version on are read as they are, and then have today's; an older one is made
/// anew from the WARC files.
pub const SCHEMA_READ: u32 = 2;

/// First 128 bits of the SHA-256 of a URL.
pub type UrlHash = [u8; 16];

/// The hash under which a URL is known.
pub fn url_hash(url: &str) -> UrlHash {
    Digest::of(url).prefix()
}

/// What a task is for; decides its priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// robots.txt; never queued.
    Robots,
    /// A configured start page.
    Seed,
    /// A listing's first page.
    Listing,
    /// A further page of a listing.
    NextPage,
    /// A feed.
    Feed,
    /// A sitemap.
    Sitemap,
    /// An article.
    Article,
    /// An image of an article.
    Image,
    /// An attachment of an article.
    Attachment,
}

impl TaskKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Robots,
        Self::Seed,
        Self::Listing,
        Self::NextPage,
        Self::Feed,
        Self::Sitemap,
        Self::Article,
        Self::Image,
        Self::Attachment,
    ];

    /// Whether it names articles.
    pub fn is_list(self) -> bool {
        matches!(
            self,
            Self::Seed | Self::Listing | Self::Feed | Self::Sitemap
        )
    }

    /// Its name in WARC records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Robots => "robots",
            Self::Seed => "seed",
            Self::Listing => "listing",
            Self::NextPage => "next_page",
            Self::Feed => "feed",
            Self::Sitemap => "sitemap",
            Self::Article => "article",
            Self::Image => "image",
            Self::Attachment => "attachment",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Smaller is earlier: what leads on, then articles, then media.
    pub fn priority(self) -> u8 {
        match self {
            Self::Robots => 0,
            Self::Seed => 1,
            Self::Listing | Self::Feed | Self::Sitemap => 2,
            Self::NextPage => 3,
            Self::Article => 4,
            Self::Image => 6,
            Self::Attachment => 7,
        }
    }

    /// Whether the page leads to articles and is visited again by every run.
    pub fn is_navigation(self) -> bool {
        matches!(
            self,
            Self::Seed | Self::Listing | Self::NextPage | Self::Feed | Self::Sitemap
        )
    }

    /// Whether it is an article's image or attachment.
    pub fn is_media(self) -> bool {
        matches!(self, Self::Image | Self::Attachment)
    }
}

/// Priority of a listing's further page under `--since`: after the articles before it.
pub const BEHIND: u8 = 5;
/// Priority of what failed and is tried again by the next run.
pub const NEXT_RUN: u8 = 9;

/// Where a queued task stands in the frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Priority.
    pub prio: u8,
    /// Microseconds since 1970 from which it may be fetched.
    pub due: i64,
}

/// Every URL ever met, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlRow {
    /// The URL as it is fetched (canonical form).
    pub url: String,
    /// Its site.
    pub site: SiteId,
    /// What for.
    pub kind: TaskKind,
    /// How it was found.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub via: Option<LinkKind>,
    /// Redirects on the way here.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub hops: u8,
    /// URLs that redirected here: aliases of what is found.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub redirected_from: Vec<String>,
    /// The crawl (counted per site) that met it first.
    pub found: u32,
    /// The crawl that queued it last.
    pub generation: u32,
    /// A listing's further page under `--since`: the articles of the page before it. It is only
    /// fetched when one of them is young enough.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub behind: Vec<RecordId>,
    /// A listing's further page: what the page that led to it had.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub like: Option<Like>,
    /// Its place in the frontier; `None` when done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queued: Option<Queued>,
    /// Failed attempts since it was queued.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub attempts: u8,
    /// How it ended last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<Outcome>,
    /// The record that it is a URL of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<RecordId>,
    /// Where it redirected to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub redirect: Option<String>,
    /// The payload digest of its last capture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payload: Option<Digest>,
    /// Time of its last capture that is no revisit record, microseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub captured: Option<i64>,
    /// Time of its last capture, microseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub visited: Option<i64>,
    /// What the server said of the version of its last capture that is no 304; of articles.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub validators: Option<Validators>,
}

/// The articles that a listing's page names, and how many pages before it named the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Like {
    /// First 64 bits of a digest of their URLs.
    pub items: u64,
    /// Pages in a row.
    pub times: u8,
}

impl UrlRow {
    /// Its place among the tasks of its site.
    pub fn priority(&self) -> u8 {
        if self.behind.is_empty() {
            self.kind.priority()
        } else {
            BEHIND
        }
    }
}

fn is_zero(n: &u8) -> bool {
    *n == 0
}

/// One capture: where an exchange stands in the WARC files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureRow {
    /// The URL that was asked for, in canonical form.
    pub url: String,
    /// The URL as it was sent (WARC-Target-URI), where that is another spelling.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uri: Option<String>,
    /// When, microseconds since 1970.
    pub at: i64,
    /// File name in `warc/`.
    pub file: String,
    /// Offset of the response's gzip member.
    pub offset: u64,
    /// Its length.
    pub length: u64,
    /// WARC-Record-ID.
    pub warc_record: String,
    /// SHA-256 of the payload (after transfer-decoding).
    pub payload: Digest,
    /// HTTP status.
    pub status: u16,
    /// The record that was read from it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<RecordId>,
    /// True when the WARC holds a revisit record.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub revisit: bool,
    /// True of a revisit whose first capture never came here: it has no payload, and `payload` is
    /// that of nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub lone: bool,
}

/// Where a revision comes from, so that it can be cited and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The capture.
    pub capture: CaptureRow,
    /// Name of the profile that read it.
    pub profile: String,
    /// SHA-256 of the profile.
    pub profile_hash: String,
    /// The rule that won, per field.
    #[serde(default)]
    pub rules: BTreeMap<String, String>,
    /// What robots.txt said.
    pub robots: String,
    /// TLS facts, `None` on plain HTTP.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls: Option<TlsFacts>,
    /// Declared and used charset.
    #[serde(default)]
    pub charset: CharsetFacts,
    /// Version of the crawler.
    pub crawler: String,
}

/// One distinct content of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionRow {
    /// Counted from 1.
    pub number: u32,
    /// When it was fetched first, microseconds since 1970.
    pub fetched_at: i64,
    /// The fields. `body` is empty when `body_of` is set.
    pub article: Article,
    /// The record and revision whose body this one shares, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body_of: Option<(RecordId, u32)>,
    /// Of every field that makes a revision.
    pub content: Digest,
    /// Of the normalised title and text.
    pub digest: Digest,
    /// Of the normalised text.
    pub text_digest: Digest,
    /// 64-bit simhash of the text's word triples, hexadecimal.
    pub simhash: String,
    /// Where it comes from.
    pub provenance: Provenance,
    /// What was odd.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Earlier readings of the same capture, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub readings: Vec<Reading>,
}

/// A reading that another one has replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// When, RFC 3339.
    pub replaced_at: String,
    /// The profile that had read it.
    pub profile: String,
    /// SHA-256 of that profile.
    pub profile_hash: String,
    /// Version of the crawler that had read it.
    pub crawler: String,
    /// The fields that the next reading has otherwise.
    pub changed: Vec<String>,
}

/// One article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRow {
    /// Identity.
    pub id: RecordId,
    /// Canonical URL.
    pub url: CanonicalUrl,
    /// Other URLs of the same article.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The alias at which it is now: its site has moved, or renamed it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub moved_to: Option<String>,
    /// The portal.
    pub site: SiteId,
    /// The province that the portal speaks for, as configured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub province: Option<String>,
    /// The current revision.
    pub current: RevisionRow,
    /// The first record with the same text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub same_as: Option<RecordId>,
    /// An earlier record whose text is nearly the same (simhashes differ in at most 3 bits).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub near: Option<RecordId>,
    /// When it was seen last, microseconds since 1970.
    pub last_seen: i64,
    /// Since when its URL answers that it is not there, microseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gone: Option<i64>,
    /// Its key in the time index.
    pub sort: i64,
}

/// How far the crawl of a site is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteRow {
    /// Crawls begun so far; the current or last one's number.
    pub generation: u32,
    /// Whether the current one has not ended.
    pub open: bool,
    /// Whether it follows everything, or only what is new.
    pub full: bool,
    /// Whether a crawl of everything has ever ended.
    pub complete_once: bool,
    /// `--since` of the current one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<chrono::NaiveDate>,
    /// When its start pages were queued last, microseconds since 1970.
    #[serde(default)]
    pub started: i64,
    /// The former addresses that its records were judged with.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub formerly: Vec<String>,
}

/// A prefix followed by parts.
pub fn key(prefix: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    out.push(prefix);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// The end of the range of all keys that start with `prefix`.
pub fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; 64]
}

/// Sorts like the number, negative ones included.
pub fn sortable(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// The key of a frontier entry.
pub fn queue_key(site: &SiteId, queued: Queued, hash: &UrlHash) -> Vec<u8> {
    key(
        b'q',
        &[
            site.as_str().as_bytes(),
            &[0, queued.prio],
            &sortable(queued.due),
            hash,
        ],
    )
}

/// The key of a record in the time index.
pub fn time_key(site: &SiteId, sort: i64, id: RecordId) -> Vec<u8> {
    key(
        b't',
        &[site.as_str().as_bytes(), &[0], &sortable(sort), &id.0],
    )
}

/// The key of a capture.
pub fn capture_key(hash: &UrlHash, at: i64) -> Vec<u8> {
    key(b'c', &[hash, &sortable(at)])
}

/// The key of a place in a WARC file.
pub fn place_key(file: &str, offset: u64) -> Vec<u8> {
    key(b'f', &[file.as_bytes(), &[0], &offset.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn keys_sort_like_numbers(a: i64, b: i64) {
            proptest::prop_assert_eq!(a.cmp(&b), sortable(a).cmp(&sortable(b)));
        }

        #[test]
        fn the_end_of_a_prefix_is_after_all_its_keys(prefix: Vec<u8>, tail in proptest::collection::vec(0_u8.., 0..9)) {
            proptest::prop_assume!(prefix.first().is_some_and(|b| *b < 0xff));
            let mut inside = prefix.clone();
            inside.extend(tail);
            proptest::prop_assert!(inside < after(&prefix));
        }
    }
}
