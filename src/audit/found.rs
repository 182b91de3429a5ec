//! Lists of what was found, bounded: all is counted, the first of them are kept.

use serde::Serialize;

/// Items that a list keeps.
pub const KEPT: usize = 10_000;

/// What was found: how many, and the first 10,000 of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found<T> {
    /// All of them.
    pub total: u64,
    /// The first.
    pub items: Vec<T>,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self {
            total: 0,
            items: Vec::new(),
        }
    }
}

impl<T> Found<T> {
    /// Counts one, and keeps it while there is room; it is only made when it is kept.
    pub fn push_with(&mut self, make: impl FnOnce() -> T) {
        self.total += 1;
        if self.items.len() < KEPT {
            self.items.push(make());
        }
    }

    /// Counts one, and keeps it while there is room.
    pub fn push(&mut self, item: T) {
        self.push_with(|| item);
    }

    /// The first `limit` of what was kept, and how many of all are left out.
    pub fn first(&self, limit: usize) -> (&[T], u64) {
        let shown = self.items.get(..limit).unwrap_or(&self.items);
        (shown, self.total.saturating_sub(shown.len() as u64))
    }
}
