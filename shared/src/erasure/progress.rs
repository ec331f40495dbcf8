//! How far a deletion has come, for whoever has the link of its certificate.

use jiff::Timestamp;

use super::{Course, planned};
use crate::certificate::Signed;
use crate::ids::{DeletionId, OrganizationId};
use crate::ledger::{self, Forgotten};
use crate::run;
use crate::service::Service;
use crate::trouble::Trouble;

/// How far a deletion has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It was asked for and can still be taken back.
    Waiting {
        /// When it was asked for.
        asked: Timestamp,
        /// Until when it can be taken back.
        until: Timestamp,
    },
    /// It was taken back: nothing was deleted.
    TakenBack {
        /// When it had been asked for.
        asked: Timestamp,
    },
    /// It is under way.
    Removing {
        /// Since when.
        begun: Timestamp,
        /// When the keys were destroyed, if they were.
        key_destroyed: Option<Timestamp>,
        /// How many items were removed.
        removed: u64,
    },
    /// One person's data is being removed.
    RemovingPerson {
        /// Since when.
        begun: Timestamp,
    },
    /// It is done.
    Done {
        /// When.
        ended: Timestamp,
        /// The certificate.
        certificate: Signed,
    },
}

/// How far a deletion has come; `None` where there is none, or it was taken
/// back so long ago that this is forgotten.
///
/// # Errors
/// When DynamoDB fails or what is stored is damaged.
pub async fn standing(
    service: &Service,
    organization: OrganizationId,
    deletion: DeletionId,
) -> Result<Option<Standing>, Trouble> {
    let entry = ledger::find(service, organization, deletion).await?;
    if let Some((ended, certificate)) =
        entry.as_ref().and_then(|entry| entry.ended.zip(entry.certificate.clone()))
    {
        return Ok(Some(Standing::Done { ended, certificate }));
    }
    let which = Course::which(organization, deletion);
    let course = run::find::<Course>(service, which).await?.map(|found| found.run.state);
    if let Some(entry) = entry {
        if entry.what != Forgotten::Organization {
            return Ok(Some(Standing::RemovingPerson { begun: entry.at }));
        }
        return Ok(Some(Standing::Removing {
            begun: entry.at,
            key_destroyed: course.as_ref().and_then(|course| course.key_destroyed),
            removed: course.map_or(0, |course| course.count()),
        }));
    }
    let Some(course) = course else { return Ok(None) };
    let waits = planned::find(service, organization).await?;
    Ok(Some(match waits.filter(|planned| planned.deletion == deletion) {
        Some(planned) => Standing::Waiting { asked: planned.asked, until: planned.due },
        None => Standing::TakenBack { asked: course.asked },
    }))
}
