//! CSV (RFC 4180) for spreadsheets: the fields that fit in a cell, lists joined by "; ".

use super::Exporter;
use crate::archive::Record;
use crate::domain::{Person, Role, Timestamp};
use std::io::{self, Write};

const COLUMNS: &[&str] = &[
    "id",
    "url",
    "site",
    "province",
    "section",
    "language",
    "title",
    "lead",
    "dateline",
    "text",
    "published",
    "published_precision",
    "modified",
    "byline",
    "people",
    "organisations",
    "source",
    "tags",
    "images",
    "captions",
    "attachments",
    "revision",
    "revisions",
    "fetched_at",
    "gone",
    "digest",
    "text_digest",
    "same_as",
    "near",
    "warc_file",
    "warc_offset",
    "warc_record",
    "profile",
    "warnings",
    "moved_to",
    "aliases",
];

/// Writes CSV with a header row.
pub struct CsvExporter<'a> {
    out: csv::Writer<&'a mut dyn Write>,
    begun: bool,
}

impl<'a> CsvExporter<'a> {
    /// Writes to `out`, which the caller buffers.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out: csv::Writer::from_writer(out),
            begun: false,
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            self.out.write_record(COLUMNS).map_err(io_error)?;
        }
        Ok(())
    }
}

impl Exporter for CsvExporter<'_> {
    fn record(&mut self, r: &Record) -> io::Result<()> {
        self.begin()?;
        let some = |text: &Option<String>| text.clone().unwrap_or_default();
        let value = |time: &Option<Timestamp>| {
            time.as_ref()
                .and_then(|t| t.value.clone())
                .unwrap_or_default()
        };
        let join = |items: Vec<String>| items.join("; ");
        let byline = r.byline.clone().unwrap_or_default();
        let capture = &r.provenance.capture;
        let row = [
            r.id.to_string(),
            r.url.to_string(),
            r.site.to_string(),
            some(&r.province),
            some(&r.section),
            some(&r.language),
            r.title.clone(),
            some(&r.lead),
            some(&r.dateline),
            r.text.clone(),
            value(&r.published),
            r.published
                .as_ref()
                .map(|p| plain(&p.precision))
                .unwrap_or_default(),
            value(&r.modified),
            byline.raw,
            join(byline.people.iter().map(person).collect()),
            join(byline.organisations),
            byline.source.unwrap_or_default(),
            join(r.tags.clone()),
            join(r.images.iter().map(|i| i.url.clone()).collect()),
            join(r.images.iter().filter_map(|i| i.caption.clone()).collect()),
            join(r.attachments.iter().map(|a| a.url.clone()).collect()),
            r.revision.to_string(),
            r.revisions.to_string(),
            r.fetched_at.clone(),
            some(&r.gone),
            r.digest.to_string(),
            r.text_digest.to_string(),
            r.same_as.map(|id| id.to_string()).unwrap_or_default(),
            r.near.map(|id| id.to_string()).unwrap_or_default(),
            capture.file.clone(),
            capture.offset.to_string(),
            capture.warc_record.clone(),
            r.provenance.profile.clone(),
            join(r.warnings.iter().map(|w| w.code.clone()).collect()),
            some(&r.moved_to),
            join(r.aliases.clone()),
        ];
        self.out.write_record(&row).map_err(io_error)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.begin()?;
        self.out.flush()
    }
}

/// The writer's own error: a closed pipe must stay one.
fn io_error(why: csv::Error) -> io::Error {
    match why.into_kind() {
        csv::ErrorKind::Io(why) => why,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

fn person(person: &Person) -> String {
    let roles: Vec<String> = person.roles.iter().map(|role: &Role| plain(role)).collect();
    format!("{} ({})", person.name, roles.join(", "))
}

/// The serialised name of a plain enum.
fn plain<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
