//! What an organization or event may be called in addresses.

use std::fmt;

/// What the operator's own organization is called.
const OPERATOR: &str = "operator";

/// Words that stand in addresses for something else, on the first or the
/// second level. A test holds them against the routes of template.yaml.
pub const RESERVED: &[&str] = &[
    "account",
    "assets",
    "bookings",
    "certificates",
    "confirm",
    "dependents",
    "emergency",
    "health",
    "invitation",
    "manage",
    "openapi.json",
    "operator",
    "privacy",
    "reset",
    "session",
    "sign-in",
    "sign-out",
    "sign-up",
    "your-data",
];

/// A name that can stand in an address: 2 to 60 lower-case letters, digits and
/// single hyphens between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebName(String);

/// Why a name cannot stand in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitWebName {
    /// Other characters, or too few or too many.
    #[error("use 2 to 60 lower-case letters, digits and single hyphens between them")]
    Form,
    /// The word means something else in addresses.
    #[error("this word has another meaning in addresses; choose a different one")]
    Reserved,
}

impl WebName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`UnfitWebName`] says why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, UnfitWebName> {
        if RESERVED.contains(&text) {
            return Err(UnfitWebName::Reserved);
        }
        let fits = (2..=60).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        if fits { Ok(Self(text.to_owned())) } else { Err(UnfitWebName::Form) }
    }

    /// The name of the operator's own organization, which nobody else can have.
    #[must_use]
    pub fn operator() -> Self {
        Self(OPERATOR.to_owned())
    }

    /// Reads a name that an organization may have: one that [`Self::parse`]
    /// takes, or the operator's own.
    ///
    /// # Errors
    /// [`UnfitWebName`] says why there can be none of this name.
    pub fn of_organization(text: &str) -> Result<Self, UnfitWebName> {
        if text == OPERATOR { Ok(Self::operator()) } else { Self::parse(text) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_name_is_the_operators_alone() {
        assert_eq!(WebName::parse("operator"), Err(UnfitWebName::Reserved));
        assert_eq!(WebName::of_organization("operator"), Ok(WebName::operator()));
        assert_eq!(WebName::of_organization("manage"), Err(UnfitWebName::Reserved));
    }

    #[test]
    fn a_web_name_is_plain_and_not_a_reserved_word() {
        assert!(WebName::parse("maple-street-school").is_ok());
        assert_eq!(WebName::parse("bookings"), Err(UnfitWebName::Reserved));
        for text in ["", "a", "Maple", "-a", "a-", "a--b", "a b", "a/b", "ä-b", &"a".repeat(61)] {
            assert_eq!(WebName::parse(text), Err(UnfitWebName::Form), "{text:?}");
        }
    }
}
