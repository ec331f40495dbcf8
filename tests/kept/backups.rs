//! Backups: taken every night, gone in time, and what happens when something
//! stands in the way. A tick is the event that the schedule sends.

mod drills;
mod scene;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::settings::Table;

use scene::{Installation, Listed};

#[tokio::test]
async fn every_night_has_a_set_of_every_table_that_is_to_be_kept_and_of_no_other() {
    let installation = Installation::new().await;
    for _ in 0..5 {
        installation.night().await;
    }
    let nights = installation.nights().await;
    let days: Vec<&str> = nights.iter().map(|night| night["day"].as_str().unwrap()).collect();
    let expected = ["2026-12-05", "2026-12-04", "2026-12-03", "2026-12-02", "2026-12-01"];
    assert_eq!(days, expected);
    for night in &nights {
        assert_eq!(night["state"], "complete", "{night}");
        assert_eq!(night["keys_failing"], json!([]));
        let tables = night["tables"].as_array().unwrap();
        assert_eq!(tables.len(), 4);
        for table in tables {
            assert!(table["available"] == true && table["backup"].is_string(), "{table}");
            let filled = table["table"] == "Schedule";
            assert!(!filled || table["bytes"].as_u64().unwrap() > 0, "{table}");
        }
    }
    let listed = installation.listed(None).await;
    assert_eq!(listed.len(), 5 * 4);
    let of: BTreeSet<&str> = listed.iter().map(|backup| backup.table.as_str()).collect();
    let tables = &installation.world.service().settings.tables;
    let kept = Table::BACKED_UP.iter().map(|table| tables.name(*table)).collect();
    assert_eq!(of, kept);
    for table in [Table::Session, Table::OrganizationKeys, Table::Ledger, Table::Run] {
        assert!(!of.contains(tables.name(table)), "{table:?} must not come back");
    }
    // The operator's trail says so, once for each.
    assert_eq!(installation.recorded("backup_taken").await, 5);
    installation.stop().await;
}

#[tokio::test]
async fn two_ticks_of_one_night_begin_one_run_and_before_two_there_is_none() {
    let installation = Installation::new().await;
    installation.next_day().await;
    installation.world.advance("PT23H").await;
    // It is one in the morning of the day after; that day's night is not due.
    installation.tick().await;
    assert_eq!(installation.nights().await.len(), 0);
    installation.world.advance("PT1H").await;
    for _ in 0..6 {
        installation.tick().await;
    }
    assert_eq!(installation.nights().await.len(), 1);
    assert_eq!(installation.listed(None).await.len(), 4);
    installation.stop().await;
}

#[tokio::test]
async fn a_backup_that_reaches_thirty_five_days_is_gone_and_the_rest_goes_by_the_setting() {
    let installation = Installation::keeping(7).await;
    for night in 1..=10_usize {
        installation.night().await;
        let sets = installation.listed(None).await.len() / 4;
        assert_eq!(sets, night.min(7), "after night {night}");
    }
    // Nobody takes any for weeks: the newest good ones outlive the setting,
    // but nothing lives to be 35 days old.
    installation.fail("Identity", true);
    for _ in 0..25 {
        installation.night().await;
    }
    let newest_good = |listed: &[Listed]| {
        let identity = listed.iter().filter(|backup| backup.name.ends_with("Identity"));
        identity.map(|backup| backup.taken).max()
    };
    let listed = installation.listed(None).await;
    assert!(newest_good(&listed).is_some(), "the last good set is still there");
    for _ in 0..10 {
        installation.night().await;
    }
    let listed = installation.listed(None).await;
    assert_eq!(newest_good(&listed), None);
    let now = installation.world.now();
    for backup in &listed {
        let age = now.duration_since(backup.taken);
        assert!(age < jiff::SignedDuration::from_hours(35 * 24), "{backup:?} is {age} old");
    }
    installation.stop().await;
}

#[tokio::test]
async fn only_backups_of_ours_are_removed() {
    let installation = Installation::keeping(7).await;
    let service = installation.world.service();
    let by_hand = service
        .dynamo
        .create_backup()
        .table_name(service.settings.tables.name(Table::Schedule))
        .backup_name("before-the-move")
        .send()
        .await
        .unwrap();
    let arn = by_hand.backup_details.unwrap().backup_arn;
    for _ in 0..40 {
        installation.night().await;
    }
    let listed = installation.listed(None).await;
    assert!(listed.iter().any(|backup| backup.arn == arn), "somebody else's was removed");
    installation.stop().await;
}

#[tokio::test]
async fn a_night_with_a_table_that_refuses_pages_keeps_everything_and_goes_on_where_it_stood() {
    let installation = Installation::keeping(7).await;
    for _ in 0..8 {
        installation.night().await;
    }
    let before = installation.listed(None).await;
    installation.fail("Identity", true);
    installation.next_day().await;
    let log = installation.logged(async || installation.ticks(3).await).await;
    assert!(log.contains("BACKUP_FAILED"), "{log}");
    let night = installation.nights().await.remove(0);
    assert_eq!(night["state"], "under_way");
    assert!(night["trouble"].as_str().unwrap().contains("asking for a backup"), "{night}");
    let there = |table: &str| {
        let tables = night["tables"].as_array().unwrap();
        tables.iter().find(|of| of["table"] == table).unwrap()["available"] == true
    };
    assert!(there("Schedule") && there("Mail") && there("Audit") && !there("Identity"));
    let after = installation.listed(None).await;
    assert_eq!(after.len(), before.len() + 3, "three more, and nothing was removed");
    assert!(before.iter().all(|backup| after.contains(backup)));
    // The table works again: the same night goes on, and asks for one table.
    installation.fail("Identity", false);
    installation.ticks(3).await;
    let night = installation.nights().await.remove(0);
    assert_eq!((&night["state"], &night["removed"]), (&json!("complete"), &json!(4)));
    assert_eq!(installation.listed(None).await.len(), 7 * 4);
    installation.stop().await;
}

#[tokio::test]
async fn a_night_with_a_full_disk_pages_keeps_everything_and_is_given_up_after_a_day() {
    let installation = Installation::keeping(7).await;
    for _ in 0..8 {
        installation.night().await;
    }
    let before = installation.listed(None).await;
    installation.world.cloud.faults().backup_disk_full(true);
    installation.next_day().await;
    let log = installation.logged(async || installation.ticks(4).await).await;
    assert!(log.contains("BACKUP_FAILED") && log.contains("gone before it was there"), "{log}");
    assert_eq!(installation.listed(None).await, before);
    installation.next_day().await;
    let log = installation.logged(async || installation.ticks(2).await).await;
    assert!(log.contains("is given up"), "{log}");
    let nights = installation.nights().await;
    assert_eq!(
        (&nights[1]["state"], &nights[0]["state"]),
        (&json!("given_up"), &json!("under_way"))
    );
    // By now the newest is older than 26 hours.
    installation.world.advance("PT3H").await;
    let log = installation.logged(async || installation.tick().await).await;
    assert!(log.contains("BACKUP_LATE"), "{log}");
    assert_eq!(installation.backups().await["late"], true);
    installation.world.cloud.faults().backup_disk_full(false);
    installation.ticks(3).await;
    assert_eq!(installation.backups().await["late"], false);
    installation.stop().await;
}

#[tokio::test]
async fn without_kms_no_key_opens_its_canary_each_is_named_and_nothing_is_removed() {
    let installation = Installation::keeping(7).await;
    for _ in 0..8 {
        installation.night().await;
    }
    let before = installation.listed(None).await;
    installation.world.cloud.faults().keys_outage(true);
    installation.next_day().await;
    let log = installation.logged(async || installation.ticks(3).await).await;
    assert!(log.contains("KEY_CANARY_FAILED"), "{log}");
    for house in [&installation.school, &installation.operator] {
        assert!(log.contains(&house.id().to_string()), "{log}");
    }
    let after = installation.listed(None).await;
    assert_eq!(after.len(), before.len() + 4, "the tables are backed up all the same");
    assert!(before.iter().all(|backup| after.contains(backup)));
    installation.world.cloud.faults().keys_outage(false);
    installation.ticks(2).await;
    assert_eq!(installation.nights().await[0]["state"], "complete");
    installation.stop().await;
}

#[tokio::test]
async fn a_key_that_is_lost_or_another_is_named_and_the_others_go_on() {
    let installation = Installation::new().await;
    installation.night().await;
    let (lost, other) = (installation.school.id(), installation.operator.id());
    let service = installation.world.service();
    let key = shared::dynamo::Key { pk: lost.to_string(), sk: "key#1".into() };
    let delete =
        service.dynamo.delete_item().table_name(&service.settings.tables.organization_keys);
    delete.set_key(Some(key.to_item())).send().await.unwrap();
    installation.next_day().await;
    let log = installation.logged(async || installation.ticks(2).await).await;
    let alarms: Vec<&str> = log.lines().filter(|line| line.contains("KEY_CANARY_FAILED")).collect();
    assert!(alarms.iter().any(|line| line.contains(&lost.to_string())), "{log}");
    assert!(!alarms.iter().any(|line| line.contains(&other.to_string())), "{log}");
    let night = installation.nights().await.remove(0);
    assert_eq!(night["keys_failing"], json!([lost.to_string()]));
    // A new key in its place does not open what the lost one sealed.
    service.vault.create(lost).await.unwrap();
    installation.ticks(1).await;
    let night = installation.nights().await.remove(0);
    assert_eq!(night["keys_failing"], json!([lost.to_string()]));
    assert_eq!(night["state"], "under_way");
    installation.stop().await;
}

#[tokio::test]
async fn the_round_of_the_keys_reaches_every_organization_of_many() {
    let installation = Installation::new().await;
    for number in 0..60 {
        let name = format!("school-{number:02}").leak();
        let plan =
            crate::world::Plan { web_name: name, days: Vec::new(), ..crate::world::Plan::school() };
        installation.world.found(plan).await;
    }
    installation.night().await;
    let night = installation.nights().await.remove(0);
    assert_eq!((&night["state"], &night["keys_failing"]), (&json!("complete"), &json!([])));
    // Canaries are made the first time and opened the second.
    assert_eq!(night["keys_opened"], 0);
    installation.night().await;
    let night = installation.nights().await.remove(0);
    assert_eq!(night["keys_opened"], 60 + installation.organizations);
    let report = shared::fsck::run_to_end(installation.world.service()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    installation.stop().await;
}

#[tokio::test]
async fn a_backup_whose_answer_was_lost_is_found_by_its_name_and_not_asked_for_twice() {
    use kept::faults::Fault;
    let installation = Installation::new().await;
    installation.next_day().await;
    installation.world.advance("P1D").await;
    for fault in [Fault::BrokenAfter, Fault::FailedAfter] {
        installation.world.cloud.faults().next("CreateBackup", fault);
    }
    installation.ticks(4).await;
    assert_eq!(installation.nights().await[0]["state"], "complete");
    assert_eq!(installation.listed(None).await.len(), 4);
    installation.stop().await;
}

#[tokio::test]
async fn a_night_that_dies_at_any_request_ends_as_one_that_does_not() {
    let mut deaths = 0;
    let installation = Installation::keeping(7).await;
    for _ in 0..7 {
        installation.night().await;
    }
    for point in 1.. {
        installation.next_day().await;
        let died = installation.dies(point, 3).await;
        installation.ticks(4).await;
        let night = installation.nights().await.remove(0);
        assert_eq!(night["state"], "complete", "after a death at request {point}: {night}");
        let listed = installation.listed(None).await;
        assert_eq!(listed.len(), 7 * 4, "after a death at request {point}");
        let names: BTreeSet<&str> = listed.iter().map(|backup| backup.name.as_str()).collect();
        assert_eq!(names.len(), listed.len(), "doubles after a death at request {point}");
        if !died {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 40, "only {deaths} deaths");
    assert_eq!(installation.recorded("backup_taken").await, 7 + deaths + 1);
    installation.stop().await;
}

#[tokio::test]
async fn the_operator_sees_the_nights_and_begins_a_backup_with_a_fresh_proof_of_who_asks() {
    let installation = Installation::new().await;
    let page = installation.page().await;
    assert!(page.contains("There is no copy yet.") && page.contains("None yet."), "{page}");
    let path = "/operator/manage/backups";
    let refused = installation.post(&format!("{path}/drill")).await;
    refused.refused(409, "conflict");
    let begun = installation.post(path).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    installation.post(path).await.refused(409, "conflict");
    installation.ticks(3).await;
    let nights = installation.nights().await;
    let by_hand: Vec<&Value> = nights.iter().filter(|night| night["by_hand"] == true).collect();
    assert_eq!(by_hand.len(), 1);
    assert_eq!(by_hand[0]["id"], begun.json()["run"]);
    assert_eq!(by_hand[0]["state"], "complete");
    assert_eq!(installation.recorded("backup_asked").await, 1);
    let page = installation.page().await;
    assert!(page.contains("Asked for") && page.contains("Complete") && page.contains("All "));
    // What needs a fresh proof asks for it.
    let olga = installation.operator.signed_in(&installation.world, &installation.olga).await;
    installation.world.advance("PT14M").await;
    assert_eq!(olga.get(path).await.status, 200);
    olga.post(path, &json!({})).await.refused(403, "confirm_needed");
    let form = installation.submit(path).await;
    assert_eq!(
        (form.status, form.header("location")),
        (303, "/operator/manage/backups?done=backup")
    );
    installation.stop().await;
}
