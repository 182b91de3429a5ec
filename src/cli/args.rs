//! Flags as they are typed; `cli` makes checked plans of them.

use crate::archive::store::Engine;
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Keeps a complete, provable archive of provincial news portals.
#[derive(Debug, Parser)]
#[command(name = "khobao", version, about, long_about = None, after_help = EXIT_CODES)]
pub(super) struct Cli {
    /// The configuration; paths inside it are relative to it
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "config.toml"
    )]
    pub config: PathBuf,
    /// How log lines look on stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 all well; 1 failed; 2 bad usage or configuration; \
3 done, but some sites failed or are parked; 4 another process holds the archive; \
5 drift, or more in the audit without an answer than the configuration allows; \
6 the archive, or a file to be imported, is damaged; 130/143 stopped by a signal after a clean commit.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a commented config.toml and an empty archive
    Init {
        /// Where
        #[arg(default_value = ".")]
        dir: PathBuf,
    },
    /// Crawl the enabled sites, or the named ones, into the archive
    Crawl(Crawl),
    /// Print the record of a saved page as JSON; no archive, no network
    Extract {
        /// The page, or - for standard input
        file: PathBuf,
        /// The address that the page was saved from
        #[arg(long)]
        url: String,
        /// The profile that reads it
        #[arg(long, default_value = "nukeviet")]
        profile: String,
    },
    /// Write records as a dataset, or their captures as a WARC file or WACZ package
    Export(Export),
    /// Show one record
    Show {
        /// Any URL of the article, or its id
        #[arg(value_name = "URL|ID")]
        name: String,
        /// An earlier revision, counted from 1
        #[arg(long)]
        revision: Option<u32>,
        /// The archived page itself, decoded, in place of the record
        #[arg(long)]
        raw: bool,
    },
    /// List the runs; `runs show` gives one with its outcomes
    Runs {
        #[command(subcommand)]
        command: Option<RunsCommand>,
        /// JSON in place of a table
        #[arg(long, global = true)]
        json: bool,
    },
    /// Show how each site stands: last and next crawl, health, lag, pace; and how long the disk lasts
    Status {
        /// JSON in place of a table
        #[arg(long)]
        json: bool,
        /// Figures for Prometheus in place of a table
        #[arg(long, conflicts_with = "json")]
        metrics: bool,
    },
    /// Show what each channel of [notify] was told last, or try them all
    Notify {
        /// Send a message that says that it is a test to every channel, the ping included
        #[arg(long)]
        test: bool,
    },
    /// Crawl each site when it is due, or say what cron or systemd is to be told
    Schedule {
        #[command(subcommand)]
        command: ScheduleCommand,
    },
    /// Count what the archive holds
    Stats {
        /// JSON in place of a table
        #[arg(long)]
        json: bool,
    },
    /// Prove that the archive is complete, or list what is missing; no request is made
    Audit(Audit),
    /// Check every digest, every pointer from record to WARC and back, and the chain of custody
    Verify(Verify),
    /// Build the index again from the WARC files; the old one is kept aside
    Rebuild(Rebuild),
    /// Read archived pages again with today's profiles; no request is made
    Reextract(Reextract),
    /// Take WARC or WACZ files of any program into the archive
    Import {
        /// The files (.warc, .warc.gz, .wacz)
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Unite another archive with this one; the other one stays as it is
    Merge {
        /// Its folder
        #[arg(value_name = "OTHER_ARCHIVE")]
        other: PathBuf,
    },
    /// Look captures up by URL and time in the CDXJ files; needs no lock, sees finished WARC files
    Cdx(Cdx),
    /// Show when a record was changed, and what
    History {
        /// URL or id
        #[arg(value_name = "URL|ID")]
        name: String,
        /// JSON in place of a table: one revision a line
        #[arg(long)]
        json: bool,
    },
    /// Compare two revisions of a record, by block and word
    Diff(Diff),
    /// Withdraw a record: a tombstone without text takes its place
    Withdraw(Withdraw),
    /// List alarms of drift (pages that are suddenly read otherwise), and settle them
    Drift(Drift),
    /// Put the index on another engine
    Migrate {
        /// sled or redb
        #[arg(long, value_name = "ENGINE")]
        engine: Engine,
    },
    /// Start a portal of our own on loopback and crawl it
    Demo {
        /// How many articles the portal has
        #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        articles: u32,
        /// Where configuration and archive go; a demo's earlier folder is replaced
        #[arg(long, default_value = "khobao-demo")]
        dir: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct Crawl {
    /// Sites by their id; without any, all enabled ones
    #[arg(value_name = "SITE")]
    pub sites: Vec<String>,
    /// Visit everything again
    #[arg(long, conflicts_with = "update")]
    pub full: bool,
    /// Only what is new (the default once a site was crawled whole)
    #[arg(long)]
    pub update: bool,
    /// Do not follow lists into the time before this day (2022-09-05)
    #[arg(long, value_name = "DATE")]
    pub since: Option<NaiveDate>,
    /// Stop after this many requests for pages; the next crawl goes on there
    #[arg(long, value_name = "N")]
    pub max_pages: Option<u64>,
    /// Stop after this long ("30m"); the next crawl goes on there
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub max_time: Option<Duration>,
    /// Say what would be done; ask no portal and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write the run's report here, as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Rebuild {
    /// Copy the WARC files of this folder into the archive first
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Then remove the indexes that were kept aside, this rebuild's included
    #[arg(long)]
    pub discard_old: bool,
}

#[derive(Debug, Args)]
pub(super) struct Reextract {
    /// Only this site
    #[arg(long)]
    pub site: Option<String>,
    /// Only what this profile had read
    #[arg(long)]
    pub profile: Option<String>,
    /// Only what was fetched on this day or later
    #[arg(long, value_name = "DATE")]
    pub since: Option<NaiveDate>,
    /// Say what would change, with samples; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// JSON in place of lines
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Read every archived page again as well, and compare it with the record
    #[arg(long)]
    pub deep: bool,
    /// Only this share of the parts (files, ranges of rows), in percent: those checked longest ago
    #[arg(long, value_name = "N", value_parser = percent)]
    pub sample: Option<f64>,
    /// Go on with a check that was cut short
    #[arg(long, conflicts_with = "sample")]
    pub resume: bool,
    /// JSON in place of lines
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Only this site
    #[arg(long)]
    pub site: Option<String>,
    /// The format
    #[arg(long, value_enum, default_value_t = AuditFormat::Text)]
    pub format: AuditFormat,
    /// First ask what the known URLs of missing article numbers answer now, N of them at most
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "100")]
    pub ask: Option<usize>,
    /// The file, or - for standard output
    #[arg(long, default_value = "-")]
    pub output: PathBuf,
}

/// How an audit is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AuditFormat {
    /// For a terminal: what is missing, a calendar, a figure
    Text,
    /// Everything, for programs (docs/audit.md)
    Json,
    /// One self-contained page with charts
    Html,
}

fn percent(text: &str) -> Result<f64, String> {
    let number: f64 = text
        .trim_end_matches('%')
        .parse()
        .map_err(|_| "write a number such as 5 or 5%".to_owned())?;
    if number > 0.0 && number <= 100.0 {
        Ok(number)
    } else {
        Err("write a number above 0, up to 100".to_owned())
    }
}

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// URL or id
    #[arg(value_name = "URL|ID")]
    pub name: String,
    /// The older revision; otherwise the one before the newest
    pub from: Option<u32>,
    /// The newer revision; otherwise the newest
    pub to: Option<u32>,
    /// The format
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
}

/// How differences are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    /// For a terminal
    Text,
    /// For programs
    Json,
    /// One self-contained page
    Html,
}

#[derive(Debug, Args)]
pub(super) struct Drift {
    #[command(subcommand)]
    pub command: Option<DriftCommand>,
    /// JSON in place of lines
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum DriftCommand {
    /// Take what is in quarantine as good: it is usual from now on
    Accept {
        /// A site or an alarm; all without one
        #[arg(value_name = "SITE|ALARM")]
        name: Option<String>,
    },
    /// Read what is in quarantine again with today's profiles, and release what is sound
    Reextract {
        /// A site or an alarm; all without one
        #[arg(value_name = "SITE|ALARM")]
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Withdraw {
    /// URL or id
    #[arg(value_name = "URL|ID")]
    pub name: String,
    /// Why; kept in the tombstone and in the ledger
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Erase its captures from the WARC files, too, with images that no other article shows
    #[arg(long)]
    pub erase: bool,
    /// With --erase: also in WARC files that are not what the manifest says, where no sound copy
    /// is left; `verify` names them all the same
    #[arg(long, requires = "erase")]
    pub damaged: bool,
}

#[derive(Debug, Args)]
pub(super) struct Cdx {
    /// The URL
    pub url: String,
    /// Everything that begins with it
    #[arg(long)]
    pub prefix: bool,
    /// Captured at this time or later: 4 to 14 digits of YYYYMMDDhhmmss, UTC
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Captured at this time or earlier; the same form
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The format
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    pub format: Format,
    /// The file, or - for standard output (not for wacz)
    #[arg(long, default_value = "-")]
    pub output: PathBuf,
    /// Only this site
    #[arg(long)]
    pub site: Option<String>,
    /// Published on this day or later (2022-09-05)
    #[arg(long, value_name = "DATE")]
    pub from: Option<NaiveDate>,
    /// Published on this day or earlier
    #[arg(long, value_name = "DATE")]
    pub to: Option<NaiveDate>,
    /// Leave out records whose text stands in another record already (`same_as`)
    #[arg(long)]
    pub unique: bool,
    /// Only records whose title or text has all of these words, in any case, also inside others
    #[arg(long, value_name = "WORDS")]
    pub query: Option<String>,
    /// Doubtful revisions, too, where they are the newest (see `khobao drift`)
    #[arg(long)]
    pub quarantined: bool,
    /// Title of a WACZ package
    #[arg(long, default_value = "khobao")]
    pub title: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One JSON object a line, in the field names of the record schema
    Jsonl,
    /// RFC 4180, one row a record
    Csv,
    /// The captures of the records as one WARC file (.warc.gz)
    Warc,
    /// A WACZ package with index, page list and digests
    Wacz,
}

#[derive(Debug, Subcommand)]
pub(super) enum RunsCommand {
    /// Show one run: every outcome, counted by name
    Show {
        /// Its number in the list; the newest without one
        number: Option<usize>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ScheduleCommand {
    /// Stay, and crawl each site when its `schedule` says; SIGHUP reads the configuration again
    Run {
        /// Crawl what is due now, and end: for cron and systemd timers
        #[arg(long)]
        once: bool,
    },
    /// Print a crontab line, or systemd units
    Print(Printed),
}

#[derive(Debug, Args)]
#[group(id = "form", required = true, args = ["crontab", "systemd"])]
pub(super) struct Printed {
    /// A line for `crontab -e`
    #[arg(long)]
    pub crontab: bool,
    /// A service and its timer
    #[arg(long)]
    pub systemd: bool,
    /// Write the units into this folder
    #[arg(long, value_name = "DIR", requires = "systemd")]
    pub dir: Option<PathBuf>,
}
