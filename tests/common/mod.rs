//! What whole-program tests share: a folder with a configuration, and the real binary.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod clock;

use serde_json::Value;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A folder with `config.toml` for one site.
pub struct Place {
    pub dir: tempfile::TempDir,
}

impl Place {
    /// A site `thu` at `base`, at full pace; `extra` is added to its table.
    pub fn new(base: &str, extra: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Self { dir };
        place.configure(base, extra);
        place
    }

    /// Writes the configuration again.
    pub fn configure(&self, base: &str, extra: &str) {
        let pace = if extra.contains("pace") {
            ""
        } else {
            "pace = \"0s\"\n"
        };
        let width = if extra.contains("concurrency") {
            ""
        } else {
            "concurrency = 4\n"
        };
        let text = format!(
            "[archive]\npath = \"archive\"\n[[sites]]\nid = \"thu\"\nbase = \"{base}\"\n\
             profile = \"nukeviet\"\n{pace}{width}allow_private = true\n{extra}\n"
        );
        std::fs::write(self.config(), text).unwrap();
    }

    /// A profile of the user's own, which reads every title otherwise: its first three letters.
    pub fn mend_profile(&self) {
        let own = include_str!("../../selectors/nukeviet.toml").replace(
            "[[fields.title]]",
            "[[fields.title]]\nname = \"meta\"\ncss = \"meta[property='og:title']\"\n\
             attr = \"content\"\nscope = \"page\"\nregex = \"^(.{3})\"\n[[fields.title]]",
        );
        assert!(own.contains("og:title"));
        self.own_profile(&own);
    }

    /// Puts a profile of the user's own in the place of `nukeviet`.
    pub fn own_profile(&self, text: &str) {
        let folder = self.dir.path().join("profiles");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("nukeviet.toml"), text).unwrap();
        let config = std::fs::read_to_string(self.config()).unwrap();
        let config = format!("[crawler]\nselectors = \"profiles\"\n{config}");
        std::fs::write(self.config(), config).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("config.toml")
    }

    pub fn archive(&self) -> PathBuf {
        self.dir.path().join("archive")
    }

    /// Takes another place's configuration.
    pub fn copy_config(&self, other: &Self) {
        std::fs::copy(other.config(), self.config()).unwrap();
    }

    pub fn warc_dir(&self) -> PathBuf {
        self.dir.path().join("archive/warc")
    }

    /// A whole crawl as a crash leaves it: the files have its captures, the index has not.
    pub fn crawl_unseen(&self) {
        let index = self.archive().join("index");
        let before = tempfile::tempdir().unwrap();
        copy(&index, before.path());
        self.expect(0, &["crawl", "--full"]);
        std::fs::remove_dir_all(&index).unwrap();
        copy(before.path(), &index);
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khobao"));
        command
            .args(args)
            .arg("--config")
            .arg(self.config())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs and expects this exit code; gives stdout.
    pub fn expect(&self, code: i32, args: &[&str]) -> String {
        let out = self.run(args);
        let stderr = String::from_utf8_lossy(&out.stderr);
        let stdout = String::from_utf8_lossy(&out.stdout).into_owned();
        assert_eq!(
            out.status.code(),
            Some(code),
            "{args:?}\n{stdout}\n{stderr}"
        );
        stdout
    }

    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Every record, as exported.
    pub fn records(&self) -> Vec<Value> {
        self.expect(0, &["export"])
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The newest run's report for the site.
    pub fn report(&self) -> Value {
        let run: Value =
            serde_json::from_str(&self.expect(0, &["runs", "show", "--json"])).unwrap();
        run["sites"]["thu"].clone()
    }

    /// How many tasks of the newest run ended like this.
    pub fn outcome(&self, name: &str) -> u64 {
        self.report()["outcomes"][name].as_u64().unwrap_or(0)
    }
}

/// The WARC files of a folder, sorted.
pub fn warcs(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".warc.gz"))
        .collect();
    files.sort();
    files
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, to).unwrap();
        }
    }
}

/// Everything that the WARC files say.
pub fn unpacked(place: &Place) -> String {
    let mut all = Vec::new();
    for file in warcs(&place.warc_dir()) {
        let bytes = std::fs::read(file).unwrap();
        flate2::read::MultiGzDecoder::new(&bytes[..])
            .read_to_end(&mut all)
            .unwrap();
    }
    String::from_utf8_lossy(&all).into_owned()
}
