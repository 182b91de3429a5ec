//! Building the index again (`replay`), and what becomes of half an index on a disk that is too
//! small.

use super::CrawlError;
use super::replay::{Rebuilt, build};
use crate::archive::{self, Chain, Hold};
use crate::config::Config;
use crate::extract::profile::ProfileSet;
use std::path::Path;
use std::sync::Arc;

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
