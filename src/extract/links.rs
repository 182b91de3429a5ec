//! The links of a page, each with what it is by its place and by its form.

use super::profile::{Profile, Rule, UrlClass};
use super::rules::View;
use crate::domain::{Article, Link, LinkKind, UrlPolicy};
use scraper::ElementRef;
use std::collections::{HashMap, HashSet};
use url::Url;

/// Links taken from one page at most.
const MAX_LINKS: usize = 5_000;

/// Collects links, each URL once per kind.
pub(super) struct Links<'a> {
    page: &'a Url,
    profile: &'a Profile,
    policy: &'a UrlPolicy,
    base: Option<Url>,
    list: Vec<Link>,
    seen: HashSet<Link>,
    /// Addresses that a more telling kind has already.
    placed: HashSet<String>,
    /// `href` texts that were looked at: menus repeat themselves.
    resolved: HashMap<String, Option<Url>>,
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
            seen: HashSet::new(),
            placed: HashSet::new(),
            resolved: HashMap::new(),
        }
    }

    /// Adds a link.
    pub fn push(&mut self, url: String, kind: LinkKind) {
        if self.list.len() >= MAX_LINKS {
            return;
        }
        if !matches!(kind, LinkKind::Article | LinkKind::Listing) {
            self.placed.insert(url.clone());
        }
        let link = Link { url, kind };
        if self.seen.insert(link.clone()) {
            self.list.push(link);
        }
    }

    /// All of them.
    pub fn finish(self) -> Vec<Link> {
        self.list
    }

    /// Resolves a link's text on this page.
    pub fn resolve(&mut self, href: &str) -> Option<Url> {
        if let Some(known) = self.resolved.get(href) {
            return known.clone();
        }
        let base = self.base.as_ref().unwrap_or(self.page);
        let url = UrlPolicy::resolve(base, href);
        self.resolved.insert(href.to_owned(), url.clone());
        url
    }

    /// What a rule's element leads to: its own address, or those of the links inside it.
    fn under(&mut self, element: ElementRef<'_>, attr: Option<&str>) -> Vec<Url> {
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
                for url in self.under(element, rule.attr.as_deref()) {
                    if url == *self.page || !self.is_article(&url) {
                        continue;
                    }
                    let url = String::from(url);
                    if !out.contains(&url) && out.len() < 1000 {
                        self.push(url.clone(), kind);
                        out.push(url);
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
                for url in self.under(element, rule.attr.as_deref()) {
                    if url != *self.page && self.is_article(&url) {
                        self.push(url.into(), LinkKind::Item);
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
                if let Some(url) = self.resolve(&href)
                    && url != *self.page
                    && self.policy.is_own(&url)
                    && !matches!(self.profile.classify(&url), UrlClass::Skip(_))
                {
                    self.push(url.into(), LinkKind::NextPage);
                }
            }
        }
    }

    fn is_article(&self, url: &Url) -> bool {
        self.policy.is_own(url) && self.profile.classify(url) == UrlClass::Article
    }

    /// Every other link of the page by its form; also finds `rel=canonical`.
    pub fn everywhere(&mut self, view: &View<'a>) -> Option<String> {
        let mut canonical = None;
        let named = |name| view.index.named(name).unwrap_or_default().iter();
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
                    self.resolved.clear();
                }
                continue;
            }
            if name == "link" {
                let rel = element.attr("rel").unwrap_or_default();
                if rel.eq_ignore_ascii_case("canonical") && canonical.is_none() {
                    canonical = self.resolve(href).map(String::from);
                } else if rel.eq_ignore_ascii_case("alternate")
                    && element
                        .attr("type")
                        .is_some_and(|kind| kind.contains("rss") || kind.contains("atom"))
                    && let Some(url) = self.resolve(href)
                    && self.policy.is_own(&url)
                {
                    self.push(url.into(), LinkKind::Feed);
                }
                continue;
            }
            let Some(url) = self.resolve(href) else {
                continue;
            };
            if url == *self.page || !self.policy.is_own(&url) {
                continue;
            }
            let kind = match self.profile.classify(&url) {
                UrlClass::Article => LinkKind::Article,
                UrlClass::Listing => LinkKind::Listing,
                UrlClass::Feed => LinkKind::Feed,
                UrlClass::Sitemap => LinkKind::Sitemap,
                UrlClass::Skip(_) => LinkKind::Skip,
                UrlClass::Other => continue,
            };
            let url = String::from(url);
            if self.placed.contains(&url) && matches!(kind, LinkKind::Article | LinkKind::Listing) {
                continue;
            }
            self.push(url, kind);
        }
        canonical
    }

    /// Images and attachments of the article.
    pub fn files(&mut self, article: &Article) {
        for image in &article.images {
            self.push(image.url.clone(), LinkKind::Image);
        }
        for file in &article.attachments {
            self.push(file.url.clone(), LinkKind::Attachment);
        }
    }
}
