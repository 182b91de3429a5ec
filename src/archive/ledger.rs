//! Chain of custody: `manifest.sha256` lists every closed WARC file with its SHA-256 (`sha256sum
//! -c` reads it), and `ledger.jsonl` has one line a change of the archive. Each line holds the
//! SHA-256 of the line before, of the manifest, and the sum of all revisions: whoever changes a
//! WARC file, a record or the ledger itself breaks the chain. What was written down of the last
//! line elsewhere proves the ledger's end too.

use super::schema::key;
use super::store::{Batch, sync_dir};
use super::sum::Sum;
use super::{Archive, ArchiveError, warc};
use crate::domain::Digest;
use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::PoisonError;

const MANIFEST: &str = "manifest.sha256";
const NEW_MANIFEST: &str = "manifest.new";
const LEDGER: &str = "ledger.jsonl";
/// The row of a change that is not sealed yet.
const OPEN: &[u8] = b"open";

/// A change that was begun and is not sealed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Open {
    kind: String,
    /// WARC files that it writes anew.
    #[serde(default)]
    rewriting: Vec<String>,
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
    /// WARC files in the manifest.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// All revisions before it, where the program knows; what the line before ended with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub began: Option<Sum>,
    /// All revisions.
    pub records: Sum,
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
        self.settle_manifest()?;
        let mut changed = changed.to_vec();
        changed.extend(self.open_row()?.unwrap_or_default().rewriting);
        let (manifest, bytes) = self.new_manifest(&changed)?;
        let whole = self.ledger_text()?.len() as u64;
        let (last, prev) = match self.ledger()?.pop() {
            Some((entry, digest)) => (entry.seq, digest),
            None => (0, Digest::default()),
        };
        // An index that was made anew does not begin with what the old one had.
        let anew = ["interrupted", "rebuild", "import", "merge"].contains(&kind);
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
            files: manifest.len() as u64,
            bytes,
            began,
            records: self.sum()?,
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
            rewriting: Vec::new(),
        };
        self.put(batch, key(b'm', &[OPEN]), &row);
    }

    /// To be called before WARC files are written anew: when that is cut short, the next line has
    /// them as they are.
    pub fn open_rewriting(&self, files: &[String]) -> Result<(), ArchiveError> {
        let mut row = self.open_row()?.unwrap_or_default();
        row.rewriting.extend_from_slice(files);
        let mut batch = Batch::default();
        self.put(&mut batch, key(b'm', &[OPEN]), &row);
        self.store.apply(batch)?;
        Ok(self.store.flush()?)
    }

    fn open_row(&self) -> Result<Option<Open>, ArchiveError> {
        self.row(&key(b'm', &[OPEN]))
    }

    /// Whether a change was begun and not sealed.
    pub(super) fn is_open(&self) -> Result<bool, ArchiveError> {
        Ok(self.open_row()?.is_some())
    }

    /// The WARC files that a change that was begun writes anew.
    pub(super) fn rewriting(&self) -> Result<Vec<String>, ArchiveError> {
        Ok(self.open_row()?.unwrap_or_default().rewriting)
    }

    /// Seals what a run that was cut short left behind.
    fn seal_interrupted(&self) -> Result<(), ArchiveError> {
        let listed = self.manifest()?;
        let new = warc::files(&self.warc_dir())?
            .iter()
            .any(|name| !listed.contains_key(name));
        if new || self.is_open()? {
            self.know_beginning(None);
            let open = self.open_row()?;
            let note = open
                .map(|open| serde_json::json!({"kind": open.kind, "rewritten": open.rewriting}));
            self.seal("interrupted", &[], note)?;
        }
        Ok(())
    }

    /// Every line of the ledger with its digest, oldest first.
    pub fn ledger(&self) -> Result<Vec<(Entry, Digest)>, ArchiveError> {
        let mut out = Vec::new();
        for (number, line) in self.ledger_lines()?.iter().enumerate() {
            let entry = serde_json::from_str(line).map_err(|why| ArchiveError::Row {
                dir: self.dir.clone(),
                what: format!("line {} of {LEDGER}", number + 1),
                why: why.to_string(),
            })?;
            out.push((entry, Digest::of(line)));
        }
        Ok(out)
    }

    fn ledger_lines(&self) -> Result<Vec<String>, ArchiveError> {
        Ok(self.ledger_text()?.lines().map(str::to_owned).collect())
    }

    /// The ledger's whole lines, without part of a line that a crash left at the end.
    fn ledger_text(&self) -> Result<String, ArchiveError> {
        let mut text = match std::fs::read_to_string(self.dir.join(LEDGER)) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(why) => return Err(self.io("read", LEDGER, &why)),
        };
        text.truncate(text.rfind('\n').map_or(0, |at| at + 1));
        Ok(text)
    }

    /// The digest of the last line that the index knows of.
    pub(super) fn ledger_head(&self) -> Result<Option<(u64, Digest)>, ArchiveError> {
        self.row(&key(b'm', &[b"ledger"]))
    }

    /// The manifest as it stands.
    pub fn manifest(&self) -> Result<Manifest, ArchiveError> {
        let text = match std::fs::read_to_string(self.dir.join(MANIFEST)) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(why) => return Err(self.io("read", MANIFEST, &why)),
        };
        let lines = text.lines().filter_map(|line| line.split_once("  "));
        Ok(lines
            .map(|(digest, path)| {
                let name = path.strip_prefix("warc/").unwrap_or(path);
                (name.to_owned(), digest.to_owned())
            })
            .collect())
    }

    /// A crash may fall between the ledger's line and the manifest that it names.
    pub(super) fn settle_manifest(&self) -> Result<(), ArchiveError> {
        let temp = self.dir.join(NEW_MANIFEST);
        let Ok(text) = std::fs::read(&temp) else {
            return Ok(());
        };
        let last = self.ledger().ok().and_then(|mut lines| lines.pop());
        if last.is_some_and(|(last, _)| last.manifest == Digest::of(&text)) {
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
        let lines = self.ledger_lines()?;
        let mut prev = Digest::default();
        let mut last: Option<Entry> = None;
        for (at, line) in lines.iter().enumerate() {
            let place = format!("line {} of {LEDGER}", at + 1);
            match serde_json::from_str::<Entry>(line) {
                Ok(entry) => {
                    if entry.prev != prev || entry.seq != at as u64 + 1 {
                        let what = "does not follow the line before it: the ledger was changed";
                        wrong.push((place.clone(), what.to_owned()));
                    }
                    let before = last.as_ref().map(|last| last.records);
                    if entry.began.is_some_and(|began| Some(began) != before) && before.is_some() {
                        let what = "the records were changed between the line before and this one";
                        wrong.push((place, what.to_owned()));
                    }
                    last = Some(entry);
                }
                Err(why) => wrong.push((place, why.to_string())),
            }
            prev = Digest::of(line);
        }
        let count = lines.len() as u64;
        match self.ledger_head()? {
            Some((seq, digest)) if count == seq && prev != digest => wrong.push((
                format!("line {seq} of {LEDGER}"),
                "is not the line that the index knows: the ledger was changed".to_owned(),
            )),
            Some((seq, _)) if count < seq => wrong.push((
                LEDGER.to_owned(),
                format!("has {count} lines where the index knows {seq}: it was cut"),
            )),
            _ => {}
        }
        let Some(last) = last else {
            return Ok(wrong);
        };
        let manifest = self.manifest()?;
        let present = std::fs::read(self.dir.join(MANIFEST)).unwrap_or_default();
        if Digest::of(&present) != last.manifest || present != text(&manifest).as_bytes() {
            let what = "is not the manifest that the ledger's last line names: it was changed";
            wrong.push((MANIFEST.to_owned(), what.to_owned()));
        }
        let names = warc::files(&self.warc_dir())?;
        for name in manifest.keys().filter(|name| !names.contains(name)) {
            wrong.push((name.clone(), "is in the manifest and not there".to_owned()));
        }
        Ok(wrong)
    }

    /// Whether a WARC file is what the manifest says; `None` when it is not listed.
    pub(super) fn is_as_listed(&self, manifest: &Manifest, name: &str) -> Option<bool> {
        let listed = manifest.get(name)?;
        let path: &Path = &self.warc_dir().join(name);
        Some(warc::digest(path).is_ok_and(|digest| digest == *listed))
    }
}

fn text(manifest: &Manifest) -> String {
    manifest
        .iter()
        .map(|(name, digest)| format!("{digest}  warc/{name}\n"))
        .collect()
}
