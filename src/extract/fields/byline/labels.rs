//! The words of bylines: labels with their roles, sources, desks, organisations.

use crate::domain::Role;

/// What a label says about the names after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Label {
    /// Roles, in the order printed.
    Roles(Vec<Role>),
    /// "Nguồn", "Theo": an outlet follows.
    Source,
    /// "Nguồn ảnh": whose photographs.
    PhotoSource,
}

/// Labels that a CMS prints before the value, which are no part of it (facts seen on NukeViet).
pub(super) const CMS: &[&str] = &[
    "tác giả bài viết",
    "tác giả",
    "nguồn tin",
    "người đăng",
    "đăng bởi",
    "author",
];

/// Roles of one lower-case NFC label word group ("tin", "đồ họa", "người viết").
fn one_role(phrase: &str) -> Option<Role> {
    Some(match phrase {
        "tin"
        | "bài"
        | "tin bài"
        | "bài viết"
        | "nội dung"
        | "người viết"
        | "viết"
        | "viết bài"
        | "thực hiện"
        | "người thực hiện"
        | "nhóm thực hiện"
        | "tác giả"
        | "nhóm tác giả"
        | "phóng viên"
        | "pv"
        | "nhóm pv"
        | "nhóm phóng viên"
        | "ctv"
        | "cộng tác viên"
        | "biên soạn"
        | "tổng hợp"
        | "lời"
        | "lời bình"
        | "ghi"
        | "ghi chép"
        | "lược ghi"
        | "thơ"
        | "truyện"
        | "truyện ngắn"
        | "tản văn"
        | "bút ký"
        | "phóng sự"
        | "bình luận"
        | "sưu tầm"
        | "tường thuật"
        | "tác giả bài viết"
        | "text"
        | "story"
        | "author"
        | "written by"
        | "words" => Role::Text,
        "ảnh" | "hình" | "hình ảnh" | "chùm ảnh" | "bộ ảnh" | "ảnh chụp" | "nhiếp ảnh"
        | "chụp ảnh" | "người chụp" | "ảnh tư liệu" | "ảnh minh họa" | "ảnh minh hoạ" | "photo"
        | "photos" | "image" => Role::Photo,
        "video" | "clip" | "video clip" | "videoclip" | "quay phim" | "phim" | "quay"
        | "quay video" | "dựng" | "dựng phim" | "quay dựng" | "camera" | "truyền hình" => {
            Role::Video
        }
        "đồ họa"
        | "đồ hoạ"
        | "thiết kế"
        | "trình bày"
        | "minh họa"
        | "minh hoạ"
        | "mỹ thuật"
        | "mĩ thuật"
        | "infographic"
        | "infographics"
        | "graphic"
        | "graphics"
        | "design"
        | "thiết kế đồ họa"
        | "thiết kế đồ hoạ"
        | "tranh" => Role::Graphics,
        "biên tập"
        | "btv"
        | "biên tập viên"
        | "hiệu đính"
        | "chủ biên"
        | "duyệt"
        | "người duyệt"
        | "duyệt bài"
        | "kiểm duyệt"
        | "người biên tập"
        | "editor"
        | "edit" => Role::Editor,
        "biên dịch" | "dịch" | "người dịch" | "chuyển ngữ" | "lược dịch" | "dịch giả"
        | "phiên dịch" | "translator" | "translated by" => Role::Translator,
        "sản xuất"
        | "nhà sản xuất"
        | "tổ chức sản xuất"
        | "kỹ thuật"
        | "kĩ thuật"
        | "đạo diễn"
        | "đọc"
        | "giọng đọc"
        | "người đọc"
        | "thể hiện"
        | "phát thanh viên"
        | "âm thanh"
        | "producer"
        | "production" => Role::Producer,
        _ => return None,
    })
}

/// Roles of a group: "tin", "tin ảnh", "tin-ảnh", "bài+ảnh".
pub(super) fn roles(phrase: &str) -> Option<Vec<Role>> {
    let lower = phrase.trim().to_lowercase();
    if lower.is_empty() || lower.len() > 60 {
        return None;
    }
    if let Some(role) = one_role(&lower) {
        return Some(vec![role]);
    }
    let parts: Vec<&str> = if lower.contains(['-', '/', '+', '&', '–']) {
        lower.split(['-', '/', '+', '&', '–']).collect()
    } else {
        // "tin ảnh", "bài ảnh": short labels side by side.
        let parts: Vec<&str> = lower.split(' ').collect();
        let short = |p: &&str| matches!(*p, "tin" | "bài" | "ảnh" | "clip" | "video" | "hình");
        if !parts.iter().all(short) {
            return None;
        }
        parts
    };
    let found: Option<Vec<Role>> = parts.iter().map(|part| one_role(part.trim())).collect();
    found.map(|list| {
        let mut unique = Vec::new();
        for role in list {
            if !unique.contains(&role) {
                unique.push(role);
            }
        }
        unique
    })
}

/// The label that a whole group is.
pub(super) fn label(phrase: &str) -> Option<Label> {
    let lower = phrase.trim().to_lowercase();
    match lower.as_str() {
        "nguồn"
        | "theo"
        | "nguồn tin"
        | "trích"
        | "trích nguồn"
        | "dẫn nguồn"
        | "theo nguồn"
        | "nguồn bài"
        | "nguồn bài viết"
        | "source"
        | "lược trích"
        | "trích từ"
        | "tin từ" => Some(Label::Source),
        "nguồn ảnh" | "ảnh nguồn" | "nguồn hình" | "ảnh theo" => {
            Some(Label::PhotoSource)
        }
        _ => roles(&lower).map(Label::Roles),
    }
}

/// Labels that also begin ordinary sentences ("Nội dung: tổ chức ..."): a line under one is a
/// byline only where nothing but names follows.
pub(super) fn weak(phrase: &str) -> bool {
    !matches!(
        phrase.trim().to_lowercase().as_str(),
        "tin"
            | "ảnh"
            | "tin bài"
            | "tin ảnh"
            | "bài ảnh"
            | "người viết"
            | "btv"
            | "pv"
            | "ctv"
            | "nguồn"
            | "theo"
            | "nguồn ảnh"
            | "nguồn tin"
            | "tác giả"
            | "biên dịch"
    )
}

/// Positions that stand behind a name ("Nguyễn Văn A, Trưởng phòng Nội vụ"): nobody's name.
pub(super) fn is_position(lower: &str) -> bool {
    [
        "trưởng ",
        "phó ",
        "chủ tịch",
        "bí thư",
        "giám đốc",
        "tổng biên tập",
        "chuyên viên",
        "cán bộ",
        "ủy viên",
        "uỷ viên",
        "thư ký ",
        "hiệu trưởng",
    ]
    .iter()
    .any(|head| lower.starts_with(head))
}

/// Names that a CMS gives its own accounts.
pub(super) fn is_account(lower: &str) -> bool {
    matches!(
        lower,
        "admin"
            | "administrator"
            | "administrators"
            | "quản trị"
            | "quản trị viên"
            | "quantri"
            | "quản trị website"
            | "quản trị hệ thống"
            | "super admin"
            | "superadmin"
            | "root"
            | "webmaster"
            | "user"
            | "guest"
            | "khách"
            | "system"
            | "editor"
            | "người quản trị"
            | "ban quản trị"
            | "n/a"
            | "none"
            | "null"
            | "đang cập nhật"
            | "không rõ"
            | "test"
            | "nukeviet"
            | "mod"
            | "moderator"
    ) || lower
        .strip_prefix("admin")
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '_'))
}

/// Phrases that say "from nobody in particular": kept as the source, as published.
pub(super) fn is_unnamed_source(lower: &str) -> bool {
    matches!(
        lower,
        "sưu tầm"
            | "st"
            | "s.t"
            | "sưu tầm và tổng hợp"
            | "tổng hợp"
            | "internet"
            | "th"
            | "t.h"
            | "mạng"
            | "google"
            | "facebook"
            | "tổng hợp từ internet"
            | "sưu tầm từ internet"
    ) && lower != "th"
        && lower != "t.h"
}

/// A desk of the outlet itself: "PV", "Nhóm phóng viên", "Ban Biên tập".
pub(super) fn is_desk(lower: &str) -> bool {
    matches!(
        lower,
        "pv" | "ctv" | "bbt" | "btv" | "tbt" | "bbt website" | "p.v" | "ttv"
    ) || [
        "phóng viên",
        "nhóm pv",
        "nhóm phóng viên",
        "nhóm ctv",
        "cộng tác viên",
        "ban biên tập",
        "biên tập viên",
        "tòa soạn",
        "toà soạn",
        "ban thư ký",
        "nhóm tác giả",
        "ban thời sự",
        "tổ biên tập",
        "tổ phóng viên",
        "nhóm btv",
        "pv ",
        "phòng phóng viên",
        "tổ thư ký",
    ]
    .iter()
    .any(|head| lower.starts_with(head))
}

/// Titles that stand before a person's name.
pub(super) const TITLES: &[&str] = &[
    "phóng viên",
    "cộng tác viên",
    "biên tập viên",
    "nhà báo",
    "nhà thơ",
    "nhà văn",
    "nghệ sĩ",
    "tác giả",
    "luật sư",
    "bác sĩ",
    "pgs.ts",
    "pgs. ts",
    "gs.ts",
    "gs. ts",
    "ths.",
    "ths",
    "ts.",
    "ts",
    "bs.",
    "ks.",
    "ls.",
    "pv",
    "ctv",
    "btv",
    "nsna",
    "đồng chí",
    "đ/c",
    "bởi",
    "by",
];

/// Whether the outlets of news are meant: "Báo Nhân Dân", "TTXVN", "VOV".
pub(in crate::extract::fields) fn is_outlet(lower: &str) -> bool {
    const HEADS: &[&str] = &[
        "báo ",
        "tạp chí ",
        "đài ",
        "ttxvn",
        "thông tấn xã",
        "vov",
        "vtv",
        "vnexpress",
        "vietnamplus",
        "vietnamnet",
        "dân trí",
        "tuổi trẻ",
        "thanh niên",
        "tuoitre",
        "nhân dân",
        "quân đội nhân dân",
        "qđnd",
        "xinhua",
        "tân hoa xã",
        "reuters",
        "afp",
        "bbc",
        "cnn",
        "sputnik",
        "tass",
        "ap ",
        "kyodo",
        "yonhap",
        "cổng ttđt",
        "cổng thông tin",
        "trang tin",
        "trang thông tin",
        "website",
        "chinhphu",
        "vgp",
        "vietnam news",
        "tiền phong",
        "lao động",
        "vtc",
        "đại đoàn kết",
        "daidoanket",
        "người lao động",
        "công an nhân dân",
        "ttx",
        "nhandan",
        "sggp",
        "bnews",
        "znews",
        "zing",
    ];
    lower == "ap"
        || HEADS.iter().any(|head| {
            lower.strip_prefix(head).is_some_and(|rest| {
                head.ends_with(' ') || !rest.starts_with(|c: char| c.is_alphabetic())
            })
        })
        || looks_like_domain(lower)
}

/// "qdnd.vn", "https://baodongnai.com.vn/...".
pub(super) fn looks_like_domain(lower: &str) -> bool {
    lower.starts_with("http://")
        || lower.starts_with("https://")
        || lower.starts_with("www.")
        || (!lower.contains([' ', '@'])
            && lower.rsplit_once('.').is_some_and(|(host, tld)| {
                host.len() > 2
                    && matches!(
                        tld.split('/').next().unwrap_or(tld),
                        "vn" | "com" | "net" | "org" | "info" | "gov" | "edu" | "tv" | "cn"
                    )
            }))
}

/// Whether an organisation's name begins here: "Sở ...", "Trung tâm ...", "UBND ...".
pub(super) fn is_organisation(lower: &str) -> bool {
    const HEADS: &[&str] = &[
        "sở",
        "phòng",
        "ban",
        "ủy ban",
        "uỷ ban",
        "trung tâm",
        "bộ",
        "hội",
        "đoàn",
        "công an",
        "trường",
        "viện",
        "văn phòng",
        "cục",
        "chi cục",
        "tổng cục",
        "huyện ủy",
        "huyện uỷ",
        "tỉnh ủy",
        "tỉnh uỷ",
        "thành ủy",
        "thành uỷ",
        "thị ủy",
        "đảng ủy",
        "đảng uỷ",
        "đảng bộ",
        "ubnd",
        "hđnd",
        "mttq",
        "ubmttq",
        "ubmt",
        "liên đoàn",
        "liên minh",
        "mặt trận",
        "tổng công ty",
        "công ty",
        "bệnh viện",
        "bảo hiểm",
        "bhxh",
        "bộ chỉ huy",
        "ban chỉ huy",
        "tòa án",
        "toà án",
        "viện kiểm sát",
        "vksnd",
        "tand",
        "kho bạc",
        "ngân hàng",
        "học viện",
        "đại học",
        "thư viện",
        "bảo tàng",
        "nhà xuất bản",
        "nxb",
        "câu lạc bộ",
        "clb",
        "tổ",
        "khoa",
        "đội",
        "đồn",
        "trạm",
        "huyện đoàn",
        "tỉnh đoàn",
        "thành đoàn",
        "xã",
        "huyện",
        "tỉnh",
        "phường",
        "thị trấn",
        "thị xã",
        "tp.",
        "thành phố",
        "sở.",
        "vp",
        "tt vh",
        "bch",
        "bqlda",
        "ban qlda",
        "hạt",
        "vườn quốc gia",
        "lực lượng",
        "quân khu",
        "sư đoàn",
        "trung đoàn",
        "lữ đoàn",
        "vnanet",
        "getty",
        "shutterstock",
        "pixabay",
        "epa",
        "nasa",
    ];
    const WORDS: &[&str] = &[
        "đoàn viên",
        "đoàn kết",
        "đoàn công tác",
        "đoàn đại biểu",
        "hội nghị",
        "hội viên",
        "hội thảo",
        "hội thi",
        "hội đồng thi",
        "bộ đội",
        "bộ phận",
        "bộ mặt",
        "ban hành",
        "trường học",
        "phòng chống",
        "phòng, chống",
        "tổ chức",
        "đội ngũ",
        "đội tuyển",
        "khoa học",
        "xã hội",
        "cục bộ",
        "sở hữu",
        "viện trợ",
        "trung tâm của",
        "đội hình",
    ];
    HEADS.iter().any(|head| {
        lower
            .strip_prefix(head)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    }) && !WORDS.iter().any(|word| lower.starts_with(word))
}
