//! What people read: what was done, and the trail's words.

pub(crate) mod backups;

use std::collections::HashMap;

use jiff::civil::Date;
use shared::audit::{Action, Factor, Outcome};
use shared::web::{Fault, Kind};

use crate::Visit;
use crate::pages::News;

/// `Thursday 3 December 2026`
#[must_use]
pub(crate) fn long_day(day: Date) -> String {
    day.strftime("%A %-d %B %Y").to_string()
}

/// What the page before this one says was done.
#[must_use]
pub(crate) fn news(visit: &Visit<'_>) -> Option<News> {
    let text = match visit.incoming.query("done")? {
        "booked" => "The appointment is made. A mail with it is on its way.",
        "cancelled" => "The appointment is cancelled. A mail that says so is on its way.",
        "invited" => "The invitation is on its way.",
        "access" => "The access is changed. They are signed out and sign in again.",
        "disabled" => "They can no longer sign in. All their sessions have ended.",
        "enabled" => "They can sign in again.",
        "reset" => "A mail with a link to choose a new password is on its way.",
        "ended" => "They are signed out everywhere.",
        "supporter" => "Organizations may ask for their help from now on.",
        "no-supporter" => "Organizations can no longer ask for their help.",
        "security" => "The settings are saved. They hold from now on.",
        "key" => "Another key is made. Everything is sealed anew under it, which takes a while.",
        "links" => "In about ten minutes, no link of before opens anything.",
        "keeping" => "The settings are saved. They hold from the coming night on.",
        "corrected" => "It is corrected. New confirmations are on their way.",
        "held" => "It is held: nothing of it is removed or deleted.",
        "lifted" => "The hold is lifted. The settings hold for it again.",
        "granted" => "They can see your appointments now. All administrators get a mail.",
        "withdrawn" => "They can no longer see anything.",
        "over" => "It is over. Nobody reads with that code any more.",
        "signed" => "The review is signed.",
        "erasure-asked" => "The deletion is asked for. All administrators get a mail.",
        "erasure-taken-back" => "The deletion is taken back. Everything goes on as before.",
        "listed" => "They are on the list. Their guardians can book for them now.",
        "unlisted" => "They are off the list. What is booked for them stands.",
        "approved" => "The organization can be reached from now on.",
        "suspended" => "The organization can no longer be reached.",
        "reinstated" => "The organization can be reached again.",
        "backup" => "A copy is taken within five minutes. Look here again in a while.",
        "drill" => "The newest copy is tried out. Look here again in a while.",
        _ => return None,
    };
    Some(News { text: text.to_owned(), undo: None })
}

/// What was done, as a table of the trail says it.
#[must_use]
pub(crate) const fn deed(action: Action) -> &'static str {
    match action {
        Action::BookingMade => "Booked",
        Action::SeatHeld => "Asked for a time",
        Action::BookingConfirmed => "Confirmed an appointment",
        Action::BookingMoved => "Moved an appointment",
        Action::BookingCancelled => "Cancelled an appointment",
        Action::HoldLapsed => "Freed a time that was not confirmed",
        Action::OverlapTold => "Met another appointment",
        Action::SignIn => "Tried to sign in",
        Action::Reauthentication => "Proved again who they are",
        Action::SignOut => "Signed out",
        Action::SessionsEnded => "Ended sessions",
        Action::LinkSent => "Asked for a link",
        Action::PasswordChanged => "Changed a password",
        Action::PasswordReset => "Replaced a forgotten password",
        Action::FactorAdded => "Added a way to sign in",
        Action::FactorRemoved => "Removed a way to sign in",
        Action::RecoveryCodesMade => "Made recovery codes",
        Action::AddressChanged => "Changed an address",
        Action::MemberInvited => "Invited somebody",
        Action::InvitationAccepted => "Accepted an invitation",
        Action::MemberChanged => "Changed a member",
        Action::MemberDisabled => "Disabled a member",
        Action::MemberEnabled => "Let a member in again",
        Action::SecurityChanged => "Changed the security settings",
        Action::SupportGranted => "Allowed somebody to help",
        Action::SupportWithdrawn => "Ended somebody’s help",
        Action::EmergencyCodeMade => "Made an emergency code",
        Action::EmergencyCodeUsed => "Tried the emergency code",
        Action::EmergencyReviewed => "Signed an emergency’s review",
        Action::OrganizationSignedUp => "Signed an organization up",
        Action::OrganizationChanged => "Changed the organization's name or zone",
        Action::OrganizationApproved => "Approved an organization",
        Action::OrganizationRefused => "Refused an organization",
        Action::OrganizationSuspended => "Suspended an organization",
        Action::OrganizationResumed => "Let an organization in again",
        Action::DependentAdded => "Put a dependent on the list",
        Action::DependentRemoved => "Took a dependent off the list",
        Action::DependentAttached => "Attached a dependent",
        Action::DependentDetached => "Detached a dependent",
        Action::DataShown => "Saw personal data",
        Action::DataExported => "Took personal data as a file",
        Action::RetentionChanged => "Changed how long data is kept",
        Action::RetentionApplied => "Removed what is no longer kept",
        Action::HoldPlaced => "Stopped the removal of data",
        Action::HoldLifted => "Let the removal of data go on",
        Action::DataCorrected => "Corrected somebody’s data",
        Action::DeletionAsked => "Asked to delete somebody’s data",
        Action::DataDeleted => "Deleted somebody’s data",
        Action::ErasureAsked => "Asked to erase the organization",
        Action::ErasureCancelled => "Took the erasure back",
        Action::ErasureBegun => "Destroyed the organization’s key",
        Action::ErasureEnded => "Erased the organization",
        Action::KeyRotated => "Made another key",
        Action::ResealingEnded => "Sealed everything under another key",
        Action::BackupAsked => "Asked for a backup",
        Action::DrillAsked => "Asked to try a backup out",
        Action::BackupTaken => "Took a backup",
        Action::BackupProven => "Tried a backup out",
        Action::BackupRestored => "Restored a backup",
        Action::DamageRepaired => "Repaired what did not fit",
        Action::ActionRefused => "Asked for something not allowed",
    }
}

/// With what result; nothing where that goes without saying.
#[must_use]
pub(crate) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "",
        Outcome::Right => "Right",
        Outcome::Half => "Right, a second step is owed",
        Outcome::Wrong => "Wrong",
        Outcome::Locked => "Locked",
        Outcome::Unknown => "No such username",
        Outcome::Disabled => "Disabled",
        Outcome::Throttled => "Too many attempts",
        Outcome::Refused => "Refused",
    }
}

/// By what means.
#[must_use]
pub(crate) const fn factor(factor: Factor) -> &'static str {
    match factor {
        Factor::Password => "password",
        Factor::Code => "one-time code",
        Factor::RecoveryCode => "recovery code",
        Factor::Passkey => "passkey",
        Factor::Link => "mailed link",
        Factor::Emergency => "emergency code",
    }
}

/// A page that showed personal data, by the word that its record has.
#[must_use]
pub(crate) fn page_kind(word: &str) -> &str {
    match word {
        "appointments" => "Appointments",
        "appointment" => "An appointment",
        "participant" => "A participant’s page",
        "members" => "The members",
        "member" => "A member’s page",
        "audit" => "The audit trail",
        "support" => "Who may help",
        "emergency" => "Uses of the emergency code",
        "dependents" => "The dependents",
        "dependent" => "A dependent’s page",
        "holds" => "What is held",
        "everything" => "Everything, as a file",
        other => other.trim_start_matches("/{organization}"),
    }
}

/// Which settings a form changes is in a field that nobody sees: where it is
/// missing or altered, no field on the page can be pointed at.
pub(crate) fn check_version(form: &HashMap<String, String>) -> Result<(), Fault> {
    if form.get("version").is_some_and(|version| version.trim().parse::<u32>().is_ok()) {
        return Ok(());
    }
    let message = "This form did not arrive whole. Open the page again and repeat the change.";
    Err(Fault::new(Kind::Invalid, message))
}

/// A setting, by the word that its record has.
#[must_use]
pub(crate) fn setting(word: &str) -> &str {
    match word {
        "level" => "access level",
        "coverage" => "what is covered",
        "supporter" => "list of supporters",
        "shortest_password" => "shortest password",
        "shortest_password_with_factor" => "shortest password with a second step",
        "composition" => "mix of characters",
        "password_days" => "days until a password must be changed",
        "failures" => "attempts before a lock",
        "first_lock_minutes" => "minutes of the first lock",
        "idle_minutes" => "minutes without a click",
        "session_hours" => "hours in any case",
        "factor_from" => "second step",
        "bookings_days" => "days that appointments are kept",
        "fate" => "what becomes of an appointment",
        "contacts_days" => "days that people are kept",
        "notices_days" => "days that mails are listed",
        other => other,
    }
}

/// How many of what a record counts: pages count whom or what they showed,
/// deletions and keys count items.
#[must_use]
pub(crate) fn counted(action: Action, page: Option<&str>, count: u32) -> String {
    let (one, several) = match (action, page) {
        (Action::DataDeleted | Action::ErasureEnded | Action::ResealingEnded, _) => {
            ("item", "items")
        }
        (Action::SessionsEnded, _) => ("session", "sessions"),
        (_, Some("holds")) => ("hold", "holds"),
        (_, Some("audit")) => ("record", "records"),
        (_, Some("emergency")) => ("use", "uses"),
        _ => ("person", "people"),
    };
    many(usize::try_from(count).unwrap_or(usize::MAX), one, several)
}

/// A button that deletes all of somebody's data.
#[must_use]
pub(crate) fn delete_button(coming: usize) -> String {
    match coming {
        0 => "Delete everything".to_owned(),
        coming => {
            format!("Delete everything, and cancel {}", many(coming, "appointment", "appointments"))
        }
    }
}

/// A count that stands by itself: `None`, `4`
#[must_use]
pub(crate) fn some(count: usize) -> String {
    if count == 0 { "None".to_owned() } else { count.to_string() }
}

/// What a night removed, by the word that its record has, and how much.
#[must_use]
pub(crate) fn removed(part: &str, count: u32) -> String {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    match part {
        "bookings" => many(count, "appointment", "appointments"),
        "contacts" => many(count, "person", "people"),
        _ => many(count, "mail", "mails"),
    }
}

/// `no mails`, `1 mail`, `4 mails`
#[must_use]
pub(crate) fn many(count: usize, one: &str, several: &str) -> String {
    match count {
        0 => format!("no {several}"),
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    }
}
