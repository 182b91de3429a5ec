//! Lookups in the CDXJ files that stand beside the WARC files: by URL, or by the beginning of one,
//! and by time. Needs neither the index nor the archive's lock.

use super::{WarcError, surt};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek as _, SeekFrom};
use std::path::Path;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Lookup {
    /// The URL, or the beginning of one.
    pub url: String,
    /// Everything below the URL, not the URL alone.
    pub prefix: bool,
    /// Captured at this time or later: 4 to 14 digits of `YYYYMMDDhhmmss`, in UTC.
    pub from: Option<String>,
    /// Captured at this time or earlier.
    pub to: Option<String>,
}

impl Lookup {
    fn takes(&self, key: &str, line: &str) -> Option<bool> {
        let mut words = line.splitn(3, ' ');
        let (found, time) = (words.next()?, words.next()?);
        let here = if self.prefix {
            found.starts_with(key)
        } else {
            found == key
        };
        if !here {
            return (found <= key).then_some(false);
        }
        let cut = |limit: &str| {
            time.get(..limit.len().min(time.len()))
                .unwrap_or(time)
                .to_owned()
        };
        let from = self.from.as_ref().is_none_or(|from| cut(from) >= *from);
        let to = self.to.as_ref().is_none_or(|to| cut(to) <= *to);
        Some(from && to)
    }
}

/// The lines of all CDXJ files in `dir` that `lookup` takes, sorted by key and time.
pub fn lookup(dir: &Path, lookup: &Lookup) -> Result<Vec<String>, WarcError> {
    let key = surt(&lookup.url);
    // A prefix ends where the path does: `vn,gov,x)/tin/` finds what is below it.
    let key = if lookup.prefix && !key.contains(')') {
        key
    } else {
        key.trim_end_matches('?').to_owned()
    };
    let mut out = Vec::new();
    let listing = std::fs::read_dir(dir).map_err(|why| WarcError::io("list", dir, &why))?;
    for entry in listing.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|ext| ext == "cdxj") {
            search(&path, &key, lookup, &mut out)
                .map_err(|why| WarcError::io("read", &path, &why))?;
        }
    }
    out.sort();
    Ok(out)
}

fn search(path: &Path, key: &str, lookup: &Lookup, out: &mut Vec<String>) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let length = file.get_ref().metadata()?.len();
    // The last place known to stand before the key.
    let (mut low, mut high) = (0, length);
    while high - low > 4096 {
        let middle = low + (high - low) / 2;
        file.seek(SeekFrom::Start(middle))?;
        let mut line = Vec::new();
        file.read_until(b'\n', &mut line)?;
        let start = middle + line.len() as u64;
        line.clear();
        file.read_until(b'\n', &mut line)?;
        let before = line.split(|b| *b == b' ').next().unwrap_or_default() < key.as_bytes();
        if before && !line.is_empty() {
            low = start;
        } else {
            high = middle;
        }
    }
    file.seek(SeekFrom::Start(low))?;
    let mut line = String::new();
    while file.read_line(&mut line)? > 0 {
        match lookup.takes(key, line.trim_end()) {
            Some(true) => out.push(line.trim_end().to_owned()),
            Some(false) => {}
            None => break,
        }
        line.clear();
    }
    Ok(())
}
