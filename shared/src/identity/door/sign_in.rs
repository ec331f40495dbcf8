//! Signing in with a username and a password.

use super::{
    Action, Door, Entry, Failure, How, Known, News, Outcome, Password, Record, Refusal, Security,
    Unhashed, about, actor, lockout, password, reached, rules,
};
use crate::audit::{About, Actor, Factor};
use crate::dynamo::Write;
use crate::identity::lockout::{Admission, Attempt, Bucket};
use crate::identity::password::Verified;
use crate::identity::password::store::Kept;
use crate::trouble::Trouble;

/// What is compared where nothing was typed that could be compared.
const STAND_IN: &str = "nothing that was typed";

/// What was found under a username, and what comparing came to.
struct Compared {
    known: Option<Known>,
    kept: Option<Kept>,
    verified: Verified,
}

impl Door<'_> {
    /// Signs somebody in, or half in where more is owed. Whoever stands behind
    /// the username, one password is compared, if only with nothing.
    ///
    /// # Errors
    /// [`Failure`]: every reason that has to do with the account is
    /// [`Refusal::NotRight`].
    pub async fn sign_in(&self, username: &str, typed: &str) -> Result<Entry, Failure> {
        let index = self.index(username);
        if let Some(wait) = self.spend(rules::SIGN_IN).await? {
            return self.throttled(index, Refusal::TooMany(wait)).await;
        }
        let security = self.security().await?;
        let bucket = self.bucket(index);
        let admission = self.admit(&security, index, bucket).await?;
        let compared = match self.compare(username, typed, admission).await {
            Ok(compared) => compared,
            Err(Failure::Refused(refusal)) => return self.throttled(index, refusal).await,
            Err(trouble) => return Err(trouble),
        };
        match (compared, admission) {
            (
                Compared { known: Some(known), kept: Some(kept), verified },
                Admission::Go(attempt),
            ) if verified != Verified::Wrong => {
                if verified == Verified::RightButOld {
                    self.rehash(&known, &kept, typed).await;
                }
                let entry = self.let_in(&known, &kept, &security, attempt).await?;
                if entry.session.waiting.is_none() {
                    self.forget_attempts(index, bucket).await;
                }
                self.end_former().await;
                Ok(self.know_device(index, entry)?)
            }
            (compared, admission) => {
                self.keep_out(index, &compared, admission).await?;
                Err(Refusal::NotRight.into())
            }
        }
    }

    /// Writes down an attempt that was not looked at.
    async fn throttled(&self, index: [u8; 16], refusal: Refusal) -> Result<Entry, Failure> {
        let record = self.attempt(Actor::Nobody(index), About::Organization, Factor::Password);
        self.refuse(&record.with(Outcome::Throttled), Vec::new()).await?;
        Err(refusal.into())
    }

    pub(super) fn attempt(&self, actor: Actor, about: About, factor: Factor) -> Record {
        let mut record = self.record(actor, Action::SignIn, about);
        record.more.factor = Some(factor);
        record
    }

    async fn compare(
        &self,
        username: &str,
        typed: &str,
        admission: Admission,
    ) -> Result<Compared, Failure> {
        let known = self.known(username).await?;
        let kept = match &known {
            Some(known) => self.kept(known).await?,
            None => None,
        };
        let password = Password::parse(typed).ok();
        let hasher = &self.service.hasher;
        let goes = matches!(admission, Admission::Go(_));
        let enters = known.as_ref().is_some_and(Known::may_enter);
        let verified = match (&kept, &password) {
            (Some(kept), Some(password)) if goes && enters => {
                hasher.verify(password, &kept.hashed).await?
            }
            _ => {
                let password = match password {
                    Some(password) => password,
                    None => Password::parse(STAND_IN).map_err(|why| {
                        Trouble::unavailable("comparing with nothing", why.to_string())
                    })?,
                };
                hasher.verify_nothing(&password, &*self.service.chance).await?;
                Verified::Wrong
            }
        };
        Ok(Compared { known, kept, verified })
    }

    pub(super) async fn kept(&self, known: &Known) -> Result<Option<Kept>, Trouble> {
        let (organization, keys) = (self.organization(), self.keys());
        password::store::find(self.service, keys, organization, known.subject).await
    }

    /// Computes the hash anew with today's parameters. That it fails does no
    /// harm: the next time will do.
    async fn rehash(&self, known: &Known, kept: &Kept, typed: &str) {
        let Ok(password) = Password::parse(typed) else { return };
        let done = async {
            let hashed = self.service.hasher.hash(&password, &*self.service.chance).await?;
            let (organization, keys) = (self.organization(), self.keys());
            password::store::rehash(self.service, keys, organization, known.subject, kept, hashed)
                .await?;
            Ok::<_, Unhashed>(())
        };
        if let Err(why) = done.await {
            tracing::warn!(%why, "a password was not hashed anew");
        }
    }

    async fn let_in(
        &self,
        known: &Known,
        kept: &Kept,
        security: &Security,
        attempt: Attempt,
    ) -> Result<Entry, Failure> {
        let waiting = self.due(known, security, Some(kept), &[How::Password]).await?;
        let (session, entry) = self.opening(known, security, How::Password, waiting).await?;
        let record = self
            .attempt(actor(known.subject), about(known.subject), Factor::Password)
            .with(reached(waiting));
        // Who changes it ends all sessions that began with the former one: none
        // may begin with it afterwards.
        let still =
            password::store::unchanged(self.service, self.organization(), known.subject, kept)?;
        let mut writes = vec![session, still, self.recording(&record)?];
        if waiting.is_none() {
            writes.extend(self.tell_of_failures(known, attempt.number - 1, attempt.locks)?);
        }
        if self.commit(&writes).await? {
            return Ok(entry);
        }
        // The password was changed at this moment: it is not the right one any more.
        let record = self.attempt(actor(known.subject), about(known.subject), Factor::Password);
        self.refuse(&record.with(Outcome::Wrong), Vec::new()).await?;
        Err(Refusal::Overtaken.into())
    }

    /// Tells the owner that others may have tried before.
    pub(super) fn tell_of_failures(
        &self,
        known: &Known,
        failures: u32,
        locks: u32,
    ) -> Result<Option<Write>, Trouble> {
        if failures < rules::SEVERAL && locks == 0 {
            return Ok(None);
        }
        let news = News::SignedInAfterFailures(failures.max(1));
        self.owe(known.subject, news, self.occasion()?).map(Some)
    }

    async fn keep_out(
        &self,
        index: [u8; 16],
        compared: &Compared,
        admission: Admission,
    ) -> Result<(), Trouble> {
        let Compared { known, kept, .. } = compared;
        // An address that no participant has a password under is nobody's username.
        let known = known.as_ref().filter(|known| known.member.is_some() || kept.is_some());
        let result = match (admission, known) {
            (_, None) => Outcome::Unknown,
            (Admission::Locked { .. }, _) => Outcome::Locked,
            (_, Some(known)) if !known.may_enter() => Outcome::Disabled,
            _ => Outcome::Wrong,
        };
        let about = known.map_or(About::Organization, |known| about(known.subject));
        let record = self.attempt(Actor::Nobody(index), about, Factor::Password).with(result);
        let mut more = Vec::new();
        if let (Admission::Go(Attempt { locked_until: Some(until), .. }), Some(known)) =
            (admission, known)
            && known.may_enter()
        {
            let news = locked(self.bucket(index), until);
            more.push(self.owe(known.subject, news, self.occasion()?)?);
        }
        self.refuse(&record, more).await
    }

    /// Whether this is somebody's password, counted like an attempt to sign in.
    /// A wrong one is written down as `action`.
    pub(super) async fn prove_password(
        &self,
        known: &Known,
        security: &Security,
        typed: &str,
        action: Action,
    ) -> Result<Kept, Failure> {
        let index = self.index_of(known);
        let bucket = self.bucket(index);
        let admission = self.admit(security, index, bucket).await?;
        let mut record = self.record(actor(known.subject), action, about(known.subject));
        record.more.factor = Some(Factor::Password);
        let attempt = match admission {
            Admission::Go(attempt) => attempt,
            Admission::Locked { until } => {
                self.refuse(&record.with(Outcome::Locked), Vec::new()).await?;
                return Err(Refusal::Locked(until.duration_since(self.now)).into());
            }
        };
        let kept = self.kept(known).await?;
        let verified = match (&kept, Password::parse(typed)) {
            (Some(kept), Ok(password)) => {
                match self.service.hasher.verify(&password, &kept.hashed).await {
                    Ok(verified) => verified,
                    Err(why) => {
                        if let Unhashed::Busy { .. } = why {
                            self.refuse(&record.with(Outcome::Throttled), Vec::new()).await?;
                        }
                        return Err(why.into());
                    }
                }
            }
            _ => Verified::Wrong,
        };
        match kept {
            Some(kept) if verified != Verified::Wrong => {
                let organization = self.organization();
                lockout::clear(self.service, organization, index, bucket).await?;
                Ok(kept)
            }
            _ => {
                let mut more = Vec::new();
                if let Some(until) = attempt.locked_until {
                    let news = locked(bucket, until);
                    more.push(self.owe(known.subject, news, self.occasion()?)?);
                }
                self.refuse(&record.with(Outcome::Wrong), more).await?;
                Err(Refusal::NotRight.into())
            }
        }
    }
}

/// What the owner is told of a lock: whether their own devices are free of it.
const fn locked(bucket: Bucket, until: jiff::Timestamp) -> News {
    match bucket {
        Bucket::Device(_) => News::DeviceLocked(until),
        _ => News::Locked(until),
    }
}
