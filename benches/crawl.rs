//! What a page costs: the whole job on the real binary, and each step alone, in one run.
//!
//! `cargo bench --bench crawl` serves 2,000 article pages of about 37 KB (gzip on the wire) on
//! loopback and crawls them with pace 0 and concurrency 16. The portal runs in this process, the
//! crawl in a child, so that the figures are the crawl's alone (user + system CPU, getrusage).
//! `-- --pages N` changes the number, `-- --memory` adds a crawl of ten times as many pages and
//! compares the peak resident memory.

#![allow(clippy::expect_used, clippy::print_stdout, clippy::indexing_slicing)]

use khobao::archive::Extracted;
use khobao::archive::store::{open_value, seal_value};
use khobao::domain::{Digest, UrlPolicy};
use khobao::extract::profile::ProfileSet;
use khobao::extract::{Expect, Input, decode, extract};
use khobao::portal::{Portal, PortalConfig};
use nix::sys::resource::{UsageWho, getrusage};
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let pages = args
        .iter()
        .position(|arg| arg == "--pages")
        .and_then(|at| args.get(at + 1))
        .and_then(|n| n.parse().ok())
        .unwrap_or(2000);
    steps();
    let (small, _) = crawl(pages);
    if args.iter().any(|arg| arg == "--memory") {
        let (large, _) = crawl(pages * 10);
        println!(
            "peak resident memory: {} MiB at {pages} pages, {} MiB at {}: {:.2} times",
            small >> 10,
            large >> 10,
            pages * 10,
            large as f64 / small as f64
        );
    }
}

fn portal(pages: usize) -> Portal {
    Portal::start(PortalConfig::benchmark(pages)).expect("the portal starts")
}

fn cpu(who: UsageWho) -> Duration {
    let usage = getrusage(who).expect("getrusage");
    let part = |t: nix::sys::time::TimeVal| {
        Duration::from_secs(t.tv_sec() as u64) + Duration::from_micros(t.tv_usec() as u64)
    };
    part(usage.user_time()) + part(usage.system_time())
}

/// The whole job; gives peak resident KiB and CPU milliseconds a page.
fn crawl(pages: usize) -> (i64, f64) {
    let portal = portal(pages);
    let dir = tempfile::tempdir().expect("a folder");
    let config = dir.path().join("config.toml");
    let text = format!(
        "[[sites]]\nid = \"bench\"\nbase = \"{}\"\nprofile = \"nukeviet\"\npace = \"0s\"\n\
         concurrency = 16\nallow_private = true\ncapture = [\"pages\"]\n",
        portal.base()
    );
    std::fs::write(&config, text).expect("a configuration");
    let before = cpu(UsageWho::RUSAGE_CHILDREN);
    let begun = std::time::Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_khobao"))
        .args(["crawl", "--config"])
        .arg(&config)
        .stdin(Stdio::null())
        .env("KHOBAO_LOG", "warn")
        .status()
        .expect("the crawl runs");
    let wall = begun.elapsed();
    let spent = cpu(UsageWho::RUSAGE_CHILDREN) - before;
    assert!(status.success(), "the crawl failed: {status}");
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)
        .expect("getrusage")
        .max_rss();
    let records = count(&config);
    let requests = portal.hits().len();
    let per = spent.as_secs_f64() * 1000.0 / records as f64;
    println!(
        "whole job: {records} articles in {requests} requests, {per:.3} ms CPU an article \
         ({:.3} a request), {:.1} s wall, peak {} MiB",
        spent.as_secs_f64() * 1000.0 / requests as f64,
        wall.as_secs_f64(),
        peak >> 10
    );
    (peak, per)
}

fn count(config: &Path) -> usize {
    let out = Command::new(env!("CARGO_BIN_EXE_khobao"))
        .args(["export", "--config"])
        .arg(config)
        .stderr(Stdio::null())
        .output()
        .expect("the export runs");
    out.stdout.iter().filter(|b| **b == b'\n').count()
}

/// One page of the portal: its address, gzip as servers pack it, and HTML.
fn page() -> (url::Url, Vec<u8>, Vec<u8>) {
    let config = PortalConfig {
        gzip: false,
        ..PortalConfig::benchmark(50)
    };
    let portal = Portal::start(config).expect("the portal starts");
    let base = url::Url::parse(&portal.base()).expect("a URL");
    let article = portal.truth().into_iter().nth(25).expect("an article");
    let url = base.join(&article.url).expect("a URL");
    let address = (
        base.host_str().expect("a host"),
        base.port().expect("a port"),
    );
    let mut stream = std::net::TcpStream::connect(address).expect("a connection");
    let path = url.path();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .expect("a request");
    let mut wire = Vec::new();
    stream.read_to_end(&mut wire).expect("a response");
    let head = wire.windows(4).position(|w| w == b"\r\n\r\n");
    let html = wire.split_off(head.expect("a head") + 4);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(5));
    gzip.write_all(&html).expect("memory");
    (url, gzip.finish().expect("memory"), html)
}

fn steps() {
    let (url, gzip, html) = page();
    println!("page: {} bytes, {} on the wire", html.len(), gzip.len());
    let profiles = ProfileSet::builtin().expect("the profiles");
    let profile = profiles.get("nukeviet").expect("the profile");
    let base = url.join("/").expect("a URL");
    let policy = UrlPolicy::new(&base, &[], profile.drop_params());
    let input = |payload| Input {
        url: &url,
        status: 200,
        headers: &[],
        payload,
        fetched_at: chrono::Utc::now(),
        policy: &policy,
        limit: 16 << 20,
        expected: Expect::Article,
    };
    let article = extract(&input(&html), &profiles, profile)
        .article
        .expect("an article");
    let canonical = policy.canonical(&url);
    let found = Extracted::new(canonical.clone(), article.clone());
    let json = serde_json::to_vec(&article).expect("JSON");
    step("gunzip", || {
        drop(black_box(decode::content_decode(
            &gzip,
            Some("gzip"),
            16 << 20,
        )))
    });
    step("parse and select (extract)", || {
        drop(black_box(extract(&input(&html), &profiles, profile)))
    });
    step("digests of the fields", || {
        drop(black_box(Extracted::new(
            canonical.clone(),
            article.clone(),
        )));
    });
    step("SHA-256 of the payload", || {
        black_box(Digest::of(&gzip));
    });
    step("JSON of the record", || {
        drop(black_box(serde_json::to_vec(&found.article)))
    });
    step("seal (zstd, CRC-32)", || {
        drop(black_box(seal_value(b"r", &json)))
    });
    let sealed = seal_value(b"r", &json);
    step("open", || {
        drop(black_box(open_value(b"r", &sealed).map(|v| v.into_owned())))
    });
}

/// CPU a call, over at least half a second.
fn step(name: &str, mut call: impl FnMut()) {
    for _ in 0..20 {
        call();
    }
    let before = cpu(UsageWho::RUSAGE_SELF);
    let mut calls = 0_u32;
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        call();
        calls += 1;
    }
    let spent = cpu(UsageWho::RUSAGE_SELF) - before;
    println!(
        "{name:<30} {:.3} ms",
        spent.as_secs_f64() * 1000.0 / f64::from(calls)
    );
}
