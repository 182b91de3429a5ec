//! A byline's grammar: groups of names, each group behind a label or none, brackets between.

use super::labels::{self, Label};
use super::names::{self, Kind};
use super::offices;
use super::pieces::{Piece, cut};
use crate::domain::{Byline, Person, Role};
use crate::extract::fields::text;

/// Longest byline that is read, in bytes.
const LONGEST: usize = 1000;

/// A byline and how it was come by.
#[derive(Debug, Clone, Default)]
pub(super) struct Parsed {
    pub byline: Byline,
    /// Phrases that are neither names nor organisations.
    pub residue: usize,
    /// The text begins with a label.
    pub labelled: bool,
    /// The first label also begins ordinary sentences.
    pub weak: bool,
    /// Number of role labels' roles at the head.
    pub roles: usize,
    /// An account of the CMS or an e-mail address was left out.
    pub nobody: bool,
    last_people: usize,
}

/// The text without the CMS's own labels, otherwise as published (white space collapsed).
pub(super) fn strip_cms_label(raw: &str) -> String {
    let mut rest = text::collapse(raw).into_owned();
    for _ in 0..4 {
        let Some((head, tail)) = rest.split_once([':', '：']) else {
            break;
        };
        if head.len() > 80 || tail.starts_with("//") {
            break;
        }
        let label = text::lower(head);
        if !labels::CMS.contains(&label.trim()) {
            break;
        }
        rest = tail.trim().to_owned();
    }
    rest
}

/// Reads a byline that carries no CMS label any more. `depth` bounds brackets within brackets.
pub(super) fn read(raw: &str, depth: usize) -> Option<Parsed> {
    if raw.len() > LONGEST {
        return None;
    }
    let whole = text::normal(raw).replace('：', ":");
    let inner = whole.trim_end_matches('.');
    let text = match inner.strip_prefix('(').and_then(|s| s.strip_suffix(')')) {
        Some(inner) if !inner.contains(['(', ')']) => inner.trim(),
        _ => whole.as_str(),
    };
    let mut parsed = Parsed::default();
    parsed.byline.raw = text::collapse(raw).into_owned();
    Reader {
        text,
        pieces: cut(text),
        depth,
    }
    .run(&mut parsed);
    Some(parsed)
}

struct Reader<'a> {
    text: &'a str,
    pieces: Vec<Piece>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default().trim()
    }

    /// The label that ends at piece `at` with a colon behind it.
    fn label_at(&self, at: usize) -> Option<Label> {
        match (self.pieces.get(at), self.pieces.get(at + 1)) {
            (Some(Piece::Phrase(from, to)), Some(Piece::Colon)) => {
                labels::label(self.slice(*from, *to))
            }
            _ => None,
        }
    }

    /// Whether the pieces at `at` begin a label: role phrases up to one with a colon.
    fn label_begins(&self, at: usize) -> bool {
        let mut at = at;
        for _ in 0..6 {
            if self.label_at(at).is_some() {
                return true;
            }
            match (self.pieces.get(at), self.pieces.get(at + 1)) {
                (Some(Piece::Phrase(from, to)), Some(Piece::Sign(_)))
                    if labels::roles(self.slice(*from, *to)).is_some() =>
                {
                    at += 2;
                }
                _ => return false,
            }
        }
        false
    }

    fn run(&self, out: &mut Parsed) {
        let mut label: Option<Label> = None;
        // Role phrases that wait for their colon ("Tin, ảnh:"), with where they stand.
        let mut pending: Vec<(usize, usize)> = Vec::new();
        let mut at = 0;
        while let Some(piece) = self.pieces.get(at) {
            at += 1;
            let (from, to) = match *piece {
                Piece::Sign(_) | Piece::Colon => continue,
                Piece::Brackets(from, to) => {
                    self.flush(&mut pending, label.as_ref(), out);
                    self.brackets(self.slice(from, to), label.as_ref(), out);
                    continue;
                }
                Piece::Phrase(from, to) => (from, to),
            };
            let phrase = self.slice(from, to);
            if let Some(found) = self.label_at(at - 1) {
                if out.is_empty() && !out.labelled {
                    out.labelled = true;
                    out.weak = labels::weak(phrase) && pending.is_empty();
                }
                label = Some(self.with_pending(found, &mut pending));
                if let (Some(Label::Roles(roles)), 0) = (&label, out.roles) {
                    out.roles = roles.len();
                }
                at += 1;
                if matches!(label, Some(Label::Source)) {
                    at = self.source(at, out);
                }
                continue;
            }
            if labels::roles(phrase).is_some()
                && names::display(phrase) == phrase
                && pending.len() < 8
            {
                pending.push((from, to));
                continue;
            }
            if labels::roles(phrase).is_some() && self.label_begins(at - 1) {
                pending.push((from, to));
                continue;
            }
            if let Some(rest) = source_head(phrase) {
                self.flush(&mut pending, label.as_ref(), out);
                if out.is_empty() {
                    out.labelled = true;
                }
                if rest.is_empty() {
                    at = self.source(at, out);
                } else {
                    let end = self.group_end(at);
                    let start = from
                        + self.text.get(from..to).map_or(0, |p| {
                            p.len() - p.trim_start().len() + phrase.len() - rest.len()
                        });
                    out.set_source(self.slice(start, end.1));
                    at = end.0;
                }
                continue;
            }
            // "Bài, ảnh TRÀ MY": the label's last word and the name in one phrase.
            if !pending.is_empty() {
                if let Some((head, name)) = glued_label(phrase) {
                    label = Some(self.with_pending(Label::Roles(head), &mut pending));
                    out.labelled |= out.byline.people.is_empty();
                    self.emit(name, label.as_ref(), out);
                    continue;
                }
                if label.is_none() && out.byline.people.is_empty() {
                    label = Some(self.with_pending(Label::Roles(Vec::new()), &mut pending));
                    out.labelled = true;
                } else {
                    self.flush(&mut pending, label.as_ref(), out);
                }
            }
            let (end, next) = self.swallow(phrase, at, to);
            self.emit(self.slice(from, end), label.as_ref(), out);
            at = next;
        }
        self.flush(&mut pending, label.as_ref(), out);
    }

    fn with_pending(&self, label: Label, pending: &mut Vec<(usize, usize)>) -> Label {
        let before: Vec<Role> = pending
            .drain(..)
            .filter_map(|(from, to)| labels::roles(self.slice(from, to)))
            .flatten()
            .collect();
        let Label::Roles(own) = label else {
            return label;
        };
        let mut roles = Vec::new();
        for role in before.into_iter().chain(own) {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        Label::Roles(roles)
    }

    /// Role words that no colon followed: "PV", "Sưu tầm", or "Minh Thùy - tổng hợp".
    fn flush(&self, pending: &mut Vec<(usize, usize)>, label: Option<&Label>, out: &mut Parsed) {
        for (from, to) in pending.drain(..) {
            let phrase = self.slice(from, to);
            match names::classify(phrase, false) {
                Kind::Desk(_) | Kind::Unnamed(_) => self.emit(phrase, label, out),
                Kind::Person(_) if label.is_some() => self.emit(phrase, label, out),
                _ if out.last_people > 0 => out.qualify(&labels::roles(phrase).unwrap_or_default()),
                _ => out.residue += 1,
            }
        }
    }

    /// Takes everything up to the next label or bracket as the source.
    fn source(&self, at: usize, out: &mut Parsed) -> usize {
        let start = match self.pieces.get(at) {
            Some(Piece::Phrase(from, _)) => *from,
            _ => return at,
        };
        let (next, end) = self.group_end(at);
        out.set_source(self.slice(start, end));
        next
    }

    /// Where the group that holds piece `at` ends: the next piece to read, and the byte.
    fn group_end(&self, at: usize) -> (usize, usize) {
        let mut end = match at.checked_sub(1).and_then(|before| self.pieces.get(before)) {
            Some(Piece::Phrase(_, to)) => *to,
            _ => 0,
        };
        let mut at = at;
        while let Some(piece) = self.pieces.get(at) {
            match piece {
                Piece::Brackets(..) | Piece::Sign(';' | '|') => break,
                Piece::Phrase(..) if self.label_begins(at) => break,
                Piece::Phrase(_, to) => end = *to,
                _ => {}
            }
            at += 1;
        }
        (at, end)
    }

    /// An organisation's name goes on over signs ("Sở Văn hóa, Thể thao và Du lịch",
    /// "TTXVN/Báo Tin tức") as long as what follows is no name of its own.
    fn swallow(&self, phrase: &str, at: usize, to: usize) -> (usize, usize) {
        let mut end = to;
        let mut at = at;
        if !matches!(
            names::classify(phrase, false),
            Kind::Organisation(_) | Kind::Outlet(_) | Kind::Desk(_)
        ) {
            return (end, at);
        }
        while let (Some(Piece::Sign(sign)), Some(Piece::Phrase(from, to))) =
            (self.pieces.get(at), self.pieces.get(at + 1))
        {
            let next = self.slice(*from, *to);
            let kind = names::classify(next, false);
            let goes_on = matches!(kind, Kind::Text(_))
                || (*sign == '/' && matches!(kind, Kind::Outlet(_) | Kind::Organisation(_)));
            if !goes_on || matches!(sign, ';' | '|') || self.label_begins(at + 1) {
                break;
            }
            end = *to;
            at += 2;
        }
        (end, at)
    }

    fn emit(&self, phrase: &str, label: Option<&Label>, out: &mut Parsed) {
        let roles = match label {
            Some(Label::Roles(roles)) if !roles.is_empty() => roles.clone(),
            Some(Label::PhotoSource) => vec![Role::Photo],
            _ => vec![Role::Text],
        };
        let text = roles.contains(&Role::Text);
        match names::classify(phrase, label.is_some()) {
            Kind::Nobody => out.nobody = true,
            Kind::Person(_) if matches!(label, Some(Label::PhotoSource)) => {
                out.organisation(names::trim(phrase));
            }
            Kind::Person(name) => out.person(name, &roles),
            Kind::Desk(name) | Kind::Organisation(name) => out.organisation(&name),
            Kind::Outlet(name) if text => out.set_source(&name),
            Kind::Outlet(name) => out.organisation(&name),
            Kind::Unnamed(name) => out.set_source(&name),
            Kind::Text(words) => self.words(&words, label.is_some(), &roles, out),
        }
    }

    /// A phrase that is no plain name: "Minh Thùy tổng hợp", "Minh Thùy theo VOV", "minh thùy".
    fn words(&self, words: &str, labelled: bool, roles: &[Role], out: &mut Parsed) {
        for mark in [" theo ", " Theo "] {
            if let Some((name, source)) = words.split_once(mark)
                && names::is_name(name)
            {
                out.person(names::display(name), roles);
                out.set_source(source);
                return;
            }
        }
        let mut spaces = words.rmatch_indices(' ').map(|(at, _)| at);
        for at in [spaces.next(), spaces.next()].into_iter().flatten() {
            let (name, role) = words.split_at_checked(at).unwrap_or((words, ""));
            if let (true, Some(role)) = (names::is_name(name), labels::roles(role)) {
                out.person(names::display(name), &role);
                return;
            }
        }
        let lower_name = labelled
            && words.split(' ').count() <= 4
            && words
                .chars()
                .all(|c| c.is_lowercase() || matches!(c, ' ' | '\'' | '-'));
        if lower_name {
            out.residue += 1;
            out.person(words.to_owned(), roles);
            return;
        }
        out.residue += 1;
        if offices::is_position(&words.to_lowercase()) {
            return;
        }
        if words.chars().next().is_some_and(char::is_uppercase) && words.len() <= 120 {
            out.organisation(words);
        }
    }

    fn brackets(&self, inner: &str, label: Option<&Label>, out: &mut Parsed) {
        let inner = names::trim(inner);
        if let Some(rest) = source_head(inner) {
            out.set_source(names::trim(rest));
            return;
        }
        if let Some(roles) = labels::roles(inner) {
            let other = matches!(
                names::classify(inner, false),
                Kind::Desk(_) | Kind::Unnamed(_)
            );
            if !other || out.last_people > 0 {
                out.qualify(&roles);
                return;
            }
        }
        if inner.contains(':') && self.depth < 2 {
            if let Some(more) = read(inner, self.depth + 1) {
                out.join(more);
            }
            return;
        }
        let photo = matches!(label, Some(Label::Roles(roles)) if !roles.contains(&Role::Text));
        match names::classify(inner, false) {
            Kind::Outlet(name) if !photo => out.set_source(&name),
            Kind::Unnamed(name) => out.set_source(&name),
            Kind::Nobody => {}
            // "tổng hợp", shortened.
            _ if matches!(inner.to_lowercase().as_str(), "t/h" | "th" | "t.h") => {}
            Kind::Person(_) | Kind::Text(_) => out.organisation(inner),
            Kind::Outlet(name) | Kind::Desk(name) | Kind::Organisation(name) => {
                out.organisation(&name);
            }
        }
    }
}

impl Parsed {
    /// Whether nothing has been found yet.
    pub(super) fn is_empty(&self) -> bool {
        self.byline.people.is_empty()
            && self.byline.organisations.is_empty()
            && self.byline.source.is_none()
    }

    fn person(&mut self, name: String, roles: &[Role]) {
        self.last_people += 1;
        super::add_person(
            &mut self.byline.people,
            Person {
                name,
                roles: roles.to_vec(),
            },
        );
    }

    fn organisation(&mut self, name: &str) {
        let name = names::trim(name);
        if !name.is_empty() && !self.byline.organisations.iter().any(|o| o == name) {
            self.byline.organisations.push(name.to_owned());
        }
    }

    fn set_source(&mut self, source: &str) {
        let source = source
            .trim()
            .trim_start_matches([':', '-', ' '])
            .trim_end_matches([',', ';', ' ']);
        // "..." at the end of a URL stays.
        let source = if source.ends_with("..") {
            source
        } else {
            source.trim_end_matches('.')
        };
        if source.is_empty() {
            return;
        }
        match &self.byline.source {
            None => self.byline.source = Some(source.to_owned()),
            Some(had) if had != source => self.organisation(source),
            Some(_) => {}
        }
    }

    /// Gives the last person the roles that stand behind the name, where they are no mere writing.
    fn qualify(&mut self, roles: &[Role]) {
        let Some(last) = self.byline.people.last_mut() else {
            return;
        };
        if !roles.is_empty() && last.roles == [Role::Text] {
            last.roles = roles.to_vec();
        }
    }

    fn join(&mut self, more: Parsed) {
        for person in more.byline.people {
            super::add_person(&mut self.byline.people, person);
        }
        for name in more.byline.organisations {
            self.organisation(&name);
        }
        if let Some(source) = more.byline.source {
            self.set_source(&source);
        }
        self.residue += more.residue;
    }
}

/// "Theo X", "Nguồn X", "Ảnh từ X" without a colon: X.
pub(super) fn source_head(phrase: &str) -> Option<&str> {
    const HEADS: &[&str] = &[
        "theo nguồn",
        "theo",
        "nguồn tin",
        "nguồn ảnh",
        "nguồn",
        "hình ảnh từ",
        "ảnh từ",
        "hình từ",
        "ảnh trên",
        "trích nguồn",
        "trích",
        "tổng hợp từ",
        "sưu tầm từ",
        "lược dịch từ",
    ];
    HEADS.iter().find_map(|head| {
        let end = phrase
            .char_indices()
            .nth(head.chars().count())
            .map(|(at, _)| at)?;
        let (start, rest) = phrase.split_at_checked(end)?;
        (start.to_lowercase() == **head && rest.starts_with([' ', ':']))
            .then(|| rest.trim_start_matches([' ', ':']))
            .filter(|rest| !rest.is_empty())
    })
}

/// "ảnh TRÀ MY" as a label and a name.
fn glued_label(phrase: &str) -> Option<(Vec<Role>, &str)> {
    for (at, _) in phrase.match_indices(' ').take(2) {
        let (head, name) = phrase.split_at_checked(at)?;
        let name = name.trim_start();
        if let (Some(roles), true) = (labels::roles(head), names::is_name(name)) {
            return Some((roles, name));
        }
    }
    None
}
