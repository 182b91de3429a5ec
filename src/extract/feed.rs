//! Feeds and sitemaps: the links in them, and nothing else (NukeViet's `pubDate` is wrong).
//!
//! Broken XML gives what was read before the fault, with a warning.

use super::links::Links;
use super::profile::UrlClass;
use crate::domain::{LinkKind, UrlPolicy, Warning};
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use url::Url;

/// Twice what one sitemap may hold (sitemaps.org, "Sitemap file requirements").
const MAX_LOCATIONS: usize = 100_000;

/// What a document is by its first element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Xml {
    Feed,
    Sitemap,
    SitemapIndex,
}

/// Looks at the beginning of a text.
pub(super) fn sniff(text: &str) -> Option<Xml> {
    let mut head = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    // Skip the declaration, comments, the doctype and stylesheets.
    for _ in 0..16 {
        let skip = if head.starts_with("<!--") {
            head.find("-->").map(|at| at + 3)
        } else if head.starts_with("<?") || head.starts_with("<!") {
            head.find('>').map(|at| at + 1)
        } else {
            break;
        };
        head = head.get(skip?..)?.trim_start();
    }
    let name = head.strip_prefix('<')?;
    let name = name.split([' ', '>', '\n', '\r', '\t', '/']).next()?;
    match name.rsplit(':').next()? {
        "rss" | "feed" | "RDF" => Some(Xml::Feed),
        "urlset" => Some(Xml::Sitemap),
        "sitemapindex" => Some(Xml::SitemapIndex),
        _ => None,
    }
}

/// Reads a feed's items into `links`.
pub(super) fn feed(text: &str, page: &Url, links: &mut Links<'_>) -> Vec<Warning> {
    let found: Option<Vec<String>> = feed_rs::parser::Builder::new()
        .base_uri(Some(page.as_str()))
        .build()
        .parse(text.as_bytes())
        .ok()
        .map(|feed| {
            feed.entries
                .into_iter()
                .filter_map(|entry| {
                    entry
                        .links
                        .into_iter()
                        .find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"))
                })
                .map(|link| link.href)
                .collect()
        });
    let (hrefs, warnings) = match found {
        Some(hrefs) if !hrefs.is_empty() => (hrefs, Vec::new()),
        _ => {
            let (hrefs, mut faults) = locations(text, &["item", "entry"], "link");
            if faults.is_empty() {
                faults.push(Warning::new("broken_xml", "the feed is damaged or empty"));
            }
            (hrefs, faults)
        }
    };
    for href in hrefs {
        if let Some(known) = links.resolve(&href) {
            links.push(known.url.as_str(), LinkKind::Item);
        }
    }
    warnings
}

/// Reads a sitemap's or an index's addresses into `links`.
pub(super) fn sitemap(
    text: &str,
    kind: Xml,
    policy: &UrlPolicy,
    links: &mut Links<'_>,
) -> Vec<Warning> {
    let parent = if kind == Xml::SitemapIndex {
        "sitemap"
    } else {
        "url"
    };
    links.take_at_most(MAX_LOCATIONS);
    let (hrefs, warnings) = locations(text, &[parent], "loc");
    for href in hrefs {
        let Some(known) = links.resolve(&href) else {
            continue;
        };
        if !policy.is_own(&known.url) {
            continue;
        }
        let kind = match (kind, known.class) {
            (Xml::SitemapIndex, _) | (_, UrlClass::Sitemap) => LinkKind::Sitemap,
            (_, UrlClass::Article) => LinkKind::Article,
            (_, UrlClass::Listing) => LinkKind::Listing,
            (_, UrlClass::Feed) => LinkKind::Feed,
            (_, UrlClass::Skip(_)) => LinkKind::Skip,
            (_, UrlClass::Other) => continue,
        };
        links.push(known.url.as_str(), kind);
    }
    warnings
}

/// The texts (or `href`s) of the elements called `name` directly inside one of `parents`.
fn locations(text: &str, parents: &[&str], name: &str) -> (Vec<String>, Vec<Warning>) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut out: Vec<String> = Vec::new();
    let mut inside = false;
    let mut wanted: Option<String> = None;
    let mut faults: Vec<Warning> = Vec::new();
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(why) => {
                faults.push(Warning::new(
                    "broken_xml",
                    format!(
                        "at byte {}: {why}; what stands before was read",
                        reader.error_position()
                    ),
                ));
                break;
            }
        };
        match event {
            Event::Eof => break,
            Event::Start(start) => {
                let full = start.name();
                let tag = full.as_ref();
                if parents.iter().any(|parent| **parent == *tag) {
                    inside = true;
                } else if inside && tag == name {
                    match href(&start) {
                        Some(href) => out.push(href),
                        None => wanted = Some(String::new()),
                    }
                }
            }
            Event::Empty(start) if inside && start.name().as_ref() == name => {
                out.extend(href(&start));
            }
            Event::End(end) => {
                if parents
                    .iter()
                    .any(|parent| **parent == *end.name().as_ref())
                {
                    inside = false;
                }
                if let Some(text) = wanted.take() {
                    let text = text.trim();
                    if !text.is_empty() {
                        out.push(text.to_owned());
                    }
                }
            }
            Event::Text(part) => {
                if let Some(text) = &mut wanted {
                    text.push_str(&part);
                }
            }
            Event::CData(part) => {
                if let Some(text) = &mut wanted {
                    text.push_str(&part);
                }
            }
            Event::GeneralRef(entity) => {
                if let Some(text) = &mut wanted {
                    match &*entity {
                        "amp" => text.push('&'),
                        "lt" => text.push('<'),
                        "gt" => text.push('>'),
                        "quot" => text.push('"'),
                        "apos" => text.push('\''),
                        _ => {
                            if let Ok(Some(c)) = entity.resolve_char_ref() {
                                text.push(c);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
        if out.len() >= MAX_LOCATIONS {
            break;
        }
    }
    (out, faults)
}

fn href(start: &quick_xml::events::BytesStart<'_>) -> Option<String> {
    let attribute = start.try_get_attribute("href").ok()??;
    let text = attribute.value.replace("&amp;", "&");
    Some(text)
}
