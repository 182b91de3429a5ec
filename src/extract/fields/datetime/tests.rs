//! Forms beyond the fact rows, and properties.

use super::*;
use proptest::prelude::*;

fn value(raw: &str) -> Option<String> {
    parse(raw, &DateContext::default()).and_then(|(t, _)| t.value)
}

fn codes(raw: &str) -> Vec<String> {
    parse(raw, &DateContext::default())
        .map(|(_, w)| w.into_iter().map(|w| w.code).collect())
        .unwrap_or_default()
}

#[test]
fn reads_the_forms_that_portals_print() {
    const M: &str = "2022-09-05T22:28:00+07:00";
    for raw in [
        "THỨ HAI, 05/09/2022, 22:28",
        "T2, 05/09/2022 22:28",
        "T2-05/09/2022 22:28",
        "Thứ 2, ngày 5.9.2022 - 22h28",
        "22h28, ngày 05/09/2022",
        "22 giờ 28 phút, ngày 5 tháng 9 năm 2022",
        "22g28 5/9/2022",
        "22h28' ngày 5/9/2022",
        "10h28 CH ngày 5/9/2022",
        "05/09/2022 10:28 p.m.",
        "05/09/2022 22:28 [GMT+7]",
        "05/09/2022 22:28 UTC+7",
        "05/09/2022 15:28 UTC",
        "05/09/2022 22:28 GMT+07:00",
        "Ngày đăng:\u{a0}05/09/2022\u{a0}\u{a0}22:28",
        "Xuất bản: 05/09/2022 22:28 | Cập nhật: 06/09/2022 10:00",
        "Cập nhật: 06/09/2022 10:00 | Xuất bản: 05/09/2022 22:28",
        "Cập nhật lần cuối 22:28 05/09/2022",
        "05/09/2022 22:28 - cập nhật 23:00 06/09/2022",
        "22:28 05/09/2022 | Cập nhật 10:00 06/09/2022",
        "05 Tháng Chín, 2022 22:28",
        "Tháng Chín 5, 2022 22:28",
        "5 Th9, 2022 22:28",
        "22:28 Thứ hai ngày 05/09/2022",
        "22:28 | 05/09/2022 (Thứ hai) | 1234 lượt xem",
        "20220905T2228+0700 05/09/2022 22:28",
        "Minh Thùy 05/09/2022 22:28 Lượt xem: 1234",
        "2022-09-05 22:28",
        "05-09-2022 - 22:28",
        "22:28-05/09/2022",
        "Monday, September 5, 2022 10:28 PM",
    ] {
        assert_eq!(value(raw).as_deref(), Some(M), "{raw}");
    }
    for raw in [
        "Mon, 05 Sep 2022 22:28:00 +0700",
        "Mon, 05 Sep 2022 15:28:00 GMT",
        "2022-09-05T15:28:00Z",
        "2022-09-05T22:28:00+07",
        "2022-09-05 22:28:00.123",
        "2022-09-05T08:28:00-07:00",
        "2022-09-05 22:28:00 +0700",
        "Mon Sep 05 2022 22:28:00 GMT+0700 (Indochina Time)",
    ] {
        let (stamp, warnings) = parse(raw, &DateContext::default()).expect(raw);
        assert_eq!(stamp.value.as_deref(), Some(M), "{raw}");
        assert_eq!(stamp.precision, Precision::Second, "{raw}");
        assert!(warnings.is_empty(), "{raw}: {warnings:?}");
    }
}

#[test]
fn reads_decomposed_vietnamese() {
    use unicode_normalization::UnicodeNormalization;
    let raw: String = "Thứ hai, 05 Tháng Mười Hai 2022 22:28".nfd().collect();
    assert_eq!(value(&raw).as_deref(), Some("2022-12-05T22:28:00+07:00"));
    assert_eq!(value("1 tháng Giêng 2022").as_deref(), Some("2022-01-01"));
    assert_eq!(value("1 tháng Chạp 2022").as_deref(), Some("2022-12-01"));
    assert_eq!(
        value("1 tháng mười một năm 2022").as_deref(),
        Some("2022-11-01")
    );
    assert_eq!(value("1 tháng năm năm 2022").as_deref(), Some("2022-05-01"));
}

#[test]
fn coarse_dates_stay_coarse() {
    for (raw, want, precision) in [
        (
            "22h ngày 5/9/2022",
            "2022-09-05T22:00:00+07:00",
            Precision::Hour,
        ),
        ("tháng 9 năm 2022", "2022-09", Precision::Month),
        ("T9/2022", "2022-09", Precision::Month),
        ("09/2022", "2022-09", Precision::Month),
        ("2022-09", "2022-09", Precision::Month),
        ("năm 2022", "2022", Precision::Year),
    ] {
        let (stamp, _) = parse(raw, &DateContext::default()).expect(raw);
        assert_eq!(stamp.value.as_deref(), Some(want), "{raw}");
        assert_eq!(stamp.precision, precision, "{raw}");
    }
}

#[test]
fn rejects_what_is_no_date() {
    for raw in [
        "",
        "31/02/2022 10:00",
        "05/09/2022 25:61",
        "05/09/2022 10:99",
        "00/00/0000",
        "01/01/0001 00:00:00",
        "2022-09-05+0722:28:00",
        "2022-13-05",
        "05/2022/NĐ-CP",
        "12/05/2022/QĐ-UBND",
        "22:28",
        "123/2022/QĐ",
        "1/25/2024 9:05",
        "Điện thoại: 0215.3825.123",
        "2022-09-05T22:28:00+25:00",
    ] {
        assert_eq!(value(raw), None, "{raw}");
    }
    assert!(parse("2022-09-05+0722:28:00", &DateContext::default()).is_none());
    assert!(parse("31/02/2022", &DateContext::default()).is_none());
}

#[test]
fn the_weekday_is_a_checksum() {
    assert_eq!(codes("Thứ ba - 05/09/2022 22:28"), ["weekday_mismatch"]);
    assert_eq!(value("Thứ ba - 05/09/2022").as_deref(), Some("2022-09-05"));
    assert!(codes("Thứ hai - 05/09/2022 22:28").is_empty());
    assert!(codes("MINH THU 05/09/2022 22:28").is_empty());
    assert_eq!(codes("05/09/2022 (Thứ ba)"), ["weekday_mismatch"]);
}

#[test]
fn two_digit_years_only_when_nothing_else_fits() {
    assert_eq!(value("05/09/98").as_deref(), Some("1998-09-05"));
    assert_eq!(
        value("Thứ hai, 05/09/22 22:28").as_deref(),
        Some("2022-09-05T22:28:00+07:00")
    );
    assert_eq!(value("05/09/22"), None);
    assert_eq!(codes("05/09/22"), ["two_digit_year"]);
}

#[test]
fn order_and_future_follow_the_context() {
    let us = DateContext {
        order: Order::MonthFirst,
        ..DateContext::default()
    };
    let (stamp, _) = parse("10-22-2021, 12:22 PM", &us).expect("US");
    assert_eq!(stamp.value.as_deref(), Some("2021-10-22T12:22:00+07:00"));
    assert_eq!(codes("10-22-2021, 12:22 PM"), ["us_order"]);
    assert_eq!(codes("1/25/2024 9:05:00 AM"), ["date_order"]);
    let fetched = DateContext {
        not_after: Utc.with_ymd_and_hms(2022, 9, 1, 0, 0, 0).single(),
        ..DateContext::default()
    };
    let (stamp, warnings) = parse("05/09/2022 22:28", &fetched).expect("kept");
    assert_eq!(
        (stamp.value, warnings[0].code.as_str()),
        (None, "future_date")
    );
}

#[test]
fn relative_dates_are_never_resolved() {
    for (raw, precision) in [
        ("2 năm trước", Precision::Year),
        ("cách đây 5 phút", Precision::Minute),
        ("22 giờ trước", Precision::Hour),
        ("Hôm qua", Precision::Day),
        ("hôm qua lúc 22:28", Precision::Minute),
        ("3 days ago", Precision::Day),
        ("Vừa xong", Precision::Minute),
    ] {
        let (stamp, _) = parse(raw, &DateContext::default()).expect(raw);
        assert_eq!((stamp.value, stamp.precision), (None, precision), "{raw}");
    }
    assert_eq!(value("Hôm nay, 05/09/2022").as_deref(), Some("2022-09-05"));
}

#[test]
fn urls_tell_months() {
    assert_eq!(url_month("https://x.vn/202104/tin.html"), Some((2021, 4)));
    assert_eq!(url_month("uploads/news/2023_08/a.jpg"), Some((2023, 8)));
    assert_eq!(url_month("https://x.vn/2023/08/15/a"), Some((2023, 8)));
    assert_eq!(url_month("https://x.vn/202199/tin-202104.html"), None);
}

proptest! {
    #[test]
    fn never_panics(raw in any::<String>()) {
        let _ = parse(&raw, &DateContext::default());
        let _ = url_month(&raw);
    }

    #[test]
    fn never_panics_on_date_like_text(raw in "([0-9]{1,4}|[/:.+-]| |h|g|T|Z|tháng|năm|thứ|giờ|trước|GMT|CH|Sep){0,24}") {
        if let Some((stamp, _)) = parse(&raw, &DateContext::default())
            && let Some(value) = &stamp.value {
                prop_assert!(to_instant(&stamp).is_some(), "{}", value);
            }
    }

    #[test]
    fn every_printed_form_comes_back(
        secs in 852_076_800i64..2_524_608_000, form in 0usize..14,
    ) {
        let zone = FixedOffset::east_opt(7 * 3600).unwrap();
        let at = zone.timestamp_opt(secs - secs.rem_euclid(60), 0).unwrap();
        let vi = ["Chủ nhật", "Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy"]
            [at.weekday().num_days_from_sunday() as usize];
        let month = ["Một", "Hai", "Ba", "Tư", "Năm", "Sáu", "Bảy", "Tám", "Chín", "Mười",
            "Mười Một", "Mười Hai"][at.month0() as usize];
        let raw = match form {
            0 => format!("{vi} - {}", at.format("%d/%m/%Y %H:%M")),
            1 => at.format("%H:%M, %d/%m/%Y").to_string(),
            2 => at.format("%d-%m-%Y, %H:%M (GMT+7)").to_string(),
            3 => at.format("%H:%M %d.%m.%Y").to_string(),
            4 => format!("{vi}, {}", at.format("%-d Tháng %-m %Y %H:%M")),
            5 => format!("{vi}, {}", at.format("ngày %d tháng %m năm %Y | %H:%M")),
            6 => at.format("%-d/%-m/%Y %H:%M").to_string(),
            7 => format!("{} Tháng {month} {}", at.format("%d"), at.format("%Y %H:%M")),
            8 => at.to_rfc3339(),
            9 => at.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Millis, true),
            10 => at.to_rfc2822(),
            11 => at.format("%Hh%M ngày %-d/%-m/%Y").to_string(),
            12 => at.format("%d/%m/%Y %I:%M %p").to_string()
                .replace("AM", "SA").replace("PM", "CH"),
            _ => at.format("Cập nhật lúc %H:%M ngày %d-%m-%Y").to_string(),
        };
        let (stamp, warnings) = parse(&raw, &DateContext::default()).expect(&raw);
        let value = stamp.value.clone().expect(&raw);
        prop_assert_eq!(DateTime::parse_from_rfc3339(&value).unwrap(), at, "{}", raw);
        prop_assert!(warnings.iter().all(|w| w.code == "only_update_time"), "{}: {:?}", raw, warnings);
        prop_assert_eq!(to_instant(&stamp), Some(at.with_timezone(&Utc)));
    }
}
