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
        let mut input = File::open(&path).map_err(|why| WarcError::io("open", &path, &why))?;
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

/// Where the records of the capture at `offset` end.
pub(super) fn end(path: &Path, offset: u64) -> Result<u64, WarcError> {
    let mut reader = Reader::open(path)?;
    reader.seek(offset)?;
    let mut id = String::new();
    let mut end = offset;
    while let Some(head) = reader.advance() {
        let head = match head {
            Ok(head) => head,
            Err(why) if end == offset => return Err(why),
            Err(_) => break,
        };
        if end == offset {
            head.field("WARC-Record-ID")
                .unwrap_or_default()
                .clone_into(&mut id);
        } else if !matches!(head.kind(), "request" | "metadata")
            || head.field("WARC-Concurrent-To") != Some(id.as_str())
        {
            break;
        }
        reader.finish()?;
        end = reader.offset();
    }
    Ok(end)
}
