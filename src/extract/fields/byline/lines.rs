//! Bylines inside the body and credits inside captions: told from sentences, and split off them.
//!
//! Cheap checks (length, a colon, a capital) come before any reading, because every line of every
//! body passes here.

use super::bare;
use super::names::{self, Kind};
use super::offices;
use super::outlets;
use super::parse;
use crate::extract::fields::text;

/// Longest line that can be a byline, in bytes.
const LINE: usize = 240;
/// How far before the end of a paragraph a glued byline may begin, in bytes.
const TAIL: usize = 240;

/// How surely a line is a byline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// It is none.
    None,
    /// Names (or a desk) and nothing else: counts only where the layout supports it.
    BareName,
    /// It says so itself: "Tin, ảnh: X", "Theo X", "(TTXVN)".
    Labelled,
}

/// Whether the line says by its own words that it is a byline ([`Strength::Labelled`]).
pub fn looks_like_byline(line: &str) -> bool {
    strength(line) == Strength::Labelled
}

/// How surely a line of the body is a byline.
pub fn strength(line: &str) -> Strength {
    if line.is_empty() || line.len() > LINE {
        return Strength::None;
    }
    let shown = text::normal(line);
    let shown = shown.trim_matches(['*', '-', '–', '•', ' ']);
    let bracketed = shown.starts_with('(') && shown.trim_end_matches('.').ends_with(')');
    let Some(first) = shown.trim_start_matches(['(', '[']).chars().next() else {
        return Strength::None;
    };
    if !first.is_alphabetic() || (!first.is_uppercase() && !shown.contains(':') && !bracketed) {
        return Strength::None;
    }
    let colon = shown.contains(':');
    let source = parse::source_head(shown.trim_start_matches(['(', '['])).is_some();
    if !colon && !source && shown.len() > 120 {
        return Strength::None;
    }
    let stripped = parse::strip_cms_label(shown);
    let Some(parsed) = parse::read(&stripped, 0) else {
        return Strength::None;
    };
    let cms = stripped.len() != shown.len() && !parsed.is_empty() && parsed.residue == 0;
    let byline = &parsed.byline;
    let digits = shown.bytes().any(|b| b.is_ascii_digit()) && !shown.contains("://");
    if parsed.residue > 0 || digits || parsed.is_empty() {
        return Strength::None;
    }
    let long = |name: &str| name.split(' ').count() > 12;
    if byline.organisations.iter().any(|name| long(name)) {
        return Strength::None;
    }
    if let Some(source) = &byline.source
        && !source_fits(source, colon || bracketed)
    {
        return Strength::None;
    }
    if cms {
        return Strength::Labelled;
    }
    if parsed.labelled {
        let named = !byline.people.is_empty() || parsed.roles > 1 || !parsed.weak;
        let labelled = if named {
            Strength::Labelled
        } else {
            Strength::None
        };
        return labelled;
    }
    if byline.people.is_empty() {
        let desk = byline.source.is_none() && byline.organisations.len() == 1;
        let agency = byline.source.is_some() && byline.organisations.is_empty();
        let lower = shown.to_lowercase();
        let signs = outlets::is_desk(&lower) || bare::is_organisation(shown);
        return match (desk && signs, agency) {
            (_, true) if bracketed => Strength::Labelled,
            (true, _) | (_, true) => Strength::BareName,
            _ => Strength::None,
        };
    }
    if byline
        .people
        .first()
        .is_none_or(|first| !bare::is_person(&first.name))
    {
        return Strength::None;
    }
    if bracketed || colon {
        // "Minh Thùy - Ảnh: Lan Anh"; "(Minh Thùy)".
        let labelled = colon && byline.people.len() > 1;
        return if labelled {
            Strength::Labelled
        } else {
            Strength::BareName
        };
    }
    let bare = byline.people.len() <= 4
        && byline
            .people
            .iter()
            .all(|person| bare::is_person(&person.name))
        && !comrade(&shown.to_lowercase());
    if bare {
        Strength::BareName
    } else {
        Strength::None
    }
}

/// "Đồng chí X" is spoken of, and writes nothing.
fn comrade(lower: &str) -> bool {
    lower.starts_with("đồng chí") || lower.starts_with("đ/c")
}

/// Whether a line is an office ("KT. CHỦ TỊCH"), or says that a document was signed: the name below
/// it is no writer's.
pub fn is_office(line: &str) -> bool {
    line.len() <= LINE && offices::is_office(&text::lower(line))
}

/// Whether the text after "Theo" or "Nguồn" names an outlet, and is no clause ("Theo báo cáo của
/// ...").
fn source_fits(source: &str, marked: bool) -> bool {
    let lower = source.to_lowercase();
    let words = source.split(' ').count();
    if lower.starts_with("báo cáo") || words > 12 || source.contains(", ") {
        return false;
    }
    if outlets::looks_like_domain(lower.rsplit(' ').next().unwrap_or(&lower)) {
        return true;
    }
    match names::classify(source, false) {
        Kind::Outlet(_) | Kind::Unnamed(_) => words <= 8,
        Kind::Person(_) => words <= 5,
        Kind::Organisation(_) => marked || (words == 1 && names::is_acronym(source)),
        Kind::Desk(_) => true,
        // "Thu Hà/VOV".
        Kind::Text(_) | Kind::Nobody => source
            .split_once('/')
            .is_some_and(|(_, last)| matches!(names::classify(last, false), Kind::Outlet(_))),
    }
}

/// Splits a byline off the end of a paragraph ("... của tỉnh.Bài và ảnh: TRÀ MY"): the body
/// without it and the byline, both as published. Only labelled bylines are split off, after the
/// end of a sentence, in closing brackets, or before a label of several roles.
pub fn split_tail(paragraph: &str) -> Option<(&str, &str)> {
    let shown = paragraph.trim_end();
    let from = text::boundary(shown, shown.len().saturating_sub(TAIL));
    let tail = shown.get(from..)?;
    if !tail.contains(':')
        && !tail.contains("heo ")
        && !tail.contains("guồn ")
        && !tail.ends_with(')')
    {
        return None;
    }
    // From the left: the longest byline wins.
    let mut tried = 0;
    let mut before = ' ';
    let mut before_that = ' ';
    for (at, c) in tail.char_indices() {
        let ends_sentence = matches!(before, '.' | '!' | '?' | '”' | '"' | '…' | '»' | '/')
            || (before.is_whitespace()
                && matches!(
                    before_that,
                    '.' | '!' | '?' | '”' | '"' | '…' | '»' | '/' | ')'
                ))
            || before == ')'
            || before == '\n';
        let starts = c.is_uppercase() || c == '(';
        let bracket = c == '(' && tail.trim_end_matches('.').ends_with(')');
        if !c.is_whitespace() || !before.is_whitespace() {
            before_that = before;
            before = c;
        }
        if !starts || from + at == 0 {
            continue;
        }
        let glued_label = matches!(c, 'T' | 'B' | 'Ả' | 'A' | 'V' | 'N' | 'H');
        if !(ends_sentence || bracket || glued_label) {
            continue;
        }
        let (Some(line), Some(body)) = (tail.get(at..), shown.get(..from + at)) else {
            continue;
        };
        // A byline has a colon early on, or begins with a bracket, "Theo" or "Nguồn".
        let near = text::boundary(line, 60);
        let likely = c == '('
            || line
                .get(..near)
                .is_some_and(|head| head.contains([':', '：']))
            || (matches!(c, 'T' | 'N') && parse::source_head(line).is_some());
        if !likely {
            continue;
        }
        tried += 1;
        if tried > 16 {
            return None;
        }
        let labelled = (ends_sentence || bracket || several_roles(line))
            && strength(line) == Strength::Labelled;
        let body = body.trim_end();
        if labelled && !body.is_empty() {
            return Some((body, line));
        }
    }
    None
}

/// Whether the line begins with a label of two roles or more and a colon.
fn several_roles(line: &str) -> bool {
    line.find(':').is_some_and(|at| at < 60)
        && parse::read(line, 0).is_some_and(|parsed| parsed.labelled && parsed.roles > 1)
}

/// Labels of credits in captions, lower case, longest first.
const CREDITS: &[&str] = &[
    "nguồn ảnh",
    "ảnh nguồn",
    "ảnh minh họa",
    "ảnh minh hoạ",
    "ảnh tư liệu",
    "ảnh chụp",
    "hình ảnh",
    "nhiếp ảnh",
    "nguồn",
    "photo",
    "photos",
    "ảnh",
    "hình",
    "đồ họa",
    "đồ hoạ",
    "infographic",
    "clip",
    "video",
    "minh họa",
    "minh hoạ",
];

/// The credit in a caption ("Quang cảnh buổi lễ. Ảnh: TTXVN" gives "TTXVN"), as published. `None`
/// where what follows the label is no name: "Ảnh: Đoàn viên dọn vệ sinh" is a caption.
pub fn credit(caption: &str) -> Option<String> {
    if caption.len() > 4000 {
        return None;
    }
    let shown = text::normal(caption);
    let colon = shown.match_indices([':', '：']).map(|(at, _)| at);
    // The last label wins; addresses ("https:") are passed over.
    let mut candidates: Vec<usize> = colon.collect();
    candidates.reverse();
    for at in candidates.into_iter().take(4) {
        let (head, value) = shown.split_at_checked(at)?;
        if value.starts_with("://") {
            continue;
        }
        let head = head.trim_end().to_lowercase();
        let label = CREDITS.iter().any(|label| {
            head.strip_suffix(label)
                .is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
        });
        if label {
            return credit_value(value.trim_start_matches([':', '：', ' ']));
        }
    }
    // "(Ảnh TTXVN)", "(Hình từ Internet)", "(TTXVN)".
    let open = shown.rfind('(')?;
    let inner = shown.get(open + 1..)?.trim_end_matches(['.', ' ', ')']);
    if let Some(rest) = parse::source_head(inner) {
        return credit_value(rest);
    }
    let rest = CREDITS.iter().find_map(|label| {
        let end = inner.char_indices().nth(label.chars().count())?.0;
        let (start, rest) = inner.split_at_checked(end)?;
        (start.to_lowercase() == **label && rest.starts_with(' ')).then(|| rest.trim_start())
    });
    match rest {
        Some(rest) => credit_value(rest),
        None => matches!(names::classify(inner, false), Kind::Outlet(_))
            .then(|| inner.trim().to_owned()),
    }
}

fn credit_value(value: &str) -> Option<String> {
    let value = value.trim();
    let value = match value.split_once(". ") {
        // "Ảnh: Minh Thùy. Đoàn viên dọn vệ sinh": the caption goes on.
        Some((name, _)) if name.chars().rev().take(2).all(char::is_lowercase) => name,
        _ => value,
    };
    let open = value.matches('(').count();
    let closed = value.matches(')').count();
    let value = if closed > open {
        value.rsplit_once(')').map_or(value, |(name, _)| name)
    } else {
        value
    };
    let value = value.trim_end_matches(['.', ',', ';', ' ', '/']).trim();
    if value.is_empty() || value.chars().count() > 80 {
        return None;
    }
    let lower = value.to_lowercase();
    if matches!(
        lower.as_str(),
        "minh họa" | "minh hoạ" | "tư liệu" | "tl" | "mh"
    ) {
        return None;
    }
    let line = format!("Ảnh: {value}");
    let parsed = parse::read(&line, 0)?;
    let named = !parsed.is_empty() && (parsed.residue == 0 || gives(&lower));
    named.then(|| value.to_owned())
}

/// "Minh Thùy cung cấp", "nhân vật cung cấp".
fn gives(lower: &str) -> bool {
    lower.ends_with(" cung cấp") || lower == "tác giả"
}
