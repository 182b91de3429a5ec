//! Offices and ranks: what stands before or over a person's name and is never one itself.

/// Ranks, degrees and orders before a name, lower case.
pub(super) const RANKS: &[&str] = &[
    "thiếu úy",
    "thiếu uý",
    "trung úy",
    "trung uý",
    "thượng úy",
    "thượng uý",
    "đại úy",
    "đại uý",
    "chuẩn úy",
    "chuẩn uý",
    "thiếu tá",
    "trung tá",
    "thượng tá",
    "đại tá",
    "thiếu tướng",
    "trung tướng",
    "thượng tướng",
    "đại tướng",
    "thượng sĩ",
    "trung sĩ",
    "hạ sĩ",
    "thạc sĩ",
    "thạc sỹ",
    "tiến sĩ",
    "tiến sỹ",
    "phó giáo sư",
    "giáo sư",
    "pgs.",
    "pgs",
    "gs.",
    "gs",
    "bác sĩ",
    "bác sỹ",
    "luật sư",
    "nghệ sĩ",
    "bs",
    "dược sĩ",
    "dược sỹ",
    "kỹ sư",
    "kĩ sư",
    "ks",
    "cử nhân",
    "nhà giáo",
    "thầy giáo",
    "cô giáo",
    "nhạc sĩ",
    "nhạc sỹ",
    "họa sĩ",
    "hoạ sĩ",
    "nghệ sỹ",
    "nghệ nhân",
    "nsưt",
    "nsnd",
    "linh mục",
    "lm.",
    "mục sư",
    "hòa thượng",
    "hoà thượng",
    "thượng tọa",
    "thượng toạ",
    "đại đức",
];

/// Offices and other heads of signatures, lower case. With "phó" or "quyền" before them they are offices, too.
const OFFICES: &[&str] = &[
    "chủ tịch",
    "bí thư",
    "giám đốc",
    "tổng giám đốc",
    "trưởng ban",
    "trưởng phòng",
    "trưởng đoàn",
    "trưởng công an",
    "trưởng trạm",
    "trưởng khoa",
    "trưởng thôn",
    "trưởng bản",
    "trưởng đài",
    "trưởng tiểu ban",
    "phó ban",
    "phó phòng",
    "chánh văn phòng",
    "chánh thanh tra",
    "chánh án",
    "viện trưởng",
    "hiệu trưởng",
    "cục trưởng",
    "chi cục trưởng",
    "vụ trưởng",
    "bộ trưởng",
    "thứ trưởng",
    "tổ trưởng",
    "đội trưởng",
    "trạm trưởng",
    "hạt trưởng",
    "đồn trưởng",
    "kế toán trưởng",
    "chỉ huy trưởng",
    "chỉ huy phó",
    "hiệu phó",
    "thủ trưởng",
    "thủ tướng",
    "tổng bí thư",
    "tổng biên tập",
    "tổng thư ký",
    "thư ký",
    "thư kí",
    "chủ nhiệm",
    "ủy viên",
    "uỷ viên",
    "tư lệnh",
    "chính ủy",
    "chính uỷ",
    "chính trị viên",
    "chuyên viên",
    "cán bộ",
    "người lập",
    "người ký",
    "người báo cáo",
    "người làm",
    "người viết đơn",
    "người đề nghị",
    "người kiểm tra",
    "xác nhận",
    "đại diện",
    "bên a",
    "bên b",
];

/// Whether the (NFC, lower-case) line is an office, or says on whose behalf or that it was signed:
/// "Chủ tịch UBND xã", "KT. CHỦ TỊCH", "TM. ỦY BAN NHÂN DÂN", "(Đã ký)".
pub(super) fn is_office(lower: &str) -> bool {
    let line = lower.trim_matches(['(', ')', '[', ']', '.', ',', ':', ';', '*', '-', ' ']);
    if RANKS.contains(&line) {
        return true;
    }
    if let Some((head, _)) = line.split_once([' ', ':']) {
        let head: String = head.chars().filter(|c| c.is_alphabetic()).collect();
        if matches!(head.as_str(), "tm" | "kt" | "tl" | "tuq") {
            return true;
        }
    }
    if glued_on_behalf(line) {
        return true;
    }
    let signed = [
        "thay mặt",
        "thừa lệnh",
        "ký thay",
        "đã ký",
        "ký tên",
        "ký, ",
    ];
    if signed.iter().any(|head| begins(line, head)) {
        return true;
    }
    let line = ["quyền ", "q. ", "q.", "phó "]
        .iter()
        .find_map(|head| line.strip_prefix(head))
        .unwrap_or(line);
    OFFICES.iter().any(|head| begins(line, head))
}

/// "kt.chủ tịch", without a space.
fn glued_on_behalf(line: &str) -> bool {
    ["tm.", "kt.", "tl.", "tuq.", "t/m", "k/t", "t/l"]
        .iter()
        .any(|head| line.strip_prefix(head).is_some_and(|rest| rest.len() > 3))
}

/// Positions that stand behind a name ("Nguyễn Văn A, Trưởng phòng Nội vụ"): nobody's name.
pub(super) fn is_position(lower: &str) -> bool {
    lower.starts_with("trưởng ") || lower.starts_with("phó ") || is_office(lower)
}

fn begins(line: &str, head: &str) -> bool {
    line.strip_prefix(head)
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric) || head.ends_with(' '))
}

#[cfg(test)]
mod tests {
    use super::is_office;

    #[test]
    fn offices_are_told_from_names() {
        for line in [
            "CHỦ TỊCH",
            "Phó Chủ tịch UBND xã",
            "Bí Thư",
            "KT. CHỦ TỊCH",
            "KT.GIÁM ĐỐC",
            "K/T CHỦ TỊCH",
            "TM. ỦY BAN NHÂN DÂN",
            "T/M Ban Chấp hành",
            "TL. Giám đốc",
            "TUQ. CHỦ TỊCH",
            "Q. Giám đốc",
            "Quyền Giám đốc",
            "(Đã ký)",
            "Thượng tá",
            "PHÓ TRƯỞNG BAN",
            "CHÁNH VĂN PHÒNG",
        ] {
            assert!(is_office(&line.to_lowercase()), "{line}");
        }
        for line in [
            "Phó Đức Phương",
            "Lò Văn Mừng",
            "Minh Thùy",
            "T.M",
            "H.T",
            "Trung Kiên",
            "Ban Thư ký",
            "Thượng tá Lò Văn Mừng",
            "Trưởng Thành",
        ] {
            assert!(!is_office(&line.to_lowercase()), "{line}");
        }
    }
}
