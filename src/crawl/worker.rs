//! One worker: a task from the frontier to the writer, again and again.

use super::analyse::{self, Asked};
use super::host::{Feedbacks, Verdict};
use super::site::{Next, SiteState};
use super::writer::Sender;
use super::{CrawlError, Shared};
use crate::archive::schema::TaskKind;
use crate::archive::{End, Finished, Task};
use crate::domain::{Digest, Exchange, Outcome};
use crate::fetch::Request;
use chrono::NaiveDate;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Works until the site is done, parked, or the run ends.
pub(crate) async fn work(
    shared: Arc<Shared>,
    site: Arc<SiteState>,
    writer: Sender,
) -> Result<(), CrawlError> {
    while !shared.stopping() {
        let changed = site.changed();
        let task = match site.next(&shared.archive, shared.now())? {
            Next::Task(task) => *task,
            Next::Done => break,
            Next::Wait => {
                let _hungry = shared.hungry.begin();
                tokio::select! {
                    () = changed => {}
                    () = shared.stopped() => {}
                }
                continue;
            }
            Next::Later(due) => {
                let wait = u64::try_from(due - shared.now())
                    .unwrap_or(0)
                    .clamp(1000, 60_000_000);
                tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep(Duration::from_micros(wait)) => {}
                    () = shared.stopped() => {}
                }
                continue;
            }
        };
        // What is in flight is finished even after a signal: the limits of a request bound it.
        if let Some(finished) = one(&shared, &site, task, &writer).await?
            && !writer.send(&shared, finished).await
        {
            break;
        }
    }
    // Others that wait for this site look again: it may be parked or the run may be over.
    site.wake();
    Ok(())
}

/// Takes one task as far as the writer. `None` when it was put back.
async fn one(
    shared: &Arc<Shared>,
    site: &Arc<SiteState>,
    task: Task,
    writer: &Sender,
) -> Result<Option<Finished>, CrawlError> {
    let Ok(url) = Url::parse(&task.row.url) else {
        return Ok(Some(plain(task, Outcome::SkippedOther)));
    };
    let url = site.address(url);
    if let Some(since) = site.since
        && is_behind(shared, &task, since).await?
    {
        return Ok(Some(plain(task, Outcome::BeforeSince)));
    }
    let flood = |exchange: &Exchange| analyse::is_flood(site, exchange, shared.max_bytes);
    let robots = match site.host.robots(shared, &url, &flood).await {
        Verdict::Stopped => {
            site.put_back(task);
            return Ok(None);
        }
        Verdict::Parked(why) => return Ok(park(shared, site, task, why)),
        Verdict::Decided {
            exchanges,
            sitemaps,
            answer,
        } => {
            for exchange in exchanges {
                let finished = analyse::robots(site, exchange, &sitemaps);
                if !writer.send(shared, finished).await {
                    return Ok(None);
                }
            }
            answer
        }
    };
    let robots = match robots {
        Ok(text) => text,
        // A further host that is dead is no reason to leave the others.
        Err((outcome @ Outcome::RobotsUnreachable, why)) if site.is_base(&url) => {
            let why = format!(
                "robots.txt of {} cannot be read, so nothing may be fetched: {why}",
                site.site.base
            );
            tell(shared, site, why);
            return Ok(Some(Finished {
                end: End::NextRun(outcome),
                ..plain(task, outcome)
            }));
        }
        // Rules may change: the next run looks again, which costs no request.
        Err((outcome, _)) => {
            return Ok(Some(Finished {
                end: End::NextRun(outcome),
                ..plain(task, outcome)
            }));
        }
    };
    let permit = match site.host.acquire(shared).await {
        Ok(Some(permit)) => permit,
        Ok(None) => {
            site.put_back(task);
            return Ok(None);
        }
        Err(why) => return Ok(park(shared, site, task, why)),
    };
    if shared.stopping() || !shared.take_page() {
        site.put_back(task);
        return Ok(None);
    }
    let condition = site.condition(&shared.archive, &task)?;
    let conditional = condition.is_some();
    let mut request = request(site, &task, url).under(&permit);
    if let Some((name, value)) = condition {
        request = request.header(name, &value);
    }
    let exchange = shared.client.get(&request).await;
    let feedback = Feedbacks::of(shared, &exchange);
    if let Some(to) = analyse::respelled(site, &task, &exchange) {
        site.insist(&to);
    }
    let asked = Asked {
        task,
        exchange,
        robots,
        now: shared.now(),
        payload: None,
        conditional,
        follow: true,
    };
    let finished = read(shared, site, asked).await?;
    site.host.learn(shared, permit, &finished.end, &feedback);
    Ok(Some(finished))
}

/// Whether `--since` ends a list before this page. Articles of the page before it that are still
/// under way are waited for, within reason: a page too many is no fault.
async fn is_behind(shared: &Shared, task: &Task, since: NaiveDate) -> Result<bool, CrawlError> {
    for _ in 0..100 {
        match shared.archive.is_behind(&task.row, since)? {
            Some(behind) => return Ok(behind),
            None if shared.stopping() => break,
            None => {
                let _hungry = shared.hungry.begin();
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    Ok(false)
}

/// Reads the page beside the requests.
async fn read(
    shared: &Arc<Shared>,
    site: &Arc<SiteState>,
    asked: Asked,
) -> Result<Finished, CrawlError> {
    let site = Arc::clone(site);
    let max_bytes = shared.max_bytes;
    let url = asked.task.row.url.clone();
    let read = move || analyse::analyse(&site, asked, max_bytes);
    let finished = shared.readers.one(read).await;
    finished.ok_or_else(|| CrawlError::Internal(format!("reading {url} failed by a panic")))
}

fn request(site: &SiteState, task: &Task, url: Url) -> Request {
    let accept = match task.row.kind {
        TaskKind::Image => "image/*,*/*;q=0.5",
        TaskKind::Attachment => "*/*",
        TaskKind::Feed | TaskKind::Sitemap => "application/xml,text/xml,*/*;q=0.5",
        _ => "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5",
    };
    Request {
        accept: accept.to_owned(),
        ..Request::new(url, site.host.net())
    }
}

fn park(shared: &Shared, site: &SiteState, task: Task, why: String) -> Option<Finished> {
    tell(shared, site, why);
    site.put_back(task);
    None
}

/// Parks the site; the first worker that does says why.
fn tell(shared: &Shared, site: &SiteState, why: String) {
    if site.park(why.clone()) {
        shared.observer.notice(&site.site.id, &why);
    }
}

/// A task that ends without a request.
pub(crate) fn plain(task: Task, outcome: Outcome) -> Finished {
    Finished {
        moves: None,
        task,
        exchange: None::<Exchange>,
        payload: Digest([0; 32]),
        robots: String::new(),
        end: End::Plain(outcome),
        links: Vec::new(),
        skipped: Vec::new(),
        traffic: (0, 0),
    }
}
