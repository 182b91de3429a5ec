//! One site's host: its robots.txt, its gate, and what is kept of both for the next run.

use super::{CrawlError, Shared};
use crate::archive::{Archive, ArchiveError, End};
use crate::config::Site;
use crate::domain::{Exchange, NotArticle, Outcome};
use crate::fetch::pace::{CrawlHours, Feedback, HostGate, HostState, PaceSettings, Parked, Permit};
use crate::fetch::robots::{self, Robots};
use crate::fetch::{FetchError, SiteNet, SiteNetSettings, TlsMode};
use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use url::Url;

/// Pauses up to this long are waited out in the run: `Retry-After` of anti-flood windows.
const WAIT: Duration = Duration::from_secs(600);
/// A host that keeps failing is parked at least this long, so that the run ends and says so.
const PARK: Duration = Duration::from_secs(1800);

/// A `Crawl-delay` of which the user is told.
const LONG: Duration = Duration::from_secs(60);

/// The gate and the rules of a site's hosts.
pub(crate) struct Host {
    key: String,
    gate: HostGate,
    net: Arc<SiteNet>,
    robots: Mutex<HashMap<String, Arc<Robots>>>,
    /// One worker asks for robots.txt, the others wait for it.
    asking: Semaphore,
}

/// What outlives the run.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    state: HostState,
    robots: HashMap<String, Robots>,
}

/// What robots.txt says of a URL.
pub(crate) enum Verdict {
    /// The run is ending.
    Stopped,
    /// The host may not be asked at all now.
    Parked(String),
    /// It is decided.
    Decided {
        /// Requests that were needed for that, to be captured.
        exchanges: Vec<Exchange>,
        /// Sitemaps that the file names.
        sitemaps: Vec<Url>,
        /// What it says, for the provenance; or why the URL must not be fetched: for the report,
        /// and for people.
        answer: Result<String, (Outcome, String)>,
    },
}

impl Host {
    /// The host of a site, as earlier runs left it.
    pub fn open(shared: &Shared, site: &Site) -> Result<Self, CrawlError> {
        let extra_ca = match &site.extra_ca {
            Some(path) => Some(std::fs::read(path).map_err(|why| FetchError::ExtraCa {
                why: format!("{}: {why}", path.display()),
            })?),
            None => None,
        };
        let net = SiteNet::new(SiteNetSettings {
            allow_private: site.allow_private,
            tls: if site.tls_relaxed {
                TlsMode::Relaxed
            } else {
                TlsMode::Strict
            },
            extra_ca,
            max_bytes: None,
        })?;
        let key = site.base.origin().ascii_serialization();
        let kept: Option<Kept> = shared.archive.host(&key)?;
        let known = kept.is_some();
        let kept = kept.unwrap_or_default();
        let time = |minutes: u16| {
            NaiveTime::from_hms_opt(u32::from(minutes / 60), u32::from(minutes % 60), 0)
                .unwrap_or_default()
        };
        let settings = PaceSettings {
            pace: site.pace,
            concurrency: site.concurrency,
            wait_limit: WAIT,
            park: PARK,
            hours: site.hours.map(|(from, to)| CrawlHours {
                zone: site.timezone,
                from: time(from),
                to: time(to),
            }),
            ..PaceSettings::default()
        };
        let gate = HostGate::new(settings, kept.state, Arc::clone(&shared.clock));
        if known {
            gate.wait_first();
        }
        let robots = kept
            .robots
            .into_iter()
            // The settings that failed may have been mended since: `relaxed`, `extra_ca`.
            .filter(|(_, robots)| !robots.is_tls_fault())
            .map(|(origin, r)| (origin, Arc::new(r)))
            .collect();
        Ok(Self {
            key,
            gate,
            net,
            robots: Mutex::new(robots),
            asking: Semaphore::new(1),
        })
    }

    /// The network settings of the site.
    pub fn net(&self) -> Arc<SiteNet> {
        Arc::clone(&self.net)
    }

    /// Sitemaps that the known robots.txt files name.
    pub fn sitemaps(&self) -> Vec<Url> {
        let known = self.lock();
        known
            .values()
            .flat_map(|robots| robots.sitemaps().to_vec())
            .collect()
    }

    /// What robots.txt says of `url`; fetches it when it is unknown or older than a day.
    /// `flood` knows the portal's anti-flood page.
    pub async fn robots(
        &self,
        shared: &Shared,
        url: &Url,
        flood: &(dyn Fn(&Exchange) -> bool + Send + Sync),
    ) -> Verdict {
        let origin = url.origin().ascii_serialization();
        if let Some(robots) = self.known(shared, &origin) {
            return decided(&robots, url, Vec::new());
        }
        // The semaphore is never closed.
        let Ok(_turn) = self.asking.acquire().await else {
            return Verdict::Stopped;
        };
        if let Some(robots) = self.known(shared, &origin) {
            return decided(&robots, url, Vec::new());
        }
        let old = self.lock().get(&origin).map(|robots| Robots::clone(robots));
        let clock = &*shared.clock;
        let asked = robots::fetch(
            &shared.client,
            &self.gate,
            &self.net,
            url,
            old,
            clock,
            flood,
        );
        match until_stop(shared, asked).await {
            None => Verdict::Stopped,
            Some(Err(parked)) => Verdict::Parked(say(&parked)),
            Some(Ok((robots, exchanges))) => {
                if let Some(delay) = robots.crawl_delay().filter(|delay| *delay >= LONG) {
                    tracing::warn!(
                        host = %origin,
                        "robots.txt asks for {} between two requests (Crawl-delay), and gets it: this \
                         crawl is a long one; --max-time ends it earlier",
                        humantime::format_duration(delay)
                    );
                }
                let robots = Arc::new(robots);
                self.lock().insert(origin, Arc::clone(&robots));
                // Kept at once, so that a crawl that is cut short need not ask again.
                if let Err(why) = self.save(&shared.archive) {
                    tracing::warn!("{why}");
                }
                decided(&robots, url, exchanges)
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Robots>>> {
        self.robots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, shared: &Shared, origin: &str) -> Option<Arc<Robots>> {
        let robots = Arc::clone(self.lock().get(origin)?);
        if !robots.is_good(shared.clock.now()) {
            return None;
        }
        self.gate.set_crawl_delay(robots.crawl_delay());
        Some(robots)
    }

    /// Waits until the host may be asked. `None` when the run ends first; the error says why the
    /// host is parked.
    pub async fn acquire(&self, shared: &Shared) -> Result<Option<Permit>, String> {
        match until_stop(shared, self.gate.acquire()).await {
            None => Ok(None),
            Some(Ok(permit)) => Ok(Some(permit)),
            Some(Err(parked)) => Err(say(&parked)),
        }
    }

    /// Takes in what an answer says about the host. A refusal is kept at once, so that a run that
    /// is killed leaves the next one what it learnt.
    pub fn learn(&self, shared: &Shared, permit: Permit, end: &End, exchange: &Feedbacks) {
        let flood = matches!(
            end,
            End::Retry {
                outcome: Outcome::NotArticle(NotArticle::Flood),
                ..
            }
        );
        match &exchange.0 {
            // A refusal carries the host's own `Retry-After`; a page with status 200 does not.
            Some(refused @ Feedback::Refused { .. }) => permit.done(refused),
            _ if flood => permit.done(&Feedback::Flood),
            Some(feedback) => return permit.done(feedback),
            None => return,
        }
        if let Err(why) = self.save(&shared.archive) {
            tracing::warn!("{why}");
        }
    }

    /// Keeps pace, parking and rules for the next run.
    pub fn save(&self, archive: &Archive) -> Result<(), ArchiveError> {
        let robots = self
            .lock()
            .iter()
            .map(|(k, v)| (k.clone(), Robots::clone(v)))
            .collect();
        archive.put_host(
            &self.key,
            &Kept {
                state: self.gate.state(),
                robots,
            },
        )
    }
}

/// What an exchange says about its host.
pub(crate) struct Feedbacks(Option<Feedback>);

impl Feedbacks {
    pub fn of(shared: &Shared, exchange: &Exchange) -> Self {
        let cap = PaceSettings::default().retry_after_cap;
        Self(Feedback::of(exchange, shared.clock.now(), cap))
    }
}

fn decided(robots: &Robots, url: &Url, exchanges: Vec<Exchange>) -> Verdict {
    let answer = match robots.verdict(url) {
        robots::Verdict::Allowed => Ok(format!("allowed ({})", robots.summary())),
        robots::Verdict::Denied { rule } => Err((Outcome::RobotsDenied, rule)),
        robots::Verdict::Unreachable { why } => Err((Outcome::RobotsUnreachable, why)),
    };
    let sitemaps = if exchanges.is_empty() {
        Vec::new()
    } else {
        robots.sitemaps().to_vec()
    };
    Verdict::Decided {
        exchanges,
        sitemaps,
        answer,
    }
}

fn say(parked: &Parked) -> String {
    format!("parked: {parked}")
}

/// Runs `work` unless the run ends first.
async fn until_stop<T>(shared: &Shared, work: impl Future<Output = T>) -> Option<T> {
    if shared.stopping() {
        return None;
    }
    tokio::select! {
        done = work => Some(done),
        () = shared.stopped() => None,
    }
}
