//! Names of months, weekdays, units, labels and zones, in Vietnamese and English.

use super::token::{Kind, Token};
use chrono::Weekday;

/// A Vietnamese month after "tháng": number or words. Gives the month and the tokens used.
pub(super) fn month_vi(tokens: &[Token<'_>]) -> Option<(u32, usize)> {
    let first = tokens.first()?;
    if let Some(n) = first.number(1, 2) {
        return Some((n, 1));
    }
    let second = tokens.get(1).map_or("", |t| t.text);
    Some(match (first.text, second) {
        // "mười một" and "mười hai" before "mười".
        ("mười", "một" | "mốt") => (11, 2),
        ("mười", "hai") => (12, 2),
        ("mười", _) => (10, 1),
        ("giêng" | "một", _) => (1, 1),
        ("hai", _) => (2, 1),
        ("ba", _) => (3, 1),
        ("tư" | "bốn", _) => (4, 1),
        ("năm", _) => (5, 1),
        ("sáu", _) => (6, 1),
        ("bảy" | "bẩy", _) => (7, 1),
        ("tám", _) => (8, 1),
        ("chín", _) => (9, 1),
        ("chạp", _) => (12, 1),
        _ => return None,
    })
}

/// An English month name, full or short.
pub(super) fn month_en(word: &str) -> Option<u32> {
    Some(match word {
        "jan" | "january" => 1,
        "feb" | "february" => 2,
        "mar" | "march" => 3,
        "apr" | "april" => 4,
        "may" => 5,
        "jun" | "june" => 6,
        "jul" | "july" => 7,
        "aug" | "august" => 8,
        "sep" | "sept" | "september" => 9,
        "oct" | "october" => 10,
        "nov" | "november" => 11,
        "dec" | "december" => 12,
        _ => return None,
    })
}

/// A weekday at the head of the tokens: the day, the tokens used, and whether it is a short
/// English form (those count only beside an English date: "Thu" is a Vietnamese name too).
pub(super) fn weekday(tokens: &[Token<'_>]) -> Option<(Weekday, usize, bool)> {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    let first = tokens.first()?;
    if !first.is_word() {
        return None;
    }
    let second = tokens.get(1);
    let numbered = |n: u32| {
        Some(match n {
            2 => Mon,
            3 => Tue,
            4 => Wed,
            5 => Thu,
            6 => Fri,
            7 => Sat,
            8 => Sun,
            _ => return None,
        })
    };
    match first.text {
        "thứ" => {
            let second = second?;
            if let Some(n) = second.number(1, 1) {
                return Some((numbered(n)?, 2, false));
            }
            let day = match second.text {
                "hai" => Mon,
                "ba" => Tue,
                "tư" | "tu" => Wed,
                "năm" => Thu,
                "sáu" => Fri,
                "bảy" | "bẩy" => Sat,
                _ => return None,
            };
            Some((day, 2, false))
        }
        "chủ" | "chúa" if second.is_some_and(|t| t.is("nhật")) => Some((Sun, 2, false)),
        "cn" => Some((Sun, 1, false)),
        "t" => {
            let second = second?;
            let n = second.number(1, 1).filter(|_| second.glued)?;
            // "T7/2022" is a month.
            let month = tokens
                .get(2)
                .is_some_and(|t| t.glued && (t.is("/") || t.is("-")))
                && tokens.get(3).is_some_and(|t| t.number(4, 4).is_some());
            (!month && n != 8).then_some(())?;
            Some((numbered(n)?, 2, false))
        }
        "monday" => Some((Mon, 1, false)),
        "tuesday" => Some((Tue, 1, false)),
        "wednesday" => Some((Wed, 1, false)),
        "thursday" => Some((Thu, 1, false)),
        "friday" => Some((Fri, 1, false)),
        "saturday" => Some((Sat, 1, false)),
        "sunday" => Some((Sun, 1, false)),
        "mon" => Some((Mon, 1, true)),
        "tue" | "tues" => Some((Tue, 1, true)),
        "wed" => Some((Wed, 1, true)),
        "thu" | "thur" | "thurs" => Some((Thu, 1, true)),
        "fri" => Some((Fri, 1, true)),
        "sat" => Some((Sat, 1, true)),
        "sun" => Some((Sun, 1, true)),
        _ => None,
    }
}

/// What a label says of the date after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// "Ngày đăng", "Xuất bản", "Published".
    Published,
    /// "Cập nhật", "Sửa", "Updated".
    Updated,
    /// A date of something else: "ban hành", "hết hạn", "hiệu lực".
    Other,
}

/// A label at the head of the tokens.
pub(super) fn label(tokens: &[Token<'_>]) -> Option<Label> {
    let first = tokens.first().filter(|t| t.is_word())?.text;
    let second = tokens.get(1).map_or("", |t| t.text);
    match (first, second) {
        ("đăng", "nhập" | "ký" | "kí") => None,
        ("xuất", "bản") | ("phát", "hành") | ("đưa", "tin" | "lên") | ("khởi", "tạo") => {
            Some(Label::Published)
        }
        ("đăng" | "published" | "posted" | "publish" | "created" | "datepublished", _) => {
            Some(Label::Published)
        }
        ("cập", "nhật") | ("chỉnh", "sửa") | ("hiệu", "chỉnh") => Some(Label::Updated),
        ("sửa" | "updated" | "update" | "modified" | "edited", _) => Some(Label::Updated),
        ("ban", "hành") | ("hết", "hạn") | ("hiệu", "lực") | ("expires", _) | ("ngày", "ký") => {
            Some(Label::Other)
        }
        _ => None,
    }
}

/// Words that may stand between a date and its time.
pub(super) fn connector(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Number => false,
        Kind::Sign => !matches!(token.text, "+" | "%" | "$"),
        Kind::Word => matches!(
            token.text,
            "lúc" | "vào" | "hồi" | "ngày" | "giờ" | "thời" | "gian" | "at" | "on" | "t" | "the"
        ),
    }
}
