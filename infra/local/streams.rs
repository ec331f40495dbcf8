//! Table streams, delivered as Lambda delivers them: in batches, filtered,
//! tried again from the record that failed, given up into a dead letter queue.
//!
//! How far each subscription came is remembered in the data folder, a little
//! late, so that a restarted process goes on where it stood and delivers some
//! records twice rather than none.

mod delivery;
mod ledger;

pub use ledger::DeadLetter;

use crate::clock::MovableClock;
use crate::engine::Engine;
use crate::error::StartError;
use crate::functions::Hosted;
use crate::template::{StreamSource, Template};
use ledger::Ledger;
use serde_json::{Value, json};
use shared::ambient::Clock;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Where the data folder keeps how far each subscription has come.
pub(crate) const FILE: &str = "streams.json";
/// How long a subscription rests when nothing wakes it.
const REST: Duration = Duration::from_millis(40);
/// The first pause after a failed call; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// So many records are read at once at most, before filters.
const READ_AHEAD: usize = 500;
/// For each record of a full call so many are read, since filters hold some back.
const READ_FOR_ONE: usize = 4;

/// All subscriptions, running.
pub(crate) struct Streams {
    subscriptions: Vec<Arc<Subscription>>,
    ledger: Arc<Ledger>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    stopping: Arc<AtomicBool>,
    waited_for: Arc<AtomicU32>,
}

/// While this lives, records are delivered at once instead of gathered.
pub(crate) struct Waiting(Arc<AtomicU32>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One function's reading of one table's stream.
pub(crate) struct Subscription {
    id: String,
    source: StreamSource,
    arn: String,
    shard: String,
    function: Arc<Hosted>,
    engine: Arc<Engine>,
    clock: Arc<MovableClock>,
    ledger: Arc<Ledger>,
    /// After which record it stands.
    position: Mutex<Option<String>>,
    busy: AtomicBool,
    attempts: AtomicU32,
    /// Since when records are being gathered.
    gathering: Mutex<Option<Instant>>,
    /// How many wait for everything to be delivered: nothing is gathered then.
    waited_for: Arc<AtomicU32>,
    /// Something was written.
    news: Notify,
    /// Somebody waits: pauses end.
    hurry: Notify,
}

/// How a subscription stands.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Standing {
    /// The function and the event's name in the template.
    pub name: String,
    /// The function that is woken.
    pub function: String,
    /// The table whose stream it is.
    pub table: String,
    /// How many records wait that the filters let through; 1,000 at most.
    pub waiting: usize,
    /// How long the oldest of them has waited.
    pub lag_seconds: f64,
    /// How often the batch in hand has failed.
    pub failed_attempts: u32,
    /// The last record that is done.
    pub position: Option<String>,
}

impl Streams {
    pub(crate) fn start(
        template: &Template,
        functions: &[Arc<Hosted>],
        engine: &Arc<Engine>,
        clock: &Arc<MovableClock>,
        folder: Option<&Path>,
    ) -> Result<Self, StartError> {
        let ledger = Arc::new(Ledger::open(folder)?);
        let waited_for = Arc::new(AtomicU32::new(0));
        let mut subscriptions = Vec::new();
        for function in &template.functions {
            let hosted = functions.iter().find(|hosted| hosted.name() == function.name);
            for (source, hosted) in function.streams.iter().zip(std::iter::repeat(hosted)) {
                let Some(hosted) = hosted else { continue };
                let id = format!("{}.{}", function.name, source.name);
                let mut made = subscription(id, source, hosted, engine, clock, &ledger)?;
                made.waited_for = Arc::clone(&waited_for);
                subscriptions.push(Arc::new(made));
            }
        }
        let stopping = Arc::new(AtomicBool::new(false));
        let workers = subscriptions
            .iter()
            .map(|subscription| {
                tokio::spawn(delivery::run(Arc::clone(subscription), Arc::clone(&stopping)))
            })
            .collect();
        Ok(Self { subscriptions, ledger, workers: Mutex::new(workers), stopping, waited_for })
    }

    /// Something was written: look now.
    pub(crate) fn nudge(&self) {
        for subscription in &self.subscriptions {
            subscription.news.notify_one();
        }
    }

    /// Somebody waits: look now, and end every pause.
    pub(crate) fn hurry(&self) {
        for subscription in &self.subscriptions {
            subscription.hurry.notify_one();
            subscription.news.notify_one();
        }
    }

    /// Somebody waits until everything is delivered: look now, end every pause,
    /// and gather nothing until they have what they wait for.
    pub(crate) fn wait_for(&self) -> Waiting {
        self.waited_for.fetch_add(1, Ordering::SeqCst);
        self.hurry();
        Waiting(Arc::clone(&self.waited_for))
    }

    /// Whether every record was delivered, filtered out or given up.
    pub(crate) fn is_idle(&self) -> bool {
        self.subscriptions.iter().all(|subscription| {
            // Most often the very next record tells: this is asked again and
            // again while many wait.
            !subscription.busy.load(Ordering::SeqCst)
                && subscription.wants_none(1)
                && subscription.wants_none(READ_AHEAD)
        })
    }

    pub(crate) fn standings(&self) -> Vec<Standing> {
        self.subscriptions.iter().map(|subscription| subscription.standing()).collect()
    }

    pub(crate) fn dead_letters(&self) -> Vec<DeadLetter> {
        self.ledger.dead_letters()
    }

    pub(crate) async fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.hurry();
        let workers =
            std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for mut worker in workers {
            if tokio::time::timeout(Duration::from_secs(2), &mut worker).await.is_err() {
                worker.abort();
            }
        }
        if let Err(error) = self.ledger.write() {
            tracing::error!(%error, "the stream positions could not be written");
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        for worker in self.workers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            worker.abort();
        }
    }
}

fn subscription(
    id: String,
    source: &StreamSource,
    function: &Arc<Hosted>,
    engine: &Arc<Engine>,
    clock: &Arc<MovableClock>,
    ledger: &Arc<Ledger>,
) -> Result<Subscription, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::part("a stream", error);
    let request = serde_json::from_value(json!({"TableName": source.table}));
    let listed = engine
        .database()
        .list_streams(request.map_err(|error| failed(&error))?)
        .map_err(|error| failed(&error))?;
    let arn = listed.streams.first().map(|stream| stream.stream_arn.clone()).ok_or_else(|| {
        failed(&format!("{} has none; start with another --data folder", source.table))
    })?;
    let shard = dynoxide::streams::shard_id(&source.table);
    let position = match ledger.position(&id) {
        Some(position) => Some(position),
        None if source.from_beginning => None,
        None => {
            let request = serde_json::from_value(json!({"StreamArn": arn}));
            let described = engine
                .database()
                .describe_stream(request.map_err(|error| failed(&error))?)
                .map_err(|error| failed(&error))?;
            let shards = described.stream_description.shards;
            shards
                .first()
                .and_then(|shard| shard.sequence_number_range.ending_sequence_number.clone())
        }
    };
    Ok(Subscription {
        id,
        source: source.clone(),
        arn,
        shard,
        function: Arc::clone(function),
        engine: Arc::clone(engine),
        clock: Arc::clone(clock),
        ledger: Arc::clone(ledger),
        position: Mutex::new(position),
        busy: AtomicBool::new(false),
        attempts: AtomicU32::new(0),
        gathering: Mutex::new(None),
        waited_for: Arc::new(AtomicU32::new(0)),
        news: Notify::new(),
        hurry: Notify::new(),
    })
}

impl Subscription {
    fn position(&self) -> Option<String> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn advance(&self, to: &str) {
        *self.position.lock().unwrap_or_else(PoisonError::into_inner) = Some(to.to_owned());
        self.ledger.advance(&self.id, to);
    }

    /// How much longer records are gathered, when a call does not have to begin
    /// now.
    fn gathers_for(&self) -> Option<Duration> {
        let mut since = self.gathering.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = *since.get_or_insert_with(Instant::now);
        let left = self.source.window.checked_sub(begun.elapsed())?;
        (!left.is_zero() && self.waited_for.load(Ordering::SeqCst) == 0).then_some(left)
    }

    fn gathered(&self) {
        *self.gathering.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The records after the position, as Lambda would hand them over.
    fn read(&self, limit: usize) -> Result<Vec<Value>, String> {
        let database = self.engine.database();
        let mut request = json!({"StreamArn": self.arn, "ShardId": self.shard});
        match self.position() {
            Some(position) => {
                request["ShardIteratorType"] = json!("AFTER_SEQUENCE_NUMBER");
                request["SequenceNumber"] = json!(position);
            }
            None => request["ShardIteratorType"] = json!("TRIM_HORIZON"),
        }
        let request = serde_json::from_value(request).map_err(|error| error.to_string())?;
        let iterator = database.get_shard_iterator(request).map_err(|error| error.to_string())?;
        let request = dynoxide::actions::get_records::GetRecordsRequest {
            shard_iterator: iterator.shard_iterator.unwrap_or_default(),
            limit: Some(limit),
        };
        let records = database.get_records(request).map_err(|error| error.to_string())?.records;
        records
            .iter()
            .map(|record| {
                let mut record = serde_json::to_value(record).map_err(|error| error.to_string())?;
                record["eventSourceARN"] = json!(self.arn);
                record["awsRegion"] = json!(crate::account::REGION);
                Ok(record)
            })
            .collect()
    }

    /// How many records are read for one step. A call takes few of them where
    /// its batches are small: reading many more for each would be done again
    /// and again.
    fn ahead(&self) -> usize {
        self.source.batch_size.saturating_mul(READ_FOR_ONE).min(READ_AHEAD)
    }

    /// Whether the next records, at most `limit`, are there for somebody else.
    fn wants_none(&self, limit: usize) -> bool {
        let read = self.read(limit);
        read.is_ok_and(|records| records.iter().all(|record| !self.wants(record)))
    }

    fn wants(&self, record: &Value) -> bool {
        self.source.filters.is_empty()
            || self.source.filters.iter().any(|filter| filter.matches(record))
    }

    fn standing(&self) -> Standing {
        let waiting: Vec<Value> = self
            .read(1000)
            .unwrap_or_default()
            .into_iter()
            .filter(|record| self.wants(record))
            .collect();
        let oldest = waiting
            .first()
            .and_then(|record| record["dynamodb"]["ApproximateCreationDateTime"].as_f64());
        let now = self.clock.now().as_microsecond() as f64 / 1_000_000.0;
        Standing {
            name: self.id.clone(),
            function: self.function.name().to_owned(),
            table: self.source.table.clone(),
            waiting: waiting.len(),
            lag_seconds: oldest.map_or(0.0, |oldest| (now - oldest).max(0.0)),
            failed_attempts: self.attempts.load(Ordering::SeqCst),
            position: self.position(),
        }
    }
}

#[cfg(test)]
mod tests;
