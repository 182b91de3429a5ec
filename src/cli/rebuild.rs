//! `khobao rebuild`, `khobao import` and `khobao merge`: the index made again from WARC files.

use super::args::Rebuild;
use super::{Failure, code, data, setup};
use crate::archive::warc::{self, Taken};
use crate::archive::{self, Archive, ArchiveError, Chain, Hold};
use crate::config::Config;
use crate::crawl::{self, Rebuilt};
use crate::extract::profile::ProfileSet;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Read as _};
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
    let mut taken = Vec::new();
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
        let (text, names) = take_in(&config, &hold, &files)?;
        out.push_str(&text);
        taken = names;
    }
    let (done, hold) = run(&config, &profiles, hold, ("rebuild", &taken, &[]))?;
    match done.as_sealed {
        Some(true) => out.push_str("the records are those that the ledger had sealed\n"),
        Some(false) => out.push_str("the records differ from those that the ledger had sealed\n"),
        None => {}
    }
    out.push_str(&describe(&done));
    // Where something was lost the old index may be all that still has it.
    let whole = done.damage.is_empty() && done.lost.is_none();
    if args.discard_old && !whole {
        out.push_str("the old indexes are kept, since not everything could be read\n");
    } else if args.discard_old {
        for name in archive::discard_old(&config.archive, &hold)? {
            out.push_str(&format!("removed {name}\n"));
        }
    }
    data::print(&out)?;
    Ok(code_of(&done))
}

pub(super) fn import(config: &Path, files: &[PathBuf]) -> anyhow::Result<u8> {
    let (config, profiles) = setup::load(config)?;
    let hold = hold_or_make(&config)?;
    let (mut out, taken) = take_in(&config, &hold, files)?;
    let (done, _hold) = run(&config, &profiles, hold, ("import", &taken, &[]))?;
    out.push_str(&describe(&done));
    data::print(&out)?;
    Ok(code_of(&done))
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
    let (mut out, taken) = take_in(&config, &hold, &files)?;
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
    let what = ("merge", taken.as_slice(), chains.kept.as_slice());
    let (done, _hold) = run(&config, &profiles, hold, what)?;
    out.push_str(&describe(&done));
    data::print(&out)?;
    Ok(match chains.wrong.is_empty() {
        true => code_of(&done),
        false => code::DAMAGED,
    })
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

/// Copies files into the archive's folder.
fn take_in(
    config: &Config,
    _hold: &Hold,
    files: &[PathBuf],
) -> anyhow::Result<(String, Vec<String>)> {
    let dir = config.archive.join("warc");
    warc::recover(&dir)?;
    let announce = |name: &str| archive::announce(&config.archive, &[name.to_owned()]);
    let mut out = String::new();
    let mut names = Vec::new();
    for file in files {
        let all = if is_zip(file)? {
            wacz(&dir, file, &announce)?
        } else {
            vec![warc::take_in(&dir, file, &announce)?]
        };
        for taken in all {
            out.push_str(&line(file, &taken));
            if !taken.known {
                names.push(taken.name);
            }
        }
    }
    Ok((out, names))
}

fn line(file: &Path, taken: &Taken) -> String {
    let mut out = format!("{}: {} records", file.display(), taken.records);
    if taken.known {
        out.push_str(", in the archive already");
    } else {
        out.push_str(&format!(" as {}", taken.name));
    }
    if taken.repacked {
        out.push_str(", packed anew with one gzip member a record");
    }
    if taken.torn > 0 {
        out.push_str(&format!(
            ", without {} bytes at its end that are no whole record",
            taken.torn
        ));
    }
    out.push('\n');
    for why in &taken.damaged {
        out.push_str(&format!("  left out: {why}\n"));
    }
    out
}

fn is_zip(file: &Path) -> anyhow::Result<bool> {
    let mut magic = Vec::new();
    let opened = std::fs::File::open(file).map_err(|why| {
        Failure::error(
            code::USAGE,
            format!(
                "cannot read {}: {why}; name a WARC or WACZ file",
                file.display()
            ),
        )
    })?;
    opened.take(4).read_to_end(&mut magic)?;
    Ok(magic == *b"PK\x03\x04")
}

/// The WARC files of a WACZ (1.1.1: `archive/`).
fn wacz(
    dir: &Path,
    file: &Path,
    announce: &dyn Fn(&str) -> Result<(), ArchiveError>,
) -> anyhow::Result<Vec<Taken>> {
    let damaged = |why: zip::result::ZipError| warc::WarcError::Damaged {
        file: file.to_owned(),
        offset: 0,
        why: format!("the WACZ cannot be read: {why}"),
    };
    let mut zip = zip::ZipArchive::new(std::fs::File::open(file)?).map_err(damaged)?;
    let names: Vec<String> = zip
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
        .filter(|name| {
            name.starts_with("archive/") && (name.ends_with(".warc.gz") || name.ends_with(".warc"))
        })
        .collect();
    if names.is_empty() {
        return Err(Failure::error(
            code::FAILED,
            format!("{} holds no WARC file below archive/", file.display()),
        ));
    }
    let temp = tempfile::tempdir_in(dir).context("cannot make a folder beside the WARC files")?;
    let mut all = Vec::new();
    for name in names {
        let mut member = zip.by_name(&name).map_err(damaged)?;
        // Only the last part of the name counts: no member leaves the folder.
        let bare = name.rsplit('/').next().unwrap_or("file.warc.gz");
        let path = temp.path().join(bare);
        let mut out = std::fs::File::create(&path)?;
        std::io::copy(&mut member, &mut out)
            .with_context(|| format!("cannot unpack {name} of {}", file.display()))?;
        drop(out);
        all.push(warc::take_in(dir, &path, announce)?);
    }
    Ok(all)
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

fn code_of(done: &Rebuilt) -> u8 {
    if !done.damage.is_empty() {
        code::DAMAGED
    } else if !done.returned.is_empty() {
        code::FAILED
    } else {
        code::OK
    }
}
