//! What is kept about who has signed in: seen in short, taken out, corrected,
//! deleted.

use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use shared::audit::{self, About, Action, Actor, Outcome, Record, Word};
use shared::booking::store::{Correction, is_ahead};
use shared::booking::{Booking, store};
use shared::certificate::link;
use shared::deletion::{self, Asked, Failure, Look, Whom, Wish};
use shared::dependent::store as dependents;
use shared::identity::session;
use shared::identity::{Subject, factor, password};
use shared::organization::{Organization, Snapshot};
use shared::personal::PersonName;
use shared::rights;
use shared::web::cookie::Cookie;
use shared::web::{Fault, Kind, Reply};

use super::guest::{Guest, bookings_path, link_path};
use crate::Visit;
use crate::pages::{CorrectForm, DataDeletedPage, Deletion, Field, PageHead, YourDataPage};
use crate::replies::{fault_shape, head, page};
use crate::wire::{
    CorrectShape, CorrectedShape, DeletedShape, DetachShape, ErrorShape, YourDataShape,
};

/// Where somebody sees what is kept about them.
pub(super) fn your_data_path(organization: &Organization) -> String {
    format!("/{}/your-data", organization.web_name)
}

/// What is kept, in short.
struct Kept {
    bookings: Vec<Booking>,
    look: Look,
    people: usize,
    password: bool,
    codes: bool,
    passkeys: usize,
}

async fn kept(visit: &Visit<'_>, snapshot: &Snapshot, guest: &Guest) -> Result<Kept, Fault> {
    let service = &visit.function.service;
    let (organization, keys) = (snapshot.organization.id, &snapshot.keys);
    let subject = Subject::Participant(guest.person);
    let (bookings, people, password, factors) = tokio::try_join!(
        store::of_owner(service, organization, keys, guest.person),
        dependents::attached(service, organization, keys, guest.person),
        password::store::find(service, keys, organization, subject),
        factor::store::list(service, keys, organization, subject),
    )?;
    let look = deletion::look_at(service, organization, guest.person, &bookings, visit.now).await?;
    Ok(Kept {
        bookings,
        look,
        people: people.len(),
        password: password.is_some(),
        codes: factors.codes.since().is_some(),
        passkeys: factors.passkeys.len(),
    })
}

#[utoipa::path(
    get,
    path = "/{organization}/your-data",
    tag = "Signed in",
    summary = "What is kept about oneself, in short",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 200, description = "How much of what is kept", body = YourDataShape),
        (status = 401, description = "Nobody has signed in", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn your_data(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let snapshot = visit.snapshot().await?;
    let guest = visit.signed_in(&snapshot).await?;
    if visit.incoming.wants_page() {
        return shown(visit, &snapshot, guest, None).await;
    }
    let kept = kept(visit, &snapshot, &guest).await?;
    let shape = YourDataShape {
        email: guest.address.as_ref().map(|email| email.expose().to_owned()),
        coming: kept.look.coming,
        others: kept.look.others,
        people: kept.people,
        password: kept.password,
        codes: kept.codes,
        passkeys: kept.passkeys,
        held: kept.look.obstacle.map(|obstacle| obstacle.to_string()),
    };
    Ok(Reply::json(StatusCode::OK, &shape))
}

/// The page; `refused` says why the last attempt was.
async fn shown(
    visit: &Visit<'_>,
    snapshot: &Snapshot,
    guest: Guest,
    refused: Option<&Fault>,
) -> Result<Reply, Fault> {
    let kept = kept(visit, snapshot, &guest).await?;
    let organization = &snapshot.organization;
    let path = your_data_path(organization);
    let news = match visit.incoming.query("done") {
        Some("corrected") => Some("It is corrected. New confirmations are on their way."),
        _ => None,
    };
    let yes = |there| if there { "Yes" } else { "None" }.to_owned();
    let counted = |count: usize| if count == 0 { "None".to_owned() } else { count.to_string() };
    let email = guest.address.as_ref().map_or("", |email| email.expose());
    let delete = match kept.look.obstacle {
        Some(obstacle) => Deletion::Held(obstacle.to_string()),
        None if guest.session.is_fresh(visit.now) => Deletion::Ready {
            action: format!("{path}/delete"),
            button: match kept.look.coming {
                0 => "Delete everything".to_owned(),
                coming => format!("Delete everything, and cancel {}", appointments(coming)),
            },
        },
        None => Deletion::Unsure {
            link_action: link_path(organization),
            email: email.to_owned(),
            confirm_path: (kept.password || kept.passkeys > 0)
                .then(|| format!("/{}/account/confirm?next={path}", organization.web_name)),
        },
    };
    let form_token = guest.head.form_token.clone();
    let shown = YourDataPage {
        organization: organization.name.clone(),
        news: news.map(str::to_owned),
        refusal: refused.filter(|fault| fault.fields.is_empty()).map(|fault| fault.message.clone()),
        kept: vec![
            ("Email", if email.is_empty() { "None".to_owned() } else { email.to_owned() }),
            ("Appointments to come", counted(kept.look.coming)),
            ("Appointments that are over or cancelled", counted(kept.look.others)),
            ("People you book for", counted(kept.people)),
            ("Password", yes(kept.password)),
            ("One-time codes", yes(kept.codes)),
            ("Passkeys", counted(kept.passkeys)),
        ],
        json_path: format!("{path}/file.json"),
        csv_path: format!("{path}/file.csv"),
        correct: correct_form(visit, &kept, &path, refused),
        delete,
        form_token,
        bookings_path: bookings_path(organization),
        head: PageHead::new(Some(head(organization))).of_person(Some(guest.head)),
    };
    let reply = page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown);
    Ok(match refused {
        Some(fault) => reply.after(fault),
        None => reply,
    })
}

fn correct_form(
    visit: &Visit<'_>,
    kept: &Kept,
    path: &str,
    refused: Option<&Fault>,
) -> Option<CorrectForm> {
    let ahead = || kept.bookings.iter().filter(|booking| is_ahead(booking, visit.now));
    let contact = &ahead().next_back()?.contact;
    let typed =
        if refused.is_some() { visit.incoming.form().unwrap_or_default() } else { HashMap::new() };
    let field = |name: &str, known: &str, limit| Field {
        value: typed.get(name).cloned().unwrap_or_else(|| known.to_owned()),
        error: refused.and_then(|fault| {
            let found = fault.fields.iter().find(|problem| problem.field == name)?;
            Some(found.message.clone())
        }),
        limit,
    };
    let phone = contact.phone.as_ref().map_or("", |phone| phone.expose());
    Some(CorrectForm {
        action: path.to_owned(),
        on: appointments(ahead().count()),
        name: field("name", contact.name.expose(), PersonName::LONGEST),
        phone: field("phone", phone, 40),
    })
}

/// `1 appointment`, `2 appointments`
fn appointments(count: usize) -> String {
    if count == 1 { "1 appointment".to_owned() } else { format!("{count} appointments") }
}

fn deed(visit: &Visit<'_>, snapshot: &Snapshot, guest: &Guest, action: Action) -> Record {
    let (actor, about) = (Actor::Participant(guest.person), About::Person(guest.person));
    Record::of(actor, action, about).from_network(Some(visit.network(&snapshot.keys)))
}

async fn taken_out(visit: &Visit<'_>) -> Result<rights::TakenOutShape, Fault> {
    let snapshot = visit.snapshot().await?;
    let guest = visit.signed_in(&snapshot).await?;
    let service = &visit.function.service;
    let taken = rights::take_out(service, &snapshot, guest.person, visit.now).await?;
    let taken = taken.ok_or_else(Fault::not_found)?;
    // Without the record there is no file.
    let mut record = deed(visit, &snapshot, &guest, Action::DataExported).with(Outcome::Done);
    record.more.page = Some(Word::of("everything"));
    record.more.count = Some(1);
    audit::write(service, snapshot.organization.id, &record, visit.now).await?;
    Ok(taken)
}

#[utoipa::path(
    get,
    path = "/{organization}/your-data/file.json",
    tag = "Signed in",
    summary = "All that is kept about oneself, for programs",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 200, description = "All of it, to be kept as a file", body = rights::TakenOutShape),
        (status = 401, description = "Nobody has signed in", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn json(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let text = rights::json(&taken_out(visit).await?)?;
    Ok(Reply::download("application/json", "your-data.json", text))
}

#[utoipa::path(
    get,
    path = "/{organization}/your-data/file.csv",
    tag = "Signed in",
    summary = "All that is kept about oneself, for a spreadsheet",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 200, description = "All of it, to be kept as a file", body = String, content_type = "text/csv"),
        (status = 401, description = "Nobody has signed in", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let text = rights::csv(&taken_out(visit).await?)?;
    Ok(Reply::download("text/csv; charset=utf-8", "your-data.csv", text))
}

#[utoipa::path(
    post,
    path = "/{organization}/your-data",
    tag = "Signed in",
    summary = "Correct name and telephone on what lies ahead; each appointment is confirmed anew",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    request_body = CorrectShape,
    responses(
        (status = 200, description = "It is corrected", body = CorrectedShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody has signed in", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site or an old form", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "No appointment lies ahead", body = ErrorShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 503, description = "Something is failing; trying again does the rest", body = ErrorShape),
    )
)]
pub(crate) async fn correct(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let snapshot = visit.snapshot().await?;
    let guest = visit.signed_in(&snapshot).await?;
    let outcome = match visit.incoming.typed::<CorrectShape>() {
        Ok(shape) => {
            visit.own_form(&snapshot, &guest, shape.form_token.as_deref())?;
            corrected(visit, &snapshot, &guest, &shape).await
        }
        Err(refused) => Err(refused),
    };
    let page = visit.incoming.wants_page();
    match outcome {
        Ok(_) if page => {
            let path = your_data_path(&snapshot.organization);
            Ok(Reply::see_other(&format!("{path}?done=corrected")))
        }
        Ok(corrected) => Ok(Reply::json(StatusCode::OK, &CorrectedShape { corrected })),
        Err(refused) if page && matches!(refused.kind, Kind::Invalid | Kind::Conflict) => {
            shown(visit, &snapshot, guest, Some(&refused)).await
        }
        Err(refused) if page => Err(refused),
        Err(refused) => Ok(fault_shape(&refused, None)),
    }
}

async fn corrected(
    visit: &Visit<'_>,
    snapshot: &Arc<Snapshot>,
    guest: &Guest,
    shape: &CorrectShape,
) -> Result<usize, Fault> {
    let right = Correction::parse(&shape.name, shape.phone.as_deref().unwrap_or_default())
        .map_err(Fault::unfit)?;
    let by = deed(visit, snapshot, guest, Action::DataCorrected);
    let service = &visit.function.service;
    let (corrected, ahead) =
        rights::correct(service, snapshot, guest.person, &right, &by, visit.now).await?;
    if ahead == 0 {
        let why = "You have no appointments to come. What is over stays as it was.";
        return Err(Fault::new(Kind::Conflict, why));
    }
    Ok(corrected)
}

#[utoipa::path(
    post,
    path = "/{organization}/your-data/delete",
    tag = "Signed in",
    summary = "Delete all that is kept about oneself, and cancel what lies ahead",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    request_body = DetachShape,
    responses(
        (status = 202, description = "It is being deleted; who asked is signed out, and asking again meanwhile answers the same", body = DeletedShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody has signed in", body = ErrorShape),
        (status = 403, description = "Sent from elsewhere, or who asks must sign in anew first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "A legal hold stands in the way", body = ErrorShape),
        (status = 413, description = "More than 64 KB", body = ErrorShape),
        (status = 415, description = "Neither JSON nor a form", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn delete(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let snapshot = visit.snapshot().await?;
    let guest = visit.signed_in(&snapshot).await?;
    let shape = match visit.incoming.is_empty() {
        true => DetachShape::default(),
        false => visit.incoming.typed::<DetachShape>()?,
    };
    visit.own_form(&snapshot, &guest, shape.form_token.as_deref())?;
    let page = visit.incoming.wants_page();
    if !guest.session.is_fresh(visit.now) {
        let mut fault = Fault::confirm_needed();
        if page {
            fault.message = "Nothing is deleted yet. Please sign in with a new link first.".into();
            return shown(visit, &snapshot, guest, Some(&fault)).await;
        }
        return Err(fault);
    }
    let service = &visit.function.service;
    let organization = &snapshot.organization;
    let operator = link::operator_keys(service, visit.now).await?;
    let subject = Subject::Participant(guest.person);
    let wish = Wish {
        organization: organization.id,
        keys: &snapshot.keys,
        whom: Whom::Person(guest.person),
        by: deed(visit, &snapshot, &guest, Action::DeletionAsked),
        more: vec![session::store::ending(service, organization.id, subject, guest.session.id)?],
    };
    match deletion::ask(service, &wish, visit.now).await {
        Ok(asked) => {
            let certificate = link::path(&operator, organization.id, asked.id);
            let out = Cookie::no_session(organization.id);
            Ok(gone(visit, organization, asked, certificate).with_cookie(&out))
        }
        Err(Failure::Refused(obstacle)) => {
            let fault = Fault::new(Kind::Conflict, obstacle.to_string());
            if page {
                return shown(visit, &snapshot, guest, Some(&fault)).await;
            }
            Err(fault)
        }
        Err(Failure::NotThere) => Err(Fault::not_found()),
        // Their session has ended at the same moment.
        Err(Failure::Changed) => Err(Fault::sign_in_needed()),
        Err(Failure::Trouble(trouble)) => Err(trouble.into()),
    }
}

fn gone(
    visit: &Visit<'_>,
    organization: &Organization,
    asked: Asked,
    certificate_path: String,
) -> Reply {
    let certificate = visit.function.service.settings.address_of(&certificate_path);
    let Asked { id: deletion, coming, .. } = asked;
    if !visit.incoming.wants_page() {
        let shape = DeletedShape { deletion: deletion.to_string(), cancelled: coming, certificate };
        return Reply::json(StatusCode::ACCEPTED, &shape);
    }
    let shown = DataDeletedPage {
        head: PageHead::new(Some(head(organization))),
        organization: organization.name.clone(),
        cancelled: (coming > 0).then(|| appointments(coming)),
        certificate_path,
        certificate,
        organization_path: format!("/{}", organization.web_name),
    };
    page(StatusCode::ACCEPTED, &shown)
}
