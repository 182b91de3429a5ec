//! `Retry-After` (RFC 9110, section 10.2.3), in both of its forms. Pure.

use chrono::{DateTime, Utc};
use std::time::Duration;

/// How long to wait, seen from `now`: seconds, or until an HTTP date (zero when that has passed).
/// Never more than `cap`; `None` when the value is neither form.
pub fn retry_after(value: &str, now: DateTime<Utc>, cap: Duration) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a number holds is a very long time.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(cap));
    }
    let date: DateTime<Utc> = httpdate::parse_http_date(value).ok()?.into();
    let left = date.signed_duration_since(now).to_std();
    Some(left.unwrap_or(Duration::ZERO).min(cap))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    const CAP: Duration = Duration::from_secs(3600);

    fn read(value: &str) -> Option<Duration> {
        let now = Utc.with_ymd_and_hms(2026, 11, 6, 8, 49, 0).unwrap();
        retry_after(value, now, CAP)
    }

    #[test]
    fn both_forms_and_the_cap() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(read("120"), seconds(120));
        assert_eq!(read(" 0 "), seconds(0));
        assert_eq!(read("99999"), Some(CAP));
        assert_eq!(read("99999999999999999999999999"), Some(CAP));
        assert_eq!(read("Fri, 06 Nov 2026 08:49:37 GMT"), seconds(37));
        assert_eq!(read("Friday, 06-Nov-26 08:49:37 GMT"), seconds(37));
        assert_eq!(read("Fri Nov  6 08:49:37 2026"), seconds(37));
        assert_eq!(read("Thu, 05 Nov 2026 08:49:37 GMT"), seconds(0));
        assert_eq!(read("Sat, 06 Nov 2027 08:49:37 GMT"), Some(CAP));
        for odd in ["", "soon", "-5", "1.5", "+3", "5s"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in ".{0,40}", digits in "[0-9]{1,40}") {
            if let Some(wait) = read(&text) {
                proptest::prop_assert!(wait <= CAP);
            }
            proptest::prop_assert!(read(&digits).unwrap() <= CAP);
        }
    }
}
