//! The security settings.

use std::collections::HashMap;

use http::StatusCode;
use shared::audit::{self, About, Action as Deed, More, Record, Word};
use shared::dynamo::Write;
use shared::identity::access::{Action, Level, Target};
use shared::identity::security::{Draft, Security, changing};
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, FieldProblem, Kind, Reply};

use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{Choice, Field, Problem, SecurityPage};
use crate::wire::SecurityShape;
use crate::words;

/// The fields that hold numbers, as a form sends them: in the order of the page.
const NUMBERS: [&str; 8] = [
    "version",
    "shortest_password",
    "shortest_password_with_factor",
    "password_days",
    "failures",
    "first_lock_minutes",
    "idle_minutes",
    "session_hours",
];

#[utoipa::path(
    get,
    path = "/{organization}/manage/security",
    tag = "Security",
    summary = "The security settings",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 200, description = "The settings", body = SecurityShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn settings(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ChangeSecurity).await?;
    let service = &visit.function.service;
    let security = service.read_security(guest.organization().id).await?;
    if !visit.incoming.wants_page() {
        return Ok(Reply::json(StatusCode::OK, &shape(&security)));
    }
    Ok(settings_page(visit, &guest, &typed(&shape(&security)), None))
}

fn shape(security: &Security) -> SecurityShape {
    let draft = security.draft();
    SecurityShape {
        version: security.version(),
        shortest_password: draft.shortest_password,
        shortest_password_with_factor: draft.shortest_password_with_factor,
        composition: draft.composition,
        password_days: draft.password_days,
        failures: draft.failures,
        first_lock_minutes: draft.first_lock_minutes,
        idle_minutes: draft.idle_minutes,
        session_hours: draft.session_hours,
        factor_from: draft.factor_from.map(|level| level.word().to_owned()),
    }
}

/// The settings as the form's fields hold them.
fn typed(shape: &SecurityShape) -> HashMap<String, String> {
    let numbers = [
        ("version", shape.version),
        ("shortest_password", shape.shortest_password),
        ("shortest_password_with_factor", shape.shortest_password_with_factor),
        ("password_days", shape.password_days),
        ("failures", shape.failures),
        ("first_lock_minutes", shape.first_lock_minutes),
        ("idle_minutes", shape.idle_minutes),
        ("session_hours", shape.session_hours),
    ];
    let mut fields: HashMap<String, String> =
        numbers.into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
    if shape.composition {
        fields.insert("composition".into(), "yes".into());
    }
    fields.insert("factor_from".into(), shape.factor_from.clone().unwrap_or_else(|| "none".into()));
    fields
}

/// A form as the request that it stands for.
fn of_form(fields: &HashMap<String, String>) -> Result<SecurityShape, Fault> {
    words::check_version(fields)?;
    let mut problems = Vec::new();
    let mut object = serde_json::Map::new();
    for (name, value) in fields {
        let value = match name.as_str() {
            "composition" => (value == "yes").into(),
            "factor_from" if value == "none" => serde_json::Value::Null,
            number if NUMBERS.contains(&number) => match value.trim().parse::<u32>() {
                Ok(number) => number.into(),
                Err(_) => {
                    let message = "Write a whole number.".to_owned();
                    problems.push(FieldProblem { field: name.clone(), message });
                    continue;
                }
            },
            _ => value.clone().into(),
        };
        object.insert(name.clone(), value);
    }
    if !problems.is_empty() {
        return Err(Fault::fields(problems));
    }
    shared::web::incoming::from_object(object)
}

fn settings_page(
    visit: &Visit<'_>,
    guest: &Guest,
    typed: &HashMap<String, String>,
    refused: Option<&Fault>,
) -> Reply {
    let problem = |name: &str| {
        let fields = refused.map(|fault| fault.fields.as_slice()).unwrap_or_default();
        fields.iter().find(|problem| problem.field == name).map(|found| found.message.clone())
    };
    let field = |name: &str| Field {
        value: typed.get(name).cloned().unwrap_or_default(),
        error: problem(name),
    };
    let problems: Vec<Problem> = refused
        .iter()
        .flat_map(|fault| fault.fields.iter())
        .map(|problem| Problem {
            id: problem.field.clone(),
            text: format!("{}: {}", capital(words::setting(&problem.field)), problem.message),
        })
        .collect();
    let from = typed.get("factor_from").map_or("none", String::as_str);
    let choice = |value: &str, text: &str| Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        chosen: value == from,
    };
    let shown = SecurityPage {
        head: guest.head(),
        sections: guest.sections("/security"),
        news: words::news(visit),
        refusal: refused.filter(|_| problems.is_empty()).map(|fault| fault.message.clone()),
        problems,
        action: guest.path("/security"),
        version: typed.get("version").cloned().unwrap_or_default(),
        shortest_password: field("shortest_password"),
        shortest_password_with_factor: field("shortest_password_with_factor"),
        composition: typed.get("composition").is_some_and(|value| value == "yes"),
        password_days: field("password_days"),
        breached_check: visit.function.service.settings.breached_list.is_some(),
        failures: field("failures"),
        first_lock_minutes: field("first_lock_minutes"),
        idle_minutes: field("idle_minutes"),
        session_hours: field("session_hours"),
        keys_path: guest.path("/keys"),
        erasure: guest.may(Action::DestroyData, Target::Account).then(|| guest.path("/erasure")),
        factor_from: vec![
            choice("none", "Nobody; everybody may use one"),
            choice("administrator", "Administrators"),
            choice("event_administrator", "Event administrators and above"),
            choice("resource_administrator", "Resource administrators and above"),
            choice("maker", "Makers and above"),
            choice("viewer", "Everybody of the team"),
        ],
    };
    page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/security",
    tag = "Security",
    summary = "Change the security settings",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    request_body = SecurityShape,
    responses(
        (status = 200, description = "They hold from now on", body = SecurityShape),
        (status = 400, description = "A value is outside its limits: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Somebody else has changed them since they were read", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn change(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ChangeSecurity).await?;
    let (wish, fields) = if visit.incoming.is_form() {
        let fields = visit.fields(&guest)?;
        (of_form(&fields), fields)
    } else {
        (visit.incoming.typed(), HashMap::new())
    };
    visit.freshly(&guest, "/security")?;
    let changed = async { changed(visit, &guest, &wish?).await };
    match changed.await {
        Ok(security) => {
            let path = guest.path("/security?done=security");
            Ok(done(visit, &path, StatusCode::OK, &shape(&security)))
        }
        Err(fault)
            if visit.incoming.wants_page()
                && matches!(fault.kind, Kind::Invalid | Kind::Conflict) =>
        {
            Ok(settings_page(visit, &guest, &fields, Some(&fault)))
        }
        Err(fault) => Err(fault),
    }
}

async fn changed(
    visit: &Visit<'_>,
    guest: &Guest,
    wish: &SecurityShape,
) -> Result<Security, Fault> {
    let factor_from = wish
        .factor_from
        .as_deref()
        .map(|word| {
            Level::parse(word)
                .ok_or_else(|| Fault::field("factor_from", "Choose one of the access levels."))
        })
        .transpose()?;
    let wanted = Security::parse(Draft {
        shortest_password: wish.shortest_password,
        shortest_password_with_factor: wish.shortest_password_with_factor,
        composition: wish.composition,
        password_days: wish.password_days,
        failures: wish.failures,
        first_lock_minutes: wish.first_lock_minutes,
        idle_minutes: wish.idle_minutes,
        session_hours: wish.session_hours,
        factor_from,
    })
    .map_err(|problems| {
        let field = |problem: shared::identity::security::Problem| FieldProblem {
            field: problem.field.to_owned(),
            message: problem.reason,
        };
        Fault::fields(problems.into_iter().map(field).collect())
    })?;
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let before = service.read_security(organization).await?;
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
    let (after, write) = changing(service, organization, &wanted, wish.version)?;
    let fields = different(&before.draft(), &after.draft());
    let more = More { fields, ..More::default() };
    let record = Record { more, ..guest.deed(Deed::SecurityChanged, About::Organization) };
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
        ("shortest_password", before.shortest_password != after.shortest_password),
        (
            "shortest_password_with_factor",
            before.shortest_password_with_factor != after.shortest_password_with_factor,
        ),
        ("composition", before.composition != after.composition),
        ("password_days", before.password_days != after.password_days),
        ("failures", before.failures != after.failures),
        ("first_lock_minutes", before.first_lock_minutes != after.first_lock_minutes),
        ("idle_minutes", before.idle_minutes != after.idle_minutes),
        ("session_hours", before.session_hours != after.session_hours),
        ("factor_from", before.factor_from != after.factor_from),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| Word::of(name)).collect()
}
