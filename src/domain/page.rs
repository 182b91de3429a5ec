//! What extraction makes of one response: a page of some kind, its links, its warnings.

use super::Article;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A page after extraction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// What kind of page it is.
    pub kind: PageKind,
    /// The article, when the page is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub article: Option<Article>,
    /// `rel=canonical`, absolute, as the page states it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub canonical: Option<String>,
    /// Every link worth knowing, in the page's order, each URL once per kind.
    #[serde(default)]
    pub links: Vec<Link>,
    /// The rule that won, per field ("title" -> "default-4.5").
    #[serde(default)]
    pub rules: BTreeMap<String, String>,
    /// Name of the profile that read the page.
    #[serde(default)]
    pub profile: String,
    /// How the bytes became text.
    #[serde(default)]
    pub charset: CharsetFacts,
    /// Its content coding ended early, and the page with it: the rest may come another time.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub cut: bool,
    /// What was odd, for the record's `warnings`.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// Kinds of pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    /// An article with all required fields.
    Article,
    /// A listing, home page or other page that only leads on.
    Listing,
    /// A feed (RSS, Atom) or sitemap.
    Feed,
    /// Neither, and why.
    NotArticle(NotArticle),
    /// Nothing that the profile knows.
    #[default]
    Unknown,
}

/// Why a page that should be an article is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotArticle {
    /// The anti-flood page, whatever its status.
    Flood,
    /// An error page sent with status 200.
    Soft404,
    /// The home page (after a redirect, usually).
    Home,
    /// A stub that sets a cookie and reloads.
    CookieStub,
    /// A log-in form or "no permission" page.
    Login,
    /// A print, save-file or send-mail view.
    View,
    /// A page of the portal about itself (contact, terms of use): it has no date and no author.
    Page,
    /// Bytes that are no HTML although they are called so.
    Binary,
    /// Larger than the limit after decompression.
    TooLarge,
    /// A required field is missing (the warnings say which).
    Incomplete,
}

/// A link found on a page.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// Absolute URL, fragment removed.
    pub url: String,
    /// What it is, as far as the place where it stands tells.
    pub kind: LinkKind,
}

/// What a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Under the heading of newer articles.
    Newer,
    /// Under the heading of older articles.
    Older,
    /// An item of a listing.
    Item,
    /// The listing's next page, or another page of it.
    NextPage,
    /// Fits the profile's article form, anywhere on the page.
    Article,
    /// Fits the profile's listing form.
    Listing,
    /// A feed.
    Feed,
    /// A sitemap.
    Sitemap,
    /// An image of the article.
    Image,
    /// An attachment of the article.
    Attachment,
    /// Fits one of the profile's `skip` rules (print, savefile, theme switch ...).
    Skip,
}

impl LinkKind {
    /// Whether one of the portal's own lists names the URL as an article.
    pub fn is_listed(self) -> bool {
        matches!(
            self,
            Self::Newer | Self::Older | Self::Item | Self::Feed | Self::Sitemap
        )
    }
}

/// How bytes became text: what was declared and what was used (WHATWG encoding names).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharsetFacts {
    /// In the `Content-Type` header.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub header: Option<String>,
    /// In a `<meta>`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub meta: Option<String>,
    /// What was used.
    pub used: String,
    /// Why: `bom`, `header`, `meta`, `detected`, `default`.
    pub because: String,
    /// Bytes that could not be decoded and became U+FFFD.
    pub replaced: bool,
}

/// Something odd about a page: a code for machines and a text for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable code, e.g. `weekday_mismatch`.
    pub code: String,
    /// What and where.
    pub message: String,
}

impl Warning {
    /// A warning.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }
}
