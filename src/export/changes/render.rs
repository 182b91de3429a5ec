//! Changes for a terminal and for a browser.

use super::{Changes, FieldChange, Kind, Part, Tag};
use crate::export::visible::visible;
use quick_xml::escape::escape;

/// Words around a change that are shown.
const CONTEXT: usize = 8;

/// For a terminal; in colour, or with `[-removed-]` and `{+added+}` without.
pub fn text(changes: &Changes, colour: bool) -> String {
    let (from, to) = (&changes.from, &changes.to);
    let mut out = format!(
        "{}\nrevision {} ({}) -> revision {} ({})\n",
        changes.url, from.revision, from.fetched_at, to.revision, to.fetched_at
    );
    if changes.changes.is_empty() {
        out.push_str("no difference in any field\n");
    }
    for change in &changes.changes {
        out.push_str(&format!("\n{}\n  ", heading(change)));
        for (at, part) in change.words.iter().enumerate() {
            let last = at + 1 == change.words.len();
            out.push_str(&match part.tag {
                Tag::Same => visible(&shortened(part, at == 0, last)).replace('\n', "\n  "),
                Tag::Removed => marked(part, colour, ("\u{1b}[31m", "[-"), "-]"),
                Tag::Added => marked(part, colour, ("\u{1b}[32m", "{+"), "+}"),
            });
        }
        out.push('\n');
    }
    out
}

fn heading(change: &FieldChange) -> String {
    let kind = match change.kind {
        Kind::Added => "added",
        Kind::Removed => "removed",
        Kind::Changed => "changed",
    };
    match &change.place {
        Some(place) => format!("{} {}: {kind}", change.field, visible(place)),
        None => format!("{}: {kind}", change.field),
    }
}

fn marked(part: &Part, colour: bool, begin: (&str, &str), end: &str) -> String {
    // A portal's text does not move the cursor.
    let text = visible(&part.text).replace('\n', "\n  ");
    if colour {
        format!("{}{text}\u{1b}[0m", begin.0)
    } else {
        format!("{}{text}{end}", begin.1)
    }
}

/// What is the same, but for the words next to a change.
fn shortened(part: &Part, first: bool, last: bool) -> String {
    let words: Vec<&str> = part.text.split_inclusive(char::is_whitespace).collect();
    if words.len() <= 2 * CONTEXT + 2 {
        return part.text.clone();
    }
    let end = words.len();
    let head = words.get(..CONTEXT).unwrap_or_default().concat();
    let tail = words.get(end - CONTEXT..).unwrap_or_default().concat();
    match (first, last) {
        (true, _) => format!("… {tail}"),
        (_, true) => format!("{head}…"),
        _ => format!("{head}… {tail}"),
    }
}

/// One self-contained page.
pub fn html(changes: &Changes) -> String {
    let (from, to) = (&changes.from, &changes.to);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\n\
         <style>body{{font:1rem/1.6 serif;max-width:46rem;margin:2rem auto;padding:0 1rem}}\
         h2{{font:600 .85rem sans-serif;color:#555;margin:1.6rem 0 .2rem}}p{{margin:0;\
         white-space:pre-wrap}}del{{background:#fdd}}ins{{background:#dfd;text-decoration:none}}\
         </style></head>\n<body><h1>{title}</h1>\n<p><a href=\"{url}\">{url}</a></p>\n\
         <p>revision {a} ({at}) → revision {b} ({bt})</p>\n",
        title = escape(to.title.as_str()),
        url = escape(changes.url.as_str()),
        a = from.revision,
        at = escape(from.fetched_at.as_str()),
        b = to.revision,
        bt = escape(to.fetched_at.as_str()),
    );
    for change in &changes.changes {
        let title = heading(change);
        out.push_str(&format!("<h2>{}</h2>\n<p>", escape(title.as_str())));
        for part in &change.words {
            let text = escape(part.text.as_str());
            out.push_str(&match part.tag {
                Tag::Same => text.into_owned(),
                Tag::Removed => format!("<del>{text}</del>"),
                Tag::Added => format!("<ins>{text}</ins>"),
            });
        }
        out.push_str("</p>\n");
    }
    if changes.changes.is_empty() {
        out.push_str("<p>no difference in any field</p>\n");
    }
    out.push_str("</body></html>\n");
    out
}
