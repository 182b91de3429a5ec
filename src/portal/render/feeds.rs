//! RSS, sitemaps and robots.txt, with NukeViet's faults.

use super::super::model::{Article, Kind};
use super::{Ctx, SITE_NAME, esc};
use chrono::Duration;

/// The 30 newest of all or of one category. The minutes of `pubDate` are the month's number.
pub(in super::super) fn rss(ctx: &Ctx<'_>, category: Option<usize>) -> String {
    let site = ctx.site;
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?xml-stylesheet type=\"text/xsl\" \
         href=\"/assets/css/rss.xsl\"?>\n<rss version=\"2.0\"><channel><title>{SITE_NAME}</title><link>{}/</link>\
         <description>Tin mới của {SITE_NAME}</description><language>vi</language>\n",
        ctx.root
    );
    let items: Box<dyn Iterator<Item = &Article>> = match category {
        Some(category) => Box::new(site.listed(category, 0)),
        None => Box::new(site.newest()),
    };
    for article in items.filter(|a| a.kind != Kind::Expired).take(30) {
        let utc = article.published - Duration::hours(7);
        out.push_str(&format!(
            "<item><title>{}</title><link>{}{}</link><guid isPermaLink=\"false\">news_{}</guid><description>\
             <![CDATA[{}]]></description><pubDate>{}</pubDate></item>\n",
            esc(&article.title),
            ctx.root,
            site.path(article),
            article.id,
            esc(&article.lead),
            utc.format("%a, %-d %b %Y %H:%m:%S GMT")
        ));
    }
    out.push_str("</channel></rss>\n");
    out
}

/// The index of sitemaps.
pub(in super::super) fn sitemap_index(ctx: &Ctx<'_>) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?xml-stylesheet type=\"text/xsl\" \
         href=\"/assets/css/sitemapindex.xsl\"?>\n<sitemapindex \
         xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><sitemap><loc>{}/sitemap-vi.news.xml</loc>\
         </sitemap></sitemapindex>\n",
        ctx.root
    )
}

/// The newest 1,000; `lastmod` is the publication time.
pub(in super::super) fn sitemap(ctx: &Ctx<'_>) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset \
         xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for article in ctx
        .site
        .newest()
        .filter(|a| a.kind != Kind::Expired)
        .take(1000)
    {
        out.push_str(&format!(
            "<url><loc>{}{}</loc><lastmod>{}+07:00</lastmod><changefreq>daily</changefreq><priority>0.8</priority>\
             </url>\n",
            ctx.root,
            ctx.site.path(article),
            article.published.format("%Y-%m-%dT%H:%M:%S")
        ));
    }
    out.push_str("</urlset>\n");
    out
}

/// robots.txt.
pub(in super::super) fn robots(ctx: &Ctx<'_>) -> String {
    let mut out = String::from("User-agent: *\n");
    for path in &ctx.config.robots_disallow {
        out.push_str(&format!("Disallow: {path}\n"));
    }
    if let Some(delay) = ctx.config.crawl_delay {
        out.push_str(&format!("Crawl-delay: {}\n", delay.as_secs_f64()));
    }
    if ctx.config.sitemap {
        out.push_str(&format!("\nSitemap: {}/sitemap.xml\n", ctx.root));
    }
    out
}
