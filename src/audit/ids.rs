//! Gaps in the sequence numbers of articles. Pure.
//!
//! A content system numbers its articles in order. A number between the archive's lowest and
//! highest that no archived URL has is an article that was deleted, was never published, or is
//! missing. A number alone gives no address, so most of them cannot be asked for.

use super::class::Class;
use super::found::Found;
use crate::archive::schema::UrlHash;
use serde::Serialize;
use std::collections::BTreeMap;

/// URLs that are named in one gap.
const NAMED: usize = 100;

/// What is known of the numbers of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ids {
    /// The lowest number in the archive; absent when the profile finds no numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// The highest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// Numbers of archived articles.
    pub archived: u64,
    /// Numbers between them that the archive lacks.
    pub missing: u64,
    /// Those of them that stand in a known URL, by the class of that URL.
    pub missing_known: BTreeMap<Class, u64>,
    /// Those that stand in no known URL: a number alone gives no address.
    pub missing_unknown: u64,
    /// Numbers of several records: the site counts in several sequences, and a gap in one of them
    /// may be hidden by another.
    pub shared: u64,
    /// The gaps, in order.
    pub gaps: Found<Gap>,
}

/// Numbers in a row that the archive lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// The known URLs with one of these numbers, 100 at most.
    pub known: Vec<KnownId>,
}

/// A known URL with a number that the archive lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownId {
    /// The number.
    pub id: u64,
    /// The URL.
    pub url: String,
    /// Its class.
    pub class: Class,
    /// The name of its outcome, or why it has none.
    pub outcome: &'static str,
}

/// A number in an article URL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbered {
    pub id: u64,
    pub hash: UrlHash,
}

/// What is known of one URL.
pub(super) struct Told<'a> {
    pub class: &'a dyn Fn(&UrlHash) -> (Class, &'static str),
    /// The record, where it is archived: one article may have several URLs.
    pub record: &'a dyn Fn(&UrlHash) -> Option<[u8; 16]>,
    pub url: &'a dyn Fn(&UrlHash) -> String,
}

/// Looks for the gaps.
pub(super) fn gaps(mut numbers: Vec<Numbered>, told: &Told<'_>) -> Ids {
    numbers.sort_unstable_by_key(|n| (n.id, n.hash));
    let mut ids = Ids::default();
    let mut before: Option<u64> = None;
    // Numbers that are known and not archived, since the last archived one.
    let mut between: Vec<(u64, UrlHash, Class, &'static str)> = Vec::new();
    for same in numbers.chunk_by(|a, b| a.id == b.id) {
        let Some(first) = same.first() else { continue };
        let mut records: Vec<[u8; 16]> = Vec::new();
        let mut other = None;
        for one in same {
            let (class, outcome) = (told.class)(&one.hash);
            if class == Class::Archived {
                records.extend((told.record)(&one.hash));
            } else if other.is_none_or(|(_, _, known, _)| class > known) {
                // Of several URLs the most doubtful one speaks for the number.
                other = Some((one.id, one.hash, class, outcome));
            }
        }
        if records.is_empty() {
            between.extend(other.filter(|_| before.is_some()));
            continue;
        }
        records.sort_unstable();
        records.dedup();
        ids.shared += u64::from(records.len() > 1);
        ids.archived += 1;
        ids.min = ids.min.or(Some(first.id));
        ids.max = Some(first.id);
        if let Some(before) = before
            && first.id - before > 1
        {
            close(&mut ids, (before + 1, first.id - 1), &between, told);
        }
        between.clear();
        before = Some(first.id);
    }
    ids
}

fn close(
    ids: &mut Ids,
    (from, to): (u64, u64),
    known: &[(u64, UrlHash, Class, &'static str)],
    told: &Told<'_>,
) {
    let length = to - from + 1;
    ids.missing = ids.missing.saturating_add(length);
    let unknown = length.saturating_sub(known.len() as u64);
    ids.missing_unknown = ids.missing_unknown.saturating_add(unknown);
    for (_, _, class, _) in known {
        *ids.missing_known.entry(*class).or_default() += 1;
    }
    ids.gaps.push_with(|| Gap {
        from,
        to,
        known: known
            .iter()
            .take(NAMED)
            .map(|(id, hash, class, outcome)| KnownId {
                id: *id,
                url: (told.url)(hash),
                class: *class,
                outcome,
            })
            .collect(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(numbers: &[(u64, Class)]) -> Ids {
        let class_at = |hash: &UrlHash| numbers[usize::from(hash[0])].1;
        let told = Told {
            class: &|hash| (class_at(hash), "named"),
            record: &|hash| Some(*hash),
            url: &|hash| format!("http://x/bai-{}.html", numbers[usize::from(hash[0])].0),
        };
        let list = numbers.iter().enumerate();
        let list = list.map(|(at, (id, _))| Numbered {
            id: *id,
            hash: [at as u8; 16],
        });
        gaps(list.collect(), &told)
    }

    #[test]
    fn gaps_lie_between_archived_numbers_and_say_what_is_known() {
        use Class::{Archived, Gone, Robots};
        let ids = found(&[
            (5, Robots),
            (10, Archived),
            (11, Archived),
            (13, Gone),
            (16, Archived),
            (17, Archived),
            (20, Gone),
        ]);
        assert_eq!((ids.min, ids.max, ids.archived), (Some(10), Some(17), 4));
        assert_eq!((ids.missing, ids.missing_unknown), (4, 3));
        assert_eq!(ids.missing_known, BTreeMap::from([(Gone, 1)]));
        assert_eq!((ids.gaps.total, ids.shared), (1, 0));
        let gap = &ids.gaps.items[0];
        assert_eq!((gap.from, gap.to, gap.known.len()), (12, 15, 1));
        assert_eq!(gap.known[0].url, "http://x/bai-13.html");
    }

    #[test]
    fn an_archived_url_fills_its_number_and_two_records_share_one() {
        use Class::{Archived, Gone};
        let ids = found(&[
            (1, Archived),
            (2, Gone),
            (2, Archived),
            (3, Archived),
            (3, Archived),
        ]);
        assert_eq!((ids.missing, ids.gaps.total, ids.shared), (0, 0, 1));
        let none = found(&[(7, Gone)]);
        assert_eq!((none.min, none.missing), (None, 0));
        assert_eq!(found(&[]), Ids::default());
    }

    #[test]
    fn numbers_as_large_as_they_come_cost_nothing() {
        use Class::Archived;
        let ids = found(&[(0, Archived), (u64::MAX, Archived)]);
        assert_eq!(ids.missing, u64::MAX - 1);
    }

    proptest::proptest! {
        #[test]
        fn every_number_of_the_span_is_archived_or_missing(
            numbers in proptest::collection::vec((0_u64..60, 0_usize..8), 0..40),
        ) {
            let numbers: Vec<_> = numbers.into_iter().map(|(id, at)| (id, Class::ALL[at])).collect();
            let ids = found(&numbers);
            if let (Some(min), Some(max)) = (ids.min, ids.max) {
                proptest::prop_assert_eq!(ids.archived + ids.missing, max - min + 1);
                let known: u64 = ids.missing_known.values().sum();
                proptest::prop_assert_eq!(known + ids.missing_unknown, ids.missing);
            }
        }
    }
}
