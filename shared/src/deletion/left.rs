//! What is left of somebody whose data is deleted, and how each thing goes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::course::Deletion;
use super::rules::{self, Guardians, Whom};
use super::under_way;
use crate::booking::store::{Concerning, Owned, concerning, outlines};
use crate::dynamo::{self, Item, Key, keys};
use crate::identity::Subject;
use crate::ids::{DependentId, PersonId};
use crate::ledger::Fate;
use crate::notice::store as notices;
use crate::participant::{agenda, tally};
use crate::trouble::Trouble;

/// Something that is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Thing {
    pub(super) what: What,
    pub(super) pk: String,
    pub(super) sk: String,
}

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// A booking, and the seat is free.
    Booking,
    /// A booking in whose place a seat stays that was somebody's.
    BookingLeavingSeat,
    /// A booking for a dependent that is still to come.
    BookingOfGuardian,
    /// Something else in the Schedule table.
    Own,
    /// What is left of a dependent's place on the list.
    Listed,
    /// A password, codes or a passkey.
    Credential,
    /// A session, a link or attempts.
    Session,
    /// A mail about their account.
    Mail,
}

impl What {
    /// How the certificate calls it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Booking | Self::BookingLeavingSeat => "Schedule: appointments",
            Self::BookingOfGuardian => "Schedule: cancelled appointments, without the dependent",
            Self::Own | Self::Listed => "Schedule: other items",
            Self::Credential => "Identity",
            Self::Session => "Session",
            Self::Mail => "Mail: about the account",
        }
    }
}

impl Deletion<'_> {
    /// What is left of them: the bookings first, and of those the ones that are
    /// still to come.
    pub(super) async fn left(&self, tries: Option<&str>) -> Result<Vec<Thing>, Trouble> {
        let Self { service, organization, .. } = *self;
        match self.whom {
            Whom::Person(person) => {
                let mut found = outlines(service, organization, person).await?;
                found.retain(|booking| self.whom.means(booking.made, self.asked));
                let going = |booking: &Owned| {
                    let start = booking.outline.start;
                    Some(goes_as(rules::becomes(self.fate, start, self.asked)))
                };
                let bookings = self.bookings(found, going);
                if bookings.is_empty() {
                    return self.others_of_person(person, tries).await;
                }
                Ok(bookings)
            }
            Whom::Dependent(dependent) => {
                let found = concerning(service, organization, dependent).await?;
                let Concerning { bookings, attachments } = found;
                let going = |booking: &Owned| {
                    let (state, start) = (booking.outline.state, booking.outline.start);
                    match rules::of_guardian(state, self.fate, start, self.asked, self.last) {
                        Guardians::Cancelled => Some(What::BookingOfGuardian),
                        Guardians::Later => None,
                        Guardians::Goes(fate) => Some(goes_as(fate)),
                    }
                };
                let bookings = self.bookings(bookings, going);
                if bookings.is_empty() {
                    return self.others_of_dependent(dependent, attachments, tries).await;
                }
                Ok(bookings)
            }
        }
    }

    fn bookings(
        &self,
        mut found: Vec<Owned>,
        going: impl Fn(&Owned) -> Option<What>,
    ) -> Vec<Thing> {
        found.sort_by_key(|booking| std::cmp::Reverse(booking.outline.start));
        let thing = |booking: &Owned| {
            let Key { pk, sk } = Key::booking(self.organization, booking.id);
            going(booking).map(|what| Thing { what, pk, sk })
        };
        found.iter().filter_map(thing).collect()
    }

    /// All else that is left of a dependent; what says that they were on the list
    /// is the last of it.
    async fn others_of_dependent(
        &self,
        dependent: DependentId,
        attachments: Vec<Key>,
        tries: Option<&str>,
    ) -> Result<Vec<Thing>, Trouble> {
        let Self { service, organization, .. } = *self;
        let tables = &service.settings.tables;
        let (dynamo, chance) = (&service.dynamo, &*service.chance);
        let own = keys::of_dependent(organization, dependent);
        let own = dynamo::query(dynamo, &tables.schedule, &own, "", true).await?;
        let mut found = Vec::new();
        let mut add = |what: What, key: Option<Key>| {
            found.extend(key.map(|Key { pk, sk }| Thing { what, pk, sk }));
        };
        for item in own.iter().filter(|item| !self.is_used(item)) {
            add(What::Own, Key::of(item));
        }
        for chunk in attachments.chunks(100) {
            // The index may name what is gone.
            let there = dynamo::batch_get(dynamo, &tables.schedule, chunk, chance).await?;
            for key in there.into_keys() {
                add(What::Own, Some(key));
            }
        }
        if let Some(tries) = tries {
            for item in dynamo::query(dynamo, &tables.session, tries, "", true).await? {
                add(What::Session, Key::of(&item));
            }
        }
        let listed = Key::dependent(organization, dependent);
        if self.last
            && found.is_empty()
            && dynamo::get(dynamo, &tables.schedule, &listed).await?.is_some()
        {
            let Key { pk, sk } = listed;
            found.push(Thing { what: What::Listed, pk, sk });
        }
        Ok(found)
    }

    /// All else that is left of a participant.
    async fn others_of_person(
        &self,
        person: PersonId,
        tries: Option<&str>,
    ) -> Result<Vec<Thing>, Trouble> {
        let Self { service, organization, .. } = *self;
        let tables = &service.settings.tables;
        let own = keys::of_person(organization, person);
        let subject = Subject::Participant(person);
        let of_subject = keys::of_subject(organization, subject);
        let dynamo = &service.dynamo;
        let (own, credentials, sessions) = tokio::try_join!(
            dynamo::query(dynamo, &tables.schedule, &own, "", true),
            dynamo::query(dynamo, &tables.identity, &of_subject, "", true),
            dynamo::query(dynamo, &tables.session, &of_subject, "", true),
        )?;
        let mut found = Vec::new();
        let mut add = |what: What, items: &[Item]| {
            let meant = items.iter().filter(|item| self.meant(item)).filter_map(Key::of);
            found.extend(meant.map(|Key { pk, sk }| Thing { what, pk, sk }));
        };
        let own: Vec<Item> = own.into_iter().filter(|item| !self.is_used(item)).collect();
        add(What::Own, &own);
        add(What::Credential, &credentials);
        add(What::Session, &sessions);
        if let Some(tries) = tries {
            add(What::Session, &dynamo::query(dynamo, &tables.session, tries, "", true).await?);
        }
        let concerns = keys::mail_concerning(organization, &subject.to_string());
        for chunk in notices::concerning(service, concerns).await?.chunks(100) {
            let mails = dynamo::batch_get(dynamo, &tables.mail, chunk, &*service.chance).await?;
            add(What::Mail, &mails.into_values().collect::<Vec<_>>());
        }
        Ok(found)
    }

    /// Whether an item is older than the deletion, as far as it says when it was
    /// made.
    pub(super) fn meant(&self, item: &Item) -> bool {
        made(item).is_none_or(|made| self.whom.means(made, self.asked))
    }

    /// Whether something of theirs stays until the end, or counts what came later.
    /// Of a dependent nothing does at the last look: an entry that no booking
    /// stands behind is damage.
    pub(super) fn is_used(&self, item: &Item) -> bool {
        let Some(key) = Key::of(item) else { return false };
        let counts = match key.sk.split_once('#').map_or(&*key.sk, |(word, _)| word) {
            under_way::WORD => return true,
            "agenda" => agenda::read(item.clone()).is_ok_and(|it| !it.entries.is_empty()),
            "tally" => tally::read(item.clone()).is_ok_and(|tally| tally.live > 0),
            _ => false,
        };
        counts && !(self.last && matches!(self.whom, Whom::Dependent(_)))
    }
}

/// When something was made, as far as it says so.
pub(super) fn made(item: &Item) -> Option<Timestamp> {
    let second = |name: &str| item.get(name)?.as_n().ok()?.parse::<i64>().ok();
    let made = ["made", "begun", "proven", "set_at", "since"].into_iter().find_map(second)?;
    Timestamp::from_second(made).ok()
}

/// How a booking goes.
const fn goes_as(fate: Fate) -> What {
    match fate {
        Fate::Removed => What::Booking,
        Fate::Seats => What::BookingLeavingSeat,
    }
}
