//! Where records are asked for whose site has moved (`formerly`): nothing is asked of an address
//! that it has left. Decides nothing about articles (`moved` does).

use super::moved::address_key;
use super::schema::{TaskKind, UrlHash, UrlRow, after, key, url_hash};
use super::store::Batch;
use super::{Archive, ArchiveError, frontier};
use crate::domain::{Moves, RecordId, SiteId};
use url::Url;

/// Tasks that are moved at once.
const AT_ONCE: usize = 1024;

/// A task's place in the frontier, its URL's hash and row, and where that URL is today.
type Waiting = (Vec<u8>, UrlHash, UrlRow, String);

impl Archive {
    /// The URL of `row` answered that nothing is there: a record whose address it is, is gone. For
    /// one that was never seen at the site's new address, that is where its path leads there.
    pub(super) fn not_there(
        &self,
        batch: &mut Batch,
        (hash, row): (&UrlHash, &UrlRow),
        moves: Option<&Moves>,
        at: i64,
    ) -> Result<(), ArchiveError> {
        if let Some(id) = row.record {
            // (Its other URLs may be gone and it is still there.)
            let home = self.row::<String>(&address_key(id))?;
            if home.map_or(id.0, |url| url_hash(&url)) == *hash {
                self.gone(batch, id, at)?;
            }
            return Ok(());
        }
        let Some(moves) = moves else {
            return Ok(());
        };
        for url in moves.counterparts(&row.url, row.site == *moves.site()) {
            let left = Url::parse(&url).is_ok_and(|url| moves.is_left(&url));
            if let Some(record) = self.record_row(RecordId(url_hash(&url)))?
                && left
                && record.moved_to.is_none()
                && moves.rank(&url) < moves.rank(&row.url)
            {
                self.gone(batch, record.id, at)?;
            }
        }
        Ok(())
    }

    /// Takes over what waits at addresses that a site has left: it waits at the new one. Returns
    /// how many.
    pub fn bring_along(
        &self,
        site: &SiteId,
        moves: &Moves,
        generation: u32,
        now: i64,
    ) -> Result<u64, ArchiveError> {
        let mut count = 0;
        for from in [site].into_iter().chain(moves.sites()) {
            let from = key(b'q', &[from.as_str().as_bytes(), &[0]]);
            // (What was moved is not met again.)
            loop {
                let some = self.waiting_at_left(&from, moves)?;
                if some.is_empty() {
                    break;
                }
                for (entry, hash, mut row, to) in some {
                    let mut batch = Batch::default();
                    batch.delete(entry);
                    row.queued = None;
                    self.put(&mut batch, key(b'u', &[&hash]), &row);
                    self.store.apply(batch)?;
                    // (Lists are found from the start pages.)
                    let wanted = row.kind == TaskKind::Article || row.kind.is_media();
                    let what = (row.kind, row.via);
                    let due = now + count as i64;
                    if wanted && self.start_with(site, &to, what, generation, due, false)? {
                        count += 1;
                    }
                }
            }
        }
        Ok(count)
    }

    /// Some of what waits at addresses that a site has left, and where it is today.
    fn waiting_at_left(&self, from: &[u8], moves: &Moves) -> Result<Vec<Waiting>, ArchiveError> {
        let mut found = Vec::new();
        for pair in self.store.scan(from, &after(from)) {
            let (entry, _) = pair?;
            let Some(hash) = entry.last_chunk::<16>().copied() else {
                continue;
            };
            let row = self.row::<UrlRow>(&key(b'u', &[&hash]))?;
            let to = row.as_ref().map(|row| moves.successor_of_left(&row.url));
            if let (Some(row), Some(Some(to))) = (row, to) {
                found.push((entry, hash, row, to));
                if found.len() >= AT_ONCE {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Whether a record of the site has its first URL at today's address.
    pub fn has_new_address(&self, site: &SiteId, moves: &Moves) -> Result<bool, ArchiveError> {
        let from = key(b't', &[site.as_str().as_bytes(), &[0]]);
        for pair in self.store.scan(&from, &after(&from)) {
            let (entry, _) = pair?;
            if let Some(id) = entry.last_chunk::<16>()
                && let Some(record) = self.record_row(RecordId(*id))?
                && !moves.is_former(record.url.as_str())
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The keys of a site's records in the order of time, then those of the sites that it was.
    pub(super) fn by_time<'a>(
        &'a self,
        site: &SiteId,
        moves: Option<&Moves>,
    ) -> impl Iterator<Item = Result<Vec<u8>, ArchiveError>> + use<'a> {
        let own = moves.filter(|moves| moves.site() == site);
        let others = own.map_or(&[][..], Moves::sites);
        let all = [site].into_iter().chain(others);
        let froms: Vec<Vec<u8>> = all
            .map(|site| key(b't', &[site.as_str().as_bytes(), &[0]]))
            .collect();
        let all = froms.into_iter();
        all.flat_map(|from| self.store.scan(&from, &after(&from)))
            .map(|pair| Ok(pair?.0))
    }

    /// Where a record is asked for: its first URL, the one at which it is now, or where that leads
    /// by its path. The row is one of `site`'s; it is not stored yet where it is new.
    pub(super) fn asked_at(
        &self,
        id: &UrlHash,
        site: &SiteId,
        moves: Option<&Moves>,
    ) -> Result<Option<(UrlHash, UrlRow)>, ArchiveError> {
        let of = |hash: UrlHash, row: UrlRow| {
            let mut row = row;
            if row.site != *site {
                row.site = site.clone();
                row.found = 0;
                row.generation = 0;
            }
            (hash, row)
        };
        if let Some(url) = self.row::<String>(&address_key(RecordId(*id)))? {
            let hash = url_hash(&url);
            let row = self.row::<UrlRow>(&key(b'u', &[&hash]))?;
            // Another site's host is that one's to ask.
            let parts = moves.filter(|moves| moves.site() == site);
            let parts = parts.map_or(&[][..], Moves::sites);
            let row = row.filter(|row| row.site == *site || parts.contains(&row.site));
            return Ok(row.map(|row| of(hash, row)));
        }
        let Some(row) = self.row::<UrlRow>(&key(b'u', &[id]))? else {
            return Ok(None);
        };
        let Some(to) = moves.and_then(|moves| moves.successor_of_left(&row.url)) else {
            return Ok(Some(of(*id, row)));
        };
        let hash = url_hash(&to);
        Ok(Some(match self.row::<UrlRow>(&key(b'u', &[&hash]))? {
            Some(there) => of(hash, there),
            None => {
                let mut new = frontier::new_row(to, site.clone(), row.kind, row.via, 0);
                (new.visited, new.captured) = (row.visited, row.captured);
                new.captured = new.captured.or(new.visited);
                (hash, new)
            }
        }))
    }
}
