//! The emergency code.

use shared::identity::door::{Failure, Refusal};
use shared::personal::Note;
use shared::web::{Fault, Kind, Reply};

use crate::Visit;
use crate::pages::{Field, FieldKind, Form, FormPage};
use crate::threshold::Threshold;
use crate::wire::{EmergencyShape, FormShape, InShape};
use crate::words;
use shared::web::page::ErrorShape;

fn shown(threshold: &Threshold<'_>) -> FormPage {
    FormPage {
        head: threshold.head(),
        title: "Emergency access".into(),
        lead: vec![
            "For when somebody’s care or safety needs what is kept here and nobody who may look can be reached.".into(),
            "The printed code shows the appointments for one hour. It works once. Every administrator is mailed at once, the operator is alerted, and what you look at is on record.".into(),
        ],
        form: Form::new(threshold.path("/emergency"), "Open for one hour")
            .asking(Field::new("code", "Printed code", FieldKind::PrintedCode).at_most(80))
            .asking(
                Field::new("reason", "Why it is needed, and who you are", FieldKind::Line)
                    .at_most(Note::LONGEST),
            ),
        passkey: None,
        ways: Vec::new(),
    }
}

#[utoipa::path(
    get,
    path = "/{organization}/emergency",
    tag = "Signing in",
    summary = "What the emergency code asks for",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "What it asks for", body = FormShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    Ok(threshold.asks(&shown(&threshold)))
}

#[utoipa::path(
    post,
    path = "/{organization}/emergency",
    tag = "Signing in",
    summary = "Open the organization with its emergency code, to read, for an hour",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = EmergencyShape,
    responses(
        (status = 200, description = "In", body = InShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn open(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    match opened(&threshold).await {
        Ok(reply) => Ok(reply),
        Err(fault) => threshold.asks_again(shown(&threshold), fault),
    }
}

async fn opened(threshold: &Threshold<'_>) -> Result<Reply, Fault> {
    let shape: EmergencyShape = threshold.sent(None)?;
    let reason =
        Note::parse(&shape.reason).map_err(|unfit| Fault::field("reason", unfit.to_string()))?;
    match threshold.door().use_emergency_code(&shape.code, reason).await {
        Ok(entry) => Ok(threshold.come_in(&entry, None)),
        Err(failure) => {
            if matches!(failure, Failure::Refused(Refusal::NotRight)) {
                threshold.visit.patiently().await;
            }
            let fault = words::fault(failure, "code");
            debug_assert_ne!(fault.kind, Kind::NotFound);
            Err(fault)
        }
    }
}
