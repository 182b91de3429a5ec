//! Figures for Prometheus, read by its own client library (prometheus_client, PyPI): from the
//! command, the file and the port.

mod common;
#[path = "common/python.rs"]
mod python;
#[path = "common/web.rs"]
mod web;

use common::Place;
use khobao::portal::{Portal, PortalConfig};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use python::Python;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Reads the figures from standard input; refuses what Prometheus would refuse.
const READER: &str = "
import json, sys
from prometheus_client.parser import text_string_to_metric_families
with open(sys.argv[1], encoding='utf-8') as file:
    text = file.read()
names, out = set(), []
for family in text_string_to_metric_families(text):
    assert family.name not in names, family.name
    assert family.documentation and family.type == 'gauge', family
    names.add(family.name)
    for sample in family.samples:
        out.append([sample.name, sample.labels, sample.value])
assert len(out) == sum(1 for line in text.splitlines() if line and line[0] != '#')
print(json.dumps(out))
";

fn read(python: &Python, text: &str) -> Vec<(String, Value, f64)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let out = python.run(READER, &[file.path().to_str().unwrap()]);
    serde_json::from_str(&out).unwrap()
}

/// The value of the only sample of this name with these labels.
fn value(all: &[(String, Value, f64)], name: &str, labels: &[(&str, &str)]) -> f64 {
    let found: Vec<_> = all
        .iter()
        .filter(|(known, with, _)| {
            known == name && labels.iter().all(|(label, value)| with[label] == *value)
        })
        .collect();
    assert_eq!(found.len(), 1, "{name} {labels:?}: {found:?}");
    found[0].2
}

fn configure(place: &Place, lines: &str) {
    let text = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), format!("[metrics]\n{lines}\n{text}")).unwrap();
}

#[test]
fn the_file_has_the_figures_of_the_last_crawl() {
    let Some(python) = Python::with(&["prometheus_client"]) else {
        return;
    };
    let portal = Portal::start(PortalConfig::with_articles(12)).unwrap();
    let place = Place::new(&portal.base(), "schedule = \"6h\"");
    let file = place.dir.path().join("khobao.prom");
    configure(&place, "file = \"khobao.prom\"");
    let before = chrono::Utc::now().timestamp() as f64;
    place.expect(0, &["crawl"]);
    let text = std::fs::read_to_string(&file).unwrap();
    let all = read(&python, &text);
    let thu = [("site", "thu")];
    let of = |name: &str| value(&all, name, &thu);
    let run = of("khobao_site_last_run_timestamp_seconds");
    assert!(run >= before - 1.0 && run <= chrono::Utc::now().timestamp() as f64);
    assert!(of("khobao_site_last_success_timestamp_seconds") >= run);
    let next = of("khobao_site_next_run_timestamp_seconds");
    assert!(next >= run + 6.0 * 3600.0 - 1.0 && next <= run + 6.0 * 3600.0 + 700.0);
    let hits = portal.hits().len() as f64;
    assert_eq!(of("khobao_site_last_run_requests"), hits);
    assert_eq!(of("khobao_site_pending_tasks"), 0.0);
    let outcome = |name| {
        let labels = [("site", "thu"), ("outcome", name)];
        value(&all, "khobao_site_last_run_outcomes", &labels)
    };
    let records = place.records();
    let same = records.iter().filter(|r| !r["same_as"].is_null()).count();
    assert_eq!(
        outcome("new") + if same > 0 { outcome("same_text") } else { 0.0 },
        records.len() as f64
    );
    let health = |state| {
        value(
            &all,
            "khobao_site_health",
            &[("site", "thu"), ("state", state)],
        )
    };
    assert_eq!(
        (health("ok"), health("failing"), health("parked")),
        (1.0, 0.0, 0.0)
    );
    let warc: u64 = common::warcs(&place.warc_dir())
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert_eq!(
        value(&all, "khobao_disk_bytes", &[("use", "warc")]),
        warc as f64
    );
    // The collector is another user.
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o444, 0o444, "{mode:o}");
    // The command says the same, but for the time and what is free.
    let again = read(&python, &place.expect(0, &["status", "--metrics"]));
    let steady = |all: &[(String, Value, f64)]| -> Vec<(String, Value, f64)> {
        let mut all = all.to_vec();
        all.retain(|(name, ..)| {
            !name.starts_with("khobao_status") && !name.starts_with("khobao_disk")
        });
        all
    };
    assert_eq!(steady(&all), steady(&again));
    // A folder that is not there stops no crawl.
    std::fs::remove_file(&file).unwrap();
    let text = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(
        place.config(),
        text.replace("khobao.prom", "no/khobao.prom"),
    )
    .unwrap();
    let out = place.run(&["crawl"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success() && said.contains("no figures for Prometheus"),
        "{said}"
    );
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn answers(port: u16) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn the_port_answers_while_the_scheduler_lives() {
    let portal = Portal::start(PortalConfig::with_articles(5)).unwrap();
    let place = Place::new(&portal.base(), "schedule = \"6h\"");
    place.expect(0, &["crawl"]);
    let plain = std::fs::read_to_string(place.config()).unwrap();
    let (first, second) = (free_port(), free_port());
    configure(&place, &format!("listen = \"127.0.0.1:{first}\""));
    let mut child = place
        .command(&["schedule", "run"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(answers(first));
    // Whoever says nothing takes no place from the others.
    let _idle: Vec<TcpStream> = (0..8)
        .map(|_| TcpStream::connect(("127.0.0.1", first)).unwrap())
        .collect();
    let answer = ask(first, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("text/plain; version=0.0.4"), "{answer}");
    assert!(
        answer.contains("\nkhobao_site_health{site=\"thu\",state=\"ok\"} 1\n"),
        "{answer}"
    );
    if let Some(python) = Python::with(&["prometheus_client"]) {
        let all = read(
            &python,
            &web::get(&format!("http://127.0.0.1:{first}/metrics")),
        );
        assert_eq!(value(&all, "khobao_site_parked", &[("site", "thu")]), 0.0);
    }
    assert!(ask(first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 404"));
    ask(first, "nonsense\r\n\r\n");
    // Told to read the configuration again, it moves.
    std::fs::write(place.config(), &plain).unwrap();
    configure(&place, &format!("listen = \"127.0.0.1:{second}\""));
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGHUP).unwrap();
    assert!(answers(second));
    assert!(TcpStream::connect(("127.0.0.1", first)).is_err());
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    // A port that is taken is told, and what to do.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    std::fs::write(place.config(), &plain).unwrap();
    configure(
        &place,
        &format!("listen = \"{}\"", taken.local_addr().unwrap()),
    );
    let out = place.run(&["schedule", "run"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("change metrics.listen"), "{said}");
}

#[test]
fn mistakes_in_the_table_are_told_with_their_line() {
    let place = Place::new("http://127.0.0.1:9/", "");
    let plain = std::fs::read_to_string(place.config()).unwrap();
    for (line, what) in [
        ("file = \"metrics.txt\"", "must end in .prom"),
        ("listen = \"9184\"", "127.0.0.1:9184"),
    ] {
        std::fs::write(place.config(), &plain).unwrap();
        configure(&place, line);
        let out = place.run(&["crawl"]);
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2));
        assert!(
            said.contains("config.toml:2: ") && said.contains(what),
            "{said}"
        );
    }
}
