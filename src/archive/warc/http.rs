//! HTTP/1 messages as WARC blocks hold them: head and body, headers, chunks (RFC 9112).

use memchr::{memchr, memmem};

/// Head (up to and including the empty line) and body.
pub(super) fn split(block: &[u8]) -> (&[u8], &[u8]) {
    let crlf = memmem::find(block, b"\r\n\r\n").map(|at| at + 4);
    // A head with bare line feeds ends where they first stand together.
    let bound = crlf.map_or(block, |end| block.get(..end).unwrap_or(block));
    let lf = memmem::find(bound, b"\n\n").map(|at| at + 2);
    let at = lf.or(crlf).unwrap_or(block.len());
    block.split_at_checked(at).unwrap_or((block, &[]))
}

/// Status and headers (names in lower case) of a response head.
pub(super) fn parse_head(head: &[u8]) -> Option<(u16, Vec<(String, String)>)> {
    let mut lines = head
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end);
    let first = text(lines.next()?);
    let mut words = first.split_ascii_whitespace();
    words.next().filter(|word| word.starts_with("HTTP/"))?;
    let status = words.next()?.parse().ok()?;
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(&text(line.trim_ascii()));
            }
        } else if let Some(colon) = memchr(b':', line) {
            let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
            let value = value.strip_prefix(b":").unwrap_or(value);
            let name = text(name.trim_ascii()).to_ascii_lowercase();
            headers.push((name, text(value.trim_ascii())));
        }
    }
    Some((status, headers))
}

/// UTF-8, or else Latin-1.
fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(
        |_| bytes.iter().copied().map(char::from).collect(),
        str::to_owned,
    )
}

/// The payload: the body without its transfer coding. A body that is not framed although the
/// headers say so (some crawlers store it decoded) is the payload as it stands.
pub(super) fn payload(headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let chunked = headers.iter().any(|(name, value)| {
        name == "transfer-encoding"
            && value
                .rsplit(',')
                .next()
                .is_some_and(|last| last.trim().eq_ignore_ascii_case("chunked"))
    });
    if chunked && chunk_size(body).is_some() {
        dechunk(body)
    } else {
        body.to_vec()
    }
}

/// Size of the chunk that begins here, and where its data begins; extensions are passed over.
fn chunk_size(body: &[u8]) -> Option<(usize, usize)> {
    /// Longest chunk line that is believed.
    const LINE: usize = 16 << 10;
    let end = memchr(b'\n', body.get(..LINE.min(body.len()))?)?;
    let line = body.get(..end)?.trim_ascii();
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let digits = line.get(..digits.count())?;
    let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((size, end + 1))
}

/// Removes the chunk framing (RFC 9112, 7.1) and the trailer; what is broken or cut ends the
/// payload.
pub(super) fn dechunk(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    while let Some((size, begin)) = chunk_size(body) {
        if size == 0 {
            break;
        }
        let rest = body.get(begin..).unwrap_or_default();
        let (chunk, after) = rest.split_at_checked(size).unwrap_or((rest, &[]));
        out.extend_from_slice(chunk);
        body = after
            .strip_prefix(b"\r\n")
            .or_else(|| after.strip_prefix(b"\n"))
            .unwrap_or(after);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_every_kind_are_split() {
        assert_eq!(
            split(b"A\r\n\r\nb\n\nc"),
            (&b"A\r\n\r\n"[..], &b"b\n\nc"[..])
        );
        assert_eq!(
            split(b"A\n\nb\r\n\r\nc"),
            (&b"A\n\n"[..], &b"b\r\n\r\nc"[..])
        );
        assert_eq!(split(b"A\r\n"), (&b"A\r\n"[..], &b""[..]));
        let (status, headers) =
            parse_head(b"HTTP/1.1 200\r\nX-A:  b \r\n c\r\nY: \xe9\r\nbad\r\n\r\n").unwrap();
        assert_eq!(status, 200);
        assert_eq!(
            headers,
            [("x-a".into(), "b c".into()), ("y".into(), "é".into())]
        );
        assert_eq!(parse_head(b"ICY 200 OK\r\n\r\n"), None);
    }

    #[test]
    fn chunks_may_be_sloppy_or_absent() {
        let headers = [("transfer-encoding".to_owned(), "gzip, Chunked".to_owned())];
        let decoded = |body: &[u8]| payload(&headers, body);
        assert_eq!(decoded(b"3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"), b"abc");
        assert_eq!(decoded(b"3\nabc\n2 \r\nde\r\n"), b"abcde");
        assert_eq!(decoded(b"ffffffffffffffff\r\nabc"), b"abc");
        assert_eq!(
            decoded(b"fffffffffffffffff\r\nabc"),
            b"fffffffffffffffff\r\nabc"
        );
        assert_eq!(decoded(b"<html>"), b"<html>");
        assert_eq!(decoded(b""), b"");
    }
}
