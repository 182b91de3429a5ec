//! Character references (HTML Standard, section 13.2.5.72 and the following).

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use html5ever::tendril::StrTendril;
use memchr::memchr;

/// The text with its references read; `None` when it has no `&`.
pub(super) fn decode(text: &str, in_attribute: bool) -> Option<StrTendril> {
    let mut found = memchr(b'&', text.as_bytes())?;
    let mut out = StrTendril::new();
    out.reserve(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let mut rest = text;
    while let Some((before, from)) = rest.split_at_checked(found) {
        let (skip, chars) = reference(from.get(1..).unwrap_or_default(), in_attribute);
        out.push_slice(before);
        for c in chars.into_iter().flatten() {
            out.push_char(c);
        }
        rest = from.get(1 + skip..).unwrap_or_default();
        match memchr(b'&', rest.as_bytes()) {
            Some(next) => found = next,
            None => break,
        }
    }
    out.push_slice(rest);
    Some(out)
}

/// What follows an `&`: how many bytes of it belong to the reference, and what they stand for
/// (the `&` itself, when they are none).
fn reference(rest: &str, in_attribute: bool) -> (usize, [Option<char>; 2]) {
    let read = match rest.as_bytes() {
        [b'#', ..] => numeric(rest),
        [first, ..] if first.is_ascii_alphanumeric() => named(rest, in_attribute),
        _ => None,
    };
    read.unwrap_or((0, [Some('&'), None]))
}

fn numeric(rest: &str) -> Option<(usize, [Option<char>; 2])> {
    let (head, base) = match rest.as_bytes() {
        [b'#', b'x' | b'X', ..] => (2, 16),
        _ => (1, 10),
    };
    let digits = rest.get(head..)?;
    let mut value = 0_u32;
    let mut length = 0;
    for digit in digits.chars().map_while(|c| c.to_digit(base)) {
        value = value.saturating_mul(base).saturating_add(digit);
        length += 1;
    }
    if length == 0 {
        return None;
    }
    let c = match value {
        0x80..=0x9F => {
            let replaced = C1_REPLACEMENTS.get(value as usize - 0x80);
            replaced.copied().flatten().or(char::from_u32(value))
        }
        0 => None,
        _ => char::from_u32(value),
    };
    let semicolon = digits.as_bytes().get(length) == Some(&b';');
    let end = head + length + usize::from(semicolon);
    Some((end, [Some(c.unwrap_or('\u{fffd}')), None]))
}

fn named(rest: &str, in_attribute: bool) -> Option<(usize, [Option<char>; 2])> {
    let mut best: Option<(usize, (u32, u32))> = None;
    let mut end = 1;
    // The table holds every prefix of every name: nothing longer is looked at.
    while let Some(&chars) = rest.get(..end).and_then(|name| NAMED_ENTITIES.get(name)) {
        if chars.0 != 0 {
            best = Some((end, chars));
        }
        if end == rest.len() {
            break;
        }
        end += 1;
    }
    let (length, (first, second)) = best?;
    let last = length.checked_sub(1).and_then(|at| rest.as_bytes().get(at));
    if in_attribute && last != Some(&b';') {
        // `?a=1&copy=2` is an address, not a sign.
        let next = rest.as_bytes().get(length);
        if next.is_some_and(|b| *b == b'=' || b.is_ascii_alphanumeric()) {
            return None;
        }
    }
    let second = char::from_u32(second).filter(|_| second != 0);
    Some((length, [char::from_u32(first), second]))
}
