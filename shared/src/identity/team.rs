//! What an administrator does about the members of the team.
//!
//! Each deed is one transaction: the member, what is owed to them by mail and
//! the audit record. Nobody here ever sets or sees a password.

use jiff::Timestamp;

use super::access::{Coverage, Level};
use super::door::rules::{LINKS_PER_ADDRESS, TEAM_MAILS_A_DAY};
use super::member::rules;
use super::member::store::{self, change, create};
use super::member::{Failure, Member, Newcomer, Refusal, State};
use super::pass::{self, Owner, Purpose};
use super::subject::Subject;
use super::username::Username;
use super::{counted_address, password, session};
use crate::audit::{self, About, Action, Actor, More, Record, Word};
use crate::dynamo::Write;
use crate::ids::MemberId;
use crate::notice::administrators::to_administrators;
use crate::notice::{News, owed};
use crate::organization::Snapshot;
use crate::participant::Allowances;
use crate::participant::allowance::{A_DAY, AN_HOUR, Allowance};
use crate::personal::{EmailAddress, PersonName};
use crate::service::Service;
use crate::trouble::Trouble;

/// An organization's team, as one administrator changes it.
#[derive(Clone, Copy)]
pub struct Team<'a> {
    /// What it works with.
    pub service: &'a Service,
    /// What it may mail in a day, and to one address in an hour.
    pub allowances: &'a Allowances,
    /// Whose team it is.
    pub snapshot: &'a Snapshot,
    /// Who changes it: a member, or the service itself.
    pub by: Actor,
    /// From which network: a keyed hash.
    pub network: Option<[u8; 16]>,
    /// When.
    pub now: Timestamp,
}

impl Team<'_> {
    /// A member as they are now.
    ///
    /// # Errors
    /// [`Refusal::Absent`] when there is none.
    pub async fn find(&self, member: MemberId) -> Result<Member, Failure> {
        let Snapshot { organization, keys, .. } = self.snapshot;
        let found = store::find(self.service, organization.id, keys, member).await?;
        found.ok_or_else(|| Refusal::Absent.into())
    }

    /// Invites somebody: they get a mail with a link to choose a password.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn invite(&self, newcomer: Newcomer) -> Result<Member, Failure> {
        let member = rules::new(newcomer, State::Invited, self.now);
        let mut more = self.link(&member, Purpose::Invitation)?;
        more.push(self.record(&member, Action::MemberInvited, &[])?);
        if member.level == Level::Administrator {
            more.push(self.tell(&member, News::AdministratorInvited(member.id))?);
        }
        let Snapshot { organization, keys, .. } = self.snapshot;
        let inviting = async { create(self.service, organization.id, keys, &member, more).await };
        self.mailing(&member, Purpose::Invitation, inviting).await?;
        Ok(member)
    }

    /// Sends an invitation again; the link of the one before is void.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn invite_again(&self, member: &Member) -> Result<Member, Failure> {
        if member.state != State::Invited {
            return Err(Refusal::Overtaken.into());
        }
        let more = self.link(member, Purpose::Invitation)?;
        let inviting = self.change(member, member, more, Action::MemberInvited, &[]);
        self.mailing(member, Purpose::Invitation, inviting).await
    }

    /// Changes what a member may do, and where. They sign in again.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn change_access(
        &self,
        member: &Member,
        level: Level,
        coverage: Coverage,
    ) -> Result<Member, Failure> {
        if level == member.level && coverage == member.coverage {
            return Ok(member.clone());
        }
        let after = member.at_level(level, coverage);
        let fields: &[&'static str] =
            match (after.level == member.level, after.coverage == member.coverage) {
                (false, false) => &["level", "coverage"],
                (false, true) => &["level"],
                _ => &["coverage"],
            };
        let mut more = Vec::new();
        if after.level == Level::Administrator && member.level != after.level {
            more.push(self.tell(&after, News::AdministratorMade(member.id))?);
        }
        let changed = self.change(member, &after, more, Action::MemberChanged, fields).await?;
        self.sweep(&changed).await;
        Ok(changed)
    }

    /// Puts right how a member is called and where mail reaches them, where it is
    /// another way to write the same address.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub(super) async fn call(
        &self,
        member: &Member,
        username: Username,
        name: PersonName,
        email: EmailAddress,
    ) -> Result<Member, Failure> {
        let after = member.called(username, name, email);
        if after == *member {
            return Ok(after);
        }
        self.change(member, &after, Vec::new(), Action::MemberChanged, &["name"]).await
    }

    /// Ends a member's sessions at once, and lets them in no more.
    ///
    /// # Errors
    /// [`Failure`] says why not; nobody disables themselves.
    pub async fn disable(&self, member: &Member) -> Result<Member, Failure> {
        if self.by == Actor::Member(member.id) {
            return Err(Refusal::Themselves.into());
        }
        if member.state == State::Disabled {
            return Ok(member.clone());
        }
        let after = member.disabled();
        let changed = self.change(member, &after, Vec::new(), Action::MemberDisabled, &[]).await?;
        self.sweep(&changed).await;
        Ok(changed)
    }

    /// Lets a member in again. Who never chose a password is invited anew.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn enable(&self, member: &Member) -> Result<Member, Failure> {
        if member.state != State::Disabled {
            return Ok(member.clone());
        }
        let Snapshot { organization, keys, .. } = self.snapshot;
        let subject = Subject::Member(member.id);
        let known = password::store::find(self.service, keys, organization.id, subject).await?;
        let after = member.enabled(known.is_some());
        let enabling = |mut more: Vec<Write>| async {
            if after.administers() {
                more.push(self.tell(&after, News::AdministratorMade(member.id))?);
            }
            self.change(member, &after, more, Action::MemberEnabled, &[]).await
        };
        match after.state {
            State::Invited => {
                let more = self.link(member, Purpose::Invitation)?;
                self.mailing(member, Purpose::Invitation, enabling(more)).await
            }
            State::Active | State::Disabled => enabling(Vec::new()).await,
        }
    }

    /// Mails a member a link to choose another password. The one they have
    /// stays until they use it.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn send_reset(&self, member: &Member) -> Result<(), Failure> {
        if member.state != State::Active {
            return Err(Refusal::Overtaken.into());
        }
        let mut writes = self.link(member, Purpose::Reset)?;
        writes.push(self.record(member, Action::LinkSent, &[])?);
        self.mailing(member, Purpose::Reset, self.commit(&writes)).await
    }

    /// Ends all sessions of a member; how many there were.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn end_sessions(&self, member: &Member) -> Result<usize, Failure> {
        let after = member.signed_out();
        let changed = self.change(member, &after, Vec::new(), Action::SessionsEnded, &[]).await?;
        Ok(self.sweep(&changed).await)
    }

    /// Puts one of the operator's members on the list of those whom
    /// organizations may ask for help, or takes them off it.
    ///
    /// # Errors
    /// [`Failure`] says why not.
    pub async fn set_supporter(&self, member: &Member, supporter: bool) -> Result<Member, Failure> {
        if member.supporter == supporter {
            return Ok(member.clone());
        }
        let after = member.as_supporter(supporter);
        self.change(member, &after, Vec::new(), Action::MemberChanged, &["supporter"]).await
    }

    async fn change(
        &self,
        before: &Member,
        after: &Member,
        mut more: Vec<Write>,
        action: Action,
        fields: &[&'static str],
    ) -> Result<Member, Failure> {
        more.push(self.record(before, action, fields)?);
        let Snapshot { organization, keys, .. } = self.snapshot;
        change(self.service, organization.id, keys, before, after, more).await
    }

    /// Does what mails a link to a member, as long as the team may mail so much
    /// to so many. What comes to nothing is not counted.
    async fn mailing<T>(
        &self,
        member: &Member,
        purpose: Purpose,
        deed: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let Snapshot { organization, keys, .. } = self.snapshot;
        let address = keys.blind(b"username", counted_address(&member.email).as_bytes());
        let address = crate::ids::to_text(&address);
        let (to, of_all) = match purpose {
            Purpose::Invitation => ("invitations-to", "invitations"),
            _ => ("team-resets-to", "team-resets"),
        };
        let allowance = |kind, of, limit, window| Allowance {
            organization: organization.id,
            kind,
            of,
            limit,
            window,
        };
        let to = allowance(to, address.as_str(), LINKS_PER_ADDRESS, AN_HOUR);
        if let Some(wait) = self.allowances.spend(self.service, to, self.now).await? {
            return Err(Refusal::TooManyMails(wait).into());
        }
        let of_all = allowance(of_all, "all", TEAM_MAILS_A_DAY, A_DAY);
        if let Some(wait) = self.allowances.spend(self.service, of_all, self.now).await? {
            self.allowances.give_back(to, self.now);
            return Err(Refusal::TooManyMailsToday(wait).into());
        }
        let outcome = deed.await;
        if let Err(Failure::Refused(_)) = outcome {
            self.allowances.give_back(to, self.now);
            self.allowances.give_back(of_all, self.now);
        }
        outcome
    }

    /// The write that owes every administrator a mail about a member as they are
    /// from now on. An organization is handed over like this, so all hear of it.
    fn tell(&self, member: &Member, news: News) -> Result<Write, Trouble> {
        let occasion = owed::occasion(&[member.id.as_bytes(), &member.version.to_be_bytes()]);
        let organization = self.snapshot.organization.id;
        let owed = to_administrators(organization, news, occasion, self.now);
        owed::owe(&self.service.settings.tables.mail, &owed)
    }

    /// A pass and the mail that carries its link.
    fn link(&self, member: &Member, purpose: Purpose) -> Result<Vec<Write>, Trouble> {
        let Snapshot { organization, keys, .. } = self.snapshot;
        let subject = Subject::Member(member.id);
        let until = self.now + purpose.lifetime();
        let news = match purpose {
            Purpose::Invitation => News::Invitation(until),
            _ => News::Reset(until),
        };
        let owner = Owner { subject, epoch: Some(member.epoch.into()) };
        let (issued, nonce) =
            pass::issue(self.service, organization.id, keys, owner, purpose, None, self.now)?;
        let notice = owed::to_subject(organization.id, subject, news, *nonce.as_bytes(), self.now);
        Ok(vec![issued, owed::owe(&self.service.settings.tables.mail, &notice)?])
    }

    fn record(
        &self,
        member: &Member,
        action: Action,
        fields: &[&'static str],
    ) -> Result<Write, Trouble> {
        let fields = fields.iter().map(|field| Word::of(field)).collect();
        let record = Record {
            more: More { fields, ..More::default() },
            ..Record::of(self.by, action, About::Member(member.id))
        };
        let record = record.from_network(self.network);
        audit::record(self.service, self.snapshot.organization.id, &record, self.now)
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), Failure> {
        let service = self.service;
        match Write::commit_all(writes, &service.dynamo, &*service.chance).await? {
            true => Ok(()),
            false => Err(Refusal::Overtaken.into()),
        }
    }

    /// Removes what is left of sessions that are over by their epoch.
    async fn sweep(&self, member: &Member) -> usize {
        let organization = self.snapshot.organization.id;
        let ended =
            session::store::end_all(self.service, organization, Subject::Member(member.id)).await;
        ended.unwrap_or_else(|trouble| {
            // They are over already: a session's epoch differs from the member's.
            tracing::warn!(cause = trouble.chain(), "ended sessions could not be removed");
            0
        })
    }
}
