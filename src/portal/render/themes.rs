//! One article's page in the mobile and the eGov theme.

use super::super::model::Article;
use super::super::truth::thumb;
use super::article::{credits, files, newer_older, path_for, rating, schema, tags, topic};
use super::{Ctx, body, esc, long_date};

fn views(article: &Article, ctx: &Ctx<'_>) -> u64 {
    u64::from(article.id) * 7 + ctx.nonce
}

/// The mobile theme.
pub(super) fn mobile(ctx: &Ctx<'_>, article: &Article) -> String {
    let path = ctx.site.path(article);
    let title = esc(&article.title);
    let mut out = format!(
        "<div class=\"news_column panel panel-default\" itemtype=\"http://schema.org/NewsArticle\" \
         itemscope>\n<div class=\"panel-body\">\n<h1 itemprop=\"headline\">{title}</h1>\n{}<em \
         class=\"time\">{}</em>\n<hr />\n<div id=\"hometext\">\n",
        schema(ctx, article),
        long_date(article.published)
    );
    let note = |c: &Option<String>| c.as_deref().map_or(String::new(), esc);
    if let Some(image) = article.lead_image.as_ref().filter(|i| !i.full) {
        out.push_str(&format!(
            "<div class=\"imghome text-center\"><a href=\"#\" id=\"pop\" title=\"{title}\"><img \
             id=\"imageresource\" alt=\"{title}\" src=\"{}\" width=\"183\" class=\"img-thumbnail\"/></a><div \
             class=\"modal fade\" id=\"imagemodal\"><div class=\"modal-title h3\" id=\"myModalLabel\"><strong>\
             {title}</strong></div><div class=\"modal-body\"><img src=\"{}\" id=\"imagepreview\" \
             class=\"img-thumbnail\"></div></div><em class=\"show\">{}</em><hr /></div>\n",
            thumb(&image.path),
            image.path,
            note(&image.caption),
        ));
    }
    out.push_str(&format!(
        "<div class=\"h2\" itemprop=\"description\">{}</div>\n</div>\n",
        esc(&article.lead)
    ));
    if let Some(image) = article.lead_image.as_ref().filter(|i| i.full) {
        out.push_str(&format!(
            "<div style=\"max-width:600px;margin: 10px auto 10px auto\"><img alt=\"{title}\" src=\"{}\" \
             width=\"600\" class=\"img-thumbnail\" /><p class=\"imgalt\"><em>{}</em></p></div>\n",
            image.path,
            note(&image.caption),
        ));
    }
    out.push_str(&format!(
        "<div class=\"bodytext\">\n{}\n</div>\n",
        body::html(article)
    ));
    files(&path, article, false, &mut out);
    credits(ctx, article, "text-right", &mut out);
    out.push_str(
        "<div class=\"alert alert-info copyright\"><strong>Chú ý:</strong> Ghi rõ nguồn khi đăng lại bài \
         viết này.</div>\n<hr />\n",
    );
    if !article.tags.is_empty() {
        out.push_str(&format!(
            "<div class=\"keywords\"><em class=\"fa fa-tags\">&nbsp;</em><strong>Tags: </strong>{}</div>\n",
            tags(article)
        ));
    }
    rating(ctx, article, &mut out);
    let own = article.categories.first().copied().unwrap_or(0);
    let mut lists: Vec<(&str, Vec<&Article>)> = Vec::new();
    if let Some((title, _, items)) = topic(ctx, article) {
        lists.push((title, items));
    }
    lists.extend(newer_older(ctx, article));
    for (heading, items) in lists {
        out.push_str(&format!(
            "<p><strong>{heading}</strong></p>\n<ul class=\"related\">\n"
        ));
        for item in items {
            out.push_str(&format!(
                "<li><em class=\"fa fa-angle-right\">&nbsp;</em><a href=\"{}\" title=\"{1}\">{1}</a> \
                 <em>({2})</em></li>\n",
                path_for(ctx, item, own),
                esc(&item.title),
                item.published.format("%d/%m/%Y")
            ));
        }
        out.push_str("</ul>\n<div class=\"clear\">&nbsp;</div>\n");
    }
    out.push_str("</div>\n</div>\n");
    out
}

/// The eGov theme.
pub(super) fn egov(ctx: &Ctx<'_>, article: &Article) -> String {
    let path = ctx.site.path(article);
    let lead = esc(&article.lead);
    let mut out = format!(
        "<div class=\"newsdetail\" itemtype=\"http://schema.org/NewsArticle\" itemscope>\n<h1 \
         class=\"title\" itemprop=\"headline\">{}</h1>\n{}<div class=\"hidden hide d-none\" \
         itemprop=\"description\">{lead}</div>\n<div class=\"row\"><span class=\"h5\"><em class=\"fa \
         fa-clock-o\">&nbsp;</em>{}</span> <span class=\"h5\"><em class=\"fa fa-eye\">&nbsp;</em>Đã xem: {}\
         </span> <span class=\"h5\"><em class=\"fa fa-comment-o\">&nbsp;</em>Phản hồi: 0</span></div>\n\
         <div class=\"clearfix\"><div class=\"hometext\" itemprop=\"description\">{lead}</div>\n",
        esc(&article.title),
        schema(ctx, article),
        long_date(article.published),
        views(article, ctx),
    );
    if let Some(image) = &article.lead_image {
        let class = if image.full {
            "article center"
        } else {
            "article left"
        };
        out.push_str(&format!(
            "<figure class=\"{class}\"><img alt=\"{}\" src=\"{}\" class=\"img-thumbnail\"/>{}</figure>\n",
            esc(&article.title),
            image.path,
            image.caption.as_deref().map_or(String::new(), |c| format!("<figcaption>{}</figcaption>", esc(c))),
        ));
    }
    out.push_str(&format!(
        "</div>\n<div id=\"news-bodyhtml\" class=\"bodytext{}\">\n{}\n</div>\n",
        if article.files.is_empty() {
            ""
        } else {
            " has-attach"
        },
        body::html(article)
    ));
    files(&path, article, true, &mut out);
    credits(ctx, article, "h5 text-right", &mut out);
    if !article.tags.is_empty() {
        out.push_str(&format!(
            "<div class=\"h5\"><em class=\"fa fa-tags\">&nbsp;</em><strong>Tags: </strong>{}</div>\n",
            tags(article)
        ));
    }
    out.push_str(
        "<div class=\"alert alert-info\">Ghi rõ nguồn khi đăng lại bài viết này.</div>\n</div>\n",
    );
    rating(ctx, article, &mut out);
    if let Some((title, more, items)) = topic(ctx, article) {
        out.push_str(&format!(
            "<div class=\"news-topic\"><p class=\"h3\"><a href=\"{more}\">{title}</a></p>{}</div>\n",
            square(ctx, article, &items)
        ));
    }
    let lists = newer_older(ctx, article);
    let id = |heading: &str| {
        if heading.contains("mới") {
            "news-relatednew"
        } else {
            "news-related"
        }
    };
    out.push_str("<ul class=\"nav nav-tabs\">");
    for (heading, _) in &lists {
        out.push_str(&format!(
            "<li><a data-toggle=\"tab\" href=\"#{}\">{heading}</a></li>",
            id(heading)
        ));
    }
    out.push_str("</ul>\n<div class=\"tab-content\">\n");
    for (heading, items) in &lists {
        out.push_str(&format!(
            "<div class=\"tab-pane\" id=\"{}\">{}</div>\n",
            id(heading),
            square(ctx, article, items)
        ));
    }
    out.push_str("</div>\n");
    out
}

fn square(ctx: &Ctx<'_>, article: &Article, items: &[&Article]) -> String {
    let own = article.categories.first().copied().unwrap_or(0);
    let mut out = String::from("<ul class=\"related-square\">\n");
    for item in items {
        out.push_str(&format!(
            "<li><a href=\"{}\" title=\"{1}\"><h4>{1}</h4></a> <em>({2})</em></li>\n",
            path_for(ctx, item, own),
            esc(&item.title),
            item.published.format("%d/%m/%Y")
        ));
    }
    out.push_str("</ul>");
    out
}
