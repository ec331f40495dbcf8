//! Checkpoints: each seals what befell an organization's records since the one
//! before.
//!
//! A checkpoint and the parts that hold its leaves are written in one
//! transaction, under the next number. It names the digest of the checkpoint
//! before it, the Merkle root over its leaves and the digest of each part, and
//! a MAC, whose key never leaves KMS, covers all of that: nobody who can write
//! to the table can make one.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MacAlgorithmSpec;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::leaf::{Digest, Leaf, Tree, canonical, digest_of, sha256};
use crate::dynamo::{self, Commit, Item, Key, TRIES, Transaction, Write, keys};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;

/// So many leaves lie in one part: some 70 KB.
pub const PART: usize = 600;
/// So many leaves are sealed at once: some 2 MB of a transaction's 4.
const MOST_LEAVES: usize = 18_000;
/// A stream hands the same records out again within this time, as a rule; what
/// the checkpoints of this time hold is not sealed twice.
const REPEATED_WITHIN: SignedDuration = SignedDuration::from_mins(15);
/// But no more than so many checkpoints are looked at.
const LOOK_BACK: i32 = 10;
/// Numbers are written with so many digits, so that they sort.
const NUMBER_LENGTH: usize = 12;
/// What a MAC is over begins with this.
const LABEL: &[u8] = b"kept audit checkpoint 1\n";

/// The KMS key that authenticates checkpoints.
#[derive(Debug, Clone)]
pub struct AuditKey {
    kms: aws_sdk_kms::Client,
    id: String,
}

impl AuditKey {
    /// The HMAC key with this ARN or id.
    #[must_use]
    pub fn new(kms: aws_sdk_kms::Client, id: String) -> Self {
        Self { kms, id }
    }

    async fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, Trouble> {
        let answer = self
            .kms
            .generate_mac()
            .key_id(&self.id)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(message))
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("sealing a checkpoint", cause))?;
        let mac = answer.mac.map(Blob::into_inner);
        mac.ok_or_else(|| Trouble::unavailable("sealing a checkpoint", "KMS gave no MAC"))
    }

    pub(super) async fn holds(&self, message: Vec<u8>, mac: &[u8]) -> Result<bool, Trouble> {
        if mac.is_empty() {
            return Ok(false);
        }
        let answer = self
            .kms
            .verify_mac()
            .key_id(&self.id)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(message))
            .mac(Blob::new(mac))
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.mac_valid),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_kms_invalid_mac_exception()) =>
            {
                Ok(false)
            }
            Err(cause) => Err(Trouble::unavailable("verifying a checkpoint", cause)),
        }
    }
}

/// A checkpoint as its item holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) at: String,
    /// The digest of the whole item before; of the first, zeros.
    pub(super) previous: ByteBuf,
    /// The Merkle root over all leaves.
    pub(super) root: ByteBuf,
    pub(super) count: u64,
    /// The digest of each part's leaves.
    pub(super) parts: Vec<ByteBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mac: Option<ByteBuf>,
}

#[derive(Serialize, Deserialize)]
struct PartRow {
    pk: String,
    sk: String,
    leaves: ByteBuf,
}

/// A checkpoint that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// Its number.
    pub number: u64,
    /// How many leaves it has.
    pub count: usize,
    /// The digest of it, which the next one will name.
    pub digest: Digest,
}

/// What a MAC is over: the whole item without the MAC itself.
pub(super) fn message(item: &Item) -> Vec<u8> {
    [LABEL, &sha256(&canonical(item, "mac"))].concat()
}

/// Seals what befell an organization's records. What the last checkpoints hold
/// already is left out; when nothing is left, there is nothing to seal.
///
/// # Errors
/// When DynamoDB or KMS fails, or others were always faster. It can be done
/// again in any case.
pub async fn seal(
    service: &Service,
    key: &AuditKey,
    organization: OrganizationId,
    mut leaves: Vec<Leaf>,
) -> Result<Vec<Sealed>, Trouble> {
    Leaf::sort(&mut leaves);
    let mut sealed = Vec::new();
    for leaves in leaves.chunks(MOST_LEAVES) {
        sealed.extend(seal_some(service, key, organization, leaves).await?);
    }
    Ok(sealed)
}

async fn seal_some(
    service: &Service,
    key: &AuditKey,
    organization: OrganizationId,
    leaves: &[Leaf],
) -> Result<Option<Sealed>, Trouble> {
    // Where the head was removed and its parts were not, its number cannot be
    // written again: it is passed over, and verification names it.
    let (mut lost, mut passed_over) = (0, 0);
    for attempt in 0..TRIES {
        let now = service.clock.now();
        let last = latest(service, organization).await?;
        let known = sealed_lately(service, organization, &last, now).await?;
        let fresh: Vec<&Leaf> = leaves.iter().filter(|leaf| !known.contains(leaf)).collect();
        if fresh.is_empty() {
            return Ok(None);
        }
        let fresh: Vec<Leaf> = fresh.into_iter().cloned().collect();
        let number = match last.first() {
            None => 1,
            Some(head) => number_of(head)?.saturating_add(1),
        };
        let number = number.saturating_add(passed_over);
        let previous = last.first().map_or([0; 32], digest_of);
        let parts: Vec<Vec<u8>> = fresh.chunks(PART).map(Leaf::write_all).collect();
        let row = checkpoint(organization, number, now, previous, &fresh, &parts);
        let mut item = dynamo::item(&row)?;
        let mac = key.sign(message(&item)).await?;
        item.insert("mac".to_owned(), AttributeValue::B(Blob::new(mac)));
        let digest = digest_of(&item);
        let table = &service.settings.tables.audit;
        let mut transaction = Transaction::default();
        transaction.push(Write::create(table, item)?);
        for (place, leaves) in parts.into_iter().enumerate() {
            let key = Key::checkpoint_part(organization, number, place);
            let row = PartRow { pk: key.pk, sk: key.sk, leaves: ByteBuf::from(leaves) };
            transaction.push(Write::create(table, dynamo::item(&row)?)?);
        }
        match transaction.commit(&service.dynamo).await? {
            Commit::Committed => return Ok(Some(Sealed { number, count: fresh.len(), digest })),
            // Somebody else wrote this number: read again.
            Commit::Lost if lost == number => passed_over += 1,
            Commit::Lost => lost = number,
            Commit::Busy => dynamo::pause(attempt, &*service.chance).await?,
        }
    }
    Err(Trouble::unavailable("sealing a checkpoint", "others were faster ten times"))
}

fn checkpoint(
    organization: OrganizationId,
    number: u64,
    now: Timestamp,
    previous: Digest,
    leaves: &[Leaf],
    parts: &[Vec<u8>],
) -> Row {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(leaf));
    let key = Key::checkpoint(organization, number);
    Row {
        pk: key.pk,
        sk: key.sk,
        at: now.to_string(),
        previous: ByteBuf::from(previous),
        root: ByteBuf::from(tree.root()),
        count: leaves.len() as u64,
        parts: parts.iter().map(|part| ByteBuf::from(sha256(part))).collect(),
        mac: None,
    }
}

/// The number of a checkpoint, by its key: whatever else became of its item,
/// the next one can be written.
pub(super) fn number_of(item: &Item) -> Result<u64, Trouble> {
    let key = Key::of(item).filter(|key| key.sk.len() == NUMBER_LENGTH);
    key.and_then(|key| key.sk.parse().ok())
        .ok_or_else(|| Trouble::damaged("a checkpoint's key", "it is no number"))
}

/// An organization's last checkpoints, the last one first.
async fn latest(service: &Service, organization: OrganizationId) -> Result<Vec<Item>, Trouble> {
    let answer = service
        .dynamo
        .query()
        .table_name(&service.settings.tables.audit)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(keys::checkpoints(organization)))
        .consistent_read(true)
        .scan_index_forward(false)
        .limit(LOOK_BACK)
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("reading checkpoints", cause))?;
    let mut items = answer.items.unwrap_or_default();
    items.retain(|item| number_of(item).is_ok());
    Ok(items)
}

/// The leaves of the last checkpoints. One that cannot be read has none: then
/// something is sealed twice, which does no harm.
async fn sealed_lately(
    service: &Service,
    organization: OrganizationId,
    last: &[Item],
    now: Timestamp,
) -> Result<HashSet<Leaf>, Trouble> {
    let mut known = HashSet::new();
    for item in last {
        let at = item.get("at").and_then(|at| at.as_s().ok()).and_then(|at| at.parse().ok());
        let recent = at.is_some_and(|at: Timestamp| now.duration_since(at) <= REPEATED_WITHIN);
        if let (true, Ok(number)) = (recent, number_of(item)) {
            for (_, part) in parts(service, organization, number).await? {
                known.extend(Leaf::read_all(&part).unwrap_or_default());
            }
        }
    }
    Ok(known)
}

/// The parts of a checkpoint that are there, by sort key.
pub(super) async fn parts(
    service: &Service,
    organization: OrganizationId,
    number: u64,
) -> Result<Vec<(String, Vec<u8>)>, Trouble> {
    let pk = keys::checkpoint_parts(organization, number);
    let table = &service.settings.tables.audit;
    let items = dynamo::query(&service.dynamo, table, &pk, "part#", true).await?;
    let read = |item: Item| {
        let sk = Key::of(&item)?.sk;
        let leaves = item.get("leaves").and_then(|leaves| leaves.as_b().ok());
        Some((sk, leaves.map(|leaves| leaves.as_ref().to_vec()).unwrap_or_default()))
    };
    Ok(items.into_iter().filter_map(read).collect())
}

/// Some of an organization's checkpoints after this number, in their order.
pub(super) async fn after(
    service: &Service,
    organization: OrganizationId,
    last: Option<&str>,
) -> Result<Vec<Item>, Trouble> {
    let answer = service
        .dynamo
        .query()
        .table_name(&service.settings.tables.audit)
        .key_condition_expression("pk = :pk AND sk > :last")
        .expression_attribute_values(":pk", AttributeValue::S(keys::checkpoints(organization)))
        .expression_attribute_values(":last", AttributeValue::S(last.unwrap_or("0").to_owned()))
        .consistent_read(true)
        .limit(100)
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("reading checkpoints", cause))?;
    Ok(answer.items.unwrap_or_default())
}
