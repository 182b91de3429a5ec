//! Measured at the server: no gap between two requests is shorter than the pace.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod fetch_support;

use fetch_support::{Server, Step, client, loopback, repeat, send};
use khobao::domain::{Clock, ManualClock, SystemClock};
use khobao::fetch::Request;
use khobao::fetch::pace::{CrawlHours, Feedback, HostGate, HostState, PaceSettings};
use std::sync::Arc;
use std::time::{Duration, Instant};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const GOOD: Feedback = Feedback::Ok {
    latency: Duration::ZERO,
};

fn gate(settings: PaceSettings) -> HostGate {
    HostGate::new(settings, HostState::default(), Arc::new(SystemClock))
}

fn refused() -> Feedback {
    Feedback::Refused {
        what: "status 429".to_owned(),
        retry_after: None,
    }
}

/// Sends `count` requests by `workers` at once and gives the server's arrival times, sorted.
async fn arrivals(
    settings: PaceSettings,
    script: Vec<Step>,
    workers: usize,
    count: usize,
) -> Vec<Instant> {
    // The server has threads of its own, so that it notes an arrival at once.
    let (tell, hear) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let _ = tell.send(Server::start(vec![script]).await);
            std::future::pending::<()>().await;
        });
    });
    let server = hear.await.unwrap();
    let (gate, client, site) = (gate(settings), client(), loopback());
    let mut tasks = Vec::new();
    for _ in 0..workers {
        let (gate, client) = (gate.clone(), client.clone());
        let request = Request::new(server.url("/"), site.clone());
        tasks.push(tokio::spawn(async move {
            for _ in 0..count / workers {
                let permit = gate.acquire().await.unwrap();
                let exchange = client.get(&request.clone().under(&permit)).await;
                assert_eq!(exchange.fault, None);
                permit.done(&GOOD);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let seen = server.seen.lock().unwrap();
    let mut times: Vec<Instant> = seen.requests.iter().map(|(_, _, at)| *at).collect();
    times.sort();
    times
}

fn shortest(times: &[Instant]) -> Duration {
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    gaps.min().unwrap()
}

fn pace(millis: u64, concurrency: usize) -> PaceSettings {
    PaceSettings {
        pace: Duration::from_millis(millis),
        concurrency,
        ..PaceSettings::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_gap_is_shorter_with_one_at_a_time() {
    let script = repeat(&[Step::Read, send(OK)], 200);
    let times = arrivals(pace(20, 1), script, 1, 200).await;
    assert_eq!(times.len(), 200);
    assert!(
        shortest(&times) >= Duration::from_millis(20),
        "{:?}",
        shortest(&times)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_gap_is_shorter_with_four_at_a_time() {
    // Bodies take longer than the pace, so that several are under way.
    let head = send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
    let wait = Step::Wait(Duration::from_millis(120));
    let slow = [Step::Read, head, wait, send("ok")];
    let times = arrivals(pace(40, 4), repeat(&slow, 200), 8, 200).await;
    assert_eq!(times.len(), 200);
    let shortest = shortest(&times);
    assert!(shortest >= Duration::from_millis(40), "{shortest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_gap_is_shorter_when_every_connection_dies() {
    // Every second request of a connection is read and not answered, and has to be sent again.
    let script = vec![Step::Read, send(OK), Step::Read];
    let times = arrivals(pace(20, 1), script, 1, 40).await;
    assert_eq!(times.len(), 79);
    assert!(
        shortest(&times) >= Duration::from_millis(20),
        "{:?}",
        shortest(&times)
    );
}

#[tokio::test]
async fn no_pace_means_no_waiting_and_concurrency_bounds_what_is_under_way() {
    let gate = gate(pace(0, 3));
    let mut held = Vec::new();
    for _ in 0..3 {
        let permit = gate.acquire().await.unwrap();
        assert!(permit.mark().is_none());
        held.push(permit);
    }
    let fourth = tokio::time::timeout(Duration::from_millis(30), gate.acquire()).await;
    assert!(fourth.is_err(), "three are under way");
    drop(held.pop());
    assert!(gate.acquire().await.is_ok());
}

#[tokio::test]
async fn a_cancelled_wait_costs_nobody_a_turn() {
    let gate = gate(pace(100, 1));
    gate.acquire().await.unwrap().done(&GOOD);
    for _ in 0..5 {
        let wait = tokio::time::timeout(Duration::from_millis(5), gate.acquire()).await;
        assert!(wait.is_err());
    }
    let wait = tokio::time::timeout(Duration::from_secs(20), gate.acquire()).await;
    assert!(wait.unwrap().is_ok(), "slot and turn came back");
}

#[tokio::test]
async fn crawl_delay_counts_when_it_is_slower() {
    let gate = gate(pace(10, 1));
    gate.set_crawl_delay(Some(Duration::from_millis(150)));
    gate.acquire().await.unwrap().done(&GOOD);
    let before = Instant::now();
    gate.acquire().await.unwrap().done(&GOOD);
    assert!(before.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn refusals_of_what_was_under_way_count_once() {
    let gate = gate(pace(0, 16));
    let mut permits = Vec::new();
    for _ in 0..16 {
        permits.push(gate.acquire().await.unwrap());
    }
    for permit in permits {
        permit.done(&refused());
    }
    let state = gate.state();
    assert_eq!(state.failures, 1);
    assert_eq!(gate.gap(), Duration::from_millis(500));
    let parked = gate.parked().unwrap();
    assert!(parked.why.contains("429"), "{parked}");
}

#[tokio::test]
async fn a_failing_host_is_parked_then_tried_once_then_freed() {
    let clock = Arc::new(ManualClock::new("2026-11-23T00:00:00Z".parse().unwrap()));
    let settings = PaceSettings {
        failures: 3,
        ..pace(0, 4)
    };
    let gate = HostGate::new(settings.clone(), HostState::default(), clock.clone());
    let failure = Feedback::Failure {
        what: "no connection".to_owned(),
    };
    for _ in 0..3 {
        gate.acquire().await.unwrap().done(&failure);
        clock.advance(chrono::TimeDelta::seconds(10));
    }
    let parked = gate.acquire().await.unwrap_err();
    assert!(parked.why.contains("3 failures") && parked.why.contains("no connection"));
    assert!(
        parked.to_string().starts_with("not before 2026-11-23 00:0"),
        "{parked}"
    );

    // The next run remembers.
    let gate = HostGate::new(settings, gate.state(), clock.clone());
    assert_eq!(gate.acquire().await.unwrap_err(), parked);
    clock.advance(parked.until - clock.now());
    let trial = gate.acquire().await.unwrap();
    let second = tokio::time::timeout(Duration::from_millis(30), gate.acquire()).await;
    assert!(second.is_err(), "only one tries");
    trial.done(&failure);
    let again = gate.acquire().await.unwrap_err();
    assert!(
        again.until - clock.now() >= chrono::TimeDelta::minutes(10),
        "parked for longer"
    );

    clock.advance(again.until - clock.now());
    let trial = gate.acquire().await.unwrap();
    let waiting = tokio::spawn({
        let gate = gate.clone();
        async move { gate.acquire().await.is_ok() }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    trial.done(&GOOD);
    assert!(
        waiting.await.unwrap(),
        "the others go on after a good trial"
    );
    assert_eq!(gate.state().failures, 0);
}

#[tokio::test]
async fn closed_hours_park_the_host() {
    let clock = Arc::new(ManualClock::new("2026-11-23T03:00:00Z".parse().unwrap()));
    let hours = CrawlHours {
        zone: chrono_tz::Asia::Ho_Chi_Minh,
        from: chrono::NaiveTime::from_hms_opt(22, 0, 0).unwrap(),
        to: chrono::NaiveTime::from_hms_opt(5, 0, 0).unwrap(),
    };
    let settings = PaceSettings {
        hours: Some(hours),
        ..pace(0, 1)
    };
    let gate = HostGate::new(settings, HostState::default(), clock.clone());
    let parked = gate.acquire().await.unwrap_err();
    assert_eq!(
        parked.until,
        "2026-11-23T15:00:00Z"
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    );
    assert!(parked.why.contains("hours"));
    clock.advance(chrono::TimeDelta::hours(12));
    assert!(gate.acquire().await.is_ok());
}

#[tokio::test]
async fn feedback_is_read_from_exchanges() {
    let now = SystemClock.now();
    let cap = Duration::from_secs(3600);
    let answer = |text: &'static str| async move {
        let (_, exchange) = fetch_support::one(vec![Step::Read, send(text), Step::Hold]).await;
        Feedback::of(&exchange, now, cap)
    };
    let text = "HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
    let Some(Feedback::Refused { retry_after, .. }) = answer(text).await else {
        panic!("429 is a refusal");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
    for (text, failure) in [
        ("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", true),
        ("", true),
        ("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", false),
    ] {
        let feedback = answer(text).await;
        assert_eq!(
            matches!(feedback, Some(Feedback::Failure { .. })),
            failure,
            "{text}"
        );
    }
}
