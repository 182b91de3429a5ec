//! URL canonicalisation: one spelling for one article.
//!
//! The canonical form is fetchable and citable: scheme and host are those of the site's `base`
//! whenever they differ from it by scheme or a leading `www.` only; the fragment, tracking
//! parameters and session tokens are gone; the path is percent-encoded one way (RFC 3986,
//! section 6.2.2). `/index.php/…` stays as it is: on a server that rewrites no addresses nothing
//! else is there, and on one that does, `rel=canonical` or the same content tells.

use super::Moves;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;
use url::Url;

/// An absolute URL in the canonical form of its site.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CanonicalUrl(String);

impl CanonicalUrl {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a text that was canonical when it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Parses it again.
    pub fn to_url(&self) -> Result<Url, UrlError> {
        Url::parse(&self.0).map_err(|why| UrlError {
            url: self.0.clone(),
            why: why.to_string(),
        })
    }
}

impl fmt::Display for CanonicalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A URL that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url:?} is not a usable URL: {why}; write an absolute http or https URL")]
pub struct UrlError {
    /// The text.
    pub url: String,
    /// Why.
    pub why: String,
}

/// How the URLs of one site are canonicalised.
#[derive(Debug, Clone)]
pub struct UrlPolicy {
    base: Url,
    host: String,
    also: Vec<String>,
    drop_params: Vec<String>,
    moves: Option<Arc<Moves>>,
}

/// Parameters that never change what a page says: advertising and sharing trackers, and the
/// session names of PHP, Java and ASP.
const TRACKING: &[&str] = &[
    "fbclid",
    "gclid",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "zarsrc",
    "zclid",
    "mc_cid",
    "mc_eid",
    "igshid",
    "_ga",
    "_gl",
    "ref_src",
    "phpsessid",
    "jsessionid",
    "aspsessionid",
    "sid",
    "nv_redirect",
    "nvvithemever",
];

impl UrlPolicy {
    /// A policy for the site at `base`; `also` are further hosts that belong to it,
    /// `drop_params` further parameters that mean nothing there.
    pub fn new(base: &Url, also: &[String], drop_params: &[String]) -> Self {
        let also = also
            .iter()
            .map(|host| bare_host(&host.to_ascii_lowercase()).to_owned());
        Self {
            base: base.clone(),
            host: bare_host(base.host_str().unwrap_or_default()).to_owned(),
            also: also.collect(),
            drop_params: drop_params.iter().map(|p| p.to_ascii_lowercase()).collect(),
            moves: None,
        }
    }

    /// The same with the addresses that the site had before: their URLs are spelled as then.
    pub fn formerly(self, moves: Option<Arc<Moves>>) -> Self {
        Self { moves, ..self }
    }

    /// Where a URL of an address that the site has left is today, by its path.
    pub fn successor(&self, url: &Url) -> Option<Url> {
        let moves = self.moves.as_deref()?;
        let left = !self.is_own(url) && moves.is_left(url);
        left.then(|| moves.successor(url)).flatten()
    }

    /// Whether the URL is the site's own, or was before it moved.
    pub fn is_known(&self, url: &Url) -> bool {
        let former = |moves: &Arc<Moves>| moves.former(url).is_some();
        self.is_own(url) || self.moves.as_ref().is_some_and(former)
    }

    /// The site's base.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Whether the URL's host is the site's own, `www.` aside.
    pub fn is_own(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else {
            return false;
        };
        if !matches!(url.scheme(), "http" | "https") {
            return false;
        }
        let host = bare_host(host);
        if host == self.host {
            return same_port(url, &self.base);
        }
        self.also.iter().any(|other| other == host)
    }

    /// Whether the URL is the site's home page (`/`, `/index.php`, `/vi/`), whatever its query.
    pub fn is_home(&self, url: &Url) -> bool {
        if !self.is_own(url) {
            return false;
        }
        let path = url.path().trim_end_matches('/');
        let home = self.base.path().trim_end_matches('/');
        let rest = path.strip_prefix(home).unwrap_or(path);
        let language = rest.len() == 3
            && rest.starts_with('/')
            && rest.bytes().skip(1).all(|b| b.is_ascii_lowercase());
        let bare = rest.is_empty() || rest == "/index.php" || rest == "/index.html";
        let op = url.query_pairs().any(|(k, _)| k == "op" || k == "nv");
        (bare && !op) || language
    }

    /// Resolves a link on the page at `page`; `None` for what is no web address (mailto:,
    /// javascript:, data:) or cannot be parsed. The fragment is removed.
    pub fn resolve(page: &Url, href: &str) -> Option<Url> {
        let href = href.trim();
        if href.is_empty() || href.starts_with('#') {
            return None;
        }
        let mut url = page.join(href).ok()?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return None;
        }
        url.set_fragment(None);
        Some(url)
    }

    /// The canonical form.
    pub fn canonical(&self, url: &Url) -> CanonicalUrl {
        let mut out = String::with_capacity(url.as_str().len());
        let own = bare_host(url.host_str().unwrap_or_default()) == self.host
            && same_port(url, &self.base);
        let former = self.moves.as_deref().filter(|_| !own);
        let former = former.and_then(|moves| moves.former(url));
        let from = match former {
            _ if own => &self.base,
            Some(former) => &former.base,
            None => url,
        };
        out.push_str(from.scheme());
        out.push_str("://");
        out.push_str(from.host_str().unwrap_or_default());
        if let Some(port) = from.port() {
            let _ = write!(out, ":{port}");
        }
        let mut path = normal_escapes(url.path());
        while path.contains("//") {
            path = path.replace("//", "/");
        }
        let query = self.query(url, &path);
        if query.is_empty() && matches!(path.as_str(), "/index.php" | "/index.php/") {
            path = "/".to_owned();
        }
        out.push_str(&path);
        if !query.is_empty() {
            out.push('?');
            out.push_str(&query);
        }
        CanonicalUrl(out)
    }

    /// The query without tracking parameters. `index.php?` forms are sorted, because the order
    /// of their parameters is the template's whim; other queries keep their order. `path` is
    /// canonical, and names are looked at as they will be written: an escape hides nothing.
    fn query(&self, url: &Url, path: &str) -> String {
        let Some(query) = url.query() else {
            return String::new();
        };
        let mut parts: Vec<String> = query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(normal_escapes)
            .filter(|part| {
                let name = part
                    .split('=')
                    .next()
                    .unwrap_or_default()
                    .to_ascii_lowercase();
                !(name.starts_with("utm_")
                    || TRACKING.contains(&name.as_str())
                    || self.drop_params.contains(&name))
            })
            .collect();
        if path.ends_with("/index.php") {
            parts.sort();
        }
        parts.join("&")
    }
}

/// A host without its leading `www.`.
pub(super) fn bare_host(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// Ports are the same, or both are the default of their scheme.
fn same_port(a: &Url, b: &Url) -> bool {
    a.port() == b.port()
}

/// Upper-case escapes, unreserved characters bare, everything that must be escaped escaped.
fn normal_escapes(text: &str) -> String {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let code = (byte == b'%')
            .then(|| bytes.get(i + 1..i + 3))
            .flatten()
            .filter(|hex| hex.iter().all(u8::is_ascii_hexdigit))
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(code) if unreserved(code) => {
                out.push(char::from(code));
                i += 3;
            }
            Some(code) => {
                let _ = write!(out, "%{code:02X}");
                i += 3;
            }
            None if byte == b'%' => {
                out.push_str("%25");
                i += 1;
            }
            None if byte.is_ascii_graphic() => {
                out.push(char::from(byte));
                i += 1;
            }
            None => {
                let _ = write!(out, "%{byte:02X}");
                i += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> UrlPolicy {
        UrlPolicy::new(&Url::parse("https://mttq.example.vn/").unwrap(), &[], &[])
    }

    fn canonical(text: &str) -> String {
        policy()
            .canonical(&Url::parse(text).unwrap())
            .as_str()
            .to_owned()
    }

    #[test]
    fn one_article_has_one_spelling() {
        let want = "https://mttq.example.vn/tin/bai-1.html";
        for text in [
            "http://mttq.example.vn/tin/bai-1.html",
            "https://www.mttq.example.vn/tin/bai-1.html#binh-luan",
            "https://MTTQ.example.vn:443/tin//bai-1.html?utm_source=zalo&fbclid=x",
            "https://mttq.example.vn/tin/b%61i%2d1.html?",
            "https://mttq.example.vn/tin/bai-1.html?%75tm_source=zalo",
        ] {
            assert_eq!(canonical(text), want, "{text}");
        }
        assert_eq!(
            canonical("https://mttq.example.vn/index.php?op=a%2fb&nv=news&language=vi"),
            "https://mttq.example.vn/index.php?language=vi&nv=news&op=a%2Fb"
        );
        assert_eq!(
            canonical("https://mttq.example.vn/index.php/tin/bai-1.html"),
            "https://mttq.example.vn/index.php/tin/bai-1.html"
        );
        assert_eq!(
            canonical("https://mttq.example.vn/index.php/"),
            canonical("https://mttq.example.vn/")
        );
        assert_eq!(
            canonical("https://mttq.example.vn/index.ph%70?op=b&nv=a"),
            "https://mttq.example.vn/index.php?nv=a&op=b"
        );
        assert_eq!(
            canonical("https://x.vn/a?ItemID=2&b=1"),
            "https://x.vn/a?ItemID=2&b=1"
        );
    }

    #[test]
    fn home_is_told_apart() {
        let home = |text: &str| policy().is_home(&Url::parse(text).unwrap());
        assert!(home("https://mttq.example.vn/"));
        assert!(home("http://www.mttq.example.vn/index.php?nvvithemever=d"));
        assert!(home("https://mttq.example.vn/vi/"));
        assert!(!home("https://mttq.example.vn/tin/"));
        assert!(!home("https://mttq.example.vn/index.php?nv=news&op=x"));
        assert!(!home("https://other.vn/"));
    }

    proptest::proptest! {
        #[test]
        fn canonicalising_twice_changes_nothing(path in "(/([ -~à-ỹ]{0,12}|index.ph(p|%70))){0,4}", query in "([ -~]{0,20}|(&?(%75tm_|si(d|%64)|b|a)=?){0,4})") {
            if let Ok(url) = Url::parse(&format!("https://mttq.example.vn{path}?{query}")) {
                let once = policy().canonical(&url);
                let again = policy().canonical(&once.to_url().unwrap());
                proptest::prop_assert_eq!(once, again);
            }
        }
    }
}
