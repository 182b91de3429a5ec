//! Profiles: what is where on the pages of one CMS or outlet, as data.
//!
//! Owns the reading and checking of `selectors/*.toml`; the rules are applied in
//! `extract::rules`. A profile is compiled once and shared.

mod compile;
mod css;
mod error;
mod memo;
mod raw;
mod set;
mod urls;

pub(super) use css::{Css, CssEnd};
pub use error::ProfileError;
pub(super) use memo::Known;
pub use set::ProfileSet;
pub use urls::{SkipKind, UrlClass};

use crate::domain::{Digest, NotArticle};
use chrono::{FixedOffset, NaiveDate};
use regex::Regex;
use regex::bytes::RegexSet;
use scraper::Selector;

/// A compiled profile.
#[derive(Debug)]
pub struct Profile {
    name: String,
    hash: Digest,
    pub(super) variants: Vec<String>,
    valid_from: Option<NaiveDate>,
    valid_until: Option<NaiveDate>,
    timezone: FixedOffset,
    date_order: String,
    drop_params: Vec<String>,
    pub(super) required: Vec<String>,
    pub(super) detect: Option<Css>,
    pub(super) wrapper: Vec<Css>,
    pub(super) cut: Option<Selector>,
    pub(super) caption: Option<Selector>,
    pub(super) fields: Fields,
    pub(super) listing: Listing,
    forms: Forms,
    id: Vec<Regex>,
    feeds: Vec<String>,
    sitemaps: Vec<String>,
    pub(super) not_article: Vec<NotArticleRule>,
    memo: memo::Memo,
}

impl Profile {
    /// Its name: `nukeviet`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of everything that it was resolved from (its file and those it extends).
    pub fn hash(&self) -> Digest {
        self.hash
    }

    /// The offset assumed for times without one.
    pub fn timezone(&self) -> FixedOffset {
        self.timezone
    }

    /// The order of day, month and year in numeric dates: `dmy`, `mdy` or `ymd`.
    pub fn date_order(&self) -> &str {
        &self.date_order
    }

    /// Query parameters that mean nothing on these sites, for `UrlPolicy::new`.
    pub fn drop_params(&self) -> &[String] {
        &self.drop_params
    }

    /// Paths where feeds are by default, to be resolved against the site's base.
    pub fn feeds(&self) -> &[String] {
        &self.feeds
    }

    /// Paths where sitemaps are by default, to be resolved against the site's base.
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }

    /// Whether pages fetched on `day` are read by this profile.
    pub fn is_valid_on(&self, day: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= day)
            && self.valid_until.is_none_or(|until| day <= until)
    }
}

/// The rules of every field, in order.
#[derive(Debug)]
pub(super) struct Fields {
    pub title: Vec<Rule>,
    pub published: Vec<Rule>,
    pub modified: Vec<Rule>,
    pub lead: Vec<Rule>,
    pub lead_image: Vec<Rule>,
    pub body: Vec<Rule>,
    pub author: Vec<Rule>,
    pub source: Vec<Rule>,
    pub tags: Vec<Rule>,
    pub attachments: Vec<Rule>,
    pub section: Vec<Rule>,
    pub language: Vec<Rule>,
    pub newer: Vec<Rule>,
    pub older: Vec<Rule>,
}

/// The rules of a listing.
#[derive(Debug)]
pub(super) struct Listing {
    pub items: Vec<Rule>,
    pub next: Vec<Rule>,
}

/// One way to find a value.
#[derive(Debug)]
pub(super) struct Rule {
    pub name: String,
    pub css: Css,
    pub attr: Option<String>,
    pub regex: Option<Regex>,
    pub drop: Option<Selector>,
    /// Where the full-size image of a thumb stands, anywhere on the page.
    pub full: Option<Css>,
    pub split: Option<Regex>,
    /// Folded.
    pub label: Vec<String>,
    /// Folded.
    pub heading: Vec<String>,
    pub pick: Pick,
    pub scope: Scope,
    pub low_trust: bool,
}

/// Which of several matches counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    First,
    Last,
    All,
}

/// Where a rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Inside the article's wrapper (the page, when it has none).
    Article,
    Page,
}

/// What URLs look like: one set of regular expressions; the first that fits decides.
#[derive(Debug)]
struct Forms {
    set: RegexSet,
    /// Of each expression.
    classes: Vec<UrlClass>,
}

#[derive(Debug)]
pub(super) struct NotArticleRule {
    pub kind: NotArticle,
    pub css: Option<Css>,
    pub title: Option<Regex>,
    pub text: Option<Regex>,
    pub always: bool,
}

/// Folds a label or heading for comparison: lower case, composed, one space, no final colon.
pub(super) fn fold(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let lower: String = text.nfc().flat_map(char::to_lowercase).collect();
    let words: Vec<&str> = lower.split_whitespace().collect();
    words.join(" ").trim_end_matches([':', ' ', '.']).to_owned()
}
