//! Splits a block of several lines into paragraphs.

use super::Style;

/// Splits a block at those single line breaks that stand between sentences: where the editor's
/// Enter key makes `<br>`, they end paragraphs. Lines of verse and addresses stay together.
pub(super) fn paragraphs(text: &str, styles: &[Style]) -> Vec<(String, Style)> {
    let mut out: Vec<(String, Style)> = Vec::new();
    let mut last_length = 0;
    for (n, line) in text.split('\n').enumerate() {
        let style = styles.get(n).copied().unwrap_or_default();
        let length = line.chars().count();
        let line = line.trim();
        match out.last_mut() {
            Some((before, of)) if !(last_length >= 80 && ends_sentence(before)) => {
                before.push('\n');
                before.push_str(line);
                of.bold &= style.bold;
                of.italic &= style.italic;
            }
            _ => out.push((line.to_owned(), style)),
        }
        last_length = length;
    }
    out
}

/// Whether a line ends as a sentence does.
fn ends_sentence(line: &str) -> bool {
    line.trim_end_matches(['"', '\'', '”', '’', ')', ' ', '\u{a0}'])
        .ends_with(['.', '!', '?', '…', ':', ';'])
}
