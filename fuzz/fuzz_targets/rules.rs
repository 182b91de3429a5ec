//! What others write for khobao to obey: robots.txt, profiles, configurations.
#![no_main]

use khobao::config::Config;
use khobao::domain::UrlPolicy;
use khobao::extract::{Expect, Input, ProfileSet, extract};
use khobao::fetch::robots::{Robots, Verdict};
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::LazyLock;
use url::Url;

const PAGE: &[u8] = include_bytes!("../../tests/fixtures/pages/default45.html");

static BUILT_IN: LazyLock<ProfileSet> = LazyLock::new(|| ProfileSet::builtin().unwrap());
static BASE: LazyLock<Url> =
    LazyLock::new(|| Url::parse("https://baothu.example.vn/thoi-su/a.html?page=2").unwrap());

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    match (first % 3, std::str::from_utf8(rest)) {
        (0, _) => robots(rest),
        (1, Ok(text)) => profile(text),
        (2, Ok(text)) => {
            if let Ok(config) = Config::parse(Path::new("/nowhere/config.toml"), text, &|_| true) {
                for site in &config.sites {
                    let _ = site.url_policy(&[]).canonical(&BASE);
                }
            }
        }
        _ => {}
    }
});

/// The first line is what is asked for.
fn robots(data: &[u8]) {
    let line = data.iter().position(|byte| *byte == b'\n');
    let (path, file) = data.split_at(line.unwrap_or(0));
    let rules = Robots::parse(file, chrono::DateTime::UNIX_EPOCH);
    let asked = UrlPolicy::resolve(&BASE, &String::from_utf8_lossy(path));
    let url = asked.unwrap_or_else(|| BASE.clone());
    let verdict = rules.verdict(&url);
    if let Verdict::Denied { rule } = &verdict {
        assert!(!rule.is_empty(), "{url} is denied by nothing");
    }
    let _ = (rules.crawl_delay(), rules.sitemaps());
    let always = url.join("/robots.txt").unwrap();
    assert_eq!(rules.verdict(&always), Verdict::Allowed);
    let stored = serde_json::to_string(&rules).unwrap();
    let read: Robots = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, rules);
    assert_eq!(read.verdict(&url), verdict);
}

/// What is accepted can be used.
fn profile(text: &str) {
    let Ok(profiles) = ProfileSet::with_dir(&[("a.toml".to_owned(), text.to_owned())]) else {
        return;
    };
    for name in profiles.names() {
        let profile = profiles.get(name).unwrap();
        let same = BUILT_IN.get(name).map(|known| known.hash());
        if same == Some(profile.hash()) {
            continue;
        }
        let policy = UrlPolicy::new(&BASE, &[], profile.drop_params());
        extract(
            &Input {
                url: &BASE,
                status: 200,
                headers: &[],
                payload: PAGE,
                fetched_at: chrono::DateTime::UNIX_EPOCH,
                policy: &policy,
                limit: PAGE.len(),
                expected: Expect::Any,
            },
            &profiles,
            profile,
        );
    }
}
