//! What somebody types to say who they are.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

use crate::personal::{EmailAddress, Unfit, one_line};
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

    /// The blind index under which it is looked up.
    #[must_use]
    pub fn index(&self, keys: &OrganizationKeys) -> [u8; 16] {
        keys.blind(b"username", self.normalized().as_bytes())
    }
}

/// The form under which attempts at what somebody typed are counted, and mails
/// that are asked for with it; `None` for what can be nobody's username.
///
/// A participant is found by their address, a member by their username. An
/// address can be typed in more ways than a username can: its domain may hold
/// characters that the name system drops. So the form is that of the address
/// where there is one, and nobody is counted twice by being written otherwise.
#[must_use]
pub fn counted(typed: &str) -> Option<String> {
    let normalized = Username::parse(typed).ok()?.normalized();
    let address = EmailAddress::parse(typed).or_else(|_| EmailAddress::parse(&normalized));
    Some(address.map_or(normalized, |address| counted_address(&address)))
}

/// The form under which what concerns an address is counted.
#[must_use]
pub fn counted_address(address: &EmailAddress) -> String {
    let normalized = address.normalized();
    let Some((local, domain)) = normalized.rsplit_once('@') else { return normalized };
    // Four characters differ between the two ways in which names of the name
    // system were ever written, and a username may have either.
    let (domain, _) = idna::domain_to_unicode(domain);
    let domain = domain.replace('ß', "ss").replace('ς', "σ").replace(['\u{200c}', '\u{200d}'], "");
    format!("{local}@{domain}")
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
    fn all_that_names_one_participant_or_one_member_is_counted_together() {
        let mut participants = std::collections::BTreeMap::new();
        let mut members = std::collections::BTreeMap::new();
        // All but the thousands of Han and Hangul characters, which are alike in this.
        let letters = ('\u{21}'..='\u{33ff}').chain('\u{f900}'..='\u{ffff}');
        for letter in letters.chain('\u{1d400}'..='\u{1d7ff}').chain('\u{e0000}'..='\u{e01ff}') {
            for typed in [format!("ada@ex{letter}ample.org"), format!("a{letter}da@example.org")] {
                let Some(counted) = counted(&typed) else { continue };
                if let Ok(address) = EmailAddress::parse(&typed) {
                    let before = participants.entry(address.normalized());
                    assert_eq!(*before.or_insert_with(|| counted.clone()), counted, "{letter:?}");
                }
                let before = members.entry(Username::parse(&typed).unwrap().normalized());
                assert_eq!(*before.or_insert_with(|| counted.clone()), counted, "{letter:?}");
            }
        }
        assert!(participants.len() > 1_000 && members.len() > 1_000);
    }

    #[test]
    fn what_the_name_system_drops_opens_no_second_count() {
        for typed in [
            "Maria@example.org",
            "maria@exam\u{ad}ple.org",
            "maria@exam\u{2060}ple.org",
            "maria@example\u{fe0f}.org",
            "maria@example\u{3002}org",
            "ｍaria@example.org",
            " maria@EXAMPLE.org ",
        ] {
            assert_eq!(counted(typed).as_deref(), Some("maria@example.org"), "{typed:?}");
        }
        assert_eq!(counted("Zoë.Smith").as_deref(), Some("zoë.smith"));
        assert_eq!(counted("a"), None);
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
