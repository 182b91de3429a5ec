//! `khobao demo`: a portal of our own on loopback, crawled for real.

use super::args::LogFormat;
use super::{Failure, code, crawl, setup};
use crate::archive::Archive;
use crate::crawl::Plan;
use crate::portal::{Portal, PortalConfig};
use std::path::Path;

/// Only a folder with this file is a demo's, and may be replaced.
const MARK: &str = ".khobao-demo";

pub(super) fn demo(articles: u32, dir: &Path, format: LogFormat) -> anyhow::Result<u8> {
    let fail = |what: &str, why: std::io::Error| {
        Failure::error(
            code::FAILED,
            format!("cannot {what} {}: {why}", dir.display()),
        )
    };
    if dir.exists() {
        let empty = std::fs::read_dir(dir)
            .map_err(|why| fail("read", why))?
            .next()
            .is_none();
        if dir.join(MARK).is_file() {
            Archive::is_free(&dir.join("archive"))?;
            std::fs::remove_dir_all(dir).map_err(|why| fail("replace", why))?;
        } else if !empty {
            return Err(Failure::error(
                code::USAGE,
                format!(
                    "{} is there and no demo made it; name another folder with --dir",
                    dir.display()
                ),
            ));
        }
    }
    std::fs::create_dir_all(dir).map_err(|why| fail("make", why))?;
    std::fs::write(dir.join(MARK), "").map_err(|why| fail("write into", why))?;
    let portal = Portal::start(PortalConfig {
        articles: articles as usize,
        ..PortalConfig::default()
    })
    .map_err(|why| {
        Failure::error(
            code::FAILED,
            format!("cannot start the demo's portal: {why}"),
        )
    })?;
    let file = dir.join("config.toml");
    std::fs::write(&file, config(&portal.base())).map_err(|why| fail("write into", why))?;
    eprintln!(
        "A portal of {articles} articles answers at {} while this demo runs.",
        portal.base()
    );

    let (config, profiles) = setup::load(&file)?;
    let archive = crawl::open_or_create(&config, &profiles)?;
    let plan = Plan {
        sites: config.sites.clone(),
        full: None,
        since: None,
        max_pages: None,
        max_time: None,
        command: format!("demo --articles {articles}"),
        only: Default::default(),
    };
    let begun = std::time::Instant::now();
    let ended = crawl::go(
        plan,
        &config,
        profiles,
        archive,
        format,
        None,
        &mut Default::default(),
    )?;
    let visible = portal.truth().len();
    let requests = portal.hits().len();
    portal.stop();
    let (_, archive) = setup::archive(&file)?;
    let stats = archive.stats()?;
    let records: u64 = stats.sites.values().map(|site| site.records).sum();
    let shown = file.display();
    let me = std::env::args().next();
    let me = me.as_deref().unwrap_or("khobao");
    eprintln!(
        "\nThe portal showed {visible} articles to visitors; the archive holds {records} records of \
         them\n({requests} requests in {:.1} s, {} captures, {} bytes of WARC).\n\n\
         Try next:\n  \
         {me} stats --config {shown}\n  \
         {me} runs show --config {shown}\n  \
         {me} export --config {shown} | head -1\n  \
         {me} verify --config {shown}",
        begun.elapsed().as_secs_f64(),
        stats.captures,
        stats.warc_bytes,
    );
    if ended == code::OK && records < visible as u64 {
        return Err(Failure::error(
            code::FAILED,
            format!(
                "{} articles are missing from the demo's archive",
                visible as u64 - records
            ),
        ));
    }
    Ok(ended)
}

fn config(base: &str) -> String {
    format!(
        "# Written by `khobao demo`. Its portal is gone when the demo ends; the archive stays.\n\
         [archive]\n\
         path = \"archive\"\n\n\
         [[sites]]\n\
         id = \"demo\"\n\
         name = \"Cổng thông tin thử nghiệm\"\n\
         base = \"{base}\"\n\
         profile = \"nukeviet\"\n\
         seeds = [\"/\"]\n\
         pace = \"0s\"\n\
         concurrency = 8\n\
         capture = [\"pages\", \"images\", \"attachments\"]\n\
         allow_private = true\n"
    )
}
