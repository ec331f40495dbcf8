//! Notices in the Mail table: who sends them and how they ended.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use serde::Deserialize;

use super::account::Detail;
use super::owed::{AccountRow, ChangeRow};
use super::{Account, Change, End, Kind, Matter, News, Notice, Owed, Standing};
use crate::dynamo::{self, Item, Key, keys};
use crate::identity::Subject;
use crate::ids::{self, BookingId, EventId, NoticeId, OrganizationId};
use crate::service::Service;
use crate::slot::SlotId;
use crate::trouble::Trouble;

/// What of every notice's item the sender reads.
#[derive(Deserialize)]
struct Row {
    pk: String,
    kind: String,
    state: String,
    since: i64,
    #[serde(default)]
    claimed_at: Option<i64>,
    #[serde(default)]
    attempts: u32,
}

/// The right to send a notice, and the mark by which it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    organization: OrganizationId,
    notice: NoticeId,
    mark: String,
}

/// The organization and notice that a key names, where it is a notice's key.
#[must_use]
pub fn named_by(key: &Key) -> Option<(OrganizationId, NoticeId)> {
    let (organization, notice) = key.pk.split_once('#')?;
    let named = (OrganizationId::parse(organization)?, NoticeId::parse(notice)?);
    (key.sk == "notice").then_some(named)
}

/// Reads a notice; `None` where there is none.
///
/// # Errors
/// When DynamoDB fails or the notice is damaged.
pub async fn read(
    service: &Service,
    organization: OrganizationId,
    notice: NoticeId,
) -> Result<Option<Notice>, Trouble> {
    let key = Key::notice(organization, notice);
    let item = dynamo::get(&service.dynamo, &service.settings.tables.mail, &key).await?;
    item.map(|item| parse(organization, notice, item)).transpose()
}

/// Reads a notice out of its item.
pub(crate) fn parse(
    organization: OrganizationId,
    id: NoticeId,
    item: Item,
) -> Result<Notice, Trouble> {
    let row: Row = dynamo::row(item.clone())?;
    let damaged = |why: &str| Trouble::damaged(format!("notice {}", row.pk), why);
    let moment = |seconds: i64, what| Timestamp::from_second(seconds).map_err(|_| damaged(what));
    let standing = match (row.state.as_str(), row.claimed_at) {
        ("owed", _) => Standing::Owed,
        ("claimed", Some(at)) => Standing::Claimed(moment(at, "its claim's time")?),
        ("sent" | "superseded" | "no_longer_wanted" | "undeliverable", _) => Standing::Settled,
        _ => return Err(damaged("its state")),
    };
    let matter = match Kind::of_word(&row.kind) {
        Some(kind) => Matter::Booking(change(kind, item, &damaged)?),
        None => Matter::Account(account(&row.kind, item, &damaged)?),
    };
    let since = moment(row.since, "since when it is owed")?;
    let owed = Owed { id, organization, matter, since };
    Ok(Notice { owed, standing, attempts: row.attempts })
}

fn change(kind: Kind, item: Item, damaged: &dyn Fn(&str) -> Trouble) -> Result<Change, Trouble> {
    let row: ChangeRow = dynamo::row(item)?;
    let moment = |seconds: i64, what| Timestamp::from_second(seconds).map_err(|_| damaged(what));
    Ok(Change {
        kind,
        booking: BookingId::parse(&row.booking).ok_or_else(|| damaged("its booking"))?,
        version: row.version,
        event: EventId::parse(&row.event).ok_or_else(|| damaged("its event"))?,
        slot: SlotId::parse(&row.slot).ok_or_else(|| damaged("its slot"))?,
        start: moment(row.start, "its start")?,
        end: moment(row.end, "its end")?,
    })
}

fn account(word: &str, item: Item, damaged: &dyn Fn(&str) -> Trouble) -> Result<Account, Trouble> {
    let row: AccountRow = dynamo::row(item)?;
    let until = row.until.map(Timestamp::from_second).transpose();
    let until = until.map_err(|_| damaged("until when it holds"))?;
    let detail = Detail { until, count: row.count, about: row.about };
    Ok(Account {
        subject: Subject::parse(&row.subject).ok_or_else(|| damaged("its subject"))?,
        news: News::of_word(word, &detail).ok_or_else(|| damaged("its kind"))?,
        occasion: ids::from_text(&row.occasion).ok_or_else(|| damaged("its occasion"))?,
        to: row.sealed,
    })
}

/// Claims a notice as it was read; `None` when somebody else was first.
/// `again` counts a possible double.
///
/// The claim carries a mark of its own. So a claim that DynamoDB took but
/// whose answer was lost, and which the SDK therefore tried again, is known to
/// be ours and not mistaken for somebody else's.
///
/// # Errors
/// When DynamoDB fails.
pub async fn claim(
    service: &Service,
    notice: &Notice,
    again: bool,
    now: Timestamp,
) -> Result<Option<Claim>, Trouble> {
    let mut bytes = [0; 16];
    service.chance.fill(&mut bytes)?;
    let mark = ids::to_text(&bytes);
    let (organization, id) = (notice.owed.organization, notice.owed.id);
    let state = if again { "claimed" } else { "owed" };
    // As it was read: whoever began to send it meanwhile has raised the count.
    let (condition, attempts) = match notice.attempts {
        0 => ("#state = :seen AND attribute_not_exists(attempts)", None),
        count => ("#state = :seen AND attempts = :attempts", Some(number(i64::from(count)))),
    };
    let mut request = update(service, organization, id);
    if let Some(attempts) = attempts {
        request = request.expression_attribute_values(":attempts", attempts);
    }
    let answer = request
        .update_expression(
            "SET #state = :claimed, claimed_at = :now, claim = :mark ADD attempts :one, possible_doubles :doubles",
        )
        .condition_expression(condition)
        .expression_attribute_values(":claimed", text("claimed"))
        .expression_attribute_values(":now", number(now.as_second()))
        .expression_attribute_values(":mark", text(&mark))
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":doubles", number(i64::from(again)))
        .expression_attribute_values(":seen", text(state))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    let claim = Claim { organization, notice: id, mark };
    match answer {
        Ok(_) => Ok(Some(claim)),
        Err(error) => match refused(error, "claiming a notice")? {
            Some(item) if marked(&item, &claim.mark) => Ok(Some(claim)),
            _ => Ok(None),
        },
    }
}

fn marked(item: &Item, mark: &str) -> bool {
    item.get("claim").and_then(|value| value.as_s().ok()).is_some_and(|found| found == mark)
}

/// Gives a claim back, because SES certainly did not take the mail: whoever
/// tries next may do so at once. The sweep, which goes by age, takes the
/// notice after those that wait longer.
///
/// # Errors
/// When DynamoDB fails: then the claim stands until its time is over.
pub async fn release(service: &Service, claim: &Claim, now: Timestamp) -> Result<(), Trouble> {
    let answer = update(service, claim.organization, claim.notice)
        .update_expression("SET #state = :owed, owed_since = :now REMOVE claimed_at, claim")
        .condition_expression("#state = :claimed AND claim = :mark")
        .expression_attribute_values(":owed", text("owed"))
        .expression_attribute_values(":now", number(now.as_second()))
        .expression_attribute_values(":claimed", text("claimed"))
        .expression_attribute_values(":mark", text(&claim.mark))
        .send()
        .await;
    match answer {
        Ok(_) => Ok(()),
        Err(error) => refused(error, "releasing a notice").map(|_| ()),
    }
}

/// SES says that it took the mail of this notice: it is sent, whoever holds a
/// claim. `false` when that was known, or there is no such notice.
///
/// # Errors
/// When DynamoDB fails.
pub async fn accepted(
    service: &Service,
    organization: OrganizationId,
    notice: NoticeId,
    message: &str,
    now: Timestamp,
) -> Result<bool, Trouble> {
    settle(service, organization, notice, &End::Sent(message.to_owned()), now).await
}

/// Settles a notice; it leaves the index of what is owed, and forgets the
/// address where it held one. `false` when it was
/// settled before.
///
/// # Errors
/// When DynamoDB fails. What was sent is then settled by SES's own Send event.
pub async fn settle(
    service: &Service,
    organization: OrganizationId,
    notice: NoticeId,
    end: &End,
    now: Timestamp,
) -> Result<bool, Trouble> {
    let detail = match end {
        End::Sent(message) => message.as_str(),
        End::Undeliverable(why) => why,
        End::Superseded | End::NoLongerWanted => "",
    };
    // What was sent is sent, even when somebody gave it up meanwhile; any other
    // end is for notices that are still open.
    let condition = match end {
        End::Sent(_) => "attribute_exists(pk) AND #state <> :end",
        _ => "attribute_exists(owed_by)",
    };
    let answer = update(service, organization, notice)
        .update_expression(
            "SET #state = :end, ended = :now, settled_at = :now, settled_by = :settled_by, detail = :detail REMOVE owed_by, owed_since, claimed_at, claim, sealed",
        )
        .condition_expression(condition)
        .expression_attribute_values(":end", text(end.word()))
        .expression_attribute_values(":now", number(now.as_second()))
        .expression_attribute_values(":detail", text(detail))
        .expression_attribute_values(
            ":settled_by",
            text(&keys::settled(organization, keys::owed_shard(notice))),
        )
        .send()
        .await;
    match answer {
        Ok(_) => Ok(true),
        Err(error) => refused(error, "settling a notice").map(|_| false),
    }
}

/// A page of what an organization still owes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The notices, the oldest of their partition first.
    pub notices: Vec<NoticeId>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Start>,
}

/// Where a page of owed notices begins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Start {
    shard: u8,
    after: Option<Item>,
}

/// Notices of an organization that have been owed since `before` or longer,
/// at most `most` of them.
///
/// # Errors
/// When DynamoDB fails.
pub async fn still_owed(
    service: &Service,
    organization: OrganizationId,
    before: Timestamp,
    from: Start,
    most: u16,
) -> Result<Page, Trouble> {
    let answer = service
        .dynamo
        .query()
        .table_name(&service.settings.tables.mail)
        .index_name("owed")
        .key_condition_expression("owed_by = :owed_by AND owed_since <= :before")
        .expression_attribute_values(":owed_by", text(&keys::owed(organization, from.shard)))
        .expression_attribute_values(":before", number(before.as_second()))
        .limit(i32::from(most.max(1)))
        .set_exclusive_start_key(from.after)
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("finding what is owed", cause))?;
    let notices = answer
        .items
        .unwrap_or_default()
        .iter()
        .filter_map(Key::of)
        .filter_map(|key| named_by(&key))
        .filter_map(|(found, notice)| (found == organization).then_some(notice))
        .collect();
    let next = match answer.last_evaluated_key {
        Some(after) => Some(Start { shard: from.shard, after: Some(after) }),
        None => (from.shard + 1 < keys::OWED_SHARDS)
            .then_some(Start { shard: from.shard + 1, after: None }),
    };
    Ok(Page { notices, next })
}

/// The notices in one partition of the index `concerning`: those that somebody
/// wanted a time a booking stood in the way of, or those about an account. The
/// index may be a moment behind.
///
/// # Errors
/// When DynamoDB fails.
pub async fn concerning(service: &Service, concerns: String) -> Result<Vec<Key>, Trouble> {
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let answer = service
            .dynamo
            .query()
            .table_name(&service.settings.tables.mail)
            .index_name("concerning")
            .key_condition_expression("concerns = :concerns")
            .expression_attribute_values(":concerns", text(&concerns))
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("finding notices", cause))?;
        found.extend(answer.items.unwrap_or_default().iter().filter_map(Key::of));
        from = answer.last_evaluated_key;
        if from.is_none() {
            return Ok(found);
        }
    }
}

fn update(
    service: &Service,
    organization: OrganizationId,
    notice: NoticeId,
) -> UpdateItemFluentBuilder {
    service
        .dynamo
        .update_item()
        .table_name(&service.settings.tables.mail)
        .set_key(Some(Key::notice(organization, notice).to_item()))
        .expression_attribute_names("#state", "state")
}

type UpdateError = aws_sdk_dynamodb::operation::update_item::UpdateItemError;

/// A condition that did not hold is an answer, with the item as it is where
/// that was asked for; anything else is a trouble.
fn refused<R>(error: SdkError<UpdateError, R>, doing: &'static str) -> Result<Option<Item>, Trouble>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    if let Some(UpdateError::ConditionalCheckFailedException(why)) = error.as_service_error() {
        return Ok(why.item.clone());
    }
    Err(Trouble::unavailable(doing, error))
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
