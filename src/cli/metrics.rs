//! Figures for Prometheus: a file after each crawl, a port while `khobao schedule run` lives.

use super::{Failure, code, data};
use crate::config::Config;
use crate::schedule::{CONTENT_TYPE, Status, metrics};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at once.
const CONNECTIONS: usize = 16;
/// A connection ends after this long.
const LIMIT: Duration = Duration::from_secs(10);

/// Writes them, whole or not at all.
pub(super) fn write(
    path: &Path,
    config: &Config,
    status: &Status,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let text = metrics(config, status, now);
    data::to_file(path, |out| out.write_all(text.as_bytes()))
}

/// What is served: the configuration in force.
pub(super) type Shared = Arc<Mutex<Config>>;

/// The port, while this lives.
pub(super) struct Server {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Answers at this address.
    pub async fn start(address: SocketAddr, config: Shared) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.map_err(|why| {
            Failure::error(
                code::FAILED,
                format!(
                    "figures for Prometheus cannot be given at {address}: {why}; change \
                     metrics.listen"
                ),
            )
        })?;
        let local = listener.local_addr()?;
        tracing::info!("figures for Prometheus at http://{local}/metrics");
        Ok(Self {
            address,
            task: tokio::spawn(serve(listener, config)),
        })
    }

    /// The address that it was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(listener: TcpListener, config: Shared) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, or a peer that is gone.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let config = Arc::clone(&config);
        tokio::spawn(async move {
            let service = hyper::service::service_fn(|request| {
                let answer = answer(&request, &config);
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(LIMIT)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // Whoever asked is gone, or slow: nothing to tell.
            let _ = tokio::time::timeout(LIMIT, connection).await;
            drop(place);
        });
    }
}

fn answer(request: &Request<Incoming>, config: &Shared) -> Response<Full<Bytes>> {
    let (status, kind, text) = match request.uri().path() {
        "/metrics" => {
            let config = config.lock().unwrap_or_else(PoisonError::into_inner);
            let status = Status::read(&config.archive).unwrap_or_default();
            let text = metrics(&config, &status, Utc::now());
            (StatusCode::OK, CONTENT_TYPE, text)
        }
        _ => {
            let text = "the figures are at /metrics\n".to_owned();
            (StatusCode::NOT_FOUND, "text/plain; charset=utf-8", text)
        }
    };
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static(kind));
    answer
}
