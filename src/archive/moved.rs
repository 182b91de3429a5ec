//! Records whose site has moved (`formerly`): which of them a page at the new address goes on with,
//! and where they are asked for from then on. A path alone joins nothing: titles or publication
//! times must agree, since the portals that became one had counted alike.

use super::judge::{Extracted, content_digest, sort_time};
use super::schema::{RecordRow, UrlHash, UrlRow, after, key, time_key, url_hash};
use super::store::Batch;
use super::{Archive, ArchiveError, Tombstone};
use crate::domain::{Article, Digest, Moves, Precision, RecordId, SiteId, bare};
use crate::extract::fields::text::normal;
use std::collections::{BTreeSet, HashSet};
use url::Url;

/// Texts of one article share this many thousandths of their word triples, before and after an
/// edit.
const ALIKE: usize = 300;

/// Where more URLs redirect to one, it is a farewell to all of them, not an article's new place.
const REDIRECTS: usize = 32;

/// How well a page fits a known article: what agrees, then how much of the text.
type Fit = (u8, usize);

/// The key of where a record is now.
pub(super) fn address_key(id: RecordId) -> Vec<u8> {
    key(b'a', &[&id.0])
}

/// The key of what redirects to a URL of another host.
fn outward_key(target: &Url, from: &[u8]) -> Vec<u8> {
    key(b'o', &[&url_hash(&bare(target)), from])
}

impl Archive {
    /// The known record that a page at another URL goes on with; `None` where nothing fits, or
    /// several do equally well.
    pub(super) fn predecessor(
        &self,
        row: &UrlRow,
        found: &Extracted,
        moves: Option<&Moves>,
    ) -> Result<Option<RecordRow>, ArchiveError> {
        let mut ids = BTreeSet::new();
        for url in row.redirected_from.iter().rev().take(REDIRECTS) {
            ids.extend(self.record_at(&url_hash(url))?);
        }
        if let Some(moves) = moves {
            let own = row.site == *moves.site();
            for url in [row.url.as_str(), found.url.as_str()] {
                for other in moves.counterparts(url, own) {
                    ids.extend(self.record_at(&url_hash(&other))?);
                }
                self.redirected_to(url, moves, &mut ids)?;
            }
        }
        let mut best: Option<(Fit, RecordRow)> = None;
        let mut tied = false;
        for id in ids {
            let Some(record) = self.record_row(id)? else {
                continue;
            };
            let Some(fit) = fit(&self.whole(&record)?, &found.article) else {
                continue;
            };
            match &best {
                Some((other, _)) if *other > fit => {}
                Some((other, _)) if *other == fit => tied = true,
                _ => {
                    best = Some((fit, record));
                    tied = false;
                }
            }
        }
        Ok(best.filter(|_| !tied).map(|(_, record)| record))
    }

    /// The record that a URL is one of.
    fn record_at(&self, hash: &UrlHash) -> Result<Option<RecordId>, ArchiveError> {
        let row = self.row::<UrlRow>(&key(b'u', &[hash]))?;
        match row.and_then(|row| row.record) {
            Some(id) => Ok(Some(id)),
            None => Ok(self.record_row(RecordId(*hash))?.map(|record| record.id)),
        }
    }

    /// Notes that a URL redirects to another host: should its site turn out to have moved there,
    /// the redirect says which article became which.
    pub(super) fn note_outward(&self, batch: &mut Batch, from: &UrlHash, target: &Url) {
        batch.put(outward_key(target, from), Vec::new());
    }

    /// Records of former addresses that redirected to `url` while they still answered.
    fn redirected_to(
        &self,
        to: &str,
        moves: &Moves,
        ids: &mut BTreeSet<RecordId>,
    ) -> Result<(), ArchiveError> {
        let Ok(url) = Url::parse(to) else {
            return Ok(());
        };
        let from = outward_key(&url, &[]);
        let all = self.store.scan(&from, &after(&from)).take(REDIRECTS + 1);
        let all = all.map(|pair| Ok(pair?.0));
        let all: Vec<Vec<u8>> = all.collect::<Result<_, ArchiveError>>()?;
        if all.len() > REDIRECTS {
            return Ok(());
        }
        for at in all {
            let Some(hash) = at.last_chunk::<16>() else {
                continue;
            };
            if let Some(row) = self.row::<UrlRow>(&key(b'u', &[hash]))?
                && moves.rank(&row.url) < moves.rank(to)
            {
                ids.extend(row.record);
            }
        }
        Ok(())
    }

    /// The current article of a record, with its text.
    fn whole(&self, record: &RecordRow) -> Result<Article, ArchiveError> {
        let mut article = record.current.article.clone();
        if let Some((first, number)) = record.current.body_of {
            article.body = self.body_of(first, number)?;
        }
        Ok(article)
    }

    /// Whether a page says what the record says, but for the addresses of images and files.
    pub(super) fn same_elsewhere(
        &self,
        record: &RecordRow,
        found: &Extracted,
        moves: Option<&Moves>,
    ) -> Result<bool, ArchiveError> {
        let Some(moves) = moves else {
            return Ok(false);
        };
        let before = readdressed(self.whole(record)?, moves);
        let now = readdressed(found.article.clone(), moves);
        Ok(content_digest(&before) == content_digest(&now))
    }

    /// Whether this page of a record is one of an address that the record has left: what it says
    /// is no news of it.
    pub(super) fn has_left(&self, record: &RecordRow, row: &UrlRow, moves: Option<&Moves>) -> bool {
        // (Its folder may have been another site's, which still visits it.)
        let others =
            record.moved_to.is_some() && row.url == record.url.as_str() && row.site != record.site;
        others || moves.is_some_and(|moves| moves.rank(&row.url) < moves.rank(home(record)))
    }

    /// Notes where a record is now: at the URL of `row`, when that is its own again, or when it was
    /// found there after a move (`joined`).
    pub(super) fn settle(
        &self,
        batch: &mut Batch,
        record: &mut RecordRow,
        row: &UrlRow,
        found: &Extracted,
        (joined, moves): (bool, Option<&Moves>),
    ) {
        let was = moves.is_some_and(|moves| moves.is_former(home(record)));
        let own = row.url == record.url.as_str();
        let canonical = row.url == found.url.as_str();
        let stale = moves.is_some_and(|moves| moves.rank(home(record)) < moves.rank(&row.url));
        if own && record.moved_to.is_some() {
            record.moved_to = None;
            batch.delete(address_key(record.id));
        } else if !own && ((joined && (canonical || record.moved_to.is_none())) || stale) {
            record.moved_to = Some(row.url.clone());
            self.put(batch, address_key(record.id), &row.url);
        }
        if let Some(moves) = moves
            && record.site != *moves.site()
            && row.site == *moves.site()
            && (was || moves.sites().contains(&record.site))
        {
            batch.delete(time_key(&record.site, record.sort, record.id));
            record.site = row.site.clone();
            batch.put(time_key(&record.site, record.sort, record.id), Vec::new());
            let at = key(
                b'd',
                &[&found.identity.prefix(), record.site.as_str().as_bytes()],
            );
            if !matches!(self.row::<RecordId>(&at), Ok(Some(_))) {
                self.put(batch, at, &record.id);
            }
        }
    }

    /// The first record with this title, time and text, of the site or of one that became part of
    /// it before.
    pub(super) fn identical(
        &self,
        row: &UrlRow,
        found: &Extracted,
        moves: Option<&Moves>,
    ) -> Result<Option<RecordId>, ArchiveError> {
        let of = |site: &SiteId| {
            let site = site.as_str().as_bytes();
            self.row::<RecordId>(&key(b'd', &[&found.identity.prefix(), site]))
        };
        if let Some(id) = of(&row.site)? {
            return Ok(Some(id));
        }
        let Some(moves) = moves.filter(|moves| *moves.site() == row.site) else {
            return Ok(None);
        };
        // (Two portals that became one may have had the same article before, each its own.)
        for site in moves.sites() {
            if let Some(id) = of(site)? {
                let record = self.record_row(id)?;
                if record.is_none_or(|known| moves.rank(home(&known)) < moves.rank(&row.url)) {
                    return Ok(Some(id));
                }
            }
        }
        Ok(None)
    }

    /// The withdrawn record that a page at another address shows, by its path and by its title or
    /// time.
    pub(super) fn withdrawn_elsewhere(
        &self,
        row: &UrlRow,
        found: &Extracted,
        moves: Option<&Moves>,
    ) -> Result<Option<Tombstone>, ArchiveError> {
        let Some(moves) = moves else {
            return Ok(None);
        };
        let signs = signs(&found.article);
        for url in [row.url.as_str(), found.url.as_str()] {
            for other in moves.counterparts(url, row.site == *moves.site()) {
                let stone = self.tombstone(&url_hash(&other))?;
                if let Some(stone) = stone.filter(|stone| !stone.signs.is_disjoint(&signs)) {
                    return Ok(Some(stone));
                }
            }
        }
        Ok(None)
    }
}

/// The URL at which a record is.
fn home(record: &RecordRow) -> &str {
    record.moved_to.as_deref().unwrap_or(record.url.as_str())
}

/// How well a page fits a known article, where title or publication time agree.
fn fit(known: &Article, found: &Article) -> Option<Fit> {
    let title = normal(&known.title) == normal(&found.title);
    let time = times(known, found);
    let alike = likeness(&known.text(), &found.text());
    let what = match (title, time) {
        (true, Time::Same) => 4,
        (true, Time::SameDay) => 3,
        // The same headline at another time is another notice, unless it says the same; and what
        // was imported in one minute are many articles.
        (false, Time::Same) if alike >= ALIKE => 2,
        (true, Time::Unknown | Time::Other) if alike >= ALIKE => 1,
        _ => return None,
    };
    Some((what, alike))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    Same,
    SameDay,
    Other,
    Unknown,
}

/// A publication time to the minute, and the day.
fn published(article: &Article) -> Option<(Option<i64>, &str)> {
    let published = article.published.as_ref()?;
    let value = published.value.as_deref()?;
    let minute = (published.precision <= Precision::Minute).then(|| sort_time(article) / 60);
    Some((minute, value.get(..10)?))
}

fn times(known: &Article, found: &Article) -> Time {
    match (published(known), published(found)) {
        (Some((Some(a), _)), Some((Some(b), _))) if a == b => Time::Same,
        // (Where one of them names no more than the day.)
        (Some((None, a)), Some((_, b))) | (Some((_, a)), Some((None, b))) if a == b => {
            Time::SameDay
        }
        (Some(_), Some(_)) => Time::Other,
        _ => Time::Unknown,
    }
}

/// Thousandths of the shorter text's word triples that the other has, too.
fn likeness(one: &str, other: &str) -> usize {
    let triples = |text: &str| -> HashSet<UrlHash> {
        let text = normal(text);
        let words: Vec<&str> = text.split_whitespace().collect();
        let all = words.windows(3.min(words.len().max(1)));
        all.map(|words| url_hash(&words.join(" "))).collect()
    };
    let (one, other) = (triples(one), triples(other));
    let common = one.intersection(&other).count();
    common * 1000 / one.len().min(other.len()).max(1)
}

/// The article with the addresses of images and files as they are today.
fn readdressed(mut article: Article, moves: &Moves) -> Article {
    let today = |text: &mut String| {
        let to = Url::parse(text).ok().and_then(|url| moves.successor(&url));
        if let Some(to) = to {
            *text = to.into();
        }
    };
    for image in &mut article.images {
        today(&mut image.url);
    }
    for file in &mut article.attachments {
        today(&mut file.url);
    }
    article
}

/// Digests by which a withdrawn article is known at another address: its title, its time.
pub(super) fn signs(article: &Article) -> BTreeSet<RecordId> {
    let title = format!("title {}", normal(&article.title));
    let time = published(article).and_then(|(minute, _)| minute);
    let time = time.map(|minute| format!("minute {minute}"));
    let all = [title].into_iter().chain(time);
    all.map(|text| RecordId(Digest::of(text).prefix()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Block, BlockKind, Timestamp};

    fn article(title: &str, time: Option<&str>, text: &str) -> Article {
        Article {
            title: title.to_owned(),
            published: time.map(|value| Timestamp {
                value: Some(value.to_owned()),
                precision: if value.len() > 10 {
                    Precision::Minute
                } else {
                    Precision::Day
                },
                raw: String::new(),
                rule: String::new(),
                zone_assumed: false,
            }),
            body: vec![Block {
                kind: BlockKind::Paragraph,
                text: text.to_owned(),
            }],
            ..Article::default()
        }
    }

    #[test]
    fn title_or_time_must_agree_and_a_headline_alone_needs_its_text() {
        let text = "Bà con bản Huổi Sang cùng nhau sửa con đường dài hai cây số vào bản";
        let other = "Hội nghị tổng kết năm của xã diễn ra ngày hôm nay ở nhà văn hóa bản";
        let (noon, one) = ("2025-03-01T12:00:00+07:00", "2025-03-01T13:30:00+07:00");
        let known = article("Thông báo", Some(noon), text);
        let with = |title, time, text| fit(&known, &article(title, time, text)).map(|fit| fit.0);
        assert_eq!(with("Thông báo", Some(noon), other), Some(4));
        assert_eq!(
            with("Thông báo", Some("2025-03-01T05:00:00Z"), text),
            Some(4)
        );
        assert_eq!(with("Thông báo", Some("2025-03-01"), other), Some(3));
        assert_eq!(with("Thông báo", Some(one), text), Some(1));
        assert_eq!(with("Thông báo", Some(one), other), None);
        assert_eq!(with("Thông báo mới", Some(noon), text), Some(2));
        assert_eq!(with("Thông báo mới", Some(noon), other), None);
        assert_eq!(with("Thông báo", None, text), Some(1));
        assert_eq!(with("Thông báo", None, other), None);
        let later = Some("2026-03-01T12:00:00+07:00");
        assert_eq!(with("Thông báo", later, text), Some(1));
        assert_eq!(with("Thông báo", later, other), None);
        assert_eq!(with("Thông báo mới", None, text), None);
        assert_eq!(with("Thông báo mới", Some("2025-03-01"), text), None);
    }

    #[test]
    fn what_was_added_leaves_a_text_alike() {
        let text = "một hai ba bốn năm sáu bảy";
        assert_eq!(likeness(text, &format!("{text} tám chín mười")), 1000);
        assert_eq!(likeness(text, "khác hẳn với nó"), 0);
        assert_eq!(likeness("", text), 0);
        assert_eq!(likeness("", ""), 0);
    }
}
