//! A new password for who has forgotten theirs. A lock does not stand in its
//! way, and it does not stand in for the second factor.

use super::guesses::Mails;
use super::{
    Action, Door, Failure, Known, Outcome, Refusal, about, actor, factor, password, session,
};
use crate::audit::{About, Actor};
use crate::identity::lockout::Bucket;
use crate::identity::pass::{self, Pass, Purpose};
use crate::identity::password::store::Kept;
use crate::notice::{News, owed};

/// A link that replaces a password, whose, and the one it replaces.
struct Resetting {
    pass: Pass,
    known: Known,
    former: Option<Kept>,
}

impl Door<'_> {
    /// Mails whoever has this username a link to choose another password.
    /// Nothing tells the asker whether anybody has it.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn ask_for_reset(&self, username: &str) -> Result<(), Failure> {
        let index = self.index(username);
        let known = self.known(username).await?;
        // Who has never had a password has nothing to be reset.
        let kept = match &known {
            Some(known) => self.kept(known).await?,
            None => None,
        };
        let known = known.filter(|known| kept.is_some() && known.may_enter());
        // Counted by where the mail goes, by whichever name it is asked for.
        let mailbox = known.as_ref().map_or(index, |known| self.index(known.email.expose()));
        let result = self.may_ask(Mails::Reset, mailbox, self.bucket(index)).await?;
        let mut writes = Vec::new();
        if let Some(known) = known.as_ref().filter(|_| result == Outcome::Done) {
            writes.extend(owed::link(
                self.service,
                self.organization(),
                self.keys(),
                known.owner(kept.as_ref()),
                News::Reset,
                None,
                self.now,
            )?);
        }
        let result = if known.is_some() { result } else { Outcome::Unknown };
        let about = known.map_or(About::Organization, |known| about(known.subject));
        let record = self.record(Actor::Nobody(index), Action::LinkSent, about);
        self.refuse(&record.with(result), writes).await?;
        Ok(())
    }

    /// Whose password a mailed link replaces, while it does, and the least
    /// number of characters of a new one. Looking spends nothing.
    ///
    /// # Errors
    /// [`Refusal::Gone`].
    pub async fn reset_link(&self, link: &str) -> Result<usize, Failure> {
        let Resetting { pass, .. } = self.resetting(link).await?;
        self.least(&pass).await
    }

    /// The least number of characters of a password for whoever has this link.
    pub(super) async fn least(&self, pass: &Pass) -> Result<usize, Failure> {
        let organization = self.organization();
        let has_factor =
            factor::has_second_factor(self.service, organization, pass.subject).await?;
        Ok(self.security().await?.shortest_password(has_factor) as usize)
    }

    /// What a link replaces; [`Refusal::Gone`] also for one that was mailed
    /// before the password or the address was changed.
    async fn resetting(&self, link: &str) -> Result<Resetting, Failure> {
        let (organization, keys) = (self.organization(), self.keys());
        let found =
            pass::find(self.service, organization, keys, Purpose::Reset, link, self.now).await?;
        let Some(pass) = found else { return Err(Refusal::Gone.into()) };
        let known = self.known_by_id(pass.subject).await?.filter(Known::may_enter);
        let known = known.ok_or(Failure::Refused(Refusal::Gone))?;
        let former = self.kept(&known).await?;
        if !pass.is_of(known.owner(former.as_ref())) {
            return Err(Refusal::Gone.into());
        }
        Ok(Resetting { pass, known, former })
    }

    /// Replaces a password. Everybody who was signed in with the old one is out,
    /// and signing in begins anew, with the second factor where there is one.
    /// Gives the name and value of the cookie by which this device is known from
    /// now on: whoever has the link reads the owner's mail, and strangers who
    /// are locked out again must not take the owner with them.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn reset(&self, link: &str, typed: &str) -> Result<(String, String), Failure> {
        let Resetting { pass, known, former } = self.resetting(link).await?;
        let (organization, keys) = (self.organization(), self.keys());
        let subject = known.subject;
        let security = self.security().await?;
        let has_factor = factor::has_second_factor(self.service, organization, subject).await?;
        let password = self.judge(typed, &security, has_factor, &self.words(&known)).await?;
        let hashed = self.service.hasher.hash(&password, &*self.service.chance).await?;
        let chosen = self.chosen(hashed, &password, &security);
        let replacing = former.map_or(0, |former| former.version);
        let record = self.record(actor(subject), Action::PasswordReset, about(subject));
        let mut writes = vec![
            pass::spend(self.service, organization, &pass, self.now)?,
            password::store::put(self.service, keys, organization, subject, &chosen, replacing)?,
            self.recording(&record)?,
            self.owe(subject, News::PasswordChanged, self.occasion()?)?,
        ];
        if let Some(member) = &known.member {
            writes.extend(self.putting_out(member)?.1);
        }
        if !self.commit(&writes).await? {
            let record = self.record(actor(subject), Action::PasswordReset, about(subject));
            self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
            return Err(Refusal::Gone.into());
        }
        // From here on nothing may fail: the password is another one, and all
        // sessions are over by their epoch.
        let swept = session::store::end_all(self.service, organization, subject).await;
        if let Err(trouble) = swept {
            tracing::warn!(cause = trouble.chain(), "ended sessions could not be removed");
        }
        let index = self.index_of(&known);
        for bucket in [Bucket::Strangers, self.bucket(index)] {
            self.forget(index, bucket).await;
        }
        Ok(self.mark(index, false)?)
    }
}
