//! Where the team's pages begin.

use http::StatusCode;
use shared::identity::access::{Action, Coverage, Target};
use shared::identity::caller::Caller;
use shared::identity::emergency;
use shared::time::short_day;
use shared::web::page::page;
use shared::web::{Fault, Reply};

use crate::Visit;
use crate::guard::Guest;
use crate::pages::{EventLine, Heed, HomePage};
use crate::wire::{EventLineShape, HomeShape};
use crate::words::news;

#[utoipa::path(
    get,
    path = "/{organization}/manage",
    tag = "Team",
    summary = "What waits for the asker, and the events they cover",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 200, description = "What they may see", body = HomeShape),
        (status = 401, description = "Nobody is signed in", body = shared::web::page::ErrorShape),
        (status = 403, description = "The access level does not include this", body = shared::web::page::ErrorShape),
        (status = 404, description = "There is nothing here", body = shared::web::page::ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = shared::web::page::ErrorShape),
    )
)]
pub(crate) async fn home(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.team().await?;
    let events: Vec<_> =
        guest.snapshot.events.iter().filter(|event| guest.touches(event.id)).collect();
    let heeds = heeds(visit, &guest).await?;
    let path = |event: &shared::event::Event| guest.path(&format!("/events/{}", event.web_name));
    if !visit.incoming.wants_page() {
        let shape = HomeShape {
            waiting: heeds.into_iter().map(|heed| heed.text).collect(),
            events: events
                .iter()
                .map(|event| EventLineShape {
                    name: event.name.clone(),
                    path: path(event),
                    days: event.days.iter().map(ToString::to_string).collect(),
                })
                .collect(),
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let mut lines = Vec::with_capacity(events.len());
    for event in events {
        let when = match (event.days.first(), event.days.last()) {
            (Some(first), Some(last)) if first == last => Some(short_day(*first)),
            (Some(first), Some(last)) => {
                Some(format!("{} – {}", short_day(*first), short_day(*last)))
            }
            _ => None,
        };
        lines.push(EventLine {
            name: event.name.clone(),
            path: path(event),
            when,
            covered: covered(visit, &guest, event).await?,
        });
    }
    let nothing = match &guest.caller {
        Caller::Member { operator: true, .. } => {
            "This organization keeps the service and offers no appointments."
        }
        Caller::Member { member, .. } if member.coverage == Coverage::nothing() => {
            "Nothing is assigned to you yet. An administrator can change that."
        }
        _ => "There are no events yet.",
    };
    let shown = HomePage {
        head: guest.head(),
        sections: guest.sections(""),
        news: news(visit),
        heeds,
        events: lines,
        nothing,
    };
    Ok(page(StatusCode::OK, &shown))
}

/// What of an event the asker covers, in words.
async fn covered(
    visit: &Visit<'_>,
    guest: &Guest,
    event: &shared::event::Event,
) -> Result<String, Fault> {
    if guest.may(Action::SeeAppointments, Target::Event(event.id)) {
        return Ok("All appointments".into());
    }
    let service = &visit.function.service;
    let occasion = service.occasion_of(guest.snapshot.clone(), event.id).await?;
    let mut names: Vec<String> = occasion
        .iter()
        .flat_map(|occasion| occasion.resources.iter())
        .filter(|resource| {
            guest.may(Action::SeeAppointments, Target::Resource(event.id, resource.id))
        })
        .map(|resource| resource.name.clone())
        .collect();
    let more = names.len().saturating_sub(3);
    names.truncate(3);
    let named = names.join(", ");
    Ok(if more > 0 { format!("{named} and {more} more") } else { named })
}

/// What waits for an administrator.
async fn heeds(visit: &Visit<'_>, guest: &Guest) -> Result<Vec<Heed>, Fault> {
    let mut heeds = Vec::new();
    if guest.may(Action::ReviewEmergency, Target::Account) {
        let service = &visit.function.service;
        let uses = emergency::reviews(service, guest.organization().id, guest.keys()).await?;
        let zone = &guest.organization().zone;
        heeds.extend(uses.iter().filter(|used| used.signed.is_none()).map(|used| Heed {
            text: format!(
                "The emergency code was used on {}, {}.",
                zone.long_day(used.at),
                zone.clock(used.at)
            ),
            link: "Review it",
            path: guest.path("/emergency"),
        }));
    }
    Ok(heeds)
}
