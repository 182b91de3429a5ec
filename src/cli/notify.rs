//! `khobao notify`

use super::{Failure, code, data, setup};
use crate::notify::Bell;
use chrono::SecondsFormat;
use std::path::Path;

pub(super) fn notify(config: &Path, test: bool) -> anyhow::Result<u8> {
    let (config, _) = setup::load(config)?;
    if config.notify.is_empty() {
        return Err(Failure::error(
            code::USAGE,
            format!(
                "{} names nobody who is to be told; write a [notify] table",
                config.file.display()
            ),
        ));
    }
    let bell = Bell::of(&config);
    let mut out = String::new();
    if !test {
        for (channel, state, at) in bell.told() {
            let told = match at {
                Some(at) => {
                    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
                    format!("told {state:?} at {at}")
                }
                None => "told nothing yet".to_owned(),
            };
            out.push_str(&format!("{channel}: {told}\n"));
        }
        out.push_str("`khobao notify --test` sends a message to each channel\n");
        data::say(&out)?;
        return Ok(code::OK);
    }
    let mut ended = code::OK;
    for (channel, result) in bell.test() {
        match result {
            Ok(()) => out.push_str(&format!("{channel}: took the message\n")),
            Err(why) => {
                out.push_str(&format!("{channel}: {why}\n"));
                ended = code::FAILED;
            }
        }
    }
    data::say(&out)?;
    Ok(ended)
}
