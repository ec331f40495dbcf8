//! One notice, from owed to sent.

use jiff::Timestamp;
use shared::booking;
use shared::ids::{NoticeId, OrganizationId};
use shared::notice::letter::{Letter, Links, Mail};
use shared::notice::rules::{self, Decision, Turn};
use shared::notice::{End, Notice, Owed, store};
use shared::organization::Occasion;
use shared::trouble::Trouble;

use crate::Notify;
use crate::ses::{self, Outcome};

/// What came of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// SES took the mail.
    Sent,
    /// It was settled without a mail, or had been settled before.
    Settled,
    /// Somebody else is sending it, or SES still has time to say that it took it.
    Waiting,
    /// It may be tried again at once.
    Again,
}

/// What to do about a notice, with the mail to send.
enum Plan {
    Send(Box<Mail>),
    Leave(End),
}

impl Notify {
    /// Delivers a notice as it was read.
    pub(crate) async fn deliver(&self, notice: &Notice) -> Result<Delivery, Trouble> {
        let now = self.service.clock.now();
        let owed = &notice.owed;
        let again = match rules::turn(notice.standing, now) {
            Turn::First => false,
            Turn::Again => true,
            Turn::Settled => return Ok(Delivery::Settled),
            Turn::Busy(_) => return Ok(Delivery::Waiting),
            Turn::Held(until) => {
                tracing::info!(organization = %owed.organization, notice = %owed.id, %until, "held for news from SES");
                return Ok(Delivery::Waiting);
            }
        };
        let mail = match self.plan(owed, now).await? {
            Plan::Send(mail) => mail,
            Plan::Leave(end) => {
                store::settle(&self.service, owed.organization, owed.id, &end, now).await?;
                tracing::info!(organization = %owed.organization, notice = %owed.id, kind = owed.kind.word(), end = end.word(), "left");
                return Ok(Delivery::Settled);
            }
        };
        let Some(claim) = store::claim(&self.service, notice, again, now).await? else {
            return Ok(Delivery::Waiting);
        };
        if again {
            tracing::warn!(organization = %owed.organization, notice = %owed.id, attempts = notice.attempts, possible_doubles = 1, "sent once more without news of the last time");
        }
        let tag = ses::tag(owed.organization, owed.id);
        let outcome = ses::send(&self.ses, &self.settings, tag, *mail).await;
        self.conclude(owed, &claim, outcome).await
    }

    /// Reads what the rules and the mail need.
    async fn plan(&self, owed: &Owed, now: Timestamp) -> Result<Plan, Trouble> {
        let gone = Ok(Plan::Leave(End::NoLongerWanted));
        let Some(occasion) = self.occasion(owed, now).await? else { return gone };
        let (organization, keys) = (occasion.organization(), occasion.keys());
        let found =
            booking::store::find(&self.service, owed.organization, keys, owed.booking).await?;
        match (rules::decide(owed, found.as_ref(), now), found) {
            (Decision::Send, Some(booking)) => {
                let public_address = &self.service.settings.public_address;
                let letter = Letter {
                    owed,
                    booking: &booking,
                    organization,
                    links: &Links::new(public_address, organization, keys, &booking),
                    event: occasion.event(),
                    resources: &occasion.resources,
                    public_address,
                    sender: &self.settings.sender,
                };
                Ok(Plan::Send(Box::new(letter.write(now)?)))
            }
            (Decision::Superseded, _) => Ok(Plan::Leave(End::Superseded)),
            (Decision::Drop | Decision::Send, _) => gone,
        }
    }

    async fn occasion(&self, owed: &Owed, now: Timestamp) -> Result<Option<Occasion>, Trouble> {
        let Some(snapshot) = self.service.organization_of(owed.organization, now).await? else {
            return Ok(None);
        };
        let occasion = self.service.occasion_of(snapshot, owed.event).await?;
        if occasion.is_some() {
            return Ok(occasion);
        }
        // The event may be younger than what is remembered of its organization.
        match self.service.read_organization(owed.organization, now).await? {
            Some(snapshot) => self.service.occasion_of(snapshot, owed.event).await,
            None => Ok(None),
        }
    }

    /// Records what SES made of the mail. Once SES has it, nothing that fails
    /// here may send it again: the Send event settles the notice.
    async fn conclude(
        &self,
        owed: &Owed,
        claim: &store::Claim,
        outcome: Outcome,
    ) -> Result<Delivery, Trouble> {
        let now = self.service.clock.now();
        let (organization, notice) = (owed.organization, owed.id);
        let (end, delivery) = match outcome {
            Outcome::Accepted(message) => (End::Sent(message), Delivery::Sent),
            Outcome::Refused(why) => {
                tracing::error!(%organization, %notice, kind = owed.kind.word(), why, "undeliverable");
                (End::Undeliverable(why), Delivery::Settled)
            }
            Outcome::NotNow(why) => {
                tracing::warn!(%organization, %notice, why, "SES did not take a mail; it stays owed");
                if let Err(trouble) = store::release(&self.service, claim, now).await {
                    log(organization, notice, &trouble);
                }
                return Ok(Delivery::Again);
            }
            Outcome::Unknown(why) => {
                tracing::warn!(%organization, %notice, why, "SES may have taken a mail; waiting for its word");
                return Ok(Delivery::Waiting);
            }
        };
        if let Err(trouble) = store::settle(&self.service, organization, notice, &end, now).await {
            log(organization, notice, &trouble);
        }
        Ok(delivery)
    }
}

/// Writes a trouble with a notice to the log: ids and causes.
pub(crate) fn log(organization: OrganizationId, notice: NoticeId, trouble: &Trouble) {
    tracing::error!(%organization, %notice, cause = trouble.chain(), "a notice is in trouble");
}
