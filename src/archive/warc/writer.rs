//! Appends records to `Prefix-Timestamp-Serial-Host.warc.gz`, rotated by size.
//!
//! A group of records is built in memory and written at once; a failed write is cut off again, so
//! that a file never holds half a record while the process lives.

use super::pack::{Level, Packer};
use super::record::{Capture, Draft, write_exchange};
use super::{WarcError, cdxj};
use crate::archive::store::sync_dir;
use crate::domain::Clock;
use chrono::{DateTime, Utc};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes gathered before they are written.
const BUFFER: usize = 4 << 20;
/// The field of a warcinfo record that says which of its archive's files this one is: they are
/// judged in this order, also where the machine's clock was set back between two.
pub(in crate::archive) const SERIAL: &str = "Khobao-Serial";

/// How WARC files are written.
#[derive(Debug, Clone)]
pub struct WarcSettings {
    /// The folder.
    pub dir: PathBuf,
    /// First part of the names.
    pub prefix: String,
    /// Last part of the names.
    pub host: String,
    /// A new file is begun beyond this size, bytes.
    pub max_bytes: u64,
    /// Who runs the archive.
    pub operator: Option<String>,
    /// The archive that the files are part of.
    pub part_of: Option<String>,
    /// The User-Agent of the requests.
    pub user_agent: Option<String>,
}

impl WarcSettings {
    /// The defaults: prefix `khobao`, this machine's name, 1 GiB.
    pub fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            prefix: "khobao".to_owned(),
            host: host_name(),
            max_bytes: 1 << 30,
            operator: None,
            part_of: None,
            user_agent: None,
        }
    }
}

/// The machine's name in the letters that file names take.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .unwrap_or_default();
    let clean: String = name
        .trim()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '_'
            }
        })
        .take(60)
        .collect();
    if clean.is_empty() {
        "localhost".to_owned()
    } else {
        clean
    }
}

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Name of the file in the folder.
    pub file: Arc<str>,
    /// Offset of the gzip member.
    pub offset: u64,
    /// Its length.
    pub length: u64,
    /// WARC-Record-ID, with its angle brackets.
    pub record_id: String,
}

struct Open {
    file: File,
    path: PathBuf,
    name: Arc<str>,
    /// Written and good.
    length: u64,
    /// On the disk.
    synced: u64,
    buffer: Vec<u8>,
    warcinfo: String,
}

/// Appends to the newest file of this run.
pub struct Writer {
    settings: WarcSettings,
    clock: Arc<dyn Clock>,
    serial: u32,
    open: Option<Open>,
    poisoned: Option<(PathBuf, u64)>,
    packer: Packer,
}

impl Writer {
    /// A writer; the first file is made with the first record.
    pub fn open(settings: WarcSettings, clock: Arc<dyn Clock>) -> Result<Self, WarcError> {
        std::fs::create_dir_all(&settings.dir)
            .map_err(|why| WarcError::io("make", &settings.dir, &why))?;
        let names = super::files(&settings.dir)?;
        let last = names.iter().filter_map(|name| serial(name)).max();
        Ok(Self {
            settings,
            clock,
            serial: last.map_or(0, |last| last.saturating_add(1)),
            open: None,
            poisoned: None,
            packer: Packer::new(),
        })
    }

    /// Appends the records of an exchange. They are on the disk after the next `sync`.
    pub fn append(&mut self, capture: &Capture<'_>) -> Result<Position, WarcError> {
        self.append_with(|warcinfo, _, packer, out| write_exchange(capture, warcinfo, packer, out))
    }

    /// Appends what `write` adds to the buffer; it is told the warcinfo record's id and the time,
    /// and gives the first record's id, offset in the buffer, and length.
    pub(super) fn append_with(
        &mut self,
        write: impl FnOnce(
            &str,
            DateTime<Utc>,
            &mut Packer,
            &mut Vec<u8>,
        ) -> std::io::Result<(String, u64, u64)>,
    ) -> Result<Position, WarcError> {
        self.check()?;
        let full = self
            .open
            .as_ref()
            .is_some_and(|open| open.length + open.buffer.len() as u64 >= self.settings.max_bytes);
        if full {
            self.finish()?;
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin()?,
        };
        let before = open.buffer.len();
        let base = open.length;
        let warcinfo = open.warcinfo.clone();
        let now = self.clock.now();
        let written = write(&warcinfo, now, &mut self.packer, &mut open.buffer);
        let position = match written {
            Ok((record_id, start, length)) => Ok(Position {
                file: Arc::clone(&open.name),
                offset: base + start,
                length,
                record_id,
            }),
            Err(why) => {
                open.buffer.truncate(before);
                Err(WarcError::io("pack a record for", &open.path, &why))
            }
        };
        let large = open.buffer.len() >= BUFFER;
        self.open = Some(open);
        if large {
            self.drain()?;
        }
        position
    }

    /// Everything appended is on the disk. On failure nothing is that was appended since the
    /// last success.
    pub fn sync(&mut self) -> Result<(), WarcError> {
        self.check()?;
        self.drain()?;
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if open.synced == open.length {
            return Ok(());
        }
        if let Err(why) = open.file.sync_data() {
            // The system forgets what it could not write: a second try would report success.
            self.poisoned = Some((open.path.clone(), open.synced));
            return Err(WarcError::io("sync", &open.path, &why));
        }
        open.synced = open.length;
        Ok(())
    }

    fn check(&self) -> Result<(), WarcError> {
        match &self.poisoned {
            None => Ok(()),
            Some((file, offset)) => Err(WarcError::Poisoned {
                file: file.clone(),
                offset: *offset,
            }),
        }
    }

    /// Closes the current file and writes its CDXJ index beside it.
    pub fn finish(&mut self) -> Result<(), WarcError> {
        self.sync()?;
        if let Some(open) = self.open.take() {
            drop(open.file);
            cdxj::index_file(&open.path)?;
        }
        Ok(())
    }

    /// Writes the buffer; on failure the file is cut back to its last good length.
    fn drain(&mut self) -> Result<(), WarcError> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if open.buffer.is_empty() {
            return Ok(());
        }
        if let Err(why) = open.file.write_all(&open.buffer) {
            let failed = WarcError::io("write", &open.path, &why);
            open.buffer.clear();
            if open.file.set_len(open.length).is_err() {
                self.poisoned = Some((open.path.clone(), open.length));
            } else if open.length == 0 {
                // Without its first record the file would not say how it was made.
                let _ = std::fs::remove_file(&open.path);
                self.open = None;
            }
            return Err(failed);
        }
        open.length += open.buffer.len() as u64;
        open.buffer.clear();
        Ok(())
    }

    fn begin(&mut self) -> Result<Open, WarcError> {
        let settings = &self.settings;
        let now = self.clock.now();
        let (path, name, file, serial) = loop {
            let serial = self.serial;
            let name = format!(
                "{}-{}-{:05}-{}.warc.gz",
                settings.prefix,
                now.format("%Y%m%d%H%M%S%3f"),
                serial,
                settings.host
            );
            let path = settings.dir.join(&name);
            self.serial = serial.saturating_add(1);
            // Append mode: a write after a cut lands at the new end.
            match OpenOptions::new().append(true).create_new(true).open(&path) {
                Ok(file) => break (path, name, file, serial),
                Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(why) => return Err(WarcError::io("make", &path, &why)),
            }
        };
        dir_sync(&settings.dir)?;
        let mut buffer = Vec::with_capacity(1 << 16);
        let warcinfo = warcinfo(
            settings,
            now,
            (&name, serial),
            &mut self.packer,
            &mut buffer,
        )
        .map_err(|why| WarcError::io("pack a record for", &path, &why))?;
        Ok(Open {
            file,
            path,
            name: name.into(),
            length: 0,
            synced: 0,
            buffer,
            warcinfo,
        })
    }
}

/// The number in a file's name. (Names of other programs may have one, too: the next number is then
/// higher than it need be.)
fn serial(name: &str) -> Option<u32> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = name.split('-').collect();
    let found = parts.windows(2).find_map(|pair| match pair {
        [stamp, serial] if stamp.len() == 17 && digits(stamp) && serial.len() >= 5 => Some(serial),
        _ => None,
    })?;
    found.parse().ok().filter(|found| *found < 1_000_000_000)
}

/// Makes names in `dir` durable.
pub(super) fn dir_sync(dir: &Path) -> Result<(), WarcError> {
    sync_dir(dir).map_err(|why| WarcError::Io {
        doing: "sync",
        file: dir.to_owned(),
        why: why.to_string(),
    })
}

/// The warcinfo record (WARC 1.1, 6.2): software, operator, robots policy.
fn warcinfo(
    settings: &WarcSettings,
    now: chrono::DateTime<chrono::Utc>,
    (name, serial): (&str, u32),
    packer: &mut Packer,
    out: &mut Vec<u8>,
) -> std::io::Result<String> {
    let mut fields = vec![
        (
            "software",
            concat!("khobao/", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
        ("format", "WARC File Format 1.1".to_owned()),
        (
            "conformsTo",
            "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
                .to_owned(),
        ),
        ("robots", "obey (RFC 9309)".to_owned()),
        ("hostname", settings.host.clone()),
    ];
    if let Some(operator) = &settings.operator {
        fields.push(("operator", operator.clone()));
    }
    if let Some(id) = &settings.part_of {
        fields.push(("isPartOf", format!("urn:uuid:{id}")));
        fields.push((SERIAL, serial.to_string()));
    }
    if let Some(agent) = &settings.user_agent {
        fields.push(("http-header-user-agent", agent.clone()));
    }
    let block: String = fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let mut draft = Draft::new("warcinfo", now);
    draft.field("WARC-Filename", name);
    draft.field("Content-Type", "application/warc-fields");
    draft.finish(block.as_bytes(), Level::Quick, packer, out)
}

#[cfg(test)]
mod tests {
    use super::serial;

    #[test]
    fn the_number_in_a_name() {
        let found = serial("kho-bao-20260101000000000-00012-may-chu.1a2b3c4d.warc.gz");
        assert_eq!(found, Some(12));
        assert_eq!(
            serial("khobao-20260101000000000-123456-x.warc.gz"),
            Some(123_456)
        );
        for name in [
            "a.warc.gz",
            "2026-01-01.warc.gz",
            "x-20260101-00001-y.warc.gz",
        ] {
            assert_eq!(serial(name), None, "{name}");
        }
    }
}
