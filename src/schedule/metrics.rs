//! The status as figures for Prometheus (text exposition format 0.0.4).

use super::due::Timing;
use super::status::{Health, Status};
use crate::config::Config;
use chrono::{DateTime, Utc};
use std::fmt::Write as _;

/// The format's name in HTTP.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One metric: its name, what it means, and its samples (labels, value).
struct Gauge {
    name: &'static str,
    help: &'static str,
    samples: Vec<(String, f64)>,
}

struct Page(Vec<Gauge>);

impl Page {
    fn add(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let sample = (labels.join(","), value);
        match self.0.iter_mut().find(|gauge| gauge.name == name) {
            Some(gauge) => gauge.samples.push(sample),
            None => self.0.push(Gauge {
                name,
                help,
                samples: vec![sample],
            }),
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for Gauge {
            name,
            help,
            samples,
        } in &self.0
        {
            // (Writing into a String cannot fail.)
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
            for (labels, value) in samples {
                let _ = match labels.is_empty() {
                    true => writeln!(out, "{name} {value}"),
                    false => writeln!(out, "{name}{{{labels}}} {value}"),
                };
            }
        }
        out
    }
}

fn escaped(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    value.replace('\n', "\\n")
}

fn seconds(time: Option<&String>) -> Option<f64> {
    let time = DateTime::parse_from_rfc3339(time?).ok()?;
    Some(time.timestamp() as f64)
}

/// All figures. Times are seconds since 1970; a figure that nobody knows is left out.
pub fn metrics(config: &Config, status: &Status, now: DateTime<Utc>) -> String {
    let mut page = Page(Vec::new());
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    page.add("khobao_build_info", "The program.", &version, 1.0);
    if let Some(at) = seconds(Some(&status.at)) {
        let help = "When these figures were taken.";
        page.add("khobao_status_timestamp_seconds", help, &[], at);
    }
    for site in &config.sites {
        let id = site.id.as_str();
        let Some(known) = status
            .sites
            .get(id)
            .filter(|known| site.enabled || known.last_run.is_some())
        else {
            continue;
        };
        let labels = [("site", id)];
        let running = status.is_running(id);
        let (health, next) = known.health(&Timing::of(site, config.jitter), running, now);
        for state in Health::ALL {
            let labels = [("site", id), ("state", state.name())];
            let help = "1 for the state that the site is in.";
            let is = f64::from(u8::from(state == health));
            page.add("khobao_site_health", help, &labels, is);
        }
        let mut add = |name, help, value: Option<f64>| {
            if let Some(value) = value {
                page.add(name, help, &labels, value);
            }
        };
        add(
            "khobao_site_enabled",
            "Whether the site is crawled without being named.",
            Some(f64::from(u8::from(site.enabled))),
        );
        add(
            "khobao_site_last_run_timestamp_seconds",
            "When its last crawl began.",
            seconds(known.last_run.as_ref()),
        );
        add(
            "khobao_site_last_success_timestamp_seconds",
            "When a crawl of it last ended with everything done.",
            seconds(known.last_success.as_ref()),
        );
        add(
            "khobao_site_next_run_timestamp_seconds",
            "When its next crawl begins.",
            next.filter(|_| site.enabled)
                .map(|next| next.timestamp() as f64),
        );
        add(
            "khobao_site_newest_article_timestamp_seconds",
            "Publication time of its newest article.",
            seconds(known.newest.as_ref()),
        );
        add(
            "khobao_site_pending_tasks",
            "Tasks that wait for the next crawl.",
            Some(known.pending as f64),
        );
        add(
            "khobao_site_parked",
            "Whether its host was parked in the last crawl.",
            Some(f64::from(u8::from(known.parked.is_some()))),
        );
        add(
            "khobao_site_learned_pace_seconds",
            "Time between requests that its refusals have taught; 0 when none.",
            Some(known.learned_pace_ms as f64 / 1000.0),
        );
        add(
            "khobao_site_latency_seconds",
            "Average time until its first byte.",
            known.latency_ms.map(|ms| ms / 1000.0),
        );
        add(
            "khobao_site_drift_alarms",
            "Alarms of drift in its last crawl.",
            Some(known.alarms.len() as f64),
        );
        add(
            "khobao_site_last_run_requests",
            "Requests of its last crawl.",
            Some(known.requests as f64),
        );
        for (outcome, n) in &known.outcomes {
            let labels = [("site", id), ("outcome", outcome.as_str())];
            let help = "Tasks of its last crawl by how they ended.";
            page.add("khobao_site_last_run_outcomes", help, &labels, *n as f64);
        }
    }
    let disk = &status.disk;
    for (kind, bytes) in [
        ("warc", disk.warc),
        ("index", disk.index),
        ("free", disk.free),
    ] {
        let help = "Bytes of the archive's disk by use.";
        page.add("khobao_disk_bytes", help, &[("use", kind)], bytes as f64);
    }
    if let Some(days) = disk.days_left {
        let help = "Days until the disk is full at the present growth.";
        page.add("khobao_disk_days_left", help, &[], days as f64);
    }
    page.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escaped("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
    }
}
