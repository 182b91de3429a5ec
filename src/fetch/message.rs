//! Reading HTTP/1.1 messages (RFC 9112) as they stand in a recording: where the head ends, what
//! it says, and where the message ends. Pure; no per-byte work on bodies.

/// The head of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Status code.
    pub status: u16,
    /// Names in lower case, values as text, wire order.
    pub headers: Vec<(String, String)>,
    /// Length including the empty line.
    pub len: usize,
}

/// Reads the final response's head at the start of `wire`; interim responses (1xx, save 101)
/// before it are passed over. Gives the offset at which it starts, and the head.
pub(super) fn final_head(wire: &[u8]) -> Option<(usize, Head)> {
    let mut start = 0;
    loop {
        let head = parse_head(wire.get(start..)?)?;
        if head.len == 0 || !(100..200).contains(&head.status) || head.status == 101 {
            return Some((start, head));
        }
        start += head.len;
    }
}

fn parse_head(bytes: &[u8]) -> Option<Head> {
    let mut few = [httparse::EMPTY_HEADER; 64];
    match parse_with(bytes, &mut few) {
        Err(httparse::Error::TooManyHeaders) => {
            let mut many = vec![httparse::EMPTY_HEADER; 4096];
            parse_with(bytes, &mut many).ok()?
        }
        other => other.ok()?,
    }
}

fn parse_with<'b>(
    bytes: &'b [u8],
    room: &mut [httparse::Header<'b>],
) -> Result<Option<Head>, httparse::Error> {
    let mut response = httparse::Response::new(room);
    let parsed = httparse::ParserConfig::default()
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .parse_response(&mut response, bytes)?;
    let httparse::Status::Complete(len) = parsed else {
        return Ok(None);
    };
    let headers = response.headers.iter();
    let headers = headers.map(|h| (h.name.to_ascii_lowercase(), value_text(h.value)));
    Ok(Some(Head {
        status: response.code.unwrap_or_default(),
        headers: headers.collect(),
        len,
    }))
}

/// A header's value as text: UTF-8 where it is that, else Latin-1; folded lines become one.
fn value_text(value: &[u8]) -> String {
    let text = match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().copied().map(char::from).collect(),
    };
    if text.contains(['\r', '\n']) {
        let lines = text.split(['\r', '\n']).map(str::trim);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        lines.join(" ")
    } else {
        text
    }
}

/// Length of the body's part of `body` (the bytes after the head) as RFC 9112, section 6.3
/// says; `None` when the message ends with the connection or is not whole.
pub(super) fn body_len(head: &Head, body: &[u8]) -> Option<usize> {
    if matches!(head.status, 204 | 304) {
        return Some(0);
    }
    let mut codings = head
        .headers
        .iter()
        .filter(|(n, _)| n == "transfer-encoding");
    if let Some((_, coding)) = codings.next_back() {
        let last = coding.rsplit(',').next().unwrap_or_default().trim();
        return last
            .eq_ignore_ascii_case("chunked")
            .then(|| chunked_len(body))
            .flatten();
    }
    let (_, text) = head.headers.iter().find(|(n, _)| n == "content-length")?;
    let first = text.split(',').next().unwrap_or_default().trim();
    let len: usize = first.parse().ok()?;
    (len <= body.len()).then_some(len)
}

/// Length of a chunked body with its trailers; `None` when it is not whole.
fn chunked_len(body: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    loop {
        let line = memchr::memchr(b'\n', body.get(at..)?)?;
        let text = body.get(at..at + line)?;
        let digits = text.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let size =
            usize::from_str_radix(std::str::from_utf8(text.get(..digits)?).ok()?, 16).ok()?;
        at = at.checked_add(line + 1)?;
        if size == 0 {
            break;
        }
        at = at.checked_add(size)?;
        // The line end after the data.
        at += 1 + usize::from(*body.get(at)? == b'\r');
    }
    loop {
        let line = memchr::memchr(b'\n', body.get(at..)?)?;
        let text = body.get(at..at + line)?;
        at += line + 1;
        if matches!(text, b"" | b"\r") {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interim_heads_are_passed_over_and_case_is_lowered() {
        let wire = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nX-ODD: a\r\n b\r\nCaf: \xe9\r\n\r\nbody";
        let (start, head) = final_head(wire).unwrap();
        assert_eq!(start, 40);
        assert_eq!(head.status, 200);
        assert_eq!(
            head.headers,
            [
                ("x-odd".to_owned(), "a b".to_owned()),
                ("caf".to_owned(), "é".to_owned())
            ]
        );
        assert_eq!(&wire[start + head.len..], b"body");
        assert_eq!(final_head(b"HTTP/1.1 200 OK\r\nA: b\r\n"), None);
        assert_eq!(final_head(b"\x16\x03\x01garbage"), None);
    }

    #[test]
    fn messages_end_where_their_framing_says() {
        let head = |text: &str| final_head(text.as_bytes()).unwrap().1;
        let chunked = head("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n");
        assert_eq!(
            body_len(&chunked, b"3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\njunk"),
            Some(23)
        );
        assert_eq!(body_len(&chunked, b"3\nabc\n0\n\njunk"), Some(9));
        assert_eq!(body_len(&chunked, b"3\r\nabc\r\n0\r\n"), None);
        assert_eq!(body_len(&chunked, b"ffffffffffffffff\r\nabc"), None);
        assert_eq!(body_len(&chunked, b"zz\r\n"), None);
        let sized = head("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
        assert_eq!(body_len(&sized, b"abcdefg"), Some(4));
        assert_eq!(body_len(&sized, b"abc"), None);
        let none = head("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n");
        assert_eq!(body_len(&none, b"junk"), Some(0));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let mut wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            let _ = final_head(&bytes);
            wire.extend_from_slice(&bytes);
            let (start, head) = final_head(&wire).unwrap();
            if let Some(len) = body_len(&head, &wire[start + head.len..]) {
                proptest::prop_assert!(len <= bytes.len());
            }
        }
    }
}
