//! Checks a file: gzip members, WARC records, block and payload digests.

use super::WarcError;
use super::reader::Reader;
use std::path::Path;

/// One record, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// `WARC-Type`; `damaged` when the record cannot be read.
    pub kind: String,
    /// Whether it is what a capture points to (see `Head::is_capture`).
    pub capture: bool,
    /// Whether it stands in the place of an erased capture.
    pub erased: bool,
    /// Offset of its gzip member.
    pub offset: u64,
    /// Length of the member; 0 when it cannot be read.
    pub length: u64,
    /// `WARC-Record-ID` as it stands there.
    pub record_id: String,
    /// The payload's digest as labelled.
    pub payload: Option<String>,
    /// What is wrong with it.
    pub faults: Vec<String>,
}

/// Checks every record of `path`; a damaged one does not hide those after it.
pub fn check_file(path: &Path, visit: &mut dyn FnMut(Checked)) -> Result<(), WarcError> {
    for stored in Reader::open(path)? {
        visit(match stored {
            Ok(stored) => Checked {
                kind: stored.kind().to_owned(),
                capture: stored.is_capture(),
                erased: stored.is_erased(),
                offset: stored.offset,
                length: stored.length,
                record_id: stored
                    .field("WARC-Record-ID")
                    .unwrap_or_default()
                    .to_owned(),
                payload: stored.payload_digest().map(str::to_owned),
                faults: stored.digest_faults(),
            },
            Err(WarcError::Damaged { offset, why, .. }) => Checked {
                kind: "damaged".to_owned(),
                capture: false,
                erased: false,
                offset,
                length: 0,
                record_id: String::new(),
                payload: None,
                faults: vec![why],
            },
            Err(why) => return Err(why),
        });
    }
    Ok(())
}
