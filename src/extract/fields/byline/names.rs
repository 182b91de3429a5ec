//! What a phrase of a byline is (a person, a desk, an outlet ...) and how a name is shown.
//!
//! Names of the Thái, Mông, Ê-đê and others ("Giàng A Páo", "H'Hen Niê", "Y-Bhăm") are whole
//! names: apostrophes and hyphens belong to them.

use super::offices;
use super::outlets;
use crate::extract::fields::places::is_province;

/// What a phrase is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A person; the display form of the name.
    Person(String),
    /// The outlet's own desk.
    Desk(String),
    /// An outlet or agency of news, a web domain.
    Outlet(String),
    /// Any other organisation, or a place.
    Organisation(String),
    /// "Sưu tầm", "Internet".
    Unnamed(String),
    /// An account of the CMS, an e-mail address, nothing.
    Nobody,
    /// None of these: running text.
    Text(String),
}

/// What the (NFC, collapsed) phrase is. Behind a role's label a province's name is a pen name
/// ("Ảnh: Hải Dương"); alone it is a place.
pub(super) fn classify(phrase: &str, labelled: bool) -> Kind {
    let phrase = trim(phrase);
    let lower = phrase.to_lowercase();
    if phrase.is_empty() || outlets::is_account(&lower) || lower.contains('@') {
        return Kind::Nobody;
    }
    if outlets::is_unnamed_source(&lower) {
        return Kind::Unnamed(phrase.to_owned());
    }
    if outlets::is_outlet(&lower) {
        return Kind::Outlet(outlet_form(phrase));
    }
    if let Some(name) = without_title(phrase, &lower) {
        return Kind::Person(display(name));
    }
    if outlets::is_desk(&lower) {
        return Kind::Desk(phrase.to_owned());
    }
    if offices::is_office(&lower) {
        return Kind::Text(phrase.to_owned());
    }
    if outlets::is_organisation(&lower) && !surname_head(phrase, &lower) {
        return Kind::Organisation(phrase.to_owned());
    }
    if (is_province(phrase) && !labelled) || is_acronym(phrase) {
        return Kind::Organisation(phrase.to_owned());
    }
    if is_name(phrase) {
        return Kind::Person(display(phrase));
    }
    Kind::Text(phrase.to_owned())
}

/// Whether an organisation's head is the first word of a name here ("Đoàn Minh Huấn").
fn surname_head(phrase: &str, lower: &str) -> bool {
    ["đoàn", "khoa", "trường", "viện", "phòng", "hạt", "bộ"]
        .iter()
        .any(|head| lower.split(' ').next() == Some(head))
        && !lower.starts_with("đoàn thanh niên")
        && !lower.starts_with("đoàn tncs")
        && phrase.split(' ').count() <= 4
        && is_name(phrase)
        && !phrase.split(' ').any(is_acronym)
}

/// Without the signs around a name. A final full stop goes, unless the name is initials ("H.T.").
pub(super) fn trim(phrase: &str) -> &str {
    let phrase = phrase.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(
                c,
                ',' | ';'
                    | ':'
                    | '-'
                    | '–'
                    | '—'
                    | '|'
                    | '/'
                    | '"'
                    | '“'
                    | '”'
                    | '*'
                    | '+'
                    | '&'
                    | '…'
                    | '•'
                    | '!'
                    | '('
                    | '['
                    | ']'
                    | '_'
                    | '='
                    | '>'
                    | '<'
            )
    });
    let phrase = if phrase.contains('(') {
        phrase
    } else {
        phrase.trim_end_matches(')')
    };
    phrase.trim_end_matches(['.', ' ']).trim_start_matches('.')
}

/// The name after a title ("PV Minh Thùy"), where one follows.
fn without_title<'a>(phrase: &'a str, lower: &str) -> Option<&'a str> {
    for title in outlets::TITLES.iter().chain(offices::RANKS) {
        let Some(rest) = lower.strip_prefix(title) else {
            continue;
        };
        if !rest.starts_with([' ', '.', ':']) && !title.ends_with('.') {
            continue;
        }
        let skipped = phrase
            .char_indices()
            .nth(title.chars().count())
            .map(|(at, _)| at)?;
        let name = phrase.get(skipped..)?.trim_start_matches(['.', ':', ' ']);
        let name = without_title(name, &name.to_lowercase()).unwrap_or(name);
        let lower = name.to_lowercase();
        let subject = [
            "điện tử",
            "thời sự",
            "kinh tế",
            "thường trú",
            "nội chính",
            "văn hóa",
            "văn hoá",
            "xã hội",
            "báo",
            "đài",
            "ttxvn",
            "tại",
            "website",
            "ảnh",
            "chính trị",
        ]
        .iter()
        .any(|word| lower.starts_with(word));
        let known = subject
            || outlets::is_desk(&lower)
            || outlets::is_outlet(&lower)
            || outlets::is_organisation(&lower)
            || is_province(name)
            || is_acronym(name);
        return (!known && is_name(name)).then_some(name);
    }
    None
}

/// Whether the phrase can be a person's name: one to six words of letters, each with a capital.
pub(super) fn is_name(phrase: &str) -> bool {
    if phrase.len() > 80 {
        return false;
    }
    let mut words = 0;
    for word in phrase.split(' ') {
        words += 1;
        let fits = word
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '‘' | '-' | '.') || is_mark(c))
            && word.chars().next().is_some_and(char::is_uppercase);
        if !fits {
            return false;
        }
    }
    (1..=6).contains(&words)
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Display form: a name set in capitals in title case; initials and mixed case stay.
pub(super) fn display(name: &str) -> String {
    let letters = || name.chars().filter(|c| c.is_alphabetic());
    let capitals = letters().all(|c| !c.is_lowercase());
    if !capitals || (!name.contains(' ') && !name.contains(['\'', '’', '-']) && initials(name)) {
        return name.to_owned();
    }
    let mut out = String::with_capacity(name.len());
    for (at, word) in name.split(' ').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        if initials(word) {
            out.push_str(word);
            continue;
        }
        let mut start = true;
        for c in word.chars() {
            if start {
                out.push(c);
            } else {
                out.extend(c.to_lowercase());
            }
            start = matches!(c, '\'' | '’' | '‘' | '-');
        }
    }
    out
}

/// "H.T", "N.V.A", "HT": full stops between letters, or no vowel.
fn initials(word: &str) -> bool {
    let bare = word.trim_end_matches('.');
    bare.contains('.') || (bare.chars().count() <= 3 && !bare.chars().any(vowel))
}

/// The base letter of a Vietnamese letter, in lower case.
fn base(c: char) -> char {
    use unicode_normalization::UnicodeNormalization;
    let lower = c.to_lowercase().next().unwrap_or(c);
    if lower == 'đ' {
        return 'd';
    }
    std::iter::once(lower).nfd().next().unwrap_or(lower)
}

fn vowel(c: char) -> bool {
    matches!(base(c), 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

/// One word in capitals that cannot be said as a Vietnamese syllable: "TTXVN", "UBND", "VH-TT".
/// Two or three consonants may be a person's initials and are left to them.
pub(super) fn is_acronym(phrase: &str) -> bool {
    if phrase.contains(' ') || phrase.contains('.') || phrase.contains(['\'', '’']) {
        return false;
    }
    let letters: Vec<char> = phrase.chars().filter(|c| c.is_alphabetic()).collect();
    if letters.len() < 3 || letters.iter().any(|c| c.is_lowercase()) {
        return false;
    }
    if !letters.iter().any(|c| vowel(*c)) {
        return letters.len() >= 4;
    }
    let word: String = letters.iter().map(|c| base(*c)).collect();
    !syllable(&word) || (word.ends_with(['c', 'p', 't', 'h']) && stop_without_tone(&word, phrase))
}

/// A syllable that ends in c, ch, p or t always carries the acute or the dot: "DIC" and "BAT" are
/// no syllables, "LỘC" and "TẾT" are.
fn stop_without_tone(word: &str, phrase: &str) -> bool {
    use unicode_normalization::UnicodeNormalization;
    !word.ends_with("nh") && !phrase.nfd().any(|c| matches!(c, '\u{0301}' | '\u{0323}'))
}

/// Whether a word of a name is one Vietnamese syllable, marks and case aside.
pub(super) fn is_syllable(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic());
    syllable(&letters.map(base).collect::<String>())
}

/// Whether the base letters make one Vietnamese syllable: onset, one to three vowels, coda.
fn syllable(word: &str) -> bool {
    const ONSETS: &[&str] = &[
        "", "b", "c", "ch", "d", "g", "gh", "gi", "h", "k", "kh", "l", "m", "n", "ng", "ngh", "nh",
        "p", "ph", "q", "qu", "r", "s", "t", "th", "tr", "v", "x",
    ];
    const CODAS: &[&str] = &["", "c", "ch", "m", "n", "ng", "nh", "p", "t"];
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let Some(start) = word.find(is_vowel) else {
        return false;
    };
    let (onset, rest) = word.split_at_checked(start).unwrap_or((word, ""));
    let end = rest.find(|c| !is_vowel(c)).unwrap_or(rest.len());
    let coda = rest.get(end..).unwrap_or_default();
    (1..=4).contains(&end) && ONSETS.contains(&onset) && CODAS.contains(&coda)
}

/// "báo lao động" is shown as "báo Lao Động"; other forms stay as published.
fn outlet_form(phrase: &str) -> String {
    let all_lower = !phrase.chars().any(char::is_uppercase);
    match phrase.split_once(' ') {
        Some(("báo", name)) if all_lower => {
            let titled: Vec<String> = name
                .split(' ')
                .map(|word| {
                    let mut chars = word.chars();
                    chars.next().map_or_else(String::new, |first| {
                        first.to_uppercase().chain(chars).collect()
                    })
                })
                .collect();
            format!("báo {}", titled.join(" "))
        }
        _ => phrase.to_owned(),
    }
}
