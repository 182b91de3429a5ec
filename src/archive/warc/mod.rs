//! WARC 1.1 files (ISO 28500:2017): writer, reader, check, recovery, CDXJ index.
//!
//! Owns the bytes in `warc/`; knows nothing of the index that points into them. One gzip member a
//! record, so that a record can be read at its offset and a torn tail costs one record.

mod cdxj;
mod check;
mod http;
mod input;
mod intake;
mod lookup;
mod pack;
mod reader;
mod record;
mod recover;
mod slice;
mod stored;
mod surt;
mod withdrawal;
mod writer;

use std::path::{Path, PathBuf};

pub use cdxj::index_file;
pub use check::{Checked, check_file};
pub use intake::{Intake, Taken, digest};
pub use lookup::{Lookup, lookup};
pub use reader::{Block, Reader, read_at, read_one};
pub use record::{Capture, Context, RevisitRef};
pub use recover::recover;
pub use slice::{SliceError, Slicer};
pub use stored::{Head, Stored};
pub use surt::surt;
pub use withdrawal::{Erasure, erase, hidden_places, hide};
pub(super) use writer::SERIAL;
pub use writer::{Position, WarcSettings, Writer};

/// Names of the WARC files in a folder, sorted.
pub fn files(dir: &Path) -> Result<Vec<String>, WarcError> {
    let listing = std::fs::read_dir(dir).map_err(|why| WarcError::io("list", dir, &why))?;
    let mut names: Vec<String> = listing
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".warc.gz"))
        .collect();
    names.sort();
    Ok(names)
}

/// Names of files in a folder with what `recover` cut off: the ends of records that a crash had
/// torn, sorted.
pub fn torn(dir: &Path) -> Result<Vec<String>, WarcError> {
    let listing = std::fs::read_dir(dir).map_err(|why| WarcError::io("list", dir, &why))?;
    let mut names: Vec<String> = listing
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".torn"))
        .collect();
    names.sort();
    Ok(names)
}

/// What can go wrong with a WARC file.
#[derive(Debug, thiserror::Error)]
pub enum WarcError {
    /// The disk refused.
    #[error("cannot {doing} {file}: {why}; check the disk's space and health, then start again: nothing that was committed is lost", file = .file.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// A file that the index or the manifest names.
    #[error("{file} is not there; restore it from a copy, `khobao verify` names all that is missing", file = .file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The bytes are not what a WARC file holds.
    #[error("{file} is damaged at offset {offset}: {why}; restore the file from a copy, the records after it are read all the same", file = .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// What was found.
        why: String,
    },
    /// A failed write could not be undone, or a failed sync not be trusted: no more is written.
    #[error("{file} may be damaged after offset {offset}, since a write or a sync failed and could not be undone; check the disk and start again: what is torn is cut off then", file = .file.display())]
    Poisoned {
        /// The file.
        file: PathBuf,
        /// The length up to which it is good.
        offset: u64,
    },
}

impl WarcError {
    /// Whether a file is damaged (exit code 6).
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Missing { .. })
    }

    /// A file cannot be opened to be read.
    pub(super) fn opening(file: &Path, why: &std::io::Error) -> Self {
        match why.kind() {
            std::io::ErrorKind::NotFound => Self::Missing {
                file: file.to_owned(),
            },
            _ => Self::io("open", file, why),
        }
    }

    /// The same with another name for the file at `path`.
    pub(super) fn shown(mut self, path: &Path, name: &Path) -> Self {
        let (Self::Io { file, .. }
        | Self::Missing { file }
        | Self::Damaged { file, .. }
        | Self::Poisoned { file, .. }) = &mut self;
        if file == path {
            name.clone_into(file);
        }
        self
    }

    pub(super) fn io(doing: &'static str, file: &Path, why: &std::io::Error) -> Self {
        Self::Io {
            doing,
            file: file.to_owned(),
            why: why.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
