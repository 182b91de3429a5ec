//! What the articles are, and that every theme shows them.

use super::*;

/// The text between the tags, entities read, white space folded.
fn visible(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, after)| after));
    }
    let text = text
        .replace("&nbsp;", " ")
        .replace("&quot;", "\"")
        .replace("&#039;", "'")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
            let shown = visible(&html);
            for line in article
                .blocks
                .iter()
                .flat_map(|b| b.text.split(['\n', '\t']))
            {
                assert!(shown.contains(line), "{}: {line}", article.url);
            }
            let captions = article.images.iter().filter_map(|i| i.caption.as_ref());
            for text in captions
                .chain(&article.author_line)
                .chain(&article.body_byline)
            {
                assert!(shown.contains(text.as_str()), "{}: {text}", article.url);
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
