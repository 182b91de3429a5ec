//! Field parsers: text in, value and warnings out.
