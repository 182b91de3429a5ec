//! New, unchanged, revision, alias or same text: decided on extracted fields only, never on a
//! page's bytes, and never on state that a replay of the captures would not have.

use super::schema::{RecordRow, RevisionRow, UrlRow, key, time_key};
use super::simhash::simhash;
use super::store::Batch;
use super::{Archive, ArchiveError, near};
use crate::domain::{
    Article, CanonicalUrl, CharsetFacts, Digest, Moves, Outcome, RecordId, TlsFacts, Warning,
};
use crate::extract::fields::text::normal;
use chrono::{DateTime, NaiveDate};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// An article on its way into the archive.
#[derive(Debug, Clone)]
pub struct Extracted {
    /// The canonical URL: `rel=canonical` where it is plausible, else the fetched URL.
    pub url: CanonicalUrl,
    /// The fields.
    pub article: Article,
    /// Of every field that makes a revision.
    pub content: Digest,
    /// Of the normalised title and text.
    pub digest: Digest,
    /// Of the normalised text.
    pub text_digest: Digest,
    /// Of title, time and text: the same article under another URL has the same.
    pub identity: Digest,
    /// 64-bit simhash of the text.
    pub simhash: u64,
    /// Name and hash of the profile.
    pub profile: (String, String),
    /// The rule that won, per field.
    pub rules: BTreeMap<String, String>,
    /// Charset facts.
    pub charset: CharsetFacts,
    /// TLS facts.
    pub tls: Option<TlsFacts>,
    /// What robots.txt said.
    pub robots: String,
    /// The configured province.
    pub province: Option<String>,
    /// What was odd.
    pub warnings: Vec<Warning>,
}

impl Extracted {
    /// Takes the digests of `article`; the rest is left for the caller to fill in.
    pub fn new(url: CanonicalUrl, article: Article) -> Self {
        let text = normal(&article.text());
        let title = normal(&article.title);
        let digest = Digest::of(format!("{title}\n{text}"));
        let time = article
            .published
            .as_ref()
            .and_then(|p| p.value.as_deref())
            .unwrap_or_default();
        let mut identity = Sha256::new();
        identity.update(digest.0);
        identity.update(time);
        if text.is_empty() {
            // Without text, pictures and files tell one gallery from another.
            for image in &article.images {
                identity.update(b"\n");
                identity.update(&image.url);
            }
            for file in &article.attachments {
                identity.update(b"\n");
                identity.update(&file.url);
            }
        }
        Self {
            content: content_digest(&article),
            digest,
            text_digest: Digest::of(&text),
            identity: Digest(identity.finalize().into()),
            simhash: simhash(&text),
            url,
            article,
            profile: Default::default(),
            rules: BTreeMap::new(),
            charset: CharsetFacts::default(),
            tls: None,
            robots: String::new(),
            province: None,
            warnings: Vec::new(),
        }
    }
}

/// Digest of every field whose change is a new revision: all but the newer/older lists, which
/// the portal changes with every later article, and the page's language.
pub fn content_digest(article: &Article) -> Digest {
    let published = article.published.as_ref().map(|p| (&p.value, &p.precision));
    // The listed parts are plain data with string keys: serialising them cannot fail.
    let parts = serde_json::to_vec(&(
        &article.title,
        &article.lead,
        &article.body,
        &article.images,
        &article.attachments,
        &article.byline,
        &article.tags,
        &published,
        &article.section,
    ));
    Digest::of(parts.unwrap_or_default())
}

/// Seconds since 1970 of the publication time; what has none sorts last.
pub(super) fn sort_time(article: &Article) -> i64 {
    let Some(value) = article.published.as_ref().and_then(|p| p.value.as_deref()) else {
        return i64::MAX;
    };
    if let Ok(time) = DateTime::parse_from_rfc3339(value) {
        return time.timestamp();
    }
    let padded = match value.len() {
        4 => format!("{value}-01-01"),
        7 => format!("{value}-01"),
        _ => value.to_owned(),
    };
    NaiveDate::parse_from_str(&padded, "%Y-%m-%d")
        .ok()
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .map_or(i64::MAX, |time| time.and_utc().timestamp())
}

/// Where a page of a known record was found.
#[derive(Clone, Copy)]
struct Place<'a> {
    row: &'a UrlRow,
    moves: Option<&'a Moves>,
    /// The record was not known to have this URL.
    joined: bool,
}

impl<'a> Place<'a> {
    fn known(row: &'a UrlRow, moves: Option<&'a Moves>) -> Self {
        Self {
            row,
            moves,
            joined: false,
        }
    }
}

/// What was decided.
pub(super) struct Judgement {
    pub outcome: Outcome,
    pub record: RecordId,
}

impl Archive {
    /// A record was seen again as it was; gives whether there is one.
    pub(super) fn still_there(
        &self,
        batch: &mut Batch,
        id: RecordId,
        at: i64,
    ) -> Result<bool, ArchiveError> {
        let Some(mut record) = self.record_row(id)? else {
            return Ok(false);
        };
        record.last_seen = record.last_seen.max(at);
        record.gone = None;
        self.put_record(batch, &record);
        Ok(true)
    }

    /// Decides what `found` is and writes the rows into `batch`. `row` is the fetched URL's.
    pub(super) fn judge(
        &self,
        batch: &mut Batch,
        row: &UrlRow,
        found: Extracted,
        revision: RevisionRow,
        province: Option<String>,
        moves: Option<&Moves>,
    ) -> Result<Judgement, ArchiveError> {
        let id = RecordId::of(&found.url);
        let mut aliases = row.redirected_from.clone();
        aliases.push(row.url.clone());
        if let Some(record) = self.record_row(id)? {
            let place = Place::known(row, moves);
            let outcome = self.update(batch, record, aliases, (&found, place), revision)?;
            return Ok(Judgement {
                outcome,
                record: id,
            });
        }
        let identity_key = key(
            b'd',
            &[&found.identity.prefix(), row.site.as_str().as_bytes()],
        );
        // A URL that is known as an alias stays one when the text is edited.
        if let Some(first) = row.record
            && first != id
            && let Some(record) = self.record_row(first)?
        {
            aliases.push(found.url.as_str().to_owned());
            let place = Place::known(row, moves);
            let outcome = self.update(batch, record, aliases, (&found, place), revision)?;
            return Ok(Judgement {
                outcome,
                record: first,
            });
        }
        // It was renamed, or its site has moved.
        if let Some(record) = self.predecessor(row, &found, moves)? {
            let record_id = record.id;
            aliases.push(found.url.as_str().to_owned());
            let place = Place {
                joined: true,
                ..Place::known(row, moves)
            };
            let outcome = self.update(batch, record, aliases, (&found, place), revision)?;
            return Ok(Judgement {
                outcome: match outcome {
                    Outcome::Unchanged => Outcome::Alias,
                    other => other,
                },
                record: record_id,
            });
        }
        if let Some(first) = self.identical(row, &found, moves)?
            && let Some(mut record) = self.record_row(first)?
        {
            aliases.push(found.url.as_str().to_owned());
            add_aliases(&mut record, aliases);
            record.last_seen = revision.fetched_at;
            record.gone = None;
            self.settle(batch, &mut record, row, &found, (false, moves));
            self.put_record(batch, &record);
            return Ok(Judgement {
                outcome: Outcome::Alias,
                record: first,
            });
        }
        let text_key = key(b'x', &[&found.text_digest.prefix()]);
        let has_text = !found.article.text().trim().is_empty();
        let first = if has_text {
            self.row::<RecordId>(&text_key)?
        } else {
            None
        };
        let mut record = RecordRow {
            id,
            url: found.url.clone(),
            aliases: Vec::new(),
            moved_to: None,
            site: row.site.clone(),
            province,
            last_seen: revision.fetched_at,
            gone: None,
            sort: sort_time(&found.article),
            current: revision,
            same_as: first,
            near: None,
        };
        add_aliases(&mut record, aliases);
        self.change_sum(batch, |sum| sum.add(id, &record.current))?;
        if first.is_none() && near::is_comparable(&found.article.text()) {
            record.near = self.near(found.simhash, id)?;
            self.put_near(batch, found.simhash, id);
        }
        if let Some(first) = first {
            self.share_body(batch, first, record.id, &mut record.current)?;
        } else if has_text {
            self.put(batch, text_key, &id);
        }
        self.put(batch, identity_key, &id);
        batch.put(time_key(&record.site, record.sort, id), Vec::new());
        self.put_record(batch, &record);
        let outcome = if first.is_some() {
            Outcome::SameText
        } else {
            Outcome::New
        };
        Ok(Judgement {
            outcome,
            record: id,
        })
    }

    /// A known record was fetched again.
    fn update(
        &self,
        batch: &mut Batch,
        mut record: RecordRow,
        aliases: Vec<String>,
        (found, place): (&Extracted, Place<'_>),
        mut revision: RevisionRow,
    ) -> Result<Outcome, ArchiveError> {
        let Place { row, moves, joined } = place;
        add_aliases(&mut record, aliases);
        record.last_seen = record.last_seen.max(revision.fetched_at);
        if self.has_left(&record, row, moves) {
            self.put_record(batch, &record);
            return Ok(Outcome::Alias);
        }
        record.gone = None;
        self.settle(batch, &mut record, row, found, (joined, moves));
        if record.current.content == revision.content
            || self.same_elsewhere(&record, found, moves)?
        {
            record
                .current
                .article
                .newer
                .clone_from(&found.article.newer);
            record
                .current
                .article
                .older
                .clone_from(&found.article.older);
            self.put_record(batch, &record);
            return Ok(Outcome::Unchanged);
        }
        revision.number = record.current.number + 1;
        self.change_sum(batch, |sum| sum.add(record.id, &revision))?;
        let old = std::mem::replace(&mut record.current, revision);
        let old_key = key(b'v', &[&record.id.0, &old.number.to_be_bytes()]);
        self.put(batch, old_key, &old);
        let sort = sort_time(&record.current.article);
        if sort != record.sort {
            batch.delete(time_key(&record.site, record.sort, record.id));
            batch.put(time_key(&record.site, sort, record.id), Vec::new());
            record.sort = sort;
        }
        self.known_as(batch, &mut record, found)?;
        self.compare_again(batch, &mut record, &old, found)?;
        self.put_record(batch, &record);
        Ok(Outcome::Revision)
    }

    /// Makes a changed record known by its new content, and finds the first with its text.
    pub(super) fn known_as(
        &self,
        batch: &mut Batch,
        record: &mut RecordRow,
        found: &Extracted,
    ) -> Result<(), ArchiveError> {
        let site = record.site.as_str().as_bytes();
        let identity_key = key(b'd', &[&found.identity.prefix(), site]);
        if self.row::<RecordId>(&identity_key)?.is_none() {
            self.put(batch, identity_key, &record.id);
        }
        let text_key = key(b'x', &[&found.text_digest.prefix()]);
        match self.row::<RecordId>(&text_key)? {
            None if !found.article.text().trim().is_empty() => {
                self.put(batch, text_key, &record.id);
                record.same_as = None;
            }
            Some(first) if first != record.id => {
                record.same_as = Some(first);
                self.share_body(batch, first, record.id, &mut record.current)?;
            }
            _ => record.same_as = None,
        }
        Ok(())
    }

    /// A revision with another text has other near copies.
    pub(super) fn compare_again(
        &self,
        batch: &mut Batch,
        record: &mut RecordRow,
        old: &RevisionRow,
        found: &Extracted,
    ) -> Result<(), ArchiveError> {
        if old.text_digest == found.text_digest {
            return Ok(());
        }
        if let Ok(simhash) = u64::from_str_radix(&old.simhash, 16) {
            self.forget_near(batch, simhash, record.id);
        }
        record.near = None;
        if record.same_as.is_none() && near::is_comparable(&found.article.text()) {
            record.near = self.near(found.simhash, record.id)?;
            self.put_near(batch, found.simhash, record.id);
        }
        Ok(())
    }

    /// Stores the body once: when `first` has it byte for byte, `revision` only points there.
    fn share_body(
        &self,
        batch: &mut Batch,
        first: RecordId,
        id: RecordId,
        revision: &mut RevisionRow,
    ) -> Result<(), ArchiveError> {
        if let Some(other) = self.record_row(first)?
            && other.current.body_of.is_none()
            && other.current.article.body == revision.article.body
        {
            revision.body_of = Some((first, other.current.number));
            revision.article.body = Vec::new();
            batch.put(key(b'y', &[&first.0, &id.0]), Vec::new());
        }
        Ok(())
    }

    /// Adds aliases to a record that is already there.
    pub(super) fn alias(
        &self,
        batch: &mut Batch,
        id: RecordId,
        urls: Vec<String>,
    ) -> Result<(), ArchiveError> {
        if let Some(mut record) = self.record_row(id)? {
            add_aliases(&mut record, urls);
            self.put_record(batch, &record);
        }
        Ok(())
    }

    /// Notes that an article's own URL answers that it is not there any more.
    pub(super) fn gone(
        &self,
        batch: &mut Batch,
        id: RecordId,
        at: i64,
    ) -> Result<(), ArchiveError> {
        if let Some(mut record) = self.record_row(id)?
            && record.gone.is_none()
        {
            record.gone = Some(at);
            self.put_record(batch, &record);
        }
        Ok(())
    }

    pub(super) fn put_record(&self, batch: &mut Batch, record: &RecordRow) {
        self.put(batch, key(b'r', &[&record.id.0]), record);
    }
}

fn add_aliases(record: &mut RecordRow, urls: Vec<String>) {
    for url in urls {
        if url != record.url.as_str() && !record.aliases.contains(&url) {
            record.aliases.push(url);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_other_articles_make_no_revision_but_captions_do() {
        let mut article = Article {
            title: "A".into(),
            ..Article::default()
        };
        let before = content_digest(&article);
        article.newer.push("http://x/".into());
        assert_eq!(content_digest(&article), before);
        article.images.push(crate::domain::Image {
            caption: Some("c".into()),
            ..Default::default()
        });
        assert_ne!(content_digest(&article), before);
    }
}
