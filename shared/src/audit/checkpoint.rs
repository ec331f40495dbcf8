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
use super::tail::{Tail, first_free, tail};
use crate::dynamo::{self, Commit, Item, Key, TRIES, Transaction, Write, keys};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;

/// Stands in the log line of whatever nobody may do to the trail. The template
/// looks for it.
pub const ALARM: &str = "AUDIT_TRAIL_TOUCHED";
/// So many leaves lie in one part: some 70 KB.
pub const PART: usize = 600;
/// Nor has a part more bytes than this: an item holds 400 KB, and what was
/// planted under long keys must not make one that nobody can write.
const PART_BYTES: usize = 300_000;
/// So many leaves are sealed at once: some 2 MB of a transaction's 4.
const MOST_LEAVES: usize = 18_000;
/// Nor in more bytes than this.
const MOST_BYTES: usize = 3_000_000;
/// A stream hands the same records out again within this time, as a rule; what
/// the checkpoints of this time hold is not sealed twice.
const REPEATED_WITHIN: SignedDuration = SignedDuration::from_mins(15);
/// Numbers are written with so many digits, so that they sort.
const NUMBER_LENGTH: usize = 12;
/// The greatest number that sorts.
pub(super) const LAST_NUMBER: u64 = 999_999_999_999;
/// HMAC-SHA-256.
const MAC_LENGTH: usize = 32;
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

    /// Whether this key made the MAC of a checkpoint, for who may only make
    /// MACs: the same message always has the same one.
    pub(super) async fn made(&self, item: &Item) -> Result<bool, Trouble> {
        let Some(mac) = item.get("mac").and_then(|mac| mac.as_b().ok()) else { return Ok(false) };
        if mac.as_ref().len() != MAC_LENGTH {
            return Ok(false);
        }
        let right = self.sign(message(item)).await?;
        Ok(aws_lc_rs::constant_time::verify_slices_are_equal(&right, mac.as_ref()).is_ok())
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
    for leaves in shares(&leaves, MOST_LEAVES, MOST_BYTES) {
        sealed.extend(seal_some(service, key, organization, leaves).await?);
    }
    Ok(sealed)
}

/// Leaves in shares of at most so many, and of at most so many bytes.
fn shares(leaves: &[Leaf], most: usize, bytes: usize) -> Vec<&[Leaf]> {
    let mut shares = Vec::new();
    let (mut start, mut length) = (0, 0);
    for (place, leaf) in leaves.iter().enumerate() {
        if place > start && (place - start >= most || length + leaf.length() > bytes) {
            shares.push(&leaves[start..place]);
            (start, length) = (place, 0);
        }
        length += leaf.length();
    }
    if start < leaves.len() {
        shares.push(&leaves[start..]);
    }
    shares
}

async fn seal_some(
    service: &Service,
    key: &AuditKey,
    organization: OrganizationId,
    leaves: &[Leaf],
) -> Result<Option<Sealed>, Trouble> {
    let mut lost = None;
    for attempt in 0..TRIES {
        let now = service.clock.now();
        let tail = tail(service, key, organization).await?;
        let known = sealed_lately(service, organization, &tail, now).await?;
        let fresh: Vec<&Leaf> = leaves.iter().filter(|leaf| !known.contains(leaf)).collect();
        if fresh.is_empty() {
            return Ok(None);
        }
        let fresh: Vec<Leaf> = fresh.into_iter().cloned().collect();
        let (last, previous) = tail.head();
        let mut number = last + 1;
        if lost == Some(number) {
            // Lost twice to nobody who could be read. Where a head was removed
            // or altered, its number cannot be written again: all such numbers
            // are passed over at once, and verification names them.
            number = first_free(service, organization, number).await?;
        } else {
            lost = None;
        }
        if number > LAST_NUMBER {
            return Err(Trouble::damaged("the end of the checkpoints", "no number is left"));
        }
        let parts: Vec<Vec<u8>> =
            shares(&fresh, PART, PART_BYTES).into_iter().map(Leaf::write_all).collect();
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
            Commit::Lost => lost = Some(last + 1),
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
    let digits =
        |sk: &String| sk.len() == NUMBER_LENGTH && sk.bytes().all(|byte| byte.is_ascii_digit());
    let sk = Key::of(item).map(|key| key.sk).filter(digits);
    sk.and_then(|sk| sk.parse().ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| Trouble::damaged("a checkpoint's key", "it is no number"))
}

/// The leaves of the last checkpoints. A part that is not as its checkpoint
/// says has none: then something is sealed twice, which does no harm, while
/// nothing that somebody planted passes for sealed.
async fn sealed_lately(
    service: &Service,
    organization: OrganizationId,
    tail: &Tail,
    now: Timestamp,
) -> Result<HashSet<Leaf>, Trouble> {
    let mut known = HashSet::new();
    for (number, row) in &tail.proven {
        let at: Option<Timestamp> = row.at.parse().ok();
        if at.is_none_or(|at| now.duration_since(at) > REPEATED_WITHIN) {
            continue;
        }
        for (_, part) in parts(service, organization, *number).await? {
            let digest = sha256(&part);
            if row.parts.iter().any(|known| *known == digest) {
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
    let query = service
        .dynamo
        .query()
        .table_name(&service.settings.tables.audit)
        .expression_attribute_values(":pk", AttributeValue::S(keys::checkpoints(organization)));
    let query = match last {
        None => query.key_condition_expression("pk = :pk"),
        Some(last) => query
            .key_condition_expression("pk = :pk AND sk > :last")
            .expression_attribute_values(":last", AttributeValue::S(last.to_owned())),
    };
    let answer = query
        .consistent_read(true)
        .limit(100)
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("reading checkpoints", cause))?;
    Ok(answer.items.unwrap_or_default())
}
