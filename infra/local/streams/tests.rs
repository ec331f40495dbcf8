use super::*;
use crate::template::{EMBEDDED, EMBEDDED_NAME};
use std::time::Instant;

struct Setting {
    engine: Arc<Engine>,
    streams: Streams,
    seen: Arc<Mutex<Vec<Vec<String>>>>,
}

/// A notify function that remembers its batches and fails on `poison`.
async fn setting(folder: Option<&Path>) -> Setting {
    let text = EMBEDDED.replace("MaximumRetryAttempts: 20", "MaximumRetryAttempts: 1");
    let template = Template::parse(EMBEDDED_NAME, &text).unwrap();
    let clock = Arc::new(MovableClock::open(None, None).unwrap());
    let engine = Arc::new(Engine::start(&template, folder, &clock).await.unwrap());
    let seen: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
    let remembered = Arc::clone(&seen);
    let notify = Hosted::made_up("NotifyFunction", move |event| {
        let records = event["Records"].as_array().unwrap();
        let name =
            |record: &Value| record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap().to_owned();
        remembered.lock().unwrap().push(records.iter().map(name).collect());
        let failed = records.iter().find(|record| name(record) == "poison");
        let failed =
            failed.map(|record| json!({"itemIdentifier": record["dynamodb"]["SequenceNumber"]}));
        Ok(json!({"batchItemFailures": failed.into_iter().collect::<Vec<_>>()}))
    });
    let hosted = [Arc::new(notify)];
    let streams = Streams::start(&template, &hosted, &engine, &clock, folder).unwrap();
    Setting { engine, streams, seen }
}

impl Setting {
    fn put(&self, pk: &str) {
        let item = json!({"pk": {"S": pk}, "sk": {"S": "-"}});
        let request = json!({"TableName": "MailTable", "Item": item});
        self.engine.database().put_item(serde_json::from_value(request).unwrap()).unwrap();
    }

    async fn settle(&self) {
        let begun = Instant::now();
        while !self.streams.is_idle() {
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", self.seen());
            self.streams.hurry();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().concat()
    }
}

#[tokio::test]
async fn only_what_the_filter_lets_through_is_delivered() {
    let setting = setting(None).await;
    setting.put("a");
    setting.put("a"); // The same bytes again: no record, as in DynamoDB.
    setting.put("b");
    setting.settle().await;
    assert_eq!(setting.seen(), ["a", "b"]);
    assert_eq!(setting.streams.standings()[0].waiting, 0);
}

#[tokio::test]
async fn a_record_that_keeps_failing_is_buried_and_the_next_ones_arrive() {
    let setting = setting(None).await;
    for pk in ["before", "poison"] {
        setting.put(pk);
    }
    setting.settle().await;
    setting.put("after");
    setting.settle().await;
    let letters = setting.streams.dead_letters();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].queue, "DeadLetters");
    assert_eq!(letters[0].message["DDBStreamBatchInfo"]["batchSize"], 1);
    assert!(!letters[0].message.to_string().contains("poison"), "positions, never payloads");
    let seen = setting.seen();
    assert_eq!(seen.iter().filter(|name| *name == "poison").count(), 2, "{seen:?}");
    assert_eq!(seen.last().map(String::as_str), Some("after"));
}

#[tokio::test]
async fn a_restarted_process_goes_on_where_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    let first = setting(Some(folder.path())).await;
    first.put("a");
    first.settle().await;
    first.streams.stop().await;
    first.put("b");
    first.engine.stop().await;
    drop(first);
    let second = setting(Some(folder.path())).await;
    second.settle().await;
    assert_eq!(second.seen(), ["b"]);
}
