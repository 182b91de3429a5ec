//! Every value in the store is sealed: one version byte, one byte that says how the payload is
//! packed, a CRC-32 over key, packing and payload, then the payload. The key is part of the
//! checksum, so that a value that an engine hands out under the wrong key is found out too.

use std::borrow::Cow;
use std::cell::RefCell;

const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
const HEAD: usize = 6;
/// Shorter payloads are not worth packing.
const PACK_FROM: usize = 256;
/// No value is larger: bodies are bounded by the page limit.
const MAX: usize = 256 << 20;

thread_local! {
    static PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> =
        RefCell::new(zstd::bulk::Compressor::new(1).ok());
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> =
        RefCell::new(zstd::bulk::Decompressor::new().ok());
}

/// Seals `payload` for `key`.
pub fn seal(key: &[u8], payload: &[u8]) -> Vec<u8> {
    let packed = (payload.len() >= PACK_FROM)
        .then(|| PACKER.with_borrow_mut(|packer| packer.as_mut()?.compress(payload).ok()))
        .flatten()
        .filter(|packed| packed.len() < payload.len());
    let (how, body) = match &packed {
        Some(packed) => (ZSTD, packed.as_slice()),
        None => (PLAIN, payload),
    };
    let mut out = Vec::with_capacity(HEAD + body.len());
    out.push(VERSION);
    out.push(how);
    out.extend_from_slice(&checksum(key, how, body).to_le_bytes());
    out.extend_from_slice(body);
    out
}

/// Opens what `seal` made; the error says what does not fit.
pub fn open<'a>(key: &[u8], sealed: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
    let [version, how, a, b, c, d, body @ ..] = sealed else {
        return Err(format!("value of {} bytes is too short", sealed.len()));
    };
    if *version != VERSION {
        return Err(format!(
            "value has version {version}, this program reads {VERSION}"
        ));
    }
    if u32::from_le_bytes([*a, *b, *c, *d]) != checksum(key, *how, body) {
        return Err("checksum does not match".to_owned());
    }
    match *how {
        PLAIN => Ok(Cow::Borrowed(body)),
        ZSTD => {
            let out = unpack(body).map_err(|why| format!("packed value cannot be read: {why}"))?;
            Ok(Cow::Owned(out))
        }
        other => Err(format!("packing {other} is not known")),
    }
}

fn unpack(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let length = zstd::zstd_safe::get_frame_content_size(body).ok().flatten();
    match length.and_then(|length| usize::try_from(length).ok()) {
        Some(length) if length <= MAX => UNPACKER.with_borrow_mut(|unpacker| match unpacker {
            Some(unpacker) => unpacker.decompress(body, length),
            None => Err(std::io::ErrorKind::OutOfMemory.into()),
        }),
        Some(length) => Err(std::io::Error::other(format!("it has {length} bytes"))),
        None => Err(std::io::Error::other("it does not say its length")),
    }
}

fn checksum(key: &[u8], how: u8, body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key);
    crc.update(&[how]);
    crc.update(body);
    crc.finalize()
}
