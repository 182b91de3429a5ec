//! The rules of one origin. Pure; matching is the robotxt crate's.

use super::TOKEN;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;

/// What of a robots.txt is read, bytes (RFC 9309, section 2.5, asks for at least this).
pub const BYTE_LIMIT: usize = 500 * 1024;

/// Rules are good for a day (RFC 9309, section 2.4).
const GOOD_FOR: TimeDelta = TimeDelta::hours(24);
/// A file that cannot be had is asked for again after this time.
const RETRY_AFTER: TimeDelta = TimeDelta::minutes(10);

/// Whether a URL may be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// It may not, by this rule.
    Denied {
        /// The rule's pattern, e.g. `/admin/`.
        rule: String,
    },
    /// It may not, because robots.txt could not be had.
    Unreachable {
        /// Why.
        why: String,
    },
}

/// What is known about an origin's robots.txt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Access {
    /// Its text.
    Text(String),
    /// There is none: everything is allowed (RFC 9309, section 2.3.1.3).
    Absent(String),
    /// It could not be had: nothing is allowed (RFC 9309, section 2.3.1.4).
    Unreachable(String),
}

/// The rules of one origin. Serialisable, to outlive the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Robots {
    stored: Stored,
    parsed: robotxt::Robots,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    access: Access,
    fetched_at: DateTime<Utc>,
    good_until: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    last_modified: Option<String>,
}

impl From<Stored> for Robots {
    fn from(stored: Stored) -> Self {
        let parsed = match &stored.access {
            Access::Text(text) => robotxt::Robots::parse(&own_token(text.as_bytes()), TOKEN),
            Access::Absent(_) => robotxt::Robots::allow_all(),
            Access::Unreachable(_) => robotxt::Robots::disallow_all(),
        };
        Self { stored, parsed }
    }
}

impl From<Robots> for Stored {
    fn from(robots: Robots) -> Self {
        robots.stored
    }
}

impl Robots {
    /// The rules of a file that was read at `now`. Bytes above [`BYTE_LIMIT`] are not read.
    pub fn parse(file: &[u8], now: DateTime<Utc>) -> Self {
        let file = file.get(..=BYTE_LIMIT).unwrap_or(file);
        let text = String::from_utf8_lossy(file).into_owned();
        Self::with(Access::Text(text), now, GOOD_FOR)
    }

    /// There is no file, so everything is allowed.
    pub fn absent(why: impl Into<String>, now: DateTime<Utc>) -> Self {
        Self::with(Access::Absent(why.into()), now, GOOD_FOR)
    }

    /// The file could not be had, so nothing is allowed; to be asked for again after `retry`
    /// (ten minutes unless the host asks for more, at most a day).
    pub fn unreachable(
        why: impl Into<String>,
        now: DateTime<Utc>,
        retry: Option<Duration>,
    ) -> Self {
        let retry = retry.and_then(|retry| TimeDelta::from_std(retry).ok());
        let retry = retry.unwrap_or(RETRY_AFTER).clamp(RETRY_AFTER, GOOD_FOR);
        Self::with(Access::Unreachable(why.into()), now, retry)
    }

    fn with(access: Access, now: DateTime<Utc>, good_for: TimeDelta) -> Self {
        Stored {
            access,
            fetched_at: now,
            good_until: now + good_for,
            etag: None,
            last_modified: None,
        }
        .into()
    }

    pub(super) fn validators(mut self, etag: Option<&str>, last_modified: Option<&str>) -> Self {
        self.stored.etag = etag.map(str::to_owned);
        self.stored.last_modified = last_modified.map(str::to_owned);
        self
    }

    /// The same rules, found unchanged at `now`.
    pub(super) fn renewed(&self, now: DateTime<Utc>) -> Self {
        let mut renewed = self.clone();
        renewed.stored.fetched_at = now;
        renewed.stored.good_until = now + GOOD_FOR;
        renewed
    }

    /// Headers for asking whether the file has changed; none unless there is a text.
    pub(super) fn conditions(&self) -> Vec<(String, String)> {
        if !matches!(self.stored.access, Access::Text(_)) {
            return Vec::new();
        }
        let etag = self.stored.etag.iter().map(|v| ("If-None-Match", v));
        let date = self.stored.last_modified.iter();
        let date = date.map(|v| ("If-Modified-Since", v));
        etag.chain(date)
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect()
    }

    /// Whether the URL may be fetched. It must be of the origin that the rules are of; its
    /// `/robots.txt` always may be.
    pub fn verdict(&self, url: &Url) -> Verdict {
        if url.path() == "/robots.txt" || self.parsed.is_url_allowed(url) {
            return Verdict::Allowed;
        }
        if let Access::Unreachable(why) = &self.stored.access {
            return Verdict::Unreachable { why: why.clone() };
        }
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let rule = self.parsed.matching_rule(path);
        Verdict::Denied {
            rule: rule.map_or_else(String::new, |rule| rule.pattern().to_owned()),
        }
    }

    /// The pace that the portal asks for.
    pub fn crawl_delay(&self) -> Option<Duration> {
        self.parsed.crawl_delay()
    }

    /// The sitemaps that it names.
    pub fn sitemaps(&self) -> &[Url] {
        self.parsed.sitemaps()
    }

    /// Whether the rules may still be used at `now`.
    pub fn is_good(&self, now: DateTime<Utc>) -> bool {
        now < self.stored.good_until && now >= self.stored.fetched_at - GOOD_FOR
    }

    /// Whether they could not be had because of the host's certificate, so that nothing was asked.
    pub fn is_tls_fault(&self) -> bool {
        matches!(&self.stored.access, Access::Unreachable(why) if why.starts_with("tls_"))
    }

    /// When they were read.
    pub fn fetched_at(&self) -> DateTime<Utc> {
        self.stored.fetched_at
    }

    /// One line for people: where the rules come from.
    pub fn summary(&self) -> String {
        match &self.stored.access {
            Access::Text(text) => format!("read, {} bytes", text.len()),
            Access::Absent(why) => format!("everything allowed: {why}"),
            Access::Unreachable(why) => format!("nothing allowed: {why}"),
        }
    }
}

/// The file with each `User-agent: khobao/1.0`, which the crate takes for another name, cut down
/// to the product token.
fn own_token(file: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(file.len());
    for line in file.split_inclusive(|b| matches!(b, b'\n' | b'\r')) {
        let value = line.iter().position(|b| *b == b':').and_then(|colon| {
            let (name, value) = line.split_at_checked(colon + 1)?;
            let name = name.trim_ascii().to_ascii_lowercase();
            let name = name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&name);
            name.starts_with(b"user").then(|| value.trim_ascii())
        });
        let versioned = value
            .and_then(|value| value.split_at_checked(TOKEN.len()))
            .is_some_and(|(name, rest)| {
                name.eq_ignore_ascii_case(TOKEN.as_bytes())
                    && matches!(rest.first(), Some(b'/' | b' ' | b'\t' | b'(' | b';'))
            });
        if versioned {
            out.extend_from_slice(format!("User-agent: {TOKEN}\n").as_bytes());
        } else {
            out.extend_from_slice(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T00:00:00Z".parse().unwrap()
    }

    fn allowed(file: &str, path: &str) -> bool {
        let url = Url::parse(&format!("https://bao.example{path}")).unwrap();
        Robots::parse(file.as_bytes(), now()).verdict(&url) == Verdict::Allowed
    }

    fn check(file: &str, may: &[&str], may_not: &[&str]) {
        for path in may {
            assert!(allowed(file, path), "{path} is allowed by:\n{file}");
        }
        for path in may_not {
            assert!(!allowed(file, path), "{path} is denied by:\n{file}");
        }
    }

    #[test]
    fn the_longest_match_wins_and_allow_wins_ties() {
        let file = "User-agent: *\nDisallow: /tin/\nAllow: /tin/a\nDisallow: /tin/ab\nAllow: /p\nDisallow: /p\n";
        check(
            file,
            &["/", "/tin/a", "/tin/ac", "/p", "/px", "/tin"],
            &["/tin/b", "/tin/abc", "/tin/"],
        );
        check(
            "User-agent: *\nAllow: /page\nDisallow: /*.html",
            &["/page", "/x.htm"],
            &["/page.html", "/x.html"],
        );
    }

    #[test]
    fn wildcards_and_anchors() {
        let file = "User-agent: *\nDisallow: /*.pdf$\nDisallow: /a*b*c\nDisallow: /$\nDisallow: /*?print=1";
        check(
            file,
            &[
                "/x.pdf?y",
                "/x.pdfs",
                "/ac",
                "/x",
                "/index.php?a=1&print=1x=2",
                "/tin?in=1",
            ],
            &["/x.pdf", "/a/b/c", "/aXbYcZ", "/", "/tin?print=1"],
        );
    }

    #[test]
    fn percent_encoding_is_one_spelling() {
        let file = "User-agent: *\nDisallow: /tin tức\nDisallow: /%61dmin\nDisallow: /x%2Fy\n";
        check(
            file,
            &["/tin", "/x/y"],
            &[
                "/tin%20t%e1%bb%a9c/1",
                "/tin%20tức",
                "/admin/",
                "/x%2fy",
                "/%61dmin",
            ],
        );
    }

    #[test]
    fn groups_are_merged_and_ours_is_found_by_its_token() {
        let file = "User-agent: other\nUser-agent: KhoBao\nDisallow: /a\n\nUser-agent: *\nDisallow: /\n\nuser-agent: khobao\ndisallow: /b\n";
        check(file, &["/", "/c"], &["/a", "/b"]);
        for line in [
            "khobao/1.0",
            "Khobao (archive)",
            "khobao # ours",
            " KHOBAO ",
        ] {
            let file = format!("User-agent: *\nDisallow: /\n\nUser-agent:{line}\nDisallow: /a\n");
            check(&file, &["/b"], &["/a"]);
        }
        for line in ["khobaox", "khobao-images", "notkhobao", "khob"] {
            let file = format!("User-agent: *\nDisallow: /a\n\nUser-agent: {line}\nDisallow: /\n");
            check(&file, &["/b"], &["/a"]);
        }
        check("User-agent: other\nDisallow: /", &["/"], &[]);
        check(
            "User-agent: khobao\nAllow: /\n\nUser-agent: *\nDisallow: /",
            &["/x"],
            &[],
        );
    }

    #[test]
    fn odd_files_are_read() {
        check(
            "\u{feff}User-agent: *\r\nDisallow: /a\r\n",
            &["/b"],
            &["/a"],
        );
        check(
            "USER-AGENT:*\rDISALLOW:/a # why\rDisallow:\r",
            &["/b"],
            &["/a"],
        );
        check("Disallow: /\n", &["/"], &[]);
        check("<html><body>404</body></html>", &["/"], &[]);
        check("", &["/", "/robots.txt"], &[]);
        check(
            "User-agent: *\nDisallow: /",
            &["/robots.txt"],
            &["/robots.txt.bak", "/"],
        );
        check(
            "User-agent: *\nDisallow: a\nDisallow: *.zip",
            &["/b"],
            &["/a", "/x.zip"],
        );
        check(
            "User-agent: *\nCrawl-delay: 3\nSitemap: https://x.example/s\nDisallow: /a",
            &["/b"],
            &["/a"],
        );
    }

    #[test]
    fn what_stands_beyond_the_limit_is_not_read() {
        let mut file = "User-agent: *\nDisallow: /a\n".to_owned();
        while file.len() < BYTE_LIMIT {
            file.push_str("# filler filler filler filler\n");
        }
        file.push_str("Disallow: /b\n");
        check(&file, &["/b"], &["/a"]);
        let endless = "x".repeat(BYTE_LIMIT * 2);
        check(&endless, &["/"], &[]);
    }

    #[test]
    fn delay_sitemaps_and_the_rule_are_told() {
        let file = b"Sitemap: https://bao.example/sitemap.xml\nUser-agent: *\nCrawl-delay: 2.5\nDisallow: /admin/\nSitemap: /relative\n";
        let robots = Robots::parse(file, now());
        assert_eq!(robots.crawl_delay(), Some(Duration::from_millis(2500)));
        assert_eq!(robots.sitemaps().len(), 1);
        let url = Url::parse("https://bao.example/admin/x").unwrap();
        let rule = "/admin/".to_owned();
        assert_eq!(robots.verdict(&url), Verdict::Denied { rule });
    }

    #[test]
    fn rules_are_good_for_a_day_and_outlive_the_run() {
        let robots =
            Robots::parse(b"User-agent: *\nDisallow: /a", now()).validators(Some("\"1\""), None);
        assert!(robots.is_good(now() + TimeDelta::hours(23)));
        assert!(!robots.is_good(now() + TimeDelta::hours(24)));
        let text = serde_json::to_string(&robots).unwrap();
        let back: Robots = serde_json::from_str(&text).unwrap();
        assert_eq!(back, robots);
        assert_eq!(
            back.conditions(),
            [("If-None-Match".to_owned(), "\"1\"".to_owned())]
        );
        let denied = Robots::unreachable("status 503", now(), Some(Duration::from_secs(1)));
        assert!(denied.is_good(now() + TimeDelta::minutes(9)));
        assert!(!denied.is_good(now() + TimeDelta::minutes(10)));
        let url = Url::parse("https://bao.example/").unwrap();
        assert!(matches!(denied.verdict(&url), Verdict::Unreachable { .. }));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(
            file in proptest::collection::vec(proptest::num::u8::ANY, 0..400),
            lines in "((user-agent|allow|disallow|crawl-delay|sitemap)[ :]*[ -~à-ỹ]{0,12}\r?\n){0,12}",
            path in "/[ -~à-ỹ]{0,20}",
        ) {
            if let Ok(url) = Url::parse(&format!("https://bao.example{path}")) {
                let _ = Robots::parse(&file, now()).verdict(&url);
                let robots = Robots::parse(lines.as_bytes(), now());
                let _ = (robots.verdict(&url), robots.crawl_delay());
            }
        }

        #[test]
        fn a_plain_prefix_rule_denies_just_its_prefix(prefix in "/[a-z0-9/_.-]{1,12}", rest in "[a-z0-9/]{0,8}", other in "/[A-Z]{1,5}") {
            let file = format!("User-agent: *\nDisallow: {prefix}\n");
            let url = Url::parse("https://bao.example/").unwrap();
            let robots = Robots::parse(file.as_bytes(), now());
            let path = format!("{prefix}{rest}");
            let inside = { let mut u = url.clone(); u.set_path(&path); u };
            // The URL parser resolves dot segments, so ask only about paths that stay.
            if inside.path() == path && path != "/robots.txt" {
                let denied = matches!(robots.verdict(&inside), Verdict::Denied { .. });
                proptest::prop_assert!(denied);
            }
            let outside = { let mut u = url; u.set_path(&other); u };
            proptest::prop_assert_eq!(robots.verdict(&outside), Verdict::Allowed);
        }
    }
}
