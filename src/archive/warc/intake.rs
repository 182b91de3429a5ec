//! Takes WARC files of any program into a folder: as they are where each record has a gzip member
//! of its own, packed anew (records verbatim) where not. The file's own bytes are never changed.

use super::WarcError;
use super::cdxj::{Scan, beside, index_file};
use super::pack::{Level, Packer};
use super::reader::Reader;
use super::stored::Stored;
use super::writer::dir_sync;
use crate::domain::{Digest, Sha256Stream};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Its name in the folder.
    pub name: String,
    /// Whether the folder had it already.
    pub known: bool,
    /// Whether its records were packed anew.
    pub repacked: bool,
    /// Records that can be read.
    pub records: u64,
    /// Bytes at the end that are no whole record, left out.
    pub torn: u64,
    /// SHA-256 of the file as it came, hexadecimal.
    pub sha256: String,
    /// Records that could not be read, left out of a file that was packed anew.
    pub damaged: Vec<String>,
    /// The sites that its captures were made for; none in other programs' files.
    pub sites: BTreeSet<String>,
}

/// Files on their way into a folder: each is read and copied beside the others, and only when all of
/// them could be, they take their places. Whatever stops it before leaves nothing behind.
pub struct Intake<'a> {
    dir: &'a Path,
    waiting: Vec<Waiting>,
}

/// A copy that waits for its place.
struct Waiting {
    /// The file that it was made from.
    from: PathBuf,
    part: PathBuf,
    taken: Taken,
}

impl<'a> Intake<'a> {
    /// Nothing yet, for the folder `dir`.
    pub fn new(dir: &'a Path) -> Self {
        Self {
            dir,
            waiting: Vec::new(),
        }
    }

    /// Reads `file` and copies it; `shown` is what messages call it.
    pub fn add(&mut self, file: &Path, shown: &Path) -> Result<&Taken, WarcError> {
        self.prepare(file, shown)
            .map_err(|why| why.shown(file, shown))?;
        match self.waiting.last() {
            Some(waiting) => Ok(&waiting.taken),
            None => Err(nothing(shown)),
        }
    }

    fn prepare(&mut self, file: &Path, shown: &Path) -> Result<(), WarcError> {
        let scan = Scan::of(file)?;
        let length = std::fs::metadata(file)
            .map_err(|why| WarcError::io("measure", file, &why))?
            .len();
        if scan.records == 0 {
            return Err(nothing(file));
        }
        let plain = !is_gzip(file)?;
        let taken = Taken {
            records: scan.records,
            sha256: digest(file)?,
            repacked: scan.shared || plain,
            sites: scan.sites,
            ..Taken::default()
        };
        // The same file may come twice. (What is left of this after a crash is known by its name.)
        let name = Digest::of(format!("{} {}", taken.sha256, self.waiting.len()));
        self.waiting.push(Waiting {
            from: file.to_owned(),
            part: self.dir.join(format!("{name}.part")),
            taken,
        });
        let Some(Waiting { part, taken, .. }) = self.waiting.last_mut() else {
            return Ok(());
        };
        if taken.repacked {
            for why in repack(file, part)? {
                taken.damaged.push(why.shown(file, shown).to_string());
            }
            return Ok(());
        }
        taken.torn = length.saturating_sub(scan.good);
        let write = |doing, why: &io::Error| WarcError::io(doing, part, why);
        let mut from = File::open(file)
            .map_err(|why| WarcError::io("open", file, &why))?
            .take(scan.good);
        let mut to = File::create(&*part).map_err(|why| write("make", &why))?;
        io::copy(&mut from, &mut to)
            .and_then(|_| to.sync_all())
            .map_err(|why| write("write", &why))
    }

    /// Gives each copy its place. Durable on return, and indexed. `announce` hears the name of a
    /// file of the folder before it is replaced.
    pub fn finish<E: From<WarcError>>(
        mut self,
        announce: &dyn Fn(&str) -> Result<(), E>,
    ) -> Result<Vec<Taken>, E> {
        let mut all = Vec::with_capacity(self.waiting.len());
        for waiting in &mut self.waiting {
            settle(self.dir, waiting, announce)?;
            all.push(std::mem::take(&mut waiting.taken));
        }
        self.waiting.clear();
        Ok(all)
    }
}

impl Drop for Intake<'_> {
    fn drop(&mut self) {
        for waiting in &self.waiting {
            // What cannot be removed now goes with the next start.
            let _ = std::fs::remove_file(&waiting.part);
        }
    }
}

fn nothing(file: &Path) -> WarcError {
    WarcError::Damaged {
        file: file.to_owned(),
        offset: 0,
        why: "it holds no WARC record that can be read".to_owned(),
    }
}

/// Puts a copy where it belongs, unless the folder has it.
fn settle<E: From<WarcError>>(
    dir: &Path,
    waiting: &mut Waiting,
    announce: &dyn Fn(&str) -> Result<(), E>,
) -> Result<(), E> {
    let Waiting { from, part, taken } = waiting;
    let write = |doing, why: &io::Error| WarcError::io(doing, part, why);
    match place(dir, from, part, taken)? {
        Some(path) => {
            if path.exists() {
                announce(&file_name(&path))?;
                // Without an index the next start makes one, should this be cut short.
                let index = beside(&path);
                match std::fs::remove_file(&index) {
                    Err(why) if why.kind() != io::ErrorKind::NotFound => {
                        return Err(WarcError::io("remove", &index, &why).into());
                    }
                    _ => dir_sync(dir)?,
                }
            }
            std::fs::rename(&*part, &path).map_err(|why| write("rename", &why))?;
            dir_sync(dir)?;
            index_file(&path)?;
            taken.name = file_name(&path);
        }
        None => {
            std::fs::remove_file(&*part).map_err(|why| write("remove", &why))?;
            taken.known = true;
            taken.name = target(from, taken);
        }
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The name that a file has in the folder: its own, ending in `.warc.gz`.
fn target(file: &Path, taken: &Taken) -> String {
    let name = file_name(file);
    let bare = name.strip_suffix(".gz").unwrap_or(&name);
    let bare = bare.strip_suffix(".warc").unwrap_or(bare);
    // What was changed says so, and by which file.
    if taken.repacked || taken.torn > 0 {
        let mark = taken.sha256.get(..8).unwrap_or_default();
        format!("{bare}.{mark}.warc.gz")
    } else {
        format!("{bare}.warc.gz")
    }
}

/// Where the new file goes; `None` when the folder has it. A file that goes on where one of the
/// folder ends (a copy that was made while it was written) takes that one's place.
fn place(
    dir: &Path,
    file: &Path,
    part: &Path,
    taken: &Taken,
) -> Result<Option<PathBuf>, WarcError> {
    let name = target(file, taken);
    let path = dir.join(&name);
    if !path.exists() {
        return Ok(Some(path));
    }
    match compare(part, &path).map_err(|why| WarcError::io("compare", &path, &why))? {
        Relation::Same | Relation::Beginning => Ok(None),
        Relation::GoesOn => Ok(Some(path)),
        Relation::Other => {
            let mark = taken.sha256.get(..8).unwrap_or_default();
            let bare = name.strip_suffix(".warc.gz").unwrap_or(&name);
            let path = dir.join(format!("{bare}.{mark}.warc.gz"));
            Ok((!path.exists()).then_some(path))
        }
    }
}

enum Relation {
    Same,
    /// The new file is the beginning of the old one.
    Beginning,
    /// The old file is the beginning of the new one.
    GoesOn,
    Other,
}

fn compare(new: &Path, old: &Path) -> io::Result<Relation> {
    let (mut a, mut b) = (File::open(new)?, File::open(old)?);
    let (long_a, long_b) = (a.metadata()?.len(), b.metadata()?.len());
    let mut left = long_a.min(long_b);
    let (mut x, mut y) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    while left > 0 {
        let take = usize::try_from(left).unwrap_or(x.len()).min(x.len());
        let (Some(x), Some(y)) = (x.get_mut(..take), y.get_mut(..take)) else {
            break;
        };
        a.read_exact(x)?;
        b.read_exact(y)?;
        if x != y {
            return Ok(Relation::Other);
        }
        left -= take as u64;
    }
    Ok(match long_a.cmp(&long_b) {
        std::cmp::Ordering::Equal => Relation::Same,
        std::cmp::Ordering::Less => Relation::Beginning,
        std::cmp::Ordering::Greater => Relation::GoesOn,
    })
}

/// SHA-256 of a file, hexadecimal.
pub fn digest(file: &Path) -> Result<String, WarcError> {
    let fail = |why: io::Error| WarcError::io("read", file, &why);
    let mut input = File::open(file).map_err(fail)?;
    let mut hasher = Sha256Stream::default();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let n = input.read(&mut buffer).map_err(fail)?;
        if n == 0 {
            return Ok(hasher.finish().to_string());
        }
        hasher.update(buffer.get(..n).unwrap_or_default());
    }
}

fn is_gzip(file: &Path) -> Result<bool, WarcError> {
    let fail = |why: io::Error| WarcError::io("read", file, &why);
    let mut magic = Vec::new();
    let input = File::open(file).map_err(fail)?;
    input.take(2).read_to_end(&mut magic).map_err(fail)?;
    Ok(magic == [0x1f, 0x8b])
}

/// Writes every record that can be read into a member of its own; gives what was left out.
fn repack(from: &Path, to: &Path) -> Result<Vec<WarcError>, WarcError> {
    let mut damaged = Vec::new();
    let fail = |why: io::Error| WarcError::io("write", to, &why);
    let mut out = File::create(to).map_err(fail)?;
    let mut packer = Packer::new();
    let mut member = Vec::new();
    for stored in Reader::open(from)? {
        let stored = match stored {
            Ok(stored) => stored,
            Err(why @ WarcError::Damaged { .. }) => {
                damaged.push(why);
                continue;
            }
            Err(why) => return Err(why),
        };
        member.clear();
        packer
            .member(&header(&stored), &stored.block, Level::Packed, &mut member)
            .map_err(fail)?;
        out.write_all(&member).map_err(fail)?;
    }
    out.sync_all().map_err(fail)?;
    Ok(damaged)
}

fn header(stored: &Stored) -> Vec<u8> {
    let mut head = format!("{}\r\n", stored.version);
    for (name, value) in &stored.fields {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}
