//! At start-up: files that an interrupted run left without an index are closed. A torn tail (the
//! record that was being written, never acknowledged) is moved to `NAME.torn`, so that nothing is
//! lost and every tool reads the file.

use super::WarcError;
use super::cdxj::{Scan, beside};
use super::writer::dir_sync;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::path::Path;

/// Closes what was left open in `dir`, which the caller holds; gives the names of the files.
pub fn recover(dir: &Path) -> Result<Vec<String>, WarcError> {
    let mut closed = Vec::new();
    let listing = std::fs::read_dir(dir).map_err(|why| WarcError::io("list", dir, &why))?;
    for entry in listing.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if is_stale(&name) {
            let gone = match path.is_dir() {
                true => std::fs::remove_dir_all(&path),
                false => std::fs::remove_file(&path),
            };
            gone.map_err(|why| WarcError::io("remove", &path, &why))?;
            continue;
        }
        if !name.ends_with(".warc.gz") || beside(&path).exists() {
            continue;
        }
        let scan = Scan::of(&path)?;
        // Where records share a member there is no place to cut; the file is not ours.
        if !scan.shared {
            cut_tail(&path, scan.good)?;
        }
        if scan.records == 0 && !scan.shared {
            std::fs::remove_file(&path).map_err(|why| WarcError::io("remove", &path, &why))?;
            dir_sync(dir)?;
        } else {
            scan.write()?;
        }
        closed.push(name);
    }
    closed.sort();
    Ok(closed)
}

/// Whether this is a copy that was being made when the program ended: what it was made from is
/// there still. (Whoever calls holds the archive, so nobody is making it now.)
fn is_stale(name: &str) -> bool {
    let part = name.strip_suffix(".part");
    let part =
        part.is_some_and(|sum| sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit()));
    part || name.ends_with(".warc.gz.erasing") || name.starts_with(".tmp")
}

/// Moves what follows `good` to `NAME.torn`; the copy is on the disk before the cut is made.
fn cut_tail(path: &Path, good: u64) -> Result<(), WarcError> {
    let io = |doing, why: &io::Error| WarcError::io(doing, path, why);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|why| io("open", &why))?;
    let length = file.metadata().map_err(|why| io("measure", &why))?.len();
    if good < length {
        let torn = path.with_extension("gz.torn");
        let keep = |file: &mut File| -> io::Result<()> {
            file.seek(SeekFrom::Start(good))?;
            let mut out = OpenOptions::new().create(true).append(true).open(&torn)?;
            io::copy(file, &mut out)?;
            out.sync_all()
        };
        keep(&mut file).map_err(|why| WarcError::io("write", &torn, &why))?;
        if let Some(dir) = path.parent() {
            dir_sync(dir)?;
        }
        file.set_len(good).map_err(|why| io("cut", &why))?;
    }
    file.sync_all().map_err(|why| io("sync", &why))
}
