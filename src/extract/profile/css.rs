//! Selectors, and what their text alone tells of the elements that they select: most elements are
//! passed over by it, without asking the selector.

use scraper::{ElementRef, Selector};

/// A selector, and what the elements that it selects must have, where its text tells.
#[derive(Debug)]
pub(in crate::extract) struct Css {
    pub selector: Selector,
    /// One of each alternative; empty when any element can match.
    pub ends: Vec<CssEnd>,
}

/// What an element that ends one of a selector's alternatives must have; at least one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::extract) struct CssEnd {
    /// Its name, in lower case.
    pub name: Option<String>,
    /// One of its classes.
    pub class: Option<String>,
    /// Its id.
    pub id: Option<String>,
}

impl Css {
    /// Whether the selector selects the element. Asking for the text of the class first is much
    /// cheaper than the selector, for which each class of the element is interned.
    pub fn matches(&self, element: &ElementRef<'_>) -> bool {
        self.may_match(element) && self.selector.matches(element)
    }

    /// Whether the selector may select the element, as far as `ends` tells.
    pub fn may_match(&self, element: &ElementRef<'_>) -> bool {
        let has = |attribute: &str, part: &Option<String>| {
            part.as_ref().is_none_or(|part| {
                let mut all = element.value().attrs();
                all.any(|(name, value)| name == attribute && value.contains(part.as_str()))
            })
        };
        let may = |end: &CssEnd| {
            let named = end.name.as_ref();
            named.is_none_or(|name| name == element.value().name())
                && has("class", &end.class)
                && has("id", &end.id)
        };
        self.ends.is_empty() || self.ends.iter().any(may)
    }
}

/// What stands at the end of a selector's alternatives ("ul.x a[href], h2 > a.y" gives "a" and "a"
/// with the class "y"); empty when one of them has no name, or when the text is not simple enough
/// to tell.
pub(super) fn ends(css: &str) -> Vec<CssEnd> {
    let mut out: Vec<CssEnd> = Vec::new();
    // Brackets may hold commas and spaces: nothing in them names an element. That there was an
    // attribute stays seen.
    let mut bare = String::new();
    let mut depth = 0_usize;
    for c in css.chars() {
        if depth == 0 && c == '[' {
            bare.push(c);
        }
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
        if !rest.is_empty() && !rest.starts_with(['.', '#', ':', '[']) {
            return Vec::new();
        }
        let first = |sign: char| {
            let rest = rest.strip_prefix(sign)?;
            let end = rest.find(|c| !plain(c)).unwrap_or(rest.len());
            // Escapes are not read here.
            let (word, behind) = rest.split_at_checked(end)?;
            let whole = behind.is_empty() || behind.starts_with(['.', '#', ':', '[']);
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
    use super::{Css, CssEnd, ends};
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
        for any in ["*", "div, *", "div [title]", ":not(p)", "svg|a", "p, \\70"] {
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
            "#x [class]",
            "div [id]",
            ".a[id]",
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
