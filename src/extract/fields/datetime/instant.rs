//! From timestamps back to instants and sort keys, and the month that a URL tells.

use crate::domain::Timestamp;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};

/// The instant that a timestamp means. Plain dates ("2022-09-05", "2022-09", "2022") mean their
/// first moment in Vietnam (+07:00). `None` for relative dates and for unreadable values.
pub fn to_instant(timestamp: &Timestamp) -> Option<DateTime<Utc>> {
    let value = timestamp.value.as_deref()?;
    if value.len() > 10 {
        return DateTime::parse_from_rfc3339(value)
            .ok()
            .map(|t| t.with_timezone(&Utc));
    }
    let mut parts = value.split('-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next().map_or(Some(1), |m| m.parse().ok())?;
    let day = parts.next().map_or(Some(1), |d| d.parse().ok())?;
    let local = NaiveDate::from_ymd_opt(year, month, day)?.and_time(NaiveTime::MIN);
    FixedOffset::east_opt(7 * 3600)?
        .from_local_datetime(&local)
        .single()
        .map(|t| t.with_timezone(&Utc))
}

/// Key for sorting by time: seconds since 1970, UTC. Timestamps without a value have none.
pub fn sort_key(timestamp: &Timestamp) -> Option<i64> {
    to_instant(timestamp).map(|t| t.timestamp())
}

/// The month (year, month) that a URL's path names: `/202104/`, `/2023_08/`, `/2023-08/`,
/// `/2023/08/`, `/20230815/`. The first one that is a month of 1990..=2099 wins. For cross-checks
/// only: an upload's folder is an upper bound at best (facts seen on public portals).
pub fn url_month(url: &str) -> Option<(i32, u32)> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let parts: Vec<&str> = path.split('/').take(64).collect();
    for (at, part) in parts.iter().enumerate() {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (head, tail) = part.split_at_checked(digits)?;
        let month = match digits {
            6 | 8 if tail.is_empty() => head.get(4..6),
            4 if tail.is_empty() => parts.get(at + 1).copied(),
            4 => tail.strip_prefix(['_', '-', '.']).and_then(|rest| {
                let end = rest.bytes().take_while(u8::is_ascii_digit).count();
                rest.get(..end)
                    .filter(|_| rest.len() == end || rest.get(end..).is_some_and(day_follows))
            }),
            _ => None,
        };
        let year = head.get(..4).and_then(|y| y.parse::<i32>().ok());
        let month = month
            .filter(|m| (1..=2).contains(&m.len()) && m.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|m| m.parse::<u32>().ok());
        if let (Some(year), Some(month)) = (year, month)
            && (1990..=2099).contains(&year)
            && (1..=12).contains(&month)
        {
            return Some((year, month));
        }
    }
    None
}

fn day_follows(rest: &str) -> bool {
    rest.strip_prefix(['_', '-', '.'])
        .is_some_and(|day| (1..=2).contains(&day.len()) && day.bytes().all(|b| b.is_ascii_digit()))
}
