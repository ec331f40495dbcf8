//! Repairs of what must stand around a booking that is there.

use super::around::at_event;
use super::rules::{self, Change, Seen};
use super::{Deed, Mender, Plan};
use crate::audit::About;
use crate::booking::{Booking, State, store};
use crate::dynamo::{Key, Write};
use crate::fsck::damage::Finding;
use crate::fsck::subject::Sort;
use crate::ids::{BookingId, EventId, OrganizationId};
use crate::notice::{Kind, Matter, owed};
use crate::participant::{Agenda, AgendaOf, Entry, agenda, tally};
use crate::slot::Slot;
use crate::time::utc_days;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

use aws_sdk_dynamodb::types::AttributeValue;

/// What a booking's change writes besides the booking and its notice.
pub(super) struct Turn {
    pub(super) writes: Vec<Write>,
    /// Entries that said other times than the booking's.
    pub(super) former: Vec<Entry>,
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) const fn stands(state: State) -> bool {
    matches!(state, State::Booked | State::Held(_))
}

impl Mender<'_> {
    /// The write that changes a slot as it was read.
    pub(super) fn change_slot(
        &self,
        organization: OrganizationId,
        event: EventId,
        slot: &Slot,
        booking: BookingId,
        change: Change,
    ) -> Result<Write, Trouble> {
        let key = Key::slot(organization, event, slot.id);
        let after = i64::from(slot.taken) + change.taken;
        let (taken, holds) = (number(slot.taken), number(slot.holds.len()));
        let Some(until) = change.hold else {
            return Write::update(
                self.schedule(),
                &key,
                "SET taken = :after",
                "taken = :taken AND size(holds) = :holds",
                [],
                [(":after", number(after)), (":taken", taken), (":holds", holds)],
            );
        };
        Write::update(
            self.schedule(),
            &key,
            "SET taken = :after REMOVE holds.#booking",
            "taken = :taken AND size(holds) = :holds AND holds.#booking = :until",
            [("#booking", booking.to_string().as_str())],
            [
                (":after", number(after)),
                (":taken", taken),
                (":holds", holds),
                (":until", number(until.as_second())),
            ],
        )
    }

    /// All that changes around a booking that was `before` and is to be `after`;
    /// `None` where another is in its place or at its time.
    pub(super) async fn turning(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        before: &Booking,
        after: &Booking,
    ) -> Result<Option<Turn>, Trouble> {
        let mut writes = Vec::new();
        let (from, to) = ((before.event, before.slot), (after.event, after.slot));
        let is_booked = after.state == State::Booked;
        let left = stands(before.state) && (!is_booked || from != to);
        for (place, takes) in [(from, false), (to, true)] {
            if (takes && !is_booked) || (!takes && !left) {
                continue;
            }
            let Some(counted) = self.counted(organization, keys, place.0, place.1).await? else {
                if takes {
                    return Ok(None);
                }
                continue;
            };
            let seen = Seen {
                unaccounted: counted.unaccounted(),
                room: counted.has_room(),
                hold: counted.slot.holds.get(&before.id).copied(),
            };
            // Elsewhere than it stood, it is not among those counted there.
            let state = if takes && from != to { State::Cancelled } else { before.state };
            let change = match takes {
                true => match rules::take(seen, state) {
                    Some(change) => change,
                    None => return Ok(None),
                },
                false => rules::leave(seen, state),
            };
            if !change.is_nothing() {
                let slot = &counted.slot;
                writes.push(self.change_slot(organization, place.0, slot, before.id, change)?);
            }
        }
        let Some((agendas, former, all)) = self.entering(organization, after).await? else {
            return Ok(None);
        };
        writes.extend(agendas);
        let tally = self.tally(organization, after.person, after.event).await?;
        let counted = at_event(&all, after.event);
        let gone = before.state == State::Booked && !is_booked;
        let live = rules::live(tally.live, counted, gone);
        if live != tally.live || (tally.version == 0 && counted > 0) {
            let after_it = crate::participant::Tally { live, ..tally };
            let (table, person) = (self.schedule(), after.person);
            writes.push(tally::replace(table, organization, person, after.event, &after_it)?);
        }
        Ok(Some(Turn { writes, former }))
    }

    /// The agendas with a booking as it is, and in no other place: the writes,
    /// the entries that said another time, and the person's agendas afterwards.
    async fn entering(
        &self,
        organization: OrganizationId,
        booking: &Booking,
    ) -> Result<Option<(Vec<Write>, Vec<Entry>, Vec<Agenda>)>, Trouble> {
        let Booking { id, event, start, end, .. } = *booking;
        let entry = Entry { start, end, event, booking: id };
        let days = match booking.state {
            State::Booked => utc_days(start, end),
            _ => Vec::new(),
        };
        let dependent = booking.dependent.iter().map(|dependent| AgendaOf::from(dependent.id));
        let owners = std::iter::once(AgendaOf::from(booking.person)).chain(dependent);
        let (mut writes, mut former, mut of_person) = (Vec::new(), Vec::new(), Vec::new());
        for of in owners {
            let mut agendas = self.agendas_of(organization, of).await?;
            for day in &days {
                if agendas.iter().all(|agenda| agenda.day != *day) {
                    agendas.push(Agenda::empty(*day));
                }
            }
            for agenda in &mut agendas {
                let mut right = agenda.clone().without(id);
                if days.contains(&agenda.day) {
                    if right.in_the_way(start, end, None).is_some() {
                        return Ok(None);
                    }
                    right = right.with(entry);
                }
                if right.entries != agenda.entries {
                    let stray = agenda.entries.iter().filter(|said| said.booking == id);
                    former.extend(stray.filter(|said| **said != entry).copied());
                    writes.push(agenda::replace(self.schedule(), organization, of, &right)?);
                }
                *agenda = right;
            }
            if of == AgendaOf::from(booking.person) {
                of_person = agendas;
            }
        }
        Ok(Some((writes, former, of_person)))
    }

    pub(super) async fn agendas_of(
        &self,
        organization: OrganizationId,
        of: AgendaOf,
    ) -> Result<Vec<Agenda>, Trouble> {
        let pk = format!("{organization}#{of}");
        let client = &self.service.dynamo;
        let items = crate::dynamo::query(client, self.schedule(), &pk, "agenda#", true).await?;
        items.into_iter().map(agenda::read).collect()
    }

    /// The writes that make a booking another and announce it.
    pub(super) fn announcing(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        before: &Booking,
        after: &Booking,
        kind: Option<Kind>,
    ) -> Result<Vec<Write>, Trouble> {
        let item = store::written(self.service, organization, keys, after)?;
        let read = [(":read", number(before.version))];
        let mut writes = vec![Write::put(self.schedule(), item, "version = :read", read)?];
        if let Some(kind) = kind.filter(|_| after.end > self.now) {
            let notice = owed::about(organization, after, kind, self.now);
            writes.push(owed::owe(&self.service.settings.tables.mail, &notice)?);
        }
        Ok(writes)
    }

    /// Tells a person once more what stands, under a version beyond `told`: what
    /// they were told last may be gone. `writes` happen with it.
    pub(super) fn tell_again(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        booking: &Booking,
        told: u32,
        mut plan: Plan,
    ) -> Result<Plan, Trouble> {
        if booking.end <= self.now || self.told.contains(&booking.id) {
            return Ok(plan);
        }
        let version = rules::beyond(booking.version.max(told));
        let after = Booking { version, ..booking.clone() };
        let kind = Some(Kind::Moved);
        plan.writes.extend(self.announcing(organization, keys, booking, &after, kind)?);
        plan.deeds.push(Deed::ToldAgain);
        plan.tells = Some(booking.id);
        Ok(plan)
    }

    /// A booking that stands, around which something is missing.
    pub(super) async fn lacking(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Booking(organization, id) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        self.write_around(organization, &keys, id).await
    }

    /// An entry of a booking that stands at another time, or on another day.
    pub(super) async fn other_entry(
        &self,
        finding: &Finding,
        booking: BookingId,
    ) -> Result<Option<Plan>, Trouble> {
        let Sort::Agenda(organization, ..) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        self.write_around(organization, &keys, booking).await
    }

    async fn write_around(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        id: BookingId,
    ) -> Result<Option<Plan>, Trouble> {
        let found = self.booking(organization, keys, id).await?;
        let Some(booking) = found.filter(|booking| booking.state == State::Booked) else {
            return Ok(None);
        };
        let Some(turn) = self.turning(organization, keys, &booking, &booking).await? else {
            return Ok(None);
        };
        if turn.writes.is_empty() {
            return Ok(None);
        }
        let mut writes = turn.writes;
        writes.extend(self.freeing(organization, keys, &booking, &turn.former).await?);
        let about = About::Booking(booking.event, id);
        let plan = Plan::new(organization, about, Deed::SurroundingsWritten, writes);
        self.tell_again(organization, keys, &booking, 0, plan).map(Some)
    }

    /// Frees the seat of an entry that said another time: its booking is known
    /// to be elsewhere, so nobody else can be meant.
    async fn freeing(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        booking: &Booking,
        former: &[Entry],
    ) -> Result<Option<Write>, Trouble> {
        let Some(entry) = former.iter().find(|entry| entry.start != booking.start) else {
            return Ok(None);
        };
        for counted in self.slots_of(organization, keys, entry).await? {
            if counted.slot.id != booking.slot && counted.unaccounted() > 0 {
                let change = Change { taken: -1, hold: None };
                let slot = &counted.slot;
                return self
                    .change_slot(organization, entry.event, slot, booking.id, change)
                    .map(Some);
            }
        }
        Ok(None)
    }

    /// A notice of a later version than its booking: the change that it tells
    /// was made, and is finished.
    pub(super) async fn early_notice(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Notice(organization, id) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        let Some(notice) = self.notice(organization, id).await? else { return Ok(None) };
        let Matter::Booking(change) = notice.owed.matter else { return Ok(None) };
        let found = self.booking(organization, &keys, change.booking).await?;
        let Some(before) = found.filter(|booking| change.version > booking.version) else {
            return Ok(None);
        };
        let own = owed::id(before.id, change.kind, change.version, before.person, None) == id;
        let version = change.version;
        let after = match change.kind {
            // That of another person: somebody must look.
            Kind::Booked | Kind::Moved | Kind::Cancelled if !own => return Ok(None),
            Kind::Booked | Kind::Moved => Some(Booking {
                state: State::Booked,
                slot: change.slot,
                start: change.start,
                end: change.end,
                version,
                ..before.clone()
            }),
            Kind::Cancelled => Some(Booking { state: State::Cancelled, version, ..before.clone() }),
            Kind::Confirm | Kind::InTheWay => None,
        };
        let about = About::Booking(before.event, before.id);
        if let Some(after) = after
            && let Some(turn) = self.turning(organization, &keys, &before, &after).await?
        {
            let mut writes = turn.writes;
            writes.extend(self.announcing(organization, &keys, &before, &after, None)?);
            return Ok(Some(Plan::new(organization, about, Deed::ChangeFinished, writes)));
        }
        self.corrected(organization, &keys, &before, version).await
    }

    /// The change that was told cannot be finished: what stands is told under a
    /// version beyond it.
    async fn corrected(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        before: &Booking,
        told: u32,
    ) -> Result<Option<Plan>, Trouble> {
        let booked = before.state == State::Booked;
        let after = Booking {
            state: if booked { State::Booked } else { State::Cancelled },
            version: rules::beyond(told.max(before.version)),
            ..before.clone()
        };
        let mut writes = Vec::new();
        if !booked {
            let turn = self.turning(organization, keys, before, &after).await?;
            writes.extend(turn.into_iter().flat_map(|turn| turn.writes));
        }
        let kind = Some(if booked { Kind::Moved } else { Kind::Cancelled });
        writes.extend(self.announcing(organization, keys, before, &after, kind)?);
        let about = About::Booking(before.event, before.id);
        let mut plan = Plan::new(organization, about, Deed::ToldAgain, writes);
        plan.tells = Some(before.id);
        Ok(Some(plan))
    }

    /// A booking whose latest version was announced to nobody.
    pub(super) async fn no_notice(&self, finding: &Finding) -> Result<Option<Plan>, Trouble> {
        let Sort::Booking(organization, id) = Sort::of(finding.table, &finding.key) else {
            return Ok(None);
        };
        let Some(keys) = self.keys(organization).await? else { return Ok(None) };
        let Some(booking) = self.booking(organization, &keys, id).await? else {
            return Ok(None);
        };
        let of_version = |kind, version| owed::id(id, kind, version, booking.person, None);
        let kinds: &[Kind] = match booking.state {
            State::Held(_) => &[Kind::Confirm],
            State::Booked if booking.version < 2 => &[Kind::Booked],
            State::Booked => &[Kind::Moved, Kind::Booked],
            State::Cancelled => &[Kind::Cancelled],
            State::Lapsed => return Ok(None),
        };
        for kind in kinds {
            if self.notice(organization, of_version(*kind, booking.version)).await?.is_some() {
                return Ok(None);
            }
        }
        let mut kind = kinds[0];
        // What was held before was confirmed by this version, and not moved.
        let held = of_version(Kind::Confirm, 1);
        if kind == Kind::Moved
            && booking.version == 2
            && self.notice(organization, held).await?.is_some()
        {
            kind = Kind::Booked;
        }
        let notice = owed::about(organization, &booking, kind, self.now);
        let read = [(":read", number(booking.version))];
        let key = Key::booking(organization, id);
        let writes = vec![
            Write::check(self.schedule(), &key, "version = :read", read)?,
            owed::owe(&self.service.settings.tables.mail, &notice)?,
        ];
        let about = About::Booking(booking.event, id);
        Ok(Some(Plan::new(organization, about, Deed::NoticeOwed, writes)))
    }

    /// Books what was held, because something of its confirmation is there.
    pub(super) async fn confirmed(
        &self,
        organization: OrganizationId,
        keys: &OrganizationKeys,
        before: &Booking,
    ) -> Result<Option<Plan>, Trouble> {
        let version = before.version + 1;
        let after = Booking { state: State::Booked, version, ..before.clone() };
        let Some(turn) = self.turning(organization, keys, before, &after).await? else {
            return Ok(None);
        };
        let mut writes = turn.writes;
        let kind = Some(Kind::Booked);
        writes.extend(self.announcing(organization, keys, before, &after, kind)?);
        let about = About::Booking(before.event, before.id);
        Ok(Some(Plan::new(organization, about, Deed::HoldConfirmed, writes)))
    }
}
