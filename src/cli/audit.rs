//! `khobao audit`

use super::args::{Audit, AuditFormat};
use super::{Failure, code, data, setup};
use crate::archive::warc;
use crate::audit::{self, audit};
use crate::domain::{Clock as _, SiteId, SystemClock};
use std::io::IsTerminal;
use std::path::Path;

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
    let now = SystemClock.now();
    let found = audit(&archive, &config, &profiles, site.as_ref(), now, &|what| {
        bar.set_message(format!("looking at {what}"));
        bar.tick();
    });
    bar.finish_and_clear();
    let report = match args.format {
        AuditFormat::Text => audit::text(&found),
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
