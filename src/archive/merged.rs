//! The chains of custody of archives that were merged into this one: their ledgers and manifests as
//! they were, in `merged/ARCHIVE/`. The ledger's line of a merge says where each of them ended, so
//! that what was proved of the other archive before stays provable here.

use super::ledger::{Entry, LEDGER, MANIFEST, chain, whole_lines};
use super::open::archive_id;
use super::store::sync_dir;
use super::{Archive, ArchiveError, warc};
use crate::domain::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const MERGED: &str = "merged";
/// Under this name in the note of a merge's line.
pub(crate) const NOTE: &str = "merged";

/// Where another archive's ledger ended when it was merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The archive (`isPartOf` of its WARC files).
    pub archive: String,
    /// Lines of its ledger.
    pub lines: u64,
    /// SHA-256 of the last one.
    pub end: Digest,
}

/// What was kept of the chains of another archive.
#[derive(Debug, Default)]
pub struct Chains {
    /// Its own, and those that it had kept.
    pub kept: Vec<Chain>,
    /// What does not fit: where, and what is wrong.
    pub wrong: Vec<(String, String)>,
}

/// Copies the ledger and the manifest of the archive at `other`, and those that it has kept of
/// others, into the archive at `dir`. A ledger that is not a continuation of the copy that is there
/// is told, and the copy stays.
pub fn keep_chains(dir: &Path, other: &Path) -> Result<Chains, ArchiveError> {
    let own = archive_id(dir)?;
    let mut sources = vec![(archive_id(other)?, other.to_owned())];
    sources.extend(copies(other)?);
    let mut out = Chains::default();
    for (id, from) in sources {
        // (A name is a folder's, never a path.)
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if id == own || id.is_empty() || !id.chars().all(plain) {
            continue;
        }
        let ledger = from.join(LEDGER);
        let Some(theirs) = read(&ledger)? else {
            continue;
        };
        let theirs = whole_lines(theirs);
        let there = dir.join(MERGED).join(&id);
        let ours = whole_lines(read(&there.join(LEDGER))?.unwrap_or_default());
        let manifest = read(&from.join(MANIFEST))?.unwrap_or_default();
        let bytes = if theirs.starts_with(&ours) {
            write(&there, LEDGER, &theirs)?;
            write(&there, MANIFEST, &manifest)?;
            check(
                &ledger.display().to_string(),
                &theirs,
                &manifest,
                &mut out.wrong,
            );
            theirs
        } else if ours.starts_with(&theirs) {
            ours
        } else {
            let what = format!(
                "is not what was merged before of this archive: {} has another ledger, and is kept",
                there.display()
            );
            out.wrong.push((ledger.display().to_string(), what));
            continue;
        };
        let (_, last) = chain(&bytes, LEDGER);
        if let Some((lines, end, _)) = last {
            let archive = id;
            out.kept.push(Chain {
                archive,
                lines,
                end,
            });
        }
    }
    check_files(other, &mut out.wrong)?;
    Ok(out)
}

/// Whether the WARC files of an archive are what its manifest says.
fn check_files(other: &Path, wrong: &mut Vec<(String, String)>) -> Result<(), ArchiveError> {
    let manifest = read(&other.join(MANIFEST))?.unwrap_or_default();
    for line in String::from_utf8_lossy(&manifest).lines() {
        let Some((digest, path)) = line.split_once("  ") else {
            continue;
        };
        let path = other
            .join("warc")
            .join(path.strip_prefix("warc/").unwrap_or(path));
        if !path.is_file() {
            let what = "is in its archive's manifest and not there".to_owned();
            wrong.push((path.display().to_string(), what));
        } else if warc::digest(&path)? != digest {
            let what = "is not what its archive's manifest says: it was changed".to_owned();
            wrong.push((path.display().to_string(), what));
        }
    }
    Ok(())
}

/// The chain itself, and the manifest that its last line names.
fn check(name: &str, ledger: &[u8], manifest: &[u8], wrong: &mut Vec<(String, String)>) {
    let (faults, last) = chain(ledger, name);
    wrong.extend(faults);
    if let Some((.., Some(entry))) = last
        && entry.manifest != Digest::of(manifest)
    {
        let what = "the manifest beside it is not the one that its last line names".to_owned();
        wrong.push((name.to_owned(), what));
    }
}

/// The chains that an archive has kept: each archive's id and folder.
fn copies(dir: &Path) -> Result<Vec<(String, PathBuf)>, ArchiveError> {
    let merged = dir.join(MERGED);
    let listing = match std::fs::read_dir(&merged) {
        Ok(listing) => listing,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(io(&merged, "list", &why)),
    };
    let mut all = Vec::new();
    for entry in listing {
        let entry = entry.map_err(|why| io(&merged, "list", &why))?;
        all.push((
            entry.file_name().to_string_lossy().into_owned(),
            entry.path(),
        ));
    }
    all.sort();
    Ok(all)
}

fn io(path: &Path, doing: &'static str, why: &std::io::Error) -> ArchiveError {
    ArchiveError::Io {
        doing,
        path: path.to_owned(),
        why: why.to_string(),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, ArchiveError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(io(path, "read", &why)),
    }
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
    let (path, temp) = (dir.join(name), dir.join(format!("{name}.new")));
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(dir)?;
        let mut file = std::fs::File::create(&temp)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temp, &path)
    };
    write().map_err(|why| io(&path, "write", &why))?;
    Ok(sync_dir(dir)?)
}

impl Archive {
    /// What is wrong with the chains that were kept of other archives.
    pub(super) fn check_merged(&self) -> Result<Vec<(String, String)>, ArchiveError> {
        // The last merge of each archive.
        let mut known: BTreeMap<String, (u64, Chain)> = BTreeMap::new();
        let merges = self
            .ledger()?
            .into_iter()
            .filter(|entry| entry.kind == "merge");
        for Entry { seq, note, .. } in merges {
            let chains = note.and_then(|mut note| note.get_mut(NOTE).map(serde_json::Value::take));
            let chains: Vec<Chain> = chains
                .and_then(|chains| serde_json::from_value(chains).ok())
                .unwrap_or_default();
            for chain in chains {
                known.insert(chain.archive.clone(), (seq, chain));
            }
        }
        let mut wrong = Vec::new();
        for (id, (seq, kept)) in known {
            let name = format!("{MERGED}/{id}/{LEDGER}");
            let dir = self.dir.join(MERGED).join(&id);
            let ledger = whole_lines(read(&dir.join(LEDGER))?.unwrap_or_default());
            let manifest = read(&dir.join(MANIFEST))?.unwrap_or_default();
            // (A merge that was cut short may have left a longer one.)
            let mut lines = ledger.split(|byte| *byte == b'\n');
            let at = usize::try_from(kept.lines).unwrap_or(usize::MAX);
            let end = lines.nth(at.saturating_sub(1)).map(Digest::of);
            if end != Some(kept.end) {
                let what = format!(
                    "does not have the line that line {seq} of {LEDGER} names: it was changed, or \
                     is lost"
                );
                wrong.push((name.clone(), what));
            }
            check(&name, &ledger, &manifest, &mut wrong);
        }
        Ok(wrong)
    }
}
