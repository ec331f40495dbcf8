//! Appointments: of an event's day, of one participant, and cancelling one.

use http::StatusCode;
use shared::audit::{About, read};
use shared::booking::seat::{Reason, Seat};
use shared::booking::store::{self, Desk};
use shared::booking::{Booking, Cancelling, Failure, Refusal, State};
use shared::dynamo::TRIES;
use shared::identity::access::{Action, Target};
use shared::ids::{BookingId, PersonId, RecordId};
use shared::organization::Occasion;
use shared::resource::Resource;
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, Kind, Reply};

use super::names::Names;
use super::scope::{Scope, View};
use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{Appointment, EventPage, Gone, Looks, Onward, ParticipantPage, Rights, Sheet};
use crate::wire::{AppointmentShape, AppointmentsShape, NothingShape, ParticipantShape, SeatShape};
use crate::words::{self, news};

#[utoipa::path(
    get,
    path = "/{organization}/manage/events/{event}",
    tag = "Team",
    summary = "The appointments of an event day, as far as the asker covers them",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("event" = String, Path, description = "The event's name in addresses"),
        ("day" = Option<String>, Query, description = "The day; the next one that has times unless said"),
        ("resource" = Option<String>, Query, description = "Only this resource's"),
    ),
    responses(
        (status = 200, description = "The appointments", body = AppointmentsShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here, or nothing that the asker covers", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn event(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.guest(Action::SeeAppointments).await?;
    let scope = Scope::read(visit, &guest, Action::SeeAppointments).await?;
    let view = scope.view(visit).await?;
    let event = scope.occasion.event();
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let (mut bookings, mut seats) = match view.day {
        Some(day) => {
            store::of_day(service, organization, guest.keys(), event.id, day, view.only).await?
        }
        None => (Vec::new(), Vec::new()),
    };
    bookings.retain(|booking| {
        scope.resource(booking.slot.resource).is_some()
            && !matches!(booking.state, State::Held(until) if until <= visit.now)
    });
    seats.retain(|seat| scope.resource(seat.slot.resource).is_some());
    let query = format!("{:?} {:?}", view.day, view.only);
    visit
        .look(
            &guest,
            About::Event(event.id),
            "appointments",
            bookings.len(),
            Some(query.as_bytes()),
        )
        .await?;
    if !visit.incoming.wants_page() {
        let shape = AppointmentsShape {
            event: event.name.clone(),
            day: view.day.map(|day| day.to_string()),
            zone: event.zone.name().to_owned(),
            appointments: bookings.iter().map(|booking| shape(&scope.occasion, booking)).collect(),
            seats: seats.iter().map(|seat| seat_shape(&scope.occasion, seat)).collect(),
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    Ok(page(StatusCode::OK, &event_page(visit, &scope, view, &bookings, &seats)))
}

fn event_page(
    visit: &Visit<'_>,
    scope: &Scope<'_>,
    view: View,
    bookings: &[Booking],
    seats: &[Seat],
) -> EventPage {
    let guest = scope.guest;
    let event = scope.occasion.event();
    let count = match bookings.len() + seats.len() {
        0 => "No appointments.".to_owned(),
        1 => "1 appointment.".to_owned(),
        many => format!("{many} appointments."),
    };
    let sheets = scope
        .covered
        .iter()
        .filter(|resource| {
            let slots = bookings.iter().map(|booking| booking.slot);
            let mut slots = slots.chain(seats.iter().map(|seat| seat.slot));
            slots.any(|slot| slot.resource == resource.id)
        })
        .map(|resource| Sheet {
            id: format!("r{}", resource.id),
            name: resource.name.clone(),
            place: (!resource.place.is_empty()).then(|| resource.place.clone()),
            path: view.day.map(|day| scope.path("", day, Some(resource.id))).unwrap_or_default(),
            appointments: bookings
                .iter()
                .filter(|booking| booking.slot.resource == resource.id)
                .map(|booking| appointment(scope, booking))
                .collect(),
            gone: seats
                .iter()
                .filter(|seat| seat.slot.resource == resource.id)
                .map(|seat| Gone {
                    time: event.zone.clock(seat.start),
                    until: event.zone.clock(seat.end),
                    start: event.zone.rfc3339(seat.start),
                    why: match seat.reason {
                        Reason::Deleted => "This person’s data was deleted.",
                        Reason::Lost => "Somebody booked this time; who it was is lost.",
                    },
                })
                .collect(),
        })
        .collect();
    let makes = |resource: &Resource| {
        guest.may(Action::MakeAppointment, Target::Resource(event.id, resource.id))
    };
    let ahead = view.day.filter(|day| *day >= event.zone.day(visit.now));
    EventPage {
        head: guest.head(),
        sections: guest.sections(""),
        news: news(visit),
        name: event.name.clone(),
        place: (!event.place.is_empty()).then(|| event.place.clone()),
        zone: event.zone.spoken(),
        days: scope.days("", view),
        filter: scope.filter("", view),
        day: view.day.map(words::long_day),
        count,
        sheets,
        book: ahead
            .filter(|_| scope.covered.iter().any(makes))
            .map(|day| scope.path("/book", day, view.only)),
    }
}

fn appointment(scope: &Scope<'_>, booking: &Booking) -> Appointment {
    let zone = &scope.occasion.event().zone;
    let held = matches!(booking.state, State::Held(_));
    let contact = &booking.contact;
    let participants = |person| scope.guest.path(&format!("/participants/{person}"));
    Appointment {
        time: zone.clock(booking.start),
        until: zone.clock(booking.end),
        start: zone.rfc3339(booking.start),
        person: contact.name.expose().to_owned(),
        dependent: dependent(booking),
        // A held seat stands in no agenda yet: there is nothing more to see.
        path: (!held).then(|| participants(booking.person)),
        email: contact.email.expose().to_owned(),
        phone: contact.phone.as_ref().map(|phone| phone.expose().to_owned()),
        note: contact.note.as_ref().map(|note| note.expose().to_owned()),
        held,
    }
}

/// For whom an appointment is, where that is not who booked it.
fn dependent(booking: &Booking) -> Option<String> {
    booking.dependent.as_ref().map(|dependent| dependent.name.expose().to_owned())
}

pub(super) fn shape(occasion: &Occasion, booking: &Booking) -> AppointmentShape {
    let zone = &occasion.event().zone;
    let contact = &booking.contact;
    AppointmentShape {
        id: booking.id.to_string(),
        state: match booking.state {
            State::Booked => "booked",
            State::Held(_) => "held",
            State::Cancelled => "cancelled",
            State::Lapsed => "lapsed",
        },
        resource: booking.slot.resource.to_string(),
        resource_name: with(occasion, booking),
        start: zone.rfc3339(booking.start),
        end: zone.rfc3339(booking.end),
        person: booking.person.to_string(),
        name: contact.name.expose().to_owned(),
        dependent: dependent(booking),
        email: contact.email.expose().to_owned(),
        phone: contact.phone.as_ref().map(|phone| phone.expose().to_owned()),
        note: contact.note.as_ref().map(|note| note.expose().to_owned()),
    }
}

fn seat_shape(occasion: &Occasion, seat: &Seat) -> SeatShape {
    let zone = &occasion.event().zone;
    let found = occasion.resources.iter().find(|resource| resource.id == seat.slot.resource);
    SeatShape {
        resource: seat.slot.resource.to_string(),
        resource_name: found.map_or_else(String::new, |resource| resource.name.clone()),
        start: zone.rfc3339(seat.start),
        end: zone.rfc3339(seat.end),
        reason: match seat.reason {
            Reason::Deleted => "deleted",
            Reason::Lost => "lost",
        },
    }
}

/// With whom an appointment is, by name.
fn with(occasion: &Occasion, booking: &Booking) -> String {
    let found = occasion.resources.iter().find(|resource| resource.id == booking.slot.resource);
    found.map_or_else(String::new, |resource| resource.name.clone())
}

#[utoipa::path(
    get,
    path = "/{organization}/manage/participants/{person}",
    tag = "Team",
    summary = "What a participant has booked, as far as the asker covers it, and who saw their data",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("person" = String, Path, description = "The participant's id"),
        ("before" = Option<String>, Query, description = "Only looks at their data before this record"),
    ),
    responses(
        (status = 200, description = "The participant", body = ParticipantShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here, or nothing that the asker covers", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn participant(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.guest(Action::SeeAppointments).await?;
    let person = PersonId::parse(visit.incoming.path("person")).ok_or_else(Fault::not_found)?;
    let found = covered(visit, &guest, person).await?;
    participant_page(visit, &guest, person, &found, None, StatusCode::OK).await
}

/// What a participant has booked within what the asker covers; nothing of that
/// is as if the participant were not there.
async fn covered(
    visit: &Visit<'_>,
    guest: &Guest,
    person: PersonId,
) -> Result<Vec<(Occasion, Booking)>, Fault> {
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let mut found = Vec::new();
    let mut any = false;
    for booking in store::of_person(service, organization, guest.keys(), person).await? {
        any = true;
        let target = Target::Resource(booking.event, booking.slot.resource);
        if !guest.may(Action::SeeAppointments, target) {
            continue;
        }
        let occasion = service.occasion_of(guest.snapshot.clone(), booking.event).await?;
        found.extend(occasion.map(|occasion| (occasion, booking)));
    }
    match (found.is_empty(), any) {
        (false, _) => Ok(found),
        (true, true) => Err(visit.not_covered(guest, About::Person(person)).await),
        (true, false) => Err(Fault::not_found()),
    }
}

/// The participant's page with why something was not done.
pub(super) async fn refused_on_page(
    visit: &Visit<'_>,
    guest: &Guest,
    person: PersonId,
    fault: &Fault,
) -> Result<Reply, Fault> {
    let found = covered(visit, guest, person).await?;
    participant_page(visit, guest, person, &found, Some(fault), fault.kind.status()).await
}

async fn participant_page(
    visit: &Visit<'_>,
    guest: &Guest,
    person: PersonId,
    found: &[(Occasion, Booking)],
    refused: Option<&Fault>,
    status: StatusCode,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    visit.look(guest, About::Person(person), "participant", 1, None).await?;
    let looks = if guest.may(Action::ReadAudit, Target::Account) {
        let before = visit.incoming.query("before");
        let before = before.map(|id| RecordId::parse(id).ok_or_else(Fault::not_found));
        let before = before.transpose()?;
        let page = read::looks_at(service, guest.organization().id, person, before).await?;
        Some((Names::read(visit, guest).await?, page))
    } else {
        None
    };
    if !visit.incoming.wants_page() {
        let zone = &guest.organization().zone;
        let shape = ParticipantShape {
            id: person.to_string(),
            appointments: found
                .iter()
                .map(|(occasion, booking)| shape(occasion, booking))
                .collect(),
            looks: looks.map(|(names, page)| {
                page.entries.iter().map(|entry| names.shape(entry, zone)).collect()
            }),
        };
        return Ok(Reply::json(status, &shape));
    }
    let Some((_, latest)) = found.last() else { return Err(Fault::not_found()) };
    let zone = &guest.organization().zone;
    let visits = |ahead: bool| {
        found
            .iter()
            .filter(|(_, booking)| (booking.end > visit.now) == ahead)
            .map(|(occasion, booking)| visit_of(visit, guest, occasion, booking))
            .collect()
    };
    let shown = ParticipantPage {
        head: guest.head(),
        sections: guest.sections(""),
        news: news(visit),
        refusal: refused.map(|fault| fault.message.clone()),
        name: latest.contact.name.expose().to_owned(),
        email: latest.contact.email.expose().to_owned(),
        phone: latest.contact.phone.as_ref().map(|phone| phone.expose().to_owned()),
        coming: visits(true),
        past: visits(false),
        hold: guest
            .may(Action::KeepData, Target::Account)
            .then(|| guest.path(&format!("/retention?on=person&id={person}#holds"))),
        rights: guest.may(Action::DestroyData, Target::Account).then(|| {
            let ahead = |(_, booking): &&(Occasion, Booking)| booking.start > visit.now;
            let below = |rest: &str| guest.path(&format!("/participants/{person}/{rest}"));
            Rights {
                csv_path: below("file.csv"),
                json_path: below("file.json"),
                correct_action: below("correct"),
                delete_action: below("delete"),
                delete_button: words::delete_button(found.iter().filter(ahead).count()),
            }
        }),
        looks: looks.map(|(names, page)| Looks {
            lines: page
                .entries
                .iter()
                .map(|entry| {
                    let line = names.line(entry, zone);
                    (format!("{}, {}", zone.long_day(entry.at), line.time), line.who, line.result)
                })
                .collect(),
            onward: page.next.map(|next| Onward {
                text: "There is more than is listed here: earlier looks".into(),
                path: guest.path(&format!("/participants/{person}?before={next}")),
            }),
        }),
    };
    Ok(page(status, &shown))
}

fn visit_of(
    visit: &Visit<'_>,
    guest: &Guest,
    occasion: &Occasion,
    booking: &Booking,
) -> crate::pages::Visit {
    let event = occasion.event();
    let target = Target::Resource(event.id, booking.slot.resource);
    let cancels = booking.start > visit.now && guest.may(Action::CancelAppointment, target);
    crate::pages::Visit {
        event: event.name.clone(),
        with: with(occasion, booking),
        day: event.zone.long_day(booking.start),
        time: event.zone.clock(booking.start),
        until: event.zone.clock(booking.end),
        zone: event.zone.spoken(),
        start: event.zone.rfc3339(booking.start),
        name: booking.contact.name.expose().to_owned(),
        dependent: dependent(booking),
        note: booking.contact.note.as_ref().map(|note| note.expose().to_owned()),
        state: (booking.end <= visit.now).then_some("Over"),
        cancel_action: cancels.then(|| guest.path(&format!("/bookings/{}/cancel", booking.id))),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/bookings/{booking}/cancel",
    tag = "Team",
    summary = "Cancel somebody's appointment and tell them; doing it again is no different",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("booking" = String, Path, description = "The booking's id"),
    ),
    responses(
        (status = 200, description = "Cancelled", body = AppointmentShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here, or nothing that the asker covers", body = ErrorShape),
        (status = 409, description = "It has begun", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn cancel(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.guest(Action::CancelAppointment).await?;
    let NothingShape {} = visit.sent(&guest)?;
    let service = &visit.function.service;
    let id = BookingId::parse(visit.incoming.path("booking")).ok_or_else(Fault::not_found)?;
    let booking = store::find(service, guest.organization().id, guest.keys(), id)
        .await?
        .filter(|booking| matches!(booking.state, State::Booked | State::Cancelled))
        .ok_or_else(Fault::not_found)?;
    let occasion = service.occasion_of(guest.snapshot.clone(), booking.event).await?;
    let occasion = occasion.ok_or_else(Fault::not_found)?;
    let desk = Desk {
        service,
        allowances: &visit.function.allowances,
        occasion: &occasion,
        now: visit.now,
    };
    match cancelled(visit, &guest, &desk, &booking).await? {
        Ok(cancelled) => {
            let day = cancelled.slot.day;
            let event = &occasion.event().web_name;
            let path = guest.path(&format!("/events/{event}?day={day}&done=cancelled"));
            Ok(done(visit, &path, StatusCode::OK, &shape(&occasion, &cancelled)))
        }
        Err(Failure::Trouble(trouble)) => Err(trouble.into()),
        Err(Failure::Refused(Refusal::NoSuchSlot)) => Err(Fault::not_found()),
        Err(Failure::Refused(_)) => {
            let fault = Fault::new(
                Kind::Conflict,
                "This appointment has begun and can no longer be cancelled.",
            );
            if !visit.incoming.wants_page() {
                return Err(fault);
            }
            refused_on_page(visit, &guest, booking.person, &fault).await
        }
    }
}

/// Cancels a booking where the asker covers it: where it is by now, however
/// often it was moved since it was read.
async fn cancelled(
    visit: &Visit<'_>,
    guest: &Guest,
    desk: &Desk<'_>,
    booking: &Booking,
) -> Result<Result<Booking, Failure>, Fault> {
    let about = About::Booking(booking.event, booking.id);
    let by = (guest.actor(), Some(guest.network));
    let mut booking = booking.clone();
    for _ in 0..TRIES {
        let target = Target::Resource(booking.event, booking.slot.resource);
        if !guest.may(Action::CancelAppointment, target) {
            return Err(visit.not_covered(guest, about).await);
        }
        if !visit.incoming.wants_page() {
            // The answer says whose it is, also when it was cancelled before.
            visit.look(guest, about, "appointment", 1, None).await?;
        }
        match desk.cancel_by(&booking, by).await {
            Ok(Cancelling::Cancelled(cancelled)) => return Ok(Ok(cancelled)),
            // Who covers where it was may not cover where it is.
            Ok(Cancelling::Moved(current)) => booking = current,
            Err(failure) => return Ok(Err(failure)),
        }
    }
    Err(Fault::new(
        Kind::Conflict,
        "This appointment is being moved at this moment. Please try again.",
    ))
}
