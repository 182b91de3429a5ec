//! The editor's HTML of a body, in the five forms, with the caption and byline forms.

use super::super::model::{Article, BodyByline, BodyForm, CaptionForm, Piece};
use super::super::truth::BlockKind;
use super::esc;

/// The inner HTML of `.bodytext`.
pub(in super::super) fn html(article: &Article) -> String {
    let mut parts: Vec<String> = Vec::with_capacity(article.pieces.len() + 1);
    for (n, piece) in article.pieces.iter().enumerate() {
        parts.push(match piece {
            Piece::Text(BlockKind::Paragraph, text) => {
                let mut inner = inline(text, article.id, n);
                let last = n + 1 == article.pieces.len();
                if let (true, Some((BodyByline::Glued, line))) = (last, &article.credit.body) {
                    inner.push_str(&format!("<strong>{}</strong>", esc(line)));
                }
                paragraph(article.form, &inner)
            }
            Piece::Text(kind, text) => block(*kind, text),
            Piece::Image {
                path,
                caption,
                form,
            } => image(path, caption.as_deref().unwrap_or_default(), *form),
        });
    }
    match &article.credit.body {
        Some((place, line)) if *place != BodyByline::Glued => {
            parts.push(byline(article.form, *place, line));
        }
        _ => {}
    }
    match article.form {
        BodyForm::BrText => parts.join("<br />\r\n<br />\r\n"),
        _ => parts.join("\r\n"),
    }
}

/// Escapes a paragraph and sets some of its words bold, linked, or apart by a no-break space.
fn inline(text: &str, id: u32, n: usize) -> String {
    let escaped = esc(text);
    match (id as usize + n) % 5 {
        1 => match escaped.match_indices(' ').nth(3) {
            Some((at, _)) => {
                let (head, tail) = escaped.split_at(at);
                format!("<strong>{head}</strong>{tail}")
            }
            None => escaped,
        },
        2 => match escaped.match_indices(' ').nth(1) {
            Some((at, _)) => {
                let (head, tail) = escaped.split_at(at);
                format!(
                    "<a href=\"/van-ban-huong-dan/van-ban-da-go-{}.html\">{head}</a>{tail}",
                    3 + id % 5
                )
            }
            None => escaped,
        },
        3 => escaped.replacen(' ', "&nbsp;", 1),
        _ => escaped,
    }
}

fn paragraph(form: BodyForm, inner: &str) -> String {
    match form {
        BodyForm::BrText => inner.to_owned(),
        BodyForm::Paragraphs => format!("<p style=\"text-align: justify;\">{inner}</p>"),
        BodyForm::JustifyDivs => format!("<div style=\"text-align: justify;\">{inner}</div>"),
        BodyForm::Word => format!(
            "<p class=\"MsoNormal\" style=\"margin-top:6.0pt;text-align:justify;text-indent:36.0pt\">\
             <span style=\"font-size:14.0pt\"><span style=\"font-family:&quot;Times New Roman&quot;,\
             serif\">{inner}</span></span></p>"
        ),
        BodyForm::CkEditor5 => format!("<p>{inner}</p>"),
    }
}

fn block(kind: BlockKind, text: &str) -> String {
    match kind {
        BlockKind::Paragraph => format!("<p>{}</p>", esc(text)),
        BlockKind::Heading => format!("<h2>{}</h2>", esc(text)),
        BlockKind::Quote => format!("<blockquote>{}</blockquote>", esc(text)),
        BlockKind::List => {
            let items: String = text
                .lines()
                .map(|i| format!("<li>{}</li>\r\n", esc(i)))
                .collect();
            format!("<ul>\r\n{items}</ul>")
        }
        BlockKind::Table => {
            let rows: String = text
                .lines()
                .map(|row| {
                    let cells: String = row
                        .split('\t')
                        .map(|c| format!("<td>{}</td>", esc(c)))
                        .collect();
                    format!("<tr>{cells}</tr>\r\n")
                })
                .collect();
            format!(
                "<table border=\"1\" cellpadding=\"1\" cellspacing=\"1\"><tbody>\r\n{rows}</tbody></table>"
            )
        }
    }
}

fn image(path: &str, caption: &str, form: CaptionForm) -> String {
    let img = format!("<img alt=\"\" height=\"400\" src=\"{path}\" width=\"600\" />");
    let caption = esc(caption);
    match form {
        CaptionForm::TableImage => format!(
            "<table align=\"center\" class=\"image\"><tbody><tr><td>{img}</td></tr>\
             <tr><td class=\"image_desc\">{caption}</td></tr></tbody></table>"
        ),
        CaptionForm::Figure => {
            format!("<figure class=\"image\">{img}<figcaption>{caption}</figcaption></figure>")
        }
        CaptionForm::CentredItalic => {
            format!("<div style=\"text-align:center\">{img}<br />\r\n<em>{caption}</em></div>")
        }
        CaptionForm::BareTable => format!(
            "<table align=\"center\" border=\"0\" style=\"width:600px;\"><tbody><tr><td>{img}</td></tr>\
             <tr><td style=\"text-align: center;\">{caption}</td></tr></tbody></table>"
        ),
        CaptionForm::Classed => format!(
            "<p style=\"text-align:center\">{img}</p>\r\n<p class=\"image-caption\">{caption}</p>"
        ),
    }
}

fn byline(form: BodyForm, place: BodyByline, line: &str) -> String {
    let text = esc(line);
    let tag = if form == BodyForm::BrText { "div" } else { "p" };
    match place {
        BodyByline::Right => {
            format!("<{tag} style=\"text-align: right;\"><strong>{text}</strong></{tag}>")
        }
        BodyByline::Spaced => {
            let inner = match text.split_once(": ") {
                Some((role, name)) => format!("{role}:&nbsp;<span>{name}</span>"),
                None => text,
            };
            format!("<{tag} style=\"text-align: right;\">{inner}</{tag}>")
        }
        BodyByline::Bold | BodyByline::Glued if form == BodyForm::BrText => {
            format!("<strong>{text}</strong>")
        }
        BodyByline::Bold | BodyByline::Glued => format!("<p><strong>{text}</strong></p>"),
    }
}
