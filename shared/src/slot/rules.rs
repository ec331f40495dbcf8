//! What is left of a slot, what lies nearest, and how slots are laid out.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};

use super::{Slot, SlotId};
use crate::ids::{BookingId, ResourceId};
use crate::time::Zone;

/// How many seats a visitor can have now. A hold whose time is over counts as
/// free at once, though the item still holds it.
#[must_use]
pub fn left(slot: &Slot, now: Timestamp) -> u32 {
    if slot.start <= now {
        return 0;
    }
    let lapsed = u32::try_from(lapsed(slot, now).count()).unwrap_or(0);
    (slot.capacity + lapsed).saturating_sub(slot.taken)
}

/// The holds whose time is over.
pub fn lapsed(slot: &Slot, now: Timestamp) -> impl Iterator<Item = (BookingId, Timestamp)> + '_ {
    slot.holds.iter().filter(move |(_, until)| **until <= now).map(|(id, until)| (*id, *until))
}

/// The free slots nearest to the one that was wanted, at most `most`, in the
/// order of time: first those at the same resource, then those at others.
#[must_use]
pub fn nearest(slots: &[Slot], wanted: SlotId, now: Timestamp, most: usize) -> Vec<Slot> {
    let mut free: Vec<&Slot> =
        slots.iter().filter(|slot| slot.id != wanted && left(slot, now) > 0).collect();
    free.sort_by_key(|slot| {
        let distance = slot.id.minute().abs_diff(wanted.minute());
        (slot.id.resource != wanted.resource, distance, slot.id)
    });
    let mut chosen: Vec<Slot> = free.into_iter().take(most).cloned().collect();
    chosen.sort_by_key(|slot| (slot.start, slot.id));
    chosen
}

/// A stretch of a civil day to be filled with slots of equal length.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    /// The civil day.
    pub day: Date,
    /// When the first slot begins.
    pub from: Time,
    /// When the last slot must have ended.
    pub to: Time,
    /// How long a slot is, in minutes.
    pub minutes: u16,
    /// The pause between two slots, in minutes.
    pub pause: u16,
    /// A longer break in which no slot may lie.
    pub except: Option<(Time, Time)>,
    /// How many bookings each slot takes.
    pub capacity: u32,
}

/// A civil start that the zone's clock change skips or repeats. Such a slot is
/// left out and reported, never shifted silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unplaceable {
    /// The civil day.
    pub day: Date,
    /// The civil time.
    pub time: Time,
    /// Whether the time happens twice; otherwise it does not happen.
    pub twice: bool,
}

/// Fills a stretch with slots of one resource, in civil time.
#[must_use]
pub fn fill(stretch: Stretch, resource: ResourceId, zone: &Zone) -> (Vec<Slot>, Vec<Unplaceable>) {
    let (mut slots, mut unplaceable) = (Vec::new(), Vec::new());
    let length = SignedDuration::from_mins(i64::from(stretch.minutes.max(1)));
    let minutes = |time: Time| {
        u32::from(time.hour().unsigned_abs()) * 60 + u32::from(time.minute().unsigned_abs())
    };
    let (last, step) = (minutes(stretch.to), u32::from(stretch.minutes.max(1) + stretch.pause));
    let mut begin = minutes(stretch.from);
    while begin + u32::from(stretch.minutes.max(1)) <= last {
        let end = begin + u32::from(stretch.minutes.max(1));
        let in_break =
            stretch.except.is_some_and(|(from, to)| begin < minutes(to) && minutes(from) < end);
        if in_break {
            begin = stretch.except.map_or(begin + step, |(_, to)| minutes(to));
            continue;
        }
        let time = Time::constant((begin / 60) as i8, (begin % 60) as i8, 0, 0);
        let placed = zone.rules().to_ambiguous_timestamp(stretch.day.to_datetime(time));
        if placed.is_ambiguous() {
            let twice = matches!(placed.offset(), jiff::tz::AmbiguousOffset::Fold { .. });
            unplaceable.push(Unplaceable { day: stretch.day, time, twice });
        } else if let Ok(start) = placed.compatible()
            && let Some(id) = SlotId::new(stretch.day, resource, start)
        {
            slots.push(Slot {
                id,
                start,
                end: start + length,
                capacity: stretch.capacity,
                taken: 0,
                holds: std::collections::BTreeMap::new(),
            });
        }
        begin += step;
    }
    (slots, unplaceable)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn stretch(day: Date, from: Time, to: Time) -> Stretch {
        Stretch { day, from, to, minutes: 30, pause: 0, except: None, capacity: 1 }
    }

    const RESOURCE: ResourceId = ResourceId::from_bytes([1; 8]);

    #[test]
    fn a_slot_id_survives_its_own_text_and_nothing_else_reads_as_one() {
        let start: Timestamp = "2026-12-03T23:40:00Z".parse().unwrap();
        let id = SlotId::new(date(2026, 12, 3), RESOURCE, start).unwrap();
        assert_eq!(SlotId::parse(&id.to_string()), Some(id));
        assert_eq!(id.start(), start);
        for text in
            ["", "-", "20261203", "20261303-0-1", "20261203-x-1", "20261203--", "é0261203-a-1"]
        {
            assert_eq!(SlotId::parse(text), None, "{text:?}");
        }
        assert_eq!(SlotId::parse(&format!("{id}0").replace("-2", "-02")), None);
    }

    #[test]
    fn slots_that_the_clock_change_skips_are_reported_and_not_shifted() {
        let zone = Zone::parse("America/New_York").unwrap();
        let (slots, unplaceable) =
            fill(stretch(date(2027, 3, 14), time(1, 0, 0, 0), time(4, 0, 0, 0)), RESOURCE, &zone);
        let starts: Vec<String> = slots.iter().map(|slot| zone.clock(slot.start)).collect();
        assert_eq!(starts, ["01:00", "01:30", "03:00", "03:30"]);
        assert_eq!(unplaceable.len(), 2);
        assert!(unplaceable.iter().all(|report| !report.twice));
    }

    #[test]
    fn slots_that_the_clock_change_repeats_are_reported_and_not_chosen_for_you() {
        let zone = Zone::parse("Europe/Dublin").unwrap();
        let (slots, unplaceable) =
            fill(stretch(date(2026, 10, 25), time(0, 30, 0, 0), time(3, 0, 0, 0)), RESOURCE, &zone);
        let starts: Vec<String> = slots.iter().map(|slot| zone.clock(slot.start)).collect();
        assert_eq!(starts, ["00:30", "02:00", "02:30"]);
        assert!(unplaceable.iter().all(|report| report.twice));
        assert_eq!(unplaceable.len(), 2);
    }

    #[test]
    fn a_break_is_kept_free() {
        let zone = Zone::parse("UTC").unwrap();
        let day = Stretch {
            except: Some((time(10, 10, 0, 0), time(10, 40, 0, 0))),
            ..stretch(date(2026, 12, 1), time(9, 0, 0, 0), time(12, 0, 0, 0))
        };
        let starts: Vec<String> =
            fill(day, RESOURCE, &zone).0.iter().map(|slot| zone.clock(slot.start)).collect();
        assert_eq!(starts, ["09:00", "09:30", "10:40", "11:10"]);
    }

    #[test]
    fn a_lapsed_hold_is_a_free_seat() {
        let now: Timestamp = "2026-12-01T10:00:00Z".parse().unwrap();
        let zone = Zone::parse("UTC").unwrap();
        let day = stretch(date(2026, 12, 1), time(12, 0, 0, 0), time(12, 30, 0, 0));
        let mut slot = fill(day, RESOURCE, &zone).0.remove(0);
        slot.taken = 1;
        slot.holds.insert(BookingId::from_bytes([1; 16]), now);
        assert_eq!(left(&slot, now - SignedDuration::from_secs(1)), 0);
        assert_eq!(left(&slot, now), 1);
    }

    #[test]
    fn the_same_teacher_is_offered_before_another() {
        let now: Timestamp = "2026-12-01T10:00:00Z".parse().unwrap();
        let zone = Zone::parse("UTC").unwrap();
        let day = stretch(date(2026, 12, 1), time(12, 0, 0, 0), time(15, 0, 0, 0));
        let mut slots = fill(day, RESOURCE, &zone).0;
        slots.extend(fill(day, ResourceId::from_bytes([2; 8]), &zone).0);
        let wanted = slots[2].id;
        let found = nearest(&slots, wanted, now, 3);
        assert!(found.iter().all(|slot| slot.id.resource == RESOURCE));
        assert!(found.iter().all(|slot| slot.id != wanted));
    }
}
