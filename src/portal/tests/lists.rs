//! Category pages, feeds and sitemaps hold everything.

use super::*;

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
fn the_sitemap_holds_the_newest_thousand() {
    let portal = start(1100);
    let map = get(&portal, "/sitemap-vi.news.xml").text();
    assert_eq!(map.matches("<url>").count(), 1000);
    let truth = portal.truth();
    let at = |a: &TruthArticle| map.find(a.url.as_str());
    let newest = truth.iter().max_by_key(|a| a.published.clone()).unwrap();
    let oldest = truth.iter().min_by_key(|a| a.published.clone()).unwrap();
    assert!(at(newest).is_some() && at(oldest).is_none());
}
