//! From the written profile to compiled selectors and regular expressions.

use super::css::ends;
use super::error::{ProfileError, line_of};
use super::raw::{RawNotArticle, RawProfile, RawRule, Text};
use super::{
    Css, Fields, Forms, Listing, NotArticleRule, Pick, Profile, Rule, Scope, SkipKind, UrlClass,
};
use crate::domain::{Digest, NotArticle};
use chrono::{FixedOffset, NaiveDate};
use regex::Regex;
use regex::bytes::{RegexSet, RegexSetBuilder};
use scraper::Selector;
use std::cell::RefCell;
use std::collections::HashMap;

/// A source file: what messages name.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub file: String,
    pub text: String,
}

/// Compiles texts of one profile (and, after inheritance, of its ancestors: messages about
/// those were given when they were compiled themselves).
struct Compiler<'a> {
    source: &'a Source,
    known: &'a RefCell<Known>,
}

/// Regular expressions that were compiled already: a family inherits most of them, and compiling
/// them is most of the program's start.
#[derive(Debug, Default)]
pub(super) struct Known {
    one: HashMap<String, Regex>,
    sets: HashMap<Vec<String>, RegexSet>,
}

type Result<T> = std::result::Result<T, ProfileError>;

/// Reads the TOML.
pub(super) fn read(source: &Source) -> Result<RawProfile> {
    let raw: RawProfile = toml::from_str(&source.text).map_err(|why| ProfileError {
        file: source.file.clone(),
        line: why.span().map(|span| line_of(&source.text, span.start)),
        what: why.message().lines().collect::<Vec<_>>().join(" "),
        instead: "write a key of the vocabulary in selectors/README.md".to_owned(),
    })?;
    if raw.name.is_empty() {
        return Err(ProfileError {
            file: source.file.clone(),
            line: None,
            what: "the profile has no name".to_owned(),
            instead: "write name = \"...\" at the top".to_owned(),
        });
    }
    Ok(raw)
}

/// Compiles a resolved profile. `content` is everything that it was resolved from.
pub(super) fn compile(
    raw: &RawProfile,
    source: &Source,
    content: &str,
    known: &RefCell<Known>,
) -> Result<Profile> {
    let c = Compiler { source, known };
    let timezone = match &raw.timezone {
        None => FixedOffset::east_opt(7 * 3600),
        Some(text) => Some(c.offset(text)?),
    };
    let fields = &raw.fields;
    let rules = |list: &Vec<RawRule>| {
        list.iter()
            .map(|rule| c.rule(rule))
            .collect::<Result<Vec<_>>>()
    };
    for field in &raw.required {
        if !REQUIRABLE.contains(&field.get_ref().as_str()) {
            return Err(c.error(field, "this field cannot be required", &one_of(REQUIRABLE)));
        }
    }
    Ok(Profile {
        name: raw.name.clone(),
        hash: Digest::of(content),
        variants: raw.variants.iter().map(|v| v.get_ref().clone()).collect(),
        valid_from: c.date(raw.valid_from.as_ref())?,
        valid_until: c.date(raw.valid_until.as_ref())?,
        timezone: timezone.unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc)),
        date_order: c
            .one(raw.date_order.as_ref(), &["dmy", "mdy", "ymd"])?
            .unwrap_or("dmy".to_owned()),
        drop_params: raw.drop_params.clone(),
        required: raw
            .required
            .iter()
            .map(|field| field.get_ref().clone())
            .collect(),
        detect: c.indexed(&raw.detect.css)?,
        wrapper: c.each_css(&raw.wrapper)?,
        cut: c.any(&raw.cut)?,
        caption: c.any(&raw.caption)?,
        fields: Fields {
            title: rules(&fields.title)?,
            published: rules(&fields.published)?,
            modified: rules(&fields.modified)?,
            lead: rules(&fields.lead)?,
            lead_image: rules(&fields.lead_image)?,
            body: rules(&fields.body)?,
            author: rules(&fields.author)?,
            source: rules(&fields.source)?,
            tags: rules(&fields.tags)?,
            attachments: rules(&fields.attachments)?,
            section: rules(&fields.section)?,
            language: rules(&fields.language)?,
            newer: rules(&fields.newer)?,
            older: rules(&fields.older)?,
        },
        listing: Listing {
            items: rules(&raw.links.items)?,
            next: rules(&raw.links.next)?,
        },
        forms: c.forms(raw)?,
        id: raw
            .links
            .id
            .iter()
            .map(|id| c.regex(id))
            .collect::<Result<_>>()?,
        feeds: raw.links.feeds.clone(),
        sitemaps: raw.links.sitemaps.clone(),
        not_article: raw
            .not_article
            .iter()
            .map(|rule| c.not_article(rule))
            .collect::<Result<_>>()?,
        memo: Default::default(),
    })
}

const REQUIRABLE: &[&str] = &["title", "published", "lead", "body"];
const SKIPS: &[&str] = &["print", "savefile", "sendmail", "theme", "other"];
const KINDS: &[&str] = &[
    "flood",
    "soft404",
    "home",
    "cookie_stub",
    "login",
    "view",
    "page",
];

fn one_of(words: &[&str]) -> String {
    format!("write one of {}", words.join(", "))
}

impl Compiler<'_> {
    fn error(&self, at: &Text, what: &str, instead: &str) -> ProfileError {
        ProfileError {
            file: self.source.file.clone(),
            line: Some(line_of(&self.source.text, at.span().start)),
            what: format!("{:?}: {what}", at.get_ref()),
            instead: instead.to_owned(),
        }
    }

    fn css(&self, text: &Text) -> Result<Selector> {
        Selector::parse(text.get_ref()).map_err(|why| {
            self.error(
                text,
                &format!("not a CSS selector ({why})"),
                "write one as in \"div.hometext[itemprop=description]\"",
            )
        })
    }

    fn each(&self, texts: &[Text]) -> Result<Vec<Selector>> {
        texts.iter().map(|text| self.css(text)).collect()
    }

    /// One selector for a list of alternatives.
    fn any(&self, texts: &[Text]) -> Result<Option<Selector>> {
        self.each(texts)?;
        let list: Vec<&str> = texts.iter().map(|text| text.get_ref().as_str()).collect();
        Ok(Selector::parse(&list.join(", ")).ok())
    }

    /// One selector for a list of alternatives, with what it selects must have.
    fn indexed(&self, texts: &[Text]) -> Result<Option<Css>> {
        let list: Vec<&str> = texts.iter().map(|text| text.get_ref().as_str()).collect();
        Ok(self.any(texts)?.map(|selector| Css {
            selector,
            ends: ends(&list.join(",")),
        }))
    }

    fn regex(&self, text: &Text) -> Result<Regex> {
        if let Some(known) = self.known.borrow().one.get(text.get_ref()) {
            return Ok(known.clone());
        }
        let regex = Regex::new(text.get_ref()).map_err(|why| {
            let why = why.to_string();
            let why = why.lines().last().unwrap_or_default().to_owned();
            self.error(
                text,
                &format!("not a regular expression ({why})"),
                "write one in the syntax of https://docs.rs/regex, without look-around",
            )
        })?;
        let mut known = self.known.borrow_mut();
        known.one.insert(text.get_ref().clone(), regex.clone());
        Ok(regex)
    }

    /// The forms of URLs, in the order in which they decide.
    fn forms(&self, raw: &RawProfile) -> Result<Forms> {
        let links = &raw.links;
        let mut list: Vec<(&Text, UrlClass)> = Vec::new();
        for skip in &links.skip {
            list.push((&skip.regex, UrlClass::Skip(self.skip_kind(&skip.name)?)));
        }
        for (texts, class) in [
            (&links.sitemap_url, UrlClass::Sitemap),
            (&links.feed_url, UrlClass::Feed),
            (&links.article_url, UrlClass::Article),
            (&links.listing_url, UrlClass::Listing),
        ] {
            list.extend(texts.iter().map(|text| (text, class)));
        }
        Ok(Forms {
            set: self.set(&list)?,
            classes: list.into_iter().map(|(_, class)| class).collect(),
        })
    }

    fn set(&self, list: &[(&Text, UrlClass)]) -> Result<RegexSet> {
        let texts: Vec<String> = list.iter().map(|(t, _)| t.get_ref().clone()).collect();
        if let Some(known) = self.known.borrow().sets.get(&texts) {
            return Ok(known.clone());
        }
        // URLs are ASCII: without Unicode's tables the set is smaller and faster. What asks for
        // them (`\p{L}`) gets them.
        let build = |unicode| RegexSetBuilder::new(&texts).unicode(unicode).build();
        let set = build(false).or_else(|_| build(true)).or_else(|why| {
            // Which one it is, with its line.
            for (text, _) in list {
                self.regex(text)?;
            }
            Err(ProfileError {
                file: self.source.file.clone(),
                line: None,
                what: why.to_string(),
                instead: "write fewer or shorter regular expressions".to_owned(),
            })
        })?;
        self.known.borrow_mut().sets.insert(texts, set.clone());
        Ok(set)
    }

    fn one(&self, text: Option<&Text>, words: &[&str]) -> Result<Option<String>> {
        match text {
            Some(text) if !words.contains(&text.get_ref().as_str()) => {
                Err(self.error(text, "unknown word", &one_of(words)))
            }
            other => Ok(other.map(|text| text.get_ref().clone())),
        }
    }

    fn date(&self, text: Option<&Text>) -> Result<Option<NaiveDate>> {
        text.map(|text| {
            text.get_ref()
                .parse()
                .map_err(|_| self.error(text, "not a date", "write it as in \"2024-12-31\""))
        })
        .transpose()
    }

    fn offset(&self, text: &Text) -> Result<FixedOffset> {
        text.get_ref()
            .parse()
            .map_err(|_| self.error(text, "not an offset from UTC", "write it as in \"+07:00\""))
    }

    fn skip_kind(&self, text: &Text) -> Result<SkipKind> {
        Ok(match text.get_ref().as_str() {
            "print" => SkipKind::Print,
            "savefile" => SkipKind::SaveFile,
            "sendmail" => SkipKind::SendMail,
            "theme" => SkipKind::Theme,
            "other" => SkipKind::Other,
            _ => return Err(self.error(text, "unknown kind of skip", &one_of(SKIPS))),
        })
    }

    fn each_css(&self, texts: &[Text]) -> Result<Vec<Css>> {
        texts.iter().map(|text| self.named_css(text)).collect()
    }

    fn named_css(&self, text: &Text) -> Result<Css> {
        Ok(Css {
            selector: self.css(text)?,
            ends: ends(text.get_ref()),
        })
    }

    fn rule(&self, raw: &RawRule) -> Result<Rule> {
        let pick = self.one(raw.pick.as_ref(), &["first", "last", "all"])?;
        let scope = self.one(raw.scope.as_ref(), &["article", "page"])?;
        let trust = self.one(raw.trust.as_ref(), &["high", "low"])?;
        Ok(Rule {
            name: raw.name.clone(),
            css: self.named_css(&raw.css)?,
            attr: raw.attr.clone(),
            regex: raw
                .regex
                .as_ref()
                .map(|text| self.regex(text))
                .transpose()?,
            drop: self.any(&raw.drop)?,
            full: raw
                .full
                .as_ref()
                .map(|css| self.named_css(css))
                .transpose()?,
            split: raw
                .split
                .as_ref()
                .map(|text| self.regex(text))
                .transpose()?,
            label: raw.label.iter().map(|text| super::fold(text)).collect(),
            heading: raw.heading.iter().map(|text| super::fold(text)).collect(),
            pick: match pick.as_deref() {
                Some("last") => Pick::Last,
                Some("all") => Pick::All,
                _ => Pick::First,
            },
            scope: match scope.as_deref() {
                Some("page") => Scope::Page,
                _ => Scope::Article,
            },
            low_trust: trust.as_deref() == Some("low"),
        })
    }

    fn not_article(&self, raw: &RawNotArticle) -> Result<NotArticleRule> {
        if raw.css.is_empty() && raw.title.is_none() && raw.text.is_none() {
            return Err(self.error(
                &raw.kind,
                "this rule has no condition",
                "write css, title or text",
            ));
        }
        Ok(NotArticleRule {
            kind: match raw.kind.get_ref().as_str() {
                "flood" => NotArticle::Flood,
                "soft404" => NotArticle::Soft404,
                "home" => NotArticle::Home,
                "cookie_stub" => NotArticle::CookieStub,
                "login" => NotArticle::Login,
                "view" => NotArticle::View,
                "page" => NotArticle::Page,
                _ => return Err(self.error(&raw.kind, "unknown kind", &one_of(KINDS))),
            },
            css: self.indexed(&raw.css)?,
            title: raw
                .title
                .as_ref()
                .map(|text| self.regex(text))
                .transpose()?,
            text: raw.text.as_ref().map(|text| self.regex(text)).transpose()?,
            always: raw.always,
        })
    }
}
