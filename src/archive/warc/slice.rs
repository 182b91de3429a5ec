//! Copies captures, with the records that belong to them, into a WARC file of its own: the gzip
//! members are copied as they are, so that every digest stays what it was.

use super::WarcError;
use super::pack::{Level, Packer};
use super::reader::Reader;
use super::record::Draft;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Why a capture could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum SliceError {
    /// It cannot be read; the others are copied all the same.
    #[error(transparent)]
    Warc(#[from] WarcError),
    /// The slice cannot be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// A slice under construction.
pub struct Slicer<'a> {
    dir: PathBuf,
    out: &'a mut dyn Write,
    /// What is in it: file and offset.
    seen: HashSet<(Box<str>, u64)>,
    files: Vec<Box<str>>,
}

impl<'a> Slicer<'a> {
    /// Begins a slice of the files in `dir` with a warcinfo record (WARC 1.1, 6.2).
    pub fn begin(
        dir: &Path,
        out: &'a mut dyn Write,
        fields: &[(&str, String)],
        now: chrono::DateTime<chrono::Utc>,
    ) -> io::Result<Self> {
        let mut block = String::new();
        for (name, value) in fields {
            let value = value.replace(['\r', '\n'], " ");
            block.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut draft = Draft::new("warcinfo", now);
        draft.field("Content-Type", "application/warc-fields");
        let mut member = Vec::new();
        draft.finish(
            block.as_bytes(),
            Level::Quick,
            &mut Packer::new(),
            &mut member,
        )?;
        out.write_all(&member)?;
        Ok(Self {
            dir: dir.to_owned(),
            out,
            seen: HashSet::new(),
            files: Vec::new(),
        })
    }

    /// Copies the capture at `offset` of `file` with its request and its facts, once.
    pub fn add(&mut self, file: &str, offset: u64) -> Result<bool, SliceError> {
        if !self.seen.insert((file.into(), offset)) {
            return Ok(false);
        }
        let path = self.dir.join(file);
        let end = end(&path, offset)?;
        let mut input = File::open(&path).map_err(|why| WarcError::opening(&path, &why))?;
        input
            .seek(SeekFrom::Start(offset))
            .map_err(|why| WarcError::io("read", &path, &why))?;
        io::copy(&mut input.take(end - offset), self.out)?;
        if !self.files.iter().any(|known| **known == *file) {
            self.files.push(file.into());
        }
        Ok(true)
    }
}

/// Where the records of a capture end whose first one, of `length` bytes, cannot be read.
pub(super) fn end_past(path: &Path, offset: u64, length: u64) -> Result<u64, WarcError> {
    let next = offset + length;
    let mut reader = Reader::open(path)?;
    reader.seek(next)?;
    let Some(Ok(head)) = reader.advance() else {
        return Ok(next);
    };
    let Some(id) = head.field("WARC-Concurrent-To").map(str::to_owned) else {
        return Ok(next);
    };
    belonging(&mut Reader::open(path)?, next, id)
}

/// Where the records at `from` end that belong to the capture `id`.
fn belonging(reader: &mut Reader, from: u64, id: String) -> Result<u64, WarcError> {
    reader.seek(from)?;
    let mut end = from;
    while let Some(Ok(head)) = reader.advance() {
        if !matches!(head.kind(), "request" | "metadata")
            || head.field("WARC-Concurrent-To") != Some(id.as_str())
        {
            break;
        }
        reader.finish()?;
        end = reader.offset();
    }
    Ok(end)
}

/// Where the records of the capture at `offset` end.
pub(super) fn end(path: &Path, offset: u64) -> Result<u64, WarcError> {
    let mut reader = Reader::open(path)?;
    reader.seek(offset)?;
    let head = match reader.advance() {
        Some(head) => head?,
        None => return Ok(offset),
    };
    let id = head.field("WARC-Record-ID").unwrap_or_default().to_owned();
    reader.finish()?;
    let next = reader.offset();
    belonging(&mut reader, next, id)
}
