//! When known articles are visited again: what was learned of how often a site changes its
//! articles, by their age, and which articles have vanished from the lists that named them.
//!
//! Changes are taken for a Poisson process whose rate depends on the site and the article's age
//! (Cho & Garcia-Molina, "Effective page refresh policies for web crawlers", 2003): an article is
//! due when a change since its last visit has become likely enough.

use super::commit::Committer;
use super::finished::{CrawlMode, NewTask};
use super::schema::{RecordRow, TaskKind, UrlHash, UrlRow, key, url_hash};
use super::store::Batch;
use super::{Archive, ArchiveError};
use crate::domain::{LinkKind, Moves, Outcome, RecordId, SiteId};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 3600 * SECOND;
/// Ages of articles in days, from which on; the changes a day that are expected of a site that
/// nothing is known of; and the longest interval in days, however quiet the site is.
const AGES: [(i64, f64, f64); 6] = [
    (0, 0.3, 2.0),
    (1, 0.1, 5.0),
    (3, 0.03, 15.0),
    (10, 0.01, 45.0),
    (30, 0.003, 120.0),
    (180, 0.001, 365.0),
];
/// An article is due when it has changed with this probability since its last visit.
const LIKELY: f64 = 0.3;
/// Never sooner, days.
const SOONEST: f64 = 0.5;
/// Articles that are gone come back seldom.
const GONE: f64 = 4.0;
/// How many intervals an article is overdue at least that was not read because of a lie.
const DOUBTED: f64 = 1000.0;
/// Requests may have been under way on a condition when the lie was found.
const BEHIND: i64 = 3600 * SECOND;
/// What a list named is remembered up to this many items.
const ITEMS: usize = 10_000;

/// What was learned of a site's articles of one age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Habit {
    /// Visits to known articles.
    pub visits: u64,
    /// Visits that found a change, or the article gone.
    pub changes: u64,
    /// Days between these visits and those before them, summed up.
    pub days: f64,
}

/// What was learned of a site, by the articles' age.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Habits {
    /// One for each age: under one day, 3, 10, 30, 180 days, older.
    pub ages: [Habit; 6],
}

impl Habits {
    /// Days after which an article of this age (microseconds) is to be visited again.
    pub fn interval(&self, age: i64) -> f64 {
        let at = class(age);
        let (_, expected, latest) = AGES.get(at).copied().unwrap_or((0, 0.001, 365.0));
        let seen = self.ages.get(at).copied().unwrap_or_default();
        // The expectation weighs as much as one change would.
        let rate = (seen.changes as f64 + 1.0) / (seen.days + 1.0 / expected);
        (-(1.0 - LIKELY).ln() / rate).clamp(SOONEST, latest)
    }

    fn learn(&mut self, age: i64, since: i64, changed: bool) {
        if let Some(habit) = self.ages.get_mut(class(age)) {
            habit.visits += 1;
            habit.changes += u64::from(changed);
            habit.days += since.max(0) as f64 / DAY as f64;
        }
    }
}

fn class(age: i64) -> usize {
    let days = age / DAY;
    AGES.iter()
        .rposition(|(from, _, _)| *from <= days)
        .unwrap_or(0)
}

fn habits_key(site: &SiteId) -> Vec<u8> {
    key(b'e', &[&[0], site.as_str().as_bytes()])
}

impl Archive {
    /// What was learned of how often a site changes its articles.
    pub fn habits(&self, site: &SiteId) -> Result<Habits, ArchiveError> {
        Ok(self.row(&habits_key(site))?.unwrap_or_default())
    }

    /// Queues up to `budget` known articles of a site that are due: those first that are overdue
    /// most, measured by their own interval. Returns how many.
    pub fn visit_again(
        &self,
        site: &SiteId,
        generation: u32,
        now: i64,
        budget: usize,
        moves: Option<&Moves>,
    ) -> Result<u64, ArchiveError> {
        let habits = self.habits(site)?;
        let lied = self.honesty(site)?.lied;
        // The least overdue of the chosen is on top. (Millionths of an interval: floats have no
        // order.)
        let mut chosen: BinaryHeap<Reverse<(u64, UrlHash)>> = BinaryHeap::new();
        if budget == 0 {
            return Ok(0);
        }
        for entry in self.by_time(site, moves) {
            let entry = entry?;
            let Some((rest, hash)) = entry.split_last_chunk::<16>() else {
                continue;
            };
            let published = rest.last_chunk::<8>().copied().map(unsorted);
            let published = published.map_or(now, |seconds| seconds.saturating_mul(SECOND));
            let Some((_, row)) = self.asked_at(hash, site, moves)? else {
                continue;
            };
            if row.queued.is_some()
                || row.generation >= generation
                || row.outcome == Some(Outcome::Withdrawn)
            {
                continue;
            }
            let Some(visited) = row.visited.or(row.captured) else {
                continue;
            };
            let mut interval = habits.interval(now.saturating_sub(published));
            if row.outcome.is_some_and(Outcome::says_gone) {
                interval *= GONE;
            }
            let mut overdue = (now - visited).max(0) as f64 / DAY as f64 / interval;
            // A 304 of a server that was found to lie afterwards says nothing.
            if row.outcome == Some(Outcome::NotModified)
                && lied.is_some_and(|at| at + BEHIND >= visited)
            {
                overdue += DOUBTED;
            }
            if overdue < 1.0 {
                continue;
            }
            chosen.push(Reverse(((overdue * 1e6) as u64, *hash)));
            if chosen.len() > budget {
                chosen.pop();
            }
        }
        let mut batch = Batch::default();
        let mut count = 0;
        // Ascending order of `Reverse`: the most overdue first.
        for Reverse((_, hash)) in chosen.into_sorted_vec() {
            let Some((hash, mut row)) = self.asked_at(&hash, site, moves)? else {
                continue;
            };
            row.generation = generation;
            row.attempts = 0;
            row.hops = 0;
            self.enqueue(&mut batch, &hash, row, now + count);
            count += 1;
        }
        self.store.apply(batch)?;
        Ok(count.unsigned_abs())
    }
}

fn unsorted(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed()
}

impl Committer {
    /// Learns from a visit to a known article. `row` is its URL's before the visit.
    pub(super) fn learn(
        &self,
        batch: &mut Batch,
        row: &UrlRow,
        outcome: Outcome,
        at: i64,
    ) -> Result<(), ArchiveError> {
        let (Some(id), Some(before)) = (row.record, row.visited) else {
            return Ok(());
        };
        let was_gone = row.outcome.is_some_and(Outcome::says_gone);
        let is_gone = outcome.says_gone();
        if row.kind != TaskKind::Article || !(outcome.is_article() || is_gone) {
            return Ok(());
        }
        let Some(record) = self.archive.record_row(id)? else {
            return Ok(());
        };
        let changed = outcome == Outcome::Revision || is_gone != was_gone;
        let mut habits = self.archive.habits(&row.site)?;
        let published = record.sort.saturating_mul(SECOND);
        habits.learn(at.saturating_sub(published), at - before, changed);
        self.archive.put(batch, habits_key(&row.site), &habits);
        Ok(())
    }

    /// Queues the articles that a list, feed or sitemap named at its last visit and does not name
    /// any more, although it names older ones still: they may be gone. Remembers what it names.
    pub(super) fn vanished(
        &mut self,
        batch: &mut Batch,
        from: &UrlRow,
        links: &[NewTask],
        mode: CrawlMode,
        now: i64,
    ) -> Result<u64, ArchiveError> {
        let lists = [
            TaskKind::Seed,
            TaskKind::Listing,
            TaskKind::Feed,
            TaskKind::Sitemap,
        ];
        if !lists.contains(&from.kind) || mode.since {
            return Ok(0);
        }
        let listed = |link: &&NewTask| {
            link.kind == TaskKind::Article
                && (from.kind == TaskKind::Sitemap || link.via == Some(LinkKind::Item))
        };
        let items: Vec<RecordId> = links
            .iter()
            .filter(listed)
            .take(ITEMS)
            .map(|link| RecordId(url_hash(&link.url)))
            .collect();
        if items.is_empty() {
            return Ok(0);
        }
        let at = key(b'e', &[&[1], &url_hash(&from.url)]);
        let before: Vec<RecordId> = self.archive.row(&at)?.unwrap_or_default();
        if before != items {
            self.archive.put(batch, at, &items);
        }
        let now_there: HashSet<&RecordId> = items.iter().collect();
        let gone: Vec<&RecordId> = before.iter().filter(|id| !now_there.contains(id)).collect();
        if gone.is_empty() || mode.full {
            return Ok(0);
        }
        let mut known = Vec::new();
        for id in &items {
            known.extend(self.listed(id)?.map(|(_, record)| record.sort));
        }
        known.sort_unstable();
        // What is older than the oldest has only been pushed off the end. Lists for people may
        // hold old articles in front, so their oldest quarter says nothing.
        let oldest = match from.kind {
            TaskKind::Feed | TaskKind::Sitemap => known.first(),
            _ => known.get(known.len() / 4),
        };
        let Some(oldest) = oldest.copied() else {
            return Ok(0);
        };
        let mut added = 0;
        for id in gone {
            let Some((row, record)) = self.listed(id)? else {
                continue;
            };
            let wanted = row.queued.is_none()
                && row.generation < mode.generation
                && row.outcome != Some(Outcome::Withdrawn)
                && record.gone.is_none()
                && record.sort > oldest;
            if wanted {
                let row = UrlRow {
                    generation: mode.generation,
                    attempts: 0,
                    hops: 0,
                    ..row
                };
                self.queue(batch, &id.0, row, now, mode.generation);
                added += 1;
            }
        }
        Ok(added)
    }

    /// The URL and the record of an item of a list; an alias counts as its record.
    fn listed(&self, id: &RecordId) -> Result<Option<(UrlRow, RecordRow)>, ArchiveError> {
        let Some(row) = self.archive.row::<UrlRow>(&key(b'u', &[&id.0]))? else {
            return Ok(None);
        };
        let Some(record) = row.record else {
            return Ok(None);
        };
        let record = self.archive.record_row(record)?;
        Ok(record.map(|record| (row, record)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::schema::sortable;

    #[test]
    fn recent_articles_are_due_sooner_and_busy_sites_sooner_still() {
        let habits = Habits::default();
        let days = [0, 2, 5, 20, 100, 1000];
        let intervals = days.map(|days| habits.interval(days * DAY));
        assert!(intervals.is_sorted(), "{intervals:?}");
        assert!((0.9..1.5).contains(&intervals[0]), "{intervals:?}");
        let mut busy = Habits::default();
        let mut quiet = Habits::default();
        for _ in 0..50 {
            busy.learn(20 * DAY, 2 * DAY, true);
            quiet.learn(20 * DAY, 30 * DAY, false);
        }
        assert!(busy.interval(20 * DAY) < 2.0);
        assert!(quiet.interval(20 * DAY) == 45.0);
        // Other ages are as they were.
        assert_eq!(busy.interval(DAY), habits.interval(DAY));
    }

    proptest::proptest! {
        #[test]
        fn intervals_are_bounded(age: i64, visits in proptest::collection::vec((0_i64.., 0_i64.., proptest::bool::ANY), 0..40)) {
            let mut habits = Habits::default();
            for (age, since, changed) in visits {
                habits.learn(age, since, changed);
            }
            let days = habits.interval(age);
            proptest::prop_assert!((SOONEST..=365.0).contains(&days), "{}", days);
            proptest::prop_assert_eq!(unsorted(sortable(age)), age);
        }
    }
}
