//! What the page of backups says.

use std::collections::BTreeMap;

use shared::backup::canary::Round;
use shared::backup::drill::{self, Drill, Stage};
use shared::backup::night::{self, Night};
use shared::run::Standing;
use shared::spoken;

/// How a night stands, in a word for programs.
pub(crate) fn night_word(standing: &Standing<Night>) -> &'static str {
    match standing.run.state.outcome {
        Some(night::Outcome::Complete) => "complete",
        Some(night::Outcome::GivenUp) => "given_up",
        None => "under_way",
    }
}

/// How a night stands, for people.
pub(crate) fn night(standing: &Standing<Night>) -> String {
    let night = &standing.run.state;
    let there = night.tables.iter().filter(|table| table.taken.is_some()).count();
    let all = night.tables.len();
    match night.outcome {
        Some(night::Outcome::Complete) => "Complete".to_owned(),
        Some(night::Outcome::GivenUp) if there == all => "Given up: see the keys".to_owned(),
        Some(night::Outcome::GivenUp) => format!("Given up: {there} of {all} tables"),
        None if there == all => "Under way: the tables are there".to_owned(),
        None => format!("Under way: {there} of {all} tables"),
    }
}

/// How a drill stands, in a word for programs.
pub(crate) fn drill_word(standing: &Standing<Drill>) -> &'static str {
    match (standing.ended, standing.run.state.outcome) {
        (None, _) => "under_way",
        (Some(_), Some(drill::Outcome::Proven)) => "proven",
        (Some(_), Some(drill::Outcome::Found)) => "found",
        (Some(_), Some(drill::Outcome::GivenUp) | None) => "given_up",
    }
}

/// How a drill stands, for people.
pub(crate) fn drill(standing: &Standing<Drill>) -> &'static str {
    match drill_word(standing) {
        "proven" => "Everything was as it should be",
        "found" => "Something was not as it should be",
        "given_up" => "Given up after a day",
        _ => match standing.run.state.stage {
            Stage::Choose => "Under way: choosing a backup",
            Stage::Restore => "Under way: restoring",
            Stage::PutBack => "Under way: putting back what a restore forgets",
            Stage::Compare => "Under way: holding it against what is there",
            Stage::Delete => "Under way: deleting again what was deleted since",
            Stage::Check | Stage::Mend => "Under way: checking",
            Stage::Open => "Under way: opening what the keys sealed",
            Stage::Remove => "Under way: removing what was restored",
        },
    }
}

/// What a night's round of the keys came to.
pub(crate) fn keys(round: &Round) -> String {
    let failing = round.failing.len() as u64 + round.further;
    let heard = round.opened + round.made;
    match (failing, round.done) {
        (0, true) if heard == 1 => "1 works".to_owned(),
        (0, true) => format!("All {heard} work"),
        (0, false) => format!("{heard} so far"),
        (1, _) => format!("1 does not work, {heard} do"),
        (failing, _) => format!("{failing} do not work, {heard} do"),
    }
}

/// `12.3 MB`
pub(crate) fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut tenths = bytes.saturating_mul(10) / 1_000;
    for unit in units {
        if tenths < 10_000 || unit == "TB" {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        tenths /= 1_000;
    }
    String::new()
}

/// `2 hours 5 minutes`
pub(crate) fn duration(seconds: i64) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds % 3_600 / 60);
    let some = |count: i64, one: &str| match count {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    };
    match (hours, minutes) {
        (0, 0) => "less than a minute".to_owned(),
        (0, minutes) => some(minutes, "minute"),
        (hours, 0) => some(hours, "hour"),
        (hours, minutes) => format!("{} {}", some(hours, "hour"), some(minutes, "minute")),
    }
}

/// `3 bookings, 24 slots`
pub(crate) fn counted(counts: &BTreeMap<String, u64>) -> String {
    spoken::all_counted(counts.iter().map(|(what, count)| (what.as_str(), *count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_read_as_people_say_them() {
        for (bytes, text) in
            [(0, "0.0 kB"), (12_345, "12.3 kB"), (999_999, "999.9 kB"), (2_500_000, "2.5 MB")]
        {
            assert_eq!(size(bytes), text);
        }
        for (seconds, text) in [
            (59, "less than a minute"),
            (60, "1 minute"),
            (3_600, "1 hour"),
            (7_500, "2 hours 5 minutes"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
