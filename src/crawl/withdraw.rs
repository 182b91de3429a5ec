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
    let (stone, media, alike, before) = match target {
        Target::Record(record) => {
            let stone = archive.entomb(&record, reason, clock.now())?;
            let media = media(archive, config, &record)?;
            let alike = alike(archive, record.id)?;
            let agent = user_agent(config.contact.as_deref());
            let mut writer = open_warc(config, archive, &agent, clock)?;
            // Plain data with string keys: serialising it cannot fail.
            let json = serde_json::to_string(&stone).unwrap_or_default();
            writer.append_withdrawal(&stone.id.to_string(), &json)?;
            writer.finish()?;
            archive.withdraw(&stone, None)?;
            archive.flush()?;
            (stone, media, alike, false)
        }
        Target::Withdrawn(stone) => (*stone, Media::default(), Vec::new(), true),
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
        let shared = archive.shared_payloads(&media.own)?;
        done.shared = shared.len() + media.others;
        let mut urls = done.stone.urls.clone();
        urls.extend(media.own.difference(&shared));
        let places = archive.places(&urls)?;
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

/// The images and attachments of a record.
#[derive(Default)]
struct Media {
    /// Those that only this record has.
    own: BTreeSet<RecordId>,
    /// How many it shares with other records.
    others: usize,
}

fn named(article: &Article) -> impl Iterator<Item = &String> {
    let images = article.images.iter().map(|image| &image.url);
    images.chain(article.attachments.iter().map(|file| &file.url))
}

fn media(archive: &Archive, config: &Config, record: &RecordRow) -> Result<Media, CrawlError> {
    let mut urls: BTreeSet<String> = BTreeSet::new();
    for number in 1..=record.current.number {
        if let Some(revision) = archive.revision(record, number)? {
            urls.extend(named(&revision.article).cloned());
        }
    }
    let all = urls.len();
    for other in archive.record_rows() {
        let other = other?;
        if other.id == record.id {
            continue;
        }
        for number in 1..=other.current.number {
            if let Some(revision) = archive.revision(&other, number)? {
                for url in named(&revision.article) {
                    urls.remove(url);
                }
            }
        }
    }
    let site = config.sites.iter().find(|site| site.id == record.site);
    let policy = site.map(|site| site.url_policy(&[]));
    let hash = |text: &String| {
        let url = Url::parse(text).ok()?;
        let canonical = policy.as_ref()?.canonical(&url);
        Some(RecordId(url_hash(canonical.as_str())))
    };
    Ok(Media {
        others: all - urls.len(),
        own: urls.iter().filter_map(hash).collect(),
    })
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
