//! Finds Node, ReplayWeb.page and Chromium, for the test that opens an archive in a browser.
//!
//! `KHOBAO_NODE_MODULES` names the folder `node_modules` (otherwise `target/browser/node_modules`),
//! `KHOBAO_CHROMIUM` the browser (otherwise `chromium`). Where something is missing the test says
//! `skipped: reason`, unless `KHOBAO_REQUIRE_ALL=1` makes that a failure.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A browser and what drives it.
pub struct Browser {
    modules: PathBuf,
    chromium: PathBuf,
}

impl Browser {
    /// The browser; `None` when the test is to be skipped.
    pub fn find() -> Option<Self> {
        let named = |name: &str, default: PathBuf| {
            std::env::var_os(name).map_or_else(|| default, PathBuf::from)
        };
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let browser = Self {
            modules: named(
                "KHOBAO_NODE_MODULES",
                here.join("target/browser/node_modules"),
            ),
            chromium: named("KHOBAO_CHROMIUM", "chromium".into()),
        };
        let Err(reason) = browser.complete() else {
            return Some(browser);
        };
        let required = std::env::var("KHOBAO_REQUIRE_ALL").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "{reason}; .ci/run installs chromium and tests/browser"
        );
        println!("skipped: {reason}");
        None
    }

    fn complete(&self) -> Result<(), String> {
        for program in [Path::new("node"), &self.chromium] {
            let out = Command::new(program).arg("--version").output();
            let out = out.map_err(|why| format!("{}: {why}", program.display()))?;
            if !out.status.success() {
                return Err(format!("{} --version: {}", program.display(), out.status));
            }
        }
        for package in ["puppeteer-core/package.json", "replaywebpage/sw.js"] {
            let file = self.modules.join(package);
            if !file.is_file() {
                return Err(format!("{} is missing", file.display()));
            }
        }
        Ok(())
    }

    /// What a reader sees of the page `url` in the package `wacz`.
    pub fn replay(&self, wacz: &Path, url: &str, seconds: u32) -> serde_json::Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/replay.mjs");
        let out = Command::new("node")
            .arg(script)
            .args([&self.modules, &self.chromium])
            .arg(wacz)
            .args([url, &seconds.to_string()])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{}\n{errors}", out.status);
        serde_json::from_slice(&out.stdout).unwrap()
    }
}
