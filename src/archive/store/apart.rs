//! Large values lie apart from their keys, in the order in which they were written; in their place
//! stands a number. A B-tree whose keys are hashes and whose values are articles is otherwise read
//! and written all over for each article: its leaves are large (sled's hold 8 to 16 values,
//! whatever their size), and each new key falls into any of them. (The same idea: Lu et al.,
//! "WiscKey", FAST 2016.) Values and the places they lie at change in one batch.

use super::{Batch, Pair, Scan, Store, StoreError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Values from this size on lie apart, bytes.
const FROM: usize = 512;
/// The first byte of the keys that are this module's own; callers' keys are below it.
const OWN: u8 = u8::MAX;
/// `OWN`, `VALUE`, number: a value.
const VALUE: u8 = 1;
/// `OWN`, `FIRST`, byte: values of keys that begin with that byte may lie apart.
const FIRST: u8 = 0;
/// What stands at a key in place of its value: this, and the number.
const PLACE: u8 = 0;
const PLACE_LENGTH: usize = 9;

type Firsts = [bool; 256];

/// An engine whose large values lie apart.
pub struct Apart<S: Store> {
    engine: S,
    path: PathBuf,
    /// The number of the next value.
    next: AtomicU64,
    /// The first bytes of keys whose values may lie apart; held by who writes.
    firsts: Mutex<Firsts>,
}

fn value_key(number: u64) -> Vec<u8> {
    let mut key = vec![OWN, VALUE];
    key.extend_from_slice(&number.to_be_bytes());
    key
}

fn is_place(value: &[u8]) -> bool {
    value.len() == PLACE_LENGTH && value.first() == Some(&PLACE)
}

/// The number in what stands at a key; `None` where it is the value itself.
fn number(value: &[u8]) -> Option<u64> {
    let [PLACE, number @ ..] = value else {
        return None;
    };
    Some(u64::from_be_bytes(number.try_into().ok()?))
}

impl<S: Store> Apart<S> {
    /// Puts large values apart in `engine`, whose folder is `path`.
    ///
    /// # Errors
    /// As the engine's.
    pub fn new(engine: S, path: &Path) -> Result<Self, StoreError> {
        let mut firsts = [false; 256];
        for pair in engine.scan(&[OWN, FIRST], &[OWN, FIRST + 1]) {
            let (key, _) = pair?;
            if let Some(first) = key.get(2).and_then(|byte| firsts.get_mut(*byte as usize)) {
                *first = true;
            }
        }
        // The least number from which on nothing lies there.
        let (mut low, mut high) = (0, u64::MAX);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut above = engine.scan(&value_key(middle), &[OWN, VALUE + 1]);
            match above.next().transpose()? {
                Some(_) => low = middle + 1,
                None => high = middle,
            }
        }
        Ok(Self {
            engine,
            path: path.to_owned(),
            next: AtomicU64::new(low),
            firsts: Mutex::new(firsts),
        })
    }

    /// The value of a key at which `found` stands. A writer may put another value in its place
    /// meanwhile, and remove this one: then that one is the value.
    fn follow(&self, key: &[u8], mut found: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        loop {
            let Some(number) = number(&found) else {
                return Ok(Some(found));
            };
            if let Some(value) = self.engine.get(&value_key(number))? {
                return Ok(Some(value));
            }
            match self.engine.get(key)? {
                None => return Ok(None),
                Some(now) if now == found => {
                    return Err(StoreError::Damaged {
                        path: self.path.clone(),
                        why: format!("value {number} is missing"),
                    });
                }
                Some(now) => found = now,
            }
        }
    }

    /// Removes what lies apart for a key.
    fn forget(&self, key: &[u8], firsts: &Firsts, out: &mut Batch) -> Result<(), StoreError> {
        if has(firsts, key)
            && let Some(number) = self.engine.get(key)?.as_deref().and_then(number)
        {
            out.delete(value_key(number));
        }
        Ok(())
    }
}

fn has(firsts: &Firsts, key: &[u8]) -> bool {
    let known = key.first().and_then(|byte| firsts.get(*byte as usize));
    known.copied().unwrap_or(false)
}

impl<S: Store> Store for Apart<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.engine.get(key)? {
            Some(found) => self.follow(key, found),
            None => Ok(None),
        }
    }

    fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.engine.has(key)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        let found = self.engine.scan(from, to.min(&[OWN]));
        Box::new(found.filter_map(|pair| {
            let (key, found) = match pair {
                Ok(pair) => pair,
                Err(why) => return Some(Err(why)),
            };
            let value = self.follow(&key, found).transpose()?;
            Some(value.map(|value| -> Pair { (key, value) }))
        }))
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        // (A panic while it was held leaves it as it was.)
        let mut firsts = self.firsts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = *firsts;
        let mut out = Batch::default();
        for key in batch.deletes {
            self.forget(&key, &firsts, &mut out)?;
            out.delete(key);
        }
        for (key, value) in batch.puts {
            self.forget(&key, &firsts, &mut out)?;
            if value.len() < FROM && !is_place(&value) {
                out.put(key, value);
                continue;
            }
            if let Some(first) = key.first()
                && let Some(known) = now.get_mut(*first as usize)
                && !*known
            {
                *known = true;
                out.put(vec![OWN, FIRST, *first], Vec::new());
            }
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let mut place = vec![PLACE];
            place.extend_from_slice(&number.to_be_bytes());
            out.put(key, place);
            out.put(value_key(number), value);
        }
        self.engine.apply(out)?;
        *firsts = now;
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.engine.flush()
    }

    fn size(&self) -> Result<u64, StoreError> {
        self.engine.size()
    }
}
