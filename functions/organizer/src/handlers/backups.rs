//! Backups, as the operator sees them, and begins one by hand.

use http::StatusCode;
use jiff::Timestamp;
use shared::audit::{self, About, Action as Deed};
use shared::backup::drill::{self, Drill};
use shared::backup::night::{self, Night};
use shared::backup::watch;
use shared::dynamo::Write;
use shared::identity::access::Action;
use shared::run::{self, Kind, Standing, Which};
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, Kind as Failure, Reply};

use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{BackupsPage, DrillLine, NightLine};
use crate::wire::{
    BackupsShape, BegunShape, CountShape, DrillShape, NightShape, NothingShape, OfTableShape,
};
use crate::words::{self, backups as said};

/// So many nights are shown: as many as there can be backups of, and some.
const NIGHTS: i32 = 40;
/// So many drills are shown.
const DRILLS: i32 = 8;

#[utoipa::path(
    get,
    path = "/{organization}/manage/backups",
    tag = "Operator",
    summary = "How the nights' backups went, and whether they were tried out",
    params(("organization" = String, Path, description = "The operator's own: operator")),
    responses(
        (status = 200, description = "The nights and drills, the newest first", body = BackupsShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn list(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_installation(Action::DecideOrganizations).await?;
    let runs = Runs::read(visit, &guest).await?;
    backups_page(visit, &guest, &runs, None)
}

/// The runs that are shown.
struct Runs {
    nights: Vec<Standing<Night>>,
    drills: Vec<Standing<Drill>>,
}

impl Runs {
    async fn read(visit: &Visit<'_>, guest: &Guest) -> Result<Self, Fault> {
        let service = &visit.function.service;
        let operator = guest.organization().id;
        Ok(Self {
            nights: run::latest(service, operator, Kind::Backup, NIGHTS).await?,
            drills: run::latest(service, operator, Kind::Drill, DRILLS).await?,
        })
    }
}

fn backups_page(
    visit: &Visit<'_>,
    guest: &Guest,
    runs: &Runs,
    refused: Option<&Fault>,
) -> Result<Reply, Fault> {
    let zone = &guest.organization().zone;
    let ages = watch::of(&runs.nights, &runs.drills, visit.now);
    if !visit.incoming.wants_page() {
        let shape = BackupsShape {
            taken: ages.taken.map(|at| zone.rfc3339(at)),
            proven: ages.proven.map(|at| zone.rfc3339(at)),
            late: ages.late,
            unproven: ages.unproven,
            nights: runs.nights.iter().map(|night| night_shape(guest, night)).collect(),
            drills: runs.drills.iter().map(|drill| drill_shape(guest, drill)).collect(),
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let when = |at: Timestamp| format!("{}, {}", zone.long_day(at), zone.clock(at));
    let mut heeds = Vec::new();
    if ages.late {
        heeds.push("The newest backup is older than 26 hours.".to_owned());
    }
    if ages.unproven {
        heeds.push("No backup of the last 8 days was tried out and found to be right.".to_owned());
    }
    let shown = BackupsPage {
        head: guest.head(),
        sections: guest.sections("/backups"),
        news: words::news(visit),
        refusal: refused.map(|fault| fault.message.clone()),
        heeds,
        taken: ages.taken.map(when),
        proven: ages.proven.map(when),
        take_action: guest.path("/backups"),
        drill_action: guest.path("/backups/drill"),
        zone: zone.spoken(),
        nights: runs.nights.iter().map(|night| night_line(night, &when)).collect(),
        drills: runs.drills.iter().map(|drill| drill_line(drill, &when)).collect(),
    };
    Ok(page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown))
}

fn night_line(standing: &Standing<Night>, when: &impl Fn(Timestamp) -> String) -> NightLine {
    let night = &standing.run.state;
    NightLine {
        when: night.taken().map_or_else(|| words::long_day(night.day), when),
        by_hand: night.by_hand,
        state: said::night(standing),
        well: night.outcome != Some(night::Outcome::GivenUp) && night.hitch.is_none()
            || night.outcome == Some(night::Outcome::Complete),
        size: night.taken().map(|_| said::size(night.bytes())),
        items: night.taken().map(|_| night.items()),
        keys: said::keys(&night.canaries),
        removed: night.removed,
        hitch: (night.outcome != Some(night::Outcome::Complete))
            .then(|| night.hitch.as_ref().map(|hitch| hitch.why.clone()))
            .flatten(),
    }
}

fn drill_line(standing: &Standing<Drill>, when: &impl Fn(Timestamp) -> String) -> DrillLine {
    let drill = &standing.run.state;
    DrillLine {
        when: when(standing.run.begun),
        of: drill.set.as_ref().map(|set| words::long_day(set.day)),
        state: said::drill(standing),
        took: drill.seconds().map(said::duration),
        looked_at: said::counted(&drill.counted),
        found: drill.findings.words.clone(),
        further: drill.findings.count().saturating_sub(drill.findings.words.len() as u64),
        hitch: (standing.ended.is_none())
            .then(|| drill.hitch.as_ref().map(|hitch| hitch.why.clone()))
            .flatten(),
    }
}

fn night_shape(guest: &Guest, standing: &Standing<Night>) -> NightShape {
    let zone = &guest.organization().zone;
    let night = &standing.run.state;
    NightShape {
        id: standing.run.which.id.to_string(),
        day: night.day.to_string(),
        by_hand: night.by_hand,
        state: said::night_word(standing),
        taken: night.taken().map(|at| zone.rfc3339(at)),
        tables: night
            .tables
            .iter()
            .map(|table| OfTableShape {
                table: table.table.clone(),
                backup: table.arn.clone(),
                available: table.taken.is_some(),
                bytes: table.bytes,
                items: table.items,
            })
            .collect(),
        keys_opened: night.canaries.opened,
        keys_failing: night.canaries.failing.clone(),
        removed: night.removed,
        trouble: night.hitch.as_ref().map(|hitch| hitch.why.clone()),
    }
}

fn drill_shape(guest: &Guest, standing: &Standing<Drill>) -> DrillShape {
    let zone = &guest.organization().zone;
    let drill = &standing.run.state;
    let counts = |counts: &std::collections::BTreeMap<String, u64>| {
        let counts = counts.iter();
        counts.map(|(what, count)| CountShape { what: what.clone(), count: *count }).collect()
    };
    DrillShape {
        id: standing.run.which.id.to_string(),
        begun: zone.rfc3339(standing.run.begun),
        by_hand: drill.by_hand,
        state: said::drill_word(standing),
        of: drill.set.as_ref().map(|set| set.day.to_string()),
        seconds: drill.seconds(),
        counted: counts(&drill.counted),
        findings: counts(&drill.findings.counts),
        words: drill.findings.words.clone(),
        trouble: drill.hitch.as_ref().map(|hitch| hitch.why.clone()),
    }
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/backups",
    tag = "Operator",
    summary = "Take a backup now, beside the night's own",
    params(("organization" = String, Path, description = "The operator's own: operator")),
    responses(
        (status = 202, description = "It is begun", body = BegunShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "One is being taken already", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn take(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_installation(Action::DecideOrganizations).await?;
    let NothingShape {} = visit.sent(&guest)?;
    visit.freshly(&guest, "/backups")?;
    let runs = Runs::read(visit, &guest).await?;
    let is_taking =
        |night: &Standing<Night>| night.ended.is_none() && night.run.state.taken().is_none();
    if runs.nights.iter().any(is_taking) {
        return refused(
            visit,
            &guest,
            &runs,
            "A backup is being taken already. It goes on by itself.",
        );
    }
    let operator = guest.organization().id;
    let begun = night::asked_for(&visit.function.service, operator, visit.now)?;
    begin(visit, &guest, &runs, begun, Deed::BackupAsked, "backup").await
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/backups/drill",
    tag = "Operator",
    summary = "Restore the newest backup beside what is there, hold the two against each other, and remove it again",
    params(("organization" = String, Path, description = "The operator's own: operator")),
    responses(
        (status = 202, description = "It is begun", body = BegunShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "There is no backup yet, or one is being tried out already", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn try_out(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_installation(Action::DecideOrganizations).await?;
    let NothingShape {} = visit.sent(&guest)?;
    visit.freshly(&guest, "/backups")?;
    let runs = Runs::read(visit, &guest).await?;
    if runs.nights.iter().all(|night| night.run.state.taken().is_none()) {
        return refused(visit, &guest, &runs, "There is no backup yet that could be tried out.");
    }
    if runs.drills.iter().any(|drill| drill.ended.is_none()) {
        return refused(visit, &guest, &runs, "A backup is being tried out already.");
    }
    let operator = guest.organization().id;
    let begun = drill::asked_for(&visit.function.service, operator, visit.now)?;
    begin(visit, &guest, &runs, begun, Deed::DrillAsked, "drill").await
}

async fn begin(
    visit: &Visit<'_>,
    guest: &Guest,
    runs: &Runs,
    (which, beginning): (Which, Write),
    deed: Deed,
    said: &'static str,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let record = guest.deed(deed, About::Organization);
    let record = audit::record(service, guest.organization().id, &record, visit.now)?;
    let writes = [beginning, record];
    if !Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        return refused(visit, guest, runs, "It could not be begun just now. Please try again.");
    }
    let path = guest.path(&format!("/backups?done={said}"));
    let shape = BegunShape { run: which.id.to_string() };
    Ok(done(visit, &path, StatusCode::ACCEPTED, &shape))
}

fn refused(
    visit: &Visit<'_>,
    guest: &Guest,
    runs: &Runs,
    why: &'static str,
) -> Result<Reply, Fault> {
    let fault = Fault::new(Failure::Conflict, why);
    if visit.incoming.wants_page() {
        return backups_page(visit, guest, runs, Some(&fault));
    }
    Err(fault)
}
