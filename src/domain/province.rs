//! Provinces are dated: on 1 July 2025, 63 became 34.

use chrono::NaiveDate;

const MERGED: &str = include_str!("provinces.tsv");

/// The name that the province `name` (as it was before July 2025) had on `day`.
pub fn province_on(name: &str, day: NaiveDate) -> &str {
    let merged = NaiveDate::from_ymd_opt(2025, 7, 1).is_some_and(|first| day >= first);
    if !merged {
        return name;
    }
    MERGED
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(before, _)| *before == name)
        .map_or(name, |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_province_changes_its_name_on_the_day() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(province_on("Hòa Bình", day("2025-06-30")), "Hòa Bình");
        assert_eq!(province_on("Hòa Bình", day("2025-07-01")), "Phú Thọ");
        assert_eq!(province_on("Điện Biên", day("2026-01-01")), "Điện Biên");
        assert_eq!(province_on("Thừa Thiên Huế", day("2026-01-01")), "Huế");
    }
}
