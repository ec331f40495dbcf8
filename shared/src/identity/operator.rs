//! The beginning of an installation: the operator's own organization, and who
//! administers it first.
//!
//! Organizations sign up at the operator's. There is nobody yet at whom the
//! operator could sign up, so a command begins it, with the rights of whoever
//! runs it. It invites one person and then has no more to say: as soon as an
//! administrator can sign in, others are theirs to invite.

use crate::audit::Actor;
use crate::ids::{MemberId, OrganizationId};
use crate::organization::{self, State, WebName};
use crate::participant::Allowances;
use crate::service::Service;
use crate::trouble::Trouble;

use super::door::Wanted;
use super::member::{self, Member, Refusal};
use super::team::Team;

/// What beginning has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Who was invited; who has chosen a password once, and was disabled, can
    /// sign in again instead.
    pub administrator: Member,
    /// Whether they had been invited before: the links from then are void.
    pub again: bool,
    /// How many others had been invited as administrators, and can accept no
    /// more: whoever begins anew mistyped an address, or changed their mind.
    pub withdrawn: usize,
}

/// Why nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// An administrator can sign in already.
    #[error(
        "the operator's organization has an administrator who can sign in: others are invited at \
         its page of members"
    )]
    Administered,
    /// Their username is a member's who is no administrator.
    #[error("somebody of the operator's team has this address as their username already")]
    Taken,
    /// They were mailed as often as one is in an hour, or the team in a day.
    #[error("enough invitations went out for now: try again in {} minutes", .0.as_mins() + 1)]
    TooMany(jiff::SignedDuration),
    /// Somebody else begins at the same time.
    #[error("somebody else is beginning as well: look, and try again")]
    Overtaken,
    /// DynamoDB or KMS failed. What was done stays so; beginning again goes on.
    #[error("{}", .0.chain())]
    Trouble(#[from] Trouble),
}

impl From<member::Failure> for BeginError {
    fn from(failure: member::Failure) -> Self {
        match failure {
            member::Failure::Trouble(trouble) => Self::Trouble(trouble),
            member::Failure::Refused(refusal) => match refusal {
                Refusal::UsernameTaken => Self::Taken,
                Refusal::TooManyMails(wait) | Refusal::TooManyMailsToday(wait) => {
                    Self::TooMany(wait)
                }
                Refusal::Absent
                | Refusal::LastAdministrator
                | Refusal::Themselves
                | Refusal::Overtaken => Self::Overtaken,
            },
        }
    }
}

/// Makes the operator's organization where there is none, and invites its first
/// administrator by mail.
///
/// # Errors
/// [`BeginError`] says why not.
pub async fn begin(service: &Service, wanted: &Wanted) -> Result<Begun, BeginError> {
    let now = service.clock.now();
    let organization = id(service, wanted).await?;
    let gone = || Trouble::damaged("the operator's organization", "it cannot be read");
    let snapshot = service.read_organization(organization, now).await?.ok_or_else(gone)?;
    let members = member::store::list(service, organization, &snapshot.keys).await?;
    if members.iter().any(Member::administers) {
        return Err(BeginError::Administered);
    }
    let allowances = &Allowances::default();
    let team =
        Team { service, allowances, snapshot: &snapshot, by: Actor::Service, network: None, now };
    let id = MemberId::fresh(now, &*service.chance).map_err(Trouble::from)?;
    let newcomer = wanted.administrator(id)?;
    let administrators = || members.iter().filter(|member| member.level == newcomer.level);
    let is_theirs =
        |member: &&Member| member.username.normalized() == newcomer.username.normalized();
    let mut withdrawn = 0;
    for other in administrators().filter(|member| !is_theirs(member)) {
        if other.state == member::State::Invited {
            team.disable(other).await?;
            withdrawn += 1;
        }
    }
    let known = administrators().find(is_theirs);
    let administrator = match known {
        Some(member) if member.state == member::State::Disabled => team.enable(member).await?,
        Some(member) => team.invite_again(member).await?,
        None => team.invite(newcomer).await?,
    };
    Ok(Begun { administrator, again: known.is_some(), withdrawn })
}

/// The operator's organization, made where there is none.
async fn id(service: &Service, wanted: &Wanted) -> Result<OrganizationId, Trouble> {
    let web_name = WebName::operator();
    if let Some(id) = organization::store::find(service, web_name.as_str()).await? {
        return Ok(id);
    }
    let now = service.clock.now();
    let id = OrganizationId::fresh(now, &*service.chance)?;
    let made = wanted.organization(id, web_name.clone(), State::Active, now);
    if organization::store::found(service, &made).await? {
        return Ok(id);
    }
    // Somebody else was first.
    let found = organization::store::find(service, web_name.as_str()).await?;
    found.ok_or_else(|| Trouble::damaged("the operator's organization", "its name leads nowhere"))
}
