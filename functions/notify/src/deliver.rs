//! One notice, from owed to sent.

use std::sync::Arc;

use jiff::Timestamp;
use shared::booking;
use shared::certificate;
use shared::event;
use shared::identity::member;
use shared::ids::{EventId, NoticeId, OrganizationId};
use shared::notice::letter::{AccountLetter, Letter, Links, Mail};
use shared::notice::recipient::Found;
use shared::notice::rules::{self, Decision, Turn};
use shared::notice::{
    Account, Change, End, Matter, News, Notice, Owed, ToAdministrators, administrators, link,
    recipient, store,
};
use shared::organization::{self, Occasion, Organization, Snapshot};
use shared::trouble::Trouble;
use shared::vault::OrganizationKeys;

use crate::Notify;
use crate::ses::{self, Outcome};

/// What came of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// SES took the mail.
    Sent,
    /// It was settled without a mail, or had been settled before.
    Settled,
    /// Somebody else is sending it, SES still has time to say that it took it,
    /// or its organization is suspended.
    Waiting,
    /// It may be tried again at once.
    Again,
}

/// What to do about a notice, with the mail to send.
enum Plan {
    Send(Box<Mail>),
    Leave(End),
    /// Give each of those whom it is for a notice of their own.
    PassOn(Arc<Snapshot>, ToAdministrators),
    /// Its organization is suspended: another time.
    Wait,
}

impl Plan {
    fn gone() -> Self {
        Self::Leave(End::NoLongerWanted)
    }
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
            Plan::Wait => {
                tracing::info!(organization = %owed.organization, notice = %owed.id, "waits: its organization is suspended");
                return Ok(Delivery::Waiting);
            }
            Plan::PassOn(snapshot, told) => {
                let (service, id) = (&self.service, owed.organization);
                let each =
                    administrators::pass_on(service, id, &snapshot.keys, &told, owed.since).await?;
                store::settle(service, id, owed.id, &End::PassedOn, now).await?;
                tracing::info!(organization = %id, notice = %owed.id, kind = owed.matter.word(), each, "passed on");
                return Ok(Delivery::Settled);
            }
            Plan::Leave(end) => {
                store::settle(&self.service, owed.organization, owed.id, &end, now).await?;
                tracing::info!(organization = %owed.organization, notice = %owed.id, kind = owed.matter.word(), end = end.word(), "left");
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
        let snapshot = match self.service.organization_of(owed.organization, now).await? {
            Some(snapshot) => snapshot,
            None => return self.plan_from_outside(owed, now).await,
        };
        match &owed.matter {
            Matter::Booking(change) => self.plan_change(owed, change, snapshot, now).await,
            Matter::Account(account) => {
                let (organization, keys) = (&snapshot.organization, &*snapshot.keys);
                self.plan_account(owed, account, organization, keys, now).await
            }
            Matter::Administrators(told) => Ok(Plan::PassOn(snapshot, told.clone())),
        }
    }

    /// For an organization that may not be reached: while it is suspended its
    /// notices wait, and when it is gone they are.
    async fn plan_from_outside(&self, owed: &Owed, now: Timestamp) -> Result<Plan, Trouble> {
        let found = organization::store::get(&self.service, owed.organization).await?;
        // Only then its keys: an erased organization's may still be remembered.
        let Some(organization) = found else { return Ok(Plan::gone()) };
        let keys = self.service.vault.keys(owed.organization, now).await?;
        let Some(keys) = keys else { return Ok(Plan::gone()) };
        match &owed.matter {
            Matter::Account(account) if account.news.reaches_from_outside() => {
                self.plan_account(owed, account, &organization, &keys, now).await
            }
            Matter::Account(_) | Matter::Administrators(_) | Matter::Booking(_) => Ok(Plan::Wait),
        }
    }

    async fn plan_change(
        &self,
        owed: &Owed,
        change: &Change,
        snapshot: Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<Plan, Trouble> {
        let Some(occasion) = self.occasion(owed.organization, change.event, snapshot, now).await?
        else {
            return Ok(Plan::gone());
        };
        let (organization, keys) = (occasion.organization(), occasion.keys());
        let found =
            booking::store::find(&self.service, owed.organization, keys, change.booking).await?;
        match (rules::decide(change, owed.since, found.as_ref(), now), found) {
            (Decision::Send, Some(booking)) => {
                let public_address = &self.service.settings.public_address;
                let letter = Letter {
                    notice: owed.id,
                    change,
                    since: owed.since,
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
            (Decision::Drop | Decision::Send, _) => Ok(Plan::gone()),
        }
    }

    async fn plan_account(
        &self,
        owed: &Owed,
        account: &Account,
        organization: &Organization,
        keys: &OrganizationKeys,
        now: Timestamp,
    ) -> Result<Plan, Trouble> {
        let link = link::find(&self.service, owed.organization, keys, account, now).await?;
        if rules::decide_account(link.now(), owed.since, now) != Decision::Send {
            return Ok(Plan::gone());
        }
        let (service, id) = (&self.service, owed.organization);
        let found = recipient::find(service, id, keys, owed.id, account, &link).await?;
        let recipient = match found {
            Found::Somebody(recipient) => recipient,
            Found::NobodyAnyMore => return Ok(Plan::gone()),
            Found::NoAddress => return Ok(Plan::Leave(End::Undeliverable("no_address"))),
        };
        let about = match account.news {
            News::OrganizationWaits(which) => {
                let found = organization::store::get(&self.service, which).await?;
                found.map(|organization| organization.name)
            }
            News::AdministratorInvited(which) | News::AdministratorMade(which) => {
                let found = member::store::find(service, id, keys, which).await?;
                found.map(|member| member.name.expose().to_owned())
            }
            News::AppointmentsLost(which, ..) | News::AppointmentMissing(which) => {
                let found = event::store::find(service, id, which).await?;
                found.map(|event| event.name)
            }
            _ => None,
        };
        let certificate = match account.news {
            News::ErasureAsked(_, deletion) => {
                let operator = certificate::link::operator_keys(service, now).await?;
                Some(certificate::link::address(service, &operator, id, deletion))
            }
            _ => None,
        };
        let letter = AccountLetter {
            notice: owed.id,
            account,
            since: owed.since,
            organization,
            about: about.as_deref(),
            link: link.text(),
            certificate: certificate.as_deref(),
            recipient: &recipient,
            public_address: &self.service.settings.public_address,
            sender: &self.settings.sender,
        };
        Ok(Plan::Send(Box::new(letter.write(now)?)))
    }

    async fn occasion(
        &self,
        organization: OrganizationId,
        event: EventId,
        snapshot: Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<Option<Occasion>, Trouble> {
        let occasion = self.service.occasion_of(snapshot, event).await?;
        if occasion.is_some() {
            return Ok(occasion);
        }
        // The event may be younger than what is remembered of its organization.
        match self.service.read_organization(organization, now).await? {
            Some(snapshot) => self.service.occasion_of(snapshot, event).await,
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
                tracing::error!(%organization, %notice, kind = owed.matter.word(), why, "undeliverable");
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
