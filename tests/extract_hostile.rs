//! Hostile input: never a panic, a hang or a deep stack; always a kind and a warning.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod extract_support;

use extract_support::{PROFILES, fixture, read, site};
use khobao::domain::{NotArticle, PageKind};
use khobao::extract::{Expect, Input, extract};
use proptest::prelude::*;
use std::io::Write;

fn page_with(body: &str) -> Vec<u8> {
    let text = String::from_utf8(fixture("default45.html")).unwrap();
    let start = text.find("<table align").unwrap();
    let end = text
        .find("<div class=\"margin-bottom-lg\">\n   <p class=\"h5")
        .unwrap();
    format!("{}{body}</div>{}", &text[..start], &text[end..]).into_bytes()
}

/// On a thread with a small stack: recursion over untrusted depth would overflow it.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(512 * 1024)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn nesting_a_hundred_thousand_deep() {
    on_small_stack(|| {
        for tag in [
            "div",
            "b",
            "font",
            "span",
            "table",
            "ul",
            "blockquote",
            "a href=x",
            "svg",
            "template",
            "select",
            "p",
            "button",
            "form",
            "table><tr><td",
            "li",
            "dl><dd",
        ] {
            let body = format!("<{tag}>").repeat(100_000) + "đáy";
            let page = read(
                &page_with(&body),
                "/tin/bai-1.html",
                "nukeviet",
                200,
                Expect::Article,
            );
            assert_eq!(page.kind, PageKind::Article, "{tag}");
        }
    });
}

#[test]
fn formatting_left_open_in_every_paragraph() {
    on_small_stack(|| {
        for unit in [
            "<p><b id=a>",
            "<p><i><b class=x>x",
            "<b><p>x</b>",
            "</p><a href=#><div>",
            "<h1><b></h2>",
            "<table><b>x",
            "<nobr><p>",
            "<button><b>",
            "<td><i>x</td>",
            "<li><b>x</ul>",
            "<p><font a=1></table>",
        ] {
            let body = unit.repeat(100_000);
            let _ = read(
                &page_with(&body),
                "/tin/bai-1.html",
                "nukeviet",
                200,
                Expect::Any,
            );
        }
    });
}

#[test]
fn a_million_attributes_and_other_giants() {
    on_small_stack(|| {
        let many: String = (0..1_000_000).map(|n| format!(" a{n}=1")).collect();
        let mut same = "<body".to_owned();
        same.push_str(&many);
        for body in [
            format!("<p{many}>chữ</p>"),
            format!("<p {}=1>chữ</p>", "a".repeat(4 << 20)),
            format!("<p title='{}'>chữ</p>", "x".repeat(4 << 20)),
            format!("<{}>chữ", "a".repeat(4 << 20)),
            format!("<!--{}", "-".repeat(4 << 20)),
            "<".repeat(4 << 20),
            "</".repeat(2 << 20),
            "<!--".repeat(1 << 20),
            "<a ".repeat(1 << 20),
            "<a b='".repeat(1 << 20),
            "<title>".repeat(1 << 18),
            "<textarea><".repeat(1 << 18),
            "<script>".repeat(1 << 18),
            "<svg><".repeat(1 << 18),
            "&amp".repeat(1 << 20),
            "&".repeat(4 << 20),
            "<br>".repeat(1 << 20),
            "<img src=a.jpg>".repeat(1 << 18),
            "chữ<br>".repeat(1 << 18),
            "<ul><li>x</ul>".repeat(1 << 17),
            "<table><tr><td>x<td>y</table>".repeat(1 << 16),
            "x".repeat(8 << 20),
            same,
        ] {
            let _ = read(
                &page_with(&body),
                "/tin/bai-1.html",
                "nukeviet",
                200,
                Expect::Any,
            );
        }
    });
}

#[test]
fn a_bomb_is_too_large() {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..40 {
        coder.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let payload = coder.finish().unwrap();
    let policy = site();
    let url = policy.base().join("/tin/bai-1.html").unwrap();
    let headers = [("content-encoding".to_owned(), "gzip".to_owned())];
    let input = Input {
        url: &url,
        status: 200,
        headers: &headers,
        payload: &payload,
        fetched_at: "2026-11-23T03:00:00Z".parse().unwrap(),
        policy: &policy,
        limit: 16 << 20,
        expected: Expect::Any,
    };
    let page = extract(&input, &PROFILES, PROFILES.get("nukeviet").unwrap());
    assert_eq!(page.kind, PageKind::NotArticle(NotArticle::TooLarge));
    assert!(
        page.warnings
            .iter()
            .any(|warning| warning.code == "too_large")
    );
}

#[test]
fn binary_empty_truncated_and_mislabelled() {
    for file in [
        &b"%PDF-1.7\n\0\0"[..],
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"PK\x03\x04\x14\0",
    ] {
        let page = read(file, "/tin/bai-1.html", "nukeviet", 200, Expect::Article);
        assert_eq!(page.kind, PageKind::NotArticle(NotArticle::Binary));
    }
    let page = read(b"", "/tin/bai-1.html", "nukeviet", 200, Expect::Article);
    assert_eq!(page.kind, PageKind::NotArticle(NotArticle::Incomplete));
    let whole = fixture("default45.html");
    for cut in (0..whole.len()).step_by(97) {
        let _ = read(
            &whole[..cut],
            "/tin/bai-1.html",
            "nukeviet",
            200,
            Expect::Any,
        );
    }
    let text = String::from_utf8(whole).unwrap();
    let wide: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let page = read(&wide, "/tin/bai-1.html", "nukeviet", 200, Expect::Any);
    assert_eq!(page.kind, PageKind::Article);
    assert_eq!(page.charset.used, "UTF-16LE");
}

#[test]
fn broken_dates_invent_nothing() {
    let text = String::from_utf8(fixture("default45.html")).unwrap();
    for date in [
        "31/02/2022 10:00",
        "Thứ hai - 99/99/9999 99:99",
        "00/00/0000",
        "",
        "\u{202e}",
        "05/09/20222222222222222222 1:1",
    ] {
        let text = text.replace("Thứ hai - 05/09/2022 22:28", date);
        let page = read(
            text.as_bytes(),
            "/tin/bai-1.html",
            "nukeviet",
            200,
            Expect::Any,
        );
        assert_eq!(
            page.kind,
            PageKind::NotArticle(NotArticle::Incomplete),
            "{date}"
        );
    }
}

const NAMES: [&str; 9] = [
    "default45.html",
    "default45-thumb.html",
    "mobile.html",
    "v44.html",
    "egov.html",
    "category.html",
    "generic.html",
    "rss.xml",
    "sitemap.xml",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes(bytes: Vec<u8>, status in 100_u16..600) {
        let _ = read(&bytes, "/tin/bai-1.html", "nukeviet", status, Expect::Any);
    }

    #[test]
    fn mutated_fixtures(
        which in 0..NAMES.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..40, "[<>/=\"' a-z&;0-9ư-]{0,12}"), 1..12),
    ) {
        let mut bytes = fixture(NAMES[which]);
        for (at, length, text) in edits {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, text.bytes());
            if bytes.is_empty() {
                break;
            }
        }
        let profile = if which == 6 { "generic" } else { "nukeviet" };
        let page = read(&bytes, "/tin/bai-1.html", profile, 200, Expect::Any);
        prop_assert_eq!(page.kind == PageKind::Article, page.article.is_some());
    }
}
