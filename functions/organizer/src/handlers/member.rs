//! One member, and what an administrator does about them.

use http::StatusCode;
use shared::audit::About;
use shared::identity::access::{Action, Target};
use shared::identity::member::{self, Member, State};
use shared::ids::MemberId;
use shared::web::page::{ErrorShape, page};
use shared::web::{Fault, Reply};

use super::coverage::{Places, access};
use super::members::{boxed, error_of, is_theirs, problems, refusal, shape, team};
use crate::Visit;
use crate::guard::{Guest, done};
use crate::pages::{Deed, MemberPage, Undo};
use crate::wire::{AccessShape, EndedShape, MemberShape, NothingShape, SupporterShape};
use crate::words;

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

/// The page of the member whom the path names, if there is one.
fn page_of(visit: &Visit<'_>) -> String {
    format!("/members/{}", visit.incoming.path("member"))
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
            if !visit.incoming.wants_page() {
                // The answer holds what the member's page does, also when there
                // was nothing to change.
                visit.look(guest, About::Member(changed.id), "member", 1, None).await?;
            }
            let path = guest.path(&format!("/members/{}?done={said}", changed.id));
            Ok(done(visit, &path, StatusCode::OK, &shape(&changed)))
        }
        Err(fault) if visit.incoming.wants_page() && is_theirs(&fault) => {
            let page = member_page(visit, guest, before, Some(&fault), fault.kind.status());
            Ok(page.await?.after(&fault))
        }
        Err(fault) => Err(fault),
    }
}

/// Whether a deed asks first for a proof of who one is.
enum Fresh {
    /// It does: it lets somebody in.
    First,
    /// It does not: it puts somebody out, or repeats what was decided.
    AsIs,
}

impl Fresh {
    fn asked(&self, visit: &Visit<'_>, guest: &Guest) -> Result<(), Fault> {
        match self {
            Self::First => visit.freshly(guest, &page_of(visit)),
            Self::AsIs => Ok(()),
        }
    }
}

macro_rules! deed {
    ($(#[$doc:meta])* $name:ident, $path:literal, $summary:literal, $said:literal, $fresh:ident, $team:ident, $member:ident => $act:expr) => {
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
                (status = 403, description = "Not included, or, where that is asked for, it must be confirmed first who asks", body = ErrorShape),
                (status = 404, description = "There is nothing here", body = ErrorShape),
                (status = 409, description = "It meets the state of things", body = ErrorShape),
                (status = 429, description = "Too many mails; see Retry-After", body = ErrorShape),
                (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
            )
        )]
        pub(crate) async fn $name(visit: &Visit<'_>) -> Result<Reply, Fault> {
            let guest = visit.at_account(Action::ManageMembers).await?;
            let NothingShape {} = visit.sent(&guest)?;
            Fresh::$fresh.asked(visit, &guest)?;
            let $member = named(visit, &guest).await?;
            let $team = team(visit, &guest)?;
            let outcome = $act.map_err(refusal);
            after(visit, &guest, &$member, outcome, $said).await
        }
    };
}

deed!(disable, "/{organization}/manage/members/{member}/disable",
    "End their sessions at once and let them in no more", "disabled",
    AsIs, team, member => team.disable(&member).await);
deed!(enable, "/{organization}/manage/members/{member}/enable",
    "Let them in again", "enabled",
    First, team, member => team.enable(&member).await);
deed!(invite_again, "/{organization}/manage/members/{member}/invite",
    "Send the invitation again; the link before is void", "invited",
    AsIs, team, member => team.invite_again(&member).await);
deed!(reset, "/{organization}/manage/members/{member}/reset",
    "Mail them a link to choose a new password", "reset",
    First, team, member => team.send_reset(&member).await.map(|()| member.clone()));

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
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
        (status = 404, description = "There is nothing here", body = ErrorShape),
        (status = 409, description = "No administrator would be left", body = ErrorShape),
        (status = 503, description = "Something is failing; nothing is half done; try again", body = ErrorShape),
    )
)]
pub(crate) async fn change_access(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let guest = visit.at_account(Action::ManageMembers).await?;
    let (wish, _) = boxed::<AccessShape>(visit, &guest)?;
    visit.freshly(&guest, &page_of(visit))?;
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
        (status = 403, description = "Not included, or it must be confirmed first who asks", body = ErrorShape),
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
    visit.freshly(&guest, &page_of(visit))?;
    let member = named(visit, &guest).await?;
    let outcome = team(visit, &guest)?.set_supporter(&member, supporter).await.map_err(refusal);
    let said = if supporter { "supporter" } else { "no-supporter" };
    after(visit, &guest, &member, outcome, said).await
}
