//! The HTTP server: hyper on a thread of its own, one task a connection.

use super::faults::gzip;
use super::front::answer;
use super::hits::{Hit, lock};
use super::reply::{Reply, Sabotage, Step, StepBody};
use super::routes::Ask;
use super::state::Shared;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Serves until `stop` is sent or dropped; then every connection is cut.
pub(super) fn run(
    shared: &Arc<Shared>,
    listeners: Vec<std::net::TcpListener>,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        for (n, listener) in listeners.into_iter().enumerate() {
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(accept(Arc::clone(shared), listener, n > 0));
        }
        let _ = stop.await;
        io::Result::Ok(())
    })
}

async fn accept(shared: Arc<Shared>, listener: TcpListener, other_host: bool) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(connection(Arc::clone(&shared), stream, peer, other_host));
            }
            // Out of descriptors, most likely: wait for some to be closed.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr, other_host: bool) {
    let _ = stream.set_nodelay(true);
    let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
    shared.open.fetch_add(1, Ordering::Relaxed);
    let sabotage = Arc::new(AtomicU8::new(0));
    let line = Line {
        stream,
        sabotage: Arc::clone(&sabotage),
        told: false,
    };
    let service = service_fn(|request: Request<Incoming>| {
        let (shared, sabotage) = (Arc::clone(&shared), Arc::clone(&sabotage));
        async move {
            let reply = serve(&shared, &request, peer, number, other_host);
            let wait = reply.delay + lock(&shared.knobs).latency;
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            sabotage.store(reply.sabotage as u8, Ordering::Release);
            Ok::<_, Infallible>(response(&shared, reply))
        }
    });
    // A torn connection is the client's to notice.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .title_case_headers(true)
        .serve_connection(TokioIo::new(line), service)
        .await;
    shared.open.fetch_sub(1, Ordering::Relaxed);
}

/// Answers, compresses and logs one request.
fn serve(
    shared: &Shared,
    request: &Request<Incoming>,
    peer: SocketAddr,
    connection: u64,
    other_host: bool,
) -> Reply {
    let at_micros = shared.started.elapsed().as_micros() as u64;
    let headers = request.headers();
    let text = |name: &str| header(headers, name);
    let uri = request.uri();
    let ask = Ask {
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        user_agent: text("user-agent"),
        cookie: text("cookie"),
        if_none_match: text("if-none-match"),
        if_modified_since: text("if-modified-since"),
        gzip: text("accept-encoding").contains("gzip"),
        client: peer.ip(),
        other_host,
    };
    let mut reply = answer(shared, &ask);
    if shared.config.gzip && ask.gzip {
        reply = compressed(reply);
    }
    lock(&shared.hits).push(Hit {
        at_micros,
        connection,
        local_ip: if other_host { "127.0.0.2" } else { "127.0.0.1" }.to_owned(),
        method: request.method().to_string(),
        path_and_query: uri.path_and_query().map_or("", |p| p.as_str()).to_owned(),
        status: if reply.sabotage == Sabotage::None {
            reply.status
        } else {
            0
        },
        user_agent: ask.user_agent.to_owned(),
        headers: if shared.config.log_headers {
            headers
                .iter()
                .map(|(k, v)| {
                    (
                        k.to_string(),
                        String::from_utf8_lossy(v.as_bytes()).into_owned(),
                    )
                })
                .collect()
        } else {
            Vec::new()
        },
    });
    reply
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
}

/// The reply with its body gzipped, where that is worth it.
pub(super) fn compressed(mut reply: Reply) -> Reply {
    let packed = match reply.bytes() {
        Some(bytes) if reply.compress && bytes.len() > 200 => gzip(bytes),
        _ => return reply,
    };
    reply.body = vec![Step::Data(packed)];
    reply.compress = false;
    reply
        .with("content-encoding", "gzip")
        .with("vary", "Accept-Encoding")
}

fn response(shared: &Shared, reply: Reply) -> Response<StepBody> {
    let sized = !shared.config.chunked && reply.announced.is_none();
    let mut response = Response::new(StepBody::new(reply.body, sized));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert("server", HeaderValue::from_static("nginx"));
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    if let Some(length) = reply.announced {
        headers.insert("content-length", HeaderValue::from(length));
    }
    if reply.sabotage != Sabotage::None {
        headers.insert("connection", HeaderValue::from_static("close"));
    }
    response
}

/// The TCP stream, which can be told to send garbage or to reset.
struct Line {
    stream: TcpStream,
    sabotage: Arc<AtomicU8>,
    told: bool,
}

const GARBAGE: &[u8] = b"\x16\x03\x01\x00\xff\xfe this is no HTTP \x00\x07\r\n\r\n";

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mode = self.sabotage.load(Ordering::Acquire);
        if mode == Sabotage::None as u8 {
            return Pin::new(&mut self.stream).poll_write(cx, buf);
        }
        if mode == Sabotage::Reset as u8 {
            let _ = self.stream.set_zero_linger();
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if !self.told {
            ready!(Pin::new(&mut self.stream).poll_write(cx, GARBAGE))?;
            self.told = true;
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
