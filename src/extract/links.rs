//! The links of a page, each with what it is by its place and by its form.

use super::profile::{Known, Profile, Rule, UrlClass};
use super::rules::View;
use crate::domain::{Article, Link, LinkKind, UrlPolicy};
use foldhash::{HashMap, HashMapExt as _};
use scraper::ElementRef;
use std::sync::Arc;
use url::Url;

/// Links taken from one page at most.
const MAX_LINKS: usize = 5_000;
/// What most pages have fewer of.
const LINKS: usize = 224;

/// Collects links, each URL once per kind.
pub(super) struct Links<'a> {
    page: &'a Url,
    profile: &'a Profile,
    policy: &'a UrlPolicy,
    base: Option<Url>,
    list: Vec<Link>,
    /// The kinds that each address has, as bits.
    seen: HashMap<String, u16>,
    /// How many are taken.
    most: usize,
}

/// A kind's bit.
fn bit(kind: LinkKind) -> u16 {
    1 << match kind {
        LinkKind::Newer => 0,
        LinkKind::Older => 1,
        LinkKind::Item => 2,
        LinkKind::NextPage => 3,
        LinkKind::Article => 4,
        LinkKind::Listing => 5,
        LinkKind::Feed => 6,
        LinkKind::Sitemap => 7,
        LinkKind::Image => 8,
        LinkKind::Attachment => 9,
        LinkKind::Skip => 10,
    }
}

/// Kinds that a link has by its form alone; any other tells more.
fn by_form() -> u16 {
    bit(LinkKind::Article) | bit(LinkKind::Listing)
}

impl<'a> Links<'a> {
    /// An empty collection for the page at `page`.
    pub fn new(page: &'a Url, profile: &'a Profile, policy: &'a UrlPolicy) -> Self {
        Self {
            page,
            profile,
            policy,
            base: None,
            list: Vec::new(),
            seen: HashMap::with_capacity(LINKS),
            most: MAX_LINKS,
        }
    }

    /// Takes this many links at most, where pages may have more than pages for people.
    pub fn take_at_most(&mut self, most: usize) {
        self.most = most;
    }

    /// Adds a link.
    pub fn push(&mut self, url: &str, kind: LinkKind) {
        if self.list.len() >= self.most {
            return;
        }
        let kinds = match self.seen.get_mut(url) {
            Some(kinds) => kinds,
            None => self.seen.entry(url.to_owned()).or_default(),
        };
        if *kinds & bit(kind) == 0 {
            *kinds |= bit(kind);
            let url = url.to_owned();
            self.list.push(Link { url, kind });
        }
    }

    /// Whether an address has a more telling kind than its form gives.
    fn is_placed(&self, url: &str) -> bool {
        self.seen
            .get(url)
            .is_some_and(|kinds| kinds & !by_form() != 0)
    }

    /// All of them.
    pub fn finish(self) -> Vec<Link> {
        self.list
    }

    /// What a link's text on this page leads to.
    pub fn resolve(&self, href: &str) -> Option<Arc<Known>> {
        let base = self.base.as_ref().unwrap_or(self.page);
        self.profile.read_link(base, href)
    }

    /// What a rule's element leads to: its own address, or those of the links inside it.
    fn under(&self, element: ElementRef<'_>, attr: Option<&str>) -> Vec<Arc<Known>> {
        let own = element.attr(attr.unwrap_or("href"));
        let hrefs: Vec<&str> = match own {
            Some(href) => vec![href],
            None => element
                .descendent_elements()
                .filter_map(|inner| inner.attr("href"))
                .collect(),
        };
        hrefs
            .into_iter()
            .filter_map(|href| self.resolve(href))
            .collect()
    }

    /// The articles that the first of the rules with any leads to.
    pub fn articles(&mut self, view: &View<'a>, rules: &'a [Rule], kind: LinkKind) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for rule in rules {
            for element in view.elements(rule) {
                for known in self.under(element, rule.attr.as_deref()) {
                    if !self.is_article(&known) {
                        continue;
                    }
                    let url = known.url.as_str();
                    if out.len() < 1000 && !out.iter().any(|other| other == url) {
                        self.push(url, kind);
                        out.push(url.to_owned());
                    }
                }
            }
            if !out.is_empty() {
                break;
            }
        }
        out
    }

    /// Items of a listing, by all of its rules; how many there are.
    pub fn items(&mut self, view: &View<'a>) -> usize {
        let before = self.list.len();
        for rule in &view.profile.listing.items {
            for element in view.elements(rule) {
                for known in self.under(element, rule.attr.as_deref()) {
                    if self.is_article(&known) {
                        self.push(known.url.as_str(), LinkKind::Item);
                    }
                }
            }
        }
        self.list.len() - before
    }

    /// The next page of a listing: every rule is asked.
    pub fn next(&mut self, view: &View<'a>) {
        for rule in &view.profile.listing.next {
            for element in view.elements(rule) {
                let Some(href) = super::rules::value(rule, element) else {
                    continue;
                };
                if let Some(known) = self.resolve(&href)
                    && self.leads_on(&known)
                    && !matches!(known.class, UrlClass::Skip(_))
                {
                    self.push(known.url.as_str(), LinkKind::NextPage);
                }
            }
        }
    }

    /// Whether a link leads to another page of the site.
    fn leads_on(&self, known: &Known) -> bool {
        known.url != *self.page && self.policy.is_own(&known.url)
    }

    fn is_article(&self, known: &Known) -> bool {
        known.class == UrlClass::Article && self.leads_on(known)
    }

    /// Every other link of the page by its form; also finds `rel=canonical`.
    pub fn everywhere(&mut self, view: &View<'a>) -> Option<String> {
        let mut canonical = None;
        let named = |name| view.index.named(name).iter();
        let all = named("base")
            .chain(named("link"))
            .chain(named("a"))
            .chain(named("area"));
        for &element in all {
            let name = element.value().name();
            let Some(href) = element.attr("href") else {
                continue;
            };
            if name == "base" {
                if self.base.is_none() {
                    self.base = self
                        .page
                        .join(href)
                        .ok()
                        .filter(|base| self.policy.is_own(base));
                }
                continue;
            }
            if name == "link" {
                let rel = element.attr("rel").unwrap_or_default();
                if rel.eq_ignore_ascii_case("canonical") && canonical.is_none() {
                    canonical = self
                        .resolve(href)
                        .map(|known| known.url.as_str().to_owned());
                } else if rel.eq_ignore_ascii_case("alternate")
                    && element
                        .attr("type")
                        .is_some_and(|kind| kind.contains("rss") || kind.contains("atom"))
                    && let Some(known) = self.resolve(href)
                    && self.policy.is_own(&known.url)
                {
                    self.push(known.url.as_str(), LinkKind::Feed);
                }
                continue;
            }
            let Some(known) = self.resolve(href) else {
                continue;
            };
            let kind = match known.class {
                UrlClass::Article => LinkKind::Article,
                UrlClass::Listing => LinkKind::Listing,
                UrlClass::Feed => LinkKind::Feed,
                UrlClass::Sitemap => LinkKind::Sitemap,
                UrlClass::Skip(_) => LinkKind::Skip,
                UrlClass::Other => continue,
            };
            if !self.leads_on(&known) {
                continue;
            }
            let url = known.url.as_str();
            if matches!(kind, LinkKind::Article | LinkKind::Listing) && self.is_placed(url) {
                continue;
            }
            self.push(url, kind);
        }
        canonical
    }

    /// Images and attachments of the article.
    pub fn files(&mut self, article: &Article) {
        for image in &article.images {
            self.push(&image.url, LinkKind::Image);
        }
        for file in &article.attachments {
            self.push(&file.url, LinkKind::Attachment);
        }
    }
}
