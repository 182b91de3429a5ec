//! Finds a Python that has a given module, for tests that compare with tools from PyPI.
//!
//! `KHOBAO_PYTHON` names the interpreter (otherwise `python3`). Where it or the module is missing
//! the test says `skipped: reason`, unless `KHOBAO_REQUIRE_ALL=1` makes that a failure.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::{Command, Output};

/// An interpreter.
pub struct Python(PathBuf);

impl Python {
    /// An interpreter that can import all of `modules`; `None` when the test is to be skipped.
    pub fn with(modules: &[&str]) -> Option<Self> {
        let path =
            std::env::var_os("KHOBAO_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
        let import = format!("import {}", modules.join(", "));
        let why = match Command::new(&path).args(["-c", &import]).output() {
            Ok(out) if out.status.success() => return Some(Self(path)),
            Ok(out) => String::from_utf8_lossy(&out.stderr).trim().to_owned(),
            Err(why) => why.to_string(),
        };
        let reason = format!("{} cannot {import}: {why}", path.display());
        let required = std::env::var("KHOBAO_REQUIRE_ALL").is_ok_and(|value| value == "1");
        assert!(!required, "{reason}; pip install -r .ci/requirements.txt");
        println!("skipped: {reason}");
        None
    }

    /// A command of this interpreter.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.0);
        command.env("PYTHONIOENCODING", "utf-8");
        command
    }

    /// Runs `code` with arguments and expects success; gives stdout.
    pub fn run(&self, code: &str, args: &[&str]) -> String {
        let out = self
            .command()
            .arg("-c")
            .arg(code)
            .args(args)
            .output()
            .unwrap();
        said(&out)
    }
}

/// Stdout of a command that must have succeeded.
pub fn said(out: &Output) -> String {
    let stdout = String::from_utf8_lossy(&out.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{}\n{stdout}\n{stderr}", out.status);
    stdout
}
