//! What changed between two revisions of a record: field by field, the body block by block, each
//! text word by word (Unicode's word boundaries, UAX #29).

mod render;

use crate::archive::Record;
use crate::domain::{Block, Byline, Image};
use serde::Serialize;
use similar::{Algorithm, ChangeTag, DiffOp, TextDiff, capture_diff_slices};
use std::collections::HashSet;
use std::time::Duration;

pub use render::{html, text};

/// Longest time that one text's words are compared; beyond it the difference is coarser.
const PATIENCE: Duration = Duration::from_secs(2);
/// Blocks that are compared with each other to find which one became which.
const WINDOW: usize = 64;
/// Share of words that two blocks have in common when one became the other.
const ALIKE: f64 = 0.4;

/// Two revisions compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changes {
    /// The record.
    pub id: String,
    /// Its URL.
    pub url: String,
    /// The older side.
    pub from: Side,
    /// The newer side.
    pub to: Side,
    /// What differs, in the order of the page.
    pub changes: Vec<FieldChange>,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Revision.
    pub revision: u32,
    /// When it was fetched, RFC 3339.
    pub fetched_at: String,
    /// Its title.
    pub title: String,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// `title`, `published`, `byline`, `lead`, `section`, `body`, `caption`, `image`,
    /// `attachment` or `tag`.
    pub field: &'static str,
    /// Which of several: the block's number (from 1, of the newer side, of the older one where it
    /// was removed), or the image's URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What happened.
    pub kind: Kind,
    /// The words: those of both sides in order.
    pub words: Vec<Part>,
}

/// What happened to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed,
}

/// A run of words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// `same`, `removed` or `added`.
    pub tag: Tag,
    /// The words, white space included.
    pub text: String,
}

/// Which side words are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// Both.
    Same,
    /// The older one.
    Removed,
    /// The newer one.
    Added,
}

impl Changes {
    /// Compares two revisions of a record.
    pub fn between(old: &Record, new: &Record) -> Self {
        let mut found = Found::default();
        found.value("title", Some(&old.title), Some(&new.title));
        let time = |record: &Record| record.published.as_ref().and_then(|p| p.value.clone());
        found.value("published", time(old).as_ref(), time(new).as_ref());
        found.value("section", old.section.as_ref(), new.section.as_ref());
        let byline = |byline: &Option<Byline>| byline.as_ref().map(named);
        let (before, after) = (byline(&old.byline), byline(&new.byline));
        found.value("byline", before.as_ref(), after.as_ref());
        found.value("lead", old.lead.as_ref(), new.lead.as_ref());
        found.body(&old.body, &new.body);
        found.images(&old.images, &new.images);
        let files = |record: &Record| -> Vec<String> {
            let files = record.attachments.iter();
            files.map(|file| file.url.clone()).collect()
        };
        found.list("attachment", &files(old), &files(new));
        found.list("tag", &old.tags, &new.tags);
        let side = |record: &Record| Side {
            revision: record.revision,
            fetched_at: record.fetched_at.clone(),
            title: record.title.clone(),
        };
        Self {
            id: new.id.to_string(),
            url: new.url.to_string(),
            from: side(old),
            to: side(new),
            changes: found.0,
        }
    }

    /// The names of the fields that differ, each once, in order.
    pub fn fields(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = Vec::new();
        for change in &self.changes {
            if !names.contains(&change.field) {
                names.push(change.field);
            }
        }
        names
    }
}

/// A byline in words: people with their roles, then the rest.
fn named(byline: &Byline) -> String {
    let mut parts: Vec<String> = Vec::new();
    for person in &byline.people {
        // Roles are plain names: serialising them cannot fail.
        let roles = serde_json::to_value(&person.roles).unwrap_or_default();
        let roles: Vec<&str> = roles
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|role| role.as_str())
            .collect();
        parts.push(format!("{} ({})", person.name, roles.join(", ")));
    }
    parts.extend(byline.organisations.iter().cloned());
    parts.extend(byline.source.iter().cloned());
    if parts.is_empty() {
        byline.raw.clone()
    } else {
        parts.join("; ")
    }
}

#[derive(Default)]
struct Found(Vec<FieldChange>);

impl Found {
    fn value(&mut self, field: &'static str, old: Option<&String>, new: Option<&String>) {
        self.change(
            field,
            None,
            old.map(String::as_str),
            new.map(String::as_str),
        );
    }

    fn change(
        &mut self,
        field: &'static str,
        place: Option<String>,
        old: Option<&str>,
        new: Option<&str>,
    ) {
        let one = |tag: Tag, text: &str| {
            vec![Part {
                tag,
                text: text.to_owned(),
            }]
        };
        let (kind, words) = match (old, new) {
            (Some(old), Some(new)) if old == new => return,
            (Some(old), Some(new)) => (Kind::Changed, words(old, new)),
            (Some(old), None) => (Kind::Removed, one(Tag::Removed, old)),
            (None, Some(new)) => (Kind::Added, one(Tag::Added, new)),
            (None, None) => return,
        };
        self.0.push(FieldChange {
            field,
            place,
            kind,
            words,
        });
    }

    fn body(&mut self, old: &[Block], new: &[Block]) {
        let text = |block: &Block| block.text.clone();
        let (old, new): (Vec<String>, Vec<String>) = (
            old.iter().map(text).collect(),
            new.iter().map(text).collect(),
        );
        for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
            if matches!(op, DiffOp::Equal { .. }) {
                continue;
            }
            let (from, to) = (op.old_range(), op.new_range());
            let gone = old.get(from.clone()).unwrap_or_default();
            let come = new.get(to.clone()).unwrap_or_default();
            for (a, b) in pairs(gone, come) {
                let number = b.map_or_else(|| a.map(|a| from.start + a), |b| Some(to.start + b));
                let place = number.map(|number| (number + 1).to_string());
                let text = |of: &[String], at: Option<usize>| -> Option<String> {
                    at.and_then(|at| of.get(at)).cloned()
                };
                let (before, after) = (text(gone, a), text(come, b));
                self.change("body", place, before.as_deref(), after.as_deref());
            }
        }
    }

    fn images(&mut self, old: &[Image], new: &[Image]) {
        let find = |of: &[Image], url: &str| -> Option<Image> {
            of.iter().find(|image| image.url == url).cloned()
        };
        for image in old {
            if find(new, &image.url).is_none() {
                self.change("image", Some(image.url.clone()), Some(&shown(image)), None);
            }
        }
        for image in new {
            let place = Some(image.url.clone());
            match find(old, &image.url) {
                None => self.change("image", place, None, Some(&shown(image))),
                Some(before) => self.change(
                    "caption",
                    place,
                    before.caption.as_deref(),
                    image.caption.as_deref(),
                ),
            }
        }
    }

    fn list(&mut self, field: &'static str, old: &[String], new: &[String]) {
        for value in old.iter().filter(|value| !new.contains(value)) {
            self.change(field, None, Some(value), None);
        }
        for value in new.iter().filter(|value| !old.contains(value)) {
            self.change(field, None, None, Some(value));
        }
    }
}

fn shown(image: &Image) -> String {
    image.caption.clone().unwrap_or_else(|| image.url.clone())
}

/// Which block became which, in order; what has no counterpart stands alone.
fn pairs(gone: &[String], come: &[String]) -> Vec<(Option<usize>, Option<usize>)> {
    let bags: Vec<HashSet<&str>> = come.iter().map(|text| bag(text)).collect();
    let mut out = Vec::new();
    let mut next = 0;
    for (a, text) in gone.iter().enumerate() {
        let mine = bag(text);
        let window = bags.iter().enumerate().skip(next).take(WINDOW);
        let best = window
            .map(|(b, other)| (b, alike(&mine, other)))
            .filter(|(_, share)| *share >= ALIKE)
            // The first of the best.
            .fold(None, |best: Option<(usize, f64)>, found| match best {
                Some(best) if best.1 >= found.1 => Some(best),
                _ => Some(found),
            });
        match best {
            Some((b, _)) => {
                out.extend((next..b).map(|b| (None, Some(b))));
                out.push((Some(a), Some(b)));
                next = b + 1;
            }
            None => out.push((Some(a), None)),
        }
    }
    out.extend((next..come.len()).map(|b| (None, Some(b))));
    out
}

fn bag(text: &str) -> HashSet<&str> {
    text.split_whitespace().collect()
}

fn alike(a: &HashSet<&str>, b: &HashSet<&str>) -> f64 {
    let common = a.intersection(b).count();
    common as f64 / a.len().max(b.len()).max(1) as f64
}

/// The words of both sides in order.
fn words(old: &str, new: &str) -> Vec<Part> {
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_unicode_words(old, new);
    let mut parts: Vec<Part> = Vec::new();
    for change in diff.iter_all_changes() {
        let tag = match change.tag() {
            ChangeTag::Equal => Tag::Same,
            ChangeTag::Delete => Tag::Removed,
            ChangeTag::Insert => Tag::Added,
        };
        match parts.last_mut() {
            Some(last) if last.tag == tag => last.text.push_str(change.value()),
            _ => parts.push(Part {
                tag,
                text: change.value().to_owned(),
            }),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(parts: &[Part]) -> (String, String) {
        let side = |gone: Tag| -> String {
            let kept = parts.iter().filter(|part| part.tag != gone);
            kept.map(|part| part.text.as_str()).collect()
        };
        (side(Tag::Added), side(Tag::Removed))
    }

    proptest::proptest! {
        #[test]
        fn the_words_of_each_side_are_that_side(old in "[a-cđờ ,.\n]{0,60}", new in "[a-cđờ ,.\n]{0,60}") {
            let parts = words(&old, &new);
            proptest::prop_assert_eq!(sides(&parts), (old, new));
        }

        #[test]
        fn every_block_stands_in_one_pair(old: Vec<String>, new: Vec<String>) {
            let pairs = pairs(&old, &new);
            let a: Vec<usize> = pairs.iter().filter_map(|pair| pair.0).collect();
            let b: Vec<usize> = pairs.iter().filter_map(|pair| pair.1).collect();
            proptest::prop_assert_eq!(a, (0..old.len()).collect::<Vec<_>>());
            proptest::prop_assert_eq!(b, (0..new.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_inserted_paragraph_does_not_hide_an_edited_one() {
        let block = |text: &str| Block {
            kind: crate::domain::BlockKind::Paragraph,
            text: text.to_owned(),
        };
        let old = [
            block("Mở đầu."),
            block("Hội nghị có 50 đại biểu tham dự sáng nay."),
            block("Hết."),
        ];
        let new = [
            block("Mở đầu."),
            block("Một đoạn hoàn toàn mới."),
            block("Hội nghị có 60 đại biểu tham dự sáng nay."),
            block("Hết."),
        ];
        let mut found = Found::default();
        found.body(&old, &new);
        let seen: Vec<_> = found
            .0
            .iter()
            .map(|c| (c.place.as_deref(), c.kind))
            .collect();
        assert_eq!(seen, [(Some("2"), Kind::Added), (Some("3"), Kind::Changed)]);
        let changed: Vec<_> = found.0[1]
            .words
            .iter()
            .filter(|p| p.tag != Tag::Same)
            .collect();
        assert_eq!(
            (changed[0].text.as_str(), changed[1].text.as_str()),
            ("50", "60")
        );
    }
}
