//! The seam under the index: what a key-value engine must do, and nothing of any engine.
//!
//! One ordered table. Values are sealed by `envelope` before they come here. There is one writer
//! per archive (the lock sees to that), so a batch needs no preconditions of its own.

mod apart;
mod envelope;
mod guard;
mod redb_engine;
mod sled_engine;
mod staged;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

pub use apart::Apart;
pub use envelope::{open as open_value, seal as seal_value};
pub use redb_engine::RedbStore;
pub(crate) use sled_engine::sync_dir;
pub use staged::Staged;

/// sled, with large values apart.
pub type SledStore = Apart<sled_engine::SledTree>;

/// Which engine is under an index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Engine {
    /// sled 0.34.
    #[default]
    Sled,
    /// redb.
    Redb,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 2] = [Self::Sled, Self::Redb];

    /// Its name in `khobao.json` and the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Redb => "redb",
        }
    }

    /// The engine whose file is in the folder `path`.
    pub fn of(path: &Path) -> Option<Self> {
        if path.join(redb_engine::FILE).is_file() {
            Some(Self::Redb)
        } else if path.join(sled_engine::FILE).is_file() {
            Some(Self::Sled)
        } else {
            None
        }
    }

    /// Opens the store in the folder `path`; creates it only when `create` is set.
    ///
    /// # Errors
    /// `Damaged` when it is missing, was changed or cut; `Io` when the disk refuses.
    pub fn open(self, path: &Path, create: bool) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::Sled => Arc::new(Staged::new(SledStore::open(path, create)?)),
            Self::Redb => Arc::new(Staged::new(RedbStore::open(path, create)?)),
        })
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|engine| engine.name() == name);
        found.ok_or_else(|| format!("{name:?} is no engine; write \"sled\" or \"redb\""))
    }
}

/// Puts and deletes that happen together or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) puts: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) deletes: Vec<Vec<u8>>,
}

impl Batch {
    /// Stores an already sealed value.
    pub fn put(&mut self, key: Vec<u8>, sealed: Vec<u8>) {
        self.puts.push((key, sealed));
    }

    /// Removes a key; absent keys are no error.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.deletes.push(key);
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.deletes.is_empty()
    }
}

/// A key with its value, as stored.
pub type Pair = (Vec<u8>, Vec<u8>);

/// An ordered scan.
pub type Scan<'a> = Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a>;

/// An embedded, ordered key-value engine.
pub trait Store: Send + Sync {
    /// The value at `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Whether there is a value at `key`.
    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.get(key)?.is_some())
    }

    /// Everything from `from` (inclusive) to `to` (exclusive), in key order.
    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a>;

    /// Applies a batch atomically. It is durable after the next `flush`, not before.
    fn apply(&self, batch: Batch) -> Result<(), StoreError>;

    /// Returns when everything applied is on the disk.
    fn flush(&self) -> Result<(), StoreError>;

    /// Bytes on the disk.
    fn size(&self) -> Result<u64, StoreError>;
}

/// What can go wrong under the index.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk refused.
    #[error("cannot {doing} {path}: {why}; check the disk's space and health, then start again", path = .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The bytes are not what was written.
    #[error("the index at {path} is damaged ({why}); the WARC files hold everything: `khobao rebuild` makes the index again, and keeps this one aside", path = .path.display())]
    Damaged {
        /// The store's folder.
        path: PathBuf,
        /// What was found.
        why: String,
    },
}

impl StoreError {
    /// Whether this is damage rather than a failing operation.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}

#[cfg(test)]
mod tests;
