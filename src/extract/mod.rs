//! Floor 2, pure: bytes in, page out. No I/O, no async, no clock.
//!
//! A response passes `decode` (content coding, charset), `dom` (what the tree need not have is
//! cut, then one parse) and `extract` (the profile's rules applied, fields parsed). Nothing here
//! can lose a page: what cannot be read becomes a [`PageKind`](crate::domain::PageKind) and a
//! warning. The crawl decides what to do with the result.

pub mod decode;
pub mod dom;
pub mod fields;
pub mod profile;

mod adapter;
mod article;
mod body;
mod feed;
mod images;
mod judge;
mod links;
mod page;
mod rules;
mod tail;

pub use page::{Expect, Input, extract};
pub use profile::{Profile, ProfileError, ProfileSet, SkipKind, UrlClass};
