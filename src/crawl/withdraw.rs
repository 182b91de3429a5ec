//! Withdrawing a record: its tombstone goes into the WARC files and the index, and what names its
//! captures forgets them; on request the captures are erased, too.

use super::{CrawlError, open_warc, orphans};
use crate::archive::schema::{RecordRow, url_hash};
use crate::archive::warc::{self, WarcError};
use crate::archive::{Archive, ArchiveError, Tombstone, Unlikes};
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
    /// Images and attachments of which captures stay, as something else shows the same.
    pub shared: usize,
    /// Captures that stay, as revisit records of other URLs need their payloads to be read.
    pub needed: usize,
    /// Other records with the same text or nearly the same.
    pub alike: Vec<String>,
    /// Records that keep their own URLs, which had become URLs of this one.
    pub others: Vec<String>,
    /// Files that were left as they are, since they are not what the manifest says.
    pub unlike: Unlikes,
    /// Captures that could not be erased.
    pub damage: Vec<WarcError>,
    /// Files beside the WARC files with what a crash had cut short; nobody knows what of.
    pub torn: Vec<String>,
}

/// What becomes of the captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erase {
    /// They stay in the files.
    No,
    /// They are erased in the files that are what the manifest says.
    Sound,
    /// They are erased in other files, too; the ledger keeps that these were not as listed.
    All,
}

/// What is to be withdrawn.
pub enum Target {
    /// A record.
    Record(Box<RecordRow>),
    /// One that was withdrawn before: to be erased now, or only to end what was cut short.
    Withdrawn(Box<Tombstone>),
}

/// Withdraws a record; durable, with a line in the ledger, on return.
pub fn withdraw(
    archive: &Archive,
    config: &Config,
    target: Target,
    reason: &str,
    how: Erase,
) -> Result<Withdrawal, CrawlError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let erase = how != Erase::No;
    let mut names = BTreeSet::new();
    let mut others = Vec::new();
    let (mut stone, alike, before) = match target {
        Target::Record(record) => {
            let mut stone = archive.entomb(&record, reason, clock.now())?;
            let media = media(archive, config, &record)?;
            stone.media = unshared(archive, config, Some(record.id), media)?;
            names = archive.urls_of(&record)?;
            for url in &names {
                let hash = RecordId(url_hash(url));
                if hash != record.id && !stone.urls.contains(&hash) {
                    others.push(url.clone());
                }
            }
            (stone, alike(archive, record.id)?, false)
        }
        Target::Withdrawn(stone) => {
            // (The row under its id is the newest.)
            let newest = archive.tombstone(&stone.id.0)?;
            (newest.unwrap_or(*stone), Vec::new(), true)
        }
    };
    archive.open_change("withdraw")?;
    if !before || (erase && !stone.erased) {
        stone.erased |= erase;
        let agent = user_agent(config.contact.as_deref());
        let mut writer = open_warc(config, archive, &agent, clock)?;
        // Plain data with string keys: serialising it cannot fail.
        let json = serde_json::to_string(&stone).unwrap_or_default();
        writer.append_withdrawal(&stone.id.to_string(), &json)?;
        writer.finish()?;
        archive.withdraw(&stone, None)?;
        archive.flush()?;
    }
    let urls = withdrawn_urls(archive, stone.id)?;
    let orphans = orphans::find(archive, config, &urls, &names, &stone.shown)?;
    let orphans = orphans.into_iter().map(|place| (place, stone.id));
    hide_with(archive, &orphans.collect())?;
    let mut done = Withdrawal {
        stone,
        before,
        erased: 0,
        shared: 0,
        needed: 0,
        alike,
        others,
        unlike: Unlikes::new(),
        damage: Vec::new(),
        torn: Vec::new(),
    };
    let mut changed = Vec::new();
    if erase {
        changed = erase_captures(archive, config, how, &mut done)?;
        done.torn = warc::torn(&archive.warc_dir())?;
    }
    let note = serde_json::json!({
        "record": done.stone.id, "reason": done.stone.reason, "erased": done.erased,
        "rewritten": changed,
    });
    archive.seal_with("withdraw", &changed, done.unlike.clone(), Some(note))?;
    Ok(done)
}

/// Erases the captures of a withdrawn record; gives the files that were written anew.
fn erase_captures(
    archive: &Archive,
    config: &Config,
    how: Erase,
    done: &mut Withdrawal,
) -> Result<Vec<String>, CrawlError> {
    let id = done.stone.id.to_string();
    let own = withdrawn_urls(archive, done.stone.id)?;
    let dead = dead(archive, config)?;
    // What other erased records have of it goes, too: it had stayed as long as this one showed it.
    let needed = archive.needed(&dead.urls.union(&own).copied().collect())?;
    let mut shown = done.stone.shown.clone();
    let pages: BTreeSet<_> = archive
        .payloads(&own)?
        .difference(&needed)
        .copied()
        .collect();
    shown.extend(archive.captures_with(&pages, &dead.urls)?);
    // (Other records may show them by now.)
    let media: BTreeSet<RecordId> = dead
        .media
        .intersection(&done.stone.media)
        .copied()
        .collect();
    let images = archive.payloads(&media)?;
    let kept = archive.shown_elsewhere(&images, &dead.media)?;
    let gone = images.difference(&kept).copied().collect();
    shown.extend(archive.captures_with(&gone, &dead.media)?);
    let mut whole = BTreeSet::new();
    for url in &media {
        if archive
            .payloads(&BTreeSet::from([*url]))?
            .is_disjoint(&kept)
        {
            whole.insert(*url);
        }
    }
    done.shared = done.stone.media.len() - whole.len();
    let urls = own.union(&whole).copied().collect();
    let places = archive.places(&urls, &shown, &needed)?;
    done.needed = archive.places(&own, &done.stone.shown, &none())?.len()
        - archive.places(&own, &done.stone.shown, &needed)?.len();
    let mut files: BTreeMap<String, BTreeMap<u64, Option<u64>>> = BTreeMap::new();
    for (place, found) in &places {
        let file = files.entry(place.file.clone()).or_default();
        file.insert(place.offset, found.length);
    }
    for ((file, offset), of) in warc::hidden_places(&archive.warc_dir())? {
        if of.as_deref() == Some(id.as_str()) {
            files.entry(file).or_default().insert(offset, None);
        }
    }
    for (file, offset) in orphans::find(archive, config, &whole, &none(), &none())? {
        files.entry(file).or_default().insert(offset, None);
    }
    let mut names: Vec<String> = files.keys().cloned().collect();
    done.unlike = archive.misplaced(&names)?;
    if how == Erase::Sound {
        // Written anew it would look right, whatever had been done to it.
        done.unlike.extend(archive.unlike(Some(&names))?);
    }
    files.retain(|name, _| !done.unlike.contains_key(name));
    names.retain(|name| !done.unlike.contains_key(name));
    archive.open_rewriting(&names)?;
    let mut changed = Vec::new();
    for (file, offsets) in files {
        let now = chrono::Utc::now();
        let erasure = warc::erase(&archive.warc_dir(), &file, &offsets, &id, now)?;
        done.erased += erasure.erased;
        done.damage.extend(erasure.damage);
        changed.push(file);
    }
    let failed: BTreeSet<(String, u64)> = done.damage.iter().filter_map(place_of).collect();
    let gone = places
        .into_iter()
        .filter(|(place, _)| !done.unlike.contains_key(&place.file))
        .filter(|(place, _)| !failed.contains(&(place.file.clone(), place.offset)));
    archive.erased(&gone.collect())?;
    archive.flush()?;
    hide(archive)?;
    Ok(changed)
}

fn place_of(why: &WarcError) -> Option<(String, u64)> {
    let WarcError::Damaged { file, offset, .. } = why else {
        return None;
    };
    let name = file.file_name()?.to_string_lossy().into_owned();
    Some((name, *offset))
}

/// The URLs that the tombstone of a record stands under.
fn withdrawn_urls(archive: &Archive, id: RecordId) -> Result<BTreeSet<RecordId>, CrawlError> {
    let mut urls = archive.withdrawn_urls()?;
    urls.retain(|_, stone| *stone == id);
    Ok(urls.into_keys().collect())
}

/// What erased records have left.
struct Dead {
    /// URLs that their tombstones stand under.
    urls: BTreeSet<RecordId>,
    /// Their images and attachments that no record shows any more.
    media: BTreeSet<RecordId>,
}

fn dead(archive: &Archive, config: &Config) -> Result<Dead, CrawlError> {
    let mut erased = BTreeMap::new();
    for stone in archive.tombstones()? {
        if stone.erased {
            erased.insert(stone.id, stone.media);
        }
    }
    let mut urls = archive.withdrawn_urls()?;
    urls.retain(|_, id| erased.contains_key(id));
    let media = erased.into_values().flatten().collect();
    Ok(Dead {
        urls: urls.into_keys().collect(),
        media: unshared(archive, config, None, media)?,
    })
}

fn none<T>() -> BTreeSet<T> {
    BTreeSet::new()
}

/// Leaves the captures of withdrawn records out of the indexes of the WARC files.
pub(super) fn hide(archive: &Archive) -> Result<(), CrawlError> {
    hide_with(archive, &BTreeMap::new())
}

/// The same with `orphans`: places that no row names, and the withdrawn record of each.
fn hide_with(
    archive: &Archive,
    orphans: &BTreeMap<(String, u64), RecordId>,
) -> Result<(), CrawlError> {
    let urls = archive.withdrawn_urls()?.into_keys().collect();
    let stones = archive.tombstones()?.into_iter();
    let shown = stones.flat_map(|stone| stone.shown).collect();
    let dir = archive.warc_dir();
    // Those that no row names were found once, by the record's URLs.
    let mut all = warc::hidden_places(&dir)?;
    all.retain(|_, of| of.is_some());
    for (place, id) in orphans {
        all.insert(place.clone(), Some(id.to_string()));
    }
    for place in archive.places(&urls, &shown, &none())?.into_keys() {
        all.entry((place.file, place.offset)).or_default();
    }
    Ok(warc::hide(&dir, &all)?)
}

/// Captures of erased records that are there again, as WARC files of before came back: by record,
/// how many.
pub(super) fn returned(archive: &Archive) -> Result<BTreeMap<RecordId, u64>, CrawlError> {
    let mut erased = archive.tombstones()?;
    erased.retain(|stone| stone.erased);
    let ids: BTreeSet<RecordId> = erased.iter().map(|stone| stone.id).collect();
    let mut stones = archive.withdrawn_urls()?;
    stones.retain(|_, id| ids.contains(id));
    let urls: BTreeSet<RecordId> = stones.keys().copied().collect();
    let mut shown = BTreeSet::new();
    for stone in erased {
        stones.extend(stone.shown.iter().map(|(url, _)| (*url, stone.id)));
        shown.extend(stone.shown);
    }
    let mut found: BTreeMap<RecordId, u64> = BTreeMap::new();
    if urls.is_empty() {
        return Ok(found);
    }
    let needed = archive.needed(&urls)?;
    for there in archive.places(&urls, &shown, &needed)?.into_values() {
        if let Some(id) = stones.get(&there.url) {
            *found.entry(*id).or_default() += 1;
        }
    }
    Ok(found)
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
    // Without its table nobody knows what its images are called in the archive.
    let policy = site.map(|site| site.url_policy(&[]));
    let policy = policy.ok_or_else(|| CrawlError::UnknownSite {
        site: record.site.to_string(),
        file: record.current.provenance.capture.file.clone(),
    })?;
    let mut found = BTreeSet::new();
    for number in 1..=record.current.number {
        if let Some(revision) = archive.revision(record, number)? {
            for text in named(&revision.article) {
                let Ok(url) = Url::parse(text) else {
                    continue;
                };
                found.insert(RecordId(url_hash(policy.canonical(&url).as_str())));
            }
        }
    }
    Ok(found)
}

/// Those that no record but `id` has.
fn unshared(
    archive: &Archive,
    config: &Config,
    id: Option<RecordId>,
    mut urls: BTreeSet<RecordId>,
) -> Result<BTreeSet<RecordId>, CrawlError> {
    for other in archive.record_rows() {
        let other = other?;
        if urls.is_empty() {
            break;
        }
        if Some(other.id) != id {
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
