//! Making an appointment for somebody who asked at the desk or by telephone.

use std::collections::HashMap;

use http::StatusCode;
use jiff::civil::Date;
use shared::audit::About;
use shared::booking::store::{Desk, Wish, Wisher};
use shared::booking::{Booking, Contact, Failure, IdempotencyKey, Refusal};
use shared::identity::access::Action;
use shared::ids::ResourceId;
use shared::slot::rules::{left, nearest};
use shared::slot::{Slot, SlotId, store};
use shared::trouble::Trouble;
use shared::web::incoming::from_form;
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, Kind, Reader, Reply, refusal};

use super::appointments::shape;
use super::scope::{Scope, View};
use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{BookForm, BookPage, Field, FreeRow, FreeTime, Problem, Step, Times};
use crate::wire::{
    AppointShape, AppointmentShape, FreeTimeShape, FreeTimesShape, NotMadeBody, NotMadeShape,
};
use crate::words::{self, news};

/// How many near times a refusal offers.
const MOST_NEAR: usize = 5;

#[utoipa::path(
    get,
    path = "/{organization}/manage/events/{event}/book",
    tag = "Team",
    summary = "The free times of an event day at which the asker may make an appointment",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("event" = String, Path, description = "The event's name in addresses"),
        ("day" = Option<String>, Query, description = "The day; the next one that has times unless said"),
        ("resource" = Option<String>, Query, description = "Only this resource's"),
        ("slot" = Option<String>, Query, description = "The id of a time: browsers get the form for it"),
    ),
    responses(
        (status = 200, description = "The free times", body = FreeTimesShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here, or nothing that the asker covers", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.guest(Action::MakeAppointment).await?;
    let scope = Scope::read(visit, &guest, Action::MakeAppointment).await?;
    let view = scope.view(visit).await?;
    if let Some(wanted) = visit.incoming.query("slot").filter(|_| visit.incoming.wants_page()) {
        let slot = covered(visit, &scope, wanted).await?;
        let typed = Typed { key: fresh_key(visit)?, fields: HashMap::new() };
        return write_page(visit, &scope, slot, &typed, None).await;
    }
    let slots = match view.day {
        Some(day) => free(visit, &scope, day, view.only).await?,
        None => Vec::new(),
    };
    let event = scope.occasion.event();
    if !visit.incoming.wants_page() {
        let shown = FreeTimesShape {
            event: event.name.clone(),
            day: view.day.map(|day| day.to_string()),
            zone: event.zone.name().to_owned(),
            slots: slots.iter().map(|slot| time_shape(visit, &scope, slot)).collect(),
        };
        return Ok(Reply::json(StatusCode::OK, &shown));
    }
    let rows = scope.covered.iter().filter_map(|resource| {
        let of_resource = slots.iter().filter(|slot| slot.id.resource == resource.id);
        let times: Vec<FreeTime> = of_resource
            .map(|slot| FreeTime {
                slot: slot.id.to_string(),
                time: event.zone.clock(slot.start),
                difference: None,
            })
            .collect();
        (!times.is_empty()).then(|| FreeRow {
            name: resource.name.clone(),
            place: (!resource.place.is_empty()).then(|| resource.place.clone()),
            times,
        })
    });
    let times = Times {
        days: scope.days("/book", view),
        filter: scope.filter("/book", view),
        day: view.day.map(words::long_day),
        date: view.day.map(|day| day.to_string()).unwrap_or_default(),
        action: book_path(&scope),
        rows: rows.collect(),
    };
    Ok(page(StatusCode::OK, &around(visit, &scope, view, Step::Choose(Box::new(times)))))
}

fn book_path(scope: &Scope<'_>) -> String {
    scope.guest.path(&format!("/events/{}/book", scope.occasion.event().web_name))
}

fn around(visit: &Visit<'_>, scope: &Scope<'_>, view: View, step: Step) -> BookPage {
    let event = scope.occasion.event();
    BookPage {
        head: scope.guest.head(),
        sections: scope.guest.sections(""),
        news: news(visit),
        event: event.name.clone(),
        event_path: match view.day {
            Some(day) => scope.path("", day, view.only),
            None => scope.guest.path(&format!("/events/{}", event.web_name)),
        },
        zone: event.zone.spoken(),
        step,
    }
}

/// The id of a time that the asker covers; any other is not there for them.
async fn covered(visit: &Visit<'_>, scope: &Scope<'_>, wanted: &str) -> Result<SlotId, Fault> {
    let slot = SlotId::parse(wanted).ok_or_else(Fault::not_found)?;
    match scope.resource(slot.resource) {
        Some(_) => Ok(slot),
        None => Err(scope.not_covered(visit).await),
    }
}

/// What is free on a day, of what the asker covers.
async fn free(
    visit: &Visit<'_>,
    scope: &Scope<'_>,
    day: Date,
    only: Option<ResourceId>,
) -> Result<Vec<Slot>, Trouble> {
    let service = &visit.function.service;
    let organization = scope.guest.organization().id;
    let event = scope.occasion.event().id;
    let mut slots = store::of_day(service, organization, event, day, only).await?;
    slots.retain(|slot| scope.resource(slot.id.resource).is_some() && left(slot, visit.now) > 0);
    Ok(slots)
}

/// The free times nearest to one that cannot be had: of its day, or of the
/// next day that has any.
async fn near(visit: &Visit<'_>, scope: &Scope<'_>, wanted: SlotId) -> Result<Vec<Slot>, Trouble> {
    let event = scope.occasion.event();
    let today = event.zone.day(visit.now);
    let others = event.days.iter().copied().filter(|day| *day >= today && *day != wanted.day);
    for day in std::iter::once(wanted.day).chain(others) {
        let slots = free(visit, scope, day, None).await?;
        let near = nearest(&slots, wanted, visit.now, MOST_NEAR);
        if !near.is_empty() {
            return Ok(near);
        }
    }
    Ok(Vec::new())
}

fn time_shape(visit: &Visit<'_>, scope: &Scope<'_>, slot: &Slot) -> FreeTimeShape {
    let zone = &scope.occasion.event().zone;
    let resource = scope.resource(slot.id.resource);
    FreeTimeShape {
        id: slot.id.to_string(),
        resource: slot.id.resource.to_string(),
        resource_name: resource.map_or_else(String::new, |resource| resource.name.clone()),
        start: zone.rfc3339(slot.start),
        end: zone.rfc3339(slot.end),
        left: left(slot, visit.now),
    }
}

fn fresh_key(visit: &Visit<'_>) -> Result<String, Fault> {
    let key = IdempotencyKey::fresh(&*visit.function.service.chance).map_err(Trouble::from)?;
    Ok(key.as_str().to_owned())
}

/// What a form held, to be shown again.
struct Typed {
    key: String,
    fields: HashMap<String, String>,
}

/// Why nothing was booked, and what is free instead where another time would help.
struct NotMade {
    fault: Fault,
    near: Option<Vec<Slot>>,
}

impl<F: Into<Fault>> From<F> for NotMade {
    fn from(fault: F) -> Self {
        Self { fault: fault.into(), near: None }
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/events/{event}/book",
    tag = "Team",
    summary = "Make an appointment for somebody, and tell them",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("event" = String, Path, description = "The event's name in addresses"),
        ("Idempotency-Key" = String, Header, description = "16 to 64 letters, digits, - or _, fresh for each booking"),
    ),
    request_body = AppointShape,
    responses(
        (status = 201, description = "Booked", body = AppointmentShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this, or the request came from elsewhere", body = ErrorShape),
        (status = 404, description = "There is nothing here, or nothing that the asker covers", body = ErrorShape),
        (status = 409, description = "Taken, closed, begun or in the way; with the nearest free times that the asker covers", body = NotMadeShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 422, description = "The idempotency key belongs to another request", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn book(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.guest(Action::MakeAppointment).await?;
    let scope = Scope::read(visit, &guest, Action::MakeAppointment).await?;
    let key = visit.incoming.header("idempotency-key").unwrap_or_default().to_owned();
    let (typed, wished) = if visit.incoming.is_form() {
        let mut fields = visit.fields(&guest)?;
        let key = fields.remove("key").unwrap_or(key);
        let wished = from_form::<AppointShape>(fields.clone());
        (Typed { key, fields }, wished)
    } else {
        (Typed { key, fields: HashMap::new() }, visit.incoming.typed())
    };
    let made = match wished {
        Ok(wished) => make(visit, &guest, &scope, &wished, &typed.key).await,
        Err(fault) => Err(fault.into()),
    };
    match made {
        Ok(booking) => {
            let path = scope.path("", booking.slot.day, None) + "&done=booked";
            Ok(done(visit, &path, StatusCode::CREATED, &shape(&scope.occasion, &booking)))
        }
        Err(not_made) if !visit.incoming.wants_page() => Ok(refused(visit, &scope, not_made)),
        Err(not_made) => {
            let slot = typed.fields.get("slot").and_then(|slot| SlotId::parse(slot));
            let slot = slot.filter(|slot| scope.resource(slot.resource).is_some());
            let shown = matches!(not_made.fault.kind, Kind::Conflict | Kind::Invalid);
            let Some(slot) = slot.filter(|_| shown) else { return Err(not_made.fault) };
            // A form that was refused may be sent again with another time: that
            // is another request.
            let typed = Typed { key: fresh_key(visit)?, ..typed };
            write_page(visit, &scope, slot, &typed, Some(&not_made)).await
        }
    }
}

fn refused(visit: &Visit<'_>, scope: &Scope<'_>, not_made: NotMade) -> Reply {
    let fault = &not_made.fault;
    let nearest =
        not_made.near.map(|near| near.iter().map(|slot| time_shape(visit, scope, slot)).collect());
    let refusal = shared::web::page::ErrorBody::of(fault);
    let shown = NotMadeShape { error: NotMadeBody { refusal, nearest } };
    Reply::json(fault.kind.status(), &shown).after(fault)
}

async fn make(
    visit: &Visit<'_>,
    guest: &Guest,
    scope: &Scope<'_>,
    wished: &AppointShape,
    key: &str,
) -> Result<Booking, NotMade> {
    let key = IdempotencyKey::parse(key).ok_or_else(|| {
        Fault::field(
            "Idempotency-Key",
            "Send a header Idempotency-Key with 16 to 64 letters, digits, - or _, fresh for each booking.",
        )
    })?;
    let slot = covered(visit, scope, &wished.slot).await?;
    let contact = Contact::parse(|field| match field {
        "name" => &wished.name,
        "email" => &wished.email,
        "phone" => wished.phone.as_deref().unwrap_or_default(),
        _ => wished.note.as_deref().unwrap_or_default(),
    })
    .map_err(Fault::unfit)?;
    let person = guest.keys().person(&contact.email);
    let wish = Wish {
        slot,
        contact,
        dependent: None,
        wisher: Wisher::Member(guest.member_id()?),
        key,
        network: guest.network,
    };
    let desk = Desk {
        service: &visit.function.service,
        allowances: &visit.function.allowances,
        occasion: &scope.occasion,
        now: visit.now,
    };
    match desk.book(&wish).await {
        Ok(booking) => Ok(booking),
        Err(Failure::Trouble(trouble)) => Err(trouble.into()),
        Err(Failure::Refused(why)) => {
            if let Refusal::InTheWay(_) = why {
                // That somebody has an appointment then is told: that is on record.
                visit.look(guest, About::Person(person), "appointment in the way", 1, None).await?;
            }
            let fault = refusal::spoken(why, &scope.occasion.event().zone, Reader::Member);
            let elsewhere = matches!(why, Refusal::Taken | Refusal::Past | Refusal::InTheWay(_));
            let near = if elsewhere { Some(near(visit, scope, slot).await?) } else { None };
            Err(NotMade { fault, near })
        }
    }
}

/// The form for a time; where the time cannot be had, with what is free instead.
async fn write_page(
    visit: &Visit<'_>,
    scope: &Scope<'_>,
    id: SlotId,
    typed: &Typed,
    refused: Option<&NotMade>,
) -> Result<Reply, Fault> {
    let event = scope.occasion.event();
    let service = &visit.function.service;
    let organization = scope.guest.organization().id;
    let slots = store::of_day(service, organization, event.id, id.day, Some(id.resource)).await?;
    let slot = slots.iter().find(|slot| slot.id == id).ok_or_else(Fault::not_found)?;
    let name = |slot: &Slot| {
        let resource = scope.resource(slot.id.resource);
        resource.map_or_else(String::new, |resource| resource.name.clone())
    };
    let gone = left(slot, visit.now) == 0 || refused.is_some_and(|refused| refused.near.is_some());
    let instead = match refused.and_then(|refused| refused.near.clone()) {
        Some(instead) => instead,
        None if gone => near(visit, scope, id).await?,
        None => Vec::new(),
    };
    let fault = refused.map(|refused| &refused.fault);
    let at_fields = fault.is_some_and(|fault| fault.kind == Kind::Invalid);
    let said = |name: &str| {
        let problem = fault.and_then(|fault| fault.fields.iter().find(|one| one.field == name));
        Field {
            value: typed.fields.get(name).cloned().unwrap_or_default(),
            error: problem.map(|problem| problem.message.clone()),
        }
    };
    let form = BookForm {
        action: book_path(scope),
        key: typed.key.clone(),
        chosen: format!(
            "{} to {}, {}, with {}",
            event.zone.clock(slot.start),
            event.zone.clock(slot.end),
            words::long_day(id.day),
            name(slot)
        ),
        slot: (!gone).then(|| id.to_string()),
        nearest: instead
            .iter()
            .map(|other| FreeTime {
                slot: other.id.to_string(),
                time: event.zone.clock(other.start),
                difference: difference(id, other, &name(other)),
            })
            .collect(),
        times_path: scope.path("/book", id.day, None),
        refusal: match fault {
            Some(fault) => (!at_fields).then(|| fault.message.clone()),
            None => gone.then(|| "This time is no longer free.".to_owned()),
        },
        problems: fault.filter(|_| at_fields).map(problems).unwrap_or_default(),
        name: said("name"),
        email: said("email"),
        phone: said("phone"),
        note: said("note"),
    };
    let view = View { day: Some(id.day), only: None };
    let status = fault.map_or(StatusCode::OK, |fault| fault.kind.status());
    Ok(page(status, &around(visit, scope, view, Step::Write(Box::new(form)))))
}

/// What is different about a time from the one that was wanted.
fn difference(wanted: SlotId, other: &Slot, with: &str) -> Option<String> {
    let day = (other.id.day != wanted.day).then(|| shared::time::short_day(other.id.day));
    let with = (other.id.resource != wanted.resource).then(|| format!("with {with}"));
    let parts: Vec<String> = day.into_iter().chain(with).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn problems(fault: &Fault) -> Vec<Problem> {
    let label = |field: &str| match field {
        "name" => "Name",
        "email" => "Email",
        "phone" => "Phone",
        "note" => "Note",
        _ => "The form",
    };
    let each = fault.fields.iter().map(|problem| Problem {
        id: problem.field.clone(),
        text: format!("{}: {}", label(&problem.field), problem.message),
    });
    each.collect()
}
