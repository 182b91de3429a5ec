//! Reading records back, in the field names of the record schema (version 1).

use super::schema::{
    CaptureRow, Provenance, Reading, RecordRow, RevisionRow, UrlHash, UrlRow, after, capture_key,
    key, url_hash,
};
use super::{Archive, ArchiveError, Quarantine};
use crate::domain::{
    Attachment, Block, Byline, CanonicalUrl, Digest, Image, RecordId, SiteId, Timestamp, Warning,
};
use crate::extract::fields::text::{is_tone, name_key};
use chrono::{DateTime, NaiveDate, SecondsFormat};
use serde::{Deserialize, Serialize};

/// A record as exports and `show` give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// First 128 bits of the SHA-256 of the canonical URL, hexadecimal.
    pub id: RecordId,
    /// Canonical URL.
    pub url: CanonicalUrl,
    /// Other URLs of the same article.
    pub aliases: Vec<String>,
    /// The alias at which it is now, where its site has moved (`formerly`) or renamed it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub moved_to: Option<String>,
    /// The portal's name in the configuration.
    pub site: SiteId,
    /// The province that the portal speaks for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub province: Option<String>,
    /// Category as the page names it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub section: Option<String>,
    /// BCP 47 language.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub language: Option<String>,
    /// The headline.
    pub title: String,
    /// The lead as published.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lead: Option<String>,
    /// The outlet or place prefix found in the lead.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dateline: Option<String>,
    /// Blocks in reading order.
    pub body: Vec<Block>,
    /// Derived: lead and blocks, one a line.
    pub text: String,
    /// Images with captions.
    pub images: Vec<Image>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub byline: Option<Byline>,
    /// Tags.
    pub tags: Vec<String>,
    /// Publication time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published: Option<Timestamp>,
    /// Time of the last edit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub modified: Option<Timestamp>,
    /// URLs of newer articles.
    pub newer: Vec<String>,
    /// URLs of older articles.
    pub older: Vec<String>,
    /// When this revision was fetched first, RFC 3339, UTC.
    pub fetched_at: String,
    /// When the article was seen last, RFC 3339, UTC.
    pub last_seen: String,
    /// Since when its URL answers that it is not there (404, 410, a page that says so, a redirect
    /// to the home page); absent while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<String>,
    /// This revision, from 1.
    pub revision: u32,
    /// How many there are.
    pub revisions: u32,
    /// SHA-256 of the normalised title and text.
    pub digest: Digest,
    /// SHA-256 of the normalised text.
    pub text_digest: Digest,
    /// 64-bit simhash, hexadecimal.
    pub simhash: String,
    /// The first record with the same text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub same_as: Option<RecordId>,
    /// An earlier record with nearly the same text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub near: Option<RecordId>,
    /// Where it comes from.
    pub provenance: Provenance,
    /// What was odd.
    pub warnings: Vec<Warning>,
    /// Why this revision is in quarantine, if it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub quarantined: Option<Quarantine>,
    /// Earlier readings of this revision's capture, where a mended profile read it again.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub readings: Vec<Reading>,
}

/// Which records an export takes.
#[derive(Debug, Clone, Default)]
pub struct ExportFilter {
    /// Only this site.
    pub site: Option<SiteId>,
    /// And these, which have become part of it.
    pub absorbed: Vec<SiteId>,
    /// Published on this day or later, in the offset of the record.
    pub from: Option<NaiveDate>,
    /// Published on this day or earlier.
    pub to: Option<NaiveDate>,
    /// Leave out records whose text another record has (`same_as`).
    pub unique: bool,
    /// Only records whose title or text has all of these words, without regard to case.
    pub query: Option<String>,
    /// Take doubtful revisions, too (`khobao drift`), where they are the newest.
    pub quarantined: bool,
}

impl std::fmt::Display for ExportFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("records")?;
        if let Some(site) = &self.site {
            write!(f, " of the site {site}")?;
        }
        if let Some(from) = self.from {
            write!(f, " published from {from}")?;
        }
        if let Some(to) = self.to {
            write!(f, " published until {to}")?;
        }
        if let Some(query) = &self.query {
            write!(f, " with the words {query:?}")?;
        }
        if self.unique {
            f.write_str(", each text once")?;
        }
        if self.quarantined {
            f.write_str(", those in quarantine included")?;
        }
        Ok(())
    }
}

/// Whether a text has a word, both with their tone marks behind the syllable: `hoa` is not `hóa`.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let rest = text.get(at + word.len()..).unwrap_or_default();
        !rest.starts_with(is_tone)
    })
}

impl ExportFilter {
    /// Whether title and text have the words that are asked for.
    fn has_words(&self, record: &Record) -> bool {
        let Some(query) = &self.query else {
            return true;
        };
        let text = name_key(&format!("{}\n{}", record.title, record.text));
        name_key(query)
            .split_whitespace()
            .all(|word| has_word(&text, word))
    }

    fn takes(&self, revision: &RevisionRow) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        let published = revision
            .article
            .published
            .as_ref()
            .and_then(|p| p.value.as_deref());
        let Some(value) = published else { return false };
        // A coarse date is taken when its span touches the wanted one; text order is date order.
        let day = value.get(..10).unwrap_or(value);
        let cut = |limit: NaiveDate| limit.to_string().get(..day.len()).unwrap_or("").to_owned();
        self.from.is_none_or(|from| day >= cut(from).as_str())
            && self.to.is_none_or(|to| day <= cut(to).as_str())
    }
}

/// Counts for `khobao stats`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Records per site.
    pub sites: std::collections::BTreeMap<String, SiteStats>,
    /// Captures.
    pub captures: u64,
    /// URLs ever met.
    pub urls: u64,
    /// WARC files and their bytes.
    pub warc_files: u64,
    /// Bytes of the WARC files.
    pub warc_bytes: u64,
    /// Bytes of the index.
    pub index_bytes: u64,
}

/// One site's counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SiteStats {
    /// Records.
    pub records: u64,
    /// Revisions beyond the first.
    pub revised: u64,
    /// Aliases.
    pub aliases: u64,
    /// Records whose text another record has.
    pub same_text: u64,
    /// Records with a caption.
    pub captions: u64,
    /// Records with a byline.
    pub bylines: u64,
    /// First publication date.
    pub first: Option<String>,
    /// Last publication date.
    pub last: Option<String>,
}

impl Archive {
    /// The stored row of a record.
    pub fn record_row(&self, id: RecordId) -> Result<Option<RecordRow>, ArchiveError> {
        self.row(&key(b'r', &[&id.0]))
    }

    /// The row of a URL in canonical form.
    pub fn url_row(&self, url: &str) -> Result<Option<UrlRow>, ArchiveError> {
        self.row(&key(b'u', &[&url_hash(url)]))
    }

    /// The record that `name` means: an id, a canonical URL, or any URL that led to it.
    pub fn find(&self, name: &str) -> Result<Option<RecordRow>, ArchiveError> {
        if let Some(id) = RecordId::parse(name)
            && let Some(record) = self.record_row(id)?
        {
            return Ok(Some(record));
        }
        let direct = RecordId::of(&CanonicalUrl::from_stored(name.to_owned()));
        if let Some(record) = self.record_row(direct)? {
            return Ok(Some(record));
        }
        match self.url_row(name)?.and_then(|row| row.record) {
            Some(id) => self.record_row(id),
            None => Ok(None),
        }
    }

    /// A record's revision, the current one when `number` is `None`.
    pub fn record(
        &self,
        row: RecordRow,
        number: Option<u32>,
    ) -> Result<Option<Record>, ArchiveError> {
        let revisions = row.current.number;
        let revision = match number {
            Some(number) if number != revisions => {
                match self.row::<RevisionRow>(&key(b'v', &[&row.id.0, &number.to_be_bytes()]))? {
                    Some(revision) => revision,
                    None => return Ok(None),
                }
            }
            _ => row.current,
        };
        let mut article = revision.article;
        if let Some((first, number)) = revision.body_of {
            article.body = self.body_of(first, number)?;
        }
        Ok(Some(Record {
            id: row.id,
            url: row.url,
            aliases: row.aliases,
            moved_to: row.moved_to,
            site: row.site,
            province: row.province,
            text: article.text(),
            section: article.section,
            language: article.language,
            title: article.title,
            lead: article.lead,
            dateline: article.dateline,
            body: article.body,
            images: article.images,
            attachments: article.attachments,
            byline: article.byline,
            tags: article.tags,
            published: article.published,
            modified: article.modified,
            newer: article.newer,
            older: article.older,
            fetched_at: rfc3339(revision.fetched_at),
            last_seen: rfc3339(row.last_seen),
            gone: row.gone.map(rfc3339),
            revision: revision.number,
            revisions,
            digest: revision.digest,
            text_digest: revision.text_digest,
            simhash: revision.simhash,
            same_as: row.same_as,
            near: row.near,
            provenance: revision.provenance,
            warnings: revision.warnings,
            quarantined: self.quarantined(row.id, revision.fetched_at)?,
            readings: revision.readings,
        }))
    }

    pub(super) fn body_of(&self, id: RecordId, number: u32) -> Result<Vec<Block>, ArchiveError> {
        let missing = || ArchiveError::Row {
            dir: self.dir.clone(),
            what: format!("record {id}, revision {number}, whose text others share,"),
            why: "it is not there".to_owned(),
        };
        let row = self.record_row(id)?.ok_or_else(missing)?;
        if row.current.number == number {
            return Ok(row.current.article.body);
        }
        let old: Option<RevisionRow> = self.row(&key(b'v', &[&id.0, &number.to_be_bytes()]))?;
        Ok(old.ok_or_else(missing)?.article.body)
    }

    /// Every record that `filter` takes, by site, publication time and id; one at a time in
    /// memory. A damaged record is an error of its own, and the reading goes on after it.
    pub fn export<'a>(
        &'a self,
        filter: &'a ExportFilter,
    ) -> impl Iterator<Item = Result<Record, ArchiveError>> + 'a {
        let of = |site: &SiteId| key(b't', &[site.as_str().as_bytes(), &[0]]);
        let mut froms = match &filter.site {
            Some(site) => vec![of(site)],
            None => vec![vec![b't']],
        };
        froms.extend(filter.absorbed.iter().map(of));
        let all = froms.into_iter();
        let all = all.flat_map(|from| self.store.scan(&from, &after(&from)));
        all.filter_map(move |pair| {
            let read = || -> Result<Option<Record>, ArchiveError> {
                let (entry, _) = pair?;
                let Some(id) = entry.last_chunk::<16>() else {
                    return Ok(None);
                };
                match self.record_row(RecordId(*id))? {
                    Some(row) => {
                        let Some((number, row)) = self.readable(row, filter.quarantined)? else {
                            return Ok(None);
                        };
                        if (filter.unique && self.is_repeated(&row, filter.quarantined)?)
                            || !filter.takes(&row.current)
                        {
                            return Ok(None);
                        }
                        let record = self.record(row, None)?.map(|record| Record {
                            revisions: number,
                            ..record
                        });
                        Ok(record.filter(|record| filter.has_words(record)))
                    }
                    None => Err(ArchiveError::Row {
                        dir: self.dir.clone(),
                        what: format!("record {}", RecordId(*id)),
                        why: "the time index names it, and it is not there".to_owned(),
                    }),
                }
            };
            read().transpose()
        })
    }

    /// Whether the record that `row` names as the first with its text still has that text.
    fn is_repeated(&self, row: &RecordRow, doubtful: bool) -> Result<bool, ArchiveError> {
        let Some(first) = row.same_as else {
            return Ok(false);
        };
        let Some(first) = self.record_row(first)? else {
            return Ok(false);
        };
        let first = self.readable(first, doubtful)?;
        Ok(first.is_some_and(|(_, first)| first.current.text_digest == row.current.text_digest))
    }

    /// The capture of a URL at this time (microseconds since 1970).
    pub fn capture(&self, hash: &UrlHash, at: i64) -> Result<Option<CaptureRow>, ArchiveError> {
        self.row(&capture_key(hash, at))
    }

    /// The first capture of an image or attachment with this payload.
    pub fn first_with(&self, payload: &Digest) -> Result<Option<CaptureRow>, ArchiveError> {
        self.row(&key(b'p', &[&payload.prefix()]))
    }

    /// Every capture of a URL, oldest first.
    pub fn captures(&self, url: &str) -> Result<Vec<CaptureRow>, ArchiveError> {
        let from = key(b'c', &[&url_hash(url)]);
        self.store
            .scan(&from, &after(&from))
            .map(|pair| {
                let (key, sealed) = pair?;
                self.decode(&key, &sealed)
            })
            .collect()
    }

    /// Counts everything.
    pub fn stats(&self) -> Result<Stats, ArchiveError> {
        let mut stats = Stats {
            index_bytes: self.index_size()?,
            ..Stats::default()
        };
        for pair in self.store.scan(b"r", &after(b"r")) {
            let (key, sealed) = pair?;
            let row: RecordRow = self.decode(&key, &sealed)?;
            let article = &row.current.article;
            let site = stats.sites.entry(row.site.to_string()).or_default();
            site.records += 1;
            site.revised += u64::from(row.current.number - 1);
            site.aliases += row.aliases.len() as u64;
            site.same_text += u64::from(row.same_as.is_some());
            site.captions += u64::from(article.images.iter().any(|i| i.caption.is_some()));
            site.bylines += u64::from(article.byline.is_some());
            let value = article.published.as_ref().and_then(|p| p.value.clone());
            if let Some(value) = value {
                if site.first.as_ref().is_none_or(|first| value < *first) {
                    site.first = Some(value.clone());
                }
                if site.last.as_ref().is_none_or(|last| value > *last) {
                    site.last = Some(value);
                }
            }
        }
        stats.captures = self.count(b"c")?;
        stats.urls = self.count(b"u")?;
        for entry in std::fs::read_dir(self.warc_dir())
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.file_name().to_string_lossy().ends_with(".warc.gz") {
                stats.warc_files += 1;
                stats.warc_bytes += entry.metadata().map(|m| m.len()).unwrap_or(0);
            }
        }
        Ok(stats)
    }

    fn count(&self, prefix: &[u8]) -> Result<u64, ArchiveError> {
        let mut count = 0;
        for pair in self.store.scan(prefix, &after(prefix)) {
            pair?;
            count += 1;
        }
        Ok(count)
    }
}

/// Microseconds since 1970 as RFC 3339 in UTC.
pub fn rfc3339(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_wherever_their_tone_mark_stands() {
        let text = name_key("Văn hoá, thủy lợi và HÒA bình");
        for (word, there) in [
            ("văn hóa", true),
            ("thuỷ", true),
            ("hòa", true),
            ("hoà", true),
            ("hoa", false),
            ("van", false),
        ] {
            let words = name_key(word);
            let found = words.split_whitespace().all(|word| has_word(&text, word));
            assert_eq!(found, there, "{word}");
        }
    }
}
