//! Reads every capture of a listing, feed or sitemap again, on all cores, in the order of the
//! index.

use super::fold::{Job, Open, Read};
use super::{Sources, Unread};
use crate::archive::Archive;
use crate::archive::schema::{TaskKind, UrlHash, url_hash};
use crate::audit::class::Class;
use crate::audit::found::Found;
use crate::audit::report::{Damaged, damaged};
use crate::audit::rules::Rules;
use crate::audit::urls::{Known, Urls};
use crate::crawl::{NamedReader, Readers};
use crate::domain::{Digest, Outcome, SiteId};
use std::collections::{HashMap, HashSet};

/// Captures that are read at once.
const BATCH: usize = 64;
/// Unexplained URLs that are named of one source.
const NAMED: usize = 20;

/// Reads all of them.
pub(in crate::audit) struct Gatherer<'a> {
    archive: &'a Archive,
    reader: &'a NamedReader<'a>,
    readers: Readers,
    sites: &'a [SiteId],
    rules: Rules<'a>,
    open: Option<Open>,
    done: Vec<Sources>,
    by_kind: Vec<HashMap<TaskKind, HashSet<UrlHash>>>,
}

impl<'a> Gatherer<'a> {
    pub fn new(
        archive: &'a Archive,
        reader: &'a NamedReader<'a>,
        sites: &'a [SiteId],
        rules: Rules<'a>,
    ) -> Self {
        Self {
            archive,
            reader,
            readers: Readers::new(),
            sites,
            rules,
            open: None,
            done: vec![Sources::default(); sites.len()],
            by_kind: vec![HashMap::new(); sites.len()],
        }
    }

    /// Reads every capture of a source; URLs that the archive does not know are added to `urls`.
    pub fn gather(
        &mut self,
        urls: &mut Urls,
        damage: &mut Found<Damaged>,
        progress: &dyn Fn(&str),
    ) {
        let mut jobs: Vec<Job> = Vec::new();
        let mut last: Option<(String, Digest)> = None;
        for row in self.archive.capture_rows() {
            let capture = match row {
                Ok(capture) => capture,
                Err(why) => {
                    damage.push_with(|| damaged("capture", &why));
                    continue;
                }
            };
            let Some(known) = urls.map.get(&url_hash(&capture.url)) else {
                continue;
            };
            if !known.kind.is_navigation() || capture.status != 200 {
                continue;
            }
            let same = last
                .as_ref()
                .is_some_and(|(url, payload)| *url == capture.url && *payload == capture.payload);
            last = Some((capture.url.clone(), capture.payload));
            jobs.push(Job {
                site: known.site,
                kind: known.kind,
                capture,
                same,
            });
            if jobs.len() >= BATCH {
                self.batch(std::mem::take(&mut jobs), urls, damage);
                progress(
                    &last
                        .as_ref()
                        .map(|(url, _)| url.clone())
                        .unwrap_or_default(),
                );
            }
        }
        self.batch(jobs, urls, damage);
        self.close(urls);
    }

    /// Reads on all cores, and takes the results in order.
    fn batch(&mut self, jobs: Vec<Job>, urls: &mut Urls, damage: &mut Found<Damaged>) {
        let (reader, sites, known) = (self.reader, self.sites, &*urls);
        let read = |job: Job| {
            let site = sites.get(job.site).filter(|_| !job.same);
            let read = site.map(|site| one(reader, site, &job, known));
            (job, read)
        };
        for (job, read) in self.readers.all(jobs, read) {
            let read = match read {
                Some(Ok(read)) => Some(read),
                Some(Err(why)) => {
                    damage.push(Damaged {
                        what: job.capture.url.clone(),
                        why,
                    });
                    continue;
                }
                None if job.same => None,
                None => {
                    damage.push(Damaged {
                        what: job.capture.url.clone(),
                        why: "its capture was not read".to_owned(),
                    });
                    continue;
                }
            };
            self.take(&job, read, urls);
        }
    }

    /// Takes one capture; `None` when it has the content of the one before.
    fn take(&mut self, job: &Job, read: Option<Read>, urls: &mut Urls) {
        let capture = &job.capture;
        if self
            .open
            .as_ref()
            .is_none_or(|open| open.source.url != capture.url)
        {
            self.close(urls);
            self.open = Some(Open::new(job));
        }
        for (hash, url) in read.iter().flat_map(|read| &read.unmet) {
            urls.name((*hash, url), job.site, &capture.url);
            self.rules.judge(urls, hash, url);
        }
        if let Some(open) = &mut self.open {
            open.take(capture.at, read);
        }
    }

    fn close(&mut self, urls: &Urls) {
        let Some(open) = self.open.take() else { return };
        let mut source = open.source;
        let mut unexplained = Vec::new();
        for hash in &open.named {
            let class = urls.class(hash).0;
            *source.classes.entry(class).or_default() += 1;
            if class == Class::Unexplained {
                unexplained.push(*hash);
            }
        }
        unexplained.sort_unstable();
        unexplained.truncate(NAMED);
        source.unexplained = unexplained
            .iter()
            .map(|hash| urls.text(self.archive, hash))
            .collect();
        source.unexplained.sort();
        source.named = open.named.len() as u64;
        if let Some(done) = self.done.get_mut(open.site) {
            let sum = done.kinds.entry(open.kind.name()).or_default();
            sum.pages += 1;
            sum.captures += source.captures;
            if open.kind == TaskKind::Feed {
                done.feeds.push(open.overlap);
            }
            done.pages.push(source);
        }
        if let Some(kinds) = self.by_kind.get_mut(open.site) {
            kinds.entry(open.kind).or_default().extend(open.named);
        }
    }

    /// What was found, by site. To be called once every article is known.
    pub fn finish(mut self, urls: &Urls) -> Vec<Sources> {
        for (done, kinds) in self.done.iter_mut().zip(&self.by_kind) {
            for (kind, named) in kinds {
                let sum = done.kinds.entry(kind.name()).or_default();
                sum.named = named.len() as u64;
                for hash in named {
                    *sum.classes.entry(urls.class(hash).0).or_default() += 1;
                }
            }
            done.pages.items.sort_by(|a, b| a.url.cmp(&b.url));
            done.feeds.sort_by(|a, b| a.url.cmp(&b.url));
        }
        let mut unread: Vec<(&UrlHash, &Known, &'static str)> = Vec::new();
        for (hash, known) in &urls.map {
            if known.kind.is_navigation()
                && let Some(why) = unread_because(known)
            {
                unread.push((hash, known, why));
            }
        }
        unread.sort_unstable_by_key(|(hash, _, _)| **hash);
        for (hash, known, outcome) in unread {
            if let Some(done) = self.done.get_mut(known.site) {
                done.unread.push_with(|| Unread {
                    url: urls.text(self.archive, hash),
                    kind: known.kind.name(),
                    outcome,
                });
            }
        }
        for done in &mut self.done {
            done.unread.items.sort();
        }
        self.done
    }
}

fn one(reader: &NamedReader<'_>, site: &SiteId, job: &Job, urls: &Urls) -> Result<Read, String> {
    let named = reader.read(site, job.kind, &job.capture)?;
    let mut articles = HashSet::with_capacity(named.articles.len());
    let mut unmet = Vec::new();
    for url in named.articles {
        let hash = url_hash(&url);
        if articles.insert(hash) && !urls.map.contains_key(&hash) {
            unmet.push((hash, url));
        }
    }
    Ok(Read {
        outcome: named.outcome,
        articles,
        unmet,
    })
}

fn unread_because(known: &Known) -> Option<&'static str> {
    match known.outcome {
        None if known.queued => Some("waiting"),
        None => Some("never_asked"),
        Some(Outcome::BeforeSince) => Some(Outcome::BeforeSince.name()),
        Some(outcome) => matches!(Class::of(outcome), Class::Robots | Class::Unreachable)
            .then_some(outcome.name()),
    }
}
