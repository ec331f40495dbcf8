//! What the Mail table's stream brings: the keys of notices newly owed.

use std::collections::BTreeMap;

use aws_lambda_events::event::dynamodb::EventRecord;
use futures::future::join_all;
use serde_json::{Value, json};
use shared::dynamo::{Item, Key};
use shared::ids::{NoticeId, OrganizationId};
use shared::notice::{Notice, Thread, store};
use shared::trouble::Trouble;

use crate::Notify;
use crate::deliver::{Delivery, log};

/// A record that names a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    /// Where the record stands in the stream: by this it is asked for again.
    sequence: String,
    organization: OrganizationId,
    notice: NoticeId,
}

impl Notify {
    /// Delivers what a batch names. Only records that may succeed another time
    /// are handed back; a malformed one would stop the stream for nothing.
    pub(crate) async fn heard_from_stream(&self, records: &[Value]) -> Value {
        let named: Vec<Named> = records.iter().filter_map(parse).collect();
        let read = join_all(named.iter().map(|named| async move {
            (named, store::read(&self.service, named.organization, named.notice).await)
        }))
        .await;
        let mut failures = Vec::new();
        // Mails about one booking go out in the order of its changes, those to one
        // account in the order of its news; different ones at the same time.
        let mut threads: BTreeMap<(OrganizationId, Thread), Vec<(&Named, Notice)>> =
            BTreeMap::new();
        for (named, found) in read {
            match found {
                Ok(Some(notice)) => {
                    let thread = (named.organization, notice.owed.matter.thread());
                    threads.entry(thread).or_default().push((named, notice));
                }
                Ok(None) => {}
                Err(trouble) if once_more(named, &trouble) => failures.push(&*named.sequence),
                Err(_) => {}
            }
        }
        let delivered = join_all(threads.into_values().map(|notices| self.in_order(notices))).await;
        failures.extend(delivered.into_iter().flatten());
        let failures: Vec<Value> =
            failures.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
        json!({ "batchItemFailures": failures })
    }

    /// Delivers the notices of one thread, the oldest first, and gives
    /// back the records to try again: the first that could not be sent and all
    /// after it.
    async fn in_order<'a>(&self, mut notices: Vec<(&'a Named, Notice)>) -> Vec<&'a str> {
        notices.sort_by_key(|(_, notice)| (notice.owed.matter.version(), notice.owed.since));
        for (position, (named, notice)) in notices.iter().enumerate() {
            let again = match self.deliver(notice).await {
                Ok(delivery) => delivery == Delivery::Again,
                Err(trouble) => once_more(named, &trouble),
            };
            if again {
                return notices[position..].iter().map(|(named, _)| &*named.sequence).collect();
            }
        }
        Vec::new()
    }
}

/// Logs a trouble and says whether trying again may help: what is damaged
/// stays damaged, and the sweep looks at it again once it is mended.
fn once_more(named: &Named, trouble: &Trouble) -> bool {
    log(named.organization, named.notice, trouble);
    matches!(trouble, Trouble::Unavailable { .. })
}

/// Reads one record by itself, so that a malformed one hurts no other.
fn parse(record: &Value) -> Option<Named> {
    let sequence = record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str);
    let read: EventRecord = match serde_json::from_value(record.clone()) {
        Ok(read) => read,
        Err(_) => {
            tracing::error!(sequence, "a record of the stream cannot be read");
            return None;
        }
    };
    if read.event_name != "INSERT" {
        return None;
    }
    let item = Item::from(read.change.keys);
    let named = Key::of(&item).filter(|key| key.sk == "notice");
    let found = named.as_ref().and_then(store::named_by);
    let (Some((organization, notice)), Some(sequence)) = (found, sequence) else {
        if named.is_some() || item.is_empty() || sequence.is_none() {
            tracing::error!(sequence, "a record of the stream names no notice");
        }
        return None;
    };
    Some(Named { sequence: sequence.to_owned(), organization, notice })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(file: &str) -> Vec<Value> {
        let event: Value = serde_json::from_str(file).unwrap();
        event["Records"].as_array().unwrap().clone()
    }

    #[test]
    fn a_record_names_its_notice() {
        let records = batch(include_str!("../../../events/notify/stream-insert.json"));
        let named = parse(&records[0]).unwrap();
        assert_eq!(named.sequence, "111100000000000000000001");
        assert_eq!(named.organization.to_string().len(), 26);
    }

    #[test]
    fn a_malformed_record_hurts_only_itself() {
        let records = batch(include_str!("../../../events/notify/stream-malformed.json"));
        let read: Vec<bool> = records.iter().map(|record| parse(record).is_some()).collect();
        assert_eq!(read, [true, false, false, true]);
    }
}
