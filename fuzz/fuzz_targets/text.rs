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
    if let Some((stamp, _)) = datetime::parse(data, &context)
        && stamp.value.is_some()
    {
        assert!(datetime::to_instant(&stamp).is_some(), "{stamp:?}");
    }
    if let Some(found) = byline::parse(data) {
        assert!(!found.raw.is_empty());
        let unnamed = found.people.iter().find(|one| one.name.trim().is_empty());
        assert!(unnamed.is_none(), "{found:?}");
    }
    let _ = byline::credit(data);
    if let Some((body, tail)) = byline::split_tail(data) {
        assert!(data.starts_with(body) && data.trim_end().ends_with(tail));
    }
    if let Some(found) = dateline::find(data) {
        assert!(text::normal(data).contains(&found), "{found}");
    }
    let once = text::collapse(data).into_owned();
    assert_eq!(text::collapse(&once), once);
    let once = text::normal(data);
    assert_eq!(text::normal(&once), once);
    let _ = text::name_key(data);
    let base = Url::parse("https://www.baothu.example.vn/").unwrap();
    let policy = UrlPolicy::new(&base, &[], &[]);
    if let Some(url) = UrlPolicy::resolve(&base, data) {
        let canonical = policy.canonical(&url);
        let again = canonical.to_url().expect("it is a URL");
        assert_eq!(policy.canonical(&again), canonical, "of {url}");
    }
});
