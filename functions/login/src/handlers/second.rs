//! The second step.

use shared::identity::caller::Unfinished;
use shared::identity::door::Inside;
use shared::identity::session::Waiting;
use shared::web::page::WayBack;
use shared::web::{Fault, Reply};

use crate::Visit;
use crate::forms;
use crate::handlers::sign_in::passkey;
use crate::pages::{Form, FormPage};
use crate::threshold::Threshold;
use crate::wire::{FormShape, InShape, SecondShape};
use crate::words;
use shared::web::page::ErrorShape;

/// Who has come in half and owes a second step; anybody else signs in first.
async fn half(threshold: &Threshold<'_>) -> Result<(Unfinished, Inside), Fault> {
    let half = threshold.unfinished().await?.ok_or_else(Fault::sign_in_needed)?;
    let inside = threshold.door().inside_half(&half, Waiting::Factor).await;
    let inside = inside.map_err(|failure| words::fault(failure, ""))?;
    Ok((half, inside.ok_or_else(Fault::sign_in_needed)?))
}

async fn shown(
    threshold: &Threshold<'_>,
    inside: &Inside,
    next: Option<&str>,
) -> Result<FormPage, Fault> {
    let factors = threshold.door().factors(inside).await;
    let factors = factors.map_err(|failure| words::fault(failure, ""))?;
    let app = factors.codes.since().is_some();
    let token = threshold.token(&inside.session);
    let leading = |form: Form| match threshold.next(next) {
        Some(next) => form.of(token.clone()).with("next", next),
        None => form.of(token.clone()),
    };
    let lead = if app {
        "Type the code that your app shows now, or one of your recovery codes."
    } else {
        "Use your passkey. If it is lost, type one of your recovery codes."
    };
    Ok(FormPage {
        head: threshold.head(),
        title: "One more step".into(),
        lead: vec![lead.into()],
        form: leading(Form::new(threshold.path("/sign-in/second"), "Go on")).asking(forms::code()),
        passkey: (!factors.passkeys.is_empty()).then(|| {
            let form = Form::new(threshold.path("/sign-in/passkey"), "Use a passkey");
            passkey(threshold, leading(form))
        }),
        ways: vec![WayBack {
            text: "Sign in as somebody else".into(),
            path: threshold.path("/sign-in"),
        }],
    })
}

#[utoipa::path(
    get,
    path = "/{organization}/sign-in/second",
    tag = "Signing in",
    summary = "What the second step asks for",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "What it asks for", body = FormShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let (_, inside) = half(&threshold).await?;
    let shown = shown(&threshold, &inside, visit.incoming.query("next")).await?;
    Ok(threshold.asks(&shown))
}

#[utoipa::path(
    post,
    path = "/{organization}/sign-in/second",
    tag = "Signing in",
    summary = "The second step: a one-time or recovery code",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = SecondShape,
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
pub(crate) async fn second(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let (half, inside) = half(&threshold).await?;
    let fault = match threshold.sent::<SecondShape>(Some(&half.session)) {
        Ok(sent) => match threshold.door().second_by_code(&half, &sent.code).await {
            Ok(entry) => return Ok(threshold.come_in(&entry, sent.next.as_deref())),
            Err(failure) => words::fault(failure, "code"),
        },
        Err(fault) => fault,
    };
    let typed = visit.incoming.form().unwrap_or_default();
    let next = typed.get("next").map(String::as_str);
    let shown = shown(&threshold, &inside, next).await?;
    threshold.asks_again(shown, fault)
}
