//! What stands around the content: head, menu, breadcrumbs, side blocks, notices, footer.

use super::super::config::Theme;
use super::super::model::{Article, Site};
use super::super::rng::Rng;
use super::super::words;
use super::{Ctx, SITE_NAME, esc};

/// What differs in the head and the breadcrumbs of a page.
#[derive(Default)]
pub(in super::super) struct Head {
    pub(in super::super) title: String,
    pub(in super::super) description: String,
    pub(in super::super) canonical: Option<String>,
    /// Ready-made tags (og, article, rel next).
    pub(in super::super) extra: String,
    /// Path and title, from the root down.
    pub(in super::super) crumbs: Vec<(String, String)>,
}

/// A whole page.
pub(in super::super) fn page(ctx: &Ctx<'_>, head: &Head, content: &str) -> String {
    let mut html = String::with_capacity(ctx.config.page_bytes.max(16_000) + content.len());
    top(ctx, head, &mut html);
    let (main, side) = match ctx.theme {
        Theme::Mobile => ("col-xs-24", "col-xs-24"),
        _ => ("col-sm-16 col-md-18", "col-sm-8 col-md-6"),
    };
    html.push_str(&format!(
        "<div class=\"row\"><div class=\"{main}\">\n{content}\n</div>\n"
    ));
    html.push_str(&format!("<div class=\"{side}\">\n"));
    side_blocks(ctx, &mut html);
    html.push_str("</div></div>\n");
    bottom(ctx, &mut html);
    fill(ctx, head, &mut html);
    html.push_str("</body>\n</html>\n");
    html
}

fn top(ctx: &Ctx<'_>, head: &Head, html: &mut String) {
    let (version, folder) = match ctx.theme {
        Theme::Default45 => ("4.5", "default"),
        Theme::Mobile => ("4.5", "mobile_default"),
        Theme::Old44 => ("4.4", "default"),
        Theme::Egov => ("4.4", "egov"),
    };
    let canonical = match &head.canonical {
        Some(url) => format!("<link rel=\"canonical\" href=\"{}\">\n", esc(url)),
        None => String::new(),
    };
    let rss = if ctx.config.rss {
        "<link rel=\"alternate\" href=\"/rss/\" title=\"Tin tức\" type=\"application/rss+xml\">\n"
    } else {
        ""
    };
    html.push_str(&format!(
        "<!DOCTYPE html>\n<html lang=\"vi\" xmlns=\"http://www.w3.org/1999/xhtml\" prefix=\"og: \
         http://ogp.me/ns#\">\n<head>\n<title>{title}</title>\n<meta name=\"description\" \
         content=\"{description}\">\n<meta name=\"author\" content=\"{SITE_NAME}\">\n<meta \
         name=\"copyright\" content=\"{SITE_NAME} [mattran@muongson.example]\">\n<meta \
         name=\"generator\" content=\"NukeViet v{version}\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Type\" \
         content=\"text/html; charset=utf-8\">\n{extra}<link rel=\"shortcut icon\" \
         href=\"/favicon.ico\">\n{canonical}{rss}<link rel=\"StyleSheet\" \
         href=\"/themes/{folder}/css/style.css?t=38\">\n<script>var nv_base_siteurl='/',\
         nv_lang_data='vi',nv_module_name='news',nv_check_session='{nonce:016x}',\
         nv_cookie_prefix='nv4',nv_is_user=0;</script>\n</head>\n<body>\n<noscript><div \
         class=\"alert alert-danger\">Trình duyệt của bạn đã tắt chức năng hỗ trợ JavaScript.\
         </div></noscript>\n",
        title = esc(&head.title),
        description = esc(&head.description),
        extra = head.extra,
        nonce = ctx.nonce.wrapping_mul(0x9e37_79b9_7f4a_7c15),
    ));
    html.push_str(&format!(
        "<header><div class=\"logo\"><a title=\"{SITE_NAME}\" href=\"/\"><img src=\"/uploads/logo.png\" \
         alt=\"{SITE_NAME}\"></a><span class=\"site_name\">{SITE_NAME}</span></div></header>\n\
         <nav class=\"second-nav\" id=\"menusite\"><ul class=\"nav navbar-nav\"><li><a href=\"/\">Trang \
         nhất</a></li>\n"
    ));
    menu(ctx.site, html);
    html.push_str("</ul></nav>\n<nav class=\"third-nav\"><div class=\"breadcrumbs-wrap\">");
    html.push_str(match ctx.theme {
        Theme::Mobile => "<ul class=\"breadcrumbs list-none\"></ul><ul class=\"temp-breadcrumbs hidden\">",
        _ => "<ul class=\"temp-breadcrumbs hidden\" itemscope itemtype=\"https://schema.org/BreadcrumbList\">",
    });
    let home = [("/".to_owned(), "Trang nhất".to_owned())];
    for (path, title) in home.iter().chain(&head.crumbs) {
        html.push_str(&format!(
            "<li itemprop=\"itemListElement\" itemscope itemtype=\"https://schema.org/ListItem\"><a \
             href=\"{path}\" itemprop=\"item\" title=\"{0}\"><span itemprop=\"name\">{0}</span></a></li>",
            esc(title)
        ));
    }
    html.push_str("</ul></div></nav>\n");
}

fn menu(site: &Site, html: &mut String) {
    for (n, category) in site.categories.iter().enumerate() {
        if category.parent.is_some() {
            continue;
        }
        html.push_str(&format!(
            "<li><a href=\"/{}/\">{}</a>",
            category.alias, category.title
        ));
        let subs: Vec<_> = site
            .categories
            .iter()
            .filter(|c| c.parent == Some(n))
            .collect();
        if !subs.is_empty() {
            html.push_str("<ul class=\"dropdown-menu\">");
            for sub in subs {
                html.push_str(&format!(
                    "<li><a href=\"/{}/\">{}</a></li>",
                    sub.alias, sub.title
                ));
            }
            html.push_str("</ul>");
        }
        html.push_str("</li>\n");
    }
}

/// Blocks that differ at each fetch, and what a crawler should leave alone.
fn side_blocks(ctx: &Ctx<'_>, html: &mut String) {
    let mut rng = Rng::new(ctx.nonce);
    html.push_str(
        "<div class=\"panel panel-default\"><div class=\"panel-heading\">Tin mới nhận</div><ul \
         class=\"block_tophits list-none list-items\">\n",
    );
    let newest: Vec<&Article> = ctx.site.newest().take(10).collect();
    for _ in 0..4 {
        if let Some(article) = newest.get(rng.below(newest.len())) {
            html.push_str(&format!(
                "<li class=\"clearfix\"><a class=\"show\" href=\"{}\">{}</a></li>\n",
                ctx.site.path(article),
                esc(&article.title)
            ));
        }
    }
    html.push_str(&format!(
        "</ul></div>\n<div class=\"panel panel-default\"><div class=\"panel-heading\">Thống kê</div><ul \
         class=\"counter list-none\"><li><i class=\"fa fa-bolt\"></i>Đang truy cập<span>{}</span></li>\
         <li>Tổng lượt truy cập<span>{}</span></li></ul></div>\n<div class=\"nv-block-banners\"><a \
         rel=\"nofollow\" href=\"/banners/click/?id={}&amp;s={:x}\"><img alt=\"Quảng cáo\" \
         src=\"/uploads/banners/b{}.png\"></a></div>\n",
        3 + rng.below(90),
        1_000_000 + ctx.nonce,
        1 + rng.below(4),
        rng.next(),
        1 + rng.below(3),
    ));
}

fn bottom(ctx: &Ctx<'_>, html: &mut String) {
    html.push_str(&format!(
        "<footer id=\"footer\"><div class=\"copyright\">© Bản quyền thuộc về {SITE_NAME}. Mã nguồn <a \
         href=\"https://nukeviet.vn/\">NukeViet CMS</a></div><div class=\"theme-change\"><a \
         href=\"/?nvvithemever=r&amp;nv_redirect={0:x}\" rel=\"nofollow\">Tự động</a><a \
         href=\"/?nvvithemever=m&amp;nv_redirect={0:x}\" rel=\"nofollow\">Di động</a></div><a \
         href=\"/users/login/?nv_redirect={0:x}\" rel=\"nofollow\">Đăng nhập</a></footer>\n",
        ctx.nonce.wrapping_mul(31)
    ));
    if ctx.theme != Theme::Mobile {
        html.push_str(
            "<div id=\"timeoutsess\" class=\"chromeframe\">Bạn đã không sử dụng Site, <a onclick=\
             \"timeoutsesscancel();\" href=\"#\">Bấm vào đây để duy trì trạng thái đăng nhập</a>. Thời \
             gian chờ: <span id=\"secField\"> 60 </span> giây</div>\n",
        );
    }
    html.push_str(
        "<div id=\"openidResult\" class=\"nv-alert\" style=\"display:none\"></div>\n<div id=\"run_cronjobs\" \
         style=\"visibility:hidden;display:none;\"><img alt=\"\" src=\"/index.php?second=cronjobs&amp;p=1\" \
         width=\"1\" height=\"1\"></div>\n",
    );
}

/// Fills the page up to the configured size: half script, half blocks of text.
fn fill(ctx: &Ctx<'_>, head: &Head, html: &mut String) {
    let end = "</body>\n</html>\n".len();
    if html.len() + end >= ctx.config.page_bytes {
        return;
    }
    // The same page is filled alike at every fetch.
    let seed = head
        .title
        .bytes()
        .fold(7u64, |h, b| h.wrapping_mul(131).wrapping_add(u64::from(b)));
    let mut rng = Rng::new(seed);
    html.push_str("<div class=\"section-footer-blocks\">\n");
    while html.len() + end < ctx.config.page_bytes {
        if rng.below(2) == 0 {
            html.push_str("<script>window.nvBlocks=window.nvBlocks||[];");
            for _ in 0..8 {
                html.push_str(&format!(
                    "nvBlocks.push({{\"id\":\"block_{}\",\"title\":\"{}\",\"cookie\":\"nv4_b{:x}\",\"rel\":\
                     \"tooltip\",\"placement\":\"bottom\"}});\n",
                    rng.below(9999),
                    esc(words::place(&mut rng)),
                    rng.below(1 << 20)
                ));
            }
            html.push_str("</script>\n");
        } else {
            html.push_str(&format!(
                "<div class=\"panel panel-primary block-{0}\"><div class=\"panel-heading\"><span>Góc cơ sở: \
                 {1}</span></div><div class=\"panel-body\"><div class=\"text-muted\" data-toggle=\"tooltip\" \
                 data-id=\"{0}\">{2}</div></div></div>\n",
                rng.below(999),
                words::place(&mut rng),
                esc(&words::paragraph(&mut rng))
            ));
        }
    }
    html.push_str("</div>\n");
}
