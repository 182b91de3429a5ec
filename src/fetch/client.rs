//! The HTTP client: one request in, one [`Exchange`] out. Trouble is part of the exchange.
//!
//! reqwest does HTTP (framing, connection reuse); the tap does the wire. This file puts the two
//! halves together: the payload from the one, the exact bytes from the other.

use super::FetchError;
use super::dial::Dialer;
use super::message::{self, Head};
use super::settings::{ClientSettings, Request};
use super::slot::{PRIVATE_HEADER, Record, Slot, Target};
use super::tap::{Tap, listen};
use super::tls::{self, Roots};
use crate::domain::{Exchange, Fault, FaultKind, Timings, Truncation};
use bytes::Bytes;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING, USER_AGENT,
};
use rustls::RootCertStore;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use url::{Position, Url};

/// What a recording may hold beyond the body's limit: head and framing, bytes.
const HEAD_ROOM: u64 = 64 * 1024;
/// How long a connection is kept for the next request.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// The process's HTTP client. Cheap to clone; must be made inside a tokio runtime.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: reqwest::Client,
    tap: Arc<Tap>,
    user_agent: HeaderValue,
    total_timeout: Duration,
    max_bytes: u64,
    task: AbortHandle,
    /// Holds the socket; removed with the client.
    _folder: tempfile::TempDir,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Client {
    /// Makes the client and starts its tap on the current runtime.
    pub fn new(settings: ClientSettings) -> Result<Self, FetchError> {
        let user_agent =
            HeaderValue::from_str(&settings.user_agent).map_err(|_| FetchError::UserAgent {
                value: settings.user_agent.clone(),
            })?;
        let (folder, listener) = private_socket()?;
        let http = reqwest::Client::builder()
            .unix_socket(folder.path().join(SOCKET))
            .http1_only()
            .http1_title_case_headers()
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            // The tap does TLS.
            .tls_backend_preconfigured(tls::client_config(RootCertStore::empty())?)
            .pool_idle_timeout(KEEP_ALIVE)
            .build()?;
        let tap = Arc::new(Tap {
            registry: Default::default(),
            dialer: Dialer {
                limit: settings.connect_timeout,
                hosts: settings.hosts,
                roots: Roots::default(),
            },
            header_timeout: settings.header_timeout,
            idle_timeout: settings.idle_timeout,
            clock: settings.clock,
        });
        let task = tokio::spawn(listen(Arc::clone(&tap), listener)).abort_handle();
        Ok(Self(Arc::new(Inner {
            http,
            tap,
            user_agent,
            total_timeout: settings.total_timeout,
            max_bytes: settings.max_bytes,
            task,
            _folder: folder,
        })))
    }

    /// Sends one GET and reads the answer. Redirects are not followed, content codings stay.
    /// Never fails: what went wrong is `fault` (and `truncated`) of the exchange. Cancel safe.
    pub async fn get(&self, request: &Request) -> Exchange {
        let mut url = request.url.clone();
        url.set_fragment(None);
        let Some(target) = Target::of(&url) else {
            let message = format!("{url} is no http or https URL; leave it out");
            return self.empty(url, FaultKind::Protocol, message);
        };
        let deadline = Instant::now() + self.0.total_timeout;
        let max_bytes = request.site.max_bytes.unwrap_or(self.0.max_bytes);
        let limit = usize::try_from(max_bytes.saturating_add(HEAD_ROOM)).unwrap_or(usize::MAX);
        let mut tries = 0;
        loop {
            let slot = Slot::new(target.clone(), request, limit);
            let slot = Arc::new(slot);
            let entry = self.0.tap.registry.enter(&slot);
            let http = match self.build(request, &url, entry.id) {
                Ok(http) => http,
                Err(why) => return self.empty(url, FaultKind::Protocol, why),
            };
            let mut body = Body::default();
            let ended = match timeout_at(deadline, self.run(http, &slot, &mut body)).await {
                Ok(Ok(())) => Ended::Whole,
                Ok(Err(why)) => Ended::Failed(why),
                Err(_) => Ended::Late,
            };
            drop(entry);
            let record = slot.close();
            // reqwest chose a connection that was just closing: nothing was sent.
            if !record.taken && matches!(ended, Ended::Failed(_)) && tries < 5 {
                tries += 1;
                continue;
            }
            return self.put_together(url, record, body, ended);
        }
    }

    async fn run(
        &self,
        http: reqwest::Request,
        slot: &Slot,
        body: &mut Body,
    ) -> Result<(), reqwest::Error> {
        let mut response = self.0.http.execute(http).await?;
        slot.head_seen.store(true, Ordering::Release);
        while let Some(chunk) = response.chunk().await? {
            body.push(chunk);
        }
        Ok(())
    }

    /// reqwest's request. Its URL has the scheme http, whatever the real one: the tap knows.
    fn build(&self, request: &Request, url: &Url, id: u64) -> Result<reqwest::Request, String> {
        let mut local = url.clone();
        let bare = local.set_scheme("http").is_ok()
            && local.set_username("").is_ok()
            && local.set_password(None).is_ok();
        if !bare {
            return Err(format!("{url} cannot be requested; leave it out"));
        }
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|_| format!("{text:?} cannot be a header's value; correct the setting"))
        };
        let mut headers = HeaderMap::with_capacity(8 + request.headers.len());
        headers.insert(
            HeaderName::from_static(PRIVATE_HEADER),
            HeaderValue::from(id),
        );
        headers.insert(
            HOST,
            value(&url[Position::BeforeHost..Position::AfterPort])?,
        );
        headers.insert(USER_AGENT, self.0.user_agent.clone());
        headers.insert(ACCEPT, value(&request.accept)?);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        for (name, text) in &request.headers {
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
                return Err(format!("{name:?} cannot be a header; correct the setting"));
            };
            let own = name == PRIVATE_HEADER || name == CONTENT_LENGTH || name == TRANSFER_ENCODING;
            if !own && !matches!(name, HOST | USER_AGENT | ACCEPT | ACCEPT_ENCODING) {
                headers.append(name, value(text)?);
            }
        }
        let mut http = reqwest::Request::new(reqwest::Method::GET, local);
        *http.headers_mut() = headers;
        Ok(http)
    }

    /// An exchange in which nothing was sent.
    fn empty(&self, url: Url, kind: FaultKind, message: String) -> Exchange {
        let record = Record {
            fault: Some(Fault { kind, message }),
            ..Record::default()
        };
        self.put_together(url, record, Body::default(), Ended::Whole)
    }

    fn put_together(&self, url: Url, record: Record, body: Body, ended: Ended) -> Exchange {
        let mut record = record;
        let mut wire = std::mem::take(&mut record.response);
        let head = message::final_head(&wire).map(|(start, head)| {
            wire.drain(..start);
            head
        });
        let sent = record.sent_at.is_some();
        let end = head.as_ref().filter(|_| matches!(ended, Ended::Whole));
        let end = end.and_then(|head| message::body_len(head, wire.get(head.len..)?));
        if let Some((len, head)) = end.zip(head.as_ref()) {
            // Whole by its own framing: what came after it, junk or a reset, is not its fault.
            wire.truncate(head.len + len);
            record.fault = None;
            record.truncated = None;
        }
        self.judge(&url, &mut record, &head, ended, wire.len());
        if record.truncated.is_none() && record.fault.is_some() && !wire.is_empty() {
            record.truncated = Some(Truncation::Disconnect);
        }
        let (at, start) = record
            .sent_at
            .unwrap_or_else(|| (self.0.tap.clock.now(), Instant::now()));
        let since = |end: Option<Instant>| {
            end.map_or(Duration::ZERO, |end| end.saturating_duration_since(start))
        };
        let head = head.unwrap_or(Head {
            status: 0,
            headers: Vec::new(),
            len: 0,
        });
        Exchange {
            url,
            at,
            request_bytes: if sent {
                record.request.into()
            } else {
                Vec::new()
            },
            response_bytes: wire,
            head_len: head.len,
            status: head.status,
            headers: head.headers,
            payload: body.finish(),
            truncated: record.truncated,
            fault: record.fault,
            remote: record.remote,
            timings: Timings {
                first_byte: since(record.first_byte),
                total: since(record.last_byte),
            },
            tls: record.tls,
        }
    }

    /// Names what went wrong where the tap has not done so.
    fn judge(
        &self,
        url: &Url,
        record: &mut Record,
        head: &Option<Head>,
        ended: Ended,
        came: usize,
    ) {
        let (kind, message) = match ended {
            _ if record.fault.is_some() => return,
            Ended::Whole if head.is_some() => return,
            Ended::Late => {
                record.truncated = (came > 0).then_some(Truncation::Time);
                let seconds = self.0.total_timeout.as_secs_f32();
                let text = format!("{url} took more than {seconds} s in all; try again later");
                (FaultKind::TotalTimeout, text)
            }
            Ended::Failed(_) if head.is_some() => {
                let text = format!("{url} broke off after {came} bytes; try again later");
                (FaultKind::Protocol, text)
            }
            Ended::Failed(why) if came == 0 => {
                let text = format!("{url} was not answered: {}", chain(&why));
                (FaultKind::Protocol, text)
            }
            Ended::Failed(why) => {
                let text = format!("{url} did not answer in HTTP/1.1: {}", chain(&why));
                (FaultKind::Protocol, text)
            }
            Ended::Whole => {
                let text = format!("{url} answered with a head that cannot be read");
                (FaultKind::Protocol, text)
            }
        };
        record.fault = Some(Fault { kind, message });
    }
}

/// How reqwest's part ended.
enum Ended {
    Whole,
    Failed(reqwest::Error),
    Late,
}

/// The payload in pieces; one piece is kept as it is.
#[derive(Default)]
struct Body {
    first: Bytes,
    all: Vec<u8>,
}

impl Body {
    fn push(&mut self, chunk: Bytes) {
        if self.first.is_empty() && self.all.is_empty() {
            self.first = chunk;
        } else {
            if self.all.is_empty() {
                self.all.extend_from_slice(&self.first);
            }
            self.all.extend_from_slice(&chunk);
        }
    }

    fn finish(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.into()
        }
    }
}

/// The innermost cause, which says most.
fn chain(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

const SOCKET: &str = "tap";
/// `sockaddr_un` holds at least this many bytes everywhere.
const MAX_SOCKET_PATH: usize = 100;

/// A socket in a folder that only this user can enter.
fn private_socket() -> Result<(tempfile::TempDir, UnixListener), FetchError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut parent = std::env::temp_dir();
    if parent.as_os_str().len() + 32 > MAX_SOCKET_PATH {
        parent = "/tmp".into();
    }
    let failed = |why| FetchError::Socket {
        folder: parent.display().to_string(),
        why,
    };
    let folder = tempfile::Builder::new()
        .prefix("khobao-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(&parent)
        .map_err(failed)?;
    let listener = UnixListener::bind(folder.path().join(SOCKET)).map_err(failed)?;
    Ok((folder, listener))
}
