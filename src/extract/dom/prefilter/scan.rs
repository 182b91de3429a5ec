//! Where tags, attributes and raw texts end in the source.

use super::Filter;
use memchr::{memchr, memmem};

impl Filter<'_> {
    /// The end of the first `needle` from `from` on; the end of the page without one.
    pub(super) fn find(&self, from: usize, needle: &[u8]) -> usize {
        memmem::find(self.bytes.get(from..).unwrap_or_default(), needle)
            .map_or(self.bytes.len(), |found| from + found + needle.len())
    }

    /// The end of the name that begins at `from`.
    pub(super) fn name_end(&self, from: usize) -> usize {
        self.bytes
            .get(from..)
            .unwrap_or_default()
            .iter()
            .position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))
            .map_or(self.bytes.len(), |length| from + length)
    }

    /// Where the text of a `<title>` or `<textarea>` ends.
    pub(super) fn end_of_text(&self, from: usize, name: &[u8]) -> usize {
        let mut at = from;
        while let Some(found) = memmem::find(self.bytes.get(at..).unwrap_or_default(), b"</") {
            let end = at + found + 2;
            if self.is_name(end, name) {
                return self.find(end, b">");
            }
            at = end;
        }
        self.bytes.len()
    }

    /// Whether `name`, in any case, stands at `at` as a whole name.
    pub(super) fn is_name(&self, at: usize, name: &[u8]) -> bool {
        self.bytes
            .get(at..at + name.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(name))
            && self
                .bytes
                .get(at + name.len())
                .is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'))
    }

    /// The end of the tag whose attributes begin at `at`, quotes respected.
    pub(super) fn tag_end(&self, mut at: usize) -> usize {
        loop {
            let (_, end, last) = self.attribute(at);
            if last {
                return end;
            }
            at = end;
        }
    }

    /// One attribute from `at` on: where its name begins, where it ends, and whether it was
    /// the tag's end instead.
    pub(super) fn attribute(&self, at: usize) -> (usize, usize, bool) {
        let byte = |at: usize| self.bytes.get(at).copied();
        let mut i = at;
        while byte(i).is_some_and(|b| b.is_ascii_whitespace() || b == b'/') {
            i += 1;
        }
        let start = i;
        match byte(i) {
            None => return (start, self.bytes.len(), true),
            Some(b'>') => return (start, i + 1, true),
            _ => i += 1,
        }
        while byte(i).is_some_and(|b| !b.is_ascii_whitespace() && !matches!(b, b'/' | b'>' | b'='))
        {
            i += 1;
        }
        let mut value = i;
        while byte(value).is_some_and(|b| b.is_ascii_whitespace()) {
            value += 1;
        }
        if byte(value) != Some(b'=') {
            return (start, i, false);
        }
        value += 1;
        while byte(value).is_some_and(|b| b.is_ascii_whitespace()) {
            value += 1;
        }
        match byte(value) {
            Some(quote @ (b'"' | b'\'')) => {
                let rest = self.bytes.get(value + 1..).unwrap_or_default();
                let end = memchr(quote, rest).map_or(self.bytes.len(), |n| value + 1 + n + 1);
                (start, end, false)
            }
            _ => {
                while byte(value).is_some_and(|b| !b.is_ascii_whitespace() && b != b'>') {
                    value += 1;
                }
                (start, value, false)
            }
        }
    }
}
