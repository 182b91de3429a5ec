//! What is learned about a host from its answers: its pace, its pauses, whether it is parked.
//! Pure: the time and the dice come in as arguments.

use super::{DAY, PaceSettings, retry_after};
use crate::domain::{Exchange, FaultKind};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The least pace after a refusal, where no pace is set.
const LEAST_LEARNED: Duration = Duration::from_millis(250);
/// Below this a learned pace is forgotten.
const FORGET: Duration = Duration::from_millis(20);
/// The gap is at least this many times the host's usual latency.
const LATENCY_FACTOR: f64 = 2.0;
/// Weight of the newest latency in the average.
const LATENCY_WEIGHT: f64 = 0.2;
/// What a good answer leaves of the learned slowness.
const RECOVERY: f64 = 0.95;

/// What an answer says about the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feedback {
    /// It answered, be it with an article or a 404.
    Ok {
        /// Until the first byte.
        latency: Duration,
    },
    /// It asks for fewer requests: 429 or 503.
    Refused {
        /// What it answered, for people.
        what: String,
        /// The pause that it asks for.
        retry_after: Option<Duration>,
    },
    /// Its anti-flood page, whatever the status. Only the reader of the page can tell.
    Flood,
    /// It failed: no connection, no answer, a 5xx.
    Failure {
        /// How, for people.
        what: String,
    },
}

impl Feedback {
    /// Reads the feedback from an exchange (all but [`Feedback::Flood`]). `now` and the cap are
    /// for `Retry-After`. `None` when the exchange says nothing about the host, because the fault
    /// lies in the request or the settings.
    pub fn of(exchange: &Exchange, now: DateTime<Utc>, cap: Duration) -> Option<Self> {
        if let Some(fault) = &exchange.fault {
            return match fault.kind {
                FaultKind::PrivateAddress => None,
                FaultKind::TooLarge => Some(Self::Ok {
                    latency: exchange.timings.first_byte,
                }),
                _ => Some(Self::Failure {
                    what: fault.message.clone(),
                }),
            };
        }
        Some(match exchange.status {
            status @ (429 | 503) => Self::Refused {
                what: format!("status {status}"),
                retry_after: exchange
                    .header("retry-after")
                    .and_then(|value| retry_after(value, now, cap)),
            },
            status @ 500.. => Self::Failure {
                what: format!("status {status}"),
            },
            _ => Self::Ok {
                latency: exchange.timings.first_byte,
            },
        })
    }
}

/// Why a host may not be asked, and until when.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not before {}: {why}", until.format("%Y-%m-%d %H:%M:%S UTC"))]
pub struct Parked {
    /// When it may be asked again.
    pub until: DateTime<Utc>,
    /// Why not now.
    pub why: String,
}

/// What is remembered of a host, from run to run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostState {
    /// The pace learned from refusals, milliseconds; 0 when none.
    pub learned_ms: u64,
    /// Average time until the first byte, milliseconds.
    pub latency_ms: Option<f64>,
    /// Failures and refusals in a row.
    pub failures: u32,
    /// Parkings in a row.
    pub parkings: u32,
    /// No request before this instant.
    pub paused_until: Option<DateTime<Utc>>,
    /// Why.
    pub why: Option<String>,
}

impl HostState {
    /// Least time between two requests as things stand: the slowest of what the settings, robots
    /// (`crawl_delay`), refusals and latency ask for. Zero only where the pace is zero.
    pub fn gap(&self, settings: &PaceSettings, crawl_delay: Duration) -> Duration {
        let learned = Duration::from_millis(self.learned_ms).min(settings.max_pace);
        let latency = match self.latency_ms {
            Some(ms) if !settings.pace.is_zero() => millis(ms * LATENCY_FACTOR),
            _ => Duration::ZERO,
        };
        settings
            .pace
            .max(crawl_delay)
            .max(learned)
            .max(latency.min(settings.max_pace))
            .min(DAY)
    }

    /// The pause or parking in force at `now`.
    pub fn parked(&self, now: DateTime<Utc>) -> Option<Parked> {
        let until = self.paused_until.filter(|until| *until > now)?;
        let why = self.why.clone();
        Some(Parked {
            until,
            why: why.unwrap_or_else(|| "the host asked for a pause".to_owned()),
        })
    }

    /// Whether the next request only tries if the host works again.
    pub fn on_trial(&self, settings: &PaceSettings) -> bool {
        self.failures >= settings.failures.max(1)
    }

    /// Takes in a good answer.
    pub(super) fn good(&mut self, latency: Duration) {
        self.failures = 0;
        self.parkings = 0;
        self.paused_until = None;
        self.why = None;
        let new = latency.as_secs_f64() * 1000.0;
        let average = self.latency_ms.unwrap_or(new);
        self.latency_ms = Some(average + (new - average) * LATENCY_WEIGHT);
        let learned = millis(self.learned_ms as f64 * RECOVERY);
        self.learned_ms = if learned < FORGET {
            0
        } else {
            whole_millis(learned)
        };
    }

    /// Takes in a refusal or failure: slower, a pause, and in the end a parking. `dice` gives a
    /// random share of its argument.
    pub(super) fn bad(
        &mut self,
        settings: &PaceSettings,
        what: &str,
        slower: bool,
        asked: Option<Duration>,
        now: DateTime<Utc>,
        dice: impl Fn(Duration) -> Duration,
    ) {
        self.failures = self.failures.saturating_add(1);
        let learned = Duration::from_millis(self.learned_ms);
        let base = learned.max(settings.pace).max(LEAST_LEARNED);
        if slower {
            let doubled = (base * 2).min(settings.max_pace);
            self.learned_ms = whole_millis(doubled);
        }
        let (pause, why) = if self.on_trial(settings) {
            let pause = doubled(settings.park, self.parkings, settings.park_cap);
            self.parkings = self.parkings.saturating_add(1);
            let count = self.failures;
            (
                pause,
                format!("parked after {count} failures in a row, the last: {what}"),
            )
        } else {
            let base = settings.pace.max(LEAST_LEARNED);
            let pause = doubled(base, self.failures - 1, settings.back_off_cap);
            (pause, format!("pausing after {what}"))
        };
        let pause = pause + dice(pause / 4);
        let asked = asked.unwrap_or_default().min(settings.retry_after_cap);
        let pause = TimeDelta::from_std(pause.max(asked).min(DAY)).unwrap_or(TimeDelta::days(1));
        let until = now + pause;
        // A pause under way is never made shorter.
        self.paused_until = Some(self.paused_until.map_or(until, |old| old.max(until)));
        self.why = Some(why);
    }
}

/// `base` doubled `times`, at most `cap`.
fn doubled(base: Duration, times: u32, cap: Duration) -> Duration {
    base.saturating_mul(1u32 << times.min(30)).min(cap)
}

fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(DAY)
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: Duration) -> Duration {
        Duration::ZERO
    }

    fn start() -> DateTime<Utc> {
        "2026-11-23T00:00:00Z".parse().unwrap()
    }

    fn refuse(state: &mut HostState, settings: &PaceSettings, asked: Option<u64>) -> TimeDelta {
        let asked = asked.map(Duration::from_secs);
        state.paused_until = None;
        state.bad(settings, "status 429", true, asked, start(), none);
        state.paused_until.unwrap() - start()
    }

    #[test]
    fn refusals_slow_down_and_good_answers_recover_slowly() {
        let settings = PaceSettings::default();
        let mut state = HostState::default();
        let gap = |state: &HostState| state.gap(&settings, Duration::ZERO).as_secs_f64();
        assert_eq!(gap(&state), 2.0);
        assert_eq!(refuse(&mut state, &settings, None), TimeDelta::seconds(2));
        assert_eq!(gap(&state), 4.0);
        assert_eq!(refuse(&mut state, &settings, None), TimeDelta::seconds(4));
        assert_eq!(gap(&state), 8.0);
        state.good(Duration::from_millis(100));
        assert!(gap(&state) > 7.0 && gap(&state) < 8.0);
        for _ in 0..500 {
            state.good(Duration::from_millis(100));
        }
        assert_eq!((gap(&state), state.learned_ms), (2.0, 0));
        for _ in 0..7 {
            refuse(&mut state, &settings, None);
        }
        assert_eq!(gap(&state), 60.0);
    }

    #[test]
    fn retry_after_counts_when_it_is_longer_and_is_capped() {
        let settings = PaceSettings::default();
        let mut state = HostState::default();
        assert_eq!(
            refuse(&mut state, &settings, Some(90)),
            TimeDelta::seconds(90)
        );
        assert_eq!(
            refuse(&mut state, &settings, Some(1)),
            TimeDelta::seconds(4)
        );
        let capped = refuse(&mut state, &settings, Some(999_999));
        assert_eq!(capped, TimeDelta::hours(1));
    }

    #[test]
    fn failures_in_a_row_park_the_host_longer_each_time() {
        let settings = PaceSettings::default();
        let mut state = HostState::default();
        let mut pauses = Vec::new();
        for _ in 0..12 {
            state.paused_until = None;
            state.bad(&settings, "no connection", false, None, start(), none);
            pauses.push((state.paused_until.unwrap() - start()).num_seconds());
        }
        assert_eq!(
            pauses,
            [2, 4, 8, 16, 32, 64, 128, 300, 600, 1200, 2400, 4800]
        );
        assert!(
            state
                .why
                .as_deref()
                .unwrap()
                .starts_with("parked after 12 failures")
        );
        assert_eq!(state.learned_ms, 0, "a dead host is not a slow one");
        state.good(Duration::ZERO);
        assert_eq!(
            (state.failures, state.parkings, state.paused_until),
            (0, 0, None)
        );
    }

    #[test]
    fn latency_and_crawl_delay_widen_the_gap() {
        let settings = PaceSettings::default();
        let mut state = HostState::default();
        assert_eq!(state.gap(&settings, Duration::from_secs(9)).as_secs(), 9);
        for _ in 0..100 {
            state.good(Duration::from_secs(3));
        }
        let gap = state.gap(&settings, Duration::ZERO).as_secs_f64();
        assert!((gap - 6.0).abs() < 0.1, "{gap}");
        let free = PaceSettings {
            pace: Duration::ZERO,
            ..settings
        };
        assert_eq!(state.gap(&free, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn the_state_outlives_the_run() {
        let settings = PaceSettings::default();
        let mut state = HostState::default();
        state.bad(&settings, "status 503", true, None, start(), none);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<HostState>(&text).unwrap(), state);
        assert_eq!(
            serde_json::from_str::<HostState>("{}").unwrap(),
            HostState::default()
        );
    }

    proptest::proptest! {
        #[test]
        fn any_history_gives_a_sane_state(
            steps in proptest::collection::vec((0u8..3, 0u64..u64::MAX / 2_000_000), 0..200),
        ) {
            let settings = PaceSettings::default();
            let mut state = HostState::default();
            for (what, number) in steps {
                let time = Duration::from_millis(number);
                match what {
                    0 => state.good(time),
                    1 => state.bad(&settings, "x", true, Some(time), start(), none),
                    _ => state.bad(&settings, "x", false, None, start(), |d| d),
                }
                let gap = state.gap(&settings, Duration::ZERO);
                proptest::prop_assert!(gap >= settings.pace && gap <= settings.max_pace);
                if let Some(parked) = state.parked(start()) {
                    proptest::prop_assert!(parked.until <= start() + TimeDelta::hours(8));
                }
            }
        }
    }
}
