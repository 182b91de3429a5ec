//! What revisit records refer to (WARC 1.1, 6.7.2): a capture, by its id or by its URL and time.

use super::scope::Scope;
use crate::archive::schema::{UrlHash, url_hash};
use crate::archive::warc::{self, Stored, WarcError};
use crate::archive::{Archive, ArchiveError};
use crate::domain::Digest;
use std::path::Path;

/// What a revisit record may call a capture: its id, or its URL and time (WARC 1.1, 6.7.2).
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Id(String),
    At(UrlHash, i64),
}

/// The names of a capture.
pub(super) fn names(stored: &Stored, hash: UrlHash, at: i64) -> impl Iterator<Item = Name> {
    let id = stored.field("WARC-Record-ID").unwrap_or_default();
    let id = (!id.is_empty()).then(|| Name::Id(id.to_owned()));
    id.into_iter().chain([Name::At(hash, at)])
}

/// The names that a revisit record calls its first capture by.
pub(super) fn referred(scope: &Scope, stored: &Stored) -> Vec<Name> {
    let id = stored.field("WARC-Refers-To").unwrap_or_default();
    let mut all = Vec::new();
    if !id.is_empty() {
        all.push(Name::Id(id.to_owned()));
    }
    if let Some((url, at)) = refers_to(scope, stored) {
        all.push(Name::At(url_hash(&url), at));
    }
    all
}

/// The canonical URL and the time (microseconds since 1970) of the capture that a revisit record
/// refers to.
fn refers_to(scope: &Scope, stored: &Stored) -> Option<(String, i64)> {
    let uri = stored
        .field("WARC-Refers-To-Target-URI")
        .map(|uri| uri.trim_matches(['<', '>']))
        .or_else(|| stored.uri())?;
    let at = chrono::DateTime::parse_from_rfc3339(stored.field("WARC-Refers-To-Date")?).ok()?;
    let url = scope.policy.canonical(&url::Url::parse(uri).ok()?);
    Some((url.as_str().to_owned(), at.timestamp_micros()))
}

/// The payload that a revisit record refers to (WARC 1.1, 6.7.2).
pub(super) fn earlier(
    archive: &Archive,
    dir: &Path,
    scope: &Scope,
    stored: &Stored,
) -> Result<Option<bytes::Bytes>, ArchiveError> {
    let Some((url, at)) = refers_to(scope, stored) else {
        return Ok(None);
    };
    let digest = stored.payload_digest().and_then(Digest::from_warc_label);
    // Several captures of other programs may have one time: their rows follow each other.
    let mut found = None;
    for at in at..at + 8 {
        let Some(row) = archive.capture(&url_hash(&url), at)? else {
            break;
        };
        if digest.is_none_or(|digest| digest == row.payload) {
            found = Some(row);
            break;
        }
    }
    let Some(row) = found else { return Ok(None) };
    let stored = match warc::read_one(&dir.join(&row.file), row.offset, row.length) {
        Ok(stored) => stored,
        Err(WarcError::Damaged { .. }) => return Ok(None),
        Err(why) => return Err(why.into()),
    };
    Ok(stored.to_exchange().ok().map(|exchange| exchange.payload))
}
