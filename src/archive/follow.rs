//! What a finished task leads to: links that become tasks, and redirects that become aliases.
//! Part of the writer; everything goes into the task's own batch.

use super::commit::{Committer, Known};
use super::finished::{CrawlMode, NewTask};
use super::schema::{Like, TaskKind, UrlHash, UrlRow, key, url_hash};
use super::store::Batch;
use super::{ArchiveError, frontier};
use crate::domain::{LinkKind, Outcome, RecordId, page_number};
use std::collections::HashSet;
use url::Url;

fn known(row: &UrlRow, generation: u32) -> Known {
    Known {
        generation,
        new: row.kind == TaskKind::Article && row.found == generation,
        listed: row.via.is_some_and(LinkKind::is_listed),
    }
}

/// Pages of a list in a row that may name the same articles, or none, before it is left.
const ALIKE: u8 = 8;

/// What the page `from` has in common with the pages of the list before it.
fn like(from: &UrlRow, links: &[NewTask]) -> Like {
    let articles = links.iter().filter(|link| link.kind == TaskKind::Article);
    let items = articles
        .clone()
        .filter(|link| link.via == Some(LinkKind::Item));
    let mut urls: Vec<&str> = items.map(|link| link.url.as_str()).collect();
    if urls.is_empty() {
        urls = articles.map(|link| link.url.as_str()).collect();
    }
    urls.sort_unstable();
    let [a, b, c, d, e, f, g, h, ..] = url_hash(&urls.join("\n"));
    let items = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let before = from.like.filter(|before| before.items == items);
    Like {
        items,
        times: before.map_or(0, |before| before.times.saturating_add(1)),
    }
}

impl Committer {
    /// Queues the links that this crawl wants: unknown ones, and known ones that it visits again.
    pub(super) fn follow(
        &mut self,
        batch: &mut Batch,
        from: &UrlRow,
        links: Vec<NewTask>,
        mode: CrawlMode,
        now: i64,
    ) -> Result<u64, ArchiveError> {
        let mut added = 0;
        let mut fresh = false;
        // Its own row is in the batch already.
        let mut met = HashSet::from([url_hash(&from.url)]);
        let (next, links): (Vec<_>, Vec<_>) = links
            .into_iter()
            .partition(|link| link.kind == TaskKind::NextPage);
        let items: Vec<RecordId> = if mode.since {
            let articles = links.iter().filter(|link| link.via == Some(LinkKind::Item));
            articles.map(|link| RecordId(url_hash(&link.url))).collect()
        } else {
            Vec::new()
        };
        // An update that finds something new on a page turns to the one after it, not to all that
        // the page names.
        let page = |url: &str| {
            Url::parse(url)
                .ok()
                .map(|url| page_number(&url).unwrap_or(1))
        };
        let after = page(&from.url).map(|page| page.saturating_add(1));
        let like = like(from, &links);
        let mut turned = false;
        for link in links.into_iter().chain(next) {
            let hash = url_hash(&link.url);
            if !met.insert(hash) {
                continue;
            }
            // Under `--since` one page is turned at a time: those further on may not be needed.
            if turned && mode.since && link.kind == TaskKind::NextPage {
                continue;
            }
            // A list that turns in a circle, or into nothing, has no end.
            if link.kind == TaskKind::NextPage && like.times >= ALIKE {
                continue;
            }
            let listed = link.via.is_some_and(LinkKind::is_listed);
            if let Some(known) = self.known.get(&hash)
                && known.generation == mode.generation
                && link.kind != TaskKind::NextPage
                && (known.listed || !listed)
            {
                // (Blocks beside a list name the newest articles on every page of it.)
                fresh |= known.new && link.via == Some(LinkKind::Item);
                continue;
            }
            let Some(row) = self.archive.row::<UrlRow>(&key(b'u', &[&hash]))? else {
                let mut row = frontier::new_row(
                    link.url,
                    from.site.clone(),
                    link.kind,
                    link.via,
                    mode.generation,
                );
                if row.kind == TaskKind::NextPage {
                    turned = true;
                    row.behind.clone_from(&items);
                    row.like = Some(like);
                }
                fresh |= row.via == Some(LinkKind::Item);
                added += 1;
                self.queue(batch, &hash, row, now, mode.generation);
                continue;
            };
            let (mut row, waited) = frontier::moved(batch, &hash, row, &from.site);
            let new = row.kind == TaskKind::Article && row.found == mode.generation;
            fresh |= new && link.via == Some(LinkKind::Item);
            if listed && !row.via.is_some_and(LinkKind::is_listed) {
                self.list(batch, &hash, &mut row, link.via);
            }
            self.known.insert(hash, known(&row, mode.generation));
            let again = row.queued.is_none()
                && row.outcome != Some(Outcome::Withdrawn)
                && row.generation < mode.generation
                && match row.kind {
                    _ if waited => true,
                    TaskKind::NextPage => mode.full || (fresh && page(&row.url) == after),
                    kind if kind.is_navigation() => true,
                    _ => mode.full,
                };
            if again {
                let mut behind = Vec::new();
                if row.kind == TaskKind::NextPage {
                    turned = true;
                    behind.clone_from(&items);
                    row.like = Some(like);
                }
                let row = UrlRow {
                    generation: mode.generation,
                    attempts: 0,
                    hops: 0,
                    behind,
                    ..row
                };
                added += 1;
                self.queue(batch, &hash, row, now, mode.generation);
            }
        }
        Ok(added)
    }

    /// One of the portal's lists names a URL that other links had led to: if it is not there, it
    /// has expired.
    fn list(&mut self, batch: &mut Batch, hash: &UrlHash, row: &mut UrlRow, via: Option<LinkKind>) {
        row.via = via;
        if row.kind == TaskKind::Article && row.outcome == Some(Outcome::DeadLink) {
            row.outcome = Some(Outcome::Expired);
            let report = self.run.sites.get_mut(row.site.as_str());
            if let Some(report) = report
                && let Some(dead) = report.outcomes.get_mut(Outcome::DeadLink.name())
                && *dead > 0
            {
                *dead -= 1;
                if *dead == 0 {
                    report.outcomes.remove(Outcome::DeadLink.name());
                }
                report.count(Outcome::Expired, 1);
            }
        }
        self.archive.put(batch, key(b'u', &[hash]), row);
    }

    pub(super) fn queue(
        &mut self,
        batch: &mut Batch,
        hash: &UrlHash,
        row: UrlRow,
        now: i64,
        generation: u32,
    ) {
        // A clock of its own keeps the order of discovery within one microsecond.
        self.clock = now.max(self.clock + 1);
        self.known.insert(*hash, known(&row, generation));
        self.archive.enqueue(batch, hash, row, self.clock);
    }

    /// `row` redirected to `to`: whatever is found there has `row`'s URL as an alias.
    pub(super) fn redirect(
        &mut self,
        batch: &mut Batch,
        hash: &UrlHash,
        row: &mut UrlRow,
        to: NewTask,
        mode: CrawlMode,
        now: i64,
    ) -> Result<(), ArchiveError> {
        row.redirect = Some(to.url.clone());
        let target = url_hash(&to.url);
        if target == *hash {
            return Ok(());
        }
        let mut names = row.redirected_from.clone();
        names.push(row.url.clone());
        let known = self.archive.row::<UrlRow>(&key(b'u', &[&target]))?;
        if let Some(id) = known.as_ref().and_then(|target| target.record) {
            self.archive.alias(batch, id, names.clone())?;
            row.record = Some(id);
        }
        let (mut next, waited) = match known {
            Some(next) => frontier::moved(batch, &target, next, &row.site),
            None => {
                let site = row.site.clone();
                let next = frontier::new_row(to.url, site, to.kind, to.via, mode.generation);
                (next, false)
            }
        };
        for name in names {
            if !next.redirected_from.contains(&name) {
                next.redirected_from.push(name);
            }
        }
        let visit = next.queued.is_none()
            && next.outcome != Some(Outcome::Withdrawn)
            && (next.outcome.is_none() || next.generation < mode.generation)
            && (next.outcome.is_none() || mode.full || waited || next.kind.is_navigation());
        if visit {
            next.attempts = 0;
            next.hops = row.hops.saturating_add(1);
            next.generation = mode.generation;
            self.queue(batch, &target, next, now, mode.generation);
        } else {
            self.archive.put(batch, key(b'u', &[&target]), &next);
        }
        Ok(())
    }
}
