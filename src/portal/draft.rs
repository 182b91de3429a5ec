//! What editors do while the portal runs: publish and change articles.

use super::model::{Article, BodyForm, Credit, Kind, Piece, Site};
use super::truth::{BlockKind, TruthArticle, TruthPerson};
use super::words;
use chrono::{Duration, NaiveDateTime};

/// An article to publish.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Headline.
    pub title: String,
    /// Lead, with the outlet's prefix where it has one.
    pub lead: String,
    /// The outlet's prefix alone ("DIC").
    pub dateline: Option<String>,
    /// Paragraphs.
    pub paragraphs: Vec<String>,
    /// Local time without zone: "2025-07-01T08:00:00" (an unreadable time becomes a minute after
    /// the newest article's).
    pub published: String,
    /// Alias of the category ("tin-tuc").
    pub category: String,
    /// The author field, without the label.
    pub author_line: Option<String>,
    /// Who that names.
    pub people: Vec<TruthPerson>,
}

impl Draft {
    /// A draft in `tin-tuc` by nobody, published after everything else.
    pub fn new(title: &str, lead: &str, paragraphs: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            lead: lead.to_owned(),
            dateline: None,
            paragraphs: paragraphs.iter().map(|p| (*p).to_owned()).collect(),
            published: String::new(),
            category: "tin-tuc".to_owned(),
            author_line: None,
            people: Vec::new(),
        }
    }

    /// The title, time and text of another article, to be published under a number of its own:
    /// change a field to make it a copy under another title or date.
    pub fn copy_of(article: &TruthArticle) -> Self {
        Self {
            title: article.title.clone(),
            lead: article.lead.clone(),
            dateline: article.dateline.clone(),
            paragraphs: article
                .paragraphs()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            published: article.published.trim_end_matches("+07:00").to_owned(),
            category: "tin-tuc".to_owned(),
            author_line: article.author_line.clone(),
            people: article.people.clone(),
        }
    }
}

/// A change to an article. Each moves its time of edit on by an hour.
#[derive(Debug, Clone)]
pub enum Change {
    /// Another headline; the URL stays.
    Title(String),
    /// Another lead.
    Lead(String),
    /// Another text of the paragraph with this number (from 0).
    Paragraph(usize, String),
    /// One more paragraph at the end.
    Append(String),
    /// Another alias: the old URL answers 301 to the new one.
    Alias(String),
    /// Another category: the old URL answers 404.
    Category(String),
    /// Nothing but the time of edit.
    Touch,
}

pub(super) fn publish(site: &mut Site, draft: Draft) -> u32 {
    let after = site
        .newest()
        .next()
        .map_or_else(NaiveDateTime::default, |a| {
            a.published + Duration::minutes(1)
        });
    let published = draft.published.parse().unwrap_or(after);
    let id = site.next_id;
    site.next_id += 1;
    let article = Article {
        id,
        alias: words::alias(&draft.title),
        categories: vec![site.find_category(&draft.category).unwrap_or(0)],
        kind: Kind::Normal,
        title: draft.title,
        lead: draft.lead,
        dateline: draft.dateline,
        published,
        edited: published,
        form: BodyForm::Paragraphs,
        pieces: draft
            .paragraphs
            .into_iter()
            .map(|text| Piece::Text(BlockKind::Paragraph, text))
            .collect(),
        lead_image: None,
        credit: Credit {
            line: draft.author_line,
            people: draft.people,
            ..Credit::default()
        },
        tags: Vec::new(),
        files: Vec::new(),
        topic: None,
    };
    site.articles.insert(id, article);
    id
}

pub(super) fn edit(site: &mut Site, id: u32, change: Change) -> bool {
    let category = match &change {
        Change::Category(alias) => site.find_category(alias),
        _ => None,
    };
    let Some(article) = site.articles.get_mut(&id) else {
        return false;
    };
    match change {
        Change::Title(title) => article.title = title,
        Change::Lead(lead) => article.lead = lead,
        Change::Paragraph(number, text) => {
            let paragraph = article
                .pieces
                .iter_mut()
                .filter_map(|piece| match piece {
                    Piece::Text(BlockKind::Paragraph, text) => Some(text),
                    _ => None,
                })
                .nth(number);
            match paragraph {
                Some(place) => *place = text,
                None => return false,
            }
        }
        Change::Append(text) => article.pieces.push(Piece::Text(BlockKind::Paragraph, text)),
        Change::Alias(alias) => article.alias = alias,
        Change::Category(_) => match category {
            Some(category) => article.categories = vec![category],
            None => return false,
        },
        Change::Touch => {}
    }
    article.edited += Duration::hours(1);
    true
}
