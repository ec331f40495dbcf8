//! Asking for an erasure and taking it back.

use jiff::Timestamp;

use super::Course;
use super::planned::{Planned, find, planning, unplanning};
use super::rules::{self, Obstacle, WAIT};
use crate::audit::{self, Record};
use crate::dynamo::Write;
use crate::ids::{DeletionId, MemberId, OrganizationId};
use crate::notice::administrators::to_administrators;
use crate::notice::{News, owed};
use crate::organization::Snapshot;
use crate::retention::hold;
use crate::run::{self, Run};
use crate::service::Service;
use crate::trouble::Trouble;

/// What became of a wish to erase an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It waits, from now on or since somebody else asked.
    Waits(Planned),
    /// It is not possible.
    Refused(Obstacle),
}

/// Why an erasure is not taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// None was asked for, or it was taken back before.
    #[error("Nobody has asked to delete this organization, or somebody has taken it back already.")]
    NothingAsked,
    /// Its time is over.
    #[error("The time in which this could be taken back is over. The deletion has begun.")]
    TooLate,
}

/// Asks for the erasure of an organization: what waits, the run that will do
/// it, `record` and a mail to every administrator, in one transaction.
///
/// # Errors
/// When DynamoDB fails or there is no randomness.
pub async fn ask(
    service: &Service,
    snapshot: &Snapshot,
    by: MemberId,
    record: &Record,
    now: Timestamp,
) -> Result<Asked, Trouble> {
    let organization = &snapshot.organization;
    let holds = hold::any(service, organization.id).await?;
    if let Err(obstacle) = rules::may_be_erased(organization, holds) {
        return Ok(Asked::Refused(obstacle));
    }
    // Without the operator's keys there would be no certificate at the end.
    crate::certificate::link::operator_keys(service, now).await?;
    if let Some(planned) = find(service, organization.id).await? {
        return Ok(Asked::Waits(planned));
    }
    let now = whole_second(now);
    let deletion = DeletionId::fresh(now, &*service.chance)?;
    let planned = Planned { deletion, asked: now, due: now + WAIT, by };
    let run = Run {
        which: Course::which(organization.id, deletion),
        begun: now,
        state: Course::new(&planned),
    };
    let mut writes = vec![
        planning(service, organization.id, &planned)?,
        run::beginning(service, &run)?,
        audit::record(service, organization.id, record, now)?,
    ];
    let news = News::ErasureAsked(planned.due, deletion);
    writes.push(telling(service, organization.id, news, deletion, now)?);
    if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        tracing::warn!(organization = %organization.id, %deletion, due = %planned.due, "ERASURE_ASKED");
        return Ok(Asked::Waits(planned));
    }
    // Somebody else asked at the same moment: theirs is as good.
    match find(service, organization.id).await? {
        Some(planned) => Ok(Asked::Waits(planned)),
        None => Err(Trouble::unavailable("asking for an erasure", "somebody was quicker")),
    }
}

/// Takes an erasure back in time: with `record` and a mail to every
/// administrator, in one transaction.
///
/// # Errors
/// When DynamoDB fails or there is no randomness.
pub async fn take_back(
    service: &Service,
    snapshot: &Snapshot,
    record: &Record,
    now: Timestamp,
) -> Result<Result<(), Refusal>, Trouble> {
    let organization = &snapshot.organization;
    let Some(planned) = find(service, organization.id).await? else {
        return Ok(Err(Refusal::NothingAsked));
    };
    if !rules::can_be_taken_back(planned.due, now) {
        return Ok(Err(Refusal::TooLate));
    }
    let writes = taking_back(service, organization.id, planned.deletion, record, now)?;
    if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        tracing::warn!(organization = %organization.id, deletion = %planned.deletion, "ERASURE_TAKEN_BACK");
        return Ok(Ok(()));
    }
    Ok(Err(Refusal::NothingAsked))
}

/// The writes that take an erasure back, by whomever.
pub(super) fn taking_back(
    service: &Service,
    organization: OrganizationId,
    deletion: DeletionId,
    record: &Record,
    now: Timestamp,
) -> Result<Vec<Write>, Trouble> {
    let mut writes = vec![
        unplanning(service, organization, deletion)?,
        audit::record(service, organization, record, now)?,
    ];
    writes.push(telling(service, organization, News::ErasureTakenBack, deletion, now)?);
    Ok(writes)
}

/// What is owed to every administrator.
fn telling(
    service: &Service,
    organization: OrganizationId,
    news: News,
    deletion: DeletionId,
    now: Timestamp,
) -> Result<Write, Trouble> {
    let owed = to_administrators(organization, news, *deletion.as_bytes(), now);
    owed::owe(&service.settings.tables.mail, &owed)
}

/// Items hold whole seconds.
pub(super) fn whole_second(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
