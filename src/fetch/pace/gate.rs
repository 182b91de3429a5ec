//! The gate of one host: every request passes it, and its answer's feedback comes back to it.

use super::mark::SendMark;
use super::state::{Feedback, HostState, Parked};
use super::{DAY, PaceSettings, random_up_to};
use crate::domain::Clock;
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

/// Added to each gap for the ways that packets and schedulers have: this and 1/50 of the gap.
const MARGIN: Duration = Duration::from_millis(1);

/// governor on tokio's clock, so that a test's paused time is everybody's time.
#[derive(Debug, Clone)]
struct TokioClock(Instant);

impl GovernorClock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>;

/// The gate of one host. Cheap to clone; make one per host and share it between everything that
/// is fetched there. `concurrency` slots; within them one request per gap.
#[derive(Debug, Clone)]
pub struct HostGate(Arc<Shared>);

/// What the gate, its permits and its marks share. The mutex is never held across an await.
#[derive(Debug)]
pub(super) struct Shared {
    settings: PaceSettings,
    clock: Arc<dyn Clock>,
    slots: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    limiter: Option<Limiter>,
    changed: Notify,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: HostState,
    crawl_delay: Duration,
    earliest: Option<Instant>,
    sent: u64,
    /// Counts refusals and failures: what was under way then says nothing new.
    epoch: u64,
    /// A request that tries whether the host works again is under way.
    trying: bool,
}

/// What to do now.
enum Decision {
    Go {
        epoch: u64,
        trial: bool,
    },
    Wait(Duration),
    /// Another request is trying whether the host works again.
    AwaitTrial,
}

impl HostGate {
    /// A gate that starts from what is remembered of the host.
    pub fn new(settings: PaceSettings, state: HostState, clock: Arc<dyn Clock>) -> Self {
        let mut settings = settings;
        settings.pace = settings.pace.min(DAY);
        let quota = Quota::with_period(settings.pace);
        let limiter =
            quota.map(|quota| RateLimiter::direct_with_clock(quota, TokioClock(Instant::now())));
        let inner = Inner {
            state,
            ..Inner::default()
        };
        Self(Arc::new(Shared {
            clock,
            slots: Arc::new(Semaphore::new(settings.concurrency.max(1))),
            turn: Arc::new(Semaphore::new(1)),
            limiter,
            changed: Notify::new(),
            inner: Mutex::new(inner),
            settings,
        }))
    }

    /// Waits until the host may be asked. Pauses longer than `wait_limit`, parkings and closed
    /// crawl hours come back at once. Cancel safe.
    pub async fn acquire(&self) -> Result<Permit, Parked> {
        let shared = &self.0;
        // Who is parked must not wait in the queue to hear it.
        shared.pause()?;
        let slot = owned(&shared.slots).await;
        loop {
            let changed = shared.changed.notified();
            let turn = shared.turn().await;
            loop {
                match shared.decide()? {
                    Decision::Go { epoch, trial } => {
                        let paced = !shared.gap().is_zero();
                        return Ok(Permit {
                            gate: Arc::clone(shared),
                            epoch,
                            trial,
                            mark: paced.then(|| SendMark::new(Arc::clone(shared), turn)),
                            _slot: slot,
                        });
                    }
                    Decision::Wait(time) => sleep(time).await,
                    Decision::AwaitTrial => break,
                }
            }
            // The trial may have to be sent once more: it must find the turn free.
            drop(turn);
            changed.await;
        }
    }

    /// robots.txt's `Crawl-delay`; the slower of it and the pace counts. At most a day.
    pub fn set_crawl_delay(&self, delay: Option<Duration>) {
        let delay = delay.unwrap_or_default().min(DAY);
        let mut inner = self.0.inner();
        if delay > inner.crawl_delay {
            // robots.txt itself was a request: the delay counts from it, whatever the pace was.
            let earliest = Instant::now() + delay + delay / 50 + MARGIN;
            inner.earliest = Some(inner.earliest.map_or(earliest, |old| old.max(earliest)));
        }
        inner.crawl_delay = delay;
    }

    /// Lets a whole gap pass before the first request: another run may have sent one just now.
    pub fn wait_first(&self) {
        let mut inner = self.0.inner();
        let gap = inner.state.gap(&self.0.settings, inner.crawl_delay);
        if !gap.is_zero() {
            inner.earliest = Some(Instant::now() + gap + gap / 50 + MARGIN);
        }
    }

    /// What is to be remembered of the host.
    pub fn state(&self) -> HostState {
        self.0.inner().state.clone()
    }

    /// Least time between two requests as things stand.
    pub fn gap(&self) -> Duration {
        self.0.gap()
    }

    /// The pause, parking or closed hours in force.
    pub fn parked(&self) -> Option<Parked> {
        self.0.now_parked()
    }
}

/// A permit of a semaphore that is never closed (so it is always `Some`).
async fn owned(semaphore: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(semaphore).acquire_owned().await.ok()
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gap(&self) -> Duration {
        let inner = self.inner();
        inner.state.gap(&self.settings, inner.crawl_delay)
    }

    fn now_parked(&self) -> Option<Parked> {
        let now = self.clock.now();
        let closed = self.settings.hours.and_then(|hours| hours.opens(now));
        if let Some(until) = closed {
            let why = "outside the site's crawl hours".to_owned();
            return Some(Parked { until, why });
        }
        self.inner().state.parked(now)
    }

    /// The pause to wait out, if any; long ones are errors.
    fn pause(&self) -> Result<Option<Duration>, Parked> {
        let Some(parked) = self.now_parked() else {
            return Ok(None);
        };
        let left = parked.until.signed_duration_since(self.clock.now());
        match left.to_std() {
            Ok(left) if left > self.settings.wait_limit => Err(parked),
            Ok(left) => Ok(Some(left.max(Duration::from_millis(1)))),
            Err(_) => Ok(None),
        }
    }

    fn decide(&self) -> Result<Decision, Parked> {
        if let Some(time) = self.pause()? {
            return Ok(Decision::Wait(time));
        }
        let mut inner = self.inner();
        let trial = inner.state.on_trial(&self.settings);
        if trial && inner.trying {
            return Ok(Decision::AwaitTrial);
        }
        if let Some(earliest) = inner.earliest {
            let left = earliest.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return Ok(Decision::Wait(left));
            }
        }
        if let Some(limiter) = &self.limiter
            && let Err(not_until) = limiter.check()
        {
            let wait = not_until.wait_time_from(limiter.clock().now());
            return Ok(Decision::Wait(wait.max(Duration::from_micros(100))));
        }
        inner.trying |= trial;
        let epoch = inner.epoch;
        Ok(Decision::Go { epoch, trial })
    }

    /// The right to send next; held from the permit to the sending.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        owned(&self.turn).await
    }

    pub fn earliest(&self) -> Option<Instant> {
        self.inner().earliest
    }

    /// A request has left: the next one may follow after the gap, a margin and some jitter.
    pub fn sent(&self) -> u64 {
        let mut inner = self.inner();
        let gap = inner.state.gap(&self.settings, inner.crawl_delay);
        if !gap.is_zero() {
            let share = self.settings.jitter.clamp(0.0, 10.0);
            let jitter = random_up_to(gap.mul_f64(share));
            inner.earliest = Some(Instant::now() + gap + gap / 50 + MARGIN + jitter);
        }
        inner.sent += 1;
        inner.sent
    }

    /// The last request that was sent has arrived for sure: the gap counts from now at the
    /// latest.
    pub fn arrived(&self, number: u64) {
        let mut inner = self.inner();
        if number == inner.sent {
            let gap = inner.state.gap(&self.settings, inner.crawl_delay);
            let least = Instant::now() + gap;
            inner.earliest = inner.earliest.map(|earliest| earliest.max(least));
        }
    }

    fn hear(&self, epoch: u64, feedback: &Feedback) {
        let now = self.clock.now();
        let mut inner = self.inner();
        let (what, slower, asked) = match feedback {
            Feedback::Ok { latency } => {
                if epoch == inner.epoch {
                    inner.state.good(*latency);
                }
                return;
            }
            Feedback::Refused { what, retry_after } => (what.as_str(), true, *retry_after),
            Feedback::Flood => ("an anti-flood page", true, None),
            Feedback::Failure { what } => (what.as_str(), false, None),
        };
        // Requests that were under way when the host began to refuse are one refusal.
        if epoch != inner.epoch {
            return;
        }
        inner.epoch += 1;
        inner
            .state
            .bad(&self.settings, what, slower, asked, now, random_up_to);
    }
}

/// Leave to send one request. Give [`Permit::mark`] to the request, and the answer's feedback to
/// [`Permit::done`]; a permit that is dropped says nothing about the host.
#[derive(Debug)]
pub struct Permit {
    gate: Arc<Shared>,
    epoch: u64,
    mark: Option<SendMark>,
    trial: bool,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Permit {
    /// Goes with the request; `None` where there is no pace to keep.
    pub fn mark(&self) -> Option<SendMark> {
        self.mark.clone()
    }

    /// Hands in what the answer says about the host, and frees the slot.
    pub fn done(self, feedback: &Feedback) {
        self.gate.hear(self.epoch, feedback);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(mark) = &self.mark {
            mark.sent();
        }
        if self.trial {
            self.gate.inner().trying = false;
            self.gate.changed.notify_waiters();
        }
    }
}
