//! One dependent's data: how much there is, and its deletion.

use http::StatusCode;
use shared::audit::{About, Action as Deed};
use shared::certificate::link;
use shared::deletion::{self, Failure, Look, Whom, Wish};
use shared::dependent::{Dependent, store};
use shared::identity::access::{Action, Target};
use shared::ids::DependentId;
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, Kind, Reply};

use crate::Visit;
use crate::guard::Guest;
use crate::pages::{DeletedPage, DependentDeletion, DependentPage};
use crate::wire::{DependentDataShape, NothingShape, PersonDeletedShape};
use crate::words;

fn id(visit: &Visit<'_>) -> Result<DependentId, Fault> {
    DependentId::parse(visit.incoming.path("dependent")).ok_or_else(Fault::not_found)
}

#[utoipa::path(
    get,
    path = "/{organization}/manage/dependents/{dependent}",
    tag = "Dependents",
    summary = "How much is kept about a dependent, and what their deletion would meet",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("dependent" = String, Path, description = "The dependent's id"),
    ),
    responses(
        (status = 200, description = "How much of what is kept", body = DependentDataShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn dependent(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ManageDependents).await?;
    shown(visit, &guest, id(visit)?, None).await
}

/// The page; `refused` says why the last attempt was.
async fn shown(
    visit: &Visit<'_>,
    guest: &Guest,
    id: DependentId,
    refused: Option<&Fault>,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let organization = guest.organization().id;
    if !store::ever(service, organization, id).await? {
        return Err(Fault::not_found());
    }
    let found = store::find(service, organization, guest.keys(), id).await?;
    let look = deletion::look(service, organization, Whom::Dependent(id), visit.now).await?;
    visit.look(guest, About::Dependent(id), "dependent", 1, None).await?;
    if !visit.incoming.wants_page() {
        let shape = DependentDataShape {
            id: id.to_string(),
            name: found.as_ref().map(|one| one.name.expose().to_owned()),
            identifier: found.as_ref().map(|one| one.identifier.expose().to_owned()),
            coming: look.coming,
            others: look.others,
            guardians: look.guardians,
            held: look.obstacle.map(|obstacle| obstacle.to_string()),
            deleting: look.under_way.is_some(),
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let name = |one: &Dependent| one.name.expose().to_owned();
    let shown = DependentPage {
        head: guest.head(),
        sections: guest.sections("/dependents"),
        refusal: refused.map(|fault| fault.message.clone()),
        name: found.as_ref().map_or_else(|| "A former dependent".to_owned(), name),
        identifier: found.as_ref().map(|one| one.identifier.expose().to_owned()),
        kept: vec![
            ("Appointments to come", words::some(look.coming)),
            ("Appointments that are over or cancelled", words::some(look.others)),
            ("Guardians who have attached them", words::some(look.guardians)),
        ],
        hold: guest
            .may(Action::KeepData, Target::Account)
            .then(|| guest.path(&format!("/retention?on=dependent&id={id}#holds"))),
        deletion: deletion_of(guest, id, &look),
        list_path: guest.path("/dependents"),
    };
    Ok(page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown))
}

fn deletion_of(guest: &Guest, id: DependentId, look: &Look) -> DependentDeletion {
    if !guest.may(Action::DestroyData, Target::Account) {
        return DependentDeletion::Withheld;
    }
    match (look.under_way, look.obstacle) {
        (Some(_), _) => DependentDeletion::UnderWay,
        (None, Some(obstacle)) => DependentDeletion::Held(obstacle.to_string()),
        (None, None) => DependentDeletion::Ready {
            action: guest.path(&format!("/dependents/{id}/delete")),
            button: words::delete_button(look.coming),
            told: match look.coming {
                0 => None,
                1 => Some("Who booked the appointment to come gets a mail that says it is cancelled, without this dependent’s name.".to_owned()),
                _ => Some("Who booked the appointments to come gets mails that say they are cancelled, without this dependent’s name.".to_owned()),
            },
        },
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/dependents/{dependent}/delete",
    tag = "Dependents",
    summary = "Delete all that is kept about a dependent; what lies ahead is cancelled, and its guardians are told",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("dependent" = String, Path, description = "The dependent's id"),
    ),
    request_body = NothingShape,
    responses(
        (status = 202, description = "It is being deleted; asking again meanwhile answers the same", body = PersonDeletedShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "Nothing is kept about anybody of this id", body = ErrorShape),
        (status = 409, description = "A legal hold stands in the way", body = ErrorShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn delete(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::DestroyData).await?;
    let NothingShape {} = visit.sent(&guest)?;
    let id = id(visit)?;
    visit.freshly(&guest, &format!("/dependents/{id}"))?;
    match asked(visit, &guest, Whom::Dependent(id)).await {
        Err(fault) if visit.incoming.wants_page() && fault.kind == Kind::Conflict => {
            shown(visit, &guest, id, Some(&fault)).await
        }
        outcome => outcome,
    }
}

/// Asks for a deletion, and says so with the address of its certificate.
pub(super) async fn asked(visit: &Visit<'_>, guest: &Guest, whom: Whom) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let operator = link::operator_keys(service, visit.now).await?;
    let by = guest.deed(Deed::DeletionAsked, whom.about());
    let wish = Wish { organization, keys: guest.keys(), whom, by, more: Vec::new() };
    let asked =
        deletion::ask(service, &wish, visit.now).await.map_err(|failure| match failure {
            Failure::Refused(obstacle) => Fault::new(Kind::Conflict, obstacle.to_string()),
            Failure::NotThere => Fault::not_found(),
            Failure::Changed => {
                let why = "Something was changed at the same moment. Please try again.";
                Fault::new(Kind::Conflict, why)
            }
            Failure::Trouble(trouble) => trouble.into(),
        })?;
    let certificate_path = link::path(&operator, organization, asked.id);
    let certificate = service.settings.address_of(&certificate_path);
    let coming = asked.coming;
    if !visit.incoming.wants_page() {
        let deletion = asked.id.to_string();
        let shape = PersonDeletedShape { deletion, cancelled: coming, certificate };
        return Ok(Reply::json(StatusCode::ACCEPTED, &shape));
    }
    let shown = DeletedPage {
        certificate_path,
        head: guest.head(),
        sections: guest.sections(match whom {
            Whom::Person(_) => "",
            Whom::Dependent(_) => "/dependents",
        }),
        dependent: matches!(whom, Whom::Dependent(_)),
        cancelled: (coming > 0).then(|| words::many(coming, "appointment", "appointments")),
        certificate,
    };
    Ok(page(StatusCode::ACCEPTED, &shown))
}
