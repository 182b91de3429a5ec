//! Lists: the home page, categories with their pages, tags, topics, authors.

use super::super::config::Theme;
use super::super::faults;
use super::super::model::{Article, Site};
use super::super::words::alias;
use super::layout::{Head, page};
use super::{Ctx, SITE_NAME, esc, list_date};

/// Articles on one page of a list.
pub(in super::super) const PER_PAGE: usize = 20;

/// How many pages a category has (at least 1).
pub(in super::super) fn pages(site: &Site, category: usize) -> usize {
    site.count(category).div_ceil(PER_PAGE).max(1)
}

/// Page `number` (from 1) of a category.
pub(in super::super) fn category(ctx: &Ctx<'_>, category: usize, number: usize) -> String {
    let site = ctx.site;
    let base = site.category_path(category);
    let total = pages(site, category);
    let skip = (number - 1) * PER_PAGE;
    let title = site.category_title(category);
    let items: Vec<(String, &Article)> = site
        .listed(category, skip)
        .take(PER_PAGE)
        .map(|a| (site.path_in(a, category), a))
        .collect();
    let mut out = String::new();
    if number == 1 {
        out.push_str(&format!(
            "<div class=\"news_column\"><div class=\"alert alert-info clearfix\"><h1>{title}</h1><p>Chuyên \
             mục {title} của {SITE_NAME}.</p></div></div>\n"
        ));
    }
    listing(ctx, &items, number == 1, &mut out);
    let next: Vec<(String, &Article)> = site
        .listed(category, skip + PER_PAGE)
        .take(10)
        .map(|a| (site.path_in(a, category), a))
        .collect();
    if !next.is_empty() {
        others(ctx, &next, &mut out);
    }
    out.push_str(&format!(
        "<div class=\"text-center\">\n{}</div>\n",
        pagination(&base, number, total)
    ));
    let mut extra = String::new();
    // Only sometimes: on every second page.
    if number % 2 == 1 && number < total {
        extra.push_str(&format!(
            "<link rel=\"next\" href=\"{base}page-{}/\">\n",
            number + 1
        ));
    }
    let mut crumbs = Vec::new();
    if let Some(parent) = site.categories.get(category).and_then(|c| c.parent) {
        crumbs.push((
            site.category_path(parent),
            site.category_title(parent).to_owned(),
        ));
    }
    crumbs.push((base.clone(), title.to_owned()));
    let head = Head {
        title: if number > 1 {
            format!("{title} - Trang {number} - {SITE_NAME}")
        } else {
            format!("{title} - {SITE_NAME}")
        },
        canonical: Some(format!("{}{}", ctx.root, page_path(&base, number))),
        extra,
        crumbs,
        ..Head::default()
    };
    page(ctx, &head, &out)
}

fn page_path(base: &str, number: usize) -> String {
    if number > 1 {
        format!("{base}page-{number}/")
    } else {
        base.to_owned()
    }
}

fn meta(ctx: &Ctx<'_>, article: &Article) -> String {
    format!(
        "<div class=\"text-muted\"><ul class=\"list-unstyled list-inline\"><li><em class=\"fa \
         fa-clock-o\">&nbsp;</em> {}</li><li><em class=\"fa fa-eye\">&nbsp;</em> Đã xem: {}</li></ul></div>",
        list_date(ctx.theme, article.published),
        u64::from(article.id) * 7 + ctx.nonce
    )
}

/// The items of a list; the first is set as `h2` where it is featured.
fn listing(ctx: &Ctx<'_>, items: &[(String, &Article)], featured: bool, out: &mut String) {
    if ctx.theme == Theme::Egov {
        out.push_str("<div class=\"listpage\">\n");
    }
    for (n, (path, article)) in items.iter().enumerate() {
        let title = esc(&article.title);
        let (tag, class) = match (n, featured) {
            (0, true) => ("h2", "panel-body featured"),
            _ => ("h3", "panel-body"),
        };
        let image = article.lead_image.as_ref().map_or(String::new(), |image| {
            format!(
                "<a href=\"{path}\" title=\"{title}\"><img alt=\"{title}\" src=\"{}\" width=\"100\" \
                 class=\"img-thumbnail pull-left imghome\" /></a>",
                super::super::truth::thumb(&image.path)
            )
        });
        let inner = format!(
            "{image}<{tag}><a href=\"{path}\" title=\"{title}\">{title}</a></{tag}>{}{}",
            meta(ctx, article),
            esc(&article.lead)
        );
        out.push_str(&match ctx.theme {
            Theme::Egov => format!("<div class=\"item clearfix\">{inner}</div>\n"),
            _ => format!(
                "<div class=\"news_column\"><div class=\"panel panel-default\"><div \
                 class=\"{class}\">{inner}</div></div></div>\n"
            ),
        });
    }
    if ctx.theme == Theme::Egov {
        out.push_str("</div>\n");
    }
}

/// "Các tin khác".
fn others(ctx: &Ctx<'_>, items: &[(String, &Article)], out: &mut String) {
    let class = if ctx.theme == Theme::Mobile {
        "related"
    } else {
        "related list-items"
    };
    out.push_str(&format!(
        "<hr/>\n<h4>Các tin khác</h4>\n<ul class=\"{class}\">\n"
    ));
    for (path, article) in items {
        out.push_str(&format!(
            "<li><em class=\"fa fa-angle-right\">&nbsp;</em><a href=\"{path}\" title=\"{0}\">{0} \
             <em>({1}) </em></a></li>\n",
            esc(&article.title),
            list_date(ctx.theme, article.published)
        ));
    }
    out.push_str("</ul>\n");
}

/// `ul.pagination`: all pages up to 7, else the first three, the last three and the neighbours.
fn pagination(base: &str, number: usize, total: usize) -> String {
    if total < 2 {
        return String::new();
    }
    let mut out = String::from("<ul class=\"pagination\">");
    let arrow = |to: Option<usize>, sign: &str| match to {
        Some(to) => format!(
            "<li class=\"page-item\"><a class=\"page-link\" href=\"{}\">{sign}</a></li>",
            page_path(base, to)
        ),
        None => format!(
            "<li class=\"page-item disabled\"><a class=\"page-link\" href=\"javascript:void(0)\">{sign}</a></li>"
        ),
    };
    out.push_str(&arrow((number > 1).then(|| number - 1), "&laquo;"));
    let mut skipped = false;
    for n in 1..=total {
        let shown = total <= 7 || n <= 3 || n + 2 >= total || n.abs_diff(number) <= 1;
        if !shown {
            if !skipped {
                out.push_str("<li class=\"page-item disabled\"><span>...</span></li>");
            }
            skipped = true;
            continue;
        }
        skipped = false;
        out.push_str(&if n == number {
            format!(
                "<li class=\"page-item active\"><a class=\"page-link\" href=\"javascript:void(0)\">{n}</a></li>"
            )
        } else {
            format!(
                "<li class=\"page-item\"><a class=\"page-link\" href=\"{}\">{n}</a></li>",
                page_path(base, n)
            )
        });
    }
    out.push_str(&arrow((number < total).then_some(number + 1), "&raquo;"));
    out.push_str("</ul>");
    out
}

/// A list that is one page long: a tag, a topic, an author. `None` when nothing is in it.
pub(in super::super) fn special(ctx: &Ctx<'_>, sort: &str, name: &str) -> Option<String> {
    let of = |a: &&Article| match sort {
        "tag" => a.tags.iter().any(|t| alias(t) == name),
        "author" => a.credit.registered.iter().any(|(alias, _)| alias == name),
        _ => a
            .topic
            .and_then(|t| ctx.site.topics.get(t))
            .is_some_and(|t| t.alias == name),
    };
    let items: Vec<(String, &Article)> = ctx
        .site
        .newest()
        .filter(of)
        .take(PER_PAGE)
        .map(|a| (ctx.site.path(a), a))
        .collect();
    if items.is_empty() {
        return None;
    }
    let topic = ctx
        .site
        .topics
        .iter()
        .find(|t| sort == "topic" && t.alias == name);
    let mut out = format!(
        "<div class=\"news_column\"><div class=\"alert alert-info\"><h1>{}</h1></div></div>\n",
        esc(topic.map_or(name, |t| t.title))
    );
    listing(ctx, &items, false, &mut out);
    let head = Head {
        title: format!("{name} - {SITE_NAME}"),
        ..Head::default()
    };
    Some(page(ctx, &head, &out))
}

/// The home page.
pub(in super::super) fn home(ctx: &Ctx<'_>) -> String {
    let site = ctx.site;
    let mut out = String::new();
    if let Some(article) = site.pinned.and_then(|id| site.articles.get(&id)) {
        out.push_str(&format!(
            "<div class=\"news_column block-headline\"><h2><a href=\"{0}\" title=\"{1}\">{1}</a></h2><p>{2}</p></div>\n",
            site.path(article),
            esc(&article.title),
            esc(&article.lead)
        ));
    }
    for (n, category) in site.categories.iter().enumerate() {
        let mut items = site.listed(n, 0);
        let Some(first) = items.next() else { continue };
        let path = site.path_in(first, n);
        out.push_str(&format!(
            "<div class=\"news_column\"><div class=\"panel panel-default clearfix\"><div \
             class=\"panel-heading\"><ul class=\"list-inline sub-list-icon\"><li><h4><a title=\"{0}\" \
             href=\"/{1}/\"><span>{0}</span></a></h4></li></ul></div><div class=\"panel-body\"><h3><a \
             href=\"{path}\" title=\"{2}\">{2}</a></h3>{3}{4}\n<ul class=\"related list-items\">\n",
            category.title,
            category.alias,
            esc(&first.title),
            meta(ctx, first),
            esc(&first.lead)
        ));
        for article in items.take(4) {
            out.push_str(&format!(
                "<li class=\"icon_list\"><a class=\"show h4\" href=\"{0}\" title=\"{1}\">{1}</a></li>\n",
                site.path_in(article, n),
                esc(&article.title)
            ));
        }
        out.push_str("</ul></div></div></div>\n");
    }
    if ctx.config.traps {
        traps(ctx, &mut out);
    }
    if let Some(from) = ctx.faults_from {
        out.push_str(
            "<div class=\"panel panel-default\"><div class=\"panel-heading\">Bài lỗi</div><ul>\n",
        );
        for (n, fault) in (from..).zip(faults::NAMES) {
            out.push_str(&format!(
                "<li><a href=\"/tin-tuc/loi-{n}.html\">Trang lỗi: {fault}</a></li>\n"
            ));
        }
        out.push_str("</ul></div>\n");
    }
    let head = Head {
        title: format!("Trang nhất - {SITE_NAME}"),
        description: format!("Trang thông tin của {SITE_NAME}"),
        canonical: Some(format!("{}/", ctx.root)),
        ..Head::default()
    };
    page(ctx, &head, &out)
}

/// Links that lead nowhere good.
fn traps(ctx: &Ctx<'_>, out: &mut String) {
    let newest = ctx
        .site
        .newest()
        .next()
        .map(|a| ctx.site.path(a))
        .unwrap_or_default();
    let links = [
        ("/tin-tuc/bai-da-go-bo-7.html", "Bài đã gỡ"),
        ("/chuyen-muc-cu/bai-cu-12.html", "Chuyên mục cũ"),
        ("/Tin-Tuc/", "Sai chữ hoa"),
        ("/noi-bo/tai-lieu-noi-bo-5.html", "Nội bộ"),
        ("/tin-tuc/page-900/", "Trang cuối"),
        ("/users/register/", "Đăng ký"),
        ("/seek/?q=mat+tran", "Tìm kiếm"),
    ];
    out.push_str(
        "<div class=\"panel panel-default\"><div class=\"panel-heading\">Liên kết</div><ul>\n",
    );
    for (path, title) in links {
        out.push_str(&format!("<li><a href=\"{path}\">{title}</a></li>\n"));
    }
    out.push_str(&format!(
        "<li><a href=\"{newest}/\">Gạch chéo thừa</a></li>\n<li><a href=\"{}/lien-ket.html\">Trang bạn</a></li>\n\
         </ul></div>\n",
        ctx.other_root
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pagination_skips_the_middle_beyond_seven_pages() {
        let seven = pagination("/a/", 2, 7);
        assert!(
            (3..=7).all(|n| seven.contains(&format!("/a/page-{n}/"))),
            "{seven}"
        );
        assert!(!seven.contains("..."));
        let twelve = pagination("/a/", 1, 12);
        assert!(twelve.contains("/a/page-3/") && twelve.contains("/a/page-10/"));
        assert!(!twelve.contains("/a/page-6/"), "{twelve}");
        assert!(twelve.contains("...") && !twelve.contains("page-1/"));
        let last = pagination("/a/", 12, 12);
        assert!(
            last.contains("href=\"javascript:void(0)\">&raquo;"),
            "{last}"
        );
    }
}
