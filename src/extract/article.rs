//! The article of a page: every field by its rules, in one value.

use super::adapter::{self, DateFacts};
use super::body::{Piece, pieces};
use super::images::image;
use super::rules::{Found, View, value};
use super::tail;
use crate::domain::{
    Article, Attachment, Block, BlockKind, Byline, Image, Timestamp, UrlPolicy, Warning,
};
use crate::extract::profile::{Css, Profile, Rule};
use chrono::{DateTime, Utc};
use scraper::ElementRef;
use std::collections::BTreeMap;
use url::Url;

/// What reading an article gives, complete or not.
#[derive(Default)]
pub(super) struct Reading {
    pub article: Article,
    pub rules: BTreeMap<String, String>,
    pub warnings: Vec<Warning>,
    /// Required fields that are missing.
    pub missing: Vec<String>,
}

impl Reading {
    fn won(&mut self, field: &str, rule: &Rule) {
        self.rules.insert(field.to_owned(), rule.name.clone());
        if rule.low_trust {
            self.warn(
                "low_trust",
                format!("{field} was found by rule {:?} only", rule.name),
            );
        }
    }

    fn warn(&mut self, code: &str, message: impl Into<String>) {
        self.warnings.push(Warning::new(code, message));
    }

    fn text(&mut self, field: &str, found: Option<Found<'_>>) -> Option<String> {
        let found = found?;
        self.won(field, found.rule);
        Some(found.value)
    }
}

/// Reads every field of the page.
pub(super) fn read(view: &View<'_>, url: &Url, fetched_at: DateTime<Utc>) -> Reading {
    let fields = &view.profile.fields;
    let mut out = Reading::default();
    out.article.title = out
        .text("title", view.first(&fields.title))
        .unwrap_or_default();
    let facts = DateFacts {
        zone: view.profile.timezone(),
        order: view.profile.date_order(),
        fetched_at,
    };
    out.article.published = date(&mut out, view, "published", &fields.published, &facts);
    if out.article.title.is_empty() && out.article.published.is_none() {
        // No article at all: the rest is not worth the time.
        require(&mut out, view.profile);
        return out;
    }
    out.article.modified = date(&mut out, view, "modified", &fields.modified, &facts);
    let lead = view.first(&fields.lead);
    out.article.lead = out.text("lead", lead);
    out.article.dateline = out.article.lead.as_deref().and_then(adapter::dateline);
    out.article.language = out.text("language", view.first(&fields.language));
    out.article.section = out.text("section", view.first(&fields.section));
    out.article.tags = tags(&mut out, view);
    out.article.attachments = attachments(&mut out, view, url);
    if let Some((element, rule)) = view.element(&fields.lead_image)
        && let Some(image) = lead_image(view, element, rule, url)
    {
        out.won("lead_image", rule);
        out.article.images.push(image);
    }
    let tail = body(&mut out, view, url);
    out.article.byline = byline(&mut out, view, &tail);
    require(&mut out, view.profile);
    if out.article.body.is_empty() {
        out.warn("no_body", "the article has no text below its lead");
    }
    out
}

fn require(out: &mut Reading, profile: &Profile) {
    for field in &profile.required {
        let there = match field.as_str() {
            "title" => !out.article.title.is_empty(),
            "published" => out.article.published.is_some(),
            "lead" => out.article.lead.is_some(),
            "body" => !out.article.body.is_empty(),
            _ => true,
        };
        if !there {
            out.missing.push(field.clone());
        }
    }
}

/// The first rule with a text that can be read as a date wins.
fn date<'a>(
    out: &mut Reading,
    view: &View<'a>,
    field: &str,
    rules: &'a [Rule],
    facts: &DateFacts<'_>,
) -> Option<Timestamp> {
    let mut unread: Option<String> = None;
    // Read, but without an absolute value ("2 năm trước", or rejected with a warning).
    let mut vague: Option<(Timestamp, Vec<Warning>, &Rule)> = None;
    for rule in rules {
        for element in view.elements(rule).take(8) {
            let Some(raw) = value(rule, element) else {
                continue;
            };
            if raw.len() > 400 {
                continue;
            }
            if let Some((mut time, warnings)) = adapter::date(&raw, facts) {
                time.rule.clone_from(&rule.name);
                if time.value.is_none() {
                    vague.get_or_insert((time, warnings, rule));
                    continue;
                }
                out.won(field, rule);
                out.warnings.extend(warnings);
                return Some(time);
            }
            unread.get_or_insert(raw);
        }
    }
    if let Some((time, warnings, rule)) = vague {
        out.won(field, rule);
        out.warnings.extend(warnings);
        return Some(time);
    }
    if let Some(raw) = unread {
        let raw: String = raw.chars().take(80).collect();
        out.warn(
            "date_unread",
            format!("{field}: {raw:?} could not be read as a date"),
        );
    }
    None
}

fn tags(out: &mut Reading, view: &View<'_>) -> Vec<String> {
    let found = view.all(&view.profile.fields.tags);
    if let Some(first) = found.first() {
        out.won("tags", first.rule);
    }
    let mut tags: Vec<String> = Vec::new();
    for tag in found.into_iter().take(200) {
        if !tags.contains(&tag.value) {
            tags.push(tag.value);
        }
    }
    tags
}

fn attachments(out: &mut Reading, view: &View<'_>, url: &Url) -> Vec<Attachment> {
    let found = view.all(&view.profile.fields.attachments);
    if let Some(first) = found.first() {
        out.won("attachments", first.rule);
    }
    let mut list: Vec<Attachment> = Vec::new();
    for file in found.into_iter().take(500) {
        let Some(address) = UrlPolicy::resolve(url, &file.value) else {
            continue;
        };
        let address = String::from(address);
        if list.iter().any(|known| known.url == address) {
            continue;
        }
        // The link says "Tải về: <strong>name</strong>": the name is what is set apart.
        let strong = file
            .element
            .descendent_elements()
            .find(|inner| inner.value().name() == "strong")
            .unwrap_or(file.element);
        let name = super::dom::inline_text(strong, |_| false);
        list.push(Attachment {
            url: address,
            name: (!name.is_empty()).then_some(name),
        });
    }
    list
}

/// The lead image of the element that a rule found: its first image, with the caption in it.
fn lead_image<'a>(
    view: &View<'a>,
    element: ElementRef<'a>,
    rule: &'a Rule,
    url: &Url,
) -> Option<Image> {
    if let Some(attr) = &rule.attr {
        let address = UrlPolicy::resolve(url, element.attr(attr)?)?;
        return Some(Image {
            url: address.into(),
            ..Image::default()
        });
    }
    let dropped = |at: &ElementRef<'_>| {
        rule.drop.as_ref().is_some_and(|drop| {
            at.ancestors()
                .filter_map(ElementRef::wrap)
                .any(|above| drop.matches(&above))
        })
    };
    let mut found = if element.value().name() == "img" {
        image(element, url)?
    } else {
        element
            .descendent_elements()
            .filter(|inner| inner.value().name() == "img" && !dropped(inner))
            .find_map(|inner| image(inner, url))?
    };
    if let Some(full) = &rule.full
        && let Some(address) = full_size(view, full, &found.url, url)
    {
        found.url = address;
    }
    found.caption = view
        .profile
        .caption
        .as_ref()
        .and_then(|css| element.select(css).next())
        .map(|caption| super::dom::inline_text(caption, |_| false))
        .filter(|caption| !caption.is_empty());
    Some(found)
}

/// The address of a thumb's full-size image: of the same file name, where the rule says.
fn full_size<'a>(view: &View<'a>, css: &'a Css, thumb: &str, page: &Url) -> Option<String> {
    let name = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
    let wanted = name(thumb);
    view.index
        .select(css)
        .into_iter()
        .filter_map(|at| at.attr("src").or_else(|| at.attr("content")))
        .filter_map(|text| UrlPolicy::resolve(page, text))
        .map(String::from)
        .find(|url| name(url) == wanted)
}

/// Fills in blocks and images; gives the byline lines found at the body's end, in their order.
fn body(out: &mut Reading, view: &View<'_>, url: &Url) -> Vec<String> {
    let profile = view.profile;
    let Some((element, rule)) = view.element(&profile.fields.body) else {
        credit_images(&mut out.article.images);
        return Vec::new();
    };
    out.won("body", rule);
    let mut parts = pieces(
        element,
        url,
        profile.cut.as_ref(),
        rule.drop.as_ref(),
        profile.caption.as_ref(),
    );
    let tail = tail::take(&mut parts);
    for piece in parts {
        match piece {
            Piece::Text(chunk) => out.article.body.push(Block {
                kind: chunk.kind,
                text: chunk.text,
            }),
            Piece::Caption(text) => out.article.body.push(Block {
                kind: BlockKind::Paragraph,
                text,
            }),
            Piece::Image(image, _) => add_image(&mut out.article.images, image),
        }
    }
    credit_images(&mut out.article.images);
    tail
}

/// Adds an image unless it is there already; its caption is kept either way.
fn add_image(images: &mut Vec<Image>, image: Image) {
    match images.iter_mut().find(|known| known.url == image.url) {
        Some(known) => {
            if known.caption.is_none() {
                known.caption = image.caption;
            }
        }
        None => images.push(image),
    }
}

fn credit_images(images: &mut [Image]) {
    for image in images {
        image.credit = image.caption.as_deref().and_then(adapter::credit);
    }
}

/// The author line, the source line, and what the body's end says.
fn byline(out: &mut Reading, view: &View<'_>, tail: &[String]) -> Option<Byline> {
    let fields = &view.profile.fields;
    let author = view.first(&fields.author);
    let author = out.text("author", author);
    let source = view.first(&fields.source);
    let source = out.text("source", source);
    if !tail.is_empty() {
        out.rules
            .insert("byline".to_owned(), "body-tail".to_owned());
    }
    let tail: Vec<&str> = tail.iter().map(String::as_str).collect();
    adapter::byline(author.as_deref(), source.as_deref(), &tail)
}
