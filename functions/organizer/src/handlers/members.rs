//! Members: the list, inviting, and what else an administrator does.

use std::collections::{BTreeSet, HashMap};

use http::StatusCode;
use shared::audit::{About, Actor};
use shared::identity::Username;
use shared::identity::access::{Action, Coverage, Level, Target};
use shared::identity::member::{self, Failure, Member, Newcomer, Refusal, State};
use shared::identity::team::Team;
use shared::ids::{EventId, MemberId, ResourceId};
use shared::personal::{EmailAddress, PersonName, Unfit};
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, FieldProblem, Kind, Reply};

use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{
    Access, Choice, Deed, Field, Invite, MemberLine, MemberPage, MembersPage, Problem, Tick,
    TickGroup, Undo,
};
use crate::wire::{
    AccessShape, EndedShape, InviteShape, MemberShape, MembersShape, NothingShape, SupporterShape,
};
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
fn problems(refused: Option<&Fault>) -> Vec<Problem> {
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

fn error_of(refused: Option<&Fault>, name: &str) -> Option<String> {
    let problem = refused?.fields.iter().find(|problem| problem.field == name)?;
    Some(problem.message.clone())
}

fn shape(member: &Member) -> MemberShape {
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

/// The events and resources of the organization, for boxes and for words.
struct Places {
    events: Vec<(EventId, String, Vec<(ResourceId, String)>)>,
}

impl Places {
    async fn read(visit: &Visit<'_>, guest: &Guest) -> Result<Self, Fault> {
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

    fn line(&self, guest: &Guest, member: &Member, linked: bool) -> MemberLine {
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
    fn access(&self, level: Level, coverage: &Coverage, error: Option<String>) -> Access {
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
    fn access_of_form(&self, typed: &HashMap<String, String>, error: Option<String>) -> Access {
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
fn access(shape: &AccessShape, places: &Places) -> Result<(Level, Coverage), Fault> {
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
fn of_form<T: serde::de::DeserializeOwned>(fields: &HashMap<String, String>) -> Result<T, Fault> {
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

/// A request with boxes: JSON, or a form and what was typed into it.
fn boxed<T: serde::de::DeserializeOwned>(
    visit: &Visit<'_>,
    guest: &Guest,
) -> Result<(Result<T, Fault>, HashMap<String, String>), Fault> {
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
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "The username is taken", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn invite(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ManageMembers).await?;
    let (wish, typed) = boxed::<InviteShape>(visit, &guest)?;
    match invited(visit, &guest, wish).await {
        Ok(member) => {
            let path = guest.path("/members?done=invited");
            Ok(done(visit, &path, StatusCode::CREATED, &shape(&member)))
        }
        Err(fault) if visit.incoming.wants_page() && is_theirs(&fault) => {
            members_page(visit, &guest, Some(&fault), &typed).await
        }
        Err(fault) => Err(fault),
    }
}

/// Whether a fault is one that the form can be shown with again.
fn is_theirs(fault: &Fault) -> bool {
    matches!(fault.kind, Kind::Invalid | Kind::Conflict)
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
    team(visit, guest)?.invite(newcomer).await.map_err(refusal)
}

fn team<'a>(visit: &'a Visit<'_>, guest: &'a Guest) -> Result<Team<'a>, Fault> {
    Ok(Team {
        service: &visit.function.service,
        snapshot: &guest.snapshot,
        by: Actor::Member(guest.member_id()?),
        network: Some(guest.network),
        now: visit.now,
    })
}

/// Why a member was not changed, in words.
fn refusal(failure: Failure) -> Fault {
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
        Refusal::Overtaken => {
            conflict("Somebody else has just changed this. Please look at it again and repeat it.")
        }
    }
}

#[utoipa::path(
    get,
    path = "/{organization}/manage/members/{member}",
    tag = "Members",
    summary = "One member",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("member" = String, Path, description = "The member's id"),
    ),
    responses(
        (status = 200, description = "The member", body = MemberShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn member(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::SeeMembers).await?;
    let member = named(visit, &guest).await?;
    member_page(visit, &guest, &member, None, StatusCode::OK).await
}

/// The member whom the path names.
async fn named(visit: &Visit<'_>, guest: &Guest) -> Result<Member, Fault> {
    let id = MemberId::parse(visit.incoming.path("member")).ok_or_else(Fault::not_found)?;
    let service = &visit.function.service;
    let found = member::store::find(service, guest.organization().id, guest.keys(), id).await?;
    found.ok_or_else(Fault::not_found)
}

async fn member_page(
    visit: &Visit<'_>,
    guest: &Guest,
    member: &Member,
    refused: Option<&Fault>,
    status: StatusCode,
) -> Result<Reply, Fault> {
    visit.look(guest, About::Member(member.id), "member", 1, None).await?;
    if !visit.incoming.wants_page() {
        return Ok(Reply::json(status, &shape(member)));
    }
    let places = Places::read(visit, guest).await?;
    let manages = guest.may(Action::ManageMembers, Target::Account);
    let path = |deed: &str| guest.path(&format!("/members/{}{deed}", member.id));
    let own = guest.member().is_some_and(|own| own.id == member.id);
    let mut news = words::news(visit);
    if let Some(news) = &mut news
        && visit.incoming.query("done") == Some("disabled")
        && member.state == State::Disabled
    {
        news.undo = Some(Undo { action: path("/enable"), text: "Let them in again".into() });
    }
    let zone = &guest.organization().zone;
    let shown = MemberPage {
        head: guest.head(),
        sections: guest.sections("/members"),
        news,
        problems: problems(refused),
        member: places.line(guest, member, false),
        since: zone.long_day(member.made),
        members_path: guest.path("/members"),
        trail_path: guest
            .may(Action::ReadAudit, Target::Account)
            .then(|| guest.path(&format!("/audit?actor={}", member.id))),
        access: manages.then(|| {
            let error = error_of(refused, "coverage").or_else(|| error_of(refused, "level"));
            (path("/access"), places.access(member.level, &member.coverage, error))
        }),
        deeds: if manages { deeds(guest, member, own) } else { Vec::new() },
        hint: own.then_some("This is your own account: another administrator can disable it."),
    };
    Ok(page(status, &shown))
}

/// What an administrator can do about a member as they are.
fn deeds(guest: &Guest, member: &Member, own: bool) -> Vec<Deed> {
    let name = member.name.expose();
    let deed = |explained, to: &str, button: String, harm| Deed {
        explained,
        action: guest.path(&format!("/members/{}/{to}", member.id)),
        button,
        harm,
        fields: Vec::new(),
    };
    let mut deeds = Vec::new();
    match member.state {
        State::Invited => deeds.push(deed(
            "A new mail with a link goes to them. The link before is void then.",
            "invite",
            format!("Invite {name} again"),
            false,
        )),
        State::Active => {
            deeds.push(deed(
                "A mail with a link to choose a new password goes to them. The old one stays until they do.",
                "reset",
                "Mail a link for a new password".into(),
                false,
            ));
            deeds.push(deed(
                "They are signed out on every device at once, and can sign in again.",
                "sessions/end",
                "Sign them out everywhere".into(),
                false,
            ));
        }
        State::Disabled => deeds.push(deed(
            "They can sign in again as before. Who never chose a password gets a new invitation.",
            "enable",
            format!("Let {name} in again"),
            false,
        )),
    }
    if member.state != State::Disabled && !own {
        deeds.push(deed(
            "They are signed out everywhere and cannot sign in until you let them in again.",
            "disable",
            format!("Do not let {name} in any more"),
            true,
        ));
    }
    if guest.may(Action::KeepSupportList, Target::Installation) {
        let (explained, button, value) = if member.supporter {
            ("Organizations can ask for their help now.", "Take them off the list of helpers", "no")
        } else {
            (
                "Organizations can then choose them when they need help.",
                "Put them on the list of helpers",
                "yes",
            )
        };
        deeds.push(Deed {
            fields: vec![("supporter", value.to_owned())],
            ..deed(explained, "supporter", button.into(), false)
        });
    }
    deeds
}

/// A deed's outcome: on to the member's page, or the page with what is wrong.
async fn after(
    visit: &Visit<'_>,
    guest: &Guest,
    before: &Member,
    outcome: Result<Member, Fault>,
    said: &str,
) -> Result<Reply, Fault> {
    match outcome {
        Ok(changed) => {
            let path = guest.path(&format!("/members/{}?done={said}", changed.id));
            Ok(done(visit, &path, StatusCode::OK, &shape(&changed)))
        }
        Err(fault) if visit.incoming.wants_page() && is_theirs(&fault) => {
            member_page(visit, guest, before, Some(&fault), fault.kind.status()).await
        }
        Err(fault) => Err(fault),
    }
}

macro_rules! deed {
    ($(#[$doc:meta])* $name:ident, $path:literal, $summary:literal, $said:literal, $team:ident, $member:ident => $act:expr) => {
        #[utoipa::path(
            post,
            path = $path,
            tag = "Members",
            summary = $summary,
            params(
                ("organization" = String, Path, description = "The organization's name in addresses"),
                ("member" = String, Path, description = "The member's id"),
            ),
            responses(
                (status = 200, description = "Done", body = MemberShape),
                (status = 400, description = "A value cannot be used", body = ErrorShape),
                (status = 401, description = "Nobody is signed in", body = ErrorShape),
                (status = 403, description = "The access level does not include this", body = ErrorShape),
                (status = 404, description = "There is nothing here", body = ErrorShape),
                (status = 409, description = "It meets the state of things", body = ErrorShape),
                (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
            )
        )]
        pub(crate) async fn $name(visit: &Visit<'_>) -> Result<Reply, Fault> {
            let guest = visit.at_account(Action::ManageMembers).await?;
            let NothingShape {} = visit.sent(&guest)?;
            let $member = named(visit, &guest).await?;
            let $team = team(visit, &guest)?;
            let outcome = $act.map_err(refusal);
            after(visit, &guest, &$member, outcome, $said).await
        }
    };
}

deed!(disable, "/{organization}/manage/members/{member}/disable",
    "End their sessions at once and let them in no more", "disabled",
    team, member => team.disable(&member).await);
deed!(enable, "/{organization}/manage/members/{member}/enable",
    "Let them in again", "enabled",
    team, member => team.enable(&member).await);
deed!(invite_again, "/{organization}/manage/members/{member}/invite",
    "Send the invitation again; the link before is void", "invited",
    team, member => team.invite_again(&member).await);
deed!(reset, "/{organization}/manage/members/{member}/reset",
    "Mail them a link to choose a new password", "reset",
    team, member => team.send_reset(&member).await.map(|()| member.clone()));

#[utoipa::path(
    post,
    path = "/{organization}/manage/members/{member}/access",
    tag = "Members",
    summary = "Change what they may do, and where; they sign in again",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("member" = String, Path, description = "The member's id"),
    ),
    request_body = AccessShape,
    responses(
        (status = 200, description = "Changed", body = MemberShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "No administrator would be left", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn change_access(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ManageMembers).await?;
    let (wish, _) = boxed::<AccessShape>(visit, &guest)?;
    let member = named(visit, &guest).await?;
    let changed = async {
        let places = Places::read(visit, &guest).await?;
        let (level, coverage) = access(&wish?, &places)?;
        team(visit, &guest)?.change_access(&member, level, coverage).await.map_err(refusal)
    };
    let outcome = changed.await;
    after(visit, &guest, &member, outcome, "access").await
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/members/{member}/sessions/end",
    tag = "Members",
    summary = "Sign them out everywhere",
    params(
        ("organization" = String, Path, description = "The organization's name in addresses"),
        ("member" = String, Path, description = "The member's id"),
    ),
    responses(
        (status = 200, description = "Signed out", body = EndedShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "Somebody else has just changed them", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn end_sessions(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ManageMembers).await?;
    let NothingShape {} = visit.sent(&guest)?;
    let member = named(visit, &guest).await?;
    let ended = team(visit, &guest)?.end_sessions(&member).await.map_err(refusal)?;
    let path = guest.path(&format!("/members/{}?done=ended", member.id));
    Ok(done(visit, &path, StatusCode::OK, &EndedShape { ended }))
}

#[utoipa::path(
    post,
    path = "/{organization}/manage/members/{member}/supporter",
    tag = "Operator",
    summary = "Put one of the operator's members on the list of those who may be asked for help, or take them off",
    params(
        ("organization" = String, Path, description = "The operator's own: operator"),
        ("member" = String, Path, description = "The member's id"),
    ),
    request_body = SupporterShape,
    responses(
        (status = 200, description = "Changed", body = MemberShape),
        (status = 400, description = "A value cannot be used", body = ErrorShape),
        (status = 401, description = "Nobody is signed in", body = ErrorShape),
        (status = 403, description = "The access level does not include this", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn supporter(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_installation(Action::KeepSupportList).await?;
    let shape: SupporterShape = visit.sent(&guest)?;
    let supporter = match shape.supporter.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Fault::field("supporter", "Say yes or no.")),
    };
    let member = named(visit, &guest).await?;
    let outcome = team(visit, &guest)?.set_supporter(&member, supporter).await.map_err(refusal);
    let said = if supporter { "supporter" } else { "no-supporter" };
    after(visit, &guest, &member, outcome, said).await
}
