//! A booking's links: confirming, seeing, moving, cancelling it, and its
//! calendar file.

use http::StatusCode;
use shared::booking::store::{Desk, find};
use shared::booking::{Booking, Failure, Refusal, State, rules};
use shared::notice::calendar::{self, Appointment, Method, Moment};
use shared::organization::Occasion;
use shared::slot::{Slot, SlotId};
use shared::vault::{LinkPurpose, OrganizationKeys};
use shared::web::{Fault, Reader, Reply, refusal};

use super::book::{booking_path, nearest};
use super::{appointment, browse, event_path, resource, times};
use crate::Visit;
use crate::pages::{
    BookingNews, BookingPage, BookingState, Choosing, ConfirmPage, ConfirmState, Missed, MovePage,
    PageHead,
};
use crate::replies::{fault_shape, head, page};
use crate::wire::{BookingShape, ConfirmedShape, ErrorShape, MoveShape, NothingShape, SlotShape};

/// A booking found by its link.
struct Found {
    occasion: Occasion,
    booking: Booking,
}

/// Finds the booking that the path's link opens. Every link that opens nothing
/// gets the same answer.
async fn found(visit: &Visit<'_>, purpose: LinkPurpose) -> Result<Found, Fault> {
    let service = &visit.function.service;
    let snapshot = visit.snapshot().await?;
    let link = visit.incoming.path("link");
    let id = OrganizationKeys::named_by_link(link).ok_or_else(Fault::not_found)?;
    let booking = find(service, snapshot.organization.id, &snapshot.keys, id)
        .await?
        .filter(|booking| snapshot.keys.link_holds(link, purpose, id, booking.link_version))
        .ok_or_else(Fault::not_found)?;
    let occasion = service.occasion_of(snapshot, booking.event).await?;
    Ok(Found { occasion: occasion.ok_or_else(Fault::not_found)?, booking })
}

impl Found {
    fn desk<'a>(&'a self, visit: &'a Visit<'_>) -> Desk<'a> {
        Desk {
            service: &visit.function.service,
            allowances: &visit.function.allowances,
            occasion: &self.occasion,
            now: visit.now,
        }
    }

    fn path(&self) -> String {
        booking_path(&self.occasion, &self.booking)
    }

    fn head(&self) -> PageHead {
        PageHead::new(Some(head(self.occasion.organization())))
    }

    fn appointment(&self) -> crate::pages::Appointment {
        appointment(&self.occasion, self.booking.slot, self.booking.start, self.booking.end)
    }

    fn shape(&self) -> BookingShape {
        super::shape(&self.occasion, &self.booking)
    }

    fn refused(&self, failure: Failure) -> Result<(Refusal, Fault), Fault> {
        match failure {
            Failure::Trouble(trouble) => Err(trouble.into()),
            Failure::Refused(refusal) => {
                let zone = &self.occasion.event().zone;
                Ok((refusal, refusal::spoken(refusal, zone, Reader::Holder)))
            }
        }
    }
}

#[utoipa::path(
    get,
    path = "/{organization}/confirm/{link}",
    tag = "A booking's link",
    summary = "The held seat that a mailed link confirms; nothing is spent by looking",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a booking's address"),
    ),
    responses(
        (status = 200, description = "The held booking", body = BookingShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn confirm_page(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let found = found(visit, LinkPurpose::Confirm).await?;
    if !visit.incoming.wants_page() {
        return Ok(Reply::json(StatusCode::OK, &found.shape()));
    }
    Ok(confirm_state(visit, &found, StatusCode::OK))
}

fn confirm_state(visit: &Visit<'_>, found: &Found, status: StatusCode) -> Reply {
    let zone = &found.occasion.event().zone;
    let state = match found.booking.state {
        State::Held(until) if until > visit.now => ConfirmState::Held {
            action: format!(
                "/{}/confirm/{}",
                found.occasion.organization().web_name,
                visit.incoming.path("link")
            ),
            until: Some(zone.clock(until)),
        },
        State::Booked | State::Cancelled => ConfirmState::Confirmed { booking_path: found.path() },
        State::Held(_) | State::Lapsed => {
            ConfirmState::Lapsed { event_path: event_path(&found.occasion) }
        }
    };
    let shown = ConfirmPage { head: found.head(), appointment: found.appointment(), state };
    page(status, &shown)
}

#[utoipa::path(
    post,
    path = "/{organization}/confirm/{link}",
    tag = "A booking's link",
    summary = "Prove the address and book the held seat",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a booking's address"),
    ),
    responses(
        (status = 200, description = "Booked", body = ConfirmedShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Taken, closed, begun or in the way; with the nearest free times", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn confirm(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let mut found = found(visit, LinkPurpose::Confirm).await?;
    nothing(visit)?;
    let network = visit.network(found.occasion.keys());
    let confirmed = found.desk(visit).confirm(&found.booking, network).await;
    match confirmed {
        Ok(booking) => {
            found.booking = booking;
            if visit.incoming.wants_page() {
                return Ok(Reply::see_other(&format!("{}?done=booked", found.path())));
            }
            let address = &visit.function.service.settings.public_address;
            let manage_url = format!("{address}{}", found.path());
            let shape = ConfirmedShape { booking: found.shape(), manage_url };
            Ok(Reply::json(StatusCode::OK, &shape))
        }
        Err(failure) => {
            let (refusal, fault) = found.refused(failure)?;
            let wanted = found.booking.slot;
            let near = nearest(visit, &found.occasion, wanted).await;
            if !visit.incoming.wants_page() {
                return Ok(fault_shape(&fault, Some(shapes(visit, &found, &near))));
            }
            if refusal == Refusal::Lapsed {
                return Ok(confirm_state(visit, &found, fault.kind.status()));
            }
            Err(fault)
        }
    }
}

#[utoipa::path(
    get,
    path = "/{organization}/bookings/{link}",
    tag = "A booking's link",
    summary = "A booking",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a booking's address"),
    ),
    responses(
        (status = 200, description = "The booking", body = BookingShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn booking(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let found = confirmed(visit).await?;
    if !visit.incoming.wants_page() {
        return Ok(Reply::json(StatusCode::OK, &found.shape()));
    }
    let news = match visit.incoming.query("done") {
        Some("booked") => Some(BookingNews::Booked),
        Some("moved") => Some(BookingNews::Moved),
        Some("cancelled") => Some(BookingNews::Cancelled),
        _ => None,
    };
    Ok(booking_page(visit, &found, news, None))
}

/// A booking by its manage link. A held seat has no such link yet.
async fn confirmed(visit: &Visit<'_>) -> Result<Found, Fault> {
    let found = found(visit, LinkPurpose::Manage).await?;
    match found.booking.state {
        State::Booked | State::Cancelled => Ok(found),
        State::Held(_) | State::Lapsed => Err(Fault::not_found()),
    }
}

fn booking_page(
    visit: &Visit<'_>,
    found: &Found,
    news: Option<BookingNews>,
    refused: Option<&Fault>,
) -> Reply {
    let path = found.path();
    let state = match rules::changeable(&found.booking, visit.now) {
        Ok(()) => BookingState::Booked {
            move_path: Some(format!("{path}/move")),
            cancel_action: Some(format!("{path}/cancel")),
            calendar_path: format!("{path}/calendar.ics"),
        },
        Err(Refusal::Cancelled) => BookingState::Cancelled,
        Err(_) => BookingState::Past,
    };
    // The address with the news may be opened again weeks later.
    let news = news.filter(|news| news.fits(&state));
    let shown = BookingPage {
        head: found.head(),
        event: found.occasion.event().name.clone(),
        event_path: event_path(&found.occasion),
        appointment: found.appointment(),
        person: super::who(&found.booking),
        bookings_path: super::guest::bookings_path(found.occasion.organization()),
        note: found.booking.contact.note.as_ref().map(|note| note.expose().to_owned()),
        state,
        news,
        refusal: refused.map(|fault| fault.message.clone()),
    };
    page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown)
}

#[utoipa::path(
    post,
    path = "/{organization}/bookings/{link}/cancel",
    tag = "A booking's link",
    summary = "Cancel; doing it again is no different",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a booking's address"),
    ),
    responses(
        (status = 200, description = "Cancelled", body = BookingShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Taken, closed, begun or in the way; with the nearest free times", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn cancel(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let mut found = confirmed(visit).await?;
    nothing(visit)?;
    let network = visit.network(found.occasion.keys());
    let cancelled = found.desk(visit).cancel(&found.booking, network).await;
    match cancelled {
        Ok(booking) => found.booking = booking,
        Err(failure) => {
            let (_, fault) = found.refused(failure)?;
            if visit.incoming.wants_page() {
                return Ok(booking_page(visit, &found, None, Some(&fault)));
            }
            return Ok(fault_shape(&fault, None));
        }
    }
    if visit.incoming.wants_page() {
        return Ok(Reply::see_other(&format!("{}?done=cancelled", found.path())));
    }
    Ok(Reply::json(StatusCode::OK, &found.shape()))
}

#[utoipa::path(
    get,
    path = "/{organization}/bookings/{link}/move",
    tag = "A booking's link",
    summary = "The page to choose another time; as JSON, the booking",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a booking's address"),
    ),
    responses(
        (status = 200, description = "The booking", body = BookingShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn move_page(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let found = confirmed(visit).await?;
    if !visit.incoming.wants_page() {
        return Ok(Reply::json(StatusCode::OK, &found.shape()));
    }
    if let Err(refusal) = rules::changeable(&found.booking, visit.now) {
        let (_, fault) = found.refused(refusal.into())?;
        return Ok(booking_page(visit, &found, None, Some(&fault)));
    }
    moving(visit, &found, None, None).await
}

async fn moving(
    visit: &Visit<'_>,
    found: &Found,
    refused: Option<&Fault>,
    missed: Option<Missed>,
) -> Result<Reply, Fault> {
    let looking = browse::Looking::read(visit, &found.occasion)?;
    let action = format!("{}/move", found.path());
    let choosing = Choosing::Sends { action: action.clone() };
    let times = browse::times(visit, &found.occasion, &looking, &action, choosing).await?;
    let taken = missed.is_some();
    let shown = MovePage {
        head: found.head(),
        appointment: found.appointment(),
        booking_path: found.path(),
        action,
        taken: missed,
        refusal: refused.filter(|_| !taken).map(|fault| fault.message.clone()),
        times: times.map(Box::new),
    };
    Ok(page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown))
}

#[utoipa::path(
    post,
    path = "/{organization}/bookings/{link}/move",
    tag = "A booking's link",
    summary = "Move to another time: never both, never neither",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a booking's address"),
    ),
    request_body = MoveShape,
    responses(
        (status = 200, description = "Moved", body = BookingShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Taken, closed, begun or in the way; with the nearest free times", body = ErrorShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn move_to(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let mut found = confirmed(visit).await?;
    let shape: MoveShape = visit.incoming.typed()?;
    let wanted = SlotId::parse(&shape.slot).ok_or_else(Fault::not_found)?;
    let network = visit.network(found.occasion.keys());
    let moved = found.desk(visit).move_to(&found.booking, wanted, network).await;
    match moved {
        Ok(booking) => found.booking = booking,
        Err(failure) => {
            let (refusal, fault) = found.refused(failure)?;
            if refusal == Refusal::NoSuchSlot {
                return Err(fault);
            }
            let near = match refusal {
                Refusal::Taken | Refusal::Past | Refusal::InTheWay(_) => {
                    Some(nearest(visit, &found.occasion, wanted).await)
                }
                _ => None,
            };
            if !visit.incoming.wants_page() {
                let near = near.map(|near| shapes(visit, &found, &near));
                return Ok(fault_shape(&fault, near));
            }
            if rules::changeable(&found.booking, visit.now).is_err() {
                return Ok(booking_page(visit, &found, None, Some(&fault)));
            }
            let missed = near.filter(|_| refusal == Refusal::Taken).map(|near| Missed {
                wanted: appointment(&found.occasion, wanted, wanted.start(), wanted.start()),
                nearest: times::near(&found.occasion, wanted, &near),
            });
            return moving(visit, &found, Some(&fault), missed).await;
        }
    }
    if visit.incoming.wants_page() {
        return Ok(Reply::see_other(&format!("{}?done=moved", found.path())));
    }
    Ok(Reply::json(StatusCode::OK, &found.shape()))
}

fn shapes(visit: &Visit<'_>, found: &Found, slots: &[Slot]) -> Vec<SlotShape> {
    let zone = &found.occasion.event().zone;
    slots.iter().map(|slot| SlotShape::of(slot, zone, visit.now)).collect()
}

/// A request that needs no content may have none; what it has must be readable.
fn nothing(visit: &Visit<'_>) -> Result<(), Fault> {
    if visit.incoming.is_empty() {
        return Ok(());
    }
    visit.incoming.typed::<NothingShape>().map(|_| ())
}

#[utoipa::path(
    get,
    path = "/{organization}/bookings/{link}/calendar.ics",
    tag = "A booking's link",
    summary = "The booking as a calendar file",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a booking's address"),
    ),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/calendar"),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn calendar(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let found = confirmed(visit).await?;
    let booking = &found.booking;
    if booking.state == State::Cancelled {
        let zone = &found.occasion.event().zone;
        return Err(refusal::spoken(Refusal::Cancelled, zone, Reader::Holder));
    }
    let moment = Moment {
        booking: booking.id,
        version: booking.version,
        start: booking.start,
        end: booking.end,
        stamp: visit.now,
    };
    let appointment = Appointment::new(
        &visit.function.service.settings.public_address,
        found.occasion.organization(),
        found.occasion.event(),
        resource(&found.occasion, booking.slot),
        moment,
    );
    let file = calendar::file(&appointment, Method::Publish);
    Ok(Reply::download("text/calendar; charset=utf-8", "appointment.ics", file))
}
