//! Scope: which links become tasks, and which are only counted.

use super::scope::Scope;
use crate::archive::NewTask;
use crate::archive::schema::TaskKind;
use crate::domain::{Article, Link, LinkKind, Outcome, page_number};
use crate::extract::profile::{SkipKind, UrlClass};
use foldhash::{HashSet, HashSetExt as _};
use quick_cache::sync::Cache;
use std::sync::Arc;
use url::Url;

/// Links of one site that are remembered: they are the same from page to page.
const ENTRIES: usize = 8192;
/// Longer ones are not remembered.
const LONGEST: usize = 512;

/// What is known about a link's address.
#[derive(Debug)]
struct Target {
    canonical: Arc<str>,
    class: UrlClass,
    further_page: bool,
}

/// The addresses of a site that were looked at before; `None` is what is not the site's own.
#[derive(Debug)]
pub(crate) struct Memo(Cache<String, Option<Arc<Target>>>);

impl Default for Memo {
    fn default() -> Self {
        Self(Cache::new(ENTRIES))
    }
}

/// The tasks that a page leads to, each once, and the outcomes of the links that rules skip.
pub(crate) fn follow(
    site: &Scope,
    page: &Url,
    links: &[Link],
    article: Option<&Article>,
) -> (Vec<NewTask>, Vec<Outcome>) {
    let mut out = Follow {
        site,
        seen: HashSet::with_capacity(links.len()),
        tasks: Vec::new(),
        skipped: Vec::new(),
    };
    for link in links {
        out.link(link);
    }
    if let Some(article) = article {
        out.media(article);
        out.listing_of(page);
    }
    (out.tasks, out.skipped)
}

struct Follow<'a> {
    site: &'a Scope,
    seen: HashSet<Arc<str>>,
    tasks: Vec<NewTask>,
    skipped: Vec<Outcome>,
}

impl Follow<'_> {
    fn link(&mut self, link: &Link) {
        let Some(target) = self.target(&link.url) else {
            return;
        };
        let class = target.class;
        if let UrlClass::Skip(kind) = class {
            if self.seen.insert(link.url.as_str().into()) {
                self.skipped.push(skip_outcome(kind));
            }
            return;
        }
        let kind = match (link.kind, class) {
            (LinkKind::Image, _) if self.site.site.capture.images => TaskKind::Image,
            (LinkKind::Attachment, _) if self.site.site.capture.attachments => TaskKind::Attachment,
            (LinkKind::Image | LinkKind::Attachment | LinkKind::Skip, _) => return,
            (_, UrlClass::Article) => TaskKind::Article,
            (LinkKind::NextPage, _) => TaskKind::NextPage,
            (_, UrlClass::Listing) if target.further_page => TaskKind::NextPage,
            (LinkKind::Feed, _) | (_, UrlClass::Feed) => TaskKind::Feed,
            (LinkKind::Sitemap, _) | (_, UrlClass::Sitemap) => TaskKind::Sitemap,
            (_, UrlClass::Listing) => TaskKind::Listing,
            (LinkKind::Newer | LinkKind::Older | LinkKind::Item | LinkKind::Article, _) => {
                TaskKind::Article
            }
            (LinkKind::Listing, _) => TaskKind::Listing,
        };
        self.task(&target.canonical, kind, Some(link.kind));
    }

    /// What a link leads to; `None` when it leaves the site.
    fn target(&self, text: &str) -> Option<Arc<Target>> {
        if let Some(known) = self.site.links.0.get(text) {
            return known;
        }
        // Links to an address that the site has left lead to where it is today.
        let policy = &self.site.policy;
        let own = Url::parse(text)
            .ok()
            .and_then(|url| match policy.is_own(&url) {
                true => Some(url),
                false => policy.successor(&url),
            });
        let target = own.map(|url| {
            Arc::new(Target {
                canonical: self.site.policy.canonical(&url).as_str().into(),
                class: self.site.profile.classify(&url),
                further_page: is_further_page(&url),
            })
        });
        if text.len() <= LONGEST {
            self.site.links.0.insert(text.to_owned(), target.clone());
        }
        target
    }

    fn push(&mut self, url: &Url, kind: TaskKind, via: Option<LinkKind>) {
        let url: Arc<str> = self.site.policy.canonical(url).as_str().into();
        self.task(&url, kind, via);
    }

    fn task(&mut self, url: &Arc<str>, kind: TaskKind, via: Option<LinkKind>) {
        if self.seen.insert(Arc::clone(url)) {
            let url = url.as_ref().to_owned();
            self.tasks.push(NewTask { url, kind, via });
        }
    }

    /// Images and attachments that the article names.
    fn media(&mut self, article: &Article) {
        let capture = self.site.site.capture;
        let images = article
            .images
            .iter()
            .map(|image| (&image.url, TaskKind::Image));
        let files = article
            .attachments
            .iter()
            .map(|file| (&file.url, TaskKind::Attachment));
        for (url, kind) in images.chain(files) {
            let wanted = match kind {
                TaskKind::Image => capture.images,
                _ => capture.attachments,
            };
            if let Ok(url) = Url::parse(url)
                && wanted
                && self.site.policy.is_own(&url)
            {
                self.push(&url, kind, None);
            }
        }
    }

    /// The category that the article's URL names, linked from a menu or not.
    fn listing_of(&mut self, page: &Url) {
        if let Ok(up) = page.join("./")
            && up.path() != "/"
            && matches!(self.site.profile.classify(&up), UrlClass::Listing)
        {
            self.push(&up, TaskKind::Listing, None);
        }
    }
}

/// Whether a listing's address names a page of it beyond the first.
pub(crate) fn is_further_page(url: &Url) -> bool {
    page_number(url).is_some()
}

pub(crate) fn skip_outcome(kind: SkipKind) -> Outcome {
    match kind {
        SkipKind::Print => Outcome::SkippedPrint,
        SkipKind::SaveFile => Outcome::SkippedSavefile,
        SkipKind::SendMail => Outcome::SkippedSendmail,
        SkipKind::Theme => Outcome::SkippedTheme,
        SkipKind::Other => Outcome::SkippedOther,
    }
}
