//! Tombstones of withdrawn records as WARC records, the places that indexes of the files leave
//! out, and the erasing of captures.

use super::pack::{Level, Packer};
use super::reader::{Reader, read_at};
use super::record::Draft;
use super::stored::Stored;
use super::writer::dir_sync;
use super::{Position, WarcError, Writer, slice};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
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

impl Stored {
    /// Whether the record stands in the place of an erased capture.
    pub fn is_erased(&self) -> bool {
        self.field(ERASED).is_some()
    }

    /// The tombstone that the record holds, as JSON.
    pub fn tombstone(&self) -> Option<&str> {
        self.field(WITHDRAWN)?;
        let text = std::str::from_utf8(&self.block).ok()?;
        text.lines().find_map(|line| line.strip_prefix(LINE))
    }
}

/// Offsets of `warc` that its index leaves out.
pub(super) fn hidden(warc: &Path) -> Result<BTreeSet<u64>, WarcError> {
    let list = warc.with_file_name(HIDDEN);
    let text = match std::fs::read_to_string(&list) {
        Ok(text) => text,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(why) => return Err(WarcError::io("read", &list, &why)),
    };
    let name = warc.file_name().unwrap_or_default().to_string_lossy();
    let entries = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Hidden>(line).ok());
    Ok(entries
        .filter(|entry| entry.file == name)
        .map(|entry| entry.offset)
        .collect())
}

/// Writes the list of captures that indexes leave out, and those indexes again that change.
pub fn hide(dir: &Path, places: &[(String, u64)]) -> Result<(), WarcError> {
    let list = dir.join(HIDDEN);
    let text: String = places
        .iter()
        .filter_map(|(file, offset)| {
            let entry = Hidden {
                file: file.clone(),
                offset: *offset,
            };
            Some(serde_json::to_string(&entry).ok()? + "\n")
        })
        .collect();
    let before = std::fs::read_to_string(&list).unwrap_or_default();
    if before == text {
        return Ok(());
    }
    let temp = dir.join(format!("{HIDDEN}.new"));
    let write = || -> io::Result<()> {
        let mut file = File::create(&temp)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temp, &list)
    };
    write().map_err(|why| WarcError::io("write", &list, &why))?;
    dir_sync(dir)?;
    let of = |text: &str, file: &str| -> BTreeSet<u64> {
        text.lines()
            .filter_map(|line| serde_json::from_str::<Hidden>(line).ok())
            .filter(|entry| entry.file == file)
            .map(|entry| entry.offset)
            .collect()
    };
    for name in super::files(dir)? {
        if of(&before, &name) != of(&text, &name) {
            super::index_file(&dir.join(&name))?;
        }
    }
    Ok(())
}

/// Writes `file` anew with each capture at `offsets` (its request and facts, too) replaced by a
/// record of the same length that says so: every other record stays where it is. Gives how many
/// were replaced; those that are erased already are left alone.
pub fn erase(
    dir: &Path,
    name: &str,
    offsets: &BTreeSet<u64>,
    id: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<u64, WarcError> {
    let path = dir.join(name);
    let mut packer = Packer::new();
    let mut fillers = Vec::new();
    for offset in offsets {
        if read_at(&path, *offset)?.field(ERASED).is_some() {
            continue;
        }
        let length = slice::end(&path, *offset)? - offset;
        let filler = filler(length as usize, id, now, &mut packer)
            .map_err(|why| WarcError::io("pack a record for", &path, &why))?;
        fillers.push((*offset, filler));
    }
    if fillers.is_empty() {
        return Ok(0);
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
    // Before the old file is gone, the new one must be read to the end.
    let read = Reader::open(&temp).map(|mut reader| {
        let mut seen = BTreeSet::new();
        while let Some(head) = reader.advance() {
            if let Ok(head) = head {
                seen.insert(head.offset);
                let _ = reader.finish();
            }
        }
        seen
    })?;
    if !fillers.iter().all(|(offset, _)| read.contains(offset)) {
        let _ = std::fs::remove_file(&temp);
        return Err(WarcError::Damaged {
            file: path,
            offset: 0,
            why: "it cannot be written anew without its withdrawn captures".to_owned(),
        });
    }
    std::fs::rename(&temp, &path).map_err(|why| WarcError::io("write", &path, &why))?;
    dir_sync(dir)?;
    super::index_file(&path)?;
    Ok(fillers.len() as u64)
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
    // The deflated head's length follows its text; the block fills up the rest.
    for pad in 0..32 {
        let mut block = length.saturating_sub(420);
        for _ in 0..64 {
            let head = format!(
                "WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:uuid:{record}>\r\n\
                 WARC-Date: {date}\r\nContent-Type: text/plain\r\n{ERASED}: {id} {}\r\n\
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
    fn fillers_at_the_edges_of_stored_blocks() {
        let id = "0123456789abcdef0123456789abcdef";
        for length in (65_500..66_200).chain(131_100..131_700) {
            let filler = filler(length, id, chrono::Utc::now(), &mut Packer::new()).unwrap();
            assert_eq!(filler.len(), length);
        }
    }
}
