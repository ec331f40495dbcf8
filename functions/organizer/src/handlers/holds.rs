//! Legal holds: placing and lifting them.

use std::collections::HashMap;

use http::StatusCode;
use shared::audit::{self, About, Action as Deed};
use shared::booking::store as bookings;
use shared::dependent::store as dependents;
use shared::dynamo::Write;
use shared::identity::access::Action;
use shared::participant::store as participants;
use shared::personal::Note;
use shared::retention::hold::{self, Hold, On};
use shared::web::page::ErrorShape;
use shared::web::{Fault, FieldProblem, Kind, Reply};

use super::names::Names;
use super::retention::{Typed, shown};
use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{Choice, Field, HoldForm, HoldLine};
use crate::wire::{HoldShape, LiftHoldShape, NewHoldShape, NothingShape};

/// A hold, for people and for programs.
pub(super) struct Line {
    pub(super) shown: HoldLine,
    pub(super) shape: HoldShape,
}

/// The holds with the names of what they hold: personal data, so the look is on
/// record.
pub(super) async fn lines(
    visit: &Visit<'_>,
    guest: &Guest,
    holds: &[Hold],
) -> Result<Vec<Line>, Fault> {
    if holds.is_empty() {
        return Ok(Vec::new());
    }
    visit.look(guest, About::Organization, "holds", holds.len(), None).await?;
    let names = Names::read(visit, guest).await?;
    let zone = &guest.organization().zone;
    let mut lines = Vec::with_capacity(holds.len());
    for hold in holds {
        let name = name(visit, guest, hold.on).await?;
        let name = name.unwrap_or_else(|| "Somebody who is no longer listed".to_owned());
        let shape = HoldShape {
            on: hold.on.word(),
            id: hold.on.id(),
            name: name.clone(),
            reason: hold.reason.expose().to_owned(),
            by: names.member(hold.by),
            since: zone.rfc3339(hold.since),
        };
        let shown = HoldLine {
            name,
            kind: match hold.on {
                On::Person(_) => "Person",
                On::Dependent(_) => "Dependent",
                On::Event(_) => "Event",
            },
            reason: shape.reason.clone(),
            by: shape.by.clone(),
            since: format!("{}, {}", zone.long_day(hold.since), zone.clock(hold.since)),
            lift: guest.path("/holds/lift"),
            on: hold.on.word(),
            id: hold.on.id(),
        };
        lines.push(Line { shown, shape });
    }
    Ok(lines)
}

/// What something is called; `None` where there is no such thing.
async fn name(visit: &Visit<'_>, guest: &Guest, on: On) -> Result<Option<String>, Fault> {
    let service = &visit.function.service;
    let (organization, keys) = (guest.organization().id, guest.keys());
    Ok(match on {
        On::Event(event) => guest
            .snapshot
            .events
            .iter()
            .find(|found| found.id == event)
            .map(|event| event.name.clone()),
        On::Person(person) => {
            let booked = bookings::of_person(service, organization, keys, person).await?;
            match booked.last() {
                Some(booking) => Some(booking.contact.name.expose().to_owned()),
                None => participants::address(service, organization, keys, person)
                    .await?
                    .map(|address| address.expose().to_owned()),
            }
        }
        On::Dependent(dependent) => {
            let found = dependents::find(service, organization, keys, dependent).await?;
            found.map(|one| one.name.expose().to_owned())
        }
    })
}

/// The field of the page at which a problem stands.
pub(super) fn id_on_page(field: &str) -> &str {
    match field {
        "on" | "id" => "held",
        other => other,
    }
}

/// The form that places a hold: on an event, or on whom the address names.
pub(super) async fn form(
    visit: &Visit<'_>,
    guest: &Guest,
    typed: Option<&HashMap<String, String>>,
    refused: Option<&Fault>,
) -> Result<HoldForm, Fault> {
    let asked = typed
        .and_then(|typed| typed.get("held"))
        .cloned()
        .or_else(|| {
            Some(format!("{} {}", visit.incoming.query("on")?, visit.incoming.query("id")?))
        })
        .unwrap_or_default();
    let choice = |on: On, text: String| {
        let value = format!("{} {}", on.word(), on.id());
        Choice { chosen: value == asked, value, text }
    };
    let mut choices = Vec::new();
    let named = asked.split_once(' ').and_then(|(word, id)| On::parse(word, id));
    if let Some(on @ (On::Person(_) | On::Dependent(_))) = named
        && let Some(name) = name(visit, guest, on).await?
    {
        choices.push(choice(on, name));
    }
    let events = &guest.snapshot.events;
    choices.extend(events.iter().map(|event| choice(On::Event(event.id), event.name.clone())));
    let error = |names: &[&str]| {
        let fields = &refused?.fields;
        let found = fields.iter().find(|problem| names.contains(&problem.field.as_str()))?;
        Some(found.message.clone())
    };
    Ok(HoldForm {
        action: guest.path("/holds"),
        choices,
        choice_error: error(&["on", "id"]),
        reason: Field {
            value: typed.and_then(|typed| typed.get("reason")).cloned().unwrap_or_default(),
            error: error(&["reason"]),
        },
    })
}

fn of_form(fields: &HashMap<String, String>) -> NewHoldShape {
    let held = fields.get("held").map_or("", String::as_str);
    let (on, id) = held.split_once(' ').unwrap_or_default();
    let reason = fields.get("reason").cloned().unwrap_or_default();
    NewHoldShape { on: on.to_owned(), id: id.to_owned(), reason }
}

fn about(on: On) -> About {
    match on {
        On::Person(person) => About::Person(person),
        On::Dependent(dependent) => About::Dependent(dependent),
        On::Event(event) => About::Event(event),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/holds",
    tag = "Keeping data",
    summary = "Stop removing and deleting, for a person, a dependent or an event",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    request_body = NewHoldShape,
    responses(
        (status = 201, description = "Nothing of it is removed or deleted from now on", body = HoldShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "It is held already", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn place(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::KeepData).await?;
    let (wish, fields) = if visit.incoming.is_form() {
        let fields = visit.fields(&guest)?;
        if fields.keys().any(|name| !matches!(name.as_str(), "held" | "reason")) {
            return Err(Fault::new(Kind::Invalid, "The form has a field that is not known here."));
        }
        (Ok(of_form(&fields)), fields)
    } else {
        (visit.incoming.typed(), HashMap::new())
    };
    let placed = async { placed(visit, &guest, &wish?).await };
    match placed.await {
        Ok(hold) => {
            if visit.incoming.wants_page() {
                return Ok(Reply::see_other(&guest.path("/retention?done=held")));
            }
            let lines = lines(visit, &guest, &[hold]).await?;
            let Some(line) = lines.into_iter().next() else { return Err(Fault::not_found()) };
            Ok(Reply::json(StatusCode::CREATED, &line.shape))
        }
        Err(fault)
            if visit.incoming.wants_page()
                && matches!(fault.kind, Kind::Invalid | Kind::Conflict) =>
        {
            let typed = Typed { keeping: None, hold: Some(&fields), refused: Some(&fault) };
            shown(visit, &guest, &typed).await
        }
        Err(fault) => Err(fault),
    }
}

fn reason_wanted() -> String {
    format!("Write why it must be kept, in plain text of 1 to {} characters.", Note::LONGEST)
}

async fn placed(visit: &Visit<'_>, guest: &Guest, wish: &NewHoldShape) -> Result<Hold, Fault> {
    let mut problems = Vec::new();
    let mut note = |field: &str, message: String| {
        problems.push(FieldProblem { field: field.to_owned(), message });
    };
    let on = match On::parse(&wish.on, &wish.id) {
        Some(on) if name(visit, guest, on).await?.is_some() => Some(on),
        _ => None,
    };
    if on.is_none() {
        note("id", "Choose what is to be kept.".into());
    }
    // One sentence, whatever is wrong with it: it says all that fits.
    let reason = Note::parse(&wish.reason).map_err(|_| note("reason", reason_wanted())).ok();
    let (Some(on), Some(reason)) = (on, reason) else { return Err(Fault::fields(problems)) };
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let hold = Hold { on, reason, by: guest.member_id()?, since: visit.now };
    let record = guest.deed(Deed::HoldPlaced, about(on));
    let writes = [
        hold::placing(service, organization, guest.keys(), &hold)?,
        audit::record(service, organization, &record, visit.now)?,
    ];
    if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        return Ok(hold);
    }
    Err(Fault::new(Kind::Conflict, "A hold on this stands already. It is in the list below."))
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/holds/lift",
    tag = "Keeping data",
    summary = "Let removing and deleting go on",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    request_body = LiftHoldShape,
    responses(
        (status = 200, description = "The settings hold for it again", body = NothingShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is no such hold", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn lift(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::KeepData).await?;
    let wish: LiftHoldShape = visit.sent(&guest)?;
    visit.freshly(&guest, "/retention")?;
    let on = On::parse(&wish.on, &wish.id).ok_or_else(Fault::not_found)?;
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let record = guest.deed(Deed::HoldLifted, about(on));
    let writes = [
        hold::lifting(service, organization, on)?,
        audit::record(service, organization, &record, visit.now)?,
    ];
    if !Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        return Err(Fault::not_found());
    }
    let path = guest.path("/retention?done=lifted");
    Ok(done(visit, &path, StatusCode::OK, &NothingShape {}))
}
