//! The drill that is under way.

use shared::backup::drill::{self, Drill, Outcome};
use shared::backup::{BackupSettings, FAILED, Hitch};
use shared::run::{self, Claim, Kind, Progress};
use shared::service::Service;
use shared::trouble::Trouble;

use super::Deadline;

/// Moves the oldest open drill as far as it goes; others wait for its end, so
/// that no drill is in another's way.
pub(super) async fn advance(
    service: &Service,
    settings: &BackupSettings,
    deadline: Deadline,
) -> Result<(), Trouble> {
    let Some(which) = run::open(service, Kind::Drill).await?.into_iter().next() else {
        return Ok(());
    };
    if deadline.has_passed() {
        return Ok(());
    }
    let now = service.clock.now();
    match run::claim::<Drill>(service, which, now).await? {
        Some(claim) => one(service, settings, claim, deadline).await,
        None => Ok(()),
    }
}

async fn one(
    service: &Service,
    settings: &BackupSettings,
    mut claim: Claim<Drill>,
    deadline: Deadline,
) -> Result<(), Trouble> {
    loop {
        let now = service.clock.now();
        match drill::step(service, settings, &mut claim, now).await {
            Ok(Progress::More) if !deadline.has_passed() => claim.save(service, now).await?,
            Ok(Progress::More | Progress::Later) => return claim.put_down(service, now).await,
            Ok(Progress::Ended) => {
                say(&claim);
                return drill::end(service, claim, now).await;
            }
            Err(trouble) => {
                let (id, cause) = (claim.run.which.id, trouble.chain());
                let stage = claim.run.state.stage.word();
                tracing::error!(alarm = FAILED, %id, stage, cause, "a drill is in trouble");
                let state = &mut claim.run.state;
                state.hitch = Some(Hitch::after(state.hitch.as_ref(), cause, now));
                return claim.put_down(service, now).await;
            }
        }
    }
}

fn say(claim: &Claim<Drill>) {
    let (id, drill) = (claim.run.which.id, &claim.run.state);
    let seconds = drill.seconds().unwrap_or_default();
    let findings = drill.findings.count();
    match drill.outcome {
        Some(Outcome::Proven) => tracing::info!(%id, seconds, "a backup is proven"),
        Some(Outcome::Found) => {
            let kinds = format!("{:?}", drill.findings.counts);
            tracing::error!(alarm = FAILED, %id, findings, kinds, "a backup is not as it should be");
        }
        Some(Outcome::GivenUp) | None => {
            tracing::error!(alarm = FAILED, %id, findings, "a drill is given up");
        }
    }
}
