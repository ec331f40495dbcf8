//! The beginning of an installation: the operator's own organization, and who
//! administers it first.
//!
//! Organizations sign up at the operator's. There is nobody yet at whom the
//! operator could sign up, so a command begins it, with the rights of whoever
//! runs it. It invites one person and then has no more to say: as soon as an
//! administrator can sign in, others are theirs to invite.

use jiff::{SignedDuration, Timestamp};

use crate::audit::{self, About, Action, Actor, Record};
use crate::dynamo::Write;
use crate::ids::{MemberId, OrganizationId};
use crate::organization::{self, Organization, PolicyVersion, Snapshot, State, WebName};
use crate::participant::Allowances;
use crate::service::Service;
use crate::trouble::Trouble;

use super::access::Level;
use super::door::Wanted;
use super::member::{self, Member, Refusal};
use super::team::Team;

/// What beginning has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Who was invited. Who had chosen a password once, and was disabled, can
    /// sign in again instead.
    pub administrator: Member,
    /// Whether they had been invited before: the links from then are void.
    pub again: bool,
    /// Who had been invited as administrators, and can accept no more: whoever
    /// begins anew mistyped an address, or changed their mind.
    pub withdrawn: Vec<Member>,
    /// The operator's organization, as it is called now.
    pub organization: Organization,
}

/// Why beginning did not come to its end. Where it refuses, nothing is changed but
/// that there may be an organization; where something failed, beginning again
/// goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// An administrator can sign in already.
    #[error(
        "the operator's organization has an administrator who can sign in: they invite others at \
         /operator/manage/members, and who has forgotten their password gets a link at \
         /operator/reset"
    )]
    Administered,
    /// Their username is somebody's who is no administrator, or whose mail goes
    /// to another address.
    #[error(
        "somebody else of the operator's team has this address as their username; give another one"
    )]
    Taken,
    /// They were invited as often as one is in an hour.
    #[error(
        "enough invitations to this address for now, and the last one holds: try again in {} \
         minutes, or give another address",
        .0.as_mins() + 1
    )]
    TooMany(SignedDuration),
    /// As many were invited as are in a day.
    #[error("enough invitations for today: try again in {} hours", .0.as_hours() + 1)]
    TooManyToday(SignedDuration),
    /// Somebody else begins at the same time, or whoever was invited came in just
    /// now.
    #[error(
        "somebody was faster: an administrator has come in, or another is being invited as well; \
         do it again, and it says which"
    )]
    Overtaken,
    /// DynamoDB or KMS failed.
    #[error("{}", .0.chain())]
    Trouble(#[from] Trouble),
}

impl From<member::Failure> for BeginError {
    fn from(failure: member::Failure) -> Self {
        match failure {
            member::Failure::Trouble(trouble) => Self::Trouble(trouble),
            member::Failure::Refused(refusal) => match refusal {
                Refusal::TooManyMails(wait) => Self::TooMany(wait),
                Refusal::TooManyMailsToday(wait) => Self::TooManyToday(wait),
                // Looked up before, it was free.
                Refusal::UsernameTaken
                | Refusal::Absent
                | Refusal::LastAdministrator
                | Refusal::Themselves
                | Refusal::Overtaken => Self::Overtaken,
            },
        }
    }
}

/// Makes the operator's organization where there is none, and invites its first
/// administrator by mail. While nobody administers it, another name or zone puts
/// the one before right, and another administrator takes the place of whoever
/// was invited.
///
/// # Errors
/// [`BeginError`] says why not.
pub async fn begin(service: &Service, wanted: &Wanted) -> Result<Begun, BeginError> {
    let now = service.clock.now();
    let id = find_or_found(service, wanted, now).await?;
    let gone = || Trouble::damaged("the operator's organization", "it cannot be read");
    let snapshot = service.read_organization(id, now).await?.ok_or_else(gone)?;
    let before = member::store::list(service, id, &snapshot.keys).await?;
    if before.iter().any(Member::administers) {
        return Err(BeginError::Administered);
    }
    let allowances = &Allowances::default();
    let team =
        Team { service, allowances, snapshot: &snapshot, by: Actor::Service, network: None, now };
    // The invitation before anything else is changed: where it cannot go out,
    // whoever was invited before still can come.
    let (administrator, again) = invite(&team, &before, wanted).await?;
    let organization = put_right(service, &snapshot, wanted, now).await?;
    let mut withdrawn = Vec::new();
    let earlier = before.iter().filter(|other| is_invited(other) && other.id != administrator.id);
    for other in earlier {
        match team.disable(other).await {
            Ok(other) => withdrawn.push(other),
            // They came in meanwhile, or were withdrawn: seen below.
            Err(member::Failure::Refused(_)) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    let after = member::store::list(service, organization.id, &snapshot.keys).await?;
    let mut others = after.iter().filter(|other| other.id != administrator.id);
    if others.clone().any(Member::administers) {
        // Whoever it is invites others: that is no longer for a command to do.
        match team.disable(&administrator).await {
            Ok(_) | Err(member::Failure::Refused(_)) => return Err(BeginError::Administered),
            Err(failure) => return Err(failure.into()),
        }
    }
    if others.any(is_invited) {
        return Err(BeginError::Overtaken);
    }
    Ok(Begun { administrator, again, withdrawn, organization })
}

fn is_invited(member: &Member) -> bool {
    member.level == Level::Administrator && member.state == member::State::Invited
}

/// Invites the administrator; whether they had been before.
async fn invite(
    team: &Team<'_>,
    members: &[Member],
    wanted: &Wanted,
) -> Result<(Member, bool), BeginError> {
    let id = MemberId::fresh(team.now, &*team.service.chance).map_err(Trouble::from)?;
    let newcomer = wanted.administrator(id)?;
    let username = newcomer.username.normalized();
    let Some(known) = members.iter().find(|member| member.username.normalized() == username) else {
        return Ok((team.invite(newcomer).await?, false));
    };
    if known.level != newcomer.level || known.email.normalized() != newcomer.email.normalized() {
        return Err(BeginError::Taken);
    }
    let known = match known.state {
        member::State::Disabled => team.enable(known).await?,
        member::State::Invited | member::State::Active => team.invite_again(known).await?,
    };
    let (username, name, email) = (newcomer.username, newcomer.name, newcomer.email);
    Ok((team.call(&known, username, name, email).await?, true))
}

/// The operator's organization, made where there is none.
async fn find_or_found(
    service: &Service,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<OrganizationId, Trouble> {
    let web_name = WebName::operator();
    if let Some(id) = organization::store::find(service, web_name.as_str()).await? {
        return Ok(id);
    }
    let id = OrganizationId::fresh(now, &*service.chance)?;
    let made = wanted.organization(id, web_name.clone(), State::Active, now);
    // The key first, as in every founding: a key without an organization is only
    // a spare.
    service.vault.create(id).await?;
    let mut writes = organization::store::founding(service, &made)?;
    let record = Record::of(Actor::Service, Action::OrganizationSignedUp, About::Organization);
    writes.push(audit::record(service, id, &record, now)?);
    if Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        return Ok(id);
    }
    // Somebody else was first.
    let found = organization::store::find(service, web_name.as_str()).await?;
    found.ok_or_else(|| Trouble::damaged("the operator's organization", "its name leads nowhere"))
}

/// Calls the organization as it is wanted; how it is called then.
async fn put_right(
    service: &Service,
    snapshot: &Snapshot,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<Organization, BeginError> {
    let before = &snapshot.organization;
    let name = wanted.organization.expose();
    if (name, wanted.zone.name()) == (&before.name, before.zone.name()) {
        return Ok(before.clone());
    }
    let text = before.privacy.text.replace(&before.name, name);
    let after = Organization {
        name: name.to_owned(),
        zone: wanted.zone.clone(),
        privacy: PolicyVersion { text, ..before.privacy.clone() },
        ..before.clone()
    };
    let record = Record::of(Actor::Service, Action::OrganizationChanged, About::Organization);
    let writes = [
        organization::store::calling(service, before, &after)?,
        audit::record(service, before.id, &record, now)?,
    ];
    match Write::commit_all(&writes, &service.dynamo, &*service.chance).await? {
        true => Ok(after),
        false => Err(BeginError::Overtaken),
    }
}
