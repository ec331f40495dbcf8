//! Deleting the organization: asking for it, and taking that back.

use http::StatusCode;
use shared::audit::{About, Action as Deed};
use shared::certificate::link;
use shared::erasure::rules::WAIT;
use shared::erasure::{self, Asked, Planned};
use shared::identity::access::Action;
use shared::identity::member;
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, Kind, Reply};

use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{ErasurePage, ErasureWaits, Field};
use crate::wire::{EraseShape, ErasureShape, NothingShape};
use crate::words;

#[utoipa::path(
    get,
    path = "/{organization}/manage/erasure",
    tag = "Erasure",
    summary = "Whether the organization is going to be deleted",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 200, description = "When it was asked for and until when it can be taken back", body = ErasureShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn standing(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::DestroyData).await?;
    let service = &visit.function.service;
    let planned = erasure::find(service, guest.organization().id).await?;
    if !visit.incoming.wants_page() {
        return Ok(Reply::json(StatusCode::OK, &shape(visit, &guest, planned).await?));
    }
    erasure_page(visit, &guest, planned, Field::default(), None).await
}

/// The path at which the certificate will be.
async fn certificate_path(
    visit: &Visit<'_>,
    guest: &Guest,
    planned: Planned,
) -> Result<String, Fault> {
    let service = &visit.function.service;
    let operator = link::operator_keys(service, visit.now).await?;
    Ok(link::path(&operator, guest.organization().id, planned.deletion))
}

async fn shape(
    visit: &Visit<'_>,
    guest: &Guest,
    planned: Option<Planned>,
) -> Result<ErasureShape, Fault> {
    let zone = &guest.organization().zone;
    let certificate_url = match planned {
        Some(planned) => {
            let path = certificate_path(visit, guest, planned).await?;
            Some(visit.function.service.settings.address_of(&path))
        }
        None => None,
    };
    Ok(ErasureShape {
        asked: planned.map(|planned| zone.rfc3339(planned.asked)),
        until: planned.map(|planned| zone.rfc3339(planned.due)),
        certificate_url,
        waiting_hours: WAIT.as_hours(),
    })
}

async fn erasure_page(
    visit: &Visit<'_>,
    guest: &Guest,
    planned: Option<Planned>,
    typed: Field,
    refused: Option<&Fault>,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let organization = guest.organization();
    let zone = &organization.zone;
    let moment = |at| format!("{}, {}", zone.long_day(at), zone.clock(at));
    let waits = match planned {
        Some(planned) => {
            let certificate_path = certificate_path(visit, guest, planned).await?;
            Some(ErasureWaits {
                asked: moment(planned.asked),
                until: moment(planned.due),
                certificate: service.settings.address_of(&certificate_path),
                certificate_path,
            })
        }
        None => None,
    };
    let members = member::store::list(service, organization.id, guest.keys()).await?.len();
    let events = guest.snapshot.events.len();
    let shown = ErasurePage {
        head: guest.head(),
        sections: guest.sections("/security"),
        news: words::news(visit),
        refusal: refused.filter(|_| typed.error.is_none()).map(|fault| fault.message.clone()),
        name: organization.name.clone(),
        web_name: organization.web_name.to_string(),
        typed,
        action: guest.path("/erasure"),
        what: format!(
            "{} and {}",
            words::many(events, "event", "events"),
            words::many(members, "member of the team", "members of the team")
        ),
        hours: WAIT.as_hours(),
        waits,
    };
    Ok(page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown))
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/erasure",
    tag = "Erasure",
    summary = "Ask to delete the organization: it begins when the time to take it back is over",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    request_body = EraseShape,
    responses(
        (status = 201, description = "It waits", body = ErasureShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "It is not possible now: the message says why", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn ask(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::DestroyData).await?;
    let wish: EraseShape = visit.sent(&guest)?;
    visit.freshly(&guest, "/erasure")?;
    let asked = asked(visit, &guest, &wish).await;
    match asked {
        Ok(planned) => {
            let path = guest.path("/erasure?done=erasure-asked");
            let shape = shape(visit, &guest, Some(planned)).await?;
            Ok(done(visit, &path, StatusCode::CREATED, &shape))
        }
        Err(fault)
            if visit.incoming.wants_page()
                && matches!(fault.kind, Kind::Invalid | Kind::Conflict) =>
        {
            let error = fault.fields.first().map(|problem| problem.message.clone());
            let typed = Field { value: wish.web_name, error };
            erasure_page(visit, &guest, None, typed, Some(&fault)).await
        }
        Err(fault) => Err(fault),
    }
}

async fn asked(visit: &Visit<'_>, guest: &Guest, wish: &EraseShape) -> Result<Planned, Fault> {
    let web_name = guest.organization().web_name.as_str();
    if wish.web_name.trim() != web_name {
        let message = format!("Type the organization’s name in addresses: {web_name}.");
        return Err(Fault::field("web_name", message));
    }
    let service = &visit.function.service;
    let record = guest.deed(Deed::ErasureAsked, About::Organization);
    let by = guest.member_id()?;
    match erasure::ask(service, &guest.snapshot, by, &record, visit.now).await? {
        Asked::Waits(planned) => Ok(planned),
        Asked::Refused(obstacle) => Err(Fault::new(Kind::Conflict, obstacle.to_string())),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/erasure/cancel",
    tag = "Erasure",
    summary = "Take a deletion back in time",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 200, description = "Nothing is deleted", body = ErasureShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Nobody has asked for it, or it is too late", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn cancel(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::DestroyData).await?;
    let NothingShape {} = visit.sent(&guest)?;
    let service = &visit.function.service;
    let record = guest.deed(Deed::ErasureCancelled, About::Organization);
    let taken_back = erasure::take_back(service, &guest.snapshot, &record, visit.now).await?;
    match taken_back {
        Ok(()) => {
            let path = guest.path("/erasure?done=erasure-taken-back");
            let shape = shape(visit, &guest, None).await?;
            Ok(done(visit, &path, StatusCode::OK, &shape))
        }
        Err(refusal) => {
            let fault = Fault::new(Kind::Conflict, refusal.to_string());
            if visit.incoming.wants_page() {
                let planned = erasure::find(service, guest.organization().id).await?;
                return erasure_page(visit, &guest, planned, Field::default(), Some(&fault)).await;
            }
            Err(fault)
        }
    }
}
