//! The bytes of a WARC file, unpacked: uncompressed, one gzip member a record, or one member for
//! many records. Memory is two buffers, whatever the file says.

use flate2::{Decompress, FlushDecompress, Status};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

/// Size of either buffer. A gzip header must fit in.
pub(super) const BUFFER: usize = 64 << 10;
/// What fits in one that is made for a short record.
const SMALL: usize = 8 << 10;
/// How far ahead a candidate is looked into.
const LOOK: usize = 2048;

/// Why no more bytes can be had.
pub(super) enum Bad {
    /// The disk.
    Io(io::Error),
    /// The bytes.
    Data(String),
}

impl From<io::Error> for Bad {
    fn from(why: io::Error) -> Self {
        Self::Io(why)
    }
}

fn data<T>(why: impl Into<String>) -> Result<T, Bad> {
    Err(Bad::Data(why.into()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Between members.
    Outside,
    Plain,
    Gzip,
}

/// A file and where it is read.
pub(super) struct Input {
    file: File,
    raw: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `raw[end]` in the file.
    read: u64,
    mode: Mode,
    inflate: Decompress,
    crc: crc32fast::Hasher,
    out: Vec<u8>,
    out_start: usize,
    out_end: usize,
    /// Unpacked bytes of the member that were taken.
    taken: u64,
    made: u32,
    /// The deflate stream is over; its trailer is still to be read.
    over: bool,
    /// The member's trailer was read and is right.
    done: bool,
}

impl Input {
    /// `room` is the size of either buffer, bytes; it is kept within bounds.
    pub fn new(file: File, room: usize) -> Self {
        let room = room.clamp(SMALL, BUFFER);
        Self {
            file,
            raw: vec![0; room],
            start: 0,
            end: 0,
            read: 0,
            mode: Mode::Outside,
            inflate: Decompress::new(false),
            crc: crc32fast::Hasher::new(),
            out: vec![0; room],
            out_start: 0,
            out_end: 0,
            taken: 0,
            made: 0,
            over: false,
            done: false,
        }
    }

    /// Goes to `offset`, outside any member.
    pub fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        (self.start, self.end, self.read) = (0, 0, offset);
        self.leave();
        Ok(())
    }

    fn leave(&mut self) {
        self.mode = Mode::Outside;
        (self.over, self.done) = (false, false);
        (self.out_start, self.out_end, self.taken) = (0, 0, 0);
    }

    /// Offset in the file of the next byte that was not taken (of the packed bytes).
    pub fn position(&self) -> u64 {
        self.read - (self.end - self.start) as u64
    }

    /// Unpacked bytes of the member that were taken so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether the member has come to its end (always so between members).
    pub fn outside(&self) -> bool {
        match self.mode {
            Mode::Outside => true,
            Mode::Plain => false,
            Mode::Gzip => self.done && self.out_start == self.out_end,
        }
    }

    /// Whether packed bytes are read.
    pub fn packed(&self) -> bool {
        self.mode == Mode::Gzip
    }

    /// At least `least` raw bytes in one piece, unless the file ends before.
    fn fill(&mut self, least: usize) -> io::Result<()> {
        while self.end - self.start < least {
            if self.start + least > self.raw.len() {
                self.raw.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            } else if self.start == self.end {
                (self.start, self.end) = (0, 0);
            }
            let free = self.raw.get_mut(self.end..).unwrap_or_default();
            match self.file.read(free) {
                Ok(0) => break,
                Ok(n) => {
                    self.end += n;
                    self.read += n as u64;
                }
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    fn raw(&self) -> &[u8] {
        self.raw.get(self.start..self.end).unwrap_or_default()
    }

    /// Enters the member (or uncompressed record) that begins here, after line ends. False at
    /// the file's end.
    pub fn enter(&mut self) -> Result<bool, Bad> {
        self.leave();
        loop {
            self.fill(1)?;
            match self.raw().first() {
                None => return Ok(false),
                Some(b'\r' | b'\n') => self.start += 1,
                Some(_) => break,
            }
        }
        self.fill(18)?;
        if self.raw().starts_with(b"WARC/") {
            self.mode = Mode::Plain;
            return Ok(true);
        }
        self.fill(LOOK)?;
        let length = match gzip_header(self.raw()) {
            Header::Cut => {
                self.fill(self.raw.len())?;
                match gzip_header(self.raw()) {
                    Header::Whole(length) => length,
                    _ => return data("its gzip header does not end"),
                }
            }
            Header::Whole(length) => length,
            Header::None => return data("neither a gzip member nor a WARC record begins here"),
        };
        self.start += length;
        self.inflate.reset(false);
        self.crc = crc32fast::Hasher::new();
        self.made = 0;
        self.mode = Mode::Gzip;
        Ok(true)
    }

    /// Unpacked bytes that follow in this member; none at its end. The end of a gzip member is
    /// believed only when length and checksum are right.
    pub fn peek(&mut self) -> Result<&[u8], Bad> {
        match self.mode {
            Mode::Outside => Ok(&[]),
            Mode::Plain => {
                self.fill(1)?;
                Ok(self.raw())
            }
            Mode::Gzip => {
                if self.out_start == self.out_end && !self.done {
                    self.inflate()?;
                }
                Ok(self
                    .out
                    .get(self.out_start..self.out_end)
                    .unwrap_or_default())
            }
        }
    }

    /// Takes `count` of the bytes that `peek` showed.
    pub fn take(&mut self, count: usize) {
        if self.mode == Mode::Plain {
            self.start = (self.start + count).min(self.end);
        } else {
            self.out_start = (self.out_start + count).min(self.out_end);
        }
        self.taken += count as u64;
    }

    fn inflate(&mut self) -> Result<(), Bad> {
        loop {
            if self.over {
                return self.trailer();
            }
            self.fill(1)?;
            let raw = self.raw.get(self.start..self.end).unwrap_or_default();
            if raw.is_empty() {
                return data("the file ends inside its gzip member");
            }
            let (fed, made) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(raw, &mut self.out, FlushDecompress::None);
            let Ok(status) = status else {
                return data("its gzip member cannot be unpacked");
            };
            let fed = (self.inflate.total_in() - fed) as usize;
            let made = (self.inflate.total_out() - made) as usize;
            self.start += fed;
            (self.out_start, self.out_end) = (0, made);
            self.crc.update(self.out.get(..made).unwrap_or_default());
            self.made = self.made.wrapping_add(made as u32);
            self.over = status == Status::StreamEnd;
            if made > 0 {
                return Ok(());
            }
            if fed == 0 && !self.over {
                return data("its gzip member cannot be unpacked");
            }
        }
    }

    /// CRC-32 and length (RFC 1952, 2.3.1).
    fn trailer(&mut self) -> Result<(), Bad> {
        (self.out_start, self.out_end) = (0, 0);
        self.fill(8)?;
        let crc = std::mem::take(&mut self.crc).finalize();
        let want = [crc.to_le_bytes(), self.made.to_le_bytes()].concat();
        match self.raw().get(..8) {
            None => data("the file ends inside its gzip member"),
            Some(found) if *found == *want => {
                self.start += 8;
                self.done = true;
                Ok(())
            }
            Some(_) => data("its gzip member has not the checksum that it names"),
        }
    }

    /// Goes to the next place from `offset` where a record seems to begin; `packed` says which
    /// kind is looked for. False when there is none.
    pub fn find(&mut self, offset: u64, packed: bool) -> io::Result<bool> {
        self.seek(offset)?;
        let mut before = b'\n';
        loop {
            self.fill(LOOK)?;
            let window = self.raw.get(self.start..self.end).unwrap_or_default();
            if window.is_empty() {
                return Ok(false);
            }
            // What stands near the window's end is looked at when more of it is there.
            let whole = window.len() < LOOK;
            let sure = if whole {
                window.len()
            } else {
                window.len() - LOOK + 1
            };
            let needle = if packed { 0x1f } else { b'W' };
            let found =
                memchr::memchr_iter(needle, window.get(..sure).unwrap_or_default()).find(|at| {
                    let rest = window.get(*at..).unwrap_or_default();
                    if packed {
                        return begins_member(&mut self.inflate, rest);
                    }
                    let last = at.checked_sub(1).and_then(|at| window.get(at).copied());
                    begins_record(rest, last.unwrap_or(before) == b'\n')
                });
            if let Some(found) = found {
                self.start += found;
                return Ok(true);
            }
            before = window.get(sure.wrapping_sub(1)).copied().unwrap_or(before);
            self.start += sure;
        }
    }
}

enum Header {
    Whole(usize),
    /// It is longer than what is there.
    Cut,
    None,
}

/// Length of the gzip header at the front of `bytes` (RFC 1952, 2.3).
fn gzip_header(bytes: &[u8]) -> Header {
    let Some(&[0x1f, 0x8b, 8, flags]) = bytes.first_chunk::<4>() else {
        return Header::None;
    };
    if flags & 0xe0 != 0 {
        return Header::None;
    }
    let mut at = 10;
    if flags & 4 != 0 {
        let Some(&[low, high]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>()) else {
            return Header::Cut;
        };
        at += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let Some(end) = bytes.get(at..).and_then(|rest| memchr::memchr(0, rest)) else {
                return Header::Cut;
            };
            at += end + 1;
        }
    }
    at += usize::from(flags & 2);
    if at < bytes.len() {
        Header::Whole(at)
    } else {
        Header::Cut
    }
}

/// Whether a gzip member begins here whose first bytes unpack to a WARC record's.
fn begins_member(inflate: &mut Decompress, bytes: &[u8]) -> bool {
    let length = match gzip_header(bytes) {
        Header::Whole(length) => length,
        Header::Cut | Header::None => return false,
    };
    let look = bytes
        .get(length..bytes.len().min(length + LOOK))
        .unwrap_or_default();
    let mut first = [0; 5];
    inflate.reset(false);
    let unpacked = inflate.decompress(look, &mut first, FlushDecompress::None);
    let enough = inflate.total_out() == 5;
    unpacked.is_ok() && enough && first == *b"WARC/"
}

/// Whether a version line begins here. Behind garbage that does not end its line (`on_line` is
/// false) only one that a named field follows is believed: text may speak of `WARC/1.0`.
fn begins_record(bytes: &[u8], on_line: bool) -> bool {
    let Some((version, rest)) = bytes
        .strip_prefix(b"WARC/")
        .and_then(|rest| rest.split_first_chunk::<3>())
    else {
        return false;
    };
    let [major, dot, minor] = version;
    if !major.is_ascii_digit() || *dot != b'.' || !minor.is_ascii_digit() {
        return false;
    }
    let line = rest.strip_prefix(b"\r").unwrap_or(rest);
    let Some(line) = line.strip_prefix(b"\n") else {
        return on_line;
    };
    let name = line
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
        .count();
    on_line || (name > 0 && line.get(name) == Some(&b':'))
}
