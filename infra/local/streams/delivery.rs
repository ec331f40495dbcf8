//! One subscription at work.

use super::{FIRST_PAUSE, LONGEST_PAUSE, REST, Subscription};
use crate::account::{REGION, fresh_id};
use serde_json::{Value, json};
use shared::ambient::{Clock, SystemChance};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// While records are gathered, it is looked so often whether they fill a call.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) async fn run(subscription: Arc<Subscription>, stopping: Arc<AtomicBool>) {
    while !stopping.load(Ordering::SeqCst) {
        subscription.busy.store(true, Ordering::SeqCst);
        let pause = subscription.step().await;
        subscription.busy.store(false, Ordering::SeqCst);
        subscription.ledger.write_now_and_then();
        match pause {
            Pause::None => tokio::task::yield_now().await,
            Pause::UntilNews => {
                let _ = tokio::time::timeout(REST, subscription.news.notified()).await;
            }
            Pause::Gathering(pause) | Pause::AfterFailure(pause) => {
                let _ = tokio::time::timeout(pause, subscription.hurry.notified()).await;
            }
        }
    }
}

/// What comes after a step.
enum Pause {
    None,
    UntilNews,
    Gathering(Duration),
    AfterFailure(Duration),
}

/// What a call's reply means for its batch.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Everything before this place is done; the rest comes again.
    RetryFrom(usize),
}

impl Subscription {
    async fn step(&self) -> Pause {
        let ahead = self.ahead();
        let records = match self.read(ahead) {
            Ok(records) => records,
            Err(problem) => {
                tracing::error!(subscription = self.id, problem, "the stream cannot be read");
                return Pause::AfterFailure(LONGEST_PAUSE);
            }
        };
        let Some(last) = records.last().and_then(sequence) else { return Pause::UntilNews };
        let (batch, end) = self.batch(&records);
        if batch.is_empty() {
            self.advance(last);
            return Pause::None;
        }
        let full = batch.len() == self.source.batch_size || records.len() == ahead;
        if !full && let Some(left) = self.gathers_for() {
            return Pause::Gathering(left.min(LOOK_AGAIN));
        }
        self.gathered();
        let event = json!({"Records": batch});
        let reply = self.function.event(event).await;
        let failure = reply.as_ref().err().cloned();
        let numbers: Vec<&str> = batch.iter().filter_map(|record| sequence(record)).collect();
        match outcome(reply, self.source.reports_failures, &numbers) {
            Outcome::Done => {
                self.attempts.store(0, Ordering::SeqCst);
                self.advance(end);
                Pause::None
            }
            Outcome::RetryFrom(place) => self.failed(&batch, place, end, failure),
        }
    }

    /// The next records that the filters let through, and the last sequence
    /// number that is settled with them.
    fn batch<'a>(&self, records: &'a [Value]) -> (Vec<&'a Value>, &'a str) {
        let mut batch = Vec::new();
        let mut end = "";
        for record in records {
            if self.wants(record) {
                if batch.len() == self.source.batch_size {
                    break;
                }
                batch.push(record);
            }
            end = sequence(record).unwrap_or(end);
        }
        (batch, end)
    }

    fn failed(&self, batch: &[&Value], place: usize, end: &str, failure: Option<String>) -> Pause {
        let done = place.checked_sub(1).and_then(|before| batch.get(before));
        if let Some(done) = done.and_then(|record| sequence(record)) {
            // What was done counts as progress: the rest is a batch of its own.
            self.advance(done);
            self.attempts.store(0, Ordering::SeqCst);
        }
        let attempts = self.attempts.fetch_add(1, Ordering::SeqCst) + 1;
        let problem = failure.as_deref().unwrap_or("it named records that failed");
        if self.source.maximum_retries.is_some_and(|most| attempts > most) {
            tracing::error!(subscription = self.id, attempts, problem, "a batch was given up");
            if let Some(queue) = &self.source.dead_letters {
                let letter = self.dead_letter(&batch[place..], attempts, failure.is_some());
                self.ledger.bury(queue, self.clock.now(), letter);
            }
            self.attempts.store(0, Ordering::SeqCst);
            self.advance(end);
            return Pause::None;
        }
        tracing::warn!(subscription = self.id, attempts, problem, "a batch will be tried again");
        let doubled = FIRST_PAUSE.saturating_mul(1 << (attempts - 1).min(10));
        Pause::AfterFailure(doubled.min(LONGEST_PAUSE))
    }

    /// Lambda's record of a failure: where the batch stands, not what is in it.
    fn dead_letter(&self, batch: &[&Value], attempts: u32, crashed: bool) -> Value {
        let moment = |record: Option<&&Value>| {
            let seconds = record?["dynamodb"]["ApproximateCreationDateTime"].as_f64()?;
            Some(jiff::Timestamp::from_second(seconds as i64).ok()?.to_string())
        };
        let mut response = json!({"statusCode": 200, "executedVersion": "$LATEST"});
        if crashed {
            response["functionError"] = json!("Unhandled");
        }
        json!({
            "requestContext": {
                "requestId": fresh_id(&SystemChance).unwrap_or_default(),
                "functionArn": format!(
                    "arn:aws:lambda:{REGION}:{}:function:{}",
                    crate::account::ACCOUNT,
                    self.function.name()
                ),
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempts,
            },
            "responseContext": response,
            "version": "1.0",
            "timestamp": self.clock.now().to_string(),
            "DDBStreamBatchInfo": {
                "shardId": self.shard,
                "startSequenceNumber": batch.first().and_then(|record| sequence(record)),
                "endSequenceNumber": batch.last().and_then(|record| sequence(record)),
                "approximateArrivalOfFirstRecord": moment(batch.first()),
                "approximateArrivalOfLastRecord": moment(batch.last()),
                "batchSize": batch.len(),
                "streamArn": self.arn,
            },
        })
    }
}

fn sequence(record: &Value) -> Option<&str> {
    record["dynamodb"]["SequenceNumber"].as_str()
}

/// Reads a reply as Lambda does: an empty or absent list is success; an item
/// that names no record of the batch fails all of it.
fn outcome(reply: Result<Value, String>, reports_failures: bool, numbers: &[&str]) -> Outcome {
    let Ok(reply) = reply else { return Outcome::RetryFrom(0) };
    if !reports_failures {
        return Outcome::Done;
    }
    let failures = match reply.get("batchItemFailures") {
        None | Some(Value::Null) => return Outcome::Done,
        Some(Value::Array(failures)) => failures,
        Some(_) => return Outcome::RetryFrom(0),
    };
    let first = failures
        .iter()
        .map(|failure| {
            let named = failure["itemIdentifier"].as_str();
            numbers.iter().position(|number| Some(*number) == named).unwrap_or(0)
        })
        .min();
    first.map_or(Outcome::Done, Outcome::RetryFrom)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: [&str; 3] = ["101", "102", "103"];

    #[track_caller]
    fn check(reply: Value, expected: Outcome) {
        assert_eq!(outcome(Ok(reply), true, &NUMBERS), expected);
    }

    #[test]
    fn a_partial_failure_is_tried_again_from_the_first_record_that_failed() {
        let failed = |names: &[&str]| {
            let list: Vec<Value> =
                names.iter().map(|name| json!({"itemIdentifier": name})).collect();
            json!({"batchItemFailures": list})
        };
        check(failed(&["102"]), Outcome::RetryFrom(1));
        check(failed(&["103", "102"]), Outcome::RetryFrom(1));
        check(failed(&[]), Outcome::Done);
        check(json!({}), Outcome::Done);
        check(Value::Null, Outcome::Done);
    }

    #[test]
    fn a_reply_that_names_no_record_fails_the_whole_batch() {
        check(json!({"batchItemFailures": [{"itemIdentifier": "999"}]}), Outcome::RetryFrom(0));
        check(json!({"batchItemFailures": [{"itemIdentifier": ""}]}), Outcome::RetryFrom(0));
        check(json!({"batchItemFailures": [{}]}), Outcome::RetryFrom(0));
        check(json!({"batchItemFailures": "all"}), Outcome::RetryFrom(0));
        assert_eq!(outcome(Err("crash".into()), true, &NUMBERS), Outcome::RetryFrom(0));
    }

    #[test]
    fn failures_that_the_template_does_not_ask_for_are_not_read() {
        let reply = json!({"batchItemFailures": [{"itemIdentifier": "102"}]});
        assert_eq!(outcome(Ok(reply), false, &NUMBERS), Outcome::Done);
    }
}
