//! The portal does what real portals do: asked over plain TCP, each trap at least once.

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;

/// A response, read without any HTTP library.
struct Got {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Got {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|l| l.split_once(": "))
            .find(|(k, _)| k.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    }
}

fn raw(portal: &Portal, target: &str, extra: &str) -> Vec<u8> {
    let (host, path) = target
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .map(|(host, path)| (host.to_owned(), format!("/{path}")))
        .unwrap_or_else(|| {
            let base = portal.base();
            let host = base.trim_start_matches("http://").trim_end_matches('/');
            (host.to_owned(), target.to_owned())
        });
    let mut stream = TcpStream::connect(&host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n{extra}Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut wire = Vec::new();
    // A torn connection keeps what came before.
    let _ = stream.read_to_end(&mut wire);
    wire
}

fn get_with(portal: &Portal, target: &str, extra: &str) -> Got {
    let wire = raw(portal, target, extra);
    let at = wire
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8_lossy(&wire[..at]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = wire[at + 4..].to_vec();
    if head.to_lowercase().contains("transfer-encoding: chunked") {
        body = unchunk(&body);
    }
    Got { status, head, body }
}

fn unchunk(mut wire: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(at) = wire.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&wire[..at]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        out.extend_from_slice(&wire[at + 2..at + 2 + size]);
        wire = &wire[at + 4 + size..];
    }
    out
}

fn get(portal: &Portal, target: &str) -> Got {
    get_with(portal, target, "")
}

fn start(articles: usize) -> Portal {
    Portal::start(PortalConfig::with_articles(articles)).unwrap()
}

fn themed(theme: Theme) -> Portal {
    Portal::start(PortalConfig {
        articles: 60,
        theme,
        ..PortalConfig::default()
    })
    .unwrap()
}

fn path(url: &str) -> &str {
    url.splitn(4, '/')
        .nth(3)
        .map_or("/", |_| &url[url.match_indices('/').nth(2).unwrap().0..])
}

#[test]
fn the_same_seed_gives_the_same_portal() {
    let strip = |portal: &Portal| {
        portal
            .truth()
            .into_iter()
            .map(|a| {
                (
                    a.id,
                    path(&a.url).to_owned(),
                    a.title,
                    a.published,
                    a.blocks,
                )
            })
            .collect::<Vec<_>>()
    };
    let (a, b) = (start(40), start(40));
    assert_eq!(strip(&a), strip(&b));
    assert_eq!(a.truth().len(), 40);
    for articles in [1, 2, 3, 7] {
        assert_eq!(start(articles).truth().len(), articles);
    }
}

#[test]
fn titles_and_urls_are_unique() {
    let portal = start(300);
    let truth = portal.truth();
    let titles: std::collections::HashSet<_> = truth.iter().map(|a| &a.title).collect();
    let urls: std::collections::HashSet<_> = truth.iter().map(|a| &a.url).collect();
    assert_eq!((titles.len(), urls.len()), (300, 300));
    let ids: Vec<u32> = truth.iter().map(|a| a.id).collect();
    assert!(
        ids.windows(2).any(|w| w[1] > w[0] + 1),
        "no gap in the numbers"
    );
    let shared = truth
        .iter()
        .map(|a| truth.iter().filter(|b| b.published == a.published).count())
        .max();
    assert_eq!(shared, Some(25));
    assert!(truth.iter().any(|a| !a.aliases.is_empty()));
    assert!(truth.iter().any(|a| !a.attachments.is_empty()));
}

#[test]
fn every_article_answers_in_every_theme() {
    for theme in [Theme::Default45, Theme::Mobile, Theme::Old44, Theme::Egov] {
        let portal = themed(theme);
        for article in portal.truth() {
            let got = get(&portal, &article.url);
            assert_eq!(got.status, 200, "{}", article.url);
            let html = got.text();
            assert!(html.contains(&render::esc(&article.title)));
            assert!(html.contains(&render::esc(&article.lead)));
            for block in &article.blocks {
                let last = block.text.split([' ', '\t', '\n']).next_back().unwrap();
                assert!(html.contains(&render::esc(last)));
            }
            for image in &article.images {
                assert!(html.contains(path(&image.url)), "{}", image.url);
                assert_eq!(get(&portal, &image.url).status, 200);
            }
            for url in article.newer.iter().chain(&article.older) {
                assert!(html.contains(path(url)));
            }
        }
    }
}

#[test]
fn the_first_specification_is_there() {
    let portal = start(300);
    let truth = portal.truth();
    let article = truth
        .iter()
        .find(|a| a.published == "2022-09-05T22:28:00+07:00")
        .unwrap();
    assert_eq!(article.dateline.as_deref(), Some("DIC"));
    assert_eq!(article.paragraphs().len(), 3);
    assert_eq!(article.images.len(), 1);
    assert!(article.images[0].caption.is_some());
    assert_eq!(article.author_line.as_deref(), Some("Tin, ảnh: Minh Thùy"));
    assert_eq!(article.people[0].roles, ["text", "photo"]);
    let html = get(&portal, &article.url).text();
    assert!(html.contains("<span class=\"h5\">Thứ hai - 05/09/2022 22:28</span>"));
    assert!(html.contains("<strong>Tác giả: </strong>Tin, ảnh: Minh Thùy"));
    assert!(
        html.contains("content=\"2022-09-05+0722:28:00\""),
        "published_time is malformed"
    );
    assert!(html.contains("itemprop=\"datePublished\">2022-09-06T08:41:00+07:00"));
    assert!(html.contains("id=\"timeoutsess\""));
    assert!(
        html.contains("<br />\r\n<br />\r\n"),
        "bare text between line breaks"
    );
}

#[test]
fn equal_times_never_link_to_each_other() {
    let portal = start(300);
    let truth = portal.truth();
    let group: Vec<&TruthArticle> = truth
        .iter()
        .filter(|a| truth.iter().filter(|b| b.published == a.published).count() > 1)
        .collect();
    assert_eq!(group.len(), 25);
    let urls: Vec<&str> = group.iter().map(|a| a.url.as_str()).collect();
    for article in &group {
        let near = article.newer.iter().chain(&article.older);
        assert!(near.clone().count() > 0);
        assert!(near.clone().all(|u| !urls.contains(&u.as_str())));
        assert_eq!(group[0].newer, article.newer);
    }
    assert!(
        truth
            .iter()
            .all(|a| a.newer.len() <= 10 && a.older.len() <= 10)
    );
}

#[test]
fn newer_and_older_are_left_out_with_their_headings() {
    let portal = start(300);
    let truth = portal.truth();
    let newest = truth.iter().find(|a| a.newer.is_empty()).unwrap();
    let html = get(&portal, &newest.url).text();
    assert!(!html.contains("Những tin mới hơn") && html.contains("Những tin cũ hơn"));
    let oldest = truth.iter().find(|a| a.older.is_empty()).unwrap();
    let html = get(&portal, &oldest.url).text();
    assert!(html.contains("Những tin mới hơn") && !html.contains("Những tin cũ hơn"));
    let topic = truth
        .iter()
        .map(|a| get(&portal, &a.url).text())
        .find(|html| html.contains("Theo dòng sự kiện"))
        .unwrap();
    let at = |text: &str| topic.find(text).unwrap_or(usize::MAX);
    assert!(at("Theo dòng sự kiện") < at("Những tin mới hơn").min(at("Những tin cũ hơn")));
}

/// All article links of the pages reached by following `»` from a category.
fn walk(portal: &Portal, category: &str) -> Vec<String> {
    let mut next = Some(format!("/{category}/"));
    let mut found = Vec::new();
    while let Some(page) = next.take() {
        let html = get(portal, &page).text();
        found.extend(
            html.split("<h2><a href=\"")
                .skip(1)
                .chain(html.split("<h3><a href=\"").skip(1))
                .filter_map(|part| part.split('"').next())
                .map(str::to_owned),
        );
        next = html
            .split("class=\"page-link\" href=\"")
            .skip(1)
            .find(|part| part.split('<').next().unwrap().ends_with("&raquo;"))
            .and_then(|part| part.split('"').next())
            .filter(|href| href.starts_with('/'))
            .map(str::to_owned);
    }
    found
}

#[test]
fn category_lists_hold_every_article_to_the_last_page() {
    let portal = start(300);
    let mut all = Vec::new();
    for category in portal
        .site()
        .categories
        .iter()
        .map(|c| c.alias)
        .collect::<Vec<_>>()
    {
        all.extend(walk(&portal, category));
    }
    for article in portal.truth() {
        assert!(
            all.iter().any(|p| p == path(&article.url)),
            "{}",
            article.url
        );
        for alias in &article.aliases {
            assert!(all.iter().any(|p| p == path(alias)), "{alias}");
        }
    }
    let html = get(&portal, "/tin-tuc/").text();
    assert!(html.contains("Các tin khác") && html.contains("<span>...</span>"));
    assert_eq!(
        html.matches("<h3><a href").count() + html.matches("<h2><a href").count(),
        20
    );
}

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
fn feeds_and_sitemaps() {
    let portal = start(300);
    let rss = get(&portal, "/rss/").text();
    assert_eq!(rss.matches("<item>").count(), 30);
    assert!(rss.contains("<guid isPermaLink=\"false\">news_"));
    let index = get(&portal, "/sitemap.xml").text();
    assert!(index.contains("/sitemap-vi.news.xml"));
    let map = get(&portal, "/sitemap-vi.news.xml").text();
    let truth = portal.truth();
    assert!(truth.iter().all(|a| map.contains(&a.url)));
    let (expired, _) = portal.unreadable();
    assert!(expired.iter().all(|u| !map.contains(u.as_str())));
}

#[test]
fn the_minutes_of_a_feed_are_the_month() {
    let portal = start(30);
    let mut draft = Draft::new("Bài mới nhất", "Lời dẫn.", &["Nội dung."]);
    draft.published = "2026-09-05T22:28:31".to_owned();
    portal.publish(draft);
    let rss = get(&portal, "/rss/").text();
    assert!(
        rss.contains("<pubDate>Sat, 5 Sep 2026 15:09:31 GMT</pubDate>"),
        "{rss}"
    );
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
fn floods_are_turned_away() {
    let portal = start(30);
    portal.set_flood(Flood::Status429);
    for n in 1..=40 {
        assert_eq!(get(&portal, "/robots.txt").status, 200, "request {n}");
    }
    let got = get(&portal, "/");
    assert_eq!(got.status, 429);
    let wait: u64 = got.header("retry-after").unwrap().parse().unwrap();
    assert!((50..60).contains(&wait), "{wait}");
    assert!(got.text().contains("<title>Hãy đợi...</title>"));
    assert_eq!(
        get(&portal, "/uploads/logo.png").status,
        200,
        "images are not counted"
    );
    portal.set_flood(Flood::Status200);
    (0..40).for_each(|_| drop(get(&portal, "/robots.txt")));
    let got = get(&portal, "/tin-tuc/");
    assert_eq!(got.status, 200);
    assert!(got.text().contains("class=\"floodblocker\""));
    assert_eq!(portal.hits().len(), 83);
}

#[test]
fn pages_change_when_editors_work() {
    let portal = start(30);
    let article = portal.truth()[4].clone();
    assert!(portal.edit(
        article.id,
        Change::Append("Tin thêm vào cuối bài.".to_owned())
    ));
    assert!(
        get(&portal, &article.url)
            .text()
            .contains("Tin thêm vào cuối bài.")
    );
    let id = portal.publish(Draft::copy_of(&article));
    assert_eq!(portal.truth().len(), 31);
    let copy = portal.truth().into_iter().find(|a| a.id == id).unwrap();
    assert_eq!(
        (copy.title, copy.published),
        (article.title.clone(), article.published.clone())
    );
    assert!(portal.edit(article.id, Change::Alias("ten-moi".to_owned())));
    assert_eq!(get(&portal, &article.url).status, 301);
    assert!(portal.delete(article.id));
    assert_eq!(get(&portal, &article.url).status, 404);
    assert!(!portal.edit(article.id, Change::Touch));
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
    assert!((37_000..41_000).contains(&html.len()), "{}", html.len());
    let article = portal.truth()[3].clone();
    portal.edit(article.id, Change::Title("Tên khác".to_owned()));
    let got = get_with(&portal, &url, "Accept-Encoding: gzip\r\n");
    assert_ne!(got.body, pages[0], "an edit shows");
}

#[test]
fn faults_misbehave_as_named() {
    let portal = Portal::start(PortalConfig {
        articles: 20,
        traps_faults: true,
        ..PortalConfig::default()
    })
    .unwrap();
    portal.set_fault_delay(Duration::from_millis(30));
    let home = get(&portal, "/").text();
    for page in portal.fault_pages() {
        assert!(home.contains(path(&page.url)), "{}", page.name);
    }
    let fault = |name: &str| format!("/faults/{name}");
    let torn = get(&portal, &fault("truncated"));
    let told: usize = torn.header("content-length").unwrap().parse().unwrap();
    assert!(
        torn.body.len() < told && torn.body.len() > 1000,
        "{}",
        torn.body.len()
    );
    assert!(raw(&portal, &fault("garbage"), "").starts_with(&[0x16, 3, 1]));
    assert!(raw(&portal, &fault("reset"), "").is_empty());
    assert!(get(&portal, &fault("huge")).body.len() > 64 << 20);
    assert!(get(&portal, &fault("binary")).body.starts_with(b"%PDF"));
    assert_eq!(
        get(&portal, &fault("nested"))
            .text()
            .matches("<div>")
            .count(),
        100_000
    );
    assert!(
        get(&portal, &fault("utf16"))
            .body
            .starts_with(&[0xff, 0xfe])
    );
    assert!(
        get(&portal, &fault("bad-date"))
            .text()
            .contains("32/13/2022 25:61")
    );
    assert!(
        get(&portal, &fault("cookie-stub"))
            .text()
            .contains("document.cookie")
    );
    assert_eq!(get(&portal, &fault("500")).status, 500);
    for name in ["503-retry-after", "503-retry-after-date"] {
        let first = get(&portal, &fault(name));
        assert_eq!(first.status, 503);
        let wait = first.header("retry-after").unwrap();
        assert_eq!(
            wait.parse::<u32>().is_ok(),
            name.ends_with("after"),
            "{wait}"
        );
        assert_eq!(get(&portal, &fault(name)).status, 200);
    }
    let hop = get(&portal, &fault("redirect-loop"));
    assert_eq!(hop.status, 302);
    assert!(
        hop.header("location")
            .unwrap()
            .starts_with("/faults/redirect-loop")
    );
    for name in [
        "slow-header",
        "slow-body",
        "drip",
        "win1258",
        "wrong-charset",
        "soft-404",
    ] {
        assert_eq!(get(&portal, &fault(name)).status, 200, "{name}");
    }
    assert!(get(&portal, &fault("empty")).body.is_empty());
    let page = portal
        .fault_pages()
        .into_iter()
        .find(|p| p.name == "utf16")
        .unwrap();
    assert!(get(&portal, &page.url).body.starts_with(&[0xff, 0xfe]));
    portal.set_outage(Some(("500", 1)));
    assert_eq!(get(&portal, "/").status, 500);
    assert_eq!(get(&portal, "/").status, 200);
}

#[test]
fn hits_tell_what_the_server_saw() {
    let mut portal = start(20);
    get_with(
        &portal,
        "/tin-tuc/?x=1",
        "User-Agent: thu-nghiem\r\nX-A: b\r\n",
    );
    get(&portal, "/khong-co/");
    let hits = portal.hits();
    assert_eq!((hits[0].status, hits[1].status), (200, 301));
    assert_eq!(hits[0].path_and_query, "/tin-tuc/?x=1");
    assert_eq!(
        (hits[0].method.as_str(), hits[0].user_agent.as_str()),
        ("GET", "thu-nghiem")
    );
    assert!(
        hits[0]
            .headers
            .contains(&("x-a".to_owned(), "b".to_owned()))
    );
    assert!(hits[1].at_micros > hits[0].at_micros);
    assert_ne!(hits[0].connection, hits[1].connection);
    let base = portal.base();
    portal.stop();
    let address = base.trim_start_matches("http://").trim_end_matches('/');
    assert!(TcpStream::connect(address).is_err(), "stopped");
}
