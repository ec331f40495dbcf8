//! One person's data: taken out, corrected, deleted.

use http::StatusCode;
use shared::audit::{self, About, Action as Deed, Word};
use shared::booking::store::Correction;
use shared::deletion::Whom;
use shared::identity::access::Action;
use shared::ids::PersonId;
use shared::rights;
use shared::web::page::ErrorShape;
use shared::web::{Fault, Kind, Reply};

use super::appointments::refused_on_page;
use super::dependent;
use crate::Visit;
use crate::guard::{Guest, done};
use crate::wire::{CorrectPersonShape, NothingShape, PersonCorrectedShape, PersonDeletedShape};

fn person(visit: &Visit<'_>) -> Result<PersonId, Fault> {
    PersonId::parse(visit.incoming.path("person")).ok_or_else(Fault::not_found)
}

async fn taken_out(visit: &Visit<'_>) -> Result<rights::TakenOutShape, Fault> {
    let guest = visit.at_account(Action::KeepData).await?;
    let person = person(visit)?;
    visit.freshly(&guest, &format!("/participants/{person}"))?;
    let service = &visit.function.service;
    let taken = rights::take_out(service, &guest.snapshot, person, visit.now).await?;
    let taken = taken.ok_or_else(Fault::not_found)?;
    // Without the record there is no file.
    let mut record = guest.deed(Deed::DataExported, About::Person(person));
    record.more.page = Some(Word::of("everything"));
    record.more.count = Some(1);
    audit::write(service, guest.organization().id, &record, visit.now).await?;
    Ok(taken)
}

#[utoipa::path(
    get,
    path = "/{organization}/manage/participants/{person}/file.json",
    tag = "Keeping data",
    summary = "All that is kept about a participant, for programs",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("person" = String, Path, description = "The participant's id"),
    ),
    responses(
        (status = 200, description = "All of it, to be kept as a file", body = rights::TakenOutShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "Nothing is kept about anybody of this id", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn json(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let text = rights::json(&taken_out(visit).await?)?;
    Ok(Reply::download("application/json", "participant.json", text))
}

#[utoipa::path(
    get,
    path = "/{organization}/manage/participants/{person}/file.csv",
    tag = "Keeping data",
    summary = "All that is kept about a participant, for a spreadsheet",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("person" = String, Path, description = "The participant's id"),
    ),
    responses(
        (status = 200, description = "All of it, to be kept as a file", body = String, content_type = "text/csv"),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "Nothing is kept about anybody of this id", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let text = rights::csv(&taken_out(visit).await?)?;
    Ok(Reply::download("text/csv; charset=utf-8", "participant.csv", text))
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/participants/{person}/correct",
    tag = "Keeping data",
    summary = "Correct a participant's name and telephone on what lies ahead; each appointment is confirmed anew",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("person" = String, Path, description = "The participant's id"),
    ),
    request_body = CorrectPersonShape,
    responses(
        (status = 200, description = "It is corrected", body = PersonCorrectedShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this, or the request came from elsewhere", body = ErrorShape),
        (status = 404, description = "No appointment of anybody of this id lies ahead", body = ErrorShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 503, description = "Something is failing; trying again does the rest", body = ErrorShape),
    )
)]
pub(crate) async fn correct(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::KeepData).await?;
    let wish: CorrectPersonShape = visit.sent(&guest)?;
    let person = person(visit)?;
    match corrected(visit, &guest, person, &wish).await {
        Ok(corrected) => {
            let path = guest.path(&format!("/participants/{person}?done=corrected"));
            Ok(done(visit, &path, StatusCode::OK, &PersonCorrectedShape { corrected }))
        }
        Err(fault) if visit.incoming.wants_page() && fault.kind == Kind::Invalid => {
            refused_on_page(visit, &guest, person, &fault).await
        }
        Err(fault) => Err(fault),
    }
}

async fn corrected(
    visit: &Visit<'_>,
    guest: &Guest,
    person: PersonId,
    wish: &CorrectPersonShape,
) -> Result<usize, Fault> {
    let right = Correction::parse(&wish.name, wish.phone.as_deref().unwrap_or_default())
        .map_err(Fault::unfit)?;
    let by = guest.deed(Deed::DataCorrected, About::Person(person));
    let service = &visit.function.service;
    let (corrected, ahead) =
        rights::correct(service, &guest.snapshot, person, &right, &by, visit.now).await?;
    if ahead == 0 { Err(Fault::not_found()) } else { Ok(corrected) }
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/participants/{person}/delete",
    tag = "Keeping data",
    summary = "Delete all that is kept about a participant, and cancel what lies ahead",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("person" = String, Path, description = "The participant's id"),
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
    let person = person(visit)?;
    visit.freshly(&guest, &format!("/participants/{person}"))?;
    match dependent::asked(visit, &guest, Whom::Person(person)).await {
        Err(fault) if visit.incoming.wants_page() && fault.kind == Kind::Conflict => {
            refused_on_page(visit, &guest, person, &fault).await
        }
        outcome => outcome,
    }
}
