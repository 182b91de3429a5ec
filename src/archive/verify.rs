//! `khobao verify`: every row's checksum, every digest, every pointer from record to WARC and
//! back. Finds all there is to find; one damaged thing never hides the next.

use super::schema::{CaptureRow, RecordRow, RevisionRow, UrlRow, after};
use super::store::open_value;
use super::{Archive, ArchiveError, warc};
use crate::domain::{Digest, RecordId};
use crate::extract::fields::text::normal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
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
    /// Records of captures by file and offset: length, and whether a capture names them.
    members: HashMap<(String, u64), (u64, bool)>,
}

impl Archive {
    /// Checks everything. `progress` is told of each WARC file and each thousand rows.
    pub fn verify(&self, progress: &dyn Fn(&str)) -> Result<Verification, ArchiveError> {
        let mut check = Check {
            archive: self,
            found: Verification::default(),
            members: HashMap::new(),
        };
        check.warc_files(progress)?;
        check.captures(progress);
        check.records(progress);
        check.others();
        let orphans = check.members.values().filter(|(_, named)| !named).count();
        check.found.orphans = orphans as u64;
        Ok(check.found)
    }
}

impl Check<'_> {
    fn damage(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.found.damage.push(Damage {
            place: place.into(),
            what: what.into(),
        });
    }

    fn warc_files(&mut self, progress: &dyn Fn(&str)) -> Result<(), ArchiveError> {
        let dir = self.archive.warc_dir();
        let listing = std::fs::read_dir(&dir).map_err(|why| ArchiveError::Io {
            doing: "list",
            path: dir.clone(),
            why: why.to_string(),
        })?;
        let mut names: Vec<String> = listing
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".warc.gz"))
            .collect();
        names.sort();
        for name in names {
            progress(&name);
            self.found.warc_files += 1;
            self.warc_file(&dir.join(&name), &name);
        }
        Ok(())
    }

    fn warc_file(&mut self, path: &Path, name: &str) {
        let outcome = warc::check_file(path, &mut |member: warc::Checked| {
            self.found.warc_records += 1;
            if member.capture {
                self.members
                    .insert((name.to_owned(), member.offset), (member.length, false));
            }
            for what in member.faults {
                self.found.damage.push(Damage {
                    place: format!("{name} at offset {}", member.offset),
                    what,
                });
            }
        });
        if let Err(why) = outcome {
            self.damage(name, why.to_string());
        }
    }

    /// Visits every row under `prefix`; what cannot be read is damage.
    fn rows<T: DeserializeOwned>(
        &mut self,
        prefix: u8,
        what: &str,
        mut visit: impl FnMut(&mut Self, T),
    ) {
        let archive = self.archive;
        for pair in archive.store.scan(&[prefix], &after(&[prefix])) {
            match pair {
                Ok((key, sealed)) => match open_value(&key, &sealed)
                    .and_then(|p| serde_json::from_slice(&p).map_err(|why| why.to_string()))
                {
                    Ok(row) => visit(self, row),
                    Err(why) => self.damage(format!("{what} {}", key.escape_ascii()), why),
                },
                Err(why) => self.damage(format!("{what}s"), why.to_string()),
            }
        }
    }

    fn captures(&mut self, progress: &dyn Fn(&str)) {
        progress("captures");
        self.rows(b'c', "capture", |check, capture: CaptureRow| {
            check.found.captures += 1;
            check.pointer(&capture);
            if let Some(id) = capture.record
                && !matches!(check.archive.record_row(id), Ok(Some(_)))
            {
                check.damage(&capture.url, format!("its record {id} is not there"));
            }
        });
    }

    fn pointer(&mut self, capture: &CaptureRow) {
        let place = (capture.file.clone(), capture.offset);
        let what = match self.members.get_mut(&place) {
            Some((length, named)) if *length == capture.length => {
                *named = true;
                return;
            }
            Some(_) => "has another length than the index says",
            None => "is not there",
        };
        self.damage(
            &capture.url,
            format!(
                "its capture in {} at offset {} {what}",
                capture.file, capture.offset
            ),
        );
    }

    fn records(&mut self, progress: &dyn Fn(&str)) {
        progress("records");
        self.rows(b'r', "record", |check, row: RecordRow| {
            check.found.records += 1;
            if RecordId::of(&row.url) != row.id {
                check.damage(row.id.to_string(), "its id is not the digest of its URL");
            }
            let entry = super::schema::time_key(&row.site, row.sort, row.id);
            if !matches!(check.archive.store.get(&entry), Ok(Some(_))) {
                check.damage(row.id.to_string(), "the time index does not name it");
            }
            for number in 1..row.current.number {
                match check.archive.record(row.clone(), Some(number)) {
                    Ok(Some(_)) => {}
                    Ok(None) => {
                        check.damage(row.id.to_string(), format!("revision {number} is missing"));
                    }
                    Err(why) => check.damage(row.id.to_string(), why.to_string()),
                }
            }
            check.revision(&row, &row.current);
        });
        self.rows(b'v', "revision", |check, revision: RevisionRow| {
            check.found.revisions += 1;
            check.pointer(&revision.provenance.capture);
        });
    }

    fn revision(&mut self, row: &RecordRow, revision: &RevisionRow) {
        self.found.revisions += 1;
        self.pointer(&revision.provenance.capture);
        match self.archive.record(row.clone(), None) {
            Ok(Some(record)) => {
                let text = normal(&record.text);
                let title = normal(&record.title);
                if Digest::of(text.as_bytes()) != record.text_digest
                    || Digest::of(format!("{title}\n{text}")) != record.digest
                {
                    self.damage(record.id.to_string(), "its text does not have its digest");
                }
            }
            Ok(None) => self.damage(row.id.to_string(), "its current revision is missing"),
            Err(why) => self.damage(row.id.to_string(), why.to_string()),
        }
    }

    fn others(&mut self) {
        self.rows(b'u', "URL", |check, row: UrlRow| {
            if let Some(id) = row.record
                && !matches!(check.archive.record_row(id), Ok(Some(_)))
            {
                check.damage(row.url, format!("its record {id} is not there"));
            }
        });
        for prefix in [b'm', b's', b'h', b'd', b'x', b'p', b'n'] {
            self.rows(prefix, "row", |_, _: serde_json::Value| {});
        }
    }
}
