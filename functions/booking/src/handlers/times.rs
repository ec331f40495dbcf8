//! The slots of a day as a page shows them.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use shared::ids::ResourceId;
use shared::organization::Occasion;
use shared::slot::rules::left;
use shared::slot::{Slot, SlotId};
use shared::time::{day_without_year, short_day};

use crate::pages::{
    Choosing, DayChoice, Filter, FilterChoice, NearTime, OpenTime, ResourceTimes, Times,
};
use crate::words;

/// Beyond this many free times on a page, each teacher shows the first few and
/// a link to the rest: the page stays light on a phone.
const MOST_SHOWN: usize = 500;

/// With the link beside them they fill one line at a desk.
const FIRST_FEW: usize = 8;

/// No more places than these are worth a word.
const FEW_LEFT: u32 = 2;

/// What the choice of times is made from.
pub(crate) struct View<'a> {
    /// The event.
    pub(crate) occasion: &'a Occasion,
    /// The page's own path.
    pub(crate) path: &'a str,
    /// The day shown.
    pub(crate) day: Date,
    /// The days to choose from.
    pub(crate) days: &'a [Date],
    /// How many times are free on each.
    pub(crate) counts: &'a HashMap<Date, usize>,
    /// The present moment.
    pub(crate) now: Timestamp,
}

impl View<'_> {
    /// The choice of times.
    pub(crate) fn times(
        &self,
        slots: &[Slot],
        chosen: Option<ResourceId>,
        choosing: Choosing,
    ) -> Times {
        // Relative to the page: with many teachers the full path would stand there often.
        let query = |day: Date, resource: Option<ResourceId>| match resource {
            Some(resource) => format!("?day={day}&resource={resource}"),
            None => format!("?day={day}"),
        };
        let days = self
            .days
            .iter()
            .map(|day| {
                let free = self.counts.get(day).copied().unwrap_or_default();
                DayChoice {
                    path: query(*day, chosen),
                    label: short_day(*day),
                    note: words::how_many_free(free),
                    free: free > 0,
                    current: *day == self.day,
                }
            })
            .collect();
        let word = &self.occasion.event().resource_word;
        let filter = (self.occasion.resources.len() > 1).then(|| Filter {
            action: self.path.to_owned(),
            day: self.day.to_string(),
            word: word.clone(),
            all: format!("All {}s", word.to_lowercase()),
            all_path: query(self.day, None),
            choices: self
                .occasion
                .resources
                .iter()
                .map(|resource| FilterChoice {
                    value: resource.id.to_string(),
                    label: resource.name.clone(),
                    selected: chosen == Some(resource.id),
                })
                .collect(),
        });
        Times {
            day: self.day.strftime("%A %-d %B %Y").to_string(),
            short_day: day_without_year(self.day),
            days,
            filter,
            resources: self.rows(slots, chosen, &query),
            next: None,
            choosing,
        }
    }

    fn rows(
        &self,
        slots: &[Slot],
        chosen: Option<ResourceId>,
        query: &dyn Fn(Date, Option<ResourceId>) -> String,
    ) -> Vec<ResourceTimes> {
        let zone = &self.occasion.event().zone;
        let mut by_resource: HashMap<ResourceId, Vec<&Slot>> = HashMap::new();
        for slot in slots.iter().filter(|slot| slot.start > self.now) {
            by_resource.entry(slot.id.resource).or_default().push(slot);
        }
        let free_in_all = slots.iter().filter(|slot| left(slot, self.now) > 0).count();
        let crowded = chosen.is_none() && free_in_all > MOST_SHOWN;
        let several = self.occasion.resources.len() > 1;
        self.occasion
            .resources
            .iter()
            .filter_map(|resource| {
                let of_resource = by_resource.get(&resource.id)?;
                let free: Vec<&&Slot> =
                    of_resource.iter().filter(|slot| left(slot, self.now) > 0).collect();
                // A link to a single time would take more room than the time.
                let shorten = crowded && free.len() > FIRST_FEW + 1;
                let shown = if shorten { FIRST_FEW } else { free.len() };
                let open = free.iter().take(shown).map(|slot| OpenTime {
                    slot: slot.id.to_string(),
                    time: zone.clock(slot.start),
                    left: few_left(slot, self.now),
                });
                Some(ResourceTimes {
                    name: resource.name.clone(),
                    place: (!resource.place.is_empty()).then(|| resource.place.clone()),
                    path: (chosen.is_none() && several).then(|| query(self.day, Some(resource.id))),
                    open: open.collect(),
                    free: free.len(),
                    taken: of_resource.len() - free.len(),
                })
            })
            .collect()
    }
}

/// How many places are left, once they become few.
fn few_left(slot: &Slot, now: Timestamp) -> Option<u32> {
    let left = left(slot, now);
    (left <= FEW_LEFT && left < slot.capacity).then_some(left)
}

/// Free times near one that cannot be had.
pub(crate) fn near(occasion: &Occasion, wanted: SlotId, slots: &[Slot]) -> Vec<NearTime> {
    let zone = &occasion.event().zone;
    slots
        .iter()
        .map(|slot| {
            let other = super::resource(occasion, slot.id)
                .filter(|_| slot.id.resource != wanted.resource)
                .map(|resource| resource.name.clone());
            let day = (slot.id.day != wanted.day).then(|| day_without_year(slot.id.day));
            let different: Vec<String> = other.into_iter().chain(day).collect();
            NearTime {
                slot: slot.id.to_string(),
                time: zone.clock(slot.start),
                difference: (!different.is_empty()).then(|| different.join(", ")),
            }
        })
        .collect()
}
