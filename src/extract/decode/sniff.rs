//! Tells files from pages by their first bytes, whatever their label says.

/// First bytes of files that portals send as `text/html` (WHATWG MIME Sniffing, section 6).
const MAGIC: &[&[u8]] = &[
    b"%PDF-",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"BM\x36",
    b"ID3",
    b"OggS",
    b"\x1aE\xdf\xa3",
    b"\x7fELF",
    b"MZ\x90",
    b"wOFF",
    b"wOF2",
    b"{\\rtf",
    b"\x00\x00\x01\x00",
];

/// Whether the bytes are a file of another kind: known first bytes, or zero bytes that are not
/// UTF-16's.
pub fn is_binary(bytes: &[u8]) -> bool {
    if MAGIC.iter().any(|magic| bytes.starts_with(magic)) {
        return true;
    }
    if bytes.get(4..8) == Some(b"ftyp") || bytes.starts_with(b"RIFF") {
        return true;
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return false;
    }
    let head = bytes.get(..1024).unwrap_or(bytes);
    let zeros = head.iter().filter(|b| **b == 0).count();
    if zeros == 0 {
        return false;
    }
    let even = head.iter().step_by(2).filter(|b| **b == 0).count();
    let wide = head.len() >= 8 && zeros * 8 >= head.len() * 3 && (even == 0 || even == zeros);
    !wide && zeros * 50 > head.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_pages() {
        assert!(is_binary(b"%PDF-1.4\n%\xe2\xe3"));
        assert!(is_binary(b"\xff\xd8\xff\xe0\x00\x10JFIF"));
        assert!(is_binary(b"PK\x03\x04abc"));
        assert!(is_binary(&[1, 0, 0, 7, 0, 0, 0, 9, 200, 0, 0]));
        assert!(!is_binary(b""));
        assert!(!is_binary("<html>Điện Biên".as_bytes()));
        let wide: Vec<u8> = "<html><body>x"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert!(!is_binary(&wide));
    }
}
