//! `khobao audit`

use super::args::{Audit, AuditFormat, LogFormat};
use super::{Failure, code, crawl, data, progress, setup};
use crate::archive::{Archive, warc};
use crate::audit::{self, Class, audit};
use crate::config::Config;
use crate::crawl::Plan;
use crate::domain::{Clock as _, SiteId, SystemClock};
use crate::export::visible;
use crate::extract::profile::ProfileSet;
use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(config: &Path, args: Audit) -> anyhow::Result<u8> {
    let (config, profiles) = setup::load(config)?;
    let site = match &args.site {
        Some(name) => {
            let id = SiteId::new(name).map_err(|why| Failure::error(code::USAGE, why))?;
            if !config.sites.iter().any(|site| site.id == id) {
                config.select(std::slice::from_ref(name))?;
            }
            Some(id)
        }
        None => None,
    };
    let archive = setup::open(&config, &profiles)?;
    let bar = if std::io::stderr().is_terminal() {
        indicatif::ProgressBar::new_spinner()
    } else {
        indicatif::ProgressBar::hidden()
    };
    // What an interrupted run left open is closed first: a torn tail is no damage.
    for closed in warc::recover(&archive.warc_dir())? {
        tracing::info!(file = %closed, "a WARC file of an interrupted run was closed");
    }
    let looked = |what: &str| {
        bar.set_message(format!("looking at {what}"));
        bar.tick();
    };
    let look = |archive: &Archive| {
        let now = SystemClock.now();
        audit(archive, &config, &profiles, site.as_ref(), now, &looked)
    };
    let archive = Arc::new(archive);
    let mut found = look(&archive);
    if let Some(most) = args.ask {
        bar.suspend(|| ask(&config, &profiles, &archive, &found, most))?;
        found = look(&archive);
    }
    bar.finish_and_clear();
    let report = match args.format {
        AuditFormat::Text => visible(&audit::text(&found)).into_owned(),
        AuditFormat::Json => serde_json::to_string_pretty(&found)? + "\n",
        AuditFormat::Html => audit::html(&found),
    };
    if args.output == Path::new("-") {
        data::print(&report)?;
    } else {
        data::to_file(&args.output, |out| out.write_all(report.as_bytes()))?;
        tracing::info!(figure = %found.figure, complete = found.complete, "audited");
    }
    Ok(if found.damage.total > 0 {
        code::DAMAGED
    } else if found.complete {
        code::OK
    } else {
        code::ALARM
    })
}

/// Asks for the known URLs of missing article numbers, `most` of them at most: each site in its own
/// way, and nothing of one whose crawl has not ended.
fn ask(
    config: &Config,
    profiles: &Arc<ProfileSet>,
    archive: &Arc<Archive>,
    found: &audit::Audit,
    most: usize,
) -> anyhow::Result<()> {
    let mut only: HashMap<SiteId, Vec<String>> = HashMap::new();
    let mut left = most;
    for site in &found.sites {
        let known = site.ids.gaps.items.iter().flat_map(|gap| &gap.known);
        let open = known.filter(|known| !matches!(known.class, Class::Robots | Class::Withdrawn));
        let urls: Vec<String> = open.map(|known| known.url.clone()).take(left).collect();
        let enabled = config
            .sites
            .iter()
            .any(|one| one.id == site.site && one.enabled);
        if urls.is_empty() || !enabled {
            continue;
        }
        if archive.site(&site.site)?.open {
            tracing::warn!(site = %site.site, "its crawl has not ended: `khobao crawl` goes on with it");
            continue;
        }
        left -= urls.len();
        only.insert(site.site.clone(), urls);
    }
    let asked: usize = only.values().map(Vec::len).sum();
    tracing::info!(urls = asked, "asking for the known URLs of missing numbers");
    if only.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = only.keys().map(SiteId::to_string).collect();
    let plan = Plan {
        sites: config.select(&names)?.into_iter().cloned().collect(),
        full: Some(false),
        since: None,
        max_pages: None,
        max_time: None,
        command: "audit --ask".to_owned(),
        only,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(async {
        let run = crate::crawl::run(
            plan,
            config,
            Arc::clone(profiles),
            Arc::clone(archive),
            Arc::new(SystemClock),
            progress::observer(LogFormat::Text),
            crawl::signals(Arc::default())?,
        );
        anyhow::Ok(run.await?)
    });
    runtime.shutdown_background();
    report.map(drop)
}
