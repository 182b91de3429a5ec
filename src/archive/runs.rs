//! Run reports: what each crawl did, counted by outcome, kept in the archive.

use super::schema::{TaskKind, after, key, sortable};
use super::store::Batch;
use super::{Archive, ArchiveError};
use crate::domain::{NotArticle, Outcome};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One invocation of crawl.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// Its name: the start time, microseconds since 1970.
    pub id: i64,
    /// Start, RFC 3339.
    pub started: String,
    /// End; absent while it runs, and for ever when it was killed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finished: Option<String>,
    /// How it ended: `done`, `stopped` (signal), `limit` (--max-pages or --max-time), `failed`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end: Option<String>,
    /// The command line's words.
    pub command: String,
    /// Version of the crawler.
    pub crawler: String,
    /// Per site.
    pub sites: BTreeMap<String, SiteReport>,
}

/// One site's part of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteReport {
    /// `full` or `update`.
    pub mode: String,
    /// Requests sent, robots.txt and retries included.
    pub requests: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Captures written.
    pub captures: u64,
    /// Attempts that were put off and tried again, by reason.
    #[serde(default)]
    pub retries: BTreeMap<String, u64>,
    /// Ended tasks by outcome, and URLs skipped unfetched by the name of their rule.
    pub outcomes: BTreeMap<String, u64>,
    /// Start pages, lists, feeds and sitemaps that were read.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub lists_read: u64,
    /// Start pages that were refused, or are not there.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub seeds_refused: u64,
    /// Tasks that wait for the next run.
    #[serde(default)]
    pub pending: u64,
    /// Why the host is parked, if it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parked: Option<String>,
    /// Alarms of drift that this run raised or met again.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub alarms: Vec<String>,
    /// Revisions that it put in quarantine.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub quarantined: u64,
    /// Warnings by code, over all records.
    #[serde(default)]
    pub warnings: BTreeMap<String, u64>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Names of the outcomes after which the archive holds an article ([`Outcome::is_article`]).
pub const ARTICLES: [&str; 6] = [
    "new",
    "same_text",
    "revision",
    "unchanged",
    "not_modified",
    "alias",
];

/// So many pages that might have been articles, and were none, are no chance any more.
const FEW: u64 = 5;

impl SiteReport {
    /// Counts an ended task.
    pub fn count(&mut self, outcome: Outcome, times: u64) {
        *self.outcomes.entry(outcome.name().to_owned()).or_default() += times;
    }

    /// Counts a start page, list, feed or sitemap. Where none of them can be read, nothing new is
    /// found, however well the known articles answer. (A crawl that goes on where another was
    /// stopped asks no start page; a dead list among what is left then says nothing.)
    pub fn count_list(&mut self, kind: TaskKind, outcome: Outcome) {
        let refused = matches!(
            outcome,
            Outcome::HttpError
                | Outcome::DeadLink
                | Outcome::Gone
                | Outcome::NotArticle(NotArticle::Soft404)
        );
        if !refused {
            self.lists_read += 1;
        } else if kind == TaskKind::Seed {
            self.seeds_refused += 1;
        }
    }

    /// Whether the site was parked, refused everything, or lost tasks to faults: the crawl ended,
    /// and all is not well.
    pub fn fell_short(&self) -> bool {
        let leads_on = |name: &String| name == "listing" || ARTICLES.contains(&name.as_str());
        let refused = self.outcomes.contains_key("http_error");
        let faults = [
            "protocol_error",
            "robots_unreachable",
            "private_address",
            "reader_fault",
        ];
        self.parked.is_some()
            || self.found_nothing()
            || (refused && !self.outcomes.keys().any(leads_on))
            || (self.seeds_refused > 0 && self.lists_read == 0)
            || self.outcomes.keys().any(|name| {
                name.ends_with("_timeout")
                    || name.ends_with("_failure")
                    || name.starts_with("tls_")
                    || faults.contains(&name.as_str())
            })
    }

    /// Whether a crawl of everything was led to articles and could read none: the portal's
    /// addresses or its pages are other than the profile says. (What is not there may have gone.)
    pub fn found_nothing(&self) -> bool {
        let none = ["redirect_loop", "redirect_home", "incomplete", "soft_404"];
        let count = |names: &[&str]| -> u64 {
            let found = names.iter().filter_map(|name| self.outcomes.get(*name));
            found.sum()
        };
        self.mode == "full" && count(&ARTICLES) == 0 && count(&none) >= FEW
    }

    /// Ended tasks of this outcome.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(outcome.name()).copied().unwrap_or(0)
    }
}

impl Archive {
    pub(super) fn put_run(&self, batch: &mut Batch, run: &RunReport) {
        self.put(batch, key(b'n', &[&sortable(run.id)]), run);
    }

    /// Every run, oldest first.
    pub fn runs(&self) -> Result<Vec<RunReport>, ArchiveError> {
        self.runs_since(i64::MIN)
    }

    /// The runs that began at this time (microseconds since 1970) or later, oldest first.
    pub fn runs_since(&self, time: i64) -> Result<Vec<RunReport>, ArchiveError> {
        self.store
            .scan(&key(b'n', &[&sortable(time)]), &after(b"n"))
            .map(|pair| {
                let (key, sealed) = pair?;
                self.decode(&key, &sealed)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crawl_of_everything_that_reads_no_article_fell_short() {
        let mut report = SiteReport {
            mode: "full".to_owned(),
            ..SiteReport::default()
        };
        report.count(Outcome::Listing, 3);
        report.count(Outcome::RedirectLoop, 4);
        assert!(!report.fell_short());
        report.count(Outcome::Expired, 9);
        assert!(!report.fell_short());
        report.count(Outcome::RedirectHome, 1);
        assert!(report.fell_short());
        report.count(Outcome::New, 1);
        assert!(!report.fell_short());
    }

    #[test]
    fn the_names_of_what_holds_an_article() {
        use Outcome as O;
        let held = [
            O::New,
            O::SameText,
            O::Revision,
            O::Unchanged,
            O::NotModified,
            O::Alias,
        ];
        assert!(held.iter().all(|outcome| outcome.is_article()));
        assert_eq!(held.map(Outcome::name), ARTICLES);
    }

    #[test]
    fn a_dead_list_among_what_was_left_is_no_alarm_and_refused_start_pages_are() {
        let mut report = SiteReport::default();
        report.count(Outcome::Unchanged, 3);
        report.count_list(TaskKind::Listing, Outcome::DeadLink);
        report.count_list(TaskKind::Sitemap, Outcome::HttpError);
        assert!(!report.fell_short());
        report.count_list(TaskKind::Seed, Outcome::HttpError);
        assert!(report.fell_short());
        report.count_list(TaskKind::Listing, Outcome::Listing);
        assert!(!report.fell_short());
    }
}
