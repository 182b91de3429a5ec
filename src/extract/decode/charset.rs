//! From bytes to text (WHATWG Encoding): BOM, then the header, then `<meta>`, then detection.
//!
//! A declaration that the bytes plainly contradict (windows-1252 over valid UTF-8) is corrected;
//! what was declared and what was used are recorded.

use crate::domain::{CharsetFacts, Warning};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};
use memchr::memmem;
use std::borrow::Cow;

/// Bytes in which a `<meta>` declaration is looked for; the standard says 1024, real pages put
/// scripts before it.
const PRESCAN: usize = 4096;

/// Bytes fed to the detector at most.
const DETECT: usize = 256 * 1024;

/// The charset named in a `Content-Type` header's value, as written.
pub fn declared_charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("charset") {
            return None;
        }
        let value = value.trim().trim_matches(['"', '\'']).trim();
        (!value.is_empty()).then(|| value.to_owned())
    })
}

/// Decodes `bytes` by what the `Content-Type` header says and what the bytes themselves say.
///
/// Never fails: what cannot be decoded becomes U+FFFD, and the facts say so.
pub fn charset_decode<'a>(
    bytes: &'a [u8],
    content_type: Option<&str>,
) -> (Cow<'a, str>, CharsetFacts, Vec<Warning>) {
    let header = content_type.and_then(declared_charset);
    let meta = meta_charset(bytes);
    let mut warnings = Vec::new();
    let named = |label: &Option<String>| {
        label
            .as_deref()
            .and_then(|label| Encoding::for_label(label.as_bytes()))
    };
    for label in [&header, &meta] {
        if let Some(label) = label
            && Encoding::for_label(label.as_bytes()).is_none()
        {
            warnings.push(Warning::new(
                "charset_unknown",
                format!("unknown charset {label:?}"),
            ));
        }
    }
    let (encoding, because, skip) = if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        (encoding, "bom", length)
    } else if let Some(encoding) = named(&header) {
        (encoding, "header", 0)
    } else if let Some(encoding) = named(&meta) {
        // The standard: a page whose `<meta>` could be read is no UTF-16.
        let encoding = if encoding.is_ascii_compatible() {
            encoding
        } else {
            UTF_8
        };
        (encoding, "meta", 0)
    } else {
        (UTF_8, "default", 0)
    };
    let body = bytes.get(skip..).unwrap_or_default();
    let facts = |used: &'static Encoding, because: &str, replaced: bool| CharsetFacts {
        header: header.clone(),
        meta: meta.clone(),
        used: used.name().to_owned(),
        because: because.to_owned(),
        replaced,
    };
    // The fast path, and the correction of single-byte labels on UTF-8 content: valid UTF-8
    // with characters beyond ASCII is never windows-1252 by chance.
    let utf8 = simdutf8::basic::from_utf8(body).ok();
    if let Some(text) = utf8
        && because != "bom"
        && (encoding == UTF_8 || (encoding.is_ascii_compatible() && encoding.is_single_byte()))
    {
        let contradicted = encoding != UTF_8 && !text.is_ascii();
        if contradicted {
            warnings.push(Warning::new(
                "charset_wrong",
                format!("declared {}, but the bytes are UTF-8", encoding.name()),
            ));
            return (
                Cow::Borrowed(text),
                facts(UTF_8, "detected", false),
                warnings,
            );
        }
        let because = if encoding == UTF_8 {
            because
        } else {
            "default"
        };
        let used = if text.is_ascii() { encoding } else { UTF_8 };
        return (Cow::Borrowed(text), facts(used, because, false), warnings);
    }
    if let Some(text) = utf8.filter(|_| encoding == UTF_8) {
        return (Cow::Borrowed(text), facts(UTF_8, because, false), warnings);
    }
    if encoding == UTF_8 && because != "bom" {
        // Declared (or assumed) UTF-8 and not valid: a legacy page, or UTF-8 with some damage.
        let declared = because != "default";
        let guess = utf16_without_bom(body).unwrap_or_else(|| detect(body));
        let damaged = damaged_utf8(body);
        if guess != UTF_8 && !damaged {
            if declared {
                warnings.push(Warning::new(
                    "charset_wrong",
                    format!("declared UTF-8, but the bytes look like {}", guess.name()),
                ));
            }
            let (text, replaced) = guess.decode_without_bom_handling(body);
            return (text, facts(guess, "detected", replaced), warnings);
        }
    }
    let (text, replaced) = encoding.decode_without_bom_handling(body);
    if replaced {
        warnings.push(Warning::new(
            "charset_replaced",
            format!("bytes that are no {} became U+FFFD", encoding.name()),
        ));
    }
    let facts = facts(encoding, because, replaced);
    (text, facts, warnings)
}

/// Whether bytes that are no valid UTF-8 are UTF-8 all the same, with some damage: nearly all
/// of what is beyond ASCII forms valid sequences.
fn damaged_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.get(..DETECT).unwrap_or(bytes).utf8_chunks() {
        good += chunk.valid().bytes().filter(|b| *b >= 0xc2).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 0 && good >= bad.saturating_mul(4)
}

/// UTF-16 without a BOM: every second byte of markup is zero.
fn utf16_without_bom(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..64).unwrap_or(bytes);
    if head.len() < 8 {
        return None;
    }
    let zeros = |offset: usize| {
        head.iter()
            .skip(offset)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    let most = head.len() * 3 / 8;
    if odd >= most && even == 0 {
        Some(encoding_rs::UTF_16LE)
    } else if even >= most && odd == 0 {
        Some(encoding_rs::UTF_16BE)
    } else {
        None
    }
}

/// The detector's guess, told that the page is Vietnamese unless its bytes say otherwise.
fn detect(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes.get(..DETECT).unwrap_or(bytes), true);
    detector.guess(Some(b"vn"), Utf8Detection::Allow)
}

/// The charset of a `<meta charset>` or `<meta http-equiv=content-type>` near the beginning.
fn meta_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..PRESCAN).unwrap_or(bytes);
    if !head.is_ascii() && head.iter().filter(|b| **b == 0).count() > head.len() / 4 {
        return None;
    }
    let lower = head.to_ascii_lowercase();
    for start in memmem::find_iter(&lower, b"<meta") {
        let tag = lower.get(start..)?;
        let tag = tag.get(..memchr::memchr(b'>', tag).unwrap_or(tag.len()))?;
        let mut at = 0;
        while let Some(found) = memmem::find(tag.get(at..).unwrap_or_default(), b"charset") {
            at += found + b"charset".len();
            let rest = tag.get(at..).unwrap_or_default();
            let Some(rest) = rest.trim_ascii_start().strip_prefix(b"=") else {
                continue;
            };
            let rest = rest.trim_ascii_start();
            let rest = rest
                .strip_prefix(b"\"")
                .or(rest.strip_prefix(b"'"))
                .unwrap_or(rest);
            let end = rest
                .iter()
                .position(|b| !(b.is_ascii_alphanumeric() || b"-_:.+".contains(b)))
                .unwrap_or(rest.len());
            let label = String::from_utf8_lossy(rest.get(..end)?).into_owned();
            if !label.is_empty() {
                return Some(label);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(bytes: &[u8], content_type: Option<&str>) -> (String, CharsetFacts) {
        let (text, facts, _) = charset_decode(bytes, content_type);
        (text.into_owned(), facts)
    }

    #[test]
    fn the_order_is_bom_header_meta_detection() {
        let (text, facts) = used(
            b"\xef\xbb\xbfch\xc3\xa0o",
            Some("text/html; charset=iso-8859-1"),
        );
        assert_eq!((text.as_str(), facts.because.as_str()), ("chào", "bom"));
        let (text, facts) = used("chào".as_bytes(), Some("text/html; charset=\"UTF-8\""));
        assert_eq!((text.as_str(), facts.because.as_str()), ("chào", "header"));
        let (text, facts) = used("<meta charset=utf-8>chào".as_bytes(), Some("text/html"));
        assert_eq!(
            (text.as_str(), facts.because.as_str()),
            ("<meta charset=utf-8>chào", "meta")
        );
        let page =
            "<META http-equiv='Content-Type' content='text/html; charset = windows-1258'>a\u{300}";
        let (bytes, _, _) = encoding_rs::WINDOWS_1258.encode(page);
        let (text, facts) = used(&bytes, None);
        assert_eq!(text, page);
        assert_eq!(
            (facts.used.as_str(), facts.because.as_str()),
            ("windows-1258", "meta")
        );
    }

    #[test]
    fn a_plainly_wrong_label_is_corrected() {
        for label in ["windows-1252", "iso-8859-1", "windows-1258", "us-ascii"] {
            let kind = format!("text/html; charset={label}");
            let (text, facts, warnings) = charset_decode("Điện Biên".as_bytes(), Some(&kind));
            assert_eq!(text, "Điện Biên", "{label}");
            assert_eq!(
                (facts.used.as_str(), facts.because.as_str()),
                ("UTF-8", "detected")
            );
            assert_eq!(facts.header.as_deref(), Some(label));
            assert_eq!(warnings[0].code, "charset_wrong");
        }
        let legacy = encoding_rs::WINDOWS_1258
            .encode("<p>Hô\u{323}i nghi\u{323} tô\u{309}ng kê\u{301}t công ta\u{301}c nhiê\u{323}m ky\u{300} cu\u{309}a ti\u{309}nh</p>")
            .0
            .into_owned();
        let (text, facts, _) = charset_decode(&legacy, Some("text/html; charset=utf-8"));
        assert_eq!(facts.used, "windows-1258");
        assert!(text.contains("ti\u{309}nh"), "{text}");
    }

    #[test]
    fn utf16_and_damage() {
        let units = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<_>>()
        };
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend(units("<p>Điện Biên</p>"));
        assert_eq!(used(&bytes, None).0, "<p>Điện Biên</p>");
        let bare = units("<html><body><p>Điện Biên</p></body></html>");
        assert_eq!(
            used(&bare, None).0,
            "<html><body><p>Điện Biên</p></body></html>"
        );
        let mut cut = "Tỉnh Điện Biên họp mặt".as_bytes().to_vec();
        cut.truncate(cut.len() - 2);
        let (text, facts) = used(&cut, Some("text/html; charset=utf-8"));
        assert!(text.starts_with("Tỉnh Điện Biên họp m"), "{text}");
        assert!(facts.replaced && facts.used == "UTF-8");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, label in "[a-z0-9-]{0,12}") {
            let _ = charset_decode(&bytes, Some(&format!("text/html; charset={label}")));
        }
    }
}
