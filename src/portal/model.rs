//! The portal's database: categories and articles, and the orders in which NukeViet lists them.
//!
//! Knows nothing of HTML or HTTP. Paths here are absolute on the site ("/tin-tuc/a-1.html").

use super::truth::{BlockKind, TruthPerson};
use chrono::NaiveDateTime;
use std::collections::BTreeMap;

/// A news category; a flat alias even where it has a parent.
#[derive(Debug, Clone)]
pub(super) struct Category {
    pub(super) alias: &'static str,
    pub(super) title: &'static str,
    pub(super) parent: Option<usize>,
}

/// What a visitor gets who follows the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The article.
    Normal,
    /// Still linked and listed, but 404.
    Expired,
    /// 302 to another host.
    External,
}

/// How the editor's HTML separates paragraphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyForm {
    /// Bare text between `<br />`.
    BrText,
    /// `<p>`.
    Paragraphs,
    /// `<div style="text-align: justify;">`.
    JustifyDivs,
    /// Word's `p > span > span`.
    Word,
    /// CKEditor 5's `<p>` and `<figure class="image">`.
    CkEditor5,
}

/// Where a caption stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CaptionForm {
    /// `table.image` with `td.image_desc`.
    TableImage,
    /// `figure > figcaption`.
    Figure,
    /// A centred italic line under the image.
    CentredItalic,
    /// The cell under the image's cell in a bare table.
    BareTable,
    /// `p.image-caption`.
    Classed,
}

/// One piece of a body, in reading order.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// Text of a kind.
    Text(BlockKind, String),
    /// An image with its caption.
    Image {
        path: String,
        caption: Option<String>,
        form: CaptionForm,
    },
}

/// Where a byline stands in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyByline {
    /// A right-aligned last line.
    Right,
    /// A bold last line.
    Bold,
    /// Bold, glued to the last sentence.
    Glued,
    /// Right-aligned, a no-break space after the colon, the name in a span.
    Spaced,
}

/// Who is named, and where.
#[derive(Debug, Clone, Default)]
pub(super) struct Credit {
    /// Registered authors (alias, name).
    pub(super) registered: Vec<(String, String)>,
    /// The author field.
    pub(super) line: Option<String>,
    /// The body's last line.
    pub(super) body: Option<(BodyByline, String)>,
    /// The source field.
    pub(super) source_line: Option<String>,
    pub(super) people: Vec<TruthPerson>,
    pub(super) organisations: Vec<String>,
    pub(super) source: Option<String>,
}

/// The image beside the lead.
#[derive(Debug, Clone)]
pub(super) struct LeadImage {
    pub(super) path: String,
    pub(super) caption: Option<String>,
    /// Full width (`figure.article.center`) or a thumb with `#imgpreview`.
    pub(super) full: bool,
}

/// An article.
#[derive(Debug, Clone)]
pub(super) struct Article {
    pub(super) id: u32,
    pub(super) alias: String,
    /// Indexes of its categories, the canonical one first.
    pub(super) categories: Vec<usize>,
    pub(super) kind: Kind,
    pub(super) title: String,
    pub(super) lead: String,
    pub(super) dateline: Option<String>,
    pub(super) published: NaiveDateTime,
    pub(super) edited: NaiveDateTime,
    pub(super) form: BodyForm,
    pub(super) pieces: Vec<Piece>,
    pub(super) lead_image: Option<LeadImage>,
    pub(super) credit: Credit,
    pub(super) tags: Vec<String>,
    /// Titles of the attached files.
    pub(super) files: Vec<String>,
    pub(super) topic: Option<usize>,
}

/// Articles of a topic, and its title.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    pub(super) alias: &'static str,
    pub(super) title: &'static str,
}

/// Sort key of lists: by time, then by number.
type Place = (NaiveDateTime, u32);

/// The whole site.
#[derive(Debug, Default)]
pub(super) struct Site {
    pub(super) categories: Vec<Category>,
    pub(super) topics: Vec<Topic>,
    pub(super) articles: BTreeMap<u32, Article>,
    /// The pinned article of the home page.
    pub(super) pinned: Option<u32>,
    /// The first number not yet given.
    pub(super) next_id: u32,
    /// All, newest first.
    newest: Vec<Place>,
    /// Per category, newest first.
    by_category: Vec<Vec<Place>>,
}

impl Site {
    /// A site without articles, whose first gets the number `next_id`.
    pub(super) fn new(categories: Vec<Category>, topics: Vec<Topic>, next_id: u32) -> Self {
        Self {
            categories,
            topics,
            next_id,
            ..Self::default()
        }
    }

    /// Computes the orders anew; to be called after every change.
    pub(super) fn reindex(&mut self) {
        let mut newest: Vec<Place> = Vec::with_capacity(self.articles.len());
        let mut lists = vec![Vec::new(); self.categories.len()];
        for article in self.articles.values() {
            let place = (article.published, article.id);
            newest.push(place);
            for category in &article.categories {
                if let Some(list) = lists.get_mut(*category) {
                    list.push(place);
                }
            }
        }
        newest.sort_by(|a, b| b.cmp(a));
        for list in &mut lists {
            list.sort_by(|a: &Place, b| b.cmp(a));
        }
        self.newest = newest;
        self.by_category = lists;
    }

    /// The path of the category's first page.
    pub(super) fn category_path(&self, category: usize) -> String {
        format!("/{}/", self.category_alias(category))
    }

    pub(super) fn category_alias(&self, category: usize) -> &'static str {
        self.categories.get(category).map_or("", |c| c.alias)
    }

    pub(super) fn category_title(&self, category: usize) -> &'static str {
        self.categories.get(category).map_or("", |c| c.title)
    }

    pub(super) fn find_category(&self, alias: &str) -> Option<usize> {
        self.categories.iter().position(|c| c.alias == alias)
    }

    /// The canonical path of an article.
    pub(super) fn path(&self, article: &Article) -> String {
        self.path_in(article, article.categories.first().copied().unwrap_or(0))
    }

    /// The path under which a list of `category` links to the article.
    pub(super) fn path_in(&self, article: &Article, category: usize) -> String {
        format!(
            "/{}/{}-{}.html",
            self.category_alias(category),
            article.alias,
            article.id
        )
    }

    fn resolve<'a>(&'a self, places: &'a [Place]) -> impl Iterator<Item = &'a Article> + 'a {
        places.iter().filter_map(|(_, id)| self.articles.get(id))
    }

    /// Every listed article, newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Article> {
        self.resolve(&self.newest)
    }

    /// The articles of a category, newest first, from the `skip`-th on.
    pub(super) fn listed(&self, category: usize, skip: usize) -> impl Iterator<Item = &Article> {
        let list = self
            .by_category
            .get(category)
            .map_or(&[][..], Vec::as_slice);
        self.resolve(list.get(skip..).unwrap_or_default())
    }

    /// How many articles a category has.
    pub(super) fn count(&self, category: usize) -> usize {
        self.by_category.get(category).map_or(0, Vec::len)
    }

    /// The ten nearest articles of the same category with a strictly later time, nearest first.
    pub(super) fn newer(&self, article: &Article) -> Vec<&Article> {
        let list = self.siblings(article);
        let end = list.partition_point(|(time, _)| *time > article.published);
        let near = list.get(end.saturating_sub(10)..end).unwrap_or_default();
        let mut found: Vec<&Article> = self.resolve(near).collect();
        found.reverse();
        found
    }

    /// The ten nearest articles of the same category with a strictly earlier time, nearest first.
    pub(super) fn older(&self, article: &Article) -> Vec<&Article> {
        let list = self.siblings(article);
        let start = list.partition_point(|(time, _)| *time >= article.published);
        self.resolve(list.get(start..).unwrap_or_default())
            .take(10)
            .collect()
    }

    fn siblings(&self, article: &Article) -> &[Place] {
        let category = article.categories.first().copied().unwrap_or(0);
        self.by_category
            .get(category)
            .map_or(&[][..], Vec::as_slice)
    }

    /// The articles of a topic, newest first, at most five beside `but`.
    pub(super) fn in_topic(&self, topic: usize, but: u32) -> Vec<&Article> {
        self.newest()
            .filter(|a| a.topic == Some(topic) && a.id != but)
            .take(5)
            .collect()
    }
}
