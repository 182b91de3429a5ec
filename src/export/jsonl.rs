//! JSON Lines: one record a line.

use super::Exporter;
use crate::archive::Record;
use std::io::{self, Write};

/// Writes JSON Lines.
pub struct JsonlExporter<'a> {
    out: &'a mut dyn Write,
}

impl<'a> JsonlExporter<'a> {
    /// Writes to `out`, which the caller buffers.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }
}

impl Exporter for JsonlExporter<'_> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, record)?;
        self.out.write_all(b"\n")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
