//! What is usual on a site, and how unusual a run is.
//!
//! The baseline is made anew at the start of each run from the archive's own records that are not
//! in quarantine (`Archive::sampled`), so it needs no row of its own and a rebuild has the same.
//! Each symptom that a page shows has a rate: the upper end of Wilson's interval (z = 2) of its
//! share in the baseline, widened by 1.3 since pages of one week are alike, and never below the
//! floor that its kind has. `surprise` bounds the binomial tail above it (Chernoff).

use super::chance::upper;
use super::sample::{Field, Sample};
use super::symptom::Symptom;
use crate::domain::NotArticle;
use std::collections::{BTreeMap, HashMap};

/// A baseline of fewer pages knows only what is absurd on any site.
const ENOUGH: u32 = 20;
/// What is absurd on any site is so on more than half of its pages.
const ABSURD: f64 = 0.5;
const WIDER: f64 = 1.3;
/// Fields whose length is compared.
const MEASURED: [Field; 3] = [Field::Title, Field::Lead, Field::Body];
/// Fields that hardly ever say the same on two pages.
const DISTINCT: [Field; 3] = [Field::Title, Field::Lead, Field::Body];
/// A month, seconds: dates this far outside their neighbours' are out of order.
const MONTH: i64 = 30 * 86_400;
/// Neighbours by number, on either side.
const NEIGHBOURS: usize = 3;

/// A symptom that a user took as good.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    pub symptom: Symptom,
    /// Its share when it was raised.
    pub share: f64,
    /// When the first page showed it, microseconds since 1970.
    pub since: i64,
}

/// What is usual on a site.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    pages: u32,
    shown: HashMap<Symptom, u32>,
    /// Length limits of `MEASURED`.
    lengths: [(u32, u32); MEASURED.len()],
    /// Numbers and dates of articles, by number.
    line: Vec<(u64, i64)>,
    /// Ends of article tasks in earlier runs: no article, by reason; and all.
    ends: (HashMap<NotArticle, u32>, u32),
    accepted: HashMap<Symptom, f64>,
    /// The rule that finds a field most often.
    rules: HashMap<Field, String>,
    /// The site's own names, which are nobody's byline.
    names: Vec<u64>,
}

impl Baseline {
    pub fn new(
        samples: &[Sample],
        ends: (HashMap<NotArticle, u32>, u32),
        accepted: &[Accepted],
        names: Vec<u64>,
    ) -> Self {
        let mut made = Self {
            pages: u32::try_from(samples.len()).unwrap_or(u32::MAX),
            lengths: MEASURED.map(|field| lengths(samples, field)),
            ends,
            names,
            ..Self::default()
        };
        let numbered = samples.iter();
        made.line = numbered
            .filter_map(|sample| Some((sample.sequence?, sample.published?)))
            .collect();
        made.line.sort_unstable();
        let mut rules: HashMap<(Field, &str), u32> = HashMap::new();
        for sample in samples {
            for symptom in made.symptoms(sample) {
                *made.shown.entry(symptom).or_default() += 1;
            }
            for field in Field::ALL {
                if let Some(rule) = field.rule(&sample.rules) {
                    *rules.entry((field, rule)).or_default() += 1;
                }
            }
        }
        for field in Field::ALL {
            let found = rules.iter().filter(|((of, _), _)| *of == field);
            if let Some(((_, rule), _)) = found.max_by_key(|((_, rule), n)| (**n, *rule)) {
                made.rules.insert(field, (*rule).to_owned());
            }
        }
        for one in accepted {
            let of = |sample: &&Sample| sample.at >= one.since;
            let all = samples.iter().filter(of).count();
            let with = samples.iter().filter(of);
            let with = with.filter(|sample| made.symptoms(sample).contains(&one.symptom));
            // Once there are enough new pages, they say how usual it is.
            let share = match all {
                50.. if !one.symptom.is_passing() => upper(with.count() as f64, all as f64),
                _ => one.share,
            };
            made.accepted.insert(one.symptom, share * WIDER);
        }
        // What one page alone shows needs no memory.
        made.shown.retain(|_, pages| *pages > 1);
        made
    }

    /// The rule that finds a field most often.
    pub fn rule(&self, field: Field) -> &str {
        self.rules.get(&field).map_or("", String::as_str)
    }

    /// What a page shows by itself.
    pub fn symptoms(&self, sample: &Sample) -> Vec<Symptom> {
        let mut out = Vec::with_capacity(12 + sample.paragraphs.len());
        for field in Field::ALL {
            if sample.value(field).is_none() {
                out.push(Symptom::Absent(field));
            }
        }
        for (field, (short, long)) in MEASURED.into_iter().zip(self.lengths) {
            if let Some(value) = sample.value(field) {
                if value.chars < short {
                    out.push(Symptom::Short(field));
                } else if value.chars > long {
                    out.push(Symptom::Long(field));
                }
            }
        }
        for field in DISTINCT {
            if let Some(value) = sample.value(field) {
                out.push(Symptom::Same(field, value.hash, false));
            }
        }
        let signed = sample.signed.iter();
        out.extend(signed.map(|(line, person)| Symptom::Same(Field::Byline, *line, *person)));
        out.extend(
            sample
                .paragraphs
                .iter()
                .map(|one| Symptom::Boilerplate(*one)),
        );
        if sample.is_now() {
            out.push(Symptom::Now);
        }
        if sample.is_future() {
            out.push(Symptom::Future);
        }
        if self.is_out_of_order(sample) {
            out.push(Symptom::Order);
        }
        out.extend(sample.warned().map(|at| Symptom::Warned(at as u8)));
        out
    }

    /// What a page shows beside what it showed before.
    pub fn changed(&self, sample: &Sample, before: &Sample) -> (Vec<Symptom>, Vec<Symptom>) {
        let old = self.symptoms(before);
        let mut own = self.symptoms(sample);
        own.retain(|symptom| !old.contains(symptom));
        let mut paired = Vec::new();
        for field in Field::ALL {
            match (before.value(field), sample.value(field)) {
                (Some(_), None) => paired.push(Symptom::Lost(field)),
                (Some(old), Some(new)) if old.hash != new.hash && DISTINCT.contains(&field) => {
                    paired.push(Symptom::Turned(field, new.hash));
                }
                _ => {}
            }
            if let (Some(old), Some(new)) = (before.value(field), sample.value(field))
                && MEASURED.contains(&field)
            {
                if new.chars < old.chars / 2 {
                    paired.push(Symptom::Shrunk(field));
                } else if new.chars / 2 > old.chars {
                    paired.push(Symptom::Grown(field));
                }
            }
        }
        for (line, _) in &sample.signed {
            if !before.signed.is_empty() && !before.signed.iter().any(|(old, _)| old == line) {
                paired.push(Symptom::Turned(Field::Byline, *line));
            }
        }
        if let (Some(old), Some(new)) = (before.published, sample.published)
            && ((sample.is_now() && old.abs_diff(new) > 3600)
                || (sample.is_today() && old.abs_diff(new) > 2 * 86_400))
        {
            paired.push(Symptom::TurnedNow);
        }
        (own, paired)
    }

    fn is_out_of_order(&self, sample: &Sample) -> bool {
        let (Some(number), Some(published)) = (sample.sequence, sample.published) else {
            return false;
        };
        let below = self.line.partition_point(|(n, _)| *n < number);
        let above = self.line.partition_point(|(n, _)| *n <= number);
        let before = self.line.get(below.saturating_sub(NEIGHBOURS)..below);
        let after = self
            .line
            .get(above..(above + NEIGHBOURS).min(self.line.len()));
        let dates = |line: Option<&[(u64, i64)]>| -> Option<Vec<i64>> {
            let line = line.filter(|line| line.len() == NEIGHBOURS)?;
            Some(line.iter().map(|(_, date)| *date).collect())
        };
        let early = dates(before).and_then(|all| all.into_iter().min());
        let late = dates(after).and_then(|all| all.into_iter().max());
        early.is_some_and(|early| published < early - MONTH)
            || late.is_some_and(|late| published > late + MONTH)
    }

    /// The share of pages that may show this symptom; `None` where nobody can say.
    pub fn rate(&self, symptom: Symptom) -> Option<f64> {
        let (pages, shown) = match symptom {
            Symptom::NoArticle(why) => (self.ends.1, self.ends.0.get(&why)),
            _ => (self.pages, self.shown.get(&symptom)),
        };
        let accepted = self.accepted.get(&symptom).copied().unwrap_or_default();
        let rate = if pages < ENOUGH {
            if !symptom.is_absurd() && (!symptom.is_paired() || self.pages < ENOUGH) {
                return None;
            }
            if symptom.is_paired() {
                symptom.floor()
            } else {
                ABSURD
            }
        } else if symptom.is_paired() {
            symptom.floor()
        } else {
            let floor = match symptom {
                Symptom::Same(Field::Byline, name, _) if self.names.contains(&name) => 0.05,
                other => other.floor(),
            };
            let shown = f64::from(shown.copied().unwrap_or_default());
            floor.max(upper(shown, f64::from(pages)) * WIDER * usual(symptom))
        };
        let rate = rate.max(accepted);
        // Where nearly every page may show it, none is odd.
        (rate < 0.9).then_some(rate)
    }
}

/// A value that the baseline does not know has no share in it: its floor says it all.
fn usual(symptom: Symptom) -> f64 {
    match symptom {
        Symptom::Same(..) | Symptom::Boilerplate(_) => 1.0 / WIDER,
        _ => 1.0,
    }
}

/// Limits of the lengths of a field: a quarter of the shortest hundredth, four times the
/// longest.
fn lengths(samples: &[Sample], field: Field) -> (u32, u32) {
    let mut all: Vec<u32> = samples
        .iter()
        .filter_map(|sample| Some(sample.value(field)?.chars))
        .collect();
    if (all.len() as u64) < u64::from(ENOUGH) {
        return (0, u32::MAX);
    }
    all.sort_unstable();
    let at = |share: f64| all.get((share * (all.len() - 1) as f64) as usize).copied();
    (
        at(0.01).unwrap_or(0) / 4,
        at(0.99).unwrap_or(u32::MAX).saturating_mul(4),
    )
}

/// The ends of article tasks in earlier runs, by their names in the reports.
pub(crate) fn ends<'a>(
    reports: impl Iterator<Item = &'a BTreeMap<String, u64>>,
) -> (HashMap<NotArticle, u32>, u32) {
    let (mut none, mut all) = (HashMap::new(), 0_u32);
    for report in reports {
        let of = |name: &str| {
            let count = report.get(name).copied().unwrap_or_default();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        // (A 304 says nothing of the markup.)
        for name in ["new", "same_text", "revision", "unchanged", "alias"] {
            all = all.saturating_add(of(name));
        }
        for why in WATCHED {
            let count = of(crate::domain::Outcome::NotArticle(why).name());
            all = all.saturating_add(count);
            let sum: &mut u32 = none.entry(why).or_default();
            *sum = sum.saturating_add(count);
        }
    }
    (none, all)
}

/// What an article's URL may answer when its markup is not understood.
pub(crate) const WATCHED: [NotArticle; 7] = [
    NotArticle::Incomplete,
    NotArticle::Soft404,
    NotArticle::Home,
    NotArticle::CookieStub,
    NotArticle::Login,
    NotArticle::View,
    NotArticle::Page,
];
