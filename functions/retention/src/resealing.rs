//! Sealing everything of an organization anew under its newest key.

use shared::run::{self, Progress, Which};
use shared::trouble::Trouble;
use shared::vault::resealing::{self, State};

use crate::{Retention, Tick};

impl Retention {
    /// Moves one run on, as far as the tick goes.
    pub(crate) async fn resealing(&self, which: Which, tick: Tick) -> Result<(), Trouble> {
        let service = &*self.service;
        let claimed = run::claim::<State>(service, which, service.clock.now()).await?;
        let Some(mut claim) = claimed else { return Ok(()) };
        loop {
            let now = service.clock.now();
            match resealing::step(service, &mut claim, now).await? {
                Progress::Ended => return claim.end(service, now).await,
                Progress::Later => return claim.put_down(service, now).await,
                Progress::More if self.late(tick) => return claim.put_down(service, now).await,
                Progress::More => {}
            }
        }
    }
}
