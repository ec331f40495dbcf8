//! Everything that is booked under one address.

use std::collections::HashMap;

use http::StatusCode;
use shared::booking::{Booking, store};
use shared::ids::EventId;
use shared::organization::{Occasion, Snapshot};
use shared::web::{Fault, Reply};

use super::book::booking_path;
use super::guest::{Guest, bookings_path, dependents_path, link_path};
use super::your_data::your_data_path;
use super::{appointment, shape, who};
use crate::Visit;
use crate::pages::{BookedLine, BookingsPage, BookingsState, PageHead};
use crate::replies::{head, page};
use crate::wire::{BookingsShape, ConfirmedShape, ErrorShape};

#[utoipa::path(
    get,
    path = "/{organization}/bookings",
    tag = "Signed in",
    summary = "Everything booked under one's own address",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "What is booked", body = BookingsShape),
        (status = 401, description = "Nobody has signed in", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn mine(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let snapshot = visit.snapshot().await?;
    let Some(guest) = visit.guest(&snapshot).await? else {
        if !visit.incoming.wants_page() {
            return Err(Fault::sign_in_needed());
        }
        return Ok(shown(&snapshot, None, asks_for_link(&snapshot)));
    };
    let service = &visit.function.service;
    let organization = &snapshot.organization;
    let bookings = store::of_person(service, organization.id, &snapshot.keys, guest.person).await?;
    let occasions = occasions(visit, &snapshot, &bookings).await?;
    let placed = |booking: &Booking| occasions.get(&booking.event);
    let (mut past, coming): (Vec<_>, Vec<_>) =
        bookings.iter().partition(|booking| booking.end <= visit.now);
    past.reverse();
    if !visit.incoming.wants_page() {
        let address = &service.settings.public_address;
        let shapes = |of: &[&Booking]| {
            of.iter()
                .filter_map(|booking| {
                    let occasion = placed(booking)?;
                    let manage_url = format!("{address}{}", booking_path(occasion, booking));
                    Some(ConfirmedShape { booking: shape(occasion, booking), manage_url })
                })
                .collect()
        };
        let shape = BookingsShape { coming: shapes(&coming), past: shapes(&past) };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let lines = |of: &[&Booking]| {
        of.iter()
            .filter_map(|booking| {
                let occasion = placed(booking)?;
                Some(BookedLine {
                    path: booking_path(occasion, booking),
                    event: occasion.event().name.clone(),
                    appointment: appointment(occasion, booking.slot, booking.start, booking.end),
                    who: who(booking),
                })
            })
            .collect()
    };
    let state = BookingsState::SignedIn {
        coming: lines(&coming),
        past: lines(&past),
        dependents_path: dependents_path(organization),
        your_data_path: your_data_path(organization),
        organization_path: format!("/{}", organization.web_name),
    };
    Ok(shown(&snapshot, Some(guest), state))
}

/// The events at which something is booked. One that is gone shows nothing.
async fn occasions(
    visit: &Visit<'_>,
    snapshot: &std::sync::Arc<Snapshot>,
    bookings: &[Booking],
) -> Result<HashMap<EventId, Occasion>, Fault> {
    let mut found = HashMap::new();
    for booking in bookings {
        if found.contains_key(&booking.event) {
            continue;
        }
        let service = &visit.function.service;
        let occasion = service.occasion_of(std::sync::Arc::clone(snapshot), booking.event).await?;
        found.extend(occasion.map(|occasion| (booking.event, occasion)));
    }
    Ok(found)
}

pub(super) fn asks_for_link(snapshot: &Snapshot) -> BookingsState {
    BookingsState::SignedOut {
        action: link_path(&snapshot.organization),
        sign_in_path: format!("/{}/sign-in", snapshot.organization.web_name),
    }
}

fn shown(snapshot: &Snapshot, guest: Option<Guest>, state: BookingsState) -> Reply {
    let head = PageHead::new(Some(head(&snapshot.organization)));
    let shown = BookingsPage {
        head: head.of_person(guest.map(|guest| guest.head)),
        path: bookings_path(&snapshot.organization),
        state,
    };
    page(StatusCode::OK, &shown)
}
