//! Images and captions: what `<img>` says, and whose caption a text is.

use crate::domain::{Image, UrlPolicy};
use scraper::ElementRef;
use url::Url;

/// Pixels below which an image is an icon or a counter.
const ICON: u32 = 33;

/// Reads an `<img>`; `None` for icons, inline data and images without an address.
pub(super) fn image(element: ElementRef<'_>, page: &Url) -> Option<Image> {
    let lazy = ["data-src", "data-original", "data-lazy-src"];
    let plain = element
        .attr("src")
        .filter(|src| !src.trim_start().starts_with("data:"));
    let src = lazy
        .iter()
        .find_map(|name| element.attr(name))
        .or(plain)
        .filter(|src| !src.trim_start().starts_with("data:"))?;
    let small = |name| {
        element
            .attr(name)
            .and_then(|size| size.trim().trim_end_matches("px").parse::<u32>().ok())
            .is_some_and(|size| size < ICON)
    };
    if small("width") || small("height") {
        return None;
    }
    let url = UrlPolicy::resolve(page, src)?;
    let path = url.path();
    if path.contains("/smilies/") || path.contains("/emoticon") || path.contains("/emoji/") {
        return None;
    }
    let alt = element
        .attr("alt")
        .map(str::trim)
        .filter(|alt| !alt.is_empty());
    Some(Image {
        url: url.into(),
        caption: None,
        alt: alt.map(str::to_owned),
        credit: None,
    })
}
