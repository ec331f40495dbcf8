//! What a check found, for people.

use std::collections::BTreeMap;
use std::fmt;

use super::Step;
use super::damage::Finding;
use super::position::Position;
use crate::spoken::{all_counted, counted};

/// Findings beyond so many are counted and not kept.
const MOST_FINDINGS: usize = 1_000;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many items of each kind were checked.
    pub checked: BTreeMap<&'static str, u64>,
    /// What is damaged: the first thousand.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub further: u64,
    /// Items that changed all the while, so that they could not be judged.
    pub unsettled: u64,
}

impl Report {
    /// Whether nothing is damaged.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Adds what a step found; gives the position of the next.
    pub fn add(&mut self, step: Step) -> Option<Position> {
        for (kind, count) in step.checked {
            *self.checked.entry(kind).or_default() += count;
        }
        for finding in step.findings {
            if self.findings.len() < MOST_FINDINGS {
                self.findings.push(finding);
            } else {
                self.further += 1;
            }
        }
        self.unsettled += step.unsettled;
        step.next
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.checked.is_empty() {
            writeln!(formatter, "There is nothing to check.")?;
        } else {
            let checked = self.checked.iter().map(|(kind, count)| (*kind, *count));
            writeln!(formatter, "Checked {}.", all_counted(checked))?;
        }
        for finding in &self.findings {
            writeln!(formatter, "\n{finding}")?;
        }
        if self.unsettled > 0 {
            writeln!(
                formatter,
                "\n{} changed all the while and could not be judged: check again when it is quieter.",
                counted(self.unsettled, "items")
            )?;
        }
        match self.findings.len() as u64 + self.further {
            0 => write!(formatter, "Nothing is damaged."),
            1 => write!(formatter, "\n1 thing is damaged."),
            count if self.further == 0 => write!(formatter, "\n{count} things are damaged."),
            count => {
                let Self { further, .. } = self;
                write!(formatter, "\n{count} things are damaged; {further} of them are not shown.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::Key;
    use crate::fsck::{Damage, Table};
    use crate::ids::{BookingId, OrganizationId};

    fn step(findings: usize) -> Step {
        let key = Key::booking(OrganizationId::from_bytes([1; 16]), BookingId::from_bytes([2; 16]));
        let finding = Finding { table: Table::Schedule, key, damage: Damage::NoSlot };
        Step {
            findings: vec![finding; findings],
            checked: BTreeMap::from([("slots", 3), ("bookings", 2)]),
            unsettled: 0,
            next: None,
        }
    }

    #[test]
    fn a_clean_report_says_what_was_checked_and_that_nothing_is_damaged() {
        let mut report = Report::default();
        assert_eq!(report.to_string(), "There is nothing to check.\nNothing is damaged.");
        report.add(step(0));
        assert!(report.is_clean());
        assert_eq!(report.to_string(), "Checked 2 bookings, 3 slots.\nNothing is damaged.");
    }

    #[test]
    fn a_report_of_much_damage_stays_small_and_counts_the_rest() {
        let mut report = Report::default();
        report.add(step(900));
        report.add(step(900));
        assert!(!report.is_clean());
        assert_eq!((report.findings.len(), report.further), (1_000, 800));
        assert!(
            report.to_string().ends_with("1800 things are damaged; 800 of them are not shown.")
        );
    }
}
