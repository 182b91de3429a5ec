//! Where data goes: links, devices and pipes are written to, and a reader that has seen enough is
//! no failure.

mod common;

use common::Place;
use khobao::portal::{Portal, PortalConfig};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn crawled(articles: usize) -> (Portal, Place) {
    let portal = Portal::start(PortalConfig::with_articles(articles)).unwrap();
    let place = Place::new(&portal.base(), "capture = [\"pages\"]");
    place.expect(0, &["crawl"]);
    (portal, place)
}

/// A shell's command line, in which `khobao` is the program with the place's configuration.
/// Gives the program's own exit code on the last line of stderr.
fn shell(place: &Place, line: &str) -> Output {
    let script = format!(
        "khobao() {{ \"$BIN\" \"$@\" --config \"$CONFIG\"; echo \"exit $?\" >&2; }}; {line}"
    );
    Command::new("sh")
        .args(["-c", &script])
        .env("BIN", env!("CARGO_BIN_EXE_khobao"))
        .env("CONFIG", place.config())
        .current_dir(place.dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs a line whose khobao must end with 0 and say nothing of a panic or a pipe.
fn quiet(place: &Place, line: &str) -> String {
    let out = shell(place, line);
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(stderr.ends_with("exit 0\n"), "{line}: {stderr}");
    for word in ["panic", "ipe", "RUST_BACKTRACE"] {
        assert!(!stderr.contains(word), "{line}: {stderr}");
    }
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let (_portal, place) = crawled(200);
    let whole = place.expect(0, &["export"]);
    assert!(whole.len() > 300_000, "more than a pipe holds");
    let first = quiet(&place, "khobao export | head -1");
    assert_eq!(first.trim_end(), whole.lines().next().unwrap());
    quiet(&place, "khobao export --format csv | head -1");
    quiet(
        &place,
        "khobao export --format warc | head -c 100 >/dev/null",
    );
    let url = place.records()[0]["url"].as_str().unwrap().to_owned();
    let page = place.expect(0, &["show", &url, "--raw"]);
    std::fs::write(place.dir.path().join("trang.html"), page).unwrap();
    // The reader is gone before the first byte: sleep lets `true` end.
    let late =
        "khobao() { sleep 0.3; \"$BIN\" \"$@\" --config \"$CONFIG\"; echo \"exit $?\" >&2; }";
    for command in [
        format!("khobao extract trang.html --url {url}"),
        "khobao export".to_owned(),
        "khobao export --output /dev/stdout".to_owned(),
        "khobao export --format warc".to_owned(),
        format!("khobao show {url}"),
        format!("khobao show {url} --raw"),
        "khobao stats".to_owned(),
        "khobao stats --json".to_owned(),
        "khobao runs".to_owned(),
        "khobao runs show".to_owned(),
        "khobao verify".to_owned(),
        format!("khobao cdx {url}"),
        "khobao crawl --dry-run".to_owned(),
        "khobao reextract --dry-run".to_owned(),
        "khobao --help".to_owned(),
    ] {
        quiet(&place, &format!("{late}; {command} | true"));
    }
}

/// Whether the bytes are a whole export of this format.
fn is_whole(place: &Place, format: &str, bytes: &[u8]) -> bool {
    match format {
        "wacz" => {
            let reader = std::io::Cursor::new(bytes);
            zip::ZipArchive::new(reader).is_ok_and(|zip| zip.len() > 3)
        }
        format => {
            let out = place.run(&["export", "--format", format]);
            // A slice has a warcinfo record with its time.
            bytes == out.stdout || (format == "warc" && bytes.len() > 10_000)
        }
    }
}

fn export_to(place: &Place, format: &str, path: &Path) {
    let path = path.to_str().unwrap();
    place.expect(0, &["export", "--format", format, "--output", path]);
}

const FORMATS: [&str; 4] = ["jsonl", "csv", "warc", "wacz"];

#[test]
fn a_link_stays_a_link_and_its_target_gets_the_data() {
    let (_portal, place) = crawled(20);
    let dir = place.dir.path();
    for format in FORMATS {
        let target = dir.join(format!("dich.{format}"));
        let link = dir.join(format!("lien-ket.{format}"));
        std::fs::write(&target, "cũ".repeat(400_000)).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        export_to(&place, format, &link);
        assert_eq!(std::fs::read_link(&link).unwrap(), target, "{format}");
        let bytes = std::fs::read(&target).unwrap();
        assert!(is_whole(&place, format, &bytes), "{format}");
    }
}

#[test]
fn a_pipe_or_a_device_stays_one() {
    let (_portal, place) = crawled(20);
    let dir = place.dir.path();
    let link = dir.join("khong");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    // Where the test may not make a device, the link to one must do.
    let device = dir.join("null");
    let made = Command::new("mknod")
        .arg(&device)
        .args(["c", "1", "3"])
        .output()
        .is_ok_and(|out| out.status.success());
    let usable = made && std::fs::write(&device, "x").is_ok();
    for format in FORMATS {
        export_to(&place, format, &link);
        assert!(link.is_symlink(), "{format}");
        if usable {
            export_to(&place, format, &device);
            let kind = std::fs::symlink_metadata(&device).unwrap().file_type();
            assert!(kind.is_char_device(), "{format}");
        }
        let pipe: PathBuf = dir.join(format!("ong.{format}"));
        let status = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(status.success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        export_to(&place, format, &pipe);
        let bytes = reader.join().unwrap();
        let kind = std::fs::symlink_metadata(&pipe).unwrap().file_type();
        assert!(kind.is_fifo(), "{format}");
        assert!(is_whole(&place, format, &bytes), "{format}");
    }
    assert!(
        std::fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device(),
        "/dev/null was replaced"
    );
    // `--output /dev/stdout`, into a file and into a pipe.
    let whole = place.expect(0, &["export"]);
    quiet(&place, "khobao export --output /dev/stdout > tep.jsonl");
    let file = std::fs::read_to_string(dir.join("tep.jsonl")).unwrap();
    assert_eq!(file, whole);
    assert_eq!(
        quiet(&place, "khobao export --output /dev/stdout | cat"),
        whole
    );
}
