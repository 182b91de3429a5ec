//! Field parsers: text in, value and warnings out.
//!
//! Owns how dates, bylines, datelines and white space on Vietnamese portals are read. Never looks
//! at markup (the profile engine does) and never invents a value: what cannot be read is absent.

pub mod byline;
pub mod dateline;
pub mod datetime;
mod places;
pub mod text;
