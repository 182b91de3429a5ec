//! Bylines (being written).
