//! A server that sends exactly the bytes it is told to, and notes the bytes that it read.
#![allow(dead_code)]

use khobao::domain::Exchange;
use khobao::fetch::{Client, ClientSettings, Request, SiteNet, SiteNetSettings};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One step of a connection's script.
#[derive(Clone, Debug)]
pub enum Step {
    /// Read one request head.
    Read,
    /// Send these bytes.
    Send(Vec<u8>),
    /// Wait.
    Wait(Duration),
    /// Send this byte by byte, with a pause after each.
    Drip(Vec<u8>, Duration),
    /// Send this piece again and again until the peer hangs up.
    Flood(Vec<u8>),
    /// Reset the connection.
    Reset,
    /// Keep open until the peer closes.
    Hold,
}

pub fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

/// What the server saw.
#[derive(Default, Debug)]
pub struct Seen {
    /// Requests as read: connection number, bytes, time.
    pub requests: Vec<(usize, Vec<u8>, Instant)>,
    pub connections: usize,
}

pub struct Server {
    pub address: SocketAddr,
    pub seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Plays one script per connection, in order of connection; the last is repeated.
    pub async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut scripts: VecDeque<Vec<Step>> = scripts.into();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let script = match scripts.len() {
                    1 => scripts[0].clone(),
                    _ => scripts.pop_front().unwrap(),
                };
                let number = {
                    let mut seen = noted.lock().unwrap();
                    seen.connections += 1;
                    seen.connections
                };
                tokio::spawn(play(stream, script, number, Arc::clone(&noted)));
            }
        });
        Self { address, seen }
    }

    pub fn url(&self, path: &str) -> url::Url {
        url::Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub fn requests(&self) -> Vec<Vec<u8>> {
        let seen = self.seen.lock().unwrap();
        seen.requests
            .iter()
            .map(|(_, bytes, _)| bytes.clone())
            .collect()
    }

    pub fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }
}

async fn play(mut stream: TcpStream, script: Vec<Step>, number: usize, seen: Arc<Mutex<Seen>>) {
    for step in script {
        let done = match step {
            Step::Read => {
                let Some(bytes) = read_head(&mut stream).await else {
                    return;
                };
                let mut seen = seen.lock().unwrap();
                seen.requests.push((number, bytes, Instant::now()));
                Ok(())
            }
            Step::Send(bytes) => stream.write_all(&bytes).await,
            Step::Wait(time) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Step::Drip(bytes, pause) => drip(&mut stream, &bytes, pause).await,
            Step::Flood(piece) => loop {
                if let Err(why) = stream.write_all(&piece).await {
                    break Err(why);
                }
            },
            Step::Reset => {
                // Without lingering, closing sends RST.
                stream.set_zero_linger().unwrap();
                return;
            }
            Step::Hold => {
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
                Ok(())
            }
        };
        if done.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// Reads up to and including the empty line; `None` at the end of the stream.
pub async fn read_head<S: tokio::io::AsyncRead + Unpin>(stream: &mut S) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    Some(bytes)
}

/// Settings with short time limits.
pub fn quick() -> ClientSettings {
    ClientSettings {
        connect_timeout: Duration::from_secs(2),
        header_timeout: Duration::from_millis(400),
        idle_timeout: Duration::from_millis(400),
        total_timeout: Duration::from_secs(20),
        max_bytes: 1 << 20,
        ..ClientSettings::new("khobao/test (+mailto:kho@example.org)")
    }
}

pub fn client() -> Client {
    Client::new(quick()).unwrap()
}

/// A site on loopback.
pub fn loopback() -> Arc<SiteNet> {
    SiteNet::new(SiteNetSettings {
        allow_private: true,
        ..SiteNetSettings::default()
    })
    .unwrap()
}

/// One request to a server that plays one script.
pub async fn one(script: Vec<Step>) -> (Server, Exchange) {
    let server = Server::start(vec![script]).await;
    let exchange = client()
        .get(&Request::new(server.url("/"), loopback()))
        .await;
    (server, exchange)
}

/// A script played several times over one connection.
pub fn repeat(script: &[Step], times: usize) -> Vec<Step> {
    std::iter::repeat_n(script, times)
        .flatten()
        .cloned()
        .collect()
}
