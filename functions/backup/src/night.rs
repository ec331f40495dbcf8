//! Nights that are under way.

use shared::backup::night::{self, Night, Outcome};
use shared::backup::{BackupSettings, FAILED, Hitch};
use shared::run::{self, Claim, Kind, Progress};
use shared::service::Service;
use shared::trouble::Trouble;

use super::{Deadline, logged};

/// Moves every open night as far as it goes.
pub(super) async fn advance(
    service: &Service,
    settings: &BackupSettings,
    deadline: Deadline,
) -> Result<(), Trouble> {
    for which in run::open(service, Kind::Backup).await? {
        if deadline.has_passed() {
            break;
        }
        let now = service.clock.now();
        if let Some(claim) = run::claim::<Night>(service, which, now).await? {
            // One night's trouble keeps no other from going on.
            logged("moving a night", one(service, settings, claim, deadline).await);
        }
    }
    Ok(())
}

async fn one(
    service: &Service,
    settings: &BackupSettings,
    mut claim: Claim<Night>,
    deadline: Deadline,
) -> Result<(), Trouble> {
    loop {
        let now = service.clock.now();
        match night::step(service, settings, &mut claim, now).await {
            Ok(Progress::More) if !deadline.has_passed() => claim.save(service, now).await?,
            Ok(Progress::More | Progress::Later) => return claim.put_down(service, now).await,
            Ok(Progress::Ended) => {
                say(&claim);
                return night::end(service, claim, now).await;
            }
            Err(trouble) => {
                let (id, cause) = (claim.run.which.id, trouble.chain());
                let day = claim.run.state.day.to_string();
                tracing::error!(alarm = FAILED, %id, day, cause, "a night's backup is in trouble");
                let state = &mut claim.run.state;
                state.hitch = Some(Hitch::after(state.hitch.as_ref(), cause, now));
                return claim.put_down(service, now).await;
            }
        }
    }
}

fn say(claim: &Claim<Night>) {
    let (id, night) = (claim.run.which.id, &claim.run.state);
    let (day, removed) = (night.day.to_string(), night.removed.unwrap_or_default());
    let (bytes, items, keys) = (night.bytes(), night.items(), night.canaries.opened);
    match night.outcome {
        Some(Outcome::Complete) => {
            tracing::info!(%id, day, bytes, items, keys, removed, "a night's backup is complete");
        }
        Some(Outcome::GivenUp) | None => {
            tracing::error!(alarm = FAILED, %id, day, bytes, keys, "a night's backup is given up");
        }
    }
}
