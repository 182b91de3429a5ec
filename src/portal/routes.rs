//! From a request to an answer: NukeViet's routing with its redirects and soft errors.

use super::config::{Flood, Theme};
use super::faults::{self, FaultAsk};
use super::files;
use super::hits::lock;
use super::model::{Article, Kind, Site};
use super::render::{Ctx, article, feeds, lists, views};
use super::reply::Reply;
use super::state::Shared;
use super::versions;
use std::net::IpAddr;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A request, as far as the answer depends on it.
pub(super) struct Ask<'a> {
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) user_agent: &'a str,
    pub(super) cookie: &'a str,
    pub(super) if_none_match: &'a str,
    pub(super) if_modified_since: &'a str,
    pub(super) gzip: bool,
    pub(super) client: IpAddr,
    /// Asked on the other host's address.
    pub(super) other_host: bool,
}

impl Ask<'_> {
    fn param(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

/// The answer to a request; counts it for the anti-flood rule.
pub(super) fn answer(shared: &Shared, ask: &Ask<'_>) -> Reply {
    if ask.other_host {
        return Reply::html(200, views::other_host());
    }
    if let Some(reply) = canned(shared, ask) {
        return reply;
    }
    if let Some(reply) = file(ask) {
        return reply;
    }
    let (flood, outage, fault_delay, robots_status) = {
        let mut knobs = lock(&shared.knobs);
        let outage = match &mut knobs.outage {
            Some((_, 0)) => None,
            Some((name, left)) => {
                *left = left.saturating_sub(1);
                Some(*name)
            }
            None => None,
        };
        (knobs.flood, outage, knobs.fault_delay, knobs.robots_status)
    };
    let versions = lock(&shared.knobs).versions;
    if flood != Flood::Off {
        let wait =
            lock(&shared.gate).count(ask.client, &shared.config.flood_windows, Instant::now());
        if let Some(seconds) = wait {
            return match flood {
                Flood::Status200 => Reply::html(200, views::flood(seconds)),
                _ => Reply::html(429, views::flood(seconds))
                    .with("retry-after", &seconds.to_string()),
            };
        }
    }
    let mobile = ["iPhone", "Android", "Mobile"]
        .iter()
        .any(|m| ask.user_agent.contains(m));
    if outage.is_none() && !mobile && ask.gzip && ask.query.is_empty() {
        let rendered = shared
            .rendered
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(reply) = rendered.as_ref().and_then(|pages| pages.get(ask.path)) {
            return Reply::clone(reply);
        }
    }
    let site = shared.site.read().unwrap_or_else(PoisonError::into_inner);
    let ctx = Ctx {
        site: &site,
        config: &shared.config,
        root: &shared.root,
        other_root: &shared.other_root,
        theme: if mobile {
            Theme::Mobile
        } else {
            shared.config.theme
        },
        nonce: shared.nonce.fetch_add(1, Ordering::Relaxed),
        versions,
        faults_from: shared.config.traps_faults.then_some(shared.faults_from),
    };
    let fault = |name: &str| {
        let id = faults::NAMES.iter().position(|n| *n == name).unwrap_or(0) as u32;
        let before = {
            let mut counts = lock(&shared.fault_counts);
            let count = counts.entry(name.to_owned()).or_insert(0);
            *count += 1;
            *count - 1
        };
        let ask = FaultAsk {
            before,
            delay: fault_delay,
            cookie: ask.cookie,
            id: shared.faults_from + id,
        };
        let ctx = Ctx {
            theme: faults::THEME,
            ..ctx
        };
        faults::answer(&ctx, name, &ask).unwrap_or_else(home)
    };
    if let Some(name) = outage {
        return fault(name);
    }
    if ask.path == "/robots.txt" {
        return match robots_status {
            Some(status) => Reply::html(status, "<h1>Lỗi</h1>"),
            None => files::stored(
                "text/plain",
                feeds::robots(&ctx),
                ask.path,
                ask.if_none_match,
            ),
        };
    }
    if let Some(name) = ask.path.strip_prefix("/faults/") {
        return fault(name);
    }
    if let Some(name) = numbered_fault(shared, ask.path) {
        return fault(name);
    }
    let reply = route(&ctx, ask);
    if ask.cookie.is_empty() {
        reply
            .with(
                "set-cookie",
                &format!("nv4_sess={:016x}; path=/; HttpOnly", ctx.nonce),
            )
            .with("set-cookie", "nv4_u_lang=vi; path=/; HttpOnly")
    } else {
        reply
    }
}

/// What a test has put in place of the answer.
fn canned(shared: &Shared, ask: &Ask<'_>) -> Option<Reply> {
    let mut canned = lock(&shared.canned);
    if canned.is_empty() {
        return None;
    }
    let (answer, left) = match ask.query {
        "" => canned.get_mut(ask.path),
        query => canned.get_mut(&format!("{}?{query}", ask.path)),
    }?;
    *left = left.checked_sub(1)?;
    Some(answer.reply())
}

fn home() -> Reply {
    Reply::redirect(301, "/")
}

/// Images and other files that the web server sends without PHP.
fn file(ask: &Ask<'_>) -> Option<Reply> {
    let path = ask.path;
    if path == "/favicon.ico" || path.ends_with(".png") || path.ends_with(".gif") {
        return Some(files::stored(
            "image/png",
            files::png(path),
            path,
            ask.if_none_match,
        ));
    }
    path.starts_with("/themes/")
        .then(|| files::stored("text/css", "body{margin:0}\n", path, ask.if_none_match))
}

fn numbered_fault(shared: &Shared, path: &str) -> Option<&'static str> {
    let number = path.strip_prefix("/tin-tuc/loi-")?.strip_suffix(".html")?;
    let number: u32 = number.parse().ok()?;
    let at = number.checked_sub(shared.faults_from)?;
    faults::NAMES.get(at as usize).copied()
}

fn route(ctx: &Ctx<'_>, ask: &Ask<'_>) -> Reply {
    if ask.param("nvvithemever").is_some() {
        return Reply::redirect(302, "/").with("set-cookie", "nv4_theme=r; path=/");
    }
    if ask.path == "/index.php" {
        return index_php(ctx, ask);
    }
    rewritten(ctx, ask.path, ask)
}

/// `index.php?language=vi&nv=news&op=...`: the same content, with 200.
fn index_php(ctx: &Ctx<'_>, ask: &Ask<'_>) -> Reply {
    if ask.param("second") == Some("cronjobs") {
        return Reply::new(
            200,
            "image/gif",
            &b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"[..],
        );
    }
    let op = ask
        .param("op")
        .unwrap_or_default()
        .replace("%2F", "/")
        .replace("%2f", "/");
    match ask.param("nv") {
        Some("news") | None => {}
        Some(_) => return Reply::html(200, views::plain(ctx, "Chức năng", "Trang chức năng.")),
    }
    let op = op.trim_matches('/');
    let page: Option<usize> = ask.param("page").and_then(|p| p.parse().ok());
    let path = match (op, page) {
        ("", _) => "/".to_owned(),
        (op, _) if op.ends_with(".html") => format!("/{op}"),
        (op, _)
            if op.contains('/')
                && split_id(op.rsplit('/').next().unwrap_or_default()).is_some()
                && !op.contains("/page-") =>
        {
            format!("/{op}.html")
        }
        (op, Some(page)) if page > 1 => format!("/{op}/page-{page}/"),
        (op, _) => format!("/{op}/"),
    };
    rewritten(ctx, &path, ask)
}

/// "alias-12" as ("alias", 12).
fn split_id(name: &str) -> Option<(&str, u32)> {
    let (alias, id) = name.rsplit_once('-')?;
    Some((alias, id.parse().ok()?))
}

fn rewritten(ctx: &Ctx<'_>, path: &str, ask: &Ask<'_>) -> Reply {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        [""] => Reply::html(200, lists::home(ctx)),
        ["rss", ""] if ctx.config.rss => xml(feeds::rss(ctx, None)),
        ["rss", category, ""] if ctx.config.rss => match ctx.site.find_category(category) {
            Some(category) => xml(feeds::rss(ctx, Some(category))),
            None => home(),
        },
        ["sitemap.xml"] if ctx.config.sitemap => xml(feeds::sitemap_index(ctx)),
        ["sitemap-vi.news.xml"] if ctx.config.sitemap => xml(feeds::sitemap(ctx)),
        [op @ ("print" | "savefile" | "sendmail"), category, file] => {
            view(ctx, op, category, file, path)
        }
        [sort @ ("tag" | "topic" | "author"), name, ""] => match lists::special(ctx, sort, name) {
            Some(html) => Reply::html(200, html),
            None => home(),
        },
        ["banners", "click", ..] => Reply::html(
            200,
            format!(
                "<html><head><meta http-equiv=\"refresh\" content=\"0;url={}/\" /></head><body></body></html>",
                ctx.other_root
            ),
        ),
        ["users" | "seek" | "contact", ..] => Reply::html(
            200,
            views::plain(ctx, "Chức năng", "Trang chức năng của cổng thông tin."),
        ),
        // Forbidden by robots.txt, and looks like an article.
        ["noi-bo", ..] => {
            let page = faults::sample(5, "tai-lieu-noi-bo", "Tài liệu nội bộ".to_owned(), 5);
            Reply::html(200, article::html(ctx, &page))
        }
        [category] if ctx.site.find_category(category).is_some() => {
            Reply::redirect(301, &format!("/{category}/"))
        }
        [category, ""] => match ctx.site.find_category(category) {
            Some(category) => Reply::html(200, lists::category(ctx, category, 1)),
            None => home(),
        },
        [category, page, ""] => {
            match (ctx.site.find_category(category), page.strip_prefix("page-")) {
                (Some(at), Some(number)) => listing(ctx, at, number),
                _ => home(),
            }
        }
        [category, file] => match (ctx.site.find_category(category), file.strip_suffix(".html")) {
            (Some(at), Some(name)) => match split_id(name) {
                Some((_, id)) => one(ctx, at, id, path, ask),
                None => missing(ctx),
            },
            _ => home(),
        },
        _ => home(),
    }
}

fn xml(text: String) -> Reply {
    Reply::new(200, "text/xml; charset=utf-8", text)
}

fn missing(ctx: &Ctx<'_>) -> Reply {
    Reply::html(404, views::not_found(ctx))
}

/// Page 1 has no suffix; a page past the last answers page 1.
fn listing(ctx: &Ctx<'_>, category: usize, number: &str) -> Reply {
    match number.parse::<usize>() {
        Ok(1) => Reply::redirect(301, &ctx.site.category_path(category)),
        Ok(n) if n > 1 && n <= lists::pages(ctx.site, category) => {
            Reply::html(200, lists::category(ctx, category, n))
        }
        _ => Reply::html(200, lists::category(ctx, category, 1)),
    }
}

fn find(site: &Site, category: usize, id: u32) -> Option<&Article> {
    site.articles
        .get(&id)
        .filter(|a| a.categories.contains(&category))
}

fn one(ctx: &Ctx<'_>, category: usize, id: u32, path: &str, ask: &Ask<'_>) -> Reply {
    let Some(article) = find(ctx.site, category, id) else {
        return missing(ctx);
    };
    match article.kind {
        Kind::Expired => return missing(ctx),
        Kind::External => {
            return Reply::redirect(302, &format!("{}/bai-viet/{id}.html", ctx.other_root));
        }
        Kind::Normal => {}
    }
    let canonical = ctx.site.path(article);
    if path != canonical {
        return Reply::redirect(301, &canonical);
    }
    if ask.param("download").is_some() {
        let number = ask
            .param("id")
            .and_then(|n| n.parse::<usize>().ok())
            .unwrap_or(0);
        return match article.files.get(number) {
            Some(title) => files::attachment(title),
            None => missing(ctx),
        };
    }
    if ask.param("pdf").is_some() {
        return Reply::html(
            200,
            "<!DOCTYPE html><html><body><div id=\"viewer\">PDF</div></body></html>",
        )
        .with("x-robots-tag", "noindex");
    }
    let known = (ask.if_none_match, ask.if_modified_since);
    let reply = Reply::html(200, article::html(ctx, article));
    versions::versioned(reply, ctx.versions, article, known)
}

/// Print, save-file and send-mail views of an article.
fn view(ctx: &Ctx<'_>, op: &str, category: &str, file: &str, path: &str) -> Reply {
    let found = ctx
        .site
        .find_category(category)
        .zip(file.strip_suffix(".html").and_then(split_id))
        .and_then(|(category, (_, id))| find(ctx.site, category, id))
        .filter(|a| a.kind == Kind::Normal);
    let Some(article) = found else {
        return missing(ctx);
    };
    let own = format!("{}{path}", ctx.root);
    match op {
        "print" => Reply::html(
            200,
            views::print(
                ctx,
                article,
                &format!("{}{}", ctx.root, ctx.site.path(article)),
            ),
        )
        .with("x-robots-tag", "noindex"),
        // Calls itself canonical.
        "savefile" => Reply::html(200, views::print(ctx, article, &own))
            .with("x-robots-tag", "noindex")
            .with(
                "content-disposition",
                &format!("attachment; filename=\"{file}\""),
            ),
        _ => Reply::html(
            200,
            views::plain(ctx, "Giới thiệu bài viết cho bạn bè", &article.title),
        )
        .with("x-robots-tag", "noindex"),
    }
}
