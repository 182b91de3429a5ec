//! The captures of one source, one after the other: what they name, and whether they join. Pure.

use super::{FeedGap, Overlap, Source};
use crate::archive::rfc3339;
use crate::archive::schema::{CaptureRow, TaskKind, UrlHash};
use crate::audit::found::Found;
use crate::domain::Outcome;
use std::collections::{BTreeMap, HashSet};

/// What was read of a capture.
pub(super) struct Read {
    pub outcome: Outcome,
    pub articles: HashSet<UrlHash>,
    /// Those that the archive does not know.
    pub unmet: Vec<(UrlHash, String)>,
}

/// A capture to be read.
pub(super) struct Job {
    pub site: usize,
    pub kind: TaskKind,
    pub capture: CaptureRow,
    /// It has the content of the one before.
    pub same: bool,
}

/// A source whose captures are being read.
pub(super) struct Open {
    pub site: usize,
    pub kind: TaskKind,
    pub source: Source,
    pub named: HashSet<UrlHash>,
    /// Time and articles of the last capture that named any.
    before: Option<(i64, HashSet<UrlHash>)>,
    pub overlap: Overlap,
}

impl Open {
    pub fn new(job: &Job) -> Self {
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

    pub fn take(&mut self, at: i64, read: Option<Read>) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Digest;

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
                lone: false,
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
