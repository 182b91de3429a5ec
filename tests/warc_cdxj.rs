//! The CDXJ index is the one that PyPI cdxj-indexer makes, and SURTs are those of PyPI surt.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "common/python.rs"]
mod python;
mod warc_support;

use khobao::archive::warc::{index_file, surt};
use python::{Python, said};
use serde_json::Value;

fn parse(text: &str) -> Vec<(String, String, Value)> {
    text.lines()
        .map(|line| {
            let mut parts = line.splitn(3, ' ');
            let mut part = || parts.next().unwrap().to_owned();
            let (key, stamp, json) = (part(), part(), part());
            (key, stamp, serde_json::from_str(&json).unwrap())
        })
        .collect()
}

#[test]
fn the_index_is_that_of_cdxj_indexer() {
    let Some(python) = Python::with(&["cdxj_indexer"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let (path, captures) = warc_support::sample_file(dir.path());
    let index = path.to_str().unwrap().replace(".warc.gz", ".cdxj");
    let written = std::fs::read_to_string(&index).unwrap();
    let mut ours = parse(&written);
    assert_eq!(ours.len(), captures.len());
    let code = "import sys; from cdxj_indexer.main import main; main(['-s', sys.argv[1]])";
    let mut theirs = parse(&python.run(code, &[path.to_str().unwrap()]));
    // Without the standard's payload digest they take a SHA-1 of the framed body.
    for (our, their) in ours.iter_mut().zip(&mut theirs) {
        if their.2["digest"].as_str().unwrap().starts_with("sha1:") {
            assert!(our.2["digest"].as_str().unwrap().starts_with("sha256:"));
            their.2["digest"] = our.2["digest"].clone();
        }
    }
    assert_eq!(ours, theirs);
    assert!(written.lines().is_sorted());
    std::fs::remove_file(&index).unwrap();
    assert_eq!(index_file(&path).unwrap().to_str().unwrap(), index);
    assert_eq!(std::fs::read_to_string(&index).unwrap(), written);
}

#[test]
fn surts_are_those_of_pypi_surt() {
    let Some(python) = Python::with(&["surt"]) else {
        return;
    };
    let token = "0123456789abcdef0123456789ABCDEF";
    let mut urls: Vec<String> = [
        "http://example.vn",
        "http://example.vn/",
        "https://www.example.vn:443/A/B/",
        "http://www12.example.vn:8080//a///b/../c/./d//",
        "http://127.0.0.1:8081/x",
        "http://thu:mat@khau.vn/a",
        "https://example.vn/?b=2&a=1&&c&a=0",
        "https://example.vn/?",
        "https://example.vn?x=1",
        "https://example.vn/a?x=%41%2525#z",
        "https://example.vn/%E1%BA%A3nh%20%23.html",
        "https://example.vn/tiếng việt.html",
        "https://example.vn/../../a/..",
        "https://example.vn/a%2Fb%5C?q=a+b%26c",
        "https://xn--bo-1qa.vn/",
        "https://example.vn./a/",
        "https://example.vn/a(b)/~c;d='e'!*@:,|{}^`[]",
        "https://example.vn/index.php?nv=news&op=Tin-tuc/Bai-1.html&language=vi",
        "https://example.vn/x.aspx?ItemID=12&cfid=1&cftoken=2&z=1",
        "https://example.vn/(s(0123456789abcdef01234567))/x/a.aspx",
        "https://example.vn/(0123456789abcdef01234567)/x/a.aspx?a=1",
        "urn:uuid:0",
    ]
    .map(str::to_owned)
    .into();
    for name in ["jsessionid", "PHPSESSID", "sid", "xsid"] {
        for query in [format!("a=1&{name}={token}&b=2"), format!("{name}={token}")] {
            urls.push(format!("https://example.vn/a?{query}"));
        }
    }
    let code = "import sys, surt\nfor u in sys.argv[1:]: print(surt.surt(u))";
    let args: Vec<&str> = urls.iter().map(String::as_str).collect();
    let theirs = python.run(code, &args);
    let ours: Vec<String> = urls.iter().map(|url| surt(url)).collect();
    assert_eq!(ours, theirs.lines().collect::<Vec<_>>());
}

#[test]
fn pywb_finds_every_capture() {
    let Some(python) = Python::with(&["pywb.indexer.cdxindexer"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let (path, captures) = warc_support::sample_file(dir.path());
    let args = ["-m", "pywb.indexer.cdxindexer", "-s", "-j"];
    let out = python.command().args(args).arg(&path).output().unwrap();
    let theirs = parse(&said(&out));
    assert_eq!(theirs.len(), captures.len());
    for (exchange, position) in &captures {
        let offset = position.offset.to_string();
        let found = theirs.iter().find(|l| l.2["offset"] == offset.as_str());
        let (key, _, fields) = found.unwrap();
        assert_eq!(*key, surt(exchange.url.as_str()));
        assert_eq!(fields["length"], position.length.to_string().as_str());
    }
}
