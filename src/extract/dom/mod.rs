//! From text to a tree: what the tree need not have is cut first, then one parse.
//!
//! Owns the bounds that keep hostile markup cheap (depth, attributes, number of tags) and the
//! rendering of nodes as text. Knows nothing about profiles.

mod prefilter;
mod references;
mod tags;
mod text;
mod tree;

pub use prefilter::{MAX_DEPTH, MAX_TAGS, Prefiltered, prefilter};
pub(super) use text::blank;
pub use text::{TextBuf, inline_text};

use crate::domain::Warning;
use scraper::Html;

/// Parses a page: [`prefilter`], then one parse into `scraper`'s tree.
///
/// The tree has no comments, no scripts but JSON-LD, no styles, no SVG, no `<noscript>`, and no
/// `on*`, `srcset` or `data-content` attributes.
pub fn parse(html: &str) -> (Html, Vec<Warning>) {
    let filtered = prefilter(html);
    (tree::parse(&filtered.html), filtered.warnings)
}
