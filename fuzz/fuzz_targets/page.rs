//! A response of any kind. The first two bytes choose how it is read.
#![no_main]

use khobao::domain::UrlPolicy;
use khobao::extract::{Expect, Input, ProfileSet, extract};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use url::Url;

static PROFILES: LazyLock<ProfileSet> = LazyLock::new(|| ProfileSet::builtin().unwrap());

fuzz_target!(|data: &[u8]| {
    let [how, kind, payload @ ..] = data else {
        return;
    };
    let names: Vec<&str> = PROFILES.names().collect();
    let name = names[usize::from(how >> 4) % names.len()];
    let profile = PROFILES.get(name).unwrap();
    let coding = ["", "gzip", "deflate", "br", "zstd", "gzip, br", "x", "identity"];
    let types = [
        "",
        "text/html; charset=UTF-8",
        "text/html",
        "text/html; charset=windows-1258",
        "text/html; charset=utf-16",
        "application/xml",
        "text/plain",
        "application/rss+xml; charset=utf-8",
    ];
    let expected = [
        Expect::Any,
        Expect::Article,
        Expect::Listing,
        Expect::Feed,
        Expect::Sitemap,
    ];
    let headers = [
        (
            "content-encoding".to_owned(),
            coding[usize::from(how & 7)].to_owned(),
        ),
        (
            "content-type".to_owned(),
            types[usize::from(kind & 7)].to_owned(),
        ),
    ];
    let url = Url::parse("https://baothu.example.vn/thoi-su/mot-bai-bao-123.html").unwrap();
    let policy = UrlPolicy::new(&url.join("/").unwrap(), &[], profile.drop_params());
    let page = extract(
        &Input {
            url: &url,
            status: 200,
            headers: &headers,
            payload,
            fetched_at: chrono::DateTime::UNIX_EPOCH,
            policy: &policy,
            limit: 4 << 20,
            expected: expected[usize::from(kind >> 3) % expected.len()],
        },
        &PROFILES,
        profile,
    );
    if let Some(article) = page.article {
        assert!(!article.title.trim().is_empty(), "a record without a title");
    }
});
