//! One process at a time: the archive's lock, and who holds it.

use super::ArchiveError;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

/// Holds the archive until dropped; the operating system lets go when the process dies.
#[derive(Debug)]
pub struct Hold(#[allow(dead_code)] File);

#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    command: String,
    since: String,
}

impl Hold {
    /// Takes the lock, or says who has it.
    pub(super) fn take(dir: &Path) -> Result<Self, ArchiveError> {
        let path = dir.join("lock");
        let fail = |why: std::io::Error| ArchiveError::Io {
            doing: "lock",
            path: path.clone(),
            why: why.to_string(),
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                let who = serde_json::from_str::<Holder>(&text).map_or_else(
                    |_| "another process".to_owned(),
                    |h| format!("process {} (`{}`, since {})", h.pid, h.command, h.since),
                );
                return Err(ArchiveError::Held {
                    dir: dir.to_owned(),
                    who,
                });
            }
            Err(std::fs::TryLockError::Error(why)) => return Err(fail(why)),
        }
        let mut args: Vec<String> = std::env::args().skip(1).collect();
        if args.iter().any(|word| word == "withdraw") {
            // The file outlives the process: it must not name what was to be forgotten.
            args = vec!["withdraw".to_owned()];
        }
        let holder = Holder {
            pid: std::process::id(),
            command: format!("khobao {}", args.join(" ")),
            since: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        };
        let text = serde_json::to_string(&holder).unwrap_or_default();
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(fail)?;
        Ok(Self(file))
    }
}
