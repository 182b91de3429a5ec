//! What a portal is like: its size, its theme, its traps and its manners.
//!
//! Owns no behaviour: the other files of the portal read it.

use std::time::Duration;

/// The markup that the portal answers with (a mobile User-Agent always gets [`Theme::Mobile`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// The default theme of NukeViet 4.5.
    Default45,
    /// The mobile theme, also for desktop browsers.
    Mobile,
    /// The default theme of NukeViet 4.3 and 4.4.
    Old44,
    /// The theme of NukeViet eGov 1.2.
    Egov,
}

/// What a client gets that asked too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flood {
    /// Nobody is turned away.
    Off,
    /// 429 with `Retry-After`, as NukeViet 4.5 does.
    Status429,
    /// The same page with status 200, as 4.4.08 and eGov 1.2 do.
    Status200,
}

/// What the portal says of an article's version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Versions {
    /// As NukeViet does: no `ETag`, and `Last-Modified` is always yesterday. Never 304.
    #[default]
    Php,
    /// A weak `ETag` that changes with the article; 304 to whoever has it.
    Tags,
    /// A `Last-Modified` that changes with the article; 304 to whoever has it.
    Dates,
    /// An `ETag` that never changes, whatever becomes of the article.
    Stuck,
}

/// One fixed window of the anti-flood rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FloodWindow {
    /// Requests allowed in the window.
    pub requests: u32,
    /// Length of the window.
    pub length: Duration,
}

/// Everything that can be chosen about a portal. `Default` is 300 articles with every trap of the
/// content, and no anti-flood rule.
#[derive(Debug, Clone)]
pub struct PortalConfig {
    /// Articles that a visitor can read: the length of [`Portal::truth`](super::Portal::truth).
    pub articles: usize,
    /// The theme for desktop browsers.
    pub theme: Theme,
    /// The anti-flood answer.
    pub flood: Flood,
    /// The anti-flood windows (NukeViet's default: 40 in 60 s and 150 in 300 s).
    pub flood_windows: Vec<FloodWindow>,
    /// Compress HTML and XML for clients that accept gzip.
    pub gzip: bool,
    /// Send bodies chunked instead of with `Content-Length`.
    pub chunked: bool,
    /// The content is a function of the seed and of the numbers above and below.
    pub seed: u64,
    /// Least bytes of HTML a page; shorter pages are filled up with blocks of no interest.
    pub page_bytes: usize,
    /// Expired and external articles, gaps, second categories, dead links, robots traps.
    pub traps: bool,
    /// The home page links to the `/faults/` family as `/tin-tuc/loi-N.html`.
    pub traps_faults: bool,
    /// `Crawl-delay` in robots.txt.
    pub crawl_delay: Option<Duration>,
    /// `Disallow` lines in robots.txt (the home page links to pages below `/noi-bo/`).
    pub robots_disallow: Vec<String>,
    /// Serve and announce RSS.
    pub rss: bool,
    /// Serve and announce the sitemaps.
    pub sitemap: bool,
    /// Wait before each answer.
    pub latency: Duration,
    /// Articles of one category that share one publication time (at most a third of all).
    pub same_time: usize,
    /// Render and compress everything once, at the start: pages no longer differ from fetch to
    /// fetch, and the server costs next to nothing. Any edit ends it.
    pub static_pages: bool,
    /// Keep the request headers in the log of hits.
    pub log_headers: bool,
    /// Pages are there under `/index.php/` alone, as on a server that rewrites no addresses.
    pub front: bool,
    /// The port; any free one if `None`.
    pub port: Option<u16>,
    /// What it calls itself, without the final slash, where a proxy stands before it
    /// ("https://127.0.0.1:PORT").
    pub root: Option<String>,
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self {
            articles: 300,
            theme: Theme::Default45,
            flood: Flood::Off,
            flood_windows: vec![
                FloodWindow {
                    requests: 40,
                    length: Duration::from_secs(60),
                },
                FloodWindow {
                    requests: 150,
                    length: Duration::from_secs(300),
                },
            ],
            gzip: true,
            chunked: false,
            seed: 2022,
            page_bytes: 0,
            traps: true,
            traps_faults: false,
            crawl_delay: None,
            robots_disallow: ["/noi-bo/", "/admin/", "/install/"]
                .map(String::from)
                .into(),
            rss: true,
            sitemap: true,
            latency: Duration::ZERO,
            same_time: 25,
            static_pages: false,
            log_headers: true,
            front: false,
            port: None,
            root: None,
        }
    }
}

impl PortalConfig {
    /// The default portal with another number of articles.
    pub fn with_articles(articles: usize) -> Self {
        Self {
            articles,
            ..Self::default()
        }
    }

    /// What the benchmark crawls: `articles` pages of about 37 KB, rendered and compressed once,
    /// without traps.
    pub fn benchmark(articles: usize) -> Self {
        Self {
            articles,
            page_bytes: 37_000,
            traps: false,
            same_time: 0,
            static_pages: true,
            log_headers: false,
            ..Self::default()
        }
    }
}
