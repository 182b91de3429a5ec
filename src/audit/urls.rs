//! Every article URL that is known, by hash, and what became of it. Holds hashes and numbers only:
//! about a hundred bytes a URL.

use super::class::{Class, Figure};
use super::found::KEPT;
use crate::archive::Archive;
use crate::archive::schema::{TaskKind, UrlHash, UrlRow, url_hash};
use crate::domain::{LinkKind, Outcome, RecordId};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Redirects that are followed from one URL.
const HOPS: usize = 20;

/// What a URL row says, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The site's place in the audit.
    pub site: usize,
    pub kind: TaskKind,
    pub via: Option<LinkKind>,
    pub outcome: Option<Outcome>,
    pub queued: bool,
    pub record: Option<RecordId>,
    pub redirect: Option<UrlHash>,
    /// No row has it: only a page or a record names it.
    pub missing: bool,
    /// It is of an address that the site had before: where it is today, by its path.
    pub today: Option<UrlHash>,
}

impl Known {
    pub fn of(row: &UrlRow, site: usize) -> Self {
        Self {
            site,
            kind: row.kind,
            via: row.via,
            outcome: row.outcome,
            queued: row.queued.is_some(),
            record: row.record,
            redirect: row.redirect.as_deref().map(url_hash),
            missing: false,
            today: None,
        }
    }

    /// An article that has no row of its own.
    pub fn unmet(site: usize) -> Self {
        Self {
            site,
            kind: TaskKind::Article,
            via: None,
            outcome: None,
            queued: false,
            record: None,
            redirect: None,
            missing: true,
            today: None,
        }
    }

    pub fn is_article(&self) -> bool {
        self.kind == TaskKind::Article || self.record.is_some()
    }
}

/// Every URL, and the records that could be read.
#[derive(Debug, Default)]
pub(super) struct Urls {
    pub map: HashMap<UrlHash, Known>,
    pub records: HashSet<RecordId>,
    /// The texts of articles without a row, and what names them; 10,000 at most.
    pub names: HashMap<UrlHash, (String, String)>,
    /// Records that are at another address of their site today.
    pub moved: HashSet<RecordId>,
}

impl Urls {
    /// Takes an article that a page names, unless it is known.
    pub fn name(&mut self, (hash, url): (UrlHash, &str), site: usize, by: &str) {
        if let Entry::Vacant(place) = self.map.entry(hash) {
            place.insert(Known::unmet(site));
            if self.names.len() < KEPT {
                self.names.insert(hash, (url.to_owned(), by.to_owned()));
            }
        }
    }

    /// The text of a URL.
    pub fn text(&self, archive: &Archive, hash: &UrlHash) -> String {
        if let Some((url, _)) = self.names.get(hash) {
            return url.clone();
        }
        if let Ok(Some(row)) = archive.url_row_at(hash) {
            return row.url;
        }
        let record = archive.record_row(RecordId(*hash)).ok().flatten();
        record.map_or_else(
            || format!("(URL with the hash {})", RecordId(*hash)),
            |record| record.url.as_str().to_owned(),
        )
    }

    /// The class of a URL, and why. A redirect has the class of what it leads to.
    pub fn class(&self, hash: &UrlHash) -> (Class, &'static str) {
        let mut at = *hash;
        for hop in 0..HOPS {
            let Some(known) = self.map.get(&at) else {
                return (Class::Unexplained, "redirect_not_followed");
            };
            if let Some(id) = known.record {
                return if self.records.contains(&id) {
                    let name = match known.outcome {
                        _ if hop > 0 => Outcome::Redirected.name(),
                        Some(outcome) => outcome.name(),
                        None => "canonical_url",
                    };
                    (Class::Archived, name)
                } else {
                    (Class::Unexplained, "record_lost")
                };
            }
            // Without an answer from its own address, that of today's counts.
            if let Some(today) = self.continued(known) {
                at = today;
                continue;
            }
            match (known.outcome, known.redirect) {
                (Some(Outcome::Redirected), Some(to)) => at = to,
                // Its place was taken by a list of others.
                (Some(Outcome::Listing), _) if hop > 0 => {
                    return (Class::Gone, "redirect_listing");
                }
                (Some(outcome), _) => return (Class::of(outcome), outcome.name()),
                (None, _) if known.missing => return (Class::Unexplained, "never_taken_up"),
                (None, _) if known.queued => return (Class::Unexplained, "waiting"),
                (None, _) => return (Class::Unexplained, "never_asked"),
            }
        }
        (Class::Unreachable, Outcome::RedirectLoop.name())
    }

    /// Whether the archive has an answer for a link to this URL: a record, or how asking ended.
    pub fn is_answered(&self, hash: &UrlHash) -> bool {
        let (class, why) = self.class(hash);
        let unread = ["incomplete", Outcome::ReaderFault.name()];
        class != Class::Unexplained || unread.contains(&why)
    }

    /// The record that a link to this URL leads to, redirects followed.
    pub fn record_of(&self, hash: &UrlHash) -> Option<RecordId> {
        let mut at = *hash;
        for _ in 0..HOPS {
            let known = self.map.get(&at)?;
            if known.record.is_some() {
                return known.record;
            }
            at = known.redirect.filter(|to| *to != at)?;
        }
        None
    }

    /// Where a URL of a former address goes on that was not answered there.
    fn continued(&self, known: &Known) -> Option<UrlHash> {
        let unanswered = known.outcome.is_none_or(|outcome| {
            outcome != Outcome::Redirected
                && matches!(
                    Class::of(outcome),
                    Class::Unreachable | Class::Elsewhere | Class::Unexplained
                )
        });
        let today = known.today.filter(|_| unanswered);
        today.filter(|today| self.map.contains_key(today))
    }

    /// Whether a URL of a former address is counted at today's.
    fn is_counted_today(&self, hash: &UrlHash, known: &Known) -> bool {
        known.today.is_some()
            && match self.record_of(hash) {
                Some(id) => self.moved.contains(&id),
                None => self.continued(known).is_some(),
            }
    }

    /// Every known article URL with its site, in no order; one that a site has left and that is
    /// known at its address of today once.
    pub fn articles(&self) -> impl Iterator<Item = (&UrlHash, usize)> {
        let articles = self
            .map
            .iter()
            .filter(|(hash, known)| known.is_article() && !self.is_counted_today(hash, known));
        articles.map(|(hash, known)| (hash, known.site))
    }
}

/// What became of the known articles of one site, by class and by the name of the outcome.
pub type Outcomes = BTreeMap<Class, BTreeMap<&'static str, u64>>;

/// The figure of each site, its outcomes, and the hashes of what is unexplained, in order.
pub(super) fn figures(urls: &Urls, sites: usize) -> Vec<(Figure, Outcomes, Vec<UrlHash>)> {
    let mut all = vec![(Figure::default(), Outcomes::new(), Vec::new()); sites];
    for (hash, site) in urls.articles() {
        let Some((figure, outcomes, open)) = all.get_mut(site) else {
            continue;
        };
        let (class, why) = urls.class(hash);
        figure.add(class);
        *outcomes.entry(class).or_default().entry(why).or_default() += 1;
        if class == Class::Unexplained {
            open.push(*hash);
        }
    }
    for (_, _, open) in &mut all {
        open.sort_unstable();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FaultKind, NotArticle};
    use proptest::prelude::*;

    fn hash(n: u8) -> UrlHash {
        [n; 16]
    }

    const OUTCOMES: [Option<Outcome>; 14] = [
        None,
        Some(Outcome::New),
        Some(Outcome::Alias),
        Some(Outcome::Listing),
        Some(Outcome::DeadLink),
        Some(Outcome::Expired),
        Some(Outcome::HttpError),
        Some(Outcome::Redirected),
        Some(Outcome::RedirectHome),
        Some(Outcome::External),
        Some(Outcome::RobotsDenied),
        Some(Outcome::Withdrawn),
        Some(Outcome::NotArticle(NotArticle::Incomplete)),
        Some(Outcome::Fault(FaultKind::Dns)),
    ];

    fn known() -> impl Strategy<Value = Known> {
        let kinds = prop_oneof![
            4 => Just(TaskKind::Article),
            1 => Just(TaskKind::Listing),
            1 => Just(TaskKind::Feed),
        ];
        (
            0..3_usize,
            kinds,
            0..OUTCOMES.len(),
            any::<bool>(),
            proptest::option::of(0..12_u8),
            proptest::option::of(0..24_u8),
            any::<bool>(),
        )
            .prop_map(
                |(site, kind, outcome, queued, record, redirect, missing)| Known {
                    site,
                    kind,
                    via: None,
                    outcome: OUTCOMES[outcome],
                    queued,
                    record: record.map(|n| RecordId(hash(n))),
                    redirect: redirect.map(hash),
                    missing,
                    today: None,
                },
            )
    }

    proptest! {
        #[test]
        fn classes_always_sum_to_known(
            rows in proptest::collection::hash_map(0..20_u8, known(), 0..20),
            records in proptest::collection::hash_set(0..12_u8, 0..12),
        ) {
            let urls = Urls {
                map: rows.iter().map(|(n, known)| (hash(*n), *known)).collect(),
                records: records.into_iter().map(|n| RecordId(hash(n))).collect(),
                ..Urls::default()
            };
            let articles = rows.values().filter(|known| known.is_article()).count() as u64;
            let all = figures(&urls, 3);
            let mut total = Figure::default();
            for (figure, outcomes, open) in &all {
                let sum: u64 = Class::ALL.iter().map(|class| figure.of(*class)).sum();
                prop_assert_eq!(sum, figure.known);
                for class in Class::ALL {
                    let named = outcomes.get(&class).map_or(0, |by| by.values().sum::<u64>());
                    prop_assert_eq!(named, figure.of(class));
                }
                prop_assert_eq!(open.len() as u64, figure.unexplained);
                total.add_all(figure);
            }
            prop_assert_eq!(total.known, articles);
        }
    }

    #[test]
    fn a_redirect_has_the_class_of_its_end_and_a_loop_ends() {
        let row = |outcome, redirect: Option<u8>| Known {
            outcome,
            redirect: redirect.map(hash),
            missing: false,
            ..Known::unmet(0)
        };
        let mut urls = Urls::default();
        let moved = Some(Outcome::Redirected);
        urls.map.insert(hash(1), row(moved, Some(2)));
        urls.map.insert(hash(2), row(Some(Outcome::Gone), None));
        urls.map.insert(hash(3), row(moved, Some(4)));
        urls.map.insert(hash(4), row(moved, Some(3)));
        urls.map.insert(hash(5), row(moved, Some(99)));
        urls.map.insert(hash(6), row(moved, Some(7)));
        urls.map.insert(hash(7), row(Some(Outcome::Listing), None));
        assert_eq!(urls.class(&hash(1)), (Class::Gone, "gone"));
        assert_eq!(urls.class(&hash(3)), (Class::Unreachable, "redirect_loop"));
        assert_eq!(urls.class(&hash(5)).0, Class::Unexplained);
        assert_eq!(urls.class(&hash(6)), (Class::Gone, "redirect_listing"));
        assert_eq!(urls.class(&hash(7)), (Class::NotArticle, "listing"));
        assert_eq!(urls.record_of(&hash(3)), None);
    }
}
