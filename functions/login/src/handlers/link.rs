//! Links by mail, for participants.

use shared::web::page::WayBack;
use shared::web::{Fault, Kind, Reply};

use super::{address, sent};
use crate::Visit;
use crate::forms;
use crate::pages::{Form, FormPage};
use crate::threshold::Threshold;
use crate::wire::{EmailShape, FormShape, InShape, NextShape, SentShape};
use crate::words;
use shared::web::page::ErrorShape;

#[utoipa::path(
    post,
    path = "/{organization}/sign-in/link",
    tag = "Signing in",
    summary = "Have a link mailed that shows what is booked under an address",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = EmailShape,
    responses(
        (status = 202, description = "If there is anything, a mail is on its way", body = SentShape),
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
        let form = Form::new(threshold.path("/sign-in/link"), "Mail me a link");
        let shown = FormPage {
            head: threshold.head(),
            title: "See what you booked".into(),
            lead: vec![
                "We mail you a link that shows everything booked under your address.".into(),
            ],
            form: form.asking(forms::email("Email")),
            passkey: None,
            ways: Vec::new(),
        };
        return threshold.asks_again(shown, fault);
    }
    // Whether there is anybody takes different time, and must not be seen by it.
    visit.patiently().await;
    let lead = [
        "If something is booked here under this address, a link is on its way to it.",
        "It works once, within 10 minutes. If no mail comes, look for another address that you may have used.",
    ];
    let way =
        WayBack { text: format!("To {}", threshold.organization().name), path: threshold.path("") };
    Ok(sent(&threshold, threshold.head(), &lead, Some(way)))
}

async fn asked(threshold: &Threshold<'_>) -> Result<(), Fault> {
    let shape: EmailShape = threshold.sent(None)?;
    let email = address(&shape.email)?;
    let asked = threshold.door().ask_for_link(&email).await;
    asked.map_err(|failure| words::fault(failure, "email"))
}

/// A button, because programs that check mails follow links too.
#[utoipa::path(
    get,
    path = "/{organization}/sign-in/{link}",
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
pub(crate) async fn page(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let link = visit.incoming.path("link");
    if threshold.door().sign_in_link(link).await?.is_none() {
        return Err(threshold.gone());
    }
    let form = Form::new(threshold.path(&format!("/sign-in/{link}")), "Show my appointments");
    let form = match threshold.next(visit.incoming.query("next")) {
        Some(next) => form.with("next", next),
        None => form,
    };
    let shown = FormPage {
        head: threshold.head(),
        title: "Your appointments".into(),
        lead: vec!["This link works once. It signs you in on this device.".into()],
        form,
        passkey: None,
        ways: Vec::new(),
    };
    Ok(threshold.asks(&shown))
}

#[utoipa::path(
    post,
    path = "/{organization}/sign-in/{link}",
    tag = "Signing in",
    summary = "Sign in with a mailed link, once",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("link" = String, Path, description = "The secret part of a mailed link"),
    ),
    request_body = NextShape,
    responses(
        (status = 200, description = "In", body = InShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn spend(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let shape: NextShape = threshold.sent(None)?;
    match threshold.door().sign_in_by_link(visit.incoming.path("link")).await {
        Ok(entry) => Ok(threshold.come_in(&entry, shape.next.as_deref())),
        Err(failure) => {
            // Who asks too much is told at once: waiting would only keep others out.
            let fault = words::fault(failure, "");
            if fault.kind != Kind::TooManyRequests {
                visit.patiently().await;
            }
            Err(fault)
        }
    }
}
