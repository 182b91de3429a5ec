//! The outlet or place prefix of a lead ("DIC - ", "(QBĐT) - ", "Quảng Bình - ").
//!
//! Owns the choice between a prefix and the beginning of a sentence, and prefers to find none:
//! a prefix is an acronym, a web domain or an outlet's name in brackets or before a dash, or the
//! name of a province before a dash or colon, and a new sentence must begin after it. Never
//! changes the lead. The forms are facts seen on public portals (`lead_prefixes.tsv`).

use super::places::{LOWER, PROVINCES};
use super::text;

/// Longest prefix, in characters.
const LONGEST: usize = 30;

/// Acronyms that begin sentences rather than name outlets.
const NO_OUTLET: &[&str] = &[
    "UBND", "HĐND", "MTTQ", "UBMTTQ", "BHXH", "BHYT", "BHTN", "ASEAN", "COVID", "HIV", "AIDS",
    "GS", "PGS", "TS", "BS", "KS", "CN", "LS", "GDP", "FDI", "ODA", "OCOP", "WHO", "UNESCO", "EU",
    "CLB", "HLV", "SEA", "AFF", "FIFA", "ĐBQH", "THPT", "THCS", "NTM", "CCCD", "CSGT", "KHCN",
];

/// The prefix of a lead without brackets and dash, as published; `None` for ordinary sentences.
///
/// "Hà Nội - thành phố ..." is none (a sentence goes on in lower case), nor are "Hà Nội - Thành
/// phố vì hòa bình" and "Hà Nội - Hải Phòng" (a description, a route).
pub fn find(lead: &str) -> Option<String> {
    // The prefix stands in the first few words; the rest need not be looked at.
    let head: String = lead.chars().take(120).collect();
    let head = text::normal(&head);
    let first = head.chars().next()?;
    let found = match first {
        '(' | '[' => bracketed(&head)?,
        c if c.is_alphanumeric() => place(&head).or_else(|| bare(&head))?,
        _ => return None,
    };
    Some(found.to_owned())
}

fn dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '−')
}

/// `(QNO) -`, `[BGĐT]`, `(LĐ online) -`, `(Chinhphu.vn)`.
fn bracketed(head: &str) -> Option<&str> {
    let inner = head.get(1..)?;
    let close = inner.find([')', ']'])?;
    let name = inner.get(..close)?.trim();
    let rest = inner.get(close + 1..)?;
    if name.is_empty() || name.chars().count() > LONGEST {
        return None;
    }
    // What follows is a dash or a new sentence: "(TTXVN) đã đưa tin" is part of a sentence.
    let after = rest.trim_start().trim_start_matches([':', '.']);
    let dashed = after.trim_start().starts_with(dash);
    if !dashed && !begins(after) {
        return None;
    }
    let plain = name
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '.' | '&' | '-' | '/'));
    let mut words = name.split(' ');
    let lower = name.to_lowercase();
    let written = dashed
        && (super::byline::outlets::is_outlet(&lower)
            || matches!(lower.as_str(), "mặt trận" | "pháp luật"));
    let outlet = plain
        && (written
            || super::places::is_province(name)
            || domain(name)
            || outlet_word(name)
            || (words.clone().count() <= 4
                && words.clone().any(acronym)
                && words.all(|w| {
                    acronym(w)
                        || matches!(w.to_lowercase().as_str(), "online" | "điện" | "tử" | "báo")
                })));
    outlet.then_some(name)
}

/// `DIC - `, `BTO-`, `NLĐ – `, `BDK.VN - `, `Hanoinet - `, `QĐND online - `.
fn bare(head: &str) -> Option<&str> {
    let at = head.find(dash)?;
    let name = head.get(..at)?;
    let glued = !name.ends_with(' ');
    let name = name.trim_end();
    let rest = head.get(at..)?.trim_start_matches(dash);
    if name.chars().count() > LONGEST || !(begins(rest) || (!glued && begins_by_time(rest))) {
        return None;
    }
    // "HĐND - UBND", "COVID-19", "GS - TS": compounds.
    let next = rest.trim_start();
    let next_word = next
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    if acronym(next_word) && !NO_OUTLET.contains(&next_word) && !begins_with_province(next) {
        return None;
    }
    if glued && !next.chars().next().is_some_and(char::is_alphabetic) {
        return None;
    }
    let words: Vec<&str> = name.split(' ').collect();
    let fits = match words.as_slice() {
        [one] if NO_OUTLET.contains(one) => false,
        [one] => acronym(one) || domain(one) || (!glued && outlet_word(one)),
        [one, two] => {
            acronym(one)
                && !NO_OUTLET.contains(one)
                && !glued
                && (matches!(two.to_lowercase().as_str(), "online" | "oline" | "điện")
                    || (two.chars().count() == 2 && acronym(two)))
        }
        _ => false,
    };
    fits.then_some(name)
}

/// `Quảng Bình - `, `Quảng Nam: `, `Điện Biên, ngày 5/9 - `.
fn place(head: &str) -> Option<&str> {
    let first = head.chars().next()?.to_lowercase().next()?;
    let name = LOWER.iter().find_map(|province| {
        if !province.starts_with(first) {
            return None;
        }
        let end = head
            .char_indices()
            .nth(province.chars().count())
            .map(|(at, _)| at)?;
        let name = head.get(..end)?;
        (name.to_lowercase() == *province).then_some(name)
    })?;
    let rest = head.get(name.len()..)?;
    let rest = match rest.strip_prefix(',') {
        Some(date) => {
            let date = date.trim_start();
            let date = date.strip_prefix("ngày").unwrap_or(date).trim_start();
            let end = date.find(|c: char| !(c.is_ascii_digit() || matches!(c, '/' | '.' | '-')))?;
            (end > 0).then(|| date.get(end..)).flatten()?
        }
        // "Quảng Bình (QBĐT) - ": the outlet stands in brackets behind.
        None => match rest.trim_start().strip_prefix('(') {
            Some(more) => more.get(more.find(')')? + 1..)?,
            None => rest,
        },
    };
    let rest = rest.trim_start();
    let sign = rest.chars().next()?;
    if !(dash(sign) || sign == ':') {
        return None;
    }
    let after = rest.trim_start_matches([sign]).trim_start();
    let describes = [
        "Thành phố",
        "Tỉnh",
        "Vùng đất",
        "Thủ đô",
        "Miền",
        "Điểm",
        "Mảnh đất",
        "Quê hương",
    ]
    .iter()
    .any(|word| after.starts_with(word));
    let route = PROVINCES.iter().any(|p| after.starts_with(p));
    (begins(after) && !describes && !route).then_some(name)
}

/// Case aside.
fn begins_with_province(text: &str) -> bool {
    let lower = text.to_lowercase();
    LOWER.iter().any(|name| lower.starts_with(name.as_str()))
}

/// Whether a sentence begins: a capital, a digit, a quotation mark.
fn begins(rest: &str) -> bool {
    rest.trim_start().chars().next().is_some_and(|c| {
        c.is_uppercase() || c.is_ascii_digit() || matches!(c, '"' | '“' | '‘' | '«')
    })
}

/// A sentence begun in lower case by mistake ("DIC – sáng 5/9, ...").
fn begins_by_time(rest: &str) -> bool {
    let rest = rest.trim_start();
    [
        "sáng ",
        "chiều ",
        "tối ",
        "trưa ",
        "ngày ",
        "vừa qua",
        "trong ",
    ]
    .iter()
    .any(|word| rest.starts_with(word))
}

/// Capitals, at least two, with digits, `&` and full stops between: "QNO", "TN&MT", "BDK.VN".
fn acronym(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    (2..=10).contains(&letters)
        && word.chars().count() <= 12
        && word
            .chars()
            .all(|c| c.is_uppercase() || c.is_ascii_digit() || matches!(c, '&' | '.'))
        && word.chars().next().is_some_and(char::is_alphabetic)
}

/// "Chinhphu.vn", "data.gov.vn".
fn domain(word: &str) -> bool {
    let lower = word.to_lowercase();
    !word.contains(' ')
        && lower.is_ascii()
        && lower.split('.').all(|part| !part.is_empty())
        && [".vn", ".com", ".net", ".org", ".info"]
            .iter()
            .any(|tld| lower.ends_with(tld))
}

/// One capitalised ASCII word that ends as outlets on the web do: "Hanoinet", "VnExpress".
fn outlet_word(word: &str) -> bool {
    word.len() >= 6
        && word.bytes().all(|b| b.is_ascii_alphanumeric())
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && ["net", "news", "online", "plus", "press", "times", "express"]
            .iter()
            .any(|end| word.to_lowercase().ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_outlets_and_places() {
        for (lead, want) in [
            ("DIC - Sáng 5/9, Ủy ban họp.", "DIC"),
            ("BTO-Sáng nay, ...", "BTO"),
            ("ĐBP – “Chúng tôi”", "ĐBP"),
            ("Quảng Bình - Ngày 5/9", "Quảng Bình"),
            ("QUẢNG BÌNH – Ngày 5/9", "QUẢNG BÌNH"),
            ("Bà Rịa - Vũng Tàu: Khai mạc hội thi", "Bà Rịa - Vũng Tàu"),
            ("Điện Biên, ngày 5/9 - Chiều nay", "Điện Biên"),
            ("TP.HCM - Sáng nay", "TP.HCM"),
            ("Hanoinet - Sáng nay", "Hanoinet"),
            ("DIC – sáng 5/9", "DIC"),
            ("DIC - HĐND tỉnh họp", "DIC"),
            ("(Dân trí) - Sáng nay", "Dân trí"),
            ("(Mặt trận) - Sáng nay", "Mặt trận"),
            ("\u{a0}(QBĐT) - Sáng nay", "QBĐT"),
            ("[BGĐT] Sáng nay", "BGĐT"),
        ] {
            assert_eq!(find(lead).as_deref(), Some(want), "{lead}");
        }
    }

    #[test]
    fn leaves_sentences_alone() {
        for lead in [
            "Sáng 5/9 - ngày khai giảng",
            "Sáng 5/9 - Trường khai giảng",
            "Hà Nội - thành phố vì hòa bình",
            "Hà Nội - Thành phố vì hòa bình",
            "Hà Nội - Hải Phòng thêm chuyến tàu",
            "HĐND - UBND huyện họp",
            "UBND - Sáng nay",
            "COVID-19 vẫn còn",
            "ASEAN - một cộng đồng",
            "Điện Biên là tỉnh miền núi",
            "(Tiếp theo kỳ trước) Sáng nay",
            "(TTXVN) đã đưa tin",
            "Thầy - Trò cùng vui",
            "",
            "-",
            "(",
        ] {
            assert_eq!(find(lead), None, "{lead}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_short(lead in "[(\\[]?\\PC{0,40}[-–:)]?\\PC*") {
            if let Some(found) = find(&lead) {
                prop_assert!(found.chars().count() <= LONGEST + 4);
            }
        }
    }
}
