//! One number for all revisions of the archive: the sum, modulo 2^256, of a SHA-256 of each
//! (AdHash; Bellare and Micciancio, "A new paradigm for collision-free hashing", 1997). It does
//! not depend on their order, and is kept in the batch that changes a revision; the ledger holds
//! it, so that a record that was changed behind the archive's back shows.

use super::schema::{RevisionRow, key};
use super::store::Batch;
use super::{Archive, ArchiveError};
use crate::domain::{Digest, RecordId, hex};
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;

/// How many revisions there are, and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Revisions.
    pub revisions: u64,
    /// Their sum.
    pub sum: Digest,
}

impl Sum {
    /// Takes a revision in.
    pub fn add(&mut self, id: RecordId, revision: &RevisionRow) {
        self.revisions += 1;
        let mut carry = 0_u16;
        let term = term(id, revision).0;
        for (mine, other) in self.sum.0.iter_mut().rev().zip(term.iter().rev()) {
            let whole = u16::from(*mine) + u16::from(*other) + carry;
            [_, *mine] = whole.to_be_bytes();
            carry = whole >> 8;
        }
    }

    /// Takes a revision out.
    pub fn remove(&mut self, id: RecordId, revision: &RevisionRow) {
        self.revisions = self.revisions.saturating_sub(1);
        let mut borrow = 0_i16;
        let term = term(id, revision).0;
        for (mine, other) in self.sum.0.iter_mut().rev().zip(term.iter().rev()) {
            let mut whole = i16::from(*mine) - i16::from(*other) - borrow;
            borrow = i16::from(whole < 0);
            whole += borrow << 8;
            [_, *mine] = whole.to_be_bytes();
        }
    }
}

/// What identifies a revision: its record, its number, what it says, and where it comes from.
fn term(id: RecordId, revision: &RevisionRow) -> Digest {
    let capture = &revision.provenance.capture;
    Digest::of(format!(
        "{} {} {} {} {} {} {} {}",
        hex(&id.0),
        revision.number,
        revision.fetched_at,
        revision.content,
        revision.digest,
        revision.text_digest,
        capture.warc_record,
        capture.payload,
    ))
}

impl Archive {
    /// The sum as the index has it.
    pub fn sum(&self) -> Result<Sum, ArchiveError> {
        let mut held = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sum) = *held {
            return Ok(sum);
        }
        let sum = self.row(&key(b'm', &[b"sum"]))?.unwrap_or_default();
        *held = Some(sum);
        Ok(sum)
    }

    /// Puts the sum that a change leads to into the change's own batch.
    pub(super) fn change_sum(
        &self,
        batch: &mut Batch,
        change: impl FnOnce(&mut Sum),
    ) -> Result<(), ArchiveError> {
        let mut sum = self.sum()?;
        change(&mut sum);
        self.put(batch, key(b'm', &[b"sum"]), &sum);
        *self.sum.lock().unwrap_or_else(PoisonError::into_inner) = Some(sum);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_added_can_be_removed_in_any_order(a: [u8; 32], b: [u8; 16], c: [u8; 16]) {
            let mut sum = Sum { revisions: 1, sum: Digest(a) };
            let first = sum;
            let one = revision(1);
            let two = revision(2);
            sum.add(RecordId(b), &one);
            sum.add(RecordId(c), &two);
            let mut other = first;
            other.add(RecordId(c), &two);
            other.add(RecordId(b), &one);
            proptest::prop_assert_eq!(sum, other);
            proptest::prop_assert_ne!(sum, first);
            sum.remove(RecordId(b), &one);
            sum.remove(RecordId(c), &two);
            proptest::prop_assert_eq!(sum, first);
        }
    }

    fn revision(number: u32) -> RevisionRow {
        let json = serde_json::json!({
            "number": number, "fetched_at": 1, "article": {"title": "A"}, "content": "00".repeat(32),
            "digest": "00".repeat(32), "text_digest": "00".repeat(32), "simhash": "0",
            "provenance": {
                "capture": {"url": "http://x/", "at": 1, "file": "f", "offset": 0, "length": 1,
                            "warc_record": "<urn:uuid:x>", "payload": "00".repeat(32), "status": 200},
                "profile": "p", "profile_hash": "h", "robots": "allowed", "crawler": "khobao/0",
            },
        });
        serde_json::from_value(json).unwrap()
    }
}
