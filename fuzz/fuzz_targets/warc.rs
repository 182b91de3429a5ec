//! A WARC file of any kind.
#![no_main]

use khobao::archive::warc::{Lookup, check_file, index_file, lookup, read_at};
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
    let checked = check_file(&path, &mut |found| {
        if found.faults.is_empty() {
            sound.push(found);
        }
    });
    checked.expect("damage hides nothing behind it");
    for found in sound {
        let stored = read_at(&path, found.offset).expect("it was read before");
        // Records that share a member share its offset.
        if found.length > 0 {
            assert_eq!(stored.length, found.length);
            assert_eq!(stored.kind(), found.kind);
            assert!(stored.digest_faults().is_empty());
        }
        let _ = stored.to_exchange();
    }
    let index = std::fs::read_to_string(index_file(&path).unwrap()).unwrap();
    let lines: Vec<&str> = index.lines().collect();
    assert!(lines.is_sorted());
    for line in lines {
        let json = line.splitn(3, ' ').nth(2).unwrap();
        let fields: serde_json::Value = serde_json::from_str(json).unwrap();
        let wanted = Lookup {
            url: fields["url"].as_str().unwrap().to_owned(),
            ..Lookup::default()
        };
        let found = lookup(FOLDER.path(), &wanted).unwrap();
        assert!(found.iter().any(|one| one == line), "{line}");
    }
});
