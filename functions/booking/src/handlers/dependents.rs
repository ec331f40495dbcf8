//! For whom a participant books: attaching and letting go of dependents.

use http::StatusCode;
use shared::dependent::rules::{MOST_ATTACHED, Refusal};
use shared::dependent::store::{self, Desk, Failure};
use shared::dependent::{Claim, Dependent};
use shared::ids::DependentId;
use shared::organization::Snapshot;
use shared::personal::{Identifier, SecurityValue};
use shared::web::{Fault, FieldProblem, Kind, Reply, refusal};

use super::guest::{Guest, bookings_path, dependents_path};
use crate::Visit;
use crate::pages::{DependentLine, DependentsPage, Field, PageHead};
use crate::replies::{fault_shape, head, page};
use crate::wire::{
    AttachShape, DependentShape, DependentsShape, DetachShape, ErrorShape, NothingShape,
};

#[utoipa::path(
    get,
    path = "/{organization}/dependents",
    tag = "Signed in",
    summary = "For whom one may book",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "By name", body = DependentsShape),
        (status = 401, description = "Nobody has signed in", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn list(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let snapshot = visit.snapshot().await?;
    let guest = visit.signed_in(&snapshot).await?;
    if visit.incoming.wants_page() {
        let news = match visit.incoming.query("done") {
            Some("added") => Some("Now you can book for them too."),
            Some("removed") => Some("They are off your list. What is booked for them stands."),
            _ => None,
        };
        return shown(visit, &snapshot, guest, "", None, news).await;
    }
    let dependents = attached(visit, &snapshot, &guest).await?;
    let dependents = dependents.iter().map(DependentShape::of).collect();
    Ok(Reply::json(StatusCode::OK, &DependentsShape { dependents }))
}

impl DependentShape {
    fn of(dependent: &Dependent) -> Self {
        Self { id: dependent.id.to_string(), name: dependent.name.expose().to_owned() }
    }
}

pub(super) async fn attached(
    visit: &Visit<'_>,
    snapshot: &Snapshot,
    guest: &Guest,
) -> Result<Vec<Dependent>, Fault> {
    let service = &visit.function.service;
    let organization = snapshot.organization.id;
    Ok(store::attached(service, organization, &snapshot.keys, guest.person).await?)
}

#[utoipa::path(
    post,
    path = "/{organization}/dependents",
    tag = "Signed in",
    summary = "Attach a dependent by identifier and security value",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = AttachShape,
    responses(
        (status = 201, description = "Attached", body = DependentShape),
        (status = 400, description = "A value cannot be used, or nobody has both", body = ErrorShape),
        (status = 401, description = "Nobody has signed in", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site or an old form", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "As many are attached as may be", body = ErrorShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 429, description = "Too many tries; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn attach(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let snapshot = visit.snapshot().await?;
    let guest = visit.signed_in(&snapshot).await?;
    let outcome = match visit.incoming.typed::<AttachShape>() {
        Ok(shape) => {
            visit.own_form(&snapshot, &guest, shape.form_token.as_deref())?;
            claimed(visit, &snapshot, &guest, &shape).await
        }
        Err(refused) => Err(refused),
    };
    match outcome {
        Ok(_) if visit.incoming.wants_page() => {
            let path = dependents_path(&snapshot.organization);
            Ok(Reply::see_other(&format!("{path}?done=added")))
        }
        Ok(dependent) => Ok(Reply::json(StatusCode::CREATED, &DependentShape::of(&dependent))),
        Err(refused) if visit.incoming.wants_page() && visit.incoming.is_form() => {
            if refused.kind == Kind::Unavailable {
                return Err(refused);
            }
            let typed = visit.incoming.form().unwrap_or_default();
            let typed = typed.get("identifier").map_or("", String::as_str);
            shown(visit, &snapshot, guest, typed, Some(&refused), None).await
        }
        Err(refused) => Ok(fault_shape(&refused, None)),
    }
}

async fn claimed(
    visit: &Visit<'_>,
    snapshot: &Snapshot,
    guest: &Guest,
    shape: &AttachShape,
) -> Result<Dependent, Fault> {
    let problem = |field: &str, message: String| FieldProblem { field: field.into(), message };
    let identifier = Identifier::parse(&shape.identifier)
        .map_err(|unfit| problem("identifier", unfit.to_string()));
    let security = SecurityValue::parse(&shape.security_value)
        .map_err(|unfit| problem("security_value", unfit.to_string()));
    let claim = match (identifier, security) {
        (Ok(identifier), Ok(security)) => Claim { identifier, security },
        (identifier, security) => {
            let problems = identifier.err().into_iter().chain(security.err());
            return Err(Fault::fields(problems.collect()));
        }
    };
    let desk = Desk {
        service: &visit.function.service,
        allowances: &visit.function.allowances,
        organization: snapshot.organization.id,
        keys: &snapshot.keys,
        now: visit.now,
    };
    let network = visit.network(&snapshot.keys);
    store::attach(desk, guest.person, &claim, network).await.map_err(|failure| match failure {
        Failure::Trouble(trouble) => trouble.into(),
        Failure::Refused(Refusal::Wrong) => Fault::new(
            Kind::Invalid,
            "Nobody has both this identifier and this security value. Please check both; the \
             organization that gave them to you can help.",
        ),
        Failure::Refused(Refusal::Full) => Fault::new(
            Kind::Conflict,
            format!("You can have {MOST_ATTACHED} people on your list. Remove one first."),
        ),
        Failure::Refused(Refusal::TooMuch(wait)) => {
            let wait_words = refusal::minutes_or_hours((wait.as_secs() + 59) / 60);
            Fault::new(
                Kind::TooManyRequests,
                format!("There were too many tries. Please try again in {wait_words}."),
            )
            .retry_after(wait)
        }
    })
}

#[utoipa::path(
    post,
    path = "/{organization}/dependents/{dependent}/remove",
    tag = "Signed in",
    summary = "Let a dependent go; what is booked for them stands",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("dependent" = String, Path, description = "The dependent's id"),
    ),
    request_body = DetachShape,
    responses(
        (status = 200, description = "They are off the list", body = NothingShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody has signed in", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site or an old form", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn detach(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let snapshot = visit.snapshot().await?;
    let guest = visit.signed_in(&snapshot).await?;
    let shape = match visit.incoming.is_empty() {
        true => DetachShape::default(),
        false => visit.incoming.typed::<DetachShape>()?,
    };
    visit.own_form(&snapshot, &guest, shape.form_token.as_deref())?;
    let dependent =
        DependentId::parse(visit.incoming.path("dependent")).ok_or_else(Fault::not_found)?;
    let service = &visit.function.service;
    let organization = &snapshot.organization;
    let network = visit.network(&snapshot.keys);
    let detached =
        store::detach(service, organization.id, guest.person, dependent, network, visit.now);
    if !detached.await? {
        return Err(Fault::not_found());
    }
    if visit.incoming.wants_page() {
        let path = dependents_path(organization);
        return Ok(Reply::see_other(&format!("{path}?done=removed")));
    }
    Ok(Reply::json(StatusCode::OK, &NothingShape {}))
}

async fn shown(
    visit: &Visit<'_>,
    snapshot: &Snapshot,
    guest: Guest,
    typed: &str,
    refused: Option<&Fault>,
    news: Option<&str>,
) -> Result<Reply, Fault> {
    let dependents = attached(visit, snapshot, &guest).await?;
    let error = |name: &str| {
        let found = refused?.fields.iter().find(|problem| problem.field == name);
        found.map(|problem| problem.message.clone())
    };
    let path = dependents_path(&snapshot.organization);
    let form_token = guest.head.form_token.clone();
    let shown = DependentsPage {
        head: PageHead::new(Some(head(&snapshot.organization))).of_person(Some(guest.head)),
        organization: snapshot.organization.name.clone(),
        dependents: dependents
            .iter()
            .map(|dependent| DependentLine {
                name: dependent.name.expose().to_owned(),
                remove_action: format!("{path}/{}/remove", dependent.id),
            })
            .collect(),
        news: news.map(str::to_owned),
        refusal: refused.filter(|fault| fault.fields.is_empty()).map(|fault| fault.message.clone()),
        identifier: Field {
            value: typed.to_owned(),
            error: error("identifier"),
            limit: Identifier::LONGEST,
        },
        security_value: Field {
            value: String::new(),
            error: error("security_value"),
            limit: SecurityValue::LONGEST,
        },
        action: path,
        form_token,
        bookings_path: bookings_path(&snapshot.organization),
    };
    let reply = page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown);
    Ok(match refused {
        Some(fault) => reply.after(fault),
        None => reply,
    })
}
