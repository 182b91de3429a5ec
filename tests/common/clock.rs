//! Crawls at another time than today, by the library: what a year does to an archive.
#![allow(dead_code)]

use super::Place;
use chrono::{DateTime, TimeDelta, Utc};
use khobao::archive::{Archive, Committed, RunReport};
use khobao::config::{Config, Site};
use khobao::crawl::{self, Observer, Plan};
use khobao::domain::{Clock, SiteId};
use khobao::extract::profile::ProfileSet;
use std::sync::Arc;
use std::time::Duration;

/// A clock that runs, this much ahead.
#[derive(Debug)]
struct Ahead(TimeDelta);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.0
    }
}

struct Quiet;

impl Observer for Quiet {
    fn begin(&self, _: &Site, _: bool, _: bool) {}
    fn committed(&self, _: &Committed, _: u64) {}
    fn notice(&self, _: &SiteId, _: &str) {}
}

/// Crawls at this moment, as `khobao crawl` does.
pub fn crawl_at(place: &Place, now: DateTime<Utc>) -> RunReport {
    crawl_for(place, now, None)
}

/// The same with a limit (`--max-time`): a portal that is down would be waited for.
pub fn crawl_for(place: &Place, now: DateTime<Utc>, max_time: Option<Duration>) -> RunReport {
    let profiles = ProfileSet::with_dir(&[]).unwrap();
    let config = Config::load(&place.config(), &|name| profiles.get(name).is_some()).unwrap();
    let archive = match Archive::open(&config.archive) {
        Ok(archive) => archive,
        Err(_) => Archive::create(&config.archive, Default::default()).unwrap(),
    };
    let plan = Plan {
        sites: config.sites.clone(),
        full: None,
        since: None,
        max_pages: None,
        max_time,
        command: "crawl".to_owned(),
        only: Default::default(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let run = crawl::run(
        plan,
        &config,
        Arc::new(profiles),
        Arc::new(archive),
        Arc::new(Ahead(now - Utc::now())),
        Arc::new(Quiet),
        stopped,
    );
    runtime.block_on(run).unwrap()
}
