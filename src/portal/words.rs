//! The portal's own words: phrase lists and the sentences made of them. No text of a real portal.

use super::rng::Rng;

const WHEN: &[&str] = &[
    "Trong quý vừa qua",
    "Từ đầu năm đến nay",
    "Ngay sau hội nghị triển khai",
    "Nhân Ngày hội Đại đoàn kết toàn dân tộc",
    "Trước mùa mưa lũ",
    "Trong đợt cao điểm vận động",
    "Sau ba năm thực hiện",
    "Cùng thời gian này",
    "Những ngày giáp Tết",
    "Bước vào năm học mới",
    "Qua các buổi tiếp xúc cử tri",
    "Tính đến cuối tháng",
];

const WHO: &[&str] = &[
    "Ủy ban MTTQ Việt Nam tỉnh",
    "Ban Thường trực Ủy ban MTTQ huyện",
    "Ban Công tác Mặt trận các bản",
    "Hội Liên hiệp Phụ nữ huyện",
    "Hội Nông dân xã",
    "Đoàn Thanh niên Cộng sản Hồ Chí Minh huyện",
    "Hội Cựu chiến binh các cấp",
    "Liên đoàn Lao động tỉnh",
    "đội ngũ người có uy tín",
    "Ban Thanh tra nhân dân",
    "Ban Giám sát đầu tư của cộng đồng",
    "các tổ hòa giải ở cơ sở",
    "cán bộ và nhân dân vùng biên",
    "các chi hội nghề nghiệp",
];

const DID: &[&str] = &[
    "phối hợp tổ chức",
    "duy trì nền nếp",
    "mở rộng",
    "đổi mới cách làm của",
    "rà soát lại",
    "vận động bà con tham gia",
    "lấy ý kiến rộng rãi về",
    "hướng dẫn cơ sở thực hiện",
    "kiểm tra việc triển khai",
    "bàn giao kết quả của",
    "ký kết chương trình chung về",
    "nhân rộng",
];

const WHAT: &[&str] = &[
    "phong trào xây dựng nông thôn mới",
    "chương trình làm nhà ở cho hộ nghèo",
    "các mô hình tự quản đường biên, cột mốc",
    "cuộc vận động dùng hàng trong nước",
    "quỹ Vì người nghèo",
    "việc giám sát công trình thủy lợi",
    "hội nghị phản biện dự thảo nghị quyết",
    "lớp tập huấn cho trưởng ban công tác mặt trận",
    "tuyến đường hoa do phụ nữ tự quản",
    "tổ tiết kiệm và vay vốn",
    "mô hình trồng cà phê gắn với chế biến",
    "điểm sinh hoạt văn hóa cộng đồng",
    "đội tuyên truyền lưu động bằng tiếng dân tộc",
    "đợt quyên góp ủng hộ đồng bào bị thiên tai",
    "chương trình kết nghĩa hai bên biên giới",
    "buổi đối thoại giữa chính quyền với người dân",
];

const WHY: &[&str] = &[
    "góp phần giữ vững an ninh vùng biên",
    "để người dân được biết, được bàn và được kiểm tra",
    "tạo sinh kế lâu dài cho hộ khó khăn",
    "nhằm phát huy vai trò của người có uy tín",
    "được đông đảo nhân dân đồng tình hưởng ứng",
    "qua đó củng cố khối đại đoàn kết",
    "gắn với việc học tập và làm theo gương Bác",
    "bảo đảm đúng đối tượng, công khai, dân chủ",
    "làm cơ sở để nhân rộng trong toàn tỉnh",
    "giúp thôn bản sạch hơn, nếp sống văn minh hơn",
    "không để ai bị bỏ lại phía sau",
    "từng bước nâng cao thu nhập của bà con",
];

const COMMUNES: &[&str] = &[
    "Nậm Khăn",
    "Pú Hồng",
    "Mường Tở",
    "Chiềng Ngam",
    "Tả Phìn Hồ",
    "Huổi Sang",
    "Nà Tông",
    "Thanh Bình",
    "Sín Chải",
    "Keo Lôm",
    "Hừa Tát",
    "Mường Sơn",
    "Na Ư",
    "Pa Ham",
    "Búng Xao",
    "Xuân Lao",
    "Ẳng Nưa",
    "Háng Lìa",
];

const FAMILY: &[&str] = &[
    "Nguyễn", "Trần", "Lê", "Phạm", "Vũ", "Đỗ", "Bùi", "Lò", "Lường", "Quàng", "Cà", "Tòng",
    "Giàng", "Mùa", "Vừ", "Hoàng",
];

const MIDDLE: &[&str] = &["Văn", "Thị", "Minh", "Thu", "Quốc", "Thanh", "Hồng", "Đức"];

const GIVEN: &[&str] = &[
    "Hải",
    "Thùy",
    "Nga",
    "Dũng",
    "Hà",
    "Lan",
    "Phượng",
    "Sơn",
    "Mai",
    "Tuấn",
    "Yến",
    "Kiên",
    "Thương",
    "Bình",
    "Oanh",
    "Trung",
];

/// A commune or hamlet.
pub(super) fn place(rng: &mut Rng) -> &'static str {
    rng.pick(COMMUNES)
}

/// A person's name: Kinh and Thái names with a middle name, Mông names with "A".
pub(super) fn person(rng: &mut Rng) -> String {
    let family = rng.pick(FAMILY);
    let middle = match family {
        "Giàng" | "Mùa" | "Vừ" => "A",
        _ => rng.pick(MIDDLE),
    };
    format!("{family} {middle} {}", rng.pick(GIVEN))
}

/// A pen name of two words, as reporters use.
pub(super) fn pen_name(rng: &mut Rng) -> String {
    format!(
        "{} {}",
        rng.pick(&[
            "Minh", "Thu", "Vân", "Khánh", "Bích", "Anh", "Ngọc", "Tường"
        ]),
        rng.pick(GIVEN)
    )
}

/// Upper-cases the first letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// One sentence, ending in a full stop.
pub(super) fn sentence(rng: &mut Rng) -> String {
    let (who, did, what, why) = (rng.pick(WHO), rng.pick(DID), rng.pick(WHAT), rng.pick(WHY));
    match rng.below(6) {
        0 => format!("{}, {who} {did} {what}, {why}.", rng.pick(WHEN)),
        1 => {
            let (all, share) = (rng.within(40, 900), rng.within(35, 99));
            format!(
                "{} {did} {what} tại {}; kết quả có {share}% trong tổng số {all} hộ tham gia, {why}.",
                capital(who),
                place(rng)
            )
        }
        2 => format!(
            "Theo ông {}, việc {did} {what} ở xã {} còn khó khăn về kinh phí, song {why}.",
            person(rng),
            place(rng)
        ),
        3 => format!(
            "Đến nay, {who} đã {did} {what} với số tiền {}.{:03}.000 đồng, {why}.",
            rng.within(12, 980),
            rng.below(1000)
        ),
        4 => format!(
            "Bà {}, bản {}, cho biết gia đình vừa được {who} giúp đỡ qua {what}.",
            person(rng),
            place(rng)
        ),
        _ => format!("{} {did} {what}, {why}.", capital(who)),
    }
}

/// A paragraph of two to five sentences.
pub(super) fn paragraph(rng: &mut Rng) -> String {
    let sentences: Vec<String> = (0..rng.within(2, 5)).map(|_| sentence(rng)).collect();
    sentences.join(" ")
}

/// A headline without a full stop.
pub(super) fn headline(rng: &mut Rng) -> String {
    let (who, did, what) = (rng.pick(WHO), rng.pick(DID), rng.pick(WHAT));
    match rng.below(4) {
        0 => format!("Xã {}: {} {did} {what}", place(rng), capital(who)),
        1 => format!("{} {did} {what} tại {}", capital(who), place(rng)),
        2 => format!(
            "{} {did} {what} năm {}",
            capital(who),
            rng.within(2019, 2025)
        ),
        _ => format!(
            "{} ở {}: kết quả và việc cần làm",
            capital(what),
            place(rng)
        ),
    }
}

/// A caption of an image.
pub(super) fn caption(rng: &mut Rng) -> String {
    match rng.below(3) {
        0 => format!(
            "Đồng chí {} trao quà cho các hộ ở {}",
            person(rng),
            place(rng)
        ),
        1 => format!("Quang cảnh buổi làm việc tại xã {}.", place(rng)),
        _ => format!(
            "Bà con bản {} cùng nhau sửa đường, {}",
            place(rng),
            rng.pick(WHY)
        ),
    }
}

/// Subjects of tags.
pub(super) const TAGS: &[&str] = &[
    "mặt trận tổ quốc",
    "đại đoàn kết",
    "nông thôn mới",
    "đối ngoại nhân dân",
    "vùng biên",
    "hộ nghèo",
    "giám sát",
    "phản biện xã hội",
    "người có uy tín",
    "Tết Quý Mão",
];

/// The text without diacritics, in lower case, words joined by `-`: NukeViet's alias form.
pub(super) fn alias(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let mut out = String::new();
    for c in text.nfd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)) {
        match c {
            'đ' | 'Đ' => out.push('d'),
            c if c.is_ascii_alphanumeric() => out.push(c.to_ascii_lowercase()),
            _ if !out.ends_with('-') && !out.is_empty() => out.push('-'),
            _ => {}
        }
    }
    while out.ends_with('-') {
        out.pop();
    }
    out
}
