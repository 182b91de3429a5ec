//! A WARC file of any kind.
#![no_main]

use khobao::archive::warc::{check_file, index_file, read_at};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fuzz_target!(|data: &[u8]| {
    let zipped = data.starts_with(&[0x1f, 0x8b]);
    let path = FOLDER
        .path()
        .join(if zipped { "a.warc.gz" } else { "a.warc" });
    std::fs::write(&path, data).unwrap();
    let mut sound = Vec::new();
    let _ = check_file(&path, &mut |found| {
        if found.faults.is_empty() {
            sound.push(found.offset);
        }
    });
    for offset in sound {
        let stored = read_at(&path, offset).expect("it was read before");
        let _ = stored.to_exchange();
    }
    let _ = index_file(&path);
});
