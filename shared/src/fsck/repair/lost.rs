//! Bookings that are lost: something tells that there was one, and it is gone.
//!
//! Nothing is made up about who it was. The time stays taken, so that what the
//! person was told stays true, and the administrators are told.

use jiff::civil::Date;

use super::around::{Counted, at_event};
use super::bookings::{number, stands};
use super::rules::Change;
use super::{Deed, Mender, Plan};
use crate::audit::About;
use crate::booking::rules::HOLD;
use crate::booking::seat::{self, Reason, Seat};
use crate::booking::{Booking, State};
use crate::dynamo::{Key, Write};
use crate::fsck::damage::Finding;
use crate::fsck::subject::Sort;
use crate::identity::{Member, Subject, member};
use crate::ids::{BookingId, DependentId, EventId, OrganizationId, PersonId};
use crate::notice::recipient::Recipient;
use crate::notice::{Change as Told, Kind, Matter, News, Notice, Standing, owed};
use crate::participant::{Agenda, AgendaOf, Entry, agenda, store, tally};
use crate::slot::Slot;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// How many administrators are told: what fits into one transaction with the
/// rest.
const MOST_TOLD: usize = 80;
/// So many notices of losses at one event and day are looked through for one
/// that has not gone out yet.
const MOST_OCCASIONS: u8 = 100;

impl Mender<'_> {
    /// Which version of its booking a notice is about; 0 where it does not read.
    pub(super) async fn version_of(&self, finding: &Finding) -> Result<u32, Trouble> {
        let Sort::Notice(organization, id) = Sort::of(finding.table, &finding.key) else {
            return Ok(0);
        };
        match self.notice(organization, id).await {
            Ok(notice) => Ok(notice.map_or(0, |notice| notice.owed.matter.version())),
            Err(Trouble::Damaged { .. }) => Ok(0),
            Err(trouble) => Err(trouble),
        }
    }

    /// A notice about a booking that is not there.
    pub(super) async fn stray_notice(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Notice(organization, id) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        let Some(notice) = self.notice(organization, id).await? else { return Ok(None) };
        let Matter::Booking(told) = notice.owed.matter else { return Ok(None) };
        if self.booking(organization, &keys, told.booking).await?.is_some()
            || self.seat(organization, told.booking).await?.is_some()
        {
            return Ok(None);
        }
        if told.kind == Kind::Confirm && notice.owed.since + HOLD > self.now {
            // The time is still held for whoever got it.
            return Ok(None);
        }
        let Told { booking, event, slot, start, end, .. } = told;
        let promised = matches!(told.kind, Kind::Booked | Kind::Moved);
        let counted = match promised {
            true => self.counted(organization, &keys, event, slot).await?,
            false => None,
        };
        if let Some(counted) = counted.filter(|found| found.unaccounted() > 0 || found.has_room()) {
            let seat = Seat { id: booking, event, slot, start, end, reason: Reason::Lost };
            return self.keeping(organization, &keys, seat, &counted).await.map(Some);
        }
        // There is nothing to keep: it was cancelled, or was only a hold, or the
        // place is another's.
        let mut writes = vec![self.removing(&notice)?];
        let mut deed = Deed::NoticeRemoved;
        if promised && end > self.now {
            writes.extend(self.losses(organization, &keys, event, None).await?);
            deed = Deed::LossTold;
        }
        Ok(Some(Plan::new(organization, About::Booking(event, booking), deed, writes)))
    }

    fn removing(&self, notice: &Notice) -> Result<Write, Trouble> {
        let key = Key::notice(notice.owed.organization, notice.owed.id);
        Write::delete(&self.service.settings.tables.mail, &key, "attribute_exists(pk)", [])
    }

    /// The plan that keeps a time taken for whoever was told of it.
    pub(super) async fn keeping(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        seat: Seat,
        counted: &Counted,
    ) -> Result<Plan, Trouble> {
        let mut writes = vec![Write::create(self.schedule(), seat::write(organization, &seat)?)?];
        let taken = i64::from(counted.unaccounted() <= 0);
        let change = Change { taken, hold: None };
        writes.push(self.change_slot(organization, seat.event, &counted.slot, seat.id, change)?);
        if seat.end > self.now {
            let day = Some(seat.slot.day);
            writes.extend(self.losses(organization, keys, seat.event, day).await?);
        }
        let about = About::Booking(seat.event, seat.id);
        Ok(Plan::new(organization, about, Deed::TimeKept, writes))
    }

    /// An agenda's entry of a booking that does not stand.
    pub(super) async fn stray_entry(
        &self,
        finding: &Finding,
        id: BookingId,
    ) -> Result<Option<Plan>, Trouble> {
        let Sort::Agenda(organization, of, day) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        // Ids of persons and dependents never meet, and their keys are alike.
        let of = AgendaOf::Person(PersonId::from_bytes(of));
        let agenda = self.agenda(organization, of, day).await?;
        let Some(entry) = agenda.entries.iter().copied().find(|entry| entry.booking == id) else {
            return Ok(None);
        };
        match self.booking(organization, &keys, id).await? {
            Some(booking) if matches!(booking.state, State::Held(_)) => {
                // Only confirming enters a held booking into an agenda.
                let confirmed = self.confirmed(organization, &keys, &booking).await?;
                match confirmed {
                    Some(plan) => Ok(Some(plan)),
                    None => self.without(organization, of, &agenda, &entry, Vec::new()).await,
                }
            }
            Some(booking) => {
                let freed = self.left(organization, &keys, &booking, &entry).await?;
                self.without(organization, of, &agenda, &entry, freed).await
            }
            None => self.entry_of_nothing(organization, &keys, of, &agenda, &entry).await,
        }
    }

    /// The seat of a cancelled booking that is still in an agenda: the entry
    /// shows that it was not freed everywhere.
    async fn left(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        booking: &Booking,
        entry: &Entry,
    ) -> Result<Vec<Write>, Trouble> {
        if stands(booking.state) || entry.start != booking.start {
            return Ok(Vec::new());
        }
        let found = self.counted(organization, keys, booking.event, booking.slot).await?;
        let Some(counted) = found.filter(|counted| counted.unaccounted() > 0) else {
            return Ok(Vec::new());
        };
        let change = Change { taken: -1, hold: None };
        let slot = &counted.slot;
        Ok(vec![self.change_slot(organization, booking.event, slot, booking.id, change)?])
    }

    /// Takes an entry out of an agenda, and out of the tally beside it, together
    /// with `writes`.
    async fn without(
        &self,
        organization: OrganizationId,
        of: AgendaOf,
        agenda: &Agenda,
        entry: &Entry,
        mut writes: Vec<Write>,
    ) -> Result<Option<Plan>, Trouble> {
        let right = agenda.clone().without(entry.booking);
        writes.push(agenda::replace(self.schedule(), organization, of, &right)?);
        if let AgendaOf::Person(person) = of {
            let mut agendas = self.agendas_of(organization, AgendaOf::Person(person)).await?;
            // Over midnight it stands in two, and goes out of each in turn.
            agendas.retain(|other| other.day != agenda.day);
            agendas.push(right);
            let counted = at_event(&agendas, entry.event);
            let tally = self.tally(organization, person, entry.event).await?;
            let live = super::rules::live(tally.live, counted, true);
            if tally.version > 0 && live != tally.live {
                let after = crate::participant::Tally { live, ..tally };
                let (table, event) = (self.schedule(), entry.event);
                writes.push(tally::replace(table, organization, person, event, &after)?);
            }
        }
        let about = About::Booking(entry.event, entry.booking);
        Ok(Some(Plan::new(organization, about, Deed::EntryRemoved, writes)))
    }

    /// An entry of a booking that is not there at all.
    async fn entry_of_nothing(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        of: AgendaOf,
        agenda: &Agenda,
        entry: &Entry,
    ) -> Result<Option<Plan>, Trouble> {
        let id = entry.booking;
        let kept = self.seat(organization, id).await?.is_some();
        if kept || entry.end <= self.now {
            return self.without(organization, of, agenda, entry, Vec::new()).await;
        }
        let slots = self.slots_of(organization, keys, entry).await?;
        let alone = slots.len() == 1;
        // The one that counts somebody more than is known; else the only one.
        let unaccounted = slots.iter().find(|counted| counted.unaccounted() > 0);
        let place = unaccounted.or(slots.first().filter(|only| alone && only.has_room()));
        if let Some(counted) = place {
            let Slot { id: slot, start, end, .. } = counted.slot;
            let seat = Seat { id, event: entry.event, slot, start, end, reason: Reason::Lost };
            // The entry itself goes once the seat is there.
            return self.keeping(organization, keys, seat, counted).await.map(Some);
        }
        let mut told = self.losses(organization, keys, entry.event, None).await?;
        told.extend(self.missing(organization, keys, of, entry.event).await?);
        let plan = self.without(organization, of, agenda, entry, told).await?;
        Ok(plan.map(|plan| Plan { deeds: vec![Deed::LossTold, Deed::EntryRemoved], ..plan }))
    }

    /// What the administrators are told: one notice for an event and day, which
    /// counts on for as long as it has not gone out.
    pub(super) async fn losses(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        event: EventId,
        day: Option<Date>,
    ) -> Result<Vec<Write>, Trouble> {
        let members = member::store::list(self.service, organization, keys).await?;
        let mut writes = Vec::new();
        for member in members.iter().filter(|member| Member::administers(member)).take(MOST_TOLD) {
            let subject = Subject::Member(member.id);
            writes.extend(self.loss(organization, subject, event, day).await?);
        }
        Ok(writes)
    }

    async fn loss(
        &self,
        organization: OrganizationId,
        subject: Subject,
        event: EventId,
        day: Option<Date>,
    ) -> Result<Option<Write>, Trouble> {
        let mail = &self.service.settings.tables.mail;
        for nth in 0..MOST_OCCASIONS {
            let occasion = owed::occasion(&[b"lost", &[nth]]);
            let news = News::AppointmentsLost(event, day, 1);
            let notice = owed::to_subject(organization, subject, news, occasion, self.now);
            let Some(found) = self.notice(organization, notice.id).await? else {
                return owed::owe(mail, &notice).map(Some);
            };
            if found.standing == Standing::Owed && found.attempts == 0 {
                return Write::update(
                    mail,
                    &Key::notice(organization, notice.id),
                    "SET #count = #count + :one",
                    "#state = :owed AND attribute_not_exists(attempts)",
                    [("#count", "count"), ("#state", "state")],
                    [
                        (":one", number(1)),
                        (":owed", aws_sdk_dynamodb::types::AttributeValue::S("owed".into())),
                    ],
                )
                .map(Some);
            }
        }
        Ok(None)
    }

    /// What the person is told whose booking is lost with its time, where they
    /// can be reached: once a day and event.
    pub(super) async fn missing(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        of: AgendaOf,
        event: EventId,
    ) -> Result<Option<Write>, Trouble> {
        let AgendaOf::Person(person) = of else { return Ok(None) };
        let subject = Subject::Participant(person);
        let news = News::AppointmentMissing(event);
        let day = crate::audit::day_of(self.now).to_string();
        let occasion = owed::occasion(&[b"missing", day.as_bytes()]);
        let notice = match store::address(self.service, organization, keys, person).await? {
            Some(_) => owed::to_subject(organization, subject, news, occasion, self.now),
            None => {
                let others = self.owned(organization, keys, person).await?;
                let Some(other) = others.into_iter().max_by_key(|booking| booking.made) else {
                    return Ok(None);
                };
                let Booking { contact, .. } = other;
                let to = Recipient { name: Some(contact.name), email: contact.email };
                let (service, id) = (self.service, organization);
                owed::to_address(service, id, keys, subject, news, occasion, &to)?
            }
        };
        if self.notice(organization, notice.id).await?.is_some() {
            return Ok(None);
        }
        owed::owe(&self.service.settings.tables.mail, &notice).map(Some)
    }

    /// How many seats kept at an event were this person's, as their notices say.
    pub(super) async fn kept_for(
        &self,
        organization: OrganizationId,
        person: PersonId,
        event: EventId,
    ) -> Result<u32, Trouble> {
        let found = crate::event::store::find(self.service, organization, event).await?;
        let mut kept = 0;
        for day in found.into_iter().flat_map(|event| event.days) {
            for seat in self.seats_of_day(organization, event, day).await? {
                let told = [(Kind::Booked, 1), (Kind::Booked, 2), (Kind::Moved, 2)];
                for (kind, version) in told {
                    let id = owed::id(seat.id, kind, version, person, None);
                    if self.notice(organization, id).await?.is_some() {
                        kept += 1;
                        break;
                    }
                }
            }
        }
        Ok(kept)
    }
}

/// A dependent's id never is a person's; their agendas lie alike.
const _: () = assert!(DependentId::LENGTH == PersonId::LENGTH);
