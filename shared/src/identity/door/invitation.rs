//! Joining an organization's team.

use super::{
    Action, Door, Entry, Failure, How, Known, Outcome, Refusal, about, actor, member, password,
    reached, rules,
};
use crate::audit::Factor;
use crate::identity::member::{Member, State};
use crate::identity::pass::{self, Pass, Purpose};

impl Door<'_> {
    /// Whom a mailed link invites, while it does, and the least number of
    /// characters of a password. Looking spends nothing.
    ///
    /// # Errors
    /// [`Refusal::Gone`].
    pub async fn invited(&self, link: &str) -> Result<(Member, usize), Failure> {
        let (pass, member) = self.inviting(link).await?;
        let least = self.least(&pass).await?;
        Ok((member, least))
    }

    async fn inviting(&self, link: &str) -> Result<(Pass, Member), Failure> {
        let (organization, keys) = (self.organization(), self.keys());
        let purpose = Purpose::Invitation;
        let found = pass::find(self.service, organization, keys, purpose, link, self.now).await?;
        let Some(pass) = found else { return Err(Refusal::Gone.into()) };
        match self.known_by_id(pass.subject).await? {
            Some(Known { member: Some(member), .. }) if member.state == State::Invited => {
                Ok((pass, member))
            }
            _ => Err(Refusal::Gone.into()),
        }
    }

    /// Joins the team with a password of one's own, and comes in.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn accept_invitation(&self, link: &str, typed: &str) -> Result<Entry, Failure> {
        let (pass, member) = self.inviting(link).await?;
        let (organization, keys) = (self.organization(), self.keys());
        let security = self.security().await?;
        let invited = Known::of_member(member.clone());
        let password = self.judge(typed, &security, false, &self.words(&invited)).await?;
        let hashed = self.service.hasher.hash(&password, &*self.service.chance).await?;
        let chosen = self.chosen(hashed, &password, &security);
        let (joined, changing) = member::store::changing(
            self.service,
            organization,
            keys,
            &member,
            &member.activated(),
        )?;
        let known = Known::of_member(joined);
        let subject = known.subject;
        let required = security.factor_required(member.level);
        let waiting = rules::due(&[How::Password], false, required, false);
        let (session, entry) = self.opening(&known, &security, How::Password, waiting).await?;
        let accepted = self.record(actor(subject), Action::InvitationAccepted, about(subject));
        let attempt = || self.attempt(actor(subject), about(subject), Factor::Password);
        let signed_in = attempt().with(reached(waiting));
        let mut writes = changing;
        writes.extend([
            pass::spend(self.service, organization, &pass, self.now)?,
            password::store::put(self.service, keys, organization, subject, &chosen, 0)?,
            session,
            self.recording(&accepted)?,
            self.recording(&signed_in)?,
        ]);
        if !self.commit(&writes).await? {
            self.refuse(&attempt().with(Outcome::Wrong), Vec::new()).await?;
            return Err(Refusal::Gone.into());
        }
        self.end_former().await;
        Ok(self.know_device(self.index_of(&known), entry)?)
    }
}
