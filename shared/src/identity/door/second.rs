//! The second step, and the passkey as the only one.

use serde_json::Value;

use super::guesses::lock_limits;
use super::{
    Action, Door, Entry, Failure, How, Known, Limits, Outcome, Refusal, about, actor, factor,
    lockout, means, reached, rules, session,
};
use crate::audit::{About, Actor, Factor};
use crate::dynamo::Write;
use crate::identity::caller::Unfinished;
use crate::identity::factor::Codes;
use crate::identity::lockout::{Admission, Bucket};
use crate::identity::session::Session;
use crate::identity::session::Waiting;
use crate::identity::session::store::Renewal;
use crate::notice::{FirstStep, News};
use crate::trouble::Trouble;

impl Door<'_> {
    /// Takes the code of an app, or a recovery code, from somebody who has come
    /// in half.
    ///
    /// # Errors
    /// [`Failure`]; wrong ones are counted, and lock like wrong passwords.
    pub async fn second_by_code(&self, half: &Unfinished, typed: &str) -> Result<Entry, Failure> {
        let known = self.owing(half, Waiting::Factor).await?;
        let (security, index) = (self.security().await?, self.index_of(&known));
        let mut record = self.attempt(actor(known.subject), about(known.subject), Factor::Code);
        let attempt = match self.admit(&security, index, self.second_step(index)).await? {
            Admission::Go(attempt) => attempt,
            Admission::Locked { until } => {
                self.refuse(&record.with(Outcome::Locked), Vec::new()).await?;
                return Err(Refusal::Locked(until.duration_since(self.now)).into());
            }
        };
        let (organization, keys) = (self.organization(), self.keys());
        let codes = factor::store::codes(self.service, keys, organization, known.subject).await?;
        let (spent, how) = match self.spent(&codes, &known, typed)? {
            Ok(spent) => spent,
            Err(why) => {
                let mut more = Vec::new();
                if let Some(until) = attempt.locked_until {
                    let first = if half.session.how.contains(&How::Password) {
                        FirstStep::Password
                    } else {
                        FirstStep::Link
                    };
                    let news = News::SecondStepLocked(until, first);
                    more.push(self.owe(known.subject, news, self.occasion()?)?);
                }
                self.refuse(&record.with(Outcome::Wrong), more).await?;
                return Err(Refusal::Code(why).into());
            }
        };
        let mut writes = vec![factor::store::put_codes(
            self.service,
            keys,
            organization,
            known.subject,
            &spent,
        )?];
        if how == How::RecoveryCode {
            let left = u32::try_from(spent.recovery_left()).unwrap_or(u32::MAX);
            let news = News::RecoveryCodeUsed(left);
            writes.push(self.owe(known.subject, news, self.occasion()?)?);
        }
        record.more.factor = Some(means(how));
        self.finish_second(half, &known, how, index, record, writes).await
    }

    fn spent(
        &self,
        codes: &Codes,
        known: &Known,
        typed: &str,
    ) -> Result<Result<(Codes, How), factor::Refused>, Trouble> {
        let why = match codes.spent(typed, self.now)? {
            Ok(spent) => return Ok(Ok((spent, How::Code))),
            Err(why) => why,
        };
        Ok(match codes.recovered(self.keys(), known.subject, typed) {
            Ok(spent) => Ok((spent, How::RecoveryCode)),
            // A code that was used says so; anything else is wrong.
            Err(_) => Err(why),
        })
    }

    /// What a passkey is to answer: as the second step of somebody who has come
    /// in half, or as the only step.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn passkey_options(
        &self,
        half: Option<&Unfinished>,
    ) -> Result<factor::Begun, Failure> {
        let (service, keys, now) = (self.service, self.keys(), self.now);
        let organization = self.organization();
        let begun = match half {
            Some(half) => {
                let subject = half.session.subject;
                factor::passkey::begin_second_factor(service, keys, organization, subject, now)
                    .await?
            }
            None => {
                if let Some(wait) = self.spend(rules::SIGN_IN).await? {
                    return Err(Refusal::TooMany(wait).into());
                }
                factor::passkey::begin_sign_in(service, keys, organization, now).await?
            }
        };
        Ok(begun)
    }

    /// Takes a passkey's answer from somebody who has come in half.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn second_by_passkey(
        &self,
        half: &Unfinished,
        ceremony: &str,
        answer: Value,
    ) -> Result<Entry, Failure> {
        let known = self.owing(half, Waiting::Factor).await?;
        let index = self.index_of(&known);
        let record = self.attempt(actor(known.subject), about(known.subject), Factor::Passkey);
        let finished = factor::passkey::finish_second_factor(
            self.service,
            self.keys(),
            self.organization(),
            known.subject,
            ceremony,
            answer,
            self.now,
        );
        match finished.await.map_err(Failure::from) {
            Ok((_, used)) => {
                self.finish_second(half, &known, How::Passkey, index, record, vec![used]).await
            }
            Err(Failure::Refused(why)) => {
                self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
                Err(why.into())
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Signs somebody in with a passkey alone. It asked for the person itself,
    /// so it is both factors.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn sign_in_by_passkey(
        &self,
        ceremony: &str,
        answer: Value,
    ) -> Result<Entry, Failure> {
        let nobody = Actor::Nobody([0; 16]);
        let record = self.attempt(nobody, About::Organization, Factor::Passkey);
        if let Some(wait) = self.spend(rules::SIGN_IN).await? {
            self.refuse(&record.with(Outcome::Throttled), Vec::new()).await?;
            return Err(Refusal::TooMany(wait).into());
        }
        let (organization, keys) = (self.organization(), self.keys());
        let finished = factor::passkey::finish_sign_in(
            self.service,
            keys,
            organization,
            ceremony,
            answer,
            self.now,
        );
        let (subject, used) = match finished.await.map_err(Failure::from) {
            Ok((subject, _, used)) => (subject, used),
            Err(Failure::Refused(why)) => {
                self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
                return Err(why.into());
            }
            Err(trouble) => return Err(trouble),
        };
        let known = self.known_by_id(subject).await?.filter(Known::may_enter);
        let Some(known) = known else {
            let record = self.attempt(nobody, about(subject), Factor::Passkey);
            self.refuse(&record.with(Outcome::Disabled), Vec::new()).await?;
            return Err(Refusal::NotRight.into());
        };
        let security = self.security().await?;
        let waiting = rules::due(&[How::Passkey], true, false, false);
        let (session, entry) = self.opening(&known, &security, How::Passkey, waiting).await?;
        let record =
            self.attempt(actor(subject), about(subject), Factor::Passkey).with(reached(waiting));
        if !self.commit(&[session, used, self.recording(&record)?]).await? {
            let record = self.attempt(actor(subject), about(subject), Factor::Passkey);
            self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
            return Err(Refusal::Overtaken.into());
        }
        self.end_former().await;
        Ok(self.know_device(self.index_of(&known), entry)?)
    }

    /// Who has come in half and owes just this.
    pub(super) async fn owing(
        &self,
        half: &Unfinished,
        waiting: Waiting,
    ) -> Result<Known, Failure> {
        if half.session.waiting != Some(waiting) {
            return Err(Refusal::NotRight.into());
        }
        match &half.member {
            Some(member) => Ok(Known::of_member(member.clone())),
            None => Ok(self
                .known_by_id(half.session.subject)
                .await?
                .ok_or(Failure::Refused(Refusal::NotRight))?),
        }
    }

    async fn finish_second(
        &self,
        half: &Unfinished,
        known: &Known,
        how: How,
        index: [u8; 16],
        record: crate::audit::Record,
        mut writes: Vec<Write>,
    ) -> Result<Entry, Failure> {
        let security = self.security().await?;
        let mut proven = half.session.how.clone();
        proven.push(how);
        let kept = self.kept(known).await?;
        let waiting = self.due(known, &security, kept.as_ref(), &proven).await?;
        let bucket = self.bucket(index);
        if waiting.is_none() {
            let (failures, locks) = self.failures_before(index, bucket).await?;
            writes.extend(self.tell_of_failures(known, failures, locks)?);
        }
        let (renewed, entry) =
            self.renewing(&half.session, Some(how), waiting, half.session.epoch, &security)?;
        writes.extend(renewed);
        writes.push(self.recording(&record.with(reached(waiting)))?);
        if !self.commit(&writes).await? {
            // The same code, used a second time at the same moment, ends here.
            let mut record =
                self.record(actor(known.subject), Action::SignIn, about(known.subject));
            record.more.factor = Some(means(how));
            self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
            return Err(Refusal::Overtaken.into());
        }
        if waiting.is_none() {
            self.forget_attempts(index, bucket).await;
        }
        Ok(self.know_device(index, entry)?)
    }

    /// The failed attempts before the one that has just led to a second step.
    async fn failures_before(
        &self,
        index: [u8; 16],
        bucket: Bucket,
    ) -> Result<(u32, u32), Trouble> {
        let organization = self.organization();
        let tally = lockout::tally(self.service, organization, index, bucket, self.now).await?;
        Ok(tally.map_or((0, 0), |tally| (tally.attempts.saturating_sub(1), tally.locks)))
    }

    /// The writes that give a session a new token, and whoever goes on with it.
    pub(super) fn renewing(
        &self,
        old: &Session,
        proven: Option<How>,
        waiting: Option<Waiting>,
        epoch: u32,
        security: &super::Security,
    ) -> Result<(Vec<Write>, Entry), Trouble> {
        let limits = Limits::of(security, old.subject);
        let renewal = Renewal { proven, waiting, epoch };
        let (writes, token, session) = session::store::renew(
            self.service,
            self.organization(),
            old,
            renewal,
            limits,
            self.now,
        )?;
        Ok((writes, Entry { token, session, longest: limits.absolute, device: None }))
    }

    /// The limits of attempts, for who asks how many are left.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn lock_limits(&self) -> Result<lockout::Limits, Trouble> {
        lock_limits(&self.security().await?)
    }
}
