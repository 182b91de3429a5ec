//! Files that come from outside, and how they come into the archive's folder: all of them or none.

use super::{Failure, code};
use crate::archive::warc::{self, Intake, Taken, WarcError};
use crate::archive::{self, Hold};
use crate::config::Config;
use crate::crawl::CrawlError;
use anyhow::Context;
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The longest datapackage.json that is looked into, bytes.
const MAX_PACKAGE: u64 = 64 << 20;

/// What became of the files.
pub(super) struct Intaken {
    /// What is told of them.
    pub text: String,
    /// Names of those that are new in the folder.
    pub names: Vec<String>,
    /// Whether every record of theirs was sound.
    pub whole: bool,
    /// Whether one of them ended within a record.
    pub torn: bool,
}

/// Copies files into the archive's folder. What stops it (a file that is none, a site that the
/// configuration does not have) leaves the folder as it was.
pub(super) fn take_in(config: &Config, _hold: &Hold, files: &[PathBuf]) -> anyhow::Result<Intaken> {
    let dir = config.archive.join("warc");
    warc::recover(&dir)?;
    let mut work = Work {
        config,
        intake: Intake::new(&dir),
        shown: Vec::new(),
        wrong: Vec::new(),
    };
    for file in files {
        if is_zip(file)? {
            work.wacz(&dir, file)?;
        } else {
            work.add(file, file)?;
        }
    }
    let announce = |name: &str| archive::announce(&config.archive, &[name.to_owned()]);
    let all = work.intake.finish(&announce)?;
    let mut done = Intaken {
        text: String::new(),
        names: Vec::new(),
        whole: work.wrong.is_empty(),
        torn: all.iter().any(|taken| taken.torn > 0),
    };
    for (shown, taken) in work.shown.iter().zip(all) {
        done.text.push_str(&line(shown, &taken));
        done.whole &= taken.damaged.is_empty();
        if !taken.known {
            done.names.push(taken.name);
        }
    }
    for wrong in work.wrong {
        done.text.push_str(&format!("damaged: {wrong}\n"));
    }
    Ok(done)
}

struct Work<'a> {
    config: &'a Config,
    intake: Intake<'a>,
    /// What each file is called.
    shown: Vec<PathBuf>,
    /// What is wrong with the packages that files came in.
    wrong: Vec<String>,
}

impl Work<'_> {
    /// Takes one WARC file; gives its SHA-256.
    fn add(&mut self, file: &Path, shown: &Path) -> anyhow::Result<String> {
        let taken = self.intake.add(file, shown)?;
        let known = |site: &&String| {
            self.config
                .sites
                .iter()
                .any(|own| own.id.as_str() == **site)
        };
        if let Some(site) = taken.sites.iter().find(|site| !known(site)) {
            return Err(CrawlError::UnknownSite {
                site: site.clone(),
                file: shown.display().to_string(),
            }
            .into());
        }
        self.shown.push(shown.to_owned());
        Ok(taken.sha256.clone())
    }

    /// The WARC files of a WACZ (1.1.1: `archive/`).
    fn wacz(&mut self, dir: &Path, file: &Path) -> anyhow::Result<()> {
        let damaged = |why: zip::result::ZipError| WarcError::Damaged {
            file: file.to_owned(),
            offset: 0,
            why: format!("the WACZ cannot be read: {why}"),
        };
        let mut zip = zip::ZipArchive::new(std::fs::File::open(file)?).map_err(damaged)?;
        let names: Vec<String> = zip
            .file_names()
            .filter_map(|name| Some(name.ok()?.into_owned()))
            .filter(|name| {
                name.starts_with("archive/")
                    && (name.ends_with(".warc.gz") || name.ends_with(".warc"))
            })
            .collect();
        if names.is_empty() {
            return Err(Failure::error(
                code::FAILED,
                format!("{} holds no WARC file below archive/", file.display()),
            ));
        }
        let package = zip.by_name("datapackage.json").ok();
        let sums = package.map_or_else(BTreeMap::new, sums);
        let temp =
            tempfile::tempdir_in(dir).context("cannot make a folder beside the WARC files")?;
        for name in names {
            let shown = PathBuf::from(format!("{} in {}", name, file.display()));
            let mut member = zip.by_name(&name).map_err(damaged)?;
            // Only the last part of the name counts: no member leaves the folder.
            let bare = name.rsplit('/').next().unwrap_or("file.warc.gz");
            let path = temp.path().join(bare);
            let mut out = std::fs::File::create(&path)?;
            match io::copy(&mut member, &mut out) {
                Ok(_) => {}
                // The records before and behind the damage may be sound.
                Err(why) if is_of_zip(&why) => self
                    .wrong
                    .push(format!("{} is not whole: {why}", shown.display())),
                Err(why) => {
                    return Err(why).with_context(|| format!("cannot unpack {}", shown.display()));
                }
            }
            drop(out);
            let sum = self.add(&path, &shown)?;
            if sums.get(&name).is_some_and(|named| *named != sum) {
                self.wrong.push(format!(
                    "{} does not have the SHA-256 that datapackage.json names: the package was \
                     changed after it was made; what can be read of it was taken in, compare it \
                     with another copy",
                    shown.display()
                ));
            }
            std::fs::remove_file(&path)?;
        }
        Ok(())
    }
}

/// Whether the package's bytes are at fault, and not the disk.
fn is_of_zip(why: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        why.kind(),
        Kind::InvalidData | Kind::InvalidInput | Kind::UnexpectedEof | Kind::Other
    )
}

/// The SHA-256 of each file as a datapackage.json names it (WACZ 1.1.1, 5.2), where it can be read.
fn sums(package: impl io::Read) -> BTreeMap<String, String> {
    let json: serde_json::Value =
        serde_json::from_reader(package.take(MAX_PACKAGE)).unwrap_or_default();
    let resources = json.get("resources").and_then(|all| all.as_array());
    resources
        .into_iter()
        .flatten()
        .filter_map(|one| {
            let sum = one.get("hash")?.as_str()?.strip_prefix("sha256:")?;
            let path = one.get("path")?.as_str()?;
            Some((path.to_owned(), sum.to_ascii_lowercase()))
        })
        .collect()
}

fn line(shown: &Path, taken: &Taken) -> String {
    let mut out = format!("{}: {} records", shown.display(), taken.records);
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
    let unusable = |why: &str| {
        Failure::error(
            code::USAGE,
            format!(
                "cannot read {}: {why}; name a WARC or WACZ file",
                file.display()
            ),
        )
    };
    if file.is_dir() {
        return Err(unusable("it is a folder, not a file"));
    }
    let opened = std::fs::File::open(file).map_err(|why| unusable(&why.to_string()))?;
    let mut magic = Vec::new();
    let read = opened.take(4).read_to_end(&mut magic);
    read.map_err(|why| unusable(&why.to_string()))?;
    Ok(magic == *b"PK\x03\x04")
}
