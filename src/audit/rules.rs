//! What robots.txt forbids is never captured: an index that was made again from the WARC files does
//! not know that it was refused. The archived robots.txt does.

use super::urls::{Known, Urls};
use crate::archive::Archive;
use crate::archive::schema::UrlHash;
use crate::crawl::NamedReader;
use crate::domain::{Outcome, SiteId};
use crate::fetch::robots::{Robots, Verdict};
use std::collections::HashMap;
use url::Url;

/// Archived rules, by origin.
pub(super) struct Rules<'a> {
    reader: &'a NamedReader<'a>,
    sites: &'a [SiteId],
    known: HashMap<String, Option<Robots>>,
}

impl<'a> Rules<'a> {
    pub fn new(reader: &'a NamedReader<'a>, sites: &'a [SiteId]) -> Self {
        Self {
            reader,
            sites,
            known: HashMap::new(),
        }
    }

    /// Looks at every URL that nobody has asked for.
    pub fn judge_all(&mut self, archive: &Archive, urls: &mut Urls) {
        let open = urls.map.iter().filter(|(_, known)| is_open(known));
        let open: Vec<UrlHash> = open.map(|(hash, _)| *hash).collect();
        for hash in open {
            let text = urls.text(archive, &hash);
            self.judge(urls, &hash, &text);
        }
    }

    /// A URL that nobody has asked for is refused when the rules forbid it.
    pub fn judge(&mut self, urls: &mut Urls, hash: &UrlHash, url: &str) {
        let Some(known) = urls.map.get_mut(hash).filter(|known| is_open(known)) else {
            return;
        };
        let (Ok(url), Some(site)) = (Url::parse(url), self.sites.get(known.site)) else {
            return;
        };
        let origin = url.origin().ascii_serialization();
        let reader = self.reader;
        let robots = self
            .known
            .entry(origin)
            .or_insert_with(|| reader.robots(site, &url));
        let verdict = robots.as_ref().map(|robots| robots.verdict(&url));
        if matches!(verdict, Some(Verdict::Denied { .. })) {
            known.outcome = Some(Outcome::RobotsDenied);
        }
    }
}

fn is_open(known: &Known) -> bool {
    known.outcome.is_none() && known.record.is_none()
}
