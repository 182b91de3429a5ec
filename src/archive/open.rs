//! Making and opening an archive, and changing its index for one that was built beside it.

use super::hold::Hold;
use super::schema::{SCHEMA_READ, SCHEMA_VERSION, after, key};
use super::store::{Batch, Engine, Store, StoreError, sync_dir};
use super::{Archive, ArchiveError, warc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const INDEX: &str = "index";
/// An index that is being built from the WARC files.
pub(super) const NEXT: &str = "index.rebuild";
/// An index that is complete and takes the place of the one in use.
const READY: &str = "index.ready";
/// Indexes that were replaced: this, and when.
const OLD: &str = "index.old-";
/// Rows that the WARC files do not hold: runs, crawls of sites, learned pace, drift.
const KEPT: [u8; 5] = [b'n', b's', b'h', super::drift::ALARM, super::drift::MARK];
/// The row with the plan of a rebuild that is under way.
const PLAN: &[u8] = b"plan";

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

const MARKER: &str = "khobao.json";
/// The marker while it is written; a creation that was cut short may leave it behind.
const MARKER_BEGUN: &str = "khobao.json.new";

impl Marker {
    fn read(dir: &Path) -> Result<Self, ArchiveError> {
        let path = dir.join(MARKER);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                let warcs = warc::files(&dir.join("warc")).unwrap_or_default();
                return Err(if warcs.is_empty() {
                    ArchiveError::Missing {
                        dir: dir.to_owned(),
                    }
                } else {
                    ArchiveError::Row {
                        dir: dir.to_owned(),
                        what: MARKER.to_owned(),
                        why: "it is not there".to_owned(),
                    }
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

    pub fn engine(&self, dir: &Path) -> Result<Engine, ArchiveError> {
        self.engine.parse().map_err(|why| ArchiveError::Row {
            dir: dir.to_owned(),
            what: MARKER.to_owned(),
            why,
        })
    }

    /// Makes a marker again that is lost or cannot be read: the WARC files name the archive, the
    /// index its engine. What is there is put aside. Gives what was wrong.
    fn remade(dir: &Path, engine: Engine) -> Result<Option<String>, ArchiveError> {
        let wrong = match Self::read(dir).and_then(|marker| marker.engine(dir)) {
            Ok(_) => return Ok(None),
            Err(why @ (ArchiveError::Missing { .. } | ArchiveError::Row { .. })) => why,
            Err(why) => return Err(why),
        };
        let warcs = dir.join("warc");
        let names = match warcs.is_dir() {
            true => warc::files(&warcs)?,
            false => Vec::new(),
        };
        // The archive that most files say they are of.
        let mut ids: BTreeMap<String, usize> = BTreeMap::new();
        let named = |name: &String| {
            let first = warc::Reader::open(&warcs.join(name)).ok()?.next()?;
            part_of(&first.ok()?)
        };
        for id in names.iter().filter_map(named) {
            *ids.entry(id).or_default() += 1;
        }
        let Some((id, _)) = ids.into_iter().max_by_key(|(_, files)| *files) else {
            return Err(wrong);
        };
        let (path, bad) = (dir.join(MARKER), dir.join("khobao.json.bad"));
        if path.exists() {
            std::fs::rename(&path, &bad).map_err(|why| io(&path, "put aside", &why))?;
        }
        let engine = Engine::of(&dir.join(INDEX)).unwrap_or(engine);
        Self::new(engine, id).write(dir)?;
        Ok(Some(wrong.to_string()))
    }

    /// The same with today's version.
    pub fn now(mut self) -> Self {
        self.schema = SCHEMA_VERSION;
        self
    }

    fn new(engine: Engine, id: String) -> Self {
        Self {
            format: "khobao archive".to_owned(),
            schema: SCHEMA_VERSION,
            engine: engine.to_string(),
            created: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            software: concat!("khobao/", env!("CARGO_PKG_VERSION")).to_owned(),
            id,
        }
    }

    pub fn write(&self, dir: &Path) -> Result<(), ArchiveError> {
        // A plain struct of strings: serialising it cannot fail.
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let temp = dir.join(MARKER_BEGUN);
        std::fs::write(&temp, text)
            .and_then(|()| std::fs::File::open(&temp)?.sync_all())
            .and_then(|()| std::fs::rename(&temp, dir.join(MARKER)))
            .map_err(|why| io(dir, "write", &why))?;
        Ok(sync_dir(dir)?)
    }
}

/// What the archive at `dir` is called in its WARC files.
pub(super) fn archive_id(dir: &Path) -> Result<String, ArchiveError> {
    Ok(Marker::read(dir)?.id)
}

/// The archive that a WARC file's first record says it is part of (warcinfo, `isPartOf`).
pub(super) fn part_of(first: &warc::Stored) -> Option<String> {
    let id = info(first, "isPartOf:")?;
    id.strip_prefix("urn:uuid:").map(str::to_owned)
}

/// Which of its archive's files this one is (warcinfo, `Khobao-Serial`); `None` in those that were
/// written before there was such a number.
pub(super) fn serial(first: &warc::Stored) -> Option<u32> {
    info(first, warc::SERIAL)?
        .strip_prefix(':')?
        .trim()
        .parse()
        .ok()
}

/// What a warcinfo record says behind `name`.
fn info<'a>(first: &'a warc::Stored, name: &str) -> Option<&'a str> {
    if first.kind() != "warcinfo" {
        return None;
    }
    let text = std::str::from_utf8(&first.block).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim())
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
        Marker::new(engine, id).write(dir)?;
        archive.seal("init", &[], None)?;
        Ok(archive)
    }

    /// Puts the row that says the version of an index.
    fn begin(&self) -> Result<(), ArchiveError> {
        let mut batch = Batch::default();
        self.put(&mut batch, key(b'm', &[b"schema"]), &SCHEMA_VERSION);
        Ok(self.store.apply(batch)?)
    }

    /// Opens the archive at `dir` and takes its lock.
    pub fn open(dir: &Path) -> Result<Self, ArchiveError> {
        Marker::read(dir)?;
        let hold = Hold::take(dir)?;
        Self::open_held(dir, hold)
    }

    /// Opens the archive at `dir`, which this process holds already.
    pub fn open_held(dir: &Path, hold: Hold) -> Result<Self, ArchiveError> {
        let marker = Marker::settled(dir)?;
        if marker.schema < SCHEMA_READ {
            return Err(ArchiveError::Older {
                dir: dir.to_owned(),
                found: marker.schema,
            });
        }
        let engine = marker.engine(dir)?;
        let store = engine.open(&dir.join(INDEX), false)?;
        let mut archive = Self::with(dir, marker.id.clone(), store, hold);
        match archive.row::<u32>(&key(b'm', &[b"schema"]))? {
            Some(found @ SCHEMA_READ..=SCHEMA_VERSION) => {
                // The row first: a crash in between leaves a marker that is older than the index.
                if found < SCHEMA_VERSION {
                    archive.begin()?;
                    archive.store.flush()?;
                }
                if marker.schema < SCHEMA_VERSION {
                    marker.now().write(dir)?;
                }
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

    /// Closes the index and goes on holding the archive.
    pub fn into_hold(self) -> Hold {
        let Self { store, _hold, .. } = self;
        drop(store);
        _hold
    }

    /// Holds the archive at `dir` without opening its index, whatever state that is in.
    pub fn hold(dir: &Path) -> Result<Hold, ArchiveError> {
        Marker::read(dir)?;
        Hold::take(dir)
    }

    /// Holds the archive at `dir`; a marker that is lost or cannot be read is made again from what
    /// the WARC files say, and what was wrong is given.
    pub fn hold_mended(dir: &Path, engine: Engine) -> Result<(Hold, Option<String>), ArchiveError> {
        if !dir.is_dir() {
            return Err(ArchiveError::Missing {
                dir: dir.to_owned(),
            });
        }
        let hold = Hold::take(dir)?;
        let wrong = Marker::remade(dir, engine)?;
        Ok((hold, wrong))
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
    pub fn open(dir: &Path, plan: &str, hold: Hold) -> Result<Self, ArchiveError> {
        let marker = Marker::settled(dir)?;
        let engine = marker.engine(dir)?;
        let next = dir.join(NEXT);
        let mut hold = hold;
        if next.exists()
            && let Ok(store) = engine.open(&next, false)
        {
            let archive = Archive::with(dir, marker.id.clone(), store, hold);
            let begun = archive.row::<String>(&key(b'm', &[PLAN])).ok().flatten();
            if begun.as_deref() == Some(plan) {
                return Ok(Self {
                    archive: Arc::new(archive),
                    lost: None,
                    dir: dir.to_owned(),
                });
            }
            hold = archive.into_hold();
        }
        if next.exists() {
            std::fs::remove_dir_all(&next).map_err(|why| io(&next, "clear", &why))?;
        }
        let store = engine.open(&next, true)?;
        let archive = Archive::with(dir, marker.id, store, hold);
        archive.begin()?;
        let lost = archive.take_over(&dir.join(INDEX))?;
        let mut batch = Batch::default();
        archive.put(&mut batch, key(b'm', &[PLAN]), plan);
        archive.put_open(&mut batch, "rebuild");
        archive.store.apply(batch)?;
        archive.store.flush()?;
        Ok(Self {
            archive: Arc::new(archive),
            lost,
            dir: dir.to_owned(),
        })
    }

    /// Puts the new index in the place of the old one, which is kept aside, and opens it; gives
    /// where the old one is. Durable on return.
    pub fn finish(self) -> Result<(Archive, Option<PathBuf>), ArchiveError> {
        let Self { archive, dir, .. } = self;
        let mut batch = Batch::default();
        batch.delete(key(b'm', &[PLAN]));
        archive.unmark(&mut batch)?;
        archive.store.apply(batch)?;
        archive.store.flush()?;
        // The lock is kept while the folders change places. (Should somebody else hold the new
        // index still, the lock goes with them.)
        let hold = match Arc::into_inner(archive) {
            Some(archive) => archive.into_hold(),
            None => Hold::take(&dir)?,
        };
        let aside = swap(&dir, NEXT)?;
        Marker::settled(&dir)?.now().write(&dir)?;
        Ok((Archive::open_held(&dir, hold)?, aside))
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

/// Removes the indexes that earlier rebuilds put aside, and what a change of engines that was cut
/// short left; gives their names.
pub fn discard_old(dir: &Path, _hold: &Hold) -> Result<Vec<String>, ArchiveError> {
    let listing = std::fs::read_dir(dir).map_err(|why| io(dir, "list", &why))?;
    let mut gone = Vec::new();
    for entry in listing.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(OLD) || [super::migrate::NEXT, READY].contains(&name.as_str()) {
            let path = entry.path();
            std::fs::remove_dir_all(&path).map_err(|why| io(&path, "remove", &why))?;
            gone.push(name);
        }
    }
    gone.sort();
    Ok(gone)
}
