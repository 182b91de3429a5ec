//! The seam under the index: what a key-value engine must do, and nothing of any engine.
//!
//! One ordered table. Values are sealed by `envelope` before they come here. There is one writer
//! per archive (the lock sees to that), so a batch needs no preconditions of its own.

mod envelope;
mod sled_engine;

use std::path::PathBuf;

pub use envelope::{open as open_value, seal as seal_value};
pub use sled_engine::SledStore;
pub(crate) use sled_engine::sync_dir;

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
