//! What an element says about how its content is set.

use super::Align;
use scraper::ElementRef;

/// Whether an element of this name starts a line of its own.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "ul"
            | "ol"
            | "li"
            | "dl"
            | "dt"
            | "dd"
            | "table"
            | "thead"
            | "tbody"
            | "tfoot"
            | "tr"
            | "td"
            | "th"
            | "blockquote"
            | "figure"
            | "figcaption"
            | "caption"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "aside"
            | "center"
            | "pre"
            | "hr"
            | "address"
            | "main"
            | "details"
            | "summary"
            | "form"
            | "fieldset"
            | "nav"
    )
}

/// How an element aligns its content, if it says so.
pub(super) fn align(element: ElementRef<'_>) -> Option<Align> {
    if element.value().name() == "center" {
        return Some(Align::Center);
    }
    let of = |value: &str| {
        let value = value.trim_start();
        let is = |word: &str| {
            value
                .get(..word.len())
                .is_some_and(|v| v.eq_ignore_ascii_case(word))
        };
        if is("center") {
            Align::Center
        } else if is("right") || is("end") {
            Align::Right
        } else {
            Align::Plain
        }
    };
    if let Some(style) = element.attr("style")
        && let Some(at) = style.find("text-align")
        && let Some((_, value)) = style.get(at..).and_then(|rest| rest.split_once(':'))
    {
        return Some(of(value));
    }
    if let Some(class) = element.attr("class") {
        for word in class.split_ascii_whitespace() {
            match word {
                "text-center" | "rtecenter" | "center" => return Some(Align::Center),
                "text-right" | "rteright" | "text-end" => return Some(Align::Right),
                _ => {}
            }
        }
    }
    // A table's `align` places the table itself, not what is in it.
    if element.value().name() == "table" {
        return None;
    }
    element.attr("align").map(of)
}

/// Bold and italic as far as an inline element's style says so.
pub(super) fn span_style(element: ElementRef<'_>) -> (bool, bool) {
    let Some(style) = element.attr("style") else {
        return (false, false);
    };
    let value = |name: &str| {
        let rest = style.get(style.find(name)? + name.len()..)?;
        Some(rest.trim_start_matches([':', ' ']))
    };
    let bold = value("font-weight").is_some_and(|v| v.starts_with("bold") || v.starts_with('7'));
    let italic = value("font-style").is_some_and(|v| v.starts_with("italic"));
    (bold, italic)
}

/// Whether an element is hidden by its own style.
pub(super) fn hidden(element: ElementRef<'_>) -> bool {
    element.attr("style").is_some_and(|style| {
        style.find("display").is_some_and(|at| {
            style
                .get(at + "display".len()..)
                .is_some_and(|rest| rest.trim_start_matches([':', ' ']).starts_with("none"))
        })
    })
}

/// Whether a list element is a list: some editors indent whole articles with it.
pub(super) fn has_items(list: ElementRef<'_>) -> bool {
    list.child_elements()
        .any(|child| child.value().name() == "li")
}
