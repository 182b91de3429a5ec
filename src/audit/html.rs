//! An audit as one self-contained page: inline SVG, no script, nothing from elsewhere.

use super::calendar::{Calendar, Month};
use super::class::{Class, Figure};
use super::found::Found;
use super::text::{in_hole, level, range, steps};
use super::{Audit, SiteAudit};
use quick_xml::escape::escape;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Items of a list that are shown.
const SHOWN: usize = 200;
/// Categories with a chart of their own.
const CATEGORIES: usize = 40;
/// Side of a month in the calendar, and its distance from the next, in pixels.
const CELL: usize = 22;
const STEP: usize = 25;
/// From few to many.
const SHADES: [&str; 4] = ["#c6e5cf", "#7cc492", "#35915a", "#0f5c35"];

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
padding:0 1rem;color:#1c1c1c}h1{font-size:1.6rem}h2{margin-top:2.5rem;border-bottom:1px solid #ccc}\
h3{margin:1.8rem 0 .4rem}table{border-collapse:collapse;font-size:.9rem}td,th{padding:.15rem .7rem;\
text-align:right;border-bottom:1px solid #e4e4e4}td.t,th.t{text-align:left}\
ul{font-size:.9rem;overflow-wrap:anywhere}.figure{font-weight:600}.bad{color:#a3130b}\
.good{color:#0f5c35}.note{background:#fff6d8;padding:.3rem .7rem}svg text{font:11px system-ui,\
sans-serif;fill:#444}details{margin:.4rem 0}";

/// The audit as a page.
pub fn html(audit: &Audit) -> String {
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"referrer\" content=\"no-referrer\"><title>Audit of {made}</title>\
         <style>{STYLE}</style></head>\n<body><h1>Audit of {made}</h1>\n",
        made = esc(&audit.made_at)
    );
    verdict(&mut out, audit.complete, &audit.figure);
    for site in &audit.sites {
        one(&mut out, site);
    }
    if audit.damage.total > 0 || !audit.unknown_sites.is_empty() {
        out.push_str("<h2>What could not be audited</h2>\n");
        list(
            &mut out,
            "Damaged rows and captures",
            &audit.damage,
            |one| format!("{}: {}", esc(&one.what), esc(&one.why)),
        );
        for (site, urls) in &audit.unknown_sites {
            let site = esc(site);
            let _ = writeln!(
                out,
                "<p>{urls} URLs of the site {site}, which the configuration does not have</p>"
            );
        }
    }
    out.push_str("</body></html>\n");
    out
}

fn verdict(out: &mut String, complete: bool, figure: &Figure) {
    let (class, word) = if complete {
        ("good", "Complete")
    } else {
        ("bad", "Not complete")
    };
    let _ = writeln!(out, "<p class=\"figure {class}\">{word}: {figure}</p>");
}

fn one(out: &mut String, site: &SiteAudit) {
    let _ = writeln!(
        out,
        "<h2>{} <small>({}, {})</small></h2>",
        esc(&site.name),
        esc(site.site.as_str()),
        link(&site.base)
    );
    verdict(out, site.complete, &site.figure);
    if let Some(last) = &site.last_crawl {
        let end = last.end.as_deref().unwrap_or("cut short");
        let started = esc(&last.started);
        let _ = writeln!(out, "<p>Last crawl: {started}, {}</p>", esc(end));
    }
    for note in &site.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", esc(note));
    }
    classes(out, site);
    list(out, "Unexplained", &site.unexplained, |one| {
        let by = one
            .named_by
            .as_ref()
            .map(|by| format!(", named by {}", link(by)));
        format!("{} ({}{})", link(&one.url), one.why, by.unwrap_or_default())
    });
    calendar(out, &site.calendar);
    chain(out, site);
    ids(out, site);
    sources(out, site);
}

/// A bar for each class, with its outcomes.
fn classes(out: &mut String, site: &SiteAudit) {
    out.push_str("<h3>What became of every known article</h3>\n");
    let most = Class::ALL.iter().map(|class| site.figure.of(*class)).max();
    let most = most.unwrap_or_default().max(1);
    out.push_str("<table><tr><th class=\"t\">class</th><th>URLs</th><th class=\"t\"></th><th class=\"t\">outcomes</th></tr>\n");
    for class in Class::ALL {
        let count = site.figure.of(class);
        let outcomes = site.outcomes.get(&class).into_iter().flatten();
        let outcomes: Vec<String> = outcomes.map(|(name, n)| format!("{name} {n}")).collect();
        let width = count.saturating_mul(200).div_ceil(most).min(200);
        let colour = colour(class);
        let _ = writeln!(
            out,
            "<tr><td class=\"t\">{}</td><td>{count}</td><td class=\"t\"><svg width=\"200\" \
             height=\"12\" role=\"img\" aria-label=\"{count}\"><rect width=\"{width}\" \
             height=\"12\" fill=\"{colour}\"/></svg></td><td class=\"t\">{}</td></tr>",
            class.words(),
            esc(&outcomes.join(", "))
        );
    }
    out.push_str("</table>\n");
    if site.records_gone > 0 {
        let (gone, all) = (site.records_gone, site.records);
        let _ = writeln!(
            out,
            "<p>{gone} of {all} records are not on the portal any more.</p>"
        );
    }
}

fn calendar(out: &mut String, calendar: &Calendar) {
    out.push_str("<h3>Articles by month of publication</h3>\n");
    heat_map(out, calendar);
    for (count, what) in [
        (calendar.undated, "articles without a month"),
        (
            calendar.odd_dates,
            "articles dated before 1990 or in the future",
        ),
    ] {
        if count > 0 {
            let _ = writeln!(out, "<p>{count} {what}</p>");
        }
    }
    list(out, "Holes", &calendar.holes, |hole| {
        let place = hole
            .category
            .as_deref()
            .map(|name| format!(" in {}", esc(name)));
        format!(
            "{} to {}{}: {} articles, where about {:.0} were to be expected",
            hole.from,
            hole.to,
            place.unwrap_or_default(),
            hole.found,
            hole.expected
        )
    });
    if let Some(silence) = &calendar.silence {
        let _ = writeln!(
            out,
            "<p class=\"note\">Nothing from {} to {}, where about {:.0} articles were to be \
             expected.</p>",
            silence.from, silence.to, silence.expected
        );
    }
    let (Some(first), Some(last)) = (
        calendar.months.keys().next(),
        calendar.months.keys().next_back(),
    ) else {
        return;
    };
    out.push_str("<details><summary>By category</summary><table>\n");
    for category in calendar.categories.iter().take(CATEGORIES) {
        let _ = writeln!(
            out,
            "<tr><td class=\"t\">{}</td><td>{}</td><td class=\"t\">{}</td></tr>",
            esc(&category.name),
            category.articles,
            bars(&category.months, *first, *last)
        );
    }
    out.push_str("</table>");
    let more = calendar.categories.len().saturating_sub(CATEGORIES);
    if more > 0 {
        let _ = write!(out, "<p>… and {more} more</p>");
    }
    out.push_str("</details>\n");
}

/// One bar of all classes, each with its share.
fn stack(classes: &BTreeMap<Class, u64>) -> String {
    let all = classes.values().sum::<u64>().max(1);
    let mut out =
        String::from("<svg width=\"200\" height=\"12\" role=\"img\" aria-label=\"shares\">");
    let mut before = 0_u64;
    for (class, count) in classes {
        let from = before.saturating_mul(200) / all;
        before += count;
        let width = (before.saturating_mul(200).div_ceil(all)).saturating_sub(from);
        let _ = write!(
            out,
            "<rect x=\"{from}\" width=\"{width}\" height=\"12\" fill=\"{}\"><title>{}: \
             {count}</title></rect>",
            colour(*class),
            class.words()
        );
    }
    out.push_str("</svg>");
    out
}

fn colour(class: Class) -> &'static str {
    match class {
        Class::Archived => "#35915a",
        Class::Unexplained => "#a3130b",
        Class::Unreachable => "#d08a1d",
        _ => "#8a8a8a",
    }
}

/// Years below each other, months side by side.
fn heat_map(out: &mut String, calendar: &Calendar) {
    let months = &calendar.months;
    let (Some(first), Some(last)) = (months.keys().next(), months.keys().next_back()) else {
        out.push_str("<p>none</p>\n");
        return;
    };
    let steps = steps(months);
    let years = usize::try_from(last.year() - first.year() + 1).unwrap_or(1);
    let (width, height) = (50 + 12 * STEP + 60, 20 + years * STEP);
    let _ = write!(
        out,
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"articles by month\">"
    );
    for number in 0..12 {
        let x = 50 + number * STEP + CELL / 2;
        let month = number + 1;
        let _ = write!(
            out,
            "<text x=\"{x}\" y=\"12\" text-anchor=\"middle\">{month}</text>"
        );
    }
    let mut sums: BTreeMap<i32, u64> = BTreeMap::new();
    let row = |year: i32| 20 + usize::try_from(year - first.year()).unwrap_or(0) * STEP;
    for (month, count) in months {
        *sums.entry(month.year()).or_default() += u64::from(*count);
        let shade = level(*count, &steps).and_then(|level| SHADES.get(level));
        let fill = shade.copied().unwrap_or("#eeeeee");
        let edge = if in_hole(calendar, *month) {
            " stroke=\"#a3130b\" stroke-width=\"2\""
        } else {
            ""
        };
        let (x, y) = (50 + month.number() * STEP, row(month.year()));
        let _ = write!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" rx=\"3\" \
             fill=\"{fill}\"{edge}><title>{month}: {count}</title></rect>"
        );
    }
    for (year, sum) in sums {
        let y = row(year) + CELL - 7;
        let x = 50 + 12 * STEP + 6;
        let _ = write!(
            out,
            "<text x=\"6\" y=\"{y}\">{year}</text><text x=\"{x}\" y=\"{y}\">{sum}</text>"
        );
    }
    out.push_str("</svg>\n<p><svg width=\"520\" height=\"18\" role=\"img\" aria-label=\"legend\">");
    let mut x = 0;
    let mut low = 1;
    let ranges = SHADES.iter().zip(steps).filter_map(|(shade, high)| {
        let range = (high >= low).then(|| range(low, high));
        low = low.max(high + 1);
        Some((*shade, range?))
    });
    let ranges: Vec<(&str, String)> = ranges.collect();
    let none = [("#eeeeee", "none".to_owned())];
    for (shade, words) in none.into_iter().chain(ranges) {
        let _ = write!(
            out,
            "<rect x=\"{x}\" y=\"2\" width=\"14\" height=\"14\" rx=\"3\" fill=\"{shade}\"/>\
             <text x=\"{}\" y=\"13\">{words}</text>",
            x + 19
        );
        x += 90;
    }
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"3\" width=\"12\" height=\"12\" rx=\"3\" fill=\"#eeeeee\" \
         stroke=\"#a3130b\" stroke-width=\"2\"/><text x=\"{}\" y=\"13\">hole</text></svg></p>",
        x + 1,
        x + 19
    );
}

/// A small chart of one category: a bar for each month.
fn bars(months: &BTreeMap<Month, u32>, first: Month, last: Month) -> String {
    let span = last.since(first) + 1;
    let width = span.saturating_mul(3).clamp(60, 480);
    let most = months.values().copied().max().unwrap_or(1).max(1);
    let mut out = format!(
        "<svg viewBox=\"0 0 {} 24\" preserveAspectRatio=\"none\" width=\"{width}\" height=\"24\" \
         role=\"img\" aria-label=\"articles by month\">",
        span * 3
    );
    for (month, count) in months {
        let height = (count * 24).div_ceil(most).max(1);
        let _ = write!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"2\" height=\"{height}\" fill=\"#35915a\">\
             <title>{month}: {count}</title></rect>",
            month.since(first) * 3,
            24_u32.saturating_sub(height)
        );
    }
    out.push_str("</svg>");
    out
}

fn chain(out: &mut String, site: &SiteAudit) {
    let chain = &site.chain;
    let _ = writeln!(
        out,
        "<h3>Newer and older articles</h3>\n<p>{} links on {} pages; {} URLs without an answer, \
         {} records that no other one links to.</p>",
        chain.links, chain.pages, chain.broken.total, chain.islands.total
    );
    list(out, "Broken", &chain.broken, |one| {
        format!(
            "{} ({}), named by {}",
            link(&one.url),
            one.why,
            link(&one.from)
        )
    });
    list(out, "Islands", &chain.islands, |one| {
        format!("{} (found by {})", link(&one.url), one.via)
    });
}

fn ids(out: &mut String, site: &SiteAudit) {
    let ids = &site.ids;
    out.push_str("<h3>Sequence numbers</h3>\n");
    let (Some(min), Some(max)) = (ids.min, ids.max) else {
        out.push_str("<p>The URLs have none.</p>\n");
        return;
    };
    let _ = writeln!(
        out,
        "<p>{min} to {max}: {} archived, {} missing, {} of them in no known URL (a number alone \
         gives no address).</p>",
        ids.archived, ids.missing, ids.missing_unknown
    );
    list(out, "Gaps", &ids.gaps, |gap| {
        let known: Vec<String> = gap
            .known
            .iter()
            .map(|known| format!("{} {}", known.outcome, link(&known.url)))
            .collect();
        let known = if known.is_empty() {
            "no URL is known".to_owned()
        } else {
            known.join(", ")
        };
        format!("{}–{}: {known}", gap.from, gap.to)
    });
}

fn sources(out: &mut String, site: &SiteAudit) {
    out.push_str(
        "<h3>What the portal's own lists named</h3>\n<table><tr><th class=\"t\">kind</th>\
         <th>pages</th><th>captures</th><th>articles</th><th class=\"t\"></th>\
         <th class=\"t\">what became of them</th></tr>\n",
    );
    for (kind, sum) in &site.sources.kinds {
        let _ = writeln!(
            out,
            "<tr><td class=\"t\">{kind}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td class=\"t\">{}</td><td class=\"t\">{}</td></tr>",
            sum.pages,
            sum.captures,
            sum.named,
            stack(&sum.classes),
            super::text::classes(&sum.classes)
        );
    }
    out.push_str("</table>\n");
    list(
        out,
        "Lists that were not read",
        &site.sources.unread,
        |one| format!("{} {} ({})", one.kind, link(&one.url), one.outcome),
    );
    out.push_str("<h3>Feeds from capture to capture</h3>\n<ul>\n");
    for feed in &site.sources.feeds {
        let _ = writeln!(
            out,
            "<li>{}: {} captures, {} of {} pairs overlap",
            link(&feed.url),
            feed.captures,
            feed.overlapping,
            feed.pairs
        );
        list(out, "Gaps", &feed.gaps, |gap| {
            format!("between {} and {}", gap.after, gap.before)
        });
        out.push_str("</li>\n");
    }
    out.push_str("</ul>\n");
}

fn list<T>(out: &mut String, title: &str, found: &Found<T>, line: impl Fn(&T) -> String) {
    if found.total == 0 {
        return;
    }
    let (shown, more) = found.first(SHOWN);
    let _ = writeln!(
        out,
        "<details{}><summary>{title}: {}</summary><ul>",
        if found.total <= 20 { " open" } else { "" },
        found.total
    );
    for item in shown {
        let _ = writeln!(out, "<li>{}</li>", line(item));
    }
    if more > 0 {
        let _ = writeln!(out, "<li>… and {more} more</li>");
    }
    out.push_str("</ul></details>\n");
}

/// A link, where the text is a web address; nothing is fetched unless it is clicked.
fn link(url: &str) -> String {
    let text = esc(url);
    if url.starts_with("http://") || url.starts_with("https://") {
        format!("<a href=\"{text}\">{text}</a>")
    } else {
        text.into_owned()
    }
}

fn esc<T: AsRef<str> + ?Sized>(text: &T) -> Cow<'_, str> {
    escape(text.as_ref())
}
