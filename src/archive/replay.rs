//! Every capture of the archive in the order in which it was judged: what an index is built again
//! from.
//!
//! The files of one archive were written in one order (warcinfo: `isPartOf`), and are read in it.
//! Files of several archives, or of other programs, are read side by side: whatever was captured
//! first comes first, also within a file of another program (`order`). So archives that were made
//! apart give the same result in either order.

use super::order::Order;
use super::schema::{CaptureRow, after, capture_key, key, place_key};
use super::store::Batch;
use super::warc::{self, Stored, WarcError};
use super::{Archive, ArchiveError, Committed, Committer, CrawlMode, Finished, Task, Tombstone};
use crate::domain::RecordId;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::{Path, PathBuf};

/// How far the reading of a stream is; kept in the index that is built, a row a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    stream: String,
    file: String,
    /// Offset of the next record.
    offset: u64,
    /// Captures that were taken from a file that is read by date; its offsets say nothing.
    #[serde(default)]
    taken: u64,
    /// The latest date so far, microseconds since 1970.
    latest: i64,
}

/// A record that is a capture, and where it stands.
#[derive(Debug)]
pub struct Replayed {
    /// Name of the file in the folder.
    pub file: String,
    /// The record.
    pub stored: Stored,
    stream: usize,
    /// The latest date of its stream so far.
    latest: i64,
    /// Offset after it.
    next: u64,
    /// Captures of its file up to it, where that is read by date.
    taken: u64,
    /// When the capture began, microseconds since 1970.
    pub at: i64,
}

struct Stream {
    name: String,
    files: Vec<String>,
    current: usize,
    reader: Option<warc::Reader>,
    /// The order of the current file, where it is not its own.
    order: Option<Order>,
    latest: i64,
}

impl Stream {
    /// Opens the current file, which is at `path`.
    fn open(&mut self, path: &Path, damage: &mut Vec<WarcError>) -> Result<(), WarcError> {
        self.order = match self.name.starts_with(OF_ARCHIVE) {
            true => None,
            false => Order::of(path)?,
        };
        if let Some(order) = &mut self.order {
            damage.append(&mut order.damage);
        }
        self.reader = Some(warc::Reader::open(path)?);
        Ok(())
    }
}

/// Reads the captures of a folder.
pub struct Captures {
    dir: PathBuf,
    streams: Vec<Stream>,
    /// The next capture of each stream: latest date in it, its own date, its id, the stream.
    heads: BinaryHeap<Reverse<(i64, i64, String, usize)>>,
    waiting: Vec<Option<Replayed>>,
    marks: BTreeMap<String, Mark>,
    /// Damaged records and files that were passed over.
    pub damage: Vec<WarcError>,
    /// Bytes of the files.
    pub bytes: u64,
}

/// What the first record of a file says about it.
struct Origin {
    stream: String,
    /// Its place among the files of its stream: the number that the archive gave it, and for older
    /// files the date (which goes wrong where the machine's clock was set back).
    place: (Option<u32>, String),
}

/// What the names of streams begin with whose files belong to an archive.
const OF_ARCHIVE: &str = "archive ";

fn origin(path: &Path, name: &str) -> Origin {
    let foreign = || Origin {
        stream: format!("file {name}"),
        place: Default::default(),
    };
    let Ok(mut reader) = warc::Reader::open(path) else {
        return foreign();
    };
    let Some(Ok(first)) = reader.next() else {
        return foreign();
    };
    match super::open::part_of(&first) {
        Some(id) => Origin {
            stream: format!("{OF_ARCHIVE}{id}"),
            place: (
                super::open::serial(&first),
                first.field("WARC-Date").unwrap_or_default().to_owned(),
            ),
        },
        None => foreign(),
    }
}

/// Whether a WARC file says that an archive of this program wrote it (warcinfo: `isPartOf`).
pub fn is_of_archive(path: &Path) -> bool {
    origin(path, "").stream.starts_with(OF_ARCHIVE)
}

impl Captures {
    /// The captures of `dir` that come after `marks`.
    pub fn open(dir: &Path, marks: Vec<Mark>) -> Result<Self, ArchiveError> {
        let names = warc::files(dir)?;
        let mut bytes = 0;
        let mut by_stream: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for name in names {
            let path = dir.join(&name);
            bytes += std::fs::metadata(&path).map_or(0, |m| m.len());
            let origin = origin(&path, &name);
            let files = by_stream.entry(origin.stream).or_default();
            files.push((origin.place, name));
        }
        let streams = by_stream.into_iter().map(|(name, mut files)| {
            files.sort();
            Stream {
                name,
                files: files.into_iter().map(|(_, file)| file).collect(),
                current: 0,
                reader: None,
                order: None,
                latest: i64::MIN,
            }
        });
        let mut captures = Self {
            dir: dir.to_owned(),
            streams: streams.collect(),
            heads: BinaryHeap::new(),
            waiting: Vec::new(),
            marks: marks
                .into_iter()
                .map(|mark| (mark.stream.clone(), mark))
                .collect(),
            damage: Vec::new(),
            bytes,
        };
        captures.go_on()?;
        for at in 0..captures.streams.len() {
            captures.waiting.push(None);
            captures.pull(at)?;
        }
        Ok(captures)
    }

    /// Sets each stream to where its mark is.
    fn go_on(&mut self) -> Result<(), ArchiveError> {
        for stream in &mut self.streams {
            let Some(mark) = self.marks.get(&stream.name) else {
                continue;
            };
            if let Some(at) = stream.files.iter().position(|name| *name == mark.file) {
                stream.current = at;
                stream.latest = mark.latest;
                stream.open(&self.dir.join(&mark.file), &mut self.damage)?;
                match (&mut stream.order, &mut stream.reader) {
                    (Some(order), _) => order.skip(mark.taken),
                    (None, Some(reader)) => reader.seek(mark.offset)?,
                    (None, None) => {}
                }
            }
        }
        Ok(())
    }

    /// Reads the next capture of a stream.
    fn pull(&mut self, at: usize) -> Result<(), ArchiveError> {
        let Some(stream) = self.streams.get_mut(at) else {
            return Ok(());
        };
        while let Some(file) = stream.files.get(stream.current).cloned() {
            if stream.reader.is_none() {
                stream.open(&self.dir.join(&file), &mut self.damage)?;
            }
            let Some(reader) = &mut stream.reader else {
                return Ok(());
            };
            let next = match &mut stream.order {
                None => reader.next(),
                Some(order) => match order.next() {
                    Some(offset) => {
                        reader.seek(offset)?;
                        reader.next()
                    }
                    None => None,
                },
            };
            match next {
                Some(Ok(stored)) if stored.is_capture() || stored.tombstone().is_some() => {
                    let date = stored.field("WARC-Date").unwrap_or_default();
                    let Ok(date) = chrono::DateTime::parse_from_rfc3339(date) else {
                        let why = stored.damaged("its WARC-Date cannot be read");
                        self.damage.push(why);
                        continue;
                    };
                    let date = date.timestamp_micros();
                    stream.latest = stream.latest.max(date);
                    let id = stored.field("WARC-Record-ID").unwrap_or_default();
                    self.heads
                        .push(Reverse((stream.latest, date, id.to_owned(), at)));
                    let replayed = Replayed {
                        file,
                        next: reader.offset(),
                        taken: stream.order.as_ref().map_or(0, Order::taken),
                        stored,
                        latest: stream.latest,
                        stream: at,
                        at: date,
                    };
                    if let Some(slot) = self.waiting.get_mut(at) {
                        *slot = Some(replayed);
                    }
                    return Ok(());
                }
                Some(Ok(_)) => {}
                Some(Err(why @ WarcError::Damaged { .. })) => self.damage.push(why),
                Some(Err(why)) => return Err(why.into()),
                None => {
                    stream.reader = None;
                    stream.order = None;
                    stream.current += 1;
                }
            }
        }
        Ok(())
    }

    /// The next capture.
    pub fn take(&mut self) -> Result<Option<Replayed>, ArchiveError> {
        let Some(Reverse((_, _, _, at))) = self.heads.pop() else {
            return Ok(None);
        };
        let found = self.waiting.get_mut(at).and_then(Option::take);
        self.pull(at)?;
        Ok(found)
    }

    /// Whether the file of `replayed` says that an archive of this program wrote it (warcinfo:
    /// `isPartOf`).
    pub fn is_of_archive(&self, replayed: &Replayed) -> bool {
        let stream = self.streams.get(replayed.stream);
        stream.is_some_and(|stream| stream.name.starts_with(OF_ARCHIVE))
    }

    /// Whether the file of `replayed` says that the archive called `id` wrote it.
    pub fn is_part_of(&self, replayed: &Replayed, id: &str) -> bool {
        let name = self.streams.get(replayed.stream).map(|stream| &stream.name);
        name.and_then(|name| name.strip_prefix(OF_ARCHIVE)) == Some(id)
    }

    /// How far the reading of its stream is once `replayed` is applied.
    pub fn mark(&self, replayed: &Replayed) -> Mark {
        let stream = self.streams.get(replayed.stream);
        Mark {
            stream: stream.map(|stream| stream.name.clone()).unwrap_or_default(),
            file: replayed.file.clone(),
            offset: replayed.next,
            taken: replayed.taken,
            latest: replayed.latest,
        }
    }
}

const MARKS: &[u8] = b"replay/";

impl Archive {
    /// How far the replay into this index is.
    pub fn marks(&self) -> Result<Vec<Mark>, ArchiveError> {
        let from = key(b'm', &[MARKS]);
        self.store
            .scan(&from, &after(&from))
            .map(|pair| {
                let (key, sealed) = pair?;
                self.decode(&key, &sealed)
            })
            .collect()
    }

    /// Forgets it.
    pub(super) fn unmark(&self, batch: &mut Batch) -> Result<(), ArchiveError> {
        for mark in self.marks()? {
            batch.delete(key(b'm', &[MARKS, mark.stream.as_bytes()]));
        }
        Ok(())
    }

    pub(super) fn put_mark(&self, batch: &mut Batch, mark: &Mark) {
        self.put(batch, key(b'm', &[MARKS, mark.stream.as_bytes()]), mark);
    }
}

impl Committer {
    /// Applies what was read from a capture again. `mark` is written in the same batch: how far
    /// the replay is.
    pub fn replay(
        &mut self,
        finished: Finished,
        capture: CaptureRow,
        mode: CrawlMode,
        mark: &Mark,
    ) -> Result<Committed, ArchiveError> {
        let now = capture.at;
        let mut capture = capture;
        let hash = finished.task.hash;
        while let Some(known) = self
            .archive
            .row::<CaptureRow>(&capture_key(&hash, capture.at))?
        {
            if (known.payload, known.status) == (capture.payload, capture.status) {
                return self.twin(finished, &capture, mark);
            }
            // Other programs' clocks know whole seconds.
            capture.at += 1;
        }
        self.apply(finished, Some(capture), mode, now, Some(mark))
    }

    /// A capture that another file holds, too, is not judged again: only its place is kept.
    fn twin(
        &self,
        finished: Finished,
        capture: &CaptureRow,
        mark: &Mark,
    ) -> Result<Committed, ArchiveError> {
        let Task { hash, row } = finished.task;
        let mut batch = Batch::default();
        let place = place_key(&capture.file, capture.offset);
        self.archive
            .put(&mut batch, place, &(RecordId(hash), capture.at));
        self.archive.put_mark(&mut batch, mark);
        self.archive.store.apply(batch)?;
        Ok(Committed {
            site: row.site,
            hash,
            kind: row.kind,
            outcome: None,
            added: 0,
            record: None,
        })
    }

    /// Withdraws a record that a replay meets the tombstone of.
    pub fn replay_withdrawal(
        &mut self,
        stone: &Tombstone,
        mark: &Mark,
    ) -> Result<(), ArchiveError> {
        self.withdrawals = true;
        self.archive.withdraw(stone, Some(mark))
    }

    /// Makes what was replayed durable.
    pub fn flush(&self) -> Result<(), ArchiveError> {
        self.archive.flush()
    }
}
