//! Times of day and zones inside a token list.

use super::token::Token;
use chrono::FixedOffset;

/// A time as printed. Fields may be impossible (25:61): the caller rejects them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    pub hour: u32,
    pub minute: Option<u32>,
    pub second: Option<u32>,
    /// AM or PM stood after it.
    pub meridiem: bool,
    /// AM/PM contradicts a 24-hour hour ("22:28 AM").
    pub contradiction: bool,
}

impl Time {
    pub fn possible(&self) -> bool {
        self.hour < 24 && self.minute.unwrap_or(0) < 60 && self.second.unwrap_or(0) < 60
    }
}

/// A time at the head of the tokens and the tokens used.
pub(super) fn time(tokens: &[Token<'_>]) -> Option<(Time, usize)> {
    let hour = tokens.first()?.number(1, 2)?;
    let mark = tokens.get(1)?;
    let (mut time, mut used) = if mark.is(":") {
        clock(hour, tokens)?
    } else {
        spoken(hour, tokens)?
    };
    if let Some(n) = meridiem(&mut time, tokens.get(used..).unwrap_or_default()) {
        used += n;
    }
    Some((time, used))
}

/// `22:28`, `22:28:00`, `22:28:00.000`, `10:7`, `22 : 28`.
fn clock(hour: u32, tokens: &[Token<'_>]) -> Option<(Time, usize)> {
    let minute = tokens.get(2)?.number(1, 2)?;
    let mut used = 3;
    let mut second = None;
    if tokens.get(3).is_some_and(|t| t.is(":")) {
        second = Some(tokens.get(4)?.number(1, 2)?);
        used = 5;
        let fraction = tokens
            .get(5)
            .is_some_and(|t| t.glued && (t.is(".") || t.is(",")))
            && tokens
                .get(6)
                .is_some_and(|t| t.glued && t.number(1, 12).is_some());
        // ".05" of "22:28:00.05/09/2022" belongs to a date, not to the seconds.
        let date = tokens.get(7).is_some_and(|t| t.glued && t.is("/"));
        if fraction && !date {
            used = 7;
        }
    }
    let time = Time {
        hour,
        minute: Some(minute),
        second,
        meridiem: false,
        contradiction: false,
    };
    Some((time, used))
}

/// ISO 8601's basic form after a date: `T2228`, `T222800`.
pub(super) fn compact(tokens: &[Token<'_>]) -> Option<(Time, usize)> {
    let (mark, digits) = (tokens.first()?, tokens.get(1)?);
    if !mark.is("t") || !mark.glued || !digits.glued {
        return None;
    }
    let (clock, second) = match (digits.number(4, 4), digits.number(6, 6)) {
        (Some(n), _) => (n, None),
        (_, Some(n)) => (n / 100, Some(n % 100)),
        _ => return None,
    };
    let time = Time {
        hour: clock / 100,
        minute: Some(clock % 100),
        second,
        meridiem: false,
        contradiction: false,
    };
    Some((time, 2))
}

/// `22h28`, `22h`, `22 giờ 28 phút 30 giây`, `22g28`, `10 giờ rưỡi`, `10 giờ kém 5`; "10 PM".
fn spoken(hour: u32, tokens: &[Token<'_>]) -> Option<(Time, usize)> {
    let mark = tokens.get(1)?;
    let bare = Time {
        hour,
        minute: None,
        second: None,
        meridiem: false,
        contradiction: false,
    };
    match mark.text {
        "h" | "g" if mark.glued => {}
        "giờ" | "h" => {}
        "am" | "pm" => return (hour <= 12).then_some((bare, 1)),
        _ => return None,
    }
    let mut at = 2;
    if tokens.get(at).is_some_and(|t| t.is(":")) {
        at += 1;
    }
    match tokens.get(at).map(|t| t.text) {
        // "22 giờ trước" is relative.
        Some("trước" | "ago") => return None,
        Some("rưỡi") => {
            let time = Time {
                minute: Some(30),
                ..bare
            };
            return Some((time, at + 1));
        }
        Some("kém") => {
            let less = tokens.get(at + 1)?.number(1, 2)?;
            let time = Time {
                hour: hour.checked_sub(1)?,
                minute: Some(60u32.checked_sub(less)?),
                ..bare
            };
            let unit = tokens.get(at + 2).is_some_and(|t| t.is("phút"));
            return Some((time, at + 2 + usize::from(unit)));
        }
        _ => {}
    }
    let Some(minute) = tokens.get(at).and_then(|t| t.number(1, 2)) else {
        return Some((bare, 2));
    };
    let unit = tokens.get(at + 1).map_or("", |t| t.text);
    let named = matches!(unit, "phút" | "p" | "ph" | "'" | "’" | "m");
    // "22h 05/09/2022": the number begins a date.
    if !named && (matches!(unit, "/" | "-" | "." | "tháng") && date_follows(tokens, at)) {
        return Some((bare, 2));
    }
    if !named
        && tokens
            .get(at)
            .is_some_and(|t| !t.glued && t.text.len() != 2)
    {
        return Some((bare, 2));
    }
    let mut used = at + 1 + usize::from(named);
    let mut second = None;
    if let Some(n) = tokens.get(used).and_then(|t| t.number(1, 2))
        && tokens
            .get(used + 1)
            .is_some_and(|t| matches!(t.text, "giây" | "s"))
    {
        second = Some(n);
        used += 2;
    }
    let time = Time {
        minute: Some(minute),
        second,
        ..bare
    };
    Some((time, used))
}

fn date_follows(tokens: &[Token<'_>], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|t| t.is("tháng"))
        || tokens.get(at + 2).is_some_and(|t| t.number(1, 2).is_some())
}

/// Reads a day half after the time and applies it; gives the tokens used.
fn meridiem(time: &mut Time, tokens: &[Token<'_>]) -> Option<usize> {
    let first = tokens.first()?;
    let second = tokens.get(1).map_or("", |t| t.text);
    let (half, used) = match first.text {
        // "10:28 Sa Pa" is a place.
        "sa" if matches!(second, "pa" | "đéc" | "thầy") => return None,
        "am" | "sa" | "sáng" => ("am", 1),
        "pm" | "ch" | "chiều" => ("pm", 1),
        "trưa" => (if time.hour >= 10 { "am12" } else { "pm" }, 1),
        "tối" => ("pm", 1),
        "đêm" => (if time.hour >= 6 { "night" } else { "keep" }, 1),
        "a" | "p" if second == "." && tokens.get(2).is_some_and(|t| t.is("m")) => {
            let dot = tokens.get(3).is_some_and(|t| t.glued && t.is("."));
            let half = if first.is("a") { "am" } else { "pm" };
            (half, 3 + usize::from(dot))
        }
        _ => return None,
    };
    time.meridiem = matches!(first.text, "am" | "pm" | "sa" | "ch" | "a" | "p");
    match (half, time.hour) {
        ("am", 12) | ("night", 12) => time.hour = 0,
        ("am", 13..) | ("pm", 0) => time.contradiction = true,
        ("pm" | "night", 1..=11) => time.hour += 12,
        _ => {}
    }
    Some(used)
}

/// A zone at the head of the tokens and the tokens used. `after_time`: a bare offset
/// (`+07:00`, ` +0700`, `Z`) counts only there.
pub(super) fn zone(tokens: &[Token<'_>], after_time: bool) -> Option<(Option<FixedOffset>, usize)> {
    let first = tokens.first()?;
    match first.text {
        "z" if after_time && first.glued => Some((FixedOffset::east_opt(0), 1)),
        "gmt" | "utc" | "ut" => match offset(tokens.get(1..).unwrap_or_default(), 1) {
            Some((zone, used)) => Some((zone, used + 1)),
            None => Some((FixedOffset::east_opt(0), 1)),
        },
        "ict" => Some((FixedOffset::east_opt(7 * 3600), 1)),
        "+" | "-" | "−" if after_time => {
            let digits = tokens.get(1)?;
            if !digits.glued || (!first.glued && first.is("-") && digits.text.len() != 4) {
                return None;
            }
            // "22:28:00-05/09/2022" and "22:28 -05-09-2022" are dates.
            if tokens
                .get(2)
                .is_some_and(|t| t.glued && matches!(t.text, "/" | "-" | "."))
            {
                return None;
            }
            offset(tokens, 2)
        }
        _ => None,
    }
}

/// `+7`, `+07`, `+0700`, `+07:00`. The inner `None` means: no such offset.
fn offset(tokens: &[Token<'_>], least: usize) -> Option<(Option<FixedOffset>, usize)> {
    let sign = match tokens.first()?.text {
        "+" => 1,
        "-" | "−" => -1,
        _ => return None,
    };
    let digits = tokens.get(1)?;
    let mut used = 2;
    let (hours, minutes) = if let Some(n) = digits.number(4, 4) {
        (n / 100, n % 100)
    } else {
        let hours = digits.number(least, 2)?;
        let colon = tokens.get(2).is_some_and(|t| t.glued && t.is(":"));
        match tokens.get(3).and_then(|t| t.number(2, 2)) {
            Some(minutes) if colon => {
                used = 4;
                (hours, minutes)
            }
            _ => (hours, 0),
        }
    };
    let zone = (hours <= 14 && minutes < 60)
        .then(|| i32::try_from(hours * 3600 + minutes * 60).ok())
        .flatten()
        .and_then(|seconds| FixedOffset::east_opt(sign * seconds));
    Some((zone, used))
}
