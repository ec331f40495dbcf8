//! Showing once more who one is, before what matters is changed.

use http::StatusCode;
use shared::web::page::WayBack;
use shared::web::{Fault, Reply};

use super::passkey::answer;
use crate::Visit;
use crate::forms;
use crate::pages::{Form, FormPage, PasskeyForm};
use crate::threshold::{Present, Threshold};
use crate::wire::{CeremonyShape, ConfirmShape, DoneShape, FormShape};
use crate::words;
use shared::web::page::ErrorShape;

async fn shown(
    threshold: &Threshold<'_>,
    present: &Present,
    next: Option<&str>,
) -> Result<FormPage, Fault> {
    let factors = threshold.door().factors(&present.inside).await;
    let factors = factors.map_err(|failure| words::fault(failure, ""))?;
    let token = threshold.token(&present.inside.session);
    let leading = |form: Form| match threshold.next(next) {
        Some(next) => form.of(token.clone()).with("next", next),
        None => form.of(token.clone()),
    };
    let action = threshold.path("/account/confirm");
    Ok(FormPage {
        head: threshold.head_of(present).await?,
        title: "Is it you?".into(),
        lead: vec![
            "Before you change how you sign in, please show once more that it is you.".into(),
        ],
        form: leading(Form::new(action.clone(), "Go on")).asking(forms::password()),
        passkey: (!factors.passkeys.is_empty()).then(|| PasskeyForm {
            form: leading(Form::new(action.clone(), "Use a passkey")),
            options: action,
            refused: "The passkey gave no answer. Try again, or use your password.".into(),
        }),
        ways: vec![WayBack {
            text: "Back to your account".into(),
            path: threshold.path("/account"),
        }],
    })
}

#[utoipa::path(
    get,
    path = "/{organization}/account/confirm",
    tag = "One's own account",
    summary = "What showing once more who one is asks for",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "What it asks for", body = FormShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    let account = threshold.door().account(&present.inside).await;
    let account = account.map_err(|failure| words::fault(failure, ""))?;
    if account.password.is_none() && account.factors.passkeys.is_empty() {
        // Who comes by mailed links proves who they are by a new one.
        let form = Form::new(threshold.path("/sign-in/link"), "Mail me a new link");
        let shown = FormPage {
            head: threshold.head_of(&present).await?,
            title: "Is it you?".into(),
            lead: vec![
                "You signed in some time ago. Before you change how you sign in, let us mail you a new link, and come back by it.".into(),
            ],
            form: form.asking(
                forms::email("Email").typed(present.inside.email().expose()),
            ),
            passkey: None,
            ways: vec![WayBack {
                text: "Back to your account".into(),
                path: threshold.path("/account"),
            }],
        };
        return Ok(threshold.asks(&shown));
    }
    let shown = shown(&threshold, &present, visit.incoming.query("next")).await?;
    Ok(threshold.asks(&shown))
}

/// The password or a passkey's answer. Without either, a passkey is asked what
/// it is to answer: the page's script does that.
#[utoipa::path(
    post,
    path = "/{organization}/account/confirm",
    tag = "One's own account",
    summary = "Show once more who one is; empty, it asks what a passkey is to answer",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = ConfirmShape,
    responses(
        (status = 200, description = "Shown", body = DoneShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn confirm(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    let inside = &present.inside;
    let door = threshold.door();
    let mut next = None;
    let fault = match threshold.sent::<ConfirmShape>(Some(&inside.session)) {
        Ok(shape) => {
            next = shape.next;
            let entered = match (&shape.password, &shape.ceremony, &shape.credential) {
                (Some(password), _, _) => door.confirm_by_password(inside, password).await,
                (None, Some(ceremony), Some(credential)) => {
                    door.confirm_by_passkey(inside, ceremony, answer(credential)?).await
                }
                (None, None, None) if !visit.incoming.wants_page() => {
                    let begun = door.confirm_options(inside).await;
                    let begun = begun.map_err(|failure| words::fault(failure, "password"))?;
                    let shape = CeremonyShape { ceremony: begun.ceremony, options: begun.options };
                    return Ok(Reply::json(StatusCode::OK, &shape));
                }
                _ => {
                    let fault = Fault::field("password", "Please fill this in.");
                    let shown = shown(&threshold, &present, next.as_deref()).await?;
                    return threshold.asks_again(shown, fault);
                }
            };
            match entered {
                Ok(entry) => {
                    let next = threshold.next(next.as_deref());
                    let path = next.map_or_else(|| threshold.path("/account"), str::to_owned);
                    let reply = if visit.incoming.wants_page() {
                        Reply::see_other(&path)
                    } else {
                        threshold.done("/account")
                    };
                    return Ok(threshold.with_cookies(reply, &entry));
                }
                Err(failure) => words::fault(failure, "password"),
            }
        }
        Err(fault) => fault,
    };
    let shown = shown(&threshold, &present, next.as_deref()).await?;
    threshold.asks_again(shown, fault)
}
