//! Passkeys: as the only step, or as the second one of who has come in half.

use http::StatusCode;
use shared::identity::session::Waiting;
use shared::web::{Fault, Reply};

use crate::Visit;
use crate::wire::{CeremonyShape, OptionsShape, PasskeyShape};
use crate::words;

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
