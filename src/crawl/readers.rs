//! The threads that read pages: as many as there are cores, from the beginning of a command to its
//! end. Threads that come and go each begin with cold caches and leave their allocator's memory to
//! the others.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;

/// Threads for work that is only the processor's.
pub(crate) struct Readers {
    /// `None` where the system gives no threads: then the caller's own does the work.
    pool: Option<ThreadPool>,
}

impl Readers {
    /// Starts them.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let pool = ThreadPoolBuilder::new()
            .num_threads(cores)
            .thread_name(|n| format!("khobao-read-{n}"))
            // Whoever waits for the result hears that none comes.
            .panic_handler(|_| {})
            .build();
        if let Err(why) = &pool {
            tracing::warn!(%why, "no threads to read pages with: one page is read at a time");
        }
        Self { pool: pool.ok() }
    }

    /// Reads one page; `None` when the reading panicked.
    pub async fn one<T, R>(&self, read: R) -> Option<T>
    where
        T: Send + 'static,
        R: FnOnce() -> T + Send + 'static,
    {
        let Some(pool) = &self.pool else {
            return Some(read());
        };
        let (send, receive) = oneshot::channel();
        pool.spawn(move || {
            // Nobody waits any more when the run has failed.
            let _ = send.send(read());
        });
        receive.await.ok()
    }

    /// Reads all of them; results in order. A panic goes on in the caller.
    pub fn all<J, T>(&self, jobs: Vec<J>, read: impl Fn(J) -> T + Send + Sync) -> Vec<T>
    where
        J: Send,
        T: Send,
    {
        match &self.pool {
            Some(pool) => pool.install(|| {
                let all = jobs.into_par_iter().with_max_len(1);
                all.map(read).collect()
            }),
            None => jobs.into_iter().map(read).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_with_or_without_threads() {
        for readers in [Readers::new(), Readers { pool: None }] {
            let twice = readers.all((0..1000).collect(), |n: u32| n * 2);
            assert_eq!(twice, (0..2000).step_by(2).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn a_panic_is_told_and_the_threads_go_on() {
        let readers = Readers::new();
        for _ in 0..100 {
            let none: Option<()> = readers.one(|| panic!("a fault")).await;
            assert!(none.is_none());
        }
        assert_eq!(readers.one(|| 1).await, Some(1));
    }
}
