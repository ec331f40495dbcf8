//! Holds every stored thing against every other: `fsck`.
//!
//! Schedule's bookings are the truth. Each booking must have its slot, agenda
//! entries, tally and the notice of its latest version; nothing of those may be
//! there without a booking; a slot's taken seats are its bookings and holds and
//! no more than its capacity; no agenda overlaps; each sealed map opens under
//! its own key and place; each blind index follows from its value. In Identity,
//! a member and the username that leads to them name each other, and as many
//! administrators are counted as can sign in. [`Damage`] names what can be
//! wrong, with its repair. A check changes nothing; [`repair`] does what a rule
//! can do about what it finds.
//!
//! **Left out.** Session: its items expire within a day, nothing else depends
//! on one, and one that does not read lets nobody in. Audit: its records are
//! held against their checkpoints by `audit verify`.
//!
//! **Steps.** A check goes through the tables a page at a time. A [`Position`]
//! holds all that is remembered between two steps, also as text, so that a step
//! can be taken by another process. First every item is held against those it
//! names; then the seats of slots are counted. Memory is bounded by the options:
//! a page of each segment with what it names, and the slots that are counted at
//! once. This is one of the few places that may scan a table.
//!
//! **While people book.** What looks damaged may be a change between two
//! readings. So a suspect and all that it is held against are read again a
//! moment later, and a damage is reported only when nothing of it has changed
//! from one look to the next. A transaction is written in less than that
//! moment, so none is reported half done. For seats see `seats`: a difference
//! is reported after three whole counts in a row that saw the same. An item
//! that changes all the while is not judged, and the report says how many did.
//! What is damaged behind the place that the check has reached is found by the
//! next one.

mod check;
mod damage;
mod look;
mod position;
pub mod repair;
mod report;
mod seats;
mod subject;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::try_join_all;

pub use damage::{Damage, Finding};
pub use position::{NoPosition, Position};
pub use report::Report;
pub use subject::Table;

use crate::dynamo::{Item, Key};
use crate::ledger::{self, Forgotten};
use crate::service::Service;
use crate::trouble::Trouble;
use look::Look;
use position::{Segment, Stage};
use seats::Counting;
use subject::Subject;

/// Items of a page of one segment.
const PAGE: i32 = 250;
/// How long lies between two looks at a suspect.
const A_MOMENT: Duration = Duration::from_millis(200);
/// Suspects that changed between two looks are looked at again so often.
const MOST_LOOKS: u32 = 10;

/// How much is done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Segments of a table that are read at the same time: more than one is
    /// for tables that lie in many partitions.
    pub segments: usize,
    /// Slots whose seats are counted in one passage through the table. A
    /// position that is written down has some 150 bytes for each.
    pub slots_at_once: u64,
    /// Whether nobody writes meanwhile, as to tables that were restored: then
    /// what looks damaged is, and is not looked at again.
    pub quiet: bool,
}

impl Default for Options {
    /// For a check that stays in memory.
    fn default() -> Self {
        Self { segments: 1, slots_at_once: 100_000, quiet: false }
    }
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is damaged.
    pub findings: Vec<Finding>,
    /// How many items of each kind were checked.
    pub checked: BTreeMap<&'static str, u64>,
    /// Items that changed all the while, so that they could not be judged.
    pub unsettled: u64,
    /// Where the next step goes on; `None` after the last.
    pub next: Option<Position>,
}

/// Checks the tables step by step.
#[derive(Clone, Copy)]
pub struct Checker<'a> {
    service: &'a Service,
    options: Options,
}

/// Checks everything.
///
/// # Errors
/// When DynamoDB or KMS fails.
pub async fn run_to_end(service: &Service) -> Result<Report, Trouble> {
    let checker = Checker::new(service, Options::default());
    let mut report = Report::default();
    let mut position = Some(checker.begin());
    while let Some(here) = position {
        position = report.add(checker.step(here).await?);
    }
    Ok(report)
}

impl<'a> Checker<'a> {
    /// A checker of the tables that `service` works with.
    #[must_use]
    pub const fn new(service: &'a Service, options: Options) -> Self {
        Self { service, options }
    }

    /// Where a check begins.
    #[must_use]
    pub fn begin(&self) -> Position {
        self.at(Stage::Items { table: Table::Schedule, slots: 0 })
    }

    fn at(&self, stage: Stage) -> Position {
        Position::new(stage, self.options.segments.max(1))
    }

    /// Reads a page of each segment and checks it. A step that failed may be
    /// taken again.
    ///
    /// # Errors
    /// When DynamoDB or KMS fails.
    pub async fn step(&self, mut position: Position) -> Result<Step, Trouble> {
        let items = self.read_pages(&mut position).await?;
        let ended = position.segments.iter().all(|segment| *segment == Segment::Ended);
        let mut step =
            Step { findings: Vec::new(), checked: BTreeMap::new(), unsettled: 0, next: None };
        match position.stage {
            Stage::Items { table, mut slots } => {
                self.check_items(table, items, &mut step).await?;
                slots += step.checked.get("slots").copied().unwrap_or_default();
                let Options { slots_at_once, quiet, .. } = self.options;
                let counting = || Counting::first(slots, slots_at_once, quiet);
                step.next = Some(match (ended, table) {
                    (false, _) => Position { stage: Stage::Items { table, slots }, ..position },
                    (true, Table::Schedule) => self.at(Stage::Items { table: Table::Mail, slots }),
                    (true, Table::Mail) => self.at(Stage::Items { table: Table::Identity, slots }),
                    (true, Table::Identity) => self.at(Stage::Seats(counting())),
                });
            }
            Stage::Seats(mut counting) => {
                items.into_iter().for_each(|item| counting.add(item));
                if !ended {
                    step.next = Some(Position { stage: Stage::Seats(counting), ..position });
                    return Ok(step);
                }
                let verdict = counting.finish();
                let table = Table::Schedule;
                let mut miscounted = verdict.miscounted;
                if !miscounted.is_empty() {
                    let going = self.going().await?;
                    miscounted.retain(|(key, _)| !going.iter().any(|id| key.pk.starts_with(id)));
                }
                step.findings.extend(miscounted.into_iter().map(|(key, difference)| Finding {
                    table,
                    key,
                    damage: Damage::Miscounted(difference),
                }));
                step.unsettled = verdict.unsettled;
                if verdict.next.as_ref().is_some_and(Counting::again) {
                    tokio::time::sleep(A_MOMENT).await;
                }
                step.next = verdict.next.map(|counting| self.at(Stage::Seats(counting)));
            }
        }
        Ok(step)
    }

    /// Reads the next page of every segment that has one, all at the same time.
    async fn read_pages(&self, position: &mut Position) -> Result<Vec<Item>, Trouble> {
        let table = position.table();
        let total = position.segments.len();
        let pages = position.segments.iter().enumerate().filter_map(|(number, segment)| {
            let from = match segment {
                Segment::Begins => None,
                Segment::After { pk, sk } => Some(Key { pk: pk.clone(), sk: sk.clone() }),
                Segment::Ended => return None,
            };
            Some(async move {
                let page = self.read_page(table, number, total, from).await?;
                Ok::<_, Trouble>((number, page))
            })
        });
        let mut read = Vec::new();
        for (number, (items, last)) in try_join_all(pages).await? {
            read.extend(items);
            position.segments[number] = match last {
                Some(Key { pk, sk }) => Segment::After { pk, sk },
                None => Segment::Ended,
            };
        }
        Ok(read)
    }

    async fn read_page(
        &self,
        table: Table,
        number: usize,
        total: usize,
        from: Option<Key>,
    ) -> Result<(Vec<Item>, Option<Key>), Trouble> {
        // A table that is read as a whole is not asked for by segment: the
        // embedded engine would go through all of it for each page.
        let segment = |number| (total > 1).then(|| i32::try_from(number).unwrap_or(i32::MAX));
        let answer = self
            .service
            .dynamo
            .scan()
            .table_name(table.name(&self.service.settings.tables))
            .consistent_read(true)
            .limit(PAGE)
            .set_segment(segment(number))
            .set_total_segments(segment(total))
            .set_exclusive_start_key(from.as_ref().map(Key::to_item))
            .send()
            .await
            .map_err(|cause| Trouble::unavailable("reading a table", cause))?;
        let last = answer.last_evaluated_key.as_ref().and_then(Key::of);
        Ok((answer.items.unwrap_or_default(), last))
    }

    async fn check_items(
        &self,
        table: Table,
        items: Vec<Item>,
        step: &mut Step,
    ) -> Result<(), Trouble> {
        let mut subjects: Vec<Subject> =
            items.into_iter().filter_map(|item| Subject::new(table, item)).collect();
        for subject in &subjects {
            *step.checked.entry(subject.sort.plural()).or_default() += 1;
        }
        let mut look = Look::at(self.service, &subjects).await?;
        subjects.retain(|subject| !check::check(subject, &look).is_empty());
        self.leave_out_what_goes(&mut subjects).await?;
        for _ in 0..MOST_LOOKS {
            if subjects.is_empty() {
                return Ok(());
            }
            if self.options.quiet {
                for subject in &subjects {
                    let damages = check::check(subject, &look);
                    step.findings.extend(damages.into_iter().map(|damage| Finding {
                        table,
                        key: subject.key.clone(),
                        damage,
                    }));
                }
                return Ok(());
            }
            tokio::time::sleep(A_MOMENT).await;
            let before = (subjects, look);
            subjects = self.read_again(table, &before.0).await?;
            look = Look::at(self.service, &subjects).await?;
            let mut changed = Vec::new();
            for subject in subjects {
                let damages = check::check(&subject, &look);
                let stood_still = before.0.contains(&subject) && before.1.agrees(&look, &subject);
                if stood_still {
                    step.findings.extend(damages.into_iter().map(|damage| Finding {
                        table,
                        key: subject.key.clone(),
                        damage,
                    }));
                } else if !damages.is_empty() {
                    changed.push(subject);
                }
            }
            subjects = changed;
        }
        step.unsettled += subjects.len() as u64;
        Ok(())
    }

    /// Leaves out what belongs to organizations that are being erased at this
    /// moment: their items go in no order. Of one whose erasure has ended, an
    /// item is a finding.
    async fn leave_out_what_goes(&self, subjects: &mut Vec<Subject>) -> Result<(), Trouble> {
        if subjects.is_empty() {
            return Ok(());
        }
        let going = self.going().await?;
        subjects.retain(|subject| !going.iter().any(|id| subject.key.pk.starts_with(id)));
        Ok(())
    }

    /// The ids of the organizations that are being erased at this moment.
    async fn going(&self) -> Result<Vec<String>, Trouble> {
        let entries = ledger::all(self.service).await?.into_iter();
        let erasures = entries.filter(|entry| entry.what == Forgotten::Organization);
        Ok(erasures
            .filter(|entry| entry.ended.is_none())
            .map(|entry| entry.organization.to_string())
            .collect())
    }

    /// The suspects as they are now; what is gone is no suspect.
    async fn read_again(
        &self,
        table: Table,
        suspects: &[Subject],
    ) -> Result<Vec<Subject>, Trouble> {
        let keys: Vec<Key> = suspects.iter().map(|suspect| suspect.key.clone()).collect();
        let found = look::items(self.service, table, &keys).await?;
        let mut again: Vec<Subject> =
            found.into_values().filter_map(|item| Subject::new(table, item)).collect();
        again.sort_by(|one, other| (&one.key.pk, &one.key.sk).cmp(&(&other.key.pk, &other.key.sk)));
        Ok(again)
    }
}
