//! Floor 7: flags, plan, run; messages, progress, exit codes.
//!
//! Data goes to stdout, everything else to stderr. What fails is told in three parts: what, why,
//! and what to do.

mod args;
mod audit;
mod cdx;
mod crawl;
mod data;
mod demo;
mod drift;
mod history;
mod init;
mod inspect;
mod intake;
mod metrics;
mod migrate;
mod notify;
mod progress;
mod rebuild;
mod reextract;
mod schedule;
mod setup;
mod status;
mod verify;
mod withdraw;

use crate::archive::ArchiveError;
use crate::archive::warc::WarcError;
use crate::config::ConfigError;
use crate::crawl::CrawlError;
use crate::export::visible;
use crate::fetch::FetchError;
use args::{Cli, Command, LogFormat};
use clap::Parser;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Exit codes, as the design fixes them.
mod code {
    pub const OK: u8 = 0;
    pub const FAILED: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const PARTIAL: u8 = 3;
    pub const HELD: u8 = 4;
    pub const ALARM: u8 = 5;
    pub const DAMAGED: u8 = 6;
    pub const INTERRUPTED: u8 = 130;
    pub const TERMINATED: u8 = 143;
}

/// A command that ends with something to say to its user.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn error(code: u8, message: impl Into<String>) -> anyhow::Error {
        Self {
            code,
            message: message.into(),
        }
        .into()
    }
}

/// Runs the command line and gives its exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    log(cli.log_format);
    let result = match cli.command {
        Command::Init { dir } => init::init(&dir),
        Command::Crawl(args) => crawl::crawl(&cli.config, cli.log_format, args),
        Command::Extract { file, url, profile } => {
            data::extract(&cli.config, &file, &url, &profile)
        }
        Command::Export(args) => data::export(&cli.config, args),
        Command::Show {
            name,
            revision,
            raw,
        } => inspect::show(&cli.config, &name, revision, raw),
        Command::History { name, json } => history::history(&cli.config, &name, json),
        Command::Diff(args) => history::diff(&cli.config, args),
        Command::Runs { command, json } => inspect::runs(&cli.config, command, json),
        Command::Stats { json } => inspect::stats(&cli.config, json),
        Command::Status { json, metrics } => status::status(&cli.config, json, metrics),
        Command::Notify { test } => notify::notify(&cli.config, test),
        Command::Schedule { command } => schedule::schedule(&cli.config, command),
        Command::Audit(args) => audit::run(&cli.config, args),
        Command::Verify(args) => verify::verify(&cli.config, args),
        Command::Rebuild(args) => rebuild::rebuild(&cli.config, args),
        Command::Reextract(args) => reextract::reextract(&cli.config, args),
        Command::Import { files } => rebuild::import(&cli.config, &files),
        Command::Merge { other } => rebuild::merge(&cli.config, &other),
        Command::Cdx(args) => cdx::cdx(&cli.config, args),
        Command::Drift(args) => drift::drift(&cli.config, args),
        Command::Migrate { engine } => migrate::migrate(&cli.config, engine),
        Command::Withdraw(args) => withdraw::withdraw(&cli.config, args),
        Command::Demo { articles, dir } => demo::demo(articles, &dir, cli.log_format),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            let code = code_of(&why);
            // A reader that has seen enough (`khobao export | head`) is no failure.
            if is_broken_pipe(&why) {
                return ExitCode::from(code::OK);
            }
            eprintln!("khobao: {}", visible(&format!("{why:#}")));
            ExitCode::from(code)
        }
    }
}

fn code_of(why: &anyhow::Error) -> u8 {
    if let Some(failure) = why.downcast_ref::<Failure>() {
        return failure.code;
    }
    if why.downcast_ref::<ConfigError>().is_some() {
        return code::USAGE;
    }
    let crawl = why.downcast_ref::<CrawlError>();
    if let Some(CrawlError::Fetch(FetchError::ExtraCa { .. }) | CrawlError::UnknownSite { .. }) =
        crawl
    {
        return code::USAGE;
    }
    let warc = match crawl {
        Some(CrawlError::Warc(why)) => Some(why),
        _ => why.downcast_ref::<WarcError>(),
    };
    if warc.is_some_and(WarcError::is_damage) {
        return code::DAMAGED;
    }
    let archive = match crawl {
        Some(CrawlError::Archive(why)) => Some(why),
        _ => why.downcast_ref::<ArchiveError>(),
    };
    match archive {
        Some(ArchiveError::Held { .. }) => code::HELD,
        Some(ArchiveError::Missing { .. } | ArchiveError::Foreign { .. }) => code::USAGE,
        Some(why) if why.is_damage() => code::DAMAGED,
        _ => code::FAILED,
    }
}

fn is_broken_pipe(why: &anyhow::Error) -> bool {
    why.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

/// Log lines go to stderr; `KHOBAO_LOG` (such as `debug` or `khobao=trace`) says how many.
fn log(format: LogFormat) {
    // (What sled cannot do is told as an error, in our words.)
    let filter =
        EnvFilter::try_from_env("KHOBAO_LOG").unwrap_or_else(|_| EnvFilter::new("info,sled=off"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
