//! Home page, category lists, RSS, sitemaps, robots.txt.

use super::content::CATEGORIES;
use super::page::{escape, frame};
use super::state::State;
use std::fmt::Write as _;

const PER_PAGE: usize = 20;

/// The home page: the newest five of each category, and what a front page links besides.
pub(super) fn home(state: &State) -> String {
    let mut main = String::new();
    for (at, (name, label)) in CATEGORIES.iter().enumerate() {
        let _ = write!(
            main,
            "<div class=\"news_column\"><div class=\"panel panel-default clearfix\"><div class=\"panel-heading\">\
             <h4 class=\"cat-icon\"><a title=\"{label}\" href=\"/{name}/\"><span>{label}</span></a></h4></div><div class=\"panel-body\">"
        );
        for item in state.category(at).iter().take(5) {
            let _ = write!(
                main,
                "<h3><a href=\"{}\" title=\"{1}\">{1}</a></h3>",
                item.url,
                escape(&item.title)
            );
        }
        main.push_str("</div></div></div>");
    }
    if state.config.traps {
        main.push_str("<a href=\"http://bao-khac.example/tin-1.html\">Báo bạn</a>");
    }
    if state.config.faults {
        for (n, _) in super::faults::FAULTS.iter().enumerate() {
            let _ = write!(
                main,
                "<h3><a href=\"/tin-hoat-dong/loi-{}.html\">Bài lỗi {n}</a></h3>",
                900_000 + n
            );
        }
    }
    let head = "<link rel=\"alternate\" type=\"application/rss+xml\" title=\"Tin\" href=\"/rss/\">";
    frame(state, "Cổng thông tin thử nghiệm", head, &main, "/")
}

/// One page of a category's list; `None` past the last.
pub(super) fn category(state: &State, category: usize, page: usize) -> Option<String> {
    let (name, label) = CATEGORIES.get(category)?;
    let all = state.category(category);
    let pages = state.pages(category);
    if page == 0 || page > pages {
        return None;
    }
    let mut main = String::from("<div class=\"news_column\">");
    let items = all.iter().skip((page - 1) * PER_PAGE).take(PER_PAGE);
    for (n, item) in items.enumerate() {
        let tag = if n == 0 { "h2" } else { "h3" };
        let _ = write!(
            main,
            "<div class=\"panel panel-default clearfix\"><div class=\"panel-body featured\"><{tag}>\
             <a href=\"{}\" title=\"{1}\">{1}</a></{tag}><div class=\"text-muted\"><ul class=\"list-unstyled list-inline\">\
             <li><em class=\"fa fa-clock-o\">&nbsp;</em> {2}</li></ul></div><p>{3}</p></div></div>",
            item.url,
            escape(&item.title),
            item.published.format("%-d/%-m/%Y %H:%M:00"),
            escape(&item.lead)
        );
    }
    main.push_str(
        "</div><p class=\"h4\"><strong>Các tin khác</strong></p><ul class=\"related list-items\">",
    );
    for item in all.iter().skip(page * PER_PAGE).take(10) {
        let _ = write!(
            main,
            "<li><a href=\"{}\">{}</a></li>",
            item.url,
            escape(&item.title)
        );
    }
    main.push_str("</ul>");
    if pages > 1 {
        main.push_str("<div class=\"text-center\"><ul class=\"pagination\">");
        for n in (1..=pages).filter(|n| *n < 4 || *n + 2 > pages || n.abs_diff(page) < 2) {
            let class = if n == page { " class=\"active\"" } else { "" };
            let _ = write!(
                main,
                "<li{class}><a href=\"{}\">{n}</a></li>",
                list_url(name, n)
            );
        }
        if page < pages {
            let _ = write!(
                main,
                "<li><a rel=\"next\" title=\"Trang sau\" href=\"{}\">&raquo;</a></li>",
                list_url(name, page + 1)
            );
        }
        main.push_str("</ul></div>");
    }
    Some(frame(state, label, "", &main, &list_url(name, page)))
}

fn list_url(name: &str, page: usize) -> String {
    if page == 1 {
        format!("/{name}/")
    } else {
        format!("/{name}/page-{page}/")
    }
}

/// RSS of everything or one category: the 30 newest, with NukeViet's wrong minutes.
pub(super) fn rss(state: &State, category: Option<usize>) -> String {
    let items = match category {
        Some(category) => state.category(category),
        None => state.newest(30),
    };
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\"><channel><title>Tin</title>\
         <link>/</link><description>Tin mới</description>",
    );
    for item in items.iter().take(30) {
        let _ = write!(
            out,
            "<item><title>{}</title><link>http://127.0.0.1:{}{}</link><guid isPermaLink=\"false\">news_{}</guid>\
             <pubDate>{}</pubDate></item>",
            escape(&item.title),
            state.port,
            item.url,
            item.id,
            item.published.format("%a, %d %b %Y %H:%m:00 +0700")
        );
    }
    out.push_str("</channel></rss>");
    out
}

/// The page that lists the feeds.
pub(super) fn feeds(state: &State) -> String {
    let mut main = String::from("<ul><li><a href=\"/rss/\">Tin</a></li>");
    for (name, label) in CATEGORIES {
        let _ = write!(main, "<li><a href=\"/rss/{name}/\">{label}</a></li>");
    }
    main.push_str("</ul>");
    frame(state, "RSS", "", &main, "/feeds/")
}

pub(super) fn sitemap_index(state: &State) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\
         <sitemap><loc>http://127.0.0.1:{}/sitemap-vi.news.xml</loc></sitemap></sitemapindex>",
        state.port
    )
}

/// The newest 1,000 only.
pub(super) fn sitemap(state: &State) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">",
    );
    for item in state.newest(1000) {
        let _ = write!(
            out,
            "<url><loc>http://127.0.0.1:{}{}</loc><lastmod>{}</lastmod></url>",
            state.port,
            item.url,
            item.published_rfc3339()
        );
    }
    out.push_str("</urlset>");
    out
}

pub(super) fn robots(state: &State) -> String {
    format!(
        "User-agent: *\nDisallow: /admin/\nDisallow: /users/\n{}\nSitemap: http://127.0.0.1:{}/sitemap.xml\n",
        state.config.robots, state.port
    )
}
