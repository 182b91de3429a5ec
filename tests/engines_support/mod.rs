//! What the tests of the engines share.

use crate::common::Place;
use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub const ENGINES: [&str; 2] = ["sled", "redb"];

/// How many rounds a test makes: `usual` in CI, more where `KHOBAO_ROUNDS` says so.
pub fn rounds(usual: usize) -> usize {
    std::env::var("KHOBAO_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(usual)
}

/// Numbers from a fixed seed, so that a failure can be had again.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}

/// A place whose archive is on this engine.
pub fn place(base: &str, engine: &str, extra: &str) -> Place {
    let place = Place::new(base, extra);
    let text = std::fs::read_to_string(place.config()).unwrap();
    let text = text.replacen(
        "[archive]\n",
        &format!("[archive]\nengine = \"{engine}\"\n"),
        1,
    );
    std::fs::write(place.config(), text).unwrap();
    place
}

/// Puts a copy of a folder in the place of another.
pub fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    let done = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(done.unwrap().success());
}

/// The records that a crawl's log calls durable.
pub fn acknowledged(log: &Path) -> HashSet<String> {
    let text = std::fs::read_to_string(log).unwrap();
    // (The last line may be cut.)
    let lines = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    lines
        .filter(|line| line.contains("on the disk"))
        .map(|line| {
            let (_, id) = line.trim().rsplit_once("record=").expect("the record");
            id.to_owned()
        })
        .collect()
}

/// Every one of these records can be exported.
pub fn all_there(place: &Place, wanted: &HashSet<String>) {
    let there: HashSet<String> = place
        .records()
        .iter()
        .map(|record| record["id"].as_str().unwrap().to_owned())
        .collect();
    let lost: Vec<&String> = wanted.difference(&there).collect();
    assert!(lost.is_empty(), "{} records are lost: {lost:?}", lost.len());
}

/// What becomes of an archive with a damaged file: `verify` and `export` end in time, without a
/// panic, and either the damage is told or nothing is missing.
pub fn verdict(place: &Place, export: &str) -> &'static str {
    let verified = run(place, &["verify"]);
    let exported = run(place, &["export"]);
    match (verified.0, exported.0) {
        (0, 0) => {
            assert!(
                exported.1 == export,
                "other records, and `verify` finds nothing"
            );
            "harmless"
        }
        (6, _) => "reported by `verify`",
        (code, _) => panic!("verify gave {code}: {}", verified.1),
    }
}

fn run(place: &Place, args: &[&str]) -> (i32, String) {
    let out = place.dir.path().join("out");
    let err = place.dir.path().join("err");
    let mut child = place
        .command(args)
        .stdout(std::fs::File::create(&out).unwrap())
        .stderr(std::fs::File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("{args:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let err = String::from_utf8_lossy(&std::fs::read(err).unwrap()).into_owned();
    assert!(!err.contains("panicked"), "{args:?}: {err}");
    let code = status
        .code()
        .unwrap_or_else(|| panic!("{args:?} died: {err}"));
    let out = String::from_utf8_lossy(&std::fs::read(out).unwrap()).into_owned();
    (code, if code == 0 { out } else { out + &err })
}

/// A crawl onto a file system of its own, whose device is copied at this moment and mounted again
/// as the machine would after a power cut: what had not reached the device is gone. Gives how many
/// records had been acknowledged, or why it could not be tried.
pub fn power_cut(base: &str, engine: &str, moment: Duration) -> Result<(usize, bool), String> {
    let mut rebuilt = false;
    let place = place(base, engine, "capture = [\"pages\"]");
    let root = place.dir.path();
    let text = std::fs::read_to_string(place.config()).unwrap();
    let text = text.replacen("path = \"archive\"", "path = \"disk/archive\"", 1);
    std::fs::write(place.config(), text).unwrap();
    let (disk, image, cut) = (root.join("disk"), root.join("image"), root.join("cut"));
    std::fs::create_dir(&disk).unwrap();
    std::fs::File::create(&image)
        .unwrap()
        .set_len(256 << 20)
        .unwrap();
    sh(&format!("mkfs.ext4 -q -F {}", image.display()))?;
    let mounted = Mounted::new(&image, &disk)?;
    let log = root.join("log");
    let mut child = place
        .command(&["crawl"])
        .env("KHOBAO_LOG", "khobao::crawl::writer=debug")
        .stderr(std::fs::File::create(&log).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(moment);
    // Nothing moves while the device is copied.
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).unwrap();
    let acked = acknowledged(&log);
    std::fs::write(disk.join("never-synced"), "x").unwrap();
    let copied = sh(&format!(
        "cp --sparse=always {} {}",
        image.display(),
        cut.display()
    ));
    child.kill().unwrap();
    child.wait().unwrap();
    copied?;
    drop(mounted);
    let _mounted = Mounted::new(&cut, &disk)?;
    // The control: what nobody synced is not on the copy.
    let control = std::fs::read(disk.join("never-synced")).unwrap_or_default();
    assert!(
        control.is_empty(),
        "the copy has what was never synced: it is no power cut"
    );
    if disk.join("archive/khobao.json").exists() {
        // sled's recovery meets a log that it cannot read now and then. That is told, and the WARC
        // files have everything.
        let first = place.run(&["verify"]);
        if first.status.code() == Some(6) && engine == "sled" {
            let why = String::from_utf8_lossy(&first.stderr).into_owned();
            assert!(why.contains("khobao rebuild"), "{why}");
            place.expect(0, &["rebuild", "--discard-old"]);
            rebuilt = true;
        }
        let out = place.expect(0, &["verify"]);
        assert!(out.contains(" 0 damaged"), "{out}");
        all_there(&place, &acked);
    } else {
        assert!(acked.is_empty());
    }
    Ok((acked.len(), rebuilt))
}

fn sh(line: &str) -> Result<(), String> {
    let out = Command::new("sh")
        .args(["-c", line])
        .stdin(Stdio::null())
        .output();
    match out {
        Ok(out) if out.status.success() => Ok(()),
        Ok(out) => Err(format!(
            "{line}: {}",
            String::from_utf8_lossy(&out.stderr).trim()
        )),
        Err(why) => Err(format!("{line}: {why}")),
    }
}

/// A mounted image; unmounted when dropped.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(image: &Path, at: &Path) -> Result<Self, String> {
        sh(&format!(
            "mount -o loop {} {}",
            image.display(),
            at.display()
        ))?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = sh(&format!("umount {0} || umount -l {0}", self.0.display()));
    }
}
