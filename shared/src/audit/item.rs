//! A record as an item. What is absent is left out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{About, Action, Actor, Factor, KEPT, More, Outcome, Record, Word};
use crate::dynamo::{self, Item, Key, keys};
use crate::ids::{
    self, BookingId, DependentId, EmergencyId, EventId, MemberId, OrganizationId, PersonId,
    SignUpId, SupportGrantId,
};
use crate::trouble::Trouble;

#[derive(Serialize, Deserialize)]
struct Row {
    pk: String,
    sk: String,
    at: String,
    action: String,
    result: String,
    actor: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    which: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    /// The index of accesses: only they have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    /// The index of guests' accesses: only they have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    factor: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    expires: i64,
}

fn hash(bytes: [u8; 16]) -> String {
    ids::to_text(&bytes)
}

pub(super) fn write(
    organization: OrganizationId,
    key: Key,
    record: &Record,
    now: Timestamp,
) -> Result<Item, Trouble> {
    let (actor, who, grant) = match record.actor {
        Actor::Visitor(person) => ("visitor", Some(person.to_string()), None),
        Actor::LinkHolder(person) => ("link_holder", Some(person.to_string()), None),
        Actor::Participant(person) => ("participant", Some(person.to_string()), None),
        Actor::Member(member) => ("member", Some(member.to_string()), None),
        Actor::Support { member, grant } => {
            ("support", Some(member.to_string()), Some(grant.to_string()))
        }
        Actor::Emergency(emergency) => ("emergency", Some(emergency.to_string()), None),
        Actor::Service => ("service", None, None),
        Actor::Operator(member) => ("operator", Some(member.to_string()), None),
        Actor::Nobody(username) => ("nobody", Some(hash(username)), None),
    };
    let (kind, which, event) = match record.about {
        About::Organization => ("organization", None, None),
        About::Person(id) => ("person", Some(id.to_string()), None),
        About::Event(id) => ("event", Some(id.to_string()), None),
        About::Booking(event, id) => ("booking", Some(id.to_string()), Some(event.to_string())),
        About::Dependent(id) => ("dependent", Some(id.to_string()), None),
        About::Member(id) => ("member", Some(id.to_string()), None),
        About::SignUp(id) => ("sign_up", Some(id.to_string()), None),
        About::Grant(id) => ("grant", Some(id.to_string()), None),
        About::Emergency(id) => ("emergency", Some(id.to_string()), None),
    };
    // A booking is found by its event: whoever has a booking there asks by that.
    let found_by = event.as_ref().or(which.as_ref()).filter(|_| record.action.is_access());
    let guest = record.actor.guest().filter(|_| record.action.is_access());
    let row = Row {
        guest: guest.map(|guest| keys::audit_guest(organization, &guest.id())),
        at: now.to_string(),
        action: record.action.word().to_owned(),
        result: record.result.word().to_owned(),
        actor: actor.to_owned(),
        who,
        grant,
        kind: kind.to_owned(),
        about: found_by.map(|id| keys::audit_about(organization, id)),
        which,
        event,
        network: record.network.map(hash),
        request: record.request.map(hash),
        factor: record.more.factor.map(|factor| factor.word().to_owned()),
        fields: record.more.fields.iter().map(|word| word.as_str().to_owned()).collect(),
        page: record.more.page.as_ref().map(|word| word.as_str().to_owned()),
        count: record.more.count,
        query: record.more.query.map(hash),
        expires: (now + KEPT).as_second(),
        pk: key.pk,
        sk: key.sk,
    };
    dynamo::item(&row)
}

/// Reads a record and when it was written.
pub(super) fn read(item: Item) -> Result<(Timestamp, Record), Trouble> {
    let row: Row = dynamo::row(item)?;
    let name = format!("{} / {}", row.pk, row.sk);
    understood(row).ok_or_else(|| Trouble::damaged(name, "it is no audit record"))
}

fn understood(row: Row) -> Option<(Timestamp, Record)> {
    let who = row.who.as_deref();
    let actor = match row.actor.as_str() {
        "visitor" => Actor::Visitor(PersonId::parse(who?)?),
        "link_holder" => Actor::LinkHolder(PersonId::parse(who?)?),
        "participant" => Actor::Participant(PersonId::parse(who?)?),
        "member" => Actor::Member(MemberId::parse(who?)?),
        "support" => Actor::Support {
            member: MemberId::parse(who?)?,
            grant: SupportGrantId::parse(row.grant.as_deref()?)?,
        },
        "emergency" => Actor::Emergency(EmergencyId::parse(who?)?),
        "service" => Actor::Service,
        "operator" => Actor::Operator(MemberId::parse(who?)?),
        "nobody" => Actor::Nobody(ids::from_text(who?)?),
        _ => return None,
    };
    let which = row.which.as_deref();
    let about = match row.kind.as_str() {
        "organization" => About::Organization,
        "person" => About::Person(PersonId::parse(which?)?),
        "event" => About::Event(EventId::parse(which?)?),
        "booking" => {
            About::Booking(EventId::parse(row.event.as_deref()?)?, BookingId::parse(which?)?)
        }
        "dependent" => About::Dependent(DependentId::parse(which?)?),
        "member" => About::Member(MemberId::parse(which?)?),
        "sign_up" => About::SignUp(SignUpId::parse(which?)?),
        "grant" => About::Grant(SupportGrantId::parse(which?)?),
        "emergency" => About::Emergency(EmergencyId::parse(which?)?),
        _ => return None,
    };
    let record = Record {
        actor,
        action: Action::parse(&row.action)?,
        about,
        result: Outcome::parse(&row.result)?,
        network: maybe(row.network, ids::from_text)?,
        request: maybe(row.request, ids::from_text)?,
        more: More {
            factor: maybe(row.factor, Factor::parse)?,
            fields: row.fields.into_iter().map(Word::stored).collect(),
            page: row.page.map(Word::stored),
            count: row.count,
            query: maybe(row.query, ids::from_text)?,
        },
    };
    Some((row.at.parse().ok()?, record))
}

/// What is absent stays absent; what is there must be readable.
fn maybe<T>(text: Option<String>, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match text {
        None => Some(None),
        Some(text) => read(&text).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Guest, day_of};
    use crate::ids::RecordId;

    #[test]
    fn every_kind_of_record_reads_back_and_only_accesses_are_found_by_what_they_are_about() {
        let organization = OrganizationId::from_bytes([1; 16]);
        let now: Timestamp = "2026-12-01T10:00:00Z".parse().unwrap();
        let (person, member) = (PersonId::from_bytes([2; 16]), MemberId::from_bytes([3; 16]));
        let (event, booking) = (EventId::from_bytes([4; 16]), BookingId::from_bytes([5; 16]));
        let grant = SupportGrantId::from_bytes([6; 16]);
        let emergency = EmergencyId::from_bytes([7; 16]);
        let actors = [
            Actor::Visitor(person),
            Actor::LinkHolder(person),
            Actor::Participant(person),
            Actor::Member(member),
            Actor::Support { member, grant },
            Actor::Emergency(emergency),
            Actor::Service,
            Actor::Operator(member),
            Actor::Nobody([9; 16]),
        ];
        let abouts = [
            About::Organization,
            About::Person(person),
            About::Event(event),
            About::Booking(event, booking),
            About::Dependent(DependentId::from_bytes([8; 16])),
            About::Member(member),
            About::SignUp(SignUpId::from_bytes([8; 16])),
            About::Grant(grant),
            About::Emergency(emergency),
        ];
        let more = More {
            factor: Some(Factor::Passkey),
            fields: vec![Word::of("idle_minutes")],
            page: Some(Word::of("list")),
            count: Some(12),
            query: Some([1; 16]),
        };
        let key = Key::audit(organization, day_of(now), RecordId::from_bytes([0; 16]));
        for (actor, about) in actors.iter().flat_map(|actor| abouts.map(|about| (*actor, about))) {
            for action in [Action::SignIn, Action::DataShown] {
                let mut record = Record::of(actor, action, about).from_network(Some([4; 16]));
                record.more = more.clone();
                let item = write(organization, key.clone(), &record, now).unwrap();
                let found_by = item.contains_key("about");
                assert_eq!(found_by, action.is_access() && about != About::Organization);
                let guest = item.get("guest").map(|key| key.as_s().unwrap().clone());
                let id = actor.guest().filter(|_| action.is_access()).map(Guest::id);
                assert_eq!(guest, id.map(|id| keys::audit_guest(organization, &id)));
                assert_eq!(read(item).unwrap(), (now, record));
            }
        }
    }
}
