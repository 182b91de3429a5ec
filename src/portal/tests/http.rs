//! Redirects, views, headers, and what stands on the wire.

use super::*;

#[test]
fn redirects_and_errors() {
    let portal = start(300);
    let truth = portal.truth();
    let second = truth.iter().find(|a| !a.aliases.is_empty()).unwrap();
    let got = get(&portal, &second.aliases[0]);
    assert_eq!(
        (got.status, got.header("location")),
        (301, Some(path(&second.url)))
    );
    let (expired, external) = portal.unreadable();
    let got = get(&portal, &expired[0]);
    assert_eq!(got.status, 404);
    assert!(got.text().contains("http-equiv=\"refresh\""));
    let got = get(&portal, &external[0]);
    assert_eq!(got.status, 302);
    let other = got.header("location").unwrap();
    assert!(other.starts_with(&portal.other_base()), "{other}");
    assert_eq!(get(&portal, other).status, 200);
    let article = &second.url;
    for unknown in [
        "/khong-co/",
        "/Tin-Tuc/",
        "/a/b/c/d",
        &format!("{}/", path(article)),
    ] {
        let got = get(&portal, unknown);
        assert_eq!(
            (got.status, got.header("location")),
            (301, Some("/")),
            "{unknown}"
        );
    }
    assert_eq!(get(&portal, "/tin-tuc/khong-co-9.html").status, 404);
    let got = get(&portal, "/tin-tuc/page-1/");
    assert_eq!(
        (got.status, got.header("location")),
        (301, Some("/tin-tuc/"))
    );
    let past = get(&portal, "/tin-tuc/page-900/");
    assert_eq!(past.status, 200);
    assert!(
        past.text().contains("<title>Tin tức - Sự kiện - "),
        "page 1 is answered"
    );
    assert_eq!(get(&portal, "/?nvvithemever=m&nv_redirect=ab").status, 302);
    assert_eq!(get(&portal, "/index.php?second=cronjobs&p=1").status, 200);
    assert_eq!(get(&portal, "/banners/click/?id=1").status, 200);
}

#[test]
fn index_php_gives_the_same_content() {
    let portal = start(60);
    let truth = portal.truth();
    let op = path(&truth[5].url).trim_start_matches('/').to_owned();
    for form in [op.clone(), op.trim_end_matches(".html").to_owned()] {
        let got = get(
            &portal,
            &format!("/index.php?language=vi&nv=news&op={form}"),
        );
        assert_eq!(got.status, 200, "{form}");
        assert!(
            got.text()
                .contains(&format!("rel=\"canonical\" href=\"{}\"", truth[5].url))
        );
    }
    let got = get(&portal, "/index.php?language=vi&nv=news&op=tin-tuc");
    assert!(got.text().contains("<title>Tin tức - Sự kiện - "));
    assert_eq!(get(&portal, "/index.php?language=vi&nv=news").status, 200);
}

#[test]
fn print_views_say_noindex_and_savefile_calls_itself_canonical() {
    let portal = start(60);
    let article = &portal.truth()[9];
    let print = get(&portal, &format!("/print{}", path(&article.url)));
    assert_eq!(
        (print.status, print.header("x-robots-tag")),
        (200, Some("noindex"))
    );
    assert!(print.text().contains("<div id=\"print\">"));
    let own = format!("{}savefile{}", portal.base(), path(&article.url));
    let save = get(&portal, &own);
    assert!(
        save.header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    assert!(
        save.text()
            .contains(&format!("rel=\"canonical\" href=\"{own}\""))
    );
}

#[test]
fn html_is_never_the_same_and_never_cached() {
    let portal = start(60);
    let url = &portal.truth()[9].url;
    let (a, b) = (
        get_with(
            &portal,
            url,
            "If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT\r\n",
        ),
        get(&portal, url),
    );
    assert_eq!(a.status, 200);
    assert_ne!(a.body, b.body);
    assert!(a.header("etag").is_none() && a.header("cache-control").unwrap().contains("no-store"));
    let changed = httpdate::parse_http_date(a.header("last-modified").unwrap()).unwrap();
    let age = std::time::SystemTime::now()
        .duration_since(changed)
        .unwrap()
        .as_secs();
    assert!((86_000..87_000).contains(&age), "{age}");
    assert!(a.header("set-cookie").is_some());
    assert!(
        get_with(&portal, url, "Cookie: nv4_sess=1\r\n")
            .header("set-cookie")
            .is_none()
    );
}

#[test]
fn a_mobile_browser_gets_the_mobile_theme() {
    let portal = start(60);
    let url = &portal.truth()[9].url;
    let got = get_with(&portal, url, "User-Agent: Mozilla/5.0 (iPhone; CPU)\r\n");
    assert!(got.text().contains("<em class=\"time\">") && got.header("vary").is_none());
    assert!(!get(&portal, url).text().contains("<em class=\"time\">"));
}

#[test]
fn robots_has_an_etag_and_images_too() {
    let portal = start(30);
    for path in ["/robots.txt", "/uploads/logo.png"] {
        let got = get(&portal, path);
        let tag = got.header("etag").unwrap().to_owned();
        let again = get_with(&portal, path, &format!("If-None-Match: {tag}\r\n"));
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    let robots = get(&portal, "/robots.txt").text();
    assert!(robots.contains("Disallow: /noi-bo/") && robots.contains("/sitemap.xml"));
    portal.set_robots_status(Some(503));
    assert_eq!(get(&portal, "/robots.txt").status, 503);
}

#[test]
fn attachments_come_from_the_future() {
    let portal = start(60);
    let truth = portal.truth();
    let file = truth.iter().find_map(|a| a.attachments.first()).unwrap();
    let got = get(&portal, &file.url);
    assert_eq!(got.header("content-type"), Some("application/pdf"));
    let time = httpdate::parse_http_date(got.header("last-modified").unwrap()).unwrap();
    assert!(time > std::time::SystemTime::now() + Duration::from_secs(6 * 3600));
}

#[test]
fn gzip_and_chunks_on_the_wire() {
    let portal = Portal::start(PortalConfig {
        articles: 20,
        chunked: true,
        ..PortalConfig::default()
    })
    .unwrap();
    let url = portal.truth()[3].url.clone();
    let got = get_with(&portal, &url, "Accept-Encoding: gzip\r\n");
    assert_eq!(got.header("content-encoding"), Some("gzip"));
    assert!(got.header("content-length").is_none());
    let mut html = String::new();
    flate2::read::GzDecoder::new(&got.body[..])
        .read_to_string(&mut html)
        .unwrap();
    assert!(html.contains("news-bodyhtml"));
}

#[test]
fn the_benchmark_pages_have_their_size() {
    let portal = Portal::start(PortalConfig::benchmark(30)).unwrap();
    let url = portal.truth()[3].url.clone();
    let pages: Vec<Vec<u8>> = (0..2)
        .map(|_| get_with(&portal, &url, "Accept-Encoding: gzip\r\n").body)
        .collect();
    assert_eq!(pages[0], pages[1], "rendered once");
    let mut html = String::new();
    flate2::read::GzDecoder::new(&pages[0][..])
        .read_to_string(&mut html)
        .unwrap();
    assert!((37_000..39_000).contains(&html.len()), "{}", html.len());
    let article = portal.truth()[3].clone();
    portal.edit(article.id, Change::Title("Tên khác".to_owned()));
    let got = get_with(&portal, &url, "Accept-Encoding: gzip\r\n");
    assert_ne!(got.body, pages[0], "an edit shows");
}
