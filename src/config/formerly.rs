//! `formerly`: addresses that a site had before. Checked once all sites are known, since an old
//! address may have a table of its own.

use super::ConfigError;
use super::check::Checker;
use super::{Site, raw};
use crate::domain::{Former, Moves, SiteId};
use std::sync::Arc;
use toml::Spanned;
use url::Url;

/// Checks what each site says of its former addresses, and tells both sides of a move of it.
pub(super) fn check(
    at: &Checker,
    raw: &[Spanned<raw::Site>],
    sites: &mut [Site],
) -> Result<(), ConfigError> {
    let mut taken: Vec<(Url, String)> = Vec::new();
    let mut all: Vec<(usize, Vec<Url>)> = Vec::new();
    for (number, raw) in raw.iter().enumerate() {
        let Some(site) = sites.get(number) else {
            continue;
        };
        let mut formers = Vec::new();
        for entry in &raw.get_ref().formerly {
            let mut url = at.url("formerly", entry)?;
            if !url.path().ends_with('/') {
                let path = format!("{}/", url.path());
                url.set_path(&path);
            }
            let wrong = |what: String| Err(at.wrong(entry.span(), what));
            let text = entry.get_ref();
            if same(&url, &site.base) {
                return wrong(format!(
                    "formerly = {text:?} is the site's base; write the address that it had before, or \
                     remove it"
                ));
            }
            let asks = |other: &&Site| {
                inside(&url, &other.base) || other.hosts.iter().any(|host| is_host(&url, host))
            };
            let mut others = sites
                .iter()
                .filter(|other| other.id != site.id && other.enabled);
            if let Some(other) = others.find(asks) {
                return wrong(format!(
                    "formerly = {text:?} is the address of site {:?}, which is enabled; set `enabled = \
                     false` in its table (and keep the table), or remove it here",
                    other.id.as_str()
                ));
            }
            if let Some((_, other)) = taken.iter().find(|(known, _)| same(known, &url)) {
                return wrong(format!(
                    "formerly = {text:?} stands twice (site {other:?}); a portal moves to one place: \
                     name it once"
                ));
            }
            taken.push((url.clone(), site.id.to_string()));
            formers.push(respelled(url, sites));
        }
        if !formers.is_empty() {
            all.push((number, formers));
        }
    }
    let every: Vec<Site> = sites.to_vec();
    let known: Vec<Vec<Url>> = (0..every.len())
        .map(|at| {
            let own = all.iter().find(|(number, _)| *number == at);
            own.map(|(_, formers)| formers.clone()).unwrap_or_default()
        })
        .collect();
    for (number, _) in all {
        join(sites, number, &known);
    }
    Ok(())
}

/// Tells a site and those that became part of it of the move.
fn join(sites: &mut [Site], number: usize, known: &[Vec<Url>]) {
    let Some(site) = sites.get(number).cloned() else {
        return;
    };
    // What became part of a part comes first: it is older.
    let mut formers: Vec<Url> = Vec::new();
    let mut absorbed: Vec<SiteId> = Vec::new();
    let mut open = vec![number];
    let mut met = vec![number];
    while let Some(at) = open.pop() {
        let own = known.get(at).cloned().unwrap_or_default();
        for (other, table) in sites.iter().enumerate() {
            let part = own.iter().any(|former| inside(former, &table.base));
            if part && !table.enabled && !met.contains(&other) {
                met.push(other);
                open.push(other);
                absorbed.push(table.id.clone());
            }
        }
        formers.splice(0..0, own);
    }
    let policy = site.url_policy(&[]);
    let all = formers.iter().map(|base| Former {
        asked: policy.is_own(base),
        base: base.clone(),
    });
    let moves = Moves::new(site.id.clone(), site.base.clone(), all.collect(), absorbed);
    let moves = Arc::new(moves);
    for (at, other) in sites.iter_mut().enumerate() {
        if at == number {
            other.formerly.clone_from(&formers);
            other.moves = Some(Arc::clone(&moves));
        } else if moves.sites().contains(&other.id)
            && other.moves.is_none()
            && known.get(at).is_none_or(Vec::is_empty)
        {
            // (One that has former addresses itself is read by its own.)
            other.moves = Some(Arc::clone(&moves));
        }
    }
}

/// The host of a table that has this address spells its URLs.
fn respelled(mut url: Url, sites: &[Site]) -> Url {
    let table = sites.iter().find(|site| same_host(&site.base, &url));
    if let Some(base) = table.map(|site| &site.base) {
        // Both are http or https URLs with hosts: neither can fail.
        let _ = url.set_scheme(base.scheme());
        let _ = url.set_host(base.host_str());
    }
    url
}

fn same_host(one: &Url, other: &Url) -> bool {
    let bare = |url: &Url| {
        let host = url.host_str().unwrap_or_default();
        host.strip_prefix("www.").unwrap_or(host).to_owned()
    };
    bare(one) == bare(other) && one.port() == other.port()
}

/// Whether a host of `hosts` is the URL's.
fn is_host(url: &Url, host: &str) -> bool {
    let bare = |host: &str| {
        host.strip_prefix("www.")
            .unwrap_or(host)
            .to_ascii_lowercase()
    };
    bare(url.host_str().unwrap_or_default()) == bare(host)
}

fn same(one: &Url, other: &Url) -> bool {
    same_host(one, other) && one.path().trim_end_matches('/') == other.path().trim_end_matches('/')
}

/// Whether `url` is `base` or below it.
fn inside(base: &Url, url: &Url) -> bool {
    same_host(base, url)
        && format!("{}/", url.path().trim_end_matches('/')).starts_with(base.path())
}
