//! One article as extracted from one page: the researcher's fields, exactly as published.
//!
//! Field names are those of the record schema (version 1); every export uses them.

use serde::{Deserialize, Serialize};

/// What one page says, before the archive adds identity, revision and provenance.
///
/// Text is kept exactly as published (white space runs folded to what a browser would show). A
/// missing field is absent, never invented.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// Category as the page names it (breadcrumb), e.g. "Tin hoạt động".
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub section: Option<String>,
    /// BCP 47 language of the page as declared (`<html lang>`), e.g. "vi".
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub language: Option<String>,
    /// The headline.
    pub title: String,
    /// The lead as published, outlet prefix included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lead: Option<String>,
    /// The outlet or place prefix found in the lead, e.g. "DIC".
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dateline: Option<String>,
    /// Body blocks in reading order; no caption, no byline.
    #[serde(default)]
    pub body: Vec<Block>,
    /// Images of the article (lead image first), with their captions.
    #[serde(default)]
    pub images: Vec<Image>,
    /// Files offered for download.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Who wrote, photographed, edited; absent when the page names nobody.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub byline: Option<Byline>,
    /// Tags as published.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Publication time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published: Option<Timestamp>,
    /// Time of the last edit, where the page shows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub modified: Option<Timestamp>,
    /// Absolute URLs under the heading of newer articles, in the page's order.
    #[serde(default)]
    pub newer: Vec<String>,
    /// Absolute URLs under the heading of older articles, in the page's order.
    #[serde(default)]
    pub older: Vec<String>,
}

impl Article {
    /// The derived plain text: the lead and every block, one per line, in reading order.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for part in self
            .lead
            .iter()
            .map(String::as_str)
            .chain(self.body.iter().map(|block| block.text.as_str()))
        {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(part);
        }
        out
    }
}

/// One block of the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What kind of block.
    pub kind: BlockKind,
    /// Its text. List items stand on lines of their own; a table's cells are separated by tabs
    /// and its rows by newlines.
    pub text: String,
}

/// Kinds of body blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// A heading inside the body (`h2`..`h6`).
    Heading,
    /// A list; one line per item.
    List,
    /// A table; rows are lines, cells are separated by tabs.
    Table,
    /// A block quotation.
    Quote,
}

/// An image of the article.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Absolute URL.
    pub url: String,
    /// Caption as published.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub caption: Option<String>,
    /// The `alt` text, where it says more than nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub alt: Option<String>,
    /// The credit found in the caption ("Ảnh: TTXVN" gives "TTXVN").
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credit: Option<String>,
}

/// A file offered for download.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Absolute URL.
    pub url: String,
    /// The link's text (usually the file's name).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
}

/// Who made the article.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Byline {
    /// As published, without the CMS's own label ("Tác giả:").
    pub raw: String,
    /// People with their roles, in the order in which they are named.
    #[serde(default)]
    pub people: Vec<Person>,
    /// Desks, agencies and affiliations named in the byline ("Phóng viên Điện tử", "TTXVN").
    #[serde(default)]
    pub organisations: Vec<String>,
    /// The outlet that the article was taken from ("Báo Nhân Dân").
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
}

/// A person with roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Display form: names set in capitals are given in title case, initials are kept.
    pub name: String,
    /// Roles in the order in which the byline names them.
    pub roles: Vec<Role>,
}

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Wrote the text.
    Text,
    /// Took the photographs.
    Photo,
    /// Made the video.
    Video,
    /// Made the graphics.
    Graphics,
    /// Edited.
    Editor,
    /// Translated.
    Translator,
    /// Produced.
    Producer,
}

/// A point in time as a page states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timestamp {
    /// RFC 3339 with offset for precisions of an hour and finer
    /// ("2022-09-05T22:28:00+07:00"); a plain date for coarser ones ("2022-09-05", "2022-09",
    /// "2022"). Absent when the text gives no absolute date ("2 năm trước").
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<String>,
    /// How fine the value is.
    pub precision: Precision,
    /// The text that was read.
    pub raw: String,
    /// The rule that found it (a profile's rule name), filled in by the profile engine.
    #[serde(default)]
    pub rule: String,
    /// True when the text names no zone and the site's zone was assumed.
    pub zone_assumed: bool,
}

/// Precision of a timestamp, finest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// To the second.
    Second,
    /// To the minute.
    Minute,
    /// To the hour.
    Hour,
    /// To the day.
    Day,
    /// To the week (relative dates).
    Week,
    /// To the month.
    Month,
    /// To the year.
    Year,
}
