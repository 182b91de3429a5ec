//! SHA-256 digests (FIPS 180-4) and their spellings.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A SHA-256 digest. Serialised as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes.as_ref()).into())
    }

    /// The first 128 bits: how digests are keyed in the store.
    pub fn prefix(&self) -> [u8; 16] {
        let mut out = [0; 16];
        for (to, from) in out.iter_mut().zip(self.0) {
            *to = from;
        }
        out
    }

    /// The labelled form of WARC 1.1 (section 5.8): `sha256:` and base 32.
    pub fn warc_label(&self) -> String {
        // 32 bytes are 52 digits of base 32 and 4 of padding; warcio compares without padding
        // or with it, as the file has it. Padding is what `base64.b32encode` writes.
        format!("sha256:{}====", BASE32_NOPAD.encode(&self.0))
    }

    /// Reads a labelled digest in base 32 (padded or not) or hexadecimal; `None` when it is not
    /// a SHA-256.
    pub fn from_warc_label(label: &str) -> Option<Self> {
        let (name, value) = label.split_once(':')?;
        if !name.eq_ignore_ascii_case("sha256") && !name.eq_ignore_ascii_case("sha-256") {
            return None;
        }
        let bytes = if value.len() == 64 {
            data_encoding::HEXLOWER_PERMISSIVE
                .decode(value.as_bytes())
                .ok()?
        } else {
            let bare = value.trim_end_matches('=').to_ascii_uppercase();
            BASE32_NOPAD.decode(bare.as_bytes()).ok()?
        };
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        HEXLOWER
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("a digest is 64 hexadecimal digits"))
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// A digest taken piece by piece.
#[derive(Clone, Default)]
pub struct Sha256Stream(Sha256);

impl Sha256Stream {
    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that was taken in.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Debug for Sha256Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256Stream")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_round_trip_in_both_spellings() {
        let digest = Digest::of("khobao");
        assert_eq!(Digest::from_warc_label(&digest.warc_label()), Some(digest));
        assert_eq!(
            Digest::from_warc_label(&format!("sha256:{digest}")),
            Some(digest)
        );
        assert_eq!(Digest::from_warc_label("sha1:ABC"), None);
    }
}
