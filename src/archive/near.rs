//! Near copies: records whose texts' simhashes differ in at most three of 64 bits.
//!
//! Two hashes that differ in three bits agree in one of four bands of 16 bits (pigeonhole), so
//! each record stands in four rows, and a look-up reads four buckets (Manku, Jain and Das Sarma,
//! "Detecting near-duplicates for web crawling", 2007).

use super::schema::{after, key};
use super::store::Batch;
use super::{Archive, ArchiveError};
use crate::domain::RecordId;

/// Bits in which near copies may differ.
pub(super) const DISTANCE: u32 = 3;
/// Words that a text must have: the hash of a shorter one says little.
const WORDS: usize = 40;
/// Entries of a bucket that are looked at: portals full of form letters fill some of them.
const BUCKET: usize = 512;

/// Whether a text is long enough to be compared.
pub(super) fn is_comparable(text: &str) -> bool {
    text.split_whitespace().nth(WORDS - 1).is_some()
}

fn bands(simhash: u64) -> [Vec<u8>; 4] {
    let bytes = simhash.to_be_bytes();
    let [a, b, c, d, e, f, g, h] = bytes;
    [(0, [a, b]), (1, [c, d]), (2, [e, f]), (3, [g, h])]
        .map(|(band, value)| key(b'b', &[&[band], &value]))
}

fn entries(simhash: u64, id: RecordId) -> [Vec<u8>; 4] {
    bands(simhash).map(|band| {
        let mut entry = band;
        entry.extend_from_slice(&simhash.to_be_bytes());
        entry.extend_from_slice(&id.0);
        entry
    })
}

/// Simhash and record of an entry.
pub(super) fn split(entry: &[u8]) -> Option<(u64, RecordId)> {
    let (rest, id) = entry.split_last_chunk::<16>()?;
    let (_, simhash) = rest.split_last_chunk::<8>()?;
    Some((u64::from_be_bytes(*simhash), RecordId(*id)))
}

impl Archive {
    /// The record with the nearest simhash, if one is near; of equals the one with the least id.
    pub(super) fn near(
        &self,
        simhash: u64,
        me: RecordId,
    ) -> Result<Option<RecordId>, ArchiveError> {
        let best = self.near_but(simhash, me, &|_| Ok(true))?;
        Ok(best.map(|(_, id)| id))
    }

    /// The same of those records that `takes` takes, with the bits in which it differs.
    pub(super) fn near_but(
        &self,
        simhash: u64,
        me: RecordId,
        takes: &dyn Fn(RecordId) -> Result<bool, ArchiveError>,
    ) -> Result<Option<(u32, RecordId)>, ArchiveError> {
        let mut best: Option<(u32, RecordId)> = None;
        for band in bands(simhash) {
            for pair in self.store.scan(&band, &after(&band)).take(BUCKET) {
                let (entry, _) = pair?;
                let Some((other, id)) = split(&entry) else {
                    continue;
                };
                let found = ((simhash ^ other).count_ones(), id);
                if found.0 <= DISTANCE
                    && id != me
                    && best.is_none_or(|best| found < best)
                    && takes(id)?
                {
                    best = Some(found);
                }
            }
        }
        Ok(best)
    }

    /// Lets later texts be compared with this one.
    pub(super) fn put_near(&self, batch: &mut Batch, simhash: u64, id: RecordId) {
        for entry in entries(simhash, id) {
            batch.put(entry, Vec::new());
        }
    }

    /// Forgets a text.
    pub(super) fn forget_near(&self, batch: &mut Batch, simhash: u64, id: RecordId) {
        for entry in entries(simhash, id) {
            batch.delete(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn hashes_that_differ_in_three_bits_share_a_band(hash: u64, a in 0..64, b in 0..64, c in 0..64) {
            let other = hash ^ (1_u64 << a) ^ (1_u64 << b) ^ (1_u64 << c);
            let theirs = bands(other);
            proptest::prop_assert!(bands(hash).iter().zip(&theirs).any(|(x, y)| x == y));
        }

        #[test]
        fn entries_are_read_back(hash: u64, id: [u8; 16]) {
            for entry in entries(hash, RecordId(id)) {
                proptest::prop_assert_eq!(split(&entry), Some((hash, RecordId(id))));
            }
        }
    }
}
