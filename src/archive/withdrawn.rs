//! What the index knows to be withdrawn: the URLs that tombstones stand under, and captures that a
//! replay reads as what was withdrawn. Makes no tombstones (`withdraw` does).

use super::schema::{UrlHash, UrlRow, after, key, url_hash};
use super::store::Batch;
use super::{Archive, ArchiveError, Extracted, Tombstone};
use crate::domain::{Moves, RecordId};
use std::collections::{BTreeMap, BTreeSet};

impl Archive {
    /// The tombstone under a record's id or the hash of one of its URLs.
    pub fn tombstone(&self, hash: &UrlHash) -> Result<Option<Tombstone>, ArchiveError> {
        self.row(&key(b'w', &[hash]))
    }

    /// Every tombstone, by id.
    pub fn tombstones(&self) -> Result<Vec<Tombstone>, ArchiveError> {
        let mut all = BTreeMap::new();
        for pair in self.store.scan(b"w", &after(b"w")) {
            let (at, sealed) = pair?;
            let found: Tombstone = self.decode(&at, &sealed)?;
            // The row under its own id is the newest.
            if at.get(1..) == Some(&found.id.0) {
                all.insert(found.id, found);
            } else {
                all.entry(found.id).or_insert(found);
            }
        }
        Ok(all.into_values().collect())
    }

    /// Digests of all withdrawn URLs, and the record that each belonged to. (What a tombstone says
    /// is not enough: it may name URLs that are another record's here.)
    pub fn withdrawn_urls(&self) -> Result<BTreeMap<RecordId, RecordId>, ArchiveError> {
        let mut all = BTreeMap::new();
        for pair in self.store.scan(b"w", &after(b"w")) {
            let (at, sealed) = pair?;
            let found: Tombstone = self.decode(&at, &sealed)?;
            if let Some(url) = at.last_chunk::<16>() {
                all.insert(RecordId(*url), found.id);
            }
        }
        Ok(all)
    }

    /// What the index calls these URLs; those that it never met are left out.
    pub fn spellings(&self, urls: &BTreeSet<RecordId>) -> Result<Vec<String>, ArchiveError> {
        let mut found = Vec::new();
        for url in urls {
            let row = self.row::<UrlRow>(&key(b'u', &[&url.0]))?;
            found.extend(row.map(|row| row.url));
        }
        Ok(found)
    }

    /// The withdrawn record that a page shows: under one of its URLs, or the same article (title,
    /// time, text) under another one.
    pub(super) fn withdrawn_by(
        &self,
        row: &UrlRow,
        found: &Extracted,
        moves: Option<&Moves>,
    ) -> Result<Option<RecordId>, ArchiveError> {
        let stone = |hash: &UrlHash| -> Result<Option<RecordId>, ArchiveError> {
            Ok(self.tombstone(hash)?.map(|stone| stone.id))
        };
        for hash in [url_hash(&row.url), RecordId::of(&found.url).0] {
            if let Some(id) = stone(&hash)? {
                return Ok(Some(id));
            }
        }
        if let Some(first) = self.identical(row, found, moves)?
            && let Some(id) = stone(&first.0)?
        {
            return Ok(Some(id));
        }
        let elsewhere = self.withdrawn_elsewhere(row, found, moves)?;
        Ok(elsewhere.map(|stone| stone.id))
    }

    /// A capture that is there already shows the withdrawn record `id`: its URL is withdrawn, too,
    /// or, where that is a URL of another record, this capture alone.
    pub(super) fn shown_by(
        &self,
        batch: &mut Batch,
        id: RecordId,
        row: &UrlRow,
        at: i64,
    ) -> Result<(), ArchiveError> {
        let url = RecordId(url_hash(&row.url));
        if self.tombstone(&url.0)?.is_some() {
            return Ok(());
        }
        let Some(mut stone) = self.tombstone(&id.0)? else {
            return Ok(());
        };
        if row.record.is_none() && self.record_row(url)?.is_none() {
            self.put(batch, key(b'w', &[&url.0]), &stone);
        } else if stone.shown.insert((url, at)) {
            self.put(batch, key(b'w', &[&id.0]), &stone);
        }
        Ok(())
    }
}
