//! What the Audit table's stream brings: records written, and what nobody may do.

use aws_lambda_events::event::dynamodb::EventRecord;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shared::audit::KEPT;
use shared::audit::checkpoint::ALARM;
use shared::audit::leaf::{Fate, Leaf, digest_of};
use shared::audit::verify::{named_by, written_at};
use shared::dynamo::{Item, Key};
use shared::ids::OrganizationId;

/// A record is written within seconds of its id; this is far beyond that.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// What one record of the stream tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    /// Where it stands in the stream: by this it is asked for again.
    pub(crate) sequence: String,
    pub(crate) organization: OrganizationId,
    /// When it happened, as the stream says.
    pub(crate) created: Option<Timestamp>,
    pub(crate) leaf: Leaf,
}

/// Reads one record by itself, so that a malformed one hurts no other.
pub(crate) fn parse(record: &Value, now: Timestamp) -> Option<News> {
    let sequence = record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str);
    let created = record.pointer("/dynamodb/ApproximateCreationDateTime").and_then(Value::as_f64);
    let created =
        created.and_then(|seconds| Timestamp::from_millisecond((seconds * 1000.0) as i64).ok());
    let read: EventRecord = match serde_json::from_value(record.clone()) {
        Ok(read) => read,
        Err(_) => {
            tracing::error!(sequence, "a record of the stream cannot be read");
            return None;
        }
    };
    let expired = read
        .user_identity
        .as_ref()
        .is_some_and(|who| who.type_ == "Service" && who.principal_id == "dynamodb.amazonaws.com");
    let key = Key::of(&Item::from(read.change.keys));
    let after = Item::from(read.change.new_image);
    let (Some(key), Some(sequence)) = (key, sequence) else {
        tracing::error!(sequence, "a record of the stream has no key");
        return None;
    };
    let named = named_by(&key);
    let fate = match (read.event_name.as_str(), named) {
        ("INSERT", Some((_, id, _))) => written(written_at(id), created, now),
        // A checkpoint or one of its parts.
        ("INSERT", None) => return None,
        // Nothing but a record ever expires, and that only when its time is over.
        ("REMOVE", Some((_, id, _))) if expired && is_over(written_at(id), created, now) => {
            Fate::Expired
        }
        ("REMOVE", _) => Fate::Removed,
        _ => Fate::Changed,
    };
    let organization = key.pk.split('#').next().and_then(OrganizationId::parse);
    if fate.is_alarming() {
        tracing::error!(alarm = ALARM, ?organization, %key, ?fate, "nobody may do this");
    }
    let digest = if after.is_empty() { [0; 32] } else { digest_of(&after) };
    Some(News {
        sequence: sequence.to_owned(),
        organization: organization?,
        created,
        leaf: Leaf { key, fate, digest },
    })
}

/// Whether a record was written when its id says. The stream's time tells; ours
/// only confirms it, because a tester's clock may have been moved since.
fn written(says: Timestamp, created: Option<Timestamp>, now: Timestamp) -> Fate {
    let far = |moment: Timestamp| moment.duration_since(says).abs() > LATE;
    if created.is_some_and(far) && far(now) { Fate::Late } else { Fate::Written }
}

/// Whether a record's time is over, by the stream's time or by ours. The time
/// at which an item expires can be written into it by whoever may write it.
fn is_over(written: Timestamp, created: Option<Timestamp>, now: Timestamp) -> bool {
    let Ok(over) = written.checked_add(KEPT) else { return false };
    // DynamoDB counts in whole seconds.
    let after = |moment: Timestamp| moment.as_second() >= over.as_second();
    created.is_some_and(after) || after(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(file: &str) -> Vec<Option<News>> {
        news_at(file, "2026-11-20T15:00:30Z")
    }

    fn news_at(file: &str, now: &str) -> Vec<Option<News>> {
        let event: Value = serde_json::from_str(file).unwrap();
        let now = now.parse().unwrap();
        event["Records"].as_array().unwrap().iter().map(|record| parse(record, now)).collect()
    }

    fn fates(file: &str) -> Vec<Option<Fate>> {
        news(file).into_iter().map(|news| news.map(|news| news.leaf.fate)).collect()
    }

    #[test]
    fn a_written_record_is_told_with_the_digest_of_its_item() {
        let found = news(include_str!("../../../events/sealer/stream-insert.json"));
        let news = found[0].clone().unwrap();
        assert_eq!(news.sequence, "111100000000000000000001");
        assert_eq!(news.leaf.fate, Fate::Written);
        assert_ne!(news.leaf.digest, [0; 32]);
    }

    #[test]
    fn what_nobody_may_do_is_told_apart_from_what_time_does() {
        let expired = fates(include_str!("../../../events/sealer/stream-expired.json"));
        assert_eq!(expired, [Some(Fate::Expired)]);
        let sample = include_str!("../../../events/sealer/stream-expired.json");
        let fate = |file: String, now| news_at(&file, now)[0].clone().unwrap().leaf.fate;
        let (before, after) = ("1795100399", "1795100400");
        let at = |second| sample.replace("1795100410", second);
        let day_before = "2026-11-18T15:00:00Z";
        assert_eq!(fate(at(after), day_before), Fate::Expired);
        assert_eq!(fate(at(before), day_before), Fate::Removed, "somebody set its time");
        let other = sample.replace("#2020-11-14#0", "#checkpoints");
        assert_eq!(fate(other, day_before), Fate::Removed, "no checkpoint ever expires");
        let touched = fates(include_str!("../../../events/sealer/stream-touched.json"));
        let [changed, removed, late] = [Fate::Changed, Fate::Removed, Fate::Late].map(Some);
        assert_eq!(touched, [changed, removed, late]);
    }

    #[test]
    fn a_malformed_record_hurts_only_itself() {
        let fates = fates(include_str!("../../../events/sealer/stream-malformed.json"));
        assert_eq!(fates, [Some(Fate::Written), None, Some(Fate::Written)]);
    }
}
