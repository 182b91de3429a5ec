//! Floor 2, pure: bytes in, page out. No I/O, no async, no clock.

pub mod fields;
