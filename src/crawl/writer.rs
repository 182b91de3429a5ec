//! The writer's thread: gathers finished tasks and commits them in groups.
//!
//! A group ends at 256 tasks, after 100 ms, or at once when a worker has nothing left to do
//! until it is committed (its links are the next work). What waits for the disk is bounded in
//! bytes: a slow disk slows the fetching, it does not fill the memory.

use super::drift::Monitor;
use super::site::SiteState;
use super::{CrawlError, Shared};
use crate::archive::{Committer, CrawlMode, Finished};
use crate::domain::SiteId;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

const GROUP: usize = 256;
const GATHER: Duration = Duration::from_millis(100);
/// What may wait for the writer, in KiB; a larger exchange waits alone.
const ROOM_KIB: u32 = 64 << 10;

/// Workers that starve until the writer commits.
#[derive(Debug, Default)]
pub(crate) struct Hunger {
    count: AtomicUsize,
    notify: Notify,
}

impl Hunger {
    /// Counts as hungry until the guard is dropped.
    pub fn begin(&self) -> Hungry<'_> {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.notify.notify_one();
        Hungry(self)
    }

    fn any(&self) -> bool {
        self.count.load(Ordering::SeqCst) > 0
    }
}

/// One hungry worker.
pub(crate) struct Hungry<'a>(&'a Hunger);

impl Drop for Hungry<'_> {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::SeqCst);
    }
}

type Writer = JoinHandle<Result<Committer, CrawlError>>;
type Waiting = (Finished, OwnedSemaphorePermit);

/// A worker's way to the writer.
#[derive(Clone)]
pub(crate) struct Sender {
    channel: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

impl Sender {
    /// Hands a finished task over; false when the writer has ended.
    pub async fn send(&self, shared: &Shared, finished: Finished) -> bool {
        let bytes = finished.exchange.as_ref().map_or(0, |exchange| {
            exchange.response_bytes.len() + exchange.request_bytes.len() + exchange.payload.len()
        });
        let kib = u32::try_from(bytes >> 10).unwrap_or(u32::MAX);
        let kib = kib.clamp(1, ROOM_KIB);
        let room = Arc::clone(&self.room);
        let permit = match Arc::clone(&room).try_acquire_many_owned(kib) {
            Ok(permit) => permit,
            Err(_) => {
                let _hungry = shared.hungry.begin();
                // The writer closes it when it ends.
                match room.acquire_many_owned(kib).await {
                    Ok(permit) => permit,
                    Err(_) => return false,
                }
            }
        };
        self.channel.send((finished, permit)).await.is_ok()
    }
}

/// Ends the run when the writer ends in any other way than in order, a panic included: whoever
/// waits for a commit must not wait for ever.
struct Watch<'a> {
    shared: &'a Shared,
    sites: &'a HashMap<SiteId, Arc<SiteState>>,
    room: &'a Semaphore,
    in_order: bool,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.room.close();
        if !self.in_order {
            self.shared.end("failed");
            self.sites.values().for_each(|site| site.wake());
        }
    }
}

/// Starts the thread. It ends when every sender is dropped, or with the first error.
pub(crate) fn start(
    shared: Arc<Shared>,
    committer: Committer,
    sites: HashMap<SiteId, Arc<SiteState>>,
    modes: HashMap<SiteId, CrawlMode>,
) -> Result<(Sender, Writer), CrawlError> {
    let (channel, receiver) = mpsc::channel(GROUP);
    let room = Arc::new(Semaphore::new(ROOM_KIB as usize));
    let sender = Sender {
        channel,
        room: Arc::clone(&room),
    };
    let internal = |why: std::io::Error| CrawlError::Internal(why.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(internal)?;
    let thread = std::thread::Builder::new()
        .name("khobao-writer".to_owned())
        .spawn(move || {
            let mut watch = Watch {
                shared: &shared,
                sites: &sites,
                room: &room,
                in_order: false,
            };
            let result = runtime.block_on(write(&shared, committer, receiver, &sites, &modes));
            watch.in_order = result.is_ok();
            result
        })
        .map_err(internal)?;
    Ok((sender, thread))
}

async fn write(
    shared: &Shared,
    mut committer: Committer,
    mut receiver: mpsc::Receiver<Waiting>,
    sites: &HashMap<SiteId, Arc<SiteState>>,
    modes: &HashMap<SiteId, CrawlMode>,
) -> Result<Committer, CrawlError> {
    let mode = |site: &SiteId| {
        modes.get(site).copied().unwrap_or(CrawlMode {
            generation: 0,
            full: false,
            since: false,
        })
    };
    let watched = sites.values().map(|state| &state.site);
    let mut monitor = Monitor::open(&shared.archive, watched, committer.run.id)?;
    let mut group = Vec::with_capacity(GROUP);
    while let Some(first) = receiver.recv().await {
        group.push(first);
        gather(shared, &mut receiver, &mut group).await;
        let (finished, room): (Vec<_>, Vec<_>) = group.drain(..).unzip();
        let seen: Vec<_> = finished.iter().map(|one| monitor.see(one)).collect();
        let committed = committer.commit(finished, &mode, shared.now())?;
        drop(room);
        for (done, seen) in committed.into_iter().zip(seen) {
            if let Some(seen) = seen {
                for text in monitor.judge(&shared.archive, seen, &done)? {
                    shared.observer.notice(&done.site, &text);
                }
            }
            if let Some(record) = done.record {
                tracing::debug!(%record, "on the disk");
            }
            if let Some(site) = sites.get(&done.site) {
                let pending = site.committed(&done);
                shared.observer.committed(&done, pending);
            }
        }
    }
    monitor.report(&mut committer.run);
    Ok(committer)
}

async fn gather(shared: &Shared, receiver: &mut mpsc::Receiver<Waiting>, group: &mut Vec<Waiting>) {
    let deadline = Instant::now() + GATHER;
    while group.len() < GROUP {
        if let Ok(more) = receiver.try_recv() {
            group.push(more);
            continue;
        }
        if shared.hungry.any() || receiver.is_closed() {
            return;
        }
        tokio::select! {
            more = receiver.recv() => match more {
                Some(more) => group.push(more),
                None => return,
            },
            () = shared.hungry.notify.notified() => {}
            () = tokio::time::sleep_until(deadline) => return,
        }
    }
}
