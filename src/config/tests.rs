use super::*;

const GOOD: &str = r#"
[archive]
path = "archive"
[crawler]
contact = "mailto:archive@example.org"
[[sites]]
id = "mttq-dienbien"
name = "MTTQ"
base = "http://127.0.0.1:8081/"
profile = "nukeviet"
seeds = ["/"]
pace = "2s"
concurrency = 1
allow_private = true
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("dir/config.toml"), text, &|name| {
        name == "nukeviet"
    })
}

#[test]
fn the_documented_example_is_read() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.archive, Path::new("dir/archive"));
    let site = &config.sites[0];
    assert_eq!(site.pace, Duration::from_secs(2));
    assert_eq!(site.seeds[0].as_str(), "http://127.0.0.1:8081/");
    assert!(site.capture.images && !site.capture.attachments);
}

#[test]
fn the_template_and_the_reference_are_usable() {
    assert!(parse(TEMPLATE).unwrap().sites.is_empty());
}

#[test]
fn every_mistake_names_its_line_and_the_remedy() {
    for (from, to, line, hint) in [
        ("pace = \"2s\"", "pace = \"2 lightyears\"", 12, "\"500ms\""),
        ("pace = \"2s\"", "paze = \"2s\"", 12, "paze"),
        ("\"nukeviet\"", "\"nukeveit\"", 10, "nukeveit"),
        (
            "base = \"http://127.0.0.1:8081/\"",
            "base = \"127.0.0.1\"",
            9,
            "absolute URL",
        ),
        (
            "seeds = [\"/\"]",
            "seeds = [\"http://other.vn/\"]",
            11,
            "path such as",
        ),
        ("concurrency = 1", "concurrency = 0", 13, "1 to 64"),
        (
            "contact = \"mailto:archive@example.org\"",
            "contact = \"me\"",
            5,
            "mailto:",
        ),
        (
            "id = \"mttq-dienbien\"",
            "id = \"MTTQ Điện Biên\"",
            7,
            "a-z",
        ),
        ("allow_private = true", "allow_private = 3", 14, "boolean"),
        ("allow_private = true", "tls = \"lax\"", 14, "relaxed"),
        ("allow_private = true", "unexplained = -1", 14, "u64"),
    ] {
        let text = GOOD.replace(from, to);
        let error = parse(&text).expect_err(to).to_string();
        assert!(
            error.starts_with(&format!("dir/config.toml:{line}: ")),
            "{to}: {error}"
        );
        assert!(error.contains(hint), "{to}: {error}");
    }
}

#[test]
fn no_time_and_no_folder_are_no_values() {
    for (key, value) in [
        ("header_timeout", "0s"),
        ("total_timeout", "0ms"),
        ("idle_timeout", "0s"),
        ("connect_timeout", "0s"),
    ] {
        let text = GOOD.replacen("[crawler]", &format!("[crawler]\n{key} = {value:?}"), 1);
        assert_ne!(text, GOOD);
        let why = parse(&text).unwrap_err().to_string();
        assert!(why.contains(key) && why.contains("30s"), "{why}");
    }
    let text = GOOD.replace("path = \"archive\"", "path = \" \"");
    let why = parse(&text).unwrap_err().to_string();
    assert!(why.contains("path"), "{why}");
}

#[test]
fn pace_zero_and_anonymity_are_for_loopback_only() {
    let fast = GOOD.replace("\"2s\"", "\"0s\"");
    assert!(parse(&fast).is_ok());
    let public = fast.replace("allow_private = true", "");
    assert!(
        parse(&public)
            .unwrap_err()
            .to_string()
            .contains("intranets")
    );
    let anonymous = GOOD
        .replace("contact = \"mailto:archive@example.org\"", "")
        .replace("127.0.0.1:8081", "mttq.example.vn");
    assert!(
        parse(&anonymous)
            .unwrap_err()
            .to_string()
            .contains("contact")
    );
}

#[test]
fn former_addresses_are_checked() {
    let two = |formerly: &str, other: &str| {
        format!(
            "{GOOD}formerly = [{formerly}]\n[[sites]]\nid = \"old\"\n\
             base = \"http://www.old.vn:81/\"\nprofile = \"nukeviet\"\n{other}\n"
        )
    };
    let off = "enabled = false";
    for (formerly, other, hint) in [
        ("\"http://127.0.0.1:8081\"", off, "is the site's base"),
        ("\"old.vn\"", off, "absolute URL"),
        ("\"http://old.vn:81/\"", "", "enabled = false"),
        (
            "\"http://a.vn/x\", \"https://www.a.vn/x/\"",
            off,
            "stands twice",
        ),
        ("\"http://x.vn/\"", "hosts = [\"www.x.vn\"]", "site \"old\""),
    ] {
        let error = parse(&two(formerly, other)).unwrap_err().to_string();
        assert!(error.starts_with("dir/config.toml:15: "), "{error}");
        assert!(error.contains(hint), "{error}");
    }
    let config = parse(&two("\"https://old.vn:81/\", \"http://a.vn/x\"", off)).unwrap();
    let site = &config.sites[0];
    let bases: Vec<&str> = site.formerly.iter().map(Url::as_str).collect();
    assert_eq!(bases, ["http://www.old.vn:81/", "http://a.vn/x/"]);
    assert_eq!(site.absorbed(), [config.sites[1].id.clone()]);
    assert!(config.sites[1].absorbed().is_empty());
    let policy = site.url_policy(&[]);
    let old = Url::parse("http://www.old.vn:81/tin/a-1.html").unwrap();
    let new = policy.successor(&old).unwrap();
    assert_eq!(new.as_str(), "http://127.0.0.1:8081/tin/a-1.html");
    assert_eq!(config.sites[1].url_policy(&[]).successor(&old), None);
}
