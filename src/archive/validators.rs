//! What a server says of a page's version (`ETag` and `Last-Modified`: RFC 9110, section 8.8), and
//! whether it may be believed. A conditional request asks the server to answer 304 where nothing
//! has changed; a server whose validators stay the same while articles change would hide every
//! edit. So nothing is asked on condition before visits without one have shown that the site's
//! validators stay with an article that stays and change with one that changes; and one visit in
//! `CHECKED` goes on without one, for good.

use super::commit::Committer;
use super::schema::{TaskKind, UrlRow, key};
use super::store::Batch;
use super::{Archive, ArchiveError, Task};
use crate::domain::{Exchange, Outcome, RecordId, SiteId};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// Visits that must have found the same article with the same validator.
const SAME: u32 = 10;
/// Visits that must have found a changed article with another validator.
const MOVED: u32 = 2;
/// One visit of so many asks without a condition, however good the validators are.
const CHECKED: u32 = 8;
/// After each lie twice as much must be shown, up to so many times.
const DOUBLED: u32 = 10;
/// A `Last-Modified` less than this before the answer may miss a change in the same second
/// (RFC 9110, section 8.8.2.2).
const STRONG: Duration = Duration::from_secs(60);
/// A `Last-Modified` that is whole hours before the answer is made from the time of the answer
/// (NukeViet says "a day ago" of every page): it is no page's. An honest one that is takes part the
/// next time.
const HOUR: u64 = 3600;
/// Longer ones are not kept, bytes.
const LONGEST: usize = 256;

/// The validators that an answer had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, as sent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub modified: Option<String>,
}

impl Validators {
    /// Those of an answer with a page; `None` when it has none that can be used.
    pub fn of(exchange: &Exchange) -> Option<Self> {
        if exchange.status != 200 {
            return None;
        }
        let plain = |value: &&str| {
            value.len() <= LONGEST && value.bytes().all(|b| (b' '..=b'~').contains(&b))
        };
        let etag = exchange.header("etag").map(str::trim).filter(plain);
        let etag = etag.filter(|etag| opaque(etag).starts_with('"') && etag.ends_with('"'));
        let modified = exchange.header("last-modified").map(str::trim);
        let modified = modified.filter(plain).filter(|modified| {
            let date = exchange.header("date").and_then(time);
            let answered = date.unwrap_or_else(|| exchange.at.into());
            let age = time(modified).and_then(|time| answered.duration_since(time).ok());
            age.is_some_and(|age| age >= STRONG && !is_made(age))
        });
        (etag.is_some() || modified.is_some()).then(|| Self {
            etag: etag.map(str::to_owned),
            modified: modified.map(str::to_owned),
        })
    }
}

/// Whether a date of this age is made from the time of the answer, which may be a second later.
fn is_made(age: Duration) -> bool {
    (age.as_secs() + 1) % HOUR <= 2
}

fn time(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

/// An entity tag without the sign of a weak one: what weak comparison compares (RFC 9110, section
/// 8.8.3.2).
fn opaque(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

/// What visits without a condition have shown of one kind of validator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The same article with the same validator.
    pub same: u32,
    /// A changed article with another validator.
    pub moved: u32,
    /// The same article with another validator: no lie, but of no use.
    pub idle: u32,
    /// A changed article with the same validator.
    pub lies: u32,
}

impl Proof {
    /// Whether it may be believed.
    pub fn holds(&self) -> bool {
        let times = 1 << self.lies.min(DOUBLED);
        self.same >= SAME * times && self.moved >= MOVED * times
    }

    /// `stayed`: the validator; `changed`: the article. Gives whether that was a lie.
    fn learn(&mut self, stayed: bool, changed: bool) -> bool {
        match (stayed, changed) {
            (true, false) => self.same = self.same.saturating_add(1),
            (false, true) => self.moved = self.moved.saturating_add(1),
            (false, false) => self.idle = self.idle.saturating_add(1),
            (true, true) => {
                *self = Self {
                    lies: self.lies.saturating_add(1),
                    ..Self::default()
                };
                return true;
            }
        }
        false
    }
}

/// What is known of a site's validators.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Honesty {
    /// Of its entity tags.
    pub etag: Proof,
    /// Of its dates.
    pub modified: Proof,
    /// When it lied last, microseconds since 1970: every 304 before is in doubt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lied: Option<i64>,
}

impl Honesty {
    /// The header of a conditional request, where one may be made (RFC 9110, section 13.1).
    fn condition(&self, validators: &Validators) -> Option<(&'static str, String)> {
        match validators {
            Validators {
                etag: Some(tag), ..
            } if self.etag.holds() => Some(("If-None-Match", tag.clone())),
            Validators {
                modified: Some(date),
                ..
            } if self.modified.holds() => Some(("If-Modified-Since", date.clone())),
            _ => None,
        }
    }

    fn learn(&mut self, before: &Validators, now: &Validators, changed: bool, at: i64) {
        let mut lied = false;
        if let (Some(before), Some(now)) = (&before.etag, &now.etag) {
            lied |= self.etag.learn(opaque(before) == opaque(now), changed);
        }
        if let (Some(before), Some(now)) = (&before.modified, &now.modified) {
            lied |= self.modified.learn(before == now, changed);
        }
        if lied {
            self.lied = Some(at);
        }
    }
}

fn honesty_key(site: &SiteId) -> Vec<u8> {
    key(b'e', &[&[2], site.as_str().as_bytes()])
}

impl Archive {
    /// What was learned of a site's validators.
    pub fn honesty(&self, site: &SiteId) -> Result<Honesty, ArchiveError> {
        Ok(self.row(&honesty_key(site))?.unwrap_or_default())
    }

    /// The condition on which a known article may be asked for again.
    pub fn condition(&self, task: &Task) -> Result<Option<(&'static str, String)>, ArchiveError> {
        let row = &task.row;
        // (A record that has moved, or has this URL as an alias, is asked for without one.)
        let own = row.record == Some(RecordId(task.hash));
        let known = own && row.captured.is_some() && row.outcome.is_some_and(Outcome::is_article);
        let Some(validators) = &row.validators else {
            return Ok(None);
        };
        let [first, ..] = task.hash;
        let checked = u32::from(first).wrapping_add(row.generation) % CHECKED == 0;
        if row.kind != TaskKind::Article || !known || checked {
            return Ok(None);
        }
        Ok(self.honesty(&row.site)?.condition(validators))
    }
}

impl Committer {
    /// Learns from a visit without a condition to an article that had validators before. `row` is
    /// its URL's before the visit; `same`: the answer had the same payload.
    pub(super) fn compare(
        &self,
        batch: &mut Batch,
        row: &UrlRow,
        now: Option<&Validators>,
        (outcome, same): (Outcome, bool),
        at: i64,
    ) -> Result<(), ArchiveError> {
        let (Some(before), Some(now)) = (&row.validators, now) else {
            return Ok(());
        };
        let changed = match outcome {
            Outcome::Unchanged => false,
            // (Read otherwise by a newer profile: that is no change of the page.)
            Outcome::Revision if same => return Ok(()),
            Outcome::Revision => true,
            _ => return Ok(()),
        };
        let known = self.archive.honesty(&row.site)?;
        let mut honesty = known;
        honesty.learn(before, now, changed, at);
        if honesty != known {
            self.archive.put(batch, honesty_key(&row.site), &honesty);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Validators {
        Validators {
            etag: Some(text.to_owned()),
            modified: None,
        }
    }

    #[test]
    fn nothing_is_believed_before_it_has_stayed_and_changed_often_enough() {
        let mut honesty = Honesty::default();
        let ask = |honesty: &Honesty| honesty.condition(&tag("\"b\"")).map(|(name, _)| name);
        for _ in 0..200 {
            honesty.learn(&tag("\"a\""), &tag("W/\"a\""), false, 1);
        }
        assert_eq!(ask(&honesty), None);
        for _ in 0..MOVED {
            assert_eq!(ask(&honesty), None);
            honesty.learn(&tag("\"a\""), &tag("\"b\""), true, 2);
        }
        assert_eq!(ask(&honesty), Some("If-None-Match"));
        // One lie ends it, and more is asked for afterwards.
        honesty.learn(&tag("\"b\""), &tag("\"b\""), true, 3);
        assert_eq!((ask(&honesty), honesty.lied), (None, Some(3)));
        for _ in 0..SAME * 2 {
            assert_eq!(ask(&honesty), None);
            honesty.learn(&tag("\"a\""), &tag("\"a\""), false, 4);
        }
        for _ in 0..MOVED * 2 {
            assert_eq!(ask(&honesty), None);
            honesty.learn(&tag("\"a\""), &tag("\"b\""), true, 5);
        }
        assert_eq!(ask(&honesty), Some("If-None-Match"));
        assert_eq!(honesty.modified, Proof::default());
    }

    #[test]
    fn a_date_that_is_made_from_the_time_of_the_answer_is_none() {
        let made = |age: u64| is_made(Duration::from_secs(age));
        assert!(made(86_400) && made(86_399) && made(86_401) && made(7200));
        assert!(!made(86_398) && !made(86_402) && !made(90) && !made(5000));
    }

    #[test]
    fn a_validator_that_always_changes_proves_nothing() {
        let mut proof = Proof::default();
        for n in 0..1000 {
            assert!(!proof.learn(false, n % 3 == 0));
        }
        assert!(!proof.holds());
    }

    proptest::proptest! {
        /// Whatever is seen, it is only believed when no lie came after the last proof.
        #[test]
        fn a_lie_is_never_believed_at_once(seen in proptest::collection::vec((proptest::bool::ANY, proptest::bool::ANY), 0..400)) {
            let mut proof = Proof::default();
            for (stayed, changed) in seen {
                let lied = proof.learn(stayed, changed);
                proptest::prop_assert_eq!(lied, stayed && changed);
                proptest::prop_assert!(!lied || !proof.holds());
            }
        }
    }
}
