//! Members: the list, and inviting somebody.

use std::collections::HashMap;

use http::StatusCode;
use shared::audit::{About, Actor};
use shared::identity::Username;
use shared::identity::access::{Action, Coverage, Target};
use shared::identity::member::{self, Failure, Member, Newcomer, Refusal};
use shared::identity::team::Team;
use shared::ids::MemberId;
use shared::personal::{EmailAddress, PersonName, Unfit};
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, FieldProblem, Kind, Reply};

use super::coverage::{Places, access, of_form};
use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{Field, Invite, MembersPage, Problem};
use crate::wire::{AccessShape, InviteShape, MemberShape, MembersShape};
use crate::words;

#[utoipa::path(
    get,
    path = "/{organization}/manage/members",
    tag = "Members",
    summary = "The members, by name",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    responses(
        (status = 200, description = "The members", body = MembersShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn list(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::SeeMembers).await?;
    members_page(visit, &guest, None, &HashMap::new()).await
}

async fn members_page(
    visit: &Visit<'_>,
    guest: &Guest,
    refused: Option<&Fault>,
    typed: &HashMap<String, String>,
) -> Result<Reply, Fault> {
    let service = &visit.function.service;
    let members = member::store::list(service, guest.organization().id, guest.keys()).await?;
    visit.look(guest, About::Organization, "members", members.len(), None).await?;
    let places = Places::read(visit, guest).await?;
    if !visit.incoming.wants_page() {
        let members = members.iter().map(shape).collect();
        return Ok(Reply::json(StatusCode::OK, &MembersShape { members }));
    }
    let manages = guest.may(Action::ManageMembers, Target::Account);
    let problems = problems(refused);
    let field = |name: &str| Field {
        value: typed.get(name).cloned().unwrap_or_default(),
        error: error_of(refused, name),
    };
    let shown = MembersPage {
        head: guest.head(),
        sections: guest.sections("/members"),
        news: words::news(visit),
        members: members.iter().map(|member| places.line(guest, member, manages)).collect(),
        invite: manages.then(|| Invite {
            action: guest.path("/members"),
            open: refused.is_some(),
            name: field("name"),
            email: field("email"),
            username: field("username"),
            access: places.access_of_form(typed, error_of(refused, "coverage")),
        }),
        problems,
    };
    Ok(page(refused.map_or(StatusCode::OK, |fault| fault.kind.status()), &shown))
}

/// What is wrong with which field, for the summary.
pub(super) fn problems(refused: Option<&Fault>) -> Vec<Problem> {
    let Some(fault) = refused else { return Vec::new() };
    let label = |field: &str| match field {
        "name" => "Name: ",
        "email" => "Email: ",
        "username" => "Username: ",
        "level" => "Access level: ",
        _ => "",
    };
    let mut problems: Vec<Problem> = fault
        .fields
        .iter()
        .map(|problem| Problem {
            id: problem.field.clone(),
            text: format!("{}{}", label(&problem.field), problem.message),
        })
        .collect();
    if problems.is_empty() {
        problems.push(Problem { id: "main".into(), text: fault.message.clone() });
    }
    problems
}

pub(super) fn error_of(refused: Option<&Fault>, name: &str) -> Option<String> {
    let problem = refused?.fields.iter().find(|problem| problem.field == name)?;
    Some(problem.message.clone())
}

pub(super) fn shape(member: &Member) -> MemberShape {
    let (everything, events, resources) = match &member.coverage {
        Coverage::Everything => (true, Vec::new(), Vec::new()),
        Coverage::Only { events, resources } => (
            false,
            events.iter().map(ToString::to_string).collect(),
            resources.iter().map(|(event, resource)| format!("{event}/{resource}")).collect(),
        ),
    };
    MemberShape {
        id: member.id.to_string(),
        name: member.name.expose().to_owned(),
        username: member.username.expose().to_owned(),
        email: member.email.expose().to_owned(),
        level: member.level.word(),
        everything,
        events,
        resources,
        state: member.state.word(),
        supporter: member.supporter,
    }
}

/// What was sent, and how it was typed where that was a form.
pub(super) type Sent<T> = (Result<T, Fault>, HashMap<String, String>);

/// A request with boxes: JSON, or a form and what was typed into it.
pub(super) fn boxed<T: serde::de::DeserializeOwned>(
    visit: &Visit<'_>,
    guest: &Guest,
) -> Result<Sent<T>, Fault> {
    if !visit.incoming.is_form() {
        return Ok((visit.incoming.typed(), HashMap::new()));
    }
    let fields = visit.fields(guest)?;
    Ok((of_form(&fields), fields))
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/members",
    tag = "Members",
    summary = "Invite somebody: they get a mail with a link to choose a password",
    params(("organization" = String, Path, description = "The organization's name in addresses")),
    request_body = InviteShape,
    responses(
        (status = 201, description = "Invited", body = MemberShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "The username is taken", body = ErrorShape),
        (status = 429, description = "Too many mails; see Retry-After", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn invite(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ManageMembers).await?;
    let (wish, typed) = boxed::<InviteShape>(visit, &guest)?;
    visit.freshly(&guest, "/members")?;
    match invited(visit, &guest, wish).await {
        Ok(member) => {
            let path = guest.path("/members?done=invited");
            Ok(done(visit, &path, StatusCode::CREATED, &shape(&member)))
        }
        Err(fault) if visit.incoming.wants_page() && is_theirs(&fault) => {
            Ok(members_page(visit, &guest, Some(&fault), &typed).await?.after(&fault))
        }
        Err(fault) => Err(fault),
    }
}

/// Whether a fault is one that the form can be shown with again.
pub(super) fn is_theirs(fault: &Fault) -> bool {
    matches!(fault.kind, Kind::Invalid | Kind::Conflict | Kind::TooManyRequests)
}

async fn invited(
    visit: &Visit<'_>,
    guest: &Guest,
    wish: Result<InviteShape, Fault>,
) -> Result<Member, Fault> {
    let wish = wish?;
    let places = Places::read(visit, guest).await?;
    let mut problems = Vec::new();
    let mut note = |field: &str, why: String| {
        problems.push(FieldProblem { field: field.to_owned(), message: why });
    };
    let unfit = |why: Unfit| why.to_string();
    let name = PersonName::parse(&wish.name).map_err(|why| note("name", unfit(why))).ok();
    let email = EmailAddress::parse(&wish.email).map_err(|why| note("email", unfit(why))).ok();
    let username = Username::parse(&wish.username).map_err(|why| note("username", unfit(why))).ok();
    let wished = AccessShape {
        level: wish.level,
        everything: wish.everything,
        events: wish.events,
        resources: wish.resources,
    };
    let access = access(&wished, &places);
    if let Err(fault) = &access {
        problems.extend(fault.fields.clone());
    }
    let (Some(name), Some(email), Some(username), Ok((level, coverage))) =
        (name, email, username, access)
    else {
        return Err(Fault::fields(problems));
    };
    let service = &visit.function.service;
    let id =
        MemberId::fresh(visit.now, &*service.chance).map_err(shared::trouble::Trouble::from)?;
    let newcomer = Newcomer { id, username, name, email, level, coverage };
    team(visit, guest)?.invite(newcomer).await.map_err(|failure| match failure {
        Failure::Refused(Refusal::TooManyMails(_)) => refusal(failure).at("email"),
        failure => refusal(failure),
    })
}

pub(super) fn team<'a>(visit: &'a Visit<'_>, guest: &'a Guest) -> Result<Team<'a>, Fault> {
    Ok(Team {
        service: &visit.function.service,
        allowances: &visit.function.allowances,
        snapshot: &guest.snapshot,
        by: Actor::Member(guest.member_id()?),
        network: Some(guest.network),
        now: visit.now,
    })
}

/// Why a member was not changed, in words.
pub(super) fn refusal(failure: Failure) -> Fault {
    let refusal = match failure {
        Failure::Trouble(trouble) => return trouble.into(),
        Failure::Refused(refusal) => refusal,
    };
    let conflict = |words: &str| Fault::new(Kind::Conflict, words);
    match refusal {
        Refusal::Absent => Fault::not_found(),
        Refusal::UsernameTaken => {
            conflict("Another member signs in under this name. Choose a different one.")
                .at("username")
        }
        Refusal::LastAdministrator => {
            conflict("They are the last administrator. Make somebody else an administrator first.")
                .at("level")
        }
        Refusal::Themselves => {
            conflict("You cannot do this to your own account. Another administrator can.")
        }
        Refusal::TooManyMails(wait) => Fault::new(
            Kind::TooManyRequests,
            "Enough mails went to this address for now. Please try again in an hour.",
        )
        .retry_after(wait),
        Refusal::TooManyMailsToday(wait) => Fault::new(
            Kind::TooManyRequests,
            "Your organization has sent as many of these mails as it may in a day. Please go on tomorrow.",
        )
        .retry_after(wait),
        Refusal::Overtaken => {
            conflict("Somebody else has just changed this. Please look at it again and repeat it.")
        }
    }
}
