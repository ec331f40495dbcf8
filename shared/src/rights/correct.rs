//! Correcting what somebody said about themselves, on all that lies ahead.

use std::sync::Arc;

use jiff::Timestamp;

use crate::audit::Record;
use crate::booking::store::{self, Correction, Desk, is_ahead};
use crate::ids::PersonId;
use crate::organization::Snapshot;
use crate::participant::Allowances;
use crate::service::Service;
use crate::trouble::Trouble;

/// Corrects name and telephone on a participant's appointments that lie ahead;
/// each is confirmed anew by mail. How many there were to correct, and how many
/// lie ahead. `by` is who corrects, and from where.
///
/// # Errors
/// When DynamoDB fails: then some may be corrected, and asking again does the rest.
pub async fn correct(
    service: &Service,
    snapshot: &Arc<Snapshot>,
    person: PersonId,
    right: &Correction,
    by: &Record,
    now: Timestamp,
) -> Result<(usize, usize), Trouble> {
    let organization = snapshot.organization.id;
    let allowances = Allowances::default();
    let mut bookings = store::of_person(service, organization, &snapshot.keys, person).await?;
    bookings.retain(|booking| is_ahead(booking, now));
    let mut corrected = 0;
    for booking in &bookings {
        let occasion = service.occasion_of(Arc::clone(snapshot), booking.event).await?;
        let Some(occasion) = occasion else { continue };
        let desk = Desk { service, allowances: &allowances, occasion: &occasion, now };
        corrected += usize::from(desk.correct(booking, right, by).await?);
    }
    Ok((corrected, bookings.len()))
}
