//! Deletions of people, moved on: most are done at the first call, by the Run
//! table's stream, and looked over once more by the next tick.

use shared::deletion;
use shared::run::Which;
use shared::trouble::Trouble;

use crate::{Retention, Tick};

/// Steps of one deletion in one tick, of 25 things each: far more than one
/// person has.
const MOST_STEPS: usize = 400;

impl Retention {
    /// Moves one deletion on.
    pub(crate) async fn deletion(&self, which: Which, tick: Tick) -> Result<(), Trouble> {
        self.advance(which, (tick, MOST_STEPS), async |service, claim| {
            deletion::step(service, &self.certificates, claim).await
        })
        .await
    }
}
