//! Tells captions from paragraphs, once the pieces of a body stand in their order.

use super::{Align, CAPTION, Chunk, Piece};
use crate::domain::{BlockKind, Image};

/// Gives captions to their images; what is no caption becomes a paragraph again.
pub(super) fn settle(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut orphan: Option<String> = None;
    let mut pieces = pieces.into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Caption(text) => {
                if text.chars().count() <= CAPTION
                    && let Some(Piece::Image(image, _)) = out.last_mut()
                {
                    add_caption(image, text);
                } else if matches!(pieces.peek(), Some(Piece::Image(..))) && orphan.is_none() {
                    orphan = Some(text);
                } else {
                    out.push(plain(text));
                }
            }
            Piece::Image(mut image, align) => {
                if let Some(text) = orphan.take() {
                    add_caption(&mut image, text);
                }
                out.push(Piece::Image(image, align));
            }
            Piece::Text(chunk) => {
                if let Some(text) = orphan.take() {
                    out.push(plain(text));
                }
                match out.last_mut() {
                    Some(Piece::Image(image, align)) if is_caption(&chunk, image, *align) => {
                        add_caption(image, chunk.text);
                    }
                    _ => out.push(Piece::Text(chunk)),
                }
            }
        }
    }
    out.extend(orphan.map(plain));
    out
}

fn plain(text: String) -> Piece {
    Piece::Text(Chunk {
        kind: BlockKind::Paragraph,
        text,
        align: Align::Plain,
        bold: false,
        italic: false,
        links: false,
        boxed: false,
    })
}

fn add_caption(image: &mut Image, text: String) {
    match &mut image.caption {
        Some(caption) if *caption == text => {}
        Some(caption) => {
            caption.push('\n');
            caption.push_str(&text);
        }
        None => image.caption = Some(text),
    }
}

/// Whether the text right after an image is set like its caption.
fn is_caption(chunk: &Chunk, image: &Image, image_align: Align) -> bool {
    if chunk.kind != BlockKind::Paragraph || chunk.boxed || chunk.text.chars().count() > 400 {
        return false;
    }
    let credit = credit_line(&chunk.text);
    if image.caption.is_some() {
        // A second line under a caption is one only when it names the photographer.
        return credit && chunk.align != Align::Right && chunk.text.chars().count() <= 120;
    }
    match chunk.align {
        Align::Right => credit,
        Align::Center => chunk.italic || (image_align == Align::Center && !chunk.bold) || credit,
        Align::Plain => chunk.italic || (credit && chunk.text.chars().count() <= 250),
    }
}

/// Whether a line names a photographer: "Ảnh: …" at its beginning or in its last brackets.
pub(super) fn credit_line(text: &str) -> bool {
    let text = text.trim_start_matches(['(', '[', '*', ' ']);
    let tail = text
        .rfind(['(', '['])
        .map(|at| text.get(at..).unwrap_or_default());
    let named = |part: &str| {
        let part = part.trim_start_matches(['(', '[', ' ']);
        ["Ảnh", "ẢNH", "Nguồn ảnh", "Photo"].iter().any(|word| {
            part.strip_prefix(word).is_some_and(|rest| {
                let rest = rest.trim_start();
                rest.starts_with(':')
                    || rest.starts_with("minh họa")
                    || rest.starts_with("minh hoạ")
            })
        })
    };
    named(text) || tail.is_some_and(named)
}
