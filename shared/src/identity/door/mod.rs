//! The door: how somebody comes in, and what they do about their own account.
//!
//! [`rules`] decides; each of the other files is one way through the door. All
//! of them keep one order: what limits attempts is asked first, what somebody
//! typed is compared once, and what becomes of it is written together with its
//! audit record or not at all. Who is refused learns nothing from it: unknown,
//! wrong, locked and disabled are one refusal, [`Refusal::NotRight`].

mod account;
mod address;
mod emergency;
mod factors;
mod guesses;
mod invitation;
mod link;
mod reset;
pub mod rules;
mod second;
mod sign_in;
mod sign_up;

use jiff::{SignedDuration, Timestamp};

use super::member::{self, Member, State};
use super::pass::Owner;
use super::password::store::Kept;
use super::password::{self, Hashed, Password, Requirements, Unhashed, Unusable};
use super::session::{self, How, Limits, Opening, Session, Token, Waiting};
use super::subject::Subject;
use super::{Security, Username, factor, lockout};
use crate::audit::{self, About, Action, Actor, Factor, Outcome, Record};
use crate::dynamo::Write;
use crate::ids::OrganizationId;
use crate::notice::administrators::to_administrators;
use crate::notice::{News, owed};
use crate::organization::Snapshot;
use crate::participant::Allowances;
use crate::personal::EmailAddress;
use crate::service::Service;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;
use crate::web::Cookies;

pub use account::{Account, Inside};
pub use address::Proving;
pub use emergency::PAGING_WORD;
pub use factors::OfferedCodes;
pub use sign_up::{Applicant, Founded, Wanted, least};

/// Where somebody comes from.
#[derive(Debug)]
pub struct Origin {
    /// The network: a keyed hash.
    pub network: [u8; 16],
    /// The network as the operator's organization knows it, where what is done
    /// at all organizations is counted; `None` where there is no operator yet.
    pub everywhere: Option<(OrganizationId, [u8; 16])>,
    /// The request: a keyed hash.
    pub request: Option<[u8; 16]>,
    /// The browser, in coarse words.
    pub browser: String,
    /// What the browser remembers.
    pub cookies: Cookies,
}

/// An organization's door, for one request.
#[derive(Clone, Copy)]
pub struct Door<'a> {
    /// What it works with.
    pub service: &'a Service,
    /// What networks may do in an hour.
    pub allowances: &'a Allowances,
    /// Whose door it is.
    pub snapshot: &'a Snapshot,
    /// Who stands before it.
    pub origin: &'a Origin,
    /// When.
    pub now: Timestamp,
}

/// Somebody came in, in full or half: see [`Session::waiting`].
#[derive(Debug)]
pub struct Entry {
    /// For the session's cookie.
    pub token: Token,
    /// The session.
    pub session: Session,
    /// How long its cookie is worth keeping.
    pub longest: SignedDuration,
    /// The name and value of the cookie by which this device is known from now on.
    pub device: Option<(String, String)>,
}

/// Why somebody was not let in, or something not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// What was given does not open anything, for whatever reason.
    NotRight,
    /// Too much was tried, or is being tried by others at this moment.
    TooMany(SignedDuration),
    /// An address got enough mails for now, or was asked for too often.
    TooManyMails(SignedDuration),
    /// Too many wrong attempts: said only to who has come in half or further.
    Locked(SignedDuration),
    /// The link opens nothing any more.
    Gone,
    /// The password cannot be accepted: each reason is a sentence.
    Password(Vec<String>),
    /// The code is not taken.
    Code(factor::Refused),
    /// The passkey is not taken; words for people.
    Passkey(String),
    /// Somebody else has this name in addresses.
    WebNameTaken,
    /// Somebody else has this username.
    UsernameTaken,
    /// It needs a proof of who one is that is not older than ten minutes.
    NotFresh,
    /// The organization asks for a second step, so the last one stays.
    FactorNeeded,
    /// Something changed meanwhile; trying again is right.
    Overtaken,
}

/// Why something was not done.
#[derive(Debug)]
pub enum Failure {
    /// Somebody can do something about it.
    Refused(Refusal),
    /// The machinery failed; nothing is half done.
    Trouble(Trouble),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<crate::ambient::NoChance> for Failure {
    fn from(cause: crate::ambient::NoChance) -> Self {
        Self::Trouble(cause.into())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Unhashed> for Failure {
    fn from(why: Unhashed) -> Self {
        match why {
            Unhashed::Busy { seconds } => {
                Refusal::TooMany(SignedDuration::from_secs(seconds.into())).into()
            }
            Unhashed::Trouble(trouble) => Self::Trouble(trouble),
        }
    }
}

impl From<factor::PasskeyError> for Failure {
    fn from(why: factor::PasskeyError) -> Self {
        match why {
            factor::PasskeyError::Trouble(trouble) => Self::Trouble(trouble),
            refused => Refusal::Passkey(refused.to_string()).into(),
        }
    }
}

/// Somebody whom a username names, with what is known of them.
#[derive(Debug, Clone)]
struct Known {
    subject: Subject,
    member: Option<Member>,
    /// Where mail reaches them.
    email: EmailAddress,
}

impl Known {
    fn of_member(member: Member) -> Self {
        Self {
            subject: Subject::Member(member.id),
            email: member.email.clone(),
            member: Some(member),
        }
    }

    /// Whether they may come in at all.
    fn may_enter(&self) -> bool {
        self.member.as_ref().is_none_or(|member| member.state == State::Active)
    }

    /// As what a mailed link is made for them: see [`Owner::epoch`].
    fn owner(&self, kept: Option<&Kept>) -> Owner {
        let epoch = match &self.member {
            Some(member) => Some(member.epoch.into()),
            None => kept.map(|kept| kept.set_at.as_second()),
        };
        Owner { subject: self.subject, epoch }
    }
}

/// The words around somebody, which their password must not be made of.
struct Words<'a> {
    organization: Vec<&'a str>,
    person: Vec<&'a str>,
}

impl<'a> Door<'a> {
    fn organization(&self) -> OrganizationId {
        self.snapshot.organization.id
    }

    fn keys(&self) -> &'a OrganizationKeys {
        &self.snapshot.keys
    }

    async fn security(&self) -> Result<Security, Trouble> {
        self.service.security(self.organization()).await
    }

    /// Whom a username names: a member; else a participant, if it is an address.
    async fn known(&self, typed: &str) -> Result<Option<Known>, Trouble> {
        let Ok(username) = Username::parse(typed) else { return Ok(None) };
        let (organization, keys) = (self.organization(), self.keys());
        let member =
            member::store::find_by_username(self.service, organization, keys, &username).await?;
        if let Some(member) = member {
            return Ok(Some(Known::of_member(member)));
        }
        Ok(EmailAddress::parse(typed).ok().map(|email| Known {
            subject: Subject::Participant(keys.person(&email)),
            member: None,
            email,
        }))
    }

    /// Somebody by their id, if there is such a person.
    async fn known_by_id(&self, subject: Subject) -> Result<Option<Known>, Trouble> {
        let (organization, keys) = (self.organization(), self.keys());
        match subject {
            Subject::Member(id) => {
                let member = member::store::find(self.service, organization, keys, id).await?;
                Ok(member.map(Known::of_member))
            }
            Subject::Participant(person) => {
                let email =
                    crate::participant::store::address(self.service, organization, keys, person)
                        .await?;
                Ok(email.map(|email| Known { subject, member: None, email }))
            }
            Subject::SignUp(_) | Subject::Emergency(_) => Ok(None),
        }
    }

    /// A record of something that came from here.
    fn record(&self, actor: Actor, action: Action, about: About) -> Record {
        let mut record = Record::of(actor, action, about).from_network(Some(self.origin.network));
        record.request = self.origin.request;
        record
    }

    fn recording(&self, record: &Record) -> Result<Write, Trouble> {
        audit::record(self.service, self.organization(), record, self.now)
    }

    /// Writes down an attempt that came to nothing, and what is owed about it.
    async fn refuse(&self, record: &Record, more: Vec<Write>) -> Result<(), Trouble> {
        if more.is_empty() {
            return audit::write(self.service, self.organization(), record, self.now).await;
        }
        let mut writes = vec![self.recording(record)?];
        writes.extend(more);
        if self.commit(&writes).await? {
            return Ok(());
        }
        Err(Trouble::unavailable("recording an attempt", "a condition did not hold"))
    }

    async fn commit(&self, writes: &[Write]) -> Result<bool, Trouble> {
        Write::commit_all(writes, &self.service.dynamo, &*self.service.chance).await
    }

    /// The write that owes somebody a mail.
    fn owe(&self, subject: Subject, news: News, occasion: [u8; 16]) -> Result<Write, Trouble> {
        let owed = owed::to_subject(self.organization(), subject, news, occasion, self.now);
        owed::owe(&self.service.settings.tables.mail, &owed)
    }

    /// The write that owes every administrator a mail.
    fn owe_administrators(&self, news: News, occasion: [u8; 16]) -> Result<Write, Trouble> {
        let owed = to_administrators(self.organization(), news, occasion, self.now);
        owed::owe(&self.service.settings.tables.mail, &owed)
    }

    /// Bytes that stand for this moment and no other.
    fn occasion(&self) -> Result<[u8; 16], Trouble> {
        let mut occasion = [0; 16];
        self.service.chance.fill(&mut occasion)?;
        Ok(occasion)
    }

    /// What is still owed by somebody who has proven `how` just now.
    async fn due(
        &self,
        known: &Known,
        security: &Security,
        kept: Option<&Kept>,
        proven: &[How],
    ) -> Result<Option<Waiting>, Trouble> {
        let has_factor =
            factor::has_second_factor(self.service, self.organization(), known.subject).await?;
        let required =
            known.member.as_ref().is_some_and(|member| security.factor_required(member.level));
        let old_password = kept.is_some_and(|kept| {
            rules::is_too_old(kept.set_at, kept.must_change, security, self.now)
        });
        Ok(rules::due(proven, has_factor, required, old_password))
    }

    /// The epoch under which a session of somebody begins now: a member's own,
    /// a participant's in their password.
    async fn epoch(&self, known: &Known) -> Result<u32, Trouble> {
        match &known.member {
            Some(member) => Ok(member.epoch),
            None => {
                let organization = self.organization();
                password::store::epoch(self.service, organization, known.subject).await
            }
        }
    }

    /// The writes that begin a session, and whoever came in with it.
    async fn opening(
        &self,
        known: &Known,
        security: &Security,
        how: How,
        waiting: Option<Waiting>,
    ) -> Result<(Write, Entry), Trouble> {
        let limits = Limits::of(security, known.subject);
        let opening = Opening {
            subject: known.subject,
            epoch: self.epoch(known).await?,
            network: self.origin.network,
            browser: self.origin.browser.clone(),
            how: vec![how],
            waiting,
        };
        let (write, token, session) =
            session::store::open(self.service, self.organization(), opening, limits, self.now)?;
        Ok((write, Entry { token, session, longest: limits.absolute, device: None }))
    }

    /// Ends the session that the browser had here before: a new one takes its
    /// place. That it fails does no harm but a session that ends by itself.
    async fn end_former(&self) {
        let name = crate::web::cookie::session_name(self.organization());
        let Some(token) = self.origin.cookies.get(&name).and_then(Token::parse) else { return };
        let ended =
            session::store::end(self.service, self.organization(), token.subject(), token.id());
        if let Err(trouble) = ended.await {
            tracing::warn!(cause = trouble.chain(), "a former session was not ended");
        }
    }

    /// Removes what is left of sessions that are over by their epoch, but for the
    /// one that goes on. That it fails opens nothing.
    async fn sweep_others(&self, kept: &Entry) {
        let (organization, subject) = (self.organization(), kept.session.subject);
        let id = kept.session.id;
        let swept = session::store::end_others(self.service, organization, subject, id).await;
        if let Err(trouble) = swept {
            tracing::warn!(cause = trouble.chain(), "ended sessions could not be removed");
        }
    }

    fn words<'b>(&'b self, known: &'b Known) -> Words<'b> {
        let organization = &self.snapshot.organization;
        let mut person = vec![known.email.expose()];
        if let Some(member) = &known.member {
            person.extend([member.username.expose(), member.name.expose()]);
        }
        Words { organization: vec![&organization.name, organization.web_name.as_str()], person }
    }

    /// A password that somebody chose now and that was judged right, with
    /// whether it may be all they have.
    fn chosen(&self, hashed: Hashed, password: &Password, security: &Security) -> Kept {
        let least = security.shortest_password(false) as usize;
        Kept::chosen(hashed, self.now).that_stands_alone(password.length() >= least)
    }

    /// Judges a password that somebody chose.
    async fn judge(
        &self,
        typed: &str,
        security: &Security,
        has_factor: bool,
        words: &Words<'_>,
    ) -> Result<Password, Failure> {
        judge(self.service, typed, security, has_factor, words).await
    }
}

/// Judges a password that somebody chose, in the line in which hashes wait.
async fn judge(
    service: &Service,
    typed: &str,
    security: &Security,
    has_factor: bool,
    words: &Words<'_>,
) -> Result<Password, Failure> {
    let said = |why: Unusable| Refusal::Password(vec![why.to_string()]);
    let password = Password::parse(typed).map_err(said)?;
    let requirements = Requirements {
        minimum: security.shortest_password(has_factor) as usize,
        composition: security.composition(),
        organization: &words.organization,
        person: &words.person,
        breached: service.breached.holds(&password).map_err(Trouble::from)?,
    };
    match service.hasher.judge(&password, &requirements).await? {
        Ok(()) => Ok(password),
        Err(why) => Err(Refusal::Password(why.iter().map(ToString::to_string).collect()).into()),
    }
}

/// How somebody is named in records.
fn actor(subject: Subject) -> Actor {
    match subject {
        Subject::Member(member) => Actor::Member(member),
        Subject::Participant(person) => Actor::Participant(person),
        Subject::Emergency(emergency) => Actor::Emergency(emergency),
        Subject::SignUp(_) => Actor::Service,
    }
}

/// What a record about somebody is about.
fn about(subject: Subject) -> About {
    match subject {
        Subject::Member(member) => About::Member(member),
        Subject::Participant(person) => About::Person(person),
        Subject::SignUp(sign_up) => About::SignUp(sign_up),
        Subject::Emergency(emergency) => About::Emergency(emergency),
    }
}

/// The means by which somebody proved who they are, as records say it.
const fn means(how: How) -> Factor {
    match how {
        How::Password => Factor::Password,
        How::Code => Factor::Code,
        How::RecoveryCode => Factor::RecoveryCode,
        How::Passkey => Factor::Passkey,
        How::Link => Factor::Link,
        How::Emergency => Factor::Emergency,
    }
}

/// Whether somebody has come in, as records say it.
const fn reached(waiting: Option<Waiting>) -> Outcome {
    match waiting {
        None => Outcome::Right,
        Some(_) => Outcome::Half,
    }
}
