//! Passkeys: as the only step, or as the second one of who has come in half.

use http::StatusCode;
use shared::identity::session::Waiting;
use shared::web::{Fault, Reply};

use crate::Visit;
use crate::wire::{CeremonyShape, InShape, OptionsShape, PasskeyShape};
use crate::words;
use shared::web::page::ErrorShape;

#[utoipa::path(
    post,
    path = "/{organization}/sign-in/passkey/options",
    tag = "Signing in",
    summary = "What a passkey is to answer",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = OptionsShape,
    responses(
        (status = 200, description = "The options for the browser", body = CeremonyShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 429, description = "Too many attempts; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn options(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let half = threshold.unfinished().await?;
    let half = half.filter(|half| half.session.waiting == Some(Waiting::Factor));
    let session = half.as_ref().map(|half| &half.session);
    let _: OptionsShape = threshold.sent(session)?;
    let begun = threshold.door().passkey_options(half.as_ref()).await;
    let begun = begun.map_err(|failure| words::fault(failure, ""))?;
    let shape = CeremonyShape { ceremony: begun.ceremony, options: begun.options };
    Ok(Reply::json(StatusCode::OK, &shape))
}

/// A browser's answer, which the script sends as JSON in a text.
pub(crate) fn answer(credential: &str) -> Result<serde_json::Value, Fault> {
    serde_json::from_str(credential)
        .map_err(|_| Fault::field("credential", "This is no passkey's answer. Please try again."))
}

#[utoipa::path(
    post,
    path = "/{organization}/sign-in/passkey",
    tag = "Signing in",
    summary = "Sign in with a passkey, or take the second step with it",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = PasskeyShape,
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
pub(crate) async fn passkey(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let half = threshold.unfinished().await?;
    let half = half.filter(|half| half.session.waiting == Some(Waiting::Factor));
    let sent: PasskeyShape = threshold.sent(half.as_ref().map(|half| &half.session))?;
    let answer = answer(&sent.credential)?;
    let door = threshold.door();
    let entered = match &half {
        Some(half) => door.second_by_passkey(half, &sent.ceremony, answer).await,
        None => door.sign_in_by_passkey(&sent.ceremony, answer).await,
    };
    match entered {
        Ok(entry) => Ok(threshold.come_in(&entry, sent.next.as_deref())),
        Err(failure) => {
            visit.patiently().await;
            Err(words::fault(failure, ""))
        }
    }
}
