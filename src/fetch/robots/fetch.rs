//! Getting a robots.txt: redirects, what a status means, asking whether it has changed.

use super::rules::{BYTE_LIMIT, Robots};
use crate::domain::{Clock, Exchange, FaultKind, Outcome};
use crate::fetch::pace::{Feedback, HostGate, PaceSettings, Parked, retry_after};
use crate::fetch::{Client, Request, SiteNet};
use chrono::{DateTime, Utc};
use std::io::Read as _;
use std::sync::Arc;
use url::Url;

/// Times that a refusal ("not now") is waited out before the rules count as unreachable.
const REFUSALS: usize = 2;
/// Redirects that are followed (RFC 9309, section 2.3.1.2).
const MAX_REDIRECTS: usize = 5;

/// What to do after an exchange.
#[derive(Debug)]
pub enum Step {
    /// Fetch [`RobotsFetch::url`] next: a redirect.
    Again,
    /// Done.
    Done(Robots),
}

/// The fetch of one robots.txt, hop by hop, for callers that send the requests themselves.
#[derive(Debug)]
pub struct RobotsFetch {
    url: Url,
    old: Option<Robots>,
    hops: usize,
}

impl RobotsFetch {
    /// Starts at the robots.txt of the origin of `url`; `old` is what was known before.
    pub fn new(url: &Url, old: Option<Robots>) -> Self {
        let mut url = url.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        url.set_fragment(None);
        Self { url, old, hops: 0 }
    }

    /// The URL to fetch now.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The request to send now.
    pub fn request(&self, site: &Arc<SiteNet>) -> Request {
        let mut request = Request::new(self.url.clone(), Arc::clone(site));
        request.accept = "text/plain,*/*;q=0.8".to_owned();
        // The old file's validators are of the origin's own URL, not of a redirect's target.
        if let Some(old) = self.old.as_ref().filter(|_| self.hops == 0) {
            request.headers = old.conditions();
        }
        request
    }

    /// Takes in the answer. A 429 counts as unreachable, like a 5xx: the portal did not say what
    /// it allows, only "not now".
    pub fn answer(&mut self, exchange: &Exchange, now: DateTime<Utc>) -> Step {
        let url = &self.url;
        if let Some(fault) = &exchange.fault
            && fault.kind != FaultKind::TooLarge
        {
            let name = Outcome::Fault(fault.kind).name();
            let why = format!("{name}: {}", fault.message);
            return Step::Done(Robots::unreachable(why, now, None));
        }
        let status = exchange.status;
        Step::Done(match status {
            200..=299 => Robots::parse(&text(exchange), now)
                .validators(exchange.header("etag"), exchange.header("last-modified")),
            304 => match &self.old {
                Some(old) => old.renewed(now),
                None => Robots::unreachable(format!("{url}: 304 to no condition"), now, None),
            },
            300..=399 => {
                let target = exchange.header("location");
                let target = target.and_then(|to| url.join(to).ok());
                let target = target.filter(|to| matches!(to.scheme(), "http" | "https"));
                self.hops += 1;
                match target {
                    Some(target) if self.hops <= MAX_REDIRECTS => {
                        self.url = target;
                        return Step::Again;
                    }
                    Some(_) => Robots::absent(format!("{url}: more than five redirects"), now),
                    None => Robots::absent(format!("{url}: redirected to nowhere"), now),
                }
            }
            429 | 500.. => {
                let cap = PaceSettings::default().retry_after_cap;
                let wait = exchange.header("retry-after");
                let wait = wait.and_then(|value| retry_after(value, now, cap));
                Robots::unreachable(format!("{url}: status {status}"), now, wait)
            }
            400..=499 => Robots::absent(format!("{url}: status {status}"), now),
            _ => Robots::unreachable(format!("{url}: status {status}"), now, None),
        })
    }
}

/// The body without its content coding, as far as it is read.
fn text(exchange: &Exchange) -> Vec<u8> {
    let mut out = Vec::new();
    let limit = BYTE_LIMIT as u64 + 1;
    let coding = exchange.header("content-encoding").unwrap_or_default();
    let payload = &exchange.payload[..];
    // A body that breaks off is read as far as it goes: more rules are better than none.
    let _ = match coding.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => {
            let plain = flate2::read::MultiGzDecoder::new(payload);
            plain.take(limit).read_to_end(&mut out)
        }
        "deflate" => {
            let plain = flate2::read::ZlibDecoder::new(payload);
            plain.take(limit).read_to_end(&mut out)
        }
        _ => payload.take(limit).read_to_end(&mut out),
    };
    out
}

/// Gets the rules of the origin of `url`, redirects included, each request under the host's
/// gate, and sets the gate's crawl delay. `flood` knows the portal's anti-flood page: it says
/// nothing about the rules, whatever its status, and is asked past like a 429 or 503, which the
/// gate makes later. Gives all other exchanges, to be archived. `Err` when the host is parked.
pub async fn fetch(
    client: &Client,
    gate: &HostGate,
    site: &Arc<SiteNet>,
    url: &Url,
    old: Option<Robots>,
    clock: &dyn Clock,
    flood: &(dyn Fn(&Exchange) -> bool + Send + Sync),
) -> Result<(Robots, Vec<Exchange>), Parked> {
    let mut fetch = RobotsFetch::new(url, old);
    let mut exchanges = Vec::new();
    let mut refusals = 0;
    let cap = PaceSettings::default().retry_after_cap;
    loop {
        let permit = gate.acquire().await?;
        let exchange = client.get(&fetch.request(site).under(&permit)).await;
        let now = clock.now();
        let feedback = Feedback::of(&exchange, now, cap);
        let refused = matches!(feedback, Some(Feedback::Refused { .. }));
        let flood = !refused && exchange.fault.is_none() && flood(&exchange);
        match feedback {
            _ if flood => permit.done(&Feedback::Flood),
            Some(feedback) => permit.done(&feedback),
            None => drop(permit),
        }
        if (refused || flood) && refusals < REFUSALS {
            refusals += 1;
            continue;
        }
        if flood {
            let why = format!("{}: only anti-flood pages", fetch.url());
            return Ok((Robots::unreachable(why, now, None), exchanges));
        }
        let step = fetch.answer(&exchange, now);
        exchanges.push(exchange);
        if let Step::Done(robots) = step {
            gate.set_crawl_delay(robots.crawl_delay());
            return Ok((robots, exchanges));
        }
    }
}
