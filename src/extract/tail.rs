//! Takes the byline off the end of a body: its last lines, where they say by their words or by how
//! they are set that they are one. What is not taken stays in the body as it is.

use super::adapter::{self, Strength};
use super::body::{Align, Chunk, Piece};
use crate::domain::BlockKind;

/// Lines that a byline has at most ("Tin: X", "Ảnh: Y", "Nguồn: Z").
const LINES: usize = 4;
/// Lines without a label that it has at most: more names are a list of the text's own.
const BARE: usize = 2;
/// Blocks at the end among which a byline with a label may stand.
const BLOCKS: usize = 3;

/// A line that was found to be of the byline.
struct Line {
    piece: usize,
    text: String,
    bare: bool,
}

/// Takes the byline's lines off the body; gives them in their order.
pub(super) fn take(parts: &mut Vec<Piece>) -> Vec<String> {
    let Some((start, followed)) = start(parts) else {
        return Vec::new();
    };
    let mut found = collect(parts, start, followed);
    let blocks = texts(parts).count();
    let whole = texts(parts).all(|(at, chunk)| {
        let lines = chunk.text.split('\n').count();
        found.iter().filter(|line| line.piece == at).count() == lines
    });
    if whole && blocks > 0 {
        // The body keeps a text.
        found.pop();
    }
    let mut at = start;
    for line in &found {
        at = line.piece;
        let Some(Piece::Text(chunk)) = parts.get_mut(at) else {
            continue;
        };
        match chunk.text.rsplit_once('\n') {
            Some((before, _)) => chunk.text = before.trim_end().to_owned(),
            None => {
                parts.remove(at);
                at = at.saturating_sub(1);
            }
        }
    }
    let mut lines: Vec<String> = found.into_iter().rev().map(|line| line.text).collect();
    // Glued to the last sentence.
    let above = parts
        .get_mut(..=at)
        .and_then(|parts| parts.iter_mut().rev().find_map(text_of));
    if lines.len() < LINES
        && let Some(chunk) = above
        && is_plain(chunk)
        && let Some((before, last)) = adapter::split_tail(last_line(chunk))
    {
        chunk.text = match chunk.text.rsplit_once('\n') {
            Some((above, _)) => format!("{above}\n{before}"),
            None => before,
        };
        lines.insert(0, last);
    }
    lines
}

fn text_of(piece: &mut Piece) -> Option<&mut Chunk> {
    match piece {
        Piece::Text(chunk) => Some(chunk),
        _ => None,
    }
}

/// The blocks of text with where they stand, from the last.
fn texts(parts: &[Piece]) -> impl Iterator<Item = (usize, &Chunk)> {
    parts.iter().enumerate().rev().filter_map(|(at, piece)| {
        if let Piece::Text(chunk) = piece {
            Some((at, chunk))
        } else {
            None
        }
    })
}

fn is_plain(chunk: &Chunk) -> bool {
    matches!(chunk.kind, BlockKind::Paragraph | BlockKind::Heading)
}

fn set_apart(chunk: &Chunk) -> bool {
    chunk.align == Align::Right || chunk.bold || chunk.italic
}

fn last_line(chunk: &Chunk) -> &str {
    chunk.text.rsplit('\n').next().unwrap_or_default().trim()
}

/// Whether a line with a label is among the last lines of a block, which are names all:
/// "Vân Khanh<br>Ảnh: Đỗ Hải". It says what the others are.
fn marked(chunk: &Chunk) -> bool {
    chunk
        .text
        .rsplit('\n')
        .map(|line| adapter::strength(line.trim()))
        .take_while(|strength| *strength != Strength::None)
        .any(|strength| strength == Strength::Labelled)
}

/// The block in which the byline ends, and whether others follow it: the last one, or one with a
/// label that only links, tables and the like follow.
fn start(parts: &[Piece]) -> Option<(usize, bool)> {
    let mut short = false;
    for (nth, (at, chunk)) in texts(parts).enumerate().take(BLOCKS) {
        if is_plain(chunk) {
            let bare = || adapter::strength(last_line(chunk)) == Strength::BareName;
            let ends = marked(chunk)
                || (nth == 0 && set_apart(chunk) && bare())
                || adapter::split_tail(last_line(chunk)).is_some();
            if ends {
                return Some((at, nth > 0));
            }
        }
        if chunk.kind == BlockKind::Table || chunk.links || leads_on(chunk) {
            continue;
        }
        // One short line that is no sentence.
        if short || !is_short(chunk) {
            return None;
        }
        short = true;
    }
    None
}

/// "Xem thêm: …", "File đính kèm: …".
fn leads_on(chunk: &Chunk) -> bool {
    const HEADS: &[&str] = &[
        "xem thêm",
        "xem chi tiết",
        "chi tiết xem",
        "mời xem",
        "mời bạn đọc",
        "đọc thêm",
        "tin liên quan",
        "tin bài liên quan",
        "bài liên quan",
        "tải ",
        "file đính kèm",
        "tệp đính kèm",
        "tài liệu đính kèm",
        "văn bản đính kèm",
        "đính kèm",
        "link ",
    ];
    let lower = chunk.text.to_lowercase();
    chunk.text.chars().count() <= 160 && HEADS.iter().any(|head| lower.starts_with(head))
}

fn is_short(chunk: &Chunk) -> bool {
    is_plain(chunk)
        && chunk.text.chars().count() <= 80
        && !chunk.text.ends_with(['.', '!', '?', '…', '”', '"'])
        && !adapter::is_office(last_line(chunk))
}

/// The byline's lines from the last up, beginning with the block at `start`.
fn collect(parts: &[Piece], start: usize, followed: bool) -> Vec<Line> {
    let mut found: Vec<Line> = Vec::new();
    let mut above = None;
    let blocks = texts(parts).skip_while(|(at, _)| *at > start);
    'blocks: for (nth, (piece, chunk)) in blocks.enumerate() {
        if !is_plain(chunk) {
            break;
        }
        let all = marked(chunk);
        for text in chunk.text.rsplit('\n').map(str::trim) {
            let strength = adapter::strength(text);
            let bare = strength == Strength::BareName;
            let fits = strength == Strength::Labelled
                || (bare && (all || (set_apart(chunk) && !followed)));
            if !fits || nth == BLOCKS || found.len() == LINES {
                above = Some(text);
                break 'blocks;
            }
            found.push(Line {
                piece,
                text: text.to_owned(),
                bare,
            });
        }
    }
    if above.is_some_and(adapter::is_office) {
        // The names below an office sign a document.
        while found.last().is_some_and(|line| line.bare) {
            found.pop();
        }
    }
    if found.iter().filter(|line| line.bare).count() > BARE {
        let first = found.iter().position(|line| line.bare);
        found.truncate(first.unwrap_or_default());
    }
    found
}
