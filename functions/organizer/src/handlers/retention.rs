//! How long things are kept, and what the coming night removes.

use std::collections::HashMap;

use http::StatusCode;
use shared::audit::{self, About, Action as Deed, More, Record, Word};
use shared::dynamo::Write;
use shared::identity::access::Action;
use shared::ledger::Fate;
use shared::retention::hold::{self, Hold, Holds};
use shared::retention::preview::{Preview, preview};
use shared::retention::{Draft, Keeping, store};
use shared::web::incoming::from_object;
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, FieldProblem, Kind, Reply};

use super::holds;
use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{Choice, Field, Problem, RetentionPage, Tonight};
use crate::wire::{KeepingShape, RetentionShape, TonightEventShape, TonightShape};
use crate::words;

#[utoipa::path(
    get,
    path = "/{organization}/manage/retention",
    tag = "Keeping data",
    summary = "How long data is kept, what the coming night removes, and what is held",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("on" = Option<String>, Query, description = "For the page's form: what is to be held, `person`, `dependent` or `event`"),
        ("id" = Option<String>, Query, description = "Its id"),
    ),
    responses(
        (status = 200, description = "The settings", body = RetentionShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn settings(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::KeepData).await?;
    shown(visit, &guest, &Typed::default()).await
}

/// What was sent and why it was refused.
#[derive(Default)]
pub(super) struct Typed<'a> {
    /// The fields of the form for how long things are kept.
    pub(super) keeping: Option<&'a HashMap<String, String>>,
    /// The fields of the form for a hold.
    pub(super) hold: Option<&'a HashMap<String, String>>,
    /// Why nothing was done.
    pub(super) refused: Option<&'a Fault>,
}

/// The page, or its shape.
pub(super) async fn shown(
    visit: &Visit<'_>,
    guest: &Guest,
    typed: &Typed<'_>,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let organization = guest.organization();
    let keeping = store::find(service, organization.id).await?;
    let holds: Vec<Hold> = hold::all(service, organization.id, guest.keys()).await?;
    let standing: Holds = holds.iter().map(|hold| hold.on).collect();
    let tonight = preview(service, organization, keeping.draft(), &standing, visit.now).await?;
    let held = holds::lines(visit, guest, &holds).await?;
    if !visit.incoming.wants_page() {
        let shape = RetentionShape {
            keeping: shape(&keeping),
            tonight: tonight_shape(guest, &tonight),
            holds: held.into_iter().map(|line| line.shape).collect(),
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let refused = typed.refused;
    let status = refused.map_or(StatusCode::OK, |fault| fault.kind.status());
    let refusal = refused.filter(|fault| fault.fields.is_empty());
    let own = fields(&shape(&keeping));
    let said = typed.keeping.unwrap_or(&own);
    let value = |name: &str| said.get(name).cloned().unwrap_or_default();
    let error = |name: &str| {
        let problem = refused?.fields.iter().find(|problem| problem.field == name)?;
        Some(problem.message.clone())
    };
    let field = |name: &str| Field { value: value(name), error: error(name) };
    let fate = |value: &str, text: &str, chosen: &str| Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        chosen: value == chosen,
    };
    let chosen = value("fate");
    let zone = &organization.zone;
    let shown = RetentionPage {
        head: guest.head(),
        sections: guest.sections("/retention"),
        news: words::news(visit),
        refusal: refusal.map(|fault| fault.message.clone()),
        problems: refused.map(problems).unwrap_or_default(),
        action: guest.path("/retention"),
        version: value("version"),
        bookings_days: field("bookings_days"),
        fate: vec![
            fate("removed", "It is removed", &chosen),
            fate("seats", "The time stays, for your reports, without the person", &chosen),
        ],
        fate_error: error("fate"),
        contacts_days: field("contacts_days"),
        notices_days: field("notices_days"),
        begins: format!(
            "{}, {} ({})",
            zone.long_day(tonight.begins),
            zone.clock(tonight.begins),
            zone.spoken()
        ),
        tonight: tonight_lines(guest, &tonight, keeping.draft().fate),
        form: holds::form(visit, guest, typed.hold, refused).await?,
        holds: held.into_iter().map(|line| line.shown).collect(),
    };
    Ok(page(status, &shown))
}

fn problems(fault: &Fault) -> Vec<Problem> {
    let label = |field: &str| match field {
        "bookings_days" => "Appointments",
        "fate" => "What becomes of an appointment",
        "contacts_days" => "People",
        "notices_days" => "List of mails",
        "reason" => "Why",
        _ => "What is held",
    };
    let problem = |found: &FieldProblem| Problem {
        id: holds::id_on_page(&found.field).to_owned(),
        text: format!("{}: {}", label(&found.field), found.message),
    };
    fault.fields.iter().map(problem).collect()
}

fn tonight_lines(guest: &Guest, tonight: &Preview, fate: Fate) -> Tonight {
    let becomes = match fate {
        Fate::Removed => "",
        Fate::Seats => " (the times stay)",
    };
    let mut lines: Vec<String> = tonight
        .bookings
        .iter()
        .map(|(event, count)| {
            let name = event_name(guest, *event);
            format!("{} of {name}{becomes}", words::many(*count, "appointment", "appointments"))
        })
        .collect();
    if tonight.contacts > 0 {
        let people = words::many(tonight.contacts, "person", "people");
        lines.push(format!("{people} of whom nothing else is kept"));
    }
    if tonight.notices > 0 {
        lines.push(format!("{} of the list", words::many(tonight.notices, "mail", "mails")));
    }
    Tonight { lines, held: tonight.held, more: tonight.more }
}

fn event_name(guest: &Guest, event: shared::ids::EventId) -> String {
    let found = guest.snapshot.events.iter().find(|found| found.id == event);
    found.map_or_else(|| "an event that is gone".to_owned(), |event| event.name.clone())
}

fn tonight_shape(guest: &Guest, tonight: &Preview) -> TonightShape {
    TonightShape {
        begins: guest.organization().zone.rfc3339(tonight.begins),
        events: tonight
            .bookings
            .iter()
            .map(|(event, appointments)| TonightEventShape {
                event: event.to_string(),
                name: event_name(guest, *event),
                appointments: *appointments,
            })
            .collect(),
        contacts: tonight.contacts,
        notices: tonight.notices,
        held: tonight.held,
        more: tonight.more,
    }
}

fn shape(keeping: &Keeping) -> KeepingShape {
    let draft = keeping.draft();
    KeepingShape {
        version: keeping.version(),
        bookings_days: draft.bookings,
        fate: draft.fate.word().to_owned(),
        contacts_days: draft.contacts,
        notices_days: draft.notices,
    }
}

/// The settings as a form has them: for ever is an empty field.
fn fields(shape: &KeepingShape) -> HashMap<String, String> {
    let days = |days: Option<u32>| days.map_or_else(String::new, |days| days.to_string());
    HashMap::from([
        ("version".to_owned(), shape.version.to_string()),
        ("bookings_days".to_owned(), days(shape.bookings_days)),
        ("fate".to_owned(), shape.fate.clone()),
        ("contacts_days".to_owned(), days(shape.contacts_days)),
        ("notices_days".to_owned(), days(shape.notices_days)),
    ])
}

fn of_form(fields: &HashMap<String, String>) -> Result<KeepingShape, Fault> {
    words::check_version(fields)?;
    let mut object = serde_json::Map::new();
    let mut problems = Vec::new();
    for (name, value) in fields {
        let value = match name.as_str() {
            "version" | "bookings_days" | "contacts_days" | "notices_days" => {
                match (value.trim(), value.trim().parse::<u32>()) {
                    ("", _) => serde_json::Value::Null,
                    (_, Ok(number)) => number.into(),
                    (_, Err(_)) => {
                        problems.push(FieldProblem {
                            field: name.clone(),
                            message:
                                "Type a number of days, or leave it empty to keep it for ever."
                                    .into(),
                        });
                        continue;
                    }
                }
            }
            _ => value.clone().into(),
        };
        object.insert(name.clone(), value);
    }
    if problems.is_empty() { from_object(object) } else { Err(Fault::fields(problems)) }
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/retention",
    tag = "Keeping data",
    summary = "Change how long data is kept",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    request_body = KeepingShape,
    responses(
        (status = 200, description = "It holds from the coming night on", body = KeepingShape),
        (status = 400, description = "A value is outside its limits: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Somebody else has changed it since it was read", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn change(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::KeepData).await?;
    let (wish, fields) = if visit.incoming.is_form() {
        let fields = visit.fields(&guest)?;
        (of_form(&fields), fields)
    } else {
        (visit.incoming.typed(), HashMap::new())
    };
    visit.freshly(&guest, "/retention")?;
    let changed = async { changed(visit, &guest, &wish?).await };
    match changed.await {
        Ok(keeping) => {
            let path = guest.path("/retention?done=keeping");
            Ok(done(visit, &path, StatusCode::OK, &shape(&keeping)))
        }
        Err(fault)
            if visit.incoming.wants_page()
                && matches!(fault.kind, Kind::Invalid | Kind::Conflict) =>
        {
            let typed = Typed { keeping: Some(&fields), hold: None, refused: Some(&fault) };
            shown(visit, &guest, &typed).await
        }
        Err(fault) => Err(fault),
    }
}

async fn changed(visit: &Visit<'_>, guest: &Guest, wish: &KeepingShape) -> Result<Keeping, Fault> {
    let fate = Fate::parse(&wish.fate)
        .ok_or_else(|| Fault::field("fate", "Choose what becomes of an appointment."))?;
    let wanted = Keeping::parse(Draft {
        bookings: wish.bookings_days,
        fate,
        contacts: wish.contacts_days,
        notices: wish.notices_days,
    })
    .map_err(|problems| {
        let field = |problem: shared::retention::Problem| FieldProblem {
            field: problem.field.to_owned(),
            message: problem.reason,
        };
        Fault::fields(problems.into_iter().map(field).collect())
    })?;
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let before = store::find(service, organization).await?;
    let stale = || {
        Fault::new(
            Kind::Conflict,
            "Somebody else has changed the settings since you opened this page. Open it again and repeat what you did.",
        )
    };
    if before.version() != wish.version {
        return Err(stale());
    }
    if before.draft() == wanted.draft() {
        return Ok(before);
    }
    let (after, write) = store::changing(service, organization, &wanted, wish.version)?;
    let more = More { fields: different(&before.draft(), &after.draft()), ..More::default() };
    let record = Record { more, ..guest.deed(Deed::RetentionChanged, About::Organization) };
    let record = audit::record(service, organization, &record, visit.now)?;
    let writes = [write, record];
    if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        Ok(after)
    } else {
        Err(stale())
    }
}

/// Which settings differ; never what to.
fn different(before: &Draft, after: &Draft) -> Vec<Word> {
    let fields = [
        ("bookings_days", before.bookings != after.bookings),
        ("fate", before.fate != after.fate),
        ("contacts_days", before.contacts != after.contacts),
        ("notices_days", before.notices != after.notices),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| Word::of(name)).collect()
}
