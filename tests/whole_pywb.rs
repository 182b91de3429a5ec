//! pywb replays what a whole crawl archived: an article and an image, first captures and revisits.

mod common;
#[path = "common/python.rs"]
mod python;
#[path = "common/web.rs"]
mod web;

use common::clock::crawl_at;
use common::{Place, warcs};
use khobao::portal::{Change, Portal, PortalConfig, Versions};
use python::{Python, said};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that ends with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a console script's module in `dir`.
fn module(python: &Python, name: &str, dir: &Path, args: &[&str]) -> Command {
    let code = format!("import sys; from pywb.{name}; sys.argv[0] = 'pywb'; run()");
    let mut command = python.command();
    command.arg("-c").arg(code).args(args).current_dir(dir);
    command
}

fn manage(python: &Python, dir: &Path, args: &[&str]) {
    let manager = "manager.manager import main_wrap_exc as run";
    said(&module(python, manager, dir, args).output().unwrap());
}

impl Server {
    fn start(python: &Python, dir: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let listen = ["-b", "127.0.0.1", "-p", &port.to_string()];
        let log = std::fs::File::create(dir.join("log")).unwrap();
        let child = module(python, "apps.cli import wayback as run", dir, &listen)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self { child, port };
        let begun = Instant::now();
        while server.get("/").is_err() {
            let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "pywb does not answer\n{log}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// The head in lower case, and the body without its coding.
    fn get(&self, path: &str) -> std::io::Result<(String, Vec<u8>)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let host = format!("127.0.0.1:{}", self.port);
        let head = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n");
        let end = end.unwrap_or(answer.len());
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let mut body = answer.split_off((end + 4).min(answer.len()));
        if head.contains("\ncontent-encoding: gzip") {
            let mut plain = Vec::new();
            flate2::read::MultiGzDecoder::new(&body[..]).read_to_end(&mut plain)?;
            body = plain;
        }
        Ok((head, body))
    }
}

/// pywb with two collections: one is indexed by pywb, the other has the crawl's own index.
fn collections(python: &Python, place: &Place) -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    manage(python, dir.path(), &["init", "thu"]);
    manage(python, dir.path(), &["init", "own"]);
    let own = dir.path().join("collections/own");
    for warc in warcs(&place.warc_dir()) {
        let name = warc.file_name().unwrap().to_str().unwrap().to_owned();
        manage(python, dir.path(), &["add", "thu", warc.to_str().unwrap()]);
        std::fs::copy(&warc, own.join("archive").join(&name)).unwrap();
        let index = name.replace(".warc.gz", ".cdxj");
        std::fs::copy(
            warc.with_file_name(&index),
            own.join("indexes").join(&index),
        )
        .unwrap();
    }
    let server = Server::start(python, dir.path());
    (dir, server)
}

#[test]
fn pywb_replays_an_article_and_an_image_of_a_crawl() {
    let Some(python) = Python::with(&["pywb.apps.cli", "pywb.manager.manager"]) else {
        return;
    };
    let portal = Portal::start(PortalConfig::with_articles(20)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\", \"images\"]");
    place.expect(0, &["crawl"]);
    // A second later: pywb's times are whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    place.expect(0, &["crawl", "--full"]);
    let (_dir, server) = collections(&python, &place);
    let truth = portal.truth();
    let article = truth.iter().find(|t| !t.images.is_empty()).unwrap();
    let image = &article.images[0].url;
    let captured = web::captures(&place);
    let of =
        |url: &str| -> Vec<&web::Captured> { captured.iter().filter(|c| c.uri == url).collect() };
    let png = of(image)[0].body.clone();
    assert!(png.starts_with(b"\x89PNG"));
    let mut revisits = 0;
    for collection in ["thu", "own"] {
        let mut replayed = 0;
        for capture in of(image).into_iter().chain(of(&article.url)) {
            let date = capture.field("WARC-Date").unwrap();
            let stamp: String = date.chars().filter(char::is_ascii_digit).take(14).collect();
            let path = format!("/{collection}/{stamp}id_/{}", capture.uri);
            let (head, body) = server.get(&path).unwrap();
            let status = head.split('\n').next().unwrap();
            assert!(status.contains(" 200 "), "{path}\n{head}");
            let day: chrono::DateTime<chrono::Utc> = date.parse().unwrap();
            let day = day.format("%d %b %Y %H:%M:%S").to_string().to_lowercase();
            assert!(head.contains(&day), "{path} {day}\n{head}");
            if capture.uri == *image {
                assert!(body == png, "{path}: {} bytes", body.len());
                assert!(head.contains("content-type: image/png"), "{head}");
            } else {
                assert!(body == capture.body, "{path}: {} bytes", body.len());
                let text = String::from_utf8_lossy(&body).into_owned();
                assert!(text.contains("itemprop=\"headline\""), "{path}");
            }
            revisits += usize::from(capture.kind == "revisit");
            replayed += 1;
        }
        assert_eq!(replayed, 4, "{collection}");
        // In its frame's form the page's own image points into the archive, too.
        let (_, page) = server
            .get(&format!("/{collection}/mp_/{}", article.url))
            .unwrap();
        let page = String::from_utf8_lossy(&page).into_owned();
        assert!(
            page.contains(&format!("im_/{image}")),
            "{collection}: {image}"
        );
    }
    assert_eq!(
        revisits, 2,
        "the image's second capture, in either collection"
    );
}

#[test]
fn pywb_replays_what_the_server_called_unchanged() {
    let Some(python) = Python::with(&["pywb.apps.cli", "pywb.manager.manager"]) else {
        return;
    };
    let portal = Portal::start(PortalConfig {
        traps: false,
        same_time: 0,
        ..PortalConfig::with_articles(40)
    })
    .unwrap();
    portal.set_versions(Versions::Tags);
    let place = Place::new(
        &portal.base(),
        "drift = false\ncapture = [\"pages\"]\nrevisit = 100",
    );
    let mut order = portal.truth();
    order.sort_by(|a, b| a.published.cmp(&b.published));
    let mut now: chrono::DateTime<chrono::Utc> = "2031-07-01T02:00:00Z".parse().unwrap();
    for article in &order[..3] {
        crawl_at(&place, now);
        now += chrono::TimeDelta::days(400);
        portal.edit(article.id, Change::Append("Câu thêm.".into()));
    }
    crawl_at(&place, now);
    let captured = web::captures(&place);
    let spared: Vec<&web::Captured> = captured
        .iter()
        .filter(|c| {
            c.field("WARC-Profile")
                .is_some_and(|p| p.ends_with("server-not-modified"))
        })
        .collect();
    assert!(spared.len() > 10, "{}", spared.len());
    let (_dir, server) = collections(&python, &place);
    for capture in &spared[..5] {
        let truth = order.iter().find(|t| t.url == capture.uri).unwrap();
        let date = capture.field("WARC-Date").unwrap();
        let stamp: String = date.chars().filter(char::is_ascii_digit).take(14).collect();
        // (Indexed by pywb, the 304 itself would be what is replayed.)
        let path = format!("/own/{stamp}id_/{}", capture.uri);
        let (mut head, mut body) = server.get(&path).unwrap();
        if let Some(to) = head.lines().find_map(|l| l.strip_prefix("location: ")) {
            let to = to.split_once("/own/").unwrap().1;
            (head, body) = server.get(&format!("/own/{to}")).unwrap();
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        let status = head.lines().next().unwrap();
        assert!(status.contains(" 200 "), "{path}\n{head}");
        assert!(text.contains(&truth.title), "{path}\n{head}");
    }
    let check = python
        .command()
        .args(["-m", "warcio.cli", "check", "-v"])
        .args(warcs(&place.warc_dir()))
        .output()
        .unwrap();
    said(&check);
}
