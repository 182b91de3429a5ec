//! What reading a page of a site depends on, and nothing else: the crawl and a replay of its
//! captures share it, so that both decide alike.

use crate::config::{Config, Site};
use crate::domain::{Moves, SiteId, UrlPolicy};
use crate::extract::profile::{Profile, ProfileSet};
use std::sync::Arc;
use url::Url;

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
    /// The site as it was at its former addresses.
    formers: Vec<Self>,
}

impl Scope {
    /// The scope of a site; `None` when its profile does not exist.
    pub fn new(site: Site, profiles: &Arc<ProfileSet>) -> Option<Self> {
        let profile = profiles.get(&site.profile).cloned()?;
        let policy = site.url_policy(profile.drop_params());
        let formers = site.formerly.iter().map(|base| Site {
            base: base.clone(),
            formerly: Vec::new(),
            ..site.clone()
        });
        let formers: Option<Vec<Self>> = formers.map(|site| Self::new(site, profiles)).collect();
        let formers = formers?;
        Some(Self {
            profiles: Arc::clone(profiles),
            profile,
            policy,
            since: None,
            generation: 0,
            links: super::links::Memo::default(),
            formers,
            site,
        })
    }

    /// The site as it was where this URL is: pages of a former address are read as when they were
    /// fetched.
    pub fn at(&self, url: &Url) -> &Self {
        let mut formers = self.formers.iter();
        let left = !self.formers.is_empty() && !self.policy.is_own(url);
        let former = left.then(|| self.moves()?.former(url)).flatten();
        let former = former.and_then(|was| formers.find(|scope| scope.site.base == was.base));
        former.unwrap_or(self)
    }

    /// Where its URLs were before, or are today.
    pub fn moves(&self) -> Option<&Arc<Moves>> {
        self.site.moves.as_ref()
    }

    /// An article's URL where the site is asked for it today.
    pub fn today(&self, url: &Url) -> Option<String> {
        let to = self.policy.successor(url)?;
        Some(self.policy.canonical(&to).as_str().to_owned())
    }

    /// The scopes of all configured sites, disabled ones included.
    pub fn all(config: &Config, profiles: &Arc<ProfileSet>) -> Vec<(SiteId, Self)> {
        let sites = config.sites.iter().cloned();
        sites
            .filter_map(|site| Some((site.id.clone(), Self::new(site, profiles)?)))
            .collect()
    }
}
