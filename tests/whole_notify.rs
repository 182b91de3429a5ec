//! After a crawl somebody is told: by a web hook, mail, a command and a ping; when something
//! changed, and not every night.
#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/hook.rs"]
mod hook;
#[path = "common/python.rs"]
mod python;

use common::Place;
use hook::Hook;
use khobao::portal::{Canned, Portal, PortalConfig};
use python::Python;
use std::process::Output;
use std::time::{Duration, Instant};

fn notify(place: &Place, lines: &str) {
    let text = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), format!("[notify]\n{lines}\n{text}")).unwrap();
}

fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// A crawl with the secrets in its environment; gives what it said.
fn crawl(place: &Place, code: i32) -> String {
    let out = place
        .command(&["crawl"])
        .env("HOOK_KEY", "Jefe")
        .env("HOOK_TOKEN", "Bearer To-Ken")
        .output()
        .unwrap();
    let said = stderr(&out);
    assert_eq!(out.status.code(), Some(code), "{said}");
    said
}

/// Every page that the portal was asked for is refused from now on; gives their paths.
fn refuse(portal: &Portal) -> Vec<String> {
    let mut paths: Vec<String> = portal
        .hits()
        .into_iter()
        .map(|hit| hit.path_and_query)
        .collect();
    paths.retain(|path| path != "/robots.txt");
    for path in &paths {
        portal.set_answer(path, Canned::html(403, "Forbidden"), usize::MAX);
    }
    paths
}

fn relent(portal: &Portal, paths: &[String]) {
    for path in paths {
        portal.clear_answer(path);
    }
}

/// A portal of five articles that refuses everything, after a first crawl.
fn refusing(lines: &str) -> (Portal, Place, Vec<String>) {
    let portal = Portal::start(PortalConfig::with_articles(5)).unwrap();
    let place = Place::new(&portal.base(), "");
    notify(&place, lines);
    crawl(&place, 0);
    let refused = refuse(&portal);
    (portal, place, refused)
}

#[test]
fn a_change_is_told_once_and_what_nobody_heard_is_told_by_the_next_crawl() {
    let hook = Hook::start();
    let at = hook.address;
    let (portal, place, refused) = refusing(&format!(
        "webhook = \"http://{at}/SeCrEt?key=ToKeN\"\nwebhook_key = \"env:HOOK_KEY\"\n\
         webhook_headers = {{ Authorization = \"env:HOOK_TOKEN\" }}\n\
         ping = \"http://{at}/ping/\"\nping_style = \"healthchecks\""
    ));
    assert!(hook.posts().is_empty(), "all was well from the start");
    assert_eq!(hook.pings(), ["/ping/start", "/ping/"]);
    // The portal refuses everything, two nights long.
    let said = crawl(&place, 3);
    assert!(said.contains("1 site: 0 new, 0 revised, "), "{said}");
    crawl(&place, 3);
    let posts = hook.posts();
    assert_eq!(posts.len(), 1, "not every night: {posts:#?}");
    let told = posts[0].json();
    assert_eq!(
        (
            &told["version"],
            &told["state"],
            &told["previous"],
            &told["exit"]
        ),
        (&1.into(), &"not_well".into(), &"ok".into(), &3.into())
    );
    let site = &told["not_well"]["thu"];
    assert!(["failing", "parked"].contains(&site["state"].as_str().unwrap()));
    assert!(site["last_success"].as_str().unwrap().starts_with("20"));
    assert!(!site["why"].as_str().unwrap().is_empty());
    assert_eq!(told["counts"]["new"], 0);
    assert_eq!(told["run"]["sites"]["thu"]["mode"], "update");
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("1 of 1 sites not well: thu"), "{text}");
    assert_eq!(posts[0].path, "/SeCrEt?key=ToKeN");
    assert_eq!(posts[0].header("authorization"), Some("Bearer To-Ken"));
    assert!(posts[0].header("content-type").unwrap().contains("json"));
    // No site did its work: the dead-man switch is told so.
    assert_eq!(hook.pings()[2..4], ["/ping/start", "/ping/fail"]);
    if let Some(python) = Python::with(&["hmac", "hashlib"]) {
        let code = "import hmac, sys\n\
                    print(hmac.new(b'Jefe', sys.argv[1].encode(), 'sha256').hexdigest())";
        let digest = python.run(code, &[&posts[0].body]);
        assert_eq!(
            posts[0].header("x-khobao-signature").unwrap(),
            format!("sha256={}", digest.trim())
        );
    }
    // It is well again, but the hook is down; the crawl after it tells.
    relent(&portal, &refused);
    hook.answer(500);
    let said = crawl(&place, 0);
    assert!(
        said.contains("nobody was told by webhook: http://127.0.0.1: it answered 500"),
        "{said}"
    );
    for secret in ["SeCrEt", "ToKeN", "Jefe", "To-Ken"] {
        assert!(!said.contains(secret), "{said}");
        let state = std::fs::read_to_string(place.archive().join("notified.json")).unwrap();
        assert!(!state.contains(secret));
    }
    assert_eq!(hook.posts().len(), 4, "three attempts");
    hook.answer(200);
    crawl(&place, 0);
    crawl(&place, 0);
    let posts = hook.posts();
    assert_eq!(posts.len(), 5);
    let told = posts[4].json();
    assert_eq!(
        (&told["state"], &told["previous"]),
        (&"ok".into(), &"not_well".into())
    );
    assert!(told["text"].as_str().unwrap().contains("all is well again"));
    let known = place.expect(0, &["notify"]);
    assert!(known.contains("webhook: told \"ok\" at 20"), "{known}");
}

#[test]
fn a_damaged_archive_and_a_wrong_configuration_are_told() {
    let hook = Hook::start();
    let portal = Portal::start(PortalConfig::with_articles(5)).unwrap();
    let place = Place::new(&portal.base(), "");
    let told = place.dir.path().join("told");
    let script = format!(
        "cat > {0}.json; echo \"$KHOBAO_STATE $KHOBAO_EXIT $KHOBAO_SUMMARY\" >> {0}",
        told.display()
    );
    notify(
        &place,
        &format!(
            "webhook = \"http://{0}/\"\nping = \"http://{0}/ping\"\n\
             command = [\"sh\", \"-c\", '{script}']",
            hook.address
        ),
    );
    crawl(&place, 0);
    assert_eq!(hook.pings(), ["/ping"]);
    let index = place.archive().join("index");
    let away = place.archive().join("away");
    std::fs::rename(&index, &away).unwrap();
    std::fs::write(&index, "no index").unwrap();
    let out = place.run(&["crawl"]);
    assert_eq!(out.status.code(), Some(6), "{}", stderr(&out));
    place.run(&["crawl"]);
    let posts = hook.posts();
    assert_eq!(posts.len(), 1, "once: {posts:#?}");
    assert_eq!(posts[0].json()["exit"], 6);
    let why = posts[0].json()["error"].as_str().unwrap().to_owned();
    assert!(stderr(&out).contains(&why), "{why}");
    std::fs::remove_file(&index).unwrap();
    std::fs::rename(&away, &index).unwrap();
    // A mistake in a site's table: nothing is crawled, and [notify] is read all the same.
    let right = std::fs::read_to_string(place.config()).unwrap();
    let wrong = right
        .replace("profile = \"nukeviet\"", "profile = \"nukvet\"")
        .replace("[archive]\n", "[archive]\nnonsense = 1\n");
    assert_ne!(right, wrong);
    std::fs::write(place.config(), &wrong).unwrap();
    crawl(&place, 2);
    crawl(&place, 2);
    std::fs::write(place.config(), &right).unwrap();
    crawl(&place, 0);
    let states: Vec<String> = hook
        .posts()
        .iter()
        .map(|post| post.json()["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states, ["damaged", "configuration", "ok"]);
    let text = hook.posts()[1].json()["text"].as_str().unwrap().to_owned();
    assert!(
        text.contains("nothing was crawled") && text.contains("nonsense"),
        "{text}"
    );
    // A plain ping is only asked after a crawl that did some work.
    assert_eq!(hook.pings(), ["/ping", "/ping"]);
    // The command was told the same.
    let lines = std::fs::read_to_string(&told).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[1].starts_with("configuration 2 khobao: nothing was crawled"));
    assert!(lines[2].starts_with("ok 0 khobao: all is well again"));
    let json = std::fs::read_to_string(told.with_extension("json")).unwrap();
    assert_eq!(json, hook.posts()[2].body);
}

#[test]
fn whoever_holds_the_archive_tells_how_his_crawl_ended() {
    let hook = Hook::start();
    let (portal, place, refused) = refusing(&format!(
        "on = \"always\"\nwebhook = \"http://{0}/\"\nping = \"http://{0}/ping\"\n\
         ping_style = \"healthchecks\"",
        hook.address
    ));
    relent(&portal, &refused);
    assert_eq!(hook.posts().len(), 1);
    let hold = khobao::archive::Archive::open(&place.archive()).unwrap();
    crawl(&place, 4);
    drop(hold);
    assert_eq!((hook.posts().len(), hook.pings().len()), (1, 2));
    crawl(&place, 0);
    assert_eq!((hook.posts().len(), hook.pings().len()), (2, 4));
    // A dry run asks and tells nobody.
    place.expect(0, &["crawl", "--dry-run"]);
    assert_eq!((hook.posts().len(), hook.pings().len()), (2, 4));
}

#[test]
fn a_disabled_site_that_is_crawled_by_name_is_told_of() {
    let hook = Hook::start();
    let place = Place::new("http://127.0.0.1:9/", "enabled = false");
    notify(&place, &format!("webhook = \"http://{}/\"", hook.address));
    let out = place.run(&["crawl", "thu"]);
    assert_eq!(out.status.code(), Some(3), "{}", stderr(&out));
    let told = hook.posts()[0].json();
    assert_eq!(told["state"], "not_well", "{told:#}");
    assert_eq!(told["not_well"]["thu"]["state"], "parked");
}

#[test]
fn a_channel_that_hangs_holds_no_crawl_up() {
    // Takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = silent.local_addr().unwrap();
    let portal = Portal::start(PortalConfig::with_articles(5)).unwrap();
    let place = Place::new(&portal.base(), "");
    let left = place.dir.path().join("left");
    notify(
        &place,
        &format!(
            "on = \"always\"\nwebhook = \"http://{at}/hook\"\nping = \"http://{at}/ping\"\n\
             email_to = [\"a@example.org\"]\nemail_from = \"b@example.org\"\n\
             smtp = \"smtp://{at}\"\n\
             command = [\"sh\", \"-c\", '(sleep 23; touch {}) & sleep 600']",
            left.display()
        ),
    );
    let begun = Instant::now();
    let said = crawl(&place, 0);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(45), "{took:?}");
    for channel in ["webhook", "ping", "email", "command"] {
        assert!(
            said.contains(&format!("nobody was told by {channel}: ")),
            "{said}"
        );
    }
    assert_eq!(place.records().len(), 5);
    // What the command began went with it.
    std::thread::sleep(Duration::from_secs(27).saturating_sub(begun.elapsed()));
    assert!(!left.exists());
    let ps = std::process::Command::new("pgrep")
        .args(["-f", &left.display().to_string()])
        .output();
    if let Ok(ps) = ps {
        assert!(
            ps.stdout.is_empty(),
            "{}",
            String::from_utf8_lossy(&ps.stdout)
        );
    }
}

#[test]
fn a_hook_over_tls_needs_a_certificate_that_is_trusted() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let hook = Hook::with(Some(std::sync::Arc::new(tls)));
    let port = hook.address.port();
    let place = Place::new("http://127.0.0.1:9/", "");
    notify(&place, &format!("webhook = \"https://localhost:{port}/h\""));
    let out = place.run(&["notify", "--test"]);
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(1));
    assert!(
        said.contains("webhook: https://localhost: ") && said.contains("certificate"),
        "{said}"
    );
    assert!(hook.posts().is_empty());
    let pem = place.dir.path().join("ca.pem");
    std::fs::write(&pem, made.cert.pem()).unwrap();
    let out = place
        .command(&["notify", "--test"])
        .env("SSL_CERT_FILE", &pem)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{said}{}", stderr(&out));
    let posts = hook.posts();
    assert_eq!(posts[0].json()["state"], "test");
}

#[test]
fn mistakes_in_the_table_name_their_line_and_no_secret() {
    let place = Place::new("http://127.0.0.1:9/", "");
    let plain = std::fs::read_to_string(place.config()).unwrap();
    for (lines, line, what) in [
        ("on = \"sometimes\"", 2, "failure"),
        (
            "webhook = \"hooks.example.org/SeCrEt\"",
            2,
            "webhook is no web address",
        ),
        ("webhook_key = \"SeCrEt\"", 2, "needs webhook"),
        ("ping_style = \"plain\"", 2, "needs ping"),
        ("command = []", 2, "command is empty"),
        ("smtp = \"smtp://SeCrEt@h\"", 2, "email_to is missing"),
        ("email_to = [\"a@b.org\"]", 2, "email_from is missing"),
        (
            "email_to = [\"a@b.org\"]\nemail_from = \"nobody\"\nsmtp = \"smtp://localhost\"",
            3,
            "no mail address",
        ),
        (
            "email_to = [\"a@b.org\"]\nemail_from = \"c@d.org\"",
            2,
            "nothing sends",
        ),
        (
            "email_to = [\"a@b.org\"]\nemail_from = \"c@d.org\"\nsmtp = \"smtp://u:SeCrEt@mail.example.org\"",
            4,
            "in the clear",
        ),
        ("remind = \"often\"", 2, "write a duration"),
        ("webhok = \"https://h/\"", 2, "webhok"),
    ] {
        std::fs::write(place.config(), &plain).unwrap();
        notify(&place, lines);
        let out = place.run(&["crawl"]);
        let said = stderr(&out);
        assert_eq!(out.status.code(), Some(2), "{lines}: {said}");
        assert!(
            said.contains(&format!("config.toml:{line}: ")) && said.contains(what),
            "{lines}: {said}"
        );
        assert!(!said.contains("SeCrEt"), "{said}");
    }
    std::fs::write(place.config(), &plain).unwrap();
    place.expect(2, &["notify"]);
    // A variable that is not set fails one channel, and no command but that which tells.
    notify(&place, "webhook = \"env:KHOBAO_NO_SUCH_VARIABLE\"");
    let said = place.expect(1, &["notify", "--test"]);
    assert!(
        said.contains("KHOBAO_NO_SUCH_VARIABLE is not set"),
        "{said}"
    );
}

#[test]
fn the_scheduler_tells_of_a_crawl_that_was_killed() {
    let hook = Hook::start();
    let portal = Portal::start(PortalConfig::with_articles(30)).unwrap();
    let place = Place::new(
        &portal.base(),
        "schedule = \"6h\"\npace = \"200ms\"\nconcurrency = 1",
    );
    notify(&place, &format!("webhook = \"http://{}/\"", hook.address));
    let mut scheduler = place.spawn(&["schedule", "run"]);
    let kill = |pid: u32, signal| {
        let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
        nix::sys::signal::kill(pid, signal).unwrap();
    };
    let begun = Instant::now();
    let wait = |what: &str| {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    };
    while portal.hits().len() < 5 {
        wait("no crawl");
    }
    let status = std::fs::read_to_string(place.archive().join("status.json")).unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let crawl = u32::try_from(status["running"]["pid"].as_u64().unwrap()).unwrap();
    kill(crawl, nix::sys::signal::Signal::SIGKILL);
    while hook.posts().is_empty() {
        wait("nobody is told");
    }
    let told = hook.posts()[0].json();
    assert_eq!(told["state"], "failed");
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("killed by signal 9"), "{text}");
    kill(scheduler.id(), nix::sys::signal::Signal::SIGTERM);
    assert_eq!(scheduler.wait().unwrap().code(), Some(143));
    // What it had fetched is there, and the next crawl is well.
    std::fs::write(
        place.config(),
        std::fs::read_to_string(place.config())
            .unwrap()
            .replace("200ms", "0s"),
    )
    .unwrap();
    place.expect(0, &["crawl"]);
    assert_eq!(place.records().len(), 30);
    assert_eq!(hook.posts()[1].json()["state"], "ok");
}
