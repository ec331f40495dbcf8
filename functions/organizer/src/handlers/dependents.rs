//! The organization's list of dependents: whom guardians may book for.

use std::collections::HashMap;

use http::StatusCode;
use shared::audit::{self, About, Action as Deed};
use shared::dependent::{Dependent, NewDependent, store};
use shared::identity::access::Action;
use shared::ids::DependentId;
use shared::personal::{Identifier, PersonName, SecurityValue, Unfit};
use shared::web::incoming::from_form;
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, FieldProblem, Kind, Reply};

use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{DependentLine, DependentsPage, Field, Problem};
use crate::wire::{DependentShape, DependentsShape, NewDependentShape, NothingShape};
use crate::words;

/// How many a page shows; whoever looks for more types a part of the name.
const MOST_SHOWN: usize = 200;

#[utoipa::path(
    get,
    path = "/{organization}/manage/dependents",
    tag = "Dependents",
    summary = "Whom guardians may book for, by name; at most 200",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("find" = Option<String>, Query, description = "Only those whose name or identifier has this in it"),
    ),
    responses(
        (status = 200, description = "The dependents", body = DependentsShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn list(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ManageDependents).await?;
    shown(visit, &guest, None, &HashMap::new()).await
}

async fn shown(
    visit: &Visit<'_>,
    guest: &Guest,
    refused: Option<&Fault>,
    typed: &HashMap<String, String>,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let all = store::all(service, guest.organization().id, guest.keys()).await?;
    let listed = all.len();
    let find = visit.incoming.query("find").map(str::to_lowercase);
    let mut found: Vec<Dependent> = all
        .into_iter()
        .filter(|one| {
            find.as_ref().is_none_or(|find| {
                [one.name.expose(), one.identifier.expose()]
                    .iter()
                    .any(|text| text.to_lowercase().contains(find))
            })
        })
        .collect();
    let matching = found.len();
    found.truncate(MOST_SHOWN);
    let query = find.as_ref().map(String::as_bytes);
    visit.look(guest, About::Organization, "dependents", found.len(), query).await?;
    if !visit.incoming.wants_page() {
        let dependents = found.iter().map(shape).collect();
        return Ok(Reply::json(StatusCode::OK, &DependentsShape { dependents, listed }));
    }
    let field = |name: &str| Field {
        value: match name {
            // What only guardians know is not written back.
            "security_value" => String::new(),
            _ => typed.get(name).cloned().unwrap_or_default(),
        },
        error: refused.and_then(|fault| {
            let problem = fault.fields.iter().find(|problem| problem.field == name)?;
            Some(problem.message.clone())
        }),
    };
    let shown = DependentsPage {
        head: guest.head(),
        sections: guest.sections("/dependents"),
        news: words::news(visit),
        problems: problems(refused),
        action: guest.path("/dependents"),
        find: visit.incoming.query("find").unwrap_or_default().to_owned(),
        name: field("name"),
        identifier: field("identifier"),
        security_value: field("security_value"),
        listed,
        matching,
        dependents: found
            .iter()
            .map(|one| DependentLine {
                name: one.name.expose().to_owned(),
                identifier: one.identifier.expose().to_owned(),
                path: guest.path(&format!("/dependents/{}", one.id)),
                remove: guest.path(&format!("/dependents/{}/remove", one.id)),
            })
            .collect(),
    };
    Ok(page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown))
}

fn problems(refused: Option<&Fault>) -> Vec<Problem> {
    let Some(fault) = refused else { return Vec::new() };
    let label = |field: &str| match field {
        "name" => "Name",
        "identifier" => "Identifier",
        _ => "Security value",
    };
    fault
        .fields
        .iter()
        .map(|problem| Problem {
            id: problem.field.clone(),
            text: format!("{}: {}", label(&problem.field), problem.message),
        })
        .collect()
}

fn shape(dependent: &Dependent) -> DependentShape {
    DependentShape {
        id: dependent.id.to_string(),
        name: dependent.name.expose().to_owned(),
        identifier: dependent.identifier.expose().to_owned(),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/dependents",
    tag = "Dependents",
    summary = "Put somebody on the list",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    request_body = NewDependentShape,
    responses(
        (status = 201, description = "They are on the list", body = DependentShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this, or the request came from elsewhere", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Somebody on the list has this identifier", body = ErrorShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn add(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ManageDependents).await?;
    let (wish, typed) = if visit.incoming.is_form() {
        let fields = visit.fields(&guest)?;
        (from_form(fields.clone()), fields)
    } else {
        (visit.incoming.typed(), HashMap::new())
    };
    let added = match wish {
        Ok(wish) => added(visit, &guest, &wish).await,
        Err(fault) => Err(fault),
    };
    match added {
        Ok(dependent) => {
            let path = guest.path("/dependents?done=listed");
            Ok(done(visit, &path, StatusCode::CREATED, &shape(&dependent)))
        }
        Err(fault)
            if visit.incoming.wants_page()
                && matches!(fault.kind, Kind::Invalid | Kind::Conflict) =>
        {
            shown(visit, &guest, Some(&fault), &typed).await
        }
        Err(fault) => Err(fault),
    }
}

async fn added(
    visit: &Visit<'_>,
    guest: &Guest,
    wish: &NewDependentShape,
) -> Result<Dependent, Fault> {
    let mut problems = Vec::new();
    let mut checked = |field: &str, unfit: Unfit| {
        problems.push(FieldProblem { field: field.to_owned(), message: unfit.to_string() });
    };
    let name = PersonName::parse(&wish.name).map_err(|unfit| checked("name", unfit));
    let identifier =
        Identifier::parse(&wish.identifier).map_err(|unfit| checked("identifier", unfit));
    let security = SecurityValue::parse(&wish.security_value)
        .map_err(|unfit| checked("security_value", unfit));
    let (Ok(name), Ok(identifier), Ok(security)) = (name, identifier, security) else {
        return Err(Fault::fields(problems));
    };
    let new = NewDependent { name, identifier, security };
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let record = |id| {
        let record = guest.deed(Deed::DependentAdded, About::Dependent(id));
        Ok(vec![audit::record(service, organization, &record, visit.now)?])
    };
    let added = store::add(service, organization, guest.keys(), &new, record, visit.now).await?;
    added.ok_or_else(|| {
        let message = "Somebody on the list has this identifier. If it is now another person's, \
                       remove the former one first.";
        Fault::new(Kind::Conflict, message).at("identifier")
    })
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/dependents/{dependent}/remove",
    tag = "Dependents",
    summary = "Take somebody off the list; what is booked for them stands",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("dependent" = String, Path, description = "The dependent's id"),
    ),
    request_body = NothingShape,
    responses(
        (status = 200, description = "They are off the list", body = NothingShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this, or the request came from elsewhere", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn remove(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ManageDependents).await?;
    let NothingShape {} = visit.sent(&guest)?;
    let id = DependentId::parse(visit.incoming.path("dependent")).ok_or_else(Fault::not_found)?;
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let record = guest.deed(Deed::DependentRemoved, About::Dependent(id));
    let record = audit::record(service, organization, &record, visit.now)?;
    if !store::remove(service, organization, id, vec![record]).await? {
        return Err(Fault::not_found());
    }
    let path = guest.path("/dependents?done=unlisted");
    Ok(done(visit, &path, StatusCode::OK, &NothingShape {}))
}
