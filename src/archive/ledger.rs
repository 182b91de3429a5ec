//! Chain of custody: `manifest.sha256` lists every closed WARC file with its SHA-256 (`sha256sum
//! -c` reads it), and `ledger.jsonl` has one line a change of the archive. Each line holds the
//! SHA-256 of the line before, of the manifest, and the sum of all revisions: whoever changes a
//! WARC file, a record or the ledger itself breaks the chain. What was written down of the last
//! line elsewhere proves the ledger's end too.

use super::schema::key;
use super::store::{Batch, sync_dir};
use super::sum::Sum;
use super::unlike::Unlikes;
use super::{Archive, ArchiveError, warc};
use crate::domain::Digest;
use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::PoisonError;

pub(super) const MANIFEST: &str = "manifest.sha256";
const NEW_MANIFEST: &str = "manifest.new";
pub(super) const LEDGER: &str = "ledger.jsonl";
/// The row of a change that is not sealed yet.
const OPEN: &[u8] = b"open";

/// A change that was begun and is not sealed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Open {
    kind: String,
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counted from 1.
    pub seq: u64,
    /// When, RFC 3339, UTC.
    pub at: String,
    /// What happened: `init`, `crawl`, `interrupted`, `rebuild`, `import`, `merge`, `reextract`,
    /// `withdraw`, `migrate`, `verify`.
    pub kind: String,
    /// The command line's words; of a withdrawal the first only.
    pub command: String,
    /// Version of the program.
    pub software: String,
    /// SHA-256 of the line before, without its line end; 64 zeros in the first.
    pub prev: Digest,
    /// SHA-256 of `manifest.sha256`.
    pub manifest: Digest,
    /// SHA-256 of `manifest.sha256` before: what the line before ended with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub listed: Option<Digest>,
    /// WARC files in the manifest.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// All revisions before it, where the program knows; what the line before ended with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub began: Option<Sum>,
    /// All revisions.
    pub records: Sum,
    /// WARC files that were found not to be what the manifest says: they keep their lines in it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub unlike: Unlikes,
    /// Files that a line before had found so, and that are again what the manifest says.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub restored: Vec<String>,
    /// What else is to be kept of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<serde_json::Value>,
}

/// The manifest: file name to SHA-256 (hexadecimal).
pub type Manifest = BTreeMap<String, String>;

impl Archive {
    /// Seals the state of the archive with a line of the ledger. `changed` names WARC files that
    /// were written anew on purpose. Gives the digest of the line.
    pub fn seal(
        &self,
        kind: &str,
        changed: &[String],
        note: Option<serde_json::Value>,
    ) -> Result<Digest, ArchiveError> {
        self.seal_with(kind, changed, Unlikes::new(), note)
    }

    /// The same with files that were found not to be what the manifest says.
    pub fn seal_with(
        &self,
        kind: &str,
        changed: &[String],
        unlike: Unlikes,
        note: Option<serde_json::Value>,
    ) -> Result<Digest, ArchiveError> {
        self.settle_manifest()?;
        let anew = ["rebuild", "import", "merge"].contains(&kind);
        let files = self.settle_files(changed, unlike, anew)?;
        let (manifest, bytes) = self.new_manifest(&files.changed)?;
        // A line that cannot be read is no reason to stop: the chain goes on over it, and `verify`
        // names it.
        let before = self.ledger_bytes()?;
        let whole = before.len() as u64;
        let last = lines(&before).count() as u64;
        let prev = lines(&before)
            .last()
            .map_or_else(Digest::default, Digest::of);
        // An index that was made anew does not begin with what the old one had.
        let anew = anew || kind == "interrupted";
        let began = self.know_beginning(None).filter(|_| !anew);
        let mut words: Vec<String> = std::env::args().skip(1).collect();
        if kind == "withdraw" {
            // The URL may tell what was to be forgotten; the note has the record's id.
            words.truncate(1);
        }
        let entry = Entry {
            seq: last + 1,
            at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            kind: kind.to_owned(),
            command: words.join(" "),
            software: concat!("khobao/", env!("CARGO_PKG_VERSION")).to_owned(),
            prev,
            manifest: Digest::of(text(&manifest)),
            listed: Some(Digest::of(self.manifest_bytes()?)),
            files: manifest.len() as u64,
            bytes,
            began,
            records: self.sum()?,
            unlike: files.unlike,
            restored: files.restored,
            note,
        };
        // Plain data with string keys: serialising it cannot fail.
        let mut line = serde_json::to_string(&entry).unwrap_or_default();
        let digest = Digest::of(&line);
        line.push('\n');
        let path = self.dir.join(LEDGER);
        let write = || -> std::io::Result<()> {
            let mut file = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(&path)?;
            // Part of a line that a crash left: nothing was sealed by it.
            file.set_len(whole)?;
            file.write_all(line.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|why| self.io("write", LEDGER, &why))?;
        self.settle_manifest()?;
        self.rewritten()?;
        let mut batch = Batch::default();
        self.put(&mut batch, key(b'm', &[b"ledger"]), &(entry.seq, digest));
        batch.delete(key(b'm', &[OPEN]));
        self.store.apply(batch)?;
        self.store.flush()?;
        self.know_beginning(Some(entry.records));
        Ok(digest)
    }

    /// Notes what the next line begins with; gives what was noted before.
    fn know_beginning(&self, sum: Option<Sum>) -> Option<Sum> {
        let mut began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *began, sum)
    }

    /// To be called before the records are changed, until `seal`: what is cut short in between
    /// has a line of its own, and is not taken for tampering.
    pub fn open_change(&self, kind: &str) -> Result<(), ArchiveError> {
        self.seal_interrupted()?;
        let mut batch = Batch::default();
        self.put_open(&mut batch, kind);
        self.store.apply(batch)?;
        Ok(self.store.flush()?)
    }

    /// Notes in a batch that a change has begun.
    pub(super) fn put_open(&self, batch: &mut Batch, kind: &str) {
        let row = Open {
            kind: kind.to_owned(),
        };
        self.put(batch, key(b'm', &[OPEN]), &row);
    }

    fn open_row(&self) -> Result<Option<Open>, ArchiveError> {
        self.row(&key(b'm', &[OPEN]))
    }

    /// Whether a change was begun and not sealed.
    pub(super) fn is_open(&self) -> Result<bool, ArchiveError> {
        Ok(self.open_row()?.is_some())
    }

    /// Seals what a run that was cut short left behind.
    fn seal_interrupted(&self) -> Result<(), ArchiveError> {
        let listed = self.manifest()?;
        let new = warc::files(&self.warc_dir())?
            .iter()
            .any(|name| !listed.contains_key(name));
        let rewriting = self.rewriting()?;
        if new || self.is_open()? || !rewriting.is_empty() {
            self.know_beginning(None);
            let kind = self.open_row()?.map(|open| open.kind);
            let note = serde_json::json!({"kind": kind, "rewritten": rewriting});
            self.seal("interrupted", &[], Some(note))?;
        }
        Ok(())
    }

    /// The last line of the ledger that can be read.
    pub fn last_sealed(&self) -> Result<Option<Entry>, ArchiveError> {
        let bytes = self.ledger_bytes()?;
        let mut lines: Vec<&[u8]> = lines(&bytes).collect();
        while let Some(line) = lines.pop() {
            if let Ok(entry) = serde_json::from_slice(line) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Every line of the ledger that can be read, oldest first.
    pub fn ledger(&self) -> Result<Vec<Entry>, ArchiveError> {
        let bytes = self.ledger_bytes()?;
        let read = lines(&bytes).filter_map(|line| serde_json::from_slice(line).ok());
        Ok(read.collect())
    }

    /// How many lines the ledger has, and the SHA-256 of the last one.
    pub fn ledger_end(&self) -> Result<Option<(u64, Digest)>, ArchiveError> {
        let bytes = self.ledger_bytes()?;
        let last = lines(&bytes).last().map(Digest::of);
        Ok(last.map(|digest| (lines(&bytes).count() as u64, digest)))
    }

    /// The ledger's whole lines, without part of a line that a crash left at the end.
    fn ledger_bytes(&self) -> Result<Vec<u8>, ArchiveError> {
        match std::fs::read(self.dir.join(LEDGER)) {
            Ok(bytes) => Ok(whole_lines(bytes)),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(why) => Err(self.io("read", LEDGER, &why)),
        }
    }

    /// The digest of the last line that the index knows of.
    pub(super) fn ledger_head(&self) -> Result<Option<(u64, Digest)>, ArchiveError> {
        self.row(&key(b'm', &[b"ledger"]))
    }

    /// The manifest as it stands.
    pub fn manifest(&self) -> Result<Manifest, ArchiveError> {
        read_manifest(&self.dir)
    }

    fn manifest_bytes(&self) -> Result<Vec<u8>, ArchiveError> {
        manifest_bytes(&self.dir)
    }

    /// A crash may fall between the ledger's line and the manifest that it names.
    pub(super) fn settle_manifest(&self) -> Result<(), ArchiveError> {
        let temp = self.dir.join(NEW_MANIFEST);
        let Ok(text) = std::fs::read(&temp) else {
            return Ok(());
        };
        let last = self.last_sealed()?;
        if last.is_some_and(|last| last.manifest == Digest::of(&text)) {
            std::fs::rename(&temp, self.dir.join(MANIFEST))
                .map_err(|why| self.io("write", MANIFEST, &why))?;
            sync_dir(&self.dir)?;
        }
        Ok(())
    }

    /// Adds what is new, in a file that is to take the manifest's place; gives the manifest and
    /// the bytes of its files.
    fn new_manifest(&self, changed: &[String]) -> Result<(Manifest, u64), ArchiveError> {
        let mut manifest = self.manifest()?;
        let dir = self.warc_dir();
        let mut bytes = 0;
        for name in warc::files(&dir)? {
            let path = dir.join(&name);
            bytes += std::fs::metadata(&path).map_or(0, |m| m.len());
            if changed.contains(&name) || !manifest.contains_key(&name) {
                manifest.insert(name, warc::digest(&path)?);
            }
        }
        let temp = self.dir.join(NEW_MANIFEST);
        let write = || -> std::io::Result<()> {
            let mut file = std::fs::File::create(&temp)?;
            file.write_all(text(&manifest).as_bytes())?;
            file.sync_all()
        };
        write().map_err(|why| self.io("write", MANIFEST, &why))?;
        sync_dir(&self.dir)?;
        Ok((manifest, bytes))
    }

    fn io(&self, doing: &'static str, name: &str, why: &std::io::Error) -> ArchiveError {
        ArchiveError::Io {
            doing,
            path: self.dir.join(name),
            why: why.to_string(),
        }
    }

    /// What is wrong with the ledger and the manifest themselves.
    pub(super) fn check_custody(&self) -> Result<Vec<(String, String)>, ArchiveError> {
        self.settle_manifest()?;
        let mut wrong = Vec::new();
        let bytes = self.ledger_bytes()?;
        let (faults, end) = chain(&bytes, LEDGER);
        wrong.extend(faults);
        let (count, prev, last) = end.unwrap_or_default();
        match self.ledger_head()? {
            Some((seq, digest)) if count == seq && prev != digest => wrong.push((
                format!("line {seq} of {LEDGER}"),
                "is not the line that the index knows: the ledger was changed".to_owned(),
            )),
            Some((seq, _)) if count < seq => wrong.push((
                LEDGER.to_owned(),
                format!("has {count} lines where the index knows {seq}: it was cut"),
            )),
            // A line is written just before the index knows of it.
            Some((seq, _)) if count > seq + 1 || (count > seq && !self.is_sealed(&last)?) => wrong
                .push((
                    "the index".to_owned(),
                    format!(
                        "knows {seq} lines of {LEDGER}, which has {count}: it is older than the \
                         ledger, or was changed; `khobao rebuild` makes it again"
                    ),
                )),
            _ => {}
        }
        let Some(last) = last else {
            return Ok(wrong);
        };
        let manifest = self.manifest()?;
        let present = self.manifest_bytes()?;
        if Digest::of(&present) != last.manifest || present != text(&manifest).as_bytes() {
            let what = "is not the manifest that the ledger's last line names: it was changed";
            wrong.push((MANIFEST.to_owned(), what.to_owned()));
        }
        let names = warc::files(&self.warc_dir())?;
        for name in manifest.keys().filter(|name| !names.contains(name)) {
            wrong.push((name.clone(), "is in the manifest and not there".to_owned()));
        }
        wrong.extend(self.check_unsettled(&manifest)?);
        Ok(wrong)
    }

    /// Whether the revisions are those of this line.
    fn is_sealed(&self, last: &Option<Entry>) -> Result<bool, ArchiveError> {
        let sum = self.sum()?;
        Ok(last.as_ref().is_some_and(|last| last.records == sum))
    }

    /// Whether a WARC file is what the manifest says; `None` when it is not listed.
    pub(super) fn is_as_listed(&self, manifest: &Manifest, name: &str) -> Option<bool> {
        let listed = manifest.get(name)?;
        let path: &Path = &self.warc_dir().join(name);
        Some(warc::digest(path).is_ok_and(|digest| digest == *listed))
    }
}

/// Where a ledger ends: lines, SHA-256 of the last one, and that line where it can be read.
pub(super) type End = (u64, Digest, Option<Entry>);

/// What is wrong with the lines of a ledger called `name`, and where it ends; `None` when it is empty.
pub(super) fn chain(bytes: &[u8], name: &str) -> (Vec<(String, String)>, Option<End>) {
    let mut wrong = Vec::new();
    let mut prev = Digest::default();
    let mut last: Option<Entry> = None;
    let mut count = 0;
    for (at, line) in (0_u64..).zip(lines(bytes)) {
        count = at + 1;
        let place = format!("line {count} of {name}");
        match serde_json::from_slice::<Entry>(line) {
            Ok(entry) => {
                if entry.prev != prev || entry.seq != count {
                    let what = "does not follow the line before it: the ledger was changed";
                    wrong.push((place.clone(), what.to_owned()));
                }
                // What a line that cannot be read had sealed is not known.
                let known = last.as_ref().filter(|last| last.seq == at);
                let before = known.map(|last| last.records);
                if entry.began.is_some_and(|began| Some(began) != before) && before.is_some() {
                    let what = "the records were changed between the line before and this one";
                    wrong.push((place.clone(), what.to_owned()));
                }
                let listed = known.map(|last| last.manifest);
                if entry.listed.is_some() && listed.is_some() && entry.listed != listed {
                    let what = "the manifest was changed between the line before and this one";
                    wrong.push((place, what.to_owned()));
                }
                last = Some(entry);
            }
            Err(why) => wrong.push((place, why.to_string())),
        }
        prev = Digest::of(line);
    }
    (wrong, (count > 0).then_some((count, prev, last)))
}

/// A ledger without part of a line that a crash left at its end.
pub(super) fn whole_lines(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    bytes.truncate(end.map_or(0, |at| at + 1));
    bytes
}

/// Whole lines, without their ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
        // (No carriage return is taken off: nobody here writes one.)
        line.strip_suffix(b"\n").unwrap_or(line)
    })
}

fn manifest_bytes(dir: &Path) -> Result<Vec<u8>, ArchiveError> {
    let path = dir.join(MANIFEST);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(bytes),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(why) => Err(ArchiveError::Io {
            doing: "read",
            path,
            why: why.to_string(),
        }),
    }
}

/// The manifest of the archive at `dir` as it stands.
pub(super) fn read_manifest(dir: &Path) -> Result<Manifest, ArchiveError> {
    let bytes = manifest_bytes(dir)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    Ok(lines
        .map(|(digest, path)| {
            let name = path.strip_prefix("warc/").unwrap_or(path);
            (name.to_owned(), digest.to_owned())
        })
        .collect())
}

fn text(manifest: &Manifest) -> String {
    manifest
        .iter()
        .map(|(name, digest)| format!("{digest}  warc/{name}\n"))
        .collect()
}
