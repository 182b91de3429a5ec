//! What listings, feeds and sitemaps named, capture by capture, against what the archive has.
//!
//! Every archived capture with another content than the one before is read again, as the crawl
//! read it. The captures of one URL stand together, so that one source at a time is in memory.

use super::class::Class;
use super::found::{Found, KEPT};
use super::urls::{Known, Urls};
use super::{Damaged, damaged};
use crate::archive::schema::{CaptureRow, TaskKind, UrlHash, url_hash};
use crate::archive::{Archive, rfc3339};
use crate::crawl::NamedReader;
use crate::domain::{Digest, Outcome, SiteId};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Captures that are read at once.
const BATCH: usize = 64;
/// Unexplained URLs that are named of one source.
const NAMED: usize = 20;

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

/// What was read of a capture.
struct Read {
    outcome: Outcome,
    articles: HashSet<UrlHash>,
    /// Those that the archive does not know.
    unmet: Vec<(UrlHash, String)>,
}

/// A capture to be read.
struct Job {
    site: usize,
    kind: TaskKind,
    capture: CaptureRow,
    /// It has the content of the one before.
    same: bool,
}

/// A source whose captures are being read.
struct Open {
    site: usize,
    kind: TaskKind,
    source: Source,
    named: HashSet<UrlHash>,
    /// Time and articles of the last capture that named any.
    before: Option<(i64, HashSet<UrlHash>)>,
    overlap: Overlap,
}

/// Reads all of them.
pub(super) struct Gatherer<'a> {
    archive: &'a Archive,
    reader: &'a NamedReader<'a>,
    sites: &'a [SiteId],
    open: Option<Open>,
    done: Vec<Sources>,
    by_kind: Vec<HashMap<TaskKind, HashSet<UrlHash>>>,
    /// Texts of the URLs that only a source names, and which one.
    pub named: HashMap<UrlHash, (String, String)>,
}

impl<'a> Gatherer<'a> {
    pub fn new(archive: &'a Archive, reader: &'a NamedReader<'a>, sites: &'a [SiteId]) -> Self {
        Self {
            archive,
            reader,
            sites,
            open: None,
            done: vec![Sources::default(); sites.len()],
            by_kind: vec![HashMap::new(); sites.len()],
            named: HashMap::new(),
        }
    }

    /// Reads every capture of a source; URLs that the archive does not know are added to `urls`.
    pub fn gather(
        &mut self,
        urls: &mut Urls,
        damage: &mut Found<Damaged>,
        progress: &dyn Fn(&str),
    ) {
        let mut jobs: Vec<Job> = Vec::new();
        let mut last: Option<(String, Digest)> = None;
        for row in self.archive.capture_rows() {
            let capture = match row {
                Ok(capture) => capture,
                Err(why) => {
                    damage.push_with(|| damaged("capture", &why));
                    continue;
                }
            };
            let Some(known) = urls.map.get(&url_hash(&capture.url)) else {
                continue;
            };
            if !known.kind.is_navigation() || capture.status != 200 {
                continue;
            }
            let same = last
                .as_ref()
                .is_some_and(|(url, payload)| *url == capture.url && *payload == capture.payload);
            last = Some((capture.url.clone(), capture.payload));
            jobs.push(Job {
                site: known.site,
                kind: known.kind,
                capture,
                same,
            });
            if jobs.len() >= BATCH {
                self.batch(std::mem::take(&mut jobs), urls, damage);
                progress(
                    &last
                        .as_ref()
                        .map(|(url, _)| url.clone())
                        .unwrap_or_default(),
                );
            }
        }
        self.batch(jobs, urls, damage);
        self.close(urls);
    }

    /// Reads on all cores, and takes the results in order.
    fn batch(&mut self, jobs: Vec<Job>, urls: &mut Urls, damage: &mut Found<Damaged>) {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let next = AtomicUsize::new(0);
        let (reader, sites, known) = (self.reader, self.sites, &*urls);
        let read = || {
            let mut out = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(at) else { return out };
                if let Some(site) = sites.get(job.site).filter(|_| !job.same) {
                    out.push((at, one(reader, site, job, known)));
                }
            }
        };
        let mut results: HashMap<usize, Result<Read, String>> = std::thread::scope(|threads| {
            let others: Vec<_> = (1..cores).map(|_| threads.spawn(read)).collect();
            let mut all = read();
            for other in others {
                // Reading a page catches its own faults.
                all.extend(other.join().unwrap_or_default());
            }
            all.into_iter().collect()
        });
        for (at, job) in jobs.iter().enumerate() {
            let read = match results.remove(&at) {
                Some(Ok(read)) => Some(read),
                Some(Err(why)) => {
                    damage.push(Damaged {
                        what: job.capture.url.clone(),
                        why,
                    });
                    continue;
                }
                None if job.same => None,
                None => {
                    damage.push(Damaged {
                        what: job.capture.url.clone(),
                        why: "its capture was not read".to_owned(),
                    });
                    continue;
                }
            };
            self.take(job, read, urls);
        }
    }

    /// Takes one capture; `None` when it has the content of the one before.
    fn take(&mut self, job: &Job, read: Option<Read>, urls: &mut Urls) {
        let capture = &job.capture;
        if self
            .open
            .as_ref()
            .is_none_or(|open| open.source.url != capture.url)
        {
            self.close(urls);
            self.open = Some(Open::new(job));
        }
        for (hash, url) in read.iter().flat_map(|read| &read.unmet) {
            urls.map
                .entry(*hash)
                .or_insert_with(|| Known::unmet(job.site));
            if self.named.len() < KEPT {
                self.named
                    .entry(*hash)
                    .or_insert_with(|| (url.clone(), capture.url.clone()));
            }
        }
        if let Some(open) = &mut self.open {
            open.take(capture.at, read);
        }
    }

    fn close(&mut self, urls: &Urls) {
        let Some(open) = self.open.take() else { return };
        let mut source = open.source;
        let mut unexplained = Vec::new();
        for hash in &open.named {
            let class = urls.class(hash).0;
            *source.classes.entry(class).or_default() += 1;
            if class == Class::Unexplained {
                unexplained.push(*hash);
            }
        }
        unexplained.sort_unstable();
        unexplained.truncate(NAMED);
        source.unexplained = unexplained.iter().map(|hash| self.text(hash)).collect();
        source.unexplained.sort();
        source.named = open.named.len() as u64;
        if let Some(done) = self.done.get_mut(open.site) {
            let sum = done.kinds.entry(open.kind.name()).or_default();
            sum.pages += 1;
            sum.captures += source.captures;
            if open.kind == TaskKind::Feed {
                done.feeds.push(open.overlap);
            }
            done.pages.push(source);
        }
        if let Some(kinds) = self.by_kind.get_mut(open.site) {
            kinds.entry(open.kind).or_default().extend(open.named);
        }
    }

    /// The text of a URL.
    fn text(&self, hash: &UrlHash) -> String {
        match self.named.get(hash) {
            Some((url, _)) => url.clone(),
            None => super::url_text(self.archive, hash),
        }
    }

    /// What was found, by site. To be called once every article is known.
    pub fn finish(mut self, urls: &Urls) -> Vec<Sources> {
        for (done, kinds) in self.done.iter_mut().zip(&self.by_kind) {
            for (kind, named) in kinds {
                let sum = done.kinds.entry(kind.name()).or_default();
                sum.named = named.len() as u64;
                for hash in named {
                    *sum.classes.entry(urls.class(hash).0).or_default() += 1;
                }
            }
            done.pages.items.sort_by(|a, b| a.url.cmp(&b.url));
            done.feeds.sort_by(|a, b| a.url.cmp(&b.url));
        }
        let mut unread: Vec<(&UrlHash, &Known, &'static str)> = Vec::new();
        for (hash, known) in &urls.map {
            if known.kind.is_navigation()
                && let Some(why) = unread_because(known)
            {
                unread.push((hash, known, why));
            }
        }
        unread.sort_unstable_by_key(|(hash, _, _)| **hash);
        for (hash, known, outcome) in unread {
            if let Some(done) = self.done.get_mut(known.site) {
                done.unread.push_with(|| Unread {
                    url: super::url_text(self.archive, hash),
                    kind: known.kind.name(),
                    outcome,
                });
            }
        }
        for done in &mut self.done {
            done.unread.items.sort();
        }
        self.done
    }
}

impl Open {
    fn new(job: &Job) -> Self {
        let url = job.capture.url.clone();
        let at = rfc3339(job.capture.at);
        Self {
            site: job.site,
            kind: job.kind,
            source: Source {
                url: url.clone(),
                kind: job.kind.name(),
                captures: 0,
                read_as: BTreeMap::new(),
                first: at.clone(),
                last: at,
                named_last: 0,
                named: 0,
                classes: BTreeMap::new(),
                unexplained: Vec::new(),
            },
            named: HashSet::new(),
            before: None,
            overlap: Overlap {
                url,
                captures: 0,
                pairs: 0,
                overlapping: 0,
                gaps: Found::default(),
            },
        }
    }

    fn take(&mut self, at: i64, read: Option<Read>) {
        self.source.captures += 1;
        self.overlap.captures += 1;
        self.source.last = rfc3339(at);
        let Some(read) = read else {
            if let Some((before, _)) = &mut self.before {
                *before = at;
                self.overlap.pairs += 1;
                self.overlap.overlapping += 1;
            }
            return;
        };
        let leads_on = matches!(
            read.outcome,
            Outcome::Listing | Outcome::Feed | Outcome::Sitemap
        );
        if !leads_on {
            let name = read.outcome.name();
            *self.source.read_as.entry(name).or_default() += 1;
            return;
        }
        self.source.named_last = read.articles.len() as u64;
        self.named.extend(&read.articles);
        if read.articles.is_empty() {
            return;
        }
        if let Some((before, articles)) = &self.before {
            self.overlap.pairs += 1;
            if articles.is_disjoint(&read.articles) {
                self.overlap.gaps.push_with(|| FeedGap {
                    after: rfc3339(*before),
                    before: rfc3339(at),
                });
            } else {
                self.overlap.overlapping += 1;
            }
        }
        self.before = Some((at, read.articles));
    }
}

fn one(reader: &NamedReader<'_>, site: &SiteId, job: &Job, urls: &Urls) -> Result<Read, String> {
    let named = reader.read(site, job.kind, &job.capture)?;
    let mut articles = HashSet::with_capacity(named.articles.len());
    let mut unmet = Vec::new();
    for url in named.articles {
        let hash = url_hash(&url);
        if articles.insert(hash) && !urls.map.contains_key(&hash) {
            unmet.push((hash, url));
        }
    }
    Ok(Read {
        outcome: named.outcome,
        articles,
        unmet,
    })
}

fn unread_because(known: &Known) -> Option<&'static str> {
    match known.outcome {
        None if known.queued => Some("waiting"),
        None => Some("never_asked"),
        Some(Outcome::BeforeSince) => Some(Outcome::BeforeSince.name()),
        Some(outcome) => matches!(Class::of(outcome), Class::Robots | Class::Unreachable)
            .then_some(outcome.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Open {
        Open::new(&Job {
            site: 0,
            kind: TaskKind::Feed,
            capture: CaptureRow {
                url: "http://x/rss/".to_owned(),
                uri: None,
                at: 0,
                file: String::new(),
                offset: 0,
                length: 0,
                warc_record: String::new(),
                payload: Digest::default(),
                status: 200,
                record: None,
                revisit: false,
            },
            same: false,
        })
    }

    fn feed(articles: std::ops::Range<u8>) -> Option<Read> {
        Some(Read {
            outcome: Outcome::Feed,
            articles: articles.map(|n| [n; 16]).collect(),
            unmet: Vec::new(),
        })
    }

    #[test]
    fn captures_without_a_common_article_are_a_gap_with_its_times() {
        let mut open = open();
        open.take(1_000_000, feed(0..10));
        open.take(2_000_000, None);
        open.take(3_000_000, feed(5..15));
        // An empty answer, and one that is no feed, are no news.
        open.take(4_000_000, feed(0..0));
        let mut odd = feed(0..0);
        odd.as_mut().unwrap().outcome = Outcome::HttpError;
        open.take(5_000_000, odd);
        open.take(6_000_000, feed(15..25));
        let overlap = open.overlap;
        assert_eq!(
            (overlap.captures, overlap.pairs, overlap.overlapping),
            (6, 3, 2)
        );
        assert_eq!(overlap.gaps.total, 1);
        let gap = &overlap.gaps.items[0];
        assert_eq!(gap.after, rfc3339(3_000_000));
        assert_eq!(gap.before, rfc3339(6_000_000));
        assert_eq!(open.named.len(), 25);
        assert_eq!(open.source.read_as["http_error"], 1);
    }
}
