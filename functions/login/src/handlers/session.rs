//! Sessions: how long one lasts, staying, leaving, ending others.

use http::StatusCode;
use shared::identity::caller::Touch;
use shared::identity::session::{Limits, Session, SessionId};
use shared::web::cookie::Cookie;
use shared::web::{Fault, Reply};

use crate::Visit;
use crate::threshold::Threshold;
use crate::wire::{LeftShape, NothingShape};
use crate::words;

/// How long the session lasts if nothing more is asked. Asking changes nothing.
pub(crate) async fn left(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let caller = threshold.caller(Touch::Peek).await?;
    let session = caller.session().ok_or_else(Fault::sign_in_needed)?;
    said(&threshold, session).await
}

/// Somebody sits there and wants to stay.
pub(crate) async fn stay(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let caller = threshold.caller(Touch::Extend).await?;
    let session = caller.session().ok_or_else(Fault::sign_in_needed)?;
    let _: NothingShape = threshold.sent(Some(session))?;
    said(&threshold, session).await
}

async fn said(threshold: &Threshold<'_>, session: &Session) -> Result<Reply, Fault> {
    let service = &threshold.visit.function.service;
    let security = service.security(threshold.organization().id).await?;
    let left = session.left(Limits::of(&security, session.subject), threshold.visit.now);
    Ok(Reply::json(StatusCode::OK, &LeftShape { seconds_left: left.as_secs() }))
}

pub(crate) async fn sign_out(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let caller = threshold.caller(Touch::Peek).await?;
    let session = match caller.session() {
        Some(session) => Some(session.clone()),
        None => threshold.unfinished().await?.map(|half| half.session),
    };
    // Who is signed out already needs no token to be signed out.
    if let Some(session) = session {
        let _: NothingShape = threshold.sent(Some(&session))?;
        let out = threshold.door().sign_out(&session).await;
        out.map_err(|failure| words::fault(failure, ""))?;
    }
    let reply = threshold.done("/sign-in?done=out");
    Ok(reply.with_cookie(&Cookie::no_session(threshold.organization().id)))
}

pub(crate) async fn end(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    let _: NothingShape = threshold.sent(Some(&present.inside.session))?;
    let which = SessionId::parse(visit.incoming.path("session")).ok_or_else(Fault::not_found)?;
    let ended = threshold.door().end_session(&present.inside, which).await;
    ended.map_err(|failure| words::fault(failure, ""))?;
    Ok(threshold.done("/account?done=ended"))
}

pub(crate) async fn end_others(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let threshold = visit.threshold().await?;
    let present = threshold.present().await?;
    let _: NothingShape = threshold.sent(Some(&present.inside.session))?;
    let ended = threshold.door().end_other_sessions(&present.inside).await;
    ended.map_err(|failure| words::fault(failure, ""))?;
    Ok(threshold.done("/account?done=ended"))
}
