//! Pages that are no articles are told apart, whatever their status.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod extract_support;

use extract_support::{fixture, read};
use khobao::domain::{LinkKind, NotArticle, Page, PageKind};
use khobao::extract::Expect;

fn kind(name: &str, path: &str, status: u16, expected: Expect) -> PageKind {
    read(&fixture(name), path, "nukeviet", status, expected).kind
}

fn urls(page: &Page, kind: LinkKind) -> Vec<&str> {
    page.links
        .iter()
        .filter(|link| link.kind == kind)
        .map(|link| link.url.as_str())
        .collect()
}

#[test]
fn flood_pages_with_any_status() {
    for status in [200, 429] {
        let got = kind("flood.html", "/tin/bai-1.html", status, Expect::Article);
        assert_eq!(got, PageKind::NotArticle(NotArticle::Flood));
    }
    let got = read(b"", "/tin/bai-1.html", "nukeviet", 429, Expect::Any).kind;
    assert_eq!(got, PageKind::NotArticle(NotArticle::Flood));
}

#[test]
fn errors_stubs_views_and_logins() {
    for (name, path, status, want) in [
        ("soft404.html", "/tin/bai-1.html", 200, NotArticle::Soft404),
        ("soft404.html", "/tin/bai-1.html", 404, NotArticle::Soft404),
        ("category.html", "/tin/bai-1.html", 200, NotArticle::Soft404),
        ("stub.html", "/tin/bai-1.html", 200, NotArticle::CookieStub),
        ("login.html", "/tin/bai-1.html", 200, NotArticle::Login),
        ("print.html", "/tin/bai-1.html", 200, NotArticle::View),
        (
            "about.html",
            "/about/gioi-thieu-4.html",
            200,
            NotArticle::Page,
        ),
        (
            "default45.html",
            "/savefile/doi-ngoai/bai-141.html",
            200,
            NotArticle::View,
        ),
        ("category.html", "/", 200, NotArticle::Home),
    ] {
        let got = kind(name, path, status, Expect::Article);
        assert_eq!(got, PageKind::NotArticle(want), "{name} at {path}");
    }
}

#[test]
fn an_article_without_date_is_incomplete() {
    let text = String::from_utf8(fixture("default45.html")).unwrap();
    let undated = text.replace("Thứ hai - 05/09/2022 22:28", "ngày nào đó");
    let page = read(
        undated.as_bytes(),
        "/tin/bai-1.html",
        "nukeviet",
        200,
        Expect::Article,
    );
    assert_eq!(page.kind, PageKind::NotArticle(NotArticle::Incomplete));
    assert!(page.article.is_none());
    let codes: Vec<&str> = page
        .warnings
        .iter()
        .map(|warning| warning.code.as_str())
        .collect();
    assert!(codes.contains(&"incomplete"), "{codes:?}");
    assert!(codes.contains(&"date_unread"), "{codes:?}");
}

#[test]
fn a_listing_leads_on() {
    let page = read(
        &fixture("category.html"),
        "/kinh-te/page-2/",
        "nukeviet",
        200,
        Expect::Any,
    );
    assert_eq!(page.kind, PageKind::Listing);
    let site = "https://mttq.example.vn";
    assert_eq!(
        urls(&page, LinkKind::Item),
        [41, 40, 39].map(|id| {
            let alias = ["ba", "hai", "mot"][id - 39];
            format!("{site}/kinh-te/bai-{alias}-{id}.html")
        })
    );
    assert_eq!(
        urls(&page, LinkKind::NextPage),
        [format!("{site}/kinh-te/page-3/")]
    );
    let listings = urls(&page, LinkKind::Listing);
    assert!(listings.contains(&"https://mttq.example.vn/van-hoa/"));
    assert!(listings.iter().all(|url| !url.contains("users")));
    let skips = urls(&page, LinkKind::Skip);
    assert!(
        skips.iter().any(|url| url.contains("nvvithemever")),
        "{skips:?}"
    );
    assert_eq!(
        kind("category.html", "/", 200, Expect::Any),
        PageKind::Listing
    );
}

#[test]
fn feeds_and_sitemaps_broken_or_not() {
    let page = read(&fixture("rss.xml"), "/rss/", "nukeviet", 200, Expect::Feed);
    assert_eq!(page.kind, PageKind::Feed);
    let items = [
        "https://mttq.example.vn/tin/mot-3.html",
        "https://mttq.example.vn/tin/hai-2.html",
    ];
    assert_eq!(urls(&page, LinkKind::Item), items);

    let page = read(
        &fixture("sitemap.xml"),
        "/sitemap.xml",
        "nukeviet",
        200,
        Expect::Sitemap,
    );
    assert_eq!(page.kind, PageKind::Feed);
    assert_eq!(urls(&page, LinkKind::Article), items);
    assert_eq!(
        urls(&page, LinkKind::Listing),
        ["https://mttq.example.vn/tin/"]
    );

    let index = "<sitemapindex><sitemap><loc>https://mttq.example.vn/sitemap-vi.news.xml</loc></sitemap></sitemapindex>";
    let page = read(
        index.as_bytes(),
        "/sitemap.xml",
        "nukeviet",
        200,
        Expect::Sitemap,
    );
    assert_eq!(
        urls(&page, LinkKind::Sitemap),
        ["https://mttq.example.vn/sitemap-vi.news.xml"]
    );

    for (name, kind) in [
        ("rss.xml", LinkKind::Item),
        ("sitemap.xml", LinkKind::Article),
    ] {
        let whole = fixture(name);
        let at = memchr::memmem::find(&whole, b"hai-2.html").unwrap() - 40;
        let page = read(&whole[..at], "/x.xml", "nukeviet", 200, Expect::Any);
        assert_eq!(urls(&page, kind), items[..1], "{name}");
    }
}

#[test]
fn a_sitemap_is_read_to_its_end() {
    let entry = |n| format!("<url><loc>https://mttq.example.vn/tin/bai-{n}.html</loc></url>");
    let entries: String = (1..=50_000).map(entry).collect();
    let text = format!("<urlset>{entries}</urlset>");
    let page = read(
        text.as_bytes(),
        "/sitemap.xml",
        "nukeviet",
        200,
        Expect::Sitemap,
    );
    assert_eq!(urls(&page, LinkKind::Article).len(), 50_000);
}

#[test]
fn a_stub_may_set_its_cookie_in_the_header() {
    let stub =
        b"<html><head><meta http-equiv=\"refresh\" content=\"0\"></head><body></body></html>";
    let policy = extract_support::site();
    let url = policy.base().join("/tin/bai-1.html").unwrap();
    let kind = |headers: &[(String, String)]| {
        let input = khobao::extract::Input {
            url: &url,
            status: 200,
            headers,
            payload: stub,
            fetched_at: "2026-11-23T03:00:00Z".parse().unwrap(),
            policy: &policy,
            limit: 1 << 20,
            expected: Expect::Article,
        };
        let profiles = &extract_support::PROFILES;
        khobao::extract::extract(&input, profiles, profiles.get("nukeviet").unwrap()).kind
    };
    let cookie = [("set-cookie".to_owned(), "a=1".to_owned())];
    assert_eq!(kind(&cookie), PageKind::NotArticle(NotArticle::CookieStub));
    assert_eq!(kind(&[]), PageKind::NotArticle(NotArticle::Incomplete));
}
