//! Article pages in the layout of NukeViet's default theme 4.5, and the print view.

use super::content::{CATEGORIES, Form, Truth};
use super::state::State;
use std::fmt::Write as _;

const WEEKDAYS: [&str; 7] = [
    "Thứ hai",
    "Thứ ba",
    "Thứ tư",
    "Thứ năm",
    "Thứ sáu",
    "Thứ bảy",
    "Chủ nhật",
];

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn weekday(article: &Truth) -> &'static str {
    use chrono::Datelike as _;
    let day = article.published.weekday().num_days_from_monday() as usize;
    WEEKDAYS.get(day).copied().unwrap_or_default()
}

/// The frame around every page: head, menu, blocks, the session notice.
pub(super) fn frame(state: &State, title: &str, head: &str, main: &str, path: &str) -> String {
    let view = state.view();
    let mut menu = String::new();
    for (name, label) in CATEGORIES {
        let _ = write!(
            menu,
            "<li><a title=\"{label}\" href=\"/{name}/\">{label}</a></li>"
        );
    }
    let switches = if state.config.traps {
        format!(
            "<a rel=\"nofollow\" href=\"{path}?nvvithemever=m&amp;nv_redirect=x{view}\">Di động</a>\
             <a href=\"/banners/click/?id={}\">Quảng cáo</a>\
             <a href=\"/khong-co-trang-nay.html\">Liên kết hỏng</a>\
             <img alt=\"cron\" src=\"/index.php?second=cronjobs&amp;p=x\" />",
            view % 5
        )
    } else {
        String::new()
    };
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"vi\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\
         <meta charset=\"utf-8\"><title>{title}</title>{head}\
         <style>.wraper{{margin:0 auto}} .news_column{{padding:5px}}</style>\
         <script>var nv_base_siteurl=\"/\",nv_check_pass_mstime=1738000,token=\"t{view:08x}\";</script></head>\n\
         <body><div class=\"wraper\"><header><div class=\"menu\"><ul>{menu}</ul></div>{switches}</header>\
         <section><div class=\"row\"><div class=\"col-sm-16 col-md-18\">{main}</div>\
         <aside class=\"col-sm-8\"><div class=\"panel panel-default\"><div class=\"panel-body\">\
         Lượt truy cập: <span id=\"online\">{view}</span></div></div></aside></div></section>\
         <footer><p>Bản quyền thuộc về cổng thông tin thử nghiệm</p></footer>\
         <div id=\"timeoutsess\" class=\"chromeframe\">Bạn đã không sử dụng Site, \
         <a onclick=\"timeoutsesscancel();\" href=\"#\">Bấm vào đây để duy trì trạng thái đăng nhập</a>. \
         Thời gian chờ: <span id=\"secField\"> 60 </span> giây</div></div></body></html>"
    )
}

/// The page of one article.
pub(super) fn article(state: &State, a: &Truth) -> String {
    let (category, label) = CATEGORIES.get(a.category).copied().unwrap_or_default();
    let base = format!("http://127.0.0.1:{}", state.port);
    let head = format!(
        "<meta property=\"og:title\" content=\"{0}\"><meta property=\"og:type\" content=\"article\">\
         <meta name=\"author\" content=\"Cổng thông tin thử nghiệm\">\
         <meta property=\"article:published_time\" content=\"{1}\">\
         <link rel=\"canonical\" href=\"{base}{2}\">",
        escape(&a.title),
        a.published.format("%Y-%m-%d+07%H:%M:00"),
        a.url
    );
    let view = state.view();
    let mut main = format!(
        "<ol class=\"breadcrumb\"><li><a href=\"/\"><span>Trang nhất</span></a></li>\
         <li><a href=\"/{category}/\"><span class=\"txt\">{label}</span></a></li></ol>\
         <div class=\"news_column panel panel-default\" itemtype=\"http://schema.org/NewsArticle\" itemscope>\
         <div class=\"panel-body\"><h1 class=\"title margin-bottom-lg\" itemprop=\"headline\">{}</h1>\
         <div class=\"hidden hide d-none\"><span itemprop=\"datePublished\">{}</span>\
         <span itemprop=\"author\" itemscope><span itemprop=\"name\">Cổng thông tin thử nghiệm</span></span></div>\
         <div class=\"row margin-bottom-lg\"><div class=\"col-md-12\"><span class=\"h5\">{} - {}</span></div>\
         <div class=\"col-md-12\"><ul class=\"list-inline text-right\">\
         <li><a class=\"dimgray\" title=\"Gửi bài viết qua email\" href=\"/sendmail{url}\">Gửi</a></li>\
         <li><a class=\"dimgray\" title=\"In ra\" href=\"/print{url}\">In</a></li>\
         <li><a class=\"dimgray\" title=\"Lưu bài viết này\" href=\"/savefile{url}\">Lưu</a></li></ul></div></div>",
        escape(&a.title),
        a.edited.format("%Y-%m-%dT%H:%M:00+07:00"),
        weekday(a),
        a.published.format("%d/%m/%Y %H:%M"),
        url = a.url
    );
    let lead = format!(
        "<div class=\"hometext m-bottom\" itemprop=\"description\">{}</div>",
        escape(&a.lead)
    );
    main.push_str(&lead);
    main.push_str(&lead_image(a));
    let _ = write!(
        main,
        "<div id=\"news-bodyhtml\" class=\"bodytext margin-bottom-lg\">{}</div>",
        body(a)
    );
    if a.attachment {
        let _ = write!(
            main,
            "<h3 class=\"newh3\">File đính kèm</h3><div class=\"list-group news-download-file\">\
             <div class=\"list-group-item\"><a href=\"{}?download=1&amp;id=0\" download>Tập tin {}.pdf</a>\
             </div></div>",
            a.url, a.id
        );
    }
    if !a.author.is_empty() {
        let _ = write!(
            main,
            "<p class=\"h5 text-right\"><strong>Tác giả: </strong>{}</p>",
            escape(&a.author)
        );
    }
    if !a.source.is_empty() {
        let _ = write!(
            main,
            "<p class=\"h5 text-right\"><strong>Nguồn tin: </strong>{}</p>",
            escape(&a.source)
        );
    }
    let _ = write!(
        main,
        "<div class=\"alert alert-info margin-bottom-lg\">Ghi rõ nguồn khi phát hành lại.</div></div></div>\
         <div class=\"news_column panel panel-default\"><div class=\"panel-body\"><form id=\"form3B\">\
         <div class=\"h5 clearfix\"><p id=\"stringrating\">Tổng số điểm của bài viết là: {} trong {} đánh giá</p>\
         </div></form></div></div>",
        view % 50,
        view % 10
    );
    if !a.tags.is_empty() {
        let tags: Vec<String> = a
            .tags
            .iter()
            .map(|tag| {
                format!(
                    "<a title=\"{0}\" href=\"/tag/{1}/\"><em>{0}</em></a>",
                    escape(tag),
                    tag.replace(' ', "-")
                )
            })
            .collect();
        let _ = write!(
            main,
            "<div class=\"news_column panel panel-default\"><div class=\"panel-body\"><div class=\"h5\">\
             <em class=\"fa fa-tags\">&nbsp;</em><strong>Từ khóa: </strong>{}</div></div></div>",
            tags.join(", ")
        );
    }
    main.push_str(&related(state, a));
    let mut page = frame(state, &a.title, &head, &main, &a.url);
    if page.len() < state.config.page_bytes {
        page = pad(&page, state.config.page_bytes);
    }
    page
}

fn lead_image(a: &Truth) -> String {
    let caption = a.caption.as_deref().map(escape).unwrap_or_default();
    match a.picture {
        0 => format!(
            "<figure class=\"article center\"><img alt=\"\" src=\"/uploads/news/2023_08/anh-{}.png\" width=\"460\" />\
             <figcaption>{caption}</figcaption></figure>",
            a.id
        ),
        1 => format!(
            "<figure class=\"article left noncaption pointer\" style=\"width:100px;\"><div id=\"imgpreview\" style=\"display:none\">\
             <p class=\"text-center\"><img alt=\"{caption}\" src=\"/uploads/news/2023_08/anh-{0}.png\" /></p>\
             <p class=\"text-justify\">{caption}</p></div><img alt=\"\" src=\"/uploads/news/2023_08/anh-{0}.png\" />\
             <figcaption>{caption}</figcaption></figure>",
            a.id
        ),
        _ => String::new(),
    }
}

fn body_image(a: &Truth) -> String {
    let caption = a.caption.as_deref().map(escape).unwrap_or_default();
    let img = format!(
        "<img alt=\"\" src=\"/uploads/news/2023_08/anh-{}.png\" width=\"500\" />",
        a.id
    );
    match a.picture {
        2 => format!(
            "<table class=\"image center\" align=\"center\"><tbody><tr><td>{img}</td></tr>\
             <tr><td class=\"image_desc\">{caption}</td></tr></tbody></table>"
        ),
        3 => format!("<figure class=\"image\">{img}<figcaption>{caption}</figcaption></figure>"),
        4 => format!(
            "<div style=\"text-align:center\">{img}</div><div style=\"text-align:center\"><em>{caption}</em></div>"
        ),
        5 => format!(
            "<table border=\"0\" style=\"width:500px\"><tbody><tr><td>{img}</td></tr><tr><td style=\"text-align:center\">\
             {caption}</td></tr></tbody></table>"
        ),
        _ => String::new(),
    }
}

fn body(a: &Truth) -> String {
    let image = body_image(a);
    let mut parts: Vec<String> = a
        .paragraphs
        .iter()
        .map(|text| {
            let text = escape(text);
            match a.form {
                Form::Breaks => text,
                Form::Paragraphs => format!("<p style=\"text-align:justify;\">{text}</p>"),
                Form::Divisions => format!("<div style=\"text-align:justify\">{text}</div>"),
                Form::Word => format!(
                    "<p class=\"MsoNormal\"><span style=\"font-size:14.0pt\"><span lang=\"VI\">{text}</span></span></p>"
                ),
            }
        })
        .collect();
    if !a.signed.is_empty() {
        let signed = escape(&a.signed);
        parts.push(match a.form {
            Form::Breaks => {
                format!("<div style=\"text-align:right\"><strong>{signed}</strong></div>")
            }
            _ => format!("<p style=\"text-align:right;\"><strong>{signed}</strong></p>"),
        });
    }
    let joint = if a.form == Form::Breaks {
        "<br />\n<br />\n"
    } else {
        "\n"
    };
    format!("{image}{}", parts.join(joint))
}

/// Topic, newer and older lists: the same list class, only the headings tell them apart.
fn related(state: &State, a: &Truth) -> String {
    let mut out = String::from(
        "<div class=\"news_column panel panel-default\"><div class=\"panel-body other-news\">",
    );
    let mut list = |heading: &str, items: &[Truth]| {
        if items.is_empty() {
            return;
        }
        let _ = write!(
            out,
            "<p class=\"h3\"><strong>{heading}</strong></p><div class=\"clearfix\"><ul class=\"detail-related related list-none list-items\">"
        );
        for item in items {
            let _ = write!(
                out,
                "<li><em class=\"fa fa-angle-right\">&nbsp;</em><h4><a href=\"{}\" title=\"{1}\">{1}</a></h4><em>({2})</em></li>",
                item.url,
                escape(&item.title),
                item.published.format("%d/%m/%Y")
            );
        }
        out.push_str("</ul></div>");
    };
    if a.id % 5 == 2 && state.config.traps {
        let topic: Vec<Truth> = [3, 8, 13].iter().filter_map(|id| state.get(*id)).collect();
        list("Theo dòng sự kiện", &topic);
    }
    list("Những tin mới hơn", &state.neighbours(a, true));
    list("Những tin cũ hơn", &state.neighbours(a, false));
    out.push_str("</div></div>");
    out
}

/// The print view (and the save-file view, which calls itself canonical).
pub(super) fn print(state: &State, a: &Truth, path: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"vi\"><head><meta charset=\"utf-8\"><title>{0}</title>\
         <link rel=\"canonical\" href=\"http://127.0.0.1:{1}{path}\"></head><body><div id=\"print\">\
         <h1>{0}</h1><ul class=\"list-inline\"><li>{2}</li></ul><div id=\"hometext\">{3}</div>\
         <div id=\"bodytext\" class=\"clearfix\">{4}</div></div></body></html>",
        escape(&a.title),
        state.port,
        a.published.format("%d/%m/%Y %H:%M"),
        escape(&a.lead),
        body(a)
    )
}

/// Grows a page with blocks as portals have them, to at least `bytes`.
fn pad(page: &str, bytes: usize) -> String {
    let mut blocks = String::new();
    let mut n = 0;
    while page.len() + blocks.len() < bytes {
        n += 1;
        let _ = write!(
            blocks,
            "<div class=\"block-{n}\"><div class=\"panel-heading\"><a href=\"#khoi-{n}\">Chuyên mục số {n}</a></div>\
             <ul class=\"block_groups list-none\"><li class=\"clearfix\"><span class=\"show\" data-content=\"Đoàn kết {n}\">\
             Xây dựng khối đại đoàn kết toàn dân tộc, kỳ {n}</span></li></ul></div>"
        );
    }
    page.replacen("<footer>", &format!("{blocks}<footer>"), 1)
}
