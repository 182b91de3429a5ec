//! Sort-friendly URIs as the CDXJ tools of PyPI make them: `vn,example)/path?query`, lower case,
//! without `www.`, session tokens and default port, parameters sorted.

use regex::bytes::Regex;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// What stands before a session token, and what after it.
static QUERY_SESSIONS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        "(?i-u)^(.*)(?:jsessionid=[0-9a-z]{32})(?:&(.*))?$",
        "(?i-u)^(.*)(?:phpsessid=[0-9a-z]{32})(?:&(.*))?$",
        "(?i-u)^(.*)(?:sid=[0-9a-z]{32})(?:&(.*))?$",
        "(?i-u)^(.*)(?:aspsessionid[a-z]{8}=[a-z]{24})(?:&(.*))?$",
        "(?i-u)^(.*)(?:cfid=[^&]+&cftoken=[^&]+)(?:&(.*))?$",
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});
static PATH_SESSIONS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?i-u)^(.*/)\((?:[a-z]\([0-9a-z]{24}\))+\)/([^?]+\.aspx.*)$",
        r"(?i-u)^(.*/)\([0-9a-z]{24}\)/([^?]+\.aspx.*)$",
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// The sort-friendly form; a text that is no URI with an authority is given back as it is, but for
/// white space and controls, which would end the key in a line of an index.
pub fn surt(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return one_word(uri);
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let cut = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(cut).unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let colon = authority.rfind(':').filter(|at| {
        let port = authority.get(at + 1..).unwrap_or_default();
        port.bytes().all(|b| b.is_ascii_digit())
    });
    let (host, port) = match colon {
        Some(at) => (
            authority.get(..at).unwrap_or_default(),
            authority.get(at + 1..).unwrap_or_default(),
        ),
        None => (authority, ""),
    };
    let port = match (scheme.to_ascii_lowercase().as_str(), port.parse::<u16>()) {
        ("http", Ok(80)) | ("https", Ok(443)) | (_, Err(_)) => None,
        (_, Ok(port)) => Some(port),
    };
    let mut out = reversed(host);
    if let Some(port) = port {
        let _ = write!(out, ":{port}");
    }
    out.push(')');
    out.push_str(&normal_path(path));
    let query = normal_query(query);
    if !query.is_empty() {
        out.push('?');
        out.push_str(&query);
    }
    out
}

fn reversed(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let plain = unescape(host.as_bytes());
    let plain = String::from_utf8_lossy(&plain).to_lowercase();
    let ascii = if plain.is_ascii() {
        plain
    } else {
        url::Host::parse(&plain).map_or(plain, |host| host.to_string())
    };
    let ascii = escape(ascii.replace("..", ".").trim_matches('.').as_bytes());
    let bare = ascii
        .strip_prefix("www")
        .and_then(|rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit())
                .strip_prefix('.')
        })
        .unwrap_or(&ascii);
    bare.rsplit('.').collect::<Vec<_>>().join(",")
}

fn normal_path(path: &str) -> String {
    let path = unescape(path.as_bytes());
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/').skip(1) {
        match part {
            b"." => {}
            b".." if kept.is_empty() => kept.push(part),
            b".." => {
                kept.pop();
            }
            _ => kept.push(part),
        }
    }
    let mut joined = vec![b'/'];
    if let Some((last, before)) = kept.split_last() {
        for part in before.iter().filter(|part| !part.is_empty()) {
            joined.extend_from_slice(part);
            joined.push(b'/');
        }
        joined.extend_from_slice(last);
    }
    let mut path = escape(&joined).to_ascii_lowercase();
    for session in PATH_SESSIONS.iter() {
        if let Some(shorter) = without(session, &path) {
            path = shorter;
        }
    }
    if path.len() > 1 && path.ends_with('/') {
        path.pop();
    }
    path
}

fn normal_query(query: &str) -> String {
    let mut query = escape(&unescape(query.as_bytes()));
    for session in QUERY_SESSIONS.iter() {
        if let Some(shorter) = without(session, &query) {
            query = shorter;
        }
    }
    query.make_ascii_lowercase();
    if query.len() < 2 {
        return query;
    }
    let mut parts: Vec<(&str, Option<&str>)> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (part, None),
        })
        .collect();
    parts.sort_unstable();
    let parts: Vec<String> = parts
        .iter()
        .map(|(name, value)| match value {
            Some(value) => format!("{name}={value}"),
            None => (*name).to_owned(),
        })
        .collect();
    parts.join("&")
}

/// The text without what the pattern matches between its two groups.
fn without(session: &Regex, text: &str) -> Option<String> {
    let found = session.captures(text.as_bytes())?;
    let group = |n| found.get(n).map_or(&b""[..], |group| group.as_bytes());
    let kept = [group(1), group(2)].concat();
    String::from_utf8(kept).ok()
}

/// Escapes decoded until none is left (one pass: what is decoded may complete an escape).
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text {
        out.push(*byte);
        while let Some(&[b'%', high, low]) = out.last_chunk::<3>() {
            let value = |digit: u8| char::from(digit).to_digit(16);
            let (Some(high), Some(low)) = (value(high), value(low)) else {
                break;
            };
            out.truncate(out.len() - 3);
            // Two hexadecimal digits are one byte.
            out.push((high * 16 + low) as u8);
        }
    }
    out
}

/// Escapes white space and controls of ASCII.
fn one_word(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_control() || c == ' ' {
            let _ = write!(out, "%{:02X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Escapes controls, space, `#`, `%` and what is not ASCII.
fn escape(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text {
        if byte.is_ascii_graphic() && !matches!(byte, b'#' | b'%') {
            out.push(char::from(*byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surts_are_those_of_the_indexers() {
        for (uri, want) in [
            (
                "http://www.Example.vn/Tin/Bai-1.html",
                "vn,example)/tin/bai-1.html",
            ),
            ("http://127.0.0.1:8081/", "1,0,0,127:8081)/"),
            ("https://a.b.vn:443/x/?b=2&a=1#p", "vn,b,a)/x?a=1&b=2"),
            ("https://x.vn/%25C3%a1%2525?", "vn,x)/%c3%a1%25"),
            ("dns:x.vn", "dns:x.vn"),
            ("dns:x .vn\r", "dns:x%20.vn%0D"),
        ] {
            assert_eq!(surt(uri), want);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text: String) {
            for uri in [format!("http://{text}"), text] {
                let bad = |c: char| c == ' ' || c.is_ascii_control();
                proptest::prop_assert!(!surt(&uri).contains(bad), "{uri:?}");
            }
        }
    }
}
