//! Crawl hours: when a portal may be asked, in its own time zone. Pure.

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

/// A daily window. `from` later than `to` means over midnight; equal means the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrawlHours {
    /// The portal's zone, e.g. Asia/Ho_Chi_Minh.
    pub zone: Tz,
    /// Opening time, local.
    pub from: NaiveTime,
    /// Closing time, local; no longer open at this instant.
    pub to: NaiveTime,
}

impl CrawlHours {
    /// `None` when the window is open at `now`, else when it opens next.
    pub fn opens(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = now.with_timezone(&self.zone).naive_local();
        let time = local.time();
        let open = match self.from.cmp(&self.to) {
            std::cmp::Ordering::Less => self.from <= time && time < self.to,
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Greater => self.from <= time || time < self.to,
        };
        if open {
            return None;
        }
        let today = local.date();
        let day = if time < self.from {
            today
        } else {
            today.checked_add_days(Days::new(1))?
        };
        let opening = self.instant(day.and_time(self.from));
        // Clocks that are set back can show a time twice; never name an instant that has passed.
        Some(opening.max(now + TimeDelta::minutes(1)))
    }

    /// The instant of a local time; the next that exists when clocks skip it.
    fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        let quarter = TimeDelta::minutes(15);
        let candidates = std::iter::successors(Some(local), |t| t.checked_add_signed(quarter));
        candidates
            .take(12)
            .find_map(|t| self.zone.from_local_datetime(&t).earliest())
            .map_or_else(|| local.and_utc(), |t| t.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: u32, to: u32) -> CrawlHours {
        CrawlHours {
            zone: chrono_tz::Asia::Ho_Chi_Minh,
            from: NaiveTime::from_hms_opt(from, 0, 0).unwrap(),
            to: NaiveTime::from_hms_opt(to, 0, 0).unwrap(),
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn windows_by_day_and_over_midnight() {
        let day = hours(8, 17);
        assert_eq!(day.opens(at("2026-11-23T08:00:00+07:00")), None);
        assert_eq!(
            day.opens(at("2026-11-23T17:00:00+07:00")),
            Some(at("2026-11-24T08:00:00+07:00"))
        );
        assert_eq!(
            day.opens(at("2026-11-23T03:00:00+07:00")),
            Some(at("2026-11-23T08:00:00+07:00"))
        );
        let night = hours(22, 6);
        assert_eq!(night.opens(at("2026-11-23T23:30:00+07:00")), None);
        assert_eq!(night.opens(at("2026-11-23T05:59:59+07:00")), None);
        assert_eq!(
            night.opens(at("2026-11-23T06:00:00+07:00")),
            Some(at("2026-11-23T22:00:00+07:00"))
        );
        assert_eq!(hours(0, 0).opens(at("2026-11-23T06:00:00Z")), None);
    }

    #[test]
    fn an_opening_that_the_clocks_skip_moves_on() {
        let berlin = CrawlHours {
            zone: chrono_tz::Europe::Berlin,
            from: NaiveTime::from_hms_opt(2, 30, 0).unwrap(),
            to: NaiveTime::from_hms_opt(4, 0, 0).unwrap(),
        };
        assert_eq!(
            berlin.opens(at("2026-03-29T00:30:00Z")),
            Some(at("2026-03-29T01:00:00Z"))
        );
    }
}
