//! What a user decides about alarms: their pages are good, or are read again with mended profiles.

use super::{Alarm, Archive, ArchiveError, Symptom, baseline, of_record, symptom};
use crate::archive::RecordRow;
use crate::config::{Config, Site};
use crate::crawl::{CrawlError, Reread, RereadPlan, reread};
use crate::domain::RecordId;
use crate::extract::profile::ProfileSet;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How alarms were settled.
#[derive(Debug, Default, Serialize)]
pub struct Settled {
    /// Alarms that are closed now.
    pub closed: Vec<String>,
    /// Alarms that stay open.
    pub open: Vec<String>,
    /// Revisions that left quarantine.
    pub released: u64,
    /// Revisions that stay there.
    pub kept: u64,
    /// What reading again found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reread: Option<Reread>,
}

type Marks = Vec<(RecordId, i64)>;

fn marks(archive: &Archive, alarm: &str) -> Result<Marks, ArchiveError> {
    let all = archive.all_quarantined()?.into_iter();
    let of = all.filter(|(_, _, mark)| mark.alarms.iter().any(|known| known == alarm));
    Ok(of.map(|(id, at, _)| (id, at)).collect())
}

/// Takes what the alarms had put in quarantine as good: what they saw is usual from now on.
/// `at`: microseconds since 1970.
pub fn accept(archive: &Archive, alarms: &[Alarm], at: i64) -> Result<Settled, CrawlError> {
    let before = archive.all_quarantined()?.len();
    let mut done = Settled::default();
    for alarm in alarms {
        let marks = marks(archive, &alarm.id)?;
        archive.put_alarm(&Alarm {
            accepted: Some(at),
            ..alarm.clone()
        })?;
        archive.release(&alarm.id, &marks)?;
        done.closed.push(alarm.id.clone());
    }
    archive.flush()?;
    done.kept = archive.all_quarantined()?.len() as u64;
    done.released = (before as u64).saturating_sub(done.kept);
    Ok(done)
}

/// Reads what the alarms had put in quarantine again with today's profiles, and releases what does
/// not show their symptoms any more. An alarm with nothing left in quarantine is closed.
pub fn reextract(
    archive: &Archive,
    config: &Config,
    profiles: &Arc<ProfileSet>,
    alarms: &[Alarm],
) -> Result<Settled, CrawlError> {
    let before = archive.all_quarantined()?.len();
    let mut wanted = BTreeSet::new();
    for alarm in alarms {
        wanted.extend(marks(archive, &alarm.id)?);
    }
    let plan = RereadPlan {
        only: Some(wanted),
        ..RereadPlan::default()
    };
    let mut done = Settled {
        reread: Some(reread(archive, config, profiles, &plan, &|_| {})?),
        ..Settled::default()
    };
    let first = alarms
        .iter()
        .map(|alarm| alarm.run)
        .min()
        .unwrap_or_default();
    let runs = archive.runs_since(first.saturating_sub(super::LOOKED_BACK))?;
    for alarm in alarms {
        let site = config.sites.iter().find(|site| site.id == alarm.site);
        let (Some(site), Some(symptom)) = (site, symptom(alarm)) else {
            done.open.push(alarm.id.clone());
            continue;
        };
        let marks = marks(archive, &alarm.id)?;
        // What no record holds cannot be read again: those pages are asked for by the next crawl.
        if marks.is_empty() {
            done.open.push(alarm.id.clone());
            continue;
        }
        let sound = sound(archive, site, &runs, symptom, &marks)?;
        archive.release(&alarm.id, &sound)?;
        if sound.len() == marks.len() {
            archive.remove_alarm(alarm)?;
            done.closed.push(alarm.id.clone());
        } else {
            done.open.push(alarm.id.clone());
        }
    }
    archive.flush()?;
    done.kept = archive.all_quarantined()?.len() as u64;
    done.released = (before as u64).saturating_sub(done.kept);
    Ok(done)
}

/// Those of an alarm's revisions that are sound as they are read now.
fn sound(
    archive: &Archive,
    site: &Site,
    runs: &[crate::archive::RunReport],
    about: Symptom,
    marks: &Marks,
) -> Result<Marks, ArchiveError> {
    let usual = baseline(archive, site, runs, &|_| true)?;
    let mut sound = Vec::new();
    for (id, at) in marks {
        let Some(row) = archive.record_row(*id)? else {
            // It was withdrawn.
            sound.push((*id, *at));
            continue;
        };
        let Some((number, sample)) = at_time(archive, &row, *at)? else {
            sound.push((*id, *at));
            continue;
        };
        let before = match archive.sound_before(&row, number)? {
            Some(number) => archive.revision(&row, number)?,
            None => None,
        };
        let shows = match before {
            Some(before) => {
                let (own, paired) = usual.changed(&sample, &of_record(&row, &before));
                own.contains(&about) || paired.contains(&about)
            }
            None => usual.symptoms(&sample).contains(&about),
        };
        if !shows {
            sound.push((*id, *at));
        }
    }
    Ok(sound)
}

/// The revision that was captured at this time.
fn at_time(
    archive: &Archive,
    row: &RecordRow,
    at: i64,
) -> Result<Option<(u32, super::Sample)>, ArchiveError> {
    for number in (1..=row.current.number).rev() {
        if let Some(revision) = archive.revision(row, number)?
            && revision.fetched_at == at
        {
            return Ok(Some((number, of_record(row, &revision))));
        }
    }
    Ok(None)
}
