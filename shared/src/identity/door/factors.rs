//! Adding and removing second factors. All of it needs a proof of who one is
//! that is not older than ten minutes, or the half session of somebody who must
//! add one and has none yet.
//!
//! A member's first factor ends their other sessions: who came in before it was
//! there, with no more than the password, must not stay.

use serde_json::Value;

use super::{Action, Door, Entry, Failure, Inside, Refusal, about, actor, factor, password};
use crate::audit::Factor;
use crate::dynamo::Write;
use crate::identity::factor::{Codes, RecoveryCodes, Secret};
use crate::identity::session::Waiting;
use crate::notice::{self, News};
use crate::personal::Label;
use crate::trouble::Trouble;

/// One-time codes that an app has yet to confirm, as they are offered.
#[derive(Debug)]
pub struct OfferedCodes {
    /// The picture to scan, an SVG.
    pub picture: String,
    /// The secret.
    pub secret: Secret,
}

impl Door<'_> {
    /// Refuses who may not change factors at this moment. A half session is for
    /// the first one: whoever still has one once there is another knows no more
    /// than the password.
    async fn fresh(&self, inside: &Inside) -> Result<(), Failure> {
        if inside.session.waiting == Some(Waiting::NewFactor) {
            let (organization, subject) = (self.organization(), inside.known.subject);
            let has = factor::has_second_factor(self.service, organization, subject).await?;
            return if has { Err(Refusal::NotRight.into()) } else { Ok(()) };
        }
        if inside.session.is_fresh(self.now) { Ok(()) } else { Err(Refusal::NotFresh.into()) }
    }

    /// Offers one-time codes: a secret, which an app confirms with its first
    /// code. Looking changes nothing, and the same session is offered the same.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn offer_codes(&self, inside: &Inside) -> Result<OfferedCodes, Failure> {
        self.fresh(inside).await?;
        let secret = self.offered(inside, &self.codes(inside).await?);
        Ok(self.drawn(inside, secret)?)
    }

    fn offered(&self, inside: &Inside, codes: &Codes) -> Secret {
        Secret::offered(self.keys(), inside.known.subject, inside.session.id, codes.version)
    }

    fn drawn(&self, inside: &Inside, secret: Secret) -> Result<OfferedCodes, Trouble> {
        let organization = &self.snapshot.organization.name;
        let address = secret.address(organization, inside.known.email.expose());
        let picture = factor::picture::svg(&address, "The secret, as a picture to scan")?;
        Ok(OfferedCodes { picture, secret })
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
    ) -> Result<(RecoveryCodes, Entry), Failure> {
        self.fresh(inside).await?;
        let factors = self.factors(inside).await?;
        let secret = self.offered(inside, &factors.codes);
        let confirmed = match factors.codes.confirmed(&secret, typed, self.now)? {
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
        let entry = self.add(inside, &factors, writes).await?;
        Ok((recovery, entry))
    }

    /// Turns one-time codes off.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn remove_codes(&self, inside: &Inside) -> Result<(), Failure> {
        self.fresh(inside).await?;
        let factors = self.factors(inside).await?;
        if factors.codes.since().is_none() {
            return Ok(());
        }
        let others = !factors.passkeys.is_empty();
        self.may_do_without(inside, others).await?;
        let mut writes = vec![self.put_codes(inside, &factors.codes.without_app(others))?];
        writes.extend(self.left_alone(inside, others).await?);
        let news = News::FactorRemoved(notice::Factor::Codes);
        writes.extend(self.changed(inside, Action::FactorRemoved, Factor::Code, news)?);
        self.committed(&writes).await
    }

    /// Makes new recovery codes; the old ones are void.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn new_recovery_codes(&self, inside: &Inside) -> Result<RecoveryCodes, Failure> {
        self.fresh(inside).await?;
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
        self.fresh(inside).await?;
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
    ) -> Result<(Option<RecoveryCodes>, Entry), Failure> {
        self.fresh(inside).await?;
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
        let entry = self.add(inside, &factors, writes).await?;
        Ok((recovery, entry))
    }

    /// Removes a passkey.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn remove_passkey(&self, inside: &Inside, id: [u8; 16]) -> Result<(), Failure> {
        self.fresh(inside).await?;
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
        writes.extend(self.left_alone(inside, others).await?);
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

    /// What the password owes once it is all that is left: one that was chosen
    /// beside a second factor may be too short to stand alone.
    async fn left_alone(&self, inside: &Inside, others: bool) -> Result<Option<Write>, Failure> {
        if others {
            return Ok(None);
        }
        let kept = self.kept(&inside.known).await?;
        let (organization, subject) = (self.organization(), inside.known.subject);
        let left = kept
            .map(|kept| password::store::left_alone(self.service, organization, subject, &kept));
        Ok(left.transpose()?)
    }

    /// Writes a new factor, with a new token for who has added it: nothing more
    /// is owed for it. Where it is a member's first one, all their other
    /// sessions are over with it, as with another password.
    async fn add(
        &self,
        inside: &Inside,
        former: &factor::Factors,
        mut writes: Vec<Write>,
    ) -> Result<Entry, Failure> {
        let security = self.security().await?;
        let known = &inside.known;
        let mut epoch = inside.session.epoch;
        if let Some(member) = known.member.as_ref().filter(|_| !former.any()) {
            let (another, changing) = self.putting_out(member)?;
            epoch = another;
            writes.extend(changing);
        }
        let (renewed, entry) = self.renewing(&inside.session, None, None, epoch, &security)?;
        writes.extend(renewed);
        let index = self.index_of(known);
        let half = inside.session.waiting.is_some();
        if half {
            // The sign-in that waited for it is complete now.
            let (actor, about) = (actor(known.subject), about(known.subject));
            let record = self.attempt(actor, about, Factor::Password);
            writes.push(self.recording(&record.with(super::Outcome::Right))?);
        }
        self.committed(&writes).await?;
        if epoch != inside.session.epoch {
            self.sweep_others(&entry).await;
        }
        if !half {
            return Ok(entry);
        }
        self.forget_attempts(index, self.bucket(index)).await;
        Ok(self.know_device(index, entry)?)
    }

    pub(super) async fn committed(&self, writes: &[Write]) -> Result<(), Failure> {
        if self.commit(writes).await? { Ok(()) } else { Err(Refusal::Overtaken.into()) }
    }
}
