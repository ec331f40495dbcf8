//! The nights: every organization's, begun once a day at three in the morning
//! where it is, and moved on a few pages a tick.

use std::sync::PoisonError;

use shared::ids::OrganizationId;
use shared::organization;
use shared::retention::night;
use shared::run::Which;
use shared::trouble::Trouble;

use crate::{Retention, Tick};

/// Steps of one organization's night in one tick: of 25 items each, so some
/// fifty a second at most, one after the other. A day's ticks take away half a
/// million things, and booking does not feel it.
const MOST_STEPS: usize = 80;

impl Retention {
    /// Begins the nights that have come. An organization is looked at when its
    /// own comes, not at every tick.
    pub(crate) async fn begin_nights(&self, tick: Tick) -> Result<(), Trouble> {
        for organization in organization::store::all(&self.service).await? {
            let now = self.service.clock.now();
            if self.late(tick) {
                break;
            }
            let known = {
                let nights = self.nights.lock().unwrap_or_else(PoisonError::into_inner);
                nights.get(&organization).copied()
            };
            if known.is_some_and(|next| now < next) {
                continue;
            }
            match night::begin(&self.service, organization, now).await {
                Ok(next) => {
                    let mut nights = self.nights.lock().unwrap_or_else(PoisonError::into_inner);
                    nights.insert(organization, next);
                }
                // One organization's trouble keeps no other's night from coming.
                Err(trouble) => self.troubled(organization, &trouble),
            }
        }
        Ok(())
    }

    fn troubled(&self, organization: OrganizationId, trouble: &Trouble) {
        tracing::error!(%organization, cause = trouble.chain(), "a night does not begin");
    }

    /// Moves one night on.
    pub(crate) async fn night(&self, which: Which, tick: Tick) -> Result<(), Trouble> {
        self.advance(which, (tick, MOST_STEPS), night::step).await
    }
}
