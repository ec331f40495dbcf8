//! Sealing everything of an organization anew under its newest key.

use jiff::Timestamp;
use shared::audit::{self, About, Action, Actor, More, Record};
use shared::run::{self, Claim};
use shared::service::Service;
use shared::trouble::Trouble;
use shared::vault::resealing::{self, Progress, State};

/// Works on one run until it is done, must wait, or the time is over.
pub(crate) async fn go_on(
    service: &Service,
    mut claim: Claim<State>,
    until: Timestamp,
) -> Result<(), Trouble> {
    loop {
        let now = service.clock.now();
        match resealing::step(service, &mut claim, now).await? {
            Progress::Done => return end(service, claim, now).await,
            Progress::Later => return claim.put_down(service, now).await,
            Progress::More if now >= until => return claim.put_down(service, now).await,
            Progress::More => claim.save(service, now).await?,
        }
    }
}

/// Records the end before it is one: who is asked twice records twice, which
/// says nothing false.
async fn end(service: &Service, claim: Claim<State>, now: Timestamp) -> Result<(), Trouble> {
    let run::Which { organization, id, .. } = claim.run.which;
    let State { version, sealed, passages, shut, .. } = claim.run.state;
    let record = Record::of(Actor::Service, Action::ResealingEnded, About::Organization);
    let count = Some(u32::try_from(sealed).unwrap_or(u32::MAX));
    let record = Record { more: More { count, ..More::default() }, ..record };
    audit::write(service, organization, &record, now).await?;
    if shut > 0 {
        tracing::error!(%organization, run = %id, shut, "some of what is sealed does not open: run fsck");
    }
    tracing::info!(%organization, run = %id, version, sealed, passages, "everything is sealed anew");
    claim.end(service, now).await
}
