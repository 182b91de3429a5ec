//! What an archived listing, feed or sitemap names, read again as the crawl read it. No request
//! leaves the machine, and nothing is changed.

use super::replay::{Job, finished};
use super::revisit::earlier;
use super::scope::Scope;
use crate::archive::schema::{CaptureRow, TaskKind, UrlHash, url_hash};
use crate::archive::{Archive, End, warc};
use crate::config::Config;
use crate::domain::{Exchange, Outcome, SiteId};
use crate::extract::profile::{ProfileSet, UrlClass};
use crate::fetch::robots::{Robots, RobotsFetch, Step};
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// What a capture names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What the page was read as; articles are taken from listings, feeds and sitemaps only.
    pub outcome: Outcome,
    /// Canonical URLs of the articles that it names, each once, in the page's order.
    pub articles: Vec<String>,
}

/// Reads captures of listings, feeds and sitemaps, and article links, by the rules of their site.
pub struct NamedReader<'a> {
    archive: &'a Archive,
    dir: PathBuf,
    scopes: Vec<(SiteId, Scope)>,
    max_bytes: usize,
}

impl<'a> NamedReader<'a> {
    /// With today's profiles.
    pub fn new(archive: &'a Archive, config: &Config, profiles: &Arc<ProfileSet>) -> Self {
        Self {
            archive,
            dir: archive.warc_dir(),
            scopes: Scope::all(config, profiles),
            max_bytes: config.limits.max_bytes,
        }
    }

    /// The canonical URL of an article link of the site; `None` for what is no article of it by
    /// its form (another host, a print view).
    pub fn article(&self, site: &SiteId, link: &str) -> Option<String> {
        let scope = self.scope(site)?;
        let url = Url::parse(link).ok()?;
        let at = scope.at(&url);
        let is_article = at.policy.is_own(&url) && at.profile.classify(&url) == UrlClass::Article;
        is_article.then(|| self.met(scope, at.policy.canonical(&url).as_str().to_owned()))
    }

    /// A URL of a former address that the archive never met counts where it is today.
    fn met(&self, scope: &Scope, url: String) -> String {
        let left = Url::parse(&url).ok().and_then(|url| scope.today(&url));
        match left {
            Some(today) if !matches!(self.archive.url_row(&url), Ok(Some(_))) => today,
            _ => url,
        }
    }

    /// The hash of where an article of a former address is today, by its path.
    pub fn today(&self, site: &SiteId, url: &str) -> Option<UrlHash> {
        let scope = self.scope(site)?;
        let moves = scope.moves()?;
        let to = moves.successor(&Url::parse(url).ok()?)?;
        Some(url_hash(scope.policy.canonical(&to).as_str()))
    }

    /// The sequence number in an article's URL, where the site's profile finds one.
    pub fn article_id(&self, site: &SiteId, url: &str) -> Option<u64> {
        self.scope(site)?.profile.article_id(&Url::parse(url).ok()?)
    }

    /// Reads one capture, which was made as a task of `kind`.
    ///
    /// # Errors
    /// What cannot be read, and where it stands.
    pub fn read(
        &self,
        site: &SiteId,
        kind: TaskKind,
        capture: &CaptureRow,
    ) -> Result<Named, String> {
        let scope = self
            .scope(site)
            .ok_or_else(|| format!("the site {site} is not configured"))?;
        let (exchange, by) = self.exchange(scope, capture)?;
        let job = Job {
            exchange,
            at: capture.at,
            kind,
            robots: String::new(),
            payload: None,
            conditional: false,
            follow: true,
        };
        let done = finished(by, job, self.max_bytes);
        let outcome = match done.end {
            End::Plain(outcome) | End::NextRun(outcome) | End::Retry { outcome, .. } => outcome,
            End::Redirect(_) => Outcome::Redirected,
            End::NotModified => Outcome::NotModified,
            End::Article(_) => Outcome::New,
        };
        let leads_on = matches!(outcome, Outcome::Listing | Outcome::Feed | Outcome::Sitemap);
        let articles = done.links.into_iter();
        let articles = articles.filter(|link| leads_on && link.kind == TaskKind::Article);
        Ok(Named {
            outcome,
            articles: articles.map(|link| self.met(scope, link.url)).collect(),
        })
    }

    /// The rules of the robots.txt that was captured last for the origin of `url`; `None` when none
    /// is in the archive, or it cannot be read.
    pub fn robots(&self, site: &SiteId, url: &Url) -> Option<Robots> {
        let scope = self.scope(site)?;
        let mut fetch = RobotsFetch::new(url, None);
        let own = scope.policy.canonical(fetch.url());
        let mut captures = self.archive.captures(own.as_str()).ok()?.into_iter().rev();
        // (Not modified: the rules are those of the capture before.)
        let last = captures.find(|capture| capture.status != 304)?;
        let (exchange, _) = self.exchange(scope, &last).ok()?;
        match fetch.answer(&exchange, exchange.at) {
            Step::Done(robots) => Some(robots),
            Step::Again => None,
        }
    }

    /// An archived exchange, with the payload that a revisit refers to, and the site that it was
    /// made for (which may have become part of `scope`'s).
    fn exchange<'b>(
        &'b self,
        scope: &'b Scope,
        capture: &CaptureRow,
    ) -> Result<(Exchange, &'b Scope), String> {
        let stored = warc::read_one(
            &self.dir.join(&capture.file),
            capture.offset,
            capture.length,
        )
        .map_err(|why| why.to_string())?;
        let by = stored.context();
        let by = by.and_then(|by| self.scopes.iter().find(|(id, _)| id.as_str() == by.site));
        let scope = by.map_or(scope, |(_, scope)| scope);
        let mut exchange = stored.to_exchange().map_err(|why| why.to_string())?;
        if stored.kind() == "revisit" {
            exchange.payload = earlier(self.archive, &self.dir, scope, &stored)
                .map_err(|why| why.to_string())?
                .ok_or_else(|| {
                    let (file, offset) = (&capture.file, capture.offset);
                    format!("{file} at offset {offset}: its first capture is not there")
                })?;
        }
        Ok((exchange, scope))
    }

    fn scope(&self, site: &SiteId) -> Option<&Scope> {
        let mut scopes = self.scopes.iter();
        scopes.find(|(id, _)| id == site).map(|(_, scope)| scope)
    }
}
