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

/// A store in memory that takes no batch while `full`.
#[derive(Default)]
struct Memory {
    rows: std::sync::Mutex<std::collections::BTreeMap<Vec<u8>, Vec<u8>>>,
    batches: std::sync::atomic::AtomicUsize,
    full: std::sync::atomic::AtomicBool,
}

impl Store for &Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows.lock().unwrap().get(key).cloned())
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        let rows = self.rows.lock().unwrap();
        let range = rows.range(from.to_vec()..to.to_vec());
        let found: Vec<_> = range.map(|(k, v)| Ok((k.clone(), v.clone()))).collect();
        Box::new(found.into_iter())
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        use std::sync::atomic::Ordering::SeqCst;
        if self.full.load(SeqCst) {
            return Err(StoreError::Io {
                doing: "write",
                path: "memory".into(),
                why: "full".to_owned(),
            });
        }
        self.batches.fetch_add(1, SeqCst);
        let mut rows = self.rows.lock().unwrap();
        for key in batch.deletes {
            rows.remove(&key);
        }
        rows.extend(batch.puts);
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn size(&self) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[test]
fn batches_go_down_together_and_no_more_of_them_wait_than_there_is_room() {
    use std::sync::atomic::Ordering::SeqCst;
    let memory = Memory::default();
    let store = Staged::new(&memory);
    for n in 0..100 {
        put(&store, &[b'k', n], &[n]);
    }
    assert_eq!(memory.batches.load(SeqCst), 0);
    store.flush().unwrap();
    assert_eq!(memory.batches.load(SeqCst), 1);
    assert_eq!(memory.rows.lock().unwrap().len(), 100);
    for n in 0..100 {
        let mut batch = Batch::default();
        batch.put(vec![b'l', n], vec![n; 64 << 10]);
        store.apply(batch).unwrap();
    }
    assert!(memory.batches.load(SeqCst) > 2);
    drop(store);
    assert_eq!(
        memory.rows.lock().unwrap().len(),
        200,
        "the rest at the end"
    );
}

#[test]
fn a_group_that_the_engine_refuses_is_an_error_and_is_kept_for_the_next_try() {
    use std::sync::atomic::Ordering::SeqCst;
    let memory = Memory::default();
    let store = Staged::new(&memory);
    put(&store, b"key", b"value");
    memory.full.store(true, SeqCst);
    assert!(store.flush().is_err());
    assert!(store.get(b"key").unwrap().is_some());
    memory.full.store(false, SeqCst);
    store.flush().unwrap();
    assert!(memory.rows.lock().unwrap().contains_key(&b"key"[..]));
    // A group that was refused is not written behind the back of who was told so.
    put(&store, b"other", b"value");
    memory.full.store(true, SeqCst);
    assert!(store.flush().is_err());
    memory.full.store(false, SeqCst);
    drop(store);
    assert!(!memory.rows.lock().unwrap().contains_key(&b"other"[..]));
}

#[test]
fn large_values_that_lie_with_their_keys_are_read_and_move_when_they_change() {
    let memory = Memory::default();
    let old = [(b"a".to_vec(), vec![1; 5000]), (b"b".to_vec(), vec![2; 9])];
    memory.rows.lock().unwrap().extend(old.clone());
    let store = Apart::new(&memory, Path::new("memory")).unwrap();
    let seen: Vec<Pair> = store.scan(b"a", b"c").map(Result::unwrap).collect();
    assert_eq!(seen, old);
    let mut batch = Batch::default();
    batch.put(b"a".to_vec(), vec![3; 5000]);
    store.apply(batch).unwrap();
    assert_eq!(store.get(b"a").unwrap(), Some(vec![3; 5000]));
    assert_eq!(memory.rows.lock().unwrap()[&b"a"[..]].len(), 9);
}

#[test]
fn a_large_value_that_is_missing_is_damage() {
    let memory = Memory::default();
    let store = Apart::new(&memory, Path::new("memory")).unwrap();
    let mut batch = Batch::default();
    for key in [b"a", b"b"] {
        batch.put(key.to_vec(), vec![7; 5000]);
    }
    store.apply(batch).unwrap();
    let lies = |key: &[u8]| key.starts_with(&[255, 1]);
    let mut rows = memory.rows.lock().unwrap();
    let gone = rows.keys().find(|key| lies(key)).unwrap().clone();
    rows.remove(&gone);
    drop(rows);
    assert!(store.get(b"a").is_err_and(|why| why.is_damage()));
    let scanned: Vec<_> = store.scan(b"a", b"c").collect();
    assert!(scanned[0].is_err() && scanned[1].is_ok());
}

proptest::proptest! {
    /// Whatever is applied and handed down in between, readers see what one table would show.
    #[test]
    fn gathered_batches_read_like_one_table(
        steps in proptest::collection::vec(
            (proptest::collection::vec((0_u8..12, proptest::option::of(0_u8..9)), 0..6), proptest::bool::ANY),
            0..20,
        ),
        from in 0_u8..12, to in 0_u8..12,
    ) {
        let memory = Memory::default();
        let store = Staged::new(&memory);
        let mut truth = std::collections::BTreeMap::new();
        for (changes, flush) in steps {
            for (key, value) in changes {
                let mut batch = Batch::default();
                match value {
                    Some(value) => {
                        batch.put(vec![key], vec![value]);
                        truth.insert(vec![key], vec![value]);
                    }
                    None => {
                        batch.delete(vec![key]);
                        truth.remove(&vec![key]);
                    }
                }
                store.apply(batch).unwrap();
            }
            if flush {
                store.flush().unwrap();
            }
            for key in 0..12 {
                proptest::prop_assert_eq!(store.get(&[key]).unwrap(), truth.get(&vec![key]).cloned());
                proptest::prop_assert_eq!(store.has(&[key]).unwrap(), truth.contains_key(&vec![key]));
            }
            let seen: Vec<Pair> = store.scan(&[from], &[to]).map(Result::unwrap).collect();
            let wanted: Vec<Pair> = truth
                .iter()
                .filter(|(k, _)| **k >= vec![from] && **k < vec![to])
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            proptest::prop_assert_eq!(seen, wanted);
        }
    }

    /// Large values read as if they lay with their keys, and nothing stays of those that are gone.
    #[test]
    fn large_values_apart_read_like_one_table(
        steps in proptest::collection::vec(
            (proptest::collection::btree_map(0_u8..6, proptest::option::of(0_usize..5), 0..5), proptest::bool::ANY),
            0..20,
        ),
        from in 0_u8..6, to in 0_u8..6,
    ) {
        let value = |size: usize, n: usize| match size {
            0 => Vec::new(),
            1 => vec![0; 9],
            2 => vec![1; 511],
            _ => vec![n as u8; 600 * size],
        };
        let memory = Memory::default();
        let path = Path::new("memory");
        let mut store = Apart::new(&memory, path).unwrap();
        let mut truth = std::collections::BTreeMap::new();
        for (n, (changes, again)) in steps.into_iter().enumerate() {
            let mut batch = Batch::default();
            for (key, size) in changes {
                match size {
                    Some(size) => {
                        batch.put(vec![key], value(size, n));
                        truth.insert(vec![key], value(size, n));
                    }
                    None => {
                        batch.delete(vec![key]);
                        truth.remove(&vec![key]);
                    }
                }
            }
            store.apply(batch).unwrap();
            if again {
                store = Apart::new(&memory, path).unwrap();
            }
            for key in 0..6 {
                proptest::prop_assert_eq!(store.get(&[key]).unwrap(), truth.get(&vec![key]).cloned());
                proptest::prop_assert_eq!(store.has(&[key]).unwrap(), truth.contains_key(&vec![key]));
            }
            let seen: Vec<Pair> = store.scan(&[], &[u8::MAX]).map(Result::unwrap).collect();
            let wanted: Vec<Pair> = truth.clone().into_iter().collect();
            proptest::prop_assert_eq!(seen, wanted);
            let apart = truth.values().filter(|v| v.len() > 511 || v.len() == 9).count();
            let rows = memory.rows.lock().unwrap();
            let there = rows.keys().filter(|key| key.starts_with(&[255, 1])).count();
            proptest::prop_assert_eq!(there, apart);
        }
        if from < to {
            let seen = store.scan(&[from], &[to]).count();
            let wanted = truth.keys().filter(|k| **k >= vec![from] && **k < vec![to]).count();
            proptest::prop_assert_eq!(seen, wanted);
        }
    }

    #[test]
    fn opening_arbitrary_bytes_never_panics(bytes: Vec<u8>) {
        let _ = open_value(b"k", &bytes);
    }
}
