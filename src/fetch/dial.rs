//! Connecting to a portal: name resolution, the address guard, TCP, TLS. Never goes through a
//! proxy of the system.

use super::guard::is_public;
use super::settings::{SiteNet, TlsMode};
use super::slot::Target;
use super::tls::{Roots, SiteTls};
use crate::domain::{Fault, FaultKind, TlsFacts};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::client::TlsStream;

/// A connection to a portal, and what is known about it.
pub(super) struct Upstream {
    pub stream: Stream,
    pub target: Target,
    pub site: Arc<SiteNet>,
    pub remote: SocketAddr,
    pub tls: Option<TlsFacts>,
}

impl Upstream {
    /// Whether a request to `target` under `site` may use this connection.
    pub fn serves(&self, target: &Target, site: &Arc<SiteNet>) -> bool {
        Arc::ptr_eq(&self.site, site) && self.target == *target
    }
}

/// Connects within `limit`.
#[derive(Debug)]
pub(super) struct Dialer {
    pub limit: Duration,
    pub hosts: HashMap<String, Vec<IpAddr>>,
    pub roots: Roots,
}

impl Dialer {
    pub async fn dial(&self, target: &Target, site: &Arc<SiteNet>) -> Result<Upstream, Fault> {
        let by = Instant::now() + self.limit;
        match tokio::time::timeout_at(by, self.connect(target, site, by)).await {
            Ok(done) => done,
            Err(_) => Err(fault(
                FaultKind::ConnectTimeout,
                format!(
                    "{} port {} did not accept a connection within {} s; the site may be down \
                     or refuse this network: try again later",
                    target.host,
                    target.port,
                    self.limit.as_secs_f32()
                ),
            )),
        }
    }

    async fn connect(
        &self,
        target: &Target,
        site: &Arc<SiteNet>,
        by: Instant,
    ) -> Result<Upstream, Fault> {
        let addresses = self.resolve(target).await?;
        let addresses = allowed(target, site, addresses)?;
        let (tcp, remote) = connect_any(target, &addresses, by).await?;
        let _ = tcp.set_nodelay(true);
        let (stream, tls) = if target.https {
            let tls = match site.tls.get() {
                Some(tls) => Arc::clone(tls),
                None => {
                    let made = SiteTls::new(&self.roots, site)
                        .map_err(|why| fault(FaultKind::Tls, why.to_string()))?;
                    Arc::clone(site.tls.get_or_init(|| Arc::new(made)))
                }
            };
            let (stream, facts) = tls
                .connect(tcp, &target.host, site.mode == TlsMode::Relaxed)
                .await?;
            (Stream::Tls(Box::new(stream)), Some(facts))
        } else {
            (Stream::Plain(tcp), None)
        };
        Ok(Upstream {
            stream,
            target: target.clone(),
            site: Arc::clone(site),
            remote,
            tls,
        })
    }

    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, Fault> {
        if let Some(literal) = target.literal {
            return Ok(vec![SocketAddr::new(literal, target.port)]);
        }
        if let Some(fixed) = self.hosts.get(&target.host) {
            let fixed = fixed.iter().map(|ip| SocketAddr::new(*ip, target.port));
            return Ok(fixed.collect());
        }
        let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
        let why = match found {
            Ok(found) => {
                let found: Vec<SocketAddr> = found.collect();
                if !found.is_empty() {
                    return Ok(found);
                }
                "it has no address".to_owned()
            }
            Err(why) => why.to_string(),
        };
        Err(fault(
            FaultKind::Dns,
            format!(
                "the name {} does not resolve: {why}; check the spelling in the site's base, \
                 and this machine's DNS",
                target.host
            ),
        ))
    }
}

/// The addresses that the site may use; a fault when none is left.
fn allowed(
    target: &Target,
    site: &SiteNet,
    addresses: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, Fault> {
    if site.allow_private {
        return Ok(addresses);
    }
    let (public, private): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|a| is_public(a.ip()));
    match (public.is_empty(), private.first()) {
        (true, Some(first)) => Err(fault(
            FaultKind::PrivateAddress,
            format!(
                "{} is at {}, a private or reserved address; where that is meant, write \
                 allow_private = true for the site",
                target.host,
                first.ip()
            ),
        )),
        _ => Ok(public),
    }
}

/// The first address that answers. While others are left, one gets half of the time that is
/// left, so that a dead address does not cost the living ones their chance.
async fn connect_any(
    target: &Target,
    addresses: &[SocketAddr],
    by: Instant,
) -> Result<(TcpStream, SocketAddr), Fault> {
    let mut last = None;
    for (done, address) in addresses.iter().enumerate() {
        let left = by.saturating_duration_since(Instant::now());
        let others = addresses.len() - done > 1;
        let share = if others { left / 2 } else { left };
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(why)) => last = Some((address, why)),
            Err(_) => last = Some((address, io::ErrorKind::TimedOut.into())),
        }
    }
    let text = match last {
        Some((address, why)) => format!("{address}: {why}"),
        None => "no address".to_owned(),
    };
    Err(fault(
        FaultKind::Connect,
        format!(
            "no connection to {} ({text}); the site may be down: try again later",
            target.host
        ),
    ))
}

/// A fault.
pub(super) fn fault(kind: FaultKind, message: String) -> Fault {
    Fault { kind, message }
}

/// The bytes of a connection, plain or through TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => match Pin::new(stream).poll_read(cx, buf) {
                // An end without close_notify: HTTP's own framing tells whether bytes lack.
                Poll::Ready(Err(why)) if why.kind() == io::ErrorKind::UnexpectedEof => {
                    Poll::Ready(Ok(()))
                }
                other => other,
            },
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
