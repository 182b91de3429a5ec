//! What reading a page of a site depends on, and nothing else: the crawl and a replay of its
//! captures share it, so that both decide alike.

use crate::config::{Config, Site};
use crate::domain::{SiteId, UrlPolicy};
use crate::extract::profile::{Profile, ProfileSet};
use std::sync::Arc;

/// A site as the reader of its pages sees it.
pub(crate) struct Scope {
    pub site: Site,
    pub profiles: Arc<ProfileSet>,
    pub profile: Arc<Profile>,
    pub policy: UrlPolicy,
    pub since: Option<chrono::NaiveDate>,
    /// The crawl's number.
    pub generation: u32,
    /// What the pages' links lead to.
    pub links: super::links::Memo,
}

impl Scope {
    /// The scope of a site; `None` when its profile does not exist.
    pub fn new(site: Site, profiles: &Arc<ProfileSet>) -> Option<Self> {
        let profile = profiles.get(&site.profile).cloned()?;
        let policy = site.url_policy(profile.drop_params());
        Some(Self {
            profiles: Arc::clone(profiles),
            profile,
            policy,
            since: None,
            generation: 0,
            links: super::links::Memo::default(),
            site,
        })
    }

    /// The scopes of all configured sites, disabled ones included.
    pub fn all(config: &Config, profiles: &Arc<ProfileSet>) -> Vec<(SiteId, Self)> {
        let sites = config.sites.iter().cloned();
        sites
            .filter_map(|site| Some((site.id.clone(), Self::new(site, profiles)?)))
            .collect()
    }
}
