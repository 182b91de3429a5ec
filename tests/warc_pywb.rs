//! pywb replays what was captured, revisits too, byte for byte.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "common/python.rs"]
mod python;
mod warc_support;

use python::{Python, said};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Status line and headers in lower case, and the body.
fn get(port: u16, path: &str) -> std::io::Result<(String, Vec<u8>)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let head =
        format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: gzip\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let at = answer
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..at]).to_lowercase();
    Ok((head, answer.split_off((at + 4).min(answer.len()))))
}

/// Runs a console script's module in `dir`.
fn module(python: &Python, name: &str, dir: &std::path::Path, args: &[&str]) -> Command {
    let code = format!("import sys; from pywb.{name}; sys.argv[0] = 'pywb'; run()");
    let mut command = python.command();
    command.arg("-c").arg(code).args(args).current_dir(dir);
    command
}

#[test]
fn pywb_replays_every_capture() {
    let Some(python) = Python::with(&["pywb.apps.cli", "pywb.manager.manager"]) else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let (path, captures) = warc_support::sample_file(place.path());
    let manager = "manager.manager import main_wrap_exc as run";
    said(
        &module(&python, manager, place.path(), &["init", "thu"])
            .output()
            .unwrap(),
    );
    let add = ["add", "thu", path.to_str().unwrap()];
    said(
        &module(&python, manager, place.path(), &add)
            .output()
            .unwrap(),
    );
    // A second collection has our index instead of one that pywb made.
    said(
        &module(&python, manager, place.path(), &["init", "own"])
            .output()
            .unwrap(),
    );
    let own = place.path().join("collections/own");
    std::fs::copy(&path, own.join("archive").join(path.file_name().unwrap())).unwrap();
    let index = path.to_str().unwrap().replace(".warc.gz", ".cdxj");
    std::fs::copy(index, own.join("indexes/index.cdxj")).unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let wayback = "apps.cli import wayback as run";
    let listen = ["-b", "127.0.0.1", "-p", &port.to_string()];
    let log = std::fs::File::create(place.path().join("log")).unwrap();
    let child = module(&python, wayback, place.path(), &listen)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    let _server = Server(child.unwrap());
    let begun = Instant::now();
    while get(port, "/thu/").is_err() {
        let log = std::fs::read_to_string(place.path().join("log")).unwrap_or_default();
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "pywb does not answer\n{log}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    for collection in ["thu", "own"] {
        for (n, (exchange, _)) in captures.iter().enumerate() {
            // A framed body has no digest that pywb's own index could find it by.
            let framed = exchange.header("transfer-encoding").is_some();
            if collection == "thu" && framed && n >= captures.len() - 2 {
                continue;
            }
            replay(port, collection, exchange);
        }
    }
}

fn replay(port: u16, collection: &str, exchange: &khobao::domain::Exchange) {
    let stamp = exchange.at.format("%Y%m%d%H%M%S");
    let path = format!("/{collection}/{stamp}id_/{}", exchange.url);
    let (head, body) = get(port, &path).unwrap();
    let what = format!("{path}\n{head}");
    assert!(head.split('\n').next().unwrap().contains(" 200 "), "{what}");
    let date = exchange.at.format("%d %b %Y %H:%M:%S").to_string();
    assert!(head.contains(&date.to_lowercase()), "{what}");
    let coded = head.contains("\ncontent-encoding: gzip");
    let want = if exchange.header("content-encoding").is_some() && !coded {
        warc_support::page()
    } else {
        exchange.payload.to_vec()
    };
    assert!(
        body == want,
        "{what}\n{} of {} bytes",
        body.len(),
        want.len()
    );
}
