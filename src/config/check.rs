//! Checks the raw file and says, for every mistake, where it stands and what to write instead.

use super::raw::{self, beside};
use super::{Capture, Config, ConfigError, Limits, Notify, Site};
use crate::domain::{SiteId, UrlPolicy};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;
use toml::Spanned;
use url::{Host, Url};

/// Known articles that an update visits again, where the file does not say.
const REVISIT: usize = 100;
/// How far the starts of scheduled crawls are spread, and how long one may take.
const JITTER: Duration = Duration::from_secs(600);
const MAX_TIME: Duration = Duration::from_secs(8 * 3600);

pub(super) struct Checker<'a> {
    pub file: &'a Path,
    pub text: &'a str,
}

impl Checker<'_> {
    pub(super) fn wrong(&self, span: Range<usize>, what: impl Into<String>) -> ConfigError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        ConfigError::Wrong {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            what: what.into(),
        }
    }

    pub(super) fn duration(
        &self,
        key: &str,
        value: Option<&Spanned<String>>,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        let Some(value) = value else {
            return Ok(default);
        };
        humantime::parse_duration(value.get_ref()).map_err(|why| {
            self.wrong(
                value.span(),
                format!(
                    "{key} = {:?}: {why}; write a duration such as \"2s\" or \"500ms\"",
                    value.get_ref()
                ),
            )
        })
    }

    fn size(
        &self,
        key: &str,
        value: Option<&Spanned<String>>,
        default: u64,
    ) -> Result<u64, ConfigError> {
        let Some(value) = value else {
            return Ok(default);
        };
        match value.get_ref().parse::<bytesize::ByteSize>() {
            Ok(size) if size.as_u64() > 0 => Ok(size.as_u64()),
            _ => Err(self.wrong(
                value.span(),
                format!(
                    "{key} = {:?} is no size; write one such as \"16MiB\"",
                    value.get_ref()
                ),
            )),
        }
    }

    pub(super) fn url(&self, key: &str, value: &Spanned<String>) -> Result<Url, ConfigError> {
        let hint = "write an absolute URL such as \"https://mttq.dienbien.gov.vn/\"";
        let url = Url::parse(value.get_ref()).map_err(|why| {
            self.wrong(
                value.span(),
                format!("{key} = {:?}: {why}; {hint}", value.get_ref()),
            )
        })?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some()
            && url.query().is_none()
            && url.username().is_empty();
        if plain {
            Ok(url)
        } else {
            Err(self.wrong(
                value.span(),
                format!("{key} = {:?} is not usable; {hint}", value.get_ref()),
            ))
        }
    }
}

pub(super) fn check(
    file: &Path,
    text: &str,
    profiles: &dyn Fn(&str) -> bool,
) -> Result<Config, ConfigError> {
    let at = Checker { file, text };
    let raw: raw::Config = toml::from_str(text).map_err(|why| {
        let span = why.span().unwrap_or(0..0);
        at.wrong(
            span,
            format!(
                "{}; `khobao init` writes a commented example",
                why.message()
            ),
        )
    })?;
    if let Some(engine) = &raw.archive.engine
        && !["sled", "redb"].contains(&engine.get_ref().as_str())
    {
        return Err(at.wrong(
            engine.span(),
            format!(
                "engine = {:?} is not known; write \"sled\" or \"redb\"",
                engine.get_ref()
            ),
        ));
    }
    let defaults = Limits::default();
    let crawler = &raw.crawler;
    let limits = Limits {
        max_bytes: usize::try_from(at.size(
            "max_size",
            crawler.max_size.as_ref(),
            defaults.max_bytes as u64,
        )?)
        .unwrap_or(usize::MAX),
        connect: at.duration(
            "connect_timeout",
            crawler.connect_timeout.as_ref(),
            defaults.connect,
        )?,
        header: at.duration(
            "header_timeout",
            crawler.header_timeout.as_ref(),
            defaults.header,
        )?,
        idle: at.duration("idle_timeout", crawler.idle_timeout.as_ref(), defaults.idle)?,
        total: at.duration(
            "total_timeout",
            crawler.total_timeout.as_ref(),
            defaults.total,
        )?,
    };
    for (key, value) in [
        ("connect_timeout", &crawler.connect_timeout),
        ("header_timeout", &crawler.header_timeout),
        ("idle_timeout", &crawler.idle_timeout),
        ("total_timeout", &crawler.total_timeout),
    ] {
        if let Some(value) = value
            && at.duration(key, Some(value), Duration::ZERO)?.is_zero()
        {
            return Err(at.wrong(
                value.span(),
                format!(
                    "{key} = {:?} leaves no time for an answer; write \"30s\"",
                    value.get_ref()
                ),
            ));
        }
    }
    if let Some(path) = raw
        .archive
        .path
        .as_ref()
        .filter(|path| path.get_ref().trim().is_empty())
    {
        return Err(at.wrong(
            path.span(),
            "path = \"\" names no folder; write path = \"archive\"",
        ));
    }
    let contact = match &crawler.contact {
        Some(contact) => Some(check_contact(&at, contact)?),
        None => None,
    };
    let mut sites: Vec<Site> = Vec::new();
    for raw in &raw.sites {
        let site = check_site(&at, raw, profiles)?;
        if sites.iter().any(|other| other.id == site.id) {
            return Err(at.wrong(
                raw.get_ref().id.span(),
                format!(
                    "site id {:?} stands twice; give each site an id of its own",
                    site.id.as_str()
                ),
            ));
        }
        // A table that only names what was archived before asks nobody.
        let both = |other: &&Site| other.enabled && site.enabled && share_a_host(other, &site);
        if let Some(other) = sites.iter().find(both) {
            return Err(at.wrong(
                raw.get_ref().base.span(),
                format!(
                    "base is on the host of site {:?}, or `hosts` names one of both: each host \
                     has one pace; make one site of both, with the seeds of each",
                    other.id.as_str()
                ),
            ));
        }
        if contact.is_none() && !is_loopback(&site.base) && site.enabled {
            return Err(at.wrong(
                raw.get_ref().base.span(),
                "crawler.contact is missing: portals must be able to reach whoever asks them; \
                 write `contact = \"mailto:you@example.org\"` under [crawler]",
            ));
        }
        sites.push(site);
    }
    super::formerly::check(&at, &raw.sites, &mut sites)?;
    Ok(Config {
        file: file.to_owned(),
        archive: beside(
            file,
            raw.archive
                .path
                .as_ref()
                .map_or("archive", |path| path.get_ref()),
        ),
        engine: raw.archive.engine.map(toml::Spanned::into_inner),
        warc_size: at.size("warc_size", raw.archive.warc_size.as_ref(), 1 << 30)?,
        contact,
        selectors: raw
            .crawler
            .selectors
            .as_ref()
            .map(|dir| beside(file, dir.get_ref())),
        limits,
        jitter: at.duration("jitter", raw.schedule.jitter.as_ref(), JITTER)?,
        max_time: at.duration("max_time", raw.schedule.max_time.as_ref(), MAX_TIME)?,
        notify: match &raw.notify {
            Some(raw) => super::notify::check(&at, raw)?,
            None => Notify::default(),
        },
        metrics: super::notify::check_metrics(&at, &raw.metrics)?,
        sites,
    })
}

/// Whether both sites would ask one host. Further hosts are the site's on every port.
pub(super) fn share_a_host(one: &Site, other: &Site) -> bool {
    let bare = |host: &str| {
        let host = host.to_ascii_lowercase();
        host.strip_prefix("www.").unwrap_or(&host).to_owned()
    };
    let base = |site: &Site| bare(site.base.host_str().unwrap_or_default());
    let takes = |site: &Site, host: &str| site.hosts.iter().any(|further| bare(further) == host);
    (base(one) == base(other) && one.base.port() == other.base.port())
        || takes(one, &base(other))
        || takes(other, &base(one))
        || one.hosts.iter().any(|host| takes(other, &bare(host)))
}

fn check_contact(at: &Checker, contact: &Spanned<String>) -> Result<String, ConfigError> {
    let text = contact.get_ref().trim();
    let usable = Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "mailto" | "https" | "http"))
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'(' && b != b')');
    if usable {
        Ok(text.to_owned())
    } else {
        Err(at.wrong(
            contact.span(),
            format!("contact = {text:?} must be \"mailto:ADDRESS\" or a web page"),
        ))
    }
}

fn check_site(
    at: &Checker,
    raw: &Spanned<raw::Site>,
    profiles: &dyn Fn(&str) -> bool,
) -> Result<Site, ConfigError> {
    let raw = raw.get_ref();
    let id = SiteId::new(raw.id.get_ref()).map_err(|why| at.wrong(raw.id.span(), why))?;
    let base = at.url("base", &raw.base)?;
    if !profiles(raw.profile.get_ref()) {
        return Err(at.wrong(
            raw.profile.span(),
            format!(
                "profile {:?} does not exist; write \"nukeviet\" or \"generic\", or put \
                 {0}.toml into the folder that crawler.selectors names",
                raw.profile.get_ref()
            ),
        ));
    }
    let policy = UrlPolicy::new(&base, &raw.hosts, &[]);
    let mut seeds = Vec::new();
    for seed in raw.seeds.iter().flatten() {
        let url = UrlPolicy::resolve(&base, seed.get_ref()).filter(|url| policy.is_own(url));
        seeds.push(url.ok_or_else(|| {
            at.wrong(
                seed.span(),
                format!(
                    "seed {:?} is not a page of {base}; write a path such as \"/\"",
                    seed.get_ref()
                ),
            )
        })?);
    }
    if seeds.is_empty() {
        seeds.push(base.clone());
    }
    let pace = at.duration("pace", raw.pace.as_ref(), Duration::from_secs(2))?;
    if let Some(span) = &raw.pace
        && pace.is_zero()
        && !raw.allow_private
    {
        return Err(at.wrong(
            span.span(),
            "pace = \"0s\" is only for intranets and tests (allow_private = true); write \"2s\"",
        ));
    }
    let concurrency = match &raw.concurrency {
        Some(n) if (1..=64).contains(n.get_ref()) => *n.get_ref(),
        Some(n) => return Err(at.wrong(n.span(), "concurrency must be 1 to 64")),
        None => 1,
    };
    let tls_relaxed = match &raw.tls {
        None => false,
        Some(tls) => match tls.get_ref().as_str() {
            "strict" => false,
            "relaxed" => true,
            other => {
                return Err(at.wrong(
                    tls.span(),
                    format!("tls = {other:?} is not known; write \"strict\" or \"relaxed\""),
                ));
            }
        },
    };
    let extra_ca = match &raw.extra_ca {
        None => None,
        Some(path) => {
            let full = beside(at.file, path.get_ref());
            std::fs::File::open(&full).map_err(|why| {
                at.wrong(
                    path.span(),
                    format!("extra_ca = {:?}: {why}; name a PEM file", path.get_ref()),
                )
            })?;
            Some(full)
        }
    };
    let timezone = match &raw.timezone {
        None => chrono_tz::Asia::Ho_Chi_Minh,
        Some(zone) => zone.get_ref().parse().map_err(|_| {
            at.wrong(
                zone.span(),
                format!(
                    "timezone = {:?} is not known; write one such as \"Asia/Ho_Chi_Minh\"",
                    zone.get_ref()
                ),
            )
        })?,
    };
    Ok(Site {
        drift: raw.drift.unwrap_or(true),
        name: raw.name.clone().unwrap_or_else(|| id.to_string()),
        id,
        base,
        formerly: Vec::new(),
        moves: None,
        hosts: raw.hosts.clone(),
        profile: raw.profile.get_ref().clone(),
        seeds,
        pace,
        concurrency,
        revisit: raw.revisit.unwrap_or(REVISIT),
        allow_private: raw.allow_private,
        enabled: raw.enabled.unwrap_or(true),
        capture: check_capture(at, raw.capture.as_deref())?,
        tls_relaxed,
        extra_ca,
        timezone,
        hours: raw
            .hours
            .as_ref()
            .map(|hours| check_hours(at, hours))
            .transpose()?,
        when: raw
            .schedule
            .as_ref()
            .map(|rule| {
                let text = rule.get_ref();
                text.parse()
                    .map_err(|why| at.wrong(rule.span(), format!("schedule = {text:?}: {why}")))
            })
            .transpose()?,
        province: raw.province.clone(),
        unexplained: raw.unexplained,
    })
}

fn check_capture(at: &Checker, raw: Option<&[Spanned<String>]>) -> Result<Capture, ConfigError> {
    let Some(raw) = raw else {
        return Ok(Capture {
            images: true,
            attachments: false,
        });
    };
    let mut capture = Capture {
        images: false,
        attachments: false,
    };
    for kind in raw {
        match kind.get_ref().as_str() {
            "pages" => {}
            "images" => capture.images = true,
            "attachments" => capture.attachments = true,
            other => {
                return Err(at.wrong(
                    kind.span(),
                    format!("capture {other:?} is not known; write \"pages\", \"images\" or \"attachments\""),
                ));
            }
        }
    }
    Ok(capture)
}

fn check_hours(at: &Checker, hours: &Spanned<String>) -> Result<(u16, u16), ConfigError> {
    let minutes = |text: &str| {
        let (h, m) = text.trim().split_once(':')?;
        let (h, m): (u16, u16) = (h.parse().ok()?, m.parse().ok()?);
        (h < 24 && m < 60).then_some(h * 60 + m)
    };
    hours
        .get_ref()
        .split_once('-')
        .and_then(|(from, to)| Some((minutes(from)?, minutes(to)?)))
        .filter(|(from, to)| from != to)
        .ok_or_else(|| {
            at.wrong(
                hours.span(),
                format!(
                    "hours = {:?} is not usable; write one such as \"22:00-06:00\"",
                    hours.get_ref()
                ),
            )
        })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
