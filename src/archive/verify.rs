//! `khobao verify`: every row's checksum, every digest, every pointer from record to WARC and
//! back. Finds all there is to find; one damaged thing never hides the next. Memory does not grow
//! with the archive: a file's records are compared with the index in the order of both.

use super::read::Record;
use super::schema::{
    CaptureRow, RecordRow, RevisionRow, UrlHash, UrlRow, after, capture_key, key, place_key,
    queue_key, time_key, url_hash,
};
use super::store::open_value;
use super::{Archive, ArchiveError, near, warc};
use crate::domain::{Digest, RecordId};
use crate::extract::fields::text::normal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// What `verify` found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
    /// All that is wrong.
    pub damage: Vec<Damage>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Where: a record id, a URL, or a file with an offset.
    pub place: String,
    /// What.
    pub what: String,
}

struct Check<'a> {
    archive: &'a Archive,
    found: Verification,
}

impl Archive {
    /// Checks everything. `progress` is told of each WARC file and each kind of row.
    pub fn verify(&self, progress: &dyn Fn(&str)) -> Result<Verification, ArchiveError> {
        let mut check = Check {
            archive: self,
            found: Verification::default(),
        };
        let names = check.warc_files(progress)?;
        check.places(&names);
        progress("captures");
        check.captures();
        progress("records");
        check.records();
        progress("the index");
        check.urls();
        check.indexes();
        Ok(check.found)
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

    /// Reads every file; gives their names.
    fn warc_files(&mut self, progress: &dyn Fn(&str)) -> Result<Vec<String>, ArchiveError> {
        let dir = self.archive.warc_dir();
        let names = warc::files(&dir)?;
        for name in &names {
            progress(name);
            self.found.warc_files += 1;
            self.warc_file(&dir.join(name), name);
        }
        Ok(names)
    }

    /// Reads a file's records and compares each with what the index says of its place.
    fn warc_file(&mut self, path: &Path, name: &str) {
        let mut last: Option<u64> = None;
        let read = warc::check_file(path, &mut |member: warc::Checked| {
            self.found.warc_records += 1;
            let place = format!("{name} at offset {}", member.offset);
            for what in &member.faults {
                self.damage(&place, what);
            }
            if !member.capture {
                return;
            }
            self.missing(name, last, Some(member.offset));
            last = Some(member.offset);
            match self.archive.capture_at(&place_key(name, member.offset)) {
                Ok(Some(row)) => self.compare(&row, &member),
                Ok(None) => self.found.orphans += 1,
                Err(why) => self.damage(&place, why.to_string()),
            }
        });
        if let Err(why) = read {
            self.damage(name, why.to_string());
        }
        self.missing(name, last, None);
    }

    /// Places between two captures of a file (`None`: its start, its end) where the index expects
    /// another one.
    fn missing(&mut self, name: &str, after_offset: Option<u64>, until: Option<u64>) {
        let from = match after_offset {
            Some(offset) => place_key(name, offset.saturating_add(1)),
            None => place_key(name, 0),
        };
        let to = match until {
            Some(offset) => place_key(name, offset),
            None => after(&key(b'f', &[name.as_bytes(), &[0]])),
        };
        let gone: Vec<Vec<u8>> = self
            .archive
            .store
            .scan(&from, &to)
            .filter_map(|pair| pair.ok().map(|(key, _)| key))
            .collect();
        for place in gone {
            self.gone(&place);
        }
    }

    fn gone(&mut self, place: &[u8]) {
        let offset = place
            .last_chunk::<8>()
            .map_or(0, |o| u64::from_be_bytes(*o));
        let file = place.get(1..place.len().saturating_sub(9)).unwrap_or(b"");
        let file = String::from_utf8_lossy(file).into_owned();
        let url = match self.archive.capture_at(place) {
            Ok(Some(row)) => row.url,
            _ => format!("{file} at offset {offset}"),
        };
        let what = format!("its capture in {file} at offset {offset} is not there");
        self.damage(url, what);
    }

    fn compare(&mut self, row: &CaptureRow, member: &warc::Checked) {
        let bare = |id: &str| id.trim_matches(['<', '>']).to_owned();
        let payload = member.payload.as_deref().and_then(Digest::from_warc_label);
        let differs = if row.length != member.length {
            "has another length than the index says"
        } else if bare(&row.warc_record) != bare(&member.record_id) {
            "is another WARC record than the index says"
        } else if payload.is_some_and(|payload| payload != row.payload) {
            "has another payload digest than the index says"
        } else {
            return;
        };
        let (file, offset) = (&row.file, row.offset);
        self.damage(
            &row.url,
            format!("its capture in {file} at offset {offset} {differs}"),
        );
    }

    /// Places in files that are not there at all.
    fn places(&mut self, names: &[String]) {
        let mut gone = Vec::new();
        for pair in self.archive.store.scan(b"f", &after(b"f")) {
            match pair {
                Ok((place, _)) => {
                    let file = place.get(1..place.len().saturating_sub(9)).unwrap_or(b"");
                    let known = names
                        .binary_search_by(|name| name.as_bytes().cmp(file))
                        .is_ok();
                    if !known {
                        gone.push(place);
                    }
                }
                Err(why) => {
                    self.damage("places in WARC files", why.to_string());
                    break;
                }
            }
        }
        for place in gone {
            self.gone(&place);
        }
    }

    /// Visits every row under `prefix`; what cannot be read is damage.
    fn rows<T: DeserializeOwned>(
        &mut self,
        prefix: u8,
        what: &str,
        mut visit: impl FnMut(&mut Self, &[u8], T),
    ) {
        let archive = self.archive;
        for pair in archive.store.scan(&[prefix], &after(&[prefix])) {
            match pair {
                Ok((key, sealed)) => match open_value(&key, &sealed)
                    .and_then(|p| serde_json::from_slice(&p).map_err(|why| why.to_string()))
                {
                    Ok(row) => visit(self, &key, row),
                    Err(why) => self.damage(format!("{what} {}", key.escape_ascii()), why),
                },
                Err(why) => self.damage(format!("{what}s"), why.to_string()),
            }
        }
    }

    fn is_record(&self, id: RecordId) -> bool {
        matches!(self.archive.store.get(&key(b'r', &[&id.0])), Ok(Some(_)))
    }

    fn captures(&mut self) {
        self.rows(b'c', "capture", |check, at, capture: CaptureRow| {
            check.found.captures += 1;
            if capture_key(&url_hash(&capture.url), capture.at) != at {
                check.damage(&capture.url, "its capture stands under another URL or time");
            }
            check.pointer(&capture.url, &capture);
            if let Some(id) = capture.record
                && !check.is_record(id)
            {
                check.damage(&capture.url, format!("its record {id} is not there"));
            }
        });
    }

    /// Whether the index has this very capture at its place, which the reading of the files has
    /// compared with them.
    fn pointer(&mut self, whose: &str, capture: &CaptureRow) {
        let (file, offset) = (&capture.file, capture.offset);
        let what = match self.archive.capture_at(&place_key(file, offset)) {
            Ok(Some(row)) if is_same(&row, capture) => return,
            Ok(Some(_)) => "is another one than the index of places says".to_owned(),
            Ok(None) => "is not in the index of places".to_owned(),
            Err(why) => why.to_string(),
        };
        self.damage(
            whose,
            format!("its capture in {file} at offset {offset} {what}"),
        );
    }

    fn records(&mut self) {
        self.rows(b'r', "record", |check, at, row: RecordRow| {
            check.found.records += 1;
            let name = row.id.to_string();
            if RecordId::of(&row.url) != row.id || at.get(1..) != Some(&row.id.0[..]) {
                check.damage(&name, "its id is not the digest of its URL");
            }
            let entry = time_key(&row.site, row.sort, row.id);
            if !matches!(check.archive.store.get(&entry), Ok(Some(_))) {
                check.damage(&name, "the time index does not name it");
            }
            for (field, other) in [("same_as", row.same_as), ("near", row.near)] {
                if let Some(other) = other
                    && !check.is_record(other)
                {
                    check.damage(&name, format!("{field} names {other}, which is not there"));
                }
            }
            for number in 1..=row.current.number {
                match check.archive.record(row.clone(), Some(number)) {
                    Ok(Some(record)) => check.digests(&record),
                    Ok(None) => check.damage(&name, format!("revision {number} is missing")),
                    Err(why) => check.damage(&name, why.to_string()),
                }
            }
            check.found.revisions += 1;
            check.pointer(&name, &row.current.provenance.capture);
        });
        self.rows(b'v', "revision", |check, at, revision: RevisionRow| {
            check.found.revisions += 1;
            let id = at.get(1..17).and_then(|id| id.try_into().ok());
            let id = RecordId(id.unwrap_or_default());
            check.pointer(&id.to_string(), &revision.provenance.capture);
            if !check.is_record(id) {
                check.damage(id.to_string(), "has old revisions and is not there");
            }
        });
    }

    fn digests(&mut self, record: &Record) {
        let text = normal(&record.text);
        let title = normal(&record.title);
        if Digest::of(text.as_bytes()) != record.text_digest
            || Digest::of(format!("{title}\n{text}")) != record.digest
        {
            self.damage(
                record.id.to_string(),
                format!(
                    "the text of revision {} does not have its digest",
                    record.revision
                ),
            );
        }
    }

    fn urls(&mut self) {
        self.rows(b'u', "URL", |check, at, row: UrlRow| {
            let hash = url_hash(&row.url);
            if at.get(1..) != Some(&hash[..]) {
                check.damage(&row.url, "its row stands under another URL");
            }
            if let Some(id) = row.record
                && !check.is_record(id)
            {
                check.damage(&row.url, format!("its record {id} is not there"));
            }
            if let Some(queued) = row.queued
                && !matches!(
                    check
                        .archive
                        .store
                        .get(&queue_key(&row.site, queued, &hash)),
                    Ok(Some(_))
                )
            {
                check.damage(&row.url, "it waits, and the frontier does not name it");
            }
        });
    }

    /// The rows that point at others, and those that only need to be readable.
    fn indexes(&mut self) {
        self.keys(b'q', |check, at| {
            let hash: Option<&UrlHash> = at.last_chunk();
            let row = hash.and_then(|hash| check.archive.row::<UrlRow>(&key(b'u', &[hash])).ok());
            let named = row.flatten().is_some_and(|row| {
                let queued = row
                    .queued
                    .map(|queued| queue_key(&row.site, queued, &url_hash(&row.url)));
                queued.as_deref() == Some(at)
            });
            (!named).then_some("a frontier entry without a URL that waits")
        });
        self.keys(b't', |check, at| {
            let id = at.last_chunk().map(|id| RecordId(*id));
            let row = id.and_then(|id| check.archive.record_row(id).ok());
            let named = row
                .flatten()
                .is_some_and(|row| time_key(&row.site, row.sort, row.id) == at);
            (!named).then_some("an entry of the time index without its record")
        });
        self.keys(b'y', |check, at| {
            let id = |range| at.get(range).and_then(|id: &[u8]| id.try_into().ok());
            let both = id(1..17).zip(id(17..33));
            let named = both
                .is_some_and(|(a, b)| check.is_record(RecordId(a)) && check.is_record(RecordId(b)));
            (!named).then_some("an entry of the shared texts without its record")
        });
        self.keys(b'b', |check, at| {
            let found = near::split(at);
            let named = found.is_some_and(|(simhash, id)| {
                let row = check.archive.record_row(id).ok().flatten();
                row.is_some_and(|row| row.current.simhash == format!("{simhash:016x}"))
            });
            (!named).then_some("an entry of the near copies without its record")
        });
        for (prefix, what) in [(b'd', "identity"), (b'x', "text")] {
            self.rows(prefix, what, |check, at, id: RecordId| {
                if !check.is_record(id) {
                    let place = format!("{what} {}", at.escape_ascii());
                    check.damage(place, format!("its record {id} is not there"));
                }
            });
        }
        self.rows(b'p', "payload", |check, _, capture: CaptureRow| {
            check.pointer(&capture.url, &capture);
        });
        self.rows(b'f', "place", |check, at, (hash, time): (RecordId, i64)| {
            let capture = check.archive.row::<CaptureRow>(&capture_key(&hash.0, time));
            let named = capture.ok().flatten();
            if named.is_none_or(|row| place_key(&row.file, row.offset) != at) {
                check.damage(
                    format!("place {}", at.escape_ascii()),
                    "no capture stands there",
                );
            }
        });
        for prefix in [b'm', b's', b'h', b'n'] {
            self.rows(prefix, "row", |_, _, _: serde_json::Value| {});
        }
    }

    /// Visits every key under `prefix`, for rows that are all key.
    fn keys(&mut self, prefix: u8, check: impl Fn(&Self, &[u8]) -> Option<&'static str>) {
        let archive = self.archive;
        for pair in archive.store.scan(&[prefix], &after(&[prefix])) {
            match pair {
                Ok((key, _)) => {
                    if let Some(what) = check(self, &key) {
                        self.damage(key.escape_ascii().to_string(), what);
                    }
                }
                Err(why) => self.damage("the index", why.to_string()),
            }
        }
    }
}

/// Whether two rows name the same place and the same WARC record.
fn is_same(a: &CaptureRow, b: &CaptureRow) -> bool {
    (&a.file, a.offset, a.length, &a.warc_record, a.payload)
        == (&b.file, b.offset, b.length, &b.warc_record, b.payload)
}
