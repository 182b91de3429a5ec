//! Bylines and credits: who wrote, photographed, edited, and where a text was taken from.
//!
//! Owns the reading of author lines, the body's last lines and captions' credits. Never decides
//! by layout: a bare name in the body is reported as such ([`Strength::BareName`]) and counts only
//! where the caller sees a signature (last line, right-aligned or bold). The forms are facts seen
//! on public portals (`tests/fixtures/facts/bylines.tsv`) and their kin.

mod bare;
mod labels;
mod lines;
mod names;
mod offices;
pub(super) mod outlets;
mod parse;
mod pieces;

pub use lines::{Strength, credit, is_office, looks_like_byline, split_tail, strength};

use super::text;
use crate::domain::{Byline, Person};

/// Reads an author line ("Tác giả: Tin, ảnh: Minh Thùy"), a signature or a credit.
///
/// The CMS's own label is taken off `raw`; a bare name has the role text. Accounts ("admin") and
/// e-mail addresses are no people: a line of nothing else gives `None`, as does an empty one. A
/// line that names nobody in a known way keeps its `raw` alone.
pub fn parse(raw: &str) -> Option<Byline> {
    let stripped = parse::strip_cms_label(raw);
    let source = is_source_label(raw);
    let parsed = parse::read(&stripped, 0)?;
    let mut byline = parsed.byline;
    if source {
        byline = as_source(&byline.raw)?;
    }
    let empty =
        byline.people.is_empty() && byline.organisations.is_empty() && byline.source.is_none();
    if empty && (parsed.nobody || parsed.residue == 0) {
        return None;
    }
    (!byline.raw.is_empty()).then_some(byline)
}

/// Whether the CMS's label says that the value is a source.
fn is_source_label(raw: &str) -> bool {
    text::collapse(raw)
        .split_once([':', '：'])
        .is_some_and(|(head, _)| head.len() < 60 && text::lower(head) == "nguồn tin")
}

/// A source line's value: the whole of it is the source, whatever it looks like.
fn as_source(value: &str) -> Option<Byline> {
    let parsed = parse::read(value, 0)?;
    let raw = text::collapse(value).into_owned();
    if parsed.nobody
        && parsed.byline
            == (Byline {
                raw: raw.clone(),
                ..Byline::default()
            })
    {
        return None;
    }
    let source = match parsed.byline.source {
        Some(source) if parsed.labelled => source,
        _ => names::trim(&text::normal(value)).to_owned(),
    };
    (!source.is_empty()).then(|| Byline {
        raw,
        source: Some(source),
        ..Byline::default()
    })
}

/// One byline from the author line, the source line and the body's signature lines, each as
/// published. People are united by name (case and tone placement aside), roles added; `raw` is the
/// author line and the body's lines joined with " | " where they differ, or the source line where
/// it stands alone.
pub fn merge(
    author_line: Option<&str>,
    source_line: Option<&str>,
    body_lines: &[&str],
) -> Option<Byline> {
    let mut out = Byline::default();
    let mut raws: Vec<(String, String)> = Vec::new();
    for part in author_line.into_iter().chain(body_lines.iter().copied()) {
        let Some(next) = parse(part) else {
            continue;
        };
        let key = text::name_key(&next.raw);
        if !raws.iter().any(|(had, _)| *had == key) {
            raws.push((key, next.raw.clone()));
        }
        absorb(&mut out, next);
    }
    if let Some(next) = source_line.and_then(|line| as_source(&parse::strip_cms_label(line))) {
        if raws.is_empty() {
            raws.push((String::new(), next.raw.clone()));
        }
        // The source line is the CMS's own field: it goes before what the text says.
        if let Some(own) = out.source.take() {
            let same = next
                .source
                .as_deref()
                .is_some_and(|s| text::name_key(s) == text::name_key(&own));
            if !same {
                out.organisations.push(own);
            }
        }
        absorb(&mut out, next);
    }
    if raws.is_empty() {
        return None;
    }
    let raws: Vec<String> = raws.into_iter().map(|(_, raw)| raw).collect();
    out.raw = raws.join(" | ");
    Some(out)
}

fn absorb(out: &mut Byline, next: Byline) {
    for person in next.people {
        add_person(&mut out.people, person);
    }
    let known = |out: &Byline, name: &str| {
        let key = text::name_key(name);
        out.organisations.iter().any(|o| text::name_key(o) == key)
    };
    for name in next.organisations {
        if !known(out, &name) {
            out.organisations.push(name);
        }
    }
    match (&out.source, next.source) {
        (None, source) => out.source = source,
        (Some(had), Some(other))
            if text::name_key(had) != text::name_key(&other) && !known(out, &other) =>
        {
            out.organisations.push(other);
        }
        _ => {}
    }
}

/// Adds a person, or the roles where the person is there already.
fn add_person(people: &mut Vec<Person>, person: Person) {
    let key = text::name_key(&person.name);
    match people.iter_mut().find(|p| text::name_key(&p.name) == key) {
        Some(known) => {
            for role in person.roles {
                if !known.roles.contains(&role) {
                    known.roles.push(role);
                }
            }
        }
        None => people.push(person),
    }
}

#[cfg(test)]
#[path = "byline/tests.rs"]
mod tests;
