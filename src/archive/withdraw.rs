//! Withdrawn records: a tombstone says what was withdrawn, when and why, and holds no text. It
//! stands in the WARC files, so that an index that is built again honours it too.

use super::replay::Mark;
use super::schema::{
    CaptureRow, RecordRow, UrlHash, UrlRow, after, key, queue_key, time_key, url_hash,
};
use super::store::Batch;
use super::{Archive, ArchiveError, Extracted, near};
use crate::domain::{Digest, Outcome, RecordId, SiteId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is left of a withdrawn record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The record: a digest of its URL.
    pub id: RecordId,
    /// Digests of all its URLs, redirects included.
    pub urls: BTreeSet<RecordId>,
    /// Digests of the URLs of its images and attachments that no other record had.
    #[serde(default)]
    pub media: BTreeSet<RecordId>,
    /// Its site.
    pub site: SiteId,
    /// How many revisions it had.
    pub revisions: u32,
    /// SHA-256 of their texts.
    pub texts: BTreeSet<Digest>,
    /// When it was archived first and seen last, RFC 3339.
    pub archived: String,
    /// See `archived`.
    pub last_seen: String,
    /// When it was withdrawn.
    pub withdrawn: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// A place in a WARC file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// File name in `warc/`.
    pub file: String,
    /// Offset of the capture's first record.
    pub offset: u64,
}

impl Archive {
    /// The tombstone under a record's id or the hash of one of its URLs.
    pub fn tombstone(&self, hash: &UrlHash) -> Result<Option<Tombstone>, ArchiveError> {
        self.row(&key(b'w', &[hash]))
    }

    /// Every tombstone, by id.
    pub fn tombstones(&self) -> Result<Vec<Tombstone>, ArchiveError> {
        let mut all = BTreeMap::new();
        for pair in self.store.scan(b"w", &after(b"w")) {
            let (key, sealed) = pair?;
            let found: Tombstone = self.decode(&key, &sealed)?;
            all.insert(found.id, found);
        }
        Ok(all.into_values().collect())
    }

    /// The tombstone that a record would leave behind now.
    pub fn entomb(
        &self,
        record: &RecordRow,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Tombstone, ArchiveError> {
        let mut urls: BTreeSet<RecordId> = BTreeSet::from([record.id]);
        let names = record.aliases.iter().map(String::as_str);
        urls.extend(names.map(|url| RecordId(url_hash(url))));
        for pair in self.store.scan(b"u", &after(b"u")) {
            let (at, sealed) = pair?;
            let row: UrlRow = self.decode(&at, &sealed)?;
            if row.record == Some(record.id) {
                urls.insert(RecordId(url_hash(&row.url)));
            }
        }
        let mut texts = BTreeSet::new();
        let mut archived = record.current.fetched_at;
        for number in 1..=record.current.number {
            if let Some(revision) = self.revision(record, number)? {
                texts.insert(revision.text_digest);
                archived = archived.min(revision.fetched_at);
            }
        }
        Ok(Tombstone {
            id: record.id,
            urls,
            media: BTreeSet::new(),
            site: record.site.clone(),
            revisions: record.current.number,
            texts,
            archived: super::rfc3339(archived),
            last_seen: super::rfc3339(record.last_seen),
            withdrawn: now,
            reason: reason.to_owned(),
        })
    }

    /// Whether a page says what was withdrawn: under one of its URLs, or the same article
    /// (title, time, text) under another one.
    pub(super) fn is_withdrawn(
        &self,
        row: &UrlRow,
        found: &Extracted,
    ) -> Result<bool, ArchiveError> {
        let stands = |hash: &UrlHash| self.tombstone(hash).map(|found| found.is_some());
        let site = row.site.as_str().as_bytes();
        if stands(&url_hash(&row.url))? || stands(&RecordId::of(&found.url).0)? {
            return Ok(true);
        }
        match self.row::<RecordId>(&key(b'd', &[&found.identity.prefix(), site]))? {
            Some(first) => stands(&first.0),
            None => Ok(false),
        }
    }

    /// Takes a record out of the index and puts its tombstone there. Durable after `flush`.
    pub fn withdraw(&self, stone: &Tombstone, mark: Option<&Mark>) -> Result<(), ArchiveError> {
        let record = self.record_row(stone.id)?;
        if let Some(record) = &record {
            // Whoever shares its texts gets copies first: that alone changes nothing.
            for number in 1..=record.current.number {
                if let Some(revision) = self.revision(record, number)? {
                    let mut batch = Batch::default();
                    self.unshare(&mut batch, record, number, &revision)?;
                    self.store.apply(batch)?;
                }
            }
        }
        let mut batch = Batch::default();
        let mut urls = stone.urls.clone();
        if let Some(record) = &record {
            let names = record.aliases.iter().map(String::as_str);
            urls.extend(names.map(|url| RecordId(url_hash(url))));
            self.forget(&mut batch, record)?;
        }
        for hash in &urls {
            self.put(&mut batch, key(b'w', &[&hash.0]), stone);
            self.close(&mut batch, &hash.0)?;
        }
        if let Some(mark) = mark {
            self.put_mark(&mut batch, mark);
        }
        Ok(self.store.apply(batch)?)
    }

    /// A withdrawn URL is not asked for again, and its captures lead to no record.
    fn close(&self, batch: &mut Batch, hash: &UrlHash) -> Result<(), ArchiveError> {
        let at = key(b'u', &[hash]);
        if let Some(mut row) = self.row::<UrlRow>(&at)? {
            if let Some(queued) = row.queued.take() {
                batch.delete(queue_key(&row.site, queued, hash));
            }
            row.record = None;
            row.outcome = Some(Outcome::Withdrawn);
            self.put(batch, at, &row);
        }
        let from = key(b'c', &[hash]);
        for pair in self.store.scan(&from, &after(&from)) {
            let (at, sealed) = pair?;
            let mut capture: CaptureRow = self.decode(&at, &sealed)?;
            capture.record = None;
            self.put(batch, at, &capture);
        }
        Ok(())
    }

    /// Removes a record's rows. What was the same as it or near it stands for itself.
    fn forget(&self, batch: &mut Batch, record: &RecordRow) -> Result<(), ArchiveError> {
        let id = record.id;
        let mut gone = vec![record.current.clone()];
        for number in 1..record.current.number {
            let at = key(b'v', &[&id.0, &number.to_be_bytes()]);
            gone.extend(self.row(&at)?);
            batch.delete(at);
        }
        self.change_sum(batch, |sum| {
            for revision in &gone {
                sum.remove(id, revision);
            }
        })?;
        for revision in &gone {
            self.forget_quarantine(batch, id, revision.fetched_at);
        }
        batch.delete(key(b'r', &[&id.0]));
        batch.delete(time_key(&record.site, record.sort, id));
        if let Ok(simhash) = u64::from_str_radix(&record.current.simhash, 16) {
            self.forget_near(batch, simhash, id);
        }
        let mut heirs: BTreeMap<[u8; 16], RecordId> = BTreeMap::new();
        for mut other in self.leaning_on(id)? {
            if other.same_as == Some(id) {
                let text = other.current.text_digest.prefix();
                other.same_as = heirs.get(&text).copied();
                if other.same_as.is_none() {
                    heirs.insert(text, other.id);
                    self.stand_alone(batch, &other)?;
                }
            }
            if other.near == Some(id) {
                other.near = None;
            }
            self.put_record(batch, &other);
        }
        for pair in self.store.scan(b"x", &after(b"x")) {
            let (at, sealed) = pair?;
            if self.decode::<RecordId>(&at, &sealed)? == id {
                match at.get(1..).and_then(|text| heirs.get(text)) {
                    Some(heir) => self.put(batch, at, heir),
                    None => batch.delete(at),
                }
            }
        }
        for pair in self.store.scan(b"y", &after(b"y")) {
            let (at, _) = pair?;
            if at.get(1..17) == Some(&id.0) || at.last_chunk() == Some(&id.0) {
                batch.delete(at);
            }
        }
        Ok(())
    }

    /// Records that name this one as the same or nearly, in the order in which they were captured.
    fn leaning_on(&self, id: RecordId) -> Result<Vec<RecordRow>, ArchiveError> {
        let mut found = Vec::new();
        for other in self.record_rows() {
            let other = other?;
            if other.id != id && (other.same_as == Some(id) || other.near == Some(id)) {
                found.push(other);
            }
        }
        found.sort_by(|a, b| {
            let place = |row: &RecordRow| {
                let capture = &row.current.provenance.capture;
                (capture.file.clone(), capture.offset)
            };
            place(a).cmp(&place(b))
        });
        Ok(found)
    }

    /// A record whose text no other one has any more can be a near copy's first.
    fn stand_alone(&self, batch: &mut Batch, record: &RecordRow) -> Result<(), ArchiveError> {
        let Some(revision) = self.revision(record, record.current.number)? else {
            return Ok(());
        };
        if near::is_comparable(&revision.article.text())
            && let Ok(simhash) = u64::from_str_radix(&revision.simhash, 16)
        {
            self.put_near(batch, simhash, record.id);
        }
        Ok(())
    }

    /// Where the captures of these URLs stand, twins in other files included.
    pub fn places(&self, urls: &BTreeSet<RecordId>) -> Result<BTreeSet<Place>, ArchiveError> {
        let mut found = BTreeSet::new();
        if urls.is_empty() {
            return Ok(found);
        }
        for pair in self.store.scan(b"f", &after(b"f")) {
            let (at, sealed) = pair?;
            let (hash, _): (RecordId, i64) = self.decode(&at, &sealed)?;
            if urls.contains(&hash) {
                found.insert(place(&at));
            }
        }
        Ok(found)
    }

    /// Of these images and attachments, those with a payload that another URL has, too: revisit
    /// records may need it.
    pub fn shared_payloads(
        &self,
        urls: &BTreeSet<RecordId>,
    ) -> Result<BTreeSet<RecordId>, ArchiveError> {
        let mut mine: BTreeMap<Digest, BTreeSet<RecordId>> = BTreeMap::new();
        for hash in urls {
            let from = key(b'c', &[&hash.0]);
            for pair in self.store.scan(&from, &after(&from)) {
                let (at, sealed) = pair?;
                let capture: CaptureRow = self.decode(&at, &sealed)?;
                mine.entry(capture.payload).or_default().insert(*hash);
            }
        }
        let mut shared = BTreeSet::new();
        for pair in self.store.scan(b"c", &after(b"c")) {
            let (at, sealed) = pair?;
            let capture: CaptureRow = self.decode(&at, &sealed)?;
            if let Some(hashes) = mine.get(&capture.payload)
                && !urls.contains(&RecordId(url_hash(&capture.url)))
            {
                shared.extend(hashes.iter().copied());
            }
        }
        Ok(shared)
    }

    /// Removes the rows of captures that were erased.
    pub fn erased(
        &self,
        urls: &BTreeSet<RecordId>,
        places: &BTreeSet<Place>,
    ) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        for hash in urls {
            let from = key(b'c', &[&hash.0]);
            for pair in self.store.scan(&from, &after(&from)) {
                let (at, sealed) = pair?;
                let capture: CaptureRow = self.decode(&at, &sealed)?;
                let first = key(b'p', &[&capture.payload.prefix()]);
                if let Some(row) = self.row::<CaptureRow>(&first)?
                    && row.url == capture.url
                {
                    batch.delete(first);
                }
                batch.delete(at);
            }
            let at = key(b'u', &[&hash.0]);
            if let Some(mut row) = self.row::<UrlRow>(&at)? {
                // Nothing is left that a later answer could be compared with.
                row.payload = None;
                row.captured = None;
                self.put(&mut batch, at, &row);
            }
        }
        for place in places {
            batch.delete(super::schema::place_key(&place.file, place.offset));
        }
        Ok(self.store.apply(batch)?)
    }
}

/// The place that a key of the index of places names.
fn place(at: &[u8]) -> Place {
    let offset = at.last_chunk::<8>().map_or(0, |o| u64::from_be_bytes(*o));
    let file = at.get(1..at.len().saturating_sub(9)).unwrap_or_default();
    Place {
        file: String::from_utf8_lossy(file).into_owned(),
        offset,
    }
}
