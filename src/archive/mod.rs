//! Floor 3: owns everything on disk.
//!
//! An archive is a folder: `khobao.json` (what it is), `lock` (who holds it), `warc/` (the truth)
//! and `index/` (the key-value store, derivable from the WARC files).

mod commit;
mod follow;
mod frontier;
mod hold;
mod judge;
mod read;
mod runs;
pub mod schema;
mod simhash;
pub mod store;
mod verify;
pub mod warc;

use crate::domain::SiteId;
use hold::Hold;
use schema::{SCHEMA_VERSION, SiteRow, key};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Batch, SledStore, Store, StoreError, open_value, seal_value};

pub use commit::{Committed, Committer, CrawlMode, End, Finished, NewTask, WarcOptions};
pub use frontier::{Task, new_task_row};
pub use judge::{Extracted, content_digest};
pub use read::{ExportFilter, Record, SiteStats, Stats, rfc3339};
pub use runs::{RunReport, SiteReport};
pub use schema::RecordRow;
pub use simhash::simhash;
pub use verify::{Damage, Verification};

/// An archive held by this process.
pub struct Archive {
    dir: PathBuf,
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
    #[error("the archive {dir} has schema version {found}, this program reads {SCHEMA_VERSION}; use the khobao that made it", dir = .dir.display())]
    Version {
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
    /// The index.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The WARC files.
    #[error(transparent)]
    Warc(#[from] warc::WarcError),
    /// A row cannot be read.
    #[error("{what} in the index of {dir} is damaged: {why}; the WARC files hold everything: run `khobao verify` to see what is affected", dir = .dir.display())]
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
            _ => false,
        }
    }
}

/// What `khobao.json` says.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    format: String,
    schema: u32,
    engine: String,
    created: String,
    software: String,
}

impl Archive {
    /// Makes an archive at `dir`, which may exist but must be empty (a README is no obstacle).
    pub fn create(dir: &Path) -> Result<Self, ArchiveError> {
        let io = |doing, why: std::io::Error| ArchiveError::Io {
            doing,
            path: dir.to_owned(),
            why: why.to_string(),
        };
        std::fs::create_dir_all(dir.join("warc")).map_err(|why| io("create", why))?;
        let hold = Hold::take(dir)?;
        if dir.join("khobao.json").exists() {
            drop(hold);
            return Self::open(dir);
        }
        let known = ["warc", "lock", "README.md", ".gitignore", "index"];
        for entry in std::fs::read_dir(dir)
            .map_err(|why| io("list", why))?
            .flatten()
        {
            if !known.iter().any(|name| entry.file_name() == *name) {
                return Err(ArchiveError::Foreign {
                    dir: dir.to_owned(),
                });
            }
        }
        let warcs = std::fs::read_dir(dir.join("warc"))
            .map_err(|why| io("list", why))?
            .count();
        if warcs > 0 {
            return Err(ArchiveError::Foreign {
                dir: dir.to_owned(),
            });
        }
        // Without a marker, an index is what a creation that was cut short left behind.
        let index = dir.join("index");
        if index.exists() {
            std::fs::remove_dir_all(&index).map_err(|why| io("clear", why))?;
        }
        let store: Arc<dyn Store> = Arc::new(SledStore::open(&index, true)?);
        let archive = Self {
            dir: dir.to_owned(),
            store,
            _hold: hold,
        };
        let mut batch = Batch::default();
        archive.put(&mut batch, key(b'm', &[b"schema"]), &SCHEMA_VERSION);
        archive.store.apply(batch)?;
        archive.store.flush()?;
        let marker = Marker {
            format: "khobao archive".to_owned(),
            schema: SCHEMA_VERSION,
            engine: "sled".to_owned(),
            created: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            software: format!("khobao/{}", env!("CARGO_PKG_VERSION")),
        };
        let text = serde_json::to_string_pretty(&marker).unwrap_or_default();
        let temp = dir.join("khobao.json.new");
        std::fs::write(&temp, text)
            .and_then(|()| std::fs::File::open(&temp)?.sync_all())
            .and_then(|()| std::fs::rename(&temp, dir.join("khobao.json")))
            .map_err(|why| io("write", why))?;
        store::sync_dir(dir)?;
        Ok(archive)
    }

    /// Opens the archive at `dir` and takes its lock.
    pub fn open(dir: &Path) -> Result<Self, ArchiveError> {
        let text = match std::fs::read_to_string(dir.join("khobao.json")) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                return Err(ArchiveError::Missing {
                    dir: dir.to_owned(),
                });
            }
            Err(why) => {
                return Err(ArchiveError::Io {
                    doing: "read",
                    path: dir.join("khobao.json"),
                    why: why.to_string(),
                });
            }
        };
        let marker: Marker = serde_json::from_str(&text).map_err(|why| ArchiveError::Row {
            dir: dir.to_owned(),
            what: "khobao.json".to_owned(),
            why: why.to_string(),
        })?;
        if marker.schema != SCHEMA_VERSION {
            return Err(ArchiveError::Version {
                dir: dir.to_owned(),
                found: marker.schema,
            });
        }
        let hold = Hold::take(dir)?;
        let store: Arc<dyn Store> = Arc::new(SledStore::open(&dir.join("index"), false)?);
        let archive = Self {
            dir: dir.to_owned(),
            store,
            _hold: hold,
        };
        match archive.row::<u32>(&key(b'm', &[b"schema"]))? {
            Some(SCHEMA_VERSION) => Ok(archive),
            Some(found) => Err(ArchiveError::Version {
                dir: dir.to_owned(),
                found,
            }),
            None => Err(StoreError::Damaged {
                path: dir.join("index"),
                why: "the store is unexpectedly empty".to_owned(),
            }
            .into()),
        }
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
        serde_json::from_slice(&payload).map_err(|why| bad(why.to_string()))
    }

    fn put<T: Serialize + ?Sized>(&self, batch: &mut Batch, key: Vec<u8>, row: &T) {
        // Rows are plain structs with string keys: serialising them cannot fail.
        let json = serde_json::to_vec(row).unwrap_or_default();
        let sealed = seal_value(&key, &json);
        batch.put(key, sealed);
    }
}
