//! Rows of one kind in the order of their keys, for who looks at all of them. A row that cannot be
//! read is an error of its own, and the reading goes on after it. Changes nothing.

use super::schema::{CaptureRow, RevisionRow, UrlHash, UrlRow, after, key};
use super::{Archive, ArchiveError};
use crate::domain::{RecordId, SiteId};
use serde::de::DeserializeOwned;

impl Archive {
    /// Every URL ever met.
    pub fn url_rows(&self) -> impl Iterator<Item = Result<UrlRow, ArchiveError>> + '_ {
        self.rows(b'u')
    }

    /// Every capture, those of one URL together, oldest first.
    pub fn capture_rows(&self) -> impl Iterator<Item = Result<CaptureRow, ArchiveError>> + '_ {
        self.rows(b'c')
    }

    /// Every revision that another one has replaced, with its record; its body may be another
    /// record's.
    pub fn old_revision_rows(
        &self,
    ) -> impl Iterator<Item = Result<(RecordId, RevisionRow), ArchiveError>> + '_ {
        self.store.scan(b"v", &after(b"v")).map(|pair| {
            let (key, sealed) = pair?;
            let id = key.get(1..17).and_then(|id| id.try_into().ok());
            Ok((
                RecordId(id.unwrap_or_default()),
                self.decode(&key, &sealed)?,
            ))
        })
    }

    /// The sites that have records, and for each a file with a capture of one.
    pub fn record_sites(&self) -> Result<Vec<(SiteId, String)>, ArchiveError> {
        let mut found = Vec::new();
        let mut from = b"t".to_vec();
        // One record of each site is looked at: its name stands first in the key.
        while let Some(pair) = self.store.scan(&from, &after(b"t")).next() {
            let (at, _) = pair?;
            let name = at.get(1..).unwrap_or_default();
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            from = key(b't', &[name, &[1]]);
            let id = RecordId(at.last_chunk().copied().unwrap_or_default());
            if let Some(row) = self.record_row(id)? {
                found.push((row.site, row.current.provenance.capture.file));
            }
        }
        Ok(found)
    }

    /// The row of the URL with this hash.
    pub fn url_row_at(&self, hash: &UrlHash) -> Result<Option<UrlRow>, ArchiveError> {
        self.row(&key(b'u', &[hash]))
    }

    fn rows<T: DeserializeOwned>(
        &self,
        prefix: u8,
    ) -> impl Iterator<Item = Result<T, ArchiveError>> + '_ {
        let from = [prefix];
        self.store.scan(&from, &after(&from)).map(|pair| {
            let (key, sealed) = pair?;
            self.decode(&key, &sealed)
        })
    }
}
