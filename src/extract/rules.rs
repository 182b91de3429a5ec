//! Applies a profile's rules to a parsed page: element in, value out.
//!
//! Knows nothing about what the values mean; `article` and `links` do.

use super::dom::inline_text;
use super::profile::{Css, CssEnd, Pick, Profile, Rule, Scope, fold};
use scraper::{ElementRef, Html};

/// Names by which elements are looked up; profiles select these most.
const INDEXED: [&str; 8] = ["a", "ul", "link", "meta", "div", "em", "base", "area"];

/// The elements of a page by name, collected in one walk.
pub(super) struct Index<'a> {
    page: &'a Html,
    lists: [Vec<ElementRef<'a>>; INDEXED.len()],
}

impl<'a> Index<'a> {
    /// Walks the page.
    pub fn new(page: &'a Html) -> Self {
        let mut lists: [Vec<ElementRef<'a>>; INDEXED.len()] = Default::default();
        for element in page.tree.nodes().filter_map(ElementRef::wrap) {
            let name = element.value().name();
            let at = INDEXED.iter().position(|known| *known == name);
            if let Some(list) = at.and_then(|at| lists.get_mut(at)) {
                list.push(element);
            }
        }
        Self { page, lists }
    }

    /// The elements called `name`, in the order of the source; `None` for names that are not
    /// indexed.
    pub fn named(&self, name: &str) -> Option<&[ElementRef<'a>]> {
        let at = INDEXED.iter().position(|known| *known == name)?;
        self.lists.get(at).map(Vec::as_slice)
    }

    /// The elements that a selector selects, in the page's order.
    pub fn select(&self, css: &'a Css) -> Vec<ElementRef<'a>> {
        let name = match css.ends.as_slice() {
            [first, others @ ..] if others.iter().all(|end| end.name == first.name) => {
                self.named(&first.name)
            }
            _ => None,
        };
        match name {
            Some(named) => named
                .iter()
                .filter(|element| css.matches(element))
                .copied()
                .collect(),
            None => self.page.select(&css.selector).collect(),
        }
    }

    /// Whether a selector selects anything.
    pub fn has(&self, css: &Css) -> bool {
        let named = |end: &CssEnd| self.named(&end.name);
        if !css.ends.is_empty() && css.ends.iter().all(|end| named(end).is_some()) {
            return css.ends.iter().any(|end| {
                named(end)
                    .unwrap_or_default()
                    .iter()
                    .any(|element| css.matches(element))
            });
        }
        self.page.select(&css.selector).next().is_some()
    }
}

/// A page under one profile.
pub(super) struct View<'a> {
    pub index: &'a Index<'a>,
    pub profile: &'a Profile,
    /// The article's wrapper, where there is one.
    pub article: Option<ElementRef<'a>>,
}

/// A value and the rule that found it.
pub(super) struct Found<'a> {
    pub value: String,
    pub rule: &'a Rule,
    pub element: ElementRef<'a>,
}

impl<'a> View<'a> {
    /// Looks for the wrapper.
    pub fn new(index: &'a Index<'a>, profile: &'a Profile) -> Self {
        let article = profile
            .wrapper
            .iter()
            .find_map(|css| index.page.select(css).next());
        Self {
            index,
            profile,
            article,
        }
    }

    /// The page's root element.
    pub fn root(&self) -> ElementRef<'a> {
        self.index.page.root_element()
    }

    /// The elements that a rule's `css` (and `heading`) select, in the page's order.
    pub fn elements(&self, rule: &'a Rule) -> Box<dyn Iterator<Item = ElementRef<'a>> + 'a> {
        let heading = move |element: &ElementRef<'a>| {
            rule.heading.is_empty() || under_heading(*element, &rule.heading)
        };
        match self.article {
            Some(article) if rule.scope == Scope::Article => {
                Box::new(article.select(&rule.css.selector).filter(heading))
            }
            _ => Box::new(self.index.select(&rule.css).into_iter().filter(heading)),
        }
    }

    /// The first rule with a value wins.
    pub fn first(&self, rules: &'a [Rule]) -> Option<Found<'a>> {
        rules.iter().find_map(|rule| {
            let mut values = self.elements(rule).filter_map(|element| {
                Some(Found {
                    value: value(rule, element)?,
                    rule,
                    element,
                })
            });
            match rule.pick {
                Pick::Last => values.last(),
                Pick::First | Pick::All => values.next(),
            }
        })
    }

    /// All values of the first rule that has any.
    pub fn all(&self, rules: &'a [Rule]) -> Vec<Found<'a>> {
        for rule in rules {
            let mut values: Vec<Found<'a>> = self
                .elements(rule)
                .filter_map(|element| {
                    Some(Found {
                        value: value(rule, element)?,
                        rule,
                        element,
                    })
                })
                .collect();
            match rule.pick {
                Pick::First => values.truncate(1),
                Pick::Last => values = values.pop().into_iter().collect(),
                Pick::All => {}
            }
            if !values.is_empty() {
                return values;
            }
        }
        Vec::new()
    }

    /// The first element that any of the rules selects.
    pub fn element(&self, rules: &'a [Rule]) -> Option<(ElementRef<'a>, &'a Rule)> {
        rules
            .iter()
            .find_map(|rule| self.elements(rule).next().map(|element| (element, rule)))
    }
}

/// The value that a rule takes from an element.
pub(super) fn value(rule: &Rule, element: ElementRef<'_>) -> Option<String> {
    let mut text = if let Some(attr) = &rule.attr {
        if !rule.label.is_empty() {
            labelled(&text_of(rule, element), &rule.label)?;
        }
        element.attr(attr)?.trim().to_owned()
    } else if rule.label.is_empty() {
        text_of(rule, element)
    } else {
        let rest = labelled(&text_of(rule, element), &rule.label)?;
        if rest.is_empty() {
            image_text(element)?
        } else {
            rest
        }
    };
    if let Some(regex) = &rule.regex {
        let found = regex.captures(&text)?;
        text = found.get(1).or(found.get(0))?.as_str().trim().to_owned();
    }
    if let Some(split) = &rule.split {
        text = split
            .split(&text)
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
    }
    (!text.is_empty()).then_some(text)
}

/// The element's text; a script's as it stands.
fn text_of(rule: &Rule, element: ElementRef<'_>) -> String {
    if element.value().name() == "script" {
        return element.text().collect();
    }
    match &rule.drop {
        Some(drop) => inline_text(element, |inner| drop.matches(&inner)),
        None => inline_text(element, |_| false),
    }
}

/// What an image says in place of text (a source's logo).
fn image_text(element: ElementRef<'_>) -> Option<String> {
    element
        .descendent_elements()
        .filter(|inner| inner.value().name() == "img")
        .find_map(|image| image.attr("alt").or(image.attr("title")))
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// The text after one of the labels; the text may also be the label alone.
fn labelled(text: &str, labels: &[String]) -> Option<String> {
    if let Some((label, rest)) = text.split_once([':', '：']) {
        let label = fold(label);
        if labels.contains(&label) {
            return Some(rest.trim().to_owned());
        }
    }
    // Labels are short: do not fold whole paragraphs.
    (text.len() < 64 && labels.contains(&fold(text))).then(String::new)
}

/// How far up and back a heading is looked for.
const CLIMB: usize = 3;
const BACK: usize = 6;

/// Whether the nearest text before the element, beside it or beside one of its nearest
/// ancestors, is one of the headings.
fn under_heading(element: ElementRef<'_>, headings: &[String]) -> bool {
    let mut at = *element;
    for _ in 0..CLIMB {
        for before in at.prev_siblings().take(BACK) {
            let text = match ElementRef::wrap(before) {
                Some(before) if before.value().name() == "ul" => return false,
                Some(before) => {
                    let mut text = String::new();
                    for part in before.text() {
                        text.push_str(part);
                        if text.len() > 400 {
                            return false;
                        }
                    }
                    text
                }
                None => before
                    .value()
                    .as_text()
                    .map(|text| text.to_string())
                    .unwrap_or_default(),
            };
            let text = fold(&text);
            if !text.is_empty() {
                return headings.contains(&text);
            }
        }
        match at.parent() {
            Some(parent) => at = parent,
            None => return false,
        }
    }
    false
}
