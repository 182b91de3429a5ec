//! What others write for khobao to obey: robots.txt, profiles, configurations.
#![no_main]

use khobao::config::Config;
use khobao::extract::ProfileSet;
use khobao::fetch::robots::Robots;
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use url::Url;

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    match first % 3 {
        0 => {
            let rules = Robots::parse(rest, chrono::DateTime::UNIX_EPOCH);
            let url = Url::parse("https://baothu.example.vn/thoi-su/a.html?page=2").unwrap();
            let _ = (rules.verdict(&url), rules.crawl_delay(), rules.sitemaps());
        }
        which => {
            let Ok(text) = std::str::from_utf8(rest) else {
                return;
            };
            if which == 1 {
                let _ = ProfileSet::with_dir(&[("a.toml".to_owned(), text.to_owned())]);
            } else {
                let _ = Config::parse(Path::new("/nowhere/config.toml"), text, &|_| true);
            }
        }
    }
});
