//! Sessions in the Session table.
//!
//! An item that is there and within its limits is a session; ending one
//! deletes it. So a single conditional update both asks whether a session is
//! good and extends it, and no moment lies between.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::rules::{HALF, Limits};
use super::{How, Opening, Session, SessionId, Token, Waiting};
use crate::dynamo::{self, Item, Key, Write, keys};
use crate::identity::moment;
use crate::identity::subject::Subject;
use crate::ids::{self, OrganizationId};
use crate::service::Service;
use crate::trouble::Trouble;

/// An item is kept this long beyond its session's end, which forgives clocks.
const SLACK: SignedDuration = SignedDuration::from_hours(1);

/// Sessions that are renewed while they are ended are looked for so often.
const MOST_ROUNDS: u32 = 5;

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    begun: i64,
    seen: i64,
    epoch: u32,
    network: String,
    browser: String,
    fresh: i64,
    how: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<String>,
    expires: i64,
}

/// The write that begins a session, and the token for its cookie.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build the request.
pub fn open(
    service: &Service,
    organization: OrganizationId,
    opening: Opening,
    limits: Limits,
    now: Timestamp,
) -> Result<(Write, Token, Session), Trouble> {
    let token = Token::fresh(opening.subject, &*service.chance)?;
    let now = whole_second(now)?;
    let session = Session {
        id: token.id(),
        subject: opening.subject,
        begun: now,
        seen: now,
        epoch: opening.epoch,
        network: opening.network,
        browser: opening.browser,
        fresh: now,
        how: opening.how,
        waiting: opening.waiting,
    };
    let write = creating(service, organization, &session, limits)?;
    Ok((write, token, session))
}

/// What changes when a session gets a new token.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// A step by which its owner has just proven who they are.
    pub proven: Option<How>,
    /// What is still owed from now on.
    pub waiting: Option<Waiting>,
    /// The member's epoch from now on.
    pub epoch: u32,
}

/// The writes that give a session a new token, as every change of privilege
/// does: the old one ends in the same transaction, which is lost when it has
/// ended before. A session begins anew when what is owed changes; otherwise it
/// keeps the moment at which it must end.
///
/// # Errors
/// When there is no randomness or the SDK refuses to build a request.
pub fn renew(
    service: &Service,
    organization: OrganizationId,
    old: &Session,
    renewal: Renewal,
    limits: Limits,
    now: Timestamp,
) -> Result<(Vec<Write>, Token, Session), Trouble> {
    let token = Token::fresh(old.subject, &*service.chance)?;
    let now = whole_second(now)?;
    let mut how = old.how.clone();
    how.extend(renewal.proven.filter(|step| !old.how.contains(step)));
    let session = Session {
        id: token.id(),
        begun: if old.waiting == renewal.waiting { old.begun } else { now },
        seen: now,
        epoch: renewal.epoch,
        fresh: if renewal.proven.is_some() { now } else { old.fresh },
        how,
        waiting: renewal.waiting,
        ..old.clone()
    };
    let writes = vec![
        ending(service, organization, old.subject, old.id)?,
        creating(service, organization, &session, limits)?,
    ];
    Ok((writes, token, session))
}

/// The write that ends a session: for sign-out, together with its record. The
/// transaction is lost when the session has ended before.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn ending(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
    session: SessionId,
) -> Result<Write, Trouble> {
    let key = Key::session(organization, subject, session.0);
    Write::delete(&service.settings.tables.session, &key, "attribute_exists(pk)", [])
}

/// What an item can hold of a moment, so that a session reads as it was made.
fn whole_second(now: Timestamp) -> Result<Timestamp, Trouble> {
    moment(now.as_second(), "the time of a request")
}

fn creating(
    service: &Service,
    organization: OrganizationId,
    session: &Session,
    limits: Limits,
) -> Result<Write, Trouble> {
    let key = Key::session(organization, session.subject, session.id.0);
    let row = Row {
        pk: key.pk,
        sk: key.sk,
        begun: session.begun.as_second(),
        seen: session.seen.as_second(),
        epoch: session.epoch,
        network: ids::to_text(&session.network),
        browser: session.browser.clone(),
        fresh: session.fresh.as_second(),
        how: session.how.iter().map(|how| how.word().to_owned()).collect(),
        waiting: session.waiting.map(|waiting| waiting.word().to_owned()),
        expires: (session.seen + limits.idle + SLACK).as_second(),
    };
    Write::create(&service.settings.tables.session, dynamo::item(&row)?)
}

/// Checks a session and extends it, in one step: `None` when it has ended, was
/// idle too long, or lasts longer than it may. Half sessions pass too: see
/// [`Session::waiting`].
///
/// # Errors
/// When DynamoDB fails or the session is damaged.
pub async fn check_and_extend(
    service: &Service,
    organization: OrganizationId,
    token: &Token,
    limits: Limits,
    now: Timestamp,
) -> Result<Option<Session>, Trouble> {
    let key = Key::session(organization, token.subject, token.id().0);
    let second = now.as_second();
    let number = |value: i64| AttributeValue::N(value.to_string());
    for attempt in 0..dynamo::TRIES {
        let updated = service
            .dynamo
            .update_item()
            .table_name(&service.settings.tables.session)
            .set_key(Some(key.to_item()))
            .update_expression("SET seen = :now, expires = :expires")
            .condition_expression(
                "seen > :idle AND begun > :absolute \
                 AND (attribute_not_exists(waiting) OR begun > :half)",
            )
            .expression_attribute_values(":now", number(second))
            .expression_attribute_values(
                ":expires",
                number(second + (limits.idle + SLACK).as_secs()),
            )
            .expression_attribute_values(":idle", number(second - limits.idle.as_secs()))
            .expression_attribute_values(":absolute", number(second - limits.absolute.as_secs()))
            .expression_attribute_values(":half", number(second - HALF.as_secs()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let error = match updated {
            Ok(answer) => return answer.attributes.map(read).transpose(),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(refused) if refused.is_conditional_check_failed_exception() => return Ok(None),
            Some(busy)
                if busy.is_throttling_exception()
                    || busy.is_provisioned_throughput_exceeded_exception()
                    || busy.is_transaction_conflict_exception() =>
            {
                dynamo::pause(attempt, &*service.chance).await?;
            }
            _ => return Err(Trouble::unavailable("checking a session", error)),
        }
    }
    Err(Trouble::unavailable("checking a session", "DynamoDB stayed busy"))
}

/// Reads a session without extending it: for what a page asks by itself, which
/// is no sign of anybody sitting there.
///
/// # Errors
/// When DynamoDB fails or the session is damaged.
pub async fn peek(
    service: &Service,
    organization: OrganizationId,
    token: &Token,
    limits: Limits,
    now: Timestamp,
) -> Result<Option<Session>, Trouble> {
    let key = Key::session(organization, token.subject, token.id().0);
    let item = dynamo::get(&service.dynamo, &service.settings.tables.session, &key).await?;
    let session = item.map(read).transpose()?;
    Ok(session.filter(|session| !session.is_over(limits, now)))
}

/// Somebody's sessions that are not over, the one used last in front.
///
/// # Errors
/// When DynamoDB fails or a session is damaged.
pub async fn list(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
    limits: Limits,
    now: Timestamp,
) -> Result<Vec<Session>, Trouble> {
    let mut sessions = all(service, organization, subject).await?;
    sessions.retain(|session| !session.is_over(limits, now));
    sessions.sort_by_key(|session| (std::cmp::Reverse(session.seen), session.id));
    Ok(sessions)
}

/// Ends one of somebody's sessions. `false` when there was no such session.
///
/// # Errors
/// When DynamoDB fails.
pub async fn end(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
    session: SessionId,
) -> Result<bool, Trouble> {
    let write = ending(service, organization, subject, session)?;
    Write::commit_all(&[write], &service.dynamo, &*service.chance).await
}

/// Ends all sessions of somebody but one; how many there were.
///
/// # Errors
/// When DynamoDB fails or new ones keep coming: then some may be left.
pub async fn end_others(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
    kept: SessionId,
) -> Result<usize, Trouble> {
    end_these(service, organization, subject, |session| session.id != kept).await
}

/// Ends all sessions of somebody; how many there were. Where their epoch was
/// raised they are over already, which is right even where this fails.
///
/// # Errors
/// When DynamoDB fails or new ones keep coming: then some may be left.
pub async fn end_all(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
) -> Result<usize, Trouble> {
    end_these(service, organization, subject, |_| true).await
}

async fn end_these(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
    which: impl Fn(&Session) -> bool,
) -> Result<usize, Trouble> {
    let mut ended = 0;
    // One that got a new token while it was being ended is there under another
    // id. Once none is left, none can come of them any more.
    for _ in 0..MOST_ROUNDS {
        let mut left = all(service, organization, subject).await?;
        left.retain(&which);
        if left.is_empty() {
            return Ok(ended);
        }
        for session in &left {
            ended += usize::from(end(service, organization, subject, session.id).await?);
        }
    }
    let mut left = all(service, organization, subject).await?;
    left.retain(&which);
    if left.is_empty() {
        return Ok(ended);
    }
    Err(Trouble::unavailable("ending sessions", "new ones kept coming"))
}

async fn all(
    service: &Service,
    organization: OrganizationId,
    subject: Subject,
) -> Result<Vec<Session>, Trouble> {
    let table = &service.settings.tables.session;
    let pk = keys::of_subject(organization, subject);
    let items = dynamo::query(&service.dynamo, table, &pk, "session#", true).await?;
    items.into_iter().map(read).collect()
}

fn read(item: Item) -> Result<Session, Trouble> {
    let row: Row = dynamo::row(item)?;
    // Its key is no secret: it holds a hash of the token.
    let damaged = |why: &str| Trouble::damaged(format!("{} / {}", row.pk, row.sk), why);
    Ok(Session {
        id: row
            .sk
            .strip_prefix("session#")
            .and_then(SessionId::parse)
            .ok_or_else(|| damaged("its id"))?,
        subject: row
            .pk
            .split_once('#')
            .and_then(|(_, subject)| Subject::parse(subject))
            .ok_or_else(|| damaged("whose it is"))?,
        begun: moment(row.begun, &row.sk)?,
        seen: moment(row.seen, &row.sk)?,
        epoch: row.epoch,
        network: ids::from_text(&row.network).ok_or_else(|| damaged("its network"))?,
        fresh: moment(row.fresh, &row.sk)?,
        how: row
            .how
            .iter()
            .map(|word| How::parse(word).ok_or_else(|| damaged("how it began")))
            .collect::<Result<_, _>>()?,
        waiting: row
            .waiting
            .as_deref()
            .map(|word| Waiting::parse(word).ok_or_else(|| damaged("what is owed")))
            .transpose()?,
        browser: row.browser,
    })
}
