//! Field parsers: text in, value and warnings out.
pub mod text {
    pub fn normal(s: &str) -> std::borrow::Cow<'_, str> {
        std::borrow::Cow::Borrowed(s)
    }
}
