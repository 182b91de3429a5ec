//! Addresses that were read before. The links of a site are the same from page to page, and
//! parsing and classifying them anew would be a large part of what a page costs.

use super::{Profile, UrlClass};
use crate::domain::UrlPolicy;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use url::{Position, Url};

/// Addresses that are remembered.
const ENTRIES: usize = 8192;
/// Longer ones are not remembered.
const LONGEST: usize = 512;

/// An address that a link leads to.
#[derive(Debug)]
pub(in crate::extract) struct Known {
    /// Absolute, without a fragment.
    pub url: Url,
    /// What it is by its form.
    pub class: UrlClass,
}

/// By the origin of the page that links, and the link's text.
pub(super) struct Memo(Cache<Key, Arc<Known>>);

impl Default for Memo {
    fn default() -> Self {
        Self(Cache::new(ENTRIES))
    }
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Memo").field(&self.0.len()).finish()
    }
}

#[derive(PartialEq, Eq)]
struct Key {
    origin: Box<str>,
    href: Box<str>,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (origin, href) = (&*self.origin, &*self.href);
        Asked { origin, href }.hash(state);
    }
}

#[derive(Hash)]
struct Asked<'a> {
    origin: &'a str,
    href: &'a str,
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.href == &*key.href && self.origin == &*key.origin
    }
}

impl Profile {
    /// [`UrlPolicy::resolve`] and [`Profile::classify`] in one, for a link on the page at `page`
    /// (or whose base that is).
    pub(in crate::extract) fn read_link(&self, page: &Url, href: &str) -> Option<Arc<Known>> {
        let read = || {
            let url = UrlPolicy::resolve(page, href)?;
            let class = self.classify(&url);
            Some(Arc::new(Known { url, class }))
        };
        // Only what means the same on every page of the origin is remembered.
        let lasting = ["/", "http://", "https://"]
            .iter()
            .any(|start| href.starts_with(start));
        if !lasting || href.len() > LONGEST {
            return read();
        }
        #[allow(clippy::indexing_slicing)] // Positions of a URL are always inside it.
        let origin = &page[..Position::BeforePath];
        let asked = Asked { origin, href };
        if let Some(known) = self.memo.0.get(&asked) {
            return Some(known);
        }
        let known = read()?;
        let key = Key {
            origin: origin.into(),
            href: href.into(),
        };
        self.memo.0.insert(key, Arc::clone(&known));
        Some(known)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::UrlPolicy;
    use crate::extract::profile::ProfileSet;
    use url::Url;

    proptest::proptest! {
        /// What is remembered for one page is what any other page of any origin would read.
        #[test]
        fn remembering_changes_nothing(
            hrefs in proptest::collection::vec("(https?:)?(//?|)(a\\.vn|b|\\.\\.|#|\\?x)?[/a-z0-9.#?-]{0,12}( |\\\\|%2[Ff])?[a-z/]{0,4}", 1..12),
        ) {
            let profiles = ProfileSet::builtin().unwrap();
            let profile = profiles.get("nukeviet").unwrap();
            for page in ["http://a.vn/x/y.html?z", "https://a.vn/", "http://a.vn/w/", "http://b:81/x/y"] {
                let page = Url::parse(page).unwrap();
                for href in &hrefs {
                    let plain = UrlPolicy::resolve(&page, href);
                    let known = profile.read_link(&page, href);
                    proptest::prop_assert_eq!(known.as_ref().map(|known| &known.url), plain.as_ref());
                    if let Some(known) = known {
                        proptest::prop_assert_eq!(known.class, profile.classify(&known.url));
                    }
                }
            }
        }
    }
}
