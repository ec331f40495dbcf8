//! What happens to somebody who signs in, and is told to them by mail.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::identity::Subject;
use crate::identity::pass::Purpose;
use crate::ids::{DeletionId, EventId, MemberId, OrganizationId};
use crate::vault::Sealed;

/// A notice to somebody who signs in, or is about to be able to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose account it is, and who gets the mail.
    pub subject: Subject,
    /// What it says.
    pub news: News,
    /// Which occasion: the nonce of the link that it carries, or bytes that no
    /// other occasion of this kind has.
    pub occasion: [u8; 16],
    /// Another address than the one on file, sealed: the former one, or one
    /// that has yet to be proven. It is taken away when the notice is settled.
    pub to: Option<Sealed>,
}

/// A way to sign in besides a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// One-time codes from an app.
    Codes,
    /// A passkey.
    Passkey,
    /// The recovery codes were made anew.
    RecoveryCodes,
}

/// By what somebody came as far as the second step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstStep {
    /// The password.
    Password,
    /// A link that was mailed to the account's owner.
    Link,
}

/// What a notice about somebody's account says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// A member is invited; the link chooses a password, until then.
    Invitation(Timestamp),
    /// The link chooses a new password, until then.
    Reset(Timestamp),
    /// The link shows a participant their appointments, until then.
    SignIn(Timestamp),
    /// The link proves the address of who signs an organization up, until then.
    SignUp(Timestamp),
    /// The link proves another address of somebody who is known, until then.
    ConfirmEmail(Timestamp),
    /// To the operator's administrators: this organization waits for approval.
    OrganizationWaits(OrganizationId),
    /// The operator approved the organization.
    OrganizationApproved,
    /// The operator refused the organization.
    OrganizationRefused,
    /// The password was changed.
    PasswordChanged,
    /// A way to sign in was added.
    FactorAdded(Factor),
    /// A way to sign in was removed.
    FactorRemoved(Factor),
    /// Another address was asked for: told to the one on file, before it can change.
    EmailAsked,
    /// The address was changed: told to the new one and to the former one.
    EmailChanged,
    /// A recovery code was used, and so many are left.
    RecoveryCodeUsed(u32),
    /// Too many wrong passwords: strangers cannot try until then.
    Locked(Timestamp),
    /// Too many wrong passwords on a device that is known: it must wait until then.
    DeviceLocked(Timestamp),
    /// Too many wrong codes at the second step, by somebody who got that far:
    /// they must wait until then.
    SecondStepLocked(Timestamp, FirstStep),
    /// Somebody signed in after so many wrong attempts.
    SignedInAfterFailures(u32),
    /// To every administrator: this member was invited to be one.
    AdministratorInvited(MemberId),
    /// To every administrator: this member became one.
    AdministratorMade(MemberId),
    /// To every administrator: the emergency code was used.
    EmergencyUsed,
    /// To every administrator: somebody of the operator's may see the
    /// organization's data until then.
    SupportGranted(Timestamp),
    /// To every administrator: somebody asked to erase the organization. It can
    /// be taken back until then; this is the deletion.
    ErasureAsked(Timestamp, DeletionId),
    /// To every administrator: the organization will not be erased.
    ErasureTakenBack,
    /// To every administrator: after a restore, so many appointments of an event
    /// are not known any more. Those of a day keep their times; of those without
    /// a day, not even the time is known.
    AppointmentsLost(EventId, Option<Date>, u32),
    /// To a participant: after a restore, an appointment of theirs at this event
    /// may not be known any more.
    AppointmentMissing(EventId),
}

/// What of some news is stored beside its word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Detail {
    pub(crate) until: Option<Timestamp>,
    pub(crate) count: Option<u32>,
    pub(crate) about: Option<String>,
}

impl Factor {
    const ALL: [Self; 3] = [Self::Codes, Self::Passkey, Self::RecoveryCodes];

    const fn word(self) -> &'static str {
        match self {
            Self::Codes => "codes",
            Self::Passkey => "passkey",
            Self::RecoveryCodes => "recovery_codes",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|factor| factor.word() == word)
    }
}

impl FirstStep {
    const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Link => "link",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        [Self::Password, Self::Link].into_iter().find(|step| step.word() == word)
    }
}

impl News {
    /// The word under which it is stored.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Invitation(_) => "invitation",
            Self::Reset(_) => "reset",
            Self::SignIn(_) => "sign_in",
            Self::SignUp(_) => "sign_up",
            Self::ConfirmEmail(_) => "confirm_email",
            Self::OrganizationWaits(_) => "organization_waits",
            Self::OrganizationApproved => "organization_approved",
            Self::OrganizationRefused => "organization_refused",
            Self::PasswordChanged => "password_changed",
            Self::FactorAdded(_) => "factor_added",
            Self::FactorRemoved(_) => "factor_removed",
            Self::EmailAsked => "email_asked",
            Self::EmailChanged => "email_changed",
            Self::RecoveryCodeUsed(_) => "recovery_code_used",
            Self::Locked(_) => "locked",
            Self::DeviceLocked(_) => "device_locked",
            Self::SecondStepLocked(..) => "second_step_locked",
            Self::SignedInAfterFailures(_) => "signed_in_after_failures",
            Self::AdministratorInvited(_) => "administrator_invited",
            Self::AdministratorMade(_) => "administrator_made",
            Self::EmergencyUsed => "emergency_used",
            Self::SupportGranted(_) => "support_granted",
            Self::ErasureAsked(..) => "erasure_asked",
            Self::ErasureTakenBack => "erasure_taken_back",
            Self::AppointmentsLost(..) => "appointments_lost",
            Self::AppointmentMissing(_) => "appointment_missing",
        }
    }

    /// What is stored beside the word.
    pub(crate) fn detail(&self) -> Detail {
        let nothing = Detail::default();
        match self {
            Self::Invitation(until)
            | Self::Reset(until)
            | Self::SignIn(until)
            | Self::SignUp(until)
            | Self::ConfirmEmail(until)
            | Self::Locked(until)
            | Self::DeviceLocked(until)
            | Self::SupportGranted(until) => Detail { until: Some(*until), ..nothing },
            Self::SecondStepLocked(until, first) => {
                Detail { until: Some(*until), about: Some(first.word().to_owned()), ..nothing }
            }
            Self::ErasureAsked(until, deletion) => {
                Detail { until: Some(*until), about: Some(deletion.to_string()), ..nothing }
            }
            Self::OrganizationWaits(which) => Detail { about: Some(which.to_string()), ..nothing },
            Self::AdministratorInvited(which) | Self::AdministratorMade(which) => {
                Detail { about: Some(which.to_string()), ..nothing }
            }
            Self::FactorAdded(factor) | Self::FactorRemoved(factor) => {
                Detail { about: Some(factor.word().to_owned()), ..nothing }
            }
            Self::RecoveryCodeUsed(count) | Self::SignedInAfterFailures(count) => {
                Detail { count: Some(*count), ..nothing }
            }
            Self::AppointmentsLost(event, day, count) => Detail {
                count: Some(*count),
                about: Some(match day {
                    Some(day) => format!("{event} {day}"),
                    None => event.to_string(),
                }),
                ..nothing
            },
            Self::AppointmentMissing(event) => Detail { about: Some(event.to_string()), ..nothing },
            Self::OrganizationApproved
            | Self::OrganizationRefused
            | Self::PasswordChanged
            | Self::EmailAsked
            | Self::EmailChanged
            | Self::EmergencyUsed
            | Self::ErasureTakenBack => nothing,
        }
    }

    /// Reads what [`Self::word`] and [`Self::detail`] wrote.
    pub(crate) fn of_word(word: &str, detail: &Detail) -> Option<Self> {
        let about = detail.about.as_deref();
        let factor = || about.and_then(Factor::of_word);
        let member = || about.and_then(MemberId::parse);
        Some(match word {
            "invitation" => Self::Invitation(detail.until?),
            "reset" => Self::Reset(detail.until?),
            "sign_in" => Self::SignIn(detail.until?),
            "sign_up" => Self::SignUp(detail.until?),
            "confirm_email" => Self::ConfirmEmail(detail.until?),
            "organization_waits" => Self::OrganizationWaits(about.and_then(OrganizationId::parse)?),
            "organization_approved" => Self::OrganizationApproved,
            "organization_refused" => Self::OrganizationRefused,
            "password_changed" => Self::PasswordChanged,
            "factor_added" => Self::FactorAdded(factor()?),
            "factor_removed" => Self::FactorRemoved(factor()?),
            "email_asked" => Self::EmailAsked,
            "email_changed" => Self::EmailChanged,
            "recovery_code_used" => Self::RecoveryCodeUsed(detail.count?),
            "locked" => Self::Locked(detail.until?),
            "device_locked" => Self::DeviceLocked(detail.until?),
            "second_step_locked" => {
                Self::SecondStepLocked(detail.until?, about.and_then(FirstStep::of_word)?)
            }
            "signed_in_after_failures" => Self::SignedInAfterFailures(detail.count?),
            "administrator_invited" => Self::AdministratorInvited(member()?),
            "administrator_made" => Self::AdministratorMade(member()?),
            "emergency_used" => Self::EmergencyUsed,
            "support_granted" => Self::SupportGranted(detail.until?),
            "erasure_asked" => {
                Self::ErasureAsked(detail.until?, about.and_then(DeletionId::parse)?)
            }
            "erasure_taken_back" => Self::ErasureTakenBack,
            "appointments_lost" => match about?.split_once(' ') {
                Some((event, day)) => {
                    let day = Some(day.parse().ok()?);
                    Self::AppointmentsLost(EventId::parse(event)?, day, detail.count?)
                }
                None => Self::AppointmentsLost(EventId::parse(about?)?, None, detail.count?),
            },
            "appointment_missing" => Self::AppointmentMissing(about.and_then(EventId::parse)?),
            _ => return None,
        })
    }

    /// What the link that it carries is for; `None` where it carries none.
    #[must_use]
    pub const fn purpose(&self) -> Option<Purpose> {
        Some(match self {
            Self::Invitation(_) => Purpose::Invitation,
            Self::Reset(_) => Purpose::Reset,
            Self::SignIn(_) => Purpose::SignIn,
            Self::SignUp(_) => Purpose::SignUp,
            Self::ConfirmEmail(_) => Purpose::ConfirmEmail,
            Self::OrganizationWaits(_)
            | Self::OrganizationApproved
            | Self::OrganizationRefused
            | Self::PasswordChanged
            | Self::FactorAdded(_)
            | Self::FactorRemoved(_)
            | Self::EmailAsked
            | Self::EmailChanged
            | Self::RecoveryCodeUsed(_)
            | Self::Locked(_)
            | Self::DeviceLocked(_)
            | Self::SecondStepLocked(..)
            | Self::SignedInAfterFailures(_)
            | Self::AdministratorInvited(_)
            | Self::AdministratorMade(_)
            | Self::EmergencyUsed
            | Self::SupportGranted(_)
            | Self::ErasureAsked(..)
            | Self::ErasureTakenBack
            | Self::AppointmentsLost(..)
            | Self::AppointmentMissing(_) => return None,
        })
    }

    /// Whether the link proves an address: then the mail goes to the one that
    /// the link carries.
    pub(crate) const fn proves_an_address(&self) -> bool {
        matches!(self, Self::SignIn(_) | Self::SignUp(_) | Self::ConfirmEmail(_))
    }

    /// Whether it is told although its organization may not be reached.
    #[must_use]
    pub const fn reaches_from_outside(&self) -> bool {
        matches!(self, Self::OrganizationRefused)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::notice::tests::now;

    /// One of each.
    pub(crate) fn all() -> Vec<News> {
        let until = now() + jiff::SignedDuration::from_mins(15);
        vec![
            News::Invitation(until),
            News::Reset(until),
            News::SignIn(until),
            News::SignUp(until),
            News::ConfirmEmail(until),
            News::OrganizationWaits(OrganizationId::from_bytes([9; 16])),
            News::OrganizationApproved,
            News::OrganizationRefused,
            News::PasswordChanged,
            News::FactorAdded(Factor::Passkey),
            News::FactorAdded(Factor::RecoveryCodes),
            News::FactorRemoved(Factor::Codes),
            News::EmailAsked,
            News::EmailChanged,
            News::RecoveryCodeUsed(7),
            News::Locked(until),
            News::DeviceLocked(until),
            News::SecondStepLocked(until, FirstStep::Password),
            News::SecondStepLocked(until, FirstStep::Link),
            News::SignedInAfterFailures(4),
            News::AdministratorInvited(MemberId::from_bytes([8; 16])),
            News::AdministratorMade(MemberId::from_bytes([8; 16])),
            News::EmergencyUsed,
            News::SupportGranted(until),
            News::ErasureAsked(until, DeletionId::from_bytes([8; 16])),
            News::ErasureTakenBack,
            News::AppointmentsLost(EventId::from_bytes([2; 16]), None, 1),
            News::AppointmentsLost(
                EventId::from_bytes([2; 16]),
                Some(jiff::civil::date(2026, 12, 3)),
                2,
            ),
            News::AppointmentMissing(EventId::from_bytes([2; 16])),
        ]
    }

    #[test]
    fn news_survive_being_stored() {
        for news in all() {
            assert_eq!(News::of_word(news.word(), &news.detail()), Some(news));
        }
        assert_eq!(News::of_word("reset", &Detail::default()), None);
        let lost = Detail { about: Some("nothing".into()), count: Some(1), until: None };
        assert_eq!(News::of_word("appointments_lost", &lost), None);
        let unknown = Detail { about: Some("a stone".into()), ..Detail::default() };
        assert_eq!(News::of_word("factor_added", &unknown), None);
    }
}
