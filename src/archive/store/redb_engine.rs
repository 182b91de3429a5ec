//! redb under the seam: one file, `redb`, with one table of bytes to bytes. A batch is a
//! transaction that stays in memory; `flush` commits in two phases, so that a damaged last commit
//! is damage and never a silent step back to the commit before it. Opening reads the whole file
//! and checks every page: without that, redb trusts what a flipped byte says.

use super::guard::{Cause, guard};
use super::{Batch, Pair, Scan, Store, StoreError, sync_dir};
use redb::{Builder, Database, Durability, ReadableDatabase, TableDefinition};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The page cache, bytes. redb's own default is 1 GiB.
const CACHE: usize = 16 << 20;
const TABLE: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("index");
/// The file inside the index folder.
pub(super) const FILE: &str = "redb";

/// The redb engine.
pub struct RedbStore {
    /// Always there until the store is dropped.
    db: Option<Database>,
    path: PathBuf,
    /// Whether something was applied that is not on the disk.
    dirty: AtomicBool,
}

impl RedbStore {
    /// Opens the store in the folder `path`; creates it only when `create` is set.
    ///
    /// # Errors
    /// `Damaged` when the file is missing, was changed or cut, `Io` when the disk refuses.
    pub fn open(path: &Path, create: bool) -> Result<Self, StoreError> {
        let file = path.join(FILE);
        let damaged = |why: &str| StoreError::Damaged {
            path: path.to_owned(),
            why: why.to_owned(),
        };
        if !file.is_file() {
            if !create {
                return Err(damaged("its database file is missing"));
            }
            guard(path, "create", || std::fs::create_dir_all(path))?;
        }
        let db = guard(path, "open", || -> Result<Database, redb::Error> {
            let mut builder = Builder::new();
            builder.set_cache_size(CACHE);
            if create {
                let db = builder.create(&file)?;
                let txn = db.begin_write()?;
                txn.open_table(TABLE)?;
                txn.commit()?;
                return Ok(db);
            }
            builder.set_check_integrity_on_open(true);
            Ok(builder.open(&file)?)
        })?;
        let store = Self {
            db: Some(db),
            path: path.to_owned(),
            dirty: AtomicBool::new(false),
        };
        if !create && store.is_empty()? {
            return Err(damaged("the store is unexpectedly empty"));
        }
        sync_dir(path)?;
        if let Some(parent) = path.parent() {
            sync_dir(parent)?;
        }
        Ok(store)
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.scan(&[], &[u8::MAX]).next().transpose()?.is_none())
    }

    fn call<T>(
        &self,
        doing: &'static str,
        call: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        guard(&self.path, doing, || match &self.db {
            Some(db) => call(db),
            None => Err(redb::Error::DatabaseClosed),
        })
    }
}

impl Store for RedbStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.call("read", |db| {
            let table = db.begin_read()?.open_table(TABLE)?;
            Ok(table.get(key)?.map(|value| value.value().to_vec()))
        })
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let range = self.call("scan", |db| {
            let table = db.begin_read()?.open_table(TABLE)?;
            Ok(table.range(from..to)?)
        });
        let mut range = match range {
            Ok(range) => range,
            Err(why) => return Box::new(std::iter::once(Err(why))),
        };
        let mut ended = false;
        Box::new(std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let next = self.call("scan", |_| -> Result<Option<Pair>, redb::Error> {
                let Some(pair) = range.next() else {
                    return Ok(None);
                };
                let (key, value) = pair?;
                Ok(Some((key.value().to_vec(), value.value().to_vec())))
            });
            ended = !matches!(next, Ok(Some(_)));
            next.transpose()
        }))
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        self.call("write", |db| {
            let mut txn = db.begin_write()?;
            txn.set_durability(Durability::None)?;
            {
                let mut table = txn.open_table(TABLE)?;
                for key in &batch.deletes {
                    table.remove(key.as_slice())?;
                }
                for (key, value) in &batch.puts {
                    table.insert(key.as_slice(), value.as_slice())?;
                }
            }
            self.dirty.store(true, Ordering::SeqCst);
            Ok(txn.commit()?)
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        if !self.dirty.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let done = self.call("flush", |db| {
            let mut txn = db.begin_write()?;
            txn.set_two_phase_commit(true);
            Ok(txn.commit()?)
        });
        if done.is_err() {
            self.dirty.store(true, Ordering::SeqCst);
        }
        done
    }

    fn size(&self) -> Result<u64, StoreError> {
        guard(&self.path, "measure", || {
            std::fs::metadata(self.path.join(FILE)).map(|meta| meta.len())
        })
    }
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        // What was not flushed was not promised; a failing disk has been reported before.
        let db = self.db.take();
        let _ = guard(&self.path, "close", || match db {
            Some(db) => db.close().map_err(redb::Error::from),
            None => Ok(()),
        });
    }
}

impl From<redb::Error> for Cause {
    fn from(why: redb::Error) -> Self {
        match why {
            redb::Error::Io(why) => why.into(),
            // The file is whole, and is not to be used now.
            redb::Error::PreviousIo | redb::Error::DatabaseAlreadyOpen => Self::Io(why.to_string()),
            other => Self::Damage(other.to_string()),
        }
    }
}
