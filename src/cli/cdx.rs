//! `khobao cdx`

use super::args::Cdx;
use super::{Failure, code, data, setup};
use crate::archive::warc::{self, Lookup};
use std::path::Path;

pub(super) fn cdx(config: &Path, args: Cdx) -> anyhow::Result<u8> {
    let (config, _) = setup::load(config)?;
    for time in [&args.from, &args.to].into_iter().flatten() {
        let digits = time.bytes().all(|b| b.is_ascii_digit());
        if !digits || !(4..=14).contains(&time.len()) {
            return Err(Failure::error(
                code::USAGE,
                format!("{time:?} is no time; write 4 to 14 digits of YYYYMMDDhhmmss (UTC)"),
            ));
        }
    }
    if url::Url::parse(&args.url).is_err() {
        return Err(Failure::error(
            code::USAGE,
            format!("{:?} is no URL; write an absolute one", args.url),
        ));
    }
    let dir = config.archive.join("warc");
    let lines = warc::lookup(
        &dir,
        &Lookup {
            url: args.url,
            prefix: args.prefix,
            from: args.from,
            to: args.to,
        },
    )?;
    let mut out = lines.join("\n");
    if !out.is_empty() {
        out.push('\n');
    }
    data::print(&out)?;
    Ok(code::OK)
}
