//! Validators of articles (RFC 9110, section 8.8), for portals that send other ones than NukeViet:
//! honest ones, and ones that lie.

use super::config::Versions;
use super::model::Article;
use super::reply::Reply;
use bytes::Bytes;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, UNIX_EPOCH};

/// Adds the validators to an article's page, or answers 304 when the client has it.
pub(super) fn versioned(
    reply: Reply,
    versions: Versions,
    article: &Article,
    (none_match, modified_since): (&str, &str),
) -> Reply {
    let version = match versions {
        Versions::Php => return reply,
        Versions::Stuck => u64::from(article.id),
        Versions::Tags | Versions::Dates => {
            let mut hasher = DefaultHasher::new();
            format!("{article:?}").hash(&mut hasher);
            hasher.finish()
        }
    };
    let (name, value, known) = match versions {
        // A date of the last twenty years, another for each version.
        Versions::Dates => {
            let time = UNIX_EPOCH + Duration::from_secs(1_100_000_000 + version % 600_000_000);
            (
                "last-modified",
                httpdate::fmt_http_date(time),
                modified_since,
            )
        }
        _ => ("etag", format!("W/\"{version:x}\""), none_match),
    };
    let mut reply = match known == value {
        true => Reply::new(304, "text/html", Bytes::new()),
        false => reply,
    };
    reply.headers.retain(|(name, _)| *name != "last-modified");
    reply.with(name, &value)
}
