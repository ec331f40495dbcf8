//! The routes, by what people come for.

pub(crate) mod sign_in;

use std::sync::Arc;

use shared::organization::Snapshot;
use shared::web::Fault;

use crate::Visit;

impl Visit<'_> {
    /// The organization that the path names.
    async fn snapshot(&self) -> Result<Arc<Snapshot>, Fault> {
        let name = self.incoming.path("organization");
        self.function.service.organization(name, self.now).await?.ok_or_else(Fault::not_found)
    }
}
