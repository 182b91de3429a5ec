//! New readings: a capture that a mended profile reads otherwise changes the fields of its
//! revision, and makes no new one. What had been read, by which profile, stays on record.

use super::judge::{Extracted, sort_time};
use super::schema::{Reading, RecordRow, RevisionRow, key, time_key};
use super::store::Batch;
use super::{Archive, ArchiveError};
use crate::domain::RecordId;

impl Archive {
    /// Every record's row, one at a time in memory.
    pub fn record_rows(&self) -> impl Iterator<Item = Result<RecordRow, ArchiveError>> + '_ {
        let from = [b'r'];
        let rows = self.store.scan(&from, &super::schema::after(&from));
        rows.map(|pair| {
            let (key, sealed) = pair?;
            self.decode(&key, &sealed)
        })
    }

    /// A revision with its body, as it is stored; the current one when `number` is its number.
    pub fn revision(
        &self,
        row: &RecordRow,
        number: u32,
    ) -> Result<Option<RevisionRow>, ArchiveError> {
        if number == row.current.number {
            return self.with_body(row.current.clone()).map(Some);
        }
        let replaced = self.row(&key(b'v', &[&row.id.0, &number.to_be_bytes()]))?;
        replaced
            .map(|revision| self.with_body(revision))
            .transpose()
    }

    /// A revision with its own copy of the body that it may share with another one.
    pub fn with_body(&self, mut revision: RevisionRow) -> Result<RevisionRow, ArchiveError> {
        if let Some((first, number)) = revision.body_of.take() {
            revision.article.body = self.body_of(first, number)?;
        }
        Ok(revision)
    }

    /// Puts a new reading in the place of a revision's fields; `changed` names those that differ.
    /// Durable after `flush`.
    pub fn reread(
        &self,
        id: RecordId,
        number: u32,
        found: Extracted,
        changed: Vec<String>,
        at: String,
    ) -> Result<(), ArchiveError> {
        let Some(mut record) = self.record_row(id)? else {
            return Ok(());
        };
        let Some(old) = self.revision(&record, number)? else {
            return Ok(());
        };
        let mut batch = Batch::default();
        // Others may share the body that is about to change: they get their own.
        self.unshare(&mut batch, &record, number, &old)?;
        let mut revision = old.clone();
        revision.readings.push(Reading {
            replaced_at: at,
            profile: old.provenance.profile.clone(),
            profile_hash: old.provenance.profile_hash.clone(),
            crawler: old.provenance.crawler.clone(),
            changed,
        });
        revision.article = found.article.clone();
        // These lists are the last visit's, which may have been another capture.
        revision.article.newer.clone_from(&old.article.newer);
        revision.article.older.clone_from(&old.article.older);
        revision.content = found.content;
        revision.digest = found.digest;
        revision.text_digest = found.text_digest;
        revision.simhash = format!("{:016x}", found.simhash);
        revision.warnings = found.warnings.clone();
        let provenance = &mut revision.provenance;
        (provenance.profile, provenance.profile_hash) = found.profile.clone();
        provenance.rules = found.rules.clone();
        provenance.charset = found.charset.clone();
        concat!("khobao/", env!("CARGO_PKG_VERSION")).clone_into(&mut provenance.crawler);
        self.change_sum(&mut batch, |sum| {
            sum.remove(id, &old);
            sum.add(id, &revision);
        })?;
        if number == record.current.number {
            record.current = revision;
            let sort = sort_time(&record.current.article);
            if sort != record.sort {
                batch.delete(time_key(&record.site, record.sort, record.id));
                batch.put(time_key(&record.site, sort, record.id), Vec::new());
                record.sort = sort;
            }
            self.known_as(&mut batch, &mut record, &found)?;
            self.compare_again(&mut batch, &mut record, &old, &found)?;
            self.put_record(&mut batch, &record);
        } else {
            let key = key(b'v', &[&record.id.0, &number.to_be_bytes()]);
            self.put(&mut batch, key, &revision);
        }
        Ok(self.store.apply(batch)?)
    }

    /// Gives every revision that points at this body its own copy of it.
    pub(super) fn unshare(
        &self,
        batch: &mut Batch,
        record: &RecordRow,
        number: u32,
        old: &RevisionRow,
    ) -> Result<(), ArchiveError> {
        let place = Some((record.id, number));
        for other in self.sharers(record.id)? {
            let Some(mut other) = self.record_row(other)? else {
                continue;
            };
            if other.current.body_of == place {
                other.current.body_of = None;
                other.current.article.body.clone_from(&old.article.body);
                self.put_record(batch, &other);
            }
            for n in 1..other.current.number {
                let key = key(b'v', &[&other.id.0, &n.to_be_bytes()]);
                if let Some(mut revision) = self.row::<RevisionRow>(&key)?
                    && revision.body_of == place
                {
                    revision.body_of = None;
                    revision.article.body.clone_from(&old.article.body);
                    self.put(batch, key, &revision);
                }
            }
        }
        Ok(())
    }

    /// Records that share a body of this one.
    fn sharers(&self, id: RecordId) -> Result<Vec<RecordId>, ArchiveError> {
        let from = key(b'y', &[&id.0]);
        let mut out = Vec::new();
        for pair in self.store.scan(&from, &super::schema::after(&from)) {
            let (entry, _) = pair?;
            if let Some(other) = entry.last_chunk::<16>() {
                out.push(RecordId(*other));
            }
        }
        Ok(out)
    }
}
