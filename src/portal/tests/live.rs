//! Flood control, edits, faults and the log.

use super::*;

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
    assert_eq!(
        get(&portal, "/uploads/logo.png").status,
        200,
        "images are spared"
    );
    assert_eq!(get(&portal, "/").status, 500);
    assert_eq!(get(&portal, "/").status, 200);
}

#[test]
fn hits_tell_what_the_server_saw() {
    let portal = start(20);
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
