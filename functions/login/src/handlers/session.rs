//! Sessions: how long one lasts, staying, leaving, ending others.

use http::StatusCode;
use shared::identity::caller::{self, Caller, Touch};
use shared::identity::session::{Session, SessionId};
use shared::web::cookie::Cookie;
use shared::web::{Fault, Reply};

use crate::Visit;
use crate::threshold::Threshold;
use crate::wire::{DoneShape, LeftShape, NothingShape};
use crate::words;
use shared::web::page::ErrorShape;

/// How long the session lasts if nothing more is asked. Asking changes nothing.
#[utoipa::path(
    get,
    path = "/{organization}/session",
    tag = "Signing in",
    summary = "How long the session lasts; asking does not extend it",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "How long", body = LeftShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn left(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let caller = threshold.caller(Touch::Peek).await?;
    let session = caller.session().ok_or_else(Fault::sign_in_needed)?;
    said(&threshold, &caller, session).await
}

/// Somebody sits there and wants to stay.
#[utoipa::path(
    post,
    path = "/{organization}/session",
    tag = "Signing in",
    summary = "Stay signed in",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = NothingShape,
    responses(
        (status = 200, description = "How long it lasts now", body = LeftShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn stay(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let caller = threshold.caller(Touch::Extend).await?;
    let session = caller.session().ok_or_else(Fault::sign_in_needed)?;
    let _: NothingShape = threshold.sent(Some(session))?;
    said(&threshold, &caller, session).await
}

async fn said(
    threshold: &Threshold<'_>,
    caller: &Caller,
    session: &Session,
) -> Result<Reply, Fault> {
    let (service, now) = (&threshold.visit.function.service, threshold.visit.now);
    let limits = caller::limits(service, &threshold.snapshot, caller, session, now).await?;
    let left = session.left(limits, now);
    Ok(Reply::json(StatusCode::OK, &LeftShape { seconds_left: left.as_secs() }))
}

#[utoipa::path(
    post,
    path = "/{organization}/sign-out",
    tag = "Signing in",
    summary = "Sign out",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = NothingShape,
    responses(
        (status = 200, description = "Out", body = DoneShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn sign_out(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let caller = threshold.caller(Touch::Peek).await?;
    let session = match caller.session() {
        Some(session) => Some(session.clone()),
        None => threshold.unfinished().await?.map(|half| half.session),
    };
    // Who helps has their session at the operator's: there it ends.
    let operator = match &caller {
        Caller::Support { .. } => Some(visit.operator().await?),
        _ => None,
    };
    let home = operator.as_ref().unwrap_or(&threshold);
    // Who is signed out already needs no token to be signed out.
    if let Some(session) = session {
        let _: NothingShape = threshold.sent(Some(&session))?;
        let out = home.door().sign_out(&session).await;
        out.map_err(|failure| words::fault(failure, ""))?;
    }
    let reply = threshold.done("/sign-in?done=out");
    Ok(reply.with_cookie(&Cookie::no_session(home.organization().id)))
}

#[utoipa::path(
    post,
    path = "/{organization}/account/sessions/{session}/end",
    tag = "One's own account",
    summary = "End one of one's sessions",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("session" = String, Path, description = "The session's id"),
    ),
    request_body = NothingShape,
    responses(
        (status = 200, description = "Ended", body = DoneShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn end(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    let _: NothingShape = threshold.sent(Some(&present.inside.session))?;
    let which = SessionId::parse(visit.incoming.path("session")).ok_or_else(Fault::not_found)?;
    let ended = threshold.door().end_session(&present.inside, which).await;
    ended.map_err(|failure| words::fault(failure, ""))?;
    Ok(threshold.done("/account?done=ended"))
}

#[utoipa::path(
    post,
    path = "/{organization}/account/sessions/end",
    tag = "One's own account",
    summary = "End all of one's other sessions",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    request_body = NothingShape,
    responses(
        (status = 200, description = "Ended", body = DoneShape),
        (status = 401, description = "Nobody is signed in, or what was given is not right", body = ErrorShape),
        (status = 403, description = "Sent by a browser from another site, not allowed, or to be confirmed first", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Something changed at the same moment", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn end_others(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    let _: NothingShape = threshold.sent(Some(&present.inside.session))?;
    let ended = threshold.door().end_other_sessions(&present.inside).await;
    let entry = ended.map_err(|failure| words::fault(failure, ""))?;
    Ok(threshold.with_cookies(threshold.done("/account?done=ended"), &entry))
}
