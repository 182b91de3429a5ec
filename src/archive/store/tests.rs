use super::*;

fn put(store: &dyn Store, key: &[u8], value: &[u8]) {
    let mut batch = Batch::default();
    batch.put(key.to_vec(), seal_value(key, value));
    store.apply(batch).unwrap();
}

#[test]
fn what_was_put_is_there_after_reopening_and_scans_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    {
        let store = SledStore::open(&path, true).unwrap();
        for n in [3_u8, 1, 2] {
            put(&store, &[b'k', n], &[n]);
        }
        store.flush().unwrap();
    }
    let store = SledStore::open(&path, false).unwrap();
    let keys: Vec<u8> = store
        .scan(b"k", b"l")
        .map(|pair| pair.unwrap().0[1])
        .collect();
    assert_eq!(keys, [1, 2, 3]);
    let sealed = store.get(&[b'k', 2]).unwrap().unwrap();
    assert_eq!(&*open_value(&[b'k', 2], &sealed).unwrap(), [2]);
}

#[test]
fn a_missing_or_emptied_store_is_damage_and_is_not_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    assert!(matches!(
        SledStore::open(&path, false),
        Err(StoreError::Damaged { .. })
    ));
    assert!(!path.exists());
    drop(SledStore::open(&path, true).unwrap());
    std::fs::write(path.join("db"), b"").unwrap();
    assert!(SledStore::open(&path, false).is_err_and(|why| why.is_damage()));
}

#[test]
fn part_of_a_snapshot_that_a_kill_left_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    {
        let store = SledStore::open(&path, true).unwrap();
        put(&store, b"key", b"value");
        store.flush().unwrap();
    }
    for (name, bytes) in [
        ("snap.00000000000FFFFF.generating", &b""[..]),
        ("snap.000000000000A000.generating", &[7; 40]),
    ] {
        std::fs::write(path.join(name), bytes).unwrap();
        let store = SledStore::open(&path, false).unwrap();
        assert!(store.get(b"key").unwrap().is_some(), "{name}");
        assert!(!path.join(name).exists());
    }
}

#[test]
fn a_value_under_another_key_or_with_a_flipped_bit_is_found_out() {
    let value = "một ".repeat(200);
    let sealed = seal_value(b"key", value.as_bytes());
    assert!(sealed.len() < value.len(), "long values are packed");
    assert_eq!(&*open_value(b"key", &sealed).unwrap(), value.as_bytes());
    assert!(open_value(b"other", &sealed).is_err());
    for at in 0..sealed.len() {
        let mut bad = sealed.clone();
        bad[at] ^= 4;
        assert!(open_value(b"key", &bad).is_err(), "byte {at}");
    }
}

proptest::proptest! {
    #[test]
    fn opening_arbitrary_bytes_never_panics(bytes: Vec<u8>) {
        let _ = open_value(b"k", &bytes);
    }
}
