//! Joining an organization's team.

use shared::web::{Fault, Reply};

use crate::Visit;
use crate::forms;
use crate::pages::{Form, FormPage};
use crate::threshold::Threshold;
use crate::wire::{FormShape, InShape, NewPasswordShape};
use crate::words;
use shared::web::page::ErrorShape;

async fn shown(threshold: &Threshold<'_>) -> Result<FormPage, Fault> {
    let link = threshold.visit.incoming.path("link");
    let invited = threshold.door().invited(link).await;
    let (member, least) = invited.map_err(|failure| words::fault(failure, ""))?;
    let organization = &threshold.organization().name;
    let password = forms::new_password(least, Some(threshold.path("/account/meter")));
    Ok(FormPage {
        head: threshold.head(),
        title: format!("Join {organization}"),
        lead: vec![
            format!("{}, you are invited to the team.", member.name.expose()),
            format!(
                "You sign in as {}. Choose the password that goes with it.",
                member.username.expose()
            ),
        ],
        form: Form::new(threshold.path(&format!("/invitation/{link}")), "Join").asking(password),
        passkey: None,
        ways: Vec::new(),
    })
}

#[utoipa::path(
    get,
    path = "/{organization}/invitation/{link}",
    tag = "Signing in",
    summary = "An invitation; nothing is spent by looking",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a mailed link"),
    ),
    responses(
        (status = 200, description = "What it asks for", body = FormShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn page(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    Ok(threshold.asks(&shown(&threshold).await?))
}

#[utoipa::path(
    post,
    path = "/{organization}/invitation/{link}",
    tag = "Signing in",
    summary = "Join the team with a password of one's own",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a mailed link"),
    ),
    request_body = NewPasswordShape,
    responses(
        (status = 200, description = "In", body = InShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn accept(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let link = visit.incoming.path("link");
    let fault = match threshold.sent::<NewPasswordShape>(None) {
        Ok(shape) => match threshold.door().accept_invitation(link, &shape.password).await {
            Ok(entry) => return Ok(threshold.come_in(&entry, None)),
            Err(failure) => words::fault(failure, "password"),
        },
        Err(fault) => fault,
    };
    threshold.asks_again(shown(&threshold).await?, fault)
}
