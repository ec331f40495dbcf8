//! Sealing what a backup holds unsealed of the audit trail.
//!
//! A record is sealed a minute or so after it was written, by a checkpoint of
//! its own. A backup taken in between holds the one without the other, and a
//! restored table's stream tells nothing of what came back with it: nobody would
//! ever seal those records, and each would look as if somebody had added it.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::audit::checkpoint::{self, AuditKey};
use crate::audit::leaf::{Fate, Leaf, digest_of};
use crate::audit::verify::unsealed;
use crate::dynamo::{self, Item, Key};
use crate::service::Service;
use crate::trouble::Trouble;

/// How long before a backup records may have waited for their checkpoint: as
/// long as a stream keeps them.
const WAITED: SignedDuration = SignedDuration::from_hours(24);

/// Seals those records of a restored trail that no checkpoint holds and that are
/// byte by byte what the live trail has: whether that one is whole is shown
/// there. How many; what is not there stays unsealed and is named when the trail
/// is verified.
///
/// # Errors
/// When DynamoDB or KMS fails. It may be called again.
pub(super) async fn seal(
    live: &Service,
    restored: &Service,
    key: &AuditKey,
    taken: Timestamp,
) -> Result<u64, Trouble> {
    let mut count = 0;
    for (organization, records) in unsealed(restored, key, taken - WAITED).await? {
        let keys: Vec<Key> = records.iter().filter_map(Key::of).collect();
        let mut theirs: HashMap<Key, Item> = HashMap::new();
        for some in keys.chunks(dynamo::MOST_KEYS) {
            let table = &live.settings.tables.audit;
            theirs.extend(dynamo::batch_get(&live.dynamo, table, some, &*live.chance).await?);
        }
        let leaves: Vec<Leaf> = records
            .into_iter()
            .filter_map(|record| {
                let key = Key::of(&record)?;
                let same = theirs.get(&key) == Some(&record);
                same.then(|| Leaf { key, fate: Fate::Written, digest: digest_of(&record) })
            })
            .collect();
        count += leaves.len() as u64;
        checkpoint::seal(restored, key, organization, leaves).await?;
    }
    Ok(count)
}
