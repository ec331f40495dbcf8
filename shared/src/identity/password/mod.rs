//! Passwords: what one may be, how it is kept and how it is compared.
//!
//! [`Password`] is what somebody typed, [`Hashed`] what is left of it in the
//! table. The rules that a new password must meet are in [`rules`]; signing in
//! with an old one meets none of them.

pub mod breached;
mod hash;
pub mod meter;
pub mod rules;
pub mod store;

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

pub use breached::Breached;
pub use hash::{CURRENT, Hashed, Hasher, Parameters, Unhashed, Verified};
pub use meter::Meter;
pub use rules::{Requirements, Unfit};

/// A password as somebody typed it, in one spelling: a space is a space
/// wherever it was typed, and letters are composed (Unicode NFC), as RFC 8265
/// section 4.2 has it. Letter case and spaces at the ends count. Nothing is
/// cut off.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Why what was typed cannot be anybody's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Nothing was typed.
    #[error("Please type a password.")]
    Empty,
    /// More than [`Password::LONGEST`] characters.
    #[error("This is too long: a password may have up to 128 characters.")]
    TooLong,
    /// A line break or the like, which no password field lets through.
    #[error("This holds a line break or another character that cannot be typed again.")]
    Control,
}

impl Password {
    /// The longest password, in code points.
    pub const LONGEST: usize = 128;

    /// Reads what was typed. Where somebody signs in, a refusal is a wrong
    /// password like any other.
    ///
    /// # Errors
    /// [`Unusable`] says why it cannot be a password.
    pub fn parse(typed: &str) -> Result<Self, Unusable> {
        if typed.is_empty() {
            return Err(Unusable::Empty);
        }
        // No 128 characters are typed with more bytes than that.
        if typed.len() > Self::LONGEST * 16 {
            return Err(Unusable::TooLong);
        }
        // All the room at once: a string that grew would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(Self::LONGEST * 4));
        let composed = typed.chars().map(plain_space).nfc();
        for (count, character) in composed.enumerate() {
            if count == Self::LONGEST {
                return Err(Unusable::TooLong);
            }
            if character.is_control() {
                return Err(Unusable::Control);
            }
            text.push(character);
        }
        Ok(Self(text))
    }

    /// How many characters it has: code points, each counted once.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.chars().count()
    }

    /// The password itself, to be hashed or judged; it goes nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[password]")
    }
}

fn plain_space(character: char) -> char {
    if character.is_whitespace() && !character.is_control() { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &str) -> String {
        Password::parse(typed).unwrap().expose().to_owned()
    }

    #[test]
    fn a_password_cannot_be_printed() {
        assert_eq!(format!("{:?}", Password::parse("canary").unwrap()), "[password]");
    }

    #[test]
    fn one_password_typed_on_two_keyboards_is_one_password() {
        assert_eq!(read("re\u{301}sume\u{301} de la nuit"), read("r\u{e9}sum\u{e9} de la nuit"));
        assert_eq!(read("two\u{a0}words"), read("two words"));
        // What only looks alike stays apart.
        assert_ne!(read("x\u{b2}"), read("x2"));
    }

    #[test]
    fn case_and_spaces_at_the_ends_count() {
        assert_ne!(read("Secret words"), read("secret words"));
        assert_ne!(read("secret words "), read("secret words"));
        assert_eq!(read(" both "), " both ");
    }

    #[test]
    fn nothing_is_cut_off_and_too_much_is_refused() {
        for length in [64, 65, 127, 128] {
            assert_eq!(Password::parse(&"\u{1f511}".repeat(length)).unwrap().length(), length);
        }
        assert_eq!(Password::parse(&"a".repeat(129)).unwrap_err(), Unusable::TooLong);
        assert_eq!(Password::parse(&"a".repeat(10_000_000)).unwrap_err(), Unusable::TooLong);
        assert_eq!(Password::parse("").unwrap_err(), Unusable::Empty);
        assert_eq!(Password::parse("two\nlines").unwrap_err(), Unusable::Control);
    }
}
