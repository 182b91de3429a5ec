//! `khobao extract` and `khobao export`: data on stdout or in a file.

use super::args::{Export, Format};
use super::{Failure, code, setup};
use crate::archive::{Archive, ExportFilter, Extracted};
use crate::domain::{PageKind, RecordId, SiteId, UrlPolicy};
use crate::export::{self, Canonical, Exported};
use crate::extract::{Expect, Input, extract as extract_page};
use anyhow::Context;
use std::collections::HashMap;
use std::io::{BufWriter, Read as _, Write};
use std::path::Path;
use url::Url;

/// Writes to stdout; nothing else does.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The same for text that people read: what pages say does not steer their terminal.
pub(super) fn say(text: &str) -> std::io::Result<()> {
    print(&export::visible(text))
}

/// Largest page that `extract` reads.
const LIMIT: usize = 16 << 20;

pub(super) fn extract(config: &Path, file: &Path, url: &str, profile: &str) -> anyhow::Result<u8> {
    let usage = |text: String| Failure::error(code::USAGE, text);
    let url = Url::parse(url).map_err(|why| {
        usage(format!(
            "--url {url:?}: {why}; write an absolute http or https URL"
        ))
    })?;
    let profiles = setup::profiles(config)?;
    let profile = profiles.get(profile).ok_or_else(|| {
        usage(format!(
            "no profile {profile:?}; known: {}",
            profiles.names().collect::<Vec<_>>().join(", ")
        ))
    })?;
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(LIMIT as u64 + 1)
            .read_to_end(&mut bytes)?;
    } else {
        let page = std::fs::File::open(file)
            .map_err(|why| usage(format!("cannot read {}: {why}", file.display())))?;
        page.take(LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    }
    // Joining an absolute path cannot fail for a URL with a host.
    let base = url.join("/").unwrap_or_else(|_| url.clone());
    let policy = UrlPolicy::new(&base, &[], profile.drop_params());
    let page = extract_page(
        &Input {
            url: &url,
            status: 200,
            headers: &[],
            payload: &bytes,
            fetched_at: chrono::Utc::now(),
            policy: &policy,
            limit: LIMIT,
            expected: Expect::Article,
        },
        &profiles,
        profile,
    );
    let Some(article) = page.article.filter(|_| page.kind == PageKind::Article) else {
        let why: Vec<&str> = page.warnings.iter().map(|w| w.message.as_str()).collect();
        return Err(Failure::error(
            code::FAILED,
            format!(
                "{} is no article for this profile: {:?}; {}",
                file.display(),
                page.kind,
                why.join("; ")
            ),
        ));
    };
    let canonical = page
        .canonical
        .as_deref()
        .and_then(|text| Url::parse(text).ok())
        .and_then(|canonical| profile.plausible_canonical(&url, &canonical, &policy))
        .unwrap_or_else(|| url.clone());
    let found = Extracted::new(policy.canonical(&canonical), article);
    let mut record = serde_json::to_value(&found.article)?;
    if let Some(fields) = record.as_object_mut() {
        fields.insert("id".to_owned(), RecordId::of(&found.url).to_string().into());
        fields.insert("url".to_owned(), found.url.as_str().into());
        fields.insert("text".to_owned(), found.article.text().into());
        fields.insert("digest".to_owned(), found.digest.to_string().into());
        fields.insert(
            "text_digest".to_owned(),
            found.text_digest.to_string().into(),
        );
        fields.insert(
            "simhash".to_owned(),
            format!("{:016x}", found.simhash).into(),
        );
        fields.insert(
            "provenance".to_owned(),
            serde_json::json!({
                "profile": page.profile,
                "profile_hash": profiles.get(&page.profile).map(|read_by| read_by.hash()),
                "rules": page.rules,
                "charset": page.charset,
                "crawler": concat!("khobao/", env!("CARGO_PKG_VERSION")),
            }),
        );
        fields.insert("warnings".to_owned(), serde_json::to_value(&page.warnings)?);
    }
    let mut text = serde_json::to_string_pretty(&record)?;
    text.push('\n');
    print(&text)?;
    Ok(code::OK)
}

pub(super) fn export(config: &Path, args: Export) -> anyhow::Result<u8> {
    let (config, profiles) = setup::load(config)?;
    let archive = setup::open(&config, &profiles)?;
    let site = match &args.site {
        Some(name) => {
            let stats_only = SiteId::new(name).map_err(|why| Failure::error(code::USAGE, why))?;
            if !config.sites.iter().any(|site| site.id == stats_only)
                && archive.site(&stats_only)? == Default::default()
            {
                config.select(std::slice::from_ref(name))?;
            }
            Some(stats_only)
        }
        None => None,
    };
    let of = |id: &SiteId| config.sites.iter().find(|site| site.id == *id);
    let absorbed = site
        .as_ref()
        .and_then(of)
        .map(|site| site.absorbed().to_vec());
    let filter = ExportFilter {
        absorbed: absorbed.unwrap_or_default(),
        site,
        from: args.from,
        to: args.to,
        unique: args.unique,
        query: args.query.clone(),
        quarantined: args.quarantined,
    };
    let done = match args.format {
        Format::Jsonl => dataset(&archive, &filter, export::Format::Jsonl, &args.output)?,
        Format::Csv => dataset(&archive, &filter, export::Format::Csv, &args.output)?,
        Format::Warc | Format::Wacz => {
            let policies: HashMap<SiteId, UrlPolicy> = config
                .sites
                .iter()
                .filter_map(|site| {
                    let profile = profiles.get(&site.profile)?;
                    Some((site.id.clone(), site.url_policy(profile.drop_params())))
                })
                .collect();
            let canonical = |site: &SiteId, url: &str| {
                let url = Url::parse(url).ok()?;
                Some(policies.get(site)?.canonical(&url).as_str().to_owned())
            };
            if matches!(args.format, Format::Warc) {
                slice(&archive, &filter, &canonical, &args.output)?
            } else {
                package(&archive, &filter, &canonical, &args)?
            }
        }
    };
    tracing::info!(records = done.records, "exported");
    for why in &done.damaged {
        tracing::error!("{why}");
    }
    Ok(if done.damaged.is_empty() {
        code::OK
    } else {
        code::DAMAGED
    })
}

fn dataset(
    archive: &Archive,
    filter: &ExportFilter,
    format: export::Format,
    output: &Path,
) -> anyhow::Result<Exported> {
    if output == Path::new("-") {
        let mut out = BufWriter::new(std::io::stdout().lock());
        let done = export::export(archive, filter, format, &mut out)?;
        out.flush()?;
        return Ok(done);
    }
    to_file(output, |out| export::export(archive, filter, format, out))
}

fn slice(
    archive: &Archive,
    filter: &ExportFilter,
    canonical: Canonical<'_>,
    output: &Path,
) -> anyhow::Result<Exported> {
    if output == Path::new("-") {
        let mut out = BufWriter::new(std::io::stdout().lock());
        let done = export::slice(archive, filter, canonical, &mut out, &mut |_| {})?;
        out.flush()?;
        return Ok(done);
    }
    to_file(output, |out| {
        export::slice(archive, filter, canonical, out, &mut |_| {})
    })
}

/// A WACZ file is built beside its place, since a ZIP file needs its end before its beginning.
fn package(
    archive: &Archive,
    filter: &ExportFilter,
    canonical: Canonical<'_>,
    args: &Export,
) -> anyhow::Result<Exported> {
    if args.output == Path::new("-") {
        return Err(Failure::error(
            code::USAGE,
            "a WACZ package cannot be written to standard output; name a file with --output",
        ));
    }
    let replaced = !is_special(&args.output);
    let folder = match args.output.parent() {
        _ if !replaced => std::env::temp_dir(),
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => Path::new(".").to_owned(),
    };
    let context = || {
        format!(
            "cannot write {}; check the folder and its space",
            args.output.display()
        )
    };
    let temp = tempfile::Builder::new()
        .prefix(".khobao-")
        .tempdir_in(folder)
        .with_context(context)?;
    let whole = temp.path().join("whole.wacz");
    let mut out = std::fs::File::create_new(&whole).with_context(context)?;
    let done = export::wacz(
        archive,
        filter,
        canonical,
        &args.title,
        temp.path(),
        &mut out,
    )
    .with_context(context)?;
    out.sync_all().with_context(context)?;
    if replaced {
        std::fs::rename(&whole, &args.output).with_context(context)?;
    } else {
        let mut to = std::fs::File::create(&args.output).with_context(context)?;
        let mut from = std::fs::File::open(&whole).with_context(context)?;
        std::io::copy(&mut from, &mut to).with_context(context)?;
    }
    Ok(done)
}

/// Devices, pipes and links are written to, never replaced.
fn is_special(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|target| !target.is_file())
}

/// Writes beside `path` and puts the result in place only when it is whole.
pub(super) fn to_file<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<T>,
) -> anyhow::Result<T> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let context = || {
        format!(
            "cannot write {}; check the folder and its space",
            path.display()
        )
    };
    if is_special(path) {
        let mut out = BufWriter::new(std::fs::File::create(path).with_context(context)?);
        let done = write(&mut out).with_context(context)?;
        out.flush().with_context(context)?;
        return Ok(done);
    }
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    let temp = tempfile::Builder::new()
        .permissions(readable)
        .tempfile_in(folder)
        .with_context(context)?;
    let mut out = BufWriter::new(temp);
    let done = write(&mut out).with_context(context)?;
    let temp = out
        .into_inner()
        .map_err(|why| why.into_error())
        .with_context(context)?;
    temp.as_file().sync_all().with_context(context)?;
    temp.persist(path).with_context(context)?;
    Ok(done)
}
