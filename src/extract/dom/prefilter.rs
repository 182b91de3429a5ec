//! Cuts from a page what its tree need not have, in one linear pass, and bounds the rest.
//!
//! html5ever is linear on ordinary pages and quadratic (or worse) on some hostile ones: deep
//! nesting, thousands of attributes, formatting elements left open and rebuilt in every
//! paragraph. A simple model of the open elements is kept here; start tags beyond the bounds
//! are dropped with their end tags, and formatting elements are closed with their block. Text
//! is never dropped.

mod scan;

use super::tags::{Kind, hash, kind};
use crate::domain::Warning;
use memchr::{memchr, memmem};

/// Open elements at most; deeper ones are dropped, their text stays.
pub const MAX_DEPTH: usize = 256;
/// Start tags at most; further ones are dropped, their text stays.
pub const MAX_TAGS: usize = 150_000;
/// Open formatting elements at most (`<b><i><font>` ...).
const MAX_FORMATTING: usize = 16;
/// Attributes of one tag at most.
const MAX_ATTRIBUTES: usize = 48;
/// Bytes of one attribute at most; longer ones (images as `data:` URLs) are dropped.
const MAX_ATTRIBUTE: usize = 8 * 1024;

/// A page that is safe to parse.
#[derive(Debug, Clone, Default)]
pub struct Prefiltered {
    /// The markup that is left.
    pub html: String,
    /// Which bounds were met.
    pub warnings: Vec<Warning>,
}

/// An open element of the model.
#[derive(Clone, Copy)]
struct Open {
    name: u32,
    kind: Kind,
    /// Where its name stands in the source.
    at: (usize, usize),
}

struct Filter<'a> {
    text: &'a str,
    bytes: &'a [u8],
    out: String,
    /// Everything before this is in `out` or dropped.
    done: usize,
    stack: Vec<Open>,
    formatting: usize,
    /// Dropped start tags whose end tags must go too: name, and the depth where it stood.
    dropped: Vec<(u32, usize)>,
    tags: usize,
    roots: [bool; 3],
    /// The last tag that was kept was a block's.
    after_block: bool,
    /// No `</select>` stands in the rest of the page.
    no_select_end: bool,
    too_deep: bool,
    too_many_attributes: bool,
}

/// Cuts comments, scripts (JSON-LD stays), styles, SVG and the like, and bounds nesting.
pub fn prefilter(html: &str) -> Prefiltered {
    let mut filter = Filter {
        text: html,
        bytes: html.as_bytes(),
        out: String::with_capacity(html.len().min(1 << 20)),
        done: 0,
        stack: Vec::with_capacity(64),
        formatting: 0,
        dropped: Vec::new(),
        tags: 0,
        roots: [false; 3],
        after_block: true,
        no_select_end: false,
        too_deep: false,
        too_many_attributes: false,
    };
    filter.run();
    let mut warnings = Vec::new();
    if filter.too_deep {
        warnings.push(Warning::new(
            "markup_too_deep",
            format!("more than {MAX_DEPTH} open elements: deeper tags were dropped, text kept"),
        ));
    }
    if filter.too_many_attributes {
        warnings.push(Warning::new(
            "markup_attributes",
            format!("a tag with more than {MAX_ATTRIBUTES} attributes: the rest was dropped"),
        ));
    }
    if filter.tags > MAX_TAGS {
        warnings.push(Warning::new(
            "markup_too_many_tags",
            format!("more than {MAX_TAGS} tags: further tags were dropped, text kept"),
        ));
    }
    Prefiltered {
        html: filter.out,
        warnings,
    }
}

impl Filter<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while let Some(found) = memchr(b'<', self.bytes.get(at..).unwrap_or_default()) {
            let start = at + found;
            at = match self.bytes.get(start + 1) {
                Some(b'!') => self.declaration(start),
                Some(b'?') => self.cut(start, self.find(start, b">")),
                Some(b'/') => self.end_tag(start),
                Some(byte) if byte.is_ascii_alphabetic() => self.start_tag(start),
                _ => start + 1,
            };
        }
        self.keep(self.bytes.len());
    }

    /// Copies what stands before `until`.
    fn keep(&mut self, until: usize) {
        self.out
            .push_str(self.text.get(self.done..until).unwrap_or_default());
        self.done = self.done.max(until);
    }

    /// Drops `start..end`; the scan goes on at `end`.
    fn cut(&mut self, start: usize, end: usize) -> usize {
        self.keep(start);
        self.done = end;
        end
    }

    fn declaration(&mut self, start: usize) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        if rest.starts_with(b"<!--") {
            return self.cut(start, self.find(start + 2, b"-->"));
        }
        let end = self.find(start, b">");
        let doctype = rest
            .get(2..9)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"doctype"));
        if doctype && end - start < 512 {
            end
        } else {
            self.cut(start, end)
        }
    }

    /// Drops white space that stands before a tag and beside a block: it is never shown.
    fn trim_before(&mut self, start: usize, block: bool) {
        if block || self.after_block {
            let gap = self.bytes.get(self.done..start).unwrap_or_default();
            let blank = gap
                .iter()
                .rev()
                .take_while(|b| b.is_ascii_whitespace())
                .count();
            // White space at the end of a text is trimmed as well, which is as invisible.
            if blank > 0 && (blank == gap.len() || block) && !self.in_pre() {
                let end = start - blank;
                self.keep(end);
                self.done = start;
            }
        }
    }

    fn in_pre(&self) -> bool {
        self.stack
            .iter()
            .any(|open| open.kind == Kind::Block && open.name == PRE)
    }

    fn start_tag(&mut self, start: usize) -> usize {
        let name_end = self.name_end(start + 1);
        let name = self.bytes.get(start + 1..name_end).unwrap_or_default();
        let kind = kind(name);
        let hashed = hash(name);
        match kind {
            Kind::Cut | Kind::Script => return self.cut_element(start, name_end, kind),
            Kind::Bare => {
                let end = self.tag_end(name_end);
                return self.cut(start, end);
            }
            _ => {}
        }
        self.tags += 1;
        if kind == Kind::Root {
            let which = match name.first().map(u8::to_ascii_lowercase) {
                Some(b'b') => 0,
                _ if name.len() == 4 && name.last().map(u8::to_ascii_lowercase) == Some(b'l') => 1,
                _ => 2,
            };
            let again = self.roots.get(which).copied().unwrap_or(true);
            if again || self.tags > MAX_TAGS {
                let end = self.tag_end(name_end);
                return self.cut(start, end);
            }
            if let Some(seen) = self.roots.get_mut(which) {
                *seen = true;
            }
            return self.write_tag(start, name_end, true);
        }
        if self.tags > MAX_TAGS {
            let end = self.tag_end(name_end);
            return self.cut(start, end);
        }
        if kind == Kind::Void {
            let end = self.write_tag(start, name_end, false);
            self.after_block =
                matches!(name, b"br" | b"BR" | b"hr") || self.after_block && name == b"meta";
            return end;
        }
        if kind == Kind::Text {
            let end = self.write_tag(start, name_end, false);
            self.after_block = false;
            return self.end_of_text(end, name);
        }
        self.trim_before(start, kind.is_block());
        self.implied_ends(start, kind, hashed);
        let too_deep = self.stack.len() >= MAX_DEPTH;
        if too_deep || (kind == Kind::Formatting && self.formatting >= MAX_FORMATTING) {
            self.too_deep |= too_deep;
            self.dropped.push((hashed, self.stack.len()));
            let end = self.tag_end(name_end);
            return self.cut(start, end);
        }
        self.stack.push(Open {
            name: hashed,
            kind,
            at: (start + 1, name_end),
        });
        self.formatting += usize::from(kind == Kind::Formatting);
        self.write_tag(start, name_end, kind.is_block())
    }

    /// Drops an element with its content; JSON-LD stays.
    fn cut_element(&mut self, start: usize, name_end: usize, kind: Kind) -> usize {
        let name = self.bytes.get(start + 1..name_end).unwrap_or_default();
        let tag_end = self.tag_end(name_end);
        let select = name.eq_ignore_ascii_case(b"select");
        if select && self.no_select_end {
            return self.cut(start, tag_end);
        }
        if name.eq_ignore_ascii_case(b"object") || name.eq_ignore_ascii_case(b"applet") {
            // Their fallback content may be the article's.
            return self.cut(start, tag_end);
        }
        let end = self.end_of_text(tag_end, name);
        if kind == Kind::Script {
            let tag = self.bytes.get(name_end..tag_end).unwrap_or_default();
            let json = tag.len() < 256 && memmem::find(tag, b"ld+json").is_some();
            if json && end - start < 64 * 1024 {
                self.tags += 1;
                return end;
            }
        } else if select && end == self.bytes.len() {
            self.no_select_end = true;
            return self.cut(start, tag_end);
        }
        self.cut(start, end)
    }

    /// Keeps a start tag, without the attributes that nobody reads.
    fn write_tag(&mut self, start: usize, name_end: usize, block: bool) -> usize {
        self.after_block = block;
        let mut at = name_end;
        let mut count = 0;
        loop {
            let (from, end, last) = self.attribute(at);
            if last {
                if end == self.bytes.len() && self.bytes.last() != Some(&b'>') {
                    return self.cut(start.max(self.done), end);
                }
                return end;
            }
            count += 1;
            if count > MAX_ATTRIBUTES {
                self.too_many_attributes = true;
                let end = self.tag_end(end);
                self.keep(from);
                self.done = end;
                self.out.push('>');
                return end;
            }
            let name = self.bytes.get(from..end).unwrap_or_default();
            if unread(name) || end - from > MAX_ATTRIBUTE {
                self.keep(from);
                self.done = end;
            }
            at = end;
        }
    }

    /// Ends what the start of an element of `kind` ends without an end tag.
    fn implied_ends(&mut self, start: usize, kind: Kind, name: u32) {
        let ends: fn(Kind) -> bool = match kind {
            Kind::Item => |k| k == Kind::Item,
            Kind::Term => |k| k == Kind::Term,
            Kind::Row => |k| k == Kind::Row,
            Kind::Cell => |k| k == Kind::Cell,
            Kind::RowGroup => |k| k == Kind::RowGroup,
            Kind::Formatting => {
                if name == A {
                    self.end_link();
                }
                return;
            }
            Kind::Inline => return,
            _ => |k| k == Kind::Paragraph,
        };
        self.pop_to(start, kind, ends);
        if matches!(kind, Kind::Item | Kind::Term) {
            self.pop_to(start, Kind::Block, |k| k == Kind::Paragraph);
        }
    }

    /// Pops the model down to and including the nearest open element that `ends`, inside the
    /// scope that `kind` has.
    fn pop_to(&mut self, start: usize, kind: Kind, ends: impl Fn(Kind) -> bool) {
        for (depth, open) in self.stack.iter().enumerate().rev() {
            if ends(open.kind) {
                self.close(start, depth);
                return;
            }
            let barrier = match kind {
                Kind::Item | Kind::Term => {
                    matches!(open.kind, Kind::Table | Kind::Cell)
                        || (open.kind == Kind::Block
                            && (open.name == UL || open.name == OL || open.name == DL))
                }
                Kind::Row | Kind::RowGroup | Kind::Cell => open.kind == Kind::Table,
                _ => matches!(open.kind, Kind::Table | Kind::Cell),
            };
            if barrier {
                return;
            }
        }
    }

    /// A link inside a link ends the outer one.
    fn end_link(&mut self) {
        let open = self.stack.iter().rposition(|open| open.name == A);
        if let Some(depth) = open {
            self.stack.remove(depth);
            self.formatting = self.formatting.saturating_sub(1);
        }
    }

    /// Pops the model to `depth`, writing the end tags of formatting elements before `start`.
    fn close(&mut self, start: usize, depth: usize) {
        while self.stack.len() > depth {
            let Some(open) = self.stack.pop() else { break };
            if open.kind == Kind::Formatting {
                self.formatting = self.formatting.saturating_sub(1);
                if self.stack.len() > depth || open.at.0 != start {
                    self.keep(start);
                    let name = self.text.get(open.at.0..open.at.1).unwrap_or_default();
                    self.out.push_str("</");
                    self.out.push_str(name);
                    self.out.push('>');
                }
            }
        }
        while self.dropped.last().is_some_and(|(_, at)| *at > depth) {
            self.dropped.pop();
        }
    }

    fn end_tag(&mut self, start: usize) -> usize {
        if !self
            .bytes
            .get(start + 2)
            .is_some_and(u8::is_ascii_alphabetic)
        {
            return self.cut(start, self.find(start, b">"));
        }
        let name_end = self.name_end(start + 2);
        let name = self.bytes.get(start + 2..name_end).unwrap_or_default();
        let end = self.tag_end(name_end);
        let kind = kind(name);
        let hashed = hash(name);
        match kind {
            Kind::Bare | Kind::Root | Kind::Cut | Kind::Script | Kind::Text => {
                return self.cut(start, end);
            }
            Kind::Void => return end,
            _ => {}
        }
        if let Some(found) = self
            .dropped
            .iter()
            .rev()
            .take(64)
            .position(|(name, _)| *name == hashed)
        {
            let keep = self.dropped.len() - found - 1;
            self.dropped.truncate(keep);
            return self.cut(start, end);
        }
        self.trim_before(start, kind.is_block());
        let mut found = None;
        for (depth, open) in self.stack.iter().enumerate().rev() {
            if open.name == hashed || (kind == Kind::Heading && open.kind == Kind::Heading) {
                found = Some(depth);
                break;
            }
            let barrier = match kind {
                Kind::Table => false,
                Kind::Row | Kind::RowGroup | Kind::Cell => open.kind == Kind::Table,
                Kind::Inline => open.kind.is_block(),
                _ => matches!(open.kind, Kind::Table | Kind::Cell),
            };
            if barrier {
                break;
            }
        }
        let Some(depth) = found else {
            // Nothing open to end: the parser would ignore it (or make an empty paragraph).
            return self.cut(start, end);
        };
        if kind == Kind::Formatting {
            self.stack.remove(depth);
            self.formatting = self.formatting.saturating_sub(1);
        } else {
            self.close(start, depth + 1);
            self.stack.pop();
            while self.dropped.last().is_some_and(|(_, at)| *at > depth) {
                self.dropped.pop();
            }
        }
        self.after_block = kind.is_block();
        // `</div class=x>` is legal nonsense; long nonsense is cut.
        if end - start > 64 {
            self.keep(name_end);
            self.done = end;
            self.out.push('>');
        }
        end
    }
}

const A: u32 = fixed(b"a");
const UL: u32 = fixed(b"ul");
const OL: u32 = fixed(b"ol");
const DL: u32 = fixed(b"dl");
const PRE: u32 = fixed(b"pre");

/// [`hash`] of a lower-case name, at compile time.
const fn fixed(mut name: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    while let [byte, rest @ ..] = name {
        hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
        name = rest;
    }
    hash
}

/// Attributes that no rule may ask for: event handlers, responsive variants, tooltips.
fn unread(attribute: &[u8]) -> bool {
    match attribute {
        [b'o' | b'O', b'n' | b'N', rest @ ..] => rest.first().is_some_and(u8::is_ascii_alphabetic),
        [b's', b'r', b'c', b's', b'e', b't', ..] => true,
        _ => attribute.starts_with(b"data-content"),
    }
}

#[cfg(test)]
mod tests;
