//! Tells pages that are no articles apart: flood pages, stubs, soft 404s, views.

use super::profile::NotArticleRule;
use super::rules::View;
use crate::domain::NotArticle;
use memchr::memmem;

/// A page larger than this is no stub.
const STUB: usize = 8 * 1024;

/// A tiny page whose only purpose is to set a cookie (in a script or, `sets_cookie`, in its
/// headers) and load again.
pub(super) fn is_cookie_stub(html: &str, sets_cookie: bool) -> bool {
    if html.len() > STUB {
        return false;
    }
    let bytes = html.as_bytes();
    let has = |needle: &str| memmem::find(bytes, needle.as_bytes()).is_some();
    let scripted = has("document.cookie");
    if !(scripted || sets_cookie) || has("floodblocker") || has("itemprop") {
        return false;
    }
    let reloads = RELOADS.iter().any(|word| has(word))
        || html.to_ascii_lowercase().contains("http-equiv=\"refresh");
    reloads && !shows_text(html)
}

/// What scripts write to load a page again.
const RELOADS: [&str; 5] = [
    "location.reload",
    "location.href",
    "location.replace",
    "location=",
    "location =",
];

/// Whether a small page says more than a few words ("Redirecting...").
fn shows_text(html: &str) -> bool {
    let (tree, _) = super::dom::parse(html);
    let mut shown = 0;
    for part in tree.root_element().text() {
        shown += part.chars().filter(|c| !super::dom::blank(*c)).count();
    }
    shown > 120
}

/// The first rule of the profile that fits: those marked `always`, or the others.
pub(super) fn not_article(view: &View<'_>, always: bool) -> Option<NotArticle> {
    let rules = view
        .profile
        .not_article
        .iter()
        .filter(|rule| rule.always == always);
    let mut title: Option<String> = None;
    let mut text: Option<String> = None;
    rules
        .into_iter()
        .find(|rule| fits(rule, view, &mut title, &mut text))
        .map(|rule| rule.kind)
}

/// Text of a page that a rule may look at, in bytes: a longer page that merely mentions the words
/// is no such page.
const TEXT: usize = 4_000;

fn fits(
    rule: &NotArticleRule,
    view: &View<'_>,
    title: &mut Option<String>,
    text: &mut Option<String>,
) -> bool {
    let css = rule.css.as_ref().is_some_and(|css| view.index.has(css));
    if css {
        return true;
    }
    if let Some(wanted) = &rule.title {
        let title = title.get_or_insert_with(|| page_title(view));
        if wanted.is_match(title) {
            return true;
        }
    }
    if let Some(wanted) = &rule.text {
        let text = text.get_or_insert_with(|| {
            let mut out = String::with_capacity(TEXT + 1000);
            for part in view.root().text() {
                if out.len() >= TEXT {
                    break;
                }
                out.push_str(part.trim());
                out.push(' ');
            }
            out
        });
        return text.len() < TEXT && wanted.is_match(text);
    }
    false
}

fn page_title(view: &View<'_>) -> String {
    view.root()
        .descendent_elements()
        .find(|element| element.value().name() == "title")
        .map(|title| super::dom::inline_text(title, |_| false))
        .unwrap_or_default()
}
