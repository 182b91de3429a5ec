//! The chain of newer and older articles: where it breaks, and which records it does not reach.

use super::class::Class;
use super::found::Found;
use super::urls::Urls;
use crate::archive::schema::{UrlHash, url_hash};
use crate::crawl::NamedReader;
use crate::domain::{Article, RecordId, SiteId};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The chain of one site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// Pages (current and earlier revisions) that name newer or older articles.
    pub pages: u64,
    /// Links that they name.
    pub links: u64,
    /// Distinct URLs that those lead to, by what became of them.
    pub targets: BTreeMap<Class, u64>,
    /// Distinct URLs that the archive has no answer for.
    pub broken: Found<Broken>,
    /// Records that no other record links to as newer or older; empty where no page names any.
    pub islands: Found<Island>,
}

/// A link to a URL that the archive has no answer for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Broken {
    /// Where it leads.
    pub url: String,
    /// The record that names it, the first that was met.
    pub from: String,
    /// Why there is no answer: `never_taken_up`, `waiting`, `never_asked`, `record_lost`,
    /// `redirect_not_followed`.
    pub why: &'static str,
}

/// A record that no other record links to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Island {
    /// Its URL.
    pub url: String,
    /// What led the crawl there: `item` (a listing or feed), `article` (a sitemap, or a link
    /// anywhere on a page), `chain` (a newer/older link that is not there any more), `start`
    /// (nothing).
    pub via: &'static str,
}

/// Gathers the links.
#[derive(Debug, Default)]
pub(super) struct Links {
    pages: Vec<u64>,
    links: Vec<u64>,
    /// Per site: each target with the first record that names it, and whether another one does.
    targets: Vec<HashMap<UrlHash, (RecordId, bool)>>,
    /// Records that another one links to.
    reached: HashSet<RecordId>,
}

impl Links {
    pub fn new(sites: usize) -> Self {
        Self {
            pages: vec![0; sites],
            links: vec![0; sites],
            targets: vec![HashMap::new(); sites],
            ..Self::default()
        }
    }

    /// Takes the links of one page of the record `id`.
    pub fn page(
        &mut self,
        (at, site): (usize, &SiteId),
        (id, own): (RecordId, &str),
        article: &Article,
        urls: &mut Urls,
        reader: &NamedReader<'_>,
    ) {
        let mut any = false;
        for link in article.newer.iter().chain(&article.older) {
            let mut hash = url_hash(link);
            if !urls.map.contains_key(&hash) {
                let Some(url) = reader.article(site, link) else {
                    continue;
                };
                hash = url_hash(&url);
                urls.name((hash, &url), at, own);
            }
            any = true;
            if let Some(links) = self.links.get_mut(at) {
                *links += 1;
            }
            if let Some(targets) = self.targets.get_mut(at) {
                let (first, others) = targets.entry(hash).or_insert((id, false));
                *others |= *first != id;
            }
        }
        if let Some(pages) = self.pages.get_mut(at) {
            *pages += u64::from(any);
        }
    }

    /// To be called once every page was taken.
    pub fn finish(&mut self, urls: &Urls) {
        for (hash, (first, others)) in self.targets.iter().flatten() {
            let to = urls.record_of(hash);
            self.reached.extend(to.filter(|to| *others || to != first));
        }
    }

    /// Whether another record links to this one.
    pub fn reaches(&self, id: &RecordId) -> bool {
        self.reached.contains(id)
    }

    /// The chain of one site, its islands aside; `url_of` gives the text of a hash.
    pub fn chain(&self, at: usize, urls: &Urls, url_of: &dyn Fn(&UrlHash) -> String) -> Chain {
        let mut chain = Chain {
            pages: self.pages.get(at).copied().unwrap_or_default(),
            links: self.links.get(at).copied().unwrap_or_default(),
            ..Chain::default()
        };
        let mut broken: Vec<(&UrlHash, &RecordId)> = Vec::new();
        for (hash, (from, _)) in self.targets.get(at).into_iter().flatten() {
            *chain.targets.entry(urls.class(hash).0).or_default() += 1;
            if !urls.is_answered(hash) {
                broken.push((hash, from));
            }
        }
        broken.sort_unstable();
        for (hash, from) in broken {
            chain.broken.push_with(|| Broken {
                url: url_of(hash),
                from: url_of(&from.0),
                why: urls.class(hash).1,
            });
        }
        chain.broken.items.sort();
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::urls::Known;

    #[test]
    fn only_another_record_reaches_one() {
        let id = |n: u8| RecordId([n; 16]);
        let mut urls = Urls::default();
        // 9 is another URL of the record 1.
        for (hash, record) in [(1, 1), (2, 2), (3, 3), (9, 1)] {
            let known = Known {
                record: Some(id(record)),
                ..Known::unmet(0)
            };
            urls.map.insert([hash; 16], known);
        }
        let mut links = Links::new(1);
        links.targets[0] = HashMap::from([
            ([9; 16], (id(1), false)),
            ([2; 16], (id(1), false)),
            ([3; 16], (id(3), true)),
        ]);
        links.finish(&urls);
        assert!(!links.reaches(&id(1)), "it names itself");
        assert!(links.reaches(&id(2)));
        assert!(links.reaches(&id(3)), "itself and another one");
    }
}
