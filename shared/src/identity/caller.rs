//! From a request's cookie to who is asking.
//!
//! Nothing of it is remembered from one request to the next: the session, the
//! member and a support grant are read as they are now, so whatever ends or
//! changes them holds from the next request on.

use jiff::Timestamp;

use super::access::{self, Action, Level, Role, Target};
use super::member::{self, Member, State};
use super::password;
use super::session::{self, Limits, Session, SessionId, Token};
use super::subject::Subject;
use super::support::{self, Grant};
use crate::audit::Actor;
use crate::ids::{EmergencyId, OrganizationId, PersonId};
use crate::organization::Snapshot;
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::{Label, OrganizationKeys};
use crate::web::Cookies;
use crate::web::cookie::{is_session, session_name};

/// Who is asking something of an organization.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Nobody who has signed in there, or not in full.
    Nobody,
    /// A participant.
    Participant {
        /// Which.
        person: PersonId,
        /// Their session.
        session: Box<Session>,
    },
    /// A member of the organization's team.
    Member {
        /// Which, as they are now.
        member: Box<Member>,
        /// Their session.
        session: Box<Session>,
        /// Whether the organization is the operator's own.
        operator: bool,
    },
    /// One of the operator's members, whom the organization has asked for help.
    Support {
        /// Which, as they are now.
        member: Box<Member>,
        /// Their session, at the operator's organization.
        session: Box<Session>,
        /// What allows it.
        grant: Box<Grant>,
    },
    /// Whoever opened the organization with its emergency code.
    Emergency {
        /// Which use of a code.
        emergency: EmergencyId,
        /// The session.
        session: Box<Session>,
    },
}

impl Caller {
    /// As what they ask, for the table of [`access`].
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Nobody => Role::Nobody,
            Self::Participant { .. } => Role::Participant,
            Self::Member { member, operator: true, .. } => Role::Operator(member.level),
            Self::Member { member, operator: false, .. } => {
                Role::Member { level: member.level, coverage: member.coverage.clone() }
            }
            Self::Support { .. } => Role::Support,
            Self::Emergency { .. } => Role::Emergency,
        }
    }

    /// Whether they may do this there.
    #[must_use]
    pub fn may(&self, action: Action, target: Target) -> bool {
        access::may(&self.role(), action, target)
    }

    /// Whether what they ask as includes this at all, wherever they may do it:
    /// asked before anything is looked up.
    #[must_use]
    pub fn includes(&self, action: Action) -> bool {
        access::includes(&self.role(), action)
    }

    /// Their session.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Nobody => None,
            Self::Participant { session, .. }
            | Self::Member { session, .. }
            | Self::Support { session, .. }
            | Self::Emergency { session, .. } => Some(session),
        }
    }

    /// Who they are, for the audit trail.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Nobody => Actor::Service,
            Self::Participant { person, .. } => Actor::Participant(*person),
            Self::Member { member, .. } => Actor::Member(member.id),
            Self::Support { member, grant, .. } => {
                Actor::Support { member: member.id, grant: grant.id }
            }
            Self::Emergency { emergency, .. } => Actor::Emergency(*emergency),
        }
    }

    /// The member they are: of the organization, or of the operator's.
    #[must_use]
    pub fn member(&self) -> Option<&Member> {
        match self {
            Self::Member { member, .. } | Self::Support { member, .. } => Some(member),
            Self::Nobody | Self::Participant { .. } | Self::Emergency { .. } => None,
        }
    }
}

/// Whether a request is a sign of somebody sitting there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// It is: it extends the session.
    Extend,
    /// It is not, as when a page asks by itself how long the session lasts: it
    /// only reads.
    Peek,
}

/// Who is asking. A session at the organization itself counts first; without
/// one, a session at the operator's counts where the organization has asked
/// its owner for help.
///
/// # Errors
/// When DynamoDB or KMS fails, or something that was read is damaged.
pub async fn identify(
    service: &Service,
    snapshot: &Snapshot,
    cookies: &Cookies,
    touch: Touch,
    now: Timestamp,
) -> Result<Caller, Trouble> {
    let organization = snapshot.organization.id;
    if let Some(token) = token_of(cookies, organization) {
        let standing = stand(service, snapshot, &token, touch, None, now).await?;
        if let Some(standing) = standing.filter(|standing| standing.session.waiting.is_none()) {
            return Ok(standing.into_caller(snapshot.organization.is_operator()));
        }
    }
    if snapshot.organization.is_operator() {
        return Ok(Caller::Nobody);
    }
    Ok(supporter(service, snapshot, cookies, touch, now).await?.unwrap_or(Caller::Nobody))
}

/// How long a caller's session may last here: who helps keeps to the shorter
/// times of both organizations.
///
/// # Errors
/// When DynamoDB or KMS fails, or something that was read is damaged.
pub async fn limits(
    service: &Service,
    snapshot: &Snapshot,
    caller: &Caller,
    session: &Session,
    now: Timestamp,
) -> Result<Limits, Trouble> {
    let here = Limits::of(&service.security(snapshot.organization.id).await?, session.subject);
    if !matches!(caller, Caller::Support { .. }) {
        return Ok(here);
    }
    let Some(operator) = service.organization("operator", now).await? else { return Ok(here) };
    let theirs = service.security(operator.organization.id).await?;
    Ok(here.shorter(Limits::of(&theirs, session.subject)))
}

/// Who has signed in only half, with what they still owe in
/// [`Session::waiting`]: for the pages on which they finish, and no others.
///
/// # Errors
/// When DynamoDB or KMS fails, or something that was read is damaged.
pub async fn unfinished(
    service: &Service,
    snapshot: &Snapshot,
    cookies: &Cookies,
    now: Timestamp,
) -> Result<Option<Unfinished>, Trouble> {
    let Some(token) = token_of(cookies, snapshot.organization.id) else { return Ok(None) };
    let standing = stand(service, snapshot, &token, Touch::Extend, None, now).await?;
    Ok(standing
        .filter(|standing| standing.session.waiting.is_some())
        .map(|Standing { session, member }| Unfinished { session, member }))
}

/// Somebody who has signed in only half.
#[derive(Debug, Clone)]
pub struct Unfinished {
    /// The session, worth nothing until it is [renewed](session::store::renew).
    pub session: Session,
    /// The member they say they are; `None` for a participant.
    pub member: Option<Member>,
}

/// The hidden field of every form that a session's pages hold. Another site
/// cannot know it, and it serves no other session.
#[must_use]
pub fn form_token(keys: &OrganizationKeys, session: SessionId) -> String {
    keys.code(Label::Form, &[session.as_bytes()])
}

/// Whether a form came with the token of this session's pages. The comparison
/// takes the same time wherever the difference lies.
#[must_use]
pub fn form_token_holds(keys: &OrganizationKeys, session: SessionId, given: &str) -> bool {
    keys.code_holds(given, Label::Form, &[session.as_bytes()])
}

/// A session that is good now, and the member as they are now.
struct Standing {
    session: Session,
    member: Option<Member>,
}

impl Standing {
    fn into_caller(self, operator: bool) -> Caller {
        let session = Box::new(self.session);
        match (session.subject, self.member) {
            (Subject::Member(_), Some(member)) => {
                Caller::Member { member: Box::new(member), session, operator }
            }
            (Subject::Participant(person), None) => Caller::Participant { person, session },
            (Subject::Emergency(emergency), None) => Caller::Emergency { emergency, session },
            (Subject::Member(_) | Subject::SignUp(_), _)
            | (Subject::Participant(_) | Subject::Emergency(_), Some(_)) => Caller::Nobody,
        }
    }
}

fn token_of(cookies: &Cookies, organization: OrganizationId) -> Option<Token> {
    cookies.get(&session_name(organization)).and_then(Token::parse)
}

/// Checks a token and reads whose it is, both at once: that somebody who is
/// nobody makes us read a member or a password's epoch tells them nothing.
async fn stand(
    service: &Service,
    snapshot: &Snapshot,
    token: &Token,
    touch: Touch,
    shorter: Option<Limits>,
    now: Timestamp,
) -> Result<Option<Standing>, Trouble> {
    let organization = snapshot.organization.id;
    let own = Limits::of(&service.security(organization).await?, token.subject());
    let limits = shorter.map_or(own, |shorter| own.shorter(shorter));
    let check = async {
        match touch {
            Touch::Extend => {
                session::store::check_and_extend(service, organization, token, limits, now).await
            }
            Touch::Peek => session::store::peek(service, organization, token, limits, now).await,
        }
    };
    // The epoch under which a session stands now; none stands where there is none.
    let read = async {
        let subject = token.subject();
        Ok(match subject {
            Subject::Member(id) => {
                let found = member::store::find(service, organization, &snapshot.keys, id).await?;
                let active = found.filter(|member| member.state == State::Active);
                (active.as_ref().map(|member| member.epoch), active)
            }
            Subject::Participant(_) => {
                (Some(password::store::epoch(service, organization, subject).await?), None)
            }
            Subject::SignUp(_) | Subject::Emergency(_) => (Some(0), None),
        })
    };
    let (session, (epoch, member)) = tokio::try_join!(check, read)?;
    let Some(session) = session else { return Ok(None) };
    let stands = epoch == Some(session.epoch);
    Ok(stands.then_some(Standing { session, member }))
}

/// One of the operator's members, if the organization has asked them for help:
/// still on the list of those who may be asked, under a grant that holds now, and
/// signed in by a second step where the organization asks viewers for one.
async fn supporter(
    service: &Service,
    snapshot: &Snapshot,
    cookies: &Cookies,
    touch: Touch,
    now: Timestamp,
) -> Result<Option<Caller>, Trouble> {
    let organization = snapshot.organization.id;
    // Most requests carry no other session at all and need not ask further.
    if !cookies.names().any(|name| is_session(name) && name != session_name(organization)) {
        return Ok(None);
    }
    let Some(operator) = service.organization("operator", now).await? else { return Ok(None) };
    let Some(token) = token_of(cookies, operator.organization.id) else { return Ok(None) };
    let Subject::Member(id) = token.subject() else { return Ok(None) };
    // Who helps here works under this organization's limits as well as their own.
    let security = service.security(organization).await?;
    let limits = Limits::of(&security, token.subject());
    let (standing, grant) = tokio::try_join!(
        stand(service, &operator, &token, touch, Some(limits), now),
        support::find(service, organization, &snapshot.keys, id),
    )?;
    let (Some(Standing { session, member: Some(member) }), Some(grant)) = (standing, grant) else {
        return Ok(None);
    };
    // Who helps sees what a viewer sees: where viewers need a second step, so do they.
    let proven =
        !security.factor_required(Level::Viewer) || session.how.iter().any(|how| how.is_second());
    let helps = session.waiting.is_none() && member.supporter && grant.holds(now) && proven;
    Ok(helps.then(|| Caller::Support {
        member: Box::new(member),
        session: Box::new(session),
        grant: Box::new(grant),
    }))
}
