//! Words that tell desks, outlets, organisations and the CMS's own accounts from people.

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
    "tác giả",
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
        "đội bóng",
        "hội nhập",
        "hội tụ",
        "hội diễn",
        "hội báo",
        "hội thao",
        "đoàn tụ",
        "trường hợp",
        "trường kỳ",
        "viện phí",
        "viện dẫn",
        "ban đầu",
        "ban ngày",
        "bộ ảnh",
        "bộ sưu tập",
        "bộ tiêu chí",
        "bộ luật",
        "phòng ngừa",
        "phòng bệnh",
        "phòng cháy",
        "phòng dịch",
        "tổ quốc",
        "tổ tiên",
        "cục diện",
        "hạt giống",
    ];
    HEADS.iter().any(|head| {
        lower
            .strip_prefix(head)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    }) && !WORDS.iter().any(|word| lower.starts_with(word))
}
