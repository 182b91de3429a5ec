//! The writer's thread: gathers finished tasks and commits them in groups.
//!
//! A group ends at 256 tasks, after 100 ms, or at once when a worker has nothing left to do
//! until it is committed (its links are the next work).

use super::site::SiteState;
use super::{CrawlError, Shared};
use crate::archive::{Committer, CrawlMode, Finished};
use crate::domain::SiteId;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

const GROUP: usize = 256;
const GATHER: Duration = Duration::from_millis(100);

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

/// Starts the thread. It ends when every sender is dropped, or with the first error.
pub(crate) fn start(
    shared: Arc<Shared>,
    committer: Committer,
    sites: HashMap<SiteId, Arc<SiteState>>,
    modes: HashMap<SiteId, CrawlMode>,
) -> Result<(mpsc::Sender<Finished>, Writer), CrawlError> {
    let (sender, receiver) = mpsc::channel(GROUP);
    let internal = |why: std::io::Error| CrawlError::Internal(why.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(internal)?;
    let thread = std::thread::Builder::new()
        .name("khobao-writer".to_owned())
        .spawn(move || {
            let result = runtime.block_on(write(&shared, committer, receiver, &sites, &modes));
            if result.is_err() {
                shared.end("failed");
                sites.values().for_each(|site| site.wake());
            }
            result
        })
        .map_err(internal)?;
    Ok((sender, thread))
}

async fn write(
    shared: &Shared,
    mut committer: Committer,
    mut receiver: mpsc::Receiver<Finished>,
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
    let mut group = Vec::with_capacity(GROUP);
    while let Some(first) = receiver.recv().await {
        group.push(first);
        gather(shared, &mut receiver, &mut group).await;
        for done in committer.commit(std::mem::take(&mut group), &mode, shared.now())? {
            if let Some(site) = sites.get(&done.site) {
                let pending = site.committed(&done);
                shared.observer.committed(&done, pending);
            }
        }
    }
    Ok(committer)
}

async fn gather(
    shared: &Shared,
    receiver: &mut mpsc::Receiver<Finished>,
    group: &mut Vec<Finished>,
) {
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
