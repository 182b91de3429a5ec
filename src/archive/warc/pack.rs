//! Gzip members (RFC 1952): one a record, built in memory, the compressor's memory used again.
//!
//! A block that came compressed is not deflated again: its bytes stand in stored blocks
//! (RFC 1951, 3.2.4) behind the deflated record header.

use flate2::{Compress, Compression, FlushCompress, Status};
use std::io;

/// The longest stored block.
const STORED_MAX: usize = 0xffff;
/// Magic number, deflate, no flags, no time, no hint, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// How hard a block is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Not at all: the block came compressed.
    Stored,
    /// Quickly: small blocks.
    Quick,
    /// Well.
    Packed,
}

/// Builds members.
pub(super) struct Packer {
    quick: Compress,
    packed: Compress,
}

impl Packer {
    pub fn new() -> Self {
        Self {
            quick: Compress::new(Compression::new(1), false),
            packed: Compress::new(Compression::new(6), false),
        }
    }

    /// Appends a member that holds `head`, `block` and the two line ends of a record.
    pub fn member(
        &mut self,
        head: &[u8],
        block: &[u8],
        level: Level,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        const END: &[u8] = b"\r\n\r\n";
        out.extend_from_slice(&HEADER);
        let deflate = match level {
            Level::Packed => &mut self.packed,
            Level::Stored | Level::Quick => &mut self.quick,
        };
        deflate.reset();
        if level == Level::Stored {
            squeeze(deflate, head, FlushCompress::Sync, out)?;
            out.reserve(block.len() + 5 * (block.len() / STORED_MAX + 2) + 12);
            for piece in block.chunks(STORED_MAX) {
                stored(piece, false, out);
            }
            stored(END, true, out);
        } else {
            squeeze(deflate, head, FlushCompress::None, out)?;
            squeeze(deflate, block, FlushCompress::None, out)?;
            squeeze(deflate, END, FlushCompress::Finish, out)?;
        }
        let mut crc = crc32fast::Hasher::new();
        let mut length = 0_u32;
        for part in [head, block, END] {
            crc.update(part);
            // ISIZE is the length modulo 2^32.
            length = length.wrapping_add(part.len() as u32);
        }
        out.extend_from_slice(&crc.finalize().to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        Ok(())
    }
}

/// One stored block of at most `STORED_MAX` bytes.
fn stored(piece: &[u8], last: bool, out: &mut Vec<u8>) {
    let length = piece.len() as u16;
    out.push(u8::from(last));
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(piece);
}

/// Feeds all of `input` to the compressor.
fn squeeze(
    deflate: &mut Compress,
    mut input: &[u8],
    flush: FlushCompress,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    loop {
        out.reserve(input.len() / 2 + 256);
        let before = deflate.total_in();
        let status = deflate
            .compress_vec(input, out, flush)
            .map_err(io::Error::other)?;
        let fed = (deflate.total_in() - before) as usize;
        input = input.get(fed..).unwrap_or_default();
        let full = out.len() == out.capacity();
        match flush {
            FlushCompress::Finish if status == Status::StreamEnd => return Ok(()),
            FlushCompress::Finish => {}
            // A flush is over when there is room left, or when there was nothing more to flush.
            _ if input.is_empty() && (!full || status == Status::BufError) => return Ok(()),
            FlushCompress::None if input.is_empty() => return Ok(()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn back(level: Level, head: &[u8], block: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut packer = Packer::new();
        for _ in 0..2 {
            packer.member(head, block, level, &mut out).unwrap();
        }
        let mut bytes = Vec::new();
        flate2::read::MultiGzDecoder::new(&out[..])
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    }

    proptest::proptest! {
        #[test]
        fn members_unpack_to_what_was_packed(head: Vec<u8>, block: Vec<u8>, repeat in 0_usize..4000) {
            let block = block.repeat(repeat);
            let one = [&head[..], &block, b"\r\n\r\n"].concat();
            for level in [Level::Stored, Level::Quick, Level::Packed] {
                proptest::prop_assert!(back(level, &head, &block) == one.repeat(2));
            }
        }
    }
}
