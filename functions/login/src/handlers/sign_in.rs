//! Signing in.

use shared::web::{Fault, Reply};

use crate::Visit;

pub(crate) async fn form(visit: &Visit<'_>) -> Result<Reply, Fault> {
    let _snapshot = visit.snapshot().await?;
    let _ = &visit.function.settings;
    Err(Fault::not_found())
}
