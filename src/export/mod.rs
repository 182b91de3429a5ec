//! Floor 6: datasets out of the archive.
