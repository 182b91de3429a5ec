//! An audit for a terminal: what is missing, a calendar, and a figure.

use super::calendar::{Calendar, Hole, Month};
use super::class::Class;
use super::found::Found;
use super::ids::{Gap, Ids};
use super::sources::Sources;
use super::{Audit, SiteAudit};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Items of a list that are shown.
const SHOWN: usize = 10;
/// Shades of the calendar, from few to many.
const SHADES: [char; 4] = ['░', '▒', '▓', '█'];

/// The audit as text; its last line is the figure.
pub fn text(audit: &Audit) -> String {
    let mut out = String::new();
    for site in &audit.sites {
        one(&mut out, site);
        out.push('\n');
    }
    for (site, urls) in &audit.unknown_sites {
        let _ = writeln!(
            out,
            "not audited: {urls} URLs of the site {site:?}, which the configuration does not have"
        );
    }
    list(&mut out, "damaged", &audit.damage, |damaged| {
        format!("{}: {}", plain(&damaged.what), plain(&damaged.why))
    });
    let verdict = if audit.complete {
        "complete"
    } else {
        "NOT complete"
    };
    let all = if audit.sites.len() == 1 {
        ""
    } else {
        "all sites: "
    };
    let _ = writeln!(out, "{all}{verdict}: {}", audit.figure);
    out
}

fn one(out: &mut String, site: &SiteAudit) {
    let _ = writeln!(out, "{} · {} · {}", site.site, plain(&site.name), site.base);
    if let Some(last) = &site.last_crawl {
        let end = last.end.as_deref().unwrap_or("cut short");
        let _ = writeln!(out, "  last crawl {}, {end}", last.started);
    }
    for note in &site.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    let chain = &site.chain;
    let _ = writeln!(
        out,
        "\n  newer/older chain: {} links on {} pages lead to {} URLs ({}); {} broken; {} islands",
        chain.links,
        chain.pages,
        chain.targets.values().sum::<u64>(),
        classes(&chain.targets),
        chain.broken.total,
        chain.islands.total
    );
    list(out, "    broken", &chain.broken, |broken| {
        format!("{} ({}), named by {}", broken.url, broken.why, broken.from)
    });
    list(out, "    island", &chain.islands, |island| {
        format!("{} (found by {})", island.url, island.via)
    });
    ids(out, &site.ids);
    sources(out, &site.sources);
    calendar(out, &site.calendar);
    out.push_str("\n  what became of them:\n");
    for (class, outcomes) in &site.outcomes {
        let each: Vec<String> = outcomes
            .iter()
            .map(|(name, n)| format!("{name} {n}"))
            .collect();
        let total = site.figure.of(*class);
        let _ = writeln!(
            out,
            "    {:<18} {total:>7}  {}",
            class.words(),
            each.join(", ")
        );
    }
    if site.records_gone > 0 {
        let _ = writeln!(
            out,
            "    {} of {} records are not on the portal any more",
            site.records_gone, site.records
        );
    }
    list(out, "    unexplained", &site.unexplained, |one| {
        let by = one.named_by.as_ref().map(|by| format!(", named by {by}"));
        format!("{} ({}{})", one.url, one.why, by.unwrap_or_default())
    });
    let over = if site.complete {
        String::new()
    } else {
        format!("  (more than the {} allowed)", site.allowed)
    };
    let _ = writeln!(out, "  {}: {}{over}", site.site, site.figure);
}

fn ids(out: &mut String, ids: &Ids) {
    let (Some(min), Some(max)) = (ids.min, ids.max) else {
        out.push_str("  sequence numbers: the URLs have none\n");
        return;
    };
    let _ = writeln!(
        out,
        "  sequence numbers {min} to {max}: {} archived, {} missing in {} gaps ({}no known URL {})",
        ids.archived,
        ids.missing,
        ids.gaps.total,
        ids.missing_known
            .iter()
            .map(|(class, n)| format!("{} {n}, ", class.words()))
            .collect::<String>(),
        ids.missing_unknown
    );
    list(out, "    gap", &ids.gaps, gap);
}

fn gap(gap: &Gap) -> String {
    let span = if gap.from == gap.to {
        gap.from.to_string()
    } else {
        format!("{}–{}", gap.from, gap.to)
    };
    let known: Vec<String> = gap
        .known
        .iter()
        .take(3)
        .map(|known| format!("{} {}", known.outcome, known.url))
        .collect();
    let more = gap.known.len().saturating_sub(known.len());
    match (known.is_empty(), more) {
        (true, _) => format!("{span}: no URL is known"),
        (false, 0) => format!("{span}: {}", known.join(", ")),
        (false, more) => format!("{span}: {}, … and {more} more", known.join(", ")),
    }
}

fn sources(out: &mut String, sources: &Sources) {
    out.push_str("  what the portal's own lists named:\n");
    for (kind, sum) in &sources.kinds {
        let _ = writeln!(
            out,
            "    {kind:<10} {:>5} pages, {:>6} captures, {:>7} articles: {}",
            sum.pages,
            sum.captures,
            sum.named,
            classes(&sum.classes)
        );
    }
    list(out, "    not read", &sources.unread, |unread| {
        format!("{} {} ({})", unread.kind, unread.url, unread.outcome)
    });
    for feed in &sources.feeds {
        list(
            out,
            &format!("    feed {} may have a gap", feed.url),
            &feed.gaps,
            |gap| format!("nothing in common between {} and {}", gap.after, gap.before),
        );
    }
    let (pairs, overlapping) = sources.feeds.iter().fold((0, 0), |(pairs, over), feed| {
        (pairs + feed.pairs, over + feed.overlapping)
    });
    let _ = writeln!(
        out,
        "    feeds from capture to capture: {overlapping} of {pairs} overlap"
    );
}

fn calendar(out: &mut String, calendar: &Calendar) {
    out.push_str("\n  articles by month of publication\n");
    heat_map(out, calendar);
    for (count, what) in [
        (calendar.undated, "without a month"),
        (calendar.odd_dates, "dated before 1990 or in the future"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "    {count} {what}");
        }
    }
    list(out, "    hole", &calendar.holes, hole);
    if let Some(silence) = &calendar.silence {
        let _ = writeln!(
            out,
            "    silence: nothing from {} to {}, where about {:.0} were to be expected",
            silence.from, silence.to, silence.expected
        );
    }
}

fn hole(hole: &Hole) -> String {
    let span = if hole.from == hole.to {
        hole.from.to_string()
    } else {
        format!("{} to {}", hole.from, hole.to)
    };
    let place = hole
        .category
        .as_deref()
        .map(|name| format!(" in {}", plain(name)));
    format!(
        "{span}{}: {} articles, where about {:.0} were to be expected",
        place.unwrap_or_default(),
        hole.found,
        hole.expected
    )
}

/// Years below each other, months side by side.
fn heat_map(out: &mut String, calendar: &Calendar) {
    let months = &calendar.months;
    let (Some(first), Some(last)) = (months.keys().next(), months.keys().next_back()) else {
        out.push_str("    none\n");
        return;
    };
    let steps = steps(months);
    out.push_str("         ");
    for month in 1..=12 {
        let _ = write!(out, "{month:>2} ");
    }
    out.push('\n');
    for year in first.year()..=last.year() {
        let of_year = || months.iter().filter(|(month, _)| month.year() == year);
        let sum: u32 = of_year().map(|(_, n)| n).sum();
        let _ = write!(out, "    {year} ");
        for number in 0..12 {
            let cell = of_year().find(|(month, _)| month.number() == number);
            match cell {
                None => out.push_str("   "),
                Some((month, count)) => {
                    let shade = shade(*count, &steps);
                    let hole = if in_hole(calendar, *month) { '!' } else { ' ' };
                    let _ = write!(out, "{shade}{shade}{hole}");
                }
            }
        }
        let _ = writeln!(out, " {sum:>6}");
    }
    out.push_str("    · none");
    let mut low = 1;
    for (shade, high) in SHADES.iter().zip(steps) {
        if high >= low {
            let _ = write!(out, "  {shade} {}", range(low, high));
            low = high + 1;
        }
    }
    out.push_str("  ! hole\n");
}

/// Whether a month is in a hole of the whole site.
pub(super) fn in_hole(calendar: &Calendar, month: Month) -> bool {
    let mut holes = calendar.holes.items.iter();
    holes.any(|hole| hole.category.is_none() && (hole.from..=hole.to).contains(&month))
}

/// The highest count of each shade: the quartiles of the months that have any.
pub(super) fn steps(months: &BTreeMap<Month, u32>) -> [u32; 4] {
    let mut counts: Vec<u32> = months.values().copied().filter(|n| *n > 0).collect();
    counts.sort_unstable();
    let at = |part: usize| {
        let place = (counts.len() * part).div_ceil(4).saturating_sub(1);
        counts.get(place).copied().unwrap_or_default()
    };
    [at(1), at(2), at(3), at(4)]
}

/// The place of a count among the shades; `None` for none.
pub(super) fn level(count: u32, steps: &[u32; 4]) -> Option<usize> {
    if count == 0 {
        return None;
    }
    Some(steps.iter().position(|high| count <= *high).unwrap_or(3))
}

fn shade(count: u32, steps: &[u32; 4]) -> char {
    let level = level(count, steps).and_then(|level| SHADES.get(level));
    level.copied().unwrap_or('·')
}

/// "3" or "3–7".
pub(super) fn range(low: u32, high: u32) -> String {
    if low == high {
        low.to_string()
    } else {
        format!("{low}–{high}")
    }
}

/// Counts of classes, in words.
pub(super) fn classes(counts: &BTreeMap<Class, u64>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    let each = counts
        .iter()
        .map(|(class, n)| format!("{} {n}", class.words()));
    each.collect::<Vec<_>>().join(", ")
}

fn list<T>(out: &mut String, title: &str, found: &Found<T>, line: impl Fn(&T) -> String) {
    let (shown, more) = found.first(SHOWN);
    for item in shown {
        let _ = writeln!(out, "{title}: {}", line(item));
    }
    if more > 0 {
        let _ = writeln!(out, "{title}: … and {more} more (--format json lists them)");
    }
}

/// A portal's text does not move the cursor.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_are_quartiles_and_a_hole_is_marked() {
        let month = |text: &str| Month::of(text).unwrap();
        let months = BTreeMap::from([
            (month("2023-11"), 4),
            (month("2023-12"), 1),
            (month("2024-01"), 0),
            (month("2024-02"), 40),
            (month("2024-03"), 2),
        ]);
        let mut holes = Found::default();
        holes.push(Hole {
            category: None,
            from: month("2024-01"),
            to: month("2024-01"),
            found: 0,
            expected: 9.0,
        });
        let calendar = Calendar {
            months,
            holes,
            ..Calendar::default()
        };
        let mut out = String::new();
        heat_map(&mut out, &calendar);
        let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
        assert_eq!(lines[0].trim(), "1  2  3  4  5  6  7  8  9 10 11 12");
        let blank = " ".repeat(30);
        assert_eq!(lines[1], format!("    2023 {blank}▓▓ ░░       5"));
        let blank = " ".repeat(27);
        assert_eq!(lines[2], format!("    2024 ··!██ ▒▒ {blank}     42"));
        assert_eq!(lines[3].trim(), "· none  ░ 1  ▒ 2  ▓ 3–4  █ 5–40  ! hole");
    }

    #[test]
    fn control_characters_of_a_portal_are_dropped() {
        assert_eq!(plain("Tin\u{1b}[2J tức\n"), "Tin[2J tức");
    }
}
