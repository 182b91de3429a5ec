//! From the payload of a response to text: content codings, then the charset.
//!
//! Owns limits on decompression and the choice of the charset. Never fails: what was decoded
//! before a fault is given back with a warning. The text goes to `dom`.

mod charset;
mod content;
mod sniff;

pub use charset::{charset_decode, declared_charset};
pub use content::{Decoded, content_decode};
pub use sniff::is_binary;

/// Bytes that a page may have after decompression unless the caller says otherwise: 16 MiB.
pub const DEFAULT_LIMIT: usize = 16 * 1024 * 1024;
