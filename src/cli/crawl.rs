//! `khobao crawl`

use super::args::{Crawl, LogFormat};
use super::{Failure, code, data, progress, setup};
use crate::archive::{ARTICLES, Archive, ArchiveError, RunReport, SiteReport};
use crate::config::{Config, Site};
use crate::crawl::{Plan, run};
use crate::domain::SystemClock;
use crate::extract::profile::ProfileSet;
use crate::notify::{Bell, News, SiteNews, summary};
use crate::schedule::{Health, Status, Timing, status};
use chrono::{DateTime, Utc};
use comfy_table::{Table, presets};
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Crawls, and tells whoever is to be told how it ended.
pub(super) fn crawl(file: &Path, format: LogFormat, args: Crawl) -> anyhow::Result<u8> {
    let loaded = setup::load(file);
    let mut bell = match &loaded {
        _ if args.dry_run => Bell::default(),
        Ok((config, _)) => Bell::of(config),
        Err(_) => {
            let told = Config::told(file);
            told.map_or_else(Bell::default, |(notify, archive)| {
                Bell::new(notify, archive)
            })
        }
    };
    let mut done = Done::default();
    let ended = loaded.and_then(|(config, profiles)| {
        attempt(config, profiles, format, args, &mut bell, &mut done)
    });
    let (code, why) = match &ended {
        Ok(code) => (*code, None),
        Err(why) => (super::code_of(why), Some(format!("{why:#}"))),
    };
    // A mistake that somebody types at a terminal is seen there.
    if code != code::USAGE || !std::io::stderr().is_terminal() {
        bell.end(&News {
            code,
            why,
            run: done.report.as_ref(),
            sites: done.sites,
        });
    }
    ended
}

/// What a crawl leaves to be told.
#[derive(Debug, Default)]
pub(super) struct Done {
    report: Option<RunReport>,
    sites: Option<BTreeMap<String, SiteNews>>,
}

fn attempt(
    config: Config,
    profiles: Arc<ProfileSet>,
    format: LogFormat,
    args: Crawl,
    bell: &mut Bell,
    done: &mut Done,
) -> anyhow::Result<u8> {
    let sites: Vec<Site> = config.select(&args.sites)?.into_iter().cloned().collect();
    if let Some(site) = sites
        .iter()
        .find(|site| config.contact.is_none() && !site.allow_private)
    {
        return Err(Failure::error(
            code::USAGE,
            format!(
                "crawler.contact is missing in {}, and {} is not loopback; write \
                 `contact = \"mailto:you@example.org\"` under [crawler]",
                config.file.display(),
                site.id
            ),
        ));
    }
    let full = match (args.full, args.update) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    if args.dry_run {
        return dry_run(&config, &sites, full);
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let plan = Plan {
        sites,
        full,
        since: args.since,
        max_pages: args.max_pages,
        max_time: args.max_time,
        command: words.join(" "),
        only: Default::default(),
    };
    let archive = open_or_create(&config, &profiles)?;
    bell.begin();
    go(
        plan,
        &config,
        profiles,
        archive,
        format,
        args.report.as_deref(),
        done,
    )
}

/// A crawl makes the archive when there is none: the configuration names its place.
pub(super) fn open_or_create(
    config: &Config,
    profiles: &Arc<ProfileSet>,
) -> anyhow::Result<Archive> {
    let missing = |why: &anyhow::Error| {
        matches!(
            why.downcast_ref::<ArchiveError>(),
            Some(ArchiveError::Missing { .. })
        )
    };
    match setup::open(config, profiles) {
        Err(why) if missing(&why) => Ok(Archive::create(&config.archive, setup::engine(config))?),
        other => other,
    }
}

/// Crawls and prints the summary.
pub(super) fn go(
    plan: Plan,
    config: &Config,
    profiles: Arc<ProfileSet>,
    archive: Archive,
    format: LogFormat,
    file: Option<&Path>,
    done: &mut Done,
) -> anyhow::Result<u8> {
    let archive = Arc::new(archive);
    let busy: Vec<String> = plan.sites.iter().map(|site| site.id.to_string()).collect();
    let noted = status::begin(&archive, config, &busy, Utc::now());
    told(noted);
    // One thread is enough for the sockets; pages are read on the pool for blocking work, rows are
    // written by a thread of their own. More of them only wake each other.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let caught = Arc::new(AtomicU8::new(0));
    let report = runtime.block_on(async {
        let stop = signals(Arc::clone(&caught))?;
        let report = run(
            plan,
            config,
            profiles,
            Arc::clone(&archive),
            Arc::new(SystemClock),
            progress::observer(format),
            stop,
        )
        .await?;
        anyhow::Ok(report)
    });
    runtime.shutdown_background();
    // Also after a crawl that failed: nobody is to believe that it is under way.
    let now = Utc::now();
    let status = Status::of(&archive, &config.sites, now);
    told(match &status {
        Ok(status) => status.write(archive.dir()),
        Err(why) => Err(std::io::Error::other(why.to_string())),
    });
    if let Ok(status) = &status {
        done.sites = Some(news(config, &busy, status, now));
        if let Some(path) = &config.metrics.file
            && let Err(why) = super::metrics::write(path, config, status, now)
        {
            tracing::warn!("no figures for Prometheus: {why:#}");
        }
    }
    let report = done.report.insert(report?);
    if let Some(file) = file {
        let text = serde_json::to_string_pretty(report)? + "\n";
        data::to_file(file, |out| out.write_all(text.as_bytes()))?;
    }
    match format {
        LogFormat::Text => eprintln!("{}\n{}", table(report), summary(report)),
        LogFormat::Json => {
            tracing::info!(report = %serde_json::to_string(report)?, "finished");
        }
    }
    Ok(match caught.load(Ordering::SeqCst) {
        0 if report.sites.values().any(|site| !site.alarms.is_empty()) => code::ALARM,
        0 if partial(report) => code::PARTIAL,
        0 => code::OK,
        signal => signal,
    })
}

/// How the sites stand, and why: the enabled ones, and those that this crawl was told to take.
fn news(
    config: &Config,
    taken: &[String],
    status: &Status,
    now: DateTime<Utc>,
) -> BTreeMap<String, SiteNews> {
    let mut news = BTreeMap::new();
    for site in &config.sites {
        let id = site.id.as_str();
        let Some(known) = status.sites.get(id) else {
            continue;
        };
        if !site.enabled && !taken.iter().any(|taken| taken == id) {
            continue;
        }
        let (health, _) = known.health(&Timing::of(site, config.jitter), false, now);
        let (state, why) = match health {
            Health::Parked => ("parked", known.parked.clone().unwrap_or_default()),
            Health::Failing => ("failing", known.reason()),
            Health::Alarm => ("drift", known.alarms.join(", ")),
            Health::Late => ("late", "no crawl has done all of it for long".to_owned()),
            Health::Ok | Health::Never | Health::Running => ("ok", String::new()),
        };
        let last_success = known.last_success.clone();
        news.insert(
            site.id.to_string(),
            SiteNews {
                state,
                why,
                last_success,
            },
        );
    }
    news
}

/// What is noted for `khobao status` is a convenience: a disk that refuses it stops no crawl.
fn told(written: std::io::Result<()>) {
    if let Err(why) = written {
        tracing::warn!("status.json cannot be written: {why}");
    }
}

/// The first SIGINT or SIGTERM stops the crawl in order; the second one ends the process.
pub(super) fn signals(caught: Arc<AtomicU8>) -> std::io::Result<watch::Receiver<bool>> {
    let (sender, receiver) = watch::channel(false);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            let code = tokio::select! {
                _ = interrupt.recv() => code::INTERRUPTED,
                _ = terminate.recv() => code::TERMINATED,
            };
            if caught.swap(code, Ordering::SeqCst) != 0 {
                std::process::exit(i32::from(code));
            }
            tracing::info!("stopping: finishing what is in flight (once more to stop at once)");
            let _ = sender.send(true);
        }
    });
    Ok(receiver)
}

/// Whether some site was parked, refused everything, or lost tasks to faults.
fn partial(report: &RunReport) -> bool {
    report.sites.values().any(SiteReport::fell_short)
}

/// The table at the end of a crawl.
pub(super) fn table(report: &RunReport) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "site",
        "mode",
        "new",
        "revised",
        "unchanged",
        "aliases",
        "others",
        "requests",
        "left",
    ]);
    for (id, site) in &report.sites {
        let n = |name: &str| site.outcomes.get(name).copied().unwrap_or(0);
        let others: u64 = site
            .outcomes
            .iter()
            .filter(|(name, _)| !ARTICLES.contains(&name.as_str()))
            .map(|(_, n)| n)
            .sum();
        table.add_row([
            id.clone(),
            site.mode.clone(),
            (n("new") + n("same_text")).to_string(),
            n("revision").to_string(),
            (n("unchanged") + n("not_modified")).to_string(),
            n("alias").to_string(),
            others.to_string(),
            site.requests.to_string(),
            match &site.parked {
                Some(_) => format!("{} (parked)", site.pending),
                None => site.pending.to_string(),
            },
        ]);
    }
    table
}

fn dry_run(config: &Config, sites: &[Site], full: Option<bool>) -> anyhow::Result<u8> {
    let archive = match Archive::open(&config.archive) {
        Ok(archive) => Some(archive),
        Err(ArchiveError::Missing { .. }) => None,
        Err(why) => return Err(why.into()),
    };
    let mut out = String::new();
    for site in sites {
        let (row, pending) = match &archive {
            Some(archive) => (archive.site(&site.id)?, archive.pending(&site.id)?),
            None => Default::default(),
        };
        let all = full.unwrap_or(!row.complete_once);
        let plan = match (row.open && (row.full || !all), row.full, all) {
            (true, true, _) => format!("goes on with a crawl of everything; {pending} URLs wait"),
            (true, false, _) => format!("goes on with an update; {pending} URLs wait"),
            (false, _, true) => "crawls everything".to_owned(),
            (false, _, false) => "looks for what is new".to_owned(),
        };
        out.push_str(&format!(
            "{}: {plan}\n  base {}, profile {}, one request in {}, {} at once\n",
            site.id,
            site.base,
            site.profile,
            humantime::format_duration(site.pace),
            site.concurrency
        ));
        for seed in &site.seeds {
            out.push_str(&format!("  seed {seed}\n"));
        }
    }
    data::say(&out)?;
    Ok(code::OK)
}
