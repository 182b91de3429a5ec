//! One article's page: the head, the default themes, and the parts that all themes share.

use super::super::config::Theme;
use super::super::model::Article;
use super::super::truth::thumb;
use super::super::words::alias;
use super::layout::{Head, page};
use super::{Ctx, SITE_NAME, body, esc, long_date, themes};

/// The page of an article.
pub(in super::super) fn html(ctx: &Ctx<'_>, article: &Article) -> String {
    let head = head(ctx, article);
    let content = match ctx.theme {
        Theme::Default45 | Theme::Old44 => default(ctx, article),
        Theme::Mobile => themes::mobile(ctx, article),
        Theme::Egov => themes::egov(ctx, article),
    };
    page(ctx, &head, &content)
}

fn head(ctx: &Ctx<'_>, article: &Article) -> Head {
    let url = format!("{}{}", ctx.root, ctx.site.path(article));
    let category = article.categories.first().copied().unwrap_or(0);
    // NukeViet's format string is "Y-m-dTH:i:s", where T is the zone's name.
    let malformed = article.published.format("%Y-%m-%d+07%H:%M:%S");
    let mut extra = format!(
        "<meta property=\"og:title\" content=\"{}\">\n<meta property=\"og:type\" content=\"article\">\n\
         <meta property=\"og:url\" content=\"{url}\">\n<meta property=\"og:site_name\" \
         content=\"{SITE_NAME}\">\n<meta property=\"article:published_time\" content=\"{malformed}\">\n\
         <meta property=\"article:section\" content=\"{}\">\n",
        esc(&article.title),
        ctx.site.category_title(category),
    );
    if let Some(image) = &article.lead_image {
        extra.push_str(&format!(
            "<meta property=\"og:image\" content=\"{}{}\">\n",
            ctx.root, image.path
        ));
    }
    for tag in &article.tags {
        extra.push_str(&format!(
            "<meta property=\"article:tag\" content=\"{}\">\n",
            esc(tag)
        ));
    }
    let mut crumbs = Vec::new();
    if let Some(parent) = ctx.site.categories.get(category).and_then(|c| c.parent) {
        crumbs.push((
            ctx.site.category_path(parent),
            ctx.site.category_title(parent).to_owned(),
        ));
    }
    crumbs.push((
        ctx.site.category_path(category),
        ctx.site.category_title(category).to_owned(),
    ));
    Head {
        title: format!("{} - {SITE_NAME}", article.title),
        description: article.lead.clone(),
        canonical: Some(url),
        extra,
        crumbs,
    }
}

/// Hidden metadata: the edit time stands where the publication time belongs.
pub(super) fn schema(ctx: &Ctx<'_>, article: &Article) -> String {
    let edited = article.edited.format("%Y-%m-%dT%H:%M:%S+07:00");
    format!(
        "<div class=\"hidden hide d-none\" itemprop=\"author\" itemtype=\"http://schema.org/Person\" \
         itemscope><span itemprop=\"name\">{SITE_NAME}</span></div>\n<span class=\"hidden hide d-none\" \
         itemprop=\"datePublished\">{edited}</span>\n<span class=\"hidden hide d-none\" \
         itemprop=\"dateModified\">{edited}</span>\n<span class=\"hidden hide d-none\" \
         itemprop=\"mainEntityOfPage\">{0}{1}</span>\n<span class=\"hidden hide d-none\" \
         itemprop=\"image\">{0}{2}</span>\n<div class=\"hidden hide d-none\" itemprop=\"publisher\" \
         itemtype=\"http://schema.org/Organization\" itemscope><span itemprop=\"name\">{SITE_NAME}</span>\
         </div>\n",
        ctx.root,
        ctx.site.path(article),
        article
            .lead_image
            .as_ref()
            .map_or("/uploads/logo.png", |i| i.path.as_str()),
    )
}

fn default(ctx: &Ctx<'_>, article: &Article) -> String {
    let path = ctx.site.path(article);
    let mut out = format!(
        "<div class=\"news_column panel panel-default\" itemtype=\"http://schema.org/NewsArticle\" \
         itemscope>\n<div class=\"panel-body\">\n<h1 class=\"title margin-bottom-lg\" \
         itemprop=\"headline\">{}</h1>\n{}<div class=\"row margin-bottom-lg\"><div \
         class=\"col-md-12\"><span class=\"h5\">{}</span></div><div class=\"col-md-12\"><ul \
         class=\"list-inline text-right\">",
        esc(&article.title),
        schema(ctx, article),
        long_date(article.published)
    );
    for (op, icon, title) in [
        ("sendmail", "envelope", "Giới thiệu bài viết cho bạn bè"),
        ("print", "print", "In ra"),
        ("savefile", "save", "Lưu bài viết này"),
    ] {
        out.push_str(&format!(
            "<li><a class=\"dimgray\" rel=\"nofollow\" title=\"{title}\" href=\"/{op}{path}\"><em \
             class=\"fa fa-{icon} fa-lg\">&nbsp;</em></a></li>"
        ));
    }
    out.push_str("</ul></div></div>\n<div class=\"clearfix\">\n");
    if let Some(image) = article.lead_image.as_ref().filter(|i| !i.full) {
        let note = image.caption.as_deref().map(esc);
        let small = thumb(&image.path);
        let noted = match &note {
            Some(note) => format!("<figcaption>{note}</figcaption>"),
            None => String::new(),
        };
        let (class, open, close) = match note {
            Some(_) => (
                "article left pointer",
                "<div style=\"width:183px;\">",
                "</div>",
            ),
            None => ("article left noncaption pointer", "", ""),
        };
        out.push_str(&format!(
            "<figure class=\"{class}\" onclick=\"modalShowByObj('#imgpreview');\">{open}<p \
             class=\"text-center\"><img alt=\"{0}\" src=\"{small}\" class=\"img-thumbnail\"/></p>{noted}\
             {close}</figure>\n<div id=\"imgpreview\" style=\"display:none\"><p class=\"text-center\"><img \
             alt=\"{0}\" src=\"{1}\" srcset=\"{small} 480w\" class=\"img-thumbnail\"/></p>{noted}</div>\n",
            esc(&article.title),
            image.path,
        ));
    }
    out.push_str(&format!(
        "<div class=\"hometext m-bottom\" itemprop=\"description\">{}</div>\n",
        esc(&article.lead)
    ));
    if let Some(image) = article.lead_image.as_ref().filter(|i| i.full) {
        out.push_str(&format!(
            "<figure class=\"article center\"><img alt=\"{}\" src=\"{}\" width=\"600\" \
             class=\"img-thumbnail\"/>{}</figure>\n",
            esc(&article.title),
            image.path,
            image.caption.as_deref().map_or(String::new(), |c| format!(
                "<figcaption>{}</figcaption>",
                esc(c)
            )),
        ));
    }
    out.push_str(&format!(
        "</div>\n<div id=\"news-bodyhtml\" class=\"bodytext margin-bottom-lg\">\n{}\n</div>\n",
        body::html(article)
    ));
    files(&path, article, true, &mut out);
    out.push_str("<div class=\"margin-bottom-lg\">\n");
    credits(ctx, article, "h5 text-right", &mut out);
    out.push_str(
        "</div>\n<div class=\"alert alert-info margin-bottom-lg\"><strong>Chú ý:</strong> Việc đăng lại \
         bài viết trên ở website hoặc các phương tiện truyền thông khác mà không ghi rõ nguồn là vi phạm \
         bản quyền.</div>\n</div>\n</div>\n",
    );
    if !article.tags.is_empty() {
        out.push_str(&format!(
            "<div class=\"news_column panel panel-default\"><div class=\"panel-body\"><div \
             class=\"h5\"><em class=\"fa fa-tags\">&nbsp;</em><strong>Tags: </strong>{}</div></div></div>\n",
            tags(article)
        ));
    }
    rating(ctx, article, &mut out);
    out.push_str(
        "<div class=\"news_column panel panel-default\"><div class=\"panel-body other-news\">\n",
    );
    if let Some((title, more, items)) = topic(ctx, article) {
        out.push_str(&format!(
            "<div class=\"clearfix\"><p class=\"h3\"><strong>{title}</strong></p><div class=\"clearfix\">{}\
             </div><p class=\"text-right\"><a href=\"{more}\">Xem tiếp...</a></p></div>\n",
            related(ctx, article, &items)
        ));
    }
    for (heading, items) in newer_older(ctx, article) {
        out.push_str(&format!(
            "<p class=\"h3\"><strong>{heading}</strong></p>\n<div class=\"clearfix\">{}</div>\n",
            related(ctx, article, &items)
        ));
    }
    out.push_str("</div></div>\n");
    out
}

/// "Những tin mới hơn" and "Những tin cũ hơn"; an empty list is left out with its heading.
pub(super) fn newer_older<'a>(
    ctx: &Ctx<'a>,
    article: &Article,
) -> Vec<(&'static str, Vec<&'a Article>)> {
    [
        ("Những tin mới hơn", ctx.site.newer(article)),
        ("Những tin cũ hơn", ctx.site.older(article)),
    ]
    .into_iter()
    .filter(|(_, items)| !items.is_empty())
    .collect()
}

pub(super) fn topic<'a>(
    ctx: &Ctx<'a>,
    article: &Article,
) -> Option<(&'static str, String, Vec<&'a Article>)> {
    let topic = article.topic?;
    let items = ctx.site.in_topic(topic, article.id);
    let more = ctx
        .site
        .topics
        .get(topic)
        .map(|t| format!("/topic/{}/", t.alias))?;
    (!items.is_empty()).then_some(("Theo dòng sự kiện", more, items))
}

/// The list of the default themes.
fn related(ctx: &Ctx<'_>, article: &Article, items: &[&Article]) -> String {
    let own = article.categories.first().copied().unwrap_or(0);
    let old = ctx.theme == Theme::Old44;
    let mut out = String::from(if old {
        "<ul class=\"related list-inline\">\n"
    } else {
        "<ul class=\"detail-related related list-none list-items\">\n"
    });
    for item in items {
        let link = format!(
            "<a href=\"{}\" title=\"{1}\">{1}</a>",
            path_for(ctx, item, own),
            esc(&item.title)
        );
        let link = if old {
            link
        } else {
            format!("<h4>{link}</h4>")
        };
        out.push_str(&format!(
            "<li><em class=\"fa fa-angle-right\">&nbsp;</em>{link} <em>({})</em></li>\n",
            item.published.format("%d/%m/%Y")
        ));
    }
    out.push_str("</ul>");
    out
}

/// Lists of a category link under its alias; articles of other categories under their own.
pub(super) fn path_for(ctx: &Ctx<'_>, item: &Article, own: usize) -> String {
    if item.categories.contains(&own) {
        ctx.site.path_in(item, own)
    } else {
        ctx.site.path(item)
    }
}

pub(super) fn tags(article: &Article) -> String {
    let links: Vec<String> = article
        .tags
        .iter()
        .map(|t| {
            format!(
                "<a title=\"{0}\" href=\"/tag/{1}/\"><em>{0}</em></a>",
                esc(t),
                alias(t)
            )
        })
        .collect();
    links.join(", ")
}

pub(super) fn files(path: &str, article: &Article, download: bool, out: &mut String) {
    if article.files.is_empty() {
        return;
    }
    out.push_str(
        "<div class=\"panel panel-default\"><div class=\"panel-heading\"><i class=\"fa fa-download\"></i> \
         <strong>File đính kèm</strong></div><div class=\"list-group news-download-file\">\n",
    );
    for (n, title) in article.files.iter().enumerate() {
        out.push_str(&format!(
            "<div class=\"list-group-item\"><span class=\"badge\"><a role=\"button\" \
             data-toggle=\"collapse\" href=\"#file-{n}\"><i class=\"fa fa-eye\"></i></a></span><a \
             href=\"{path}?download=1&amp;id={n}\" title=\"Tải về {title}\"{}>Tải về: \
             <strong>{title}</strong></a><div class=\"collapse\" id=\"file-{n}\" \
             data-src=\"{path}?pdf=1&amp;id={n}\" data-toggle=\"collapsefile\" data-loaded=\"false\"><iframe \
             height=\"600\" src=\"\" width=\"100%\"></iframe></div></div>\n",
            if download { " download" } else { "" },
        ));
    }
    out.push_str("</div></div>\n");
}

pub(super) fn credits(ctx: &Ctx<'_>, article: &Article, class: &str, out: &mut String) {
    let credit = &article.credit;
    let mut names: Vec<String> = credit
        .registered
        .iter()
        .map(|(alias, name)| format!("<a href=\"/author/{alias}/\">{}</a>", esc(name)))
        .collect();
    names.extend(credit.line.as_deref().map(esc));
    let label = match ctx.theme {
        Theme::Old44 | Theme::Egov => "Tác giả bài viết:",
        _ => "Tác giả:",
    };
    if !names.is_empty() {
        out.push_str(&format!(
            "<p class=\"{class}\"><strong>{label} </strong>{}</p>\n",
            names.join(", ")
        ));
    }
    if let Some(source) = &credit.source_line {
        out.push_str(&format!(
            "<p class=\"{class}\"><strong>Nguồn tin: </strong>{}</p>\n",
            esc(source)
        ));
    }
}

/// Rating, share buttons and comments: never part of an article.
pub(super) fn rating(ctx: &Ctx<'_>, article: &Article, out: &mut String) {
    out.push_str(&format!(
        "<div class=\"news_column panel panel-default\"><div class=\"panel-body\"><form id=\"form3B\" \
         action=\"\"><p id=\"stringrating\">Tổng số điểm của bài viết là: {0} trong {1} đánh giá</p><span \
         id=\"hover-test\">Click để đánh giá bài viết</span></form></div></div>\n<div class=\"news_column \
         panel panel-default\"><div class=\"panel-body\"><div class=\"fb-like\" data-href=\"{2}{3}\"></div><a \
         href=\"http://twitter.com/share\" class=\"twitter-share-button\">Tweet</a><div \
         class=\"zalo-share-button\" data-layout=\"1\"></div></div></div>\n<div class=\"news_column panel \
         panel-default\"><div class=\"panel-body\"><div id=\"idcomment\" class=\"nv-fullbg\"><h3>Ý kiến bạn \
         đọc</h3><ul class=\"comment-list\"><li><strong>Bạn đọc {4}</strong><p>Bài viết rất bổ ích, mong cơ \
         quan tiếp tục thông tin.</p></li></ul><input type=\"hidden\" name=\"checkss\" value=\"{5:x}\"></div>\
         </div></div>\n",
        5 * (1 + ctx.nonce % 9),
        1 + ctx.nonce % 9,
        ctx.root,
        ctx.site.path(article),
        ctx.nonce % 97,
        ctx.nonce.wrapping_mul(0x1234_5677),
    ));
}
