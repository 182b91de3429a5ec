//! Withdrawing a record: its tombstone goes into the WARC files and the index, and what names its
//! captures forgets them; on request the captures are erased, too.

use super::{CrawlError, open_warc};
use crate::archive::schema::{RecordRow, url_hash};
use crate::archive::{Archive, ArchiveError, Place, Tombstone, warc};
use crate::config::Config;
use crate::domain::{Article, Clock, RecordId, SystemClock};
use crate::fetch::user_agent;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use url::Url;

/// What a withdrawal did.
#[derive(Debug)]
pub struct Withdrawal {
    /// What is left of the record.
    pub stone: Tombstone,
    /// Whether it had been withdrawn before.
    pub before: bool,
    /// Captures that were erased.
    pub erased: u64,
    /// Images and attachments whose captures stay, as other articles or URLs share them.
    pub shared: usize,
    /// Other records with the same text or nearly the same.
    pub alike: Vec<String>,
}

/// What is to be withdrawn.
pub enum Target {
    /// A record.
    Record(Box<RecordRow>),
    /// One that was withdrawn before, to be erased now.
    Withdrawn(Box<Tombstone>),
}

/// Withdraws a record; durable, with a line in the ledger, on return.
pub fn withdraw(
    archive: &Archive,
    config: &Config,
    target: Target,
    reason: &str,
    erase: bool,
) -> Result<Withdrawal, CrawlError> {
    archive.open_change("withdraw")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (stone, alike, before) = match target {
        Target::Record(record) => {
            let mut stone = archive.entomb(&record, reason, clock.now())?;
            let media = media(archive, config, &record)?;
            stone.media = unshared(archive, config, record.id, media)?;
            let alike = alike(archive, record.id)?;
            let agent = user_agent(config.contact.as_deref());
            let mut writer = open_warc(config, archive, &agent, clock)?;
            // Plain data with string keys: serialising it cannot fail.
            let json = serde_json::to_string(&stone).unwrap_or_default();
            writer.append_withdrawal(&stone.id.to_string(), &json)?;
            writer.finish()?;
            archive.withdraw(&stone, None)?;
            archive.flush()?;
            (stone, alike, false)
        }
        Target::Withdrawn(stone) => (*stone, Vec::new(), true),
    };
    hide(archive)?;
    let mut done = Withdrawal {
        stone,
        before,
        erased: 0,
        shared: 0,
        alike,
    };
    let mut changed = Vec::new();
    if erase {
        // Others may show them by now.
        let media = unshared(archive, config, done.stone.id, done.stone.media.clone())?;
        let shared = archive.shared_payloads(&media)?;
        done.shared = done.stone.media.len() - media.difference(&shared).count();
        let mut urls = done.stone.urls.clone();
        urls.extend(media.difference(&shared));
        let places = archive.places(&urls)?;
        let files: Vec<String> = by_file(&places).into_keys().collect();
        archive.open_rewriting(&files)?;
        for (file, offsets) in by_file(&places) {
            let id = done.stone.id.to_string();
            let now = chrono::Utc::now();
            done.erased += warc::erase(&archive.warc_dir(), &file, &offsets, &id, now)?;
            changed.push(file);
        }
        archive.erased(&urls, &places)?;
        archive.flush()?;
        hide(archive)?;
    }
    let note = serde_json::json!({
        "record": done.stone.id, "reason": done.stone.reason, "erased": done.erased,
        "rewritten": changed,
    });
    archive.seal("withdraw", &changed, Some(note))?;
    Ok(done)
}

/// Leaves the captures of withdrawn records out of the indexes of the WARC files.
pub(super) fn hide(archive: &Archive) -> Result<(), CrawlError> {
    let mut urls = BTreeSet::new();
    for stone in archive.tombstones()? {
        urls.extend(stone.urls);
    }
    let places = archive.places(&urls)?;
    let places: Vec<(String, u64)> = places
        .into_iter()
        .map(|place| (place.file, place.offset))
        .collect();
    Ok(warc::hide(&archive.warc_dir(), &places)?)
}

fn by_file(places: &BTreeSet<Place>) -> BTreeMap<String, BTreeSet<u64>> {
    let mut files: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for place in places {
        files
            .entry(place.file.clone())
            .or_default()
            .insert(place.offset);
    }
    files
}

fn named(article: &Article) -> impl Iterator<Item = &String> {
    let images = article.images.iter().map(|image| &image.url);
    images.chain(article.attachments.iter().map(|file| &file.url))
}

/// The images and attachments of all revisions of a record.
fn media(
    archive: &Archive,
    config: &Config,
    record: &RecordRow,
) -> Result<BTreeSet<RecordId>, CrawlError> {
    let site = config.sites.iter().find(|site| site.id == record.site);
    let policy = site.map(|site| site.url_policy(&[]));
    let mut found = BTreeSet::new();
    for number in 1..=record.current.number {
        if let Some(revision) = archive.revision(record, number)? {
            for text in named(&revision.article) {
                let (Ok(url), Some(policy)) = (Url::parse(text), &policy) else {
                    continue;
                };
                found.insert(RecordId(url_hash(policy.canonical(&url).as_str())));
            }
        }
    }
    Ok(found)
}

/// Those that no other record has.
fn unshared(
    archive: &Archive,
    config: &Config,
    id: RecordId,
    mut urls: BTreeSet<RecordId>,
) -> Result<BTreeSet<RecordId>, CrawlError> {
    for other in archive.record_rows() {
        let other = other?;
        if urls.is_empty() {
            break;
        }
        if other.id != id {
            for hash in media(archive, config, &other)? {
                urls.remove(&hash);
            }
        }
    }
    Ok(urls)
}

/// Records that say the same or nearly the same.
fn alike(archive: &Archive, id: RecordId) -> Result<Vec<String>, ArchiveError> {
    let own = archive.record_row(id)?;
    let first = own.as_ref().and_then(|row| row.same_as.or(row.near));
    let mut out = Vec::new();
    for other in archive.record_rows() {
        let other = other?;
        if other.same_as == Some(id) || other.near == Some(id) || Some(other.id) == first {
            out.push(other.url.to_string());
        }
    }
    Ok(out)
}
