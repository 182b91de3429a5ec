//! Floor 1: types without I/O. Nothing here reads a file, a socket or the clock of the machine
//! (the `Clock` trait is the seam through which time comes in).

mod article;
mod clock;
mod digest;
mod exchange;
mod id;
mod moved;
mod outcome;
mod page;
mod paging;
mod province;
mod url;

pub use self::url::{CanonicalUrl, UrlError, UrlPolicy};
pub use article::{
    Article, Attachment, Block, BlockKind, Byline, Image, Person, Precision, Role, Timestamp,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use digest::{Digest, Sha256Stream, hex};
pub use exchange::{Exchange, Fault, FaultKind, Timings, TlsFacts, Truncation};
pub use id::{RecordId, SiteId};
pub use moved::{Former, Moves, bare};
pub use outcome::Outcome;
pub use page::{CharsetFacts, Link, LinkKind, NotArticle, Page, PageKind, Warning};
pub use paging::page_number;
pub use province::province_on;
