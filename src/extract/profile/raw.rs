//! A profile as it is written: the TOML vocabulary. `selectors/README.md` explains every key.

use serde::Deserialize;
use toml::Spanned;

/// A text and where it stands, for messages.
pub(super) type Text = Spanned<String>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawProfile {
    pub name: String,
    pub about: Option<String>,
    pub extends: Option<Text>,
    /// Profiles of the same family, tried in this order by their `detect`.
    pub variants: Vec<Text>,
    pub valid_from: Option<Text>,
    pub valid_until: Option<Text>,
    pub timezone: Option<Text>,
    pub date_order: Option<Text>,
    pub drop_params: Vec<String>,
    pub required: Vec<Text>,
    pub wrapper: Vec<Text>,
    pub cut: Vec<Text>,
    pub caption: Vec<Text>,
    pub detect: RawDetect,
    pub fields: RawFields,
    pub links: RawLinks,
    pub not_article: Vec<RawNotArticle>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawDetect {
    pub css: Vec<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawFields {
    pub title: Vec<RawRule>,
    pub published: Vec<RawRule>,
    pub modified: Vec<RawRule>,
    pub lead: Vec<RawRule>,
    pub lead_image: Vec<RawRule>,
    pub body: Vec<RawRule>,
    pub author: Vec<RawRule>,
    pub source: Vec<RawRule>,
    pub tags: Vec<RawRule>,
    pub attachments: Vec<RawRule>,
    pub section: Vec<RawRule>,
    pub language: Vec<RawRule>,
    pub newer: Vec<RawRule>,
    pub older: Vec<RawRule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub name: String,
    pub css: Text,
    pub attr: Option<String>,
    pub regex: Option<Text>,
    #[serde(default)]
    pub drop: Vec<Text>,
    pub full: Option<Text>,
    pub split: Option<Text>,
    #[serde(default)]
    pub label: Vec<String>,
    #[serde(default)]
    pub heading: Vec<String>,
    pub pick: Option<Text>,
    pub scope: Option<Text>,
    pub trust: Option<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLinks {
    pub article_url: Vec<Text>,
    pub listing_url: Vec<Text>,
    pub feed_url: Vec<Text>,
    pub sitemap_url: Vec<Text>,
    pub id: Vec<Text>,
    pub feeds: Vec<String>,
    pub sitemaps: Vec<String>,
    pub items: Vec<RawRule>,
    pub next: Vec<RawRule>,
    pub skip: Vec<RawSkip>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSkip {
    pub name: Text,
    pub regex: Text,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNotArticle {
    pub kind: Text,
    #[serde(default)]
    pub css: Vec<Text>,
    pub title: Option<Text>,
    pub text: Option<Text>,
    /// Applies even to a page that has all required fields.
    #[serde(default)]
    pub always: bool,
}

/// Child rules first, the parent's as fallbacks; scalars of the child win.
pub(super) fn inherit(child: &mut RawProfile, parent: &RawProfile) {
    fn join<T: Clone>(mine: &mut Vec<T>, theirs: &[T]) {
        mine.extend_from_slice(theirs);
    }
    fn or<T: Clone>(mine: &mut Option<T>, theirs: &Option<T>) {
        if mine.is_none() {
            mine.clone_from(theirs);
        }
    }
    or(&mut child.timezone, &parent.timezone);
    or(&mut child.date_order, &parent.date_order);
    join(&mut child.drop_params, &parent.drop_params);
    if child.required.is_empty() {
        child.required.clone_from(&parent.required);
    }
    join(&mut child.wrapper, &parent.wrapper);
    join(&mut child.cut, &parent.cut);
    join(&mut child.caption, &parent.caption);
    join(&mut child.not_article, &parent.not_article);
    let (mine, theirs) = (&mut child.fields, &parent.fields);
    join(&mut mine.title, &theirs.title);
    join(&mut mine.published, &theirs.published);
    join(&mut mine.modified, &theirs.modified);
    join(&mut mine.lead, &theirs.lead);
    join(&mut mine.lead_image, &theirs.lead_image);
    join(&mut mine.body, &theirs.body);
    join(&mut mine.author, &theirs.author);
    join(&mut mine.source, &theirs.source);
    join(&mut mine.tags, &theirs.tags);
    join(&mut mine.attachments, &theirs.attachments);
    join(&mut mine.section, &theirs.section);
    join(&mut mine.language, &theirs.language);
    join(&mut mine.newer, &theirs.newer);
    join(&mut mine.older, &theirs.older);
    let (mine, theirs) = (&mut child.links, &parent.links);
    join(&mut mine.article_url, &theirs.article_url);
    join(&mut mine.listing_url, &theirs.listing_url);
    join(&mut mine.feed_url, &theirs.feed_url);
    join(&mut mine.sitemap_url, &theirs.sitemap_url);
    join(&mut mine.id, &theirs.id);
    join(&mut mine.feeds, &theirs.feeds);
    join(&mut mine.sitemaps, &theirs.sitemaps);
    join(&mut mine.items, &theirs.items);
    join(&mut mine.next, &theirs.next);
    join(&mut mine.skip, &theirs.skip);
}
