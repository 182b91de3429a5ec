//! WACZ 1.1.1 (specs.webrecorder.net/wacz/1.1.1): WARC slice, ZipNum CDXJ index, page list with
//! text, datapackage.json and its digest, in one ZIP file.

use super::Exported;
use super::slice::{Canonical, slice};
use crate::archive::{Archive, ExportFilter, Record, warc};
use crate::domain::Digest;
use chrono::{SecondsFormat, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Lines of the index in one block (cdxj-gzip-1.0).
const BLOCK: usize = 1024;
const WARC: &str = "data.warc.gz";

/// Writes a package into `out`; `temp` is a folder on the same disk for its parts.
pub fn wacz(
    archive: &Archive,
    filter: &ExportFilter,
    canonical: Canonical<'_>,
    title: &str,
    temp: &Path,
    out: &mut File,
) -> io::Result<Exported> {
    let data = temp.join(WARC);
    let pages = temp.join("pages.jsonl");
    let done = {
        let mut data = BufWriter::new(File::create(&data)?);
        let mut pages = BufWriter::new(File::create(&pages)?);
        let first = json!({
            "format": "json-pages-1.0", "id": "pages", "title": title, "hasText": true,
        });
        writeln!(pages, "{first}")?;
        let mut failed = Ok(());
        let done = slice(archive, filter, canonical, &mut data, &mut |record| {
            if failed.is_ok() {
                failed = writeln!(pages, "{}", page(record));
            }
        })?;
        failed?;
        data.flush()?;
        pages.flush()?;
        done
    };
    let cdxj = warc::index_file(&data).map_err(io::Error::other)?;
    let (cdx, idx) = (temp.join("index.cdx.gz"), temp.join("index.idx"));
    zipnum(&cdxj, &cdx, &idx)?;
    let mut zip = ZipWriter::new(BufWriter::new(out));
    let mut resources = Vec::new();
    for (path, file, method) in [
        ("archive/data.warc.gz", &data, CompressionMethod::Stored),
        ("indexes/index.cdx.gz", &cdx, CompressionMethod::Stored),
        ("indexes/index.idx", &idx, CompressionMethod::Deflated),
        ("pages/pages.jsonl", &pages, CompressionMethod::Deflated),
    ] {
        let bytes = add(&mut zip, path, file, method)?;
        let hash = warc::digest(file).map_err(io::Error::other)?;
        resources.push(json!({
            "name": path.rsplit('/').next(), "path": path, "hash": format!("sha256:{hash}"),
            "bytes": bytes,
        }));
    }
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let package = serde_json::to_vec_pretty(&json!({
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "title": title,
        "description": filter.to_string(),
        "software": concat!("khobao/", env!("CARGO_PKG_VERSION")),
        "created": now,
        "resources": resources,
    }))?;
    let digest = serde_json::to_vec_pretty(&json!({
        "path": "datapackage.json",
        "hash": format!("sha256:{}", Digest::of(&package)),
    }))?;
    for (name, bytes) in [
        ("datapackage.json", package),
        ("datapackage-digest.json", digest),
    ] {
        zip.start_file(name, options(CompressionMethod::Deflated, 0))?;
        zip.write_all(&bytes)?;
    }
    zip.finish()?.flush()?;
    Ok(done)
}

fn options(method: CompressionMethod, bytes: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(method)
        .large_file(bytes >= u64::from(u32::MAX))
}

fn add<W: Write + Seek>(
    zip: &mut ZipWriter<W>,
    name: &str,
    file: &Path,
    method: CompressionMethod,
) -> io::Result<u64> {
    let mut input = File::open(file)?;
    let bytes = input.metadata()?.len();
    zip.start_file(name, options(method, bytes))?;
    io::copy(&mut input, zip)
}

fn page(record: &Record) -> serde_json::Value {
    json!({
        "id": record.id.to_string(),
        "url": record.provenance.capture.uri.as_deref().unwrap_or(record.provenance.capture.url.as_str()),
        "ts": record.fetched_at,
        "title": record.title,
        "text": record.text,
    })
}

/// Packs sorted CDXJ lines in blocks, each a gzip member, with an index of their first lines.
fn zipnum(cdxj: &Path, cdx: &Path, idx: &Path) -> io::Result<()> {
    let lines = BufReader::new(File::open(cdxj)?).lines();
    let mut cdx = BufWriter::new(File::create(cdx)?);
    let mut idx = BufWriter::new(File::create(idx)?);
    let meta = json!({"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"});
    writeln!(idx, "!meta 0 {meta}")?;
    let mut offset = 0_u64;
    let mut block: Vec<String> = Vec::new();
    let mut write = |block: &[String]| -> io::Result<()> {
        let Some(first) = block.first() else {
            return Ok(());
        };
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        for line in block {
            gzip.write_all(line.as_bytes())?;
            gzip.write_all(b"\n")?;
        }
        let member = gzip.finish()?;
        // The first two words of a line: key and time.
        let key: Vec<&str> = first.splitn(3, ' ').take(2).collect();
        let entry = json!({
            "offset": offset, "length": member.len(),
            "digest": format!("sha256:{}", Digest::of(&member)), "filename": "index.cdx.gz",
        });
        writeln!(idx, "{} {entry}", key.join(" "))?;
        offset += member.len() as u64;
        cdx.write_all(&member)
    };
    for line in lines {
        block.push(line?);
        if block.len() == BLOCK {
            write(&block)?;
            block.clear();
        }
    }
    write(&block)?;
    cdx.flush()?;
    idx.flush()
}
