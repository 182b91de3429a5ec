//! How a task ended: every URL that the crawler takes up ends in exactly one of these, and
//! `khobao runs show` counts them by name.

use super::{FaultKind, NotArticle};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The end of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A new record.
    New,
    /// A known record, unchanged.
    Unchanged,
    /// A known record, unchanged as the server says (304 to a conditional request).
    NotModified,
    /// A known record with other content: a new revision.
    Revision,
    /// A known article (title, time, text) under another URL.
    Alias,
    /// A record of its own whose text stands in another record too.
    SameText,
    /// A listing, home page or other page that only leads on.
    Listing,
    /// A feed.
    Feed,
    /// A sitemap or sitemap index.
    Sitemap,
    /// robots.txt.
    Robots,
    /// An image or an attachment, captured.
    Media,
    /// 404 for a URL that the portal does not list.
    DeadLink,
    /// 404 for an article that one of the portal's own lists still names.
    Expired,
    /// 410.
    Gone,
    /// Any other 4xx or 5xx status, retries included.
    HttpError,
    /// Redirected to another address of the site, which became a task of its own.
    Redirected,
    /// Redirected to the home page.
    RedirectHome,
    /// Redirected to another host: an external-link article.
    External,
    /// More redirects than the limit, or a loop.
    RedirectLoop,
    /// Refused by robots.txt.
    RobotsDenied,
    /// robots.txt could not be read, so nothing may be fetched (RFC 9309, 2.3.1.4).
    RobotsUnreachable,
    /// A print view, by its URL; never fetched.
    SkippedPrint,
    /// A save-file view, by its URL; never fetched.
    SkippedSavefile,
    /// A send-mail form, by its URL; never fetched.
    SkippedSendmail,
    /// A theme switch, by its URL; never fetched.
    SkippedTheme,
    /// Another URL that the profile's `skip` rules name; never fetched.
    SkippedOther,
    /// Answered, but not with an article.
    NotArticle(NotArticle),
    /// Failed on the wire.
    Fault(FaultKind),
    /// Captured, but reading it failed by a fault of the program's own.
    ReaderFault,
    /// The record was withdrawn: nothing of it is kept.
    Withdrawn,
    /// A further listing page, not fetched: what its predecessor lists is older than `--since`.
    BeforeSince,
}

impl Outcome {
    /// The stable name under which reports count it.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unchanged => "unchanged",
            Self::NotModified => "not_modified",
            Self::Revision => "revision",
            Self::Alias => "alias",
            Self::SameText => "same_text",
            Self::Listing => "listing",
            Self::Feed => "feed",
            Self::Sitemap => "sitemap",
            Self::Robots => "robots",
            Self::Media => "media",
            Self::DeadLink => "dead_link",
            Self::Expired => "expired",
            Self::Gone => "gone",
            Self::HttpError => "http_error",
            Self::Redirected => "redirected",
            Self::RedirectHome => "redirect_home",
            Self::External => "external",
            Self::RedirectLoop => "redirect_loop",
            Self::RobotsDenied => "robots_denied",
            Self::RobotsUnreachable => "robots_unreachable",
            Self::SkippedPrint => "skipped_print",
            Self::SkippedSavefile => "skipped_savefile",
            Self::SkippedSendmail => "skipped_sendmail",
            Self::SkippedTheme => "skipped_theme",
            Self::SkippedOther => "skipped_other",
            Self::NotArticle(why) => match why {
                NotArticle::Flood => "flood",
                NotArticle::Soft404 => "soft_404",
                NotArticle::Home => "home_page",
                NotArticle::CookieStub => "cookie_stub",
                NotArticle::Login => "login",
                NotArticle::View => "print_view",
                NotArticle::Page => "page",
                NotArticle::Binary => "binary",
                NotArticle::TooLarge => "too_large",
                NotArticle::Incomplete => "incomplete",
            },
            Self::Fault(kind) => match kind {
                FaultKind::Dns => "dns_failure",
                FaultKind::PrivateAddress => "private_address",
                FaultKind::Connect => "connect_failure",
                FaultKind::ConnectTimeout => "connect_timeout",
                FaultKind::HeaderTimeout => "header_timeout",
                FaultKind::IdleTimeout => "idle_timeout",
                FaultKind::TotalTimeout => "total_timeout",
                FaultKind::TlsExpired => "tls_expired",
                FaultKind::TlsHostname => "tls_hostname",
                FaultKind::TlsIssuer => "tls_issuer",
                FaultKind::Tls => "tls_failure",
                FaultKind::Protocol => "protocol_error",
                FaultKind::TooLarge => "too_large",
            },
            Self::ReaderFault => "reader_fault",
            Self::Withdrawn => "withdrawn",
            Self::BeforeSince => "before_since",
        }
    }

    /// Whether the answer means that there is no such page any more.
    pub fn says_gone(self) -> bool {
        matches!(
            self,
            Self::DeadLink
                | Self::Expired
                | Self::Gone
                | Self::RedirectHome
                | Self::NotArticle(NotArticle::Soft404 | NotArticle::Home)
        )
    }

    /// Whether the archive holds an article for this URL afterwards.
    pub fn is_article(self) -> bool {
        matches!(
            self,
            Self::New
                | Self::Unchanged
                | Self::NotModified
                | Self::Revision
                | Self::Alias
                | Self::SameText
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
