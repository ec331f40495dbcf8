//! Passes: single-use links that are sent to somebody.
//!
//! What is stored opens nothing: a nonce, of which the link is a code under
//! the organization's link key. So a mail can be written from the item, and
//! whoever reads the table cannot make the link. A later pass of the same
//! purpose replaces the nonce, which voids the earlier link.

mod store;

use jiff::{SignedDuration, Timestamp};

use super::subject::Subject;
use crate::ids;
use crate::vault::{Label, OrganizationKeys};

pub use store::{current, find, issue, spend, void};

/// What a pass is for. A link of one purpose never serves another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To join the organization's team.
    Invitation,
    /// To set another password.
    Reset,
    /// To sign in.
    SignIn,
    /// To prove the address of who asks for an organization.
    SignUp,
    /// To prove another address of somebody who is known.
    ConfirmEmail,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Invitation, Self::Reset, Self::SignIn, Self::SignUp, Self::ConfirmEmail];

    /// Its name in keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
            Self::SignIn => "sign-in",
            Self::SignUp => "sign-up",
            Self::ConfirmEmail => "confirm-email",
        }
    }

    /// How long a pass can be used.
    #[must_use]
    pub const fn lifetime(self) -> SignedDuration {
        match self {
            // It stands in for a password, so it lives no longer than it takes to
            // read a mail.
            Self::SignIn => SignedDuration::from_mins(10),
            Self::Reset => SignedDuration::from_hours(1),
            Self::SignUp | Self::ConfirmEmail => SignedDuration::from_hours(24),
            Self::Invitation => SignedDuration::from_hours(7 * 24),
        }
    }
}

/// For whom a pass is made, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// Whose it is.
    pub subject: Subject,
    /// A member's epoch, or the second in which a participant chose their
    /// password: what changes when they put everybody out. A pass that was made
    /// under another one opens nothing. `None` where it does not matter.
    pub epoch: Option<i64>,
}

impl From<Subject> for Owner {
    fn from(subject: Subject) -> Self {
        Self { subject, epoch: None }
    }
}

/// A pass that can still be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// What for.
    pub purpose: Purpose,
    /// Whose.
    pub subject: Subject,
    /// What tells this pass from those before it.
    pub nonce: Nonce,
    /// When it was made.
    pub made: Timestamp,
    /// From when it can no longer be used.
    pub expires: Timestamp,
    /// The epoch of its owner under which it was made.
    pub epoch: Option<i64>,
    /// What it was given to carry, such as an address to be proven.
    pub carried: Option<Carried>,
}

/// What tells a pass from those before it. It opens nothing by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce(pub(super) [u8; 16]);

impl Nonce {
    /// Its bytes: what a notice that carries the link remembers of it.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A text that a pass carries. It may be personal, so it cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Carried(String);

impl Carried {
    /// A text for a pass to carry.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, which must be parsed again.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Pass {
    /// Whether it was made for its owner as they are now.
    #[must_use]
    pub fn is_of(&self, owner: Owner) -> bool {
        self.subject == owner.subject && self.epoch.is_some() && self.epoch == owner.epoch
    }
}

impl std::fmt::Debug for Carried {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[carried]")
    }
}

/// The secret part of the link of a pass: whose it is and a code, as 53
/// characters. It goes into one mail and nowhere else.
#[must_use]
pub fn link(keys: &OrganizationKeys, subject: Subject, purpose: Purpose, nonce: Nonce) -> String {
    let subject = subject.to_string();
    let code = keys.code(Label::Pass, &parts(purpose, &subject, &nonce));
    format!("{subject}{code}")
}

/// Whose link this claims to be, and its code; `None` for anything else.
fn named(link: &str) -> Option<(Subject, &str)> {
    let (subject, code) = link.split_at_checked(Subject::LENGTH)?;
    // Anything but 128 bits as they are written is no code: it is not worth a reading.
    ids::from_text::<16>(code)?;
    Some((Subject::parse(subject)?, code))
}

fn holds(keys: &OrganizationKeys, code: &str, pass: &Pass) -> bool {
    let subject = pass.subject.to_string();
    keys.code_holds(code, Label::Pass, &parts(pass.purpose, &subject, &pass.nonce))
}

fn parts<'a>(purpose: Purpose, subject: &'a str, nonce: &'a Nonce) -> [&'a [u8]; 3] {
    [purpose.word().as_bytes(), subject.as_bytes(), &nonce.0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{MemberId, PersonId};
    use crate::vault::tests::keys;

    #[test]
    fn a_link_serves_one_purpose_one_person_one_nonce_and_one_organization() {
        let subject = Subject::Member(MemberId::from_bytes([1; 16]));
        let pass = |subject, purpose, nonce| Pass {
            purpose,
            subject,
            nonce: Nonce([nonce; 16]),
            made: Timestamp::UNIX_EPOCH,
            expires: Timestamp::UNIX_EPOCH,
            epoch: None,
            carried: None,
        };
        let text = link(&keys(1), subject, Purpose::Reset, Nonce([2; 16]));
        assert_eq!(text.len(), 53);
        let (whose, code) = named(&text).unwrap();
        assert_eq!(whose, subject);
        assert!(holds(&keys(1), code, &pass(subject, Purpose::Reset, 2)));
        assert!(!holds(&keys(1), code, &pass(subject, Purpose::Reset, 3)));
        assert!(!holds(&keys(2), code, &pass(subject, Purpose::Reset, 2)));
        for purpose in Purpose::ALL {
            let serves = holds(&keys(1), code, &pass(subject, purpose, 2));
            assert_eq!(serves, purpose == Purpose::Reset, "{purpose:?}");
        }
        let participant = Subject::Participant(PersonId::from_bytes([1; 16]));
        assert!(!holds(&keys(1), code, &pass(participant, Purpose::Reset, 2)));
    }

    #[test]
    fn what_is_no_link_is_not_looked_for() {
        let subject = Subject::Member(MemberId::from_bytes([1; 16]));
        let text = link(&keys(1), subject, Purpose::SignIn, Nonce([2; 16]));
        for other in ["", "m", &text[1..], &format!("{text}0"), &text.to_uppercase(), "é"] {
            assert_eq!(named(other), None, "{other}");
        }
    }
}
