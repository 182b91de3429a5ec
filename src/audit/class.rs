//! Which class a known article falls in, and the figure that every audit ends with. Pure.

use crate::domain::{NotArticle, Outcome};
use serde::Serialize;

/// What became of an article that the portal is known to have, or to have had. Every known article
/// URL is in exactly one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The archive has it, whether or not the portal still does.
    Archived,
    /// The portal answered that it is not there, and the archive never had it.
    Gone,
    /// robots.txt forbids it.
    Robots,
    /// The portal gave no usable answer: a fault on the wire, an error, a log-in form.
    Unreachable,
    /// It redirects to another host.
    Elsewhere,
    /// It was withdrawn from the archive.
    Withdrawn,
    /// Its URL looks like an article's, and the answer was something else: a listing, a print view.
    NotArticle,
    /// Nobody knows: never asked, not readable, or its record is lost.
    Unexplained,
}

impl Class {
    /// Every class, in the order of the figure.
    pub const ALL: [Self; 8] = [
        Self::Archived,
        Self::Gone,
        Self::Robots,
        Self::Unreachable,
        Self::Elsewhere,
        Self::Withdrawn,
        Self::NotArticle,
        Self::Unexplained,
    ];

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Gone => "gone",
            Self::Robots => "robots",
            Self::Unreachable => "unreachable",
            Self::Elsewhere => "elsewhere",
            Self::Withdrawn => "withdrawn",
            Self::NotArticle => "not_article",
            Self::Unexplained => "unexplained",
        }
    }

    /// Its name for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Robots => "refused by robots",
            Self::Elsewhere => "on another host",
            Self::NotArticle => "no article",
            other => other.name(),
        }
    }

    /// The class of an article URL whose task ended like this and that has no record. An answer
    /// that the profile could not read as an article (`incomplete`, `reader_fault`) explains
    /// nothing: it may be an article that the archive lacks.
    pub fn of(outcome: Outcome) -> Self {
        use Outcome as O;
        match outcome {
            O::DeadLink
            | O::Expired
            | O::Gone
            | O::RedirectHome
            | O::NotArticle(NotArticle::Soft404 | NotArticle::Home) => Self::Gone,
            O::RobotsDenied => Self::Robots,
            O::HttpError
            | O::RedirectLoop
            | O::RobotsUnreachable
            | O::Fault(_)
            | O::NotArticle(
                NotArticle::Flood
                | NotArticle::CookieStub
                | NotArticle::Login
                | NotArticle::TooLarge,
            ) => Self::Unreachable,
            O::External => Self::Elsewhere,
            O::Withdrawn => Self::Withdrawn,
            O::Listing
            | O::Feed
            | O::Sitemap
            | O::Robots
            | O::Media
            | O::SkippedPrint
            | O::SkippedSavefile
            | O::SkippedSendmail
            | O::SkippedTheme
            | O::SkippedOther
            | O::NotArticle(NotArticle::View | NotArticle::Page | NotArticle::Binary) => {
                Self::NotArticle
            }
            O::New
            | O::Unchanged
            | O::NotModified
            | O::Revision
            | O::Alias
            | O::SameText
            | O::Redirected
            | O::ReaderFault
            | O::BeforeSince
            | O::NotArticle(NotArticle::Incomplete) => Self::Unexplained,
        }
    }
}

/// How many known article URLs fall in each class; `known` is their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// All of them.
    pub known: u64,
    /// In the archive.
    pub archived: u64,
    /// Not there any more, and never archived.
    pub gone: u64,
    /// Refused by robots.txt.
    pub robots: u64,
    /// No usable answer.
    pub unreachable: u64,
    /// On another host.
    pub elsewhere: u64,
    /// Withdrawn from the archive.
    pub withdrawn: u64,
    /// No articles, although their URLs look so.
    pub not_article: u64,
    /// Unexplained.
    pub unexplained: u64,
}

impl Figure {
    /// Counts one URL.
    pub fn add(&mut self, class: Class) {
        self.known += 1;
        *self.slot(class) += 1;
    }

    /// Adds another site's figure.
    pub fn add_all(&mut self, other: &Self) {
        self.known += other.known;
        for class in Class::ALL {
            *self.slot(class) += other.of(class);
        }
    }

    /// How many are in a class.
    pub fn of(&self, class: Class) -> u64 {
        match class {
            Class::Archived => self.archived,
            Class::Gone => self.gone,
            Class::Robots => self.robots,
            Class::Unreachable => self.unreachable,
            Class::Elsewhere => self.elsewhere,
            Class::Withdrawn => self.withdrawn,
            Class::NotArticle => self.not_article,
            Class::Unexplained => self.unexplained,
        }
    }

    fn slot(&mut self, class: Class) -> &mut u64 {
        match class {
            Class::Archived => &mut self.archived,
            Class::Gone => &mut self.gone,
            Class::Robots => &mut self.robots,
            Class::Unreachable => &mut self.unreachable,
            Class::Elsewhere => &mut self.elsewhere,
            Class::Withdrawn => &mut self.withdrawn,
            Class::NotArticle => &mut self.not_article,
            Class::Unexplained => &mut self.unexplained,
        }
    }
}

impl std::fmt::Display for Figure {
    /// The classes of every audit always, the rarer ones where there are any.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "known {}", self.known)?;
        let mut sign = " = ";
        for class in Class::ALL {
            let rare = matches!(
                class,
                Class::Elsewhere | Class::Withdrawn | Class::NotArticle
            );
            let count = self.of(class);
            if !rare || count > 0 {
                write!(f, "{sign}{} {count}", class.words())?;
                sign = " + ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FaultKind;

    #[test]
    fn what_says_gone_is_gone_and_what_has_an_article_is_not_explained_without_it() {
        for outcome in [
            Outcome::DeadLink,
            Outcome::Expired,
            Outcome::Gone,
            Outcome::RedirectHome,
            Outcome::NotArticle(NotArticle::Soft404),
            Outcome::NotArticle(NotArticle::Home),
        ] {
            assert!(outcome.says_gone());
            assert_eq!(Class::of(outcome), Class::Gone, "{outcome}");
        }
        for outcome in [Outcome::New, Outcome::Alias, Outcome::SameText] {
            assert!(outcome.is_article());
            assert_eq!(Class::of(outcome), Class::Unexplained, "{outcome}");
        }
        let incomplete = Outcome::NotArticle(NotArticle::Incomplete);
        assert_eq!(Class::of(incomplete), Class::Unexplained);
        let dns = Outcome::Fault(FaultKind::Dns);
        assert_eq!(Class::of(dns), Class::Unreachable);
    }

    #[test]
    fn the_line_adds_up() {
        let mut figure = Figure::default();
        for class in [Class::Archived, Class::Archived, Class::Elsewhere] {
            figure.add(class);
        }
        let line = "known 3 = archived 2 + gone 0 + refused by robots 0 + unreachable 0 \
                    + on another host 1 + unexplained 0";
        assert_eq!(figure.to_string(), line);
        let sum: u64 = Class::ALL.iter().map(|class| figure.of(*class)).sum();
        assert_eq!(sum, figure.known);
    }
}
