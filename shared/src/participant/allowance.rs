//! Allowances: how much a network or an event may take in an hour, and how
//! often somebody may guess.
//!
//! A counter that every booking of an event writes would be the hot item that
//! the rest of the design avoids. So a process borrows a part of the allowance
//! at a time and spends it without asking again. The sum of what is borrowed
//! never passes the limit; what a process borrowed and did not spend is lost,
//! so the limit may bite a little early, never late. Small limits are borrowed
//! one at a time and lose nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

use crate::dynamo::{self, Key, keys};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;

/// The window of most allowances.
pub const AN_HOUR: SignedDuration = SignedDuration::from_hours(1);
/// The window of what an organization may do in a day.
pub const A_DAY: SignedDuration = SignedDuration::from_hours(24);
/// A process borrows this part of the allowance at a time.
const PARTS: u32 = 50;

/// What this process has borrowed and not yet spent.
#[derive(Debug, Default)]
pub struct Allowances {
    /// How many are left, and when their window is over.
    borrowed: Mutex<HashMap<Key, (u32, i64)>>,
}

/// Of which allowance.
#[derive(Debug, Clone, Copy)]
pub struct Allowance<'a> {
    /// Whose it is.
    pub organization: OrganizationId,
    /// What is limited: `network`, `event` or the like.
    pub kind: &'static str,
    /// Which one, as an id or a blind index: never an address.
    pub of: &'a str,
    /// How much there is in a window.
    pub limit: u32,
    /// How long a window is: whole seconds.
    pub window: SignedDuration,
}

impl Allowance<'_> {
    /// Its counter for the present window, and when that is over.
    fn key(&self, now: Timestamp) -> (Key, i64) {
        let Self { organization, kind, of, .. } = self;
        let length = self.window.as_secs().max(1);
        let window = now.as_second().div_euclid(length);
        (
            Key { pk: keys::allowance(*organization, kind, of), sk: window.to_string() },
            (window + 1) * length,
        )
    }
}

impl Allowances {
    /// Spends one; `Some` says how long until there is more.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn spend(
        &self,
        service: &Service,
        allowance: Allowance<'_>,
        now: Timestamp,
    ) -> Result<Option<SignedDuration>, Trouble> {
        let (key, over) = allowance.key(now);
        let limit = allowance.limit;
        if self.spend_borrowed(&key) {
            return Ok(None);
        }
        for part in [(limit / PARTS).max(1), 1] {
            if part <= limit && borrow(service, &key, part, limit, over).await? {
                self.keep(key, part - 1, over, now);
                return Ok(None);
            }
        }
        Ok(Some(SignedDuration::from_secs(over - now.as_second())))
    }

    /// Takes back one that was spent for nothing: this process may spend it again.
    pub fn give_back(&self, allowance: Allowance<'_>, now: Timestamp) {
        let (key, over) = allowance.key(now);
        self.keep(key, 1, over, now);
    }

    /// Takes back one that was spent for nothing, for every process: where few
    /// may be spent, what one process keeps for itself is missed by the others.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn take_back(
        &self,
        service: &Service,
        allowance: Allowance<'_>,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let (key, _) = allowance.key(now);
        let number = |value: i64| AttributeValue::N(value.to_string());
        for attempt in 0..dynamo::TRIES {
            let written = service
                .dynamo
                .update_item()
                .table_name(&service.settings.tables.session)
                .set_key(Some(key.to_item()))
                .update_expression("SET spent = spent - :one")
                .condition_expression("spent > :none")
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":none", number(0))
                .send()
                .await;
            let Err(error) = written else { return Ok(()) };
            match error.as_service_error() {
                // Its window ended meanwhile.
                Some(refused) if refused.is_conditional_check_failed_exception() => return Ok(()),
                Some(busy)
                    if busy.is_throttling_exception()
                        || busy.is_provisioned_throughput_exceeded_exception()
                        || busy.is_transaction_conflict_exception() =>
                {
                    dynamo::pause(attempt, &*service.chance).await?;
                }
                _ => return Err(Trouble::unavailable("taking back what was counted", error)),
            }
        }
        Err(Trouble::unavailable("taking back what was counted", "DynamoDB stayed busy"))
    }

    fn spend_borrowed(&self, key: &Key) -> bool {
        let mut borrowed = self.borrowed.lock().unwrap_or_else(PoisonError::into_inner);
        match borrowed.get_mut(key) {
            Some((left, _)) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    fn keep(&self, key: Key, left: u32, over: i64, now: Timestamp) {
        let mut borrowed = self.borrowed.lock().unwrap_or_else(PoisonError::into_inner);
        borrowed.retain(|_, (left, over)| *over > now.as_second() && *left > 0);
        borrowed.entry(key).or_insert((0, over)).0 += left;
    }
}

async fn borrow(
    service: &Service,
    key: &Key,
    part: u32,
    limit: u32,
    over: i64,
) -> Result<bool, Trouble> {
    let number = |value: i64| AttributeValue::N(value.to_string());
    // It is of no use once its window is over; an hour more forgives clocks.
    let expires = over + AN_HOUR.as_secs();
    for attempt in 0..dynamo::TRIES {
        let written = service
            .dynamo
            .update_item()
            .table_name(&service.settings.tables.session)
            .set_key(Some(key.to_item()))
            .update_expression(
                "SET spent = if_not_exists(spent, :none) + :part, expires = :expires",
            )
            .condition_expression("attribute_not_exists(spent) OR spent <= :room")
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":part", number(part.into()))
            .expression_attribute_values(":room", number(i64::from(limit) - i64::from(part)))
            .expression_attribute_values(":expires", number(expires))
            .send()
            .await;
        let Err(error) = written else { return Ok(true) };
        match error.as_service_error() {
            Some(refused) if refused.is_conditional_check_failed_exception() => return Ok(false),
            Some(busy)
                if busy.is_throttling_exception()
                    || busy.is_provisioned_throughput_exceeded_exception()
                    || busy.is_transaction_conflict_exception() =>
            {
                dynamo::pause(attempt, &*service.chance).await?;
            }
            _ => return Err(Trouble::unavailable("counting against a limit", error)),
        }
    }
    Err(Trouble::unavailable("counting against a limit", "DynamoDB stayed busy"))
}
