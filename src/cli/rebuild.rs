//! `khobao rebuild`, `khobao import` and `khobao merge`: the index made again from WARC files.

use super::args::Rebuild;
use super::{Failure, code, data, intake, setup};
use crate::archive::warc;
use crate::archive::{self, Archive, ArchiveError, Chain, Hold};
use crate::config::Config;
use crate::crawl::{self, Rebuilt};
use crate::extract::profile::ProfileSet;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn rebuild(config: &Path, args: Rebuild) -> anyhow::Result<u8> {
    let (config, profiles) = setup::load(config)?;
    let mut out = String::new();
    // Held from here to the end: nobody else writes while files are closed, copied and read.
    let hold = match Archive::hold_mended(&config.archive, setup::engine(&config)) {
        Ok((hold, wrong)) => {
            if let Some(why) = wrong {
                out.push_str(&format!("khobao.json was made again ({why})\n"));
            }
            hold
        }
        Err(ArchiveError::Missing { .. }) if args.from.is_some() => hold_or_make(&config)?,
        Err(why) => return Err(why.into()),
    };
    let (mut taken, mut whole) = (Vec::new(), true);
    if let Some(from) = &args.from {
        if !from.is_dir() {
            return Err(Failure::error(
                code::USAGE,
                format!(
                    "{} is no folder; name the folder with the archive's WARC files",
                    from.display()
                ),
            ));
        }
        let names = warc::files(from)?;
        if names.is_empty() {
            return Err(Failure::error(
                code::USAGE,
                format!(
                    "{} holds no .warc.gz file; name the folder with the archive's WARC files",
                    from.display()
                ),
            ));
        }
        let files: Vec<PathBuf> = names.iter().map(|name| from.join(name)).collect();
        let files = intake::take_in(&config, &hold, &files)?;
        out.push_str(&files.text);
        whole = files.whole;
        taken = files.names;
    }
    let (done, hold) = run(&config, &profiles, hold, ("rebuild", &taken, &[]))?;
    match done.as_sealed {
        Some(true) => out.push_str("the records are those that the ledger had sealed\n"),
        Some(false) => out.push_str("the records differ from those that the ledger had sealed\n"),
        None => {}
    }
    out.push_str(&describe(&done));
    let code = code_of(&done, whole);
    // Where something was lost the old index may be all that still has it.
    let whole = whole && done.damage.is_empty() && done.unlike.is_empty() && done.lost.is_none();
    if args.discard_old && !whole {
        out.push_str(
            "the old indexes are kept, since not everything is as it was; remove index.old-* by \
             hand where they are not wanted\n",
        );
    } else if args.discard_old {
        for name in archive::discard_old(&config.archive, &hold)? {
            out.push_str(&format!("removed {name}\n"));
        }
    }
    data::say(&out)?;
    Ok(code)
}

pub(super) fn import(config: &Path, files: &[PathBuf]) -> anyhow::Result<u8> {
    let (config, profiles) = setup::load(config)?;
    let hold = hold_or_make(&config)?;
    let taken = intake::take_in(&config, &hold, files)?;
    let what = ("import", taken.names.as_slice(), &[][..]);
    let (done, _hold) = run(&config, &profiles, hold, what)?;
    data::say(&(taken.text + &describe(&done)))?;
    // (What a crash leaves at the end of an archive's own file was never acknowledged: `merge` and
    // `rebuild --from` lose nothing by it.)
    Ok(code_of(&done, taken.whole && !taken.torn))
}

pub(super) fn merge(config: &Path, other: &Path) -> anyhow::Result<u8> {
    let (config, profiles) = setup::load(config)?;
    if !other.join("khobao.json").is_file() {
        return Err(ArchiveError::Missing {
            dir: other.to_owned(),
        }
        .into());
    }
    let same = |a: &Path, b: &Path| {
        let (a, b) = (std::fs::canonicalize(a).ok(), std::fs::canonicalize(b).ok());
        a.is_some() && a == b
    };
    if same(other, &config.archive) {
        return Err(Failure::error(
            code::USAGE,
            "an archive cannot be merged with itself; name another one",
        ));
    }
    let hold = hold_or_make(&config)?;
    // Until everything is copied nobody adds to it.
    let lock = other.join("lock").exists();
    let held = lock.then(|| Archive::keep(other)).transpose()?;
    let warcs = other.join("warc");
    let names = warc::files(&warcs)?;
    let files: Vec<PathBuf> = names.iter().map(|name| warcs.join(name)).collect();
    let taken = intake::take_in(&config, &hold, &files)?;
    let mut out = taken.text;
    let chains = archive::keep_chains(&config.archive, other)?;
    drop(held);
    for chain in &chains.kept {
        out.push_str(&format!(
            "the ledger of archive {} ({} lines) is kept in merged/\n",
            chain.archive, chain.lines
        ));
    }
    for (place, what) in &chains.wrong {
        out.push_str(&format!("damaged: {place}: {what}\n"));
    }
    let what = ("merge", taken.names.as_slice(), chains.kept.as_slice());
    let (done, _hold) = run(&config, &profiles, hold, what)?;
    out.push_str(&describe(&done));
    data::say(&out)?;
    Ok(code_of(&done, taken.whole && chains.wrong.is_empty()))
}

/// Holds the archive, whatever its index is like; makes one where there is none.
fn hold_or_make(config: &Config) -> anyhow::Result<Hold> {
    match Archive::hold(&config.archive) {
        Err(ArchiveError::Missing { .. }) => {
            let archive = Archive::create(&config.archive, setup::engine(config))?;
            Ok(archive.into_hold())
        }
        other => Ok(other?),
    }
}

pub(super) fn run(
    config: &Config,
    profiles: &Arc<ProfileSet>,
    hold: Hold,
    what: (&str, &[String], &[Chain]),
) -> anyhow::Result<(Rebuilt, Hold)> {
    let dir = &config.archive;
    let bar = if std::io::stderr().is_terminal() {
        let bar = ProgressBar::new(0);
        // The template is fixed; should it ever not parse, the default bar serves.
        if let Ok(style) = ProgressStyle::with_template(
            "reading captures {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        ) {
            bar.set_style(style);
        }
        bar
    } else {
        ProgressBar::hidden()
    };
    let done = crawl::rebuild(dir, hold, config, profiles, what, &|read, all| {
        bar.set_length(all);
        bar.set_position(read);
    })?;
    bar.finish_and_clear();
    Ok(done)
}

fn describe(done: &Rebuilt) -> String {
    let mut out = format!(
        "{} captures read, {} of them articles\n",
        done.captures, done.articles
    );
    for (host, count) in &done.strangers {
        out.push_str(&format!(
            "{count} captures of {host}, which no [[sites]] table owns, are kept and not judged\n"
        ));
    }
    if done.lone_revisits > 0 {
        out.push_str(&format!(
            "{} revisits refer to captures that are not here: they say that a page was the same, not \
             what it was; import the files with those captures\n",
            done.lone_revisits
        ));
    }
    for (file, ids) in &done.withdrawn {
        out.push_str(&format!(
            "{} tombstones in {file} withdraw records:\n",
            ids.len()
        ));
        for id in ids {
            out.push_str(&format!("  {id}; `khobao show {id}` says why\n"));
        }
    }
    for (file, count) in &done.refused {
        out.push_str(&format!(
            "{count} tombstones in {file} withdraw nothing: the file does not say that it is part \
             of an archive of khobao's; withdraw what is meant with `khobao withdraw`\n"
        ));
    }
    for (id, count) in &done.returned {
        out.push_str(&format!(
            "{count} captures of {id}, which was withdrawn and erased, came back with these files: \
             `khobao withdraw {id} --reason ... --erase` erases them again\n"
        ));
    }
    for why in &done.damage {
        out.push_str(&format!("damaged: {why}\n"));
    }
    for (file, what) in &done.unlike {
        out.push_str(&format!(
            "damaged: {file}: {what}, and run `khobao rebuild` again\n"
        ));
    }
    if let Some(lost) = &done.lost {
        out.push_str(&format!(
            "of the old index, runs and learned pace could not be taken over whole: {lost}\n"
        ));
    }
    if let Some(aside) = &done.aside {
        out.push_str(&format!(
            "the old index is kept in {}; `khobao rebuild --discard-old` removes it\n",
            aside.display()
        ));
    }
    out
}

/// `whole` is whether all of the files that came was taken in.
fn code_of(done: &Rebuilt, whole: bool) -> u8 {
    if !done.damage.is_empty() || !done.unlike.is_empty() || !whole {
        code::DAMAGED
    } else if !done.returned.is_empty() {
        code::FAILED
    } else {
        code::OK
    }
}
