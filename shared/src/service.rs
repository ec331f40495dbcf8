//! What every function works with, put together once at its start.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::ambient::{Chance, Clock};
use crate::identity::Security;
use crate::identity::password::{Breached, Hasher};
use crate::ids::OrganizationId;
use crate::memory::Memory;
use crate::organization::Directory;
use crate::settings::{Settings, Tables};
use crate::vault::Vault;

/// The clients, the keys, the clock and the settings.
pub struct Service {
    /// DynamoDB.
    pub dynamo: aws_sdk_dynamodb::Client,
    /// Organization keys.
    pub vault: Vault,
    /// Organizations and events, remembered for a second.
    pub directory: Directory,
    /// Security settings, remembered for a second.
    pub(crate) securities: Memory<OrganizationId, Security>,
    /// Computes password hashes, a few at a time.
    pub hasher: Hasher,
    /// Which passwords are known to be breached.
    pub breached: Breached,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub chance: Arc<dyn Chance>,
    /// Names of tables and the like.
    pub settings: Settings,
}

impl Service {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        dynamo: aws_sdk_dynamodb::Client,
        kms: aws_sdk_kms::Client,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        settings: Settings,
    ) -> Self {
        let vault = Vault::new(
            kms,
            dynamo.clone(),
            settings.tables.organization_keys.clone(),
            settings.key_id.clone(),
        );
        let breached = Breached::at(settings.breached_list.clone());
        Self {
            dynamo,
            vault,
            directory: Directory::default(),
            securities: Memory::new(SignedDuration::from_secs(1)),
            hasher: Hasher::default(),
            breached,
            clock,
            chance,
            settings,
        }
    }

    /// The same over other tables, such as restored ones. It remembers nothing
    /// of what this one has read.
    #[must_use]
    pub fn over(&self, tables: Tables) -> Self {
        let settings = Settings { tables, ..self.settings.clone() };
        Self::new(
            self.dynamo.clone(),
            self.vault.kms().clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.chance),
            settings,
        )
    }

    /// Opens the connections that the first request would otherwise wait for:
    /// the handshake is the dear part of a cold start. What fails here fails
    /// again, with words, where it matters.
    pub async fn warm(&self) {
        let key = crate::dynamo::Key::web_name("operator");
        let schedule = &self.settings.tables.schedule;
        let dynamo = crate::dynamo::get(&self.dynamo, schedule, &key);
        let (read, _) = tokio::join!(dynamo, self.vault.warm());
        if let Err(trouble) = read {
            tracing::warn!(cause = trouble.chain(), "warming up failed");
        }
    }
}
