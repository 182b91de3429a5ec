//! What the portal sends back: a status, headers, and a body that may be slow, endless or torn.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// One step of a body.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Send these bytes.
    Data(Bytes),
    /// Wait.
    Wait(Duration),
    /// Send these bytes so many times.
    Repeat(Bytes, usize),
    /// Tear the connection down.
    Fail,
}

/// What the connection does instead of speaking HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Sabotage {
    /// Nothing unusual.
    None = 0,
    /// Bytes that are no HTTP.
    Garbage = 1,
    /// A TCP reset.
    Reset = 2,
}

/// An answer, before it is put on the wire.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<Step>,
    /// Length announced although the body is another.
    pub(super) announced: Option<u64>,
    /// May be compressed.
    pub(super) compress: bool,
    /// Wait before the head.
    pub(super) delay: Duration,
    pub(super) sabotage: Sabotage,
}

impl Reply {
    /// A body of a type, nothing more.
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: vec![Step::Data(body.into())],
            announced: None,
            compress: content_type.starts_with("text/") || content_type.contains("xml"),
            delay: Duration::ZERO,
            sabotage: Sabotage::None,
        }
    }

    /// A page as PHP sends it: never to be stored, changed "yesterday".
    pub(super) fn html(status: u16, body: impl Into<Bytes>) -> Self {
        let yesterday = std::time::SystemTime::now() - Duration::from_secs(86_400);
        Self::new(status, "text/html; charset=UTF-8", body)
            .with("last-modified", &httpdate::fmt_http_date(yesterday))
            .with("expires", "Thu, 19 Nov 1981 08:52:00 GMT")
            .with(
                "cache-control",
                "no-store, no-cache, must-revalidate, post-check=0, pre-check=0",
            )
            .with("pragma", "no-cache")
            .with("x-frame-options", "SAMEORIGIN")
    }

    /// A redirect.
    pub(super) fn redirect(status: u16, to: &str) -> Self {
        Self::html(status, Bytes::new()).with("location", to)
    }

    /// With one more header.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// With another body.
    pub(super) fn with_steps(mut self, steps: Vec<Step>) -> Self {
        self.body = steps;
        self.compress = false;
        self
    }

    /// The body's bytes, where it is plain.
    pub(super) fn bytes(&self) -> Option<&Bytes> {
        match self.body.as_slice() {
            [Step::Data(bytes)] => Some(bytes),
            _ => None,
        }
    }
}

/// The body as hyper polls it.
pub(super) struct StepBody {
    steps: VecDeque<Step>,
    sleep: Option<Pin<Box<Sleep>>>,
    exact: Option<u64>,
}

impl StepBody {
    /// `sized`: announce the length of a plain body instead of chunking it.
    pub(super) fn new(steps: Vec<Step>, sized: bool) -> Self {
        let exact = match steps.as_slice() {
            [Step::Data(bytes)] if sized => Some(bytes.len() as u64),
            [] => Some(0),
            _ => None,
        };
        Self {
            steps: steps.into(),
            sleep: None,
            exact,
        }
    }
}

impl Body for StepBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        loop {
            if let Some(sleep) = &mut this.sleep {
                if sleep.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                this.sleep = None;
            }
            match this.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Data(bytes)) if bytes.is_empty() => {}
                Some(Step::Data(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Wait(time)) => this.sleep = Some(Box::pin(sleep(time))),
                Some(Step::Repeat(_, 0)) => {}
                Some(Step::Repeat(bytes, times)) => {
                    this.steps
                        .push_front(Step::Repeat(bytes.clone(), times - 1));
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Fail) => {
                    return Poll::Ready(Some(Err(io::Error::other("torn on purpose"))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.sleep.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.exact
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
