//! Bad input on purpose: `/faults/NAME`, and the same as `/tin-tuc/loi-N.html`.

use super::config::Theme;
use super::model::{Article, BodyForm, Credit, Kind, Piece};
use super::render::{Ctx, article, esc};
use super::reply::{Reply, Sabotage, Step};
use super::truth::BlockKind;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

/// What a crawl may make of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultExpect {
    /// The page is an article once it is read right (or asked for again): a record.
    Article,
    /// Never a record.
    NoArticle,
    /// A record or none, as time-outs and limits have it.
    Either,
}

/// Every fault, in the order of their numbers.
pub const NAMES: [&str; 24] = [
    "slow-header",
    "slow-body",
    "drip",
    "truncated",
    "huge",
    "bomb",
    "binary",
    "nested",
    "win1258",
    "utf16",
    "wrong-charset",
    "bad-date",
    "cookie-stub",
    "500",
    "503-retry-after",
    "503-retry-after-date",
    "redirect-loop",
    "reset",
    "garbage",
    "empty",
    "not-gzip",
    "cut-gzip",
    "no-title",
    "soft-404",
];

/// What to expect of a fault; `None` for an unknown name.
pub fn expect(name: &str) -> Option<FaultExpect> {
    Some(match name {
        "win1258" | "utf16" | "wrong-charset" | "503-retry-after" | "503-retry-after-date" => {
            FaultExpect::Article
        }
        "slow-header" | "slow-body" | "drip" | "nested" | "truncated" | "huge" | "bad-date"
        | "not-gzip" | "cut-gzip" => FaultExpect::Either,
        name if NAMES.contains(&name) => FaultExpect::NoArticle,
        _ => return None,
    })
}

/// What the answer depends on beside the name.
pub(super) struct FaultAsk<'a> {
    /// How often this fault was asked for before.
    pub(super) before: u32,
    /// How long slow answers take.
    pub(super) delay: Duration,
    /// The request's cookies.
    pub(super) cookie: &'a str,
    /// The number of the page.
    pub(super) id: u32,
}

/// The title of a fault's article.
pub(super) fn title(name: &str) -> String {
    format!("Bài thử lỗi {name}: bà con bản Huổi Sang sửa đường")
}

/// An article of no category list, for faults and for what robots.txt forbids.
pub(super) fn sample(id: u32, alias: &str, title: String, seed: u32) -> Article {
    let time = chrono::NaiveDate::from_ymd_opt(2021, 3, 4)
        .and_then(|d| d.and_hms_opt(8, seed % 60, 0))
        .unwrap_or_default();
    let mut rng = super::rng::Rng::new(u64::from(seed) + 4242);
    Article {
        id,
        alias: alias.to_owned(),
        categories: vec![0],
        kind: Kind::Normal,
        title,
        lead: super::words::sentence(&mut rng),
        dateline: None,
        published: time,
        edited: time,
        form: BodyForm::Paragraphs,
        pieces: (0..3)
            .map(|_| Piece::Text(BlockKind::Paragraph, super::words::paragraph(&mut rng)))
            .collect(),
        lead_image: None,
        credit: Credit::default(),
        tags: Vec::new(),
        files: Vec::new(),
        topic: None,
    }
}

/// The answer of a fault.
pub(super) fn answer(ctx: &Ctx<'_>, name: &str, ask: &FaultAsk<'_>) -> Option<Reply> {
    let number = NAMES.iter().position(|n| *n == name)?;
    let page = sample(ask.id, "loi", title(name), number as u32);
    let html = article::html(ctx, &page);
    let plain = |html: &str| Reply::html(200, html.to_owned());
    let halves = |html: &str| {
        let bytes = Bytes::from(html.to_owned());
        let middle = bytes.len() / 2;
        (bytes.slice(..middle), bytes.slice(middle..))
    };
    Some(match name {
        "slow-header" => Reply {
            delay: ask.delay,
            ..plain(&html)
        },
        "slow-body" => {
            let (a, b) = halves(&html);
            plain("").with_steps(vec![Step::Data(a), Step::Wait(ask.delay), Step::Data(b)])
        }
        "drip" => {
            let (a, b) = halves(&html);
            let mut steps = vec![Step::Data(a)];
            for chunk in b.chunks((b.len() / 100).max(1)) {
                steps.push(Step::Wait(ask.delay / 10));
                steps.push(Step::Data(Bytes::copy_from_slice(chunk)));
            }
            plain("").with_steps(steps)
        }
        "truncated" => {
            let (a, _) = halves(&html);
            let steps = vec![
                Step::Data(a),
                Step::Wait(Duration::from_millis(30)),
                Step::Fail,
            ];
            Reply {
                announced: Some(html.len() as u64),
                ..plain("").with_steps(steps)
            }
        }
        "huge" => {
            let block = Bytes::from("<p>Trang quá dài, không bao giờ hết.</p>\n".repeat(1500));
            let times = (64 << 20) / block.len() + 1;
            plain("").with_steps(vec![
                Step::Data(Bytes::from(html)),
                Step::Repeat(block, times),
            ])
        }
        "bomb" => plain("")
            .with_steps(vec![Step::Data(bomb())])
            .with("content-encoding", "gzip"),
        "binary" => Reply::html(200, binary()),
        "nested" => plain(&html.replacen(
            "<div id=\"news-bodyhtml\" class=\"bodytext margin-bottom-lg\">",
            &format!(
                "<div id=\"news-bodyhtml\" class=\"bodytext margin-bottom-lg\">{}Đáy sâu.",
                "<div>".repeat(100_000)
            ),
            1,
        )),
        "win1258" => {
            let html = html.replace("charset=utf-8", "charset=windows-1258");
            Reply::new(200, "text/html; charset=windows-1258", windows_1258(&html))
        }
        "utf16" => {
            let bytes: Vec<u8> = std::iter::once(0xfeff)
                .chain(html.encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect();
            Reply::new(200, "text/html", bytes)
        }
        "wrong-charset" => Reply::new(
            200,
            "text/html; charset=ISO-8859-1",
            html.replace("charset=utf-8", "charset=ISO-8859-1"),
        ),
        "bad-date" => {
            let good = super::render::long_date(page.published);
            plain(&html.replace(&good, "Thứ hai - 32/13/2022 25:61"))
        }
        "cookie-stub" if ask.cookie.contains("D1N=") => plain(&html),
        "cookie-stub" => plain(
            "<html><body><script>document.cookie=\"D1N=4f1c2a\"+\"; expires=Fri, 31-Dec-2037 23:55:55 GMT; \
             path=/\";window.location.reload(true);</script></body></html>",
        ),
        "500" => Reply::html(500, "<h1>500 Internal Server Error</h1>"),
        "503-retry-after" | "503-retry-after-date" if ask.before == 0 => {
            let value = if name.ends_with("date") {
                httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2))
            } else {
                "1".to_owned()
            };
            Reply::html(503, "<h1>503 Service Unavailable</h1>").with("retry-after", &value)
        }
        "503-retry-after" | "503-retry-after-date" => plain(&html),
        "redirect-loop" => {
            let other = format!("/faults/redirect-loop?lan={}", (ask.before + 1) % 2);
            Reply::redirect(302, &other)
        }
        "reset" => Reply {
            sabotage: Sabotage::Reset,
            ..plain("")
        },
        "garbage" => Reply {
            sabotage: Sabotage::Garbage,
            ..plain("")
        },
        "empty" => plain(""),
        "not-gzip" => plain("")
            .with_steps(vec![Step::Data(Bytes::from(html))])
            .with("content-encoding", "gzip"),
        "cut-gzip" => {
            let packed = gzip(html.as_bytes());
            let kept = packed.slice(..packed.len() * 2 / 3);
            plain("")
                .with_steps(vec![Step::Data(kept)])
                .with("content-encoding", "gzip")
        }
        "no-title" => {
            let heading = format!(" itemprop=\"headline\">{}</h1>", esc(&page.title));
            let html = html
                .replace(&heading, "></h1>")
                .replace(&esc(&page.title), "");
            plain(&html)
        }
        "soft-404" => plain(&super::render::views::not_found(ctx)),
        _ => return None,
    })
}

/// The theme in which faults are shown: always the default, which the test pages cut up.
pub(super) const THEME: Theme = Theme::Default45;

/// gzip, as the portal compresses pages.
pub(super) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::new(5));
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    Bytes::from(encoder.finish().unwrap_or_default())
}

/// 64 MiB of blanks after a page's beginning, in about 64 KiB.
fn bomb() -> Bytes {
    static BOMB: OnceLock<Bytes> = OnceLock::new();
    BOMB.get_or_init(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
        let blanks = vec![b' '; 1 << 20];
        let _ = encoder.write_all(b"<!DOCTYPE html><html><head><title>Bom</title></head><body>");
        for _ in 0..64 {
            let _ = encoder.write_all(&blanks);
        }
        Bytes::from(encoder.finish().unwrap_or_default())
    })
    .clone()
}

/// What looks like a PDF: binary with control bytes.
fn binary() -> Vec<u8> {
    let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut rng = super::rng::Rng::new(77);
    out.extend((0..4000).map(|_| (rng.next() & 0xff) as u8));
    out.extend_from_slice(b"\n%%EOF\n");
    out
}

/// Vietnamese in windows-1258: base letters with their shape, tone marks apart.
fn windows_1258(text: &str) -> Vec<u8> {
    use unicode_normalization::UnicodeNormalization;
    let mut spread = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            spread.push(c);
            continue;
        }
        let (mut letter, mut tone) = (String::new(), None);
        for part in std::iter::once(c).nfd() {
            match part {
                '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}' => tone = Some(part),
                part => letter.push(part),
            }
        }
        spread.extend(letter.nfc());
        spread.extend(tone);
    }
    encoding_rs::WINDOWS_1258.encode(&spread).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_1258_comes_back() {
        use unicode_normalization::UnicodeNormalization;
        let text = "Đổi mới công tác đối ngoại, Ủy ban Mặt trận tỉnh Mường Sơn; ở bản Huổi Sang";
        let bytes = windows_1258(text);
        assert!(
            !bytes.windows(2).any(|w| w == b"&#"),
            "a letter had no code"
        );
        let back = encoding_rs::WINDOWS_1258.decode(&bytes).0;
        assert_eq!(
            back.nfc().collect::<String>(),
            text.nfc().collect::<String>()
        );
    }

    #[test]
    fn every_fault_has_an_expectation() {
        assert!(NAMES.iter().all(|name| expect(name).is_some()));
        assert_eq!(expect("unknown"), None);
    }

    #[test]
    fn the_bomb_is_small_and_swells() {
        use std::io::Read;
        let packed = bomb();
        assert!(packed.len() < 200_000, "{}", packed.len());
        let mut size = 0;
        let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
        let mut buffer = vec![0; 1 << 20];
        while let Ok(n @ 1..) = decoder.read(&mut buffer) {
            size += n;
        }
        assert!(size > 64 << 20, "{size}");
    }
}
