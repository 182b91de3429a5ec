//! One exchange under way: what the client asked for and what the tap has recorded so far. The
//! registry finds a slot by the number in the private request header.

use super::pace::SendMark;
use super::settings::{Request, SiteNet};
use crate::domain::{Fault, FaultKind, TlsFacts, Truncation};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;
use url::{Host, Url};

/// The private header by which the tap finds the slot; it never leaves the process.
pub(super) const PRIVATE_HEADER: &str = "khobao-exchange";

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub https: bool,
    /// Host name, or the address without brackets.
    pub host: String,
    /// The address, when the URL has one in place of a name.
    pub literal: Option<IpAddr>,
    pub port: u16,
}

impl Target {
    /// `None` for what is no http or https URL.
    pub fn of(url: &Url) -> Option<Self> {
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (host, literal) = match url.host()? {
            Host::Domain(name) => (name.to_owned(), None),
            Host::Ipv4(v4) => (v4.to_string(), Some(IpAddr::V4(v4))),
            Host::Ipv6(v6) => (v6.to_string(), Some(IpAddr::V6(v6))),
        };
        let port = url.port_or_known_default()?;
        Some(Self {
            https,
            host,
            literal,
            port,
        })
    }
}

/// One exchange under way.
#[derive(Debug)]
pub(super) struct Slot {
    pub target: Target,
    pub site: Arc<SiteNet>,
    /// Limit for the recorded response, bytes.
    pub limit: usize,
    /// The pace gate's, if any.
    pub mark: Option<SendMark>,
    /// Set by the client when the response's head has been read.
    pub head_seen: AtomicBool,
    record: Mutex<Record>,
}

/// What has passed so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The tap has read the request from the HTTP client.
    pub taken: bool,
    /// The client has what it wants: the tap writes no more here.
    pub closed: bool,
    pub request: Bytes,
    pub response: Vec<u8>,
    pub sent_at: Option<(DateTime<Utc>, Instant)>,
    pub first_byte: Option<Instant>,
    pub last_byte: Option<Instant>,
    pub remote: Option<SocketAddr>,
    pub tls: Option<TlsFacts>,
    pub fault: Option<Fault>,
    pub truncated: Option<Truncation>,
}

impl Slot {
    pub fn new(target: Target, request: &Request, limit: usize) -> Self {
        Self {
            target,
            site: Arc::clone(&request.site),
            limit,
            mark: request.mark.clone(),
            head_seen: AtomicBool::new(false),
            record: Mutex::new(Record::default()),
        }
    }

    /// The record; never held across an await.
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what went wrong, unless something else did before.
    pub fn fail(&self, kind: FaultKind, message: String) {
        let mut record = self.record();
        if record.fault.is_none() && !record.closed {
            record.fault = Some(Fault { kind, message });
        }
    }

    /// Takes out the record and forbids the tap to write more.
    pub fn close(&self) -> Record {
        let mut record = self.record();
        let closed = Record {
            closed: true,
            taken: record.taken,
            ..Record::default()
        };
        std::mem::replace(&mut *record, closed)
    }
}

/// The slots under way, by number.
#[derive(Debug, Default)]
pub(super) struct Registry {
    next: AtomicU64,
    slots: Mutex<HashMap<u64, Arc<Slot>>>,
}

impl Registry {
    /// Enters a slot; it leaves when the tap takes it or the entry is dropped.
    pub fn enter(&self, slot: &Arc<Slot>) -> Entry<'_> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.slots().insert(id, Arc::clone(slot));
        Entry { registry: self, id }
    }

    /// Hands a slot to the tap, once.
    pub fn take(&self, id: u64) -> Option<Arc<Slot>> {
        self.slots().remove(&id)
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<u64, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A slot's place in the registry.
pub(super) struct Entry<'a> {
    registry: &'a Registry,
    pub id: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.registry.take(self.id);
    }
}
