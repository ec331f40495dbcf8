//! Sessions: somebody who has signed in on one device.
//!
//! The cookie holds whose session it is and a random token. The item lies
//! under a hash of the token, so that whoever reads the table cannot sign in
//! with what they see. A session that has ended is gone.

mod browser;
pub mod rules;
pub mod store;

use std::fmt;

use aws_lc_rs::digest;
use jiff::Timestamp;
use zeroize::Zeroize;

use super::subject::Subject;
use crate::ambient::{Chance, NoChance};
use crate::ids;

pub use browser::browser_words;
pub use rules::Limits;

/// Somebody who has signed in on one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, by which its owner may end it.
    pub id: SessionId,
    /// Whose it is.
    pub subject: Subject,
    /// When it began.
    pub begun: Timestamp,
    /// When it was last used, to the second.
    pub seen: Timestamp,
    /// The epoch under which it began: a member's own, or that of a participant's
    /// password; 0 for who has none.
    pub epoch: u32,
    /// The network it began in: a keyed hash.
    pub network: [u8; 16],
    /// Which browser it began in, in coarse words.
    pub browser: String,
    /// When its owner last proved in full who they are.
    pub fresh: Timestamp,
    /// How they did.
    pub how: Vec<How>,
    /// What is still owed before it is worth anything.
    pub waiting: Option<Waiting>,
}

/// What is needed to begin a session.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Whose it is.
    pub subject: Subject,
    /// The epoch: a member's own, or that of a participant's password; 0 for who
    /// has none.
    pub epoch: u32,
    /// The network: a keyed hash.
    pub network: [u8; 16],
    /// The browser, by [`browser_words`].
    pub browser: String,
    /// How they proved who they are.
    pub how: Vec<How>,
    /// What is still owed.
    pub waiting: Option<Waiting>,
}

/// A session's id: a hash of its token. It opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// The id's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads an id from its text; `None` for anything that is not exactly one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        ids::from_text(text).map(Self)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&ids::to_text(&self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SessionId({self})")
    }
}

/// What a session's cookie holds: whose it is, and 128 random bits. It cannot
/// be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    subject: Subject,
    secret: [u8; 16],
}

impl Token {
    /// A new token.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn fresh(subject: Subject, chance: &dyn Chance) -> Result<Self, NoChance> {
        let mut secret = [0; 16];
        chance.fill(&mut secret)?;
        Ok(Self { subject, secret })
    }

    /// Reads a cookie's value; `None` for anything that is not exactly a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (subject, secret) = text.split_at_checked(Subject::LENGTH)?;
        Some(Self { subject: Subject::parse(subject)?, secret: ids::from_text(secret)? })
    }

    /// Whose session it claims to open.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// The value itself: for the cookie alone.
    #[must_use]
    pub fn expose(&self) -> String {
        format!("{}{}", self.subject, ids::to_text(&self.secret))
    }

    /// The id of its session.
    #[must_use]
    pub fn id(&self) -> SessionId {
        let hash = digest::digest(&digest::SHA256, &self.secret);
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
        SessionId(id)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[token]")
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in items and replies.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),*
                }
            }

            /// Reads what `word` gave; anything else is `None`.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

/// A step by which somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// Their password.
    Password,
    /// A one-time code.
    Code,
    /// A recovery code.
    RecoveryCode,
    /// A passkey.
    Passkey,
    /// A link that was mailed to them.
    Link,
    /// The organization's emergency code.
    Emergency,
}

words!(How {
    Password = "password",
    Code = "code",
    RecoveryCode = "recovery_code",
    Passkey = "passkey",
    Link = "link",
    Emergency = "emergency",
});

impl How {
    /// Whether it is a second step, or counts as one: a passkey that asked for
    /// the person is two in one.
    #[must_use]
    pub const fn is_second(self) -> bool {
        matches!(self, Self::Code | Self::RecoveryCode | Self::Passkey)
    }
}

/// What somebody who has signed in only half still owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Waiting {
    /// The second factor they have.
    Factor,
    /// To set up the second factor that is required of them.
    NewFactor,
    /// Another password.
    NewPassword,
}

words!(Waiting { Factor = "factor", NewFactor = "new_factor", NewPassword = "new_password" });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemChance;
    use crate::ids::MemberId;

    #[test]
    fn a_token_survives_its_own_text_and_cannot_be_printed() {
        let subject = Subject::Member(MemberId::from_bytes([7; 16]));
        let token = Token::fresh(subject, &SystemChance).unwrap();
        let text = token.expose();
        assert_eq!(text.len(), Subject::LENGTH + 26);
        assert_eq!(Token::parse(&text), Some(token.clone()));
        assert_eq!(format!("{token:?}"), "[token]");
        assert!(!text.contains(&token.id().to_string()));
        for damaged in ["", "m", &text[1..], &format!("{text}0"), &text.to_uppercase()] {
            assert_eq!(Token::parse(damaged), None, "{damaged}");
        }
    }

    #[test]
    fn two_tokens_are_never_alike() {
        let subject = Subject::Member(MemberId::from_bytes([7; 16]));
        let fresh = || Token::fresh(subject, &SystemChance).unwrap();
        let (one, other) = (fresh(), fresh());
        assert_ne!(one.expose(), other.expose());
        assert_ne!(one.id(), other.id());
    }
}
