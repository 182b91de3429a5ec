//! The HTTP/1.1 side: heads by httparse, keep-alive, gzip, cookies, and the routes.
//!
//! Written on the socket and not on a server library, because some faults (bytes that are no
//! HTTP, a body that breaks off, silence) are what a library exists to prevent.

use super::content::CATEGORIES;
use super::faults::{FAULTS, Reply, fault, gzip};
use super::state::State;
use super::{lists, page};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// A one-pixel PNG.
const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54,
    0x78, 0x9c, 0x62, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];

/// Serves until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    mut stopped: oneshot::Receiver<()>,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(connection(stream, Arc::clone(&state)));
                }
            }
        }
    }
}

struct Asked {
    path: String,
    agent: String,
    gzip: bool,
    cookie: bool,
    validator: Option<String>,
    close: bool,
}

async fn connection(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::new();
    loop {
        let Some((length, asked)) = read(&mut stream, &mut buffer).await else {
            return;
        };
        buffer.drain(..length);
        let at = state.since_start();
        if !state.config.latency.is_zero() {
            tokio::time::sleep(state.config.latency).await;
        }
        let reply = answer(&state, &asked);
        match reply {
            Reply::Whole {
                status,
                headers,
                body,
            } => {
                state.hit(at, &asked.path, status, &asked.agent);
                let bytes = encode(&state, &asked, status, headers, body);
                if stream.write_all(&bytes).await.is_err() || asked.close {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                state.hit(at, &asked.path, 0, &asked.agent);
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Silence => {
                state.hit(at, &asked.path, 0, &asked.agent);
                tokio::time::sleep(Duration::from_secs(600)).await;
                return;
            }
        }
    }
}

/// Reads one request's head; gives its length.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(usize, Asked)> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        if let Ok(httparse::Status::Complete(length)) = request.parse(buffer) {
            let get = |name: &str| {
                let header = request
                    .headers
                    .iter()
                    .find(|h| h.name.eq_ignore_ascii_case(name));
                header.map(|h| String::from_utf8_lossy(h.value).into_owned())
            };
            let asked = Asked {
                path: request.path?.to_owned(),
                agent: get("user-agent").unwrap_or_default(),
                gzip: get("accept-encoding").is_some_and(|v| v.contains("gzip")),
                cookie: get("cookie").is_some(),
                validator: get("if-none-match"),
                close: get("connection").is_some_and(|v| v.eq_ignore_ascii_case("close")),
            };
            return Some((length, asked));
        }
        let mut chunk = [0; 8192];
        let read = stream.read(&mut chunk).await.ok()?;
        if read == 0 || buffer.len() > 1 << 20 {
            return None;
        }
        buffer.extend_from_slice(chunk.get(..read)?);
    }
}

fn encode(
    state: &State,
    asked: &Asked,
    status: u16,
    mut headers: Vec<(&'static str, String)>,
    mut body: Vec<u8>,
) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        404 => "Not Found",
        429 => "Too Many Requests",
        _ => "Error",
    };
    let kind = headers
        .iter()
        .find(|(name, _)| *name == "content-type")
        .map(|(_, v)| v.as_str());
    let text = kind.is_some_and(|kind| kind.starts_with("text/") || kind.contains("xml"));
    let coded = headers.iter().any(|(name, _)| *name == "content-encoding");
    if text && !coded && asked.gzip && state.config.gzip && body.len() > 200 {
        body = gzip(&body);
        headers.push(("content-encoding", "gzip".to_owned()));
    }
    let mut out =
        format!("HTTP/1.1 {status} {reason}\r\nServer: Portal\r\nX-Powered-By: own words\r\n");
    for (name, value) in &headers {
        // Servers write names as they like; so does this one.
        let mut written = String::new();
        for (n, part) in name.split('-').enumerate() {
            if n > 0 {
                written.push('-');
            }
            let mut letters = part.chars();
            written.extend(letters.next().map(|c| c.to_ascii_uppercase()));
            written.push_str(letters.as_str());
        }
        out.push_str(&format!("{written}: {value}\r\n"));
    }
    if text && !asked.cookie {
        out.push_str("Set-Cookie: portal_u_lang=vi; path=/; HttpOnly\r\n");
    }
    if text {
        out.push_str("Cache-Control: no-store, no-cache, must-revalidate\r\nPragma: no-cache\r\n");
    }
    // Pages in chunks, as PHP behind a buffer sends them; files with their length.
    if text && status == 200 && state.config.gzip {
        out.push_str("Transfer-Encoding: chunked\r\n\r\n");
        let mut bytes = out.into_bytes();
        for chunk in body.chunks(8000) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        return bytes;
    }
    out.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut bytes = out.into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}

fn whole(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Reply {
    Reply::Whole {
        status,
        headers: vec![("content-type", kind.to_owned())],
        body: body.into(),
    }
}

fn html(status: u16, body: String) -> Reply {
    whole(status, "text/html; charset=utf-8", body)
}

fn moved(status: u16, to: &str) -> Reply {
    Reply::Whole {
        status,
        headers: vec![
            ("location", to.to_owned()),
            ("content-type", "text/html".to_owned()),
        ],
        body: Vec::new(),
    }
}

fn flooded(status: u16, left: u64) -> Reply {
    let body = "<html><head><title>Hãy đợi...</title></head><body><div class=\"floodblocker\">\
                <p>Hệ thống đang từ chối truy cập vì bạn gửi quá nhiều yêu cầu.</p></div></body></html>";
    let mut headers = vec![("content-type", "text/html; charset=utf-8".to_owned())];
    if status == 429 {
        headers.push(("retry-after", left.to_string()));
    }
    Reply::Whole {
        status,
        headers,
        body: body.as_bytes().to_vec(),
    }
}

fn answer(state: &State, asked: &Asked) -> Reply {
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    if path.starts_with("/uploads/") {
        return whole(200, "image/png", PIXEL);
    }
    if let Some((flood, left)) = state.flooded() {
        return flooded(flood.status, left);
    }
    if query.contains("op=") && path == "/index.php" {
        return rewritten(state, query);
    }
    match path {
        "/" | "/index.php" => return html(200, lists::home(state)),
        "/robots.txt" => return robots(state, asked),
        "/rss/" => return whole(200, "text/xml; charset=utf-8", lists::rss(state, None)),
        "/feeds/" => return html(200, lists::feeds(state)),
        "/sitemap.xml" => {
            return whole(200, "text/xml; charset=utf-8", lists::sitemap_index(state));
        }
        "/sitemap-vi.news.xml" => {
            return whole(200, "text/xml; charset=utf-8", lists::sitemap(state));
        }
        _ => {}
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["rss", name] => match State::category_at(name) {
            Some(at) => whole(200, "text/xml; charset=utf-8", lists::rss(state, Some(at))),
            None => moved(301, "/"),
        },
        [name] if path.ends_with('/') => match State::category_at(name) {
            Some(at) => list(state, at, 1),
            None => moved(301, "/"),
        },
        [name, number] if path.ends_with('/') => {
            let number = number.strip_prefix("page-").and_then(|n| n.parse().ok());
            match (State::category_at(name), number) {
                (Some(at), Some(number)) => list(state, at, number),
                _ => moved(301, "/"),
            }
        }
        ["tag", ..] => html(200, lists::home(state)),
        ["print" | "savefile", name, file] => match article_id(file).and_then(|id| state.get(id)) {
            Some(article) if CATEGORIES.iter().any(|(c, _)| c == name) => {
                html(200, page::print(state, &article, path))
            }
            _ => moved(301, "/"),
        },
        [name, file] => article(state, name, file, query),
        _ => moved(301, "/"),
    }
}

/// A page of a category; past the last one the first one answers.
fn list(state: &State, category: usize, number: usize) -> Reply {
    let page = lists::category(state, category, number);
    match page.or_else(|| lists::category(state, category, 1)) {
        Some(page) => html(200, page),
        None => moved(301, "/"),
    }
}

fn article_id(file: &str) -> Option<u64> {
    file.strip_suffix(".html")?.rsplit('-').next()?.parse().ok()
}

fn article(state: &State, name: &str, file: &str, query: &str) -> Reply {
    let Some(id) = article_id(file) else {
        return moved(301, "/");
    };
    if State::category_at(name).is_none() {
        return moved(301, "/");
    }
    if state.config.faults
        && let Some(fault_name) = id.checked_sub(900_000).and_then(|n| FAULTS.get(n as usize))
    {
        return fault(fault_name);
    }
    if state.is_external(id) {
        return moved(302, "http://bao-khac.example/tin-23.html");
    }
    let Some(found) = state.get(id).filter(|_| !state.is_expired(id)) else {
        let body = "<html><head><meta http-equiv=\"refresh\" content=\"3;url=/\"><title>Thông báo lỗi</title></head>\
                    <body><p>Không tìm thấy bài viết.</p></body></html>";
        return html(404, body.to_owned());
    };
    let own = format!("/{name}/{file}");
    if found.url != own {
        return moved(301, &found.url);
    }
    if query.contains("download=1") {
        return whole(200, "application/pdf", format!("%PDF-1.4 tập tin {id}"));
    }
    html(200, page::article(state, &found))
}

/// The unrewritten form: the same content with status 200.
fn rewritten(state: &State, query: &str) -> Reply {
    let op = query
        .split('&')
        .find_map(|part| part.strip_prefix("op="))
        .unwrap_or_default();
    let op = op.replace("%2F", "/").replace("%2f", "/");
    match op.split_once('/') {
        Some((name, file)) => article(state, name, &format!("{file}.html"), ""),
        None => match State::category_at(&op) {
            Some(at) => list(state, at, 1),
            None => moved(301, "/"),
        },
    }
}

fn robots(state: &State, asked: &Asked) -> Reply {
    let tag = "\"r1\"".to_owned();
    if asked.validator.as_deref() == Some("\"r1\"") {
        return Reply::Whole {
            status: 304,
            headers: vec![("etag", tag)],
            body: Vec::new(),
        };
    }
    Reply::Whole {
        status: 200,
        headers: vec![("content-type", "text/plain".to_owned()), ("etag", tag)],
        body: lists::robots(state).into_bytes(),
    }
}
