//! `khobao verify`: every row's checksum, every digest, every pointer from record to WARC and
//! back. Finds all there is to find; one damaged thing never hides the next. Memory does not grow
//! with the archive: a file's records are compared with the index in the order of both.

mod files;
mod rows;

use super::ledger::Manifest;
use super::schema::{CaptureRow, RecordRow, RevisionRow, capture_key, key};
use super::store::Batch;
use super::{Archive, ArchiveError, Sum, warc};
use crate::domain::{Digest, RecordId};
use serde::{Deserialize, Serialize};

/// What `verify` found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// Records read.
    pub records: u64,
    /// Revisions read, current ones included.
    pub revisions: u64,
    /// Captures read.
    pub captures: u64,
    /// WARC files read.
    pub warc_files: u64,
    /// WARC records read.
    pub warc_records: u64,
    /// WARC records of captures that no capture row names: what a crash may leave behind.
    pub orphans: u64,
    /// Imported revisits whose first capture never came here.
    #[serde(default)]
    pub lone_revisits: u64,
    /// WARC files that no line of the ledger has sealed yet.
    pub unsealed: u64,
    /// Whether a change was cut short and is not sealed yet.
    #[serde(default)]
    pub interrupted: bool,
    /// Lines of the ledger.
    pub ledger: u64,
    /// Revisions whose captures were read again (`--deep`).
    pub read_again: u64,
    /// The share of the archive that was checked, percent.
    #[serde(default)]
    pub share: Option<f64>,
    /// All that is wrong.
    pub damage: Vec<Damage>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// Where: a record id, a URL, or a file with an offset.
    pub place: String,
    /// What.
    pub what: String,
}

/// Reads the capture of a record's revision again; says what differs from the revision.
pub type Reading<'a> = dyn Fn(&RecordRow, &RevisionRow) -> Option<String> + 'a;

/// How much is checked.
#[derive(Default)]
pub struct VerifyPlan<'a> {
    /// Reads a revision's capture again; says what differs.
    pub deep: Option<&'a Reading<'a>>,
    /// Only this share of it, in percent: what was checked longest ago.
    pub sample: Option<f64>,
    /// Go on with a check that was cut short, with what it had found.
    pub resume: bool,
}

/// A part of the archive that is checked in one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unit {
    /// A WARC file.
    File(String),
    /// Captures, records and URLs whose keys begin with this byte.
    Rows(u8),
    /// What points at others.
    Index,
}

impl Unit {
    fn name(&self) -> String {
        match self {
            Self::File(name) => format!("file {name}"),
            Self::Rows(byte) => format!("rows {byte:02x}"),
            Self::Index => "index".to_owned(),
        }
    }
}

/// A check that is under way, kept in the index.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct State {
    /// From when to when, microseconds since 1970: what was checked then is in `found`.
    began: i64,
    saved: i64,
    done: usize,
    found: Verification,
    sum: Sum,
    /// The ledger's end and the sum of all revisions when it began.
    #[serde(default)]
    sealed: Option<(u64, Digest)>,
    #[serde(default)]
    kept_sum: Option<Sum>,
}

const CHECKED: &[u8] = b"checked/";
const STATE: &[u8] = b"verify";

struct Check<'a> {
    archive: &'a Archive,
    plan: &'a VerifyPlan<'a>,
    manifest: Manifest,
    found: Verification,
    sum: Sum,
}

impl Archive {
    /// Checks everything, or what `plan` says. `progress` is told of each part.
    pub fn verify(
        &self,
        plan: &VerifyPlan<'_>,
        progress: &dyn Fn(&str),
    ) -> Result<Verification, ArchiveError> {
        let kept: Option<State> = if plan.resume && plan.sample.is_none() {
            self.row(&key(b'm', &[STATE]))?
        } else {
            None
        };
        let sealed = self.ledger_end()?;
        let kept_sum = self.sum()?;
        // What was checked before the archive was changed says nothing of what it is now.
        let kept = kept.filter(|kept| (kept.sealed, kept.kept_sum) == (sealed, Some(kept_sum)));
        let mut state = kept.unwrap_or_else(|| State {
            began: chrono::Utc::now().timestamp_micros(),
            sealed,
            kept_sum: Some(kept_sum),
            ..State::default()
        });
        let mut check = Check {
            archive: self,
            plan,
            manifest: self.manifest()?,
            found: std::mem::take(&mut state.found),
            sum: state.sum,
        };
        check.custody()?;
        let names = warc::files(&self.warc_dir())?;
        let mut units: Vec<Unit> = names.iter().cloned().map(Unit::File).collect();
        units.extend((0..=u8::MAX).map(Unit::Rows));
        units.push(Unit::Index);
        let all = units.len();
        if let Some(percent) = plan.sample {
            units = self.oldest(units, percent)?;
        }
        for unit in units {
            let name = unit.name();
            let last = self.checked(&unit)?;
            let done = state.began..=state.saved;
            if plan.resume && last.is_some_and(|at| done.contains(&at)) {
                continue;
            }
            progress(&name);
            check.unit(&unit, &names);
            state.done += 1;
            state.found = check.found.clone();
            state.sum = check.sum;
            let mut batch = Batch::default();
            let now = chrono::Utc::now().timestamp_micros();
            let checked = key(b'm', &[CHECKED, name.as_bytes()]);
            self.put(&mut batch, checked, &now);
            // Ranges of rows are quick: every sixteenth is a place to go on from.
            let stop = !matches!(unit, Unit::Rows(byte) if byte % 16 != 15);
            if stop && plan.sample.is_none() {
                state.saved = now;
                self.put(&mut batch, key(b'm', &[STATE]), &state);
            }
            self.store.apply(batch)?;
            if stop {
                self.store.flush()?;
            }
        }
        if plan.sample.is_none() {
            check.sealed()?;
        }
        check.found.share = Some(state.done as f64 * 100.0 / all.max(1) as f64);
        let mut batch = Batch::default();
        batch.delete(key(b'm', &[STATE]));
        self.store.apply(batch)?;
        self.store.flush()?;
        Ok(check.found)
    }

    /// When this part was checked last, microseconds since 1970.
    fn checked(&self, unit: &Unit) -> Result<Option<i64>, ArchiveError> {
        self.row(&key(b'm', &[CHECKED, unit.name().as_bytes()]))
    }

    /// The share of `units` that was checked longest ago, one at least.
    fn oldest(&self, units: Vec<Unit>, percent: f64) -> Result<Vec<Unit>, ArchiveError> {
        let mut dated = Vec::with_capacity(units.len());
        for unit in units {
            let name = unit.name();
            let last = self.checked(&unit)?;
            // Among equals files and rows are mixed.
            let shuffle = Digest::of(&name).prefix();
            dated.push((last.unwrap_or(0), shuffle, unit));
        }
        dated.sort_by_key(|(last, shuffle, _)| (*last, *shuffle));
        let share = (dated.len() as f64 * percent / 100.0).ceil() as usize;
        dated.truncate(share.max(1));
        Ok(dated.into_iter().map(|(_, _, unit)| unit).collect())
    }

    /// The capture that the index places at this offset of a file.
    fn capture_at(&self, place: &[u8]) -> Result<Option<CaptureRow>, ArchiveError> {
        match self.row::<(RecordId, i64)>(place)? {
            Some((hash, at)) => self.row(&capture_key(&hash.0, at)),
            None => Ok(None),
        }
    }
}

impl Check<'_> {
    fn damage(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.found.damage.push(Damage {
            place: place.into(),
            what: what.into(),
        });
    }

    /// The ledger and the manifest.
    fn custody(&mut self) -> Result<(), ArchiveError> {
        self.found.interrupted = self.archive.is_open()?;
        let mut wrong = self.archive.check_custody()?;
        wrong.extend(self.archive.check_merged()?);
        for (place, what) in wrong {
            let found = Damage { place, what };
            // A check that goes on has found some of it before.
            if !self.found.damage.contains(&found) {
                self.found.damage.push(found);
            }
        }
        self.found.ledger = self.archive.ledger_end()?.map_or(0, |(lines, _)| lines);
        Ok(())
    }

    /// What was read of the records against the index's own sum and the ledger's.
    fn sealed(&mut self) -> Result<(), ArchiveError> {
        let sum = self.archive.sum()?;
        if self.sum != sum {
            self.damage(
                "records",
                "their sum is not the one that was kept with them: a record was changed, \
                 added or removed",
            );
        }
        // A run that was cut short is sealed by the next one.
        let last = self.archive.last_sealed()?;
        if self.found.unsealed == 0
            && !self.found.interrupted
            && last.is_some_and(|last| last.records != sum)
        {
            self.damage(
                "records",
                "their sum is not the one of the ledger's last line: the index was changed",
            );
        }
        Ok(())
    }

    fn is_rewritten(&self, name: &str) -> bool {
        let files = self.archive.rewriting().unwrap_or_default();
        files.iter().any(|file| file == name)
    }

    fn unit(&mut self, unit: &Unit, names: &[String]) {
        match unit {
            Unit::File(name) => {
                self.found.warc_files += 1;
                match self.archive.is_as_listed(&self.manifest, name) {
                    Some(true) => {}
                    // It was being written anew when that was cut short.
                    Some(false) if self.is_rewritten(name) => self.found.unsealed += 1,
                    Some(false) => self.damage(name, "its SHA-256 is not the manifest's"),
                    None => self.found.unsealed += 1,
                }
                let path = self.archive.warc_dir().join(name);
                self.warc_file(&path, name);
            }
            Unit::Rows(byte) => {
                self.captures(*byte);
                self.records(*byte);
                self.urls(*byte);
            }
            Unit::Index => {
                self.places(names);
                self.indexes();
            }
        }
    }
}

/// Whether two rows name the same place and the same WARC record.
fn is_same(a: &CaptureRow, b: &CaptureRow) -> bool {
    (&a.file, a.offset, a.length, &a.warc_record, a.payload)
        == (&b.file, b.offset, b.length, &b.warc_record, b.payload)
}
