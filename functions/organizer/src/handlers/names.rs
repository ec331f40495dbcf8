//! The audit trail as people read it: names are joined here, since the records
//! hold ids alone.

use std::collections::HashMap;

use shared::audit::read::Entry;
use shared::audit::{About, Action as Deed, Actor};
use shared::identity::member;
use shared::ids::{EventId, MemberId};
use shared::time::Zone;
use shared::web::Fault;

use crate::Visit;
use crate::guard::Guest;
use crate::pages::Line;
use crate::wire::RecordShape;
use crate::words;

/// What the ids of an organization's records stand for now.
pub(crate) struct Names {
    members: HashMap<MemberId, String>,
    supporters: HashMap<MemberId, String>,
    events: HashMap<EventId, String>,
}

impl Names {
    /// Reads the names of now.
    pub(crate) async fn read(visit: &Visit<'_>, guest: &Guest) -> Result<Self, Fault> {
        let service = &visit.function.service;
        let named = |members: Vec<member::Member>| {
            members
                .into_iter()
                .map(|member| (member.id, member.name.expose().to_owned()))
                .collect::<HashMap<_, _>>()
        };
        let organization = guest.organization().id;
        let members = named(member::store::list(service, organization, guest.keys()).await?);
        let supporters = match service.organization("operator", visit.now).await? {
            Some(operator) => {
                let id = operator.organization.id;
                named(member::store::list(service, id, &operator.keys).await?)
            }
            None => HashMap::new(),
        };
        let events = guest.snapshot.events.iter();
        let events = events.map(|event| (event.id, event.name.clone())).collect();
        Ok(Self { members, supporters, events })
    }

    /// A member's name; who is gone has none any more.
    pub(crate) fn member(&self, member: MemberId) -> String {
        self.members.get(&member).cloned().unwrap_or_else(|| "A former member".into())
    }

    /// The name of one of the operator's members.
    pub(crate) fn supporter(&self, member: MemberId) -> String {
        self.supporters.get(&member).cloned().unwrap_or_else(|| "A former supporter".into())
    }

    fn event(&self, event: EventId) -> String {
        self.events.get(&event).cloned().unwrap_or_else(|| "A former event".into())
    }

    fn who(&self, actor: Actor) -> String {
        match actor {
            Actor::Visitor(_) => "A visitor".into(),
            Actor::LinkHolder(_) => "Somebody with the appointment’s link".into(),
            Actor::Participant(_) => "A participant".into(),
            Actor::Member(member) => self.member(member),
            Actor::Support { member, .. } => format!("{}, to help", self.supporter(member)),
            Actor::Emergency(_) => "Somebody with the emergency code".into(),
            Actor::Service => "The service".into(),
            Actor::Operator(member) => match self.supporters.get(&member) {
                Some(name) => format!("{name}, for the operator"),
                None => "The operator".into(),
            },
            Actor::Nobody(_) => "Somebody not signed in".into(),
        }
    }

    fn about(&self, about: About) -> String {
        match about {
            About::Organization => "The organization".into(),
            About::Person(_) => "A participant".into(),
            About::Event(event) => self.event(event),
            About::Booking(event, _) => format!("An appointment of {}", self.event(event)),
            About::Dependent(_) => "A dependent".into(),
            About::Member(member) => self.member(member),
            About::SignUp(_) => "A sign-up".into(),
            About::Grant(_) => "A permission to help".into(),
            About::Emergency(_) => "A use of the emergency code".into(),
        }
    }

    /// A record as a line of a table.
    pub(crate) fn line(&self, entry: &Entry, zone: &Zone) -> Line {
        let record = &entry.record;
        let more = &record.more;
        let mut result = vec![words::outcome(record.result).to_owned()];
        if let Some(page) = &more.page {
            result = vec![words::page_kind(page.as_str()).to_owned()];
        }
        result.extend(more.factor.map(|factor| words::factor(factor).to_owned()));
        let fields = more.fields.iter().map(|field| field.as_str());
        match (record.action, more.count) {
            // The field says of what it was so many.
            (Deed::RetentionApplied, Some(count)) => {
                result.extend(fields.map(|part| words::removed(part, count)));
            }
            (_, count) => {
                let page = more.page.as_ref().map(|page| page.as_str());
                result.extend(count.map(|count| words::counted(record.action, page, count)));
                result.extend(fields.map(|field| words::setting(field).to_owned()));
            }
        }
        Line {
            time: zone.at(entry.at).strftime("%H:%M:%S").to_string(),
            at: zone.rfc3339(entry.at),
            who: self.who(record.actor),
            what: words::deed(record.action).to_owned(),
            about: self.about(record.about),
            result: result
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(", "),
        }
    }

    /// A record as a program gets it.
    pub(crate) fn shape(&self, entry: &Entry, zone: &Zone) -> RecordShape {
        let record = &entry.record;
        RecordShape {
            id: entry.id.to_string(),
            at: zone.rfc3339(entry.at),
            who: self.who(record.actor),
            action: record.action.word(),
            about: self.about(record.about),
            result: record.result.word(),
            page: record.more.page.as_ref().map(|page| page.as_str().to_owned()),
            count: record.more.count,
        }
    }
}
