//! The end of an organization's checkpoints: what the next one follows.
//!
//! Whoever can write to the table can plant something under any number, or
//! alter or remove what is there. So only a checkpoint whose MAC is right is
//! followed, and what stands in the way of the next number is passed over.

use aws_sdk_dynamodb::types::AttributeValue;

use super::checkpoint::{ALARM, AuditKey, LAST_NUMBER, Row, number_of, parts};
use super::leaf::{Digest, digest_of};
use crate::dynamo::{self, Item, Key, keys};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;

/// So many of the last checkpoints are told apart, for what they hold.
const LOOK_BACK: usize = 10;
/// Among so many items the last checkpoint with a right MAC is looked for.
const LOOK_THROUGH: usize = 1_000;

/// The last checkpoints, the last one first: its MAC is right, and each names
/// the digest of the one behind it.
#[derive(Debug, Default)]
pub(super) struct Tail {
    digest: Digest,
    pub(super) proven: Vec<(u64, Row)>,
}

impl Tail {
    /// The number and the digest of the last one; zeros when there is none.
    pub(super) fn head(&self) -> (u64, Digest) {
        self.proven.first().map_or((0, [0; 32]), |(number, _)| (*number, self.digest))
    }
}

/// The end of an organization's checkpoints. What stands behind the last right
/// one is no checkpoint: it raises the alarm and is not followed.
///
/// # Errors
/// When DynamoDB or KMS fails, or nothing but what was planted is found.
pub(super) async fn tail(
    service: &Service,
    key: &AuditKey,
    organization: OrganizationId,
) -> Result<Tail, Trouble> {
    let mut tail = Tail::default();
    let (mut from, mut seen, mut untrue) = (None, 0, 0);
    loop {
        let (items, next) = backwards(service, organization, from).await?;
        for item in items {
            seen += 1;
            let (Ok(number), digest) = (number_of(&item), digest_of(&item)) else {
                untrue += 1;
                continue;
            };
            match tail.proven.last() {
                Some((_, after)) if after.previous != digest => {}
                None if !key.made(&item).await? => untrue += 1,
                after => {
                    let first = after.is_none();
                    let Ok(row) = dynamo::row::<Row>(item) else {
                        untrue += u64::from(first);
                        continue;
                    };
                    if first {
                        tail.digest = digest;
                    }
                    tail.proven.push((number, row));
                }
            }
        }
        let found = !tail.proven.is_empty();
        if next.is_none() || found || seen >= LOOK_THROUGH {
            if untrue > 0 {
                let last = tail.head().0;
                let why = "what stands behind the last checkpoint is none";
                tracing::error!(alarm = ALARM, %organization, last, untrue, "{why}");
            }
            if !found && next.is_some() {
                let what = "the end of the checkpoints";
                return Err(Trouble::damaged(what, "no checkpoint is among the last thousand"));
            }
            return Ok(tail);
        }
        from = next;
    }
}

/// Some of what lies where checkpoints do, the greatest number first.
async fn backwards(
    service: &Service,
    organization: OrganizationId,
    from: Option<Item>,
) -> Result<(Vec<Item>, Option<Item>), Trouble> {
    // Only what begins with a digit: a colon is the sign after the nine.
    let answer = service
        .dynamo
        .query()
        .table_name(&service.settings.tables.audit)
        .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
        .expression_attribute_values(":pk", AttributeValue::S(keys::checkpoints(organization)))
        .expression_attribute_values(":first", AttributeValue::S("0".into()))
        .expression_attribute_values(":last", AttributeValue::S(":".into()))
        .consistent_read(true)
        .scan_index_forward(false)
        .limit(LOOK_BACK as i32)
        .set_exclusive_start_key(from)
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("reading checkpoints", cause))?;
    Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
}

/// A number behind `taken` under which nothing lies, and nothing under the one
/// before it either way: by steps that double, and then by halves, so that a
/// thousand numbers cost no more than twenty looks.
///
/// # Errors
/// When DynamoDB fails or no number is left.
pub(super) async fn first_free(
    service: &Service,
    organization: OrganizationId,
    taken: u64,
) -> Result<u64, Trouble> {
    let (mut low, mut step) = (taken, 1);
    let mut high = loop {
        let next = low + step;
        if next > LAST_NUMBER {
            return Err(Trouble::damaged("the end of the checkpoints", "no number is left"));
        }
        if !is_taken(service, organization, next).await? {
            break next;
        }
        (low, step) = (next, step * 2);
    };
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_taken(service, organization, middle).await? {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(high)
}

/// Whether anything of a checkpoint with this number is there.
async fn is_taken(
    service: &Service,
    organization: OrganizationId,
    number: u64,
) -> Result<bool, Trouble> {
    let key = Key::checkpoint(organization, number);
    let table = &service.settings.tables.audit;
    let heads = dynamo::query(&service.dynamo, table, &key.pk, &key.sk, true).await?;
    Ok(!heads.is_empty() || !parts(service, organization, number).await?.is_empty())
}
