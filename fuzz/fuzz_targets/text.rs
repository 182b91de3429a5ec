//! Short texts: dates, bylines, datelines, URLs.
#![no_main]

use khobao::domain::UrlPolicy;
use khobao::extract::fields::{byline, dateline, datetime, text};
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|data: &str| {
    let context = datetime::DateContext {
        zone: Default::default(),
        order: Default::default(),
        not_after: None,
    };
    let _ = datetime::parse(data, &context);
    let _ = byline::parse(data);
    let _ = dateline::find(data);
    let once = text::collapse(data).into_owned();
    assert_eq!(text::collapse(&once), once);
    let base = Url::parse("https://www.baothu.example.vn/").unwrap();
    let policy = UrlPolicy::new(&base, &[], &[]);
    if let Some(url) = UrlPolicy::resolve(&base, data) {
        let canonical = policy.canonical(&url);
        if let Ok(again) = canonical.to_url() {
            assert_eq!(policy.canonical(&again), canonical, "of {url}");
        }
    }
});
