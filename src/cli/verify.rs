//! `khobao verify`

use super::args::Verify;
use super::{code, data, setup};
use crate::archive::{Verification, VerifyPlan, warc};
use crate::crawl::DeepCheck;
use std::io::IsTerminal;
use std::path::Path;

pub(super) fn verify(config: &Path, args: Verify) -> anyhow::Result<u8> {
    let (config, profiles) = setup::load(config)?;
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
    let deep = DeepCheck::new(&archive, &config, &profiles);
    if args.deep {
        deep.check_sites()?;
    }
    let read = |row: &_, revision: &_| deep.check(row, revision);
    let plan = VerifyPlan {
        deep: args.deep.then_some(&read),
        sample: args.sample,
        resume: args.resume,
    };
    let found = archive.verify(&plan, &|what| {
        bar.set_message(format!("checking {what}"));
        bar.tick();
    })?;
    bar.finish_and_clear();
    // Damage is not sealed: the ledger must not make it look right.
    let sealed = found.unsealed == 0 && !found.interrupted;
    let head = if found.damage.is_empty() && sealed {
        let note = serde_json::json!({"share": found.share, "deep": args.deep});
        Some(archive.seal("verify", &[], Some(note))?)
    } else {
        archive.ledger_end()?.map(|(_, digest)| digest)
    };
    if args.json {
        let mut report = serde_json::to_value(&found)?;
        if let Some(report) = report.as_object_mut() {
            report.insert("ledger_head".to_owned(), serde_json::to_value(head)?);
        }
        data::print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
    } else {
        let mut out = describe(&found);
        if let Some(head) = head {
            out.push_str(&format!("the ledger's last line has the SHA-256 {head}\n"));
        }
        data::say(&out)?;
    }
    Ok(if found.damage.is_empty() {
        code::OK
    } else {
        code::DAMAGED
    })
}

fn describe(found: &Verification) -> String {
    let mut out = String::new();
    for damage in &found.damage {
        out.push_str(&format!("damaged: {}: {}\n", damage.place, damage.what));
    }
    if !found.damage.is_empty() {
        out.push_str(
            "what mends it: restore damaged WARC files from a copy; `khobao rebuild` makes the \
             index again from them\n",
        );
    }
    if let Some(share) = found.share.filter(|share| *share < 100.0) {
        out.push_str(&format!("{share:.1}% of the archive was checked\n"));
    }
    if found.read_again > 0 {
        out.push_str(&format!(
            "{} revisions compared with their captures\n",
            found.read_again
        ));
    }
    if found.interrupted {
        out.push_str("a run that was cut short is not in the ledger yet; the next one seals it\n");
    }
    if found.unsealed > 0 {
        out.push_str(&format!(
            "{} WARC files of an interrupted run are not in the manifest yet; the next crawl \
             seals them\n",
            found.unsealed
        ));
    }
    if found.lone_revisits > 0 {
        out.push_str(&format!(
            "{} imported revisits refer to captures that never came here: they say that a page was \
             the same, not what it was; import the files with those captures\n",
            found.lone_revisits
        ));
    }
    out.push_str(&format!(
        "{} records, {} revisions, {} captures; {} WARC files with {} records, {} of them \
         unreferenced; {} lines in the ledger; {} damaged\n",
        found.records,
        found.revisions,
        found.captures,
        found.warc_files,
        found.warc_records,
        found.orphans,
        found.ledger,
        found.damage.len()
    ));
    out
}
