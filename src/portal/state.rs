//! What the portal knows: its articles, its visitors, its anti-flood windows.

use super::content::{CATEGORIES, Truth, article};
use super::{Flood, PortalConfig};
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One request as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Since the portal's start.
    pub at: Duration,
    /// Path and query.
    pub path: String,
    /// What was answered.
    pub status: u16,
    /// `User-Agent`.
    pub agent: String,
}

/// The portal's state.
#[derive(Debug)]
pub(super) struct State {
    pub config: PortalConfig,
    pub port: u16,
    /// Counts views: no two fetches of a page are the same.
    pub views: AtomicU64,
    started: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    articles: BTreeMap<u64, Truth>,
    hits: Vec<Hit>,
    flood: Option<Flood>,
    window: (Instant, u32),
}

/// Ids that are no ordinary article when traps are set.
const EXPIRED: u64 = 17;
const EXTERNAL: u64 = 23;

impl State {
    pub fn new(config: PortalConfig, port: u16) -> Self {
        let mut articles = BTreeMap::new();
        let mut id = 1;
        while articles.len() < config.articles {
            // Each 37th number is a gap: deleted or never published.
            if !(config.traps && (id % 37 == 0 || id == EXPIRED || id == EXTERNAL)) {
                let mut new = article(id, config.same_time);
                if !config.traps {
                    new.also = None;
                }
                articles.insert(id, new);
            }
            id += 1;
        }
        let inner = Inner {
            articles,
            hits: Vec::new(),
            flood: config.flood,
            window: (Instant::now(), 0),
        };
        Self {
            config,
            port,
            views: AtomicU64::new(0),
            started: Instant::now(),
            inner: Mutex::new(inner),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn truth(&self) -> Vec<Truth> {
        self.lock().articles.values().cloned().collect()
    }

    pub fn hits(&self) -> Vec<Hit> {
        self.lock().hits.clone()
    }

    pub fn hit(&self, at: Duration, path: &str, status: u16, agent: &str) {
        let hit = Hit {
            at,
            path: path.to_owned(),
            status,
            agent: agent.to_owned(),
        };
        self.lock().hits.push(hit);
    }

    pub fn since_start(&self) -> Duration {
        self.started.elapsed()
    }

    pub fn view(&self) -> u64 {
        self.views.fetch_add(1, Ordering::Relaxed)
    }

    pub fn set_flood(&self, flood: Option<Flood>) {
        let mut inner = self.lock();
        inner.flood = flood;
        inner.window = (Instant::now(), 0);
    }

    /// The rule and the seconds left, when this request is one too many.
    pub fn flooded(&self) -> Option<(Flood, u64)> {
        let mut inner = self.lock();
        let flood = inner.flood?;
        if inner.window.0.elapsed() >= flood.window {
            inner.window = (Instant::now(), 0);
        }
        inner.window.1 += 1;
        let left = flood.window.saturating_sub(inner.window.0.elapsed());
        (inner.window.1 > flood.requests).then(|| (flood, left.as_secs() + 1))
    }

    pub fn get(&self, id: u64) -> Option<Truth> {
        self.lock().articles.get(&id).cloned()
    }

    pub fn is_expired(&self, id: u64) -> bool {
        self.config.traps && id == EXPIRED
    }

    pub fn is_external(&self, id: u64) -> bool {
        self.config.traps && id == EXTERNAL
    }

    /// A category's articles as its lists name them, newest first; expired and external ones are
    /// listed like any other.
    pub fn category(&self, category: usize) -> Vec<Truth> {
        let mut list: Vec<Truth> = self
            .lock()
            .articles
            .values()
            .filter(|a| a.category == category || a.also == Some(category))
            .cloned()
            .collect();
        if self.config.traps {
            for id in [EXPIRED, EXTERNAL] {
                let trap = article(id, 0);
                if trap.category == category {
                    list.push(trap);
                }
            }
        }
        // Filed twice: under its second category the article has another address, which answers 301.
        for twice in list.iter_mut().filter(|a| a.category != category) {
            let path = |at: usize| CATEGORIES.get(at).map_or("", |c| c.0);
            twice.url = twice.url.replacen(path(twice.category), path(category), 1);
        }
        list.sort_by_key(|a| (std::cmp::Reverse(a.published), std::cmp::Reverse(a.id)));
        list
    }

    /// All articles, newest first.
    pub fn newest(&self, count: usize) -> Vec<Truth> {
        let mut list = self.truth();
        list.sort_by_key(|a| (std::cmp::Reverse(a.published), std::cmp::Reverse(a.id)));
        list.truncate(count);
        list
    }

    /// Up to ten neighbours in the same category, nearest first, strictly newer or older.
    pub fn neighbours(&self, of: &Truth, newer: bool) -> Vec<Truth> {
        let mut list = self.category(of.category);
        list.retain(|a| a.category == of.category);
        if newer {
            list.reverse();
            list.retain(|a| a.published > of.published);
        } else {
            list.retain(|a| a.published < of.published);
        }
        list.truncate(10);
        list
    }

    pub fn edit(&self, id: u64, text: &str) -> bool {
        let mut inner = self.lock();
        let first = inner
            .articles
            .get_mut(&id)
            .and_then(|a| a.paragraphs.first_mut());
        match first {
            Some(first) => {
                text.clone_into(first);
                true
            }
            None => false,
        }
    }

    pub fn delete(&self, id: u64) -> bool {
        self.lock().articles.remove(&id).is_some()
    }

    pub fn publish(&self, title: &str) -> u64 {
        let mut inner = self.lock();
        let id = inner
            .articles
            .keys()
            .next_back()
            .copied()
            .unwrap_or(0)
            .max(EXTERNAL)
            + 1;
        let last = inner.articles.values().map(|a| a.published).max();
        let mut new = article(id, 0);
        new.title = title.to_owned();
        new.also = None;
        if let Some(last) = last {
            new.published = last + TimeDelta::minutes(5);
        }
        inner.articles.insert(id, new);
        id
    }

    /// Number of a category's list pages.
    pub fn pages(&self, category: usize) -> usize {
        self.category(category).len().div_ceil(20).max(1)
    }

    /// The category of this path.
    pub fn category_at(path: &str) -> Option<usize> {
        CATEGORIES.iter().position(|(name, _)| *name == path)
    }
}
