//! What is due: found by index, a page at a time, and judged as it is now.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hold::{Holds, On};
use super::rules::{Draft, Reason, heard_of};
use crate::booking::seat;
use crate::booking::store::{Outline, ParticipantRow, outline};
use crate::dynamo::{self, Item, Key, keys};
use crate::identity::Subject;
use crate::ids::{BookingId, EventId, NoticeId, OrganizationId, PersonId};
use crate::notice::{self, Kind, Matter, Notice};
use crate::service::Service;
use crate::trouble::Trouble;

/// What kind of thing is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Bookings that are over.
    Bookings,
    /// Seats that were somebody's: where no appointment stays as a seat.
    Seats,
    /// Participants of whom nothing is heard.
    Contacts,
    /// Mails that are settled.
    Notices,
}

impl Sort {
    /// In how many partitions of its index it lies.
    #[must_use]
    pub const fn shards(self) -> u8 {
        match self {
            Self::Bookings | Self::Seats | Self::Contacts => keys::ENDING_SHARDS,
            Self::Notices => keys::OWED_SHARDS,
        }
    }

    fn partition(self, organization: OrganizationId, shard: u8) -> String {
        match self {
            Self::Bookings => keys::ending(organization, shard),
            Self::Seats => keys::seats_ending(organization, shard),
            Self::Contacts => keys::contacts_ending(organization, shard),
            Self::Notices => keys::settled(organization, shard),
        }
    }

    /// The index, and the attributes that are its keys.
    const fn index(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Bookings | Self::Seats | Self::Contacts => ("ending", "ending", "ends"),
            Self::Notices => ("settled", "settled_by", "settled_at"),
        }
    }

    fn table(self, service: &Service) -> &str {
        let tables = &service.settings.tables;
        match self {
            Self::Bookings | Self::Seats | Self::Contacts => &tables.schedule,
            Self::Notices => &tables.mail,
        }
    }
}

/// An item that an index names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pk: String,
    sk: String,
    /// Since when it is over, as the index says.
    since: i64,
}

impl Named {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> Key {
        Key { pk: self.pk.clone(), sk: self.sk.clone() }
    }

    /// The id that its key carries.
    fn id(&self) -> Option<&str> {
        self.pk.split_once('#').map(|(_, id)| id)
    }
}

/// One index partition of an organization, up to a moment.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// Whose.
    pub organization: OrganizationId,
    /// What.
    pub sort: Sort,
    /// Which partition.
    pub shard: u8,
    /// What was over before this moment.
    pub before: Timestamp,
}

/// A page of what an index names, the oldest first, and whether there may be
/// more after it.
///
/// # Errors
/// When DynamoDB fails.
pub async fn page(
    service: &Service,
    range: Range,
    after: Option<&Named>,
    most: u16,
) -> Result<(Vec<Named>, bool), Trouble> {
    let Range { organization, sort, shard, before } = range;
    let (index, hash, by) = sort.index();
    let partition = AttributeValue::S(sort.partition(organization, shard));
    let start = after.map(|named| {
        let mut start = named.key().to_item();
        start.insert(hash.to_owned(), partition.clone());
        start.insert(by.to_owned(), AttributeValue::N(named.since.to_string()));
        start
    });
    let answer = service
        .dynamo
        .query()
        .table_name(sort.table(service))
        .index_name(index)
        .key_condition_expression("#hash = :partition AND #by < :before")
        .expression_attribute_names("#hash", hash)
        .expression_attribute_names("#by", by)
        .expression_attribute_values(":partition", partition)
        .expression_attribute_values(":before", AttributeValue::N(before.as_second().to_string()))
        .limit(i32::from(most.max(1)))
        .set_exclusive_start_key(start)
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("finding what is due", cause))?;
    let more = answer.last_evaluated_key.is_some();
    let items = answer.items.unwrap_or_default();
    let named = items.iter().filter_map(|item| {
        let since = item.get(by)?.as_n().ok()?.parse().ok()?;
        Key::of(item).map(|Key { pk, sk }| Named { pk, sk, since })
    });
    Ok((named.collect(), more))
}

/// What is to become of something that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes; of a booking, from which event.
    Goes(Option<EventId>),
    /// A hold keeps it.
    Held,
    /// Something else still needs it: it is looked at again as if it were over
    /// since this moment.
    Stays(Timestamp),
    /// It is not there any more.
    Gone,
    /// It does not read: for `fsck`, and for nobody to remove unseen.
    Unreadable,
}

/// Judges what is due.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// Clients and clock.
    pub service: &'a Service,
    /// Whose.
    pub organization: OrganizationId,
    /// What is held.
    pub holds: &'a Holds,
    /// How long things are kept.
    pub keeping: Draft,
    /// Before when something must have been over.
    pub before: Timestamp,
    /// Before when what somebody booked must have been over to count as gone
    /// already: for a look ahead, which comes before it goes.
    pub gone_before: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

impl Judge<'_> {
    /// What is to become of each, in the same order. Nothing is changed.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn judge(&self, sort: Sort, due: &[Named]) -> Result<Vec<Verdict>, Trouble> {
        match sort {
            Sort::Bookings => self.bookings(due).await,
            Sort::Seats => self.seats(due).await,
            Sort::Contacts => try_join_all(due.iter().map(|named| self.contact(named))).await,
            Sort::Notices => self.notices(due).await,
        }
    }

    async fn read(&self, table: &str, keys: &[Key]) -> Result<HashMap<Key, Item>, Trouble> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        dynamo::batch_get(&self.service.dynamo, table, keys, &*self.service.chance).await
    }

    async fn read_due(&self, sort: Sort, due: &[Named]) -> Result<HashMap<Key, Item>, Trouble> {
        let keys: Vec<Key> = due.iter().map(Named::key).collect();
        self.read(sort.table(self.service), &keys).await
    }

    fn holds_booking(&self, booking: &Outline) -> bool {
        self.holds.on(On::Person(booking.person))
            || self.holds.on(On::Event(booking.event))
            || booking.dependent.is_some_and(|id| self.holds.on(On::Dependent(id)))
    }

    async fn bookings(&self, due: &[Named]) -> Result<Vec<Verdict>, Trouble> {
        let mut found = self.read_due(Sort::Bookings, due).await?;
        let verdicts = due.iter().map(|named| match found.remove(&named.key()).map(outline) {
            None => Verdict::Gone,
            Some(Err(_)) => Verdict::Unreadable,
            Some(Ok(booking)) if self.holds_booking(&booking) => Verdict::Held,
            // Moved since the index was written: its new end decides, another night.
            Some(Ok(booking)) if booking.end >= self.before => Verdict::Stays(booking.end),
            Some(Ok(booking)) => Verdict::Goes(Some(booking.event)),
        });
        Ok(verdicts.collect())
    }

    async fn seats(&self, due: &[Named]) -> Result<Vec<Verdict>, Trouble> {
        let mut found = self.read_due(Sort::Seats, due).await?;
        let verdicts = due.iter().map(|named| match found.remove(&named.key()).map(seat::read) {
            None => Verdict::Gone,
            Some(Err(_)) => Verdict::Unreadable,
            Some(Ok(seat)) if self.holds.on(On::Event(seat.event)) => Verdict::Held,
            Some(Ok(seat)) => Verdict::Goes(Some(seat.event)),
        });
        Ok(verdicts.collect())
    }

    /// Judges somebody of whom nothing is heard: who has a booking that is kept,
    /// a password, a second factor or a session, stays.
    async fn contact(&self, named: &Named) -> Result<Verdict, Trouble> {
        let Self { service, organization, .. } = *self;
        let tables = &service.settings.tables;
        let Some(person) = named.id().and_then(PersonId::parse) else {
            return Ok(Verdict::Unreadable);
        };
        let key = Key::participant(organization, person);
        let Some(item) = dynamo::get(&service.dynamo, &tables.schedule, &key).await? else {
            return Ok(Verdict::Gone);
        };
        let Ok(row) = dynamo::row::<ParticipantRow>(item) else { return Ok(Verdict::Unreadable) };
        if self.holds.on(On::Person(person)) {
            return Ok(Verdict::Held);
        }
        if row.ends >= self.before.as_second() {
            return Ok(Verdict::Stays(Timestamp::from_second(row.ends).unwrap_or(self.now)));
        }
        let stays = |reason| heard_of(reason, (self.before, self.now), &self.keeping);
        if let Some(newest) = self.newest_booking(person).await? {
            return Ok(Verdict::Stays(stays(Reason::Booked(newest))));
        }
        let subject = keys::of_subject(organization, Subject::Participant(person));
        let dynamo = &service.dynamo;
        let (credentials, sessions) = tokio::try_join!(
            dynamo::query(dynamo, &tables.identity, &subject, "", true),
            dynamo::query(dynamo, &tables.session, &subject, "session#", true),
        )?;
        let expires = |item: &Item| item.get("expires")?.as_n().ok()?.parse::<i64>().ok();
        let open = |item: &Item| expires(item).is_some_and(|at| at > self.now.as_second());
        if !credentials.is_empty() || sessions.iter().any(open) {
            return Ok(Verdict::Stays(stays(Reason::SignsIn)));
        }
        Ok(Verdict::Goes(None))
    }

    /// When the newest of what somebody booked begins, whatever became of it.
    async fn newest_booking(&self, person: PersonId) -> Result<Option<Timestamp>, Trouble> {
        let owner = keys::owned(self.organization, person);
        let mut newest = None;
        let mut from = None;
        loop {
            let answer = self
                .service
                .dynamo
                .query()
                .table_name(&self.service.settings.tables.schedule)
                .index_name("owned")
                .key_condition_expression("#owner = :owner")
                .expression_attribute_names("#owner", "owner")
                .expression_attribute_values(":owner", AttributeValue::S(owner.clone()))
                .scan_index_forward(false)
                .limit(if self.gone_before.is_some() { 100 } else { 1 })
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|cause| Trouble::unavailable("finding what somebody booked", cause))?;
            let items = answer.items.unwrap_or_default();
            for item in self.not_yet_gone(items).await? {
                let start = item.get("start").and_then(|start| start.as_n().ok()?.parse().ok());
                let start = start.and_then(|start| Timestamp::from_second(start).ok());
                newest = newest.max(Some(start.unwrap_or(self.now)));
            }
            from = answer.last_evaluated_key;
            if newest.is_some() || from.is_none() {
                return Ok(newest);
            }
        }
    }

    /// Of some bookings, those that will still be there when appointments have
    /// gone: all of them, unless this is a look ahead.
    async fn not_yet_gone(&self, items: Vec<Item>) -> Result<Vec<Item>, Trouble> {
        let Some(before) = self.gone_before else { return Ok(items) };
        let keys: Vec<Key> = items.iter().filter_map(Key::of).collect();
        let mut found = self.read(&self.service.settings.tables.schedule, &keys).await?;
        found.retain(|_, item| {
            outline(item.clone())
                .map_or(true, |booking| booking.end >= before || self.holds_booking(&booking))
        });
        Ok(found.into_values().collect())
    }

    /// Judges mails. The newest about an appointment stays as long as that: it
    /// says what was promised.
    async fn notices(&self, due: &[Named]) -> Result<Vec<Verdict>, Trouble> {
        let mut found = self.read_due(Sort::Notices, due).await?;
        let read = |named: &Named, item| {
            let id = named.id().and_then(NoticeId::parse)?;
            notice::store::parse(self.organization, id, item).ok()
        };
        let notices: Vec<Option<Option<Notice>>> = due
            .iter()
            .map(|named| found.remove(&named.key()).map(|item| read(named, item)))
            .collect();
        let about = |notice: &Notice| match &notice.owed.matter {
            Matter::Booking(change) => Some(change.booking),
            Matter::Account(_) => None,
        };
        let mut wanted: Vec<Key> = notices
            .iter()
            .flatten()
            .flatten()
            .filter_map(about)
            .map(|booking| Key::booking(self.organization, booking))
            .collect();
        wanted.sort_by(|one, other| one.pk.cmp(&other.pk));
        wanted.dedup();
        let schedule = &self.service.settings.tables.schedule;
        let bookings = self.read(schedule, &wanted).await?;
        let verdict = |notice: Notice| match notice.owed.matter {
            Matter::Booking(change) => {
                let key = Key::booking(self.organization, change.booking);
                let booking = bookings.get(&key).cloned().map(outline);
                let is_newest = |booking: &Outline| {
                    booking.version == change.version && change.kind != Kind::InTheWay
                };
                match booking {
                    _ if self.holds.on(On::Event(change.event)) => Verdict::Held,
                    Some(Err(_)) => Verdict::Unreadable,
                    Some(Ok(booking)) if self.holds_booking(&booking) => Verdict::Held,
                    Some(Ok(booking)) if is_newest(&booking) => Verdict::Stays(self.now),
                    Some(Ok(_)) | None => Verdict::Goes(None),
                }
            }
            Matter::Account(account) => match account.subject {
                Subject::Participant(person) if self.holds.on(On::Person(person)) => Verdict::Held,
                _ => Verdict::Goes(None),
            },
        };
        let verdicts = notices.into_iter().map(|notice| match notice {
            None => Verdict::Gone,
            Some(None) => Verdict::Unreadable,
            Some(Some(notice)) => verdict(notice),
        });
        Ok(verdicts.collect())
    }
}

/// The booking that an item of its own names.
pub(super) fn booking(named: &Named) -> Option<BookingId> {
    named.id().and_then(BookingId::parse)
}

/// The participant whom an item of their own names.
pub(super) fn person(named: &Named) -> Option<PersonId> {
    named.id().and_then(PersonId::parse)
}

/// Lets a contact or a mail count as over only since `until`; nothing happens
/// where something was heard of it meanwhile.
pub(super) async fn put_off(
    service: &Service,
    sort: Sort,
    named: &Named,
    until: Timestamp,
) -> Result<(), Trouble> {
    let (_, _, by) = sort.index();
    let answer = service
        .dynamo
        .update_item()
        .table_name(sort.table(service))
        .set_key(Some(named.key().to_item()))
        .update_expression("SET #by = :until")
        .condition_expression("#by = :read")
        .expression_attribute_names("#by", by)
        .expression_attribute_values(":until", AttributeValue::N(until.as_second().to_string()))
        .expression_attribute_values(":read", AttributeValue::N(named.since.to_string()))
        .send()
        .await;
    match answer {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|why| why.is_conditional_check_failed_exception()) =>
        {
            Ok(())
        }
        Err(cause) => Err(Trouble::unavailable("putting something off", cause)),
    }
}
