//! Who wrote an article, as its body's last lines and its author line say: and nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod extract_support;

use extract_support::read;
use khobao::domain::Article;
use khobao::extract::Expect;
use proptest::prelude::*;

const TEXT: [&str; 2] = [
    "Bà con bản Huổi Mây cùng nhau làm con đường bê tông dài ba trăm mét trong mùa khô năm nay.",
    "Kết thúc buổi làm việc, mọi người ra về trong niềm vui và hẹn gặp lại vào tuần sau.",
];

fn page(end: &str, author: &str) -> Article {
    let html = format!(
        "<!DOCTYPE html><html lang=\"vi\"><head><meta charset=\"utf-8\"><title>Tựa</title>\
         <meta name=\"generator\" content=\"NukeViet v4.5\"></head><body>\
         <div class=\"news_column panel panel-default\" itemtype=\"http://schema.org/NewsArticle\" \
         itemscope><div class=\"panel-body\"><h1 class=\"title\" itemprop=\"headline\">Tựa bài</h1>\
         <div class=\"row margin-bottom-lg\"><div class=\"col-md-12\"><span class=\"h5\">\
         Thứ hai - 05/09/2022 22:28</span></div></div><div class=\"clearfix\">\
         <div class=\"hometext m-bottom\" itemprop=\"description\">Lời dẫn riêng.</div></div>\
         <div id=\"news-bodyhtml\" class=\"bodytext margin-bottom-lg\">\
         <p>{}</p><p>{}</p>{end}</div>{author}</div></div></body></html>",
        TEXT[0], TEXT[1]
    );
    let page = read(
        html.as_bytes(),
        "/tin/x-1.html",
        "nukeviet",
        200,
        Expect::Article,
    );
    page.article.expect("an article")
}

/// What stays in the body after its two paragraphs, and the byline in one line:
/// "Vân Khanh text+photo, Đỗ Hải photo; organisations; source".
fn ending(end: &str) -> (Vec<String>, String) {
    let article = page(end, "");
    let after = article.body.iter().skip(2).map(|b| b.text.clone());
    (after.collect(), told(&article))
}

fn told(article: &Article) -> String {
    let Some(byline) = &article.byline else {
        return String::new();
    };
    let people: Vec<String> = byline
        .people
        .iter()
        .map(|person| {
            let roles: Vec<String> = person
                .roles
                .iter()
                .map(|role| {
                    serde_json::to_value(role)
                        .unwrap()
                        .as_str()
                        .unwrap()
                        .to_owned()
                })
                .collect();
            format!("{} {}", person.name, roles.join("+"))
        })
        .collect();
    let mut parts = vec![people.join(", ")];
    parts.extend(byline.organisations.iter().cloned());
    parts.extend(byline.source.iter().map(|s| format!("source {s}")));
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

fn by_author(value: &str) -> String {
    let line = format!(
        "<div class=\"margin-bottom-lg\"><p class=\"h5 text-right\"><strong>Tác giả: </strong>{value}</p></div>"
    );
    told(&page("", &line))
}

fn right(lines: &str) -> String {
    format!("<p style=\"text-align:right\"><strong>{lines}</strong></p>")
}

/// Every ending is a byline: nothing of it stays in the body.
fn taken(cases: &[(String, &str)]) {
    for (end, want) in cases {
        assert_eq!(ending(end), (Vec::new(), (*want).to_owned()), "{end}");
    }
}

/// Every ending is text of the article, in these blocks, and names nobody.
fn kept(cases: &[(String, &[&str])]) {
    for (end, want) in cases {
        let (after, told) = ending(end);
        assert_eq!(
            (after.as_slice(), told.as_str()),
            (
                &want.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..],
                ""
            ),
            "{end}"
        );
    }
}

#[test]
fn the_lines_of_one_block_are_lines() {
    let both = "Vân Khanh text, Đỗ Hải photo";
    taken(&[
        (right("Tin: Vân Khanh<br />Ảnh: Đỗ Hải"), both),
        (
            "<p style=\"text-align:right\"><em>Bài: Vân Khanh<br>Ảnh: Đỗ Hải</em></p>".into(),
            both,
        ),
        ("<p>Tin: Vân Khanh<br />Ảnh: Đỗ Hải</p>".into(), both),
        (
            "<p style=\"text-align:right\"><strong>Tin: Vân Khanh</strong><br />\
             <strong>Ảnh: Đỗ Hải</strong></p>"
                .into(),
            both,
        ),
        ("<br /><br />Tin: Vân Khanh<br />Ảnh: Đỗ Hải".into(), both),
        (right("Vân Khanh<br />Ảnh: Đỗ Hải"), both),
        ("<p>Vân Khanh<br>Ảnh: Đỗ Hải</p>".into(), both),
        (
            "<p>Tin, ảnh: Vân Khanh<br>Trung tâm Văn hóa huyện</p>".into(),
            "Vân Khanh text+photo; Trung tâm Văn hóa huyện",
        ),
        (
            "<p>Tin: Vân Khanh</p><p>Ảnh: Đỗ Hải</p><p>Nguồn: qdnd.vn</p>".into(),
            "Vân Khanh text, Đỗ Hải photo; source qdnd.vn",
        ),
    ]);
    let article = page(&right("Tin: Vân Khanh<br />Ảnh: Đỗ Hải"), "");
    assert_eq!(article.byline.unwrap().raw, "Tin: Vân Khanh | Ảnh: Đỗ Hải");
}

#[test]
fn the_signatures_of_documents_are_text() {
    kept(&[
        (
            right("CHỦ TỊCH") + &right("Lò Văn Mừng"),
            &["CHỦ TỊCH", "Lò Văn Mừng"],
        ),
        (
            right("CHỦ TỊCH<br /><br />Lò Văn Mừng"),
            &["CHỦ TỊCH", "Lò Văn Mừng"],
        ),
        (
            right("KT. CHỦ TỊCH<br />PHÓ CHỦ TỊCH<br />Lò Văn Mừng"),
            &["KT. CHỦ TỊCH\nPHÓ CHỦ TỊCH\nLò Văn Mừng"],
        ),
        (
            right("TM. ỦY BAN NHÂN DÂN") + &right("Chủ tịch") + &right("Lò Văn Mừng"),
            &["TM. ỦY BAN NHÂN DÂN", "Chủ tịch", "Lò Văn Mừng"],
        ),
        (
            right("GIÁM ĐỐC") + &right("(Đã ký)") + &right("Đại úy Lò Văn Mừng"),
            &["GIÁM ĐỐC", "(Đã ký)", "Đại úy Lò Văn Mừng"],
        ),
        (
            right("XÁC NHẬN CỦA UBND XÃ") + &right("Lò Văn Mừng"),
            &["XÁC NHẬN CỦA UBND XÃ", "Lò Văn Mừng"],
        ),
        (right("GIÁM ĐỐC"), &["GIÁM ĐỐC"]),
        (right("Bí Thư"), &["Bí Thư"]),
        (right("Phó Trưởng Ban"), &["Phó Trưởng Ban"]),
    ]);
    let (after, told) = ending(&(right("CHỦ TỊCH<br>Lò Văn Mừng") + "<p>Tin, ảnh: Vân Khanh</p>"));
    assert_eq!(after, ["CHỦ TỊCH\nLò Văn Mừng"]);
    assert_eq!(told, "Vân Khanh text+photo");
}

#[test]
fn mottos_places_and_headings_are_nobody() {
    for line in [
        "Thông Tin Liên Hệ",
        "Đoàn Kết Là Sức Mạnh",
        "Điện Biên Phủ",
        "Điện Biên",
        "Mường Thanh",
        "VIỆT NAM MUÔN NĂM",
        "TRÂN TRỌNG CẢM ƠN",
        "HẾT",
        "Lời Kết",
        "Nông Thôn Mới",
        "Mùa Xuân",
        "Tết Trung Thu",
        "Đơn Vị",
        "Bác Sĩ",
        "Độc Lập - Tự Do - Hạnh Phúc",
        "Hồ Chí Minh",
        "Xã Thanh Yên",
        "Hotline: 0215 000 000",
        "Tỉnh đã chỉ đạo các xã quyết liệt hơn nữa",
    ] {
        kept(&[
            (right(line), &[line]),
            (format!("<p><strong>{line}</strong></p>"), &[line]),
        ]);
    }
    let many = ["Lò Văn Mừng", "Vừ A Chống", "Cà Thị Hoa"];
    kept(&[(
        right(&many.join("<br>")),
        &["Lò Văn Mừng\nVừ A Chống\nCà Thị Hoa"],
    )]);
}

#[test]
fn bare_names_go_on_signing() {
    for name in [
        "Minh Thùy",
        "Vân Khanh",
        "Vũ Nguyệt",
        "Khánh Trung",
        "Trung Kiên",
        "Công Sáng",
        "Như Ý",
        "Mai Phương",
        "Thu Hà",
        "Hà Thuận",
        "Lan Anh",
        "Lò Văn Thương",
        "Lường Thị Hoa",
        "Giàng A Páo",
        "Mùa A Sơn",
        "Vừ A Dính",
        "Cà Văn Chiu",
        "H'Hen Niê",
        "Y-Bhăm Niê",
        "Nguyễn Văn A",
        "Trần Ngọc Thêm",
        "Đoàn Minh Huấn",
        "Bùi Thị Minh Hà",
        "H.T",
        "Quang Vinh",
        "Sao Mai",
        "Thành Công",
        "Tao Văn In",
        "Nguyễn Viết Xuân",
        "Nguyễn Thế Anh",
    ] {
        taken(&[(right(name), &format!("{name} text"))]);
        assert_eq!(
            ending(&format!("<p>{name}</p>")).1,
            "",
            "{name}: not set apart"
        );
    }
    taken(&[
        (right("TRÀ MY"), "Trà My text"),
        (
            right("Huỳnh Phong - Hùng Anh"),
            "Huỳnh Phong text, Hùng Anh text",
        ),
        (
            right("CÔNG SÁNG (báo lao động)"),
            "Công Sáng text; source báo Lao Động",
        ),
    ]);
}

#[test]
fn a_labelled_byline_may_have_links_behind_it() {
    let by = right("Tin, ảnh: Vân Khanh");
    for (after, stays) in [
        (
            "<p><a href=\"/f.pdf\">Tải tài liệu tại đây</a></p>",
            "Tải tài liệu tại đây",
        ),
        (
            "<p>Xem thêm: <a href=\"/x-1.html\">Bài khác</a></p>",
            "Xem thêm: Bài khác",
        ),
        ("<table><tr><td>x</td><td>y</td></tr></table>", "x\ty"),
        ("<p>Phụ lục kèm theo bài</p>", "Phụ lục kèm theo bài"),
        (
            "<ul><li><a href=\"/x-1.html\">Bài khác</a></li><li><a href=\"/x-2.html\">Bài nữa</a></li></ul>",
            "Bài khác\nBài nữa",
        ),
    ] {
        let (left, told) = ending(&format!("{by}{after}"));
        assert_eq!(
            (left, told.as_str()),
            (vec![stays.to_owned()], "Vân Khanh text+photo"),
            "{after}"
        );
    }
    // A picture and its caption.
    let (left, told) = ending(&format!(
        "{by}<p style=\"text-align:center\"><img src=\"/u/a.png\"></p>\
         <p style=\"text-align:center\"><em>Bà con làm đường</em></p>"
    ));
    assert_eq!((left.len(), told.as_str()), (0, "Vân Khanh text+photo"));
    // News in brief: each with its writer, and the last without.
    let (left, told) = ending(&format!("{by}<p>{}</p>", TEXT[0]));
    assert_eq!((left.len(), told.as_str()), (2, ""));
    // A bare name is a signature at the very end only.
    let (left, told) =
        ending(&(right("Vân Khanh") + "<p>Xem thêm: <a href=\"/x\">Bài khác</a></p>"));
    assert_eq!((left.len(), told.as_str()), (2, ""));
}

#[test]
fn organisations_sign_too() {
    for name in [
        "Ban Tuyên giáo Tỉnh ủy",
        "Văn phòng UBND xã",
        "HỘI NÔNG DÂN XÃ SUỐI TRẮNG",
        "Sở Văn hóa, Thể thao và Du lịch",
        "Trung tâm Văn hóa huyện",
    ] {
        taken(&[(right(name), name)]);
    }
    taken(&[(
        right("Vân Khanh<br />Ban Tuyên giáo Tỉnh ủy"),
        "Vân Khanh text; Ban Tuyên giáo Tỉnh ủy",
    )]);
}

#[test]
fn a_box_of_text_is_no_caption() {
    let image = "<p style=\"text-align:center\"><img src=\"/u/a.png\"></p>";
    let boxed = |cell: &str| {
        format!(
            "<table style=\"text-align:center\"><tbody><tr><td>{cell}</td></tr></tbody></table>"
        )
    };
    let long = format!("<em>{}</em>", "Bà con góp công, góp sức. ".repeat(20));
    for (cell, blocks) in [
        (
            "<p><em>Hộp thứ nhất.</em></p><p><em>Hộp thứ hai.</em></p>",
            2,
        ),
        (long.as_str(), 1),
    ] {
        let article = page(&format!("{image}{}<p>{}</p>", boxed(cell), TEXT[0]), "");
        assert_eq!(article.images[0].caption, None, "{cell}");
        assert_eq!(article.body.len(), 2 + blocks + 1, "{cell}");
    }
    let rows = |cell: &str| {
        format!(
            "<table><tr><td><img src=\"/u/a.png\"></td></tr><tr><td>{cell}</td></tr></table><p>{}</p>",
            TEXT[0]
        )
    };
    let article = page(
        &rows("<p><em>Hộp thứ nhất.</em></p><p>Hộp thứ hai.</p>"),
        "",
    );
    assert_eq!(
        (article.images[0].caption.as_deref(), article.body.len()),
        (None, 5)
    );
    // A caption, and who took the picture.
    for end in [
        rows("<p>Bà con làm đường.</p><p>Ảnh: Đỗ Hải</p>"),
        format!("{image}{}", boxed("<em>Bà con làm đường.</em>")),
    ] {
        let article = page(&end, "");
        let caption = article.images[0].caption.as_deref().unwrap_or_default();
        assert!(caption.starts_with("Bà con làm đường."), "{end}");
    }
}

#[test]
fn ranks_are_no_part_of_a_name() {
    for rank in [
        "Thiếu úy",
        "Trung uý",
        "Thượng tá",
        "Đại tá",
        "Thiếu tướng",
        "ThS.",
        "TS.",
        "PGS.",
        "PGS.TS",
        "BS.",
        "Đ/c",
        "Đồng chí",
        "Linh mục",
        "ĐẠI ÚY",
    ] {
        assert_eq!(
            by_author(&format!("{rank} Lò Văn Mừng")),
            "Lò Văn Mừng text",
            "{rank}"
        );
    }
    for office in [
        "Chủ Tịch",
        "KT. CHỦ TỊCH",
        "GIÁM ĐỐC",
        "Bí Thư",
        "Thượng Tá",
    ] {
        assert_eq!(by_author(office), "", "{office}");
    }
}

proptest! {
    /// Words are neither lost nor doubled: each line of an ending is in the body or in the byline.
    #[test]
    fn nothing_is_lost(
        lines in prop::collection::vec(prop::sample::select(vec![
            "Tin, ảnh: Vân Khanh", "Ảnh: Đỗ Hải", "Vân Khanh", "CHỦ TỊCH", "Lò Văn Mừng",
            "Ban Tuyên giáo Tỉnh ủy", "Điện Biên Phủ", "Nguồn: qdnd.vn", "Xem thêm tin khác",
            "Hội nghị bế mạc.",
        ]), 1..6),
        br in any::<bool>(), set in any::<bool>(),
    ) {
        let wrap = |text: &str| if set { right(text) } else { format!("<p>{text}</p>") };
        let end = if br { wrap(&lines.join("<br>")) } else { lines.iter().map(|l| wrap(l)).collect() };
        let article = page(&end, "");
        let raw = article.byline.as_ref().map_or("", |b| b.raw.as_str());
        let mut left: Vec<&str> = article.body.iter().skip(2).flat_map(|b| b.text.split('\n')).collect();
        for line in lines {
            match left.iter().position(|l| *l == line) {
                Some(at) => { left.remove(at); }
                None => prop_assert!(raw.contains(line), "{line} of {end} is lost: {raw}"),
            }
        }
        prop_assert!(left.is_empty(), "{left:?} of {end}");
        for person in article.byline.iter().flat_map(|b| &b.people) {
            prop_assert!(["Vân Khanh", "Đỗ Hải", "Lò Văn Mừng"].contains(&person.name.as_str()), "{}", person.name);
        }
    }
}
