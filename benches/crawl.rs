//! What a page costs: the whole job on the real binary, and each step alone, in one run.
//!
//! `cargo bench --bench crawl` serves 2,000 article pages of about 37 KB (gzip on the wire) on
//! loopback and crawls them with pace 0 and concurrency 16. The portal runs in this process, the
//! crawl in a child, so that the figures are the crawl's alone (user + system CPU, getrusage;
//! peak resident memory as the child's own `/proc` entry shows it). Then the archive is rebuilt,
//! read again and verified. `-- --pages N` changes the number, `-- --whole` leaves the steps out,
//! `-- --memory` does it all with ten times as many pages, too, and compares the peaks,
//! `-- --engine redb` puts the index on the other engine, `-- --keep DIR` leaves the (last) archive
//! in the folder DIR, to look closer at one of the commands.

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
    if !args.iter().any(|arg| arg == "--whole") {
        steps();
    }
    let engine = args
        .iter()
        .position(|arg| arg == "--engine")
        .and_then(|at| args.get(at + 1))
        .map_or("sled", String::as_str);
    let small = whole(pages, engine);
    if args.iter().any(|arg| arg == "--memory") {
        let large = whole(pages * 10, engine);
        for ((what, small), (_, large)) in small.iter().zip(&large) {
            println!(
                "{what:10} peak resident memory: {} MiB at {pages} pages, {} MiB at {}: {:.2} times",
                small >> 10,
                large >> 10,
                pages * 10,
                *large as f64 / *small as f64
            );
        }
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

/// The whole job, then what is done with its archive; gives each one's peak resident KiB.
fn whole(pages: usize, engine: &str) -> Vec<(&'static str, u64)> {
    let portal = portal(pages);
    let keep = std::env::args().skip_while(|arg| arg != "--keep").nth(1);
    let temp = tempfile::tempdir().expect("a folder");
    let dir = keep.as_ref().map_or(temp.path(), Path::new);
    std::fs::create_dir_all(dir).expect("a folder");
    let config = dir.join("config.toml");
    let text = format!(
        "[archive]\nengine = \"{engine}\"\n[[sites]]\nid = \"bench\"\nbase = \"{}\"\nprofile = \"nukeviet\"\npace = \"0s\"\n\
         concurrency = 16\nallow_private = true\ncapture = [\"pages\"]\n",
        portal.base()
    );
    std::fs::write(&config, text).expect("a configuration");
    let crawl = run(&config, &["crawl"]);
    let articles = count(&config);
    println!("{articles} articles in {} requests", portal.hits().len());
    let mut peaks = Vec::new();
    let mut first = 0.0;
    for (what, cost) in [
        ("crawl", crawl),
        ("rebuild", run(&config, &["rebuild", "--discard-old"])),
        ("reextract", run(&config, &["reextract"])),
        ("verify", run(&config, &["verify"])),
    ] {
        let per = cost.cpu.as_secs_f64() * 1000.0 / articles as f64;
        if what == "crawl" {
            first = per;
        }
        println!(
            "{what:10} {per:.3} ms CPU an article ({:.2} of the crawl's), {:.1} s wall, peak {} MiB",
            per / first,
            cost.wall.as_secs_f64(),
            cost.peak >> 10
        );
        peaks.push((what, cost.peak));
    }
    peaks
}

/// What one command took.
struct Cost {
    cpu: Duration,
    wall: Duration,
    /// KiB.
    peak: u64,
}

fn run(config: &Path, args: &[&str]) -> Cost {
    let before = cpu(UsageWho::RUSAGE_CHILDREN);
    let begun = std::time::Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_khobao"))
        .args(args)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env("KHOBAO_LOG", "warn")
        .spawn()
        .expect("the command runs");
    // (getrusage counts this process's memory, too: the child begins as its copy.)
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        let seen = std::fs::read_to_string(&status).unwrap_or_default();
        let line = seen.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let now = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(now.unwrap_or(0));
        if let Some(ended) = child.try_wait().expect("the command ends") {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(ended.success(), "{args:?} failed: {ended}");
    Cost {
        cpu: cpu(UsageWho::RUSAGE_CHILDREN) - before,
        wall: begun.elapsed(),
        peak,
    }
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

/// An article page of the portal: its address, gzip as servers pack it, and HTML.
struct Sample {
    url: url::Url,
    gzip: Vec<u8>,
    html: Vec<u8>,
}

/// Different pages, one after the other: reading one page again and again would only show what
/// the processor's caches and branch predictors can learn.
const SAMPLES: usize = 200;

fn samples() -> Vec<Sample> {
    let config = PortalConfig {
        gzip: false,
        ..PortalConfig::benchmark(SAMPLES + 20)
    };
    let portal = Portal::start(config).expect("the portal starts");
    let base = url::Url::parse(&portal.base()).expect("a URL");
    let urls = portal.truth().into_iter().map(|article| article.url);
    urls.take(SAMPLES)
        .map(|url| sample(base.join(&url).expect("a URL")))
        .collect()
}

fn sample(url: url::Url) -> Sample {
    let address = (url.host_str().expect("a host"), url.port().expect("a port"));
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
    let gzip = gzip.finish().expect("memory");
    Sample { url, gzip, html }
}

fn steps() {
    let samples = samples();
    let mean = |part: fn(&Sample) -> usize| samples.iter().map(part).sum::<usize>() / SAMPLES;
    println!(
        "{} pages of {} bytes, {} on the wire",
        samples.len(),
        mean(|page| page.html.len()),
        mean(|page| page.gzip.len())
    );
    let profiles = ProfileSet::builtin().expect("the profiles");
    let profile = profiles.get("nukeviet").expect("the profile");
    let base = samples[0].url.join("/").expect("a URL");
    let policy = UrlPolicy::new(&base, &[], profile.drop_params());
    let headers = [("content-encoding".to_owned(), "gzip".to_owned())];
    let read = |page: &Sample, coded: bool| {
        let input = Input {
            url: &page.url,
            status: 200,
            headers: if coded { &headers } else { &[] },
            payload: if coded { &page.gzip } else { &page.html },
            fetched_at: chrono::Utc::now(),
            policy: &policy,
            limit: 16 << 20,
            expected: Expect::Article,
        };
        extract(&input, &profiles, profile)
    };
    let found: Vec<Extracted> = samples
        .iter()
        .filter_map(|page| Some((page, read(page, false).article?)))
        .map(|(page, article)| Extracted::new(policy.canonical(&page.url), article))
        .collect();
    assert_eq!(found.len(), samples.len(), "every page is an article");
    let jsons: Vec<Vec<u8>> = found
        .iter()
        .map(|found| serde_json::to_vec(&found.article).expect("JSON"))
        .collect();
    let sealed: Vec<Vec<u8>> = jsons.iter().map(|json| seal_value(b"r", json)).collect();
    step("gunzip", |n| {
        drop(black_box(decode::content_decode(
            &samples[n].gzip,
            Some("gzip"),
            16 << 20,
        )));
    });
    step("gunzip, parse and select", |n| {
        drop(black_box(read(&samples[n], true)));
    });
    step("digests of the fields", |n| {
        drop(black_box(Extracted::new(
            found[n].url.clone(),
            found[n].article.clone(),
        )));
    });
    step("SHA-256 of the payload", |n| {
        black_box(Digest::of(&samples[n].gzip));
    });
    step("JSON of the record", |n| {
        drop(black_box(serde_json::to_vec(&found[n].article)));
    });
    step("seal (zstd, CRC-32)", |n| {
        drop(black_box(seal_value(b"r", &jsons[n])));
    });
    step("open", |n| {
        drop(black_box(
            open_value(b"r", &sealed[n]).map(|v| v.into_owned()),
        ));
    });
}

/// CPU a call, over at least half a second.
fn step(name: &str, mut call: impl FnMut(usize)) {
    for n in 0..SAMPLES {
        call(n);
    }
    let before = cpu(UsageWho::RUSAGE_SELF);
    let mut calls = 0_u32;
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        call(calls as usize % SAMPLES);
        calls += 1;
    }
    let spent = cpu(UsageWho::RUSAGE_SELF) - before;
    println!(
        "{name:<30} {:.3} ms",
        spent.as_secs_f64() * 1000.0 / f64::from(calls)
    );
}
