//! Answers that stand in place of the portal's own, for what one page alone is to do.

use super::render::views;
use super::reply::Reply;

/// An answer in place of the portal's own.
#[derive(Debug, Clone)]
pub struct Canned {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Canned {
    /// A body of a type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
        }
    }

    /// A page.
    pub fn html(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/html; charset=UTF-8", body)
    }

    /// The anti-flood page that asks for `seconds` of patience; with `Retry-After` where the
    /// status is 429.
    pub fn flood(status: u16, seconds: u64) -> Self {
        let page = Self::html(status, views::flood(seconds));
        if status == 429 {
            page.with("retry-after", &seconds.to_string())
        } else {
            page
        }
    }

    /// A redirect.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::html(status, "").with("location", to)
    }

    /// With one more header, its name in lower case.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn reply(&self) -> Reply {
        let mut reply = Reply::new(self.status, "text/html", self.body.clone());
        reply.headers.clone_from(&self.headers);
        // (What is packed already goes as it is.)
        reply.compress &= self
            .headers
            .iter()
            .all(|(name, _)| *name != "content-encoding");
        reply
    }
}
