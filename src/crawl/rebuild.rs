//! Building the index again (`replay`), and what becomes of half an index on a disk that is too
//! small.

use super::CrawlError;
use super::replay::{Rebuilt, build};
use super::scope::Scope;
use crate::archive::schema::SiteRow;
use crate::archive::{self, Archive, Chain, Hold};
use crate::config::Config;
use crate::domain::SiteId;
use crate::extract::profile::ProfileSet;
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// Builds the index of the archive at `dir` again and puts it in the old one's place. An
/// interrupted rebuild goes on where it was. `what` is the kind of change, the names of the files
/// that were taken in before, and the chains of custody of an archive that they came from: all go
/// into the ledger. `progress` hears bytes read and bytes in all. The archive is held all the time,
/// and the hold is given back.
pub fn rebuild(
    dir: &Path,
    hold: Hold,
    config: &Config,
    profiles: &Arc<ProfileSet>,
    what: (&str, &[String], &[Chain]),
    progress: &dyn Fn(u64, u64),
) -> Result<(Rebuilt, Hold), CrawlError> {
    build(dir, hold, config, profiles, what, progress).map_err(|why| match why {
        CrawlError::Archive(why) => archive::after_rebuild(dir, why).into(),
        other => other,
    })
}

/// Sites that were never crawled by the old index, or whose old index is lost, go on from what
/// their frontier holds. Where that is nothing, the next crawl is another one than that which the
/// captures are of: it asks for the start pages again.
pub(super) fn go_on(archive: &Archive, scopes: &[(SiteId, Scope)]) -> Result<(), CrawlError> {
    let with_records = archive.record_sites()?;
    for (id, scope) in scopes {
        let before = archive.site(id)?;
        let mut row = before.clone();
        if row == SiteRow::default() {
            let pending = archive.pending(id)? > 0;
            if pending || with_records.iter().any(|(site, _)| site == id) {
                row = SiteRow {
                    generation: 1,
                    open: pending,
                    full: true,
                    complete_once: !pending && has_begun(archive, scope)?,
                    ..row
                };
            }
        }
        row.formerly = scope.site.formerly.iter().map(Url::to_string).collect();
        if row != before {
            archive.put_site(id, &row)?;
        }
    }
    Ok(())
}

/// Whether the captures are of a crawl: each start page is among them.
fn has_begun(archive: &Archive, scope: &Scope) -> Result<bool, CrawlError> {
    for seed in &scope.site.seeds {
        let url = scope.policy.canonical(seed);
        let row = archive.url_row(url.as_str())?;
        if row.is_none_or(|row| row.visited.is_none()) {
            return Ok(false);
        }
    }
    Ok(!scope.site.seeds.is_empty())
}
