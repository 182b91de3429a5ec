//! The log of requests as the server saw them: what the politeness tests measure.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One request.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Microseconds from the portal's start to the end of the request's head.
    pub at_micros: u64,
    /// Which connection it came on, counted from 1.
    pub connection: u64,
    /// The host's address that was asked ("127.0.0.1", or "127.0.0.2" for the other host).
    pub local_ip: String,
    /// "GET".
    pub method: String,
    /// As sent: "/tin-tuc/?page=2".
    pub path_and_query: String,
    /// The status answered (0 where the answer was no HTTP).
    pub status: u16,
    /// The User-Agent header, empty when there is none.
    pub user_agent: String,
    /// All headers, names in lower case (empty unless `log_headers` is set).
    pub headers: Vec<(String, String)>,
}

/// A lock that a panic in a test thread does not spoil.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
