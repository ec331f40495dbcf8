//! What a member may do, and where: the boxes of the form, and the words for
//! what is ticked.

use std::collections::{BTreeSet, HashMap};

use shared::identity::access::{Coverage, Level};
use shared::identity::member::{Member, State};
use shared::ids::{EventId, ResourceId};
use shared::web::Fault;

use crate::Visit;
use crate::guard::Guest;
use crate::pages::{Access, Choice, MemberLine, Tick, TickGroup};
use crate::wire::AccessShape;

/// The events and resources of the organization, for boxes and for words.
pub(super) struct Places {
    events: Vec<PlaceOfEvent>,
}

/// An event and its resources, by name.
type PlaceOfEvent = (EventId, String, Vec<(ResourceId, String)>);

impl Places {
    pub(super) async fn read(visit: &Visit<'_>, guest: &Guest) -> Result<Self, Fault> {
        let service = &visit.function.service;
        let mut events = Vec::new();
        for event in &guest.snapshot.events {
            let occasion = service.occasion_of(guest.snapshot.clone(), event.id).await?;
            let resources = occasion
                .iter()
                .flat_map(|occasion| occasion.resources.iter())
                .map(|resource| (resource.id, resource.name.clone()))
                .collect();
            events.push((event.id, event.name.clone(), resources));
        }
        Ok(Self { events })
    }

    /// What is covered, in words.
    fn spoken(&self, member: &Member) -> String {
        if member.level == Level::Administrator || member.coverage == Coverage::Everything {
            return "Everything".into();
        }
        let mut names = Vec::new();
        for (event, name, resources) in &self.events {
            if member.coverage.event(*event) {
                names.push(name.clone());
                continue;
            }
            let covered = resources
                .iter()
                .filter(|(resource, _)| member.coverage.resource(*event, *resource));
            names.extend(covered.map(|(_, name)| name.clone()));
        }
        match names.len() {
            0 => "Nothing yet".into(),
            1..=3 => names.join(", "),
            many => format!("{} and {} more", names[..2].join(", "), many - 2),
        }
    }

    pub(super) fn line(&self, guest: &Guest, member: &Member, linked: bool) -> MemberLine {
        MemberLine {
            name: member.name.expose().to_owned(),
            path: linked.then(|| guest.path(&format!("/members/{}", member.id))),
            username: member.username.expose().to_owned(),
            email: member.email.expose().to_owned(),
            level: member.level.spoken(),
            covered: self.spoken(member),
            state: match member.state {
                State::Invited => "Invited",
                State::Active => "Active",
                State::Disabled => "Disabled",
            },
            supporter: member.supporter,
        }
    }

    /// The choice as somebody has it now.
    pub(super) fn access(
        &self,
        level: Level,
        coverage: &Coverage,
        error: Option<String>,
    ) -> Access {
        let mut groups = Vec::with_capacity(self.events.len());
        for (event, name, resources) in &self.events {
            let resources: Vec<Tick> = resources
                .iter()
                .map(|(resource, name)| Tick {
                    name: format!("resource-{event}-{resource}"),
                    text: name.clone(),
                    ticked: !coverage.event(*event) && coverage.resource(*event, *resource),
                })
                .collect();
            groups.push(TickGroup {
                event: Tick {
                    name: format!("event-{event}"),
                    text: name.clone(),
                    ticked: *coverage != Coverage::Everything && coverage.event(*event),
                },
                ticked: resources.iter().filter(|tick| tick.ticked).count(),
                resources,
            });
        }
        Access {
            levels: Level::ALL
                .into_iter()
                .map(|each| Choice {
                    value: each.word().to_owned(),
                    text: format!("{}: {}", each.spoken(), may(each)),
                    chosen: each == level,
                })
                .collect(),
            everything: *coverage == Coverage::Everything,
            groups,
            error,
        }
    }

    /// The choice as it was sent and refused.
    pub(super) fn access_of_form(
        &self,
        typed: &HashMap<String, String>,
        error: Option<String>,
    ) -> Access {
        let level = typed.get("level").and_then(|word| Level::parse(word));
        let (everything, events, resources) = boxes(typed);
        let coverage = match everything {
            true => Coverage::Everything,
            false => coverage(&events, &resources).unwrap_or_else(|_| Coverage::nothing()),
        };
        self.access(level.unwrap_or(Level::Viewer), &coverage, error)
    }

    /// Refuses what is not there: a member covers only what exists.
    fn known(&self, coverage: &Coverage) -> bool {
        let Coverage::Only { events, resources } = coverage else { return true };
        let known: BTreeSet<EventId> = self.events.iter().map(|(event, ..)| *event).collect();
        events.is_subset(&known)
            && resources.iter().all(|(event, resource)| {
                self.events.iter().any(|(id, _, list)| {
                    id == event && list.iter().any(|(known, _)| known == resource)
                })
            })
    }
}

/// What a level may do, in a few words.
const fn may(level: Level) -> &'static str {
    match level {
        Level::Viewer => "sees appointments",
        Level::Maker => "sees and makes appointments",
        Level::ResourceAdministrator => "also moves and cancels them, and changes times",
        Level::EventAdministrator => "everything at their events",
        Level::Administrator => "everything, members and settings as well",
    }
}

/// The boxes of a form: everything, events, and resources.
fn boxes(fields: &HashMap<String, String>) -> (bool, Vec<String>, Vec<String>) {
    let everything = fields.get("everything").is_some_and(|value| value == "yes");
    let named = |prefix: &str| {
        let mut named: Vec<String> =
            fields.keys().filter_map(|name| name.strip_prefix(prefix)).map(str::to_owned).collect();
        named.sort();
        named
    };
    let resources = named("resource-").iter().map(|pair| pair.replacen('-', "/", 1)).collect();
    (everything, named("event-"), resources)
}

/// A coverage out of the ids that were sent.
fn coverage(events: &[String], resources: &[String]) -> Result<Coverage, Fault> {
    let unknown =
        || Fault::field("coverage", "One of these is not there any more. Please choose again.");
    let events = events
        .iter()
        .map(|id| EventId::parse(id).ok_or_else(unknown))
        .collect::<Result<Vec<_>, _>>()?;
    let resources = resources
        .iter()
        .map(|pair| {
            let (event, resource) = pair.split_once('/').ok_or_else(unknown)?;
            let event = EventId::parse(event).ok_or_else(unknown)?;
            Ok((event, ResourceId::parse(resource).ok_or_else(unknown)?))
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    Coverage::only(events, resources).map_err(|why| Fault::field("coverage", why.to_string()))
}

/// A level and what it covers, as they were wished.
pub(super) fn access(shape: &AccessShape, places: &Places) -> Result<(Level, Coverage), Fault> {
    let level = Level::parse(&shape.level)
        .ok_or_else(|| Fault::field("level", "Choose one of the access levels."))?;
    let coverage = match shape.everything {
        true => Coverage::Everything,
        false => coverage(&shape.events, &shape.resources)?,
    };
    if !places.known(&coverage) {
        return Err(Fault::field(
            "coverage",
            "One of these is not there any more. Please choose again.",
        ));
    }
    Ok((level, coverage))
}

/// A form with its boxes as the request that it stands for. What is left over
/// is named by its reading.
pub(super) fn of_form<T: serde::de::DeserializeOwned>(
    fields: &HashMap<String, String>,
) -> Result<T, Fault> {
    let (everything, events, resources) = boxes(fields);
    let mut object: serde_json::Map<String, serde_json::Value> = fields
        .iter()
        .filter(|(name, value)| {
            let taken = *name == "everything"
                || name.starts_with("event-")
                || name.starts_with("resource-");
            !taken && !value.is_empty()
        })
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    object.insert("everything".into(), everything.into());
    object.insert("events".into(), events.into());
    object.insert("resources".into(), resources.into());
    shared::web::incoming::from_object(object)
}
