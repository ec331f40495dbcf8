//! Comparing records with their leaves, one share of all ids at a time.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::chain::Chain;
use super::report::{Fault, Report};
use super::{LAG, named_by, owner, scan, written_at};
use crate::audit::KEPT;
use crate::audit::leaf::{Digest, Fate, Leaf, digest_of};
use crate::dynamo::{Item, Key};
use crate::ids::OrganizationId;
use crate::service::Service;
use crate::trouble::Trouble;

/// Which ids a round looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) number: u64,
    pub(super) of: u64,
}

impl Share {
    /// By the sort key alone: a record that was moved stays in its share.
    fn has(self, key: &Key) -> bool {
        let sum = key.sk.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        sum % self.of == self.number
    }
}

/// What the checkpoints say of one item.
struct Known {
    checkpoint: u64,
    /// The digest under which it was written first.
    written: Option<Digest>,
    late: bool,
    expired: Option<Timestamp>,
    /// Changed or removed at some time: where that is noted.
    touched: Option<u64>,
    proven: bool,
    seen: bool,
}

#[derive(Default)]
struct Round {
    known: HashMap<Key, Known>,
    faults: Vec<Fault>,
    /// Records where they do not belong, or in no checkpoint, by their id.
    added: BTreeMap<String, (Key, bool)>,
}

/// Compares a share of the records with their leaves.
pub(super) async fn compare(
    service: &Service,
    chains: &[Chain],
    share: Share,
    whole_table: bool,
    report: &mut Report,
) -> Result<(), Trouble> {
    let now = service.clock.now();
    let mut round = Round::default();
    for chain in chains {
        chain
            .leaves(service, |number, at, proven, leaf| {
                if share.has(&leaf.key) {
                    round.learn(number, at, proven, leaf);
                }
            })
            .await?;
    }
    let ends: HashMap<OrganizationId, u64> =
        chains.iter().map(|chain| (chain.organization, chain.end)).collect();
    let mut next = None;
    loop {
        let (items, after) = scan(service, next, false).await?;
        for item in &items {
            let Some(key) = Key::of(item).filter(|key| share.has(key)) else { continue };
            let ours = owner(&key).and_then(|organization| ends.get(&organization));
            match ours {
                Some(end) => round.look_at(key, item, *end, now, report),
                None if whole_table => round.faults.push(Fault::Stray { item: key }),
                None => {}
            }
        }
        if after.is_none() {
            break;
        }
        next = after;
    }
    round.conclude(report);
    Ok(())
}

impl Round {
    fn learn(&mut self, number: u64, at: Option<Timestamp>, proven: bool, leaf: Leaf) {
        let known = self.known.entry(leaf.key).or_insert(Known {
            checkpoint: number,
            written: None,
            late: false,
            expired: None,
            touched: None,
            proven,
            seen: false,
        });
        match leaf.fate {
            Fate::Written | Fate::Late => match known.written {
                // Handed out twice by the stream: nothing new.
                Some(digest) if digest == leaf.digest => known.proven |= proven,
                Some(_) if known.proven && proven => known.touched = Some(number),
                Some(_) if known.proven => {}
                _ => {
                    known.written = Some(leaf.digest);
                    known.late = leaf.fate == Fate::Late;
                    known.checkpoint = number;
                    known.proven = proven;
                }
            },
            // What proves nothing cannot excuse a record's absence.
            Fate::Expired => known.expired = at.filter(|_| proven).or(known.expired),
            Fate::Changed | Fate::Removed => known.touched = known.touched.or(Some(number)),
        }
    }

    fn look_at(&mut self, key: Key, item: &Item, end: u64, now: Timestamp, report: &mut Report) {
        let Some((_, id, in_place)) = named_by(&key) else {
            if !belongs_to_a_checkpoint(&key, end) {
                self.faults.push(Fault::Stray { item: key });
            }
            return;
        };
        report.records += 1;
        let known = self.known.get_mut(&key);
        if let Some(known) = known {
            known.seen = true;
            if in_place
                && !known.late
                && let Some(digest) = known.written
            {
                let checkpoint = known.checkpoint;
                if known.proven && digest != digest_of(item) {
                    self.faults.push(Fault::Changed { record: key, checkpoint });
                } else if let Some(checkpoint) = known.touched {
                    self.faults.push(Fault::Restored { record: key, checkpoint });
                } else if known.expired.is_some() {
                    self.faults.push(Fault::Added { record: key });
                }
                return;
            }
        } else if in_place && now.duration_since(written_at(id)).abs() <= LAG {
            report.not_yet_sealed += 1;
            report.records -= 1;
            return;
        }
        self.added.insert(key.sk.clone(), (key, in_place));
    }

    fn conclude(mut self, report: &mut Report) {
        for (key, known) in self.known {
            if known.seen {
                continue;
            }
            let checkpoint = known.checkpoint;
            let Some((_, id, _)) = named_by(&key) else {
                if let Some(checkpoint) = known.touched {
                    self.faults.push(Fault::Touched { item: key, checkpoint });
                }
                continue;
            };
            let over = written_at(id).checked_add(KEPT).unwrap_or(Timestamp::MAX);
            if known.expired.is_some_and(|at| at >= over) {
                report.expired += 1;
            } else if let Some((to, _)) = self.added.remove(&key.sk) {
                self.faults.push(Fault::Moved { from: Some(key), to });
            } else {
                self.faults.push(Fault::Missing { record: key, checkpoint });
            }
        }
        for (key, in_place) in self.added.into_values() {
            self.faults.push(if in_place {
                Fault::Added { record: key }
            } else {
                Fault::Moved { from: None, to: key }
            });
        }
        // In the order of the records: the first is the oldest.
        self.faults.sort_by_cached_key(place);
        for fault in self.faults {
            report.add(fault);
        }
    }
}

fn place(fault: &Fault) -> (String, String) {
    let key = match fault {
        Fault::Missing { record, .. }
        | Fault::Changed { record, .. }
        | Fault::Restored { record, .. }
        | Fault::Added { record } => record,
        Fault::Moved { from, to } => from.as_ref().unwrap_or(to),
        Fault::Touched { item, .. } | Fault::Stray { item } => item,
        Fault::CheckpointsMissing { .. }
        | Fault::CheckpointAltered { .. }
        | Fault::CheckpointDetached { .. }
        | Fault::PartMissing { .. }
        | Fault::PartAltered { .. } => return (String::new(), String::new()),
    };
    (key.pk.clone(), key.sk.clone())
}

/// Whether the walk along the checkpoints looked at this item.
fn belongs_to_a_checkpoint(key: &Key, end: u64) -> bool {
    let Some((_, rest)) = key.pk.split_once('#') else { return false };
    rest == "checkpoints"
        || rest
            .strip_prefix("checkpoint#")
            .and_then(|number| number.parse::<u64>().ok())
            .is_some_and(|number| number <= end && key.sk.starts_with("part#"))
}
