//! The words of the trail: what was done, with what result, by what means.

use std::borrow::Cow;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident => $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$inner])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// How a record says it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads what [`Self::word`] wrote.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.word() == word)
            }
        }
    };
}

words! {
    /// What was done.
    Action {
        /// A booking was made.
        BookingMade => "booking_made",
        /// A seat was held until an address is proven.
        SeatHeld => "seat_held",
        /// An address was proven and the held seat booked.
        BookingConfirmed => "booking_confirmed",
        /// A booking was moved.
        BookingMoved => "booking_moved",
        /// A booking was cancelled.
        BookingCancelled => "booking_cancelled",
        /// A hold's time was over and the seat was freed.
        HoldLapsed => "hold_lapsed",
        /// A booking was refused because of another one, and its owner told so.
        OverlapTold => "overlap_told",
        /// Somebody tried to sign in; the result says how it went.
        SignIn => "sign_in",
        /// Somebody who is signed in proved again who they are.
        Reauthentication => "reauthentication",
        /// Somebody signed out.
        SignOut => "sign_out",
        /// Sessions were ended: by their owner, by another member, or because a
        /// level, a password or a member's state changed.
        SessionsEnded => "sessions_ended",
        /// A single-use link was asked for and mailed, if the address is known.
        LinkSent => "link_sent",
        /// A password was set or changed.
        PasswordChanged => "password_changed",
        /// A forgotten password was replaced.
        PasswordReset => "password_reset",
        /// A second factor or passkey was added.
        FactorAdded => "factor_added",
        /// A second factor or passkey was removed.
        FactorRemoved => "factor_removed",
        /// New recovery codes were made; older ones are void.
        RecoveryCodesMade => "recovery_codes_made",
        /// An email address or username was changed.
        AddressChanged => "address_changed",
        /// Somebody was invited to the team.
        MemberInvited => "member_invited",
        /// An invitation was accepted.
        InvitationAccepted => "invitation_accepted",
        /// A member's level, scope or details were changed.
        MemberChanged => "member_changed",
        /// A member was disabled.
        MemberDisabled => "member_disabled",
        /// A disabled member was let in again.
        MemberEnabled => "member_enabled",
        /// Security settings were changed; the record says which.
        SecurityChanged => "security_changed",
        /// One of the operator's people was allowed to help.
        SupportGranted => "support_granted",
        /// That permission was withdrawn.
        SupportWithdrawn => "support_withdrawn",
        /// An emergency code was made; an older one is void.
        EmergencyCodeMade => "emergency_code_made",
        /// The emergency code was tried; the result says how it went.
        EmergencyCodeUsed => "emergency_code_used",
        /// A use of the emergency code was reviewed.
        EmergencyReviewed => "emergency_reviewed",
        /// An organization was signed up.
        OrganizationSignedUp => "organization_signed_up",
        /// An organization was called otherwise, or its zone was put right.
        OrganizationChanged => "organization_changed",
        /// An organization was approved.
        OrganizationApproved => "organization_approved",
        /// An organization was refused.
        OrganizationRefused => "organization_refused",
        /// An organization was suspended.
        OrganizationSuspended => "organization_suspended",
        /// A suspended organization was let in again.
        OrganizationResumed => "organization_resumed",
        /// A dependent was put on the organization's list.
        DependentAdded => "dependent_added",
        /// A dependent was taken off it.
        DependentRemoved => "dependent_removed",
        /// A participant attached a dependent, or tried to.
        DependentAttached => "dependent_attached",
        /// A participant detached a dependent.
        DependentDetached => "dependent_detached",
        /// Personal data was shown on a page.
        DataShown => "data_shown",
        /// Personal data left as a file.
        DataExported => "data_exported",
        /// How long data is kept was changed; the record says what.
        RetentionChanged => "retention_changed",
        /// What may no longer be kept was removed; the record says how much.
        RetentionApplied => "retention_applied",
        /// Retention and deletion were stopped for a person or an event.
        HoldPlaced => "hold_placed",
        /// They were let go on.
        HoldLifted => "hold_lifted",
        /// What is kept about somebody was corrected.
        DataCorrected => "data_corrected",
        /// The deletion of somebody's data was asked for.
        DeletionAsked => "deletion_asked",
        /// Somebody's data was deleted.
        DataDeleted => "data_deleted",
        /// The erasure of the organization was asked for.
        ErasureAsked => "erasure_asked",
        /// That was taken back in time.
        ErasureCancelled => "erasure_cancelled",
        /// The organization's key was destroyed, and with it all that it sealed.
        ErasureBegun => "erasure_begun",
        /// The last of the organization's items was removed.
        ErasureEnded => "erasure_ended",
        /// The organization was given another data key; the record says why.
        KeyRotated => "key_rotated",
        /// Everything was sealed anew under it.
        ResealingEnded => "resealing_ended",
        /// Somebody asked for a backup beside the night's own.
        BackupAsked => "backup_asked",
        /// Somebody asked that a backup be tried out.
        DrillAsked => "drill_asked",
        /// A backup was taken.
        BackupTaken => "backup_taken",
        /// A backup was restored elsewhere and held against what is there.
        BackupProven => "backup_proven",
        /// A backup was restored.
        BackupRestored => "backup_restored",
        /// What did not fit together was repaired.
        DamageRepaired => "damage_repaired",
        /// Something was asked for that the asker may not do.
        ActionRefused => "action_refused",
    }
}

impl Action {
    /// Whether somebody saw personal data: such records are found again by
    /// whom or what they are about.
    #[must_use]
    pub const fn is_access(self) -> bool {
        matches!(self, Self::DataShown | Self::DataExported)
    }
}

words! {
    /// With what result.
    Outcome {
        /// It happened.
        Done => "done",
        /// What was given was right.
        Right => "right",
        /// What was given was right, and a second step is still owed.
        Half => "half",
        /// What was given was wrong.
        Wrong => "wrong",
        /// Too many failures: locked for now.
        Locked => "locked",
        /// Nobody has that username.
        Unknown => "unknown",
        /// The account is disabled.
        Disabled => "disabled",
        /// Too many attempts: not looked at.
        Throttled => "throttled",
        /// It was not allowed.
        Refused => "refused",
    }
}

words! {
    /// By what means somebody proved who they are, or what was changed.
    Factor {
        /// A password.
        Password => "password",
        /// A one-time code.
        Code => "code",
        /// A recovery code.
        RecoveryCode => "recovery_code",
        /// A passkey.
        Passkey => "passkey",
        /// A mailed link.
        Link => "link",
        /// The emergency code.
        Emergency => "emergency",
    }
}

/// A word that the program chose, such as the name of a setting or the kind of
/// a page: never anything that somebody typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word(Cow<'static, str>);

impl Word {
    /// A word of the program's.
    #[must_use]
    pub const fn of(word: &'static str) -> Self {
        Self(Cow::Borrowed(word))
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A word that was read out of a record.
    pub(super) fn stored(word: String) -> Self {
        Self(Cow::Owned(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_none_is_said_twice() {
        for (position, action) in Action::ALL.iter().enumerate() {
            assert_eq!(Action::parse(action.word()), Some(*action));
            let others = &Action::ALL[position + 1..];
            assert!(others.iter().all(|other| other.word() != action.word()), "{action:?}");
        }
        assert!(Outcome::ALL.iter().all(|it| Outcome::parse(it.word()) == Some(*it)));
        assert!(Factor::ALL.iter().all(|it| Factor::parse(it.word()) == Some(*it)));
        assert_eq!(Action::parse("Booking_Made"), None);
    }
}
