//! Where captures stand in the WARC files, by URL: what a withdrawal hides and erases.

use super::schema::{CaptureRow, UrlRow, after, capture_key, key, place_key, url_hash};
use super::store::Batch;
use super::{Archive, ArchiveError};
use crate::domain::{Digest, RecordId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Digest of the capture's URL.
    pub url: RecordId,
    /// When, microseconds since 1970.
    pub time: i64,
    /// The length of its response, where the index knows.
    pub length: Option<u64>,
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
    /// Where the captures of these URLs, and these captures, stand; twins in other files included.
    /// Those whose payload is `kept` are left out.
    pub fn places(
        &self,
        urls: &BTreeSet<RecordId>,
        shown: &BTreeSet<(RecordId, i64)>,
        kept: &BTreeSet<Digest>,
    ) -> Result<BTreeMap<Place, Found>, ArchiveError> {
        let mut found = BTreeMap::new();
        if urls.is_empty() && shown.is_empty() {
            return Ok(found);
        }
        for pair in self.store.scan(b"f", &after(b"f")) {
            let (at, sealed) = pair?;
            let (url, time): (RecordId, i64) = self.decode(&at, &sealed)?;
            if !urls.contains(&url) && !shown.contains(&(url, time)) {
                continue;
            }
            let row = self.row::<CaptureRow>(&capture_key(&url.0, time))?;
            let here = place(&at);
            let is_kept = row
                .as_ref()
                .is_some_and(|row| !row.revisit && kept.contains(&row.payload));
            if !is_kept {
                let own = row.filter(|row| (&row.file, row.offset) == (&here.file, here.offset));
                let length = own.map(|row| row.length);
                found.insert(here, Found { url, time, length });
            }
        }
        Ok(found)
    }

    /// Payloads of these URLs that revisit records of other URLs need to be read.
    pub fn needed(&self, urls: &BTreeSet<RecordId>) -> Result<BTreeSet<Digest>, ArchiveError> {
        let (mut mine, mut theirs) = (BTreeSet::new(), BTreeSet::new());
        for pair in self.store.scan(b"c", &after(b"c")) {
            let (at, sealed) = pair?;
            let capture: CaptureRow = self.decode(&at, &sealed)?;
            let own = urls.contains(&RecordId(url_hash(&capture.url)));
            match (own, capture.revisit) {
                (true, false) => mine.insert(capture.payload),
                (false, true) => theirs.insert(capture.payload),
                _ => false,
            };
        }
        Ok(mine.intersection(&theirs).copied().collect())
    }

    /// The payloads of the captures of these URLs.
    pub fn payloads(&self, urls: &BTreeSet<RecordId>) -> Result<BTreeSet<Digest>, ArchiveError> {
        let mut all = BTreeSet::new();
        for hash in urls {
            all.extend(self.captures_of(*hash)?.iter().map(|row| row.payload));
        }
        Ok(all)
    }

    /// Those of these payloads that another URL than these has, too: what shows it keeps them, and
    /// revisit records may need them.
    pub fn shown_elsewhere(
        &self,
        payloads: &BTreeSet<Digest>,
        urls: &BTreeSet<RecordId>,
    ) -> Result<BTreeSet<Digest>, ArchiveError> {
        let mut shown = BTreeSet::new();
        for pair in self.store.scan(b"c", &after(b"c")) {
            let (at, sealed) = pair?;
            let capture: CaptureRow = self.decode(&at, &sealed)?;
            if payloads.contains(&capture.payload)
                && !urls.contains(&RecordId(url_hash(&capture.url)))
            {
                shown.insert(capture.payload);
            }
        }
        Ok(shown)
    }

    /// The captures of these URLs with one of these payloads: URL and time.
    pub fn captures_with(
        &self,
        payloads: &BTreeSet<Digest>,
        urls: &BTreeSet<RecordId>,
    ) -> Result<BTreeSet<(RecordId, i64)>, ArchiveError> {
        let mut found = BTreeSet::new();
        if payloads.is_empty() {
            return Ok(found);
        }
        for hash in urls {
            let rows = self.captures_of(*hash)?.into_iter();
            let rows = rows.filter(|row| payloads.contains(&row.payload));
            found.extend(rows.map(|row| (*hash, row.at)));
        }
        Ok(found)
    }

    fn captures_of(&self, hash: RecordId) -> Result<Vec<CaptureRow>, ArchiveError> {
        let from = key(b'c', &[&hash.0]);
        let rows = self.store.scan(&from, &after(&from)).map(|pair| {
            let (at, sealed) = pair?;
            self.decode(&at, &sealed)
        });
        rows.collect()
    }

    /// Removes the rows of captures that were erased.
    pub fn erased(&self, places: &BTreeMap<Place, Found>) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        for (place, found) in places {
            batch.delete(place_key(&place.file, place.offset));
            let at = capture_key(&found.url.0, found.time);
            if let Some(capture) = self.row::<CaptureRow>(&at)? {
                let first = key(b'p', &[&capture.payload.prefix()]);
                if let Some(row) = self.row::<CaptureRow>(&first)?
                    && row.url == capture.url
                {
                    batch.delete(first);
                }
                batch.delete(at);
            }
            let at = key(b'u', &[&found.url.0]);
            if let Some(mut row) = self.row::<UrlRow>(&at)?
                && row.captured == Some(found.time)
            {
                // Nothing is left that a later answer could be compared with.
                row.payload = None;
                row.captured = None;
                self.put(&mut batch, at, &row);
            }
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
