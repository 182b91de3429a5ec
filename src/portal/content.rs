//! Articles made from our own words, the same ones each time.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

/// The categories: path, title.
pub(super) const CATEGORIES: [(&str, &str); 5] = [
    ("tin-hoat-dong", "Tin hoạt động"),
    ("dai-doan-ket", "Đại đoàn kết"),
    ("doi-ngoai-nhan-dan", "Đối ngoại nhân dân"),
    ("giam-sat-phan-bien", "Giám sát, phản biện"),
    ("van-ban-huong-dan", "Văn bản hướng dẫn"),
];

const WHO: [&str; 8] = [
    "Ủy ban MTTQ Việt Nam tỉnh",
    "Ban Thường trực Mặt trận huyện",
    "Hội Nông dân xã",
    "Đoàn công tác của tỉnh",
    "Hội Liên hiệp Phụ nữ huyện",
    "Ban công tác Mặt trận bản",
    "Hội Cựu chiến binh tỉnh",
    "Liên đoàn Lao động huyện",
];
const DOES: [&str; 8] = [
    "tổ chức hội nghị",
    "phát động phong trào",
    "trao tặng nhà",
    "khảo sát thực tế",
    "ký kết chương trình",
    "thăm hỏi, động viên",
    "sơ kết sáu tháng",
    "khai mạc lớp tập huấn",
];
const WHAT: [&str; 8] = [
    "xây dựng nông thôn mới",
    "đoàn kết toàn dân",
    "giảm nghèo bền vững",
    "bảo vệ môi trường",
    "chuyển đổi số cộng đồng",
    "an toàn giao thông",
    "học tập suốt đời",
    "gìn giữ bản sắc văn hóa",
];
const WHERE: [&str; 8] = [
    "xã Nà Tông",
    "bản Pom Lót",
    "huyện Mường Hin",
    "xã Sín Chải",
    "thị trấn Bản Phủ",
    "xã Pa Khoang",
    "bản Huổi Lếch",
    "phường Him Nưa",
];
const NAMES: [&str; 8] = [
    "Lò Thị Hạnh",
    "Giàng A Páo",
    "Vừ A Sình",
    "Nguyễn Thu Hà",
    "Trần Quốc Bảo",
    "Lường Văn Thịnh",
    "Quàng Thị Mai",
    "Mùa A Chứ",
];

/// How a body is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Bare text split by `<br /><br />`.
    Breaks,
    /// Paragraphs.
    Paragraphs,
    /// Justified divisions.
    Divisions,
    /// Word's spans in paragraphs.
    Word,
}

/// One person of a byline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TruthPerson {
    /// Display name.
    pub name: String,
    /// Roles, as the record schema names them.
    pub roles: Vec<&'static str>,
}

/// The truth about one article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Sequence number.
    pub id: u64,
    /// Canonical path.
    pub url: String,
    /// Category (index).
    pub category: usize,
    /// A second category, where the same article answers 301.
    pub also: Option<usize>,
    /// Title.
    pub title: String,
    /// Publication time as local time of the portal.
    pub published: NaiveDateTime,
    /// Time of the last edit.
    pub edited: NaiveDateTime,
    /// Lead, dateline included.
    pub lead: String,
    /// The dateline in it.
    pub dateline: Option<&'static str>,
    /// Body paragraphs.
    pub paragraphs: Vec<String>,
    /// How they are set.
    pub form: Form,
    /// How the picture is captioned (0 to 6; 6 is no picture).
    pub picture: usize,
    /// Its caption.
    pub caption: Option<String>,
    /// The author line, empty when there is none.
    pub author: String,
    /// The byline at the end of the body, empty when there is none.
    pub signed: String,
    /// The people in both.
    pub people: Vec<TruthPerson>,
    /// The source line.
    pub source: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Whether a file can be downloaded.
    pub attachment: bool,
}

impl Truth {
    /// RFC 3339 in the portal's zone.
    pub fn published_rfc3339(&self) -> String {
        format!("{}+07:00", self.published.format("%Y-%m-%dT%H:%M:00"))
    }
}

/// A pick that depends on the article and the place only.
fn pick<'a>(list: &[&'a str], id: u64, place: u64) -> &'a str {
    let mix = (id.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ place.wrapping_mul(0xbf58_476d_1ce4_e5b9))
        .wrapping_mul(0x94d0_49bb_1331_11eb)
        >> 33;
    let at = usize::try_from(mix).unwrap_or(0) % list.len().max(1);
    list.get(at).copied().unwrap_or_default()
}

fn sentence(id: u64, place: u64) -> String {
    format!(
        "{} đã {} về {} tại {}, với sự tham gia của {} hộ gia đình.",
        pick(&WHO, id, place),
        pick(&DOES, id, place + 1),
        pick(&WHAT, id, place + 2),
        pick(&WHERE, id, place + 3),
        20 + (id * 7 + place * 13) % 480
    )
}

fn paragraph(id: u64, number: u64) -> String {
    let sentences: Vec<String> = (0..4).map(|n| sentence(id, number * 40 + n * 5)).collect();
    sentences.join(" ")
}

/// The start of the portal's history.
pub(super) fn epoch() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2019, 1, 7)
        .and_then(|day| day.and_hms_opt(8, 12, 0))
        .unwrap_or_default()
}

/// Article number `id`; the first `same_time` ones of category 0 share one time.
pub(super) fn article(id: u64, same_time: usize) -> Truth {
    let category = usize::try_from(id).unwrap_or(0) % CATEGORIES.len();
    let shared = category == 0 && id / 5 < same_time as u64 && same_time > 0;
    let minutes = if shared {
        90
    } else {
        i64::try_from(id).unwrap_or(0) * 613 + 200
    };
    let published = epoch() + TimeDelta::minutes(minutes);
    let place = pick(&WHERE, id, 900);
    let title = format!(
        "{} {} {} ở {place} (số {id})",
        pick(&WHO, id, 901),
        pick(&DOES, id, 902),
        pick(&WHAT, id, 903)
    );
    let dateline = match id % 4 {
        0 => Some("DIC"),
        1 => Some("ĐBP"),
        _ => None,
    };
    let plain = sentence(id, 904);
    let lead = match dateline {
        Some(outlet) => format!("{outlet} - {plain}"),
        None => plain,
    };
    let name = pick(&NAMES, id, 905);
    let other = pick(&NAMES, id + 1, 906);
    let person = |name: &str, roles: &[&'static str]| TruthPerson {
        name: name.to_owned(),
        roles: roles.to_vec(),
    };
    let (author, signed, people) = match id % 6 {
        0 => (
            format!("Tin, ảnh: {name}"),
            String::new(),
            vec![person(name, &["text", "photo"])],
        ),
        1 => (
            name.to_owned(),
            String::new(),
            vec![person(name, &["text"])],
        ),
        2 => (
            String::new(),
            format!("Bài và ảnh: {name}"),
            vec![person(name, &["text", "photo"])],
        ),
        3 => (
            format!("Biên tập: {name}"),
            format!("Ảnh: {name}"),
            vec![person(name, &["editor", "photo"])],
        ),
        4 if name != other => (
            format!("Bài: {name} - Ảnh: {other}"),
            String::new(),
            vec![person(name, &["text"]), person(other, &["photo"])],
        ),
        _ => (String::new(), String::new(), Vec::new()),
    };
    let slug = format!(
        "{}-so-{id}",
        pick(&["hoi-nghi", "phong-trao", "doan-ket", "khao-sat"], id, 908)
    );
    let picture = (id % 7) as usize;
    Truth {
        id,
        url: format!(
            "/{}/{slug}-{id}.html",
            CATEGORIES.get(category).map_or("", |c| c.0)
        ),
        category,
        also: (id % 11 == 3).then_some((category + 1) % CATEGORIES.len()),
        title,
        published,
        edited: published + TimeDelta::minutes(((id % 3) * 517) as i64),
        lead,
        dateline,
        paragraphs: (0..3 + id % 3).map(|n| paragraph(id, n)).collect(),
        form: match id / 5 % 4 {
            0 => Form::Breaks,
            1 => Form::Paragraphs,
            2 => Form::Divisions,
            _ => Form::Word,
        },
        caption: (picture < 6)
            .then(|| format!("Quang cảnh buổi làm việc tại {place}, bài số {id}.")),
        picture,
        author,
        signed,
        people,
        source: if id % 9 == 5 {
            "Báo Nhân Dân".to_owned()
        } else {
            String::new()
        },
        tags: if id.is_multiple_of(3) {
            vec![pick(&WHAT, id, 907).to_owned()]
        } else {
            Vec::new()
        },
        attachment: id % 29 == 7,
    }
}
