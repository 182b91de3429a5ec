//! Floor 6: datasets out of the archive. Streaming: one record in memory at a time, in a stable
//! order (site, publication time, id).

mod changes;
mod csv;
mod jsonl;
mod slice;
mod visible;
mod wacz;

use crate::archive::{Archive, ArchiveError, ExportFilter, Record};
use std::io::{self, Write};

pub use changes::{
    Changes, FieldChange, Kind, Part, Side, Tag, html as changes_html, text as changes_text,
};
pub use csv::CsvExporter;
pub use jsonl::JsonlExporter;
pub use slice::{Canonical, slice};
pub use visible::visible;
pub use wacz::wacz;

/// Writes records in one format.
pub trait Exporter {
    /// Writes one record.
    fn record(&mut self, record: &Record) -> io::Result<()>;
    /// Writes what comes last, and flushes.
    fn finish(&mut self) -> io::Result<()>;
}

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// One JSON object a line, in the field names of the record schema.
    #[default]
    Jsonl,
    /// RFC 4180, one row a record, lists joined.
    Csv,
}

/// What an export did.
#[derive(Debug, Default)]
pub struct Exported {
    /// Records written.
    pub records: u64,
    /// Records that could not be read; the others were written all the same.
    pub damaged: Vec<ArchiveError>,
}

/// Exports what `filter` takes.
pub fn export(
    archive: &Archive,
    filter: &ExportFilter,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<Exported> {
    let mut exporter: Box<dyn Exporter + '_> = match format {
        Format::Jsonl => Box::new(JsonlExporter::new(out)),
        Format::Csv => Box::new(CsvExporter::new(out)),
    };
    let mut done = Exported::default();
    for record in archive.export(filter) {
        match record {
            Ok(record) => {
                exporter.record(&record)?;
                done.records += 1;
            }
            Err(why) => done.damaged.push(why),
        }
    }
    exporter.finish()?;
    Ok(done)
}
