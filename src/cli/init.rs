//! `khobao init`

use super::{Failure, code};
use crate::archive::Archive;
use crate::archive::store::Engine;
use crate::config::TEMPLATE;
use std::io::Write as _;
use std::path::Path;

pub(super) fn init(dir: &Path) -> anyhow::Result<u8> {
    let file = dir.join("config.toml");
    std::fs::create_dir_all(dir).map_err(|why| {
        Failure::error(
            code::FAILED,
            format!("cannot make {}: {why}", dir.display()),
        )
    })?;
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file);
    match made {
        Ok(mut out) => out.write_all(TEMPLATE.as_bytes()).map_err(|why| {
            Failure::error(
                code::FAILED,
                format!("cannot write {}: {why}", file.display()),
            )
        })?,
        Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::error(
                code::USAGE,
                format!(
                    "{} is there already; edit it, or name another folder",
                    file.display()
                ),
            ));
        }
        Err(why) => {
            return Err(Failure::error(
                code::FAILED,
                format!("cannot write {}: {why}", file.display()),
            ));
        }
    }
    Archive::create(&dir.join("archive"), Engine::default())?;
    eprintln!(
        "Wrote {} and an empty archive beside it.\n\
         Next: put your contact and a [[sites]] table into it, then run\n  \
         khobao crawl --config {} --dry-run",
        file.display(),
        file.display()
    );
    Ok(code::OK)
}
