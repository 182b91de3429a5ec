//! Records in the WARC files that show a URL and that no row of the index names: what a crash left
//! behind, and records of other programs that are no exchange (`resource`, `metadata`,
//! `conversion`) or stand apart from theirs (`request`). Changes nothing.

use super::CrawlError;
use crate::archive::schema::url_hash;
use crate::archive::warc::{self, Lookup, Reader, WarcError};
use crate::archive::{Archive, Place, is_of_archive};
use crate::config::Config;
use crate::domain::{RecordId, UrlPolicy};
use serde::Deserialize;
use std::collections::BTreeSet;
use url::Url;

/// What a line of an index of a WARC file says (CDXJ).
#[derive(Deserialize)]
struct Line {
    url: String,
    offset: String,
    filename: String,
}

/// Digests of URLs that are looked for, in the canonical form of any site.
struct Wanted<'a> {
    urls: &'a BTreeSet<RecordId>,
    policies: Vec<UrlPolicy>,
}

impl Wanted<'_> {
    fn has(&self, uri: &str) -> bool {
        let is = |text: &str| self.urls.contains(&RecordId(url_hash(text)));
        let Ok(url) = Url::parse(uri) else {
            return false;
        };
        let mut policies = self.policies.iter();
        policies.any(|policy| is(policy.canonical(&url).as_str()))
    }
}

/// Places of records of these URLs that no row names. `names` are spellings of them beside those
/// that the index has.
pub(super) fn find(
    archive: &Archive,
    config: &Config,
    urls: &BTreeSet<RecordId>,
    names: &BTreeSet<String>,
    shown: &BTreeSet<(RecordId, i64)>,
) -> Result<BTreeSet<(String, u64)>, CrawlError> {
    let mut found = BTreeSet::new();
    if urls.is_empty() {
        return Ok(found);
    }
    let known = archive.places(urls, shown, &BTreeSet::new())?;
    let is_known = |file: &str, offset| {
        let file = file.to_owned();
        known.contains_key(&Place { file, offset })
    };
    let wanted = Wanted {
        urls,
        policies: config
            .sites
            .iter()
            .map(|site| site.url_policy(&[]))
            .collect(),
    };
    let dir = archive.warc_dir();
    let (own, foreign): (Vec<_>, Vec<_>) = warc::files(&dir)?
        .into_iter()
        .partition(|file| is_of_archive(&dir.join(file)));
    let mut names = names.clone();
    names.extend(archive.spellings(urls)?);
    for url in names {
        if !urls.contains(&RecordId(url_hash(&url))) {
            continue;
        }
        let lookup = Lookup {
            url,
            ..Lookup::default()
        };
        for line in warc::lookup(&dir, &lookup)? {
            let json = line.splitn(3, ' ').nth(2).unwrap_or_default();
            let Ok(line) = serde_json::from_str::<Line>(json) else {
                continue;
            };
            // Different URLs may have one key in the index.
            if let Ok(offset) = line.offset.parse()
                && wanted.has(&line.url)
                && own.contains(&line.filename)
                && !is_known(&line.filename, offset)
            {
                found.insert((line.filename, offset));
            }
        }
    }
    // Files of an archive hold nothing else of a URL; those of other programs may.
    for file in foreign {
        let path = dir.join(&file);
        let mut reader = Reader::open(&path)?;
        while let Some(head) = reader.advance() {
            let head = match head {
                Ok(head) => head,
                Err(WarcError::Damaged { .. }) => continue,
                Err(why) => return Err(why.into()),
            };
            if head.uri().is_some_and(|uri| wanted.has(uri)) && !is_known(&file, head.offset) {
                found.insert((file.clone(), head.offset));
            }
        }
    }
    Ok(found)
}
