//! What a URL is, by its form alone.

use super::Profile;
use crate::domain::UrlPolicy;
use std::borrow::Cow;
use url::Url;

/// What a URL is by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlClass {
    /// An article.
    Article,
    /// A listing: category, tag, topic, author.
    Listing,
    /// A feed.
    Feed,
    /// A sitemap.
    Sitemap,
    /// Not to be fetched.
    Skip(SkipKind),
    /// None of these.
    Other,
}

/// Why a URL is not to be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SkipKind {
    /// The print view.
    Print,
    /// The article as a file.
    SaveFile,
    /// The send-to-a-friend form.
    SendMail,
    /// A switch of theme or language that changes no content.
    Theme,
    /// Banners, log-in, cron jobs and the like.
    Other,
}

impl Profile {
    /// What `url` is. The path and query are looked at, not the host.
    pub fn classify(&self, url: &Url) -> UrlClass {
        let form = form(url);
        let first = self.forms.set.matches(form.as_bytes()).iter().next();
        first
            .and_then(|at| self.forms.classes.get(at).copied())
            .unwrap_or(UrlClass::Other)
    }

    /// The article's sequence number in `url`, where the profile's `id` finds one.
    pub fn article_id(&self, url: &Url) -> Option<u64> {
        let form = form(url);
        self.id
            .iter()
            .find_map(|id| id.captures(&form)?.get(1)?.as_str().parse().ok())
    }

    /// `rel=canonical` as stated on `page_url`, when it can be believed: a page of the site, in
    /// the article form, with the same sequence number, not itself a view to be skipped.
    pub fn plausible_canonical(
        &self,
        page_url: &Url,
        canonical: &Url,
        policy: &UrlPolicy,
    ) -> Option<Url> {
        let same_host = policy.is_own(canonical)
            || (canonical.host_str().is_some() && canonical.host_str() == page_url.host_str());
        if !same_host || self.classify(canonical) != UrlClass::Article {
            return None;
        }
        // A print view whose canonical is the article itself tells where the article is.
        let same = match (self.article_id(page_url), self.article_id(canonical)) {
            (Some(a), Some(b)) => a == b,
            (None, _) => !policy.is_home(page_url),
            (Some(_), None) => false,
        };
        same.then(|| {
            let mut url = canonical.clone();
            url.set_fragment(None);
            url
        })
    }
}

/// Path and query, in which the profile's regular expressions look. `index.php?` forms are
/// given with their escaped slashes read, `/index.php/` forms as a server that rewrites addresses
/// has them.
fn form(url: &Url) -> Cow<'_, str> {
    let text = url.get(url::Position::BeforePath..url::Position::AfterQuery);
    if let Some(rest) = text.strip_prefix("/index.php")
        && rest.starts_with('/')
    {
        return Cow::Borrowed(rest);
    }
    if url.path().ends_with("index.php") && text.contains("%2") {
        return Cow::Owned(text.replace("%2F", "/").replace("%2f", "/"));
    }
    Cow::Borrowed(text)
}

trait Slice {
    fn get(&self, range: std::ops::Range<url::Position>) -> &str;
}

impl Slice for Url {
    #[allow(clippy::indexing_slicing)] // Positions of a URL are always inside it.
    fn get(&self, range: std::ops::Range<url::Position>) -> &str {
        &self[range]
    }
}
