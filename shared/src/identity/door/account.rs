//! What somebody who has come in does about their own account.

use super::{
    Action, Door, Entry, Failure, Known, Outcome, Refusal, about, actor, member, password, session,
};
use crate::audit::{About, Actor, Factor};
use crate::identity::caller::{Caller, Unfinished};
use crate::identity::factor::Factors;
use crate::identity::lockout::Bucket;
use crate::identity::pass::{self, Purpose};
use crate::identity::password::meter::Meter;
use crate::identity::password::store::Kept;
use crate::identity::password::{Password, Requirements, Verified};
use crate::identity::session::{How, Limits, Session, SessionId, Waiting};
use crate::notice::News;
use crate::personal::EmailAddress;
use crate::trouble::Trouble;

/// Somebody who has come in, or half in.
#[derive(Debug, Clone)]
pub struct Inside {
    pub(super) known: Known,
    /// Their session.
    pub session: Session,
}

impl Inside {
    /// The member they are, if they are one.
    #[must_use]
    pub const fn member(&self) -> Option<&member::Member> {
        self.known.member.as_ref()
    }

    /// Where mail reaches them.
    #[must_use]
    pub const fn email(&self) -> &EmailAddress {
        &self.known.email
    }
}

/// What somebody's account holds.
#[derive(Debug)]
pub struct Account {
    /// The password, if there is one.
    pub password: Option<Kept>,
    /// Second factors.
    pub factors: Factors,
    /// Sessions that are not over, the one used last in front.
    pub sessions: Vec<Session>,
    /// Whether the organization asks for a second factor that is not there.
    pub factor_owed: bool,
}

impl Door<'_> {
    /// Who it is that has come in; `None` for who has no account here.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn inside(&self, caller: &Caller) -> Result<Option<Inside>, Trouble> {
        let (known, session) = match caller {
            Caller::Member { member, session, .. } => {
                (Some(Known::of_member((**member).clone())), session)
            }
            Caller::Participant { session, .. } => {
                (self.known_by_id(session.subject).await?, session)
            }
            Caller::Nobody | Caller::Support { .. } | Caller::Emergency { .. } => return Ok(None),
        };
        Ok(known.map(|known| Inside { known, session: (**session).clone() }))
    }

    /// Puts on record that somebody asked for what they may not do.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub async fn refused(&self, actor: Actor) -> Result<(), Trouble> {
        let record = self.record(actor, Action::ActionRefused, About::Organization);
        self.refuse(&record.with(Outcome::Refused), Vec::new()).await
    }

    /// Who it is that has come in half and owes just this. Nobody owes a first
    /// second factor who has one by now: they sign in anew, with it.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn inside_half(
        &self,
        half: &Unfinished,
        waiting: Waiting,
    ) -> Result<Option<Inside>, Failure> {
        let known = match self.owing(half, waiting).await {
            Ok(known) => known,
            Err(Failure::Refused(_)) => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        let (organization, subject) = (self.organization(), known.subject);
        if waiting == Waiting::NewFactor
            && super::factor::has_second_factor(self.service, organization, subject).await?
        {
            return Ok(None);
        }
        Ok(Some(Inside { known, session: half.session.clone() }))
    }

    /// What somebody's account holds.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn account(&self, inside: &Inside) -> Result<Account, Failure> {
        let security = self.security().await?;
        let limits = Limits::of(&security, inside.known.subject);
        let (password, factors, mut sessions) = tokio::try_join!(
            async { Ok(self.kept(&inside.known).await?) },
            self.factors(inside),
            async {
                let (organization, subject) = (self.organization(), inside.known.subject);
                let listed =
                    session::store::list(self.service, organization, subject, limits, self.now);
                Ok::<_, Failure>(listed.await?)
            },
        )?;
        // What is over by its epoch may still lie there.
        sessions.retain(|session| session.epoch == inside.session.epoch);
        let member = inside.known.member.as_ref();
        let required = member.is_some_and(|member| security.factor_required(member.level));
        Ok(Account { password, factor_owed: required && !factors.any(), factors, sessions })
    }

    /// Takes the password once more from somebody who has come in.
    ///
    /// # Errors
    /// [`Failure`]; a wrong one counts like a failed attempt to sign in.
    pub async fn confirm_by_password(
        &self,
        inside: &Inside,
        typed: &str,
    ) -> Result<Entry, Failure> {
        let security = self.security().await?;
        let action = Action::Reauthentication;
        self.prove_password(&inside.known, &security, typed, action).await?;
        self.confirmed(inside, How::Password, Vec::new()).await
    }

    /// What a passkey is to answer once more.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn confirm_options(&self, inside: &Inside) -> Result<super::factor::Begun, Failure> {
        let subject = inside.known.subject;
        let begun = super::factor::passkey::begin_second_factor(
            self.service,
            self.keys(),
            self.organization(),
            subject,
            self.now,
        );
        Ok(begun.await?)
    }

    /// Takes a passkey's answer once more from somebody who has come in.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn confirm_by_passkey(
        &self,
        inside: &Inside,
        ceremony: &str,
        answer: serde_json::Value,
    ) -> Result<Entry, Failure> {
        let subject = inside.known.subject;
        let finished = super::factor::passkey::finish_second_factor(
            self.service,
            self.keys(),
            self.organization(),
            subject,
            ceremony,
            answer,
            self.now,
        );
        match finished.await.map_err(Failure::from) {
            Ok((_, used)) => self.confirmed(inside, How::Passkey, vec![used]).await,
            Err(Failure::Refused(why)) => {
                let mut record =
                    self.record(actor(subject), Action::Reauthentication, about(subject));
                record.more.factor = Some(Factor::Passkey);
                self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
                Err(why.into())
            }
            Err(trouble) => Err(trouble),
        }
    }

    async fn confirmed(
        &self,
        inside: &Inside,
        how: How,
        mut writes: Vec<crate::dynamo::Write>,
    ) -> Result<Entry, Failure> {
        let security = self.security().await?;
        let subject = inside.known.subject;
        let waiting = inside.session.waiting;
        let epoch = inside.session.epoch;
        let (renewed, entry) =
            self.renewing(&inside.session, Some(how), waiting, epoch, &security)?;
        let mut record = self.record(actor(subject), Action::Reauthentication, about(subject));
        record.more.factor = Some(super::means(how));
        writes.extend(renewed);
        writes.push(self.recording(&record.with(Outcome::Right))?);
        self.committed(&writes).await?;
        Ok(entry)
    }

    /// Changes the password: with the one in force, or, where there is none
    /// yet, with a fresh proof of who it is. All other sessions end.
    ///
    /// # Errors
    /// [`Failure`]; a wrong one counts like a failed attempt to sign in.
    pub async fn change_password(
        &self,
        inside: &Inside,
        current: &str,
        typed: &str,
    ) -> Result<Entry, Failure> {
        let (known, security) = (&inside.known, self.security().await?);
        let (organization, keys) = (self.organization(), self.keys());
        let subject = known.subject;
        let former = match self.kept(known).await? {
            Some(_) => {
                let action = Action::PasswordChanged;
                Some(self.prove_password(known, &security, current, action).await?)
            }
            None if inside.session.is_fresh(self.now) => None,
            None => return Err(Refusal::NotFresh.into()),
        };
        let has_factor =
            super::factor::has_second_factor(self.service, organization, subject).await?;
        let password = self.judge(typed, &security, has_factor, &self.words(known)).await?;
        if let Some(former) = &former {
            let same = self.service.hasher.verify(&password, &former.hashed).await?;
            if same != Verified::Wrong {
                let words = "This is the password you have. Choose another.";
                return Err(Refusal::Password(vec![words.to_owned()]).into());
            }
        }
        let hashed = self.service.hasher.hash(&password, &*self.service.chance).await?;
        let chosen = self.chosen(hashed, &password, &security);
        let replacing = former.as_ref().map_or(0, |former| former.version);
        let mut writes = vec![password::store::put(
            self.service,
            keys,
            organization,
            subject,
            &chosen,
            replacing,
        )?];
        let mut epoch = password::store::epoch_after(replacing)?;
        if let Some(member) = &known.member {
            let (another, changing) = self.putting_out(member)?;
            epoch = another;
            writes.extend(changing);
        }
        let mut proven = inside.session.how.clone();
        proven.push(How::Password);
        let waiting = self.due(known, &security, Some(&chosen), &proven).await?;
        // Who is in already needs no second step for it.
        let waiting = waiting.filter(|_| inside.session.waiting.is_some());
        let (renewed, entry) =
            self.renewing(&inside.session, Some(How::Password), waiting, epoch, &security)?;
        writes.extend(renewed);
        let record = self.record(actor(subject), Action::PasswordChanged, about(subject));
        writes.push(self.recording(&record)?);
        writes.push(self.owe(subject, News::PasswordChanged, self.occasion()?)?);
        self.committed(&writes).await?;
        // From here on nothing may fail: the password is another one, and all
        // other sessions are over by their epoch.
        self.sweep_others(&entry).await;
        let index = self.index_of(known);
        self.forget(index, Bucket::Strangers).await;
        Ok(self.know_device(index, entry)?)
    }

    /// Signs out.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn sign_out(&self, session: &Session) -> Result<(), Failure> {
        let (organization, subject) = (self.organization(), session.subject);
        let ending = session::store::ending(self.service, organization, subject, session.id)?;
        let record = self.record(actor(subject), Action::SignOut, about(subject));
        // Where it has ended meanwhile there is nothing left to end or to record.
        self.commit(&[ending, self.recording(&record)?]).await?;
        Ok(())
    }

    /// Ends one of somebody's sessions. Ending one that is gone is done already.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn end_session(&self, inside: &Inside, which: SessionId) -> Result<(), Failure> {
        let (organization, subject) = (self.organization(), inside.known.subject);
        let ending = session::store::ending(self.service, organization, subject, which)?;
        let mut record = self.record(actor(subject), Action::SessionsEnded, about(subject));
        record.more.count = Some(1);
        // Nor may a stranger who was in it change the address afterwards.
        let void = pass::void(self.service, organization, subject, Purpose::ConfirmEmail)?;
        self.commit(&[ending, void, self.recording(&record)?]).await?;
        Ok(())
    }

    /// Ends all of somebody's sessions but this one, which gets another token.
    /// What was asked for in the others is void: a member's epoch rises.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn end_other_sessions(&self, inside: &Inside) -> Result<Entry, Failure> {
        let (organization, known) = (self.organization(), &inside.known);
        let (subject, security) = (known.subject, self.security().await?);
        let record = self.record(actor(subject), Action::SessionsEnded, about(subject));
        let (epoch, mut writes) = match &known.member {
            Some(member) => self.putting_out(member)?,
            None => (self.epoch(known).await?, Vec::new()),
        };
        let waiting = inside.session.waiting;
        let (renewed, entry) = self.renewing(&inside.session, None, waiting, epoch, &security)?;
        writes.extend(renewed);
        writes.push(self.recording(&record)?);
        self.committed(&writes).await?;
        let kept = entry.session.id;
        session::store::end_others(self.service, organization, subject, kept).await?;
        Ok(entry)
    }

    /// The writes that end a member's sessions by their epoch, and the new one.
    pub(super) fn putting_out(
        &self,
        member: &member::Member,
    ) -> Result<(u32, Vec<crate::dynamo::Write>), Trouble> {
        let after = member.signed_out();
        let (changed, writes) = member::store::changing(
            self.service,
            self.organization(),
            self.keys(),
            member,
            &after,
        )?;
        Ok((changed.epoch, writes))
    }

    /// How hard a password is to guess that is being chosen.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn meter(&self, inside: Option<&Inside>, typed: &str) -> Result<Meter, Failure> {
        if let Some(wait) = self.spend(super::rules::METER).await? {
            return Err(Refusal::TooMany(wait).into());
        }
        let security = self.security().await?;
        let password =
            Password::parse(typed).map_err(|why| Refusal::Password(vec![why.to_string()]))?;
        let has_factor = match inside {
            Some(inside) => {
                let subject = inside.known.subject;
                super::factor::has_second_factor(self.service, self.organization(), subject).await?
            }
            None => false,
        };
        let organization = &self.snapshot.organization;
        let around = [organization.name.as_str(), organization.web_name.as_str()];
        let words = inside.map(|inside| self.words(&inside.known).person);
        let requirements = Requirements {
            minimum: security.shortest_password(has_factor) as usize,
            composition: security.composition(),
            organization: &around,
            person: words.as_deref().unwrap_or_default(),
            breached: self.service.breached.holds(&password).map_err(Trouble::from)?,
        };
        Ok(self.service.hasher.meter(&password, &requirements).await?)
    }
}
