//! White space, Unicode forms and boilerplate: what every other field parser stands on.
//!
//! Owns the derived forms of text (collapsed, NFC, folded keys). Never changes a word: the
//! collapsed form differs from what was published only where a browser would show no difference.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Characters that take no room on the screen: zero-width space, word joiner, BOM, soft hyphen,
/// direction marks. (The zero-width joiners stay: they shape emoji and some scripts.)
fn invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}' | '\u{200E}' | '\u{200F}' | '\0'
    )
}

/// White-space runs (nbsp and the typographic spaces included) folded to one space, invisible
/// characters dropped, ends trimmed. Borrows when there is nothing to do.
pub fn collapse(text: &str) -> Cow<'_, str> {
    if is_collapsed(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    // Where the run of words and single spaces begins that is not in `out` yet.
    let mut from = 0;
    for (at, c) in text.char_indices() {
        if is_plain(c) {
            if gap && !out.is_empty() {
                out.push(' ');
            }
            gap = false;
            continue;
        }
        out.push_str(text.get(from..at).unwrap_or_default());
        from = at + c.len_utf8();
        if c.is_whitespace() {
            gap = true;
        } else if !invisible(c) {
            if gap && !out.is_empty() {
                out.push(' ');
            }
            gap = false;
            out.push(c);
        }
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

/// Letters of Latin scripts, digits and ASCII signs: seen, and no white space. (Others may be,
/// too: this only spares the look-up.)
fn is_plain(c: char) -> bool {
    matches!(c, '!'..='~' | '\u{C0}'..='\u{2FF}' | '\u{1E00}'..='\u{1EFF}')
}

fn is_collapsed(text: &str) -> bool {
    let mut last_space = true;
    for c in text.chars() {
        if is_plain(c) {
            last_space = false;
        } else if c == ' ' {
            if last_space {
                return false;
            }
            last_space = true;
        } else if c.is_whitespace() || invisible(c) {
            return false;
        } else {
            last_space = false;
        }
    }
    text.is_empty() || !last_space
}

/// As [`collapse`], but line breaks stay: each line is collapsed and empty lines are dropped.
pub fn collapse_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = collapse(line);
        if line.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&line);
    }
    out
}

/// NFC, borrowing when the text is composed already (the usual case).
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_composed) || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Characters that stand in every NFC text as they are, whatever is beside them: Latin letters,
/// Vietnamese ones included, and common punctuation. (Others do, too: this only spares the look-up.)
fn is_composed(c: char) -> bool {
    matches!(c, '\0'..='\u{2FF}' | '\u{1E00}'..='\u{1EFF}' | '\u{2010}'..='\u{2027}')
}

/// The form that digests and comparisons are made of: NFC and collapsed. Idempotent.
pub fn normal(text: &str) -> String {
    // Collapsing first: an invisible character may stand between a base and its mark.
    match collapse(text) {
        Cow::Borrowed(same) => nfc(same).into_owned(),
        Cow::Owned(collapsed) => match nfc(&collapsed) {
            Cow::Owned(composed) => composed,
            Cow::Borrowed(_) => collapsed,
        },
    }
}

/// NFC, collapsed and lower-cased.
pub fn lower(text: &str) -> String {
    normal(text).to_lowercase()
}

/// Whether it is the (combining) mark of a tone.
pub fn is_tone(c: char) -> bool {
    matches!(
        c,
        '\u{0300}' | '\u{0301}' | '\u{0303}' | '\u{0309}' | '\u{0323}'
    )
}

/// Key under which two spellings of one name are equal: case, composition, apostrophe form and
/// the placement of the tone mark ("Thuý" and "Thúy", "Hoà" and "Hòa") do not count; diacritics do.
pub fn name_key(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut tones = String::new();
    for c in lower(text).nfd() {
        match c {
            c if is_tone(c) => tones.push(c),
            '’' | '‘' | '`' | '´' => out.push('\''),
            c if c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c) => {
                out.push(c);
            }
            c => {
                out.push_str(&tones);
                tones.clear();
                out.push(c);
            }
        }
    }
    out.push_str(&tones);
    out
}

/// The last character boundary at or before byte `at`.
pub(super) fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Heads of lines that CMS themes print around or inside the body (facts seen on public portals:
/// NukeViet's time-out notice, rating, sharing, related lists, flood page).
const BOILERPLATE: &[&str] = &[
    "bạn đã không sử dụng site",
    "bấm vào đây để duy trì trạng thái đăng nhập",
    "thời gian chờ:",
    "tổng số điểm của bài viết là",
    "click để đánh giá bài viết",
    "xếp hạng:",
    "ý kiến bạn đọc",
    "những tin mới hơn",
    "những tin cũ hơn",
    "theo dòng sự kiện",
    "hệ thống đang từ chối truy cập",
    "chia sẻ bài viết",
    "lượt xem:",
    "tweet",
];

/// Whether a line is the CMS's own text and no part of the article. Only short lines (up to 200
/// bytes) that begin with a known phrase count, so that a sentence that quotes one stays.
pub fn is_boilerplate(line: &str) -> bool {
    if line.len() > 400 {
        return false;
    }
    let line = lower(line);
    line.len() <= 200
        && BOILERPLATE.iter().any(|phrase| {
            line.strip_prefix(phrase)
                .is_some_and(|rest| *phrase != "tweet" || rest.is_empty())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds_what_a_browser_folds() {
        assert_eq!(collapse("\u{FEFF} a\u{A0}\n b\u{200B}c "), "a bc");
        assert!(matches!(collapse("Điện Biên"), Cow::Borrowed(_)));
        assert_eq!(collapse_lines("a \n\n  b"), "a\nb");
    }

    #[test]
    fn spared_look_ups_say_what_the_tables_say() {
        for c in (0..=0x10FFFF).filter_map(char::from_u32) {
            if is_composed(c) {
                let pair = format!("{c}{c}");
                assert_eq!(is_nfc_quick(pair.chars()), IsNormalized::Yes, "{c:?}");
                assert_eq!(unicode_normalization::char::canonical_combining_class(c), 0);
            }
            assert!(
                !is_plain(c) || !(c.is_whitespace() || invisible(c)),
                "{c:?}"
            );
        }
    }

    #[test]
    fn names_are_equal_whatever_their_tone_placement() {
        assert_eq!(name_key("THUÝ Hoà"), name_key("Thu\u{301}y Hòa"));
        assert_ne!(name_key("Thúy"), name_key("Thùy"));
    }

    #[test]
    fn boilerplate_is_told_from_sentences() {
        assert!(is_boilerplate(
            "Bạn đã không sử dụng Site, Bấm vào đây để duy trì"
        ));
        assert!(!is_boilerplate("Ông nói: ý kiến bạn đọc rất quý."));
    }

    proptest! {
        #[test]
        fn normal_is_idempotent(s in "\\PC*[\u{300}\u{200B} \n]?\\PC*") {
            let once = normal(&s);
            prop_assert_eq!(&normal(&once), &once);
        }
        #[test]
        fn collapsing_run_by_run_changes_nothing(s in "(\\PC|[a-zÀ-ỹ]{1,3}|[ \t\n\u{a0}\u{200B}\u{ad}\u{2009}\u{1680}]{1,3}){0,20}") {
            let mut out = String::new();
            let mut gap = false;
            for c in s.chars().filter(|c| !invisible(*c)) {
                if c.is_whitespace() {
                    gap = true;
                } else {
                    if gap && !out.is_empty() {
                        out.push(' ');
                    }
                    gap = false;
                    out.push(c);
                }
            }
            prop_assert_eq!(&*collapse(&s), &*out);
            prop_assert_eq!(is_collapsed(&s), s == out);
        }
        #[test]
        fn collapse_is_idempotent(s in any::<String>()) {
            let once = collapse(&s).into_owned();
            prop_assert_eq!(collapse(&once).into_owned(), once);
        }
    }
}
