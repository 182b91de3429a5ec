//! The frontier's rows: what is due for a site, in which order. Nothing is held in RAM but the
//! few tasks that the caller asks for.

use super::schema::{NEXT_RUN, Queued, TaskKind, UrlHash, UrlRow, after, key, queue_key, url_hash};
use super::store::Batch;
use super::{Archive, ArchiveError};
use crate::domain::{LinkKind, Moves, SiteId};

/// A URL to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Hash of its URL.
    pub hash: UrlHash,
    /// What is known about it.
    pub row: UrlRow,
}

impl Archive {
    /// Up to `limit` tasks of `site` that are due at `now` (microseconds since 1970), in order,
    /// without those that `skip` names. The second value is when the next one becomes due, if
    /// only later ones are left.
    pub fn due(
        &self,
        site: &SiteId,
        now: i64,
        limit: usize,
        skip: &dyn Fn(&UrlHash) -> bool,
    ) -> Result<(Vec<Task>, Option<i64>), ArchiveError> {
        let mut tasks = Vec::new();
        let mut later: Option<i64> = None;
        let from = key(b'q', &[site.as_str().as_bytes(), &[0]]);
        let to = key(b'q', &[site.as_str().as_bytes(), &[0, NEXT_RUN]]);
        for pair in self.store.scan(&from, &to) {
            let (entry, _) = pair?;
            let Some((due, hash)) = split_queue_key(&entry) else {
                continue;
            };
            if skip(&hash) {
                continue;
            }
            if due > now {
                later = Some(later.map_or(due, |l: i64| l.min(due)));
                continue;
            }
            if let Some(row) = self.row::<UrlRow>(&key(b'u', &[&hash]))? {
                tasks.push(Task { hash, row });
            }
            if tasks.len() >= limit {
                break;
            }
        }
        Ok((tasks, later))
    }

    /// How many tasks of `site` wait, those for the next run not counted.
    pub fn pending(&self, site: &SiteId) -> Result<u64, ArchiveError> {
        let from = key(b'q', &[site.as_str().as_bytes(), &[0]]);
        let to = key(b'q', &[site.as_str().as_bytes(), &[0, NEXT_RUN]]);
        let mut count = 0;
        for pair in self.store.scan(&from, &to) {
            pair?;
            count += 1;
        }
        Ok(count)
    }

    /// Queues what failed in earlier runs again; returns how many.
    pub fn retry_failed(
        &self,
        site: &SiteId,
        generation: u32,
        now: i64,
    ) -> Result<u64, ArchiveError> {
        let from = key(b'q', &[site.as_str().as_bytes(), &[0, NEXT_RUN]]);
        let mut count = 0;
        let keys: Vec<Vec<u8>> = self
            .store
            .scan(&from, &after(&from))
            .map(|pair| pair.map(|(key, _)| key))
            .collect::<Result<_, _>>()?;
        for entry in keys {
            let Some((_, hash)) = split_queue_key(&entry) else {
                continue;
            };
            let mut batch = Batch::default();
            batch.delete(entry);
            if let Some(mut row) = self.row::<UrlRow>(&key(b'u', &[&hash]))? {
                row.attempts = 0;
                row.generation = generation;
                self.enqueue(&mut batch, &hash, row, now + count as i64);
                count += 1;
            }
            self.store.apply(batch)?;
        }
        Ok(count)
    }

    /// Queues a start of a crawl (seed, feed, sitemap, known article) unless this generation has
    /// queued it already and it is not wanted `again`; returns whether it did.
    pub fn start_with(
        &self,
        site: &SiteId,
        url: &str,
        (kind, via): (TaskKind, Option<LinkKind>),
        generation: u32,
        now: i64,
        again: bool,
    ) -> Result<bool, ArchiveError> {
        let hash = url_hash(url);
        let mut batch = Batch::default();
        let known = self.row::<UrlRow>(&key(b'u', &[&hash]))?;
        let row = match known.map(|row| moved(&mut batch, &hash, row, site).0) {
            Some(row) if row.queued.is_some() || (row.generation == generation && !again) => {
                return Ok(false);
            }
            Some(mut row) => {
                row.generation = generation;
                row.attempts = 0;
                row.hops = 0;
                row
            }
            None => new_row(url.to_owned(), site.clone(), kind, via, generation),
        };
        self.enqueue(&mut batch, &hash, row, now);
        self.store.apply(batch)?;
        Ok(true)
    }

    /// Whether everything that the page before this one listed is older than `since`; `None`
    /// while some of it has not been fetched.
    pub fn is_behind(
        &self,
        row: &UrlRow,
        since: chrono::NaiveDate,
    ) -> Result<Option<bool>, ArchiveError> {
        let since = since.to_string();
        let (mut older, mut waiting) = (false, false);
        for item in &row.behind {
            let Some(item) = self.row::<UrlRow>(&key(b'u', &[&item.0]))? else {
                continue;
            };
            let Some(id) = item.record else {
                waiting |= item.outcome.is_none();
                continue;
            };
            let Some(record) = self.record_row(id)? else {
                continue;
            };
            let published = record.current.article.published.and_then(|p| p.value);
            match published.as_deref().and_then(|value| value.get(..10)) {
                Some(day) if day < since.as_str() => older = true,
                _ => return Ok(Some(false)),
            }
        }
        Ok((!waiting).then_some(older))
    }

    /// Makes what was started durable.
    pub fn flush(&self) -> Result<(), ArchiveError> {
        Ok(self.store.flush()?)
    }

    /// Queues the known articles of a site that this crawl has not met: no link leads to them any
    /// more. Those of a site that has moved are asked for where they are now. Returns how many.
    pub fn visit_unlinked(
        &self,
        site: &SiteId,
        generation: u32,
        now: i64,
        moves: Option<&Moves>,
    ) -> Result<u64, ArchiveError> {
        let mut count = 0;
        let mut batch = Batch::default();
        for entry in self.by_time(site, moves) {
            let entry = entry?;
            // A record's id is the hash of its first URL.
            let Some(id) = entry.last_chunk::<16>() else {
                continue;
            };
            let found = self.asked_at(id, site, moves)?;
            let Some((hash, mut row)) =
                found.filter(|(_, row)| row.queued.is_none() && row.generation < generation)
            else {
                continue;
            };
            row.generation = generation;
            row.attempts = 0;
            row.hops = 0;
            self.enqueue(&mut batch, &hash, row, now + count as i64);
            count += 1;
            if count % 256 == 0 {
                self.store.apply(std::mem::take(&mut batch))?;
            }
        }
        self.store.apply(batch)?;
        Ok(count)
    }

    /// Publication time of a site's newest article that has one, seconds since 1970.
    pub fn newest_time(&self, site: &SiteId) -> Result<Option<i64>, ArchiveError> {
        let from = key(b't', &[site.as_str().as_bytes(), &[0]]);
        let mut newest = None;
        for pair in self.store.scan(&from, &after(&from)) {
            let (entry, _) = pair?;
            let time = entry.get(from.len()..).and_then(|rest| rest.first_chunk());
            let time = time.map(|bytes| (u64::from_be_bytes(*bytes) ^ (1 << 63)).cast_signed());
            // What has no time sorts last.
            newest = time.filter(|time| *time < i64::MAX).or(newest);
        }
        Ok(newest)
    }

    /// URLs of the `count` newest articles of a site, where they are asked for.
    pub fn newest(
        &self,
        site: &SiteId,
        count: usize,
        moves: Option<&Moves>,
    ) -> Result<Vec<String>, ArchiveError> {
        let from = key(b't', &[site.as_str().as_bytes(), &[0]]);
        let mut ring = std::collections::VecDeque::with_capacity(count + 1);
        for pair in self.store.scan(&from, &after(&from)) {
            let (entry, _) = pair?;
            if ring.len() == count {
                ring.pop_front();
            }
            ring.push_back(entry);
        }
        let mut urls = Vec::new();
        for entry in ring {
            let Some(id) = entry.last_chunk::<16>() else {
                continue;
            };
            if let Some((_, row)) = self.asked_at(id, site, moves)? {
                urls.push(row.url);
            } else if let Some(record) = self.record_row(crate::domain::RecordId(*id))?
                && record.moved_to.is_none()
                && moves.is_none_or(|moves| !moves.is_former(record.url.as_str()))
            {
                urls.push(record.url.as_str().to_owned());
            }
        }
        Ok(urls)
    }

    pub(super) fn enqueue(&self, batch: &mut Batch, hash: &UrlHash, mut row: UrlRow, due: i64) {
        let queued = Queued {
            prio: row.priority(),
            due,
        };
        row.queued = Some(queued);
        let entry = queue_key(&row.site, queued, hash);
        self.put(batch, key(b'u', &[hash]), &row);
        batch.put(entry, Vec::new());
    }
}

/// The row of a URL that was asked for without having been queued (robots.txt).
pub fn new_task_row(url: String, site: SiteId, kind: TaskKind, generation: u32) -> UrlRow {
    new_row(url, site, kind, None, generation)
}

/// The row of a URL that `site` meets. One that another site met (this one, under the name that it
/// had before) is known, but not of this site's crawls; true when it waited in the other's queue.
pub(super) fn moved(
    batch: &mut Batch,
    hash: &UrlHash,
    mut row: UrlRow,
    site: &SiteId,
) -> (UrlRow, bool) {
    if row.site == *site {
        return (row, false);
    }
    let queued = row.queued.take();
    if let Some(queued) = queued {
        batch.delete(queue_key(&row.site, queued, hash));
    }
    row.site = site.clone();
    row.found = 0;
    row.generation = 0;
    (row, queued.is_some())
}

pub(super) fn new_row(
    url: String,
    site: SiteId,
    kind: TaskKind,
    via: Option<LinkKind>,
    generation: u32,
) -> UrlRow {
    UrlRow {
        url,
        site,
        kind,
        via,
        hops: 0,
        redirected_from: Vec::new(),
        behind: Vec::new(),
        like: None,
        found: generation,
        generation,
        queued: None,
        attempts: 0,
        outcome: None,
        record: None,
        redirect: None,
        payload: None,
        captured: None,
        visited: None,
        validators: None,
    }
}

/// Due time and URL hash of a frontier key.
fn split_queue_key(entry: &[u8]) -> Option<(i64, UrlHash)> {
    let (rest, hash) = entry.split_last_chunk::<16>()?;
    let (_, due) = rest.split_last_chunk::<8>()?;
    let due = (u64::from_be_bytes(*due) ^ (1 << 63)).cast_signed();
    Some((due, *hash))
}
