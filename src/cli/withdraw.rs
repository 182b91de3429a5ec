//! `khobao withdraw`

use super::args::Withdraw;
use super::inspect::{find, tombstone};
use super::{Failure, code, data, setup};
use crate::crawl::{Erase, Target, withdraw as withdraw_record};
use std::path::Path;

pub(super) fn withdraw(config: &Path, args: Withdraw) -> anyhow::Result<u8> {
    let (config, archive) = setup::archive(config)?;
    let reason = args.reason.trim();
    if reason.is_empty() {
        return Err(Failure::error(
            code::USAGE,
            "the reason is empty; write why the record is withdrawn, without naming what it says",
        ));
    }
    for closed in crate::archive::warc::recover(&archive.warc_dir())? {
        tracing::info!(file = %closed, "a WARC file of an interrupted run was closed");
    }
    let target = match find(&config, &archive, &args.name)? {
        Some(record) => Target::Record(Box::new(record)),
        None => match tombstone(&config, &archive, &args.name)? {
            Some(stone) => Target::Withdrawn(Box::new(stone)),
            None => {
                return Err(Failure::error(
                    code::FAILED,
                    format!(
                        "no record {}; `khobao export --format csv` lists them",
                        args.name
                    ),
                ));
            }
        },
    };
    let erase = match (args.erase, args.damaged) {
        (false, _) => Erase::No,
        (true, false) => Erase::Sound,
        (true, true) => Erase::All,
    };
    let done = withdraw_record(&archive, &config, target, reason, erase)?;
    let stone = &done.stone;
    let mut out = if done.before {
        format!(
            "{} was withdrawn at {} ({})\n",
            stone.id, stone.withdrawn, stone.reason
        )
    } else {
        format!(
            "{} is withdrawn: {} revisions, {} URLs\n",
            stone.id,
            stone.revisions,
            stone.urls.len()
        )
    };
    if args.erase {
        out.push_str(&format!(
            "{} captures erased from the WARC files\n",
            done.erased
        ));
        if done.shared > 0 {
            out.push_str(&format!(
                "{} images or attachments stay, as what is not erased has them or the same bytes\n",
                done.shared
            ));
        }
        if done.needed > 0 {
            out.push_str(&format!(
                "{} captures stay, hidden: captures of other URLs have the same bytes and refer to \
                 them; withdraw those, too\n",
                done.needed
            ));
        }
        out.push_str(
            "listing pages and feeds that named it, copies of the archive, and indexes that were \
             kept aside still hold what they held; `khobao rebuild --discard-old` writes the index \
             anew and removes the old ones\n",
        );
    } else if stone.erased {
        out.push_str(
            "its captures were erased then; with `--erase` what is left of them, or came back, is \
             erased, too\n",
        );
    } else {
        out.push_str("its captures stay in the WARC files; `--erase` erases them\n");
    }
    for url in &done.others {
        out.push_str(&format!(
            "{url} stays, as it was the URL of a record of its own before it led here\n"
        ));
    }
    for url in &done.alike {
        out.push_str(&format!(
            "the same text, or nearly, stands at {url}: withdraw it, too, where that is meant\n"
        ));
    }
    for name in &done.torn {
        out.push_str(&format!(
            "{name} holds a record that a crash had torn, and nobody knows of what page: remove it \
             from the WARC files' folder where it is not wanted\n"
        ));
    }
    for why in &done.damage {
        out.push_str(&format!("not erased: {why}\n"));
    }
    for (file, what) in &done.unlike {
        out.push_str(&format!(
            "nothing is erased in {file}: {what}, and run this command again{}\n",
            match what.found == what.listed {
                true => "",
                false => {
                    "; where there is none, `--damaged` erases in it all the same, and `khobao \
                     verify` goes on naming it"
                }
            }
        ));
    }
    data::say(&out)?;
    Ok(match done.damage.is_empty() && done.unlike.is_empty() {
        true => code::OK,
        false => code::DAMAGED,
    })
}
