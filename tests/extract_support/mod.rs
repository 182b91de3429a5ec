//! What the extraction tests share: fixtures, a site, one call.
#![allow(dead_code)] // Each test file uses a part of it.
#![allow(clippy::unwrap_used)] // A helper of tests fails as a test does.

use khobao::domain::{Page, UrlPolicy};
use khobao::extract::{Expect, Input, ProfileSet, extract};
use std::path::Path;
use std::sync::LazyLock;
use url::Url;

pub static PROFILES: LazyLock<ProfileSet> = LazyLock::new(|| ProfileSet::builtin().unwrap());

pub fn site() -> UrlPolicy {
    UrlPolicy::new(&Url::parse("https://mttq.example.vn/").unwrap(), &[], &[])
}

pub fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages");
    std::fs::read(folder.join(name)).unwrap()
}

/// Reads a payload as if it had come from `path` of the site.
pub fn read(payload: &[u8], path: &str, profile: &str, status: u16, expected: Expect) -> Page {
    let policy = site();
    let url = policy.base().join(path).unwrap();
    let headers = [(
        "content-type".to_owned(),
        "text/html; charset=utf-8".to_owned(),
    )];
    let input = Input {
        url: &url,
        status,
        headers: &headers,
        payload,
        fetched_at: "2026-11-23T03:00:00Z".parse().unwrap(),
        policy: &policy,
        limit: 16 << 20,
        expected,
    };
    extract(&input, &PROFILES, PROFILES.get(profile).unwrap())
}

/// An article fixture under the NukeViet family.
pub fn article(name: &str, path: &str) -> Page {
    read(&fixture(name), path, "nukeviet", 200, Expect::Article)
}
