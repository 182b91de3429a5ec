//! A server that hears what khobao tells: request line, head and body of each request.
#![allow(dead_code, clippy::unwrap_used)]

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub head: String,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// The server; it ends with the process.
pub struct Hook {
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<Request>>>,
    status: Arc<Mutex<u16>>,
}

impl Hook {
    pub fn start() -> Self {
        Self::with(None)
    }

    /// With TLS when there is a configuration for it.
    pub fn with(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hook = Self {
            address: listener.local_addr().unwrap(),
            heard: Arc::default(),
            status: Arc::new(Mutex::new(200)),
        };
        let (heard, status) = (Arc::clone(&hook.heard), Arc::clone(&hook.status));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let status = *status.lock().unwrap();
                let asked = match &tls {
                    None => talk(stream, status),
                    Some(config) => {
                        let tls = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                        talk(rustls::StreamOwned::new(tls, stream), status)
                    }
                };
                // (Whoever trusts no certificate sends nothing.)
                if let Ok(asked) = asked {
                    heard.lock().unwrap().push(asked);
                }
            }
        });
        hook
    }

    pub fn answer(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    pub fn heard(&self) -> Vec<Request> {
        self.heard.lock().unwrap().clone()
    }

    /// What was posted.
    pub fn posts(&self) -> Vec<Request> {
        let mut posts = self.heard();
        posts.retain(|request| request.method == "POST");
        posts
    }

    /// The paths of the other requests.
    pub fn pings(&self) -> Vec<String> {
        let pings = self.heard().into_iter().filter(|r| r.method == "GET");
        pings.map(|request| request.path).collect()
    }
}

fn talk<S: Read + Write>(stream: S, status: u16) -> std::io::Result<Request> {
    let mut stream = BufReader::new(stream);
    let (mut first, mut head) = (String::new(), String::new());
    stream.read_line(&mut first)?;
    while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head)? > 2 {}
    let mut words = first.split_whitespace().map(str::to_owned);
    let mut request = Request {
        method: words.next().ok_or(std::io::ErrorKind::UnexpectedEof)?,
        path: words.next().unwrap_or_default(),
        head,
        body: String::new(),
    };
    let length = request.header("content-length").unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body)?;
    request.body = String::from_utf8(body).unwrap();
    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let stream = stream.get_mut();
    stream.write_all(answer.as_bytes())?;
    stream.flush()?;
    Ok(request)
}
