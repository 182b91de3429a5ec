//! The wire tap: stands between reqwest and the portal, and records.
//!
//! One task per connection of reqwest's pool. It reads a request, takes out the private header,
//! sends the rest byte for byte over a connection of its own to the portal, and hands back what
//! comes, recording it first. It does not know where a message ends: reqwest does, and shows it
//! by closing the slot or by sending the next request. A connection to the portal lives as long
//! as reqwest's connection and only while the origin and the site stay the same.

use super::dial::{Dialer, Upstream};
use super::slot::{PRIVATE_HEADER, Registry, Slot};
use crate::domain::{Clock, FaultKind, Truncation};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Instant, sleep_until, timeout_at};

/// Largest request head that is forwarded.
const MAX_REQUEST: usize = 64 * 1024;
/// Room that is made for a response at least, and at each growth.
const READ_ROOM: usize = 16 * 1024;

/// What every connection shares.
#[derive(Debug)]
pub(super) struct Tap {
    pub registry: Registry,
    pub dialer: Dialer,
    pub header_timeout: Duration,
    pub idle_timeout: Duration,
    pub clock: Arc<dyn Clock>,
}

/// Accepts reqwest's connections until the task is aborted.
pub(super) async fn listen(tap: Arc<Tap>, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((down, _)) => {
                let tap = Arc::clone(&tap);
                tokio::spawn(async move { tap.serve(down).await });
            }
            // Out of file descriptors, for example: wait rather than spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// How a relay ended.
enum End {
    /// reqwest sends the next request.
    Next,
    /// The portal closed before the first byte; `Some` with the error of a reset.
    Nothing(Option<std::io::Error>),
    /// Nothing more can come over this connection.
    Close,
}

impl Tap {
    async fn serve(&self, mut down: UnixStream) {
        let mut up: Option<Upstream> = None;
        let mut buffer = Vec::with_capacity(2048);
        while let Some(len) = next_head(&mut down, &mut up, &mut buffer).await {
            let Some((id, request)) = buffer.get(..len).and_then(without_private_header) else {
                return;
            };
            buffer.drain(..len);
            let Some(slot) = self.registry.take(id) else {
                return;
            };
            {
                let mut record = slot.record();
                record.taken = true;
                record.request = request.into();
            }
            if up
                .as_ref()
                .is_some_and(|up| !up.serves(&slot.target, &slot.site))
            {
                up = None;
            }
            if !self.exchange(&mut down, &mut up, &mut buffer, &slot).await {
                return;
            }
        }
    }

    /// One request and its response. True when the connections can be used again.
    async fn exchange(
        &self,
        down: &mut UnixStream,
        up: &mut Option<Upstream>,
        buffer: &mut Vec<u8>,
        slot: &Slot,
    ) -> bool {
        let mut reused = up.is_some();
        loop {
            let open = match up {
                Some(open) => open,
                None => {
                    let dialled = tokio::select! {
                        dialled = self.dialer.dial(&slot.target, &slot.site) => dialled,
                        // reqwest has given up.
                        _ = down.read_buf(buffer) => return false,
                    };
                    match dialled {
                        Ok(fresh) => up.insert(fresh),
                        Err(fault) => {
                            slot.fail(fault.kind, fault.message);
                            return false;
                        }
                    }
                }
            };
            let end = match self.send(open, slot).await {
                Ok(deadline) => self.relay(down, open, buffer, slot, deadline).await,
                Err(why) => End::Nothing(Some(why)),
            };
            match end {
                End::Next => return true,
                End::Close => return false,
                // An idle connection that the portal closed in the meantime: once more, on a
                // fresh one. Nothing has come back, and GET is safe to repeat.
                End::Nothing(_) if reused => {
                    *up = None;
                    reused = false;
                    if let Some(mark) = &slot.mark {
                        // The portal may have read the request before it closed.
                        mark.arrived();
                        tokio::select! {
                            () = mark.again() => {}
                            _ = down.read_buf(buffer) => return false,
                        }
                    }
                }
                End::Nothing(why) => {
                    let how = why.map_or_else(|| "closed".to_owned(), |why| why.to_string());
                    slot.fail(
                        FaultKind::Protocol,
                        format!(
                            "{} broke off before answering ({how}); try again later",
                            slot.target.host
                        ),
                    );
                    return false;
                }
            }
        }
    }

    /// Sends the request; gives the time by which the head must be there.
    async fn send(&self, up: &mut Upstream, slot: &Slot) -> std::io::Result<Instant> {
        let request = {
            let mut record = slot.record();
            record.remote = Some(up.remote);
            record.tls.clone_from(&up.tls);
            record.sent_at = Some((self.clock.now(), Instant::now()));
            record.request.clone()
        };
        let deadline = Instant::now() + self.header_timeout;
        let sent = timeout_at(deadline, async {
            up.stream.write_all(&request).await?;
            up.stream.flush().await
        })
        .await;
        if let Some(mark) = &slot.mark {
            mark.sent();
        }
        match sent {
            Ok(done) => done.map(|()| deadline),
            Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
        }
    }

    /// Hands the response back, recording it, until reqwest or the portal is done.
    async fn relay(
        &self,
        down: &mut UnixStream,
        up: &mut Upstream,
        buffer: &mut Vec<u8>,
        slot: &Slot,
        deadline: Instant,
    ) -> End {
        let mut timer = pin!(sleep_until(deadline));
        let mut relay = Relay {
            down,
            up,
            buffer,
            slot,
            written: 0,
        };
        let mut timed = true;
        poll_fn(|cx| {
            if let Poll::Ready(end) = relay.poll(cx) {
                return Poll::Ready(end);
            }
            while timed && timer.as_mut().poll(cx).is_ready() {
                match self.overdue(slot, deadline) {
                    Due::Later(at) => timer.as_mut().reset(at),
                    Due::Never => timed = false,
                    Due::Now => return Poll::Ready(End::Close),
                }
            }
            Poll::Pending
        })
        .await
    }

    /// What a timer that rang means: the head or the next byte is overdue, or neither.
    fn overdue(&self, slot: &Slot, deadline: Instant) -> Due {
        let last = {
            let record = slot.record();
            if record.closed {
                return Due::Never;
            }
            record.last_byte.unwrap_or(deadline)
        };
        let host = &slot.target.host;
        let (kind, message) = if slot.head_seen.load(Ordering::Acquire) {
            let due = last + self.idle_timeout;
            if due > Instant::now() {
                return Due::Later(due);
            }
            let seconds = self.idle_timeout.as_secs_f32();
            let text = format!("{host} fell silent for {seconds} s in the middle of the body");
            (FaultKind::IdleTimeout, text)
        } else {
            let seconds = self.header_timeout.as_secs_f32();
            let text = format!("{host} did not send the head of its answer within {seconds} s");
            (FaultKind::HeaderTimeout, text)
        };
        slot.fail(kind, format!("{message}; try again later"));
        let mut record = slot.record();
        if !record.response.is_empty() {
            record.truncated = Some(Truncation::Time);
        }
        Due::Now
    }
}

/// What a timer that rang means.
enum Due {
    Later(Instant),
    Never,
    Now,
}

/// The state of one relay.
struct Relay<'a> {
    down: &'a mut UnixStream,
    up: &'a mut Upstream,
    buffer: &'a mut Vec<u8>,
    slot: &'a Slot,
    written: usize,
}

impl Relay<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let mut moved = false;
            if let Poll::Ready(go_on) = self.poll_response(cx) {
                match go_on {
                    None => moved = true,
                    Some(end) => return Poll::Ready(end),
                }
            }
            // reqwest says something only when it wants the next answer or hangs up.
            match pin!(self.down.read_buf(self.buffer)).poll(cx) {
                Poll::Ready(Ok(n)) if n > 0 => return Poll::Ready(End::Next),
                Poll::Ready(_) => return Poll::Ready(End::Close),
                Poll::Pending if !moved => return Poll::Pending,
                Poll::Pending => {}
            }
        }
    }

    /// One step of the response: hands on what is recorded, or else reads more.
    fn poll_response(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        let mut record = self.slot.record();
        if record.closed {
            // The message is over; whatever the portal does now ends the connection.
            let mut byte = [0u8; 1];
            return match pin!(self.up.stream.read(&mut byte)).poll(cx) {
                Poll::Ready(_) => Poll::Ready(Some(End::Close)),
                Poll::Pending => Poll::Pending,
            };
        }
        if let Some(rest) = record
            .response
            .get(self.written..)
            .filter(|r| !r.is_empty())
        {
            return match Pin::new(&mut *self.down).poll_write(cx, rest) {
                Poll::Ready(Ok(n)) => {
                    self.written += n;
                    Poll::Ready(None)
                }
                Poll::Ready(Err(_)) => Poll::Ready(Some(End::Close)),
                Poll::Pending => Poll::Pending,
            };
        }
        let before = record.response.len();
        if record.response.capacity() - before < READ_ROOM / 4 {
            record.response.reserve(READ_ROOM);
        }
        let read = pin!(self.up.stream.read_buf(&mut record.response)).poll(cx);
        match read {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(n)) if n > 0 => {
                let now = Instant::now();
                if record.first_byte.is_none() {
                    record.first_byte = Some(now);
                    if let Some(mark) = &self.slot.mark {
                        mark.arrived();
                    }
                }
                record.last_byte = Some(now);
                if record.response.len() > self.slot.limit {
                    record.response.truncate(self.slot.limit);
                    record.truncated = Some(Truncation::Length);
                    drop(record);
                    self.slot.fail(
                        FaultKind::TooLarge,
                        format!(
                            "the answer is larger than {} bytes and was cut; raise max_bytes for \
                             the site if it is wanted",
                            self.slot.limit
                        ),
                    );
                    return Poll::Ready(Some(End::Close));
                }
                Poll::Ready(None)
            }
            Poll::Ready(ended) => {
                if before == 0 {
                    return Poll::Ready(Some(End::Nothing(ended.err())));
                }
                if let Err(why) = ended {
                    record.truncated = Some(Truncation::Disconnect);
                    drop(record);
                    self.slot.fail(
                        FaultKind::Protocol,
                        format!(
                            "{} broke off after {before} bytes ({why}); try again later",
                            self.slot.target.host
                        ),
                    );
                }
                Poll::Ready(Some(End::Close))
            }
        }
    }
}

/// Waits for the next request head; gives its length. `None` when reqwest hangs up or the portal
/// ends an idle connection (then nothing was sent, and the client asks again).
async fn next_head(
    down: &mut UnixStream,
    up: &mut Option<Upstream>,
    buffer: &mut Vec<u8>,
) -> Option<usize> {
    let mut searched = 0usize;
    loop {
        let from = searched.saturating_sub(3);
        if let Some(at) = memchr::memmem::find(buffer.get(from..)?, b"\r\n\r\n") {
            return Some(from + at + 4);
        }
        searched = buffer.len();
        if searched > MAX_REQUEST {
            return None;
        }
        let mut byte = [0u8; 1];
        let ended = poll_fn(|cx| {
            if let Poll::Ready(read) = pin!(down.read_buf(buffer)).poll(cx) {
                return Poll::Ready(!matches!(read, Ok(n) if n > 0));
            }
            match up {
                Some(up) => pin!(up.stream.read(&mut byte)).poll(cx).map(|_| true),
                None => Poll::Pending,
            }
        });
        if ended.await {
            return None;
        }
    }
}

/// The request without the private header, and the number in it.
fn without_private_header(head: &[u8]) -> Option<(u64, Vec<u8>)> {
    let mut start = 0;
    loop {
        let end = start + memchr::memchr(b'\n', head.get(start..)?)? + 1;
        let line = head.get(start..end)?;
        let value = line
            .split_at_checked(PRIVATE_HEADER.len())
            .filter(|(name, _)| name.eq_ignore_ascii_case(PRIVATE_HEADER.as_bytes()))
            .and_then(|(_, rest)| rest.strip_prefix(b":"));
        if let Some(value) = value {
            let id = std::str::from_utf8(value).ok()?.trim().parse().ok()?;
            let mut request = Vec::with_capacity(head.len());
            request.extend_from_slice(head.get(..start)?);
            request.extend_from_slice(head.get(end..)?);
            return Some((id, request));
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_header_is_cut_out_whole() {
        let head = b"GET / HTTP/1.1\r\nKhobao-Exchange: 42\r\nHost: a\r\n\r\n";
        let (id, rest) = without_private_header(head).unwrap();
        assert_eq!(id, 42);
        assert_eq!(rest, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(without_private_header(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").is_none());
    }
}
