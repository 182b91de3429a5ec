//! Cuts a byline into phrases, signs and brackets. Knows which hyphens, slashes and full stops
//! belong to names, addresses and abbreviations, and nothing of labels.

use super::{names, outlets};

/// One piece of a byline; positions are bytes of the normal text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words between signs.
    Phrase(usize, usize),
    /// Words in brackets, without them.
    Brackets(usize, usize),
    /// A sign between phrases.
    Sign(char),
    Colon,
}

/// Pieces of the normal text, linear in its length (a look at the word before a full stop aside).
pub(super) fn cut(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut depth = 0usize;
    let mut url = false;
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    let close = |pieces: &mut Vec<Piece>, from: usize, to: usize| {
        if text.get(from..to).is_some_and(|s| !s.trim().is_empty()) {
            pieces.push(Piece::Phrase(from, to));
        }
    };
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map_or(' ', |(_, c)| *c);
        let width = c.len_utf8();
        if depth > 0 {
            match c {
                '(' => depth += 1,
                ')' => {
                    depth -= 1;
                    if depth == 0 {
                        pieces.push(Piece::Brackets(start, at));
                        start = at + width;
                    }
                }
                _ => {}
            }
            continue;
        }
        if c == ' ' {
            url = false;
        }
        let spaced = before == ' ' || after == ' ';
        let rest = text.get(at..).unwrap_or_default();
        let sign = match c {
            '(' => {
                close(&mut pieces, start, at);
                depth = 1;
                start = at + width;
                before = c;
                continue;
            }
            ':' if rest.starts_with("://") => {
                url = true;
                None
            }
            ':' if !url => {
                close(&mut pieces, start, at);
                pieces.push(Piece::Colon);
                start = at + width;
                before = c;
                continue;
            }
            ',' | ';' | '|' | '•' | '·' | '\n' if !url => Some(c),
            // "Vietnam+" is a name.
            '+' if before == ' ' || after.is_alphabetic() => Some(c),
            '–' | '—' => Some('-'),
            '-' if spaced => Some('-'),
            // "Huỳnh Phong-Hùng Anh": two names of two words each.
            '-' if !url && two_names(text.get(start..at), rest.get(1..)) => Some('-'),
            '&' if spaced => Some('&'),
            '/' if !url && !slash_inside(text.get(start..at)) => Some('/'),
            '.' if after == ' ' && !abbreviation(text.get(start..at)) => Some('.'),
            ' ' if rest.starts_with(" và ")
                || rest.starts_with(" VÀ ")
                || rest.starts_with(" and ") =>
            {
                let skip = if rest.starts_with(" and ") { 3 } else { 2 };
                close(&mut pieces, start, at);
                pieces.push(Piece::Sign('&'));
                let mut end = at + width;
                for _ in 0..skip {
                    if let Some((i, c)) = chars.next() {
                        end = i + c.len_utf8();
                    }
                }
                start = end;
                before = ' ';
                continue;
            }
            _ => None,
        };
        if let Some(sign) = sign {
            close(&mut pieces, start, at);
            pieces.push(Piece::Sign(sign));
            start = at + width;
        }
        before = c;
    }
    if depth > 0 {
        pieces.push(Piece::Brackets(start, text.len()));
    } else {
        close(&mut pieces, start, text.len());
    }
    pieces
}

fn two_names(left: Option<&str>, right: Option<&str>) -> bool {
    let right = right.map(|r| {
        r.split(['-', ',', '(', ':', ';'])
            .next()
            .unwrap_or(r)
            .trim()
    });
    matches!((left.map(str::trim), right), (Some(l), Some(r))
        if l.len() < 60 && r.len() < 60 && l.contains(' ') && r.contains(' ')
            && names::is_name(l) && names::is_name(r))
}

/// "baodongnai.com.vn/x" is one address.
fn slash_inside(before: Option<&str>) -> bool {
    before.is_some_and(|words| {
        let last = words.rsplit(' ').next().unwrap_or(words);
        outlets::looks_like_domain(&last.to_lowercase()) || matches!(last, "đ" | "Đ")
    })
}

/// Whether the word before a full stop is an abbreviation or initial.
fn abbreviation(before: Option<&str>) -> bool {
    let word = before
        .and_then(|b| b.rsplit([' ', '.']).next())
        .unwrap_or_default();
    word.chars().count() <= 1
        || matches!(
            word.to_lowercase().as_str(),
            "tp" | "ths"
                | "ts"
                | "bs"
                | "ks"
                | "gs"
                | "pgs"
                | "ls"
                | "lm"
                | "th"
                | "tx"
                | "st"
                | "tt"
                | "tm"
                | "kt"
                | "tl"
                | "tuq"
        )
}
