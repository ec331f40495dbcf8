//! Where the team's pages begin.

use shared::web::{Fault, Reply};

use crate::Visit;

pub(crate) async fn home(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let _snapshot = visit.snapshot().await?;
    Err(Fault::sign_in_needed())
}
