//! The steps of a drill. Each leaves its mark in the state, and can be taken
//! twice.

use aws_sdk_dynamodb::types::{AttributeValue, TableStatus};
use jiff::Timestamp;
use serde_json::Value;

use super::super::{BackupSettings, forgotten, store};
use super::{Drill, Outcome, Stage, scratch};
use crate::dynamo::{self, Item, Key};
use crate::fsck::{Checker, Options, Position, repair};
use crate::ids::OrganizationId;
use crate::ledger::{self, Forgotten};
use crate::organization;
use crate::restore::compare::{self, Comparison};
use crate::restore::reapply;
use crate::run::{Progress, Which};
use crate::service::Service;
use crate::settings::Table;
use crate::trouble::Trouble;
use crate::vault::{OrganizationKeys, Place, Sealed};

/// So many slots are counted at once: their positions lie in the run's item.
const SLOTS_AT_ONCE: u64 = 1_000;
/// So many pages are compared in one step.
const PAGES: usize = 20;
/// What the state calls damages that the check found.
const DAMAGES: &str = "damages found";
/// So many organizations are looked at in one step.
const PAGE: i32 = 10;
/// So many members of each are opened.
const MEMBERS: i32 = 3;

/// Removes what a dead drill left, then chooses the newest whole set.
pub(super) async fn choose(
    service: &Service,
    settings: &BackupSettings,
    which: Which,
    drill: &mut Drill,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    drill.enter(Stage::Choose, now);
    if !scratch::remove_left(service, settings, which.organization, which.id).await? {
        return Ok(Progress::Later);
    }
    match super::newest(service).await? {
        Some(set) => {
            drill.set = Some(set);
            drill.enter(Stage::Restore, now);
        }
        None => {
            drill.findings.add("no_backup", "There is no whole set of backups.".to_owned());
            drill.outcome = Some(Outcome::Found);
            drill.enter(Stage::Remove, now);
        }
    }
    Ok(Progress::More)
}

/// Asks for each table once, and looks whether all are there.
pub(super) async fn restore(
    service: &Service,
    settings: &BackupSettings,
    which: Which,
    drill: &mut Drill,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    let set = drill.set.clone().ok_or_else(|| Trouble::damaged("a drill", "it chose no set"))?;
    let mut there = true;
    for table in Table::BACKED_UP {
        let name = scratch::name(settings, which.id, table);
        let status = store::table_status(service, &name).await?;
        if status.is_none() {
            let arn = set.arns.get(table.word());
            let arn = arn.ok_or_else(|| Trouble::damaged("a drill", "its set lacks a table"))?;
            store::restore(service, arn, &name).await?;
        }
        there &= status == Some(TableStatus::Active);
    }
    if there {
        drill.enter(Stage::PutBack, now);
        return Ok(Progress::More);
    }
    Ok(Progress::Later)
}

/// Puts back what the restore forgot, a change at a time, until DynamoDB
/// describes each table as it describes the one that people work with.
pub(super) async fn put_back(
    service: &Service,
    settings: &BackupSettings,
    which: Which,
    drill: &mut Drill,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    for table in Table::BACKED_UP {
        let wanted = forgotten::of(service, service.settings.tables.name(table)).await?;
        let name = scratch::name(settings, which.id, table);
        // Most changes hold at once; one that takes its time is seen next time.
        let mut there = false;
        for _ in 0..=forgotten::CHANGES {
            there = there || forgotten::put_back(service, &name, &wanted).await?;
        }
        if !there {
            return Ok(Progress::Later);
        }
    }
    drill.count("tables put back", Table::BACKED_UP.len() as u64);
    drill.enter(Stage::Compare, now);
    Ok(Progress::More)
}

/// Holds some pages of what was restored against what is there.
pub(super) async fn compare(
    service: &Service,
    restored: &Service,
    drill: &mut Drill,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    let set = drill.set.clone().ok_or_else(|| Trouble::damaged("a drill", "it chose no set"))?;
    let taken = Timestamp::from_second(set.taken);
    let taken = taken.map_err(|why| Trouble::damaged("a drill", why))?;
    let entries = ledger::all(service).await?;
    let comparison = Comparison::new(service, restored, &entries, taken);
    let mut position = drill.comparing.take().or_else(|| Some(compare::Position::begin()));
    for _ in 0..PAGES {
        let Some(here) = position else { break };
        position = comparison.step(here, &mut drill.compared).await?;
    }
    drill.comparing = position;
    if drill.comparing.is_some() {
        return Ok(Progress::More);
    }
    let report = drill.compared.clone();
    for (what, counts) in [
        ("items the same", &report.same),
        ("items changed since", &report.changed),
        ("items deleted since", &report.explained),
        ("items gone since", &report.gone),
        ("items new since", &report.new),
    ] {
        drill.count(what, counts.values().sum());
    }
    for (kind, count) in [("unlike", report.unlike), ("lacking", report.lacking)] {
        let words = report.keys.iter().filter(|words| words.starts_with(kind)).cloned();
        drill.findings.add_many(kind, count, words);
    }
    drill.enter(Stage::Delete, now);
    Ok(Progress::More)
}

/// Deletes again what was deleted since the backup, as the ledger says.
pub(super) async fn delete(
    service: &Service,
    restored: &Service,
    drill: &mut Drill,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    let entries = ledger::all(service).await?;
    let removed = reapply::run(service, restored, &entries).await?;
    drill.count("items deleted again", removed.values().sum());
    drill.enter(Stage::Check, now);
    Ok(Progress::More)
}

/// Checks a page of what was restored.
pub(super) async fn check(
    restored: &Service,
    drill: &mut Drill,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    let checker =
        Checker::new(restored, Options { segments: 1, slots_at_once: SLOTS_AT_ONCE, quiet: true });
    let position = match &drill.position {
        Some(text) => {
            Position::parse(text).map_err(|why| Trouble::damaged("a drill's position", why))?
        }
        None => checker.begin(),
    };
    let step = checker.step(position).await?;
    for (kind, count) in step.checked {
        drill.count(kind, count);
    }
    // What a backup holds only a part of is no reason to page anybody: it is
    // mended, and what is left then is.
    drill.count(DAMAGES, step.findings.len() as u64);
    drill.position = step.next.as_ref().map(Position::to_text);
    if drill.position.is_none() {
        drill.enter(Stage::Mend, now);
    }
    Ok(Progress::More)
}

/// Mends what a rule can mend; the rest is a finding.
pub(super) async fn mend(
    restored: &Service,
    drill: &mut Drill,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    if drill.counted.get(DAMAGES).is_some_and(|damages| *damages > 0) {
        let repaired = repair::run(restored).await?;
        for (deed, count) in repaired.deeds {
            drill.count(deed.said(), count);
        }
        let left = repaired.left;
        let count = left.findings.len() as u64 + left.further;
        let words = left.findings.iter().map(ToString::to_string);
        drill.findings.add_many("damage", count, words);
    }
    drill.enter(Stage::Open, now);
    Ok(Progress::More)
}

/// Opens a sample of what each organization's key sealed, with the key as it is
/// stored now.
pub(super) async fn open(
    service: &Service,
    restored: &Service,
    drill: &mut Drill,
    now: Timestamp,
) -> Result<Progress, Trouble> {
    let (organizations, last) =
        organization::store::some(restored, drill.after.as_deref(), PAGE).await?;
    for organization in organizations {
        let erased = ledger::of_organization(service, organization).await?;
        if erased.iter().any(|entry| entry.what == Forgotten::Organization) {
            continue;
        }
        let keys = match restored.vault.read(organization, now).await {
            Ok(Some(keys)) => keys,
            Err(unavailable @ Trouble::Unavailable { .. }) => return Err(unavailable),
            Ok(None) | Err(Trouble::Damaged { .. }) => {
                drill.findings.add("key", format!("No key opens what {organization} sealed."));
                continue;
            }
        };
        for (table, item) in sample(restored, organization).await? {
            match opens(&keys, table, &item) {
                true => drill.count("sealed items opened", 1),
                false => {
                    let key = Key::of(&item).map(|key| key.to_string()).unwrap_or_default();
                    drill.findings.add("sealed", format!("{} {key} does not open.", table.word()));
                }
            }
        }
        drill.count("keys", 1);
    }
    drill.after = last;
    if drill.after.is_none() {
        let found = drill.findings.count() > 0;
        drill.outcome = Some(if found { Outcome::Found } else { Outcome::Proven });
        drill.enter(Stage::Remove, now);
    }
    Ok(Progress::More)
}

/// An organization's canary, if it was made by then, and a few of its members.
async fn sample(
    restored: &Service,
    organization: OrganizationId,
) -> Result<Vec<(Table, Item)>, Trouble> {
    let tables = &restored.settings.tables;
    let canary = Key::canary(organization);
    let canary = dynamo::get(&restored.dynamo, &tables.schedule, &canary).await?;
    let members = restored
        .dynamo
        .query()
        .table_name(&tables.identity)
        .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
        .expression_attribute_values(":pk", AttributeValue::S(organization.to_string()))
        .expression_attribute_values(":prefix", AttributeValue::S("member#".into()))
        .limit(MEMBERS)
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("reading restored members", cause))?;
    let members = members.items.unwrap_or_default().into_iter();
    let members = members.map(|item| (Table::Identity, item));
    Ok(canary.into_iter().map(|item| (Table::Schedule, item)).chain(members).collect())
}

fn opens(keys: &OrganizationKeys, table: Table, item: &Item) -> bool {
    let sealed = item.get("sealed").and_then(|sealed| sealed.as_b().ok());
    let (Some(key), Some(sealed)) = (Key::of(item), sealed) else { return false };
    let place = Place { table, pk: &key.pk, sk: &key.sk, attribute: "sealed" };
    let sealed = Sealed::from_stored(sealed.clone().into_inner());
    keys.open::<Value>(place, &sealed).is_ok()
}

/// Removes what was restored.
pub(super) async fn remove(
    service: &Service,
    settings: &BackupSettings,
    which: Which,
    drill: &mut Drill,
) -> Result<Progress, Trouble> {
    let mut gone = true;
    for table in Table::BACKED_UP {
        gone &= scratch::remove(service, &scratch::name(settings, which.id, table)).await?;
    }
    drill.position = None;
    Ok(if gone { Progress::Ended } else { Progress::Later })
}
