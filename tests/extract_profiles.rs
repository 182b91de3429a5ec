//! Profiles: faults are named with file, line and remedy; URLs are known by their form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod extract_support;

use extract_support::{PROFILES, site};
use khobao::extract::{ProfileSet, SkipKind, UrlClass};
use url::Url;

fn fault(text: &str) -> String {
    let files = [("mine.toml".to_owned(), text.to_owned())];
    ProfileSet::with_dir(&files).expect_err(text).to_string()
}

#[test]
fn faults_name_file_line_and_remedy() {
    for (text, at, words) in [
        (
            "name = \"x\"\ntitel = 1\n",
            "mine.toml:2:",
            vec!["titel", "README.md"],
        ),
        (
            "name = \"x\"\n[[fields.title]]\nname = \"a\"\ncss = \"h1[\"\n",
            "mine.toml:4:",
            vec!["h1[", "CSS"],
        ),
        (
            "name = \"x\"\n[links]\narticle_url = ['ok', '(?=x)']\n",
            "mine.toml:3:",
            vec!["(?=x)", "regular expression"],
        ),
        (
            "name = \"x\"\n\nextends = \"nukevit\"\n",
            "mine.toml:3:",
            vec!["nukevit", "nukeviet"],
        ),
        (
            "name = \"x\"\nvariants = [\"y\"]\n",
            "mine.toml:2:",
            vec!["\"y\"", "generic"],
        ),
        (
            "name = \"x\"\nrequired = [\"titel\"]\n",
            "mine.toml:2:",
            vec!["title, published"],
        ),
        (
            "name = \"x\"\n[[links.skip]]\nname = \"prnt\"\nregex = 'x'\n",
            "mine.toml:3:",
            vec!["print, savefile"],
        ),
        (
            "name = \"x\"\n[[not_article]]\nkind = \"flod\"\ntext = 'x'\n",
            "mine.toml:3:",
            vec!["flood"],
        ),
        (
            "name = \"x\"\n[[not_article]]\nkind = \"flood\"\n",
            "mine.toml:3:",
            vec!["css, title or text"],
        ),
        (
            "name = \"x\"\ntimezone = \"Hanoi\"\n",
            "mine.toml:2:",
            vec!["+07:00"],
        ),
        (
            "name = \"x\"\nvalid_from = \"1.1.2024\"\n",
            "mine.toml:2:",
            vec!["2024-12-31"],
        ),
        (
            "name = \"x\"\nextends = \"x\"\n",
            "mine.toml:",
            vec!["extends itself"],
        ),
        ("about = \"x\"\n", "mine.toml:", vec!["name"]),
        ("name = ", "mine.toml:1:", vec![]),
    ] {
        let message = fault(text);
        assert!(message.starts_with(at), "{message}");
        for word in words {
            assert!(message.contains(word), "{message}: no {word}");
        }
    }
}

#[test]
fn a_directory_adds_replaces_and_dates() {
    let builtin = ProfileSet::builtin().unwrap();
    let files = [
        (
            "a.toml".to_owned(),
            "name = \"mine\"\nextends = \"nukeviet\"\nvalid_until = \"2020-12-31\"\n".to_owned(),
        ),
        (
            "b.toml".to_owned(),
            "name = \"mine\"\nextends = \"nukeviet\"\nvalid_from = \"2021-01-01\"\n".to_owned(),
        ),
        ("c.toml".to_owned(), "name = \"generic\"\n".to_owned()),
    ];
    let set = ProfileSet::with_dir(&files).unwrap();
    let on = |day: &str| set.get_on("mine", day.parse().unwrap()).unwrap().hash();
    assert_ne!(on("2020-05-05"), on("2021-05-05"));
    assert_eq!(set.get("mine").unwrap().hash(), on("2024-01-01"));
    assert_ne!(
        set.get("generic").unwrap().hash(),
        builtin.get("generic").unwrap().hash()
    );
    assert_eq!(
        set.get("nukeviet").unwrap().hash(),
        builtin.get("nukeviet").unwrap().hash()
    );
    assert!(set.get("nothing").is_none());
    assert_eq!(set.get("mine").unwrap().feeds(), ["/rss/"]);
}

#[test]
fn urls_are_known_by_their_form() {
    let profile = PROFILES.get("nukeviet").unwrap();
    let classify = |path: &str| profile.classify(&site().base().join(path).unwrap());
    for path in [
        "/tin-hoat-dong/bai-viet-141.html",
        "/Van-hoa-Xa-hoi/Le-hoi-5.html",
        "/vi/news/tin/bai-7.html?utm_source=zalo",
        "/index.php?language=vi&nv=news&op=tin%2Fbai-7",
        "/index.php?language=vi&nv=news&op=tin/bai-7",
    ] {
        assert_eq!(classify(path), UrlClass::Article, "{path}");
        assert!(
            profile
                .article_id(&site().base().join(path).unwrap())
                .is_some(),
            "{path}"
        );
    }
    for path in [
        "/tin/",
        "/tin/page-4/",
        "/topic/bien-gioi/",
        "/index.php?language=vi&nv=news&op=tin",
    ] {
        assert_eq!(classify(path), UrlClass::Listing, "{path}");
    }
    for (path, want) in [
        ("/rss/", UrlClass::Feed),
        ("/rss/tin/", UrlClass::Feed),
        ("/sitemap.xml", UrlClass::Sitemap),
        ("/sitemap-vi.news.xml", UrlClass::Sitemap),
        ("/print/tin/bai-1.html", UrlClass::Skip(SkipKind::Print)),
        ("/tag/xóa-mù-chữ", UrlClass::Skip(SkipKind::Other)),
        ("/author/ha-van/", UrlClass::Skip(SkipKind::Other)),
        (
            "/savefile/tin/bai-1.html",
            UrlClass::Skip(SkipKind::SaveFile),
        ),
        (
            "/sendmail/tin/bai-1.html",
            UrlClass::Skip(SkipKind::SendMail),
        ),
        (
            "/tin/bai-1.html?nvvithemever=m",
            UrlClass::Skip(SkipKind::Theme),
        ),
        ("/tin/?nv_redirect=abc", UrlClass::Skip(SkipKind::Other)),
        ("/banners/click/?id=2", UrlClass::Skip(SkipKind::Other)),
        (
            "/index.php?second=cronjobs",
            UrlClass::Skip(SkipKind::Other),
        ),
        ("/users/login/", UrlClass::Skip(SkipKind::Other)),
        ("/tin/bai-1.html?download=1&id=0", UrlClass::Other),
        ("/uploads/a.pdf", UrlClass::Other),
        ("/", UrlClass::Other),
    ] {
        assert_eq!(classify(path), want, "{path}");
    }
}

#[test]
fn canonical_is_believed_only_when_plausible() {
    let profile = PROFILES.get("nukeviet").unwrap();
    let believed = |page: &str, canonical: &str| {
        let page = site().base().join(page).unwrap();
        let canonical = page.join(canonical).unwrap();
        profile
            .plausible_canonical(&page, &canonical, &site())
            .map(String::from)
    };
    let article = "/tin/bai-141.html";
    for page in [
        "/tin/bai-141.html?x=1",
        "/khac/bai-141.html",
        "/print/tin/bai-141.html",
        "/index.php?nv=news&op=tin/bai-141",
    ] {
        assert_eq!(
            believed(page, article).as_deref(),
            Some("https://mttq.example.vn/tin/bai-141.html"),
            "{page}"
        );
    }
    for (page, canonical) in [
        (article, "/savefile/tin/bai-141.html"),
        (article, "/tin/bai-142.html"),
        (article, "/"),
        (article, "/tin/"),
        (article, "https://other.example.vn/tin/bai-141.html"),
        ("/", article),
    ] {
        assert_eq!(believed(page, canonical), None, "{page} -> {canonical}");
    }
    let url = Url::parse("https://www.mttq.example.vn/tin/bai-141.html#a").unwrap();
    assert_eq!(profile.article_id(&url), Some(141));
}
