//! A response of any kind. The first two bytes choose how it is read.
#![no_main]

use ego_tree::iter::Edge;
use khobao::domain::{Page, PageKind, UrlPolicy};
use khobao::extract::decode::{charset_decode, content_decode};
use khobao::extract::{Expect, Input, ProfileSet, dom, extract};
use libfuzzer_sys::fuzz_target;
use scraper::Html;
use std::sync::LazyLock;
use url::Url;

const LIMIT: usize = 4 << 20;

static PROFILES: LazyLock<ProfileSet> = LazyLock::new(|| ProfileSet::builtin().unwrap());

fuzz_target!(|data: &[u8]| {
    let [how, kind, payload @ ..] = data else {
        return;
    };
    let names: Vec<&str> = PROFILES.names().collect();
    let name = names[usize::from(how >> 4) % names.len()];
    let profile = PROFILES.get(name).unwrap();
    let coding = [
        "", "gzip", "deflate", "br", "zstd", "gzip, br", "x", "identity",
    ];
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
    let input = Input {
        url: &url,
        status: 200,
        headers: &headers,
        payload,
        fetched_at: chrono::DateTime::UNIX_EPOCH,
        policy: &policy,
        limit: LIMIT,
        expected: expected[usize::from(kind >> 3) % expected.len()],
    };
    let page = extract(&input, &PROFILES, profile);
    check(&page);
    assert_eq!(extract(&input, &PROFILES, profile), page);
    let content = content_decode(payload, Some(&headers[0].1), LIMIT);
    let (text, ..) = charset_decode(&content.bytes, Some(&headers[1].1));
    check_tree(&text);
});

/// What holds of every page.
fn check(page: &Page) {
    assert_eq!(page.kind == PageKind::Article, page.article.is_some());
    for link in &page.links {
        let url = Url::parse(&link.url).expect("links are absolute");
        assert!(url.fragment().is_none(), "{url}");
    }
    if let Some(article) = &page.article {
        assert!(!article.title.trim().is_empty(), "a record without a title");
        let empty = article.body.iter().find(|one| one.text.trim().is_empty());
        assert!(empty.is_none(), "a block without text: {empty:?}");
    }
    let stored = serde_json::to_string(page).unwrap();
    let read: Page = serde_json::from_str(&stored).unwrap();
    assert_eq!(&read, page);
}

/// The tree is the one that html5ever's own tokenizer makes.
fn check_tree(text: &str) {
    let filtered = dom::prefilter(text).html;
    // A line feed as a reference without a semicolon, first in a `<pre>`: html5ever keeps it, the
    // standard does not.
    let lower = filtered.to_ascii_lowercase();
    let begins = ["<pre", "<listing", "<textarea"];
    if lower.contains("&#") && begins.iter().any(|tag| lower.contains(tag)) {
        return;
    }
    let (got, _) = dom::parse(text);
    let want = Html::parse_document(&filtered);
    assert_eq!(got.quirks_mode, want.quirks_mode);
    let (mut got, mut want) = (got.tree.root().traverse(), want.tree.root().traverse());
    loop {
        match (got.next(), want.next()) {
            (Some(Edge::Open(one)), Some(Edge::Open(other))) => {
                assert_eq!(one.value(), other.value(), "{filtered:?}");
            }
            (Some(Edge::Close(_)), Some(Edge::Close(_))) => {}
            (None, None) => return,
            _ => panic!("another tree: {filtered:?}"),
        }
    }
}
