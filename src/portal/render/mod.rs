//! HTML in the shapes that NukeViet's themes give it (class names and structure; own markup).
//!
//! `layout` holds what stands around the content, `article`, `themes` and `body` one article, `lists` the
//! lists, `views` the print view and the pages that are no article, `feeds` the XML.

pub(super) mod article;
pub(super) mod body;
pub(super) mod feeds;
pub(super) mod layout;
pub(super) mod lists;
mod themes;
pub(super) mod views;

use super::config::{PortalConfig, Theme, Versions};
use super::model::Site;
use chrono::{Datelike, NaiveDateTime, Timelike};

/// The portal's name, also its `meta author`.
pub(super) const SITE_NAME: &str = "Ủy ban MTTQ Việt Nam tỉnh Mường Sơn";

/// What a page is rendered from.
pub(super) struct Ctx<'a> {
    pub(super) site: &'a Site,
    pub(super) config: &'a PortalConfig,
    /// "http://127.0.0.1:PORT", without the slash.
    pub(super) root: &'a str,
    /// "http://127.0.0.2:PORT".
    pub(super) other_root: &'a str,
    pub(super) theme: Theme,
    /// Differs at each fetch.
    pub(super) nonce: u64,
    /// What is said of an article's version.
    pub(super) versions: Versions,
    /// First number of the `/tin-tuc/loi-N.html` links, where they are shown.
    pub(super) faults_from: Option<u32>,
}

/// Escapes text for HTML and XML.
pub(super) fn esc(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#039;"),
            c => out.push(c),
        }
    }
    out
}

/// "Thứ hai - 05/09/2022 22:28".
pub(super) fn long_date(time: NaiveDateTime) -> String {
    let day = match time.weekday().num_days_from_sunday() {
        0 => "Chủ nhật",
        1 => "Thứ hai",
        2 => "Thứ ba",
        3 => "Thứ tư",
        4 => "Thứ năm",
        5 => "Thứ sáu",
        _ => "Thứ bảy",
    };
    format!("{day} - {}", time.format("%d/%m/%Y %H:%M"))
}

/// "05/09/2022 22:28:00", or with AM and PM in the eGov theme.
pub(super) fn list_date(theme: Theme, time: NaiveDateTime) -> String {
    if theme == Theme::Egov {
        let (afternoon, hour) = time.hour12();
        let half = if afternoon { "PM" } else { "AM" };
        format!(
            "{} {hour:02}:{} {half}",
            time.format("%d/%m/%Y"),
            time.format("%M:%S")
        )
    } else {
        time.format("%d/%m/%Y %H:%M:%S").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_nukeviet_writes_them() {
        let time: NaiveDateTime = "2022-09-05T22:28:00".parse().unwrap();
        assert_eq!(long_date(time), "Thứ hai - 05/09/2022 22:28");
        assert_eq!(list_date(Theme::Default45, time), "05/09/2022 22:28:00");
        assert_eq!(list_date(Theme::Egov, time), "05/09/2022 10:28:00 PM");
    }
}
