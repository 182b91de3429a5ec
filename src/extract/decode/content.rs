//! Content codings (RFC 9110, section 8.4): gzip, deflate, br, zstd, stacked in any order.
//!
//! Streams with a limit, so that a compression bomb costs no more than the limit.

use crate::domain::Warning;
use std::borrow::Cow;
use std::io::{self, Read};

/// A payload without its content codings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The content; at most `limit` bytes.
    pub bytes: Cow<'a, [u8]>,
    /// The content is larger than the limit: `bytes` is its beginning.
    pub too_large: bool,
    /// A coded stream ended early or was damaged: `bytes` is what could be decoded.
    pub truncated: bool,
    /// What went wrong, in words.
    pub warnings: Vec<Warning>,
}

/// Codings applied one over another, at most: more than this is an attack.
const MAX_CODINGS: usize = 5;

/// Undoes the codings named in the `Content-Encoding` header, the last one first.
///
/// A label that the bytes contradict (declared gzip, sent plain) is ignored with a warning; a
/// truncated or damaged stream gives what was decoded, with a warning.
pub fn content_decode<'a>(
    payload: &'a [u8],
    content_encoding: Option<&str>,
    limit: usize,
) -> Decoded<'a> {
    let mut out = Decoded {
        bytes: Cow::Borrowed(payload),
        ..Decoded::default()
    };
    let codings: Vec<&str> = content_encoding
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
        .collect();
    if codings.len() > MAX_CODINGS {
        out.warn(
            "content_encoding",
            format!("{} content codings over one another", codings.len()),
        );
    }
    for coding in codings.iter().rev().take(MAX_CODINGS) {
        out = undo(out, coding, limit);
    }
    if codings.is_empty() && payload.starts_with(&[0x1f, 0x8b, 8]) {
        // A `.xml.gz` sitemap, or a server that forgot the header.
        out = undo(out, "gzip", limit);
    }
    if out.bytes.len() > limit {
        out.too_large = true;
        out.bytes = match out.bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(..limit).unwrap_or(bytes)),
            Cow::Owned(mut bytes) => {
                bytes.truncate(limit);
                Cow::Owned(bytes)
            }
        };
    }
    if out.too_large {
        out.warn("too_large", format!("content is larger than {limit} bytes"));
    }
    out
}

impl Decoded<'_> {
    fn warn(&mut self, code: &str, message: String) {
        self.warnings.push(Warning::new(code, message));
    }
}

/// Undoes one coding.
fn undo<'a>(mut from: Decoded<'a>, coding: &str, limit: usize) -> Decoded<'a> {
    let bytes: &[u8] = &from.bytes;
    if bytes.is_empty() {
        return from;
    }
    let coding = coding.to_ascii_lowercase();
    let read = match coding.as_str() {
        "gzip" | "x-gzip" => {
            if !bytes.starts_with(&[0x1f, 0x8b]) {
                return mislabelled(from, &coding);
            }
            take(
                flate2::bufread::MultiGzDecoder::new(bytes),
                bytes.len(),
                limit,
            )
        }
        "deflate" => {
            // RFC 9110 means zlib; many servers send raw deflate.
            let zlib = bytes.first().is_some_and(|b| b & 0x0f == 8)
                && matches!(bytes, [a, b, ..] if (u16::from(*a) * 256 + u16::from(*b)) % 31 == 0);
            if zlib {
                take(flate2::bufread::ZlibDecoder::new(bytes), bytes.len(), limit)
            } else if bytes.first() == Some(&b'<') {
                return mislabelled(from, &coding);
            } else {
                take(
                    flate2::bufread::DeflateDecoder::new(bytes),
                    bytes.len(),
                    limit,
                )
            }
        }
        "br" => {
            let read = take(
                brotli::Decompressor::new(bytes, 16 * 1024),
                bytes.len(),
                limit,
            );
            if read.bytes.is_empty() && looks_like_text(bytes) {
                return mislabelled(from, &coding);
            }
            read
        }
        "zstd" => {
            if !bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
                return mislabelled(from, &coding);
            }
            match zstd::stream::read::Decoder::new(bytes) {
                Ok(mut decoder) => {
                    // A window of 8 MiB is what RFC 8878 asks of a decoder.
                    let _ = decoder.window_log_max(23);
                    take(decoder, bytes.len(), limit)
                }
                Err(why) => Taken {
                    bytes: Vec::new(),
                    too_large: false,
                    error: Some(why),
                },
            }
        }
        other => {
            from.warn(
                "content_encoding",
                format!("unknown content coding {other:?}: read as it is"),
            );
            return from;
        }
    };
    let mut warnings = std::mem::take(&mut from.warnings);
    if let Some(why) = &read.error {
        warnings.push(Warning::new(
            "content_truncated",
            format!(
                "{coding} stream broke off after {} decoded bytes: {why}",
                read.bytes.len()
            ),
        ));
    }
    Decoded {
        truncated: from.truncated || read.error.is_some(),
        too_large: from.too_large || read.too_large,
        bytes: Cow::Owned(read.bytes),
        warnings,
    }
}

/// The bytes as they are, because their label is wrong.
fn mislabelled<'a>(mut from: Decoded<'a>, coding: &str) -> Decoded<'a> {
    from.warn(
        "content_encoding",
        format!("declared {coding}, but the bytes are not: read as they are"),
    );
    from
}

/// Whether the bytes begin like a document that was never compressed.
fn looks_like_text(bytes: &[u8]) -> bool {
    let head = bytes.get(..64).unwrap_or(bytes);
    head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<')
}

/// What was read from a decoder.
struct Taken {
    bytes: Vec<u8>,
    too_large: bool,
    error: Option<io::Error>,
}

/// Reads at most `limit` bytes and tells whether there were more.
fn take(reader: impl Read, coded: usize, limit: usize) -> Taken {
    let mut bytes = Vec::with_capacity(coded.saturating_mul(5).min(limit).min(1 << 20));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let error = reader.take(most).read_to_end(&mut bytes).err();
    let too_large = bytes.len() > limit;
    bytes.truncate(limit);
    Taken {
        bytes,
        too_large,
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn br(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        brotli::CompressorWriter::new(&mut out, 4096, 3, 20)
            .write_all(bytes)
            .unwrap();
        out
    }

    #[test]
    fn every_coding_and_stacks_of_them() {
        let text = "Tin tức tỉnh nhà. ".repeat(500).into_bytes();
        for (label, coded) in [
            ("gzip", gzip(&text)),
            ("x-gzip", gzip(&text)),
            ("deflate", deflate(&text)),
            ("deflate", zlib(&text)),
            ("br", br(&text)),
            ("zstd", zstd::encode_all(&text[..], 1).unwrap()),
            ("br, GZIP", gzip(&br(&text))),
            ("identity", text.clone()),
        ] {
            let got = content_decode(&coded, Some(label), 1 << 20);
            assert_eq!(got.bytes, text, "{label}");
            assert!(
                got.warnings.is_empty() && !got.too_large && !got.truncated,
                "{label}"
            );
        }
        assert_eq!(
            content_decode(&gzip(&text), None, 1 << 20).bytes,
            text,
            "unlabelled gzip"
        );
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 64 << 20]);
        let got = content_decode(&bomb, Some("gzip"), 1 << 20);
        assert_eq!(got.bytes.len(), 1 << 20);
        assert!(got.too_large);
        let nested = gzip(&bomb);
        let got = content_decode(&nested, Some("gzip, gzip"), 1 << 20);
        assert_eq!(got.bytes.len(), 1 << 20);
        assert!(got.too_large);
    }

    #[test]
    fn what_is_cut_gives_what_there_is() {
        let text: Vec<u8> = (0..200_000_u32)
            .flat_map(|n| n.to_string().into_bytes())
            .collect();
        let coded = gzip(&text);
        let got = content_decode(&coded[..coded.len() / 2], Some("gzip"), 16 << 20);
        assert!(got.truncated && !got.bytes.is_empty());
        assert!(text.starts_with(&got.bytes));
        assert_eq!(got.warnings[0].code, "content_truncated");
    }

    #[test]
    fn a_wrong_label_is_ignored() {
        for label in ["gzip", "deflate", "br", "zstd", "rot13"] {
            let got = content_decode(
                b"<html><body>Xin ch\xc3\xa0o</body></html>",
                Some(label),
                999,
            );
            assert_eq!(
                got.bytes,
                &b"<html><body>Xin ch\xc3\xa0o</body></html>"[..],
                "{label}"
            );
            assert_eq!(got.warnings[0].code, "content_encoding", "{label}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, label in "(gzip|deflate|br|zstd|x){1,2}") {
            let got = content_decode(&bytes, Some(&label), 4096);
            proptest::prop_assert!(got.bytes.len() <= 4096);
        }
    }
}
