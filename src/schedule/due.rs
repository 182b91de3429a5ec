//! When a site is due. Pure: times come in as arguments.

use crate::config::{Site, When};
use crate::domain::Digest;
use crate::fetch::pace::CrawlHours;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use std::time::Duration;

/// When a site is crawled: its rule, its zone, its hours, and how much starts are spread.
#[derive(Debug, Clone)]
pub struct Timing {
    /// Names the site; starts are spread by it.
    pub site: String,
    /// The rule; `None` is never by itself.
    pub when: Option<When>,
    /// Hours in which the portal may be asked, and the zone of the rule.
    pub hours: CrawlHours,
    /// Starts are put off by up to this much, each site's and each day's by another part of it.
    pub jitter: Duration,
}

impl Timing {
    /// The timing of a site.
    pub fn of(site: &Site, jitter: Duration) -> Self {
        let time = |minutes: u16| {
            NaiveTime::from_hms_opt(u32::from(minutes / 60), u32::from(minutes % 60), 0)
                .unwrap_or_default()
        };
        let (from, to) = site.hours.unwrap_or((0, 0));
        Self {
            site: site.id.to_string(),
            when: site.when.clone(),
            hours: CrawlHours {
                zone: site.timezone,
                from: time(from),
                to: time(to),
            },
            jitter,
        }
    }
}

/// When the site is to be crawled next, given when its last crawl began; `None` when it has no
/// rule. A time in the past is due now: however many starts were missed, there is one.
pub fn next_start(
    timing: &Timing,
    last: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    timing.when.as_ref()?;
    let Some(last) = last else {
        return Some(timing.hours.opens(now).unwrap_or(now));
    };
    let planned = planned(timing, last)?;
    let start = planned + spread(timing, planned);
    // Outside its hours a crawl would only wait.
    let asked = start.max(now);
    Some(match timing.hours.opens(asked) {
        Some(opens) => opens,
        None => start,
    })
}

/// The first start after `last` by the rule alone.
pub fn planned(timing: &Timing, last: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match timing.when.as_ref()? {
        When::Cron(cron) => {
            let local = last.with_timezone(&timing.hours.zone);
            let next = cron.find_next_occurrence(&local, false).ok()?;
            Some(next.with_timezone(&Utc))
        }
        When::Every(every) => last.checked_add_signed(TimeDelta::from_std(*every).ok()?),
    }
}

/// The part of the jitter that this start is put off by.
fn spread(timing: &Timing, planned: DateTime<Utc>) -> TimeDelta {
    let most = u64::try_from(timing.jitter.as_millis()).unwrap_or(0);
    if most == 0 {
        return TimeDelta::zero();
    }
    let seed = Digest::of(format!("{} {}", timing.site, planned.timestamp())).prefix();
    let dice = seed
        .first_chunk::<8>()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes));
    TimeDelta::milliseconds((dice % most).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(rule: &str) -> Timing {
        Timing {
            site: "thu".to_owned(),
            when: Some(rule.parse().unwrap()),
            hours: CrawlHours {
                zone: chrono_tz::Asia::Ho_Chi_Minh,
                from: NaiveTime::default(),
                to: NaiveTime::default(),
            },
            jitter: Duration::ZERO,
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn rules_are_read_in_the_sites_zone_and_missed_starts_are_one() {
        let nightly = timing("0 2 * * *");
        let last = Some(at("2026-03-01T19:00:30Z"));
        let now = at("2026-03-02T10:00:00Z");
        assert_eq!(
            next_start(&nightly, last, now),
            Some(at("2026-03-02T19:00:00Z"))
        );
        // Three nights were missed: due at once, and after that the next night.
        let late = at("2026-03-05T08:00:00Z");
        assert!(next_start(&nightly, last, late).unwrap() <= late);
        assert_eq!(
            next_start(&nightly, Some(late), late),
            Some(at("2026-03-05T19:00:00Z"))
        );
        assert_eq!(next_start(&nightly, None, now), Some(now));
        let six = timing("6h");
        assert_eq!(
            next_start(&six, last, now),
            Some(at("2026-03-02T01:00:30Z"))
        );
        let never = Timing { when: None, ..six };
        assert_eq!(next_start(&never, last, now), None);
    }

    #[test]
    fn starts_wait_for_the_sites_hours() {
        let mut hourly = timing("1h");
        hourly.hours.from = NaiveTime::from_hms_opt(22, 0, 0).unwrap();
        hourly.hours.to = NaiveTime::from_hms_opt(6, 0, 0).unwrap();
        // 05:30 there; an hour later it is closed until 22:00.
        let last = Some(at("2026-03-01T22:30:00Z"));
        let now = at("2026-03-01T22:40:00Z");
        assert_eq!(
            next_start(&hourly, last, now),
            Some(at("2026-03-02T15:00:00Z"))
        );
        assert_eq!(
            next_start(&hourly, None, at("2026-03-02T05:00:00Z")),
            Some(at("2026-03-02T15:00:00Z"))
        );
    }

    #[test]
    fn clocks_that_change_skip_no_night_and_double_none() {
        let mut nightly = timing("30 2 * * *");
        nightly.hours.zone = chrono_tz::Europe::Berlin;
        // Both changes of 2026: 29 March (02:30 does not exist), 25 October (it stands twice).
        for (from, days) in [("2026-03-26T12:00:00Z", 6), ("2026-10-22T12:00:00Z", 6)] {
            let end = at(from) + TimeDelta::days(days);
            let mut starts = Vec::new();
            let mut last = at(from);
            loop {
                let next = next_start(&nightly, Some(last), last).unwrap();
                if next >= end {
                    break;
                }
                starts.push(next.with_timezone(&nightly.hours.zone).date_naive());
                last = next;
            }
            let mut once = starts.clone();
            once.dedup();
            assert_eq!(starts, once, "{from}");
            assert_eq!(starts.len(), 6, "{starts:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn starts_come_after_the_last_and_are_spread_within_bounds(
            seconds in 1_600_000_000_i64..2_000_000_000,
            minutes in 0_u64..600,
            rule in proptest::sample::select(vec!["0 2 * * *", "*/20 * * * *", "0 3 * * SUN", "90m", "2d"]),
        ) {
            let last = DateTime::from_timestamp(seconds, 0).unwrap();
            let plain = timing(rule);
            let spread = Timing { jitter: Duration::from_secs(minutes * 60), ..plain.clone() };
            let a = next_start(&plain, Some(last), last).unwrap();
            let b = next_start(&spread, Some(last), last).unwrap();
            proptest::prop_assert!(a > last);
            proptest::prop_assert!(b >= a && b <= a + TimeDelta::minutes(minutes.cast_signed()));
            proptest::prop_assert_eq!(next_start(&spread, Some(last), last).unwrap(), b);
        }
    }
}
