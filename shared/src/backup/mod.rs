//! Backups: taken every night, tried out every week, gone after 35 days.
//!
//! A [`night`] is a run that asks for a backup of each table of
//! [`Table::BACKED_UP`](crate::settings::Table::BACKED_UP), waits across ticks
//! until they are there, opens every organization's [`canary`], and removes
//! what is too old ([`rules`]). A [`drill`] is a run that restores the newest
//! set beside what is there, holds the two against each other, and removes what
//! it restored. [`watch`] says when there is reason to page somebody.
//!
//! The backups of one run are a set. Nothing remembers sets but the names of
//! the backups ([`Name`]), so that what a lost run asked for is found again.

pub mod canary;
pub mod drill;
pub mod forgotten;
pub mod night;
pub mod rules;
pub mod store;
pub mod watch;

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::RunId;
use crate::settings::{SettingError, Table, required};

/// The word in the log that pages the operator when a backup or a drill is in
/// trouble.
pub const FAILED: &str = "BACKUP_FAILED";
/// The word in the log that pages the operator when the newest backup is older
/// than it should be.
pub const LATE: &str = "BACKUP_LATE";
/// The word in the log that pages the operator when the newest backup that was
/// tried out is older than it should be.
pub const UNPROVEN: &str = "BACKUP_UNPROVEN";
/// The word in the log that pages the operator when an organization's key does
/// not open its canary.
pub const KEY_FAILED: &str = "KEY_CANARY_FAILED";

/// What is set about backups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSettings {
    /// How many days a backup is kept: 7 to 35.
    pub days: u16,
    /// What the names of the tables that a drill restores into begin with.
    pub drill_prefix: String,
}

impl BackupSettings {
    /// Reads the settings through `variable`, which looks a name up.
    ///
    /// # Errors
    /// [`SettingError`] names the variable.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingError> {
        let days = required(&variable, "BACKUP_DAYS")?.parse();
        let days = days.ok().filter(|days| rules::DAYS.contains(days));
        Ok(Self {
            days: days.ok_or(SettingError::Unusable {
                name: "BACKUP_DAYS",
                problem: "must be a number of days from 7 to 35",
            })?,
            drill_prefix: required(&variable, "DRILL_PREFIX")?,
        })
    }
}

/// What a backup is called: whose night it is, which run asked for it, and
/// which table it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The UTC day on which it was asked for.
    pub day: Date,
    /// The run.
    pub run: RunId,
    /// The table.
    pub table: Table,
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "kept-{}-{}-{}", self.day, self.run, self.table.word())
    }
}

impl Name {
    /// Reads what its text says; `None` for the name of a backup that is not ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("kept-")?;
        let (day, rest) = rest.split_at_checked("2026-12-03".len())?;
        let (run, table) = rest.strip_prefix('-')?.split_once('-')?;
        let name =
            Self { day: day.parse().ok()?, run: RunId::parse(run)?, table: Table::parse(table)? };
        (name.to_string() == text).then_some(name)
    }
}

/// What stood in the way of a run when it was last tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hitch {
    /// When, in seconds.
    pub at: i64,
    /// How often in all.
    pub times: u32,
    /// The chain of causes: ids and codes, never anything personal.
    pub why: String,
}

impl Hitch {
    /// Another one after `before`.
    #[must_use]
    pub fn after(before: Option<&Self>, why: String, now: jiff::Timestamp) -> Self {
        // A state must stay well below what an item may hold.
        let why: String = why.chars().take(600).collect();
        Self { at: now.as_second(), times: before.map_or(1, |before| before.times + 1), why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_name_reads_back_and_names_of_others_do_not() {
        for table in Table::ALL {
            let name = Name { day: date(2026, 12, 3), run: RunId::from_bytes([9; 16]), table };
            assert_eq!(Name::parse(&name.to_string()), Some(name));
            assert!(name.to_string().len() <= 255);
        }
        for other in ["", "kept-", "before-the-move", "kept-2026-12-03-x-Schedule", "kept-2026"] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }

    #[test]
    fn days_that_may_not_be_set_are_refused_by_name() {
        let read = |days: &'static str| {
            BackupSettings::from_variables(|name| match name {
                "BACKUP_DAYS" => Some(days.to_owned()),
                _ => Some("kept-drill-".to_owned()),
            })
        };
        assert_eq!(read("7").unwrap().days, 7);
        assert_eq!(read("35").unwrap().days, 35);
        for days in ["6", "36", "soon", "-1"] {
            let refused = read(days);
            assert!(
                matches!(refused, Err(SettingError::Unusable { name: "BACKUP_DAYS", .. })),
                "{days}"
            );
        }
        assert_eq!(read(""), Err(SettingError::Missing("BACKUP_DAYS")));
    }
}
