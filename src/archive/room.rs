//! Room on the archive's disk: nothing is written that could fill it to the last byte, and what was
//! cut short does not take the room of those who only read.

use super::hold::Hold;
use super::open::{NEXT, io};
use super::{ArchiveError, StoreError};
use std::path::Path;

/// What is kept free on the disk beside what is written.
const RESERVE: u64 = 32 << 20;
/// The index grows to about this many times its live bytes before sled reclaims space.
const AMPLIFICATION: u64 = 4;
/// With less, an index may not be opened: the engine wants 8 MiB.
const READERS: u64 = 9 << 20;

fn free(dir: &Path) -> u64 {
    fs4::available_space(dir).unwrap_or(u64::MAX)
}

/// Fails where the disk of `dir` has no room for as many bytes of pages.
pub fn check_room(dir: &Path, bytes: u64) -> Result<(), ArchiveError> {
    let needed = RESERVE + bytes * AMPLIFICATION;
    let free = free(dir);
    if free < needed {
        return Err(ArchiveError::Full {
            dir: dir.to_owned(),
            free,
            needed,
        });
    }
    Ok(())
}

/// Whether there is room to begin a rebuild, or to go on with one. (Whoever rebuilds holds the
/// archive.)
pub fn check_rebuild(dir: &Path) -> Result<(), ArchiveError> {
    if free(dir) < READERS {
        discard_begun(dir)?;
    }
    check_room(dir, 0)
}

/// What is to be said of a rebuild that has failed. Where it was for want of space, the half index
/// does not stay in the way of the old one.
pub fn after_rebuild(dir: &Path, why: ArchiveError) -> ArchiveError {
    let needed = match why {
        ArchiveError::Full { needed, .. } => needed,
        ArchiveError::Store(StoreError::Io { .. }) if free(dir) < RESERVE => RESERVE,
        other => return other,
    };
    let found = free(dir);
    let next = dir.join(NEXT);
    let there = next.exists();
    if found < READERS
        && let Ok(_hold) = Hold::take(dir)
    {
        // (What cannot be removed is named.)
        let _ = discard_begun(dir);
    }
    let begun = match (there, next.exists()) {
        (_, true) => {
            "; index.rebuild is gone on with then, or may be deleted: the next rebuild begins from \
             the start"
        }
        (true, false) => "; index.rebuild was removed, as it left no room for those who read",
        (false, false) => "",
    };
    ArchiveError::FullRebuild {
        dir: dir.to_owned(),
        free: found,
        needed,
        begun,
    }
}

fn discard_begun(dir: &Path) -> Result<(), ArchiveError> {
    let next = dir.join(NEXT);
    if next.exists() {
        std::fs::remove_dir_all(&next).map_err(|why| io(&next, "remove", &why))?;
        tracing::info!("index.rebuild was removed: it left no room for those who read");
    }
    Ok(())
}
