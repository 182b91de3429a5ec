//! Page numbers in the addresses of listings.

use url::Url;

/// The number of the page that a listing's address names: `/cat/page-3/`, `/cat/page/3/`,
/// `?page=3`; `None` for a first page without one.
pub fn page_number(url: &Url) -> Option<u64> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let mut before = "";
    for part in url.path().split('/') {
        let part = part.trim_end_matches('/');
        let here = part.strip_prefix("page-").and_then(number);
        let here = here.or_else(|| number(part).filter(|_| before == "page"));
        if here.is_some() {
            return here;
        }
        before = part;
    }
    url.query_pairs()
        .filter(|(name, _)| matches!(&**name, "page" | "p" | "trang"))
        .find_map(|(_, value)| number(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_numbers_of_every_form() {
        for (url, page) in [
            ("http://a/tin-tuc/", None),
            ("http://a/tin-tuc/page-3/", Some(3)),
            ("http://a/tin-tuc/page/12/", Some(12)),
            ("http://a/tin-tuc?page=4", Some(4)),
            ("http://a/tin-tuc?x=1&trang=5", Some(5)),
            ("http://a/tin-tuc/page-x/", None),
            ("http://a/page/", None),
            ("http://a/?p=99999999999999999999", Some(u64::MAX)),
        ] {
            assert_eq!(page_number(&Url::parse(url).unwrap()), page, "{url}");
        }
    }
}
