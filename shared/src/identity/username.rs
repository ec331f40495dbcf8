//! What somebody types to say who they are.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

use crate::personal::{Unfit, one_line};
use crate::vault::OrganizationKeys;

/// A member's name for signing in, unique within the organization: one line of
/// 2 to 254 characters. An email address is one possible username.
#[derive(Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// The shortest there may be, in characters.
    pub const SHORTEST: usize = 2;
    /// The longest there may be, in characters: that of an email address.
    pub const LONGEST: usize = 254;

    /// Reads a username.
    ///
    /// # Errors
    /// [`Unfit`] says why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let text = one_line(text, Self::LONGEST)?;
        if text.chars().count() < Self::SHORTEST {
            return Err(Unfit::TooShort(Self::SHORTEST));
        }
        Ok(Self(text))
    }

    /// The name itself. It may go into a page or mail for the person it
    /// belongs to or who keeps the members, and into a sealed map.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The form under which it is looked up: without differences of letter
    /// case, width or composition, which nobody can be asked to type alike.
    #[must_use]
    pub fn normalized(&self) -> String {
        // Lower case may compose differently again, so it is normalised twice.
        self.0.nfkc().collect::<String>().to_lowercase().nfkc().collect()
    }

    /// The blind index under which it is looked up and its failures counted.
    #[must_use]
    pub fn index(&self, keys: &OrganizationKeys) -> [u8; 16] {
        keys.blind(b"username", self.normalized().as_bytes())
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[username]")
    }
}

impl fmt::Display for Username {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[username]")
    }
}

impl Drop for Username {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_looked_up_in_one_form_only() {
        let forms = ["Zoë.Smith", "ZOE\u{308}.SMITH", "  zoë.smith ", "ｚｏë.ｓmith"];
        for form in forms {
            assert_eq!(Username::parse(form).unwrap().normalized(), "zoë.smith", "{form}");
        }
    }

    #[test]
    fn a_username_is_one_line_of_two_characters_or_more() {
        assert_eq!(Username::parse(" "), Err(Unfit::Empty));
        assert_eq!(Username::parse("a"), Err(Unfit::TooShort(2)));
        assert_eq!(Username::parse("a\nb"), Err(Unfit::Control));
        assert_eq!(Username::parse(&"a".repeat(255)), Err(Unfit::TooLong(254)));
        assert!(Username::parse(&"é".repeat(254)).is_ok());
    }

    #[test]
    fn a_username_cannot_be_printed() {
        let username = Username::parse("canary").unwrap();
        assert_eq!(format!("{username} {username:?}"), "[username] [username]");
    }
}
