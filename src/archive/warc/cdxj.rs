//! The CDXJ index of a WARC file: one line a response or revisit, `SURT TIMESTAMP {json}`, sorted,
//! in `NAME.cdxj` beside it, with the fields that pywb and WACZ tools read.

use super::WarcError;
use super::reader::Reader;
use super::writer::dir_sync;
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use url::Url;

/// Where the index of `warc` is.
pub(super) fn beside(warc: &Path) -> PathBuf {
    let name = warc.to_string_lossy();
    PathBuf::from(format!("{}.cdxj", name.trim_end_matches(".warc.gz")))
}

/// Writes the index of `warc`, atomically; damaged records are left out of it.
pub fn index_file(warc: &Path) -> Result<PathBuf, WarcError> {
    let name = warc
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut lines = Vec::new();
    for stored in Reader::open(warc)? {
        let stored = match stored {
            Ok(stored) => stored,
            Err(WarcError::Damaged { .. }) => continue,
            Err(why) => return Err(why),
        };
        if !matches!(stored.kind(), "response" | "revisit") {
            continue;
        }
        let Some(uri) = stored.uri() else { continue };
        let stamp: String = stored
            .field("WARC-Date")
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_digit)
            .take(14)
            .collect();
        let (head, _) = stored.http();
        let text = String::from_utf8_lossy(head).into_owned();
        let status = text
            .split_ascii_whitespace()
            .nth(1)
            .unwrap_or("-")
            .to_owned();
        let mime = text
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-type")
                    .then(|| value.trim().to_owned())
            })
            .and_then(|value| value.split(';').next().map(|m| m.trim().to_owned()))
            .filter(|mime| !mime.is_empty())
            .unwrap_or_else(|| "unk".to_owned());
        let mime = if stored.kind() == "revisit" {
            "warc/revisit".to_owned()
        } else {
            mime
        };
        let mut fields = serde_json::Map::new();
        fields.insert("url".to_owned(), json!(uri));
        fields.insert("mime".to_owned(), json!(mime));
        fields.insert("status".to_owned(), json!(status));
        if let Some(digest) = stored.field("WARC-Payload-Digest") {
            fields.insert("digest".to_owned(), json!(digest));
        }
        fields.insert("length".to_owned(), json!(stored.length.to_string()));
        fields.insert("offset".to_owned(), json!(stored.offset.to_string()));
        fields.insert("filename".to_owned(), json!(name));
        let json = serde_json::Value::Object(fields);
        lines.push(format!("{} {stamp} {json}", surt(uri)));
    }
    lines.sort();
    let path = beside(warc);
    let temp = path.with_extension("cdxj.new");
    let write = || -> std::io::Result<()> {
        let mut out = BufWriter::new(File::create(&temp)?);
        for line in &lines {
            writeln!(out, "{line}")?;
        }
        out.into_inner()
            .map_err(|why| why.into_error())?
            .sync_all()?;
        std::fs::rename(&temp, &path)
    };
    write().map_err(|why| WarcError::io("write", &path, &why))?;
    if let Some(dir) = path.parent() {
        dir_sync(dir)?;
    }
    Ok(path)
}

/// Sort-friendly URI: `vn,example)/path?query`, lower case, `www.` dropped, parameters sorted.
pub fn surt(uri: &str) -> String {
    let Ok(url) = Url::parse(uri) else {
        return uri.to_lowercase();
    };
    let host = url.host_str().unwrap_or_default().to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let reversed = if host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[') {
        host.to_owned()
    } else {
        host.rsplit('.').collect::<Vec<_>>().join(",")
    };
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let mut path = url.path().to_lowercase();
    if path.len() > 1 && path.ends_with('/') {
        path.pop();
    }
    let query = url
        .query()
        .map(str::to_lowercase)
        .filter(|query| !query.is_empty());
    let query = query.map(|query| {
        let mut parts: Vec<&str> = query.split('&').collect();
        parts.sort_unstable();
        format!("?{}", parts.join("&"))
    });
    format!("{reversed}{port}){path}{}", query.unwrap_or_default())
}
