//! Guesses: under what they are counted, on which device, and what a network
//! and an address may be asked for.

use jiff::SignedDuration;

use super::{Action, Door, Entry, Failure, Known, Outcome, Refusal, rules};
use crate::audit::{About, Actor};
use crate::identity::lockout::{self, Bucket, Device, Limits};
use crate::identity::{Security, counted};
use crate::ids::OrganizationId;
use crate::participant::allowance::{AN_HOUR, Allowance};
use crate::trouble::Trouble;

/// Mails with links that somebody asks for. Each kind has its own allowance, so
/// that one used up leaves the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mails {
    /// To sign in.
    SignIn,
    /// To choose another password.
    Reset,
    /// To sign an organization up.
    SignUp,
}

impl Mails {
    const fn kind(self) -> &'static str {
        match self {
            Self::SignIn => "links-to",
            Self::Reset => "resets-to",
            Self::SignUp => "sign-ups-to",
        }
    }
}

impl Door<'_> {
    /// The blind index under which attempts at what somebody typed are counted,
    /// whether or not it can be anybody's username.
    pub(super) fn index(&self, typed: &str) -> [u8; 16] {
        match counted(typed) {
            Some(counted) => self.keys().blind(b"username", counted.as_bytes()),
            None => self.keys().blind(b"no-username", typed.as_bytes()),
        }
    }

    /// The index of the username of somebody who is known.
    pub(super) fn index_of(&self, known: &Known) -> [u8; 16] {
        match &known.member {
            Some(member) => self.index(member.username.expose()),
            None => self.index(known.email.expose()),
        }
    }

    /// The device, if it is one on which this username came in before.
    fn device(&self, index: [u8; 16]) -> Option<Device> {
        let cookie = self.origin.cookies.get(&format!(
            "{}{}",
            crate::web::cookie::PREFIX,
            device_cookie(index)
        ))?;
        Device::read(self.keys(), index, cookie, self.now)
    }

    pub(super) fn bucket(&self, index: [u8; 16]) -> Bucket {
        self.device(index).map_or(Bucket::Strangers, |device| device.bucket())
    }

    /// Where attempts at the second step are counted.
    pub(super) fn second_step(&self, index: [u8; 16]) -> Bucket {
        self.device(index).map_or(Bucket::SecondStep, |device| device.second_step())
    }

    pub(super) async fn admit(
        &self,
        security: &Security,
        index: [u8; 16],
        bucket: Bucket,
    ) -> Result<lockout::Admission, Trouble> {
        let limits = lock_limits(security)?;
        let organization = self.organization();
        lockout::admit(self.service, organization, index, bucket, &limits, self.now).await
    }

    /// Forgets the attempts at a username: somebody was right. That it fails
    /// does no harm but a lock that comes a little early.
    pub(super) async fn forget_attempts(&self, index: [u8; 16], bucket: Bucket) {
        for bucket in [bucket, self.second_step(index)] {
            self.forget(index, bucket).await;
        }
    }

    /// Forgets the attempts of one bucket.
    pub(super) async fn forget(&self, index: [u8; 16], bucket: Bucket) {
        let organization = self.organization();
        let cleared = lockout::clear(self.service, organization, index, bucket).await;
        if let Err(trouble) = cleared {
            tracing::warn!(cause = trouble.chain(), "attempts were not forgotten");
        }
    }

    /// Knows the device from now on, for who came in in full.
    pub(super) fn know_device(&self, index: [u8; 16], entry: Entry) -> Result<Entry, Trouble> {
        if entry.session.waiting.is_some() {
            return Ok(entry);
        }
        let device = Some(self.mark(index, entry.session.how.iter().any(|how| how.is_second()))?);
        Ok(Entry { device, ..entry })
    }

    /// The name and value of the cookie by which a device is known.
    pub(super) fn mark(&self, index: [u8; 16], second: bool) -> Result<(String, String), Trouble> {
        let device = Device::know(self.device(index), second, self.now, &*self.service.chance)?;
        Ok((device_cookie(index), device.cookie(self.keys(), index)))
    }

    /// Spends one of what this network may do in an hour; `Some` says how long
    /// until there is more.
    pub(super) async fn spend(
        &self,
        limit: rules::PerNetwork,
    ) -> Result<Option<SignedDuration>, Trouble> {
        let here = crate::ids::to_text(&self.origin.network);
        let organization = self.organization();
        let wait = self.spend_of(organization, limit.kind, &here, limit.in_an_hour).await?;
        match (wait, limit.everywhere, self.origin.everywhere) {
            (None, Some((kind, most)), Some((operator, network))) => {
                let there = crate::ids::to_text(&network);
                self.spend_of(operator, kind, &there, most).await
            }
            (wait, ..) => Ok(wait),
        }
    }

    /// Spends one of an hour's allowance.
    pub(super) async fn spend_of(
        &self,
        organization: OrganizationId,
        kind: &'static str,
        of: &str,
        limit: u32,
    ) -> Result<Option<SignedDuration>, Trouble> {
        let allowance = Allowance { organization, kind, of, limit, window: AN_HOUR };
        self.allowances.spend(self.service, allowance, self.now).await
    }

    /// Whether a mail to the address of this index may be asked for once more:
    /// refused when the network asks too much, and silently without effect when
    /// the address got enough of them. `asker` is the bucket of who asks:
    /// strangers cannot use up what a known device may have.
    pub(super) async fn may_ask(
        &self,
        mails: Mails,
        index: [u8; 16],
        asker: Bucket,
    ) -> Result<Outcome, Failure> {
        if let Some(wait) = self.spend(rules::LINKS).await? {
            let record = self.record(Actor::Nobody(index), Action::LinkSent, About::Organization);
            self.refuse(&record.with(Outcome::Throttled), Vec::new()).await?;
            return Err(Refusal::TooMany(wait).into());
        }
        let of = format!("{}#{asker}", crate::ids::to_text(&index));
        let organization = self.organization();
        let spent =
            self.spend_of(organization, mails.kind(), &of, rules::LINKS_PER_ADDRESS).await?;
        Ok(if spent.is_some() { Outcome::Throttled } else { Outcome::Done })
    }
}

pub(super) fn lock_limits(security: &Security) -> Result<Limits, Trouble> {
    let draft = security.draft();
    Limits::new(draft.failures, draft.first_lock_minutes)
        .map_err(|why| Trouble::damaged("the limits of attempts", why))
}

/// The name of the cookie by which a device is known to one username.
fn device_cookie(index: [u8; 16]) -> String {
    format!("device-{}", crate::ids::to_text(&index))
}
