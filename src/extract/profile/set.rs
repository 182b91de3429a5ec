//! All profiles of a run: the built-in ones, those of a directory, and the choice among them.

use super::compile::{Known, Source, compile, read};
use super::error::{ProfileError, line_of};
use super::raw::{RawProfile, inherit};
use super::{Css, Profile};
use chrono::NaiveDate;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The files in `selectors/`, compiled into the program.
const BUILTIN: &[(&str, &str)] = &[
    (
        "selectors/nukeviet.toml",
        include_str!("../../../selectors/nukeviet.toml"),
    ),
    (
        "selectors/nukeviet-mobile.toml",
        include_str!("../../../selectors/nukeviet-mobile.toml"),
    ),
    (
        "selectors/nukeviet-44.toml",
        include_str!("../../../selectors/nukeviet-44.toml"),
    ),
    (
        "selectors/nukeviet-egov.toml",
        include_str!("../../../selectors/nukeviet-egov.toml"),
    ),
    (
        "selectors/generic.toml",
        include_str!("../../../selectors/generic.toml"),
    ),
];

/// Ancestors of one profile at most.
const MAX_EXTENDS: usize = 8;

/// Profiles by name. Cheap to clone and to share between threads.
#[derive(Debug, Clone)]
pub struct ProfileSet {
    /// By name; several with one name differ by their dates.
    profiles: BTreeMap<String, Vec<Arc<Profile>>>,
}

impl ProfileSet {
    /// The profiles compiled into the program.
    ///
    /// # Errors
    /// None in a program that passed its tests.
    pub fn builtin() -> Result<Self, ProfileError> {
        Self::with_dir(&[])
    }

    /// The built-in profiles and those of a directory, given as (path, contents) of its
    /// `*.toml` files: a profile with the name of a built-in one takes its place.
    ///
    /// # Errors
    /// The first fault, with file, line and what to write instead.
    pub fn with_dir(files: &[(String, String)]) -> Result<Self, ProfileError> {
        let builtin = BUILTIN.iter().map(|(file, text)| Source {
            file: (*file).to_owned(),
            text: (*text).to_owned(),
        });
        let mut raws: Vec<(RawProfile, Source)> = Vec::new();
        for source in builtin {
            raws.push((read(&source)?, source));
        }
        let own: Vec<(RawProfile, Source)> = files
            .iter()
            .map(|(file, text)| {
                let source = Source {
                    file: file.clone(),
                    text: text.clone(),
                };
                Ok((read(&source)?, source))
            })
            .collect::<Result<_, ProfileError>>()?;
        let replaced: BTreeSet<&str> = own.iter().map(|(raw, _)| raw.name.as_str()).collect();
        raws.retain(|(raw, _)| !replaced.contains(raw.name.as_str()));
        raws.extend(own);
        let known = RefCell::new(Known::default());
        let mut profiles: BTreeMap<String, Vec<Arc<Profile>>> = BTreeMap::new();
        for (raw, source) in &raws {
            // The profile alone first: its own faults are reported with its own lines.
            compile(raw, source, "", &known)?;
            let (resolved, content) = resolve(raw, source, &raws)?;
            let profile = Arc::new(compile(&resolved, source, &content, &known)?);
            profiles.entry(raw.name.clone()).or_default().push(profile);
        }
        let set = Self { profiles };
        for (raw, source) in &raws {
            for variant in &raw.variants {
                if !set.profiles.contains_key(variant.get_ref()) {
                    return Err(set.unknown(variant.get_ref(), source, variant.span().start));
                }
            }
        }
        Ok(set)
    }

    /// The names of all profiles, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// The profile called `name` that is the latest (without an end of validity, if there is
    /// one).
    pub fn get(&self, name: &str) -> Option<&Arc<Profile>> {
        let list = self.profiles.get(name)?;
        list.iter()
            .find(|profile| profile.valid_until.is_none())
            .or_else(|| list.last())
    }

    /// The profile called `name` that is valid on `day`.
    pub fn get_on(&self, name: &str, day: NaiveDate) -> Option<&Arc<Profile>> {
        let list = self.profiles.get(name)?;
        list.iter()
            .find(|profile| profile.is_valid_on(day))
            .or_else(|| self.get(name))
    }

    /// The member of `profile`'s family that fits a page: the first of its `variants` whose
    /// `detect` `fits`, else itself.
    pub(in crate::extract) fn choose<'a>(
        &'a self,
        profile: &'a Profile,
        day: NaiveDate,
        fits: impl Fn(&Css) -> bool,
    ) -> &'a Profile {
        profile
            .variants
            .iter()
            .filter_map(|name| self.get_on(name, day))
            .find(|variant| variant.detect.as_ref().is_some_and(&fits))
            .map_or(profile, |variant| &**variant)
    }

    fn unknown(&self, name: &str, source: &Source, at: usize) -> ProfileError {
        unknown(
            name,
            source,
            at,
            &self.profiles.keys().cloned().collect::<Vec<_>>(),
        )
    }
}

fn unknown(name: &str, source: &Source, at: usize, names: &[String]) -> ProfileError {
    ProfileError {
        file: source.file.clone(),
        line: Some(line_of(&source.text, at)),
        what: format!("there is no profile {name:?}"),
        instead: format!("write one of {}", names.join(", ")),
    }
}

/// Follows `extends`; the second value is everything that went into the profile.
fn resolve(
    raw: &RawProfile,
    source: &Source,
    all: &[(RawProfile, Source)],
) -> Result<(RawProfile, String), ProfileError> {
    let mut out = raw.clone();
    let mut content = source.text.clone();
    let mut at = (raw, source);
    for _ in 0..MAX_EXTENDS {
        let Some(parent) = &at.0.extends else {
            return Ok((out, content));
        };
        let Some(next) = all
            .iter()
            .find(|(other, _)| other.name == *parent.get_ref())
        else {
            let names: Vec<String> = all.iter().map(|(raw, _)| raw.name.clone()).collect();
            return Err(unknown(parent.get_ref(), at.1, parent.span().start, &names));
        };
        inherit(&mut out, &next.0);
        content.push('\0');
        content.push_str(&next.1.text);
        at = (&next.0, &next.1);
    }
    Err(ProfileError {
        file: source.file.clone(),
        line: None,
        what: format!("profile {:?} extends itself, or too many others", raw.name),
        instead: "end the chain of `extends`".to_owned(),
    })
}
