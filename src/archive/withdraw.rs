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
    /// Captures that showed it under the URL of another record: digest of that URL, and when
    /// (microseconds since 1970).
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub shown: BTreeSet<(RecordId, i64)>,
    /// Its site.
    pub site: SiteId,
    /// Digests of title, time and text of its revisions, cut to 128 bits: the same article under
    /// another URL is withdrawn, too.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub identities: BTreeSet<RecordId>,
    /// Digests of its titles and of its publication times, cut to 128 bits: by them it is known
    /// where its site has moved to.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub signs: BTreeSet<RecordId>,
    /// Whether its captures were to be erased.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub erased: bool,
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

impl Archive {
    /// The tombstone that a record would leave behind now.
    pub fn entomb(
        &self,
        record: &RecordRow,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<Tombstone, ArchiveError> {
        let known = self.urls_of(record)?;
        let mut urls: BTreeSet<RecordId> =
            known.iter().map(|url| RecordId(url_hash(url))).collect();
        // Another record's own URL may have become an alias of this one later on: it stays, without
        // what this one showed there.
        let mut shown = BTreeSet::new();
        for other in self.others(record.id, &urls)? {
            urls.remove(&other);
            let from = key(b'c', &[&other.0]);
            for pair in self.store.scan(&from, &after(&from)) {
                let (at, sealed) = pair?;
                let capture: CaptureRow = self.decode(&at, &sealed)?;
                if capture.record == Some(record.id) {
                    shown.insert((other, capture.at));
                }
            }
        }
        let mut texts = BTreeSet::new();
        let mut identities = BTreeSet::new();
        let mut signs = BTreeSet::new();
        let mut archived = record.current.fetched_at;
        for number in 1..=record.current.number {
            if let Some(revision) = self.revision(record, number)? {
                texts.insert(revision.text_digest);
                signs.extend(super::moved::signs(&revision.article));
                let found = Extracted::new(record.url.clone(), revision.article);
                identities.insert(RecordId(found.identity.prefix()));
                archived = archived.min(revision.fetched_at);
            }
        }
        Ok(Tombstone {
            id: record.id,
            urls,
            media: BTreeSet::new(),
            shown,
            identities,
            signs,
            erased: false,
            site: record.site.clone(),
            revisions: record.current.number,
            texts,
            archived: super::rfc3339(archived),
            last_seen: super::rfc3339(record.last_seen),
            withdrawn: now,
            reason: reason.to_owned(),
        })
    }

    /// Every URL that a record is known by, or that led to it.
    pub fn urls_of(&self, record: &RecordRow) -> Result<BTreeSet<String>, ArchiveError> {
        let mut urls = BTreeSet::from([record.url.as_str().to_owned()]);
        urls.extend(record.aliases.iter().cloned());
        for pair in self.store.scan(b"u", &after(b"u")) {
            let (at, sealed) = pair?;
            let row: UrlRow = self.decode(&at, &sealed)?;
            if row.record == Some(record.id) {
                urls.insert(row.url);
            }
        }
        Ok(urls)
    }

    /// Those of these URLs that are the own URLs of other records.
    pub fn others(
        &self,
        id: RecordId,
        urls: &BTreeSet<RecordId>,
    ) -> Result<Vec<RecordId>, ArchiveError> {
        let mut found = Vec::new();
        for url in urls {
            if *url != id && self.record_row(*url)?.is_some() {
                found.push(*url);
            }
        }
        Ok(found)
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
        urls.insert(stone.id);
        if let Some(record) = &record {
            urls.extend(record.aliases.iter().map(|url| RecordId(url_hash(url))));
            self.forget(&mut batch, record)?;
        }
        // (A tombstone of another archive may come where its record never was.)
        for other in self.others(stone.id, &urls)? {
            urls.remove(&other);
            self.give_back(&mut batch, stone.id, other)?;
        }
        for identity in &stone.identities {
            let at = key(b'd', &[&identity.0, stone.site.as_str().as_bytes()]);
            // What another record says, too, stays that record's.
            let first = self
                .row::<RecordId>(&at)?
                .filter(|first| *first != stone.id);
            let kept = match first {
                Some(first) => self.record_row(first)?.is_some(),
                None => false,
            };
            if !kept {
                self.put(&mut batch, at, &stone.id);
            }
        }
        let mut stone = stone.clone();
        if let Some(before) = self.tombstone(&stone.id.0)? {
            stone.shown.extend(before.shown);
        }
        for hash in &urls {
            self.put(&mut batch, key(b'w', &[&hash.0]), &stone);
            self.close(&mut batch, &hash.0)?;
        }
        if let Some(mark) = mark {
            self.put_mark(&mut batch, mark);
        }
        Ok(self.store.apply(batch)?)
    }

    /// The URL of another record, which had become one of this record's, is that record's again.
    fn give_back(
        &self,
        batch: &mut Batch,
        id: RecordId,
        other: RecordId,
    ) -> Result<(), ArchiveError> {
        let at = key(b'u', &[&other.0]);
        if let Some(mut row) = self.row::<UrlRow>(&at)?
            && row.record == Some(id)
        {
            row.record = Some(other);
            self.put(batch, at, &row);
        }
        let from = key(b'c', &[&other.0]);
        for pair in self.store.scan(&from, &after(&from)) {
            let (at, sealed) = pair?;
            let mut capture: CaptureRow = self.decode(&at, &sealed)?;
            if capture.record == Some(id) {
                capture.record = None;
                self.put(batch, at, &capture);
            }
        }
        Ok(())
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
        batch.delete(key(b'a', &[&id.0]));
        batch.delete(time_key(&record.site, record.sort, id));
        if let Ok(simhash) = u64::from_str_radix(&record.current.simhash, 16) {
            self.forget_near(batch, simhash, id);
        }
        let mut heirs: BTreeMap<[u8; 16], RecordId> = BTreeMap::new();
        // Texts that can be a near copy's first from now on; the index does not have them yet.
        let mut alone: Vec<(u64, RecordId)> = Vec::new();
        for mut other in self.leaning_on(id)? {
            let mut again = other.near == Some(id);
            if other.same_as == Some(id) {
                let text = other.current.text_digest.prefix();
                other.same_as = heirs.get(&text).copied();
                if other.same_as.is_none() {
                    heirs.insert(text, other.id);
                    again = true;
                }
            }
            if again {
                let simhash = self.comparable(&other)?;
                other.near = match simhash {
                    Some(simhash) => self.nearest(&other, simhash, id, &alone)?,
                    None => None,
                };
                if let Some(simhash) = simhash {
                    self.put_near(batch, simhash, other.id);
                    alone.push((simhash, other.id));
                }
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
        // As a replay without this one would have met them.
        found.sort_by(|a, b| place(a).cmp(&place(b)));
        Ok(found)
    }

    /// What a record is near to without `gone`: one of those that were there before it.
    fn nearest(
        &self,
        record: &RecordRow,
        simhash: u64,
        gone: RecordId,
        alone: &[(u64, RecordId)],
    ) -> Result<Option<RecordId>, ArchiveError> {
        let since = place(record);
        let best = self.near_but(simhash, record.id, &|other| {
            let row = match other == gone {
                true => None,
                false => self.record_row(other)?,
            };
            Ok(row.is_some_and(|row| place(&row) < since))
        })?;
        let alone = alone
            .iter()
            .map(|(other, id)| ((simhash ^ other).count_ones(), *id))
            .filter(|(distance, _)| *distance <= near::DISTANCE);
        Ok(alone.chain(best).min().map(|(_, id)| id))
    }

    /// The simhash of a record's text, when that is long enough to be a near copy's first.
    fn comparable(&self, record: &RecordRow) -> Result<Option<u64>, ArchiveError> {
        let Some(revision) = self.revision(record, record.current.number)? else {
            return Ok(None);
        };
        let comparable = near::is_comparable(&revision.article.text());
        let simhash = u64::from_str_radix(&revision.simhash, 16).ok();
        Ok(simhash.filter(|_| comparable))
    }
}

/// Where a record's text stands in the files: a replay meets texts in this order. (File names hold
/// the time and the number of the file.)
fn place(record: &RecordRow) -> (&str, u64) {
    let capture = &record.current.provenance.capture;
    (&capture.file, capture.offset)
}
