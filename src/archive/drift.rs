//! Alarms of drift, and the revisions that are in quarantine for them. Owns both kinds of rows and
//! says which revision of a record is sound; what is doubtful is decided in `crawl::drift`.
//!
//! A doubtful revision is stored like any other, so that a replay of the captures arrives at the
//! same one; its mark lies beside it, under its record and the time of its capture. No capture
//! holds alarms and marks: a rebuild takes them over.

use super::schema::{RecordRow, after, key, sortable};
use super::store::Batch;
use super::{Archive, ArchiveError};
use crate::domain::{RecordId, SiteId};
use serde::{Deserialize, Serialize};

/// Row prefix of alarms: site, 0, name.
pub(super) const ALARM: u8 = b'z';
/// Row prefix of marks: record, time of the capture.
pub(super) const MARK: u8 = b'k';

/// What a run saw and did not expect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its name, for `khobao drift accept`.
    pub id: String,
    /// The site.
    pub site: SiteId,
    /// The field of the record.
    pub field: String,
    /// What is odd about it.
    pub symptom: String,
    /// The rule that used to find the field; empty where none did.
    pub rule: String,
    /// The rule that found it on the doubtful pages; empty where none did.
    pub rule_seen: String,
    /// The share of pages that were expected to be like this, at most; 0 to 1.
    pub expected: f64,
    /// The share that was.
    pub seen: f64,
    /// Pages like this in the window that raised the alarm.
    pub hits: u64,
    /// Pages in that window.
    pub pages: u64,
    /// Three of them, or fewer.
    pub samples: Vec<String>,
    /// When it was raised, microseconds since 1970.
    pub raised: i64,
    /// When the first doubtful page was fetched, microseconds since 1970.
    pub since: i64,
    /// The run that raised it.
    pub run: i64,
    /// When a user took it as good, microseconds since 1970; open without.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accepted: Option<i64>,
    /// The test behind it, as `crawl::drift` writes it.
    pub test: serde_json::Value,
}

/// Why a revision is in quarantine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// The names of its alarms.
    pub alarms: Vec<String>,
}

/// A revision by its record and the time of its capture, and why it is in quarantine.
pub type Marked = (RecordId, i64, Quarantine);

fn mark_key(id: RecordId, at: i64) -> Vec<u8> {
    key(MARK, &[&id.0, &sortable(at)])
}

fn alarm_key(site: &SiteId, id: &str) -> Vec<u8> {
    key(ALARM, &[site.as_str().as_bytes(), &[0], id.as_bytes()])
}

impl Archive {
    /// The alarms of a site, or of all, accepted ones included.
    pub fn alarms(&self, site: Option<&SiteId>) -> Result<Vec<Alarm>, ArchiveError> {
        let from = match site {
            Some(site) => alarm_key(site, ""),
            None => vec![ALARM],
        };
        self.store
            .scan(&from, &after(&from))
            .map(|pair| {
                let (key, sealed) = pair?;
                self.decode(&key, &sealed)
            })
            .collect()
    }

    /// Stores an alarm; durable after `flush`.
    pub fn put_alarm(&self, alarm: &Alarm) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        self.put(&mut batch, alarm_key(&alarm.site, &alarm.id), alarm);
        Ok(self.store.apply(batch)?)
    }

    /// Removes an alarm that is settled; durable after `flush`.
    pub fn remove_alarm(&self, alarm: &Alarm) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        batch.delete(alarm_key(&alarm.site, &alarm.id));
        Ok(self.store.apply(batch)?)
    }

    /// Puts revisions in quarantine for an alarm, in one batch; durable after `flush`.
    pub fn quarantine(
        &self,
        alarm: &str,
        revisions: &[(RecordId, i64)],
    ) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        for (id, at) in revisions {
            let mut mark = self.quarantined(*id, *at)?.unwrap_or_default();
            if !mark.alarms.iter().any(|known| known == alarm) {
                mark.alarms.push(alarm.to_owned());
                self.put(&mut batch, mark_key(*id, *at), &mark);
            }
        }
        Ok(self.store.apply(batch)?)
    }

    /// Why a revision is in quarantine, if it is; `at` is the time of its capture.
    pub fn quarantined(&self, id: RecordId, at: i64) -> Result<Option<Quarantine>, ArchiveError> {
        self.row(&mark_key(id, at))
    }

    /// Everything in quarantine, by record.
    pub fn all_quarantined(&self) -> Result<Vec<Marked>, ArchiveError> {
        let mut out = Vec::new();
        for pair in self.store.scan(&[MARK], &after(&[MARK])) {
            let (entry, sealed) = pair?;
            let mark: Quarantine = self.decode(&entry, &sealed)?;
            let id = entry.get(1..17).and_then(|id| id.try_into().ok());
            let at = entry.get(17..25).and_then(|at| at.try_into().ok());
            if let (Some(id), Some(at)) = (id, at) {
                let at = (u64::from_be_bytes(at) ^ (1 << 63)).cast_signed();
                out.push((RecordId(id), at, mark));
            }
        }
        Ok(out)
    }

    /// Whether anything is in quarantine.
    pub fn has_quarantine(&self) -> Result<bool, ArchiveError> {
        match self.store.scan(&[MARK], &after(&[MARK])).next() {
            Some(pair) => pair.map(|_| true).map_err(Into::into),
            None => Ok(false),
        }
    }

    /// Forgets that a revision was in quarantine.
    pub(super) fn forget_quarantine(&self, batch: &mut Batch, id: RecordId, at: i64) {
        batch.delete(mark_key(id, at));
    }

    /// Takes revisions out of an alarm's quarantine; those that other alarms name stay there.
    /// Durable after `flush`.
    pub fn release(&self, alarm: &str, revisions: &[(RecordId, i64)]) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        for (id, at) in revisions {
            let Some(mut mark) = self.quarantined(*id, *at)? else {
                continue;
            };
            mark.alarms.retain(|known| known != alarm);
            if mark.alarms.is_empty() {
                batch.delete(mark_key(*id, *at));
            } else {
                self.put(&mut batch, mark_key(*id, *at), &mark);
            }
        }
        Ok(self.store.apply(batch)?)
    }

    /// The newest revision of a record that is not in quarantine; `None` when all are.
    pub fn sound_revision(&self, row: &RecordRow) -> Result<Option<u32>, ArchiveError> {
        if self.quarantined(row.id, row.current.fetched_at)?.is_none() {
            return Ok(Some(row.current.number));
        }
        self.sound_before(row, row.current.number)
    }

    /// How many revisions a record has, and its row as a reader is to see it: with the newest
    /// revision that is not in quarantine as the current one, unless doubtful ones are wanted.
    /// `None` when all are in quarantine.
    pub(super) fn readable(
        &self,
        mut row: RecordRow,
        doubtful: bool,
    ) -> Result<Option<(u32, RecordRow)>, ArchiveError> {
        let newest = row.current.number;
        if doubtful {
            return Ok(Some((newest, row)));
        }
        let Some(number) = self.sound_revision(&row)? else {
            return Ok(None);
        };
        if number != newest {
            let at = key(b'v', &[&row.id.0, &number.to_be_bytes()]);
            match self.row(&at)? {
                Some(revision) => row.current = revision,
                None => return Ok(None),
            }
        }
        Ok(Some((newest, row)))
    }

    /// The newest revision before `number` that is not in quarantine.
    pub fn sound_before(&self, row: &RecordRow, number: u32) -> Result<Option<u32>, ArchiveError> {
        for number in (1..number).rev() {
            let at = key(b'v', &[&row.id.0, &number.to_be_bytes()]);
            let old: Option<super::schema::RevisionRow> = self.row(&at)?;
            if let Some(old) = old
                && self.quarantined(row.id, old.fetched_at)?.is_none()
            {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Records of a site that an ordinary reader may see, for a baseline: the newest by date, and
    /// as many spread over the time before; `count` of each at most. One at a time in memory.
    pub fn sampled(
        &self,
        site: &SiteId,
        count: usize,
        visit: &mut dyn FnMut(RecordRow) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let from = key(b't', &[site.as_str().as_bytes(), &[0]]);
        let mut newest = std::collections::VecDeque::with_capacity(count + 1);
        let mut spread: Vec<RecordId> = Vec::with_capacity(count);
        let (mut stride, mut passed) = (1_usize, 0_usize);
        for pair in self.store.scan(&from, &after(&from)) {
            let (entry, _) = pair?;
            let Some(id) = entry.last_chunk::<16>() else {
                continue;
            };
            newest.push_back(RecordId(*id));
            if newest.len() <= count {
                continue;
            }
            if let Some(older) = newest.pop_front()
                && passed.is_multiple_of(stride)
            {
                spread.push(older);
            }
            passed += 1;
            if spread.len() >= count {
                let mut at = 0;
                spread.retain(|_| {
                    at += 1;
                    at % 2 == 1
                });
                stride *= 2;
            }
        }
        for id in spread.into_iter().chain(newest) {
            let Some(mut row) = self.record_row(id)? else {
                continue;
            };
            let Some(number) = self.sound_revision(&row)? else {
                continue;
            };
            if (number != row.current.number || row.current.body_of.is_some())
                && let Some(revision) = self.revision(&row, number)?
            {
                row.current = revision;
            }
            visit(row)?;
        }
        Ok(())
    }
}
