//! A new password for who has forgotten theirs.

use shared::identity::lockout::Device;
use shared::web::cookie::{Cookie, SameSite};
use shared::web::page::WayBack;
use shared::web::{Fault, Reply};

use super::sent;
use crate::Visit;
use crate::forms;
use crate::pages::{Form, FormPage};
use crate::threshold::Threshold;
use crate::wire::{DoneShape, FormShape, NewPasswordShape, ResetShape, SentShape};
use crate::words;
use shared::web::page::ErrorShape;

fn asking(threshold: &Threshold<'_>) -> FormPage {
    FormPage {
        head: threshold.head(),
        title: "Choose a new password".into(),
        lead: vec!["We mail you a link to choose another password. It works even while your account is locked.".into()],
        form: Form::new(threshold.path("/reset"), "Mail me the link").asking(forms::username()),
        passkey: None,
        ways: vec![WayBack { text: "Back to signing in".into(), path: threshold.path("/sign-in") }],
    }
}

#[utoipa::path(
    get,
    path = "/{organization}/reset",
    tag = "Signing in",
    summary = "What replacing a password asks for",
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
    Ok(threshold.asks(&asking(&threshold)))
}

#[utoipa::path(
    post,
    path = "/{organization}/reset",
    tag = "Signing in",
    summary = "Have a link mailed to choose another password",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = ResetShape,
    responses(
        (status = 202, description = "If there is somebody, a mail is on its way", body = SentShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn ask(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    if let Err(fault) = asked(&threshold).await {
        return threshold.asks_again(asking(&threshold), fault);
    }
    // Whether there is anybody takes different time, and must not be seen by it.
    visit.patiently().await;
    let lead = [
        "If somebody here signs in with this, a link is on its way to their address.",
        "It works once, within an hour. The second step, where there is one, stays as it is.",
    ];
    let way = WayBack { text: "Back to signing in".into(), path: threshold.path("/sign-in") };
    Ok(sent(&threshold, threshold.head(), &lead, Some(way)))
}

async fn asked(threshold: &Threshold<'_>) -> Result<(), Fault> {
    let shape: ResetShape = threshold.sent(None)?;
    let asked = threshold.door().ask_for_reset(&shape.username).await;
    asked.map_err(|failure| words::fault(failure, "username"))
}

async fn choosing(threshold: &Threshold<'_>) -> Result<FormPage, Fault> {
    let link = threshold.visit.incoming.path("link");
    let least = threshold.door().reset_link(link).await;
    let least = least.map_err(|failure| words::fault(failure, ""))?;
    let password = forms::new_password(least, Some(threshold.path("/account/meter")));
    Ok(FormPage {
        head: threshold.head(),
        title: "Choose a new password".into(),
        lead: vec!["Wherever you are signed in now, you are signed out.".into()],
        form: Form::new(threshold.path(&format!("/reset/{link}")), "Set this password")
            .asking(password),
        passkey: None,
        ways: Vec::new(),
    })
}

#[utoipa::path(
    get,
    path = "/{organization}/reset/{link}",
    tag = "Signing in",
    summary = "A mailed link; nothing is spent by looking",
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
pub(crate) async fn link(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    Ok(threshold.asks(&choosing(&threshold).await?))
}

#[utoipa::path(
    post,
    path = "/{organization}/reset/{link}",
    tag = "Signing in",
    summary = "Choose another password",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a mailed link"),
    ),
    request_body = NewPasswordShape,
    responses(
        (status = 200, description = "It is set", body = DoneShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn reset(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    match chosen(&threshold).await {
        Ok((name, value)) => {
            let device = Cookie::new(&name, &value, SameSite::Lax, Device::HOLDS);
            Ok(threshold.done("/sign-in?done=reset").with_cookie(&device))
        }
        Err(fault) => threshold.asks_again(choosing(&threshold).await?, fault),
    }
}

/// Sets the password; the cookie by which this device is known from now on.
async fn chosen(threshold: &Threshold<'_>) -> Result<(String, String), Fault> {
    let shape: NewPasswordShape = threshold.sent(None)?;
    let link = threshold.visit.incoming.path("link");
    let reset = threshold.door().reset(link, &shape.password).await;
    reset.map_err(|failure| words::fault(failure, "password"))
}
