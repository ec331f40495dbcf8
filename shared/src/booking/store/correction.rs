//! Correcting what somebody said about themselves.

use jiff::Timestamp;

use super::{Desk, busy, find};
use crate::audit::{self, About, Action, More, Record, Word};
use crate::booking::{Booking, Contact, State, checked, optional};
use crate::dynamo::{Commit, Transaction, pause};
use crate::notice::{Kind, owed};
use crate::personal::{PersonName, Phone, Unfit};
use crate::trouble::Trouble;

/// What is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// Their name.
    pub name: PersonName,
    /// A telephone number, if there is to be one.
    pub phone: Option<Phone>,
}

impl Correction {
    /// Reads what somebody typed; a telephone number may be empty.
    ///
    /// # Errors
    /// Every field that does not fit, and why.
    pub fn parse(name: &str, phone: &str) -> Result<Self, Vec<(&'static str, Unfit)>> {
        let mut problems = Vec::new();
        let name = checked(&mut problems, "name", PersonName::parse(name));
        let phone = optional(&mut problems, "phone", Phone::parse(phone));
        match name {
            Some(name) if problems.is_empty() => Ok(Self { name, phone }),
            _ => Err(problems),
        }
    }

    fn of(&self, contact: &Contact) -> Contact {
        Contact { name: self.name.clone(), phone: self.phone.clone(), ..contact.clone() }
    }

    fn changes(&self, contact: &Contact) -> Vec<Word> {
        let name = (self.name != contact.name).then(|| Word::of("name"));
        let phone = (self.phone != contact.phone).then(|| Word::of("phone"));
        name.into_iter().chain(phone).collect()
    }
}

/// Whether an appointment lies ahead: then what it says can still matter, and
/// may be corrected. What is over stays as it was said.
#[must_use]
pub fn is_ahead(booking: &Booking, now: Timestamp) -> bool {
    booking.state == State::Booked && booking.start > now
}

impl Desk<'_> {
    /// Corrects a booking that lies ahead. Its version is raised, so that whoever
    /// moves it at the same moment does not write the former name back; and so
    /// it is confirmed anew, by a mail with what is right. `false` when there was
    /// nothing to correct.
    ///
    /// # Errors
    /// When DynamoDB fails, or others are always first.
    pub async fn correct(
        &self,
        booking: &Booking,
        right: &Correction,
        by: &Record,
    ) -> Result<bool, Trouble> {
        let organization = self.occasion.organization().id;
        let keys = self.occasion.keys();
        let mut current = Some(booking.clone());
        for attempt in 0..crate::dynamo::TRIES {
            let Some(before) = current.filter(|booking| is_ahead(booking, self.now)) else {
                return Ok(false);
            };
            let fields = right.changes(&before.contact);
            if fields.is_empty() {
                return Ok(false);
            }
            let after = Booking {
                contact: right.of(&before.contact),
                version: before.version + 1,
                ..before.clone()
            };
            let about = About::Booking(before.event, before.id);
            let more = More { fields, ..More::default() };
            let record = Record { action: Action::DataCorrected, about, more, ..by.clone() };
            let mut transaction = Transaction::default();
            transaction.push(self.replace_booking(&before, &after)?);
            transaction.push(self.owe(&owed::about(
                organization,
                &after,
                Kind::Booked,
                self.now,
            ))?);
            transaction.push(audit::record(self.service, organization, &record, self.now)?);
            if transaction.commit(&self.service.dynamo).await? == Commit::Committed {
                return Ok(true);
            }
            pause(attempt, &*self.service.chance).await?;
            current = find(self.service, organization, keys, before.id).await?;
        }
        Err(busy("correcting"))
    }
}
