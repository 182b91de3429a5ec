//! Calendar dates inside a token list, in every printed form.

use super::Order;
use super::token::Token;
use super::words::{month_en, month_vi};
use chrono::NaiveDate;

/// A date as printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Date {
    /// A day that exists, and how its order was settled.
    Day(NaiveDate, Settled),
    /// Year and month.
    Month(i32, u32),
    /// A two-digit year: first, month, last number as printed.
    Short(u32, u32, u32),
    /// Shaped like a date, but no such day (31/02, 00/00/0000), or cut into by other signs.
    Impossible,
}

/// How day and month were told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// By the form (ISO, month in words) or by the context's order.
    Plain,
    /// By an English month name.
    English,
    /// The context's order is impossible and the other one is not (separator `/`).
    OtherOrderSlash,
    /// The same with another separator.
    OtherOrder,
}

/// A date at the head of the tokens and the tokens used.
pub(super) fn date(tokens: &[Token<'_>], order: Order) -> Option<(Date, usize)> {
    iso(tokens)
        .or_else(|| numeric(tokens, order))
        .or_else(|| words(tokens))
        .or_else(|| month_first_words(tokens))
        .or_else(|| month_only(tokens))
}

fn day(year: u32, month: u32, day: u32, settled: Settled) -> Date {
    i32::try_from(year)
        .ok()
        .filter(|year| (1900..=2200).contains(year))
        .and_then(|year| NaiveDate::from_ymd_opt(year, month, day))
        .map_or(Date::Impossible, |date| Date::Day(date, settled))
}

/// `2022-09-05`, `2022/09/05`, `2022.09.05`, and the compact `20220905T`.
fn iso(tokens: &[Token<'_>]) -> Option<(Date, usize)> {
    let first = tokens.first()?;
    if first.text.len() == 8 && first.number(8, 8).is_some() {
        let next = tokens.get(1);
        if next.is_none() || next.is_some_and(|t| t.glued && t.is("t")) {
            let n = first.value;
            return Some((day(n / 10_000, n / 100 % 100, n % 100, Settled::Plain), 1));
        }
        return None;
    }
    let year = first.number(4, 4)?;
    let (a, b) = (tokens.get(1)?, tokens.get(3)?);
    if !matches!(a.text, "-" | "/" | ".") || a.text != b.text || !a.glued || !b.glued {
        return None;
    }
    let month = tokens.get(2).filter(|t| t.glued)?.number(1, 2)?;
    let last = tokens.get(4).filter(|t| t.glued)?.number(1, 2)?;
    // NukeViet's "2022-09-05+0722:28:00" is neither a date with a zone nor one with a time.
    let sign = tokens.get(5).is_some_and(|t| t.glued && t.is("+"));
    let clean = tokens.get(6).is_some_and(|t| t.text.len() == 2)
        && tokens.get(7).is_some_and(|t| t.is(":"))
        && tokens.len() == 9;
    if sign && !clean {
        return Some((Date::Impossible, tokens.len()));
    }
    let used = if sign { 9 } else { 5 };
    Some((day(year, month, last, Settled::Plain), used))
}

/// `05/09/2022`, `5-9-2022`, `05.09.2022`, `25 / 1 / 2022`, `5/9 năm 2022`, `05/09/98`.
fn numeric(tokens: &[Token<'_>], order: Order) -> Option<(Date, usize)> {
    let first = tokens.first()?.number(1, 2)?;
    let (a, second) = (tokens.get(1)?, tokens.get(2)?.number(1, 2)?);
    if !matches!(a.text, "/" | "-" | "." | "–" | "−") {
        return None;
    }
    let (b, last) = (tokens.get(3)?, tokens.get(4)?);
    let said = b.is("năm");
    if !said && (a.text != b.text || a.glued != b.glued || (a.is(".") && !a.glued)) {
        return None;
    }
    // "05/2022/QĐ", "05/09/2022/TT": numbers of documents.
    let tail = tokens.get(5).is_some_and(|t| t.glued && t.is("/"))
        && tokens.get(6).is_some_and(|t| t.glued);
    if tail {
        return Some((Date::Impossible, 6));
    }
    if let Some(short) = last.number(2, 2).filter(|_| !said && a.glued) {
        return Some((Date::Short(first, second, short), 5));
    }
    let year = last.number(4, 4)?;
    let (dd, mm) = match order {
        Order::DayFirst => (first, second),
        Order::MonthFirst => (second, first),
    };
    let plain = day(year, mm, dd, Settled::Plain);
    let settled = if a.is("/") {
        Settled::OtherOrderSlash
    } else {
        Settled::OtherOrder
    };
    let date = match plain {
        Date::Impossible if mm > 12 => day(year, dd, mm, settled),
        plain => plain,
    };
    Some((date, 5))
}

/// `25 tháng 1 năm 2022`, `05 Tháng Chín 2022`, `5 tháng 9, 2022`, `5 Th9 2022`,
/// `5 September 2022`, `05-Sep-2022`.
fn words(tokens: &[Token<'_>]) -> Option<(Date, usize)> {
    let dd = tokens.first()?.number(1, 2)?;
    let mut at = 1;
    if tokens
        .get(at)
        .is_some_and(|t| matches!(t.text, "st" | "nd" | "rd" | "th") && t.glued)
        && tokens.get(at + 1).is_some_and(Token::is_word)
    {
        at += 1;
    }
    at = skip(tokens, at, &["-", "/", ",", ".", "of"]);
    let (month, used, settled) = month_word(tokens.get(at..)?)?;
    let (year, end) = year_after(tokens, at + used)?;
    Some((day(year, month, dd, settled), end))
}

/// `Tháng Chín 5, 2022`, `Th9 05, 2022`, `September 5, 2022`, `Sep 5 22:28:00 2022`.
fn month_first_words(tokens: &[Token<'_>]) -> Option<(Date, usize)> {
    let (month, used, settled) = month_word(tokens)?;
    let dd = tokens.get(used)?.number(1, 2)?;
    let mut at = used + 1;
    if tokens
        .get(at)
        .is_some_and(|t| matches!(t.text, "st" | "nd" | "rd" | "th") && t.glued)
    {
        at += 1;
    }
    let (year, end) = year_after(tokens, at)?;
    Some((day(year, month, dd, settled), end))
}

/// `tháng 9 năm 2022`, `tháng 9/2022`, `09/2022`, `2022-09`.
fn month_only(tokens: &[Token<'_>]) -> Option<(Date, usize)> {
    let named = month_word(tokens).and_then(|(month, used, _)| {
        let (year, end) = year_after(tokens, used)?;
        Some((month, year, end))
    });
    let (month, year, end) = match named {
        Some(found) => found,
        None => {
            let (first, sign, last) = (tokens.first()?, tokens.get(1)?, tokens.get(2)?);
            if !sign.glued || !last.glued || !matches!(sign.text, "/" | "-") {
                return None;
            }
            // "05/2022/NĐ-CP" is the number of a document.
            if tokens
                .get(3)
                .is_some_and(|t| t.glued && !t.is(",") && !t.is(")"))
            {
                return None;
            }
            match (first.number(1, 2), last.number(4, 4)) {
                (Some(month), Some(year)) => (month, year, 3),
                _ => (last.number(2, 2)?, first.number(4, 4)?, 3),
            }
        }
    };
    let date = match i32::try_from(year) {
        Ok(year) if (1900..=2200).contains(&year) && (1..=12).contains(&month) => {
            Date::Month(year, month)
        }
        _ => Date::Impossible,
    };
    Some((date, end))
}

/// A month in words: its number, the tokens used, and whose language it is.
fn month_word(tokens: &[Token<'_>]) -> Option<(u32, usize, Settled)> {
    let first = tokens.first()?;
    if matches!(first.text, "tháng" | "thg" | "th") {
        let at = skip(tokens, 1, &["."]);
        let (month, used) = month_vi(tokens.get(at..)?)?;
        return Some((month, at + used, Settled::Plain));
    }
    let month = month_en(first.text)?;
    Some((month, skip(tokens, 1, &["."]), Settled::English))
}

fn year_after(tokens: &[Token<'_>], from: usize) -> Option<(u32, usize)> {
    let at = skip(
        tokens,
        skip(tokens, from, &[",", "/", "-", "."]),
        &["năm", "year"],
    );
    if let Some(year) = tokens.get(at)?.number(4, 4) {
        return Some((year, at + 1));
    }
    None
}

fn skip(tokens: &[Token<'_>], at: usize, any: &[&str]) -> usize {
    at + usize::from(tokens.get(at).is_some_and(|t| any.contains(&t.text)))
}
