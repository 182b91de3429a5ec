//! Batches are gathered in front of the engine and go down as one: an engine's cost for a batch
//! (sled writes and waits for a piece of its log, redb makes a transaction) is paid once a group of
//! tasks. Readers see what was applied at once, as without it. A group is atomic as a whole, and
//! so is each batch of it; nothing is promised before `flush`, as the seam says. Never durable by
//! itself, never more than `ROOM` in memory.

use super::{Batch, Pair, Scan, Store, StoreError};
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// What may wait here, bytes of keys and values, before it goes to the engine without a flush.
const ROOM: usize = 2 << 20;

/// What is to happen to keys: a value, or `None` for a removal.
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// One of them.
type Change = (Vec<u8>, Option<Vec<u8>>);

/// An engine with a group of batches in front of it.
pub struct Staged<S: Store> {
    engine: S,
    changes: RwLock<Changes>,
    /// Held by who writes.
    writing: Mutex<Writing>,
}

#[derive(Default)]
struct Writing {
    bytes: usize,
    /// The engine refused a group: it is not tried again behind the caller's back.
    refused: bool,
}

impl<S: Store> Staged<S> {
    /// Puts the gathering in front of `engine`.
    pub fn new(engine: S) -> Self {
        Self {
            engine,
            changes: RwLock::default(),
            writing: Mutex::default(),
        }
    }

    // (A panic of another thread leaves both locks' values whole: nothing is half done in them.)
    fn read(&self) -> RwLockReadGuard<'_, Changes> {
        self.changes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands everything to the engine. Readers go on; they find each key here or there.
    fn hand_down(&self, writing: &mut Writing) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        for (key, value) in self.read().iter() {
            match value {
                Some(value) => batch.put(key.clone(), value.clone()),
                None => batch.delete(key.clone()),
            }
        }
        if !batch.is_empty() {
            let applied = self.engine.apply(batch);
            writing.refused = applied.is_err();
            applied?;
        }
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        // (The memory of one group serves the next.)
        changes.clear();
        writing.bytes = 0;
        Ok(())
    }
}

impl<S: Store> Store for Staged<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(change) = self.read().get(key) {
            return Ok(change.clone());
        }
        self.engine.get(key)
    }

    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        if let Some(change) = self.read().get(key) {
            return Ok(change.is_some());
        }
        self.engine.has(key)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        // The changes come first: what goes down in between is then seen twice, not never.
        let range = (Bound::Included(from), Bound::Excluded(to));
        let mut above = Vec::new();
        for (key, value) in self.read().range::<[u8], _>(range) {
            above.push((key.clone(), value.clone()));
        }
        let below = self.engine.scan(from, to);
        if above.is_empty() {
            return below;
        }
        Box::new(Merged {
            below: below.peekable(),
            above: above.into_iter().peekable(),
        })
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut writing = self.writing();
        {
            let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
            for key in batch.deletes {
                writing.bytes += key.len();
                changes.insert(key, None);
            }
            for (key, value) in batch.puts {
                writing.bytes += key.len() + value.len();
                changes.insert(key, Some(value));
            }
        }
        if writing.bytes > ROOM {
            self.hand_down(&mut writing)?;
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.hand_down(&mut self.writing())?;
        self.engine.flush()
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.engine.size()
    }
}

impl<S: Store> Drop for Staged<S> {
    fn drop(&mut self) {
        let mut writing = self.writing();
        if !writing.refused {
            // Nobody waits for it: whoever needs to know has called `flush`.
            let _ = self.hand_down(&mut writing);
        }
    }
}

/// The engine's pairs with the changes over them, in key order.
struct Merged<'a> {
    below: Peekable<Scan<'a>>,
    above: Peekable<std::vec::IntoIter<Change>>,
}

impl Iterator for Merged<'_> {
    type Item = Result<Pair, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let changed = match (self.above.peek(), self.below.peek()) {
                (None, _) => return self.below.next(),
                (Some(_), None) => true,
                (Some(_), Some(Err(_))) => return self.below.next(),
                (Some((above, _)), Some(Ok((below, _)))) => {
                    let order = above.cmp(below);
                    if order.is_eq() {
                        self.below.next();
                    }
                    order.is_le()
                }
            };
            if !changed {
                return self.below.next();
            }
            if let Some((key, Some(value))) = self.above.next() {
                return Some(Ok((key, value)));
            }
        }
    }
}
