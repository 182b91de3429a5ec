//! One site's host: its robots.txt, its gate, and what is kept of both for the next run.

use super::site::SiteState;
use super::{CrawlError, Shared};
use crate::archive::{Archive, ArchiveError, End};
use crate::config::Site;
use crate::domain::{Exchange, NotArticle, Outcome};
use crate::fetch::{SiteNet, SiteNetSettings, TlsMode};
use std::sync::Arc;
use std::time::Duration;
use url::Url;
