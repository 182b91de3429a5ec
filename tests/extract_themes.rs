//! Every theme of the NukeViet family, and the generic profile: whole pages as snapshots.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod extract_support;

use extract_support::{article, fixture, read};
use khobao::domain::{BlockKind, LinkKind, PageKind, Role};
use khobao::extract::Expect;

#[test]
fn default_theme_45() {
    let page = article("default45.html", "/doi-ngoai/lop-hoc-chu-buoi-toi-141.html");
    let it = page.article.as_ref().unwrap();
    assert_eq!(
        it.published.as_ref().unwrap().value.as_deref(),
        Some("2022-09-05T22:28:00+07:00")
    );
    assert_eq!(it.dateline.as_deref(), Some("DIC"));
    assert_eq!(it.body.len(), 3);
    assert_eq!(it.images.len(), 1);
    assert!(
        it.images[0]
            .caption
            .as_ref()
            .unwrap()
            .starts_with("Cán bộ Mặt trận")
    );
    let byline = it.byline.as_ref().unwrap();
    assert_eq!(byline.people.len(), 1);
    assert_eq!(byline.people[0].name, "Minh Thùy");
    assert_eq!(byline.people[0].roles, [Role::Text, Role::Photo]);
    insta::assert_json_snapshot!(page);
}

#[test]
fn default_theme_with_a_thumb_and_every_kind_of_block() {
    let page = article("default45-thumb.html", "/tin/cho-phien-12.html");
    insta::assert_json_snapshot!(page);
}

#[test]
fn mobile_theme() {
    let page = article("mobile.html", "/kinh-te/dap-57.html");
    assert_eq!(page.profile, "nukeviet-mobile");
    insta::assert_json_snapshot!(page);
}

#[test]
fn default_theme_43() {
    let page = article("v44.html", "/tin/hoi-thi-30.html");
    assert_eq!(page.profile, "nukeviet-44");
    insta::assert_json_snapshot!(page);
}

#[test]
fn egov_theme() {
    let page = article("egov.html", "/thong-bao/mot-cua-77.html");
    assert_eq!(page.profile, "nukeviet-egov");
    insta::assert_json_snapshot!(page);
}

#[test]
fn another_system() {
    let page = read(
        &fixture("generic.html"),
        "/mua-hoa-1234.html",
        "generic",
        200,
        Expect::Article,
    );
    insta::assert_json_snapshot!(page);
}

#[test]
fn an_article_of_images_alone_is_one() {
    let page = article("images-only.html", "/anh/ngay-mua-5.html");
    assert_eq!(page.kind, PageKind::Article);
    let it = page.article.unwrap();
    assert!(it.body.is_empty());
    assert_eq!(it.images.len(), 2);
    assert!(
        page.warnings
            .iter()
            .any(|warning| warning.code == "no_body")
    );
}

#[test]
fn topic_links_are_neither_newer_nor_older() {
    for (name, path) in [
        ("default45.html", "/doi-ngoai/lop-hoc-chu-buoi-toi-141.html"),
        ("mobile.html", "/kinh-te/dap-57.html"),
        ("v44.html", "/tin/hoi-thi-30.html"),
        ("egov.html", "/thong-bao/mot-cua-77.html"),
    ] {
        let page = article(name, path);
        let it = page.article.unwrap();
        assert!(!it.newer.is_empty() && !it.older.is_empty(), "{name}");
        for url in it.newer.iter().chain(&it.older) {
            let end = url.rsplit('/').next().unwrap();
            assert!(
                end.starts_with("tin-moi")
                    || end.starts_with("tin-cu")
                    || end.starts_with("moi")
                    || end.starts_with("cu-"),
                "{name}: {url}"
            );
        }
        let newer = page
            .links
            .iter()
            .filter(|link| link.kind == LinkKind::Newer)
            .count();
        assert_eq!(newer, it.newer.len(), "{name}");
    }
    // The oldest article: no older list, and the newest: no newer one.
    let page = article("default45-thumb.html", "/tin/cho-phien-12.html");
    assert!(page.article.unwrap().newer.is_empty());
}

#[test]
fn boilerplate_is_in_no_field() {
    for (name, path) in [
        ("default45.html", "/doi-ngoai/lop-hoc-chu-buoi-toi-141.html"),
        ("default45-thumb.html", "/tin/cho-phien-12.html"),
        ("mobile.html", "/kinh-te/dap-57.html"),
        ("v44.html", "/tin/hoi-thi-30.html"),
        ("egov.html", "/thong-bao/mot-cua-77.html"),
    ] {
        let page = article(name, path);
        let it = page.article.unwrap();
        let all = serde_json::to_string(&it).unwrap();
        for word in [
            "Thời gian chờ",
            "không sử dụng Site",
            "Tweet",
            "đánh giá",
            "Ý kiến bạn đọc",
            "Chú ý",
            "Bản quyền",
            "Tác giả",
            "2022-09-06",
            "admin",
            "ẩn của lời dẫn",
        ] {
            assert!(!all.contains(word), "{name}: {word}");
        }
        let texts: Vec<&str> = it.body.iter().map(|block| block.text.as_str()).collect();
        for caption in it
            .images
            .iter()
            .filter_map(|image| image.caption.as_deref())
        {
            assert!(!texts.contains(&caption), "{name}: {caption}");
        }
        let byline = it.byline.unwrap_or_default();
        assert!(!texts.contains(&byline.raw.as_str()), "{name}");
    }
    let page = article("default45-thumb.html", "/tin/cho-phien-12.html");
    let kinds: Vec<BlockKind> = page
        .article
        .unwrap()
        .body
        .iter()
        .map(|block| block.kind)
        .collect();
    use BlockKind::*;
    assert_eq!(
        kinds,
        [Heading, Paragraph, Paragraph, List, Table, Quote, Paragraph]
    );
}

/// Before NukeViet 4.3.08 no element of a news page has an `itemprop`, and the mobile theme of an
/// old version says that version, too.
#[test]
fn themes_before_4_3_08() {
    let microdata = regex::Regex::new(" (itemprop|itemtype)=\"[^\"]*\"| itemscope").unwrap();
    let says = regex::Regex::new("NukeViet v4.[0-9]").unwrap();
    let hidden = regex::Regex::new("<span class=\"hidden[^>]*>[^<]*</span>").unwrap();
    for (name, path, profile) in [
        ("v44.html", "/tin/hoi-thi-30.html", "nukeviet-44"),
        ("mobile.html", "/kinh-te/dap-57.html", "nukeviet-mobile"),
    ] {
        let new = article(name, path);
        let text = String::from_utf8(fixture(name)).unwrap();
        for version in ["v4.3", "v4.4"] {
            let text = says.replace(&text, format!("NukeViet {version}"));
            assert!(text.contains(version));
            let same = read(text.as_bytes(), path, "nukeviet", 200, Expect::Article);
            assert_eq!(same.profile, profile, "{version}");
            assert_eq!(same.article, new.article, "{version}");
        }
        let text = says.replace(&text, "NukeViet v4.3");
        let text = microdata.replace_all(&text, "");
        let old = hidden.replace_all(&text, "");
        assert!(!old.contains("itemprop"));
        let old = read(old.as_bytes(), path, "nukeviet", 200, Expect::Article);
        assert_eq!(old.profile, profile);
        assert_eq!(old.kind, PageKind::Article);
        let (mut old, mut new) = (old.article.unwrap(), new.article.unwrap());
        // The path to the section is marked by microdata alone.
        (old.section, new.section) = (None, None);
        assert_eq!(old, new);
    }
}
