//! The body in reading order: blocks, images, captions.
//!
//! Editors write paragraphs in many ways (bare text between `<br>`, `<p>`, `<div>`, Word's
//! nested spans); here they all become blocks. One walk over the tree without recursion;
//! captions are told from paragraphs afterwards, and the byline is taken off in `tail`.

mod captions;
mod lines;
mod style;
mod table;

use super::dom::TextBuf;
use super::images::image;
use crate::domain::{BlockKind, Image};
use captions::settle;
use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use foldhash::HashSet;
use lines::paragraphs;
use scraper::{ElementRef, Node, Selector};
use style::{align, has_items, hidden, is_block, span_style};
use table::Grid;
use url::Url;

/// How a block is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Align {
    #[default]
    Plain,
    Center,
    Right,
}

/// A block of text, with what tells captions and bylines from paragraphs.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub kind: BlockKind,
    pub text: String,
    pub align: Align,
    pub bold: bool,
    pub italic: bool,
    /// Links, with a few words around them.
    pub links: bool,
    /// In a table's cell that holds a text of its own.
    pub boxed: bool,
}

/// A part of the body.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(Chunk),
    Image(Image, Align),
    Caption(String),
}

/// Longer texts are no captions, whatever they look like.
const CAPTION: usize = 700;
/// Bytes of text beside links in a block that is nothing but links ("Xem thêm: …").
const AROUND_LINKS: usize = 80;
/// Tables inside tables, at most, that are looked at as tables.
const TABLES: usize = 4;

/// Walks the body.
pub(super) fn pieces(
    body: ElementRef<'_>,
    page: &Url,
    cut: Option<&Selector>,
    drop: Option<&Selector>,
    caption: Option<&Selector>,
) -> Vec<Piece> {
    let ids = |css: Option<&Selector>| -> HashSet<NodeId> {
        css.map(|css| body.select(css).map(|found| found.id()).collect())
            .unwrap_or_default()
    };
    let mut cuts = ids(cut);
    cuts.extend(ids(drop));
    let mut walk = Walk {
        page,
        cuts,
        captions: ids(caption),
        out: Vec::new(),
        text: TextBuf::default(),
        styles: Vec::new(),
        style: Style::default(),
        breaks: 0,
        bold: 0,
        italic: 0,
        link: 0,
        linked: 0,
        unlinked: 0,
        aligns: vec![(body.id(), align(body).unwrap_or_default())],
        heading: None,
        group: None,
        caption: None,
        skip: None,
        tables: 0,
        boxes: HashSet::default(),
        boxed: None,
        pre: 0,
    };
    for edge in body.traverse() {
        match edge {
            Edge::Open(node) if node.id() != body.id() => walk.open(node),
            Edge::Close(node) if node.id() != body.id() => walk.close(node),
            _ => {}
        }
    }
    walk.flush();
    settle(walk.out)
}

/// Whether all visible text of a line is bold, italic.
#[derive(Debug, Clone, Copy)]
struct Style {
    bold: bool,
    italic: bool,
    seen: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            bold: true,
            italic: true,
            seen: false,
        }
    }
}

struct Walk<'a> {
    page: &'a Url,
    cuts: HashSet<NodeId>,
    captions: HashSet<NodeId>,
    out: Vec<Piece>,
    /// The block being collected; its lines are separated by newlines.
    text: TextBuf,
    /// Styles of the finished lines of `text`, and of the current one.
    styles: Vec<Style>,
    style: Style,
    /// `<br>` since the last visible text.
    breaks: usize,
    bold: usize,
    italic: usize,
    /// Links that are open; the bytes of text inside and outside of links since the last block.
    link: usize,
    linked: usize,
    unlinked: usize,
    aligns: Vec<(NodeId, Align)>,
    heading: Option<NodeId>,
    /// A list or quotation being collected: its element, kind and lines.
    group: Option<(NodeId, BlockKind, String)>,
    caption: Option<NodeId>,
    skip: Option<NodeId>,
    tables: usize,
    /// Cells that hold texts of their own, and the one that is open.
    boxes: HashSet<NodeId>,
    boxed: Option<NodeId>,
    pre: usize,
}

impl Walk<'_> {
    fn open(&mut self, node: NodeRef<'_, Node>) {
        if self.skip.is_some() {
            return;
        }
        let element = match node.value() {
            Node::Text(text) => return self.words(text),
            Node::Element(_) => match ElementRef::wrap(node) {
                Some(element) => element,
                None => return,
            },
            _ => return,
        };
        let id = element.id();
        if self.cuts.contains(&id) || hidden(element) {
            self.skip = Some(id);
            return;
        }
        let name = element.value().name();
        match name {
            "br" => return self.line_break(),
            "img" => return self.image(element),
            "b" | "strong" => self.bold += 1,
            "i" | "em" => self.italic += 1,
            "a" => self.link += 1,
            "span" | "font" => {
                let (bold, italic) = span_style(element);
                self.bold += usize::from(bold);
                self.italic += usize::from(italic);
            }
            "script" | "style" | "button" | "textarea" | "input" | "video" | "audio"
            | "noscript" => {
                self.skip = Some(id);
                return;
            }
            _ => {}
        }
        if self.captions.contains(&id) || matches!(name, "figcaption" | "caption") {
            if self.caption.is_none() {
                self.flush();
                self.caption = Some(id);
            }
            return;
        }
        if !is_block(name) {
            return;
        }
        self.flush();
        if let Some(align) = align(element) {
            self.aligns.push((id, align));
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if self.heading.is_none() => {
                self.heading = Some(id);
            }
            "ul" | "ol" if self.group.is_none() && has_items(element) => {
                self.group = Some((id, BlockKind::List, String::new()));
            }
            "blockquote" if self.group.is_none() => {
                self.group = Some((id, BlockKind::Quote, String::new()));
            }
            "pre" => self.pre += 1,
            "td" | "th" if self.boxes.contains(&id) => self.boxed = Some(id),
            "table" => {
                self.tables += 1;
                if self.tables <= TABLES && self.group.is_none() && self.caption.is_none() {
                    self.table(element);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, node: NodeRef<'_, Node>) {
        let Some(element) = ElementRef::wrap(node) else {
            return;
        };
        let id = element.id();
        let name = element.value().name();
        if let Some(skip) = self.skip {
            if skip != id {
                return;
            }
            self.skip = None;
            if name == "table" {
                self.tables = self.tables.saturating_sub(1);
            }
            if self.aligns.last().is_some_and(|(of, _)| *of == id) {
                self.aligns.pop();
            }
            return;
        }
        match name {
            "b" | "strong" => self.bold = self.bold.saturating_sub(1),
            "i" | "em" => self.italic = self.italic.saturating_sub(1),
            "a" => self.link = self.link.saturating_sub(1),
            "span" | "font" => {
                let (bold, italic) = span_style(element);
                self.bold = self.bold.saturating_sub(usize::from(bold));
                self.italic = self.italic.saturating_sub(usize::from(italic));
            }
            _ => {}
        }
        if self.caption == Some(id) {
            let text = self.text.take().replace('\n', " ");
            self.reset();
            (self.linked, self.unlinked) = (0, 0);
            self.caption = None;
            if !text.is_empty() {
                self.out.push(Piece::Caption(text));
            }
            return;
        }
        if !is_block(name) {
            return;
        }
        self.flush();
        if self.heading == Some(id) {
            self.heading = None;
        }
        if self.group.as_ref().is_some_and(|(of, _, _)| *of == id)
            && let Some((_, kind, text)) = self.group.take()
            && !text.is_empty()
        {
            self.push(kind, text, Style::default());
            (self.linked, self.unlinked) = (0, 0);
        }
        match name {
            "table" => self.tables = self.tables.saturating_sub(1),
            "pre" => self.pre = self.pre.saturating_sub(1),
            "td" | "th" if self.boxed == Some(id) => self.boxed = None,
            _ => {}
        }
        if self.aligns.last().is_some_and(|(of, _)| *of == id) {
            self.aligns.pop();
        }
    }

    fn words(&mut self, text: &str) {
        if self.pre > 0 {
            for (n, line) in text.split('\n').enumerate() {
                if n > 0 {
                    self.line_break();
                }
                self.words_of_line(line);
            }
        } else {
            self.words_of_line(text);
        }
    }

    fn words_of_line(&mut self, text: &str) {
        if !text.chars().all(super::dom::blank) {
            if self.breaks == 1 && !self.text.is_blank() {
                self.text.mark('\n');
                self.styles.push(self.style);
                self.style = Style::default();
            }
            self.breaks = 0;
            self.style.seen = true;
            self.style.bold &= self.bold > 0;
            self.style.italic &= self.italic > 0;
        } else if self.breaks > 0 {
            return;
        }
        let length = text.trim().len();
        if self.link > 0 {
            self.linked += length;
        } else {
            self.unlinked += length;
        }
        self.text.push(text);
    }

    fn line_break(&mut self) {
        if self.caption.is_some() {
            self.text.gap();
            return;
        }
        self.breaks += 1;
        if self.breaks > 1 {
            self.flush();
            self.breaks = 1;
        }
    }

    fn image(&mut self, element: ElementRef<'_>) {
        let Some(image) = image(element, self.page) else {
            return;
        };
        let align = self.align();
        if self.caption.is_some() {
            self.out.push(Piece::Image(image, align));
            return;
        }
        self.flush();
        self.out.push(Piece::Image(image, align));
    }

    fn align(&self) -> Align {
        self.aligns
            .last()
            .map(|(_, align)| *align)
            .unwrap_or_default()
    }

    fn reset(&mut self) {
        self.styles.clear();
        self.style = Style::default();
        self.breaks = 0;
    }

    fn push(&mut self, kind: BlockKind, text: String, style: Style) {
        self.out.push(Piece::Text(Chunk {
            kind,
            text,
            align: self.align(),
            bold: style.seen && style.bold,
            italic: style.seen && style.italic,
            links: self.linked > 0 && self.unlinked <= AROUND_LINKS,
            boxed: self.boxed.is_some(),
        }));
    }

    /// Ends the block being collected.
    fn flush(&mut self) {
        if self.caption.is_some() {
            self.text.gap();
            return;
        }
        let text = self.text.take();
        let mut styles = std::mem::take(&mut self.styles);
        styles.push(self.style);
        self.reset();
        if text.is_empty() {
            return;
        }
        if let Some((_, _, lines)) = &mut self.group {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(&text);
            return;
        }
        if self.heading.is_some() && text.chars().count() <= 300 {
            let style = styles.first().copied().unwrap_or_default();
            self.push(BlockKind::Heading, text.replace('\n', " "), style);
        } else {
            for (text, style) in paragraphs(&text, &styles) {
                self.push(BlockKind::Paragraph, text, style);
            }
        }
        (self.linked, self.unlinked) = (0, 0);
    }

    /// A table that is data, or that holds images with their captions, is read here as a whole;
    /// any other is only layout, and its cells are read like divisions.
    fn table(&mut self, table: ElementRef<'_>) {
        let Some(grid) = Grid::read(table, self.page, &self.cuts) else {
            return;
        };
        if grid.columns <= 1 || (grid.images && grid.has_text()) {
            self.boxes.extend(grid.boxes());
        }
        if grid.images {
            if grid.has_text() {
                return;
            }
            let align = self.align();
            let mut above: Vec<usize> = Vec::new();
            for row in &grid.rows {
                let mut here: Vec<usize> = Vec::new();
                for (column, cell) in row.iter().enumerate() {
                    for image in &cell.images {
                        here.push(column);
                        self.out.push(Piece::Image(image.clone(), align));
                    }
                    if cell.text.is_empty() {
                        continue;
                    }
                    let is_caption = cell.caption || !cell.images.is_empty() || !above.is_empty();
                    if is_caption {
                        // The caption of the image above it, where a row of images stands over
                        // a row of captions.
                        let nth = above.iter().position(|c| *c == column);
                        self.caption_for(nth.map(|nth| above.len() - nth), &cell.text);
                    } else {
                        let style = Style::default();
                        self.push(BlockKind::Paragraph, cell.text.clone(), style);
                    }
                }
                if !here.is_empty() {
                    above = here;
                } else if row.iter().any(|cell| !cell.text.is_empty()) {
                    above.clear();
                }
            }
            self.skip = Some(table.id());
        } else if grid.columns > 1 {
            let lines: Vec<String> = grid
                .rows
                .iter()
                .map(|row| {
                    row.iter()
                        .map(|cell| cell.text.as_str())
                        .collect::<Vec<_>>()
                        .join("\t")
                })
                .filter(|line| !line.trim().is_empty())
                .collect();
            if !lines.is_empty() {
                self.push(BlockKind::Table, lines.join("\n"), Style::default());
            }
            self.skip = Some(table.id());
        }
    }

    /// Gives a caption to the image that is `back` images back, or to what stands before.
    fn caption_for(&mut self, back: Option<usize>, text: &str) {
        let image = back.and_then(|back| {
            self.out
                .iter_mut()
                .rev()
                .filter_map(|piece| match piece {
                    Piece::Image(image, _) => Some(image),
                    _ => None,
                })
                .nth(back.saturating_sub(1))
        });
        match image {
            Some(image) if image.caption.is_none() => image.caption = Some(text.to_owned()),
            _ => self.out.push(Piece::Caption(text.to_owned())),
        }
    }
}
