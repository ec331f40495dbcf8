//! Adding and removing second factors. All of it needs a proof of who one is
//! that is not older than ten minutes, or the half session of somebody who must
//! add one.

use serde_json::Value;

use super::{Action, Door, Entry, Failure, Inside, Refusal, about, actor, factor};
use crate::audit::Factor;
use crate::dynamo::Write;
use crate::identity::factor::{Codes, RecoveryCodes, Secret};
use crate::identity::session::Waiting;
use crate::notice::{self, News};
use crate::personal::Label;
use crate::trouble::Trouble;

/// One-time codes that an app has yet to confirm.
#[derive(Debug)]
pub struct BegunCodes {
    /// The picture to scan, an SVG.
    pub picture: String,
    /// The secret.
    pub secret: Secret,
}

impl Door<'_> {
    /// Refuses who may not change factors at this moment.
    fn fresh(&self, inside: &Inside) -> Result<(), Failure> {
        let adds = inside.session.waiting == Some(Waiting::NewFactor);
        if adds || inside.session.is_fresh(self.now) {
            Ok(())
        } else {
            Err(Refusal::NotFresh.into())
        }
    }

    /// Begins one-time codes: a new secret, which an app confirms with its
    /// first code. One that has just begun is shown again.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn begin_codes(&self, inside: &Inside) -> Result<BegunCodes, Failure> {
        self.fresh(inside)?;
        let codes = self.codes(inside).await?;
        let secret = Secret::fresh(&*self.service.chance)?;
        let begun = codes.begun(secret.clone(), self.now);
        if !self.commit(&[self.put_codes(inside, &begun)?]).await? {
            return Err(Refusal::Overtaken.into());
        }
        Ok(self.drawn(inside, secret)?)
    }

    /// The secret that waits for its first code, once more; `None` when there
    /// is none.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn begun_codes(&self, inside: &Inside) -> Result<Option<BegunCodes>, Failure> {
        self.fresh(inside)?;
        let codes = self.codes(inside).await?;
        let Some(secret) = codes.pending(self.now) else { return Ok(None) };
        Ok(Some(self.drawn(inside, secret.clone())?))
    }

    fn drawn(&self, inside: &Inside, secret: Secret) -> Result<BegunCodes, Trouble> {
        let organization = &self.snapshot.organization.name;
        let address = secret.address(organization, inside.known.email.expose());
        let picture = factor::picture::svg(&address, "The secret, as a picture to scan")?;
        Ok(BegunCodes { picture, secret })
    }

    /// Turns one-time codes on with the first code of the app. Recovery codes
    /// come with them, to be shown this once.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn confirm_codes(
        &self,
        inside: &Inside,
        typed: &str,
    ) -> Result<(RecoveryCodes, Option<Entry>), Failure> {
        self.fresh(inside)?;
        let confirmed = match self.codes(inside).await?.confirmed(typed, self.now)? {
            Ok(confirmed) => confirmed,
            Err(why) => return Err(Refusal::Code(why).into()),
        };
        let (codes, recovery) = confirmed.with_new_recovery(
            self.keys(),
            inside.known.subject,
            &*self.service.chance,
        )?;
        let mut writes = vec![self.put_codes(inside, &codes)?];
        let news = News::FactorAdded(notice::Factor::Codes);
        writes.extend(self.changed(inside, Action::FactorAdded, Factor::Code, news)?);
        let entry = self.added(inside, &mut writes).await?;
        if self.commit(&writes).await? {
            Ok((recovery, entry))
        } else {
            Err(Refusal::Overtaken.into())
        }
    }

    /// Turns one-time codes off.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn remove_codes(&self, inside: &Inside) -> Result<(), Failure> {
        self.fresh(inside)?;
        let factors = self.factors(inside).await?;
        if factors.codes.since().is_none() {
            return Ok(());
        }
        let others = !factors.passkeys.is_empty();
        self.may_do_without(inside, others).await?;
        let mut writes = vec![self.put_codes(inside, &factors.codes.without_app(others))?];
        let news = News::FactorRemoved(notice::Factor::Codes);
        writes.extend(self.changed(inside, Action::FactorRemoved, Factor::Code, news)?);
        self.committed(&writes).await
    }

    /// Makes new recovery codes; the old ones are void.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn new_recovery_codes(&self, inside: &Inside) -> Result<RecoveryCodes, Failure> {
        self.fresh(inside)?;
        let factors = self.factors(inside).await?;
        if !factors.any() {
            return Err(Refusal::FactorNeeded.into());
        }
        let (codes, recovery) = factors.codes.with_new_recovery(
            self.keys(),
            inside.known.subject,
            &*self.service.chance,
        )?;
        let mut writes = vec![self.put_codes(inside, &codes)?];
        let news = News::FactorAdded(notice::Factor::RecoveryCodes);
        let action = Action::RecoveryCodesMade;
        writes.extend(self.changed(inside, action, Factor::RecoveryCode, news)?);
        self.committed(&writes).await?;
        Ok(recovery)
    }

    /// What a new passkey is to answer.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn begin_passkey(&self, inside: &Inside) -> Result<factor::Begun, Failure> {
        self.fresh(inside)?;
        let known = &inside.known;
        let username = match &known.member {
            Some(member) => member.username.expose(),
            None => known.email.expose(),
        };
        let name = known.member.as_ref().map_or(username, |member| member.name.expose());
        let begun = factor::passkey::begin_registration(
            self.service,
            self.keys(),
            self.organization(),
            known.subject,
            username,
            name,
            self.now,
        );
        Ok(begun.await?)
    }

    /// Adds a passkey. The first second factor comes with recovery codes.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn add_passkey(
        &self,
        inside: &Inside,
        ceremony: &str,
        answer: Value,
        label: Label,
    ) -> Result<(Option<RecoveryCodes>, Option<Entry>), Failure> {
        self.fresh(inside)?;
        let factors = self.factors(inside).await?;
        let finished = factor::passkey::finish_registration(
            self.service,
            self.keys(),
            self.organization(),
            inside.known.subject,
            ceremony,
            answer,
            label,
            self.now,
        );
        let (_, adding) = finished.await?;
        let mut writes = vec![adding];
        let recovery = if factors.any() {
            None
        } else {
            let (codes, recovery) = factors.codes.with_new_recovery(
                self.keys(),
                inside.known.subject,
                &*self.service.chance,
            )?;
            writes.push(self.put_codes(inside, &codes)?);
            Some(recovery)
        };
        let news = News::FactorAdded(notice::Factor::Passkey);
        writes.extend(self.changed(inside, Action::FactorAdded, Factor::Passkey, news)?);
        let entry = self.added(inside, &mut writes).await?;
        self.committed(&writes).await?;
        Ok((recovery, entry))
    }

    /// Removes a passkey.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn remove_passkey(&self, inside: &Inside, id: [u8; 16]) -> Result<(), Failure> {
        self.fresh(inside)?;
        let factors = self.factors(inside).await?;
        if !factors.passkeys.iter().any(|passkey| passkey.id == id) {
            return Err(Refusal::Gone.into());
        }
        let others = factors.passkeys.len() > 1 || factors.codes.since().is_some();
        self.may_do_without(inside, others).await?;
        let subject = inside.known.subject;
        let organization = self.organization();
        let removing = factor::store::remove_passkey(self.service, organization, subject, id)?;
        let mut writes = vec![removing];
        let news = News::FactorRemoved(notice::Factor::Passkey);
        writes.extend(self.changed(inside, Action::FactorRemoved, Factor::Passkey, news)?);
        self.committed(&writes).await
    }

    /// Everything somebody has besides a password.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn factors(&self, inside: &Inside) -> Result<factor::Factors, Failure> {
        let (organization, keys) = (self.organization(), self.keys());
        let subject = inside.known.subject;
        Ok(factor::list(self.service, keys, organization, subject).await?)
    }

    async fn codes(&self, inside: &Inside) -> Result<Codes, Failure> {
        let (organization, keys) = (self.organization(), self.keys());
        let subject = inside.known.subject;
        Ok(factor::store::codes(self.service, keys, organization, subject).await?)
    }

    fn put_codes(&self, inside: &Inside, codes: &Codes) -> Result<Write, Failure> {
        let (organization, keys) = (self.organization(), self.keys());
        let subject = inside.known.subject;
        Ok(factor::store::put_codes(self.service, keys, organization, subject, codes)?)
    }

    /// Refuses to remove the last second factor of who must have one.
    async fn may_do_without(&self, inside: &Inside, others: bool) -> Result<(), Failure> {
        let security = self.security().await?;
        let member = inside.known.member.as_ref();
        let required = member.is_some_and(|member| security.factor_required(member.level));
        if required && !others { Err(Refusal::FactorNeeded.into()) } else { Ok(()) }
    }

    /// The record and the mail of a change.
    fn changed(
        &self,
        inside: &Inside,
        action: Action,
        which: Factor,
        news: News,
    ) -> Result<[Write; 2], Failure> {
        let subject = inside.known.subject;
        let mut record = self.record(actor(subject), action, about(subject));
        record.more.factor = Some(which);
        Ok([self.recording(&record)?, self.owe(subject, news, self.occasion()?)?])
    }

    /// A new token for who has added a factor: nothing more is owed for it.
    async fn added(
        &self,
        inside: &Inside,
        writes: &mut Vec<Write>,
    ) -> Result<Option<Entry>, Failure> {
        let security = self.security().await?;
        let epoch = inside.known.epoch();
        let (renewed, entry) = self.renewing(&inside.session, None, None, epoch, &security)?;
        writes.extend(renewed);
        let index = self.index_of(&inside.known);
        if inside.session.waiting.is_some() {
            // The sign-in that waited for it is complete now.
            let record = self.attempt(
                actor(inside.known.subject),
                about(inside.known.subject),
                Factor::Password,
            );
            writes.push(self.recording(&record.with(super::Outcome::Right))?);
            let bucket = self.bucket(index);
            self.forget_attempts(index, bucket).await;
            return Ok(Some(self.know_device(index, entry)?));
        }
        Ok(Some(entry))
    }

    pub(super) async fn committed(&self, writes: &[Write]) -> Result<(), Failure> {
        if self.commit(writes).await? { Ok(()) } else { Err(Refusal::Overtaken.into()) }
    }
}
