//! From the written profile to compiled selectors and regular expressions.

use super::error::{ProfileError, line_of};
use super::raw::{RawNotArticle, RawProfile, RawRule, Text};
use super::{
    Css, CssEnd, Fields, Forms, Listing, NotArticleRule, Pick, Profile, Rule, Scope, SkipKind,
    UrlClass,
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
const KINDS: &[&str] = &["flood", "soft404", "home", "cookie_stub", "login", "view"];

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

/// What stands at the end of a selector's alternatives ("ul.x a[href], h2 > a.y" gives "a" and "a"
/// with the class "y"); empty when one of them has no name, or when the text is not simple enough
/// to tell.
fn ends(css: &str) -> Vec<CssEnd> {
    let mut out: Vec<CssEnd> = Vec::new();
    // Brackets may hold commas and spaces: nothing in them names an element.
    let mut bare = String::new();
    let mut depth = 0_usize;
    for c in css.chars() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    for part in bare.split(',') {
        let last = part
            .trim()
            .rsplit([' ', '>', '+', '~'])
            .next()
            .unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let last = last.strip_prefix('*').unwrap_or(last);
        let end = last.find(|c| !plain(c)).unwrap_or(last.len());
        let (name, rest) = last.split_at_checked(end).unwrap_or_default();
        if !rest.is_empty() && !rest.starts_with(['.', '#', ':']) {
            return Vec::new();
        }
        let first = |sign: char| {
            let rest = rest.strip_prefix(sign)?;
            let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
            // Escapes are not read here.
            let (word, behind) = rest.split_at_checked(end)?;
            let whole = behind.is_empty() || behind.starts_with(['.', '#', ':']);
            (whole && !word.is_empty()).then(|| word.to_owned())
        };
        let end = CssEnd {
            class: first('.'),
            id: first('#'),
            name: (!name.is_empty()).then(|| name.to_ascii_lowercase()),
        };
        if end == CssEnd::default() {
            return Vec::new();
        }
        if !out.contains(&end) {
            out.push(end);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{CssEnd, ends};
    use crate::extract::profile::Css;
    use scraper::{Html, Selector};

    fn names(css: &str) -> Vec<String> {
        ends(css).into_iter().filter_map(|end| end.name).collect()
    }

    #[test]
    fn the_last_names_of_a_selector() {
        assert_eq!(names("ul.related"), ["ul"]);
        assert_eq!(
            names(".x h2 a[href], .y > a:has(> h2), a[title='b, c d']"),
            ["a"]
        );
        assert_eq!(names("h1[itemprop=headline], H2"), ["h1", "h2"]);
        assert_eq!(names("div, .caption"), ["div"]);
        for any in ["*", "div, *", "div, [title]", ":not(p)", "svg|a", "p, \\70"] {
            assert!(ends(any).is_empty(), "{any}");
        }
    }

    #[test]
    fn the_last_classes_of_a_selector() {
        let class = |css: &str| ends(css).into_iter().map(|CssEnd { class, .. }| class);
        let classes = |css: &str| class(css).collect::<Vec<_>>();
        assert_eq!(
            classes("a.b ul.related-x.y"),
            [Some("related-x".to_owned())]
        );
        assert_eq!(classes("ul.x:not(.y), em"), [Some("x".to_owned()), None]);
        assert_eq!(
            classes("ul#x.y, div.a\\:b, p[class=x]"),
            [const { None }; 3]
        );
        assert_eq!(classes(".x > *.y, .z"), ["y", "z"].map(|c| Some(c.into())));
        let id = |css: &str| ends(css).into_iter().next().and_then(|end| end.id);
        assert_eq!(id("ul#x.y").as_deref(), Some("x"));
        assert_eq!(id("#a-b").as_deref(), Some("a-b"));
        assert_eq!(id("p.y#x"), None);
    }

    #[test]
    fn what_is_asked_first_changes_nothing() {
        let page = "<div class='a b'><p class=a-b id=x>1</p><p class='&#97;'>2</p><em>3</em>\
                    <ul class='x a\ny'><li class=A>4<li class=aa>5</ul></div><my-tag class=x>6</my-tag>";
        let html = Html::parse_document(page);
        for css in [
            "p.a",
            "p.a-b",
            "div.a.b",
            "div.b.c",
            "li.a",
            "li.A, em",
            "ul.y, ul.z",
            "div.a p",
            "p.a ~ em",
            "p:not(.a)",
            "ul.a > li.aa",
            "em:has(p.a)",
            "P.a",
            "p.b, *",
            ".a",
            ".a-b#x",
            "p#x, .y",
            "*.b",
            "#x ~ .a",
            "div #X",
            ".aa, em",
            "my-tag.x",
            "em, my-tag",
        ] {
            let css = Css {
                selector: Selector::parse(css).unwrap(),
                ends: ends(css),
            };
            for element in html.root_element().descendent_elements() {
                assert_eq!(css.matches(&element), css.selector.matches(&element));
            }
        }
    }
}
