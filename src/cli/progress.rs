//! What a crawl shows while it runs: bars on a terminal, log lines otherwise.

use super::args::LogFormat;
use crate::archive::Committed;
use crate::config::Site;
use crate::crawl::Observer;
use crate::domain::SiteId;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a site's log line comes, without a terminal.
const EVERY: Duration = Duration::from_secs(30);

/// The observer that fits the terminal.
pub(super) fn observer(format: LogFormat) -> Arc<dyn Observer> {
    if std::io::stderr().is_terminal() && format == LogFormat::Text {
        Arc::new(Bars {
            all: MultiProgress::new(),
            sites: Mutex::default(),
        })
    } else {
        Arc::new(Lines {
            sites: Mutex::default(),
        })
    }
}

struct Bars {
    all: MultiProgress,
    sites: Mutex<HashMap<SiteId, (ProgressBar, u64)>>,
}

impl Observer for Bars {
    fn begin(&self, site: &Site, full: bool, resumed: bool) {
        let bar = self.all.add(ProgressBar::new(1));
        // The template is fixed; should it ever not parse, the default bar serves.
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:24!} {bar:24} {pos}/{len} {per_sec} {msg}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(site.id.to_string());
        bar.set_message(mode(full, resumed));
        bar.enable_steady_tick(Duration::from_millis(250));
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites.insert(site.id.clone(), (bar, 0));
    }

    fn committed(&self, done: &Committed, pending: u64) {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((bar, articles)) = sites.get_mut(&done.site) else {
            return;
        };
        let Some(outcome) = done.outcome else { return };
        *articles += u64::from(outcome.is_article());
        bar.inc(1);
        bar.set_length(bar.position() + pending);
        bar.set_message(format!("{articles} articles"));
        if pending == 0 {
            bar.tick();
        }
    }

    fn notice(&self, site: &SiteId, text: &str) {
        let _ = self.all.println(format!("{site}: {text}"));
    }
}

struct Lines {
    sites: Mutex<HashMap<SiteId, (Instant, u64, u64)>>,
}

impl Observer for Lines {
    fn begin(&self, site: &Site, full: bool, resumed: bool) {
        tracing::info!(site = %site.id, base = %site.base, "{}", mode(full, resumed));
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites.insert(site.id.clone(), (Instant::now(), 0, 0));
    }

    fn committed(&self, done: &Committed, pending: u64) {
        let Some(outcome) = done.outcome else { return };
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((last, ended, articles)) = sites.get_mut(&done.site) else {
            return;
        };
        *ended += 1;
        *articles += u64::from(outcome.is_article());
        if last.elapsed() >= EVERY {
            *last = Instant::now();
            tracing::info!(site = %done.site, ended, articles, pending, "crawling");
        }
    }

    fn notice(&self, site: &SiteId, text: &str) {
        tracing::warn!(site = %site, "{text}");
    }
}

fn mode(full: bool, resumed: bool) -> &'static str {
    match (full, resumed) {
        (true, false) => "crawling everything",
        (true, true) => "going on with a crawl of everything that was cut short",
        (false, false) => "looking for what is new",
        (false, true) => "going on with an update that was cut short",
    }
}
