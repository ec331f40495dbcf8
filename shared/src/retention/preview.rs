//! What the coming night will remove, counted by the same index and the same
//! judgement, without changing anything.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::due::{self, Judge, Range, Sort, Verdict};
use super::hold::Holds;
use super::night::Part;
use super::rules::{self, Draft};
use crate::ids::EventId;
use crate::organization::Organization;
use crate::service::Service;
use crate::trouble::Trouble;

/// Items of a page.
const PAGE: u16 = 100;
/// Items that are looked at for a preview, of each sort: a page must answer
/// while somebody waits.
const MOST: usize = 1_000;
/// The same for contacts, each of whom takes several readings.
const MOST_CONTACTS: usize = 100;

/// What the coming night will remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// When the night begins.
    pub begins: Timestamp,
    /// How many appointments of each event, seats that were somebody's included.
    pub bookings: BTreeMap<EventId, usize>,
    /// How many contacts.
    pub contacts: usize,
    /// How many mails.
    pub notices: usize,
    /// How many of all these a hold keeps.
    pub held: usize,
    /// Whether there are more than were counted.
    pub more: bool,
}

impl Preview {
    /// How many appointments of all events.
    #[must_use]
    pub fn all_bookings(&self) -> usize {
        self.bookings.values().sum()
    }

    /// Whether nothing will be removed.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.bookings.is_empty() && self.contacts == 0 && self.notices == 0
    }
}

/// Counts what the coming night would remove if these settings hold then.
///
/// # Errors
/// When DynamoDB fails.
pub async fn preview(
    service: &Service,
    organization: &Organization,
    keeping: Draft,
    holds: &Holds,
    now: Timestamp,
) -> Result<Preview, Trouble> {
    let (day, begins) = rules::coming_night(&organization.zone, now);
    let before = |part: Part| part.before(&keeping, &organization.zone, day);
    let mut preview = Preview {
        begins,
        bookings: BTreeMap::new(),
        contacts: 0,
        notices: 0,
        held: 0,
        more: false,
    };
    for part in Part::ALL {
        let Some(until) = before(part) else { continue };
        let judge = Judge {
            service,
            organization: organization.id,
            holds,
            keeping,
            before: until,
            // In the night itself, appointments go before their people do.
            gone_before: before(Part::Bookings),
            now,
        };
        for sort in part.sorts(&keeping) {
            preview.count(&judge, *sort).await?;
        }
    }
    Ok(preview)
}

impl Preview {
    async fn count(&mut self, judge: &Judge<'_>, sort: Sort) -> Result<(), Trouble> {
        let most = if sort == Sort::Contacts { MOST_CONTACTS } else { MOST };
        let mut seen = 0;
        for shard in 0..sort.shards() {
            let range =
                Range { organization: judge.organization, sort, shard, before: judge.before };
            let mut after = None;
            loop {
                if seen >= most {
                    self.more = true;
                    return Ok(());
                }
                let (page, more) = due::page(judge.service, range, after.as_ref(), PAGE).await?;
                seen += page.len();
                for verdict in judge.judge(sort, &page).await? {
                    self.add(sort, verdict);
                }
                after = page.into_iter().last();
                if !more || after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, sort: Sort, verdict: Verdict) {
        match (verdict, sort) {
            (Verdict::Goes(Some(event)), _) => *self.bookings.entry(event).or_default() += 1,
            (Verdict::Goes(None), Sort::Contacts) => self.contacts += 1,
            (Verdict::Goes(None), _) => self.notices += 1,
            (Verdict::Held, _) => self.held += 1,
            (Verdict::Stays(_) | Verdict::Gone | Verdict::Unreadable, _) => {}
        }
    }
}
