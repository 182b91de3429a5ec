//! The print view, and the pages that are no article: error, flood, viewer, another host.

use super::super::model::Article;
use super::layout::{Head, page};
use super::{Ctx, SITE_NAME, body, esc, long_date};

/// The print view; `own` is the URL that the page calls canonical.
pub(in super::super) fn print(ctx: &Ctx<'_>, article: &Article, own: &str) -> String {
    let credit = &article.credit;
    let names: Vec<String> = credit
        .registered
        .iter()
        .map(|(_, name)| esc(name))
        .chain(credit.line.as_deref().map(esc))
        .collect();
    let mut author = String::new();
    if !names.is_empty() {
        author.push_str(&format!(
            "<p><strong>Tác giả:</strong> {}</p>",
            names.join(", ")
        ));
    }
    if let Some(source) = &credit.source_line {
        author.push_str(&format!(
            "<p><strong>Nguồn tin:</strong> {}</p>",
            esc(source)
        ));
    }
    let image = article.lead_image.as_ref().map_or(String::new(), |image| {
        format!(
            "<div class=\"imghome\"><img alt=\"\" src=\"{}\" class=\"img-thumbnail\" /><p><em>{}</em></p></div>",
            image.path,
            image.caption.as_deref().map_or(String::new(), esc)
        )
    });
    format!(
        "<!DOCTYPE html>\n<html lang=\"vi\"><head><title>{title} - {SITE_NAME}</title><meta \
         name=\"generator\" content=\"NukeViet v4.5\"><meta http-equiv=\"Content-Type\" content=\"text/html; \
         charset=utf-8\"><link rel=\"canonical\" href=\"{own}\"></head><body>\n<div id=\"print\"><div \
         id=\"hd_print\"><h2 class=\"pull-left\">{SITE_NAME}</h2></div><div id=\"content\"><h1>{title}</h1><ul \
         class=\"list-inline\"><li>{date}</li><li class=\"hidden-print\">In ra</li></ul><div id=\"hometext\">\
         {lead}</div>{image}<div id=\"bodytext\" class=\"clearfix\">{body}</div><div id=\"author\">{author}</div>\
         </div><div id=\"footer\"><div id=\"url\"><strong>URL của bản tin này: </strong>{url}</div></div></div>\
         \n</body></html>\n",
        title = esc(&article.title),
        date = long_date(article.published),
        lead = esc(&article.lead),
        body = body::html(article),
        url = format_args!("{}{}", ctx.root, ctx.site.path(article)),
    )
}

/// The 404 of an existing category with a wrong number: goes home by itself.
pub(in super::super) fn not_found(ctx: &Ctx<'_>) -> String {
    let head = Head {
        title: format!("Thông báo lỗi - {SITE_NAME}"),
        extra: "<meta http-equiv=\"refresh\" content=\"3;url=/\">\n".to_owned(),
        ..Head::default()
    };
    let content = "<div class=\"nv-infodie text-center\"><div class=\"panel-body\"><h2>Thông báo lỗi</h2><p>Bài \
                   viết này không còn tồn tại hoặc đã hết hạn đăng.</p><meta http-equiv=\"refresh\" \
                   content=\"3;url=/\" /></div></div>";
    page(ctx, &head, content)
}

/// The anti-flood page.
pub(in super::super) fn flood(seconds: u64) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"vi\"><head><meta http-equiv=\"Content-Type\" content=\"text/html; \
         charset=utf-8\" /><title>Hãy đợi...</title></head><body><div class=\"floodblocker\"><img alt=\"Hãy \
         đợi...\" src=\"/assets/images/load_bar.gif\" width=\"33\" height=\"8\" /><br/>Hệ thống đang từ chối \
         truy cập vì có quá nhiều yêu cầu từ máy của bạn.<br/><span>Hãy đợi <span \
         id=\"secField\">{seconds}</span> giây...</span></div></body></html>\n"
    )
}

/// A page of no interest with a title and a line of text.
pub(in super::super) fn plain(ctx: &Ctx<'_>, title: &str, text: &str) -> String {
    let head = Head {
        title: format!("{title} - {SITE_NAME}"),
        ..Head::default()
    };
    let content = format!(
        "<div class=\"page panel panel-default\"><div class=\"panel-body\"><h1>{}</h1><p>{}</p></div></div>",
        esc(title),
        esc(text)
    );
    page(ctx, &head, &content)
}

/// What the other host answers: it is out of the site's scope.
pub(in super::super) fn other_host() -> String {
    "<!DOCTYPE html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\"><title>Trang bạn</title></head><body><h1>Một \
     trang khác</h1><p>Trang này không thuộc cổng thông tin.</p></body></html>\n"
        .to_owned()
}
