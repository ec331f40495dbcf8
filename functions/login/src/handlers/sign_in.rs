//! Signing in with username and password.

use http::StatusCode;
use shared::identity::door::{Failure, Refusal};
use shared::web::page;
use shared::web::{Fault, Kind, Reply};

use crate::Visit;
use crate::forms;
use crate::pages::{Form, PasskeyForm, SignInPage};
use crate::threshold::Threshold;
use crate::wire::{FormShape, InShape, SignInShape};
use crate::words;
use shared::web::page::ErrorShape;

#[utoipa::path(
    get,
    path = "/{organization}/sign-in",
    tag = "Signing in",
    summary = "What signing in asks for",
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
    let shown = shown(&threshold, visit.incoming.query("next"));
    if !visit.incoming.wants_page() {
        return Ok(Reply::json(StatusCode::OK, &FormShape::of(&shown.form)));
    }
    let news = match (visit.incoming.query("ended"), visit.incoming.query("done")) {
        (Some(_), _) => Some("You were signed out because nothing happened for a while."),
        (_, Some("out")) => Some("You are signed out."),
        (_, Some("reset")) => Some("Your new password is set. Sign in with it now."),
        (_, Some("password")) => Some("Your password is changed. Sign in with it now."),
        _ => None,
    };
    let shown = SignInPage { news: news.map(str::to_owned), ..shown };
    Ok(page::page(StatusCode::OK, &shown))
}

/// The page, with nothing typed yet.
fn shown(threshold: &Threshold<'_>, next: Option<&str>) -> SignInPage {
    let next = threshold.next(next);
    let leading = |form: Form| match next {
        Some(next) => form.with("next", next),
        None => form,
    };
    let mut email = forms::email("Email");
    email.other_id = Some("link-email");
    let link = Form::new(threshold.path("/sign-in/link"), "Mail me a link").asking(email);
    SignInPage {
        head: threshold.head(),
        news: None,
        form: leading(Form::new(threshold.path("/sign-in"), "Sign in"))
            .asking(forms::username())
            .asking(forms::password()),
        passkey: Some(passkey(
            threshold,
            leading(Form::new(threshold.path("/sign-in/passkey"), "Sign in with a passkey")),
        )),
        link: (!threshold.organization().is_operator()).then_some(link),
        reset_path: threshold.path("/reset"),
    }
}

/// A form that a passkey answers to sign in.
pub(crate) fn passkey(threshold: &Threshold<'_>, form: Form) -> PasskeyForm {
    PasskeyForm {
        form,
        options: threshold.path("/sign-in/passkey/options"),
        refused: "The passkey gave no answer. Try again, or use your password.".into(),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/sign-in",
    tag = "Signing in",
    summary = "Sign in with username and password",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = SignInShape,
    responses(
        (status = 200, description = "In, in full or half", body = InShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn sign_in(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    match enter(&threshold).await {
        Ok(reply) => Ok(reply),
        Err(fault) if visit.incoming.wants_page() && words::can_be_put_right(fault.kind) => {
            let typed = visit.incoming.form().unwrap_or_default();
            let page = shown(&threshold, typed.get("next").map(String::as_str));
            let form = threshold.refilled(page.form.clone(), &fault);
            let page = SignInPage { form, ..page };
            Ok(page::page(fault.kind.status(), &page).after(&fault))
        }
        Err(fault) => Err(fault),
    }
}

async fn enter(threshold: &Threshold<'_>) -> Result<Reply, Fault> {
    let sent: SignInShape = threshold.sent(None)?;
    match threshold.door().sign_in(&sent.username, &sent.password).await {
        Ok(entry) => Ok(threshold.come_in(&entry, sent.next.as_deref())),
        Err(failure) => {
            let not_right = matches!(failure, Failure::Refused(Refusal::NotRight));
            let fault = words::fault(failure, "");
            debug_assert!(!not_right || fault.kind == Kind::WrongCredentials);
            if not_right {
                threshold.visit.patiently().await;
            }
            Err(fault)
        }
    }
}
