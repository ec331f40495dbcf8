//! What the schedule does: it looks for what the stream dropped and for claims
//! whose holder died.

use futures::StreamExt;
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::ids::{NoticeId, OrganizationId};
use shared::notice::rules;
use shared::notice::store::{self, Start};
use shared::organization;
use shared::trouble::Trouble;

use crate::Notify;
use crate::deliver::{Delivery, log};

/// How long a firing may begin new work; the function itself has a minute.
const TIME: SignedDuration = SignedDuration::from_secs(35);
/// How many notices of an organization a firing looks at.
const MOST: usize = 1_000;
/// How many are read at a time.
const PAGE: u16 = 100;
/// How many are delivered side by side.
const ABREAST: usize = 8;

/// What a firing did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    looked_at: usize,
    sent: usize,
    waiting: usize,
    failed: usize,
}

impl Tally {
    fn count(&mut self, delivery: Option<Delivery>) {
        self.looked_at += 1;
        match delivery {
            Some(Delivery::Sent) => self.sent += 1,
            Some(Delivery::Settled) => {}
            Some(Delivery::Waiting) => self.waiting += 1,
            Some(Delivery::Again) | None => self.failed += 1,
        }
    }
}

impl Notify {
    /// Goes through every organization's notices that are still owed. What a
    /// firing does not reach, the next one does: the start moves on by one
    /// organization every five minutes, so that none is always the last.
    pub(crate) async fn sweep(&self) -> Result<Value, Trouble> {
        let begun = self.service.clock.now();
        let mut organizations = organization::store::all(&self.service).await?;
        if !organizations.is_empty() {
            let firing = usize::try_from(begun.as_second() / 300).unwrap_or(0);
            let first = firing % organizations.len();
            organizations.rotate_left(first);
        }
        let mut tally = Tally::default();
        for organization in organizations {
            if self.late(begun) {
                break;
            }
            // One organization's trouble keeps no other from its mails.
            if let Err(trouble) = self.sweep_one(organization, begun, &mut tally).await {
                tally.failed += 1;
                tracing::error!(%organization, cause = trouble.chain(), "a sweep is in trouble");
            }
        }
        let Tally { looked_at, sent, waiting, failed } = tally;
        tracing::info!(looked_at, sent, waiting, failed, "swept");
        Ok(json!({ "looked_at": looked_at, "sent": sent, "waiting": waiting, "failed": failed }))
    }

    /// What one organization still owes, side by side. The order does not
    /// matter: by now a notice that a later one has overtaken is superseded.
    async fn sweep_one(
        &self,
        organization: OrganizationId,
        begun: Timestamp,
        tally: &mut Tally,
    ) -> Result<(), Trouble> {
        let mut next = Some(Start::default());
        let mut looked_at = 0;
        while let Some(start) = next {
            if looked_at >= MOST || self.late(begun) {
                break;
            }
            let before = begun - rules::LEFT_LYING;
            let page = store::still_owed(&self.service, organization, before, start, PAGE).await?;
            looked_at += page.notices.len();
            let mut deliveries = stream::iter(page.notices)
                .map(|notice| self.sweep_notice(organization, notice))
                .buffer_unordered(ABREAST);
            while let Some(delivery) = deliveries.next().await {
                tally.count(delivery);
            }
            next = page.next;
        }
        Ok(())
    }

    /// Delivers one notice; `None` when it could not be tried.
    async fn sweep_notice(
        &self,
        organization: OrganizationId,
        notice: NoticeId,
    ) -> Option<Delivery> {
        let tried = async {
            match store::read(&self.service, organization, notice).await? {
                Some(notice) => self.deliver(&notice).await,
                None => Ok(Delivery::Settled),
            }
        };
        match tried.await {
            Ok(delivery) => Some(delivery),
            Err(trouble) => {
                log(organization, notice, &trouble);
                None
            }
        }
    }

    fn late(&self, begun: Timestamp) -> bool {
        self.service.clock.now().duration_since(begun) >= TIME
    }
}
