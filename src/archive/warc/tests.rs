use super::*;
use crate::domain::{Digest, Exchange, SystemClock, Timings};
use std::sync::Arc;

fn exchange(path: &str, head: &str, body: &[u8], payload: &[u8]) -> Exchange {
    let url = url::Url::parse(&format!("http://example.vn/{path}")).unwrap();
    let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
    Exchange {
        request_bytes: format!("GET /{path} HTTP/1.1\r\nHost: example.vn\r\n\r\n").into_bytes(),
        response_bytes: [head.as_bytes(), body].concat(),
        head_len: head.len(),
        status: 200,
        headers: Vec::new(),
        payload: payload.to_vec().into(),
        at: chrono::Utc::now(),
        truncated: None,
        fault: None,
        remote: Some(([127, 0, 0, 1], 80).into()),
        timings: Timings::default(),
        tls: None,
        url,
    }
}

fn writer(dir: &Path, max_bytes: u64) -> Writer {
    let settings = WarcSettings {
        max_bytes,
        ..WarcSettings::new(dir.to_owned())
    };
    Writer::open(settings, Arc::new(SystemClock)).unwrap()
}

fn append(writer: &mut Writer, exchange: &Exchange) -> Position {
    let payload_digest = Digest::of(&exchange.payload);
    writer
        .append(&Capture {
            exchange,
            payload_digest,
            context: None,
            revisit_of: None,
        })
        .unwrap()
}

#[test]
fn what_is_written_is_read_back_at_its_offset() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path(), 1 << 30);
    let chunked = exchange(
        "a",
        "Transfer-Encoding: chunked\r\n",
        b"4;x=y\r\nkho \r\n3\r\nbao\r\n0\r\n\r\n",
        b"kho bao",
    );
    let plain = exchange("b", "X-Odd:  Case\r\n", b"body", b"body");
    let first = append(&mut writer, &chunked);
    let second = append(&mut writer, &plain);
    writer.finish().unwrap();
    let path = dir.path().join(&*second.file);
    let stored = read_at(&path, second.offset).unwrap();
    assert_eq!(stored.block, plain.response_bytes);
    assert_eq!(stored.length, second.length);
    assert_eq!(
        stored.field("warc-record-id"),
        Some(second.record_id.as_str())
    );
    let back = read_at(&path, first.offset).unwrap().to_exchange().unwrap();
    assert_eq!(&back.payload[..], b"kho bao");
    assert_eq!(back.response_bytes, chunked.response_bytes);
    let kinds: Vec<String> = Reader::open(&path)
        .unwrap()
        .map(|r| r.unwrap().kind().to_owned())
        .collect();
    assert_eq!(
        kinds,
        ["warcinfo", "response", "request", "response", "request"]
    );
    check_file(&path, &mut |checked| assert_eq!(checked.faults, [""; 0])).unwrap();
    let cdxj = std::fs::read_to_string(cdxj::beside(&path)).unwrap();
    assert!(cdxj.starts_with("vn,example)/a 20"), "{cdxj}");
}

#[test]
fn files_are_rotated_by_size_and_each_has_its_index() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path(), 2000);
    for n in 0..10 {
        append(&mut writer, &exchange(&n.to_string(), "", b"body", b"body"));
        writer.sync().unwrap();
    }
    writer.finish().unwrap();
    let names: Vec<String> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let warcs = names.iter().filter(|n| n.ends_with(".warc.gz")).count();
    assert!(warcs > 2, "{names:?}");
    assert_eq!(names.iter().filter(|n| n.ends_with(".cdxj")).count(), warcs);
}

#[test]
fn a_torn_tail_is_cut_off_and_kept_and_the_rest_is_indexed() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path(), 1 << 30);
    let sound = append(&mut writer, &exchange("a", "", b"body", b"body"));
    let torn = append(&mut writer, &exchange("b", "", &[7; 9000], &[7; 9000]));
    writer.sync().unwrap();
    drop(writer);
    let path = dir.path().join(&*sound.file);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..torn.offset as usize + 20]).unwrap();
    assert_eq!(recover(dir.path()).unwrap(), [sound.file.to_string()]);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), torn.offset);
    assert!(path.with_extension("gz.torn").exists());
    assert!(recover(dir.path()).unwrap().is_empty());
    assert!(read_at(&path, sound.offset).is_ok());
}

#[test]
fn one_damaged_record_does_not_hide_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = writer(dir.path(), 1 << 30);
    let mut positions = Vec::new();
    for n in 0..5 {
        positions.push(append(
            &mut writer,
            &exchange(&n.to_string(), "", &[n; 500], &[n; 500]),
        ));
    }
    writer.finish().unwrap();
    let path = dir.path().join(&*positions[0].file);
    let good = std::fs::read(&path).unwrap();
    for at in (positions[2].offset..positions[2].offset + positions[2].length).step_by(7) {
        let mut bad = good.clone();
        bad[at as usize] ^= 0x40;
        std::fs::write(&path, &bad).unwrap();
        let mut faults = 0;
        let mut sound = Vec::new();
        check_file(&path, &mut |checked| {
            faults += checked.faults.len();
            if checked.faults.is_empty() {
                sound.push(checked.offset);
            }
        })
        .unwrap();
        for other in [0, 1, 3, 4] {
            assert!(
                sound.contains(&positions[other].offset),
                "byte {at} hid record {other}"
            );
        }
        // Two gzip header bytes (time, system) carry nothing that is checked.
        assert!(
            faults > 0 || at - positions[2].offset < 10,
            "byte {at} went unseen"
        );
    }
}

#[test]
fn a_short_line_begins_no_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.warc");
    let file = b"WARC/1.1\r\nContent-Length: 1\r\n\r\na\r\n\r\nab\r\nContent-Length: 0\r\n\r\n";
    std::fs::write(&path, file).unwrap();
    let mut faults = Vec::new();
    check_file(&path, &mut |checked| faults.extend(checked.faults)).unwrap();
    assert_eq!(faults, ["it does not begin with WARC/"]);
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_the_reader(bytes: Vec<u8>, at in 0_usize..400) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = writer(dir.path(), 1 << 30);
        let position = append(&mut writer, &exchange("a", "", b"body", b"body"));
        writer.finish().unwrap();
        let path = dir.path().join(&*position.file);
        let mut file = std::fs::read(&path).unwrap();
        let at = at.min(file.len());
        file.splice(at..at, bytes);
        std::fs::write(&path, file).unwrap();
        check_file(&path, &mut |_| {}).unwrap();
        recover(dir.path()).unwrap();
    }

    #[test]
    fn chunks_of_any_kind_are_taken_apart(bytes: Vec<u8>, sizes in proptest::collection::vec(1_usize..50, 1..20)) {
        let mut wire = Vec::new();
        let mut rest = bytes.as_slice();
        for size in sizes.iter().cycle() {
            if rest.is_empty() { break; }
            let (chunk, tail) = rest.split_at((*size).min(rest.len()));
            wire.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            wire.extend(chunk);
            wire.extend(b"\r\n");
            rest = tail;
        }
        wire.extend(b"0\r\n\r\n");
        proptest::prop_assert_eq!(http::dechunk(&wire), bytes);
    }
}
