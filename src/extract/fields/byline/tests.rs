//! Forms beyond the fact rows, and properties.

use super::*;
use crate::domain::Role;
use Role::{Editor, Graphics, Photo, Producer, Text, Translator, Video};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

fn people(raw: &str) -> Vec<(String, Vec<Role>)> {
    parse(raw)
        .map(|b| b.people.into_iter().map(|p| (p.name, p.roles)).collect())
        .unwrap_or_default()
}

fn one(name: &str, roles: &[Role]) -> (String, Vec<Role>) {
    (name.to_owned(), roles.to_vec())
}

#[test]
fn reads_labels_in_every_form() {
    for (raw, roles) in [
        ("Tin - Ảnh: Minh Thùy", &[Text, Photo][..]),
        ("TIN, ẢNH: MINH THÙY", &[Text, Photo]),
        ("Bài & ảnh: Minh Thùy", &[Text, Photo]),
        ("Ảnh, bài: Minh Thùy", &[Photo, Text]),
        ("Tin-ảnh: Minh Thùy", &[Text, Photo]),
        ("Tin/ảnh: Minh Thùy", &[Text, Photo]),
        ("Tin, bài, ảnh: Minh Thùy", &[Text, Photo]),
        ("Tin ảnh: Minh Thùy", &[Text, Photo]),
        ("Tin, ảnh - Minh Thùy", &[Text, Photo]),
        ("Bài, ảnh MINH THÙY", &[Text, Photo]),
        ("Bài, ảnh, clip: Minh Thùy", &[Text, Photo, Video]),
        ("Thực hiện: Minh Thùy", &[Text]),
        ("Biên soạn: Minh Thùy", &[Text]),
        ("Đồ hoạ: Minh Thùy", &[Graphics]),
        ("Clip: Minh Thùy", &[Video]),
        ("Dịch: Minh Thùy", &[Translator]),
        ("Kỹ thuật: Minh Thùy", &[Producer]),
        ("Sản xuất : Minh Thùy", &[Producer]),
        ("Biên tập viên: Minh Thùy", &[Editor]),
        ("Tác giả bài viết: Tin, ảnh: Minh Thùy.", &[Text, Photo]),
        ("PV Minh Thùy", &[Text]),
        ("Minh Thùy (tổng hợp)", &[Text]),
        ("Minh Thùy (dịch)", &[Translator]),
        ("Minh Thùy tổng hợp", &[Text]),
        ("(Tin, ảnh: Minh Thùy)", &[Text, Photo]),
    ] {
        assert_eq!(people(raw), [one("Minh Thùy", roles)], "{raw}");
        let decomposed: String = raw.nfd().collect();
        assert_eq!(people(&decomposed), [one("Minh Thùy", roles)], "NFD {raw}");
    }
}

#[test]
fn several_names_and_labels() {
    for raw in [
        "Minh Thùy - Lò Văn Mừng",
        "Minh Thùy, Lò Văn Mừng",
        "Minh Thùy và Lò Văn Mừng",
        "Minh Thùy & Lò Văn Mừng",
        "Minh Thùy; Lò Văn Mừng",
        "Minh Thùy/Lò Văn Mừng",
        "Minh Thùy-Lò Văn Mừng",
        "MINH THÙY – LÒ VĂN MỪNG",
        "Bài: Minh Thùy, Lò Văn Mừng",
    ] {
        assert_eq!(
            people(raw),
            [one("Minh Thùy", &[Text]), one("Lò Văn Mừng", &[Text])],
            "{raw}"
        );
    }
    for raw in [
        "Bài: Minh Thùy - Ảnh: Lan Anh",
        "Bài: Minh Thùy. Ảnh: Lan Anh.",
        "Bài: Minh Thùy; ảnh: Lan Anh",
        "Minh Thùy (Ảnh: Lan Anh)",
        "Minh Thùy, ảnh: Lan Anh",
    ] {
        assert_eq!(
            people(raw),
            [one("Minh Thùy", &[Text]), one("Lan Anh", &[Photo])],
            "{raw}"
        );
    }
}

#[test]
fn names_stay_whole() {
    for name in [
        "Giàng A Páo",
        "Vừ A Dính",
        "Lường Thị Hoa",
        "H'Hen Niê",
        "Y-Bhăm Niê",
        "H.T",
        "N.V.A",
        "Đoàn Minh Huấn",
        "Nguyễn Văn A",
        "Ksor H'Bơ Khăp",
    ] {
        assert_eq!(
            people(&format!("Tin, ảnh: {name}")),
            [one(name, &[Text, Photo])]
        );
        assert_eq!(people(name), [one(name, &[Text])]);
    }
    for (raw, name) in [
        ("H'HEN NIÊ", "H'Hen Niê"),
        ("Y-BHĂM NIÊ", "Y-Bhăm Niê"),
        ("ĐỖ THỊ ƯỚC", "Đỗ Thị Ước"),
        ("GIÀNG A PÁO", "Giàng A Páo"),
        ("H.T", "H.T"),
    ] {
        assert_eq!(people(raw), [one(name, &[Text])], "{raw}");
    }
}

#[test]
fn organisations_are_no_people() {
    for (raw, org) in [
        ("BBT", "BBT"),
        ("Ban Biên tập", "Ban Biên tập"),
        ("Nhóm phóng viên", "Nhóm phóng viên"),
        ("PV - CTV", "PV"),
        ("Tin, ảnh: DIC", "DIC"),
        (
            "Sở Văn hóa, Thể thao và Du lịch",
            "Sở Văn hóa, Thể thao và Du lịch",
        ),
        (
            "Trung tâm Văn hóa - Thông tin và Thể thao",
            "Trung tâm Văn hóa - Thông tin và Thể thao",
        ),
        ("Ảnh: TTXVN", "TTXVN"),
        (
            "Tin, ảnh: Ủy ban MTTQ xã Thanh Yên",
            "Ủy ban MTTQ xã Thanh Yên",
        ),
    ] {
        let byline = parse(raw).expect(raw);
        assert_eq!(byline.people, [], "{raw}");
        assert_eq!(
            byline.organisations.first().map(String::as_str),
            Some(org),
            "{raw}"
        );
    }
    for raw in [
        "admin",
        "Tác giả: Administrator",
        "a@b.vn",
        "Tác giả:",
        "",
        "Quản trị viên",
    ] {
        assert_eq!(parse(raw), None, "{raw}");
    }
    let byline = parse("Minh Thùy/TTXVN").expect("person and agency");
    assert_eq!(
        (byline.people.len(), byline.source.as_deref()),
        (1, Some("TTXVN"))
    );
    let byline = parse("Minh Thùy (Theo Báo Nhân Dân)").expect("person and source");
    assert_eq!(
        (byline.people.len(), byline.source.as_deref()),
        (1, Some("Báo Nhân Dân"))
    );
}

#[test]
fn lines_of_the_body() {
    for line in [
        "Tin, ảnh: Minh Thùy",
        "Bài và ảnh: TRÀ MY",
        "Theo TTXVN",
        "Theo Báo Nhân Dân",
        "(Theo TTXVN)",
        "Nguồn: qdnd.vn",
        "Nguồn: Báo Điện Biên Phủ",
        "Ảnh: Công Sáng",
        "BTV: Thu Hà",
    ] {
        assert_eq!(strength(line), Strength::Labelled, "{line}");
    }
    for line in [
        "Vũ Nguyệt",
        "HUỲNH PHONG - HÙNG ANH",
        "H.T",
        "Minh Thùy",
        "CÔNG SÁNG (báo lao động)",
        "PV",
    ] {
        assert_eq!(strength(line), Strength::BareName, "{line}");
    }
    for line in [
        "",
        "Theo báo cáo của Ủy ban MTTQ tỉnh, đến nay đã có 12 xã",
        "Theo đó, các địa phương cần chủ động",
        "Nội dung: Tổ chức hội nghị sơ kết",
        "Ảnh: Đoàn viên thanh niên dọn vệ sinh",
        "Nguồn vốn: Ngân sách tỉnh",
        "Điện Biên",
        "KẾT LUẬN",
        "Video: xem tại đây",
        "Thành phần tham dự: Ông Nguyễn Văn A, Bà Trần Thị B",
        "Hội nghị đã thành công tốt đẹp.",
        "Kỹ thuật: 5 đồng chí",
        "Bài 1: Khơi dậy sức dân",
    ] {
        assert_eq!(strength(line), Strength::None, "{line}");
    }
}

#[test]
fn splits_glued_bylines() {
    for (text, body, byline) in [
        (
            "Hội nghị của tỉnh.Bài và ảnh: TRÀ MY",
            "Hội nghị của tỉnh.",
            "Bài và ảnh: TRÀ MY",
        ),
        (
            "Hội nghị của tỉnh./. Tin, ảnh: Minh Thùy",
            "Hội nghị của tỉnh./.",
            "Tin, ảnh: Minh Thùy",
        ),
        (
            "Hội nghị của tỉnh. (Theo TTXVN)",
            "Hội nghị của tỉnh.",
            "(Theo TTXVN)",
        ),
        (
            "Hội nghị của tỉnh. Theo TTXVN",
            "Hội nghị của tỉnh.",
            "Theo TTXVN",
        ),
        (
            "Hội nghị của tỉnh. Tin: Minh Thùy. Ảnh: Lan Anh",
            "Hội nghị của tỉnh.",
            "Tin: Minh Thùy. Ảnh: Lan Anh",
        ),
        (
            "Hội nghị của tỉnh Tin, ảnh: Minh Thùy",
            "Hội nghị của tỉnh",
            "Tin, ảnh: Minh Thùy",
        ),
    ] {
        assert_eq!(split_tail(text), Some((body, byline)), "{text}");
    }
    for text in [
        "Hội nghị của tỉnh. Theo báo cáo, có 12 xã.",
        "Tin, ảnh: Minh Thùy",
        "Ông nói: Chúng ta cần cố gắng.",
        "Hội nghị có ba phần. Nội dung: Tổng kết năm",
    ] {
        assert_eq!(split_tail(text), None, "{text}");
    }
}

#[test]
fn unites_author_line_and_signature() {
    let merged = merge(
        Some("Tác giả: Minh Thùy"),
        Some("Nguồn tin: Cổng TTĐT tỉnh"),
        &["Tin, ảnh: MINH THUỲ"],
    )
    .expect("byline");
    assert_eq!(merged.raw, "Minh Thùy | Tin, ảnh: MINH THUỲ");
    assert_eq!(merged.people.len(), 1);
    assert_eq!(merged.people[0].roles, [Text, Photo]);
    assert_eq!(merged.source.as_deref(), Some("Cổng TTĐT tỉnh"));
    let same = merge(Some("Tác giả: Minh Thùy"), None, &["MINH THÙY"]).expect("byline");
    assert_eq!(same.raw, "Minh Thùy");
    let source = merge(Some("admin"), Some("Báo Nhân Dân"), &[]).expect("source");
    assert_eq!(
        (source.raw.as_str(), source.source.as_deref()),
        ("Báo Nhân Dân", Some("Báo Nhân Dân"))
    );
    assert_eq!(merge(Some("admin"), None, &[]), None);
}

#[test]
fn credits_of_captions() {
    for (caption, want) in [
        ("Quang cảnh buổi lễ. Ảnh: TTXVN", Some("TTXVN")),
        ("Quang cảnh buổi lễ (Ảnh: Minh Thùy)", Some("Minh Thùy")),
        ("Quang cảnh buổi lễ. (Ảnh TTXVN)", Some("TTXVN")),
        ("Ảnh: VŨ HỘI.", Some("VŨ HỘI")),
        ("Lễ hội. Ảnh: An Đăng/TTXVN", Some("An Đăng/TTXVN")),
        ("Lễ hội. Nguồn: Báo Nhân Dân", Some("Báo Nhân Dân")),
        ("(Hình từ Internet)", Some("Internet")),
        ("Ảnh minh họa", None),
        ("Ảnh: Đoàn viên thanh niên dọn vệ sinh", None),
        ("Quang cảnh buổi lễ", None),
        ("Giờ đẹp: 10:30", None),
    ] {
        assert_eq!(credit(caption).as_deref(), want, "{caption}");
    }
}

proptest! {
    #[test]
    fn never_panics(raw in any::<String>()) {
        let _ = (parse(&raw), strength(&raw), split_tail(&raw), credit(&raw));
        let _ = merge(Some(&raw), Some(&raw), &[&raw]);
    }

    #[test]
    fn never_panics_on_byline_like_text(
        raw in "(Tin|ảnh|Bài|Theo|Nguồn|:|,| - |\\(|\\)|\\.|/| và | |Minh Thùy|TTXVN|A\u{300}|h'|ß|İ|-){0,24}",
    ) {
        let _ = (parse(&raw), strength(&raw), credit(&raw));
        if let Some((body, tail)) = split_tail(&raw) {
            prop_assert!(raw.starts_with(body) && raw.trim_end().ends_with(tail));
        }
    }

    #[test]
    fn an_office_is_never_a_person(
        form in prop::sample::select(vec!["", "KT. ", "TM. ", "TL. ", "Q. ", "Phó ", "Quyền "]),
        office in prop::sample::select(vec![
            "Chủ tịch", "Bí thư", "Giám đốc", "Trưởng ban", "Hiệu trưởng", "Chánh văn phòng",
        ]),
        of in prop::sample::select(vec!["", " Xã", " UBND xã", " Thanh Yên"]),
        case in 0..3,
    ) {
        let line = format!("{form}{office}{of}");
        let title = |word: &str| {
            let mut chars = word.chars();
            chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
        };
        let line = match case {
            0 => line,
            1 => line.to_uppercase(),
            _ => line.split(' ').map(title).collect::<Vec<_>>().join(" "),
        };
        prop_assert_eq!(people(&line), [], "{}", line);
        prop_assert_eq!(strength(&line), Strength::None, "{}", line);
        prop_assert!(is_office(&line), "{}", line);
    }

    #[test]
    fn every_labelled_name_comes_back(
        family in prop::sample::select(vec!["Nguyễn", "Lò", "Lường", "Quàng", "Vừ", "Giàng", "Đoàn", "Đỗ", "Hà", "Trà"]),
        middle in prop::sample::select(vec!["", "Văn ", "Thị ", "A ", "Thu ", "Ngọc "]),
        given in prop::sample::select(vec!["Mừng", "Páo", "Dính", "Thùy", "Ước", "Quyên", "My", "Hội", "Tin", "Ảnh"]),
        label in prop::sample::select(vec![
            ("Tin, ảnh", vec![Text, Photo]), ("Bài và ảnh", vec![Text, Photo]), ("Ảnh", vec![Photo]),
            ("Video", vec![Video]), ("Biên tập", vec![Editor]), ("Biên dịch", vec![Translator]),
            ("Đồ họa", vec![Graphics]), ("Người viết", vec![Text]),
        ]),
        capitals in any::<bool>(), nfd in any::<bool>(),
    ) {
        let name = format!("{family} {middle}{given}");
        let shown = if capitals { name.to_uppercase() } else { name.clone() };
        let mut raw = format!("{}: {shown}", label.0);
        if nfd {
            raw = raw.nfd().collect();
        }
        prop_assert_eq!(people(&raw), [one(&name, &label.1)], "{}", raw);
        prop_assert_eq!(strength(&raw), Strength::Labelled, "{}", raw);
    }
}
