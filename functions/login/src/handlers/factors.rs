//! Second factors: adding, removing, and the codes shown once.

use http::StatusCode;
use shared::identity::door::Entry;
use shared::identity::factor::RecoveryCodes;
use shared::identity::session::Waiting;
use shared::personal::Label;
use shared::web::page;
use shared::web::{Fault, Reply};

use super::passkey::answer;
use crate::Visit;
use crate::forms;
use crate::pages::{CodesPage, Form, RecoveryPage};
use crate::threshold::{Present, Threshold};
use crate::wire::{
    CeremonyShape, DoneShape, NewPasskeyShape, NothingShape, OptionsShape, RecoveryShape,
    SecondShape, SecretShape,
};
use crate::words;
use shared::web::page::ErrorShape;

async fn present<'a>(threshold: &Threshold<'a>) -> Result<Present, Fault> {
    threshold.present_or_owing(Waiting::NewFactor).await
}

/// Begins: a secret and the picture of it. Looking changes nothing.
#[utoipa::path(
    get,
    path = "/{organization}/account/codes",
    tag = "One's own account",
    summary = "Begin one-time codes: the secret to be confirmed, the same throughout a session",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "The secret", body = SecretShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn codes_form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = present(&threshold).await?;
    offer(&threshold, &present, None).await
}

/// The secret to be confirmed, and what was wrong with the code before. It
/// stays the same, or an app that has it would hold a worthless one.
async fn offer(
    threshold: &Threshold<'_>,
    present: &Present,
    fault: Option<Fault>,
) -> Result<Reply, Fault> {
    let offered = match threshold.door().offer_codes(&present.inside).await {
        Ok(offered) => offered,
        Err(failure) => return threshold.refused(failure, "", "/account/codes"),
    };
    if !threshold.visit.incoming.wants_page() {
        let shape = SecretShape { secret: offered.secret.text().to_string() };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let form = Form::new(threshold.path("/account/codes"), "Turn on")
        .of(threshold.token(&present.inside.session))
        .asking(forms::code());
    let shown = CodesPage {
        head: threshold.head_of(present).await?,
        picture: offered.picture,
        secret: grouped(&offered.secret.text()),
        form: match &fault {
            Some(fault) => threshold.refilled(form, fault),
            None => form,
        },
        back: threshold.path("/account"),
    };
    Ok(match &fault {
        Some(fault) => page::page(fault.kind.status(), &shown).after(fault),
        None => page::page(StatusCode::OK, &shown),
    })
}

/// Four letters at a time, to be typed.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

#[utoipa::path(
    post,
    path = "/{organization}/account/codes",
    tag = "One's own account",
    summary = "Turn one-time codes on with the first code",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = SecondShape,
    responses(
        (status = 200, description = "On; the recovery codes, this once", body = RecoveryShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn codes(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = present(&threshold).await?;
    let fault = match threshold.sent::<SecondShape>(Some(&present.inside.session)) {
        Ok(shape) => match threshold.door().confirm_codes(&present.inside, &shape.code).await {
            Ok((recovery, entry)) => {
                let lead = ["One-time codes are on."];
                return shown_once(&threshold, &present, &lead, Some(&recovery), Some(entry)).await;
            }
            Err(failure) => match threshold.refused(failure, "code", "/account/codes") {
                Ok(reply) => return Ok(reply),
                Err(fault) => fault,
            },
        },
        Err(fault) => fault,
    };
    if visit.incoming.wants_page() && words::can_be_put_right(fault.kind) {
        return offer(&threshold, &present, Some(fault)).await;
    }
    Err(fault)
}

/// Recovery codes, this once; or just that it was done.
async fn shown_once(
    threshold: &Threshold<'_>,
    present: &Present,
    lead: &[&str],
    recovery: Option<&RecoveryCodes>,
    entry: Option<Entry>,
) -> Result<Reply, Fault> {
    let codes: Vec<String> =
        recovery.into_iter().flat_map(RecoveryCodes::texts).map(str::to_owned).collect();
    let reply = if !threshold.visit.incoming.wants_page() {
        Reply::json(StatusCode::OK, &RecoveryShape { recovery_codes: codes })
    } else if codes.is_empty() {
        Reply::see_other(&threshold.path("/account?done=added"))
    } else {
        // Who has just finished signing in goes on from here.
        let next = match present.waiting {
            Some(_) => threshold.path("/manage"),
            None => threshold.path("/account"),
        };
        let shown = RecoveryPage {
            head: threshold.head(),
            lead: lead.iter().map(|words| (*words).to_owned()).collect(),
            codes,
            next,
        };
        page::page(StatusCode::OK, &shown)
    };
    Ok(match &entry {
        Some(entry) => threshold.with_cookies(reply, entry),
        None => reply,
    })
}

#[utoipa::path(
    post,
    path = "/{organization}/account/codes/remove",
    tag = "One's own account",
    summary = "Turn one-time codes off",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = NothingShape,
    responses(
        (status = 200, description = "Off", body = DoneShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "It meets the state of things: taken, or needed", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn remove_codes(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    let _: NothingShape = threshold.sent(Some(&present.inside.session))?;
    match threshold.door().remove_codes(&present.inside).await {
        Ok(()) => Ok(threshold.done("/account?done=removed")),
        Err(failure) => threshold.refused(failure, "", "/account"),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/account/recovery",
    tag = "One's own account",
    summary = "Make new recovery codes; the old ones are void",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = NothingShape,
    responses(
        (status = 200, description = "The codes, this once", body = RecoveryShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "It meets the state of things: taken, or needed", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn recovery(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    let _: NothingShape = threshold.sent(Some(&present.inside.session))?;
    match threshold.door().new_recovery_codes(&present.inside).await {
        Ok(recovery) => {
            let lead = ["The codes you had before no longer work."];
            shown_once(&threshold, &present, &lead, Some(&recovery), None).await
        }
        Err(failure) => threshold.refused(failure, "", "/account"),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/account/passkeys/options",
    tag = "One's own account",
    summary = "What a new passkey is to answer",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = OptionsShape,
    responses(
        (status = 200, description = "The options for the browser", body = CeremonyShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn passkey_options(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = present(&threshold).await?;
    let _: OptionsShape = threshold.sent(Some(&present.inside.session))?;
    match threshold.door().begin_passkey(&present.inside).await {
        Ok(begun) => {
            let shape = CeremonyShape { ceremony: begun.ceremony, options: begun.options };
            Ok(Reply::json(StatusCode::OK, &shape))
        }
        Err(failure) => threshold.refused(failure, "", "/account"),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/account/passkeys",
    tag = "One's own account",
    summary = "Add a passkey",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = NewPasskeyShape,
    responses(
        (status = 200, description = "Added; with the first second factor, recovery codes", body = RecoveryShape),
        (status = 400, description = "A value cannot be used: the fields say which", body = ErrorShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn add_passkey(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = present(&threshold).await?;
    let shape: NewPasskeyShape = threshold.sent(Some(&present.inside.session))?;
    let label =
        Label::parse(&shape.name).map_err(|unfit| Fault::field("name", unfit.to_string()))?;
    let answer = answer(&shape.credential)?;
    let added = threshold.door().add_passkey(&present.inside, &shape.ceremony, answer, label).await;
    match added {
        Ok((recovery, entry)) => {
            let lead = ["The passkey is added."];
            shown_once(&threshold, &present, &lead, recovery.as_ref(), Some(entry)).await
        }
        Err(failure) => threshold.refused(failure, "", "/account"),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/account/passkeys/{passkey}/remove",
    tag = "One's own account",
    summary = "Remove a passkey",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("passkey" = String, Path, description = "The passkey's id"),
    ),
    request_body = NothingShape,
    responses(
        (status = 200, description = "Removed", body = DoneShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "It meets the state of things: taken, or needed", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn remove_passkey(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    let _: NothingShape = threshold.sent(Some(&present.inside.session))?;
    let id = shared::ids::from_text(visit.incoming.path("passkey")).ok_or_else(Fault::not_found)?;
    match threshold.door().remove_passkey(&present.inside, id).await {
        Ok(()) if visit.incoming.wants_page() => Ok(threshold.done("/account?done=removed")),
        Ok(()) => Ok(Reply::json(StatusCode::OK, &DoneShape { done: true })),
        Err(failure) => threshold.refused(failure, "", "/account"),
    }
}
