//! `khobao migrate`

use super::{code, data, setup};
use crate::archive::Archive;
use crate::archive::store::Engine;
use indicatif::ProgressBar;
use std::io::IsTerminal;
use std::path::Path;

pub(super) fn migrate(config: &Path, to: Engine) -> anyhow::Result<u8> {
    // Opening it first brings an older archive up to date.
    let (config, archive) = setup::archive(config)?;
    drop(archive);
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    let done = Archive::migrate(&config.archive, to, &|rows| {
        bar.set_message(format!("{rows} rows copied"));
        bar.tick();
    })?;
    bar.finish_and_clear();
    let mut out = String::new();
    for why in &done.damage {
        out.push_str(&format!("damaged: {why}\n"));
    }
    if !done.damage.is_empty() {
        out.push_str(
            "nothing was changed; `khobao rebuild` makes the index again from the WARC files\n",
        );
        data::say(&out)?;
        return Ok(code::DAMAGED);
    }
    match &done.aside {
        None => out.push_str(&format!("the index is on {to} already\n")),
        Some(aside) => out.push_str(&format!(
            "{} rows copied from {} to {to}\nthe old index is kept in {}; \
             `khobao rebuild --discard-old` removes it\n",
            done.rows,
            done.from,
            aside.display()
        )),
    }
    data::say(&out)?;
    Ok(code::OK)
}
