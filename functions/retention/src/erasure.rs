//! Erasures, moved on.

use shared::erasure::{self, Course};
use shared::run::{self, Progress, Which};
use shared::trouble::Trouble;

use crate::{Retention, Tick};

impl Retention {
    /// Moves one erasure on, as far as the tick goes.
    pub(crate) async fn erasure(&self, which: Which, tick: Tick) -> Result<(), Trouble> {
        let service = &*self.service;
        let claimed = run::claim::<Course>(service, which, service.clock.now()).await?;
        let Some(mut claim) = claimed else { return Ok(()) };
        loop {
            let now = service.clock.now();
            match erasure::step(service, &self.certificates, &mut claim, now).await? {
                Progress::Ended => return claim.end(service, now).await,
                Progress::Later => return claim.put_down(service, now).await,
                Progress::More if self.late(tick) => return claim.put_down(service, now).await,
                Progress::More => {}
            }
        }
    }
}
