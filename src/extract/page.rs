//! One response, read: the entry of this floor.

use super::decode::{charset_decode, content_decode, is_binary};
use super::links::Links;
use super::profile::{Profile, ProfileSet, UrlClass};
use super::rules::{Index, View};
use super::{article, dom, feed, judge};
use crate::domain::{LinkKind, NotArticle, Page, PageKind, UrlPolicy, Warning};
use chrono::{DateTime, Utc};
use url::Url;

/// What the caller expects to find; it decides doubtful cases only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expect {
    /// An article: the home page or a listing in its place is a soft 404.
    Article,
    /// A listing or the home page.
    Listing,
    /// A feed.
    Feed,
    /// A sitemap or an index of sitemaps.
    Sitemap,
    /// Nothing.
    #[default]
    Any,
}

/// A response, as extraction needs it.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The final URL, after redirects.
    pub url: &'a Url,
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: &'a [(String, String)],
    /// Its body after transfer-decoding, still content-coded.
    pub payload: &'a [u8],
    /// When it was received: relative dates are counted from it.
    pub fetched_at: DateTime<Utc>,
    /// How the site's URLs are read.
    pub policy: &'a UrlPolicy,
    /// Bytes that the content may have after decompression.
    pub limit: usize,
    /// What the caller expects.
    pub expected: Expect,
}

impl Input<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads one response under `profile`, or the member of its family that fits the page.
///
/// Never fails: what cannot be read becomes a kind and warnings.
pub fn extract(input: &Input<'_>, profiles: &ProfileSet, profile: &Profile) -> Page {
    let mut page = Page {
        profile: profile.name().to_owned(),
        ..Page::default()
    };
    let content = content_decode(input.payload, input.header("content-encoding"), input.limit);
    page.warnings.extend(content.warnings);
    page.cut = content.truncated && !has_end(&content.bytes);
    if content.too_large {
        page.kind = PageKind::NotArticle(NotArticle::TooLarge);
        return page;
    }
    if is_binary(&content.bytes) {
        page.kind = PageKind::NotArticle(NotArticle::Binary);
        return page;
    }
    let (text, charset, warnings) = charset_decode(&content.bytes, input.header("content-type"));
    page.charset = charset;
    page.warnings.extend(warnings);
    if let Some(kind) = feed::sniff(&text) {
        read_feed(&mut page, &text, kind, input, profile);
        return page;
    }
    read_html(&mut page, &text, input, profiles, profile);
    page
}

/// Whether the root element's end stands at the end. (Some servers leave out a coding's checksum,
/// and what they send is whole.)
fn has_end(content: &[u8]) -> bool {
    let tail = content.get(content.len().saturating_sub(1024)..);
    let tail = tail.unwrap_or(content).to_ascii_lowercase();
    let ends: [&[u8]; 6] = [
        b"</html",
        b"</rss",
        b"</feed",
        b"</rdf:rdf",
        b"</urlset",
        b"</sitemapindex",
    ];
    ends.iter()
        .any(|end| memchr::memmem::find(&tail, end).is_some())
}

fn read_feed(page: &mut Page, text: &str, kind: feed::Xml, input: &Input<'_>, profile: &Profile) {
    let mut links = Links::new(input.url, profile, input.policy);
    let warnings = match kind {
        feed::Xml::Feed => feed::feed(text, input.url, &mut links),
        other => feed::sitemap(text, other, input.policy, &mut links),
    };
    page.warnings.extend(warnings);
    page.links = links.finish();
    page.kind = PageKind::Feed;
}

fn read_html(
    page: &mut Page,
    text: &str,
    input: &Input<'_>,
    profiles: &ProfileSet,
    profile: &Profile,
) {
    if judge::is_cookie_stub(text, input.header("set-cookie").is_some()) {
        page.kind = PageKind::NotArticle(NotArticle::CookieStub);
        return;
    }
    let (html, warnings) = dom::parse(text);
    page.warnings.extend(warnings);
    let index = Index::new(&html);
    let day = input.fetched_at.date_naive();
    let profile = profiles.choose(profile, day, |css| index.has(css));
    page.profile = profile.name().to_owned();
    let view = View::new(&index, profile);
    if input.status == 429 {
        page.kind = PageKind::NotArticle(NotArticle::Flood);
        return;
    }
    if let Some(kind) = judge::not_article(&view, true) {
        page.kind = PageKind::NotArticle(kind);
        if kind == NotArticle::View {
            let mut links = Links::new(input.url, profile, input.policy);
            page.canonical = links.everywhere(&view);
        }
        return;
    }
    let class = profile.classify(input.url);
    if matches!(
        class,
        UrlClass::Skip(
            super::SkipKind::Print | super::SkipKind::SaveFile | super::SkipKind::SendMail
        )
    ) {
        page.kind = PageKind::NotArticle(NotArticle::View);
        return;
    }
    let mut links = Links::new(input.url, profile, input.policy);
    let mut reading = if input.policy.is_home(input.url) {
        article::Reading {
            missing: vec!["title".to_owned()],
            ..article::Reading::default()
        }
    } else {
        article::read(&view, input.url, input.fetched_at)
    };
    let complete = reading.missing.is_empty();
    if complete && input.status < 400 {
        page.kind = PageKind::Article;
        reading.article.newer = links.articles(&view, &profile.fields.newer, LinkKind::Newer);
        reading.article.older = links.articles(&view, &profile.fields.older, LinkKind::Older);
        links.files(&reading.article);
        page.rules = reading.rules;
        page.warnings.extend(reading.warnings);
        page.canonical = links.everywhere(&view);
        page.links = links.finish();
        page.article = Some(reading.article);
        return;
    }
    if let Some(kind) = judge::not_article(&view, false) {
        page.kind = PageKind::NotArticle(kind);
        return;
    }
    if matches!(input.status, 404 | 410) {
        page.kind = PageKind::NotArticle(NotArticle::Soft404);
        return;
    }
    let items = links.items(&view);
    links.next(&view);
    page.canonical = links.everywhere(&view);
    page.links = links.finish();
    page.kind = incomplete(page, input, class, items, &reading.missing);
    if page.kind == PageKind::NotArticle(NotArticle::Incomplete) {
        page.warnings.extend(reading.warnings);
        let why = if reading.missing.is_empty() {
            format!("the page came with status {}", input.status)
        } else {
            format!("the page has no {}", reading.missing.join(", no "))
        };
        page.warnings.push(Warning::new("incomplete", why));
    }
}

/// What a page is that has not all of an article's required fields.
fn incomplete(
    page: &Page,
    input: &Input<'_>,
    class: UrlClass,
    items: usize,
    missing: &[String],
) -> PageKind {
    let article_expected = input.expected == Expect::Article || class == UrlClass::Article;
    if input.policy.is_home(input.url) {
        return if input.expected == Expect::Article {
            PageKind::NotArticle(NotArticle::Home)
        } else {
            PageKind::Listing
        };
    }
    if article_expected {
        // Without even a headline, a page of items is what the portal shows for an error.
        return if items > 0 && missing.len() > 1 {
            PageKind::NotArticle(NotArticle::Soft404)
        } else {
            PageKind::NotArticle(NotArticle::Incomplete)
        };
    }
    if items > 0 || class == UrlClass::Listing || input.expected == Expect::Listing {
        return PageKind::Listing;
    }
    if page.links.is_empty() {
        PageKind::Unknown
    } else {
        PageKind::Listing
    }
}
