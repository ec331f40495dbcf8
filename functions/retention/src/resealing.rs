//! Sealing everything of an organization anew under its newest key.

use shared::run::Which;
use shared::trouble::Trouble;
use shared::vault::resealing::{self, State};

use crate::{Retention, Tick};

impl Retention {
    /// Moves one run on, as far as the tick goes.
    pub(crate) async fn resealing(&self, which: Which, tick: Tick) -> Result<(), Trouble> {
        self.advance::<State>(which, (tick, usize::MAX), async |service, claim| {
            resealing::step(service, claim, service.clock.now()).await
        })
        .await
    }
}
