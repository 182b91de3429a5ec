//! Changing the engine under the index: every row is checked and copied into a new store, which
//! then takes the old one's place.

use super::open::{Marker, io, swap};
use super::room::check_room;
use super::store::{Batch, Engine, open_value};
use super::{Archive, ArchiveError};
use std::path::{Path, PathBuf};

/// The new index while it is written.
pub(super) const NEXT: &str = "index.migrate";
/// Bytes that are copied in one batch, and between two flushes.
const BATCH: usize = 1 << 20;
const FLUSH: usize = 32 << 20;

/// What a migration did.
#[derive(Debug)]
pub struct Migrated {
    /// The engine before.
    pub from: Engine,
    /// Rows that were copied.
    pub rows: u64,
    /// Where the old index was put; `None` when the engine was in use already.
    pub aside: Option<PathBuf>,
    /// Rows that cannot be read: then nothing was changed.
    pub damage: Vec<String>,
}

impl Archive {
    /// The engine under the index of the archive at `dir`.
    fn engine(dir: &Path) -> Result<Engine, ArchiveError> {
        Marker::settled(dir)?.engine(dir)
    }

    /// Puts the index of the archive at `dir` on another engine; `progress` hears of rows. Empty
    /// rows are index entries that are all key.
    pub fn migrate(
        dir: &Path,
        to: Engine,
        progress: &dyn Fn(u64),
    ) -> Result<Migrated, ArchiveError> {
        let archive = Self::open(dir)?;
        let from = Self::engine(dir)?;
        let mut done = Migrated {
            from,
            rows: 0,
            aside: None,
            damage: Vec::new(),
        };
        if from == to {
            return Ok(done);
        }
        check_room(dir, 0)?;
        archive.open_change("migrate")?;
        let next = dir.join(NEXT);
        if next.exists() {
            std::fs::remove_dir_all(&next).map_err(|why| io(&next, "clear", &why))?;
        }
        let copied = copy(&archive, (to, &next), &mut done, progress);
        if copied.is_err() || !done.damage.is_empty() {
            // Half an index is of no use, and takes room.
            let cleared = std::fs::remove_dir_all(&next);
            copied?;
            cleared.map_err(|why| io(&next, "clear", &why))?;
            return Ok(done);
        }
        // The lock is kept until the folders have changed places.
        let hold = archive.into_hold();
        done.aside = swap(dir, NEXT)?;
        Marker::settled(dir)?.now().write(dir)?;
        let note = serde_json::json!({"from": from.name(), "to": to.name(), "rows": done.rows});
        Self::open_held(dir, hold)?.seal("migrate", &[], Some(note))?;
        Ok(done)
    }
}

/// Copies every row into a new store at `next`; what cannot be read goes into `done`.
fn copy(
    archive: &Archive,
    (to, next): (Engine, &Path),
    done: &mut Migrated,
    progress: &dyn Fn(u64),
) -> Result<(), ArchiveError> {
    let store = to.open(next, true)?;
    let (mut batch, mut bytes, mut unflushed) = (Batch::default(), 0, 0);
    for pair in archive.store.scan(&[], &[u8::MAX]) {
        let (key, value) = match pair {
            Ok(pair) => pair,
            Err(why) => {
                done.damage.push(why.to_string());
                break;
            }
        };
        if !value.is_empty()
            && let Err(why) = open_value(&key, &value)
        {
            done.damage
                .push(format!("row {}: {why}", key.escape_ascii()));
            continue;
        }
        done.rows += 1;
        bytes += key.len() + value.len();
        batch.put(key, value);
        if bytes >= BATCH {
            unflushed += bytes;
            bytes = 0;
            check_room(&archive.dir, unflushed as u64)?;
            store.apply(std::mem::take(&mut batch))?;
            progress(done.rows);
            if unflushed >= FLUSH {
                unflushed = 0;
                store.flush()?;
            }
        }
    }
    store.apply(batch)?;
    Ok(store.flush()?)
}
