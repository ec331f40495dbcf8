//! What the door decides.

use jiff::{SignedDuration, Timestamp};

use crate::identity::security::Security;
use crate::identity::session::{How, Waiting};

/// How much of one thing a network may do in an hour. A school is one network,
/// so there is room for a whole staff that comes in at eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerNetwork {
    /// What is counted.
    pub kind: &'static str,
    /// How much of it, at one organization.
    pub in_an_hour: u32,
    /// How much of it at all organizations together, where that is counted: the
    /// name under which it is, and how much.
    pub everywhere: Option<(&'static str, u32)>,
}

/// Attempts to sign in.
pub const SIGN_IN: PerNetwork = PerNetwork {
    kind: "sign-in",
    in_an_hour: 600,
    // So that nobody guesses at each organization in turn.
    everywhere: Some(("sign-in-everywhere", 1_200)),
};
/// Mails with links that are asked for.
pub const LINKS: PerNetwork = PerNetwork { kind: "links", in_an_hour: 120, everywhere: None };
/// Organizations that are asked for.
pub const SIGN_UPS: PerNetwork = PerNetwork { kind: "sign-ups", in_an_hour: 20, everywhere: None };
/// Uses of the emergency code.
pub const EMERGENCIES: PerNetwork =
    PerNetwork { kind: "emergencies", in_an_hour: 20, everywhere: None };
/// Looks at the meter.
pub const METER: PerNetwork = PerNetwork { kind: "meter", in_an_hour: 6_000, everywhere: None };

/// How many mails with links of one kind one address gets in an hour, asked for
/// by strangers, by one of its owner's devices, or by its organization's team.
pub const LINKS_PER_ADDRESS: u32 = 5;
/// How many invitations an organization sends in a day, and how many links for
/// new passwords. A school with a larger staff takes two days.
pub const TEAM_MAILS_A_DAY: u32 = 200;

/// So many failures before a success are worth telling.
pub const SEVERAL: u32 = 3;

/// What is still owed after what was proven, the most urgent first: the second
/// factor one has, then another password, then a second factor that is
/// required. A passkey that asked for the person is two factors in one.
#[must_use]
pub fn due(
    proven: &[How],
    has_factor: bool,
    factor_required: bool,
    old_password: bool,
) -> Option<Waiting> {
    if has_factor && !proven.iter().any(|how| how.is_second()) {
        return Some(Waiting::Factor);
    }
    if old_password && proven.contains(&How::Password) {
        return Some(Waiting::NewPassword);
    }
    (factor_required && !has_factor).then_some(Waiting::NewFactor)
}

/// Whether a password must be changed: somebody asked for it, or the
/// organization lets none become so old. None is asked of within its first day.
#[must_use]
pub fn is_too_old(
    set_at: Timestamp,
    must_change: bool,
    security: &Security,
    now: Timestamp,
) -> bool {
    let age = now.duration_since(set_at);
    let day = SignedDuration::from_hours(24);
    must_change || security.password_age().is_some_and(|most| age >= most.max(day))
}

/// When a failure that took this long is answered: at the next multiple of the
/// chosen time, so that how long it took tells nothing.
#[must_use]
pub fn answered_after(
    taken: std::time::Duration,
    step: std::time::Duration,
) -> std::time::Duration {
    let step = step.max(std::time::Duration::from_millis(1));
    let times = taken.as_millis() / step.as_millis() + 1;
    step.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))
}

/// Where somebody may be led after signing in: a page of this organization that
/// needs it. Anything else, another site or a personal link above all, is
/// nothing.
#[must_use]
pub fn way_on<'a>(web_name: &str, next: &'a str) -> Option<&'a str> {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "/-._~?=&%#".contains(character);
    if next.len() > 500 || !next.chars().all(plain) {
        return None;
    }
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let rest = path.strip_prefix('/')?.strip_prefix(web_name)?;
    let mut parts = rest.strip_prefix('/')?.split('/');
    let first = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    if rest.iter().any(|part| matches!(*part, "" | "." | "..") || part.contains('%')) {
        return None;
    }
    let leads = match first {
        "manage" => true,
        "account" => match rest.as_slice() {
            [] => true,
            [page] => matches!(*page, "password" | "email" | "codes" | "confirm"),
            _ => false,
        },
        "bookings" | "dependents" => rest.is_empty(),
        _ => false,
    };
    leads.then_some(next)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::identity::security::Draft;

    #[test]
    fn who_has_a_second_factor_owes_it_and_who_must_have_one_sets_it_up() {
        let password = [How::Password];
        assert_eq!(due(&password, false, false, false), None);
        assert_eq!(due(&password, true, false, true), Some(Waiting::Factor));
        assert_eq!(due(&password, false, true, true), Some(Waiting::NewPassword));
        assert_eq!(due(&password, false, true, false), Some(Waiting::NewFactor));
        for second in [How::Code, How::RecoveryCode] {
            assert_eq!(due(&[How::Password, second], true, true, false), None);
            assert_eq!(due(&[How::Password, second], true, true, true), Some(Waiting::NewPassword));
        }
        // A mailed link is one factor, a passkey is two.
        assert_eq!(due(&[How::Link], true, false, false), Some(Waiting::Factor));
        assert_eq!(due(&[How::Passkey], true, true, true), None);
    }

    #[test]
    fn nobody_is_asked_to_change_a_password_however_old_unless_the_organization_wants_it() {
        let set = Timestamp::from_second(1_800_000_000).unwrap();
        let after = |days: i64| set + SignedDuration::from_hours(24 * days);
        let default = Security::default();
        assert!(!is_too_old(set, false, &default, after(3_650)));
        assert!(is_too_old(set, true, &default, after(0)));
        let draft = Draft { password_days: 90, ..Draft::default() };
        let security = Security::parse(draft).unwrap();
        assert!(!is_too_old(set, false, &security, after(89)));
        assert!(is_too_old(set, false, &security, after(90)));
    }

    #[test]
    fn a_failure_is_answered_at_the_next_multiple_of_the_chosen_time() {
        let step = Duration::from_millis(400);
        for (taken, answered) in [(0, 400), (1, 400), (399, 400), (400, 800), (1_234, 1_600)] {
            let answered = Duration::from_millis(answered);
            assert_eq!(answered_after(Duration::from_millis(taken), step), answered, "{taken}");
        }
    }

    #[test]
    fn signing_in_leads_on_to_pages_of_the_organization_and_nowhere_else() {
        for next in [
            "/north-school/manage",
            "/north-school/manage/audit?day=2026-12-03",
            "/north-school/account",
            "/north-school/account/password",
            "/north-school/bookings",
            "/north-school/dependents",
        ] {
            assert_eq!(way_on("north-school", next), Some(next));
        }
        for next in [
            "",
            "/",
            "https://evil.example/north-school/manage",
            "//evil.example/north-school/manage",
            "/\\evil.example",
            "/south-clinic/manage",
            "/north-school-2/manage",
            "/north-schoolmanage",
            "/north-school/bookings/0123456789",
            "/north-school/reset/0123456789",
            "/north-school/sign-in/0123456789",
            "/north-school/invitation/0123456789",
            "/north-school/account/email/0123456789",
            "/north-school/confirm/0123456789",
            "/north-school/manage/../bookings/0123456789",
            "/north-school/manage/%2e%2e/bookings",
            "/north-school/manage//evil",
            "/north-school/manage\r\nSet-Cookie: a=b",
        ] {
            assert_eq!(way_on("north-school", next), None, "{next}");
        }
    }
}
