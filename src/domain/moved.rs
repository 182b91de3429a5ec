//! Addresses that a site had before (`formerly` in the configuration): which old URL became which
//! new one. Pure: what a URL maps to is a guess that the archive checks against both articles.

use super::SiteId;
use std::fmt::Write as _;
use url::Url;

/// The address of one portal and those that it had before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moves {
    site: SiteId,
    base: Url,
    formers: Vec<Former>,
    sites: Vec<SiteId>,
}

/// An address from before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// Its base: whatever is below it.
    pub base: Url,
    /// The portal is still asked there: it is the host of today's base, or one of `hosts`.
    pub asked: bool,
}

impl Moves {
    /// What moved to `base`, the base of `site`, its former addresses with the oldest first;
    /// `sites` are those that became part of it.
    pub fn new(site: SiteId, base: Url, formers: Vec<Former>, sites: Vec<SiteId>) -> Self {
        Self {
            site,
            base,
            formers,
            sites,
        }
    }

    /// The site that goes on.
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// Sites of their own that became part of it.
    pub fn sites(&self) -> &[SiteId] {
        &self.sites
    }

    /// The addresses from before.
    pub fn formers(&self) -> &[Former] {
        &self.formers
    }

    /// The former address that a URL belongs to: the longest base that it is below, unless that is
    /// today's.
    pub fn former(&self, url: &Url) -> Option<&Former> {
        self.formers.get(self.place(url)?)
    }

    fn place(&self, url: &Url) -> Option<usize> {
        let length = |base: &Url| below(base, url).map(|_| folder(base).len());
        let today = length(&self.base);
        let all = self.formers.iter().enumerate();
        let found = all.filter_map(|(at, former)| Some((length(&former.base)?, at)));
        found
            .filter(|(length, _)| today.is_none_or(|today| *length > today))
            .max()
            .map(|(_, at)| at)
    }

    /// Which of its addresses a URL belongs to: later ones are greater, today's is the greatest.
    pub fn rank(&self, url: &str) -> usize {
        let place = Url::parse(url).ok().and_then(|url| self.place(&url));
        place.unwrap_or(self.formers.len())
    }

    /// The same for the text of a URL.
    pub fn is_former(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| self.former(&url).is_some())
    }

    /// Whether a URL belongs to an address that is not asked any more.
    pub fn is_left(&self, url: &Url) -> bool {
        self.former(url).is_some_and(|former| !former.asked)
    }

    /// Where a URL of a former address is today, by its path; `None` for all others.
    pub fn successor(&self, url: &Url) -> Option<Url> {
        let former = self.former(url)?;
        onto(&self.base, below(&former.base, url)?, url)
    }

    /// Where a URL of an address that is not asked any more is today.
    pub fn successor_of_left(&self, url: &str) -> Option<String> {
        let url = Url::parse(url).ok()?;
        let to = self.is_left(&url).then(|| self.successor(&url))??;
        Some(to.into())
    }

    /// Other addresses that a URL has or had, by its path: that of today for a former one, the
    /// former ones (in any usual spelling of their hosts) for one of today. A page of the site
    /// itself, not of one that became part of it, may have been at several of them (`own`).
    pub fn counterparts(&self, url: &str, own: bool) -> Vec<String> {
        let Ok(url) = Url::parse(url) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let today = self.successor(&url);
        let there = match &today {
            Some(to) => {
                found.push(to.to_string());
                if !own {
                    return found;
                }
                to
            }
            None => &url,
        };
        let Some(rest) = below(&self.base, there) else {
            return found;
        };
        for former in &self.formers {
            let Some(old) = onto(&former.base, rest, &url) else {
                continue;
            };
            for spelling in spellings(&old) {
                if spelling != url.as_str() && !found.contains(&spelling) {
                    found.push(spelling);
                }
            }
        }
        found
    }
}

/// The key under which a redirect's target is known, however scheme and `www.` are spelled.
pub fn bare(url: &Url) -> String {
    let mut out = super::url::bare_host(url.host_str().unwrap_or_default()).to_owned();
    if let Some(port) = url.port() {
        let _ = write!(out, ":{port}");
    }
    out.push_str(url.path());
    if let Some(query) = url.query() {
        let _ = write!(out, "?{query}");
    }
    out
}

/// The folder that a base names, with its final slash.
fn folder(base: &Url) -> &str {
    let path = base.path();
    path.get(..=path.rfind('/').unwrap_or(0)).unwrap_or("/")
}

/// The path of a URL below a base, without leading slash.
fn below<'a>(base: &Url, url: &'a Url) -> Option<&'a str> {
    let host = |url: &Url| super::url::bare_host(url.host_str().unwrap_or_default()).to_owned();
    let same = matches!(url.scheme(), "http" | "https")
        && host(base) == host(url)
        && base.port() == url.port();
    if !same {
        return None;
    }
    let folder = folder(base);
    match url.path().strip_prefix(folder) {
        Some(rest) => Some(rest),
        // The folder itself, spelled without its slash.
        None => (format!("{}/", url.path()) == folder).then_some(""),
    }
}

/// The URL with this path below a base, and the query of `from`.
fn onto(base: &Url, rest: &str, from: &Url) -> Option<Url> {
    let mut url = base.clone();
    url.set_path(&format!("{}{rest}", folder(base)));
    url.set_query(from.query());
    url.set_fragment(None);
    (url.host_str().is_some()).then_some(url)
}

/// A URL with either scheme, with and without `www.`; as it is first.
fn spellings(url: &Url) -> Vec<String> {
    let mut all = vec![String::from(url.as_str())];
    let host = super::url::bare_host(url.host_str().unwrap_or_default()).to_owned();
    for scheme in ["https", "http"] {
        for host in [host.clone(), format!("www.{host}")] {
            let mut other = url.clone();
            if other.set_scheme(scheme).is_ok() && other.set_host(Some(&host)).is_ok() {
                all.push(other.into());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves(base: &str, formers: &[&str]) -> Moves {
        let site = SiteId::new("new").unwrap();
        let url = |text: &str| Url::parse(text).unwrap();
        let formers = formers.iter().map(|base| Former {
            base: url(base),
            asked: false,
        });
        Moves::new(site, url(base), formers.collect(), Vec::new())
    }

    #[test]
    fn paths_are_kept_below_either_base() {
        let moves = moves(
            "https://mttq.tuyenquang.gov.vn/",
            &[
                "https://mttq.hagiang.gov.vn/",
                "http://hagiang.gov.vn/mttq/",
            ],
        );
        let to = |text: &str| {
            moves
                .successor(&Url::parse(text).unwrap())
                .map(String::from)
        };
        let new = "https://mttq.tuyenquang.gov.vn/tin/bai-15.html?x=1";
        for old in [
            "https://mttq.hagiang.gov.vn/tin/bai-15.html?x=1",
            "http://www.mttq.hagiang.gov.vn/tin/bai-15.html?x=1",
            "http://hagiang.gov.vn/mttq/tin/bai-15.html?x=1",
        ] {
            assert_eq!(to(old).as_deref(), Some(new), "{old}");
            let before = moves.counterparts(new, true);
            assert!(before.iter().any(|url| url == old), "{old}");
            assert_eq!(moves.counterparts(old, false), [new]);
            assert!(moves.counterparts(old, true).len() > 4);
            assert!(moves.rank(old) < moves.rank(new));
        }
        assert_eq!(to("http://hagiang.gov.vn/tin/bai-15.html"), None);
        assert_eq!(to(new), None);
        assert_eq!(
            to("http://hagiang.gov.vn/mttq").as_deref(),
            Some("https://mttq.tuyenquang.gov.vn/")
        );
    }

    #[test]
    fn of_nested_bases_the_longest_counts() {
        let inner = moves("https://x.vn/", &["https://x.vn/hagiang/"]);
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(inner.is_former("https://x.vn/hagiang/a-1.html"));
        assert!(!inner.is_former("https://x.vn/a-1.html"));
        let outer = moves("https://x.vn/mttq/", &["https://x.vn/"]);
        assert!(outer.is_former("https://x.vn/a-1.html"));
        assert!(!outer.is_former("https://x.vn/mttq/a-1.html"));
        assert_eq!(
            outer.successor(&url("https://x.vn/a-1.html")),
            Some(url("https://x.vn/mttq/a-1.html"))
        );
    }

    proptest::proptest! {
        #[test]
        fn there_and_back_again(path in "[a-z0-9/-]{0,20}", query in proptest::option::of("[a-z=&]{0,8}")) {
            let moves = moves("https://new.vn/mttq/", &["http://old.vn/"]);
            let mut old = Url::parse("http://old.vn/").unwrap();
            old.set_path(&format!("/{path}"));
            old.set_query(query.as_deref());
            let new = moves.successor(&old).unwrap();
            proptest::prop_assert!(moves.counterparts(new.as_str(), true).iter().any(|url| url == old.as_str()));
        }
    }
}
