//! WARC slices and WACZ packages: the captures of chosen records, to be replayed elsewhere.

use super::Exported;
use crate::archive::schema::CaptureRow;
use crate::archive::warc::{self, SliceError, Slicer};
use crate::archive::{Archive, ArchiveError, ExportFilter, Record};
use crate::domain::SiteId;
use chrono::{SecondsFormat, Utc};
use std::io::{self, Write};

/// Gives the canonical form of a site's URL, as it is known to the archive.
pub type Canonical<'a> = &'a dyn Fn(&SiteId, &str) -> Option<String>;

/// Writes the captures of the records that `filter` takes (pages, redirects, images and
/// attachments) as one WARC file; `visit` is told of each record with the capture that it was
/// read from.
pub fn slice(
    archive: &Archive,
    filter: &ExportFilter,
    canonical: Canonical<'_>,
    out: &mut dyn Write,
    visit: &mut dyn FnMut(&Record),
) -> io::Result<Exported> {
    let now = Utc::now();
    let fields = [
        (
            "software",
            concat!("khobao/", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
        ("format", "WARC File Format 1.1".to_owned()),
        ("description", format!("a slice of an archive: {filter}")),
        ("isPartOf", archive.id().to_owned()),
        ("created", now.to_rfc3339_opts(SecondsFormat::Secs, true)),
    ];
    let mut work = Work {
        archive,
        slicer: Slicer::begin(&archive.warc_dir(), out, &fields, now)?,
        done: Exported::default(),
    };
    for record in archive.export(filter) {
        match record {
            Ok(record) => {
                work.record(&record, canonical)?;
                visit(&record);
                work.done.records += 1;
            }
            Err(why) => work.done.damaged.push(why),
        }
    }
    Ok(work.done)
}

struct Work<'a> {
    archive: &'a Archive,
    slicer: Slicer<'a>,
    done: Exported,
}

impl Work<'_> {
    fn record(&mut self, record: &Record, canonical: Canonical<'_>) -> io::Result<()> {
        self.captures(record.url.as_str())?;
        for alias in &record.aliases {
            self.captures(alias)?;
        }
        let images = record.images.iter().map(|image| &image.url);
        let files = record.attachments.iter().map(|file| &file.url);
        for url in images.chain(files) {
            if let Some(url) = canonical(&record.site, url) {
                self.captures(&url)?;
            }
        }
        Ok(())
    }

    /// Every capture of a URL, and what revisits of it refer to.
    fn captures(&mut self, url: &str) -> io::Result<()> {
        let rows = match self.archive.captures(url) {
            Ok(rows) => rows,
            Err(why) => {
                self.done.damaged.push(why);
                return Ok(());
            }
        };
        for row in rows {
            if row.revisit {
                match self.archive.first_with(&row.payload) {
                    Ok(Some(first)) => self.add(&first)?,
                    Ok(None) => {}
                    Err(why) => self.done.damaged.push(why),
                }
            }
            self.add(&row)?;
        }
        Ok(())
    }

    fn add(&mut self, row: &CaptureRow) -> io::Result<()> {
        match self.slicer.add(&row.file, row.offset) {
            Ok(_) => Ok(()),
            Err(SliceError::Write(why)) => Err(why),
            Err(SliceError::Warc(why @ warc::WarcError::Damaged { .. })) => {
                self.done.damaged.push(ArchiveError::from(why));
                Ok(())
            }
            Err(SliceError::Warc(why)) => Err(io::Error::other(why)),
        }
    }
}
