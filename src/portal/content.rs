//! Fills the database from the seed: categories, articles, traps. Pure: the same configuration
//! gives the same site.

use super::config::PortalConfig;
use super::credits;
use super::model::{Article, BodyForm, CaptionForm, Category, Kind, LeadImage, Piece, Site, Topic};
use super::rng::Rng;
use super::truth::BlockKind;
use super::words;
use chrono::{Duration, NaiveDate, NaiveDateTime};
use std::collections::HashSet;

const CATEGORIES: [Category; 6] = [
    category("tin-tuc", "Tin tức - Sự kiện", None),
    category("tin-co-so", "Tin cơ sở", Some(0)),
    category("doi-ngoai", "Đối ngoại", None),
    category("dai-doan-ket", "Đại đoàn kết", None),
    category("giam-sat-phan-bien", "Giám sát - Phản biện", None),
    category("van-ban-huong-dan", "Văn bản hướng dẫn", None),
];

const fn category(alias: &'static str, title: &'static str, parent: Option<usize>) -> Category {
    Category {
        alias,
        title,
        parent,
    }
}

const TOPICS: [Topic; 2] = [
    Topic {
        alias: "dai-hoi-mat-tran",
        title: "Đại hội Mặt trận các cấp",
    },
    Topic {
        alias: "nha-dai-doan-ket",
        title: "Nhà Đại đoàn kết cho hộ nghèo",
    },
];

/// A plan for one number: when, and what sort.
struct Slot {
    time: NaiveDateTime,
    kind: Kind,
    same_time: bool,
    first_spec: bool,
}

fn date(y: i32, m: u32, d: u32, h: u32, min: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(y, m, d)
        .and_then(|day| day.and_hms_opt(h, min, 0))
        .unwrap_or_default()
}

/// The site of a configuration.
pub(super) fn generate(config: &PortalConfig) -> Site {
    let mut rng = Rng::new(config.seed);
    let mut site = Site::new(CATEGORIES.to_vec(), TOPICS.to_vec(), 101);
    let mut titles = HashSet::new();
    for (n, slot) in slots(config, &mut rng).into_iter().enumerate() {
        // A gap in the numbers: an article that was deleted.
        if config.traps && n % 31 == 17 {
            site.next_id += 1;
        }
        let mut article = article(n, site.next_id, &slot, config, &mut rng);
        let mut part = 2;
        while !titles.insert(article.title.clone()) {
            let base = words::headline(&mut rng);
            article.title = format!("{base} (kỳ {part})");
            article.alias = words::alias(&article.title);
            part += 1;
        }
        site.next_id += 1;
        site.articles.insert(article.id, article);
    }
    site.pinned = site
        .articles
        .values()
        .find(|a| a.kind == Kind::Normal)
        .map(|a| a.id);
    site.reindex();
    site
}

/// Publication times in order, each minute used once except by the group that shares one.
fn slots(config: &PortalConfig, rng: &mut Rng) -> Vec<Slot> {
    let extra = if config.traps {
        config.articles / 60 + 1
    } else {
        0
    };
    let total = config.articles + 2 * extra;
    let (start, end) = (date(2019, 1, 7, 7, 30), date(2025, 6, 20, 17, 0));
    let span = (end - start).num_minutes().max(1) as usize;
    let step = (span / total.max(1)).max(3);
    let shared = config.same_time.min(config.articles / 3);
    let group_at = total / 2;
    let mut slots: Vec<Slot> = (0..total)
        .map(|n| Slot {
            time: start + Duration::minutes((n * step + rng.below(step - 1)) as i64),
            kind: Kind::Normal,
            same_time: false,
            first_spec: false,
        })
        .collect();
    let group_time = slots.get(group_at).map(|s| s.time).unwrap_or(start);
    for slot in slots.iter_mut().skip(group_at).take(shared) {
        slot.time = group_time;
        slot.same_time = true;
    }
    // The article of the first specification, in the place nearest to its time.
    let spec = date(2022, 9, 5, 22, 28);
    let near = slots
        .iter()
        .enumerate()
        .filter(|(_, s)| !s.same_time)
        .min_by_key(|(_, s)| (s.time - spec).num_minutes().abs())
        .map(|(n, _)| n);
    if let Some(slot) = near.and_then(|n| slots.get_mut(n)) {
        slot.time = spec;
        slot.first_spec = true;
    }
    // Expired and external articles, spread evenly over the free places.
    let free: Vec<usize> = slots
        .iter()
        .enumerate()
        .filter(|(_, s)| !s.same_time && !s.first_spec)
        .map(|(n, _)| n)
        .collect();
    for k in 0..2 * extra {
        let place = free
            .get((k * 2 + 1) * free.len() / (4 * extra).max(1))
            .copied();
        if let Some(slot) = place.and_then(|n| slots.get_mut(n)) {
            slot.kind = if k % 2 == 0 {
                Kind::Expired
            } else {
                Kind::External
            };
        }
    }
    slots.sort_by_key(|s| s.time);
    slots
}

fn categories(n: usize, slot: &Slot, config: &PortalConfig, rng: &mut Rng) -> Vec<usize> {
    if slot.first_spec {
        return vec![2];
    }
    if slot.same_time {
        return vec![0];
    }
    let first = match rng.below(20) {
        0..=7 => 0,
        8..=10 => 1,
        11..=13 => 2,
        14..=16 => 3,
        17..=18 => 4,
        _ => 5,
    };
    if config.traps && n % 11 == 3 {
        vec![first, (first + 2) % CATEGORIES.len()]
    } else {
        vec![first]
    }
}

fn article(n: usize, id: u32, slot: &Slot, config: &PortalConfig, rng: &mut Rng) -> Article {
    let title = if slot.first_spec {
        FIRST_TITLE.to_owned()
    } else {
        words::headline(rng)
    };
    let form = match n % 5 {
        0 => BodyForm::BrText,
        1 => BodyForm::Paragraphs,
        2 => BodyForm::JustifyDivs,
        3 => BodyForm::Word,
        _ => BodyForm::CkEditor5,
    };
    let year = slot.time.format("%Y_%m");
    let upload = |k: usize| format!("/uploads/news/{year}/anh-{id}-{k}.png");
    let edited = slot.time
        + Duration::minutes(if n.is_multiple_of(3) {
            0
        } else {
            17 + (n % 4000) as i64
        });
    if slot.first_spec {
        return Article {
            id,
            alias: words::alias(&title),
            categories: categories(n, slot, config, rng),
            kind: Kind::Normal,
            title,
            lead: format!("DIC - {FIRST_LEAD}"),
            dateline: Some("DIC".to_owned()),
            published: slot.time,
            edited: slot.time + Duration::minutes(613),
            form: BodyForm::BrText,
            pieces: FIRST_BODY
                .iter()
                .map(|p| Piece::Text(BlockKind::Paragraph, (*p).to_owned()))
                .collect(),
            lead_image: Some(LeadImage {
                path: upload(0),
                caption: Some(FIRST_CAPTION.to_owned()),
                full: true,
            }),
            credit: credits::minh_thuy(),
            tags: vec!["đối ngoại nhân dân".to_owned()],
            files: Vec::new(),
            topic: None,
        };
    }
    let (prefix, dateline) = match n % 8 {
        0..=3 => ("DIC - ", Some("DIC")),
        4 => ("(TTXVN) - ", Some("TTXVN")),
        5 => ("BTO- ", Some("BTO")),
        _ => ("", None),
    };
    let lead = format!("{prefix}{}", words::sentence(rng));
    let lead_image = match n % 4 {
        0 => Some(true),
        1 => Some(false),
        _ => None,
    }
    .map(|full| LeadImage {
        path: upload(0),
        caption: (n % 12 > 1).then(|| words::caption(rng)),
        full,
    });
    Article {
        id,
        alias: words::alias(&title),
        categories: categories(n, slot, config, rng),
        kind: slot.kind.clone(),
        title,
        lead,
        dateline: dateline.map(str::to_owned),
        published: slot.time,
        edited,
        form,
        pieces: pieces(n, form, &upload, rng),
        lead_image,
        credit: credits::credit(n, rng),
        tags: (0..n % 4)
            .filter_map(|k| words::TAGS.get((n + k * 3) % words::TAGS.len()))
            .map(|t| (*t).to_owned())
            .collect(),
        files: if n % 13 == 5 {
            vec![format!("ke-hoach-so-{n}.pdf"), format!("phu-luc-{n}.pdf")]
        } else {
            Vec::new()
        },
        topic: (n % 10 == 4).then_some(n / 10 % TOPICS.len()),
    }
}

fn pieces(n: usize, form: BodyForm, upload: &dyn Fn(usize) -> String, rng: &mut Rng) -> Vec<Piece> {
    let mut out = Vec::new();
    let paragraphs = rng.within(3, 8);
    for k in 0..paragraphs {
        if k == 1 && n % 6 != 5 {
            let caption = match n % 6 {
                _ if form == BodyForm::CkEditor5 => CaptionForm::Figure,
                0 => CaptionForm::TableImage,
                1 => CaptionForm::Figure,
                2 => CaptionForm::CentredItalic,
                3 => CaptionForm::BareTable,
                _ => CaptionForm::Classed,
            };
            out.push(Piece::Image {
                path: upload(1),
                caption: Some(words::caption(rng)),
                form: caption,
            });
        }
        if k == 2 {
            extras(n, &mut out, rng);
        }
        out.push(Piece::Text(BlockKind::Paragraph, words::paragraph(rng)));
    }
    out
}

/// Headings, lists, tables and quotations, in some articles each.
fn extras(n: usize, out: &mut Vec<Piece>, rng: &mut Rng) {
    if n % 8 == 3 {
        let text = format!("Kết quả ở xã {}", words::place(rng));
        out.push(Piece::Text(BlockKind::Heading, text));
    }
    if n % 9 == 4 {
        let items: Vec<String> = (0..3).map(|_| words::headline(rng)).collect();
        out.push(Piece::Text(BlockKind::List, items.join("\n")));
    }
    if n % 13 == 6 {
        let mut rows = vec!["Xã\tSố hộ\tSố nhà".to_owned()];
        for _ in 0..3 {
            let (place, homes) = (words::place(rng), rng.within(50, 900));
            rows.push(format!("{place}\t{homes}\t{}", homes / 9));
        }
        out.push(Piece::Text(BlockKind::Table, rows.join("\n")));
    }
    if n % 17 == 7 {
        out.push(Piece::Text(BlockKind::Quote, words::sentence(rng)));
    }
}

const FIRST_TITLE: &str = "Đổi mới công tác đối ngoại của Đảng và đối ngoại nhân dân";
const FIRST_LEAD: &str = "Bước vào giai đoạn 2022 - 2023, Mặt trận Tổ quốc tỉnh Mường Sơn coi công \
    tác đối ngoại là nhiệm vụ thường xuyên, gắn việc giữ gìn tình hữu nghị với các tỉnh bạn bên \
    kia biên giới với phát triển kinh tế - xã hội của địa phương.";
const FIRST_CAPTION: &str = "Lãnh đạo Mặt trận tỉnh tặng hoa chào mừng đoàn đại biểu tỉnh bạn \
    sang thăm và trao đổi kinh nghiệm.";
const FIRST_BODY: [&str; 3] = [
    "Nhiều năm nay, Mặt trận các cấp trong tỉnh phổ biến kịp thời chủ trương đối ngoại của Đảng, \
     chính sách của Nhà nước tới cán bộ và nhân dân. Các quy chế về quản lý thống nhất hoạt động \
     đối ngoại, trong đó có Quyết định số 12-QĐ/TU ngày 16/8/2016, được thực hiện nghiêm túc; \
     việc góp ý văn bản, xây dựng kế hoạch hằng năm đi vào nền nếp.",
    "Từ thế mạnh của một tỉnh có đường biên dài, các đoàn thể tăng cường trao đổi đoàn, thăm hỏi \
     dịp lễ, tết, tổ chức giao lưu văn hóa - thể thao và kết nghĩa bản - bản hai bên biên giới. \
     Những phiên chợ chung, những buổi khám bệnh miễn phí giúp bà con thêm gần gũi, cùng nhau giữ \
     gìn cột mốc, đường biên.",
    "Thời gian tới, Mặt trận tỉnh chú trọng thông tin tới kiều bào, mời gọi bà con hướng về quê \
     hương; đồng thời bồi dưỡng nghiệp vụ cho cán bộ làm công tác đối ngoại, để đội ngũ này ngày \
     càng chuyên nghiệp, đáp ứng yêu cầu nhiệm vụ mới.",
];
