//! Booking: the form and what becomes of it.

use std::collections::HashMap;

use http::StatusCode;
use shared::booking::rules::HOLD;
use shared::booking::store::{Desk, Wish, Wisher};
use shared::booking::{Booking, Contact, Failure, IdempotencyKey, Refusal};
use shared::dependent::Dependent;
use shared::event::AddressProof;
use shared::identity::caller::form_token_holds;
use shared::ids::{DependentId, PersonId};
use shared::organization::Occasion;
use shared::personal::{EmailAddress, Note, PersonName};
use shared::slot::{Slot, SlotId};
use shared::trouble::Trouble;
use shared::vault::LinkPurpose;
use shared::web::incoming::from_form;
use shared::web::{Fault, FieldProblem, Kind, Reader, Reply, refusal};

use super::guest::Guest;
use super::{appointment, browse, dependents, event_path, times};
use crate::Visit;
use crate::pages::{BookPage, BookTime, Field, ForWhom, PageHead, PendingPage, WayBack};
use crate::replies::{fault, fault_shape, head, page};
use crate::wire::{BookShape, ErrorShape, MadeShape, PendingShape, SlotShape};

/// How many near times a refusal offers.
const MOST_NEAR: usize = 5;

#[utoipa::path(
    get,
    path = "/{organization}/{event}/book",
    tag = "Booking",
    summary = "The form to book a time; as JSON, the time itself",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("event" = String, Path, description = "The event's name in addresses"),
        ("slot" = String, Query, description = "The id of the time"),
    ),
    responses(
        (status = 200, description = "The time", body = SlotShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let occasion = visit.occasion().await?;
    let wanted = visit
        .incoming
        .query("slot")
        .ok_or_else(|| Fault::field("slot", "Please choose a time first."))?;
    let id = SlotId::parse(wanted).ok_or_else(Fault::not_found)?;
    let slots = browse::of_day(visit, &occasion, id.day, Some(id.resource)).await?;
    let slot = slots.iter().find(|slot| slot.id == id).ok_or_else(Fault::not_found)?;
    let zone = &occasion.event().zone;
    if !visit.incoming.wants_page() {
        return Ok(Reply::json(StatusCode::OK, &SlotShape::of(slot, zone, visit.now)));
    }
    let asker = Asker::of(visit, &occasion).await?;
    let mut typed = Typed { key: fresh_key(visit)?, fields: HashMap::new() };
    if let Some(address) = asker.guest.as_ref().and_then(|guest| guest.address.as_ref()) {
        typed.fields.insert("email".into(), address.expose().to_owned());
    }
    let refused = if slot.start <= visit.now {
        Some(Refusal::Past)
    } else if shared::slot::rules::left(slot, visit.now) == 0 {
        Some(Refusal::Taken)
    } else {
        None
    };
    match refused {
        None => Ok(form_page(visit, &occasion, slot, &asker, &typed, None, None)),
        Some(refusal) => {
            let near = nearest(visit, &occasion, id).await;
            let fault = refusal::spoken(refusal, zone, Reader::Stranger);
            Ok(form_page(visit, &occasion, slot, &asker, &typed, Some(&fault), Some(near)))
        }
    }
}

/// Who fills in the form.
struct Asker {
    /// The participant who has signed in, if one has.
    guest: Option<Guest>,
    /// For whom they may book besides themselves.
    dependents: Vec<Dependent>,
}

impl Asker {
    async fn of(visit: &Visit<'_>, occasion: &Occasion) -> Result<Self, Fault> {
        let guest = visit.guest(&occasion.snapshot).await?;
        let dependents = match &guest {
            Some(guest) => dependents::attached(visit, &occasion.snapshot, guest).await?,
            None => Vec::new(),
        };
        Ok(Self { guest, dependents })
    }

    /// As whom they ask: a form of another session's pages, or of before they
    /// signed in, is a stranger's.
    fn signed_in(
        guest: Option<&Guest>,
        visit: &Visit<'_>,
        occasion: &Occasion,
        token: Option<&str>,
    ) -> Option<PersonId> {
        let guest = guest?;
        let given = token.unwrap_or_default();
        let own =
            !visit.incoming.is_form() || form_token_holds(occasion.keys(), guest.session.id, given);
        own.then_some(guest.person)
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/{event}/bookings",
    tag = "Booking",
    summary = "Book a time",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("event" = String, Path, description = "The event's name in addresses"),
        ("Idempotency-Key" = String, Header, description = "16 to 64 letters, digits, - or _, fresh for each booking"),
    ),
    request_body = BookShape,
    responses(
        (status = 201, description = "Booked", body = MadeShape),
        (status = 202, description = "The seat is held; the link in the mail confirms", body = PendingShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Taken, closed, begun or in the way; with the nearest free times", body = ErrorShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 422, description = "The idempotency key belongs to another request", body = ErrorShape),
        (status = 429, description = "Too many bookings without proof of an address; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn book(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let occasion = visit.occasion().await?;
    if visit.incoming.is_form() && visit.incoming.wants_page() {
        return book_by_form(visit, &occasion).await;
    }
    let key = visit.incoming.header("idempotency-key").and_then(IdempotencyKey::parse);
    let (shape, key) = if visit.incoming.is_form() {
        let (typed, shape) = read_form(visit)?;
        (shape, key.or_else(|| IdempotencyKey::parse(&typed.key)))
    } else {
        (visit.incoming.typed::<BookShape>()?, key)
    };
    let key = key.ok_or_else(|| {
        Fault::field(
            "Idempotency-Key",
            "Send a header Idempotency-Key with 16 to 64 letters, digits, - or _, fresh for each booking.",
        )
    })?;
    let guest = visit.guest(&occasion.snapshot).await?;
    let signed_in = Asker::signed_in(guest.as_ref(), visit, &occasion, shape.form_token.as_deref());
    let wish = wish(visit, &occasion, &shape, signed_in, key)?;
    match make(visit, &occasion, &wish).await {
        Ok(booking) if stands(&occasion, &wish, &booking) => {
            Ok(Reply::json(StatusCode::CREATED, &made(visit, &occasion, &booking)))
        }
        Ok(_) => Ok(Reply::json(StatusCode::ACCEPTED, &PendingShape { pending: true })),
        Err((refused, slots)) => {
            let zone = &occasion.event().zone;
            let near = slots.map(|slots| {
                slots.iter().map(|slot| SlotShape::of(slot, zone, visit.now)).collect()
            });
            Ok(fault_shape(&refused, near))
        }
    }
}

/// Whether the booking is the asker's to see at once: where its address need
/// not be proven first, or is by their session.
fn stands(occasion: &Occasion, wish: &Wish, booking: &Booking) -> bool {
    occasion.event().address_proof == AddressProof::After
        || wish.wisher == Wisher::Participant(booking.person)
}

async fn book_by_form(visit: &Visit<'_>, occasion: &Occasion) -> Result<Reply, Fault> {
    let asker = Asker::of(visit, occasion).await?;
    let back = || WayBack { text: "Choose a time again".into(), path: event_path(occasion) };
    let (typed, shape) = match read_form(visit) {
        Ok(read) => read,
        // A missing field of the person's is said at that field; anything else
        // was not typed by a person, and a page of its own says so.
        Err(refused) => match typed_only(visit) {
            Some(typed) => {
                return said_at_fields(visit, occasion, &asker, &typed, refused).await;
            }
            None => {
                return Ok(fault(
                    &visit.incoming,
                    &refused,
                    Some(occasion.organization()),
                    Some(back()),
                ));
            }
        },
    };
    let Some(key) = IdempotencyKey::parse(&typed.key) else {
        let refused =
            Fault::new(Kind::Invalid, "The form was incomplete. Please choose a time again.");
        return Ok(fault(&visit.incoming, &refused, Some(occasion.organization()), Some(back())));
    };
    let token = shape.form_token.as_deref();
    let signed_in = Asker::signed_in(asker.guest.as_ref(), visit, occasion, token);
    let wish = match wish(visit, occasion, &shape, signed_in, key) {
        Ok(wish) => wish,
        Err(refused) if refused.kind == Kind::NotFound => return Err(refused),
        Err(refused) => {
            return said_at_fields(visit, occasion, &asker, &typed, refused).await;
        }
    };
    match make(visit, occasion, &wish).await {
        Ok(booking) if stands(occasion, &wish, &booking) => {
            let path = booking_path(occasion, &booking);
            Ok(Reply::see_other(&format!("{path}?done=booked")))
        }
        Ok(booking) => {
            let shown = PendingPage {
                head: PageHead::new(Some(head(occasion.organization()))),
                appointment: appointment(occasion, booking.slot, booking.start, booking.end),
                minutes: u32::try_from(HOLD.as_mins()).unwrap_or(15),
                event_path: event_path(occasion),
            };
            Ok(page(StatusCode::ACCEPTED, &shown))
        }
        Err((refused, near)) => {
            let slots =
                browse::of_day(visit, occasion, wish.slot.day, Some(wish.slot.resource)).await?;
            match slots.iter().find(|slot| slot.id == wish.slot) {
                Some(slot) if matches!(refused.kind, Kind::Conflict | Kind::Invalid) => {
                    // A form that was refused may be sent again with another
                    // time: that is another request.
                    let typed = Typed { key: fresh_key(visit)?, ..typed };
                    Ok(form_page(visit, occasion, slot, &asker, &typed, Some(&refused), near))
                }
                _ => Ok(fault(
                    &visit.incoming,
                    &refused,
                    Some(occasion.organization()),
                    Some(back()),
                )),
            }
        }
    }
}

/// What a form held, to be shown again.
struct Typed {
    key: String,
    fields: HashMap<String, String>,
}

fn typed_only(visit: &Visit<'_>) -> Option<Typed> {
    let mut fields = visit.incoming.form().ok()?;
    let key = fields.remove("key")?;
    let known = ["slot", "name", "email", "phone", "note", "dependent", "form_token"];
    let usable =
        fields.keys().all(|name| known.contains(&name.as_str())) && fields.contains_key("slot");
    usable.then_some(Typed { key, fields })
}

fn read_form(visit: &Visit<'_>) -> Result<(Typed, BookShape), Fault> {
    let mut fields = visit.incoming.form()?;
    let key = fields.remove("key").unwrap_or_default();
    let shape = from_form(fields.clone())?;
    Ok((Typed { key, fields }, shape))
}

async fn said_at_fields(
    visit: &Visit<'_>,
    occasion: &Occasion,
    asker: &Asker,
    typed: &Typed,
    refused: Fault,
) -> Result<Reply, Fault> {
    // A form that lacks several fields hears of all of them at once.
    let refused = match contact(&typed.fields) {
        Err(problems) => Fault::fields(problems),
        Ok(_) => refused,
    };
    let id =
        typed.fields.get("slot").and_then(|id| SlotId::parse(id)).ok_or_else(Fault::not_found)?;
    let slots = browse::of_day(visit, occasion, id.day, Some(id.resource)).await?;
    let slot = slots.iter().find(|slot| slot.id == id).ok_or_else(Fault::not_found)?;
    Ok(form_page(visit, occasion, slot, asker, typed, Some(&refused), None))
}

/// Reads what the person said about themselves, or everything that is wrong with it.
fn contact(fields: &HashMap<String, String>) -> Result<Contact, Vec<FieldProblem>> {
    Contact::parse(|name| fields.get(name).map_or("", String::as_str))
        .map_err(|problems| problems.into_iter().map(FieldProblem::from).collect())
}

fn wish(
    visit: &Visit<'_>,
    occasion: &Occasion,
    shape: &BookShape,
    signed_in: Option<PersonId>,
    key: IdempotencyKey,
) -> Result<Wish, Fault> {
    let mut fields = HashMap::from([
        ("name".to_owned(), shape.name.clone()),
        ("email".to_owned(), shape.email.clone()),
    ]);
    for (name, value) in [("phone", &shape.phone), ("note", &shape.note)] {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    let contact = contact(&fields).map_err(Fault::fields)?;
    // An id that reads as none is as unknown as one that names nothing.
    let slot = SlotId::parse(&shape.slot).ok_or_else(Fault::not_found)?;
    let dependent = match shape.dependent.as_deref() {
        None | Some("") => None,
        Some(id) => Some(DependentId::parse(id).ok_or_else(|| {
            let zone = &occasion.event().zone;
            refusal::spoken(Refusal::NoSuchDependent, zone, Reader::Stranger)
        })?),
    };
    let wisher = signed_in.map_or(Wisher::Visitor, Wisher::Participant);
    Ok(Wish { slot, contact, dependent, wisher, key, network: visit.network(occasion.keys()) })
}

/// Books; a refusal comes with the nearest free times where another time would help.
async fn make(
    visit: &Visit<'_>,
    occasion: &Occasion,
    wish: &Wish,
) -> Result<Booking, (Fault, Option<Vec<Slot>>)> {
    let desk = Desk {
        service: &visit.function.service,
        allowances: &visit.function.allowances,
        occasion,
        now: visit.now,
    };
    match desk.book(wish).await {
        Ok(booking) => Ok(booking),
        Err(Failure::Trouble(trouble)) => Err((trouble.into(), None)),
        Err(Failure::Refused(refusal)) => {
            let own = occasion.keys().person(&wish.contact.email);
            let reader = match wish.wisher == Wisher::Participant(own) {
                true => Reader::Holder,
                false => Reader::Stranger,
            };
            let fault = refusal::spoken(refusal, &occasion.event().zone, reader);
            let elsewhere = matches!(
                refusal,
                Refusal::Taken | Refusal::Past | Refusal::InTheWay(_) | Refusal::NotAvailable
            );
            if !elsewhere {
                return Err((fault, None));
            }
            let near = nearest(visit, occasion, wish.slot).await;
            Err((fault, Some(near)))
        }
    }
}

/// The free times nearest to one that cannot be had: of its day, or of the
/// next day that has any. A refusal stands without them: when they cannot be
/// read just now, none are offered.
pub(crate) async fn nearest(visit: &Visit<'_>, occasion: &Occasion, wanted: SlotId) -> Vec<Slot> {
    let today = occasion.event().zone.day(visit.now);
    let later =
        occasion.event().days.iter().copied().filter(|day| *day >= today && *day != wanted.day);
    for day in std::iter::once(wanted.day).chain(later) {
        let service = &visit.function.service;
        match visit.function.glances.of_day(service, occasion, day).await {
            Ok(slots) => {
                let near = shared::slot::rules::nearest(&slots, wanted, visit.now, MOST_NEAR);
                if !near.is_empty() {
                    return near;
                }
            }
            Err(trouble) => {
                tracing::warn!(cause = trouble.chain(), "near times could not be read");
                return Vec::new();
            }
        }
    }
    Vec::new()
}

/// The path of a booking's own page.
pub(crate) fn booking_path(occasion: &Occasion, booking: &Booking) -> String {
    let link = occasion.keys().link(LinkPurpose::Manage, booking.id, booking.link_version);
    format!("/{}/bookings/{link}", occasion.organization().web_name)
}

fn made(visit: &Visit<'_>, occasion: &Occasion, booking: &Booking) -> MadeShape {
    let zone = &occasion.event().zone;
    let address = &visit.function.service.settings.public_address;
    MadeShape {
        id: booking.id.to_string(),
        slot: booking.slot.to_string(),
        start: zone.rfc3339(booking.start),
        end: zone.rfc3339(booking.end),
        zone: zone.name().to_owned(),
        manage_url: format!("{address}{}", booking_path(occasion, booking)),
    }
}

fn fresh_key(visit: &Visit<'_>) -> Result<String, Fault> {
    let key = IdempotencyKey::fresh(&*visit.function.service.chance).map_err(Trouble::from)?;
    Ok(key.as_str().to_owned())
}

fn form_page(
    visit: &Visit<'_>,
    occasion: &Occasion,
    slot: &Slot,
    asker: &Asker,
    typed: &Typed,
    refused: Option<&Fault>,
    near: Option<Vec<Slot>>,
) -> Reply {
    let field = |name: &str, limit: usize| Field {
        value: typed.fields.get(name).cloned().unwrap_or_default(),
        error: refused.and_then(|fault| {
            let found = fault.fields.iter().find(|problem| problem.field == name);
            found.map(|problem| problem.message.clone())
        }),
        limit,
    };
    let chosen = typed.fields.get("dependent").map_or("", String::as_str);
    let person = |value: String, label: &str| ForWhom {
        selected: value == chosen,
        label: label.to_owned(),
        value,
    };
    let mut people: Vec<ForWhom> = asker
        .dependents
        .iter()
        .map(|dependent| person(dependent.id.to_string(), dependent.name.expose()))
        .collect();
    let people_error = field("dependent", 0).error;
    if !people.is_empty() || people_error.is_some() {
        people.insert(0, person(String::new(), "Myself"));
    }
    let event = occasion.event();
    let at_a_field = refused.is_some_and(|fault| fault.kind == Kind::Invalid);
    let taken = near.is_some();
    let mut day_path = event_path(occasion);
    day_path.push_str(&format!("?day={}", slot.id.day));
    let shown = BookPage {
        head: PageHead::new(Some(head(occasion.organization())))
            .of_person(asker.guest.as_ref().map(|guest| guest.head.clone())),
        form_token: asker.guest.as_ref().map(|guest| guest.head.form_token.clone()),
        people,
        people_error,
        event: event.name.clone(),
        event_path: day_path,
        appointment: appointment(occasion, slot.id, slot.start, slot.end),
        time: match near {
            Some(near) => BookTime::Taken { nearest: times::near(occasion, slot.id, &near) },
            None => BookTime::Free { slot: slot.id.to_string() },
        },
        action: format!("{}/bookings", event_path(occasion)),
        key: typed.key.clone(),
        refusal: refused
            .filter(|fault| !(at_a_field || taken && fault.message == TAKEN))
            .map(|fault| fault.message.clone()),
        name: field("name", PersonName::LONGEST),
        email: field("email", EmailAddress::LONGEST),
        phone: field("phone", 40),
        note: field("note", Note::LONGEST),
        privacy_path: format!("/{}/privacy", occasion.organization().web_name),
        proof_minutes: (event.address_proof == AddressProof::Before && asker.guest.is_none())
            .then(|| u32::try_from(HOLD.as_mins()).unwrap_or(15)),
    };
    let status = refused.map_or(StatusCode::OK, |fault| fault.kind.status());
    // A page that was asked for is found, whatever it has to say.
    let asked = visit.incoming.method == http::Method::GET;
    page(if asked { StatusCode::OK } else { status }, &shown)
}

/// What the page itself says when a time is taken.
const TAKEN: &str = "This time was just taken.";
