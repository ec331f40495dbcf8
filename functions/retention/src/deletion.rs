//! Deletions of people, moved on: most are done at the first call, by the Run
//! table's stream, and looked over once more by the next tick.

use shared::deletion::{self, State};
use shared::run::{self, Progress, Which};
use shared::trouble::Trouble;

use crate::{Retention, Tick};

/// Steps of one deletion in one tick, of 25 things each: far more than one
/// person has.
const MOST_STEPS: usize = 400;

impl Retention {
    /// Moves one deletion on.
    pub(crate) async fn deletion(&self, which: Which, tick: Tick) -> Result<(), Trouble> {
        let service = &*self.service;
        let claimed = run::claim::<State>(service, which, service.clock.now()).await?;
        let Some(mut claim) = claimed else { return Ok(()) };
        for _ in 0..MOST_STEPS {
            if self.late(tick) {
                break;
            }
            match deletion::step(service, &self.certificates, &mut claim).await? {
                Progress::More => {}
                Progress::Later => break,
                Progress::Ended => return claim.end(service, service.clock.now()).await,
            }
        }
        claim.put_down(service, service.clock.now()).await
    }
}
