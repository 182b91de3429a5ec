//! Applies a profile's rules to a parsed page: element in, value out.
//!
//! Knows nothing about what the values mean; `article` and `links` do.

use super::dom::inline_text;
use super::profile::{Css, CssEnd, Pick, Profile, Rule, Scope, fold};
use scraper::{ElementRef, Html};

/// The elements of one name.
struct Named<'a> {
    name: &'a str,
    elements: Vec<ElementRef<'a>>,
    seen: Seen,
}

/// The values of the `class` and `id` attributes of some elements, a line each: one look tells
/// that none of them has a class.
#[derive(Default)]
struct Seen {
    classes: String,
    ids: String,
}

impl Seen {
    fn add(&mut self, element: ElementRef<'_>) {
        for (name, value) in element.value().attrs() {
            let text = match name {
                "class" => &mut self.classes,
                "id" => &mut self.ids,
                _ => continue,
            };
            text.push_str(value);
            text.push('\n');
        }
    }

    fn may_have(&self, end: &CssEnd) -> bool {
        let has = |text: &str, part: &Option<String>| {
            part.as_ref()
                .is_none_or(|part| memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some())
        };
        has(&self.classes, &end.class) && has(&self.ids, &end.id)
    }
}

/// The elements of a page by name, collected in one walk.
pub(super) struct Index<'a> {
    page: &'a Html,
    lists: Vec<Named<'a>>,
}

impl<'a> Index<'a> {
    /// Walks the page.
    pub fn new(page: &'a Html) -> Self {
        let mut lists: Vec<Named<'a>> = Vec::with_capacity(32);
        for element in page.tree.nodes().filter_map(ElementRef::wrap) {
            let name = element.value().name();
            let known = lists.iter_mut().find(|named| named.name == name);
            let named = match known {
                Some(named) => named,
                None => {
                    lists.push(Named {
                        name,
                        elements: Vec::new(),
                        seen: Seen::default(),
                    });
                    let Some(last) = lists.last_mut() else {
                        continue;
                    };
                    last
                }
            };
            named.elements.push(element);
            named.seen.add(element);
        }
        Self { page, lists }
    }

    /// The elements called `name`, in the order of the source.
    pub fn named(&self, name: &str) -> &[ElementRef<'a>] {
        let named = self.lists.iter().find(|named| named.name == name);
        named.map_or(&[], |named| &named.elements)
    }

    /// The elements among which are all that a selector selects; those of one name are in the
    /// order of the source.
    fn candidates(&self, css: &Css) -> impl Iterator<Item = &Named<'a>> {
        let may = |named: &&Named<'a>| {
            let end = |end: &CssEnd| {
                end.name.as_ref().is_none_or(|name| name == named.name) && named.seen.may_have(end)
            };
            css.ends.is_empty() || css.ends.iter().any(end)
        };
        self.lists.iter().filter(may)
    }

    /// The elements that a selector selects, in the page's order.
    pub fn select(&self, css: &'a Css) -> Vec<ElementRef<'a>> {
        if css.ends.is_empty() {
            return self.page.select(&css.selector).collect();
        }
        let mut out = Vec::new();
        let mut names = 0;
        for named in self.candidates(css) {
            let before = out.len();
            let matches = |element: &&ElementRef<'a>| css.matches(element);
            out.extend(named.elements.iter().filter(matches));
            names += usize::from(out.len() > before);
        }
        match names {
            0 | 1 => out,
            // Elements of several names are put into their order by walking the page.
            _ => self.page.select(&css.selector).collect(),
        }
    }

    /// The elements inside `within` that a selector selects, in the order of the tree.
    fn select_in(&self, within: ElementRef<'a>, css: &'a Css) -> Vec<ElementRef<'a>> {
        let inside = |element: &ElementRef<'a>| {
            let mut above = element.ancestors();
            css.may_match(element)
                && css.selector.matches_with_scope(element, Some(within))
                && above.any(|above| above.id() == within.id())
        };
        let mut found = self
            .candidates(css)
            .flat_map(|named| &named.elements)
            .copied()
            .filter(inside);
        match (found.next(), found.next()) {
            (None, _) => Vec::new(),
            (Some(only), None) => vec![only],
            _ => within.select(&css.selector).collect(),
        }
    }

    /// Whether a selector selects anything.
    pub fn has(&self, css: &Css) -> bool {
        let mut all = self.candidates(css).flat_map(|named| &named.elements);
        all.any(|element| css.matches(element))
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
            .find_map(|css| index.select(css).first().copied());
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
                let found = self.index.select_in(article, &rule.css);
                Box::new(found.into_iter().filter(heading))
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
