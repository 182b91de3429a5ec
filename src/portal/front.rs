//! A server that rewrites no addresses: pages are there under `/index.php/` alone, and that is how
//! NukeViet then writes its links. Files keep their own addresses.

use super::reply::Reply;
use super::routes::{self, Ask};
use super::state::Shared;
use bytes::Bytes;

const FRONT: &str = "/index.php";

/// The answer to a request.
pub(super) fn answer(shared: &Shared, ask: &Ask<'_>) -> Reply {
    if !shared.config.front || is_file(ask.path) {
        return routes::answer(shared, ask);
    }
    let path = match ask.path.strip_prefix(FRONT) {
        Some(path) if path.starts_with('/') => path,
        _ if ask.path == "/" => "/",
        _ => return Reply::html(404, "<h1>404 Not Found</h1>"),
    };
    let mut reply = routes::answer(shared, &Ask { path, ..*ask });
    for (name, value) in &mut reply.headers {
        if *name == "location" {
            *value = fronted(&format!("\"{value}"), &shared.root).split_off(1);
        }
    }
    match reply.bytes().map(|bytes| std::str::from_utf8(bytes)) {
        Some(Ok(text)) if reply.compress => {
            let text = fronted(text, &shared.root);
            reply.body = vec![super::reply::Step::Data(Bytes::from(text))];
            reply
        }
        _ => reply,
    }
}

fn is_file(path: &str) -> bool {
    path == "/robots.txt"
        || ["/uploads/", "/assets/", "/themes/", "/faults/"]
            .iter()
            .any(|folder| path.starts_with(folder))
}

/// The text with `/index.php` in front of every page's address that begins after `"` or `>`.
fn fronted(text: &str, root: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1024);
    let mut rest = text;
    while let Some(at) = rest.find(['"', '>']) {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let path = match after.strip_prefix(root) {
            Some(path) => {
                out.push_str(root);
                path
            }
            None => after,
        };
        let end = path.find(['"', '<', '\n']).unwrap_or(path.len());
        let address = path.get(..end).unwrap_or_default();
        let page = address.starts_with('/') && !address.starts_with("//") && address != "/";
        if page && !address.starts_with(FRONT) && !is_file(address) {
            out.push_str(FRONT);
        }
        rest = path;
    }
    out.push_str(rest);
    out
}
