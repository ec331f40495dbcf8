//! Holding restored tables against those that people work with.
//!
//! First every restored item is looked up among the live ones, then every live
//! one among the restored. A page is read at a time; a [`Position`] is all that
//! is remembered between two steps, besides the report.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::{self, Facts, Likeness, moment};
use crate::dynamo::{self, Item, Key};
use crate::ids::{self, OrganizationId};
use crate::ledger::Entry;
use crate::service::Service;
use crate::settings::Table;
use crate::spoken::all_several;
use crate::trouble::Trouble;

/// Items of a page: as many as one BatchGetItem reads.
const PAGE: i32 = 100;
/// So many keys of each kind of difference are kept.
const MOST_KEYS: usize = 20;

/// Where the next step goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which of [`Table::BACKED_UP`].
    table: usize,
    /// Whether the live items are gone through, after the restored ones.
    live: bool,
    /// Behind which key.
    after: Option<(String, String)>,
}

impl Position {
    /// The beginning.
    #[must_use]
    pub const fn begin() -> Self {
        Self { table: 0, live: false, after: None }
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Items that are the same, by kind.
    pub same: BTreeMap<String, u64>,
    /// Items that were changed since the backup, by kind.
    pub changed: BTreeMap<String, u64>,
    /// Items that are gone since and whose going the ledger or the time they
    /// were to be kept explains, by kind.
    pub explained: BTreeMap<String, u64>,
    /// Items that are gone since, and nothing says why, by kind: what people
    /// removed in the course of their work, such as a password or a detachment.
    pub gone: BTreeMap<String, u64>,
    /// Items that are new since the backup, by kind.
    pub new: BTreeMap<String, u64>,
    /// How many should be the same and are not.
    pub unlike: u64,
    /// How many were there when the backup was taken, and it lacks them.
    pub lacking: u64,
    /// The first of those that are unlike, gone or lacking: what, table and key.
    pub keys: Vec<String>,
}

impl Report {
    /// Whether the restored tables are what the live ones were.
    #[must_use]
    pub const fn is_faithful(&self) -> bool {
        self.unlike == 0 && self.lacking == 0
    }

    fn note(&mut self, what: &str, table: Table, key: &Key) {
        let of_kind = self.keys.iter().filter(|known| known.starts_with(what)).count();
        if of_kind < MOST_KEYS {
            self.keys.push(format!("{what}: {} {key}", table.word()));
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (said, counts) in [
            ("the same", &self.same),
            ("changed since", &self.changed),
            ("gone since, as the ledger or their time explains", &self.explained),
            ("gone since", &self.gone),
            ("new since", &self.new),
        ] {
            let total: u64 = counts.values().sum();
            let kinds = counts.iter().map(|(kind, count)| (kind.as_str(), *count));
            match total {
                0 => writeln!(formatter, "  none {said}")?,
                _ => writeln!(formatter, "  {total} {said}: {}", all_several(kinds))?,
            }
        }
        write!(
            formatter,
            "  {} that should be the same and are not, {} that the backup lacks",
            self.unlike, self.lacking
        )?;
        for key in &self.keys {
            write!(formatter, "\n  {key}")?;
        }
        Ok(())
    }
}

/// The live tables, the restored ones, and what may explain a difference.
pub struct Comparison<'a> {
    live: &'a Service,
    restored: &'a Service,
    entries: HashMap<OrganizationId, Vec<&'a Entry>>,
    taken: Timestamp,
}

impl<'a> Comparison<'a> {
    /// A comparison with a backup that was taken at that moment.
    #[must_use]
    pub fn new(
        live: &'a Service,
        restored: &'a Service,
        entries: &'a [Entry],
        taken: Timestamp,
    ) -> Self {
        let mut by_organization: HashMap<OrganizationId, Vec<&Entry>> = HashMap::new();
        for entry in entries {
            by_organization.entry(entry.organization).or_default().push(entry);
        }
        Self { live, restored, entries: by_organization, taken }
    }

    /// Goes through a page; where the next step goes on, `None` after the last.
    ///
    /// # Errors
    /// When DynamoDB fails; the step may be taken again with the report as it was.
    pub async fn step(
        &self,
        position: Position,
        report: &mut Report,
    ) -> Result<Option<Position>, Trouble> {
        let Some(table) = Table::BACKED_UP.get(position.table).copied() else { return Ok(None) };
        let (one, other) = match position.live {
            false => (self.restored, self.live),
            true => (self.live, self.restored),
        };
        let from = position.after.map(|(pk, sk)| Key { pk, sk });
        let (items, last) = page(one, table, from).await?;
        let keys: Vec<Key> = items.iter().filter_map(Key::of).collect();
        let name = other.settings.tables.name(table);
        let found = match keys.is_empty() {
            true => HashMap::new(),
            false => dynamo::batch_get(&other.dynamo, name, &keys, &*other.chance).await?,
        };
        for item in &items {
            let Some(key) = Key::of(item) else { continue };
            let theirs = found.get(&key);
            match position.live {
                false => self.count_restored(table, &key, item, theirs, report),
                true if theirs.is_none() => self.count_new(table, &key, item, report),
                true => {}
            }
        }
        Ok(match last {
            Some(Key { pk, sk }) => Some(Position {
                after: Some((pk, sk)),
                ..position_at(position.table, position.live)
            }),
            None if !position.live => Some(position_at(position.table, true)),
            None if position.table + 1 < Table::BACKED_UP.len() => {
                Some(position_at(position.table + 1, false))
            }
            None => None,
        })
    }

    fn count_restored(
        &self,
        table: Table,
        key: &Key,
        restored: &Item,
        live: Option<&Item>,
        report: &mut Report,
    ) {
        let sort = facts::sort(table, key);
        let Some(live) = live else {
            if self.is_explained(table, key, restored) {
                *report.explained.entry(sort).or_default() += 1;
            } else {
                *report.gone.entry(sort).or_default() += 1;
                report.note("gone", table, key);
            }
            return;
        };
        match facts::likeness(table, key, live, restored) {
            Likeness::Same => *report.same.entry(sort).or_default() += 1,
            Likeness::Changed => *report.changed.entry(sort).or_default() += 1,
            Likeness::Unlike => {
                report.unlike += 1;
                report.note("unlike", table, key);
            }
        }
    }

    fn is_explained(&self, table: Table, key: &Key, item: &Item) -> bool {
        let facts = Facts::of(table, key, item);
        let entries = facts.organization.and_then(|id| self.entries.get(&id));
        let by_ledger = entries.into_iter().flatten().any(|entry| facts.meant_by(entry));
        let now = self.live.clock.now();
        by_ledger || moment(item, "expires").is_some_and(|expires| expires <= now)
    }

    /// A live item that the backup lacks: new, unless it says that it is older.
    fn count_new(&self, table: Table, key: &Key, item: &Item, report: &mut Report) {
        let made = match table {
            // A record's id begins with the millisecond at which it was made.
            Table::Audit => ids::from_text::<16>(&key.sk).and_then(made_by_id),
            _ => Facts::of(table, key, item).made,
        };
        let sort = facts::sort(table, key);
        if made.is_none_or(|made| made >= self.taken) {
            *report.new.entry(sort).or_default() += 1;
        } else if self.is_explained(table, key, item) {
            // It goes anyway: a deletion is under way, or a restore that died had
            // applied the ledger before it is compared once more.
            *report.explained.entry(sort).or_default() += 1;
        } else {
            report.lacking += 1;
            report.note("lacking", table, key);
        }
    }
}

const fn position_at(table: usize, live: bool) -> Position {
    Position { table, live, after: None }
}

/// When an id of version 7 was made.
fn made_by_id(bytes: [u8; 16]) -> Option<Timestamp> {
    let milliseconds = bytes[..6].iter().fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
    Timestamp::from_millisecond(milliseconds).ok()
}

/// A page of a table, and where the next one begins.
pub(super) async fn page(
    service: &Service,
    table: Table,
    from: Option<Key>,
) -> Result<(Vec<Item>, Option<Key>), Trouble> {
    let answer = service
        .dynamo
        .scan()
        .table_name(service.settings.tables.name(table))
        .consistent_read(true)
        .limit(PAGE)
        .set_exclusive_start_key(from.as_ref().map(Key::to_item))
        .send()
        .await
        .map_err(|cause| Trouble::unavailable("reading a table", cause))?;
    let last = answer.last_evaluated_key.as_ref().and_then(Key::of);
    Ok((answer.items.unwrap_or_default(), last))
}

/// Compares everything.
///
/// # Errors
/// When DynamoDB fails.
pub async fn run_to_end(comparison: &Comparison<'_>) -> Result<Report, Trouble> {
    let mut report = Report::default();
    let mut position = Some(Position::begin());
    while let Some(here) = position {
        position = comparison.step(here, &mut report).await?;
    }
    Ok(report)
}
