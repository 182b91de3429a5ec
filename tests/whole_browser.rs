//! A package is handed on, the portal is gone, and ReplayWeb.page shows its articles in a browser.

mod common;

#[path = "common/browser.rs"]
mod browser;

use browser::Browser;
use common::Place;
use khobao::portal::{Portal, PortalConfig};
use std::io::Read as _;

/// Seconds for one page; only a replay that fails waits so long.
const PATIENCE: u32 = 60;

#[test]
fn replaywebpage_shows_an_article_of_a_package() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let portal = Portal::start(PortalConfig::with_articles(300)).unwrap();
    let place = Place::new(
        &portal.base(),
        "capture = [\"pages\", \"images\", \"attachments\"]",
    );
    place.expect(0, &["crawl"]);
    // The second visit makes revisit records of the images, which have no body of their own.
    place.expect(0, &["crawl", "--full"]);
    let out = place.dir.path().join("all.wacz");
    let name = out.to_str().unwrap();
    place.expect(0, &["export", "--format", "wacz", "--output", name]);
    let mut index = String::new();
    zip::ZipArchive::new(std::fs::File::open(&out).unwrap())
        .unwrap()
        .by_name("indexes/index.idx")
        .unwrap()
        .read_to_string(&mut index)
        .unwrap();
    assert!(index.lines().count() > 2, "one block only:\n{index}");

    // What is shown from now on cannot come from the portal itself.
    let base = portal.base();
    let root = base.trim_end_matches('/');
    let truth = portal.truth();
    portal.stop();
    let article = truth
        .iter()
        .filter(|article| article.paragraphs().len() > 1)
        .find(|article| article.images.iter().any(|image| !image.lead))
        .unwrap();
    let said = browser.replay(&out, &article.url, PATIENCE);
    let found = &said["found"];
    assert!(found.is_object(), "nothing is shown: {said:#}");
    assert!(
        found["title"].as_str().unwrap().contains(&article.title),
        "{found:#}"
    );
    assert!(
        found["headings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|heading| heading.as_str() == Some(&article.title)),
        "{found:#}"
    );
    let text = found["text"].as_str().unwrap();
    for paragraph in article.paragraphs() {
        let folded = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&folded), "{folded:?} is not in {text:?}");
    }
    for image in &article.images {
        let shown = image.thumb.as_ref().unwrap_or(&image.url);
        let path = shown.strip_prefix(root).unwrap();
        let seen = found["images"]
            .as_array()
            .unwrap()
            .iter()
            .find(|seen| seen["src"].as_str().unwrap().ends_with(path))
            .unwrap_or_else(|| panic!("{path} is not in {found:#}"));
        assert!(seen["width"].as_u64() > Some(0), "{seen}");
        let captures = place.expect(0, &["cdx", shown]);
        let newest = captures.lines().last().unwrap();
        assert!(newest.contains("warc/revisit"), "{captures}");
        assert!(seen["newest"].as_u64() > Some(0), "{seen}: {captures}");
    }
    // The browser read parts of the package, as a reader of a large one must.
    assert!(said["ranges"].as_u64().unwrap() > 0, "{said:#}");
}
