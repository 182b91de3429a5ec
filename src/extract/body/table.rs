//! Reads a table as rows of cells, with the images in them.

use super::captions::credit_line;
use super::style::is_block;
use crate::domain::Image;
use crate::extract::dom::{TextBuf, blank};
use crate::extract::images::image;
use ego_tree::NodeId;
use ego_tree::iter::Edge;
use foldhash::HashSet;
use scraper::{ElementRef, Node};
use url::Url;

/// A table's cells.
pub(super) struct Grid {
    pub rows: Vec<Vec<Cell>>,
    pub columns: usize,
    pub images: bool,
}

/// Longest text of a cell that can be a caption, in characters.
const LONGEST: usize = 400;

#[derive(Default)]
pub(super) struct Cell {
    pub text: String,
    pub images: Vec<Image>,
    pub caption: bool,
    id: Option<NodeId>,
    /// Paragraphs, lines that name the photographer aside.
    paragraphs: usize,
}

impl Cell {
    /// Whether it holds a text of its own, which is no image's caption.
    fn is_text(&self) -> bool {
        self.paragraphs > 1 || self.text.chars().count() > LONGEST
    }
}

impl Grid {
    /// Whether a cell holds a text of its own.
    pub(super) fn has_text(&self) -> bool {
        self.rows.iter().flatten().any(Cell::is_text)
    }

    /// The cells that hold such a text, and no image.
    pub(super) fn boxes(&self) -> impl Iterator<Item = NodeId> {
        let cells = self.rows.iter().flatten();
        cells
            .filter(|cell| cell.is_text() && cell.images.is_empty())
            .filter_map(|cell| cell.id)
    }

    /// Reads a table; `None` when it holds another one.
    pub(super) fn read(table: ElementRef<'_>, page: &Url, cuts: &HashSet<NodeId>) -> Option<Self> {
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        let mut text = TextBuf::default();
        let mut skip = None;
        let mut inside = false;
        // A paragraph begins with the next words.
        let mut fresh = true;
        for edge in table.traverse() {
            match edge {
                Edge::Open(node) if skip.is_none() => {
                    if let Node::Text(words) = node.value() {
                        if inside {
                            text.push(words);
                            if fresh && !words.chars().all(blank) {
                                fresh = false;
                                if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                                    cell.paragraphs += usize::from(!credit_line(words));
                                }
                            }
                        }
                        continue;
                    }
                    let Some(element) = ElementRef::wrap(node) else {
                        continue;
                    };
                    if element.id() == table.id() {
                        continue;
                    }
                    if cuts.contains(&element.id()) {
                        skip = Some(element.id());
                        continue;
                    }
                    match element.value().name() {
                        "table" => return None,
                        "tr" => rows.push(Vec::new()),
                        "td" | "th" | "caption" => {
                            inside = true;
                            fresh = true;
                            if rows.is_empty() {
                                rows.push(Vec::new());
                            }
                            if let Some(row) = rows.last_mut() {
                                row.push(Cell {
                                    id: Some(element.id()),
                                    caption: element.attr("class").is_some_and(|class| {
                                        class.contains("desc") || class.contains("caption")
                                    }),
                                    ..Cell::default()
                                });
                            }
                        }
                        "img" => {
                            if let Some(image) = image(element, page)
                                && let Some(cell) = rows.last_mut().and_then(|row| row.last_mut())
                            {
                                cell.images.push(image);
                            }
                        }
                        "br" => text.gap(),
                        name if is_block(name) => {
                            text.gap();
                            fresh = true;
                        }
                        _ => {}
                    }
                }
                Edge::Open(_) => {}
                Edge::Close(node) => {
                    if skip == Some(node.id()) {
                        skip = None;
                    } else if let Some(element) = ElementRef::wrap(node) {
                        match element.value().name() {
                            "td" | "th" | "caption" => {
                                inside = false;
                                if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                                    cell.text = text.take();
                                }
                            }
                            name if is_block(name) => {
                                text.gap();
                                fresh = true;
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
        Some(Self {
            columns: rows.iter().map(Vec::len).max().unwrap_or_default(),
            images: rows.iter().flatten().any(|cell| !cell.images.is_empty()),
            rows,
        })
    }
}
