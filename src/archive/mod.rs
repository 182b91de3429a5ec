//! Floor 3: owns everything on disk.

pub mod warc;
