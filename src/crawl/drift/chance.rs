//! The two bounds that tell drift from chance.

/// Wilson's z, squared.
const Z2: f64 = 4.0;

/// The upper end of Wilson's interval.
pub(crate) fn upper(shown: f64, pages: f64) -> f64 {
    let share = shown / pages;
    let spread = Z2.sqrt() * (share * (1.0 - share) / pages + Z2 / (4.0 * pages * pages)).sqrt();
    (share + Z2 / (2.0 * pages) + spread) / (1.0 + Z2 / pages)
}

/// How surprising it is that `hits` of `pages` show what a `rate` of them should, at most: the
/// negative logarithm of a bound of the binomial tail.
pub(crate) fn surprise(hits: u64, pages: u64, rate: f64) -> f64 {
    let share = hits as f64 / pages.max(1) as f64;
    if share <= rate {
        return 0.0;
    }
    let part = |share: f64, rate: f64| {
        if share > 0.0 {
            share * (share / rate).ln()
        } else {
            0.0
        }
    };
    pages as f64 * (part(share, rate) + part(1.0 - share, 1.0 - rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_tail_itself_where_all_pages_show_it() {
        assert!((surprise(5, 5, 0.1) - 5.0 * 10_f64.ln()).abs() < 1e-9);
        assert_eq!(surprise(1, 50, 0.1), 0.0);
    }

    proptest::proptest! {
        #[test]
        fn more_hits_surprise_more(pages in 1_u64..500, hits in 0_u64..500, rate in 0.001..0.9) {
            let hits = hits.min(pages - 1);
            proptest::prop_assert!(surprise(hits, pages, rate) <= surprise(hits + 1, pages, rate) + 1e-9);
        }

        #[test]
        fn the_bound_is_never_below_the_tail(pages in 1_u32..40, hits in 1_u32..40, rate in 0.01_f64..0.5) {
            let hits = hits.min(pages);
            let mut tail = 0.0;
            let mut ways = 1.0;
            for k in 0..=pages {
                if k >= hits {
                    tail += ways * rate.powi(k as i32) * (1.0 - rate).powi((pages - k) as i32);
                }
                ways = ways * f64::from(pages - k) / f64::from(k + 1);
            }
            let bound = (-surprise(hits.into(), pages.into(), rate)).exp();
            proptest::prop_assert!(tail <= bound * 1.0001, "{} {}", tail, bound);
        }
    }
}
