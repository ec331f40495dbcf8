use super::*;
use crate::clock::MovableClock;
use crate::engine::Engine;
use crate::template::{EMBEDDED, EMBEDDED_NAME, Template};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Put, TransactWriteItem};
use std::collections::HashMap;

struct Setting {
    client: aws_sdk_dynamodb::Client,
    faults: Arc<Faults>,
    _engine: Engine,
    _front: Front,
}

async fn setting() -> Setting {
    let template = Template::parse(EMBEDDED_NAME, EMBEDDED).unwrap();
    let clock = Arc::new(MovableClock::open(None, None).unwrap());
    let engine = Engine::start(&template, None, &clock).await.unwrap();
    let faults = Arc::new(Faults::new(None));
    let front = Front::start(
        engine.address(),
        Between { faults: Some(Arc::clone(&faults)), ..Between::default() },
    )
    .await
    .unwrap();
    let client =
        crate::clients::dynamo(front.address(), &crate::clients::http(), shared::patience::quick());
    Setting { client, faults, _engine: engine, _front: front }
}

fn item(pk: &str) -> HashMap<String, AttributeValue> {
    ["pk", "sk"].map(|name| (name.to_owned(), AttributeValue::S(pk.to_owned()))).into()
}

async fn write(setting: &Setting, pk: &str) -> Result<(), String> {
    let put = Put::builder().table_name("ScheduleTable").set_item(Some(item(pk))).build().unwrap();
    setting
        .client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().put(put).build())
        .send()
        .await
        .map(|_| ())
        .map_err(|error| format!("{:?}", error.into_service_error()))
}

async fn exists(setting: &Setting, pk: &str) -> bool {
    let read = setting.client.get_item().table_name("ScheduleTable").set_key(Some(item(pk)));
    read.send().await.unwrap().item.is_some()
}

#[tokio::test]
async fn a_conflict_is_worded_as_dynamodb_does() {
    let setting = setting().await;
    write(&setting, "fine").await.unwrap();
    setting.faults.next("TransactWriteItems", Fault::Conflict);
    let refused = write(&setting, "a").await.unwrap_err();
    assert!(refused.contains("TransactionCanceledException"), "{refused}");
    assert!(refused.contains("TransactionConflict"), "{refused}");
    assert!(!exists(&setting, "a").await);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_commit_is_tried_again_without_doubling() {
    let setting = setting().await;
    setting.faults.next("TransactWriteItems", Fault::BrokenAfter);
    write(&setting, "a").await.unwrap();
    assert!(exists(&setting, "a").await);
}

#[tokio::test]
async fn an_outcome_that_is_lost_for_good_was_committed_all_the_same() {
    let setting = setting().await;
    setting.faults.next("TransactWriteItems", Fault::LostForGood);
    write(&setting, "a").await.unwrap_err();
    assert!(exists(&setting, "a").await);
}

#[tokio::test]
async fn leftovers_come_back_as_unprocessed() {
    let setting = setting().await;
    for pk in ["a", "b", "c"] {
        write(&setting, pk).await.unwrap();
    }
    setting.faults.next("BatchGetItem", Fault::Leftover);
    let keys = KeysAndAttributes::builder()
        .set_keys(Some(vec![item("a"), item("b"), item("c")]))
        .build()
        .unwrap();
    let reply =
        setting.client.batch_get_item().request_items("ScheduleTable", keys).send().await.unwrap();
    assert_eq!(reply.responses.unwrap()["ScheduleTable"].len(), 2);
    assert_eq!(reply.unprocessed_keys.unwrap()["ScheduleTable"].keys.len(), 1);
}
