//! What an archive of the portal must contain: derived from the database, never from the HTML.

use super::model::{Article, Kind, Piece, Site};

/// What kind of text a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// A heading inside the body.
    Heading,
    /// A list: one line an item.
    List,
    /// A table: a line a row, cells separated by tabs.
    Table,
    /// A quotation.
    Quote,
}

/// A block of the body with its text (white space folded).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TruthBlock {
    /// Its kind.
    pub kind: BlockKind,
    /// Its text.
    pub text: String,
}

/// An image of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TruthImage {
    /// Absolute URL of the full image.
    pub url: String,
    /// Absolute URL of the thumb shown in its stead, where there is one.
    pub thumb: Option<String>,
    /// The caption.
    pub caption: Option<String>,
    /// Whether it stands beside the lead.
    pub lead: bool,
}

/// A person of the byline. Roles: "text", "photo", "video", "graphics", "editor", "translator".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TruthPerson {
    /// Display form of the name.
    pub name: String,
    /// Roles, in the byline's order.
    pub roles: Vec<&'static str>,
}

/// A file offered for download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TruthFile {
    /// Absolute URL.
    pub url: String,
    /// Title of the link.
    pub title: String,
}

/// One published, visitor-visible article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TruthArticle {
    /// The number in the URL.
    pub id: u32,
    /// Canonical URL, absolute.
    pub url: String,
    /// Other URLs that answer 301 to it (the second category's).
    pub aliases: Vec<String>,
    /// Titles of its categories, the canonical one first.
    pub categories: Vec<String>,
    /// Headline.
    pub title: String,
    /// RFC 3339 at +07:00; the page shows the minute only ("2022-09-05T22:28:00+07:00").
    pub published: String,
    /// Time of the last edit, RFC 3339 at +07:00: what `itemprop=datePublished` holds.
    pub edited: String,
    /// The lead as published, the outlet's prefix included.
    pub lead: String,
    /// The outlet's prefix, without brackets and dash ("DIC").
    pub dateline: Option<String>,
    /// Body blocks in reading order: no caption, no byline.
    pub blocks: Vec<TruthBlock>,
    /// Images, the lead image first.
    pub images: Vec<TruthImage>,
    /// The author field as published, registered authors first; without the label.
    pub author_line: Option<String>,
    /// The byline in the body's last line, as published.
    pub body_byline: Option<String>,
    /// Who did what.
    pub people: Vec<TruthPerson>,
    /// Desks and agencies named instead of people.
    pub organisations: Vec<String>,
    /// The outlet that the text was taken from.
    pub source: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Attachments.
    pub attachments: Vec<TruthFile>,
    /// Absolute URLs under "Những tin mới hơn", in the page's order (expired and external articles
    /// and second-category aliases included, as the page has them).
    pub newer: Vec<String>,
    /// The same under "Những tin cũ hơn".
    pub older: Vec<String>,
}

impl TruthArticle {
    /// The text of the paragraphs alone.
    pub fn paragraphs(&self) -> Vec<&str> {
        self.blocks
            .iter()
            .filter(|b| b.kind == BlockKind::Paragraph)
            .map(|b| b.text.as_str())
            .collect()
    }
}

/// Every article that a visitor can read, by number; `root` is the base without the final slash.
pub(super) fn all(site: &Site, root: &str) -> Vec<TruthArticle> {
    site.articles
        .values()
        .filter(|a| a.kind == Kind::Normal)
        .map(|a| one(site, a, root))
        .collect()
}

fn one(site: &Site, article: &Article, root: &str) -> TruthArticle {
    let own = article.categories.first().copied().unwrap_or(0);
    let path = site.path(article);
    let links = |found: Vec<&Article>| {
        found
            .into_iter()
            .map(|a| format!("{root}{}", site.path_in(a, own)))
            .collect()
    };
    let mut images: Vec<TruthImage> = Vec::new();
    if let Some(lead) = &article.lead_image {
        images.push(TruthImage {
            url: format!("{root}{}", lead.path),
            thumb: (!lead.full).then(|| format!("{root}{}", thumb(&lead.path))),
            caption: lead.caption.clone(),
            lead: true,
        });
    }
    let mut blocks = Vec::new();
    for piece in &article.pieces {
        match piece {
            Piece::Text(kind, text) => blocks.push(TruthBlock {
                kind: *kind,
                text: text.clone(),
            }),
            Piece::Image { path, caption, .. } => images.push(TruthImage {
                url: format!("{root}{path}"),
                thumb: None,
                caption: caption.clone(),
                lead: false,
            }),
        }
    }
    let credit = &article.credit;
    TruthArticle {
        id: article.id,
        url: format!("{root}{path}"),
        aliases: article
            .categories
            .iter()
            .skip(1)
            .map(|c| format!("{root}{}", site.path_in(article, *c)))
            .collect(),
        categories: article
            .categories
            .iter()
            .map(|c| site.category_title(*c).to_owned())
            .collect(),
        title: article.title.clone(),
        published: format!("{}+07:00", article.published.format("%Y-%m-%dT%H:%M:%S")),
        edited: format!("{}+07:00", article.edited.format("%Y-%m-%dT%H:%M:%S")),
        lead: article.lead.clone(),
        dateline: article.dateline.clone(),
        blocks,
        images,
        author_line: author_line(article),
        body_byline: credit.body.as_ref().map(|(_, text)| text.clone()),
        people: credit.people.clone(),
        organisations: credit.organisations.clone(),
        source: credit.source.clone(),
        tags: article.tags.clone(),
        attachments: article
            .files
            .iter()
            .enumerate()
            .map(|(n, title)| TruthFile {
                url: format!("{root}{path}?download=1&id={n}"),
                title: title.clone(),
            })
            .collect(),
        newer: links(site.newer(article)),
        older: links(site.older(article)),
    }
}

/// The author field as text: registered authors, then the free text, joined by commas.
pub(super) fn author_line(article: &Article) -> Option<String> {
    let credit = &article.credit;
    let parts: Vec<&str> = credit
        .registered
        .iter()
        .map(|(_, name)| name.as_str())
        .chain(credit.line.as_deref())
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The thumb of an uploaded image.
pub(super) fn thumb(path: &str) -> String {
    path.replacen("/uploads/", "/assets/", 1)
}
