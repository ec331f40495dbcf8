//! Walking an organization's checkpoints in their order.

use std::collections::BTreeSet;

use super::report::{Fault, Report};
use crate::audit::checkpoint::{self, AuditKey, Row, message, number_of};
use crate::audit::leaf::{Digest, Leaf, Tree, digest_of, sha256};
use crate::dynamo::{self, Item, Key};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;

/// Of so many missing checkpoints in a row the parts are still looked for.
const MOST_MISSING: u64 = 1_000;

/// What the walk found out about one organization.
pub(super) struct Chain {
    pub(super) organization: OrganizationId,
    /// How many leaves there are in its parts.
    pub(super) leaves: u64,
    /// The last number of which anything is there.
    pub(super) end: u64,
    /// Checkpoints that prove nothing: their MAC is wrong or they are gone.
    pub(super) unproven: BTreeSet<u64>,
}

/// Walks the checkpoints and says what is wrong with them.
pub(super) async fn walk(
    service: &Service,
    key: &AuditKey,
    organization: OrganizationId,
    report: &mut Report,
) -> Result<Chain, Trouble> {
    let mut chain = Chain { organization, leaves: 0, end: 0, unproven: BTreeSet::new() };
    let mut last: Option<String> = None;
    let mut before: Option<Digest> = Some([0; 32]);
    loop {
        let items = checkpoint::after(service, organization, last.as_deref()).await?;
        if items.is_empty() {
            break;
        }
        for item in items {
            last = Key::of(&item).map(|key| key.sk);
            let Ok(number) = number_of(&item) else {
                report.add(Fault::Stray { item: Key::of(&item).unwrap_or_else(nameless) });
                continue;
            };
            let far = number > chain.end.saturating_add(MOST_MISSING);
            if far && !is_proven(key, &item).await? {
                // Planted beyond the end: not thousands of checkpoints are missing.
                report.add(Fault::Stray { item: Key::of(&item).unwrap_or_else(nameless) });
                continue;
            }
            report.checkpoints += 1;
            if number > chain.end + 1 {
                chain.gap(number - 1, report);
                before = None;
            }
            chain.end = number;
            let digest = digest_of(&item);
            chain.look_at(service, key, number, item, before, report).await?;
            before = Some(digest);
        }
    }
    // A checkpoint and its parts are written together: parts beyond the last
    // one tell of more.
    let head = chain.end;
    while !checkpoint::parts(service, organization, chain.end + 1).await?.is_empty() {
        chain.end += 1;
        chain.unproven.insert(chain.end);
    }
    if chain.end > head {
        report.add(Fault::CheckpointsMissing { organization, from: head + 1, to: chain.end });
    }
    // What a checkpoint says of its leaves counts for nothing before it is proven.
    let mut leaves = 0_u64;
    chain.leaves(service, |_, _, _, _| leaves = leaves.saturating_add(1)).await?;
    chain.leaves = leaves;
    Ok(chain)
}

/// Whether a checkpoint was made with the key.
async fn is_proven(key: &AuditKey, item: &Item) -> Result<bool, Trouble> {
    let mac = item.get("mac").and_then(|mac| mac.as_b().ok());
    let mac = mac.map(|mac| mac.as_ref().to_vec()).unwrap_or_default();
    key.holds(message(item), &mac).await
}

fn nameless() -> Key {
    Key { pk: String::new(), sk: String::new() }
}

impl Chain {
    fn gap(&mut self, to: u64, report: &mut Report) {
        let (organization, from) = (self.organization, self.end + 1);
        report.add(Fault::CheckpointsMissing { organization, from, to });
        self.unproven.extend(from..=to.min(from + MOST_MISSING));
    }

    async fn look_at(
        &mut self,
        service: &Service,
        key: &AuditKey,
        number: u64,
        item: Item,
        before: Option<Digest>,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let organization = self.organization;
        let signed = message(&item);
        let row: Row = match dynamo::row(item) {
            Ok(row) => row,
            Err(_) => {
                self.unproven.insert(number);
                report.add(Fault::CheckpointAltered { organization, number });
                return Ok(());
            }
        };
        let mac = row.mac.clone().unwrap_or_default();
        if !key.holds(signed, &mac).await? {
            self.unproven.insert(number);
            report.add(Fault::CheckpointAltered { organization, number });
        } else if before.is_some_and(|before| row.previous != before) {
            // The one before it may be the altered one: that was said already.
            if !self.unproven.contains(&(number - 1)) {
                report.add(Fault::CheckpointDetached { organization, number });
            }
        }
        let whole = self.look_at_parts(service, number, &row, report).await?;
        if whole.is_some_and(|(root, count)| row.root != root || row.count != count)
            && self.unproven.insert(number)
        {
            report.add(Fault::CheckpointAltered { organization, number });
        }
        Ok(())
    }

    /// The root over all parts and how many leaves they have, when none of
    /// them is at fault.
    async fn look_at_parts(
        &self,
        service: &Service,
        number: u64,
        row: &Row,
        report: &mut Report,
    ) -> Result<Option<(Digest, u64)>, Trouble> {
        let organization = self.organization;
        let mut there = checkpoint::parts(service, organization, number).await?;
        let (mut tree, mut count, mut whole) = (Tree::default(), 0, true);
        for (part, digest) in row.parts.iter().enumerate() {
            let key = Key::checkpoint_part(organization, number, part);
            let Some(place) = there.iter().position(|(sk, _)| *sk == key.sk) else {
                whole = false;
                report.add(Fault::PartMissing { organization, number, part });
                continue;
            };
            let (_, bytes) = there.swap_remove(place);
            match Leaf::read_all(&bytes).filter(|_| *digest == sha256(&bytes)) {
                Some(leaves) => {
                    count += leaves.len() as u64;
                    leaves.iter().for_each(|leaf| tree.push(leaf));
                }
                None => {
                    whole = false;
                    report.add(Fault::PartAltered { organization, number, part });
                }
            }
        }
        for (sk, _) in there {
            let pk = Key::checkpoint_part(organization, number, 0).pk;
            report.add(Fault::Stray { item: Key { pk, sk } });
        }
        Ok(whole.then(|| (tree.root(), count)))
    }

    /// Hands over the leaves of every checkpoint, with its number, the time of
    /// it, and whether they are proven.
    pub(super) async fn leaves(
        &self,
        service: &Service,
        mut take: impl FnMut(u64, Option<jiff::Timestamp>, bool, Leaf),
    ) -> Result<(), Trouble> {
        let mut last: Option<String> = None;
        let mut number = 0;
        while number < self.end {
            let items = checkpoint::after(service, self.organization, last.as_deref()).await?;
            let mut rows = Vec::new();
            for item in items {
                last = Key::of(&item).map(|key| key.sk);
                if let Ok(found) = number_of(&item)
                    && (number + 1..=self.end).contains(&found)
                {
                    rows.push((found, dynamo::row::<Row>(item).ok()));
                }
            }
            // After the last checkpoint come those of which only parts are left.
            let until = rows.last().map_or(self.end, |(found, _)| *found);
            let mut rows = rows.into_iter().peekable();
            while number < until.min(self.end) {
                number += 1;
                let row = rows.next_if(|(found, _)| *found == number).and_then(|(_, row)| row);
                if row.is_none() && !self.unproven.contains(&number) {
                    // One of a long gap: on to what is there.
                    number = rows.peek().map_or(until, |(found, _)| *found).saturating_sub(1);
                    continue;
                }
                let proven = row.is_some() && !self.unproven.contains(&number);
                let at = row.as_ref().and_then(|row| row.at.parse().ok());
                for (sk, bytes) in checkpoint::parts(service, self.organization, number).await? {
                    let digest = sk
                        .strip_prefix("part#")
                        .and_then(|part| part.parse::<usize>().ok())
                        .and_then(|part| row.as_ref()?.parts.get(part));
                    let proven = proven && digest.is_some_and(|digest| *digest == sha256(&bytes));
                    for leaf in Leaf::read_all(&bytes).unwrap_or_default() {
                        take(number, at, proven, leaf);
                    }
                }
            }
        }
        Ok(())
    }
}
