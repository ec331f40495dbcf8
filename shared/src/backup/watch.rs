//! Whether backups are as new as they should be.

use jiff::Timestamp;

use super::drill::Drill;
use super::night::Night;
use super::rules::{self, PROVEN_WITHIN, TAKEN_WITHIN};
use crate::ids::OrganizationId;
use crate::run::{self, Kind, Standing};
use crate::service::Service;
use crate::trouble::Trouble;

/// So many nights are looked at: more than are kept.
const NIGHTS: i32 = 40;
/// So many drills are looked at.
const DRILLS: i32 = 10;

/// What the newest backups are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ages {
    /// Since when the newest whole set is there.
    pub taken: Option<Timestamp>,
    /// Of when the newest set is that was tried out and found right.
    pub proven: Option<Timestamp>,
    /// Whether there should have been a newer one by now.
    pub late: bool,
    /// Whether one should have been tried out by now.
    pub unproven: bool,
}

/// Looks at the newest runs.
///
/// # Errors
/// When DynamoDB fails or a run is damaged.
pub async fn ages(
    service: &Service,
    operator: OrganizationId,
    now: Timestamp,
) -> Result<Ages, Trouble> {
    let nights = run::latest::<Night>(service, operator, Kind::Backup, NIGHTS).await?;
    let drills = run::latest::<Drill>(service, operator, Kind::Drill, DRILLS).await?;
    Ok(of(&nights, &drills, now))
}

/// What these runs, the newest first, say about the ages of backups.
#[must_use]
pub fn of(nights: &[Standing<Night>], drills: &[Standing<Drill>], now: Timestamp) -> Ages {
    let all_taken = || nights.iter().filter_map(|night| night.run.state.taken());
    let taken = all_taken().max();
    let proven = drills.iter().filter_map(|drill| drill.run.state.proven()).max();
    let first_asked = nights.last().map(|night| night.run.begun);
    Ages {
        taken,
        proven,
        late: rules::is_late(taken, first_asked, TAKEN_WITHIN, now),
        unproven: rules::is_late(proven, all_taken().min(), PROVEN_WITHIN, now),
    }
}
