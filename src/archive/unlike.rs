//! WARC files that are not what the manifest says. A file is compared before it is written anew and
//! at each rebuild; what differs is kept in the ledger and keeps its line of the manifest, so that
//! nothing that is sealed later makes it vanish. It is settled when the file is again what it was.

use super::ledger::{Manifest, read_manifest};
use super::store::sync_dir;
use super::{Archive, ArchiveError, warc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

/// Names the WARC files that are being written anew, a line each, until that is sealed; one that
/// was not as listed before has a tab and its SHA-256 behind its name. A file of its own, since the
/// index may be the thing that is made again meanwhile.
const REWRITING: &str = "rewriting";

/// What the manifest says of a file, and what the file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlike {
    /// SHA-256 that the manifest has.
    pub listed: String,
    /// SHA-256 of the file; empty where it is not there.
    pub found: String,
    /// Whether the index was made from it as it was found.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub read: bool,
}

impl std::fmt::Display for Unlike {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.found == self.listed {
            return f
                .write_str("the index was made while it was another file; run `khobao rebuild`");
        }
        if self.found.is_empty() {
            f.write_str("is in the manifest and not there")?;
        } else {
            f.write_str("its SHA-256 is not the manifest's: it was changed or damaged")?;
        }
        write!(f, "; put a copy with the SHA-256 {} there", self.listed)
    }
}

/// Files by name.
pub type Unlikes = BTreeMap<String, Unlike>;

/// What a line of the ledger says of the files.
pub(super) struct Files {
    /// To be listed anew.
    pub changed: Vec<String>,
    /// Found not to be as listed.
    pub unlike: Unlikes,
    /// Of the lines before: as listed again.
    pub restored: Vec<String>,
}

impl Archive {
    /// Which of these files (of all in the manifest, with `None`) are not what it says. Those that
    /// a change which is not sealed yet writes anew are left out.
    pub fn unlike(&self, files: Option<&[String]>) -> Result<Unlikes, ArchiveError> {
        let announced = announced(&self.dir)?;
        let mut all = Unlikes::new();
        for (name, listed) in self.manifest()? {
            let asked = files.is_none_or(|files| files.contains(&name));
            if !asked || announced.get(&name) == Some(&None) {
                continue;
            }
            let found = digest(&self.dir, &name)?;
            if found != listed {
                let read = false;
                let unlike = Unlike {
                    listed,
                    found,
                    read,
                };
                all.insert(name, unlike);
            }
        }
        Ok(all)
    }

    /// Which of these files are what the manifest says again, while the index was made from what
    /// they were meanwhile: its places are not theirs.
    pub fn misplaced(&self, files: &[String]) -> Result<Unlikes, ArchiveError> {
        let manifest = self.manifest()?;
        let mut all = Unlikes::new();
        for (name, (_, mut was)) in self.unsettled()? {
            if was.read
                && files.contains(&name)
                && self.is_as_listed(&manifest, &name) == Some(true)
            {
                was.found.clone_from(&was.listed);
                all.insert(name, was);
            }
        }
        Ok(all)
    }

    /// What lines of the ledger had found and no later one found restored: by file, the line.
    pub(super) fn unsettled(&self) -> Result<BTreeMap<String, (u64, Unlike)>, ArchiveError> {
        let mut open: BTreeMap<String, (u64, Unlike)> = BTreeMap::new();
        for entry in self.ledger()? {
            for name in entry.restored {
                open.remove(&name);
            }
            for (name, mut found) in entry.unlike {
                found.read |= open.get(&name).is_some_and(|(_, before)| before.read);
                open.insert(name, (entry.seq, found));
            }
        }
        Ok(open)
    }

    /// What the next line is to say; `anew`: the index was made again. A file that was not as listed
    /// is not listed anew.
    pub(super) fn settle_files(
        &self,
        changed: &[String],
        mut unlike: Unlikes,
        anew: bool,
    ) -> Result<Files, ArchiveError> {
        let manifest = self.manifest()?;
        let announced = announced(&self.dir)?;
        unlike.retain(|_, unlike| unlike.found != unlike.listed);
        for (name, found) in &announced {
            if let (Some(found), Some(listed)) = (found, manifest.get(name)) {
                let (listed, found) = (listed.clone(), found.clone());
                let read = false;
                let was = Unlike {
                    listed,
                    found,
                    read,
                };
                unlike.insert(name.clone(), was);
            }
        }
        for found in unlike.values_mut() {
            found.read = anew;
        }
        let (mut restored, mut kept) = (Vec::new(), Vec::new());
        for (name, (_, was)) in self.unsettled()? {
            // It was compared when it was announced.
            let was_whole = announced.get(&name) == Some(&None);
            if unlike.contains_key(&name) {
                continue;
            } else if was.read && !anew {
                kept.push(name);
            } else if was_whole
                || (manifest.get(&name) == Some(&was.listed)
                    && self.is_as_listed(&manifest, &name) == Some(true))
            {
                restored.push(name);
            } else {
                kept.push(name);
            }
        }
        let mut changed = changed.to_vec();
        changed.extend(announced.into_keys());
        changed.retain(|name| !unlike.contains_key(name) && !kept.contains(name));
        Ok(Files {
            changed,
            unlike,
            restored,
        })
    }

    /// Files that a line of the ledger had found not to be as listed, and that the manifest lists
    /// otherwise by now although none found them restored.
    pub(super) fn check_unsettled(
        &self,
        manifest: &Manifest,
    ) -> Result<Vec<(String, String)>, ArchiveError> {
        let mut wrong = Vec::new();
        for (name, (seq, was)) in self.unsettled()? {
            if manifest.get(&name) != Some(&was.listed) {
                let what = format!(
                    "line {seq} of the ledger says that its SHA-256 was not the manifest's; what \
                     the manifest has now is not what it was"
                );
                wrong.push((name, what));
            }
        }
        Ok(wrong)
    }

    /// To be called before WARC files are written anew: when that is cut short, the next line has
    /// them as they are.
    pub fn open_rewriting(&self, files: &[String]) -> Result<(), ArchiveError> {
        announce(&self.dir, files)
    }

    /// The WARC files that a change that was begun writes anew, and that were as listed before.
    pub(super) fn rewriting(&self) -> Result<Vec<String>, ArchiveError> {
        let all = announced(&self.dir)?.into_iter();
        Ok(all
            .filter(|(_, found)| found.is_none())
            .map(|(name, _)| name)
            .collect())
    }

    /// What was announced is sealed.
    pub(super) fn rewritten(&self) -> Result<(), ArchiveError> {
        match std::fs::remove_file(self.dir.join(REWRITING)) {
            Ok(()) => Ok(sync_dir(&self.dir)?),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(why) => Err(io(&self.dir, "remove", &why)),
        }
    }
}

/// Writes down, before it happens, that WARC files of the archive at `dir` are written anew, and
/// which of them are not what the manifest says.
pub(crate) fn announce(dir: &Path, files: &[String]) -> Result<(), ArchiveError> {
    let manifest = read_manifest(dir)?;
    let before = announced(dir)?;
    let mut lines = String::new();
    for name in files.iter().filter(|name| !before.contains_key(*name)) {
        lines.push_str(name);
        if let Some(listed) = manifest.get(name) {
            let found = digest(dir, name)?;
            if found != *listed {
                lines.push('\t');
                lines.push_str(&found);
            }
        }
        lines.push('\n');
    }
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(dir.join(REWRITING))?;
        file.write_all(lines.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|why| io(dir, "write", &why))?;
    Ok(sync_dir(dir)?)
}

/// What was announced and is not sealed; of files that were not as listed, their SHA-256 then.
fn announced(dir: &Path) -> Result<BTreeMap<String, Option<String>>, ArchiveError> {
    let bytes = match std::fs::read(dir.join(REWRITING)) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(why) => return Err(io(dir, "read", &why)),
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(|line| match line.rsplit_once('\t') {
        Some((name, found)) => (name.to_owned(), Some(found.to_owned())),
        None => (line.to_owned(), None),
    });
    Ok(lines.collect())
}

/// SHA-256 of a WARC file; empty where it is not there.
fn digest(dir: &Path, name: &str) -> Result<String, ArchiveError> {
    let path = dir.join("warc").join(name);
    match path.exists() {
        true => Ok(warc::digest(&path)?),
        false => Ok(String::new()),
    }
}

fn io(dir: &Path, doing: &'static str, why: &std::io::Error) -> ArchiveError {
    ArchiveError::Io {
        doing,
        path: dir.join(REWRITING),
        why: why.to_string(),
    }
}
