//! How many pages of a run show a symptom: among the last ones, and among all.

use super::chance::surprise;
use super::symptom::Symptom;
use std::collections::{HashMap, VecDeque};

/// The last pages that are looked at by themselves: half of them gone wrong is plain, however many
/// came before.
const RECENT: usize = 50;
/// Symptoms that are remembered beyond the last pages.
const REMEMBERED: usize = 8_000;
/// Fewer pages prove nothing.
const FEWEST: u64 = 3;
/// One in a million: a site has some fifty symptoms, a year some thousand looks at each.
const ODD: f64 = 13.8;

/// The pages of one kind.
#[derive(Debug, Default)]
pub(crate) struct Window {
    last: VecDeque<Vec<Symptom>>,
    recent: HashMap<Symptom, u64>,
    all: HashMap<Symptom, u64>,
    pages: u64,
}

impl Window {
    /// Takes a page in.
    pub fn push(&mut self, symptoms: Vec<Symptom>) {
        self.pages += 1;
        for symptom in &symptoms {
            *self.recent.entry(*symptom).or_default() += 1;
            *self.all.entry(*symptom).or_default() += 1;
        }
        if self.all.len() > REMEMBERED {
            self.all.retain(|_, pages| *pages > 1);
            if self.all.len() > REMEMBERED {
                self.all.clear();
                self.pages = 0;
            }
        }
        self.last.push_back(symptoms);
        if self.last.len() > RECENT {
            for symptom in self.last.pop_front().unwrap_or_default() {
                if let Some(pages) = self.recent.get_mut(&symptom) {
                    *pages -= 1;
                    if *pages == 0 {
                        self.recent.remove(&symptom);
                    }
                }
            }
        }
    }

    /// Pages that show it, and pages in all, where that is more than a `rate` of them explains.
    pub fn odd(&self, symptom: Symptom, rate: f64) -> Option<(u64, u64)> {
        let of = |all: &HashMap<Symptom, u64>| all.get(&symptom).copied().unwrap_or_default();
        [
            (of(&self.recent), self.last.len() as u64),
            (of(&self.all), self.pages),
        ]
        .into_iter()
        .find(|(hits, pages)| *hits >= FEWEST && surprise(*hits, *pages, rate) >= ODD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_last_pages_are_seen_after_many_good_ones() {
        let mut window = Window::default();
        for _ in 0..5000 {
            window.push(Vec::new());
        }
        assert_eq!(window.odd(Symptom::Now, 0.1), None);
        for page in 0..50 {
            window.push(match page % 2 {
                0 => vec![Symptom::Now],
                _ => Vec::new(),
            });
        }
        assert_eq!(window.odd(Symptom::Now, 0.1), Some((25, 50)));
    }

    #[test]
    fn two_pages_prove_nothing() {
        let mut window = Window::default();
        window.push(vec![Symptom::Now]);
        window.push(vec![Symptom::Now]);
        assert_eq!(window.odd(Symptom::Now, 1e-9), None);
    }
}
