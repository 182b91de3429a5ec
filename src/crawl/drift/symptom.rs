//! What a page may show that is odd, by name, and how usual it is on any site at least.

use super::sample::{Field, WARNED};
use crate::domain::{NotArticle, Outcome};
use serde::{Deserialize, Serialize};

/// What a page may show. Digests are `sample::hash`'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Symptom {
    /// A field is not there.
    Absent(Field),
    /// It was there when the page was read before.
    Lost(Field),
    /// A quarter of the shortest ones' length, or less.
    Short(Field),
    /// Four times as long as the longest ones, or more.
    Long(Field),
    /// It was more than twice as long when the page was read before.
    Shrunk(Field),
    /// It was less than half as long.
    Grown(Field),
    /// It says what other pages say. `bool`: a byline that names a person.
    Same(Field, u64, bool),
    /// It said something else when the page was read before.
    Turned(Field, u64),
    /// A paragraph that other articles have.
    Boilerplate(u64),
    /// Published when it was fetched.
    Now,
    /// And it had another date before.
    TurnedNow,
    /// Published after it was fetched.
    Future,
    /// Published long before or after articles with numbers next to its own.
    Order,
    /// A warning about its date, by its number in `WARNED`.
    Warned(u8),
    /// An article's URL answers with no article.
    NoArticle(NotArticle),
    /// And there was one before.
    ArticleLost(NotArticle),
}

impl Symptom {
    /// The field, for people.
    pub fn field(self) -> &'static str {
        match self.watched() {
            Some(field) => field.name(),
            None => "article",
        }
    }

    pub fn watched(self) -> Option<Field> {
        match self {
            Self::Absent(field)
            | Self::Lost(field)
            | Self::Short(field)
            | Self::Long(field)
            | Self::Shrunk(field)
            | Self::Grown(field)
            | Self::Same(field, ..)
            | Self::Turned(field, _) => Some(field),
            Self::Boilerplate(_) => Some(Field::Body),
            Self::Now | Self::TurnedNow | Self::Future | Self::Order | Self::Warned(_) => {
                Some(Field::Published)
            }
            Self::NoArticle(_) | Self::ArticleLost(_) => None,
        }
    }

    /// What is odd, in a word.
    pub fn name(self) -> String {
        match self {
            Self::Absent(_) => "absent".to_owned(),
            Self::Lost(_) => "lost".to_owned(),
            Self::Short(_) => "short".to_owned(),
            Self::Long(_) => "long".to_owned(),
            Self::Shrunk(_) => "shrunk".to_owned(),
            Self::Grown(_) => "grown".to_owned(),
            Self::Same(_, digest, _) => format!("same-{:08x}", digest >> 32),
            Self::Turned(_, digest) => format!("turned-{:08x}", digest >> 32),
            Self::Boilerplate(digest) => format!("boilerplate-{:08x}", digest >> 32),
            Self::Now => "now".to_owned(),
            Self::TurnedNow => "turned-now".to_owned(),
            Self::Future => "future".to_owned(),
            Self::Order => "order".to_owned(),
            Self::Warned(at) => WARNED
                .get(usize::from(at))
                .unwrap_or(&"warned")
                .replace('_', "-"),
            Self::NoArticle(why) => Outcome::NotArticle(why).name().replace('_', "-"),
            Self::ArticleLost(why) => {
                let why = Outcome::NotArticle(why).name().replace('_', "-");
                format!("lost-{why}")
            }
        }
    }

    /// The least share that it is expected to have on any site.
    pub fn floor(self) -> f64 {
        match self {
            Self::Absent(Field::Title | Field::Body) | Self::Lost(_) => 0.01,
            Self::Absent(Field::Lead | Field::Published) => 0.02,
            // Editors are free in these: a week without pictures is no drift.
            Self::Absent(Field::Byline) => 0.2,
            Self::Absent(Field::Section) => 0.3,
            Self::Absent(_) => 0.6,
            // A week of short notices is no drift.
            Self::Short(_) | Self::Long(_) | Self::Same(Field::Lead, ..) => 0.1,
            Self::Shrunk(_) | Self::Grown(_) => 0.02,
            Self::Same(Field::Byline, _, true) => 0.4,
            Self::Same(Field::Byline, ..) => 0.12,
            Self::Same(..) => 0.05,
            Self::Turned(..) | Self::TurnedNow => 0.01,
            Self::Boilerplate(_) | Self::Now | Self::Order => 0.1,
            Self::Future => 0.02,
            Self::Warned(_) => 0.05,
            Self::ArticleLost(NotArticle::Soft404 | NotArticle::Home) => 0.1,
            Self::NoArticle(_) => 0.05,
            Self::ArticleLost(_) => 0.01,
        }
    }

    /// Whether it is odd on any site if most pages show it.
    pub fn is_absurd(self) -> bool {
        matches!(
            self,
            Self::Absent(Field::Title | Field::Body | Field::Published)
                | Self::Same(Field::Title | Field::Lead | Field::Body, ..)
                | Self::Now
                | Self::Future
                | Self::NoArticle(NotArticle::Incomplete)
        )
    }

    /// Whether no record shows it: what came of an address, or of a change.
    pub fn is_passing(self) -> bool {
        self.is_paired() || matches!(self, Self::NoArticle(_))
    }

    /// Whether it is told by comparing a page with what it was before.
    pub fn is_paired(self) -> bool {
        matches!(
            self,
            Self::Lost(_)
                | Self::Shrunk(_)
                | Self::Grown(_)
                | Self::Turned(..)
                | Self::TurnedNow
                | Self::ArticleLost(_)
        )
    }
}
