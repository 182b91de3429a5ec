//! Imports run downwards only, files stay small, and every floor is known.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// Floors from the bottom; `portal` stands beside them and imports none.
const FLOORS: &[(&str, u8)] = &[
    ("domain", 1),
    ("config", 1),
    ("extract", 2),
    ("archive", 3),
    ("fetch", 4),
    ("crawl", 5),
    ("export", 6),
    ("audit", 6),
    ("schedule", 6),
    ("notify", 6),
    ("cli", 7),
];

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            out.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn imports_run_downwards_only() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let Some((folder, _)) = name.split_once('/') else {
            continue;
        };
        if folder == "portal" {
            if text.contains("crate::")
                && !text
                    .split("crate::")
                    .skip(1)
                    .all(|t| t.starts_with("portal"))
            {
                wrong.push(format!("{name} imports another floor"));
            }
            continue;
        }
        let floor = FLOORS.iter().find(|(f, _)| *f == folder);
        let (_, height) = floor.unwrap_or_else(|| panic!("src/{folder} stands on no floor"));
        for import in text.split("crate::").skip(1) {
            let target: String = import
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let above = FLOORS
                .iter()
                .find(|(f, _)| *f == target)
                .is_some_and(|(_, h)| h > height);
            if above || (target == "portal" && folder != "cli") {
                wrong.push(format!("{name} imports {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_engine_and_client_stays_behind_its_floor() {
    for (name, text) in sources() {
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        for (krate, home) in [
            ("sled::", "archive/store/"),
            ("redb::", "archive/store/"),
            ("reqwest::", "fetch/"),
            ("scraper::", "extract/"),
            ("governor::", "fetch/"),
            ("clap::", "cli/"),
            ("anyhow::", "cli/"),
        ] {
            assert!(
                !code.contains(krate) || name.starts_with(home),
                "{name} uses {krate}"
            );
        }
    }
}

#[test]
fn files_have_one_duty_and_say_which() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 500, "{name} has {lines} lines: split it");
        let head = text.trim_start();
        assert!(
            head.starts_with("//!") || name.contains("tests"),
            "{name} does not begin with what it owns"
        );
    }
}
