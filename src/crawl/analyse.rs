//! From an exchange to what the writer commits: pure but for the hashing it does.

use super::links::{follow, skip_outcome};
use super::scope::Scope;
use crate::archive::schema::{TaskKind, url_hash};
use crate::archive::{End, Extracted, Finished, NewTask, Task, new_task_row};
use crate::domain::{
    Digest, Exchange, FaultKind, LinkKind, NotArticle, Outcome, Page, PageKind, UrlPolicy,
    province_on,
};
use crate::extract::profile::UrlClass;
use crate::extract::{Expect, Input, extract};
use url::Url;

/// Failed attempts before a task is left to the next run.
const ATTEMPTS: u8 = 4;
/// Flood pages in answer to one URL before it is left to the next run.
const FLOODS: u8 = 7;
/// Redirects before it is a loop (RFC 9110, 15.4 asks for a limit; browsers take 20).
const HOPS: u8 = 10;
/// The first wait before a task is tried again; doubled each time.
const FIRST_WAIT_MICROS: i64 = 2_000_000;

/// What was asked, and what came.
pub(crate) struct Asked {
    pub task: Task,
    pub exchange: Exchange,
    /// What robots.txt said, for the record's provenance.
    pub robots: String,
    /// Microseconds since 1970.
    pub now: i64,
    /// The payload's digest, where it is known.
    pub payload: Option<Digest>,
    /// Whether it was asked for on the condition that it has changed.
    pub conditional: bool,
    /// Whether it matters what the page leads to.
    pub follow: bool,
}

/// Decides how the task ends.
pub(crate) fn analyse(site: &Scope, asked: Asked, max_bytes: usize) -> Finished {
    let Asked {
        task,
        exchange,
        robots,
        now,
        payload,
        conditional,
        follow,
    } = asked;
    let read = Reader {
        site,
        task: &task,
        exchange: &exchange,
        robots,
        now,
        max_bytes,
        conditional,
        follow,
    };
    let url = exchange.url.clone();
    let said = read.robots.clone();
    let (end, links, skipped) = guarded(&url, || read.end());
    let keep = keep(&end, &exchange);
    let payload = match payload {
        _ if !keep => Digest([0; 32]),
        Some(known) => known,
        None => Digest::of(&exchange.payload),
    };
    let traffic = (exchange.response_bytes.len() as u64, 1);
    Finished {
        moves: site.moves().cloned(),
        task,
        payload,
        robots: said,
        end,
        links,
        skipped,
        traffic,
        exchange: keep.then_some(exchange),
    }
}

/// robots.txt, captured like everything else; its sitemaps are where the crawl begins, too.
pub(crate) fn robots(site: &Scope, exchange: Exchange, sitemaps: &[Url]) -> Finished {
    // Every hop stands under the origin's own robots.txt: a redirect's target may be a page with a
    // task of its own.
    let own = exchange.url.join("/robots.txt");
    let own = own.as_ref().unwrap_or(&exchange.url);
    let url = site.policy.canonical(own).as_str().to_owned();
    let row = new_task_row(url, site.site.id.clone(), TaskKind::Robots, site.generation);
    let task = Task {
        hash: url_hash(&row.url),
        row,
    };
    let links = sitemaps
        .iter()
        .filter(|url| site.since.is_none() && site.policy.is_own(url))
        .map(|url| NewTask {
            url: site.policy.canonical(url).as_str().to_owned(),
            kind: TaskKind::Sitemap,
            via: Some(LinkKind::Sitemap),
        })
        .collect();
    Finished {
        moves: None,
        task,
        payload: Digest::of(&exchange.payload),
        robots: String::new(),
        end: End::Plain(match &exchange.fault {
            Some(fault) if fault.kind != FaultKind::TooLarge => Outcome::Fault(fault.kind),
            _ => Outcome::Robots,
        }),
        links,
        skipped: Vec::new(),
        traffic: (exchange.response_bytes.len() as u64, 1),
        exchange: (!exchange.response_bytes.is_empty()).then_some(exchange),
    }
}

/// The spelling of its own address that a portal redirects a canonical URL to.
pub(crate) fn respelled(site: &Scope, task: &Task, exchange: &Exchange) -> Option<Url> {
    if !matches!(exchange.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let to = UrlPolicy::resolve(&exchange.url, exchange.header("location")?)?;
    (site.policy.is_own(&to) && site.policy.canonical(&to).as_str() == task.row.url).then_some(to)
}

/// Flood pages are never stored, nor is what will be asked for again; what never came cannot be.
fn keep(end: &End, exchange: &Exchange) -> bool {
    // A redirect to another spelling of the same URL is an answer, though the URL is asked again.
    let again = matches!(end, End::Retry { outcome, .. } if *outcome != Outcome::Redirected);
    let flood = matches!(
        end,
        End::NextRun(Outcome::NotArticle(NotArticle::Flood))
            | End::Plain(Outcome::NotArticle(NotArticle::Flood))
    );
    !again && !flood && !exchange.response_bytes.is_empty() && exchange.status != 0
}

/// A fault of ours in reading a page costs neither the page nor the run: the capture is kept with
/// an outcome of its own, and can be read again by a version that is mended.
fn guarded(url: &Url, read: impl FnOnce() -> Ended) -> Ended {
    // What `read` holds is dropped with it: nothing half done is seen afterwards.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)) {
        Ok(ended) => ended,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            tracing::error!(
                %url,
                "reading the page failed by a fault of khobao's ({}); the capture is kept, please \
                 report this",
                text.unwrap_or("panic")
            );
            (End::Plain(Outcome::ReaderFault), Vec::new(), Vec::new())
        }
    }
}

/// Whether an HTML answer in place of robots.txt is the portal's anti-flood page.
pub(crate) fn is_flood(site: &Scope, exchange: &Exchange, max_bytes: usize) -> bool {
    let kind = exchange.header("content-type").unwrap_or_default();
    if !kind
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("text/html")
    {
        return false;
    }
    let input = input(site, exchange, max_bytes, Expect::Any);
    let page = extract(&input, &site.profiles, &site.profile);
    page.kind == PageKind::NotArticle(NotArticle::Flood)
}

fn input<'a>(site: &'a Scope, exchange: &'a Exchange, limit: usize, expected: Expect) -> Input<'a> {
    Input {
        url: &exchange.url,
        status: exchange.status,
        headers: &exchange.headers,
        payload: &exchange.payload,
        fetched_at: exchange.at,
        policy: &site.policy,
        limit,
        expected,
    }
}

struct Reader<'a> {
    site: &'a Scope,
    task: &'a Task,
    exchange: &'a Exchange,
    robots: String,
    now: i64,
    max_bytes: usize,
    conditional: bool,
    follow: bool,
}

type Ended = (End, Vec<NewTask>, Vec<Outcome>);

impl Reader<'_> {
    fn end(self) -> Ended {
        let only = |end| (end, Vec::new(), Vec::new());
        if let Some(fault) = &self.exchange.fault {
            return only(match fault.kind {
                FaultKind::TooLarge => End::Plain(Outcome::Fault(FaultKind::TooLarge)),
                kind @ FaultKind::PrivateAddress => End::NextRun(Outcome::Fault(kind)),
                kind => self.again(Outcome::Fault(kind)),
            });
        }
        match self.exchange.status {
            301 | 302 | 303 | 307 | 308 => only(self.redirect()),
            304 if self.conditional => only(End::NotModified),
            404 if self.flooded() => only(self.flood()),
            // The archive knows whether it is an article that has expired.
            404 => only(End::Plain(Outcome::DeadLink)),
            410 => only(End::Plain(Outcome::Gone)),
            429 => only(self.flood()),
            403 | 503 if self.flooded() => only(self.flood()),
            500..=599 | 408 | 425 => only(self.again(Outcome::HttpError)),
            200..=299 if self.task.row.kind.is_media() && self.is_html() && self.flooded() => {
                only(self.flood())
            }
            200..=299 if self.task.row.kind.is_media() => only(End::Plain(Outcome::Media)),
            200..=299 => self.page(),
            // A refusal may be lifted: the next run asks again.
            _ => only(End::NextRun(Outcome::HttpError)),
        }
    }

    fn again(&self, outcome: Outcome) -> End {
        let attempts = self.task.row.attempts;
        if attempts + 1 >= ATTEMPTS {
            return End::NextRun(outcome);
        }
        let wait = FIRST_WAIT_MICROS << attempts.min(16);
        End::Retry {
            due: self.now + wait,
            outcome,
            counts: true,
        }
    }

    /// Flood pages say nothing about the URL: it is asked for again; the host's gate decides when.
    /// What looks like one each time is left to the next run before the host is parked for it.
    fn flood(&self) -> End {
        let outcome = Outcome::NotArticle(NotArticle::Flood);
        if self.task.row.attempts + 1 >= FLOODS {
            return End::NextRun(outcome);
        }
        End::Retry {
            due: self.now,
            outcome,
            counts: true,
        }
    }

    fn is_html(&self) -> bool {
        let kind = self.exchange.header("content-type");
        kind.is_some_and(|kind| kind.starts_with("text/html"))
    }

    fn flooded(&self) -> bool {
        self.extract().kind == PageKind::NotArticle(NotArticle::Flood)
    }

    fn redirect(&self) -> End {
        let row = &self.task.row;
        let to = self
            .exchange
            .header("location")
            .and_then(|to| UrlPolicy::resolve(&self.exchange.url, to));
        let Some(to) = to else {
            return End::Plain(Outcome::HttpError);
        };
        let policy = &self.site.policy;
        if !policy.is_own(&to) {
            return End::Plain(Outcome::External);
        }
        if row.hops >= HOPS {
            return End::Plain(Outcome::RedirectLoop);
        }
        let home = policy.is_home(&to) && policy.canonical(&to).as_str() != row.url;
        if home && row.kind != TaskKind::Seed {
            return End::Plain(Outcome::RedirectHome);
        }
        let class = self.site.profile.classify(&to);
        let kind = match class {
            UrlClass::Skip(kind) if row.kind != TaskKind::Seed => {
                return End::Plain(skip_outcome(kind));
            }
            UrlClass::Article if !row.kind.is_media() => TaskKind::Article,
            UrlClass::Listing if row.kind == TaskKind::Article => TaskKind::Listing,
            _ => row.kind,
        };
        let url = policy.canonical(&to).as_str().to_owned();
        if url == row.url {
            // The portal insists on another spelling (scheme, www) of the canonical URL: from
            // now on every request goes there (see `respelled`), and this one is asked again.
            return match self.again(Outcome::Redirected) {
                End::Retry {
                    outcome, counts, ..
                } => End::Retry {
                    due: self.now,
                    outcome,
                    counts,
                },
                _ => End::Plain(Outcome::RedirectLoop),
            };
        }
        End::Redirect(NewTask {
            url,
            kind,
            via: row.via,
        })
    }

    fn extract(&self) -> Page {
        let expected = match self.task.row.kind {
            TaskKind::Article => Expect::Article,
            TaskKind::Listing | TaskKind::NextPage => Expect::Listing,
            TaskKind::Feed => Expect::Feed,
            TaskKind::Sitemap => Expect::Sitemap,
            _ => Expect::Any,
        };
        let input = input(self.site, self.exchange, self.max_bytes, expected);
        extract(&input, &self.site.profiles, &self.site.profile)
    }

    fn page(self) -> Ended {
        let mut page = self.extract();
        if page.kind == PageKind::NotArticle(NotArticle::Flood) {
            return (self.flood(), Vec::new(), Vec::new());
        }
        if page.cut {
            // Part of an article is no article, least of all the next revision of a whole one.
            let end = self.again(Outcome::Fault(FaultKind::Protocol));
            return (end, Vec::new(), Vec::new());
        }
        let wants_article = self.task.row.kind == TaskKind::Article;
        let article = page
            .article
            .take()
            .filter(|_| page.kind == PageKind::Article);
        let old = article
            .as_ref()
            .is_some_and(|article| self.is_before_since(article));
        if old {
            // Its lists lead through the whole past, in either direction.
            page.links.clear();
        }
        let (links, skipped) = match self.follow {
            true => follow(self.site, &self.exchange.url, &page.links, article.as_ref()),
            false => Default::default(),
        };
        let end = match (&page.kind, article) {
            (PageKind::Article, Some(article)) => {
                End::Article(Box::new(self.extracted(article, page)))
            }
            (PageKind::NotArticle(why), _) => End::Plain(Outcome::NotArticle(*why)),
            (PageKind::Feed, _) if self.task.row.kind == TaskKind::Sitemap => {
                End::Plain(Outcome::Sitemap)
            }
            (PageKind::Feed, _) => End::Plain(Outcome::Feed),
            _ if wants_article => End::Plain(Outcome::NotArticle(NotArticle::Incomplete)),
            _ => End::Plain(Outcome::Listing),
        };
        (end, links, skipped)
    }

    /// The site's province as it was called when the article was published (fetched, where that
    /// is not known).
    fn province(&self, article: &crate::domain::Article) -> Option<String> {
        let name = self.site.site.province.as_deref()?;
        let value = article.published.as_ref().and_then(|p| p.value.as_deref());
        let day = value.and_then(|value| value.get(..10)?.parse().ok());
        let day = day.unwrap_or_else(|| self.exchange.at.date_naive());
        Some(province_on(name, day).to_owned())
    }

    /// Whether the article was published before `--since`: its lists lead further back only.
    fn is_before_since(&self, article: &crate::domain::Article) -> bool {
        let Some(since) = self.site.since else {
            return false;
        };
        let value = article.published.as_ref().and_then(|p| p.value.as_deref());
        let day = value.and_then(|value| value.get(..10));
        day.is_some_and(|day| day < since.to_string().as_str())
    }

    fn extracted(self, article: crate::domain::Article, page: Page) -> Extracted {
        let profile = &self.site.profile;
        let policy = &self.site.policy;
        let canonical = page
            .canonical
            .as_deref()
            .and_then(|text| Url::parse(text).ok())
            .and_then(|url| profile.plausible_canonical(&self.exchange.url, &url, policy))
            .unwrap_or_else(|| self.exchange.url.clone());
        let mut found = Extracted::new(policy.canonical(&canonical), article);
        let hash = self
            .site
            .profiles
            .get(&page.profile)
            .map(|read_by| read_by.hash().to_string());
        found.profile = (page.profile, hash.unwrap_or_default());
        found.rules = page.rules;
        found.charset = page.charset;
        found.warnings = page.warnings;
        found.tls = self.exchange.tls.clone();
        found.province = self.province(&found.article);
        found.robots = self.robots;
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_reading_is_an_outcome() {
        let url = Url::parse("http://x/").unwrap();
        let (end, links, _) = guarded(&url, || panic!("a fault of {}", "ours"));
        assert!(matches!(end, End::Plain(Outcome::ReaderFault)));
        assert!(links.is_empty());
    }
}
