//! Dates relative to the moment of reading ("2 năm trước", "Hôm qua"): recognised, never resolved.

use super::token::Token;
use crate::domain::Precision;

/// How fine a relative date is, when the tokens hold one.
pub(super) fn precision(tokens: &[Token<'_>]) -> Option<Precision> {
    let word = |at: usize| tokens.get(at).map_or("", |t| t.text);
    let mut found: Option<Precision> = None;
    let mut pending: Option<Precision> = None;
    let mut open = false;
    for (at, token) in tokens.iter().enumerate() {
        let now = match (token.text, word(at + 1)) {
            ("hôm", "nay" | "qua" | "kia") | ("tuần" | "tháng", "trước" | "này") => {
                match token.text {
                    "tuần" if pending.is_none() => Some(Precision::Week),
                    "tháng" if pending.is_none() => Some(Precision::Month),
                    "hôm" => Some(Precision::Day),
                    _ => None,
                }
            }
            ("năm", "ngoái") => Some(Precision::Year),
            ("vừa", "xong" | "mới") | ("mới", "đây" | "nhất") | ("just", "now") => {
                Some(Precision::Minute)
            }
            ("yesterday" | "today", _) => Some(Precision::Day),
            _ => None,
        };
        found = finer(found, now);
        let counted = at > 0
            && tokens.get(at - 1).is_some_and(|t| {
                t.number(1, 4).is_some()
                    || matches!(
                        t.text,
                        "một"
                            | "hai"
                            | "ba"
                            | "bốn"
                            | "năm"
                            | "sáu"
                            | "bảy"
                            | "tám"
                            | "chín"
                            | "mười"
                            | "vài"
                            | "a"
                            | "an"
                            | "one"
                            | "nửa"
                    )
            });
        if counted {
            pending = finer(pending, unit(token.text));
        }
        match token.text {
            "trước" | "ago" if pending.is_some() => found = finer(found, pending.take()),
            "cách" if word(at + 1) == "đây" => open = true,
            _ => {}
        }
    }
    if open {
        found = finer(found, pending);
    }
    found
}

fn finer(a: Option<Precision>, b: Option<Precision>) -> Option<Precision> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn unit(word: &str) -> Option<Precision> {
    Some(match word {
        "giây" | "second" | "seconds" => Precision::Second,
        "phút" | "minute" | "minutes" | "min" | "mins" => Precision::Minute,
        "giờ" | "tiếng" | "hour" | "hours" => Precision::Hour,
        "ngày" | "hôm" | "day" | "days" => Precision::Day,
        "tuần" | "week" | "weeks" => Precision::Week,
        "tháng" | "month" | "months" => Precision::Month,
        "năm" | "year" | "years" => Precision::Year,
        _ => return None,
    })
}
