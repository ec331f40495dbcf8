//! Which part of an event is asked for, within what the asker covers.

use jiff::civil::Date;
use shared::audit::About;
use shared::identity::access::{Action, Target};
use shared::ids::ResourceId;
use shared::organization::Occasion;
use shared::resource::Resource;
use shared::time::short_day;
use shared::web::Fault;

use crate::Visit;
use crate::guard::Guest;
use crate::pages::{Choice, DayChoice, Filter};

/// An event, of which the asker covers something.
pub(super) struct Scope<'a> {
    /// Who asks.
    pub(super) guest: &'a Guest,
    /// The event.
    pub(super) occasion: Occasion,
    /// The resources at which they may do what they ask for.
    pub(super) covered: Vec<Resource>,
}

/// What of it is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// The day; none where the event has no days.
    pub(super) day: Option<Date>,
    /// The one resource, where only that one is asked for.
    pub(super) only: Option<ResourceId>,
}

impl<'a> Scope<'a> {
    /// The event that the path names, as far as the asker may do this there.
    /// Where they may do it nowhere, it is as if the event were not there.
    pub(super) async fn read(
        visit: &Visit<'_>,
        guest: &'a Guest,
        action: Action,
    ) -> Result<Self, Fault> {
        let name = visit.incoming.path("event");
        let found = guest.snapshot.events.iter().find(|event| event.web_name.as_str() == name);
        let id = found.ok_or_else(Fault::not_found)?.id;
        let service = &visit.function.service;
        let occasion = service.occasion_of(guest.snapshot.clone(), id).await?;
        let occasion = occasion.ok_or_else(Fault::not_found)?;
        let covered: Vec<Resource> = occasion
            .resources
            .iter()
            .filter(|resource| guest.may(action, Target::Resource(id, resource.id)))
            .cloned()
            .collect();
        if covered.is_empty() && !guest.may(action, Target::Event(id)) {
            return Err(visit.not_covered(guest, About::Event(id)).await);
        }
        Ok(Self { guest, occasion, covered })
    }

    /// The resource that is covered and has this id.
    pub(super) fn resource(&self, id: ResourceId) -> Option<&Resource> {
        self.covered.iter().find(|resource| resource.id == id)
    }

    /// The answer to who asks for what they do not cover, which is written down.
    pub(super) async fn not_covered(&self, visit: &Visit<'_>) -> Fault {
        visit.not_covered(self.guest, About::Event(self.occasion.event().id)).await
    }

    /// What the query asks for: by itself the next day that has times.
    pub(super) async fn view(&self, visit: &Visit<'_>) -> Result<View, Fault> {
        let event = self.occasion.event();
        let only = match visit.incoming.query("resource") {
            None => None,
            Some(wanted) => {
                match ResourceId::parse(wanted).and_then(|wanted| self.resource(wanted)) {
                    Some(known) => Some(known.id),
                    None => return Err(self.not_covered(visit).await),
                }
            }
        };
        let today = event.zone.day(visit.now);
        let day = match visit.incoming.query("day") {
            Some(day) => Some(
                day.parse::<Date>()
                    .map_err(|_| Fault::field("day", "The day must look like 2026-12-03."))?,
            ),
            None => event.days.iter().find(|day| **day >= today).or(event.days.last()).copied(),
        };
        Ok(View { day, only })
    }

    /// The page of a day; `part` is what comes after the event's own path.
    pub(super) fn path(&self, part: &str, day: Date, only: Option<ResourceId>) -> String {
        let web_name = &self.occasion.event().web_name;
        let only = only.map(|only| format!("&resource={only}")).unwrap_or_default();
        self.guest.path(&format!("/events/{web_name}{part}?day={day}{only}"))
    }

    /// The days to choose from; none where there is only one.
    pub(super) fn days(&self, part: &str, view: View) -> Vec<DayChoice> {
        let event = self.occasion.event();
        let many = event.days.len() > 1 || view.day.is_some_and(|day| !event.days.contains(&day));
        let days = event.days.iter().filter(|_| many).map(|day| DayChoice {
            text: short_day(*day),
            path: self.path(part, *day, view.only),
            current: Some(*day) == view.day,
        });
        days.collect()
    }

    /// The choice of a resource; none where there is only one.
    pub(super) fn filter(&self, part: &str, view: View) -> Option<Filter> {
        let event = self.occasion.event();
        let all = Choice { value: String::new(), text: "All".into(), chosen: view.only.is_none() };
        let each = self.covered.iter().map(|resource| Choice {
            value: resource.id.to_string(),
            text: resource.name.clone(),
            chosen: Some(resource.id) == view.only,
        });
        (self.covered.len() > 1).then(|| Filter {
            label: event.resource_word.clone(),
            action: self.guest.path(&format!("/events/{}{part}", event.web_name)),
            day: view.day.map(|day| day.to_string()).unwrap_or_default(),
            choices: std::iter::once(all).chain(each).collect(),
        })
    }
}
