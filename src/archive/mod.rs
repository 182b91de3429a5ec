//! Floor 3: owns everything on disk.
//!
//! An archive is a folder: `khobao.json` (what it is), `lock` (who holds it), `warc/` (the truth)
//! and `index/` (the key-value store, derivable from the WARC files).

mod address;
mod commit;
mod drift;
mod finished;
mod follow;
mod frontier;
mod hold;
mod judge;
mod ledger;
mod merged;
mod migrate;
mod moved;
mod near;
mod open;
mod order;
mod places;
mod read;
mod replay;
mod reread;
mod revisit;
mod room;
mod rows;
mod runs;
pub mod schema;
mod simhash;
pub mod store;
mod sum;
mod unlike;
mod validators;
mod verify;
pub mod warc;
mod withdraw;
mod withdrawn;

use crate::domain::SiteId;
use schema::{SCHEMA_VERSION, SiteRow, key};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Batch, Store, StoreError, open_value, seal_value};

pub use commit::{Committer, WarcOptions};
pub use drift::{Alarm, Marked, Quarantine};
pub use finished::{Committed, CrawlMode, End, Finished, NewTask};
pub use frontier::{Task, new_task_row};
pub use hold::Hold;
pub use judge::{Extracted, content_digest};
pub use ledger::Entry;
pub(crate) use merged::NOTE as MERGED_NOTE;
pub use merged::{Chain, Chains, keep_chains};
pub use migrate::Migrated;
pub use open::{Rebuilding, discard_old};
pub use places::{Found, Place};
pub use read::{ExportFilter, Record, SiteStats, Stats, rfc3339};
pub use replay::{Captures, Mark, Replayed, is_of_archive};
pub use revisit::{Habit, Habits};
pub use room::{after_rebuild, check_rebuild, check_room};
pub use runs::{ARTICLES, RunReport, SiteReport};
pub use schema::RecordRow;
pub use simhash::simhash;
pub use sum::Sum;
pub(crate) use unlike::announce;
pub use unlike::{Unlike, Unlikes};
pub use validators::{Honesty, Proof, Validators};
pub use verify::{Damage, Verification, VerifyPlan};
pub use withdraw::Tombstone;

/// An archive held by this process.
pub struct Archive {
    dir: PathBuf,
    id: String,
    sum: std::sync::Mutex<Option<Sum>>,
    /// The sum that the ledger's next line begins with.
    began: std::sync::Mutex<Option<Sum>>,
    store: Arc<dyn Store>,
    _hold: Hold,
}

/// What can go wrong with an archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The disk refused.
    #[error("cannot {doing} {path}: {why}", path = .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is none.
    #[error("there is no archive at {dir}; make one with `khobao init`", dir = .dir.display())]
    Missing {
        /// Where.
        dir: PathBuf,
    },
    /// The folder holds something else.
    #[error("{dir} is not empty and not an archive; name another folder in config.toml (archive.path)", dir = .dir.display())]
    Foreign {
        /// Where.
        dir: PathBuf,
    },
    /// Another process has it.
    #[error("the archive {dir} is held by {who}; wait for it, or stop it, and start again", dir = .dir.display())]
    Held {
        /// Where.
        dir: PathBuf,
        /// Who.
        who: String,
    },
    /// Made by another version.
    #[error("the archive {dir} has schema version {found}, this program knows {SCHEMA_VERSION} and older; use the khobao that made it, or a newer one", dir = .dir.display())]
    Version {
        /// Where.
        dir: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Made by an older version.
    #[error("the archive {dir} has schema version {found}, this program's is {SCHEMA_VERSION}; `khobao rebuild` makes its index anew", dir = .dir.display())]
    Older {
        /// Where.
        dir: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The disk is full.
    #[error("only {free} bytes are free at {dir}, and {needed} are kept back for a sound archive; free some space and start again: nothing that was committed is lost", dir = .dir.display())]
    Full {
        /// Where.
        dir: PathBuf,
        /// Free bytes.
        free: u64,
        /// Wanted bytes.
        needed: u64,
    },
    /// The disk is full, and the new index is not whole.
    #[error("only {free} bytes are free at {dir}, and {needed} are kept back for a sound archive; free some space and start again: nothing that was committed is lost, and the index in use is as it was{begun}", dir = .dir.display())]
    FullRebuild {
        /// Where.
        dir: PathBuf,
        /// Free bytes.
        free: u64,
        /// Wanted bytes.
        needed: u64,
        /// What became of the new index.
        begun: &'static str,
    },
    /// The index.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The WARC files.
    #[error(transparent)]
    Warc(#[from] warc::WarcError),
    /// A row cannot be read.
    #[error("{what} in the index of {dir} is damaged: {why}; the WARC files hold everything: run `khobao rebuild` to make the index again", dir = .dir.display())]
    Row {
        /// Where.
        dir: PathBuf,
        /// Which row.
        what: String,
        /// Why.
        why: String,
    },
}

impl ArchiveError {
    /// Whether the archive is damaged (exit code 6).
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Store(why) => why.is_damage(),
            Self::Row { .. } => true,
            Self::Warc(why) => why.is_damage(),
            _ => false,
        }
    }
}

impl Archive {
    /// The archive's name in its WARC files (`isPartOf`).
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The archive's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of the WARC files.
    pub fn warc_dir(&self) -> PathBuf {
        self.dir.join("warc")
    }

    /// Bytes of the index on disk.
    pub fn index_size(&self) -> Result<u64, ArchiveError> {
        Ok(self.store.size()?)
    }

    /// How far the crawl of a site is.
    pub fn site(&self, site: &SiteId) -> Result<SiteRow, ArchiveError> {
        Ok(self
            .row(&key(b's', &[site.as_str().as_bytes()]))?
            .unwrap_or_default())
    }

    /// Stores how far the crawl of a site is, durably.
    pub fn put_site(&self, site: &SiteId, row: &SiteRow) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        self.put(&mut batch, key(b's', &[site.as_str().as_bytes()]), row);
        self.store.apply(batch)?;
        Ok(self.store.flush()?)
    }

    /// What `fetch` remembers about a host.
    pub fn host<T: DeserializeOwned>(&self, host: &str) -> Result<Option<T>, ArchiveError> {
        self.row(&key(b'h', &[host.as_bytes()]))
    }

    /// Stores what `fetch` remembers about a host; durable with the next commit.
    pub fn put_host<T: Serialize>(&self, host: &str, state: &T) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        self.put(&mut batch, key(b'h', &[host.as_bytes()]), state);
        Ok(self.store.apply(batch)?)
    }

    fn row<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, ArchiveError> {
        match self.store.get(key)? {
            Some(sealed) => self.decode(key, &sealed).map(Some),
            None => Ok(None),
        }
    }

    fn decode<T: DeserializeOwned>(&self, key: &[u8], sealed: &[u8]) -> Result<T, ArchiveError> {
        let bad = |why: String| ArchiveError::Row {
            dir: self.dir.clone(),
            what: format!("row {}", key.escape_ascii()),
            why,
        };
        let payload = open_value(key, sealed).map_err(bad)?;
        read_row(&payload).map_err(bad)
    }

    fn put<T: Serialize + ?Sized>(&self, batch: &mut Batch, key: Vec<u8>, row: &T) {
        // Rows are plain structs with string keys: serialising them cannot fail.
        let json = serde_json::to_vec(row).unwrap_or_default();
        let sealed = seal_value(&key, &json);
        batch.put(key, sealed);
    }
}

/// Reads a row's JSON. (Looking at the encoding once is much cheaper than once a string.)
fn read_row<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    let text = simdutf8::compat::from_utf8(json).map_err(|why| why.to_string())?;
    serde_json::from_str(text).map_err(|why| why.to_string())
}
