//! The labels of bylines and the roles that they give.

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
