//! The audit trail by day.

use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use shared::audit::read::{Entry, between};
use shared::audit::{About, Action as Deed, Actor};
use shared::identity::access::Action;
use shared::identity::member;
use shared::ids::{MemberId, PersonId, RecordId};
use shared::time::Zone;
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, Reply};

use super::names::Names;
use crate::Visit;
use crate::guard::Guest;
use crate::pages::{AuditPage, Choice, Onward};
use crate::wire::AuditShape;
use crate::words;

/// Lines of one page.
const PAGE: usize = 100;
/// Stretches of the trail that are looked through for one page.
const STRETCHES: usize = 40;

/// What of the trail is asked for.
struct Wanted {
    day: Date,
    actor: Option<MemberId>,
    action: Option<Deed>,
    person: Option<PersonId>,
    before: Option<RecordId>,
}

#[utoipa::path(
    get,
    path = "/{organization}/manage/audit",
    tag = "Team",
    summary = "A day of the audit trail, the latest first, at most 100 records",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("day" = Option<String>, Query, description = "The day in the organization's zone; today unless said"),
        ("actor" = Option<String>, Query, description = "Only what this member did"),
        ("action" = Option<String>, Query, description = "Only deeds of this kind"),
        ("person" = Option<String>, Query, description = "Only what is about this participant"),
        ("before" = Option<String>, Query, description = "Only what was recorded before this record"),
    ),
    responses(
        (status = 200, description = "The records", body = AuditShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn trail(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ReadAudit).await?;
    let zone = guest.organization().zone.clone();
    let wanted = wanted(visit, &zone)?;
    let (entries, more) = matching(visit, &guest, &wanted, &zone).await?;
    let query = format!("{} {:?} {:?}", wanted.day, wanted.actor, wanted.person);
    let about = wanted.person.map_or(About::Organization, About::Person);
    visit.look(&guest, about, "audit", entries.len(), Some(query.as_bytes())).await?;
    let names = Names::read(visit, &guest).await?;
    let next = more.map(|before| link(&guest, &wanted, wanted.day, Some(before)));
    if !visit.incoming.wants_page() {
        let shape = AuditShape {
            day: wanted.day.to_string(),
            records: entries.iter().map(|entry| names.shape(entry, &zone)).collect(),
            next,
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let mut onward = Vec::new();
    onward.extend(next.map(|path| Onward { text: "Earlier on this day".into(), path }));
    let to = |text: &str, day: Option<Date>| {
        day.map(|day| Onward { text: text.into(), path: link(&guest, &wanted, day, None) })
    };
    onward.extend(to("The day before", wanted.day.yesterday().ok()));
    let tomorrow = wanted.day.tomorrow().ok().filter(|day| *day <= zone.day(visit.now));
    onward.extend(to("The day after", tomorrow));
    let shown = AuditPage {
        head: guest.head(),
        sections: guest.sections("/audit"),
        action: guest.path("/audit"),
        day: wanted.day.to_string(),
        long_day: words::long_day(wanted.day),
        zone: zone.spoken(),
        actors: actors(visit, &guest, wanted.actor).await?,
        actions: actions(wanted.action),
        person: wanted.person.map(|person| person.to_string()),
        lines: entries.iter().map(|entry| names.line(entry, &zone)).collect(),
        onward,
    };
    Ok(page(StatusCode::OK, &shown))
}

fn wanted(visit: &Visit<'_>, zone: &Zone) -> Result<Wanted, Fault> {
    let query = |name| visit.incoming.query(name);
    Ok(Wanted {
        day: match query("day") {
            Some(day) => day
                .parse()
                .map_err(|_| Fault::field("day", "The day must look like 2026-12-03."))?,
            None => zone.day(visit.now),
        },
        // What names nobody matches nothing that is on record.
        actor: query("actor")
            .map(|id| MemberId::parse(id).ok_or_else(Fault::not_found))
            .transpose()?,
        action: query("action")
            .map(|word| {
                Deed::parse(word).ok_or_else(|| {
                    Fault::field(
                        "action",
                        "Nothing of this kind is ever recorded. Choose from the list.",
                    )
                })
            })
            .transpose()?,
        person: query("person")
            .map(|id| PersonId::parse(id).ok_or_else(Fault::not_found))
            .transpose()?,
        before: query("before")
            .map(|id| RecordId::parse(id).ok_or_else(Fault::not_found))
            .transpose()?,
    })
}

/// The instants at which a civil day begins and ends.
fn span(zone: &Zone, day: Date) -> Result<(Timestamp, Timestamp), Fault> {
    let starts = |day: Date| {
        let midnight = day.to_zoned_datetime(zone.rules().clone());
        midnight.map(|midnight| midnight.timestamp())
    };
    let beyond = |_| Fault::field("day", "This day is beyond the calendar.");
    let tomorrow = day.tomorrow().map_err(beyond)?;
    Ok((starts(day).map_err(beyond)?, starts(tomorrow).map_err(beyond)?))
}

/// A page of what was asked for, and the record before which the next begins.
async fn matching(
    visit: &Visit<'_>,
    guest: &Guest,
    wanted: &Wanted,
    zone: &Zone,
) -> Result<(Vec<Entry>, Option<RecordId>), Fault> {
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let (start, end) = span(zone, wanted.day)?;
    let mut found: Vec<Entry> = Vec::new();
    let mut before = wanted.before;
    for _ in 0..STRETCHES {
        let stretch = between(service, organization, start, end, before).await?;
        for entry in stretch.entries {
            if !wanted.matches(&entry) {
                continue;
            }
            if found.len() == PAGE {
                return Ok((found.clone(), found.last().map(|last| last.id)));
            }
            found.push(entry);
        }
        before = stretch.next;
        if before.is_none() {
            return Ok((found, None));
        }
    }
    Ok((found, before))
}

impl Wanted {
    fn matches(&self, entry: &Entry) -> bool {
        let record = &entry.record;
        let by = match record.actor {
            Actor::Member(member) | Actor::Support { member, .. } | Actor::Operator(member) => {
                Some(member)
            }
            _ => None,
        };
        let person = match (record.about, record.actor) {
            (About::Person(person), _)
            | (
                _,
                Actor::Visitor(person) | Actor::LinkHolder(person) | Actor::Participant(person),
            ) => Some(person),
            _ => None,
        };
        self.actor.is_none_or(|actor| by == Some(actor))
            && self.action.is_none_or(|action| record.action == action)
            && self.person.is_none_or(|wanted| person == Some(wanted))
    }
}

fn link(guest: &Guest, wanted: &Wanted, day: Date, before: Option<RecordId>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("day", &day.to_string());
    if let Some(actor) = wanted.actor {
        query.append_pair("actor", &actor.to_string());
    }
    if let Some(action) = wanted.action {
        query.append_pair("action", action.word());
    }
    if let Some(person) = wanted.person {
        query.append_pair("person", &person.to_string());
    }
    if let Some(before) = before {
        query.append_pair("before", &before.to_string());
    }
    guest.path(&format!("/audit?{}", query.finish()))
}

async fn actors(
    visit: &Visit<'_>,
    guest: &Guest,
    chosen: Option<MemberId>,
) -> Result<Vec<Choice>, Fault> {
    let service = &visit.function.service;
    let members = member::store::list(service, guest.organization().id, guest.keys()).await?;
    let everybody =
        Choice { value: String::new(), text: "Everybody".into(), chosen: chosen.is_none() };
    let each = members.iter().map(|member| Choice {
        value: member.id.to_string(),
        text: member.name.expose().to_owned(),
        chosen: chosen == Some(member.id),
    });
    Ok(std::iter::once(everybody).chain(each).collect())
}

fn actions(chosen: Option<Deed>) -> Vec<Choice> {
    let everything =
        Choice { value: String::new(), text: "Everything".into(), chosen: chosen.is_none() };
    let each = Deed::ALL.iter().map(|action| Choice {
        value: action.word().to_owned(),
        text: words::deed(*action).to_owned(),
        chosen: chosen == Some(*action),
    });
    std::iter::once(everything).chain(each).collect()
}
