//! Making and opening an archive, and changing its index for one that was built beside it.

use super::hold::Hold;
use super::schema::{SCHEMA_VERSION, after, key};
use super::store::{Batch, Engine, Store, StoreError, sync_dir};
use super::{Archive, ArchiveError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const INDEX: &str = "index";
/// An index that is being built from the WARC files.
const NEXT: &str = "index.rebuild";
/// An index that is complete and takes the place of the one in use.
const READY: &str = "index.ready";
/// Indexes that were replaced: this, and when.
const OLD: &str = "index.old-";
/// Rows that the WARC files do not hold: runs, crawls of sites, learned pace.
const KEPT: [u8; 3] = [b'n', b's', b'h'];

/// What `khobao.json` says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Marker {
    format: String,
    pub schema: u32,
    engine: String,
    created: String,
    software: String,
    /// Names the archive in its WARC files: those of one archive were written in one order.
    #[serde(default)]
    id: String,
}

/// The marker while it is written; a creation that was cut short may leave it behind.
const MARKER_BEGUN: &str = "khobao.json.new";

impl Marker {
    fn read(dir: &Path) -> Result<Self, ArchiveError> {
        let path = dir.join("khobao.json");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                return Err(ArchiveError::Missing {
                    dir: dir.to_owned(),
                });
            }
            Err(why) => {
                return Err(ArchiveError::Io {
                    doing: "read",
                    path,
                    why: why.to_string(),
                });
            }
        };
        let marker: Self = serde_json::from_str(&text).map_err(|why| ArchiveError::Row {
            dir: dir.to_owned(),
            what: "khobao.json".to_owned(),
            why: why.to_string(),
        })?;
        if marker.schema > SCHEMA_VERSION {
            return Err(ArchiveError::Version {
                dir: dir.to_owned(),
                found: marker.schema,
            });
        }
        Ok(marker)
    }

    /// The marker, after a change of indexes that was cut short has been ended.
    pub fn settled(dir: &Path) -> Result<Self, ArchiveError> {
        let (index, ready) = (dir.join(INDEX), dir.join(READY));
        if !index.exists() && ready.exists() {
            std::fs::rename(&ready, &index).map_err(|why| io(&ready, "put in place", &why))?;
            sync_dir(dir)?;
        } else if ready.exists() {
            // The change was cut short before the old one was put aside: that one stays in use,
            // and what is beside it grows old.
            std::fs::remove_dir_all(&ready).map_err(|why| io(&ready, "clear", &why))?;
        }
        let mut marker = Self::read(dir)?;
        // The index itself says what it is.
        if let Some(engine) = Engine::of(&index)
            && marker.engine != engine.name()
        {
            marker.engine = engine.to_string();
            marker.write(dir)?;
        }
        Ok(marker)
    }

    pub fn engine(&self) -> Result<Engine, ArchiveError> {
        self.engine.parse().map_err(|why| ArchiveError::Row {
            dir: PathBuf::from("khobao.json"),
            what: "the engine".to_owned(),
            why,
        })
    }

    pub fn write(&self, dir: &Path) -> Result<(), ArchiveError> {
        // A plain struct of strings: serialising it cannot fail.
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let temp = dir.join(MARKER_BEGUN);
        std::fs::write(&temp, text)
            .and_then(|()| std::fs::File::open(&temp)?.sync_all())
            .and_then(|()| std::fs::rename(&temp, dir.join("khobao.json")))
            .map_err(|why| io(dir, "write", &why))?;
        Ok(sync_dir(dir)?)
    }
}

pub(super) fn io(dir: &Path, doing: &'static str, why: &std::io::Error) -> ArchiveError {
    ArchiveError::Io {
        doing,
        path: dir.to_owned(),
        why: why.to_string(),
    }
}

impl Archive {
    fn with(dir: &Path, id: String, store: Arc<dyn Store>, hold: Hold) -> Self {
        Self {
            dir: dir.to_owned(),
            id,
            sum: std::sync::Mutex::new(None),
            began: std::sync::Mutex::new(None),
            store,
            _hold: hold,
        }
    }

    /// Makes an archive at `dir`, which may exist but must be empty (a README is no obstacle).
    pub fn create(dir: &Path, engine: Engine) -> Result<Self, ArchiveError> {
        // A folder that holds something else is left as it is.
        let known = [
            "warc",
            "lock",
            "README.md",
            ".gitignore",
            INDEX,
            MARKER_BEGUN,
        ];
        let foreign = |name: &std::ffi::OsStr| !known.iter().any(|known| name == *known);
        if dir.exists() && !dir.join("khobao.json").exists() {
            let listing = std::fs::read_dir(dir).map_err(|why| io(dir, "list", &why))?;
            let warcs = std::fs::read_dir(dir.join("warc"));
            if listing.flatten().any(|entry| foreign(&entry.file_name()))
                || warcs.is_ok_and(|mut warcs| warcs.next().is_some())
            {
                return Err(ArchiveError::Foreign {
                    dir: dir.to_owned(),
                });
            }
        }
        std::fs::create_dir_all(dir.join("warc")).map_err(|why| io(dir, "create", &why))?;
        let hold = Hold::take(dir)?;
        if dir.join("khobao.json").exists() {
            drop(hold);
            return Self::open(dir);
        }
        // Without a marker, an index is what a creation that was cut short left behind.
        let index = dir.join(INDEX);
        if index.exists() {
            std::fs::remove_dir_all(&index).map_err(|why| io(&index, "clear", &why))?;
        }
        let store = engine.open(&index, true)?;
        let id = uuid::Uuid::new_v4().to_string();
        let archive = Self::with(dir, id.clone(), store, hold);
        archive.begin()?;
        archive.store.flush()?;
        let marker = Marker {
            format: "khobao archive".to_owned(),
            schema: SCHEMA_VERSION,
            engine: engine.to_string(),
            created: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            software: concat!("khobao/", env!("CARGO_PKG_VERSION")).to_owned(),
            id,
        };
        marker.write(dir)?;
        archive.seal("init", &[], None)?;
        Ok(archive)
    }

    /// Puts the first row of a new index.
    fn begin(&self) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        self.put(&mut batch, key(b'm', &[b"schema"]), &SCHEMA_VERSION);
        Ok(self.store.apply(batch)?)
    }

    /// Opens the archive at `dir` and takes its lock.
    pub fn open(dir: &Path) -> Result<Self, ArchiveError> {
        Marker::read(dir)?;
        let hold = Hold::take(dir)?;
        let marker = Marker::settled(dir)?;
        if marker.schema < SCHEMA_VERSION {
            return Err(ArchiveError::Older {
                dir: dir.to_owned(),
                found: marker.schema,
            });
        }
        let engine = marker.engine()?;
        let store = engine.open(&dir.join(INDEX), false)?;
        let mut archive = Self::with(dir, marker.id, store, hold);
        match archive.row::<u32>(&key(b'm', &[b"schema"]))? {
            Some(SCHEMA_VERSION) => {
                let sum = archive.sum()?;
                archive.began = std::sync::Mutex::new(Some(sum));
                Ok(archive)
            }
            Some(found) => Err(ArchiveError::Version {
                dir: dir.to_owned(),
                found,
            }),
            None => Err(StoreError::Damaged {
                path: dir.join(INDEX),
                why: "the store is unexpectedly empty".to_owned(),
            }
            .into()),
        }
    }

    /// Fails when another process holds the archive at `dir`; a folder without one is free.
    pub fn is_free(dir: &Path) -> Result<(), ArchiveError> {
        if dir.join("lock").exists() {
            Hold::take(dir)?;
        }
        Ok(())
    }

    /// Keeps other processes away from the archive at `dir` while it is read as files.
    pub fn keep(dir: &Path) -> Result<Hold, ArchiveError> {
        Hold::take(dir)
    }
}

/// A new index under construction beside the one in use, whatever state that is in.
pub struct Rebuilding {
    /// The archive with the new index.
    pub archive: Arc<Archive>,
    /// What could not be taken over from the old index.
    pub lost: Option<String>,
    dir: PathBuf,
}

impl Rebuilding {
    /// Goes on with the index that an interrupted rebuild of the same `plan` left, or begins one.
    /// The plan names what is read and how (WARC files, profiles): another one begins anew.
    pub fn open(dir: &Path, plan: &str) -> Result<Self, ArchiveError> {
        Marker::read(dir)?;
        let hold = Hold::take(dir)?;
        let marker = Marker::settled(dir)?;
        let next = dir.join(NEXT);
        let plan_key = key(b'm', &[b"plan"]);
        if next.exists()
            && let Ok(store) = marker.engine()?.open(&next, false)
        {
            let archive = Archive::with(dir, marker.id, store, hold);
            if archive.row::<String>(&plan_key).ok().flatten().as_deref() == Some(plan) {
                return Ok(Self {
                    archive: Arc::new(archive),
                    lost: None,
                    dir: dir.to_owned(),
                });
            }
            drop(archive);
            return Self::anew(dir, plan);
        }
        drop(hold);
        Self::anew(dir, plan)
    }

    fn anew(dir: &Path, plan: &str) -> Result<Self, ArchiveError> {
        Marker::read(dir)?;
        let hold = Hold::take(dir)?;
        let marker = Marker::settled(dir)?;
        let next = dir.join(NEXT);
        if next.exists() {
            std::fs::remove_dir_all(&next).map_err(|why| io(&next, "clear", &why))?;
        }
        let store = marker.engine()?.open(&next, true)?;
        let archive = Archive::with(dir, marker.id, store, hold);
        archive.begin()?;
        let lost = archive.take_over(&dir.join(INDEX))?;
        let mut batch = Batch::default();
        archive.put(&mut batch, key(b'm', &[b"plan"]), plan);
        archive.put_open(&mut batch, "rebuild");
        archive.store.apply(batch)?;
        archive.store.flush()?;
        Ok(Self {
            archive: Arc::new(archive),
            lost,
            dir: dir.to_owned(),
        })
    }

    /// Puts the new index in the place of the old one, which is kept aside. Durable on return.
    pub fn finish(self) -> Result<Option<PathBuf>, ArchiveError> {
        let Self { archive, dir, .. } = self;
        let mut batch = Batch::default();
        batch.delete(key(b'm', &[b"plan"]));
        archive.unmark(&mut batch)?;
        archive.store.apply(batch)?;
        archive.store.flush()?;
        // The lock is kept until the folders have changed places.
        let archive = Arc::into_inner(archive);
        let hold = archive.map(|archive| archive._hold);
        let aside = swap(&dir, NEXT)?;
        let mut marker = Marker::settled(&dir)?;
        marker.schema = SCHEMA_VERSION;
        marker.write(&dir)?;
        drop(hold);
        Ok(aside)
    }
}

/// Puts the complete index in the folder `name` in the place of the one in use, which is kept
/// aside; gives where. A crash in between leaves `READY`, which the next opening puts in place.
pub(super) fn swap(dir: &Path, name: &str) -> Result<Option<PathBuf>, ArchiveError> {
    let (old, next, ready) = (dir.join(INDEX), dir.join(name), dir.join(READY));
    if ready.exists() {
        std::fs::remove_dir_all(&ready).map_err(|why| io(&ready, "clear", &why))?;
    }
    std::fs::rename(&next, &ready).map_err(|why| io(&next, "put in place", &why))?;
    sync_dir(dir)?;
    let now = chrono::Utc::now().format("%Y%m%dT%H%M%S%3fZ");
    let aside = dir.join(format!("{OLD}{now}"));
    let kept = old.exists();
    if kept {
        std::fs::rename(&old, &aside).map_err(|why| io(&old, "put aside", &why))?;
    }
    std::fs::rename(&ready, &old).map_err(|why| io(&ready, "put in place", &why))?;
    sync_dir(dir)?;
    Ok(kept.then_some(aside))
}

impl Archive {
    /// Copies the rows that no capture holds; what cannot be read is named.
    fn take_over(&self, old: &Path) -> Result<Option<String>, ArchiveError> {
        let engine = Engine::of(old).unwrap_or_default();
        let old = match engine.open(old, false) {
            Ok(old) => old,
            Err(why) => return Ok(Some(why.to_string())),
        };
        let mut lost = None;
        for prefix in KEPT {
            for pair in old.scan(&[prefix], &after(&[prefix])) {
                match pair {
                    Ok((key, sealed)) if super::open_value(&key, &sealed).is_ok() => {
                        let mut batch = Batch::default();
                        batch.put(key, sealed);
                        self.store.apply(batch)?;
                    }
                    Ok((key, _)) => lost = Some(format!("row {}", key.escape_ascii())),
                    Err(why) => {
                        lost = Some(why.to_string());
                        break;
                    }
                }
            }
        }
        Ok(lost)
    }
}

/// Removes the indexes that earlier rebuilds put aside; gives their names.
pub fn discard_old(dir: &Path) -> Result<Vec<String>, ArchiveError> {
    let _hold = Hold::take(dir)?;
    let listing = std::fs::read_dir(dir).map_err(|why| io(dir, "list", &why))?;
    let mut gone = Vec::new();
    for entry in listing.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(OLD) {
            let path = entry.path();
            std::fs::remove_dir_all(&path).map_err(|why| io(&path, "remove", &why))?;
            gone.push(name);
        }
    }
    gone.sort();
    Ok(gone)
}
