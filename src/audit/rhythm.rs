//! Months that are empty or far too thin, by the rhythm of the series itself. Pure.
//!
//! A month is compared with the six before and the six after it (median, and the median absolute
//! deviation, which single outliers do not move), and with the same month of other years: a portal
//! that rests at Tết each year has no hole there. Empty months in a row are judged together, since
//! a long hole would hide in its own surroundings. The first and the last month are partial, and
//! never holes.

use serde::Serialize;

/// Months on either side that a month is compared with.
const SIDE: usize = 6;
/// Deviations below the median from which a month is a hole.
const DEVIATIONS: f64 = 3.5;
/// A median absolute deviation is about this part of a standard deviation.
const MAD_TO_SD: f64 = 1.4826;
/// Articles that must be expected for nothing to be remarkable: with fewer, chance alone often
/// leaves a month empty.
const EXPECTED: f64 = 5.0;

/// A span of months with too few articles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Span {
    /// Its first month, by its place in the series.
    pub from: usize,
    /// Its last month.
    pub to: usize,
    /// Articles in it.
    pub found: u32,
    /// Articles that its surroundings would have had in it.
    pub expected: f64,
}

/// The holes of a series of consecutive months; `start` is the month of the first (0 is January).
pub fn holes(series: &[u32], start: usize) -> Vec<Span> {
    let mut spans = Vec::new();
    let Some(last) = series.len().checked_sub(1) else {
        return spans;
    };
    let mut at = 1;
    while at < last {
        let count = series.get(at).copied().unwrap_or(0);
        if count > 0 {
            if let Some(expected) = is_thin(series, at, count, start) {
                spans.push(Span {
                    from: at,
                    to: at,
                    found: count,
                    expected,
                });
            }
            at += 1;
            continue;
        }
        // The last month is partial, but it has articles or it would not be the last.
        let mut to = at;
        while to + 1 < last && series.get(to + 1) == Some(&0) {
            to += 1;
        }
        if let Some(expected) = is_empty(series, (at, to), start) {
            spans.push(Span {
                from: at,
                to,
                found: 0,
                expected,
            });
        }
        at = to + 1;
    }
    spans
}

/// Articles that a silence of `months` after the last month of the series would have had; `None`
/// when it is none of note.
pub fn silence(series: &[u32], months: usize) -> Option<f64> {
    let end = series.len().saturating_sub(1);
    let before = series.get(end.saturating_sub(2 * SIDE)..end)?;
    let (median, deviation) = centre(before)?;
    let expected = median * months as f64;
    (months > 0 && expected >= EXPECTED && median - 2.0 * deviation > 0.0).then_some(expected)
}

/// What an empty span should have had, when that is remarkable.
fn is_empty(series: &[u32], (from, to): (usize, usize), start: usize) -> Option<f64> {
    let (median, deviation) = centre(&around(series, from, to))?;
    // Each month of the span may be quiet by season.
    let expected: f64 = (from..=to)
        .map(|at| seasonal(series, at, (from, to), start).map_or(median, |usual| usual.min(median)))
        .sum();
    (expected >= EXPECTED && median - 2.0 * deviation > 0.0).then_some(expected)
}

/// What a month with some articles should have had, when they are far too few.
fn is_thin(series: &[u32], at: usize, count: u32, start: usize) -> Option<f64> {
    let (median, deviation) = centre(&around(series, at, at))?;
    let usual = seasonal(series, at, (at, at), start).map_or(median, |usual| usual.min(median));
    // Counts scatter by the root of their mean at the least.
    let scatter = deviation.max(median.sqrt() / 2.0);
    let count = f64::from(count);
    let far = count < median - DEVIATIONS * scatter && count * 3.0 <= usual;
    (far && usual >= EXPECTED).then_some(usual)
}

/// The months on both sides of a span, the partial ones at the ends of the series aside.
fn around(series: &[u32], from: usize, to: usize) -> Vec<u32> {
    let last = series.len().saturating_sub(1);
    let before = series.get(from.saturating_sub(SIDE).max(1)..from);
    let after = series.get(to + 1..(to + 1 + SIDE).min(last));
    let sides = [before, after].into_iter().flatten();
    sides.flatten().copied().collect()
}

/// What the same month of other years has; `None` with fewer than two of them.
fn seasonal(series: &[u32], at: usize, (from, to): (usize, usize), start: usize) -> Option<f64> {
    let month = (start + at) % 12;
    let others = series.iter().enumerate().skip(1);
    let others: Vec<u32> = others
        .filter(|(other, _)| {
            (start + other) % 12 == month
                && !(from..=to).contains(other)
                && other + 1 < series.len()
        })
        .map(|(_, count)| *count)
        .collect();
    if others.len() < 2 {
        return None;
    }
    centre(&others).map(|(median, _)| median)
}

/// Median and scaled median absolute deviation; `None` of fewer than two numbers.
fn centre(numbers: &[u32]) -> Option<(f64, f64)> {
    if numbers.len() < 2 {
        return None;
    }
    let median = median(numbers.iter().map(|n| f64::from(*n)).collect());
    let distances = numbers.iter().map(|n| (f64::from(*n) - median).abs());
    Some((median, self::median(distances.collect()) * MAD_TO_SD))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let at = |n: usize| numbers.get(n).copied().unwrap_or_default();
    if numbers.len() % 2 == 1 {
        at(middle)
    } else {
        (at(middle.saturating_sub(1)) + at(middle)) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two years of a portal with about twenty articles a month.
    const STEADY: [u32; 24] = [
        4, 22, 19, 25, 18, 21, 17, 23, 20, 26, 19, 21, 24, 18, 22, 20, 15, 25, 19, 23, 21, 18, 22,
        9,
    ];

    fn months(series: &[u32]) -> Vec<(usize, usize)> {
        let spans = holes(series, 0).into_iter();
        spans.map(|span| (span.from, span.to)).collect()
    }

    #[test]
    fn a_steady_series_has_no_hole_and_its_partial_ends_are_none() {
        assert_eq!(months(&STEADY), []);
        assert_eq!(months(&[]), []);
        assert_eq!(months(&[3]), []);
        assert_eq!(months(&[0, 0, 0]), []);
    }

    #[test]
    fn an_empty_month_is_a_hole_with_what_was_to_be_expected() {
        let mut series = STEADY;
        series[11] = 0;
        let found = holes(&series, 0);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].from, found[0].to, found[0].found), (11, 11, 0));
        assert!((15.0..26.0).contains(&found[0].expected), "{found:?}");
    }

    #[test]
    fn a_thin_month_is_a_hole_and_a_quiet_one_is_not() {
        for (count, hole) in [(1, true), (3, true), (9, false), (12, false), (40, false)] {
            let mut series = STEADY;
            series[8] = count;
            let want: &[(usize, usize)] = if hole { &[(8, 8)] } else { &[] };
            assert_eq!(months(&series), want, "{count}");
        }
    }

    #[test]
    fn a_long_hole_is_one_span_and_does_not_hide_in_itself() {
        let mut series = STEADY;
        series[6..18].fill(0);
        assert_eq!(months(&series), [(6, 17)]);
        // Its neighbours are not dragged in.
        let found = holes(&series, 0);
        assert!(found[0].expected > 200.0, "{found:?}");
    }

    #[test]
    fn rest_at_the_same_season_each_year_is_rhythm() {
        let mut series: Vec<u32> = STEADY.iter().chain(&STEADY).copied().collect();
        series[23] = 20;
        series[24] = 21;
        for year in 0..4 {
            series[year * 12 + 1] = 2;
        }
        assert_eq!(months(&series), []);
        series[13] = 0;
        assert_eq!(months(&series), [], "two are always few there");
        series[18] = 2;
        assert_eq!(months(&series), [(18, 18)]);
    }

    #[test]
    fn a_sparse_or_a_bursting_portal_may_have_empty_months() {
        assert_eq!(months(&[1, 0, 2, 0, 0, 1, 3, 0, 1, 0, 0, 2, 1]), []);
        assert_eq!(months(&[9, 0, 30, 0, 28, 0, 31, 0, 29, 0, 30, 0, 12]), []);
        // Two a month, and then none for half a year.
        let sparse = [2, 2, 3, 1, 2, 2, 2, 3, 0, 0, 0, 0, 0, 0, 2, 2, 1, 3, 2, 2];
        assert_eq!(months(&sparse), [(8, 13)]);
    }

    #[test]
    fn silence_counts_when_articles_were_to_be_expected() {
        assert!(silence(&STEADY, 0).is_none());
        assert!(silence(&STEADY, 2).is_some_and(|n| (30.0..50.0).contains(&n)));
        assert!(silence(&[1, 0, 1, 0, 0, 1], 2).is_none());
        assert!(silence(&[], 5).is_none());
    }

    proptest::proptest! {
        #[test]
        fn holes_are_inside_apart_and_in_order(
            series in proptest::collection::vec(0_u32..60, 0..80),
            start in 0_usize..12,
        ) {
            let mut next = 1;
            for span in holes(&series, start) {
                proptest::prop_assert!(span.from >= next && span.from <= span.to);
                proptest::prop_assert!(span.to + 1 < series.len());
                let found: u32 = series[span.from..=span.to].iter().sum();
                proptest::prop_assert_eq!(found, span.found);
                proptest::prop_assert!(f64::from(found) < span.expected);
                next = span.to + 1;
            }
        }
    }
}
