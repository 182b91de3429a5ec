//! From filtered markup to the tree: a tokenizer for html5ever's tree builder.
//!
//! html5ever's own tokenizer goes through the page character by character and is the larger part
//! of a parse. What the prefilter leaves has no comments, no CDATA and no foreign content, so the
//! states of the HTML Standard (section 13.2.5) that remain can be read run by run. The tree is
//! the same; what is met beyond these states is left to html5ever's tokenizer.

use super::references::decode;
use ego_tree::{NodeId, Tree};
use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    Doctype, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::tree_builder::{TreeBuilder, TreeSink};
use html5ever::{Attribute, LocalName, QualName, ns};
use memchr::{memchr, memchr_iter, memmem};
use scraper::{Html, HtmlTreeSink, Node};
use std::cell::RefCell;

/// Nodes that room is made for, at most: more than this is made as it is needed.
const ROOM: usize = 1 << 14;

/// Parses a page: the tree that [`Html::parse_document`] gives.
pub(super) fn parse(html: &str) -> Html {
    let text = html.strip_prefix('\u{feff}').unwrap_or(html);
    let parsed = if memchr(0, text.as_bytes()).is_some() {
        None
    } else if memchr(b'\r', text.as_bytes()).is_some() {
        Feed::new(&newlines(text)).run()
    } else {
        Feed::new(text).run()
    };
    parsed.unwrap_or_else(|| Html::parse_document(html))
}

/// Newlines normalised (HTML Standard, section 13.2.3.5).
fn newlines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (n, line) in text.split('\r').enumerate() {
        let line = match n {
            0 => line,
            _ => {
                out.push('\n');
                line.strip_prefix('\n').unwrap_or(line)
            }
        };
        out.push_str(line);
    }
    out
}

struct Feed<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// The same as `text`; what the tree keeps of it points there.
    whole: StrTendril,
    builder: TreeBuilder<NodeId, HtmlTreeSink>,
    names: Names,
}

/// Markup that is left to html5ever.
struct Unusual;

/// Where a token ends; `None` when the page ends inside it.
type Ended = Option<usize>;

impl<'a> Feed<'a> {
    fn new(text: &'a str) -> Self {
        let tags = memchr_iter(b'<', text.as_bytes()).count();
        let mut html = Html::new_document();
        html.tree = Tree::with_capacity(Node::Document, (tags + 16).min(ROOM));
        Self {
            text,
            bytes: text.as_bytes(),
            whole: StrTendril::from_slice(text),
            builder: TreeBuilder::new(HtmlTreeSink::new(html), Default::default()),
            names: Names::default(),
        }
    }

    fn run(mut self) -> Option<Html> {
        self.data().ok()?;
        let _ = self.builder.process_token(Token::EOFToken, 1);
        TokenSink::end(&self.builder);
        Some(self.builder.sink.finish())
    }

    /// The data state.
    fn data(&mut self) -> Result<(), Unusual> {
        let mut from = 0;
        let mut at = 0;
        while let Some(found) = memchr(b'<', self.bytes.get(at..).unwrap_or_default()) {
            let start = at + found;
            let ended = match self.bytes.get(start + 1..).unwrap_or_default() {
                [first, ..] if first.is_ascii_alphabetic() => {
                    self.chars(from, start);
                    self.tag(start + 1, TagKind::StartTag)?
                }
                [b'/', first, ..] if first.is_ascii_alphabetic() => {
                    self.chars(from, start);
                    self.tag(start + 2, TagKind::EndTag)?
                }
                [b'!', ..] => {
                    self.chars(from, start);
                    Some(self.doctype(start)?)
                }
                [b'?', ..] | [b'/', _, ..] => return Err(Unusual),
                _ => {
                    at = start + 1;
                    continue;
                }
            };
            let Some(end) = ended else {
                return Ok(());
            };
            from = end;
            at = end;
        }
        self.chars(from, self.bytes.len());
        Ok(())
    }

    fn part(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// A part of the page as it stands, without a copy.
    fn shared(&self, from: usize, to: usize) -> StrTendril {
        match (u32::try_from(from), u32::try_from(to.saturating_sub(from))) {
            (Ok(from), Ok(length)) if length > 0 => self.whole.subtendril(from, length),
            _ => StrTendril::new(),
        }
    }

    fn value(&self, from: usize, to: usize) -> StrTendril {
        decode(self.part(from, to), true).unwrap_or_else(|| self.shared(from, to))
    }

    /// Text with its character references.
    fn chars(&self, from: usize, to: usize) {
        if from < to {
            let text = decode(self.part(from, to), false);
            self.emit(text.unwrap_or_else(|| self.shared(from, to)));
        }
    }

    fn emit(&self, text: StrTendril) {
        let _ = self.builder.process_token(Token::CharacterTokens(text), 1);
    }

    fn doctype(&self, start: usize) -> Result<usize, Unusual> {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let is = |word: &[u8]| {
            rest.get(..word.len())
                .is_some_and(|r| r.eq_ignore_ascii_case(word))
        };
        if !is(b"<!doctype") {
            return Err(Unusual);
        }
        let end = memchr(b'>', rest).map_or(self.bytes.len(), |n| start + n + 1);
        let doctype = if is(b"<!doctype html>") {
            Doctype {
                name: Some(StrTendril::from_slice("html")),
                ..Doctype::default()
            }
        } else {
            read_doctype(self.part(start, end)).ok_or(Unusual)?
        };
        let token = Token::DoctypeToken(doctype);
        let _ = self.builder.process_token(token, 1);
        Ok(end)
    }

    /// A tag whose name begins at `at`, with the raw text after it, if it has one.
    fn tag(&mut self, at: usize, kind: TagKind) -> Result<Ended, Unusual> {
        let name_end = at + self.run_of(at, |b| !space(b) && !matches!(b, b'/' | b'>'));
        let name = self.part(at, name_end);
        let mut tag = Tag {
            kind,
            name: self.names.get(name),
            self_closing: false,
            attrs: Vec::new(),
            had_duplicate_attributes: false,
        };
        let Some(end) = self.attributes(name_end, &mut tag) else {
            return Ok(None);
        };
        match self.builder.process_token(Token::TagToken(tag), 1) {
            TokenSinkResult::RawData(raw) => self.raw(end, name, raw),
            TokenSinkResult::Plaintext => Err(Unusual),
            _ => Ok(Some(end)),
        }
    }

    /// How many bytes from `at` on fit.
    fn run_of(&self, at: usize, fits: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        rest.iter().position(|b| !fits(*b)).unwrap_or(rest.len())
    }

    /// The attributes from `at` on, and the end of the tag.
    fn attributes(&mut self, mut at: usize, tag: &mut Tag) -> Ended {
        loop {
            at += self.run_of(at, space);
            match self.bytes.get(at)? {
                b'>' => return Some(at + 1),
                b'/' if self.bytes.get(at + 1)? == &b'>' => {
                    tag.self_closing = true;
                    return Some(at + 2);
                }
                b'/' => at += 1,
                _ => at = self.attribute(at, tag)?,
            }
        }
    }

    fn attribute(&mut self, at: usize, tag: &mut Tag) -> Ended {
        // An equals sign may begin a name.
        let name_end =
            at + 1 + self.run_of(at + 1, |b| !space(b) && !matches!(b, b'/' | b'>' | b'='));
        let mut end = name_end + self.run_of(name_end, space);
        let mut value = (end, end);
        if self.bytes.get(end)? == &b'=' {
            end += 1;
            end += self.run_of(end, space);
            match self.bytes.get(end)? {
                b'>' => {}
                quote @ (b'"' | b'\'') => {
                    let length = memchr(*quote, self.bytes.get(end + 1..)?)?;
                    value = (end + 1, end + 1 + length);
                    end += length + 2;
                }
                _ => {
                    let length = self.run_of(end, |b| !space(b) && b != b'>');
                    value = (end, end + length);
                    end += length;
                }
            }
            // The page ends behind the value.
            self.bytes.get(end)?;
        }
        let name = self.names.get(self.part(at, name_end));
        if tag.attrs.iter().any(|known| known.name.local == name) {
            tag.had_duplicate_attributes = true;
        } else {
            if tag.attrs.capacity() == 0 {
                tag.attrs.reserve(4);
            }
            tag.attrs.push(Attribute {
                name: QualName::new(None, ns!(), name),
                value: self.value(value.0, value.1),
            });
        }
        Some(end)
    }

    /// Text up to the end tag `name`, in which there is no markup.
    fn raw(&mut self, from: usize, name: &str, kind: RawKind) -> Result<Ended, Unusual> {
        let bytes = self.bytes;
        let rest = |at: usize| bytes.get(at..).unwrap_or_default();
        let mut at = from;
        let (text_end, tag) = loop {
            let Some(found) = memmem::find(rest(at), b"</") else {
                break (bytes.len(), None);
            };
            let begin = at + found + 2;
            let after = begin + name.len();
            let is_end = bytes
                .get(begin..after)
                .is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
                && bytes
                    .get(after)
                    .is_some_and(|b| space(*b) || matches!(b, b'/' | b'>'));
            if is_end {
                break (at + found, Some(begin));
            }
            at = begin;
        };
        if from < text_end {
            match kind {
                RawKind::Rcdata => self.chars(from, text_end),
                RawKind::Rawtext => self.emit(self.shared(from, text_end)),
                // `<!--` in a script changes where it ends.
                _ if memmem::find(self.part(from, text_end).as_bytes(), b"<!--").is_some() => {
                    return Err(Unusual);
                }
                _ => self.emit(self.shared(from, text_end)),
            }
        }
        match tag {
            Some(begin) => self.tag(begin, TagKind::EndTag),
            None => Ok(None),
        }
    }
}

/// White space inside tags, `\r` being gone.
fn space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\x0c')
}

/// Names of elements and attributes that were met: interning each of them anew costs more.
struct Names([Option<LocalName>; 64]);

impl Default for Names {
    fn default() -> Self {
        Self([const { None }; 64])
    }
}

impl Names {
    /// The name in lower case.
    fn get(&mut self, name: &str) -> LocalName {
        if name.bytes().any(|b| b.is_ascii_uppercase()) {
            return LocalName::from(name.to_ascii_lowercase());
        }
        let bytes = name.as_bytes();
        let mix = |sum: usize, byte: &u8| sum.wrapping_mul(31).wrapping_add(usize::from(*byte));
        let hash = bytes.iter().take(4).fold(bytes.len(), mix);
        let hash = bytes.last().map_or(hash, |last| mix(hash, last));
        match self.0.get_mut(hash % 64) {
            Some(Some(known)) if &**known == name => known.clone(),
            Some(slot) => slot.insert(LocalName::from(name)).clone(),
            None => LocalName::from(name),
        }
    }
}

/// A doctype other than HTML's own, as html5ever reads it.
fn read_doctype(markup: &str) -> Option<Doctype> {
    #[derive(Default)]
    struct Catch(RefCell<Option<Doctype>>);
    impl TokenSink for Catch {
        type Handle = ();
        fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
            if let Token::DoctypeToken(doctype) = token {
                self.0.replace(Some(doctype));
            }
            TokenSinkResult::Continue
        }
    }
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(markup));
    let tokenizer = Tokenizer::new(Catch::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes in the order of the source, with their depth.
    fn shown(html: &Html) -> String {
        let mut depth = 0;
        let mut out = format!("{:?}\n", html.quirks_mode);
        for edge in html.tree.root().traverse() {
            match edge {
                ego_tree::iter::Edge::Open(node) => {
                    out.push_str(&format!("{:depth$}{:?}\n", "", node.value()));
                    depth += 1;
                }
                ego_tree::iter::Edge::Close(_) => depth -= 1,
            }
        }
        out
    }

    fn same(markup: &str) {
        let got = shown(&parse(markup));
        assert_eq!(got, shown(&Html::parse_document(markup)), "{markup:?}");
    }

    #[test]
    fn trees_are_those_of_html5ever() {
        for markup in [
            "",
            "a",
            "\u{feff}<p>a",
            "<!DOCTYPE html><html lang=vi><head><title>A &amp; B</title></head><body class=a>b",
            "<!DOCTYPE html PUBLIC '-//W3C//DTD HTML 4.01//EN' \"http://www.w3.org/TR/html4/strict.dtd\"><p>a<table>b",
            "<!doctype><p><table>",
            "<!doctype html",
            "<p>a<!doctype x>b",
            "<A HREF='x' href=y Data-X>a</A >b</a href=x>",
            "<br/><br / ><br a/><br a=/><br a=b/><br =a><br a==b><br a = 'b'c=d><br a=\"b\"/>",
            "<p title=a&amp;b&lt=c&ltd&lt;>&lt &ltd &copy=1 &notit; &notin; &unknown; &#0; &#x80; &#xD800; &#1114112; &#99999999999; &#x; &# &; & &NotEqualTilde;</p>",
            "<pre>\n\na</pre><textarea>\nb</textArea x><pre>&#10;c</pre>",
            "<title>a</titlex></title b>c",
            "<title>a</title",
            "<title>a<!-- </title>b",
            "<script type=application/ld+json>{\"a\":\"<b></c>\"}</script>x",
            "<script><!-- <script> </script> --> </script>x",
            "<table>a<tr>b<td>c</table>d<b><p>e</b>f",
            "a\r\nb\rc<p x='\r\n'>",
            "a\0b<p>c",
            "<p>a<!-- b -->c<?d>e</>f</ g>h",
            "<style>a<b></style><noscript><p>c</noscript><plaintext>d</p>",
            "<svg><![CDATA[a]]><title>b</title></svg><math><mi>c",
            "<select><option>a<title>b</select><frameset>",
            "<p a='b",
            "<p a=b",
            "<p a",
            "<p /",
            "<p",
            "<",
            "</",
            "</p",
            "a<b c<d>e< f",
        ] {
            same(markup);
        }
    }

    #[test]
    fn fixtures_have_the_trees_of_html5ever() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pages");
        let mut pages = 0;
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let Ok(text) = std::fs::read_to_string(entry.path()) else {
                continue;
            };
            same(&text);
            same(&super::super::prefilter(&text).html);
            pages += 1;
        }
        assert!(pages > 5);
    }

    proptest::proptest! {
        // (A newline written as a reference without its semicolon, first in a `<pre>`, is left out:
        // html5ever keeps it, the standard does not.)
        #[test]
        fn any_markup_has_the_tree_of_html5ever(
            parts in proptest::collection::vec(
                "<(p|b|a|i|li|ul|td|tr|table|div|pre|title|script|h1|br|body|html|head|form|select|x-y|A)( [a-c]{1,2}(=|= |='|=\")?[^<>\"']{0,4}['\"]?/?){0,3}>|</(p|b|a|i|li|ul|td|table|div|pre|title|script|h1|body|html|form) ?>|<[/!?]?[a-z]{0,2}[ >\"'=-]?|&(amp|lt|copy|nbsp|not|#[1-9][1-9]{1,2}|#x[1-9][0-9a-f]{1,4}|[a-z]{1,3});?|[a-zà-ỹ =\n\r\"']{1,4}|<!DOCTYPE html>",
                0..40,
            ),
        ) {
            let markup = parts.concat();
            let got = shown(&parse(&markup));
            proptest::prop_assert_eq!(got, shown(&Html::parse_document(&markup)));
            let filtered = super::super::prefilter(&markup).html;
            let got = shown(&parse(&filtered));
            proptest::prop_assert_eq!(got, shown(&Html::parse_document(&filtered)));
        }
    }
}
