//! `khobao schedule`: crawls each site when it is due, each time in a process of its own, so that
//! the archive is free in between and nothing that ends a crawl ends the scheduler.

use super::args::{Printed, ScheduleCommand};
use super::metrics::{Server, Shared};
use super::{Failure, code, data, setup};
use crate::archive::{Archive, ArchiveError};
use crate::config::{Config, Site};
use crate::notify::{Bell, News};
use crate::schedule::{Status, Timing, next_start, units};
use chrono::{DateTime, Utc};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// The longest sleep: clocks are set, laptops sleep.
const NAP: Duration = Duration::from_secs(15 * 60);
/// After this long a crawl that failed is tried again, and an archive that was held.
const AGAIN: Duration = Duration::from_secs(15 * 60);
/// The least time between two crawls of a site.
const REST: Duration = Duration::from_secs(60);
/// A crawl that does not end by itself is asked to, this long after its time.
const OVERTIME: Duration = Duration::from_secs(30 * 60);
/// It is ended this long after it was asked to.
const LAST: Duration = Duration::from_secs(10 * 60);

pub(super) fn schedule(config: &Path, command: ScheduleCommand) -> anyhow::Result<u8> {
    match command {
        ScheduleCommand::Print(what) => print(config, &what),
        ScheduleCommand::Run { once } => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(run(config, once))
        }
    }
}

fn print(config: &Path, what: &Printed) -> anyhow::Result<u8> {
    let (checked, _) = setup::load(config)?;
    scheduled(&checked)?;
    let program = std::env::current_exe()?;
    let path = std::fs::canonicalize(config)?;
    if what.crontab {
        data::print(&units::crontab(&program, &path))?;
        return Ok(code::OK);
    }
    // systemd starts no service whose writable folder is not there.
    if !checked.archive.join("khobao.json").is_file() {
        return Err(ArchiveError::Missing {
            dir: checked.archive,
        }
        .into());
    }
    let archive = std::path::absolute(&checked.archive)?;
    let figures = checked.metrics.file.as_deref().and_then(Path::parent);
    let figures = figures.map(std::path::absolute).transpose()?;
    let mut writable = vec![archive.as_path()];
    writable.extend(figures.as_deref());
    let units = units::systemd(&program, &path, &writable);
    let Some(dir) = &what.dir else {
        for (name, text) in units {
            data::print(&format!("# {name}\n{text}\n"))?;
        }
        return Ok(code::OK);
    };
    std::fs::create_dir_all(dir)?;
    for (name, text) in units {
        let path = dir.join(name);
        std::fs::write(&path, text)?;
        data::print(&format!("wrote {}\n", path.display()))?;
    }
    data::print(
        "`systemctl enable --now khobao.timer` starts it, once they are in /etc/systemd/system\n",
    )?;
    Ok(code::OK)
}

/// The sites that are crawled by themselves.
fn scheduled(config: &Config) -> anyhow::Result<Vec<&Site>> {
    let sites: Vec<&Site> = config
        .sites
        .iter()
        .filter(|site| site.enabled && site.when.is_some())
        .collect();
    if sites.is_empty() {
        return Err(Failure::error(
            code::USAGE,
            format!(
                "no enabled site in {} has a schedule; write `schedule = \"0 2 * * *\"` (at two \
                 each night, in the site's zone) or `schedule = \"6h\"` into its [[sites]] table",
                config.file.display()
            ),
        ));
    }
    Ok(sites)
}

/// When the last crawl of each site began.
fn known(config: &Config) -> anyhow::Result<Status> {
    if let Some(status) = Status::read(&config.archive) {
        return Ok(status);
    }
    match Archive::open(&config.archive) {
        Ok(archive) => Ok(Status::of(&archive, &config.sites, Utc::now())?),
        // The crawl makes it, or tells what is wrong.
        Err(_) => Ok(Status::default()),
    }
}

struct Scheduler {
    path: PathBuf,
    config: Config,
    /// The same, for whoever asks for figures.
    shared: Shared,
    server: Option<Server>,
    /// Sites whose crawl failed are left alone until then.
    not_before: HashMap<String, DateTime<Utc>>,
}

/// What the scheduler was woken by.
enum Woken {
    Time,
    Reload,
    Stop(u8),
}

async fn run(config: &Path, once: bool) -> anyhow::Result<u8> {
    let (checked, _) = setup::load(config)?;
    scheduled(&checked)?;
    let mut this = Scheduler {
        path: config.to_owned(),
        shared: Arc::new(Mutex::new(checked.clone())),
        config: checked,
        server: None,
        not_before: HashMap::new(),
    };
    if !once {
        this.listen().await?;
    }
    let mut signals = Signals::new()?;
    loop {
        let now = Utc::now();
        let (due, next) = this.due(now)?;
        if !due.is_empty() {
            match Archive::is_free(&this.config.archive) {
                Err(ArchiveError::Held { who, .. }) => {
                    tracing::info!("{} are due; the archive is held by {who}", due.join(", "));
                    for site in &due {
                        this.not_before.insert(site.clone(), now + AGAIN);
                    }
                    if once {
                        return Ok(code::OK);
                    }
                    continue;
                }
                Err(why) => return Err(why.into()),
                Ok(()) => {}
            }
            let (ended, stopped) = this.crawl(&due, &mut signals).await?;
            let exit = code_of(ended);
            if let Some(why) = fallen(ended) {
                self::tell(&this.config, why).await;
            }
            tracing::info!(sites = %due.join(", "), code = exit, "crawl ended");
            if let Some(signal) = stopped {
                return Ok(signal);
            }
            // (Should the status not have been written, it would be due again at once.)
            let rest = match exit {
                code::OK | code::PARTIAL | code::ALARM => REST,
                _ => AGAIN,
            };
            for site in &due {
                this.not_before.insert(site.clone(), Utc::now() + rest);
            }
            if once {
                return Ok(exit);
            }
            continue;
        }
        if once {
            return Ok(code::OK);
        }
        let sleep = next
            .and_then(|next| (next - now).to_std().ok())
            .map_or(NAP, |sleep| sleep.min(NAP))
            .max(Duration::from_millis(200));
        match signals.wait(Some(sleep)).await {
            Woken::Time => {}
            Woken::Reload => this.reload().await,
            Woken::Stop(code) => return Ok(code),
        }
    }
}

impl Scheduler {
    /// Gives figures where the configuration says so.
    async fn listen(&mut self) -> anyhow::Result<()> {
        let wanted = self.config.metrics.listen;
        if self.server.as_ref().map(Server::address) != wanted {
            self.server = None;
            if let Some(address) = wanted {
                let shared = Arc::clone(&self.shared);
                self.server = Some(Server::start(address, shared).await?);
            }
        }
        Ok(())
    }

    /// The sites that are due, and when the next one is.
    fn due(&self, now: DateTime<Utc>) -> anyhow::Result<(Vec<String>, Option<DateTime<Utc>>)> {
        let status = known(&self.config)?;
        let (mut due, mut next) = (Vec::new(), None);
        for site in scheduled(&self.config)? {
            let id = site.id.to_string();
            let last = status.sites.get(&id).and_then(|known| known.last_start());
            let Some(mut start) = next_start(&Timing::of(site, self.config.jitter), last, now)
            else {
                continue;
            };
            if let Some(until) = self.not_before.get(&id) {
                start = start.max(*until);
            }
            if start <= now {
                due.push(id);
            } else {
                next = Some(next.map_or(start, |next: DateTime<Utc>| next.min(start)));
            }
        }
        Ok((due, next))
    }

    /// Reads the configuration again; one that is wrong changes nothing.
    async fn reload(&mut self) {
        let read = setup::load(&self.path).and_then(|(config, _)| {
            scheduled(&config)?;
            Ok(config)
        });
        match read {
            Ok(config) => {
                *self.shared.lock().unwrap_or_else(PoisonError::into_inner) = config.clone();
                self.config = config;
                self.not_before.clear();
                if let Err(why) = self.listen().await {
                    tracing::error!("{why:#}");
                }
                tracing::info!(file = %self.path.display(), "configuration read again");
            }
            Err(why) => tracing::error!("{why:#}; the configuration of before stays in force"),
        }
    }

    /// Crawls these sites; gives how that ended, and the code of the signal that stopped it.
    async fn crawl(
        &mut self,
        sites: &[String],
        signals: &mut Signals,
    ) -> anyhow::Result<(ExitStatus, Option<u8>)> {
        tracing::info!(sites = %sites.join(", "), "due");
        let mut child = Command::new(std::env::current_exe()?)
            .arg("crawl")
            .args(sites)
            .arg("--config")
            .arg(&self.path)
            .arg("--max-time")
            .arg(format!("{}s", self.config.max_time.as_secs().max(1)))
            .stdin(std::process::Stdio::null())
            // A Ctrl-C at the terminal is passed on by us, once.
            .process_group(0)
            .spawn()?;
        let limit = tokio::time::sleep(self.config.max_time + OVERTIME);
        tokio::pin!(limit);
        loop {
            tokio::select! {
                ended = child.wait() => return Ok((ended?, None)),
                () = &mut limit => {
                    tracing::error!("the crawl does not end; it is asked to");
                    return Ok((end(&mut child).await?, None));
                }
                woken = signals.wait(None) => match woken {
                    Woken::Stop(code) => return Ok((end(&mut child).await?, Some(code))),
                    Woken::Reload => self.reload().await,
                    Woken::Time => {}
                },
            }
        }
    }
}

/// Asks a crawl to finish what is in flight; ends it when it does not.
async fn end(child: &mut Child) -> anyhow::Result<ExitStatus> {
    if let Some(id) = child.id() {
        let _ = kill(Pid::from_raw(id.cast_signed()), Signal::SIGTERM);
    }
    match tokio::time::timeout(LAST, child.wait()).await {
        Ok(ended) => Ok(ended?),
        Err(_) => {
            tracing::error!("the crawl does not end; it is killed, and the next one goes on");
            child.kill().await?;
            Ok(child.wait().await?)
        }
    }
}

fn code_of(ended: ExitStatus) -> u8 {
    let code = ended.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(code::FAILED)
}

/// How a crawl ended that could tell nobody itself: killed, or fallen over.
fn fallen(ended: ExitStatus) -> Option<String> {
    match (ended.signal(), ended.code()) {
        (Some(signal), _) => Some(format!("it was killed by signal {signal}")),
        (None, Some(code @ 101)) => Some(format!("it fell over (exit code {code})")),
        _ => None,
    }
}

/// Tells in its place.
async fn tell(config: &Config, why: String) {
    let bell = Bell::of(config);
    let told = tokio::task::spawn_blocking(move || {
        bell.end(&News {
            code: code::FAILED,
            why: Some(why),
            ..News::default()
        });
    });
    if told.await.is_err() {
        tracing::warn!("nobody was told of it");
    }
}

struct Signals {
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for a signal, or this long.
    async fn wait(&mut self, limit: Option<Duration>) -> Woken {
        let time = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = time => Woken::Time,
            _ = self.hangup.recv() => Woken::Reload,
            _ = self.interrupt.recv() => Woken::Stop(code::INTERRUPTED),
            _ = self.terminate.recv() => Woken::Stop(code::TERMINATED),
        }
    }
}
