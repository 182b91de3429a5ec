//! Tombstones of withdrawn records as WARC records, the places that indexes of the files leave
//! out, and the erasing of captures.

use super::pack::{Level, Packer};
use super::reader::{Reader, read_at};
use super::record::Draft;
use super::stored::{Head, Stored};
use super::writer::dir_sync;
use super::{Position, WarcError, Writer, slice};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Named field of a record that withdraws another: the withdrawn record's id.
const WITHDRAWN: &str = "Khobao-Withdrawn";
/// Named field of a record that stands in the place of an erased capture.
const ERASED: &str = "Khobao-Erased";
const LINE: &str = "tombstone: ";
/// Beside the WARC files: captures that are in them and in no index of them.
const HIDDEN: &str = "withdrawn.jsonl";

#[derive(Serialize, Deserialize)]
struct Hidden {
    file: String,
    offset: u64,
    /// The withdrawn record, where no index row leads from it to the place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    of: Option<String>,
}

impl Writer {
    /// Appends the record that withdraws another one; `json` is its tombstone.
    pub fn append_withdrawal(&mut self, id: &str, json: &str) -> Result<Position, WarcError> {
        self.append_with(|warcinfo, now, packer, out| {
            let start = out.len();
            let mut draft = Draft::new("metadata", now);
            draft.field("WARC-Warcinfo-ID", warcinfo);
            draft.field("Content-Type", "application/warc-fields");
            draft.field(WITHDRAWN, id);
            let block = format!("{LINE}{json}\r\n");
            let record = draft.finish(block.as_bytes(), Level::Quick, packer, out)?;
            Ok((record, start as u64, (out.len() - start) as u64))
        })
    }
}

impl Head {
    /// Whether the record stands in the place of an erased capture.
    pub fn is_erased(&self) -> bool {
        self.field(ERASED).is_some()
    }

    /// The id of the record that it withdraws.
    pub fn withdraws(&self) -> Option<&str> {
        self.field(WITHDRAWN)
    }
}

impl Stored {
    /// The tombstone that the record holds, as JSON.
    pub fn tombstone(&self) -> Option<&str> {
        self.field(WITHDRAWN)?;
        let text = std::str::from_utf8(&self.block).ok()?;
        text.lines().find_map(|line| line.strip_prefix(LINE))
    }
}

/// Offsets of `warc` that its index leaves out.
pub(super) fn hidden(warc: &Path) -> Result<BTreeSet<u64>, WarcError> {
    let name = warc.file_name().unwrap_or_default().to_string_lossy();
    let all = hidden_places(warc.parent().unwrap_or(Path::new(".")))?;
    let own = all.into_keys().filter(|(file, _)| *file == name);
    Ok(own.map(|(_, offset)| offset).collect())
}

/// What the list in `dir` holds: places, and the record that a place is of where no index row
/// names it.
pub fn hidden_places(dir: &Path) -> Result<BTreeMap<(String, u64), Option<String>>, WarcError> {
    let list = dir.join(HIDDEN);
    let text = match std::fs::read_to_string(&list) {
        Ok(text) => text,
        Err(why) if why.kind() == io::ErrorKind::NotFound => String::new(),
        Err(why) => return Err(WarcError::io("read", &list, &why)),
    };
    let entries = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Hidden>(line).ok());
    Ok(entries
        .map(|entry| ((entry.file, entry.offset), entry.of))
        .collect())
}

/// Writes the list of captures that indexes leave out, and before it those indexes again that
/// change: what is cut short in between is done again by the next call.
pub fn hide(dir: &Path, places: &BTreeMap<(String, u64), Option<String>>) -> Result<(), WarcError> {
    let before = hidden_places(dir)?;
    if before == *places {
        return Ok(());
    }
    let of = |all: &BTreeMap<(String, u64), Option<String>>, file: &str| -> BTreeSet<u64> {
        let from = (file.to_owned(), 0);
        let all = all.range(from..).take_while(|((name, _), _)| name == file);
        all.map(|((_, offset), _)| *offset).collect()
    };
    for name in super::files(dir)? {
        let now = of(places, &name);
        if of(&before, &name) != now {
            super::cdxj::index_without(&dir.join(&name), now)?;
        }
    }
    let text: String = places
        .iter()
        .filter_map(|((file, offset), of)| {
            let entry = Hidden {
                file: file.clone(),
                offset: *offset,
                of: of.clone(),
            };
            Some(serde_json::to_string(&entry).ok()? + "\n")
        })
        .collect();
    let (list, temp) = (dir.join(HIDDEN), dir.join(format!("{HIDDEN}.new")));
    let write = || -> io::Result<()> {
        let mut file = File::create(&temp)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temp, &list)
    };
    write().map_err(|why| WarcError::io("write", &list, &why))?;
    dir_sync(dir)
}

/// What `erase` did with a file.
#[derive(Debug, Default)]
pub struct Erasure {
    /// Captures that were replaced.
    pub erased: u64,
    /// Captures that could not be found or replaced.
    pub damage: Vec<WarcError>,
}

/// Writes `file` anew with each capture at `offsets` (its request and facts, too) replaced by a
/// record of the same length that says so: every other record stays where it is. Those that are
/// erased already are left alone; of one that is damaged the length that is given is overwritten.
pub fn erase(
    dir: &Path,
    name: &str,
    offsets: &BTreeMap<u64, Option<u64>>,
    id: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Erasure, WarcError> {
    let path = dir.join(name);
    let mut packer = Packer::new();
    let mut fillers = Vec::new();
    let mut done = Erasure::default();
    // Up to where a filler reaches: what belongs to that capture is gone with it.
    let mut covered = 0;
    for (offset, known) in offsets {
        if *offset < covered {
            continue;
        }
        let read = read_at(&path, *offset).and_then(|stored| match stored.is_erased() {
            true => Ok(None),
            false => slice::end(&path, *offset).map(|end| Some(end - offset)),
        });
        let length = match (read, known) {
            (Ok(None), _) => continue,
            (Ok(Some(length)), _) => length,
            (Err(WarcError::Damaged { .. }), Some(known)) => {
                slice::end_past(&path, *offset, *known)? - offset
            }
            (Err(WarcError::Damaged { .. }), None) if within_erased(&path, *offset)? => continue,
            (Err(why @ WarcError::Damaged { .. }), None) => {
                done.damage.push(why);
                continue;
            }
            (Err(why), _) => return Err(why),
        };
        match filler(length as usize, id, now, &mut packer) {
            Ok(filler) => {
                covered = offset + length;
                fillers.push((*offset, filler));
            }
            Err(why) => done.damage.push(WarcError::Damaged {
                file: path.clone(),
                offset: *offset,
                why: why.to_string(),
            }),
        }
    }
    if fillers.is_empty() {
        return Ok(done);
    }
    let temp = dir.join(format!("{name}.erasing"));
    let write = || -> io::Result<()> {
        std::fs::copy(&path, &temp)?;
        let mut out = std::fs::OpenOptions::new().write(true).open(&temp)?;
        for (offset, filler) in &fillers {
            out.seek(SeekFrom::Start(*offset))?;
            out.write_all(filler)?;
        }
        out.sync_all()
    };
    if let Err(why) = write() {
        let _ = std::fs::remove_file(&temp);
        return Err(WarcError::io("write", &temp, &why));
    }
    // Before the old file is gone, what took the captures' places must be readable in the new one.
    for (offset, _) in &fillers {
        let read = read_at(&temp, *offset);
        if !read.is_ok_and(|stored| stored.is_erased()) {
            let _ = std::fs::remove_file(&temp);
            return Err(WarcError::Damaged {
                file: path,
                offset: *offset,
                why: "it cannot be written anew without its withdrawn captures".to_owned(),
            });
        }
    }
    std::fs::rename(&temp, &path).map_err(|why| WarcError::io("write", &path, &why))?;
    dir_sync(dir)?;
    super::index_file(&path)?;
    done.erased = fillers.len() as u64;
    Ok(done)
}

/// Whether `offset` lies within what took an erased capture's place: what stood there was one of
/// its records, and is gone with it.
fn within_erased(path: &Path, offset: u64) -> Result<bool, WarcError> {
    let mut reader = Reader::open(path)?;
    while let Some(head) = reader.advance() {
        let head = match head {
            Ok(head) => head,
            Err(WarcError::Damaged { .. }) => continue,
            Err(why) => return Err(why),
        };
        if head.offset >= offset {
            break;
        }
        let erased = head.field(ERASED).is_some();
        if reader.finish().is_ok() && erased && reader.offset() > offset {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A gzip member of exactly `length` bytes with a record that says that a capture was erased.
fn filler(
    length: usize,
    id: &str,
    now: chrono::DateTime<chrono::Utc>,
    packer: &mut Packer,
) -> io::Result<Vec<u8>> {
    let record = uuid::Uuid::new_v4();
    let random = record.simple().to_string();
    let date = super::record::warc_date(now);
    let mut out = Vec::new();
    // The deflated head's length follows its text; the block fills up the rest. In a very short
    // place the head says less.
    let long = format!("Content-Type: text/plain\r\n{ERASED}: {id} ");
    let short = format!("{ERASED}: ");
    let heads = [&long, &short];
    for (said, pad) in heads
        .iter()
        .flat_map(|said| (0..32).map(move |pad| (said, pad)))
    {
        let mut block = length.saturating_sub(420);
        for _ in 0..64 {
            let head = format!(
                "WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:uuid:{record}>\r\n\
                 WARC-Date: {date}\r\n{said}{}\r\n\
                 Content-Length: {block}\r\n\r\n",
                random.get(..pad).unwrap_or_default()
            );
            out.clear();
            packer.member(head.as_bytes(), &vec![b' '; block], Level::Stored, &mut out)?;
            match out.len().cmp(&length) {
                std::cmp::Ordering::Equal => return Ok(out),
                std::cmp::Ordering::Less => block += length - out.len(),
                std::cmp::Ordering::Greater if block == 0 => break,
                std::cmp::Ordering::Greater => {
                    block = block.saturating_sub(out.len() - length);
                }
            }
        }
    }
    Err(io::Error::other(format!(
        "a capture of {length} bytes cannot be replaced in its place"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn fillers_have_any_length(length in 420_usize..200_000) {
            let id = "0123456789abcdef0123456789abcdef";
            let filler = filler(length, id, chrono::Utc::now(), &mut Packer::new()).unwrap();
            proptest::prop_assert_eq!(filler.len(), length);
        }
    }

    #[test]
    fn fillers_are_as_short_as_a_request_of_one_line() {
        let id = "0123456789abcdef0123456789abcdef";
        for length in 200..440 {
            let filler = filler(length, id, chrono::Utc::now(), &mut Packer::new()).unwrap();
            assert_eq!(filler.len(), length);
        }
    }

    #[test]
    fn fillers_at_the_edges_of_stored_blocks() {
        let id = "0123456789abcdef0123456789abcdef";
        for length in (65_500..66_200).chain(131_100..131_700) {
            let filler = filler(length, id, chrono::Utc::now(), &mut Packer::new()).unwrap();
            assert_eq!(filler.len(), length);
        }
    }
}
