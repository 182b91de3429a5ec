//! WARC 1.1 files (ISO 28500:2017): writer, reader, CDXJ index.
