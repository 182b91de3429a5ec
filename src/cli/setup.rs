//! What most commands begin with: profiles, configuration, archive.

use crate::archive::schema::SCHEMA_VERSION;
use crate::archive::store::Engine;
use crate::archive::{Archive, ArchiveError};
use crate::config::Config;
use crate::extract::profile::ProfileSet;
use anyhow::Context;
use std::path::Path;
use std::sync::Arc;

/// The built-in profiles, and those of the configured folder.
pub(super) fn profiles(config: &Path) -> anyhow::Result<ProfileSet> {
    let mut files = Vec::new();
    if let Some(dir) = Config::selectors_dir(config) {
        let listing = std::fs::read_dir(&dir).map_err(|why| {
            super::Failure::error(
                super::code::USAGE,
                format!(
                    "cannot read crawler.selectors = {}: {why}; name a folder of profiles",
                    dir.display()
                ),
            )
        })?;
        for entry in listing.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|ext| ext == "toml") {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read the profile {}", path.display()))?;
                files.push((path.display().to_string(), text));
            }
        }
        files.sort();
    }
    ProfileSet::with_dir(&files)
        .map_err(|why| super::Failure::error(super::code::USAGE, why.to_string()))
}

/// Configuration and profiles, checked.
pub(super) fn load(config: &Path) -> anyhow::Result<(Config, Arc<ProfileSet>)> {
    let profiles = profiles(config)?;
    let config = Config::load(config, &|name| profiles.get(name).is_some())?;
    Ok((config, Arc::new(profiles)))
}

/// The configured archive, opened and held.
pub(super) fn archive(config: &Path) -> anyhow::Result<(Config, Archive)> {
    let (config, profiles) = load(config)?;
    let archive = open(&config, &profiles)?;
    Ok((config, archive))
}

/// Opens the archive. One of an older version is brought up to date first: its index is made
/// again from the WARC files, and the old one is kept.
pub(super) fn open(config: &Config, profiles: &Arc<ProfileSet>) -> anyhow::Result<Archive> {
    match Archive::open(&config.archive) {
        Err(ArchiveError::Older { found, .. }) => {
            eprintln!(
                "khobao: {} has schema version {found}, this program's is {SCHEMA_VERSION}: its \
                 index is made again from the WARC files, and the old one is kept",
                config.archive.display()
            );
            let hold = Archive::hold(&config.archive)?;
            let (_, hold) = super::rebuild::run(config, profiles, hold, ("rebuild", &[], &[]))?;
            Ok(Archive::open_held(&config.archive, hold)?)
        }
        other => Ok(other?),
    }
}

/// The engine of a new archive.
pub(super) fn engine(config: &Config) -> Engine {
    // The configuration has been checked.
    let name = config.engine.as_deref();
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}
