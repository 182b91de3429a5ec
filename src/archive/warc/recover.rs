//! At start-up: files that an interrupted run left without an index are closed. A torn tail (the
//! record that was being written, never acknowledged) is moved to `NAME.torn`, so that nothing is
//! lost and every tool reads the file.

use super::reader::Reader;
use super::writer::dir_sync;
use super::{WarcError, cdxj};
use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Closes what was left open in `dir`; gives the names of the files.
pub fn recover(dir: &Path) -> Result<Vec<String>, WarcError> {
    let mut closed = Vec::new();
    let listing = std::fs::read_dir(dir).map_err(|why| WarcError::io("list", dir, &why))?;
    for entry in listing.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if !name.ends_with(".warc.gz") || cdxj::beside(&path).exists() {
            continue;
        }
        cut_tail(&path)?;
        if std::fs::metadata(&path).is_ok_and(|meta| meta.len() == 0) {
            std::fs::remove_file(&path).map_err(|why| WarcError::io("remove", &path, &why))?;
            dir_sync(dir)?;
        } else {
            cdxj::index_file(&path)?;
        }
        closed.push(name);
    }
    closed.sort();
    Ok(closed)
}

/// Moves what follows the last whole record to `NAME.torn`.
fn cut_tail(path: &Path) -> Result<(), WarcError> {
    let mut good = 0;
    for stored in Reader::open(path)? {
        match stored {
            Ok(stored) => good = stored.offset + stored.length,
            Err(WarcError::Damaged { .. }) => {}
            Err(why) => return Err(why),
        }
    }
    let io = |doing, why: &std::io::Error| WarcError::io(doing, path, why);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|why| io("open", &why))?;
    let length = file.metadata().map_err(|why| io("measure", &why))?.len();
    if good < length {
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(good))
            .and_then(|_| file.read_to_end(&mut tail))
            .map_err(|why| io("read", &why))?;
        let torn = path.with_extension("gz.torn");
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&torn)
            .and_then(|mut out| out.write_all(&tail).and_then(|()| out.sync_all()))
            .map_err(|why| WarcError::io("write", &torn, &why))?;
        file.set_len(good).map_err(|why| io("cut", &why))?;
    }
    file.sync_all().map_err(|why| io("sync", &why))
}
