//! What the operator decides about organizations.

use http::StatusCode;
use shared::audit::{self, About, Action as Deed, Actor, Record};
use shared::dynamo::Write;
use shared::identity::access::Action;

use shared::ids::OrganizationId;
use shared::notice::administrators::to_administrators;
use shared::notice::{News, owed};
use shared::organization::{Organization, State, store};
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, Kind, Reply};

use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{Deed as Button, OrganizationLine, OrganizationsPage};
use crate::wire::{NothingShape, OrganizationLineShape, OrganizationsShape};
use crate::words;

#[utoipa::path(
    get,
    path = "/{organization}/manage/organizations",
    tag = "Operator",
    summary = "Every organization of the installation",
    params(("organization" = String, Path, description = "The operator's own: operator")),
    responses(
        (status = 200, description = "The organizations", body = OrganizationsShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn list(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_installation(Action::DecideOrganizations).await?;
    organizations_page(visit, &guest, None).await
}

async fn organizations_page(
    visit: &Visit<'_>,
    guest: &Guest,
    refused: Option<&Fault>,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let mut organizations = Vec::new();
    for id in store::all(service).await? {
        organizations.extend(store::get(service, id).await?.filter(|found| !found.is_operator()));
    }
    organizations.sort_by_cached_key(|one: &Organization| {
        (one.state != State::Awaiting, one.name.to_lowercase(), one.id)
    });
    if !visit.incoming.wants_page() {
        let organizations = organizations.iter().map(shape).collect();
        return Ok(Reply::json(StatusCode::OK, &OrganizationsShape { organizations }));
    }
    let shown = OrganizationsPage {
        head: guest.head(),
        sections: guest.sections("/organizations"),
        news: words::news(visit),
        refusal: refused.map(|fault| fault.message.clone()),
        organizations: organizations.iter().map(|organization| line(guest, organization)).collect(),
    };
    Ok(page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown))
}

fn shape(organization: &Organization) -> OrganizationLineShape {
    OrganizationLineShape {
        id: organization.id.to_string(),
        name: organization.name.clone(),
        web_name: organization.web_name.to_string(),
        state: organization.state.word(),
    }
}

fn line(guest: &Guest, organization: &Organization) -> OrganizationLine {
    let deed = |explained, to: &str, button: String, harm| Button {
        explained,
        action: guest.path(&format!("/organizations/{}/{to}", organization.id)),
        button,
        harm,
        fields: Vec::new(),
    };
    let name = &organization.name;
    let (state, deeds) = match organization.state {
        State::Awaiting => (
            "Waits for approval",
            vec![deed(
                "It can be reached from then on, and is told so.",
                "approve",
                format!("Approve {name}"),
                false,
            )],
        ),
        State::Active => (
            "Active",
            vec![deed(
                "Nobody can reach it then. Nothing is deleted.",
                "suspend",
                format!("Suspend {name}"),
                true,
            )],
        ),
        State::Suspended => (
            "Suspended",
            vec![deed(
                "It can be reached again, as it was.",
                "reinstate",
                format!("Let {name} in again"),
                false,
            )],
        ),
        // It is no longer listed.
        State::Erased => ("Deleted", Vec::new()),
    };
    OrganizationLine {
        id: organization.id.to_string(),
        name: name.clone(),
        web_name: organization.web_name.to_string(),
        state,
        deeds,
    }
}

/// A change of an organization's state.
struct Turn {
    from: State,
    to: State,
    record: Deed,
    said: &'static str,
}

async fn turn(visit: &Visit<'_>, turn: Turn) -> Result<Reply, Fault> {
    let guest = visit.at_installation(Action::DecideOrganizations).await?;
    let NothingShape {} = visit.sent(&guest)?;
    let service = &visit.function.service;
    let id = OrganizationId::parse(visit.incoming.path("id")).ok_or_else(Fault::not_found)?;
    let found = store::get(service, id).await?.filter(|found| !found.is_operator());
    let before = found.ok_or_else(Fault::not_found)?;
    let after = Organization { state: turn.to, ..before.clone() };
    let path = guest.path(&format!("/organizations?done={}", turn.said));
    if before.state == turn.to {
        return Ok(done(visit, &path, StatusCode::OK, &shape(&after)));
    }
    let refused = || Fault::new(Kind::Conflict, "The organization is in another state by now.");
    let committed = if before.state == turn.from {
        let record = guest.deed(turn.record, About::Organization);
        // Both the operator's trail and the organization's own say so; there it
        // is none of its own members.
        let theirs = Record { actor: Actor::Operator(guest.member_id()?), ..record.clone() };
        let mut writes = vec![
            store::changing_state(service, id, turn.from, turn.to)?,
            audit::record(service, guest.organization().id, &record, visit.now)?,
            audit::record(service, id, &theirs, visit.now)?,
        ];
        if turn.record == Deed::OrganizationApproved {
            writes.push(told(visit, &before)?);
        }
        Write::commit_all(&writes, &service.dynamo, &*service.chance).await?
    } else {
        false
    };
    if committed {
        return Ok(done(visit, &path, StatusCode::OK, &shape(&after)));
    }
    if visit.incoming.wants_page() {
        return organizations_page(visit, &guest, Some(&refused())).await;
    }
    Err(refused())
}

/// What tells an organization's administrators of its approval.
fn told(visit: &Visit<'_>, organization: &Organization) -> Result<Write, Fault> {
    let (id, news) = (organization.id, News::OrganizationApproved);
    let notice = to_administrators(id, news, *id.as_bytes(), visit.now);
    Ok(owed::owe(&visit.function.service.settings.tables.mail, &notice)?)
}

macro_rules! turn {
    ($name:ident, $path:literal, $summary:literal, $turn:expr) => {
        #[utoipa::path(
            post,
            path = $path,
            tag = "Operator",
            summary = $summary,
            params(
                ("organization" = String, Path, description = "The operator's own: operator"),
                ("id" = String, Path, description = "The organization's id"),
            ),
            responses(
                (status = 200, description = "Done", body = OrganizationLineShape),
                (status = 400, description = "A value cannot be used", body = ErrorShape),
                (status = 401, description = "Nobody is signed in", body = ErrorShape),
                (status = 403, description = "The access level does not include this", body = ErrorShape),
                (status = 404, description = "There is nothing here", body = ErrorShape),
                (status = 409, description = "It is in another state", body = ErrorShape),
                (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
            )
        )]
        pub(crate) async fn $name(visit: &Visit<'_>) -> Result<Reply, Fault> {
            turn(visit, $turn).await
        }
    };
}

turn!(
    approve,
    "/{organization}/manage/organizations/{id}/approve",
    "Let an organization that was signed up be reached",
    Turn {
        from: State::Awaiting,
        to: State::Active,
        record: Deed::OrganizationApproved,
        said: "approved",
    }
);
turn!(
    suspend,
    "/{organization}/manage/organizations/{id}/suspend",
    "Let an organization be reached by nobody; nothing is deleted",
    Turn {
        from: State::Active,
        to: State::Suspended,
        record: Deed::OrganizationSuspended,
        said: "suspended",
    }
);
turn!(
    reinstate,
    "/{organization}/manage/organizations/{id}/reinstate",
    "Let a suspended organization be reached again",
    Turn {
        from: State::Suspended,
        to: State::Active,
        record: Deed::OrganizationResumed,
        said: "reinstated",
    }
);
