//! Counting the seats of slots.
//!
//! Which bookings are in a slot is known only from the bookings, all of them.
//! So the whole table is read and each slot's difference kept: seats taken,
//! less holds, less bookings that stand, less seats whose person is gone. To keep that small, slots are dealt
//! into parts by a hash and each part is counted by itself.
//!
//! While the table is read, people book. So what differs is counted again, by
//! itself, until [`AGREEING`] further counts in a row saw the very same slot
//! with the very same bookings at the same versions. A slot that changes all
//! the while is not judged and is counted as unsettled.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::subject::{Sort, Subject, Table};
use crate::booking::store::outline;
use crate::booking::{State, seat};
use crate::dynamo::{Item, Key};
use crate::slot;

/// So many counts in a row must agree with the one before them.
const AGREEING: u8 = 2;
/// Who changes through so many counts is left for the next check.
const MOST_ROUNDS: u8 = 8;

/// What one count saw of a slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seat {
    /// Whether there is such a slot. If not, its bookings say so themselves.
    there: bool,
    /// Seats taken, less holds, less bookings.
    difference: i64,
    /// The sum of a hash of all that was seen, in whatever order.
    mark: u64,
    /// How many counts in a row saw the same.
    agreed: u8,
}

/// One count of one part of the slots; slots are named by their key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counting {
    part: u64,
    parts: u64,
    round: u8,
    /// Whether nobody writes meanwhile: then one count is enough.
    #[serde(default)]
    quiet: bool,
    seats: BTreeMap<String, Seat>,
    /// What differed in the round before; later rounds count only these.
    former: BTreeMap<String, Seat>,
}

/// What a finished count says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Slots that differ for sure, and by how much.
    pub(super) miscounted: Vec<(Key, i64)>,
    /// How many slots would not keep still.
    pub(super) unsettled: u64,
    /// What is to be counted next.
    pub(super) next: Option<Counting>,
}

impl Counting {
    /// The first count, where there are so many slots and so many may be
    /// counted at once.
    pub(super) fn first(slots: u64, at_once: u64, quiet: bool) -> Self {
        Self { parts: slots.div_ceil(at_once.max(1)).max(1), quiet, ..Self::default() }
    }

    /// Whether this counts anew what differed before.
    pub(super) const fn again(&self) -> bool {
        self.round > 0
    }

    /// Counts what an item says about seats. One that does not read is a
    /// finding of its own.
    pub(super) fn add(&mut self, item: Item) {
        let Some(subject) = Subject::new(Table::Schedule, item) else { return };
        match subject.sort {
            Sort::Slot(..) => {
                if let Ok(slot) = slot::store::read(subject.item) {
                    let held = i64::try_from(slot.holds.len()).unwrap_or(i64::MAX);
                    let mut seen = format!("{}/{}", slot.taken, slot.capacity);
                    for (booking, until) in &slot.holds {
                        seen.push_str(&format!("/{booking}/{until}"));
                    }
                    self.count(&subject.key, true, i64::from(slot.taken) - held, &seen);
                }
            }
            Sort::Booking(organization, id) => {
                if let Ok(booking) = outline(subject.item)
                    && booking.state == State::Booked
                {
                    let key = Key::slot(organization, booking.event, booking.slot);
                    self.count(&key, false, -1, &format!("{id}/{}", booking.version));
                }
            }
            Sort::Seat(organization, id) => {
                if let Ok(seat) = seat::read(subject.item) {
                    let key = Key::slot(organization, seat.event, seat.slot);
                    self.count(&key, false, -1, &format!("seat/{id}"));
                }
            }
            _ => {}
        }
    }

    fn count(&mut self, slot: &Key, there: bool, difference: i64, seen: &str) {
        let name = format!("{} {}", slot.pk, slot.sk);
        let concerned = match self.again() {
            true => self.former.contains_key(&name),
            false => self.parts == 1 || hash(&name) % self.parts == self.part,
        };
        if concerned {
            let seat = self.seats.entry(name).or_default();
            seat.there |= there;
            seat.difference += difference;
            seat.mark = seat.mark.wrapping_add(hash(seen));
        }
    }

    /// Ends this count.
    pub(super) fn finish(mut self) -> Verdict {
        let mut verdict = Verdict::default();
        let mut differing = BTreeMap::new();
        for (name, mut seat) in std::mem::take(&mut self.seats) {
            if !seat.there || seat.difference == 0 {
                continue;
            }
            seat.agreed = match self.former.get(&name) {
                Some(before)
                    if (before.difference, before.mark) == (seat.difference, seat.mark) =>
                {
                    before.agreed + 1
                }
                _ => 0,
            };
            match name.split_once(' ') {
                Some((pk, sk)) if self.quiet || seat.agreed == AGREEING => {
                    let key = Key { pk: pk.to_owned(), sk: sk.to_owned() };
                    verdict.miscounted.push((key, seat.difference));
                }
                _ => {
                    differing.insert(name, seat);
                }
            }
        }
        let round = self.round + 1;
        if !differing.is_empty() && round < MOST_ROUNDS {
            verdict.next = Some(Self { round, former: differing, ..self });
            return verdict;
        }
        verdict.unsettled = differing.len() as u64;
        let part = self.part + 1;
        verdict.next = (part < self.parts).then(|| Self {
            part,
            parts: self.parts,
            quiet: self.quiet,
            ..Self::default()
        });
        verdict
    }
}

/// The same in every process, so that a count can go on in another.
fn hash(text: &str) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(text.as_bytes());
    let digest = context.finish();
    digest.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(number: u8) -> Key {
        Key { pk: "pk".into(), sk: format!("slot#{number}") }
    }

    /// One count that sees each slot with so many seats taken and bookings.
    fn counted(mut counting: Counting, slots: &[(u8, i64, u8)]) -> Verdict {
        for (number, taken, bookings) in slots {
            counting.count(&slot(*number), true, *taken, &format!("{taken}"));
            for booking in 0..*bookings {
                counting.count(&slot(*number), false, -1, &format!("{number}/{booking}"));
            }
        }
        counting.finish()
    }

    #[test]
    fn slots_whose_seats_are_their_bookings_need_one_count() {
        let verdict = counted(Counting::first(2, 10, false), &[(1, 1, 1), (2, 5, 5), (3, 0, 0)]);
        assert_eq!(verdict, Verdict::default());
    }

    #[test]
    fn a_difference_is_reported_after_three_counts_that_agree() {
        let slots = [(1, 2, 1), (2, 1, 1)];
        let first = counted(Counting::first(2, 10, false), &slots);
        assert!(first.miscounted.is_empty());
        let second = counted(first.next.unwrap(), &slots);
        assert!(second.miscounted.is_empty());
        let third = counted(second.next.unwrap(), &slots);
        assert_eq!(third.miscounted, [(slot(1), 1)]);
        assert_eq!(third.next, None);
    }

    #[test]
    fn where_nobody_writes_one_count_is_enough() {
        let verdict = counted(Counting::first(2, 10, true), &[(1, 2, 1), (2, 1, 1)]);
        assert_eq!(verdict.miscounted, [(slot(1), 1)]);
        assert_eq!(verdict.next, None);
    }

    #[test]
    fn a_booking_made_during_the_count_is_no_damage() {
        let first = counted(Counting::first(1, 10, false), &[(1, 0, 1)]);
        let second = counted(first.next.unwrap(), &[(1, 1, 1)]);
        assert_eq!((second.miscounted.len(), second.unsettled, second.next), (0, 0, None));
    }

    #[test]
    fn a_slot_that_never_keeps_still_is_not_judged() {
        let mut counting = Counting::first(1, 10, false);
        let mut taken = 1;
        loop {
            let verdict = counted(counting, &[(1, taken, 0)]);
            assert!(verdict.miscounted.is_empty());
            taken += 1;
            match verdict.next {
                Some(next) => counting = next,
                None => break assert_eq!(verdict.unsettled, 1),
            }
        }
        assert_eq!(taken, i64::from(MOST_ROUNDS) + 1);
    }

    #[test]
    fn every_slot_is_in_exactly_one_part() {
        let slots: Vec<(u8, i64, u8)> = (0..40).map(|number| (number, 1, 0)).collect();
        let mut found = Vec::new();
        let mut next = Some(Counting::first(40, 10, false));
        while let Some(counting) = next {
            assert_eq!(counting.parts, 4);
            let verdict = counted(counting, &slots);
            found.extend(verdict.miscounted);
            next = verdict.next;
        }
        found.sort_by(|one, other| one.0.sk.cmp(&other.0.sk));
        found.dedup();
        assert_eq!(found.len(), 40);
    }

    #[test]
    fn bookings_in_a_slot_that_is_not_there_are_not_counted_against_it() {
        let mut counting = Counting::first(1, 10, false);
        counting.count(&slot(1), false, -1, "1/0");
        assert_eq!(counting.finish(), Verdict::default());
    }
}
