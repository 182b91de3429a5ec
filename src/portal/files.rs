//! Images and attachments: small, valid, different for each path.

use super::reply::Reply;
use super::rng::Rng;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;
use std::time::{Duration, SystemTime};

/// A PNG of 16 x 12 pixels whose colours follow from the path.
pub(super) fn png(path: &str) -> Vec<u8> {
    let (width, height) = (16u32, 12u32);
    let mut rng = Rng::new(seed(path));
    let mut rows = Vec::new();
    for _ in 0..height {
        rows.push(0);
        rows.extend((0..width * 3).map(|_| (rng.next() & 0xff) as u8));
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let _ = packed.write_all(&rows);
    let mut header = Vec::new();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, b"IHDR", &header);
    chunk(&mut out, b"IDAT", &packed.finish().unwrap_or_default());
    chunk(&mut out, b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    out.extend_from_slice(&(data.len() as u32).to_be_bytes());
    out.extend_from_slice(kind);
    out.extend_from_slice(data);
    let mut crc = crc32fast::Hasher::new();
    crc.update(kind);
    crc.update(data);
    out.extend_from_slice(&crc.finalize().to_be_bytes());
}

fn seed(path: &str) -> u64 {
    path.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A static file with an ETag; 304 when the client has it.
pub(super) fn stored(content_type: &str, body: impl Into<Bytes>, path: &str, known: &str) -> Reply {
    let body = body.into();
    let tag = format!("\"{:x}-{:x}\"", body.len(), seed(path));
    let reply = if known.split(',').any(|k| k.trim() == tag) {
        Reply::new(304, content_type, Bytes::new())
    } else {
        Reply::new(200, content_type, body)
    };
    reply.with("etag", &tag)
}

/// An attachment; its time is local time labelled GMT, so it lies in the future.
pub(super) fn attachment(title: &str) -> Reply {
    let ahead = SystemTime::now() + Duration::from_secs(7 * 3600);
    let text = format!(
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n\
         % {title}\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    );
    Reply::new(200, "application/pdf", text)
        .with("last-modified", &httpdate::fmt_http_date(ahead))
        .with(
            "content-disposition",
            &format!("attachment; filename=\"{title}\""),
        )
        .with("x-robots-tag", "noindex")
}
