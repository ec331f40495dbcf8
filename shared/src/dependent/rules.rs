//! How often a dependent may be guessed at, and how many somebody may attach.

use jiff::SignedDuration;

/// Tries of one participant in an hour.
pub const TRIES_OF_A_PARTICIPANT: u32 = 10;
/// Tries from one network in an hour: a school's own network has many parents.
pub const TRIES_FROM_A_NETWORK: u32 = 100;
/// Wrong claims at one identifier in a day, whoever makes them. A date of birth within
/// a school year is one of some 400: at this pace a search takes six weeks.
pub const WRONG_AT_A_DEPENDENT: u32 = 10;

/// Wrong claims at all identifiers of an organization in a day: whoever tries
/// many a few times each meets this. On the day on which a large school asks
/// for it, a hundred parents mistype.
pub const WRONG_AT_AN_ORGANIZATION: u32 = 300;

/// Over which tries of a participant or a network are counted.
pub const AN_HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Over which tries at one dependent are counted.
pub const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// How many dependents one participant may have attached at a time.
pub const MOST_ATTACHED: usize = 20;

/// Why nothing was attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such identifier, or the security value is another one: which
    /// of both is told to nobody.
    Wrong,
    /// Too many tries; more after this time.
    TooMuch(SignedDuration),
    /// As many are attached as may be.
    Full,
}

/// Whether a claim is right, where `stored` is the keyed hash of the
/// dependent's own security value, or something else of that form where there
/// is no such dependent: both take the same time.
#[must_use]
pub fn right(known: bool, stored: [u8; 16], given: [u8; 16]) -> bool {
    let same = aws_lc_rs::constant_time::verify_slices_are_equal(&stored, &given).is_ok();
    known & same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_attaches_whom_the_organization_does_not_know() {
        assert!(right(true, [1; 16], [1; 16]));
        assert!(!right(false, [1; 16], [1; 16]));
        assert!(!right(true, [1; 16], [2; 16]));
    }
}
