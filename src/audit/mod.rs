//! Floor 6: proves that an archive is complete, or lists what is missing. The crawl's rows and
//! captures are the evidence; no portal is asked, and nothing is changed.
//!
//! One pass over the URLs, one over the records, one over earlier revisions, one over the captures
//! of listings, feeds and sitemaps: each row is looked at and dropped, and only hashes, numbers and
//! months stay in memory. A row that cannot be read is counted and named, and never ends the audit.

mod calendar;
mod chain;
mod class;
mod found;
mod html;
mod ids;
mod report;
pub mod rhythm;
mod rules;
mod sources;
mod text;
mod urls;

use crate::archive::schema::UrlHash;
use crate::archive::{Archive, RunReport};
use crate::config::{Config, Site};
use crate::crawl::NamedReader;
use crate::domain::SiteId;
use crate::extract::profile::ProfileSet;
use chrono::{DateTime, SecondsFormat, Utc};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub use calendar::{Calendar, Category, Hole, Month};
pub use chain::{Broken, Chain, Island};
pub use class::{Class, Figure};
pub use found::Found;
pub use html::html;
pub use ids::{Gap, Ids, KnownId};
pub use report::{Audit, Damaged, LastCrawl, SiteAudit, Unexplained};
pub use sources::{FeedGap, KindSum, Overlap, Source, Sources, Unread};
pub use text::text;
pub use urls::Outcomes;

use report::damaged;
use urls::{Known, Urls};

/// Audits the sites of the configuration that the archive knows or a crawl would take, or only
/// `site`. `now` is the time of the audit; `progress` hears what is looked at.
pub fn audit(
    archive: &Archive,
    config: &Config,
    profiles: &Arc<ProfileSet>,
    site: Option<&SiteId>,
    now: DateTime<Utc>,
    progress: &dyn Fn(&str),
) -> Audit {
    let reader = NamedReader::new(archive, config, profiles);
    let mut chosen: Vec<&Site> = config
        .sites
        .iter()
        .filter(|one| site.is_none_or(|wanted| *wanted == one.id))
        .collect();
    // What has become part of another site is counted there.
    let absorbed: Vec<SiteId> = chosen
        .iter()
        .flat_map(|site| site.absorbed().to_vec())
        .collect();
    chosen.retain(|site| !absorbed.contains(&site.id));
    let ids: Vec<SiteId> = chosen.iter().map(|site| site.id.clone()).collect();
    let mut places: HashMap<SiteId, usize> = ids.iter().cloned().zip(0..).collect();
    for (at, site) in chosen.iter().enumerate() {
        places.extend(site.absorbed().iter().map(|other| (other.clone(), at)));
    }
    let mut work = Work {
        archive,
        reader: &reader,
        places,
        alone: site.is_some(),
        ids: &ids,
        now: Month::of(&now.to_rfc3339()),
        urls: Urls::default(),
        links: chain::Links::new(ids.len()),
        numbers: vec![Vec::new(); ids.len()],
        counts: ids.iter().map(|_| calendar::Counts::default()).collect(),
        records: vec![(0, 0); ids.len()],
        damage: Found::default(),
        unknown: BTreeMap::new(),
    };
    progress("URLs");
    work.urls();
    progress("records");
    work.records();
    work.links.finish(&work.urls);
    let mut rules = rules::Rules::new(&reader, &ids);
    rules.judge_all(archive, &mut work.urls);
    let runs = archive.runs().unwrap_or_else(|why| {
        work.damage.push(damaged("run reports", &why));
        Vec::new()
    });
    let mut sources = sources::Gatherer::new(archive, &reader, &ids, rules);
    sources.gather(&mut work.urls, &mut work.damage, &|url| progress(url));
    progress("what is missing");
    work.number_named();
    let sources = sources.finish(&work.urls);
    let islands = work.islands();
    let all = urls::figures(&work.urls, ids.len());
    let mut figure = Figure::default();
    let mut sites = Vec::new();
    let parts = chosen.iter().zip(sources).zip(islands).zip(all);
    for (at, (((site, sources), islands), (sum, outcomes, open))) in parts.enumerate() {
        let done = work.site(at, site, &runs, (sources, islands), (sum, outcomes, open));
        // A table that never asked anybody says nothing.
        if done.last_crawl.is_some() || sum.known > 0 || site.enabled || work.alone {
            figure.add_all(&sum);
            sites.push(done);
        }
    }
    Audit {
        version: 1,
        made_at: now.to_rfc3339_opts(SecondsFormat::Secs, true),
        complete: sites.iter().all(|site| site.complete),
        sites,
        damage: work.damage,
        unknown_sites: work.unknown,
        figure,
    }
}

struct Work<'a> {
    archive: &'a Archive,
    reader: &'a NamedReader<'a>,
    places: HashMap<SiteId, usize>,
    /// Only one site is wanted: the others are not unknown.
    alone: bool,
    ids: &'a [SiteId],
    now: Option<Month>,
    urls: Urls,
    links: chain::Links,
    numbers: Vec<Vec<ids::Numbered>>,
    counts: Vec<calendar::Counts>,
    /// Records, and those whose page is gone.
    records: Vec<(u64, u64)>,
    damage: Found<Damaged>,
    unknown: BTreeMap<String, u64>,
}

impl Work<'_> {
    fn urls(&mut self) {
        for row in self.archive.url_rows() {
            let row = match row {
                Ok(row) => row,
                Err(why) => {
                    self.damage.push_with(|| damaged("URL", &why));
                    continue;
                }
            };
            if row.kind.is_media() {
                continue;
            }
            let Some(at) = self.places.get(&row.site).copied() else {
                if !self.alone {
                    *self.unknown.entry(row.site.to_string()).or_default() += 1;
                }
                continue;
            };
            let hash = crate::archive::schema::url_hash(&row.url);
            let mut known = Known::of(&row, at);
            let site = self.ids.get(at);
            known.today = site.and_then(|site| self.reader.today(site, &row.url));
            if known.is_article() {
                self.number(at, &row.site, hash, &row.url);
            }
            self.urls.map.insert(hash, known);
        }
    }

    fn number(&mut self, at: usize, site: &SiteId, hash: UrlHash, url: &str) {
        if let Some(id) = self.reader.article_id(site, url)
            && let Some(numbers) = self.numbers.get_mut(at)
        {
            numbers.push(ids::Numbered { id, hash });
        }
    }

    /// Numbers of the URLs that only a page names.
    fn number_named(&mut self) {
        let names = std::mem::take(&mut self.urls.names);
        for (hash, (url, _)) in &names {
            let at = self.urls.map.get(hash).filter(|known| known.missing);
            let at = at.map(|known| known.site);
            if let Some((at, site)) = at.and_then(|at| Some((at, self.ids.get(at)?))) {
                self.number(at, site, *hash, url);
            }
        }
        self.urls.names = names;
    }

    fn records(&mut self) {
        for row in self.archive.record_rows() {
            let row = match row {
                Ok(row) => row,
                Err(why) => {
                    self.damage.push_with(|| damaged("record", &why));
                    continue;
                }
            };
            let Some(at) = self.places.get(&row.site).copied() else {
                continue;
            };
            self.urls.records.insert(row.id);
            if row.moved_to.is_some() {
                self.urls.moved.insert(row.id);
            }
            let known = self.urls.map.get(&row.id.0);
            if known.is_none_or(|known| known.missing) {
                // Its page gives another URL as the canonical one than was asked for.
                let known = Known {
                    record: Some(row.id),
                    missing: false,
                    ..Known::unmet(at)
                };
                self.urls.map.insert(row.id.0, known);
                self.number(at, &row.site, row.id.0, row.url.as_str());
            }
            if let Some((records, gone)) = self.records.get_mut(at) {
                *records += 1;
                *gone += u64::from(row.gone.is_some());
            }
            if let (Some(counts), Some(now)) = (self.counts.get_mut(at), self.now) {
                counts.add(&row, now);
            }
            let page = (row.id, row.url.as_str());
            let article = &row.current.article;
            let site = (at, &row.site);
            self.links
                .page(site, page, article, &mut self.urls, self.reader);
        }
        for row in self.archive.old_revision_rows() {
            match row {
                Ok((id, revision)) => {
                    let Some(at) = self.urls.map.get(&id.0).map(|known| known.site) else {
                        continue;
                    };
                    let Some(site) = self.ids.get(at) else {
                        continue;
                    };
                    let capture = &revision.provenance.capture;
                    let page = (id, capture.url.as_str());
                    let article = &revision.article;
                    self.links
                        .page((at, site), page, article, &mut self.urls, self.reader);
                }
                Err(why) => self.damage.push_with(|| damaged("earlier revision", &why)),
            }
        }
    }

    /// Records that no other one links to, with what led to them, by site.
    fn islands(&self) -> Vec<Vec<(UrlHash, &'static str)>> {
        let mut all = vec![Vec::new(); self.ids.len()];
        for id in &self.urls.records {
            let Some(known) = self.urls.map.get(&id.0) else {
                continue;
            };
            if !self.links.reaches(id)
                && let Some(list) = all.get_mut(known.site)
            {
                list.push((id.0, via(known.via)));
            }
        }
        for list in &mut all {
            list.sort_unstable();
        }
        all
    }

    fn site(
        &mut self,
        at: usize,
        site: &Site,
        runs: &[RunReport],
        (sources, islands): (Sources, Vec<(UrlHash, &'static str)>),
        (figure, outcomes, open): (Figure, Outcomes, Vec<UrlHash>),
    ) -> SiteAudit {
        let archive = self.archive;
        let urls = &self.urls;
        let url_of = |hash: &UrlHash| urls.text(archive, hash);
        let mut chain = self.links.chain(at, urls, &url_of);
        if chain.links > 0 {
            for (hash, via) in islands {
                let url = || url_of(&hash);
                chain.islands.push_with(|| Island { url: url(), via });
            }
            chain.islands.items.sort();
        }
        let told = ids::Told {
            class: &|hash| urls.class(hash),
            record: &|hash| urls.record_of(hash).map(|id| id.0),
            url: &url_of,
        };
        let numbers = self.numbers.get_mut(at).map(std::mem::take);
        let ids = ids::gaps(numbers.unwrap_or_default(), &told);
        let mut unexplained = Found::default();
        for hash in open {
            unexplained.push_with(|| Unexplained {
                url: url_of(&hash),
                why: urls.class(&hash).1,
                named_by: urls.names.get(&hash).map(|(_, by)| by.clone()),
            });
        }
        unexplained.items.sort();
        let last_crawl = self.last_crawl(&site.id, runs);
        let crawled = last_crawl.as_ref();
        let crawled = crawled.and_then(|last| Month::of(&last.started));
        let counts = self.counts.get_mut(at).map(std::mem::take);
        let calendar = counts.unwrap_or_default().finish(crawled);
        let (records, records_gone) = self.records.get(at).copied().unwrap_or_default();
        let mut done = SiteAudit {
            site: site.id.clone(),
            name: site.name.clone(),
            base: site.base.to_string(),
            last_crawl,
            notes: Vec::new(),
            records,
            records_gone,
            chain,
            ids,
            sources,
            calendar,
            outcomes,
            unexplained,
            figure,
            allowed: site.unexplained,
            complete: figure.unexplained <= site.unexplained,
        };
        done.notes = self.notes(&done);
        done
    }

    fn last_crawl(&mut self, site: &SiteId, runs: &[RunReport]) -> Option<LastCrawl> {
        let mut runs = runs.iter().rev();
        let run = runs.find(|run| run.sites.contains_key(site.as_str()))?;
        let pending = self.archive.pending(site).unwrap_or_else(|why| {
            self.damage.push(damaged("frontier", &why));
            0
        });
        Some(LastCrawl {
            started: run.started.clone(),
            end: run.end.clone(),
            pending,
        })
    }

    fn notes(&mut self, done: &SiteAudit) -> Vec<String> {
        let mut notes = Vec::new();
        match &done.last_crawl {
            None => notes.push("no crawl of this site is on record".to_owned()),
            Some(last) if last.pending > 0 => notes.push(format!(
                "the last crawl did not come to its end: {} URLs wait; `khobao crawl {}` goes on",
                last.pending, done.site
            )),
            Some(_) => {}
        }
        match self.archive.site(&done.site) {
            Ok(row) if !row.complete_once && row.since.is_some() => notes.push(
                "this site was only crawled with --since: what is older was left out on purpose, \
                 and counts as unexplained where a page names it"
                    .to_owned(),
            ),
            Ok(_) => {}
            Err(why) => self.damage.push(damaged("state of the crawl", &why)),
        }
        if done.records > 0 && done.chain.links == 0 {
            notes.push(
                "no page names newer or older articles: there is no chain to follow".to_owned(),
            );
        }
        if done.ids.shared > 0 {
            notes.push(format!(
                "{} sequence numbers belong to several articles: the portal counts in several \
                 sequences, and a gap in one may be hidden by another",
                done.ids.shared
            ));
        }
        notes
    }
}

fn via(via: Option<crate::domain::LinkKind>) -> &'static str {
    use crate::domain::LinkKind as Link;
    match via {
        Some(Link::Newer | Link::Older) => "chain",
        Some(Link::Item) => "item",
        Some(Link::Feed) => "feed",
        Some(Link::Sitemap) => "sitemap",
        Some(Link::NextPage | Link::Listing) => "listing",
        Some(_) => "article",
        None => "start",
    }
}
