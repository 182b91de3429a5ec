//! The CDXJ index of a WARC file: one line a response, revisit or resource, `SURT TIMESTAMP
//! {json}`, sorted, in `NAME.cdxj` beside it, with the fields that pywb and WACZ tools read.
//! Lines are sorted in runs on the disk, so that memory does not grow with the file.

use super::reader::Reader;
use super::record::SITE;
use super::stored::Head;
use super::writer::dir_sync;
use super::{WarcError, http, surt, withdrawal};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, Write};
use std::path::{Path, PathBuf};

/// Bytes of lines that are held in memory.
const RUN: usize = 2 << 20;
/// The longest HTTP head that is looked into.
const MAX_HTTP_HEAD: u64 = 256 << 10;

/// The JSON part, in the order of PyPI cdxj-indexer.
#[derive(Serialize)]
struct Fields<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    length: String,
    offset: String,
    filename: &'a str,
}

/// Where the index of `warc` is.
pub(super) fn beside(warc: &Path) -> PathBuf {
    let name = warc.file_name().unwrap_or_default().to_string_lossy();
    let bare = name
        .strip_suffix(".warc.gz")
        .or_else(|| name.strip_suffix(".warc"))
        .unwrap_or(&name);
    warc.with_file_name(format!("{bare}.cdxj"))
}

/// Writes the index of `warc`, atomically; damaged records are left out of it.
pub fn index_file(warc: &Path) -> Result<PathBuf, WarcError> {
    Scan::of(warc)?.write()
}

/// The same with these captures left out of it, whatever the list of withdrawn ones says yet.
pub(super) fn index_without(warc: &Path, hidden: BTreeSet<u64>) -> Result<PathBuf, WarcError> {
    Scan::without(warc, hidden)?.write()
}

/// A file read through: its lines, and where its last sound record ends.
pub(super) struct Scan {
    warc: PathBuf,
    runs: Runs,
    /// Offsets of captures of withdrawn records.
    hidden: BTreeSet<u64>,
    /// Records that can be read.
    pub records: u64,
    /// End of the last record that can be read, with its gzip member.
    pub good: u64,
    /// Some records share a gzip member, so the file is not ours.
    pub shared: bool,
    /// The sites that its captures were made for; none in other programs' files.
    pub sites: BTreeSet<String>,
}

impl Scan {
    pub fn of(warc: &Path) -> Result<Self, WarcError> {
        Self::without(warc, withdrawal::hidden(warc)?)
    }

    fn without(warc: &Path, hidden: BTreeSet<u64>) -> Result<Self, WarcError> {
        let mut scan = Self {
            warc: warc.to_owned(),
            runs: Runs::default(),
            hidden,
            records: 0,
            good: 0,
            shared: false,
            sites: BTreeSet::new(),
        };
        let name = warc.file_name().unwrap_or_default().to_string_lossy();
        let mut reader = Reader::open(warc)?;
        let mut block = Vec::new();
        while let Some(head) = reader.advance() {
            match head.and_then(|head| scan.record(&mut reader, &head, &name, &mut block)) {
                Ok(()) => {}
                Err(WarcError::Damaged { .. }) => {}
                Err(why) => return Err(why),
            }
        }
        Ok(scan)
    }

    fn record(
        &mut self,
        reader: &mut Reader,
        head: &Head,
        name: &str,
        block: &mut Vec<u8>,
    ) -> Result<(), WarcError> {
        let listed = match head.kind() {
            "response" | "revisit" => true,
            // Facts about other records are not replayed.
            "resource" | "metadata" => {
                head.field("Content-Type") != Some("application/warc-fields")
            }
            _ => false,
        };
        block.clear();
        if listed {
            // What cannot be read is told by `finish` or the next step.
            let _ = reader.block().take(MAX_HTTP_HEAD).read_to_end(block);
        }
        let length = reader.finish()?;
        self.records += 1;
        self.good = reader.offset();
        self.shared |= length == 0 || head.inner > 0;
        if head.is_capture()
            && let Some(site) = head.field(SITE)
            && !self.sites.contains(site)
        {
            self.sites.insert(site.to_owned());
        }
        if listed
            && !self.hidden.contains(&head.offset)
            && let Some(line) = line(head, length, block, name)
        {
            let kept = self.runs.add(line, &self.warc);
            kept.map_err(|why| WarcError::io("sort the index of", &self.warc, &why))?;
        }
        Ok(())
    }

    pub fn write(self) -> Result<PathBuf, WarcError> {
        let path = beside(&self.warc);
        let mut temp = path.clone().into_os_string();
        temp.push(".new");
        let write = || -> io::Result<()> {
            let mut out = BufWriter::new(File::create(&temp)?);
            self.runs.merge(&mut out)?;
            out.into_inner()
                .map_err(io::IntoInnerError::into_error)?
                .sync_all()?;
            std::fs::rename(&temp, &path)
        };
        if let Err(why) = write() {
            // Half an index helps nobody; what is left of it may be full of nothing.
            let _ = std::fs::remove_file(&temp);
            return Err(WarcError::io("write", &path, &why));
        }
        if let Some(dir) = path.parent() {
            dir_sync(dir)?;
        }
        Ok(path)
    }
}

/// The line of a record; `None` when it has no target or date, or says only that nothing has changed
/// since an earlier one (304).
fn line(head: &Head, length: u64, block: &[u8], name: &str) -> Option<String> {
    let url = head.uri()?;
    let stamp: String = head
        .field("WARC-Date")?
        .chars()
        .filter(char::is_ascii_digit)
        .take(14)
        .collect();
    let is_http = url.starts_with("http:") || url.starts_with("https:");
    let http = (is_http && matches!(head.kind(), "response" | "revisit"))
        .then(|| http::parse_head(http::split(block).0))
        .flatten();
    // Replay tools would answer 304 to a reader who has nothing yet: the capture before is nearest.
    let status = http.as_ref().map(|(status, _)| *status);
    if head.kind() == "revisit" && status == Some(304) {
        return None;
    }
    let mime = match head.kind() {
        "revisit" => Some("warc/revisit"),
        "response" => http.as_ref().and_then(|(_, headers)| {
            let found = headers.iter().find(|(name, _)| name == "content-type");
            found.map(|(_, value)| value.as_str())
        }),
        _ => head.field("Content-Type"),
    };
    let mime = mime
        .and_then(|mime| mime.split([';', ' ', '\t']).next())
        .filter(|mime| !mime.is_empty());
    let fields = Fields {
        url,
        mime,
        status: status.map(|status| status.to_string()),
        digest: head.payload_digest(),
        length: length.to_string(),
        offset: head.offset.to_string(),
        filename: name,
    };
    let json = serde_json::to_string(&fields).ok()?;
    Some(format!("{} {stamp} {json}\n", surt(url)))
}

/// Lines in sorted runs.
#[derive(Default)]
struct Runs {
    lines: Vec<String>,
    bytes: usize,
    spilled: Vec<File>,
}

impl Runs {
    fn add(&mut self, line: String, beside: &Path) -> io::Result<()> {
        self.bytes += line.len();
        self.lines.push(line);
        if self.bytes < RUN {
            return Ok(());
        }
        self.lines.sort_unstable();
        // A file without a name: gone when closed, and after a crash.
        let dir = beside.parent().unwrap_or(Path::new("."));
        let mut out = BufWriter::new(tempfile::tempfile_in(dir)?);
        for line in self.lines.drain(..) {
            out.write_all(line.as_bytes())?;
        }
        let mut run = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        run.rewind()?;
        self.spilled.push(run);
        self.bytes = 0;
        Ok(())
    }

    fn merge(mut self, out: &mut impl Write) -> io::Result<()> {
        self.lines.sort_unstable();
        let mut rest = self.lines.into_iter();
        let mut runs: Vec<_> = self.spilled.into_iter().map(BufReader::new).collect();
        let last = runs.len();
        // The run that a line came from is asked for its next one.
        let mut pull = |run: usize| -> io::Result<Option<String>> {
            let Some(run) = runs.get_mut(run) else {
                return Ok(rest.next());
            };
            let mut line = String::new();
            Ok((run.read_line(&mut line)? > 0).then_some(line))
        };
        let mut heap = BinaryHeap::new();
        for run in 0..=last {
            heap.extend(pull(run)?.map(|line| Reverse((line, run))));
        }
        while let Some(Reverse((line, run))) = heap.pop() {
            out.write_all(line.as_bytes())?;
            heap.extend(pull(run)?.map(|line| Reverse((line, run))));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_whatever_their_number() {
        let dir = tempfile::tempdir().unwrap();
        let mut runs = Runs::default();
        let mut want = Vec::new();
        for n in 0..60_000_u64 {
            let line = format!(
                "{:020} {}\n",
                n.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                "x".repeat(80)
            );
            want.push(line.clone());
            runs.add(line, &dir.path().join("a.warc.gz")).unwrap();
        }
        assert!(runs.spilled.len() > 1);
        let mut out = Vec::new();
        runs.merge(&mut out).unwrap();
        want.sort();
        assert!(out == want.concat().into_bytes());
    }
}
