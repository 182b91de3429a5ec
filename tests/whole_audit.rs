//! `khobao audit`: a whole archive is proved whole, and what is missing is named.

mod common;

use common::Place;
use khobao::archive::schema::{after, key};
use khobao::archive::store::{Batch, Engine};
use khobao::portal::{Canned, Draft, Portal, PortalConfig};
use serde_json::Value;

// (Articles of one wording are drift to the crawl, and meant here.)
const PAGES: &str = "drift = false\ncapture = [\"pages\"]";

fn audited(place: &Place, code: i32) -> Value {
    let out = place.expect(code, &["audit", "--format", "json"]);
    serde_json::from_str(&out).unwrap()
}

fn site(audit: &Value) -> &Value {
    assert_eq!(audit["sites"].as_array().unwrap().len(), 1);
    &audit["sites"][0]
}

/// The classes of a figure add up to what is known; the number of `class`.
fn count(figure: &Value, class: &str) -> u64 {
    let figure = figure.as_object().unwrap();
    let parts = figure.iter().filter(|(name, _)| *name != "known");
    let sum: u64 = parts.map(|(_, count)| count.as_u64().unwrap()).sum();
    assert_eq!(figure["known"], sum, "{figure:?}");
    figure[class].as_u64().unwrap()
}

fn strings(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|item| item[field].as_str().unwrap().to_owned())
        .collect()
}

fn crawled(config: PortalConfig) -> (Portal, Place) {
    let portal = Portal::start(config).unwrap();
    let place = Place::new(&portal.base(), PAGES);
    place.expect(0, &["crawl"]);
    (portal, place)
}

#[test]
fn a_whole_crawl_is_proved_whole_and_every_trap_has_its_class() {
    let (portal, place) = crawled(PortalConfig::with_articles(150));
    portal.forget_hits();
    let audit = audited(&place, 0);
    assert_eq!(portal.hits().len(), 0, "no request was made");
    assert_eq!(audit["complete"], true);
    assert_eq!(audit["damage"]["total"], 0);
    let site = site(&audit);
    let figure = &site["figure"];
    assert_eq!(figure, &audit["figure"]);
    assert_eq!(count(figure, "unexplained"), 0, "{:#}", site["unexplained"]);
    assert_eq!(site["records"], 150);

    // The traps of the portal, each in its class.
    let (expired, external) = portal.unreadable();
    let outcomes = &site["outcomes"];
    assert_eq!(outcomes["gone"]["expired"], expired.len());
    assert_eq!(outcomes["elsewhere"]["external"], external.len());
    assert_eq!(outcomes["robots"]["robots_denied"], 1);
    assert_eq!(outcomes["archived"]["new"], 150);
    assert_eq!(place.outcome("dead_link"), outcomes["gone"]["dead_link"]);
    let aliases: u64 = place
        .records()
        .iter()
        .map(|record| record["aliases"].as_array().unwrap().len() as u64)
        .sum();
    assert_eq!(count(figure, "archived"), 150 + aliases);

    // The chain: every link has an answer; what no other article links to is an island.
    let chain = &site["chain"];
    assert_eq!(chain["broken"]["total"], 0);
    let mut links = 0;
    let mut reached = std::collections::HashSet::new();
    for truth in portal.truth() {
        links += truth.newer.len() + truth.older.len();
        reached.extend(truth.newer.into_iter().chain(truth.older));
    }
    assert_eq!(chain["links"], links);
    let mut islands: Vec<String> = portal
        .truth()
        .into_iter()
        .filter(|truth| !reached.contains(&truth.url))
        .filter(|truth| !truth.aliases.iter().any(|alias| reached.contains(alias)))
        .map(|truth| truth.url)
        .collect();
    islands.sort();
    assert_eq!(strings(&chain["islands"]["items"], "url"), islands);

    // The numbers between the first and the last article that are no article.
    let have: Vec<u32> = portal.truth().iter().map(|truth| truth.id).collect();
    let ids = &site["ids"];
    assert_eq!(ids["min"], have[0]);
    assert_eq!(ids["max"], have[149]);
    let missing = have[149] - have[0] + 1 - 150;
    assert_eq!(ids["missing"], missing);
    let inside = |urls: &[String]| {
        let id = |url: &String| -> u32 {
            let (_, end) = url.rsplit_once('-').unwrap();
            end.trim_end_matches(".html").parse().unwrap()
        };
        let ids = urls.iter().map(id);
        ids.filter(|id| (have[0]..have[149]).contains(id)).count()
    };
    assert_eq!(ids["missing_known"]["gone"], inside(&expired));
    assert_eq!(ids["missing_known"]["elsewhere"], inside(&external));

    // The portal's lists named nothing that is not explained, and the sitemap named everything
    // that can be read or leads elsewhere.
    let kinds = &site["sources"]["kinds"];
    let sitemap = &kinds["sitemap"];
    assert_eq!(sitemap["named"], 150 + external.len());
    assert_eq!(sitemap["classes"]["archived"], 150);
    assert_eq!(sitemap["classes"]["elsewhere"], external.len());
    for kind in ["seed", "listing", "next_page", "feed", "sitemap"] {
        assert!(kinds[kind]["captures"].as_u64().unwrap() > 0, "{kind}");
        assert_eq!(kinds[kind]["classes"]["unexplained"], Value::Null, "{kind}");
    }
    assert_eq!(site["sources"]["unread"]["total"], 0);

    // Months and categories, in Vietnamese as published.
    let months = site["calendar"]["months"].as_object().unwrap();
    let sum: u64 = months.values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(sum, 150);
    for truth in portal.truth() {
        assert!(months[&truth.published[..7]].as_u64().unwrap() > 0);
    }
    let names = strings(&site["calendar"]["categories"], "name");
    assert!(names.contains(&"Tin tức - Sự kiện".to_owned()), "{names:?}");

    let text = place.expect(0, &["audit"]);
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("complete: known "), "{text}");
    assert!(last.ends_with(" + unexplained 0"), "{text}");
    assert!(text.contains("! hole"), "{text}");
    assert!(
        text.lines().any(|line| line.starts_with("    2022 ")),
        "{text}"
    );
}

/// Field names of a JSON value; the keys of tables by class, outcome, kind, month or site aside.
fn fields(value: &Value, out: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| fields(value, out)),
        Value::Object(map) => {
            for (name, value) in map {
                out.insert(name.clone());
                match name.as_str() {
                    "kinds" => value
                        .as_object()
                        .unwrap()
                        .values()
                        .for_each(|v| fields(v, out)),
                    "months" | "outcomes" | "classes" | "targets" | "read_as" | "missing_known"
                    | "unknown_sites" => {}
                    _ => fields(value, out),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_field_is_explained() {
    let (portal, place) = crawled(PortalConfig::with_articles(60));
    place.expect(0, &["crawl", "--max-pages", "5", "--full"]);
    drop(portal);
    let mut names = std::collections::BTreeSet::new();
    fields(&audited(&place, 0), &mut names);
    assert!(names.len() > 50, "{names:?}");
    let text = std::fs::read_to_string("docs/audit.md").unwrap();
    let missing: Vec<&String> = names
        .iter()
        .filter(|name| !text.contains(&format!("`{name}`")))
        .collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn a_crawl_that_stopped_early_has_broken_chains_until_it_goes_on() {
    let portal = Portal::start(PortalConfig::with_articles(120)).unwrap();
    let place = Place::new(&portal.base(), PAGES);
    place.expect(0, &["crawl", "--max-pages", "70"]);
    let audit = audited(&place, 5);
    assert_eq!(audit["complete"], false);
    let site_of = site(&audit);
    let open = count(&site_of["figure"], "unexplained");
    assert!(open > 0);
    assert_eq!(site_of["unexplained"]["total"], open);
    assert_eq!(site_of["outcomes"]["unexplained"]["waiting"], open);
    let broken = site_of["chain"]["broken"]["total"].as_u64().unwrap();
    assert!(broken > 0 && broken <= open, "{broken} of {open}");
    let first = &site_of["chain"]["broken"]["items"][0];
    assert_eq!(first["why"], "waiting");
    let from = first["from"].as_str().unwrap();
    let truth = portal.truth();
    let truth = truth.iter().find(|truth| truth.url == from).unwrap();
    let to = first["url"].as_str().unwrap();
    assert!(truth.newer.iter().chain(&truth.older).any(|url| url == to));
    let note = site_of["notes"][0].as_str().unwrap();
    assert!(note.contains("URLs wait"), "{note}");
    let text = place.expect(5, &["audit"]);
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("NOT complete: known "), "{text}");
    assert!(text.contains("    broken: "), "{text}");

    // As many as there are may be allowed; one less is an alarm.
    place.configure(&portal.base(), &format!("{PAGES}\nunexplained = {open}"));
    assert_eq!(audited(&place, 0)["complete"], true);
    place.configure(
        &portal.base(),
        &format!("{PAGES}\nunexplained = {}", open - 1),
    );
    audited(&place, 5);

    place.configure(&portal.base(), PAGES);
    place.expect(0, &["crawl"]);
    let audit = audited(&place, 0);
    assert_eq!(site(&audit)["chain"]["broken"]["total"], 0);
    assert_eq!(site(&audit)["records"], 120);
}

#[test]
fn what_became_of_an_article_decides_its_class() {
    let portal = Portal::start(PortalConfig {
        traps: false,
        ..PortalConfig::with_articles(40)
    })
    .unwrap();
    let truth = portal.truth();
    let path = |at: usize| {
        let url = url::Url::parse(&truth[at].url).unwrap();
        url.path().to_owned()
    };
    // Never archived: refused, in error, and without what an article needs.
    portal.set_answer(
        &path(3),
        Canned::html(403, "<p>không được phép</p>"),
        usize::MAX,
    );
    let bare = "<html><body><div id=\"news-bodyhtml\"><p>Không có tiêu đề.</p></div></body></html>";
    portal.set_answer(&path(5), Canned::html(200, bare), usize::MAX);
    portal.set_answer(&path(7), Canned::redirect(302, "/"), usize::MAX);
    portal.set_answer(&path(9), Canned::html(410, ""), usize::MAX);
    let place = Place::new(&portal.base(), PAGES);
    place.run(&["crawl"]);
    let audit = audited(&place, 5);
    let outcomes = &site(&audit)["outcomes"];
    assert_eq!(outcomes["unreachable"]["http_error"], 1, "{outcomes:#}");
    assert_eq!(outcomes["unexplained"]["incomplete"], 1);
    assert_eq!(outcomes["gone"]["redirect_home"], 1);
    assert_eq!(outcomes["gone"]["gone"], 1);
    let unexplained = &site(&audit)["unexplained"]["items"];
    assert_eq!(strings(unexplained, "url"), [truth[5].url.clone()]);
    // Their links have answers all the same: nothing in the chain is broken.
    assert_eq!(site(&audit)["chain"]["broken"]["total"], 0);
    assert_eq!(count(&site(&audit)["figure"], "archived"), 36);

    // What was archived stays archived when the portal drops it; what is withdrawn is told.
    portal.delete(truth[11].id);
    portal.clear_answer(&path(5));
    place.run(&["crawl", "--full"]);
    place.expect(0, &["withdraw", &truth[13].url, "--reason", "thử"]);
    let audit = audited(&place, 0);
    let found = site(&audit);
    assert_eq!(found["records_gone"], 1);
    assert_eq!(found["outcomes"]["withdrawn"]["withdrawn"], 1);
    assert_eq!(found["outcomes"]["archived"]["expired"], 1);
    assert_eq!(count(&found["figure"], "archived"), 36);
}

#[test]
fn feeds_that_do_not_overlap_are_named_with_their_times() {
    let (portal, place) = crawled(PortalConfig {
        traps: false,
        ..PortalConfig::with_articles(60)
    });
    let feeds = |audit: &Value| -> Vec<Value> {
        let feeds = site(audit)["sources"]["feeds"].as_array().unwrap().clone();
        let main = feeds.into_iter();
        main.filter(|feed| feed["url"].as_str().unwrap().ends_with("/rss/"))
            .collect()
    };
    place.expect(0, &["crawl", "--update"]);
    let before = feeds(&audited(&place, 0));
    assert_eq!(before[0]["pairs"], 1, "{before:#?}");
    assert_eq!(before[0]["overlapping"], 1);
    // More than a feed holds, between two visits.
    for n in 0..31 {
        let title = format!("Bản tin nhanh số {n} về phong trào ở cơ sở");
        portal.publish(Draft::new(&title, "DIC - Tin nhanh.", &[&title]));
    }
    place.expect(0, &["crawl", "--update"]);
    let after = feeds(&audited(&place, 0));
    assert_eq!(after[0]["pairs"], 2);
    assert_eq!(after[0]["gaps"]["total"], 1);
    let gap = &after[0]["gaps"]["items"][0];
    assert!(gap["after"].as_str().unwrap() < gap["before"].as_str().unwrap());
    let text = place.expect(0, &["audit"]);
    assert!(
        text.contains("may have a gap: nothing in common between"),
        "{text}"
    );
}

#[test]
fn the_page_holds_everything_and_escapes_it() {
    let portal = Portal::start(PortalConfig::with_articles(40)).unwrap();
    let place = Place::new(
        &portal.base(),
        &format!("{PAGES}\nname = \"Mặt trận <script>alert(1)</script> & 'tỉnh'\""),
    );
    place.expect(0, &["crawl", "--max-pages", "30"]);
    let file = place.dir.path().join("audit.html");
    let name = file.to_str().unwrap();
    let out = place.expect(5, &["audit", "--format", "html", "--output", name]);
    assert_eq!(out, "");
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.contains("Mặt trận &lt;script&gt;alert(1)&lt;/script&gt; &amp; "));
    assert!(!page.contains("<script"), "no script");
    assert!(page.contains("<svg "), "charts");
    assert!(page.contains("Không") || page.contains("Tin tức - Sự kiện"));
    // Nothing is fetched: no image, style sheet, font or frame from anywhere.
    for outside in [
        "<link",
        "<img",
        "<iframe",
        "<object",
        "<embed",
        "src=",
        "url(",
        "@import",
        "http-equiv=\"refresh",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
    // Well-formed enough for XML but for the void elements of the head.
    let body = page.split_once("<body>").unwrap().1;
    let body = body.split_once("</body>").unwrap().0;
    let mut reader = quick_xml::Reader::from_str(body);
    let mut depth = 0;
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(_) => depth += 1,
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    // The same as JSON in a file.
    let file = place.dir.path().join("audit.json");
    place.expect(
        5,
        &[
            "audit",
            "--format",
            "json",
            "--output",
            file.to_str().unwrap(),
        ],
    );
    let audit: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    count(&audit["figure"], "unexplained");
}

#[test]
fn damaged_rows_are_named_and_the_rest_is_audited() {
    let (portal, place) = crawled(PortalConfig::with_articles(30));
    let whole = audited(&place, 0);
    let engine = Engine::of(&place.archive().join("index")).unwrap();
    let store = engine.open(&place.archive().join("index"), false).unwrap();
    // (Each of another URL: where its row is lost, too, nothing says that it had a record.)
    let mut urls: Vec<Vec<u8>> = Vec::new();
    for prefix in [b"r", b"u", b"c"] {
        let mut rows = store.scan(prefix, &after(prefix)).map(Result::unwrap);
        let new = rows.find(|(at, _)| !urls.contains(&at[1..17].to_vec()));
        let (at, mut value) = new.unwrap();
        urls.push(at[1..17].to_vec());
        let end = value.len() - 3;
        value[end] ^= 0x55;
        let mut batch = Batch::default();
        batch.put(at, value);
        store.apply(batch).unwrap();
    }
    let mut batch = Batch::default();
    batch.put(key(b'v', &[b"short"]), b"nonsense".to_vec());
    store.apply(batch).unwrap();
    store.flush().unwrap();
    drop(store);
    let out = place.run(&["audit", "--format", "json"]);
    assert_eq!(out.status.code(), Some(6));
    let audit: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(audit["damage"]["total"], 4, "{:#}", audit["damage"]);
    let found = site(&audit);
    assert_eq!(found["records"], 29);
    // The lost record's URLs are not explained any more.
    assert!(count(&found["figure"], "unexplained") > 0);
    assert!(
        found["outcomes"]["unexplained"]["record_lost"]
            .as_u64()
            .unwrap()
            > 0
    );
    let text = String::from_utf8(place.run(&["audit"]).stdout).unwrap();
    assert!(text.contains("damaged: record: "), "{text}");

    // An index that is made again knows all of it, also what robots.txt refused and no capture
    // has. A WARC file that is gone costs what stood in it.
    drop(portal);
    place.expect(0, &["rebuild"]);
    let audit = audited(&place, 0);
    assert_eq!(site(&audit)["figure"], whole["sites"][0]["figure"]);
    for warc in common::warcs(&place.warc_dir()) {
        std::fs::remove_file(warc).unwrap();
    }
    let out = place.run(&["audit", "--format", "json"]);
    assert_eq!(out.status.code(), Some(6));
    let audit: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(audit["damage"]["total"].as_u64().unwrap() > 5);
    assert_eq!(site(&audit)["records"], 30);
}

/// An article that was lost without a trace: neither its record nor its URL is in the index. The
/// pages that name it still prove that it is missing.
#[test]
fn a_lost_article_is_missed_by_those_that_name_it() {
    let (portal, place) = crawled(PortalConfig {
        traps: false,
        ..PortalConfig::with_articles(60)
    });
    let truth = portal.truth();
    let lost = &truth[30];
    let hash = khobao::archive::schema::url_hash(&lost.url);
    let index = place.archive().join("index");
    let store = Engine::of(&index).unwrap().open(&index, false).unwrap();
    let mut batch = Batch::default();
    batch.delete(key(b'u', &[&hash]));
    batch.delete(key(b'r', &[&hash]));
    store.apply(batch).unwrap();
    store.flush().unwrap();
    drop(store);
    let audit = audited(&place, 5);
    let found = site(&audit);
    assert_eq!(found["records"], 59);
    assert_eq!(count(&found["figure"], "unexplained"), 1);
    let one = &found["unexplained"]["items"][0];
    assert_eq!(one["url"], lost.url.as_str());
    assert_eq!(one["why"], "never_taken_up");
    let by = one["named_by"].as_str().unwrap();
    let named = |url: &str| truth.iter().find(|t| t.url == url);
    let names = |by: &khobao::portal::TruthArticle| {
        by.newer.contains(&lost.url) || by.older.contains(&lost.url)
    };
    assert!(named(by).is_some_and(names), "{by}");
    let broken = &found["chain"]["broken"];
    assert_eq!(broken["total"], 1);
    assert_eq!(broken["items"][0]["url"], lost.url.as_str());
    // The sitemap, a listing and the numbers miss it, too.
    let kinds = &found["sources"]["kinds"];
    assert_eq!(kinds["sitemap"]["classes"]["unexplained"], 1);
    let pages = found["sources"]["pages"]["items"].as_array().unwrap();
    let mut sitemaps = pages.iter().filter(|page| page["kind"] == "sitemap");
    let named = sitemaps.any(|page| page["unexplained"][0] == lost.url.as_str());
    assert!(named, "{pages:#?}");
    let gap = &found["ids"]["gaps"]["items"][0];
    assert_eq!(
        (&gap["from"], &gap["to"]),
        (&lost.id.into(), &lost.id.into())
    );
    assert_eq!(gap["known"][0]["url"], lost.url.as_str());

    // Where only a list of the portal names it, that list proves it.
    let portal = Portal::start(PortalConfig {
        traps: false,
        ..PortalConfig::with_articles(12)
    })
    .unwrap();
    let extra = format!("{}tin-tuc/bai-chi-co-trong-so-do-9000.html", portal.base());
    // (robots.txt forbids the other one.)
    let forbidden = format!("{}noi-bo/van-ban-noi-bo-9001.html", portal.base());
    let map =
        format!("<urlset><url><loc>{extra}</loc></url><url><loc>{forbidden}</loc></url></urlset>");
    portal.set_answer(
        "/sitemap-vi.news.xml",
        Canned::new(200, "text/xml", map),
        usize::MAX,
    );
    let place = Place::new(&portal.base(), PAGES);
    place.expect(0, &["crawl"]);
    let whole = audited(&place, 0);
    let gone = count(&whole["figure"], "gone");
    let index = place.archive().join("index");
    let store = Engine::of(&index).unwrap().open(&index, false).unwrap();
    let mut batch = Batch::default();
    for url in [&extra, &forbidden] {
        batch.delete(key(b'u', &[&khobao::archive::schema::url_hash(url)]));
    }
    store.apply(batch).unwrap();
    store.flush().unwrap();
    drop(store);
    let audit = audited(&place, 5);
    let one = &site(&audit)["unexplained"]["items"][0];
    assert_eq!(one["url"], extra.as_str());
    assert!(one["named_by"].as_str().unwrap().ends_with(".xml"), "{one}");
    assert_eq!(count(&audit["figure"], "gone"), gone - 1);
    assert_eq!(audit["figure"]["robots"], whole["figure"]["robots"]);
    let sitemap = &site(&audit)["sources"]["kinds"]["sitemap"]["classes"];
    assert_eq!(sitemap["robots"], 1);
    assert_eq!(count(&audit["figure"], "unexplained"), 1);
    assert_eq!(site(&audit)["chain"]["broken"]["total"], 0);
}

#[test]
fn a_month_without_articles_is_a_hole_and_a_quiet_one_is_not() {
    let portal = Portal::start(PortalConfig {
        traps: false,
        ..PortalConfig::with_articles(3)
    })
    .unwrap();
    for article in portal.truth() {
        portal.delete(article.id);
    }
    // Twelve a month in 2023, but none in August and seven in April.
    for month in 1..=12 {
        let articles = match month {
            4 => 7,
            8 => 0,
            _ => 12,
        };
        for day in 1..=articles {
            let title = format!("Chuyện ngày {day} tháng {month} ở cơ sở");
            portal.publish(Draft {
                published: format!("2023-{month:02}-{day:02}T08:00:00"),
                ..Draft::new(&title, "DIC - Tin.", &[&title])
            });
        }
    }
    let place = Place::new(&portal.base(), PAGES);
    place.expect(0, &["crawl"]);
    let audit = audited(&place, 0);
    let calendar = &site(&audit)["calendar"];
    assert_eq!(calendar["months"]["2023-04"], 7);
    assert_eq!(calendar["months"]["2023-08"], 0);
    let holes = calendar["holes"]["items"].as_array().unwrap();
    let whole = |hole: &&Value| hole.get("category").is_none();
    let of_site: Vec<&Value> = holes.iter().filter(whole).collect();
    assert_eq!(of_site.len(), 1, "{holes:#?}");
    assert_eq!(of_site[0]["from"], "2023-08");
    assert_eq!(of_site[0]["to"], "2023-08");
    assert_eq!(of_site[0]["expected"], 12.0);
    // In its one category, too.
    assert_eq!(holes.len(), 2);
    assert_eq!(holes[1]["category"], "Tin tức - Sự kiện");
    // The portal has been silent ever since.
    assert_eq!(calendar["silence"]["from"], "2024-01");
    let text = place.expect(0, &["audit"]);
    let year = text.lines().find(|line| line.starts_with("    2023 "));
    let year = year.unwrap();
    assert_eq!(year.matches('!').count(), 1, "{text}");
    assert!(year.contains("··!"), "{text}");
    assert!(text.contains("hole: 2023-08: 0 articles"), "{text}");
    assert!(
        text.contains("hole: 2023-08 in Tin tức - Sự kiện: "),
        "{text}"
    );
}

#[test]
fn sites_are_audited_alone_and_unknown_ones_are_told() {
    let (portal, place) = crawled(PortalConfig {
        traps: false,
        ..PortalConfig::with_articles(20)
    });
    let error = place.run(&["audit", "--site", "khac"]);
    assert_eq!(error.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&error.stderr).contains("known: thu"));
    let out = place.expect(0, &["audit", "--site", "thu"]);
    assert!(out.contains("thu · "), "{out}");
    // A site that waits for its first crawl is told; one that is not crawled is not.
    let one = std::fs::read_to_string(place.config()).unwrap();
    let table = |id: &str, port: u16, more: &str| {
        format!(
            "[[sites]]\nid = \"{id}\"\nbase = \"http://127.0.0.1:{port}/\"\n\
             profile = \"nukeviet\"\nallow_private = true\n{more}\n"
        )
    };
    let both = one.clone() + &table("moi", 1, "") + &table("nghi", 2, "enabled = false");
    std::fs::write(place.config(), both).unwrap();
    let audit = audited(&place, 0);
    assert_eq!(strings(&audit["sites"], "site"), ["thu", "moi"]);
    assert_eq!(audit["figure"], audit["sites"][0]["figure"]);
    assert_eq!(count(&audit["sites"][1]["figure"], "known"), 0);
    let text = place.expect(0, &["audit"]);
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("all sites: complete: known "), "{text}");
    let alone = place.expect(0, &["audit", "--site", "nghi", "--format", "json"]);
    let alone: Value = serde_json::from_str(&alone).unwrap();
    assert_eq!(site(&alone)["site"], "nghi");
    std::fs::write(place.config(), one).unwrap();
    // Its table was renamed: its URLs are nobody's.
    let text = std::fs::read_to_string(place.config()).unwrap();
    let other = text.replace("id = \"thu\"", "id = \"moi\"");
    std::fs::write(place.config(), other).unwrap();
    let audit = audited(&place, 0);
    assert!(audit["unknown_sites"]["thu"].as_u64().unwrap() > 20);
    assert_eq!(
        site(&audit)["notes"][0],
        "no crawl of this site is on record"
    );
    drop(portal);
}
