//! A new password for who has forgotten theirs.

use shared::web::page::WayBack;
use shared::web::{Fault, Reply};

use super::sent;
use crate::Visit;
use crate::forms;
use crate::pages::{Form, FormPage};
use crate::threshold::Threshold;
use crate::wire::{NewPasswordShape, ResetShape};
use crate::words;

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

pub(crate) async fn form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    Ok(threshold.asks(&asking(&threshold)))
}

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

pub(crate) async fn link(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    Ok(threshold.asks(&choosing(&threshold).await?))
}

pub(crate) async fn reset(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    match chosen(&threshold).await {
        Ok(()) => Ok(threshold.done("/sign-in?done=reset")),
        Err(fault) => threshold.asks_again(choosing(&threshold).await?, fault),
    }
}

async fn chosen(threshold: &Threshold<'_>) -> Result<(), Fault> {
    let shape: NewPasswordShape = threshold.sent(None)?;
    let link = threshold.visit.incoming.path("link");
    let reset = threshold.door().reset(link, &shape.password).await;
    reset.map_err(|failure| words::fault(failure, "password"))
}
