//! How members change. Whatever lessens what somebody may do, or proves anew
//! who they are, ends their sessions by raising their epoch.

use jiff::{SignedDuration, Timestamp};

use super::{Member, Newcomer, State};
use crate::identity::access::{Coverage, Level};
use crate::identity::username::Username;
use crate::personal::{EmailAddress, PersonName};

/// Why a member cannot be made or changed like this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such member.
    Absent,
    /// Another member of the organization has this username.
    UsernameTaken,
    /// They are the last administrator who can sign in: without one, nobody
    /// could let anybody in again.
    LastAdministrator,
    /// Nobody disables themselves: it would be the last thing they did.
    Themselves,
    /// Enough mails went to their address for now: more go after this time.
    TooManyMails(SignedDuration),
    /// The organization has sent as many of these mails as it may in a day.
    TooManyMailsToday(SignedDuration),
    /// Somebody else has changed them since they were read, or something that
    /// was to be written with the change did not hold.
    Overtaken,
}

/// A new member, invited or able to sign in at once.
#[must_use]
pub fn new(newcomer: Newcomer, state: State, now: Timestamp) -> Member {
    Member {
        id: newcomer.id,
        username: newcomer.username,
        name: newcomer.name,
        email: newcomer.email,
        level: newcomer.level,
        coverage: newcomer.coverage,
        state,
        epoch: 1,
        supporter: false,
        made: now,
        version: 1,
    }
}

impl Member {
    /// Whether they are an administrator who can sign in.
    #[must_use]
    pub fn administers(&self) -> bool {
        self.state == State::Active && self.level == Level::Administrator
    }

    /// Having accepted the invitation. Only who was invited changes.
    #[must_use]
    pub fn activated(&self) -> Self {
        match self.state {
            State::Invited => Self { state: State::Active, ..self.clone() },
            State::Active | State::Disabled => self.clone(),
        }
    }

    /// At another level, elsewhere. Sessions end: what they show was composed
    /// for the former level.
    #[must_use]
    pub fn at_level(&self, level: Level, coverage: Coverage) -> Self {
        Self { level, coverage, ..self.signed_out() }
    }

    /// Unable to sign in.
    #[must_use]
    pub fn disabled(&self) -> Self {
        Self { state: State::Disabled, ..self.signed_out() }
    }

    /// No longer disabled: able to sign in again, or invited still where they
    /// have not accepted yet, which only somebody with a password has.
    #[must_use]
    pub fn enabled(&self, has_password: bool) -> Self {
        match (self.state, has_password) {
            (State::Disabled, true) => Self { state: State::Active, ..self.clone() },
            (State::Disabled, false) => Self { state: State::Invited, ..self.clone() },
            (State::Invited | State::Active, _) => self.clone(),
        }
    }

    /// With all sessions over, as after a change of the password.
    #[must_use]
    pub fn signed_out(&self) -> Self {
        Self { epoch: self.epoch + 1, ..self.clone() }
    }

    /// Under another name, username and address.
    #[must_use]
    pub fn called(&self, username: Username, name: PersonName, email: EmailAddress) -> Self {
        Self { username, name, email, ..self.clone() }
    }

    /// On the list of those who may be asked for help, or off it.
    #[must_use]
    pub fn as_supporter(&self, supporter: bool) -> Self {
        Self { supporter, ..self.clone() }
    }
}

/// By how many the administrators who can sign in become more.
#[must_use]
pub fn more_administrators(before: Option<&Member>, after: &Member) -> i8 {
    i8::from(after.administers()) - i8::from(before.is_some_and(Member::administers))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ids::MemberId;

    pub(crate) fn member(level: Level, state: State) -> Member {
        let newcomer = Newcomer {
            id: MemberId::from_bytes([1; 16]),
            username: Username::parse("ada").unwrap(),
            name: PersonName::parse("Ada").unwrap(),
            email: EmailAddress::parse("ada@example.org").unwrap(),
            level,
            coverage: Coverage::Everything,
        };
        new(newcomer, state, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn disabling_and_another_level_end_sessions_and_enabling_does_not_revive_them() {
        let active = member(Level::Maker, State::Active);
        let disabled = active.disabled();
        assert!(disabled.epoch > active.epoch);
        assert_eq!(disabled.enabled(true).epoch, disabled.epoch);
        assert!(active.at_level(Level::Viewer, Coverage::nothing()).epoch > active.epoch);
        assert!(active.signed_out().epoch > active.epoch);
    }

    #[test]
    fn an_invitation_cannot_enable_who_was_disabled() {
        let invited = member(Level::Maker, State::Invited);
        assert_eq!(invited.activated().state, State::Active);
        assert_eq!(invited.enabled(true).state, State::Invited);
        assert_eq!(invited.disabled().activated().state, State::Disabled);
    }

    #[test]
    fn who_was_disabled_before_they_accepted_is_invited_again_and_not_let_in() {
        let invited = member(Level::Administrator, State::Invited);
        assert_eq!(invited.disabled().enabled(false).state, State::Invited);
        assert_eq!(invited.activated().disabled().enabled(true).state, State::Active);
    }

    #[test]
    fn administrators_are_counted_by_who_can_sign_in() {
        let active = member(Level::Administrator, State::Active);
        let invited = member(Level::Administrator, State::Invited);
        let lowered = active.at_level(Level::Viewer, Coverage::nothing());
        assert_eq!(more_administrators(None, &active), 1);
        assert_eq!(more_administrators(None, &invited), 0);
        assert_eq!(more_administrators(Some(&invited), &invited.activated()), 1);
        assert_eq!(more_administrators(Some(&active), &active.disabled()), -1);
        assert_eq!(more_administrators(Some(&active), &lowered), -1);
        assert_eq!(more_administrators(Some(&lowered), &lowered.disabled()), 0);
    }
}
