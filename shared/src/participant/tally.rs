//! How much one person has at one event, and how much was booked under their
//! address without proof that it is theirs.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::dynamo::{self, Key, Write};
use crate::ids::{EventId, OrganizationId, PersonId};
use crate::trouble::Trouble;

/// The time over which unproven bookings of an address are counted.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// How much one person has at one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Raised by every change; 0 for a tally that is not stored yet.
    pub version: u64,
    /// Bookings that stand, past ones included.
    pub live: u32,
    /// When the count of unproven bookings began.
    pub since: Timestamp,
    /// Bookings and holds made without proof since then.
    pub unproven: u32,
}

impl Tally {
    /// The tally of somebody who never booked at the event.
    #[must_use]
    pub const fn empty() -> Self {
        Self { version: 0, live: 0, since: Timestamp::UNIX_EPOCH, unproven: 0 }
    }

    /// The tally with one unproven booking or hold more.
    ///
    /// # Errors
    /// When `limit` is reached: how long to wait. It is always the whole window,
    /// because the rest of it would tell when the address was first used.
    pub fn admit(mut self, limit: u32, now: Timestamp) -> Result<Self, SignedDuration> {
        if self.unproven == 0 || now.duration_since(self.since) >= WINDOW {
            self.since = now;
            self.unproven = 0;
        }
        if self.unproven >= limit {
            return Err(WINDOW);
        }
        self.unproven += 1;
        Ok(self)
    }

    /// The tally after one of the unproven was proven: it counts no longer.
    #[must_use]
    pub const fn proven(mut self) -> Self {
        self.unproven = self.unproven.saturating_sub(1);
        self
    }

    /// The tally with one booking more that stands.
    #[must_use]
    pub const fn one_more(mut self) -> Self {
        self.live += 1;
        self
    }

    /// The tally with one booking fewer.
    #[must_use]
    pub const fn one_fewer(mut self) -> Self {
        self.live = self.live.saturating_sub(1);
        self
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    version: u64,
    live: u32,
    since: i64,
    unproven: u32,
}

/// Reads a tally out of its item.
///
/// # Errors
/// [`Trouble::Damaged`] names the tally and what is wrong.
pub fn read(item: dynamo::Item) -> Result<Tally, Trouble> {
    let row: Row = dynamo::row(item)?;
    Ok(Tally {
        version: row.version,
        live: row.live,
        since: Timestamp::from_second(row.since)
            .map_err(|why| Trouble::damaged(format!("tally {} / {}", row.pk, row.sk), why))?,
        unproven: row.unproven,
    })
}

/// The write that makes `tally` the next version of what was read.
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn replace(
    table: &str,
    organization: OrganizationId,
    person: PersonId,
    event: EventId,
    tally: &Tally,
) -> Result<Write, Trouble> {
    let key = Key::tally(organization, person, event);
    let item = dynamo::item(&Row {
        pk: key.pk,
        sk: key.sk,
        version: tally.version + 1,
        live: tally.live,
        since: tally.since.as_second(),
        unproven: tally.unproven,
    })?;
    if tally.version == 0 {
        return Write::create(table, item);
    }
    let read = AttributeValue::N(tally.version.to_string());
    Write::put(table, item, "version = :read", [(":read", read)])
}

/// The write that counts one more try within the same window, whoever else
/// counts at the same time: twenty tries at once are twenty, and none of them
/// waits for the others. A window that begins anew is written by [`replace`].
///
/// # Errors
/// When the SDK refuses to build the request.
pub fn count(
    table: &str,
    organization: OrganizationId,
    person: PersonId,
    event: EventId,
    after: &Tally,
    limit: u32,
) -> Result<Write, Trouble> {
    if after.version == 0 || after.unproven <= 1 {
        return replace(table, organization, person, event, after);
    }
    let number = |value: i64| AttributeValue::N(value.to_string());
    Write::update(
        table,
        &Key::tally(organization, person, event),
        "SET unproven = unproven + :one, version = version + :one",
        "since = :since AND unproven < :limit",
        [],
        [
            (":one", number(1)),
            (":since", number(after.since.as_second())),
            (":limit", number(i64::from(limit))),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unproven_bookings_of_an_address_are_limited_within_a_day() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let once = Tally::empty().admit(2, now).unwrap();
        let twice = once.admit(2, now).unwrap();
        let later = now + SignedDuration::from_hours(1);
        assert_eq!(twice.admit(2, later), Err(WINDOW));
        assert_eq!(twice.admit(2, now + WINDOW).unwrap().unproven, 1);
    }
}
