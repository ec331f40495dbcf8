//! Erasures, moved on.

use jiff::Timestamp;
use shared::erasure::{self, Course, Progress};
use shared::run::{self, Kind, Which};
use shared::trouble::Trouble;

use crate::Retention;

impl Retention {
    /// Moves every erasure that is under way. One that is in trouble keeps no
    /// other from its steps.
    ///
    /// # Errors
    /// When the runs cannot be listed, or a run was in trouble.
    pub(crate) async fn erasures(&self, until: Timestamp) -> Result<(), Trouble> {
        let mut trouble = None;
        for which in run::open(&self.service, Kind::Erasure).await? {
            if let Err(why) = self.erasure(which, until).await {
                tracing::error!(organization = %which.organization, run = %which.id, cause = why.chain(), "an erasure is in trouble; it goes on later");
                trouble = Some(why);
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    async fn erasure(&self, which: Which, until: Timestamp) -> Result<(), Trouble> {
        let service = &self.service;
        let claimed = run::claim::<Course>(service, which, service.clock.now()).await?;
        let Some(mut claim) = claimed else { return Ok(()) };
        loop {
            let now = service.clock.now();
            match erasure::step(service, &self.certificates, &mut claim, now).await? {
                Progress::Ended => return claim.end(service, now).await,
                Progress::Later => return claim.put_down(service, now).await,
                Progress::More if now >= until => return claim.put_down(service, now).await,
                Progress::More => {}
            }
        }
    }
}
