//! Letting somebody of the operator's see data to help.

use std::collections::HashMap;

use futures::future::try_join_all;
use http::StatusCode;
use jiff::SignedDuration;
use shared::audit::{About, Guest as Reader};
use shared::dynamo::TRIES;
use shared::identity::access::Action;
use shared::identity::member::{self, State};
use shared::identity::support::{self, Grant};
use shared::ids::{MemberId, SupportGrantId};
use shared::personal::Note;
use shared::trouble::Trouble;
use shared::web::incoming::from_object;
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, FieldProblem, Kind, Reply};

use super::names::Names;
use super::reads::Listing;
use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{Choice, Field, GrantLine, Problem, SupportPage};
use crate::wire::{AskForHelpShape, GrantShape, NothingShape, SupportShape, SupporterLineShape};
use crate::words;

#[utoipa::path(
    get,
    path = "/{organization}/manage/support",
    tag = "Support",
    summary = "Who may help, who did, and what they read",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("of" = Option<String>, Query, description = "On the page: the permission whose reads are listed in full"),
        ("before" = Option<String>, Query, description = "On the page: only its reads before this record"),
    ),
    responses(
        (status = 200, description = "The permissions", body = SupportShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn list(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::GrantSupport).await?;
    support_page(visit, &guest, None, &HashMap::new()).await
}

/// The persons whom the operator has put on its list, by name.
async fn supporters(visit: &Visit<'_>) -> Result<Vec<(MemberId, String)>, Fault> {
    let service = &visit.function.service;
    let Some(operator) = service.organization("operator", visit.now).await? else {
        return Ok(Vec::new());
    };
    let id = operator.organization.id;
    let members = member::store::list(service, id, &operator.keys).await?;
    Ok(members
        .into_iter()
        .filter(|member| member.supporter && member.state == State::Active)
        .map(|member| (member.id, member.name.expose().to_owned()))
        .collect())
}

async fn support_page(
    visit: &Visit<'_>,
    guest: &Guest,
    refused: Option<&Fault>,
    typed: &HashMap<String, String>,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let grants = support::list(service, organization, guest.keys()).await?;
    let supporters = supporters(visit).await?;
    visit.look(guest, About::Organization, "support", supporters.len(), None).await?;
    let names = Names::read(visit, guest).await?;
    let is_listed = |grant: &Grant| supporters.iter().any(|(id, _)| *id == grant.supporter);
    if !visit.incoming.wants_page() {
        let grants = grants.iter().map(|grant| GrantShape {
            holds: grant.holds(visit.now) && is_listed(grant),
            ..shape(visit, guest, grant, &names)
        });
        let shape = SupportShape {
            grants: grants.collect(),
            supporters: supporters
                .iter()
                .map(|(id, name)| SupporterLineShape { id: id.to_string(), name: name.clone() })
                .collect(),
        };
        return Ok(Reply::json(StatusCode::OK, &shape));
    }
    let error = |name: &str| {
        let fields = refused.map(|fault| fault.fields.as_slice()).unwrap_or_default();
        fields.iter().find(|problem| problem.field == name).map(|found| found.message.clone())
    };
    let said = |name: &str| typed.get(name).map(String::as_str);
    let listing = Listing::asked(visit, "/support")?;
    let lines = grants.iter().enumerate().map(|(place, grant)| {
        line(visit, guest, (grant, is_listed(grant)), &names, (&listing, place))
    });
    let lines = try_join_all(lines).await?;
    let hours = [1, 2, 4, 8, 24].map(|hours: u32| Choice {
        value: hours.to_string(),
        text: if hours == 1 { "An hour".into() } else { format!("{hours} hours") },
        chosen: said("hours") == Some(&hours.to_string()),
    });
    let shown = SupportPage {
        head: guest.head(),
        sections: guest.sections("/support"),
        news: words::news(visit),
        problems: refused
            .iter()
            .flat_map(|fault| {
                let at_fields = fault.fields.iter().map(|problem| Problem {
                    id: problem.field.clone(),
                    text: problem.message.clone(),
                });
                let none = fault.fields.is_empty();
                let whole = Problem { id: "main".into(), text: fault.message.clone() };
                at_fields.chain(none.then_some(whole))
            })
            .collect(),
        action: guest.path("/support"),
        supporters: supporters
            .into_iter()
            .map(|(id, name)| Choice {
                value: id.to_string(),
                text: name,
                chosen: said("supporter") == Some(&id.to_string()),
            })
            .collect(),
        supporter_error: error("supporter"),
        reason: Field {
            value: said("reason").unwrap_or_default().to_owned(),
            error: error("reason"),
        },
        hours: hours.to_vec(),
        hours_error: error("hours"),
        grants: lines,
    };
    Ok(page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown))
}

fn shape(visit: &Visit<'_>, guest: &Guest, grant: &Grant, names: &Names) -> GrantShape {
    let zone = &guest.organization().zone;
    GrantShape {
        id: grant.id.to_string(),
        supporter: names.supporter(grant.supporter),
        reason: grant.reason.expose().to_owned(),
        made: zone.rfc3339(grant.made),
        until: zone.rfc3339(grant.until),
        holds: grant.holds(visit.now),
    }
}

async fn line(
    visit: &Visit<'_>,
    guest: &Guest,
    (grant, is_listed): (&Grant, bool),
    names: &Names,
    (listing, place): (&Listing, usize),
) -> Result<GrantLine, Fault> {
    let zone = &guest.organization().zone;
    let holds = grant.holds(visit.now);
    let reads = listing.reads(visit, guest, names, Reader::Support(grant.id), place).await?;
    Ok(GrantLine {
        supporter: names.supporter(grant.supporter),
        by: names.member(grant.granted_by),
        reason: grant.reason.expose().to_owned(),
        span: zone.span(grant.made, grant.end()),
        state: match (grant.withdrawn, grant.replaced, holds) {
            (Some(_), ..) => "Withdrawn",
            (None, Some(_), _) => "Replaced by a later one",
            (None, None, true) if is_listed => "Can read now",
            // Back on the list, they could again.
            (None, None, true) => "Kept out: not on the list of helpers at present",
            (None, None, false) => "Ended",
        },
        withdraw: holds.then(|| guest.path(&format!("/support/{}/withdraw", grant.supporter))),
        reads,
    })
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/support",
    tag = "Support",
    summary = "Let one of the operator's people see data to help; all administrators are told",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    request_body = AskForHelpShape,
    responses(
        (status = 201, description = "They may read from now on", body = GrantShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn allow(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::GrantSupport).await?;
    let (wish, typed) = if visit.incoming.is_form() {
        let fields = visit.fields(&guest)?;
        (of_form(&fields), fields)
    } else {
        (visit.incoming.typed(), HashMap::new())
    };
    visit.freshly(&guest, "/support")?;
    let granted = async { granted(visit, &guest, &wish?).await };
    match granted.await {
        Ok(grant) => {
            let path = guest.path("/support?done=granted");
            let names = Names::read(visit, &guest).await?;
            let shape = shape(visit, &guest, &grant, &names);
            Ok(done(visit, &path, StatusCode::CREATED, &shape))
        }
        Err(fault) if visit.incoming.wants_page() && fault.kind == Kind::Invalid => {
            support_page(visit, &guest, Some(&fault), &typed).await
        }
        Err(fault) => Err(fault),
    }
}

fn of_form(fields: &HashMap<String, String>) -> Result<AskForHelpShape, Fault> {
    let mut object = serde_json::Map::new();
    for (name, value) in fields {
        let value = match name.as_str() {
            "hours" => value.parse::<u32>().unwrap_or(0).into(),
            _ => value.clone().into(),
        };
        object.insert(name.clone(), value);
    }
    from_object(object)
}

async fn granted(visit: &Visit<'_>, guest: &Guest, wish: &AskForHelpShape) -> Result<Grant, Fault> {
    let mut problems = Vec::new();
    let mut note = |field: &str, message: String| {
        problems.push(FieldProblem { field: field.to_owned(), message });
    };
    let listed = supporters(visit).await?;
    let supporter =
        MemberId::parse(&wish.supporter).filter(|id| listed.iter().any(|(known, _)| known == id));
    if supporter.is_none() {
        note("supporter", "Choose one of the people on the list.".into());
    }
    let reason = Note::parse(&wish.reason)
        .map_err(|why| note("reason", format!("Write why they are needed. {why}")))
        .ok();
    let hours = (1..=24).contains(&wish.hours);
    if !hours {
        note("hours", "Choose 1 to 24 hours.".into());
    }
    let (Some(supporter), Some(reason), true) = (supporter, reason, hours) else {
        return Err(Fault::fields(problems));
    };
    let service = &visit.function.service;
    let id = SupportGrantId::fresh(visit.now, &*service.chance).map_err(Trouble::from)?;
    let until = visit.now + SignedDuration::from_hours(wish.hours.into());
    let grant = Grant::new(id, supporter, guest.member_id()?, reason, visit.now, until)
        .map_err(|why| Fault::field("hours", why.to_string()))?;
    support::grant(service, &guest.snapshot, &grant, guest.network).await?;
    Ok(grant)
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/support/{member}/withdraw",
    tag = "Support",
    summary = "End somebody's help at once",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("member" = String, Path, description = "The id of the person who was let in"),
    ),
    responses(
        (status = 200, description = "It is over", body = GrantShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Somebody else changes it at the moment", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn withdraw(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::GrantSupport).await?;
    let NothingShape {} = visit.sent(&guest)?;
    let id = MemberId::parse(visit.incoming.path("member")).ok_or_else(Fault::not_found)?;
    let service = &visit.function.service;
    let organization = guest.organization().id;
    let by = (guest.member_id()?, guest.network);
    for _ in 0..TRIES {
        let found = support::find(service, organization, guest.keys(), id).await?;
        let grant = found.ok_or_else(Fault::not_found)?;
        // Over before: what is asked for is so. What was replaced this very
        // moment is not over: the later one is ended.
        if grant.holds(visit.now)
            && !support::withdraw(service, organization, &grant, by, visit.now).await?
        {
            continue;
        }
        return withdrawn(visit, &guest, grant).await;
    }
    Err(Fault::new(Kind::Conflict, "Somebody else changes this at the moment. Please try again."))
}

async fn withdrawn(visit: &Visit<'_>, guest: &Guest, grant: Grant) -> Result<Reply, Fault> {
    let grant = Grant { withdrawn: grant.withdrawn.or(Some(visit.now)), ..grant };
    let path = guest.path("/support?done=withdrawn");
    let names = Names::read(visit, guest).await?;
    let shape = shape(visit, guest, &grant, &names);
    Ok(done(visit, &path, StatusCode::OK, &shape))
}
