//! sled 0.34.7 under the seam, with what it leaves undone: on Linux its `flush` starts the
//! write-back and does not wait for the disk (a simulated power cut lost data in 35 of 36 rounds),
//! and it never syncs its blob files, nor its configuration. So `flush` here ends with `fdatasync`
//! on the database file and on every blob. There is no background flusher: one writer decides when.
//!
//! A damaged file makes sled fail or panic; both become `StoreError::Damaged`, never a new store.

use super::guard::{Cause, guard};
use super::{Batch, Pair, Scan, SledStore, Store, StoreError};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file inside the index folder.
pub(super) const FILE: &str = "db";
/// The page cache, bytes. sled's own default is 1 GiB.
const CACHE: u64 = 8 << 20;

/// What must be free on the disk when a store is opened, bytes.
const ROOM: u64 = 8 << 20;
/// How long a store that was just closed may keep its files, and how often that is looked at,
/// milliseconds.
const RELEASE: u64 = 10_000;
const PAUSE: u64 = 20;

/// sled's one tree.
pub struct SledTree {
    db: sled::Db,
    path: PathBuf,
    file: File,
}

impl SledTree {
    /// Opens the store at `path`; creates it only when `create` is set.
    fn open(path: &Path, create: bool) -> Result<Self, StoreError> {
        if !create && !path.join(FILE).is_file() {
            return Err(StoreError::Damaged {
                path: path.to_owned(),
                why: "its database file is missing".to_owned(),
            });
        }
        clear_begun(path)?;
        // Opening writes a snapshot, and half a snapshot makes the store unreadable.
        let free = fs4::available_space(path).unwrap_or(u64::MAX);
        if !create && free < ROOM {
            return Err(StoreError::Io {
                doing: "open",
                path: path.to_owned(),
                why: format!("only {free} bytes are free on the disk, and {ROOM} are needed"),
            });
        }
        let config = sled::Config::new()
            .path(path)
            .flush_every_ms(None)
            .cache_capacity(CACHE)
            .mode(sled::Mode::HighThroughput);
        // sled lets go of its files a little after it was dropped. The archive's own lock is
        // held, so nobody else can have them.
        let mut left = RELEASE / PAUSE;
        let db = loop {
            match guard(path, "open", || config.open()) {
                Err(StoreError::Io { why, .. }) if left > 0 && why.contains("acquire lock") => {
                    left -= 1;
                    std::thread::sleep(Duration::from_millis(PAUSE));
                }
                opened => break opened?,
            }
        };
        if !create && !db.was_recovered() {
            return Err(StoreError::Damaged {
                path: path.to_owned(),
                why: "the store is unexpectedly empty".to_owned(),
            });
        }
        let file = File::open(path.join(FILE)).map_err(|why| io("open", path, &why))?;
        // Its configuration and its snapshot, which sled writes when it opens a store.
        for entry in std::fs::read_dir(path)
            .map_err(|why| io("list", path, &why))?
            .flatten()
        {
            if entry.file_type().is_ok_and(|kind| kind.is_file())
                && let Ok(file) = File::open(entry.path())
            {
                file.sync_all()
                    .map_err(|why| io("sync", &entry.path(), &why))?;
            }
        }
        sync_dir(path)?;
        if let Some(parent) = path.parent() {
            sync_dir(parent)?;
        }
        Ok(Self {
            db,
            path: path.to_owned(),
            file,
        })
    }
}

impl SledStore {
    /// Opens the store at `path`; creates it only when `create` is set.
    ///
    /// # Errors
    /// `Damaged` when it is missing, was changed or cut; `Io` when the disk refuses.
    pub fn open(path: &Path, create: bool) -> Result<Self, StoreError> {
        Self::new(SledTree::open(path, create)?, path)
    }
}

impl Store for SledTree {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guard(&self.path, "read", || self.db.get(key)).map(|v| v.map(|v| v.to_vec()))
    }

    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        guard(&self.path, "read", || self.db.contains_key(key))
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        let mut range = self.db.range::<&[u8], _>(from..to);
        let mut ended = false;
        Box::new(std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let next = guard(&self.path, "scan", || range.next().transpose());
            ended = !matches!(next, Ok(Some(_)));
            next.map(|pair| pair.map(|(k, v)| -> Pair { (k.to_vec(), v.to_vec()) }))
                .transpose()
        }))
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut out = sled::Batch::default();
        for key in batch.deletes {
            out.remove(key);
        }
        for (key, value) in batch.puts {
            out.insert(key, value);
        }
        guard(&self.path, "write", || self.db.apply_batch(out))
    }

    fn flush(&self) -> Result<(), StoreError> {
        guard(&self.path, "flush", || self.db.flush())?;
        let blobs = self.path.join("blobs");
        if let Ok(entries) = std::fs::read_dir(&blobs) {
            let mut any = false;
            for entry in entries.flatten() {
                any = true;
                // A blob that sled has just removed needs no sync.
                if let Ok(blob) = File::open(entry.path()) {
                    blob.sync_data()
                        .map_err(|why| io("sync", &entry.path(), &why))?;
                }
            }
            if any {
                sync_dir(&blobs)?;
            }
        }
        self.file
            .sync_data()
            .map_err(|why| io("sync", &self.path, &why))
    }

    fn size(&self) -> Result<u64, StoreError> {
        guard(&self.path, "measure", || self.db.size_on_disk())
    }
}

impl From<sled::Error> for Cause {
    fn from(why: sled::Error) -> Self {
        match why {
            sled::Error::Io(why) => why.into(),
            other => Self::Damage(other.to_string()),
        }
    }
}

fn io(doing: &'static str, path: &Path, why: &std::io::Error) -> StoreError {
    StoreError::Io {
        doing,
        path: path.to_owned(),
        why: why.to_string(),
    }
}

/// A kill while sled writes a snapshot leaves part of one, which sled 0.34 then takes for a whole
/// one: its list of snapshots does not leave them out. What they were made from is there still.
fn clear_begun(path: &Path) -> Result<(), StoreError> {
    let Ok(listing) = std::fs::read_dir(path) else {
        return Ok(());
    };
    for entry in listing.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            let path = entry.path();
            std::fs::remove_file(&path).map_err(|why| io("remove", &path, &why))?;
        }
    }
    Ok(())
}

/// Makes names in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(|why| io("sync", path, &why))
}
