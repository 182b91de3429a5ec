//! Pages that are hard to read: what a portal sends when something is wrong with it.

use std::io::Write as _;

/// What a fault sends.
pub(super) enum Reply {
    /// A whole response.
    Whole {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Raw bytes, then the connection is closed.
    Raw(Vec<u8>),
    /// A head, then silence.
    Silence,
}

/// The faults, by their place in the list: `/tin-hoat-dong/loi-90000N.html`.
pub(super) const FAULTS: [&str; 16] = [
    "bomb",
    "huge",
    "binary",
    "nested",
    "windows-1258",
    "utf-16",
    "bad-date",
    "cookie-stub",
    "error",
    "loop",
    "truncated",
    "garbage",
    "silence",
    "empty",
    "soft-404",
    "attributes",
];

pub(super) fn fault(name: &str) -> Reply {
    let html = |body: Vec<u8>| Reply::Whole {
        status: 200,
        headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
        body,
    };
    match name {
        "bomb" => Reply::Whole {
            status: 200,
            headers: vec![
                ("content-type", "text/html; charset=utf-8".to_owned()),
                ("content-encoding", "gzip".to_owned()),
            ],
            body: gzip(&vec![b' '; 64 << 20]),
        },
        "huge" => html(vec![b'x'; 20 << 20]),
        "binary" => html(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\0\0\0".to_vec()),
        "nested" => html(format!("{}x", "<div><b>".repeat(100_000)).into_bytes()),
        "windows-1258" => Reply::Whole {
            status: 200,
            headers: vec![("content-type", "text/html; charset=windows-1258".to_owned())],
            // "Tin cũ" with the combining tilde of windows-1258.
            body: page("Tin cu\u{1}", "05/09/2022 22:28", "Ban ghi cu\u{1}.")
                .into_bytes()
                .into_iter()
                .map(|b| if b == 1 { 0xde } else { b })
                .collect(),
        },
        "utf-16" => {
            let text = page("Tin mã khác", "05/09/2022 22:28", "Trang viết bằng UTF-16.");
            let mut body = vec![0xff, 0xfe];
            body.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            html(body)
        }
        "bad-date" => html(page("Tin ngày sai", "31/02/2022 25:61", "Nội dung.").into_bytes()),
        "cookie-stub" => html(
            b"<html><body><script>document.cookie=\"D1N=abc\"+\"; path=/\";window.location.reload(true);</script></body></html>".to_vec(),
        ),
        "error" => Reply::Whole {
            status: 500,
            headers: vec![("content-type", "text/html".to_owned())],
            body: b"<h1>Internal Server Error</h1>".to_vec(),
        },
        "loop" => Reply::Whole {
            status: 302,
            headers: vec![("location", "/tin-hoat-dong/loi-900009.html?lan=1".to_owned())],
            body: Vec::new(),
        },
        "truncated" => Reply::Raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<html><body>c\xe1\xba".to_vec(),
        ),
        "garbage" => Reply::Raw(b"SSH-2.0-OpenSSH_9.0\r\n\r\n".to_vec()),
        "silence" => Reply::Silence,
        "empty" => html(Vec::new()),
        "soft-404" => html(
            "<html><head><title>Lỗi 404</title></head><body><h1>Không tìm thấy trang</h1><p>Trang bạn tìm không tồn tại.</p></body></html>"
                .as_bytes()
                .to_vec(),
        ),
        _ => html(
            format!("<div {}>x</div>", (0..200_000).map(|n| format!("a{n} ")).collect::<String>())
                .into_bytes(),
        ),
    }
}

/// An article page in the default layout, without the frame.
fn page(title: &str, date: &str, text: &str) -> String {
    format!(
        "<html lang=\"vi\"><body><div class=\"news_column panel panel-default\"><div class=\"panel-body\">\
         <h1 class=\"title\" itemprop=\"headline\">{title}</h1><div class=\"row\"><div class=\"col-md-12\">\
         <span class=\"h5\">{date}</span></div></div><div id=\"news-bodyhtml\" class=\"bodytext\"><p>{text}</p></div>\
         </div></div></body></html>"
    )
}

/// gzip, at the speed that servers choose.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(5));
    // Writing into memory cannot fail.
    let _ = out.write_all(bytes);
    out.finish().unwrap_or_default()
}
