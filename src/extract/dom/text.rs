//! Nodes as text, with the white space that a browser would show.

use scraper::{ElementRef, Node};

/// Collects text: runs of ASCII white space become one space, none at the ends of lines.
#[derive(Debug, Clone, Default)]
pub struct TextBuf {
    out: String,
    space: bool,
}

impl TextBuf {
    /// Appends text, folding white space (not the no-break space, which is shown as it is).
    pub fn push(&mut self, text: &str) {
        for word in text.split_inclusive(|c: char| c.is_ascii_whitespace()) {
            let bare = word.strip_suffix(|c: char| c.is_ascii_whitespace());
            let trimmed = bare.unwrap_or(word);
            if !trimmed.is_empty() {
                if self.space && !self.out.is_empty() && !self.out.ends_with('\n') {
                    self.out.push(' ');
                }
                self.out.push_str(trimmed);
                self.space = false;
            }
            self.space |= bare.is_some();
        }
    }

    /// Appends a separator as it is (a newline, a tab), without a space beside it.
    pub fn mark(&mut self, mark: char) {
        self.out.push(mark);
        self.space = false;
    }

    /// A space, if a word follows.
    pub fn gap(&mut self) {
        self.space = true;
    }

    /// Whether nothing visible was collected.
    pub fn is_blank(&self) -> bool {
        self.out.chars().all(blank)
    }

    /// Takes the text, trimmed; the buffer is empty afterwards.
    pub fn take(&mut self) -> String {
        let mut out = std::mem::take(&mut self.out);
        self.space = false;
        let end = out.trim_end_matches(blank).len();
        out.truncate(end);
        let start = out.len() - out.trim_start_matches(blank).len();
        if start > 0 {
            out.drain(..start);
        }
        out
    }
}

/// White space of all kinds, and the characters that take no space.
pub(crate) fn blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}' | '\u{2060}' | '\u{ad}')
}

/// The element's text on one line, without elements for which `skip` is true.
pub fn inline_text(element: ElementRef<'_>, skip: impl Fn(ElementRef<'_>) -> bool) -> String {
    let mut out = TextBuf::default();
    let mut skipping = None;
    for edge in element.traverse() {
        match edge {
            ego_tree::iter::Edge::Open(node) if skipping.is_none() => match node.value() {
                Node::Text(text) => out.push(text),
                Node::Element(tag) => {
                    let tag = tag.name();
                    if matches!(tag, "script" | "style" | "button") {
                        skipping = Some(node.id());
                    } else if matches!(tag, "br" | "p" | "div" | "li" | "td" | "tr" | "figcaption")
                    {
                        out.gap();
                    }
                    if node.id() != element.id() && ElementRef::wrap(node).is_some_and(&skip) {
                        skipping = Some(node.id());
                    }
                }
                _ => {}
            },
            ego_tree::iter::Edge::Close(node) => {
                if skipping == Some(node.id()) {
                    skipping = None;
                }
            }
            ego_tree::iter::Edge::Open(_) => {}
        }
    }
    out.take()
}

#[cfg(test)]
mod tests {
    use super::*;
    use scraper::Html;

    #[test]
    fn white_space_is_folded_as_shown() {
        let html = Html::parse_fragment("<h1>\n  Một <b>hai</b>\n\t<i> ba</i><br>bốn&nbsp; </h1>");
        let root = html.root_element();
        assert_eq!(inline_text(root, |_| false), "Một hai ba bốn");
        assert_eq!(inline_text(root, |e| e.value().name() == "b"), "Một ba bốn");
    }
}
