//! Reads a table as rows of cells, with the images in them.

use super::style::is_block;
use crate::domain::Image;
use crate::extract::dom::TextBuf;
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
    /// Bytes of the longest cell's text.
    pub longest: usize,
}

#[derive(Default)]
pub(super) struct Cell {
    pub text: String,
    pub images: Vec<Image>,
    pub caption: bool,
}

impl Grid {
    /// Reads a table; `None` when it holds another one.
    pub(super) fn read(table: ElementRef<'_>, page: &Url, cuts: &HashSet<NodeId>) -> Option<Self> {
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        let mut text = TextBuf::default();
        let mut skip = None;
        let mut inside = false;
        for edge in table.traverse() {
            match edge {
                Edge::Open(node) if skip.is_none() => {
                    if let Node::Text(words) = node.value() {
                        if inside {
                            text.push(words);
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
                            if rows.is_empty() {
                                rows.push(Vec::new());
                            }
                            if let Some(row) = rows.last_mut() {
                                row.push(Cell {
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
                        name if name == "br" || is_block(name) => text.gap(),
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
                            name if is_block(name) => text.gap(),
                            _ => {}
                        }
                    }
                }
            }
        }
        Some(Self {
            columns: rows.iter().map(Vec::len).max().unwrap_or_default(),
            images: rows.iter().flatten().any(|cell| !cell.images.is_empty()),
            longest: rows
                .iter()
                .flatten()
                .map(|cell| cell.text.len())
                .max()
                .unwrap_or_default(),
            rows,
        })
    }
}
