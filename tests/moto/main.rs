//! A second opinion on backups: moto answers the same calls as the local cloud,
//! written by other people after the same service. And a stack for the commands
//! that an operator gives to one.
//!
//! Both go through one story with the real client, and must tell it alike.
//! `KEPT_MOTO` says where moto_server lies. moto never lets anything be CREATING
//! and knows no size limits, so neither is compared here: infra/local/backups has
//! tests of its own.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod server;
mod stack;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, PointInTimeRecoverySpecification, Projection, ProjectionType, ScalarAttributeType,
    StreamSpecification, StreamViewType, TimeToLiveSpecification,
};
use kept::{LocalCloud, Options};

use server::Moto;

const LONGEST_COPY: Duration = Duration::from_secs(20);

impl Moto {
    /// How its clients are made: as AWS's are, but for the address.
    fn config(&self) -> aws_config::SdkConfig {
        aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "moto", "moto", None, None, "moto",
            )))
            .endpoint_url(format!("http://{}", self.address))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }

    fn client(&self) -> Client {
        Client::new(&self.config())
    }

    fn keys(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config())
    }
}

fn kind<E: ProvideErrorMetadata, R>(error: SdkError<E, R>) -> String {
    error.as_service_error().and_then(|error| error.code()).unwrap_or("none").to_owned()
}

fn refused<T, E: ProvideErrorMetadata, R>(answer: Result<T, SdkError<E, R>>) -> String {
    answer.map_or_else(kind, |_| "answered".to_owned())
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
}

/// A table with what a restore keeps, an index, and what it forgets.
async fn make(client: &Client, table: &str) {
    let attribute = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let owned = GlobalSecondaryIndex::builder()
        .index_name("owned")
        .key_schema(key("owner", KeyType::Hash))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .unwrap();
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::KeysOnly)
        .build()
        .unwrap();
    let create = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    ["pk", "sk", "owner"]
        .iter()
        .fold(create, |create, name| create.attribute_definitions(attribute(name)))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(owned)
        .stream_specification(stream)
        .deletion_protection_enabled(true)
        .send()
        .await
        .unwrap();
    let expiry =
        TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().unwrap();
    let update = client.update_time_to_live().table_name(table);
    update.time_to_live_specification(expiry).send().await.unwrap();
}

async fn put(client: &Client, table: &str, pk: &str, color: &str) {
    let put = client.put_item().table_name(table);
    let put = [("pk", pk), ("sk", "-"), ("owner", "o"), ("color", color)]
        .into_iter()
        .fold(put, |put, (name, text)| put.item(name, AttributeValue::S(text.to_owned())));
    put.send().await.unwrap();
}

/// Every item of a table, in an order.
async fn items(client: &Client, table: &str) -> String {
    let scan = client.scan().table_name(table).send().await.unwrap();
    let mut items: Vec<BTreeMap<String, String>> = scan
        .items()
        .iter()
        .map(|item| item.iter().map(|(name, value)| (name.clone(), format!("{value:?}"))).collect())
        .collect();
    items.sort();
    format!("{items:?}")
}

async fn status(client: &Client, arn: &str) -> String {
    let found = client.describe_backup().backup_arn(arn).send().await.unwrap();
    let details = found.backup_description.unwrap().backup_details.unwrap();
    details.backup_status.as_str().to_owned()
}

/// Asks until it is no longer CREATING; what it is then.
async fn settled(mut ask: impl AsyncFnMut() -> String) -> String {
    let begun = Instant::now();
    loop {
        let is = ask().await;
        if is != "CREATING" || begun.elapsed() > LONGEST_COPY {
            return is;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The story, and what is seen on the way.
async fn story(client: &Client) -> Vec<(&'static str, String)> {
    let mut seen = Vec::new();
    let mut note = |what, is: String| seen.push((what, is));
    make(client, "Source").await;
    put(client, "Source", "a", "red").await;
    put(client, "Source", "b", "blue").await;

    let create =
        |table: &str| client.create_backup().table_name(table).backup_name("nightly").send();
    note("a backup of no table", refused(create("Nothing").await));
    let arn = create("Source").await.unwrap().backup_details.unwrap().backup_arn;
    let (table, id) = arn.split_once("/backup/").unwrap();
    note("the table's ARN", table.to_owned());
    let shape: String =
        id.chars().map(|one| if one.is_ascii_hexdigit() { '0' } else { one }).collect();
    note("the backup's id", shape);
    note("a backup", settled(async || status(client, &arn).await).await);
    put(client, "Source", "b", "green").await;
    put(client, "Source", "c", "white").await;

    let described = client.describe_backup().backup_arn(&arn).send().await.unwrap();
    let described = described.backup_description.unwrap();
    let (details, source) =
        (described.backup_details.unwrap(), described.source_table_details.unwrap());
    note("its name and type", format!("{} {:?}", details.backup_name, details.backup_type));
    note("whether it says when and how large", {
        let sized = details.backup_size_bytes.is_some_and(|bytes| bytes > 0);
        format!("{} {sized}", details.backup_creation_date_time.secs() > 0)
    });
    note(
        "its table",
        format!("{} {:?} {:?}", source.table_name, source.item_count, source.key_schema),
    );

    let list = |table: &str| client.list_backups().table_name(table).send();
    let listed = list("Source").await.unwrap();
    let one = &listed.backup_summaries()[0];
    note("the list", format!("{:?} {:?}", one.table_name, one.backup_status));
    note("whether the list names it", (one.backup_arn.as_ref() == Some(&arn)).to_string());
    note("another table's list", list("Other").await.unwrap().backup_summaries().len().to_string());

    let restore = |arn: &str, target: &str| {
        client.restore_table_from_backup().backup_arn(arn).target_table_name(target).send()
    };
    note("a restore onto a table", refused(restore(&arn, "Source").await));
    note("a restore of no backup", refused(restore(&format!("{arn}0"), "Copy").await));
    restore(&arn, "Copy").await.unwrap();
    let describe =
        async || client.describe_table().table_name("Copy").send().await.unwrap().table.unwrap();
    let active = async || describe().await.table_status.unwrap().as_str().to_owned();
    note("a restored table", settled(active).await);
    note("what is in it", items(client, "Copy").await);
    let restored = describe().await;
    note("its stream", format!("{:?}", restored.stream_specification.is_some()));
    note("its protection", format!("{:?}", restored.deletion_protection_enabled.unwrap_or(false)));
    let indexes: Vec<_> =
        restored.global_secondary_indexes().iter().map(|one| &one.index_name).collect();
    note("its indexes", format!("{indexes:?}"));
    let summary = restored.restore_summary.unwrap();
    note(
        "where it came from",
        format!("{:?} {}", summary.source_table_arn, summary.restore_in_progress),
    );
    let expiry = client.describe_time_to_live().table_name("Copy").send().await.unwrap();
    note(
        "its expiry",
        format!("{:?}", expiry.time_to_live_description.unwrap().time_to_live_status),
    );

    let recovery = |table: &str| client.describe_continuous_backups().table_name(table).send();
    note("recovery of no table", refused(recovery("Nothing").await));
    let on = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .recovery_period_in_days(7);
    let update = client.update_continuous_backups().table_name("Copy");
    for (what, answer) in [
        (
            "recovery of a restored table",
            recovery("Copy").await.unwrap().continuous_backups_description,
        ),
        (
            "recovery switched on",
            update
                .point_in_time_recovery_specification(on.build().unwrap())
                .send()
                .await
                .unwrap()
                .continuous_backups_description,
        ),
    ] {
        let recovery = answer.unwrap().point_in_time_recovery_description.unwrap();
        let (status, days) =
            (recovery.point_in_time_recovery_status, recovery.recovery_period_in_days);
        note(
            what,
            format!("{status:?} {days:?} {}", recovery.earliest_restorable_date_time.is_some()),
        );
    }

    let delete = || client.delete_backup().backup_arn(&arn).send();
    let deleted = delete().await.unwrap().backup_description.unwrap().backup_details.unwrap();
    note("a deleted backup", deleted.backup_status.as_str().to_owned());
    note("deleting it again", refused(delete().await));
    note("asking for it", refused(client.describe_backup().backup_arn(&arn).send().await));
    note("the list afterwards", list("Source").await.unwrap().backup_summaries().len().to_string());
    seen
}

#[tokio::test]
async fn moto_and_the_local_cloud_tell_the_same_story_of_a_backup() {
    let moto = Moto::start();
    let theirs = story(&moto.client()).await;
    let cloud = LocalCloud::start(Options { demonstration: false, ..Options::default() });
    let cloud = cloud.await.unwrap();
    let ours = story(cloud.dynamo()).await;
    cloud.stop().await;
    assert!(theirs.iter().any(|(what, is)| *what == "a backup" && is == "AVAILABLE"));
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs, ours, "moto's on the left, the local cloud's on the right");
    }
    assert_eq!(theirs.len(), ours.len());
}
