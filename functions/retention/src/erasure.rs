//! Erasures, moved on.

use shared::erasure::{self, Course};
use shared::run::Which;
use shared::trouble::Trouble;

use crate::{Retention, Tick};

impl Retention {
    /// Moves one erasure on, as far as the tick goes.
    pub(crate) async fn erasure(&self, which: Which, tick: Tick) -> Result<(), Trouble> {
        self.advance::<Course>(which, (tick, usize::MAX), async |service, claim| {
            erasure::step(service, &self.certificates, claim, service.clock.now()).await
        })
        .await
    }
}
