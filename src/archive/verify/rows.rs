//! The rows of the index: their checksums, their digests, and what they point at.

use super::super::read::Record;
use super::super::schema::{
    CaptureRow, RecordRow, RevisionRow, UrlHash, UrlRow, after, capture_key, key, place_key,
    queue_key, time_key, url_hash,
};
use super::super::store::open_value;
use super::super::{content_digest, near, read_row};
use super::{Check, is_same};
use crate::domain::{Digest, RecordId};
use crate::extract::fields::text::normal;
use serde::de::DeserializeOwned;

impl Check<'_> {
    /// Visits every row under `prefix`; what cannot be read is damage.
    fn rows<T: DeserializeOwned>(
        &mut self,
        prefix: &[u8],
        what: &str,
        mut visit: impl FnMut(&mut Self, &[u8], T),
    ) {
        let archive = self.archive;
        for pair in archive.store.scan(prefix, &after(prefix)) {
            match pair {
                Ok((key, sealed)) => {
                    match open_value(&key, &sealed).and_then(|payload| read_row(&payload)) {
                        Ok(row) => visit(self, &key, row),
                        Err(why) => self.damage(format!("{what} {}", key.escape_ascii()), why),
                    }
                }
                Err(why) => self.damage(format!("{what}s"), why.to_string()),
            }
        }
    }

    fn is_record(&self, id: RecordId) -> bool {
        matches!(self.archive.store.has(&key(b'r', &[&id.0])), Ok(true))
    }

    pub(super) fn captures(&mut self, byte: u8) {
        self.rows(
            &[b'c', byte],
            "capture",
            |check, at, capture: CaptureRow| {
                check.found.captures += 1;
                // Nothing of the archive is lost: it came without what it refers to.
                check.found.lone_revisits += u64::from(capture.lone);
                if capture_key(&url_hash(&capture.url), capture.at) != at {
                    check.damage(&capture.url, "its capture stands under another URL or time");
                }
                check.pointer(&capture.url, &capture);
                if let Some(id) = capture.record
                    && !check.is_record(id)
                {
                    check.damage(&capture.url, format!("its record {id} is not there"));
                }
            },
        );
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

    pub(super) fn records(&mut self, byte: u8) {
        self.rows(&[b'r', byte], "record", |check, at, row: RecordRow| {
            check.found.records += 1;
            let name = row.id.to_string();
            if RecordId::of(&row.url) != row.id || at.get(1..) != Some(&row.id.0[..]) {
                check.damage(&name, "its id is not the digest of its URL");
            }
            let entry = time_key(&row.site, row.sort, row.id);
            if !matches!(check.archive.store.has(&entry), Ok(true)) {
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
                    Ok(Some(record)) => {
                        check.digests(&record);
                        check.revision(&row, number);
                    }
                    Ok(None) => check.damage(&name, format!("revision {number} is missing")),
                    Err(why) => check.damage(&name, why.to_string()),
                }
            }
            check.found.revisions += 1;
            check.sum.add(row.id, &row.current);
            check.pointer(&name, &row.current.provenance.capture);
        });
        self.rows(
            &[b'v', byte],
            "revision",
            |check, at, revision: RevisionRow| {
                check.found.revisions += 1;
                let id = at.get(1..17).and_then(|id| id.try_into().ok());
                let id = RecordId(id.unwrap_or_default());
                check.sum.add(id, &revision);
                check.pointer(&id.to_string(), &revision.provenance.capture);
                if !check.is_record(id) {
                    check.damage(id.to_string(), "has old revisions and is not there");
                }
            },
        );
    }

    /// All fields against their digest; reads the capture again, where that is wanted.
    fn revision(&mut self, row: &RecordRow, number: u32) {
        // What cannot be read is told elsewhere.
        let Ok(Some(revision)) = self.archive.revision(row, number) else {
            return;
        };
        if content_digest(&revision.article) != revision.content {
            let what = format!("the fields of revision {number} do not have their digest");
            self.damage(row.id.to_string(), what);
        }
        if let Some(deep) = self.plan.deep {
            self.found.read_again += 1;
            if let Some(what) = deep(row, &revision) {
                self.damage(row.id.to_string(), what);
            }
        }
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

    pub(super) fn urls(&mut self, byte: u8) {
        self.rows(&[b'u', byte], "URL", |check, at, row: UrlRow| {
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
                        .has(&queue_key(&row.site, queued, &hash)),
                    Ok(true)
                )
            {
                check.damage(&row.url, "it waits, and the frontier does not name it");
            }
        });
    }

    /// The rows that point at others, and those that only need to be readable.
    pub(super) fn indexes(&mut self) {
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
            self.rows(&[prefix], what, |check, at, id: RecordId| {
                // (The article of a withdrawn record is known, so that it does not come back.)
                let withdrawn = || matches!(check.archive.tombstone(&id.0), Ok(Some(_)));
                if !check.is_record(id) && !withdrawn() {
                    let place = format!("{what} {}", at.escape_ascii());
                    check.damage(place, format!("its record {id} is not there"));
                }
            });
        }
        self.rows(b"a", "address", |check, at, url: String| {
            let id = at.last_chunk().map(|id| RecordId(*id));
            let row = id
                .and_then(|id| check.archive.record_row(id).ok())
                .flatten();
            if row.is_none_or(|row| row.moved_to.as_ref() != Some(&url)) {
                check.damage(url, "a record's address that no record has");
            }
        });
        self.keys(b'o', |check, at| {
            let hash: Option<&UrlHash> = at.last_chunk();
            let row = hash.and_then(|hash| check.archive.row::<UrlRow>(&key(b'u', &[hash])).ok());
            (row.flatten().is_none()).then_some("a redirect from a URL that is not there")
        });
        self.rows(b"p", "payload", |check, _, capture: CaptureRow| {
            check.pointer(&capture.url, &capture);
        });
        self.rows(b"f", "place", |check, at, (hash, time): (RecordId, i64)| {
            let capture = check.archive.row::<CaptureRow>(&capture_key(&hash.0, time));
            let named = capture.ok().flatten();
            // (Of a capture that stands in two files the row names the first; the reading of the
            // files has compared them.)
            if named.is_none() {
                check.damage(
                    format!("place {}", at.escape_ascii()),
                    "no capture stands there",
                );
            }
        });
        for prefix in [b'm', b's', b'h', b'n', b'w', b'e', b'z', b'k'] {
            self.rows(&[prefix], "row", |_, _, _: serde_json::Value| {});
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
