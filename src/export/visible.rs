//! Text of pages for people: what would steer a terminal is shown instead of sent.

use std::borrow::Cow;

/// The text with its control characters written out (`\u{1b}`); line ends and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match steers(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(
            visible("Tin\u{1b}]0;x\u{7}\n\tmới\u{9b}2J\r\u{7f}"),
            "Tin\\u{1b}]0;x\\u{7}\n\tmới\\u{9b}2J\\r\\u{7f}"
        );
        assert!(matches!(
            visible("Tin mới\n"),
            std::borrow::Cow::Borrowed(_)
        ));
    }
}
