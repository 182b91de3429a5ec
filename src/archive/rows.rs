//! Rows of one kind in the order of their keys, for who looks at all of them. A row that cannot be
//! read is an error of its own, and the reading goes on after it. Changes nothing.

use super::schema::{CaptureRow, RevisionRow, UrlHash, UrlRow, after, key};
use super::{Archive, ArchiveError};
use crate::domain::RecordId;
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
