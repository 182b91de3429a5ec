//! The WARC files against the index: each capture's record, and what is missing between two.

use super::super::schema::{CaptureRow, after, key, place_key};
use super::super::warc;
use super::Check;
use crate::domain::Digest;
use std::path::Path;

impl Check<'_> {
    /// Reads a file's records and compares each with what the index says of its place.
    pub(super) fn warc_file(&mut self, path: &Path, name: &str) {
        let mut last: Option<u64> = None;
        let read = warc::check_file(path, &mut |member: warc::Checked| {
            self.found.warc_records += 1;
            let place = format!("{name} at offset {}", member.offset);
            for what in &member.faults {
                self.damage(&place, what);
            }
            // (The rows of erased captures go after them: a crash may leave some.)
            if !member.capture && !member.erased {
                return;
            }
            self.missing(name, last, Some(member.offset));
            last = Some(member.offset);
            if member.erased {
                return;
            }
            match self.archive.capture_at(&place_key(name, member.offset)) {
                Ok(Some(row)) => self.compare(&row, &member, name),
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

    fn compare(&mut self, row: &CaptureRow, member: &warc::Checked, name: &str) {
        let bare = |id: &str| id.trim_matches(['<', '>']).to_owned();
        let label = member.payload.as_deref();
        let payload = label.and_then(Digest::from_warc_label);
        // A capture may stand in two files, one of them imported: its row names the first.
        let twin = (row.file.as_str(), row.offset) != (name, member.offset);
        // (Its label may be of another kind: then the replay has compared the payloads.)
        let differs = if twin && payload.is_none_or(|payload| payload == row.payload) {
            return;
        } else if row.length != member.length {
            "has another length than the index says"
        } else if bare(&row.warc_record) != bare(&member.record_id) {
            "is another WARC record than the index says"
        } else if !row.lone && payload.is_some_and(|payload| payload != row.payload) {
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
    pub(super) fn places(&mut self, names: &[String]) {
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
}
