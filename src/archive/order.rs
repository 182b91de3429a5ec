//! The order in which a file of another program is read: by date, whatever order it was written in.
//!
//! What an archive of this program wrote is judged in the order in which it stands. Other programs
//! sort by name, or write what was asked first last: there the dates say what came first.

use super::warc::{Reader, WarcError};
use std::path::Path;

/// Where the captures of a file stand that is not in the order of their dates, earliest first:
/// sixteen bytes a capture.
#[derive(Debug)]
pub(super) struct Order {
    places: Vec<(i64, u64)>,
    taken: usize,
    /// What cannot be read: whoever reads at the places does not come by it.
    pub damage: Vec<WarcError>,
}

impl Order {
    /// Reads the file through once. `None` where it can be read from front to back: it is in order
    /// as it is, or its records share gzip members and have no places of their own.
    pub fn of(path: &Path) -> Result<Option<Self>, WarcError> {
        let mut order = Self {
            places: Vec::new(),
            taken: 0,
            damage: Vec::new(),
        };
        let mut reader = Reader::open(path)?;
        while let Some(head) = reader.advance() {
            let read = head.and_then(|head| Ok((reader.finish()?, head)));
            let head = match read {
                Ok((length, head)) if length == 0 || head.inner > 0 => return Ok(None),
                Ok((_, head)) => head,
                Err(why @ WarcError::Damaged { .. }) => {
                    order.damage.push(why);
                    continue;
                }
                Err(why) => return Err(why),
            };
            if !head.is_capture() && head.withdraws().is_none() {
                continue;
            }
            let date = head.field("WARC-Date").unwrap_or_default();
            match chrono::DateTime::parse_from_rfc3339(date) {
                Ok(date) => order.places.push((date.timestamp_micros(), head.offset)),
                Err(_) => order
                    .damage
                    .push(head.damaged("its WARC-Date cannot be read")),
            }
        }
        if order.places.is_sorted_by_key(|(date, _)| *date) {
            return Ok(None);
        }
        // Of one time (other programs' clocks know whole seconds), the file's own order.
        order.places.sort_unstable();
        Ok(Some(order))
    }

    /// Passes over the first `count` captures.
    pub fn skip(&mut self, count: u64) {
        self.taken = usize::try_from(count).unwrap_or(usize::MAX);
    }

    /// How many captures were given, or passed over.
    pub fn taken(&self) -> u64 {
        self.taken as u64
    }

    /// Where the next capture stands.
    pub fn next(&mut self) -> Option<u64> {
        let (_, offset) = self.places.get(self.taken)?;
        self.taken += 1;
        Some(*offset)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Captures;
    use super::*;
    use std::io::Write as _;

    fn file(dates: &[&str], between: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::Builder::new()
            .suffix(".warc.gz")
            .tempfile()
            .unwrap();
        for date in dates {
            let record = format!(
                "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: {date}\r\n\
                 Content-Length: 19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n\r\n"
            );
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            gzip.write_all(record.as_bytes()).unwrap();
            file.write_all(&gzip.finish().unwrap()).unwrap();
            file.write_all(between).unwrap();
        }
        file.flush().unwrap();
        file
    }

    #[test]
    fn a_file_in_order_needs_no_other_one() {
        let years = ["2023-01-01T00:00:00Z", "2023-01-01T00:00:00Z"];
        assert!(Order::of(file(&years, b"").path()).unwrap().is_none());
        assert!(Order::of(file(&[], b"").path()).unwrap().is_none());
    }

    #[test]
    fn the_earliest_comes_first_and_what_cannot_be_read_is_told() {
        let file = file(
            &["2025-01-01T00:00:00Z", "yesterday", "2023-01-01T00:00:00Z"],
            b"?",
        );
        let mut order = Order::of(file.path()).unwrap().unwrap();
        let places: Vec<u64> = std::iter::from_fn(|| order.next()).collect();
        assert_eq!((places.len(), places[1], order.taken()), (2, 0, 2));
        // The date, and what stands between the records.
        assert_eq!(order.damage.len(), 4);
        order.skip(1);
        assert_eq!(order.next(), Some(0));
    }

    #[test]
    fn the_reading_goes_on_behind_a_mark() {
        let dir = tempfile::tempdir().unwrap();
        let years = [2025, 2023, 2024].map(|year| format!("{year}-01-01T00:00:00Z"));
        let from = file(&years.each_ref().map(String::as_str), b"");
        std::fs::copy(from.path(), dir.path().join("a.warc.gz")).unwrap();
        let mut captures = Captures::open(dir.path(), Vec::new()).unwrap();
        let first = captures.take().unwrap().unwrap();
        let mark = captures.mark(&first);
        let mut rest = Captures::open(dir.path(), vec![mark]).unwrap();
        let dates: Vec<String> = std::iter::from_fn(|| rest.take().unwrap())
            .map(|capture| capture.stored.field("WARC-Date").unwrap().to_owned())
            .collect();
        assert_eq!(dates, [years[2].clone(), years[0].clone()]);
    }
}
