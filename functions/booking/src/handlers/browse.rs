//! Looking: what an organization offers and which times are open.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use shared::event::AddressProof;
use shared::event::rules::{Openness, openness};
use shared::ids::{EventId, ResourceId};
use shared::organization::Occasion;
use shared::slot::rules::left;
use shared::slot::{Slot, SlotId, store};
use shared::web::{Fault, Reply, assets};

use super::{event_path, times};
use crate::Visit;
use crate::pages::{
    Choosing, EventPage, EventState, FrontPage, OrganizationEvent, OrganizationPage, PageHead,
    PrivacyPage,
};
use crate::replies::{head, page};
use crate::wire::{
    ErrorShape, EventLineShape, EventShape, OrganizationShape, PrivacyShape, ResourceShape,
    SlotShape, SlotsShape,
};
use crate::words;

/// The longest list of times in one answer.
const MOST_SLOTS: usize = 500;

/// How many times of a day are free, remembered for a few seconds: the other
/// days' counts on a page need not be exact, the times themselves are read anew.
#[derive(Default)]
pub(crate) struct FreeCounts {
    remembered: Mutex<HashMap<Counted, (Timestamp, usize)>>,
}

/// What is counted: an event's day, of one resource or of all.
type Counted = (EventId, Date, Option<ResourceId>);

const COUNTS_KEPT: SignedDuration = SignedDuration::from_secs(5);

impl FreeCounts {
    fn recall(&self, key: Counted, now: Timestamp) -> Option<usize> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = remembered.get(&key)?;
        (now.duration_since(*since).abs() < COUNTS_KEPT).then_some(*count)
    }

    fn remember(&self, key: Counted, count: usize, now: Timestamp) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.retain(|_, (since, _)| now.duration_since(*since).abs() < COUNTS_KEPT);
        remembered.insert(key, (now, count));
    }
}

#[utoipa::path(
    get,
    path = "/",
    tag = "Looking",
    summary = "What this service is",
    responses(
        (status = 200, description = "Where the description is"),
    )
)]
pub(crate) fn front(visit: &Visit<'_>) -> Result<Reply, Fault> {
    if visit.incoming.wants_page() {
        return Ok(page(StatusCode::OK, &FrontPage { head: PageHead::new(None) }));
    }
    Ok(Reply::json(
        StatusCode::OK,
        &serde_json::json!({ "service": "Kept", "openapi": "/openapi.json" }),
    ))
}

#[utoipa::path(
    get,
    path = "/assets/{file}",
    tag = "Looking",
    summary = "The stylesheet and the script",
    params(
        ("file" = String, Path, description = "The file, with the hash of its content"),
    ),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/css"),
        (status = 404, description = "There is nothing here", body = ErrorShape),
    )
)]
pub(crate) fn asset(visit: &Visit<'_>) -> Result<Reply, Fault> {
    assets::find(visit.incoming.path("file")).map(Reply::asset).ok_or_else(Fault::not_found)
}

#[utoipa::path(
    get,
    path = "/{organization}",
    tag = "Looking",
    summary = "What an organization offers",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "The organization", body = OrganizationShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn organization(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let snapshot = visit.snapshot().await?;
    let organization = &snapshot.organization;
    let path =
        |event: &shared::event::Event| format!("/{}/{}", organization.web_name, event.web_name);
    if !visit.incoming.wants_page() {
        let events = snapshot.events.iter().map(|event| EventLineShape {
            name: event.name.clone(),
            path: path(event),
            place: event.place.clone(),
            days: event.days.iter().map(ToString::to_string).collect(),
            open: words::bookable(event, visit.now),
        });
        let shape = OrganizationShape {
            name: organization.name.clone(),
            zone: organization.zone.name().to_owned(),
            events: events.collect(),
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let events = snapshot.events.iter().map(|event| OrganizationEvent {
        name: event.name.clone(),
        path: path(event),
        when: words::days_ahead(event, visit.now),
        place: (!event.place.is_empty()).then(|| event.place.clone()),
        state: words::standing(event, visit.now),
        open: words::bookable(event, visit.now),
    });
    let head = PageHead::new(Some(head(organization)));
    let shown = OrganizationPage {
        head,
        name: organization.name.clone(),
        events: events.collect(),
        bookings_path: super::guest::bookings_path(organization),
    };
    Ok(page(StatusCode::OK, &shown))
}

#[utoipa::path(
    get,
    path = "/{organization}/privacy",
    tag = "Looking",
    summary = "The organization's privacy notice in force",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
    ),
    responses(
        (status = 200, description = "The notice", body = PrivacyShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn privacy(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let snapshot = visit.snapshot().await?;
    let notice = &snapshot.organization.privacy;
    if !visit.incoming.wants_page() {
        let shape = PrivacyShape {
            version: notice.version,
            effective: notice.effective.to_string(),
            text: notice.text.clone(),
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let shown = PrivacyPage {
        head: PageHead::new(Some(head(&snapshot.organization))),
        title: "Privacy notice".into(),
        effective: notice.effective.strftime("%-d %B %Y").to_string(),
        version: notice.version.to_string(),
        paragraphs: notice.text.split("\n\n").map(str::to_owned).collect(),
        processors: vec![
            "Amazon Web Services: runs the service, keeps its data and sends its mail".into(),
        ],
    };
    Ok(page(StatusCode::OK, &shown))
}

/// What the visitor wants to see of an event's times.
pub(crate) struct Looking {
    day: Option<Date>,
    resource: Option<ResourceId>,
    after: Option<SlotId>,
}

impl Looking {
    /// Reads the query.
    pub(crate) fn read(visit: &Visit<'_>, occasion: &Occasion) -> Result<Self, Fault> {
        let day = match visit.incoming.query("day") {
            Some(day) => Some(day.parse().map_err(|_| {
                Fault::field("day", "This is not a day. It looks like 2026-12-03.")
            })?),
            None => None,
        };
        let resource = match visit.incoming.query("resource") {
            Some(id) => {
                let known = ResourceId::parse(id)
                    .filter(|id| occasion.resources.iter().any(|known| known.id == *id));
                Some(known.ok_or_else(Fault::not_found)?)
            }
            None => None,
        };
        let after = match visit.incoming.query("after") {
            Some(id) => Some(
                SlotId::parse(id)
                    .ok_or_else(|| Fault::field("after", "This is not the id of a time."))?,
            ),
            None => None,
        };
        Ok(Self { day, resource, after })
    }

    /// The days to look through, in order.
    fn days(&self, occasion: &Occasion, now: Timestamp) -> Vec<Date> {
        let event = occasion.event();
        let today = event.zone.day(now);
        let from = self.after.map_or(today, |after| after.day.max(today));
        event
            .days
            .iter()
            .copied()
            .filter(|day| *day >= from && self.day.is_none_or(|wanted| wanted == *day))
            .collect()
    }
}

#[utoipa::path(
    get,
    path = "/{organization}/{event}/slots",
    tag = "Looking",
    summary = "The times that can be booked now",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("event" = String, Path, description = "The event's name in addresses"),
        ("day" = Option<String>, Query, description = "Only this day: 2026-12-03"),
        ("resource" = Option<String>, Query, description = "Only the times of this resource"),
        ("after" = Option<String>, Query, description = "Only after this time: as in next"),
    ),
    responses(
        (status = 200, description = "The times, at most 500", body = SlotsShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn slots(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let occasion = visit.occasion().await?;
    let looking = Looking::read(visit, &occasion)?;
    let mut found: Vec<Slot> = Vec::new();
    if openness(occasion.event(), visit.now) == Openness::Open {
        for day in looking.days(&occasion, visit.now) {
            let of_day = free_of_day(visit, &occasion, day, looking.resource).await?;
            let after = looking.after.filter(|after| after.day == day);
            found.extend(of_day.into_iter().filter(|slot| {
                after.is_none_or(|after| (slot.id.minute(), slot.id) > (after.minute(), after))
            }));
            if found.len() > MOST_SLOTS {
                break;
            }
        }
    }
    let more = found.len() > MOST_SLOTS;
    found.truncate(MOST_SLOTS);
    let next = found.last().filter(|_| more).map(|last| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in ["day", "resource"] {
            if let Some(value) = visit.incoming.query(name) {
                query.append_pair(name, value);
            }
        }
        query.append_pair("after", &last.id.to_string());
        format!("{}/slots?{}", event_path(&occasion), query.finish())
    });
    let zone = &occasion.event().zone;
    let slots = found.iter().map(|slot| SlotShape::of(slot, zone, visit.now)).collect();
    Ok(Reply::json(StatusCode::OK, &SlotsShape { slots, next }))
}

/// The slots of a day that a visitor can have.
async fn free_of_day(
    visit: &Visit<'_>,
    occasion: &Occasion,
    day: Date,
    resource: Option<ResourceId>,
) -> Result<Vec<Slot>, Fault> {
    let mut slots = of_day(visit, occasion, day, resource).await?;
    slots.retain(|slot| left(slot, visit.now) > 0);
    Ok(slots)
}

/// All slots of a day.
pub(crate) async fn of_day(
    visit: &Visit<'_>,
    occasion: &Occasion,
    day: Date,
    resource: Option<ResourceId>,
) -> Result<Vec<Slot>, Fault> {
    let organization = occasion.organization().id;
    let event = occasion.event().id;
    Ok(store::of_day(&visit.function.service, organization, event, day, resource).await?)
}

#[utoipa::path(
    get,
    path = "/{organization}/{event}",
    tag = "Looking",
    summary = "An event",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("event" = String, Path, description = "The event's name in addresses"),
    ),
    responses(
        (status = 200, description = "The event", body = EventShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn event(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let occasion = visit.occasion().await?;
    let event = occasion.event();
    let standing = openness(event, visit.now);
    if !visit.incoming.wants_page() {
        let moment = |when: Option<Timestamp>| when.map(|when| event.zone.rfc3339(when));
        let shape = EventShape {
            name: event.name.clone(),
            place: event.place.clone(),
            description: event.description.clone(),
            zone: event.zone.name().to_owned(),
            confirmed_by_mail: event.address_proof == AddressProof::Before,
            open: words::bookable(event, visit.now),
            opens: moment(event.opens),
            closes: moment(event.closes),
            days: event.days.iter().map(ToString::to_string).collect(),
            resource_word: event.resource_word.clone(),
            resources: occasion
                .resources
                .iter()
                .map(|resource| ResourceShape {
                    id: resource.id.to_string(),
                    name: resource.name.clone(),
                    place: resource.place.clone(),
                })
                .collect(),
            slots: format!("{}/slots", event_path(&occasion)),
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let looking = Looking::read(visit, &occasion)?;
    let said =
        |when: Timestamp| format!("{}, {}", event.zone.long_day(when), event.zone.clock(when));
    let state = match standing {
        Openness::NotYet(opens) => EventState::NotYetOpen { opens: said(opens) },
        Openness::Closed(since) => EventState::Closed { closed: Some(said(since)) },
        Openness::Open => {
            let choosing =
                Choosing::Follows { book_path: format!("{}/book", event_path(&occasion)) };
            let path = event_path(&occasion);
            match times(visit, &occasion, &looking, &path, choosing).await? {
                Some(times) => EventState::Open(Box::new(times)),
                None => EventState::NoTimes,
            }
        }
    };
    let shown = EventPage {
        head: PageHead::new(Some(head(occasion.organization()))),
        name: event.name.clone(),
        place: (!event.place.is_empty()).then(|| event.place.clone()),
        description: event
            .description
            .split("\n\n")
            .filter(|paragraph| !paragraph.is_empty())
            .map(str::to_owned)
            .collect(),
        zone: event.zone.spoken(),
        zone_id: event.zone.name().to_owned(),
        state,
    };
    Ok(page(StatusCode::OK, &shown))
}

/// The choice of times for a page: the wanted day, or the first with a free
/// time; `None` when the event has no day ahead.
pub(crate) async fn times(
    visit: &Visit<'_>,
    occasion: &Occasion,
    looking: &Looking,
    path: &str,
    choosing: Choosing,
) -> Result<Option<crate::pages::Times>, Fault> {
    let event = occasion.event();
    let today = event.zone.day(visit.now);
    let days: Vec<Date> = event.days.iter().copied().filter(|day| *day >= today).collect();
    let Some(first) = days.first().copied() else { return Ok(None) };
    let mut counts = HashMap::new();
    let mut shown = looking.day.filter(|day| days.contains(day));
    let mut slots = Vec::new();
    for day in &days {
        let key = (event.id, *day, looking.resource);
        if shown != Some(*day)
            && let Some(count) = visit.function.free.recall(key, visit.now)
        {
            // Without a wish, the first day with a free time is shown.
            if shown.is_some() || count == 0 {
                counts.insert(*day, count);
                continue;
            }
        }
        let of_day = of_day(visit, occasion, *day, looking.resource).await?;
        let count = of_day.iter().filter(|slot| left(slot, visit.now) > 0).count();
        counts.insert(*day, count);
        visit.function.free.remember(key, count, visit.now);
        if shown == Some(*day) || (shown.is_none() && count > 0) {
            shown = Some(*day);
            slots = of_day;
        }
    }
    let shown = match shown {
        Some(day) => day,
        None => {
            slots = of_day(visit, occasion, first, looking.resource).await?;
            first
        }
    };
    let view =
        times::View { occasion, path, day: shown, days: &days, counts: &counts, now: visit.now };
    Ok(Some(view.times(&slots, looking.resource, choosing)))
}
