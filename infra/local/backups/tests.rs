use super::*;
use crate::faults::Faults;
use crate::front::{Between, Front};
use crate::template::{EMBEDDED, EMBEDDED_NAME};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::primitives::DateTime;
use aws_sdk_dynamodb::types::{
    AttributeValue, BackupStatus, PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, Tag,
    TimeToLiveSpecification,
};
use std::collections::{BTreeSet, HashMap};

/// An engine with a keeper of backups, spoken to by the real client.
struct Setting {
    client: Client,
    clock: Arc<MovableClock>,
    faults: Arc<Faults>,
    backups: Arc<Backups>,
    engine: Engine,
    _front: Front,
}

async fn setting(folder: Option<&Path>) -> Setting {
    let template = Template::parse(EMBEDDED_NAME, EMBEDDED).unwrap();
    let clock = Arc::new(MovableClock::open(folder, None).unwrap());
    let engine = Engine::start(&template, folder, &clock).await.unwrap();
    let faults = Arc::new(Faults::new(None));
    let backups = Backups::start(&template, folder, &engine, &clock, &faults).unwrap();
    let between = Between { backups: Some(Arc::clone(&backups)), ..Between::default() };
    let front = Front::start(engine.address(), between).await.unwrap();
    let client =
        crate::clients::dynamo(front.address(), &crate::clients::http(), shared::patience::quick());
    Setting { client, clock, faults, backups, engine, _front: front }
}

impl Setting {
    async fn put(&self, table: &str, pk: &str, color: &str) {
        let put = self.client.put_item().table_name(table);
        let put = ["pk", "sk", "owner"]
            .iter()
            .fold(put, |put, name| put.item(*name, AttributeValue::S(pk.to_owned())))
            .item("start", AttributeValue::N("7".to_owned()))
            .item("color", AttributeValue::S(color.to_owned()));
        put.send().await.unwrap();
    }

    async fn erase(&self, table: &str, pk: &str) {
        let key = ["pk", "sk"].map(|name| (name.to_owned(), AttributeValue::S(pk.to_owned())));
        let delete = self.client.delete_item().table_name(table).set_key(Some(key.into()));
        delete.send().await.unwrap();
    }

    async fn colors(&self, table: &str) -> BTreeSet<(String, String)> {
        let scan = self.client.scan().table_name(table).send().await.unwrap();
        let text =
            |item: &HashMap<String, AttributeValue>, name| item[name].as_s().unwrap().clone();
        scan.items().iter().map(|item| (text(item, "pk"), text(item, "color"))).collect()
    }

    /// Takes a backup and waits for it; its ARN.
    async fn backup(&self, table: &str) -> String {
        let begun = self.client.create_backup().table_name(table).backup_name("nightly");
        let details = begun.send().await.unwrap().backup_details.unwrap();
        assert_eq!(details.backup_status, BackupStatus::Creating);
        self.wait().await;
        details.backup_arn
    }

    async fn restore(&self, arn: &str, target: &str) {
        let begun = self.client.restore_table_from_backup().backup_arn(arn);
        let begun = begun.target_table_name(target).send().await.unwrap();
        let described = begun.table_description.unwrap();
        assert_eq!(described.table_status.unwrap().as_str(), "CREATING");
        assert!(described.restore_summary.unwrap().restore_in_progress);
        self.wait().await;
    }

    async fn status(&self, arn: &str) -> Result<String, String> {
        let found = self.client.describe_backup().backup_arn(arn).send().await.map_err(kind)?;
        let details = found.backup_description.unwrap().backup_details.unwrap();
        Ok(details.backup_status.as_str().to_owned())
    }

    async fn wait(&self) {
        while !self.backups.is_idle() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    async fn end(self) {
        self.backups.stop();
        self.engine.stop().await;
    }
}

fn kind<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> String {
    error.as_service_error().and_then(|error| error.code()).unwrap_or("none").to_owned()
}

fn colors(items: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    items.iter().map(|(pk, color)| ((*pk).to_owned(), (*color).to_owned())).collect()
}

async fn what_was_backed_up_comes_back(setting: &Setting) {
    setting.put("ScheduleTable", "a", "red").await;
    setting.put("ScheduleTable", "b", "blue").await;
    let arn = setting.backup("ScheduleTable").await;
    setting.put("ScheduleTable", "b", "green").await;
    setting.put("ScheduleTable", "c", "white").await;
    setting.erase("ScheduleTable", "a").await;

    let described = setting.client.describe_backup().backup_arn(&arn).send().await.unwrap();
    let described = described.backup_description.unwrap();
    let source = described.source_table_details.unwrap();
    assert_eq!(source.item_count, Some(2));
    assert_eq!(described.backup_details.unwrap().backup_size_bytes, source.table_size_bytes);
    assert!(source.table_size_bytes.unwrap() > 0);

    setting.restore(&arn, "Scratch").await;
    assert_eq!(setting.colors("Scratch").await, colors(&[("a", "red"), ("b", "blue")]));
    let query = setting.client.query().table_name("Scratch").index_name("owned");
    let query = query
        .key_condition_expression("#owner = :owner")
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_values(":owner", AttributeValue::S("a".to_owned()));
    assert_eq!(query.send().await.unwrap().count, 1);
}

#[tokio::test]
async fn a_backup_brings_back_what_was_there_when_it_was_asked_for_in_memory() {
    let setting = setting(None).await;
    what_was_backed_up_comes_back(&setting).await;
    setting.end().await;
}

#[tokio::test]
async fn a_backup_brings_back_what_was_there_when_it_was_asked_for_on_file() {
    let folder = tempfile::tempdir().unwrap();
    let setting = setting(Some(folder.path())).await;
    what_was_backed_up_comes_back(&setting).await;
    setting.end().await;
}

#[tokio::test]
async fn a_backup_survives_a_restart_and_half_a_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = setting(Some(folder.path())).await;
    first.put("IdentityTable", "a", "red").await;
    let arn = first.backup("IdentityTable").await;
    first.end().await;
    let shelf = folder.path().join(shelf::FOLDER);
    std::fs::write(shelf.join("01700000000000-cafecafe.new"), "half").unwrap();
    std::fs::write(shelf.join("01700000000000-deadbeef.db"), "no backup").unwrap();

    let second = setting(Some(folder.path())).await;
    assert!(!shelf.join("01700000000000-cafecafe.new").exists());
    let listed = second.client.list_backups().send().await.unwrap();
    assert_eq!(listed.backup_summaries().len(), 1);
    second.restore(&arn, "Scratch").await;
    assert_eq!(second.colors("Scratch").await, colors(&[("a", "red")]));
    second.end().await;
}

#[cfg(unix)]
#[tokio::test]
async fn backups_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let setting = setting(Some(folder.path())).await;
    setting.backup("IdentityTable").await;
    let shelf = folder.path().join(shelf::FOLDER);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&shelf), 0o700);
    let files: Vec<_> = std::fs::read_dir(&shelf).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(mode(&files[0].path()), 0o600);
    setting.end().await;
}

#[tokio::test]
async fn a_restore_that_was_cut_short_begins_again_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let first = setting(Some(folder.path())).await;
    first.put("IdentityTable", "a", "red").await;
    let arn = first.backup("IdentityTable").await;
    first.restore(&arn, "Scratch").await;
    // As a crash leaves it: some rows are there, and nobody said that all are.
    first.put("Scratch", "half", "grey").await;
    let cut_short = "UPDATE _kept_restores SET whole = 0";
    first.backups.notes.connection().execute(cut_short, []).unwrap();
    first.end().await;

    let second = setting(Some(folder.path())).await;
    second.wait().await;
    let described = second.client.describe_table().table_name("Scratch").send().await.unwrap();
    assert_eq!(described.table.unwrap().table_status.unwrap().as_str(), "ACTIVE");
    assert_eq!(second.colors("Scratch").await, colors(&[("a", "red")]));
    second.end().await;
}

#[tokio::test]
async fn a_restored_table_comes_without_stream_expiry_recovery_tags_and_protection() {
    let setting = setting(None).await;
    let client = &setting.client;
    let arn = setting.backup("AuditTable").await;
    setting.restore(&arn, "Scratch").await;
    let describe = async |table: &str| {
        client.describe_table().table_name(table).send().await.unwrap().table.unwrap()
    };
    let (live, restored) = (describe("AuditTable").await, describe("Scratch").await);
    assert!(live.stream_specification.is_some() && restored.stream_specification.is_none());
    assert_eq!(live.deletion_protection_enabled, Some(true));
    assert_ne!(restored.deletion_protection_enabled, Some(true));
    assert_eq!(restored.key_schema, live.key_schema);
    assert_eq!(restored.global_secondary_indexes().len(), live.global_secondary_indexes().len());
    let summary = restored.restore_summary.unwrap();
    assert_eq!(summary.source_backup_arn, Some(arn));
    assert_eq!(summary.source_table_arn, live.table_arn);
    assert!(!summary.restore_in_progress);

    let expiry = client.describe_time_to_live().table_name("Scratch").send().await.unwrap();
    let expiry = expiry.time_to_live_description.unwrap();
    assert_eq!(expiry.time_to_live_status.unwrap().as_str(), "DISABLED");
    let recovery = client.describe_continuous_backups().table_name("Scratch").send().await.unwrap();
    let recovery = recovery.continuous_backups_description.unwrap();
    let recovery = recovery.point_in_time_recovery_description.unwrap();
    assert_eq!(recovery.point_in_time_recovery_status, Some(PointInTimeRecoveryStatus::Disabled));
    let table = restored.table_arn.unwrap();
    let tags = client.list_tags_of_resource().resource_arn(&table).send().await.unwrap();
    assert!(tags.tags().is_empty());

    // All of it can be given back.
    let tag = Tag::builder().key("what").value("scratch").build().unwrap();
    client.tag_resource().resource_arn(&table).tags(tag).send().await.unwrap();
    let tags = client.list_tags_of_resource().resource_arn(&table).send().await.unwrap();
    assert_eq!(tags.tags().len(), 1);
    let expires =
        TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().unwrap();
    let update = client.update_time_to_live().table_name("Scratch");
    update.time_to_live_specification(expires).send().await.unwrap();
    let update = client.update_table().table_name("Scratch").deletion_protection_enabled(true);
    update.send().await.unwrap();
    let refused = client.delete_table().table_name("Scratch").send().await.unwrap_err();
    assert_eq!(kind(refused), "ValidationException");
    let update = client.update_table().table_name("Scratch").deletion_protection_enabled(false);
    update.send().await.unwrap();
    client.delete_table().table_name("Scratch").send().await.unwrap();
    setting.end().await;
}

#[tokio::test]
async fn refusals_are_dynamodb_s() {
    let setting = setting(None).await;
    let client = &setting.client;
    let arn = setting.backup("IdentityTable").await;
    let restore = |arn: &str, target: &str| {
        client.restore_table_from_backup().backup_arn(arn).target_table_name(target).send()
    };
    let unknown = arn.replace("IdentityTable", "Nothing");
    assert_eq!(kind(restore(&unknown, "Scratch").await.unwrap_err()), "BackupNotFoundException");
    let taken = restore(&arn, "MailTable").await.unwrap_err();
    assert_eq!(kind(taken), "TableAlreadyExistsException");
    let create =
        |table: &str, name: &str| client.create_backup().table_name(table).backup_name(name).send();
    assert_eq!(kind(create("Nothing", "night").await.unwrap_err()), "TableNotFoundException");
    let unnamed = create("IdentityTable", "not a name").await.unwrap_err();
    assert_eq!(kind(unnamed), "ValidationException");
    let nothing = client.describe_continuous_backups().table_name("Nothing").send().await;
    assert_eq!(kind(nothing.unwrap_err()), "TableNotFoundException");

    let delete = || client.delete_backup().backup_arn(&arn).send();
    let deleted = delete().await.unwrap().backup_description.unwrap().backup_details.unwrap();
    assert_eq!(deleted.backup_status, BackupStatus::Deleted);
    assert_eq!(kind(delete().await.unwrap_err()), "BackupNotFoundException");
    assert_eq!(setting.status(&arn).await, Err("BackupNotFoundException".to_owned()));
    setting.end().await;
}

#[tokio::test]
async fn the_list_goes_by_table_and_page() {
    let setting = setting(None).await;
    let mut wanted = Vec::new();
    for _ in 0..5 {
        wanted.push(setting.backup("MailTable").await);
        setting.clock.advance_text("PT1H").unwrap();
        setting.backup("AuditTable").await;
    }
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let list = setting.client.list_backups().table_name("MailTable").limit(2);
        let page = list.set_exclusive_start_backup_arn(after).send().await.unwrap();
        assert!(page.backup_summaries().len() <= 2);
        found.extend(page.backup_summaries().iter().filter_map(|one| one.backup_arn.clone()));
        after = page.last_evaluated_backup_arn;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, wanted);
    let everything = setting.client.list_backups().send().await.unwrap();
    assert_eq!(everything.backup_summaries().len(), 10);
    setting.end().await;
}

#[tokio::test]
async fn a_backup_goes_wrong_when_a_test_says_so() {
    let setting = setting(None).await;
    let create =
        || setting.client.create_backup().table_name("MailTable").backup_name("nightly").send();
    setting.faults.backup_refused("MailTable", true);
    assert_eq!(kind(create().await.unwrap_err()), "TableInUseException");
    setting.backup("AuditTable").await;
    setting.faults.backup_refused("MailTable", false);

    setting.faults.backup_hangs("MailTable", true);
    let hanging = create().await.unwrap().backup_details.unwrap().backup_arn;
    setting.wait().await;
    assert_eq!(setting.status(&hanging).await, Ok("CREATING".to_owned()));
    let delete = setting.client.delete_backup().backup_arn(&hanging).send().await;
    assert_eq!(kind(delete.unwrap_err()), "BackupInUseException");
    let restore = setting.client.restore_table_from_backup().backup_arn(&hanging);
    let restore = restore.target_table_name("Scratch").send().await;
    assert_eq!(kind(restore.unwrap_err()), "BackupInUseException");
    setting.faults.backup_hangs("MailTable", false);

    setting.faults.backup_disk_full(true);
    let lost = create().await.unwrap().backup_details.unwrap().backup_arn;
    setting.wait().await;
    assert_eq!(setting.status(&lost).await, Err("BackupNotFoundException".to_owned()));
    setting.faults.backup_disk_full(false);
    setting.backup("MailTable").await;
    setting.end().await;
}

async fn back_to(setting: &Setting, moment: jiff::Timestamp, target: &str) -> Result<(), String> {
    let moment = DateTime::from_nanos(moment.as_nanosecond()).unwrap();
    let restore = setting.client.restore_table_to_point_in_time();
    let restore = restore.source_table_name("OrganizationKeysTable").target_table_name(target);
    restore.restore_date_time(moment).send().await.map_err(kind)?;
    setting.wait().await;
    Ok(())
}

async fn an_erased_key_comes_back(setting: &Setting) {
    setting.put("OrganizationKeysTable", "a", "first").await;
    setting.put("OrganizationKeysTable", "b", "first").await;
    setting.clock.advance_text("PT1H").unwrap();
    let before = setting.clock.now();
    setting.clock.advance_text("PT1H").unwrap();
    setting.put("OrganizationKeysTable", "a", "second").await;
    setting.erase("OrganizationKeysTable", "b").await;
    setting.put("OrganizationKeysTable", "c", "new").await;
    setting.clock.advance_text("P6D").unwrap();
    setting.backups.trim().unwrap();

    back_to(setting, before, "Keys").await.unwrap();
    assert_eq!(setting.colors("Keys").await, colors(&[("a", "first"), ("b", "first")]));
    back_to(setting, setting.clock.now() - jiff::SignedDuration::from_mins(10), "Later")
        .await
        .unwrap();
    assert_eq!(setting.colors("Later").await, colors(&[("a", "second"), ("c", "new")]));

    setting.clock.advance_text("P1D").unwrap();
    let late = back_to(setting, before, "TooLate").await;
    assert_eq!(late, Err("InvalidRestoreTimeException".to_owned()));
    assert!(setting.backups.trim().unwrap() > 0);
    let count = "SELECT COUNT(*) FROM _kept_history";
    let left = setting.backups.notes.connection().query_row(count, [], |row| row.get::<_, i64>(0));
    assert_eq!(left, Ok(0));
}

#[tokio::test]
async fn an_erased_key_comes_back_within_seven_days_and_not_after_in_memory() {
    let setting = setting(None).await;
    an_erased_key_comes_back(&setting).await;
    setting.end().await;
}

#[tokio::test]
async fn an_erased_key_comes_back_within_seven_days_and_not_after_on_file() {
    let folder = tempfile::tempdir().unwrap();
    let setting = setting(Some(folder.path())).await;
    an_erased_key_comes_back(&setting).await;
    setting.end().await;
}

#[tokio::test]
async fn other_tables_say_that_their_history_is_not_kept_here() {
    let setting = setting(None).await;
    setting.clock.advance_text("PT1H").unwrap();
    let restore = setting.client.restore_table_to_point_in_time();
    let restore = restore.source_table_name("ScheduleTable").target_table_name("Scratch");
    let refused = restore.use_latest_restorable_time(true).send().await.unwrap_err();
    let words = refused.as_service_error().and_then(|error| error.message()).unwrap().to_owned();
    assert_eq!(kind(refused), "PointInTimeRecoveryUnavailableException");
    assert!(words.contains("keeps no history of 'ScheduleTable'"), "{words}");
    setting.end().await;
}

#[tokio::test]
async fn recovery_is_as_the_template_says_until_somebody_changes_it() {
    let setting = setting(None).await;
    let client = &setting.client;
    let period = async |table: &str| {
        let found = client.describe_continuous_backups().table_name(table).send().await.unwrap();
        let found = found.continuous_backups_description.unwrap();
        found.point_in_time_recovery_description.unwrap().recovery_period_in_days
    };
    assert_eq!(period("ScheduleTable").await, Some(35));
    assert_eq!(period("OrganizationKeysTable").await, Some(7));
    assert_eq!(period("SessionTable").await, None);

    // A restored table of keys gets its history with its recovery.
    setting.put("OrganizationKeysTable", "a", "first").await;
    let arn = setting.backup("OrganizationKeysTable").await;
    setting.restore(&arn, "Keys").await;
    let on = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .recovery_period_in_days(7)
        .build()
        .unwrap();
    let update = client.update_continuous_backups().table_name("Keys");
    update.point_in_time_recovery_specification(on).send().await.unwrap();
    assert_eq!(period("Keys").await, Some(7));
    setting.clock.advance_text("PT1H").unwrap();
    setting.erase("Keys", "a").await;
    setting.clock.advance_text("PT1H").unwrap();
    let moment = setting.clock.now() - jiff::SignedDuration::from_mins(90);
    let moment = DateTime::from_nanos(moment.as_nanosecond()).unwrap();
    let restore = client.restore_table_to_point_in_time().source_table_name("Keys");
    let restore = restore.target_table_name("Again").restore_date_time(moment);
    restore.send().await.unwrap();
    setting.wait().await;
    assert_eq!(setting.colors("Again").await, colors(&[("a", "first")]));
    setting.end().await;
}
