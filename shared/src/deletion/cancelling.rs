//! Cancelling what was booked for a dependent whose data goes: it stays its
//! guardian's, who is told, and says nothing of the dependent any more.
//!
//! A cancelled appointment that no longer names anybody needs no second step:
//! the mail that says so is made of what is left of it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::course::Became;
use crate::audit::{self, About, Action, Actor, Record};
use crate::booking::store;
use crate::booking::{Booking, Contact, State};
use crate::dynamo::{self, Commit, Item, Key, Transaction, Write};
use crate::ids::{BookingId, DependentId, OrganizationId};
use crate::notice::{Kind, owed};
use crate::participant::{AgendaOf, agenda, tally};
use crate::service::Service;
use crate::time::utc_days;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// Cancels one booking for a dependent, tells its guardian and takes what it
/// says of the dependent out of it, their name and the note, in one transaction.
///
/// # Errors
/// When DynamoDB fails or something that is read is damaged.
pub(super) async fn cancel(
    service: &Service,
    (organization, keys): (OrganizationId, &OrganizationKeys),
    dependent: DependentId,
    booking: BookingId,
    now: Timestamp,
) -> Result<Became, Trouble> {
    for attempt in 0..dynamo::TRIES {
        let before = store::find(service, organization, keys, booking).await?;
        let of_theirs = before.filter(|booking| {
            booking.dependent.as_ref().is_some_and(|named| named.id == dependent)
        });
        let Some(before) = of_theirs else { return Ok(Became::Nothing) };
        if before.state != State::Booked {
            // Its guardian was first; it goes with what was cancelled before.
            return Ok(Became::Kept);
        }
        let transaction = cancelling(service, (organization, keys), dependent, &before, now);
        if transaction.await?.commit(&service.dynamo).await? == Commit::Committed {
            return Ok(Became::Gone);
        }
        dynamo::pause(attempt, &*service.chance).await?;
    }
    Err(Trouble::unavailable("cancelling what was booked for somebody", "others were always first"))
}

/// What is left of a booking: its guardian's, without the dependent.
fn cancelled(before: &Booking) -> Booking {
    Booking {
        state: State::Cancelled,
        version: before.version + 1,
        dependent: None,
        contact: Contact { note: None, ..before.contact.clone() },
        ..before.clone()
    }
}

/// Seat, agendas of both, tally, booking, notice, record: seven items, nine
/// over midnight.
async fn cancelling(
    service: &Service,
    (organization, keys): (OrganizationId, &OrganizationKeys),
    dependent: DependentId,
    before: &Booking,
    now: Timestamp,
) -> Result<Transaction, Trouble> {
    let table = &service.settings.tables.schedule;
    let days = utc_days(before.start, before.end);
    let whose = [AgendaOf::from(before.person), AgendaOf::from(dependent)];
    let agendas: Vec<(AgendaOf, Key)> = whose
        .into_iter()
        .flat_map(|of| days.iter().map(move |day| (of, Key::agenda(organization, of, *day))))
        .collect();
    let tally_key = Key::tally(organization, before.person, before.event);
    let mut asked: Vec<Key> = agendas.iter().map(|(_, key)| key.clone()).collect();
    asked.push(tally_key.clone());
    let (dynamo, chance) = (&service.dynamo, &*service.chance);
    let mut found: HashMap<Key, Item> = dynamo::batch_get(dynamo, table, &asked, chance).await?;

    let after = cancelled(before);
    let mut transaction = Transaction::default();
    transaction.push(Write::update(
        table,
        &Key::slot(organization, before.event, before.slot),
        "SET taken = taken - :one",
        "taken >= :one",
        [],
        [(":one", number(1))],
    )?);
    for (of, key) in agendas {
        let Some(item) = found.remove(&key) else { continue };
        let left = agenda::read(item)?.without(before.id);
        transaction.push(agenda::replace(table, organization, of, &left)?);
    }
    if let Some(item) = found.remove(&tally_key) {
        let fewer = tally::read(item)?.one_fewer();
        transaction.push(tally::replace(table, organization, before.person, before.event, &fewer)?);
    }
    transaction.push(Write::put(
        table,
        store::written(service, organization, keys, &after)?,
        "version = :read",
        [(":read", number(before.version))],
    )?);
    let notice = owed::about(organization, &after, Kind::Cancelled, now);
    transaction.push(owed::owe(&service.settings.tables.mail, &notice)?);
    let about = About::Booking(before.event, before.id);
    let record = Record::of(Actor::Service, Action::BookingCancelled, about);
    transaction.push(audit::record(service, organization, &record, now)?);
    Ok(transaction)
}

fn number(value: u32) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
