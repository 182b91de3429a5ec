//! Dates as portals print them: one text in, one timestamp and warnings out.
//!
//! Owns the reading of a date node's text. Never resolves a relative date, never clamps an
//! impossible one, never replaces a missing one by "now"; the weekday is a checksum only. The
//! forms are facts seen on public portals (`tests/fixtures/facts/dates.tsv`) and their kin.

mod date;
mod instant;
mod relative;
mod time;
mod token;
mod words;

pub use instant::{sort_key, to_instant, url_month};

use self::date::{Date, Settled};
use self::time::Time;
use self::words::Label;
use super::text;
use crate::domain::{Precision, Timestamp, Warning};
use chrono::{
    DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, Offset, SecondsFormat, TimeDelta,
    TimeZone, Utc, Weekday,
};

/// Longest part of a text that is read, in bytes: a date node is short.
const LONGEST: usize = 2048;

/// The site's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// A fixed offset.
    Fixed(FixedOffset),
    /// A zone of the IANA database.
    Named(chrono_tz::Tz),
}

impl Default for Zone {
    fn default() -> Self {
        Self::Named(chrono_tz::Asia::Ho_Chi_Minh)
    }
}

impl Zone {
    /// The offset at a local time: the earlier one where a clock change makes two, `None` where
    /// it makes a gap.
    fn at_local(self, local: chrono::NaiveDateTime) -> Option<DateTime<FixedOffset>> {
        match self {
            Self::Fixed(offset) => offset.from_local_datetime(&local).single(),
            Self::Named(zone) => zone
                .from_local_datetime(&local)
                .earliest()
                .map(|t| t.with_timezone(&t.offset().fix())),
        }
    }

    fn convert(self, instant: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
        match self {
            Self::Fixed(offset) => instant.with_timezone(&offset),
            Self::Named(zone) => {
                let local = instant.with_timezone(&zone);
                local.with_timezone(&local.offset().fix())
            }
        }
    }
}

/// Order of day and month in all-number dates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// 05/09 is 5 September: Vietnam.
    #[default]
    DayFirst,
    /// 05/09 is May 9: only where the profile says so.
    MonthFirst,
}

/// What the text does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DateContext {
    /// The site's zone, assumed where the text names none, and the zone of every value.
    pub zone: Zone,
    /// Order of day and month.
    pub order: Order,
    /// Fetch time: a date more than a day later is rejected with a warning.
    pub not_after: Option<DateTime<Utc>>,
}

/// One date of the text with what stands around it.
#[derive(Debug, Clone, Copy)]
struct Found {
    date: Date,
    time: Option<Time>,
    zone: Option<Option<FixedOffset>>,
    label: Option<Label>,
    weekday: Option<(Weekday, bool)>,
}

/// Reads a date text.
///
/// `None`: no date in it, or an impossible one. A timestamp whose `value` is absent: relative
/// ("2 năm trước"), or rejected with a warning (`future_date`, `two_digit_year`, `us_order`,
/// `sentinel_date`). Other warnings leave the value alone: `weekday_mismatch`, `date_order` (day
/// and month can only be meant the other way round), `only_update_time` (the text labels its only
/// date as that of an edit), `meridiem_mismatch` ("22:28 AM").
///
/// Of several dates, the one labelled as publication wins, then the first without a label, then
/// others; one labelled as an update only where there is no other. A two-digit year is read only
/// where no other reading is possible.
pub fn parse(raw: &str, context: &DateContext) -> Option<(Timestamp, Vec<Warning>)> {
    let cut = text::boundary(raw, LONGEST);
    let shown = text::collapse(raw.get(..cut)?).into_owned();
    let lower = text::nfc(&shown).to_lowercase();
    let tokens = token::cut(&lower);
    let found = scan(&tokens, context.order);
    let mut stamp = Timestamp {
        value: None,
        precision: Precision::Day,
        raw: shown,
        rule: String::new(),
        zone_assumed: false,
    };
    let Some(best) = choose(&found.dates) else {
        if let Some(year) = lone_year(&tokens) {
            stamp.precision = Precision::Year;
            stamp.value = Some(year.to_string());
            stamp.zone_assumed = true;
            return Some((stamp, Vec::new()));
        }
        stamp.precision = relative::precision(&tokens)?;
        if let Some(time) = found.time {
            stamp.precision = stamp.precision.min(fineness(&time));
        }
        return Some((stamp, Vec::new()));
    };
    let warnings = fill(&mut stamp, best, context)?;
    Some((stamp, warnings))
}

struct Scan {
    dates: Vec<Found>,
    /// The first time without a date.
    time: Option<Time>,
}

/// One pass from left to right. A time belongs to the date that follows it, or else to the one
/// before it, where only connectors stand between.
fn scan(tokens: &[token::Token<'_>], order: Order) -> Scan {
    let mut dates: Vec<Found> = Vec::new();
    let mut loose: Option<Time> = None;
    let mut before: Option<(Time, Option<Option<FixedOffset>>)> = None;
    let (mut label, mut weekday) = (None, None);
    let (mut at, mut consumed) = (0, 0);
    // Tokens since the last date or time that are no connectors.
    let mut apart = false;
    while let Some(rest) = tokens.get(at..).filter(|rest| !rest.is_empty()) {
        let free = !cut_into(tokens, at, consumed);
        if let Some((day, used, short)) = words::weekday(rest) {
            let after = dates
                .last_mut()
                .filter(|d| !apart && d.weekday.is_none() && before.is_none() && used > 0);
            match after {
                Some(last) if !tokens.get(at + used..).is_some_and(|t| leads_on(t, order)) => {
                    last.weekday = Some((day, short));
                }
                _ => weekday = Some((day, short)),
            }
            at += used;
            consumed = at;
            continue;
        }
        if let Some((date, used)) = free.then(|| date::date(rest, order)).flatten() {
            let (time, zone) = match before.take() {
                Some((time, zone)) if !apart => (Some(time), zone),
                _ => (None, None),
            };
            dates.push(Found {
                date,
                time,
                zone,
                label: label.take(),
                weekday: weekday.take(),
            });
            at += used.max(1);
            if let Some((time, used)) = tokens.get(at..).and_then(time::compact) {
                at += used;
                if let Some(last) = dates.last_mut() {
                    last.time = Some(time);
                    let zone = tokens.get(at..).and_then(|t| time::zone(t, true));
                    last.zone = zone.map(|(zone, _)| zone);
                    at += zone.map_or(0, |(_, used)| used);
                }
            }
            consumed = at;
            apart = false;
            continue;
        }
        if let Some((time, used)) = free.then(|| time::time(rest)).flatten() {
            at += used.max(1);
            let mut zone = None;
            if let Some((z, n)) = tokens.get(at..).and_then(|t| time::zone(t, true)) {
                zone = Some(z);
                at += n;
            }
            consumed = at;
            loose = loose.or(Some(time));
            match dates.last_mut() {
                Some(last) if last.time.is_none() && !apart => {
                    last.time = Some(time);
                    last.zone = last.zone.or(zone);
                }
                _ => before = Some((time, zone)),
            }
            apart = false;
            continue;
        }
        if let Some((zone, used)) = time::zone(rest, false) {
            match (before.as_mut(), dates.last_mut()) {
                (Some(time), _) => time.1 = time.1.or(Some(zone)),
                (None, Some(last)) => last.zone = last.zone.or(Some(zone)),
                _ => {}
            }
            at += used;
            consumed = at;
            continue;
        }
        if let Some(found) = words::label(rest) {
            label = Some(found);
            // A label begins something new: what stood before it is not its time.
            apart = true;
            if before.is_some() && !dates.is_empty() {
                before = None;
            }
        } else if rest.first().is_some_and(|t| !words::connector(t)) {
            apart = true;
        }
        at += 1;
    }
    Scan { dates, time: loose }
}

/// Whether a date (or time and date) stands at the head, past connectors: then a weekday before
/// it belongs to it.
fn leads_on(tokens: &[token::Token<'_>], order: Order) -> bool {
    let skipped = tokens
        .iter()
        .take(4)
        .take_while(|t| words::connector(t))
        .count();
    tokens
        .get(skipped..)
        .is_some_and(|t| date::date(t, order).is_some() || time::time(t).is_some())
}

/// Whether the number at `at` is the rest of something longer ("2022-09-05+07" + "22:28").
fn cut_into(tokens: &[token::Token<'_>], at: usize, consumed: usize) -> bool {
    let Some(token) = tokens.get(at).filter(|t| t.glued) else {
        return false;
    };
    if at <= consumed {
        return false;
    }
    let before = tokens.get(at - 1);
    let number = |t: &token::Token<'_>| t.kind == token::Kind::Number;
    if before.is_some_and(|t| t.glued && matches!(t.text, "/" | "-" | "." | ":" | "+")) {
        return at >= 2 && at - 2 >= consumed && tokens.get(at - 2).is_some_and(number);
    }
    number(token) && before.is_some_and(number)
}

fn choose(dates: &[Found]) -> Option<&Found> {
    let rank = |found: &Found| {
        let label = match found.label {
            Some(Label::Published) => 0,
            None => 1,
            Some(Label::Other) => 2,
            Some(Label::Updated) => 3,
        };
        (u8::from(matches!(found.date, Date::Month(..))), label)
    };
    dates.iter().min_by_key(|found| rank(found))
}

/// Puts the chosen date into the stamp. `None`: impossible.
fn fill(stamp: &mut Timestamp, found: &Found, context: &DateContext) -> Option<Vec<Warning>> {
    let mut warnings = Vec::new();
    if found.time.is_some_and(|t| !t.possible()) || found.zone == Some(None) {
        return None;
    }
    stamp.zone_assumed = found.zone.is_none();
    if found.label == Some(Label::Updated) {
        warnings.push(Warning::new(
            "only_update_time",
            format!(
                "the only date is labelled as that of an update: {:?}",
                stamp.raw
            ),
        ));
    }
    let (date, settled) = match found.date {
        Date::Impossible => return None,
        Date::Month(year, month) => {
            stamp.precision = Precision::Month;
            let first = NaiveDate::from_ymd_opt(year, month, 1)?;
            let start = context.zone.at_local(first.and_time(NaiveTime::MIN))?;
            if !too_late(start, context, &mut warnings) {
                stamp.value = Some(format!("{year:04}-{month:02}"));
            }
            return Some(warnings);
        }
        Date::Short(a, month, b) => match short_year(a, month, b, found, context) {
            Some(date) => (date, Settled::Plain),
            None if !short_shaped(a, month, b) => return None,
            None => {
                stamp.precision = found.time.as_ref().map_or(Precision::Day, fineness);
                warnings.push(Warning::new(
                    "two_digit_year",
                    format!("{a:02}/{month:02}/{b:02} can be read in more than one way"),
                ));
                return Some(warnings);
            }
        },
        Date::Day(date, settled) => (date, settled),
    };
    stamp.precision = found.time.as_ref().map_or(Precision::Day, fineness);
    if matches!(settled, Settled::OtherOrder | Settled::OtherOrderSlash) {
        match (context.order, found.time.is_some_and(|t| t.meridiem)) {
            (Order::DayFirst, false) => return None,
            (Order::DayFirst, true) if settled == Settled::OtherOrder => {
                warnings.push(Warning::new(
                    "us_order",
                    "month before day in a zone unknown: not read; set the profile's order",
                ));
                return Some(warnings);
            }
            _ => warnings.push(Warning::new(
                "date_order",
                "day and month stand the other way round than the site's order says",
            )),
        }
    }
    if let Some((day, short)) = found.weekday
        && day != date.weekday()
        && (!short || settled == Settled::English)
    {
        warnings.push(Warning::new(
            "weekday_mismatch",
            format!("the page says {day}, but {date} is a {}", date.weekday()),
        ));
    }
    if matches!((date.year(), date.ordinal()), (1970, 1) | (1900, 1)) {
        warnings.push(Warning::new(
            "sentinel_date",
            format!("{date} stands for a missing date"),
        ));
        return Some(warnings);
    }
    let Some(time) = found.time else {
        let start = context.zone.at_local(date.and_time(NaiveTime::MIN))?;
        if !too_late(start, context, &mut warnings) {
            stamp.value = Some(date.to_string());
        }
        return Some(warnings);
    };
    if time.contradiction {
        warnings.push(Warning::new(
            "meridiem_mismatch",
            "AM/PM contradicts a 24-hour time; the time stands as printed",
        ));
    }
    let clock = NaiveTime::from_hms_opt(
        time.hour,
        time.minute.unwrap_or(0),
        time.second.unwrap_or(0),
    )?;
    let local = date.and_time(clock);
    let instant = match found.zone.flatten() {
        Some(offset) => context
            .zone
            .convert(offset.from_local_datetime(&local).single()?),
        None => context.zone.at_local(local)?,
    };
    if !too_late(instant, context, &mut warnings) {
        stamp.value = Some(instant.to_rfc3339_opts(SecondsFormat::Secs, false));
    }
    Some(warnings)
}

fn fineness(time: &Time) -> Precision {
    match (time.minute, time.second) {
        (_, Some(_)) => Precision::Second,
        (Some(_), None) => Precision::Minute,
        (None, None) => Precision::Hour,
    }
}

fn too_late(
    instant: DateTime<FixedOffset>,
    context: &DateContext,
    warnings: &mut Vec<Warning>,
) -> bool {
    let limit = context
        .not_after
        .and_then(|t| t.checked_add_signed(TimeDelta::days(1)));
    let late = limit.is_some_and(|limit| instant > limit);
    if late {
        warnings.push(Warning::new(
            "future_date",
            format!(
                "{} is more than a day after the fetch",
                instant.to_rfc3339()
            ),
        ));
    }
    late
}

/// The only possible reading of a date with a two-digit year: day-first and year-first are tried;
/// those that are no date, in the future, before 1950 or on another weekday than printed fall out.
fn short_year(
    a: u32,
    month: u32,
    b: u32,
    found: &Found,
    context: &DateContext,
) -> Option<NaiveDate> {
    let newest = context
        .not_after
        .map_or(2069, |t| t.year().saturating_add(1));
    let year = |yy: u32| {
        let yy = i32::try_from(yy).ok()?;
        let year = if 2000 + yy <= newest {
            2000 + yy
        } else {
            1900 + yy
        };
        (year >= 1950).then_some(year)
    };
    let (dd, mm) = match context.order {
        Order::DayFirst => (a, month),
        Order::MonthFirst => (month, a),
    };
    let readings = [
        year(b).and_then(|y| NaiveDate::from_ymd_opt(y, mm, dd)),
        year(a).and_then(|y| NaiveDate::from_ymd_opt(y, month, b)),
    ];
    let mut left = readings.into_iter().flatten().filter(|date| {
        found.weekday.is_none_or(|(day, _)| day == date.weekday())
            && context
                .not_after
                .is_none_or(|t| *date <= t.date_naive() + TimeDelta::days(2))
    });
    let one = left.next()?;
    left.all(|other| other == one).then_some(one)
}

/// Whether the numbers can be a date at all.
fn short_shaped(a: u32, month: u32, b: u32) -> bool {
    (1..=12).contains(&month) && ((1..=31).contains(&a) || (1..=31).contains(&b))
}

/// A text that is a year and nothing else ("2022", "năm 2022").
fn lone_year(tokens: &[token::Token<'_>]) -> Option<u32> {
    let year = match tokens {
        [year] => year.number(4, 4),
        [word, year] if word.is("năm") => year.number(4, 4),
        _ => None,
    };
    year.filter(|year| (1990..=2100).contains(year))
}

#[cfg(test)]
#[path = "datetime/tests.rs"]
mod tests;
