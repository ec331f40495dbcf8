//! Personal values: what a person tells us about themselves.
//!
//! Their types are parsed once at the edge and cannot be printed: `Debug` and
//! `Display` say what kind of value it is, never the value. Whoever needs the
//! text asks for it by [`expose`](EmailAddress::expose), which is easy to find.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

/// Why a value that a person typed cannot be used, said to that person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Nothing was typed.
    #[error("Please fill this in.")]
    Empty,
    /// Longer than there is room for.
    #[error("This is too long: at most {0} characters.")]
    TooLong(usize),
    /// Shorter than it must be.
    #[error("This is too short: at least {0} characters.")]
    TooShort(usize),
    /// Line breaks or characters that cannot be seen.
    #[error("This holds a line break or a character that cannot be shown. Please type it again.")]
    Control,
    /// Not an address that mail can be sent to.
    #[error("This is not an email address. It looks like name@example.org.")]
    Email,
    /// An address whose part before the @ has letters that mail cannot carry yet.
    #[error("The part before the @ may only have letters without accents.")]
    EmailLetters,
    /// Not a telephone number.
    #[error("This is not a telephone number. Use digits, spaces and a + in front if you like.")]
    Phone,
}

macro_rules! personal {
    ($(#[$doc:meta])* $name:ident, $label:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The value itself. It may go into a page or mail for the person
            /// it belongs to, and into a sealed map; nowhere else.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(concat!("[", $label, "]"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(concat!("[", $label, "]"))
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }
    };
}

personal!(
    /// What a person calls themselves: one line, at most 100 characters.
    PersonName,
    "name"
);
personal!(
    /// An address that mail can be sent to, as it was typed.
    EmailAddress,
    "email"
);
personal!(
    /// A telephone number: digits, with a + in front where it was given.
    Phone,
    "phone"
);
personal!(
    /// What the person wants to say: lines of text, at most 1,000 characters.
    Note,
    "note"
);

personal!(
    /// What an organization calls a dependent by in its own books: a number of
    /// a pupil or patient.
    Identifier,
    "identifier"
);
personal!(
    /// What only a dependent's guardians and the organization know of them.
    SecurityValue,
    "security value"
);

impl Identifier {
    /// The longest identifier there is room for, in characters.
    pub const LONGEST: usize = 64;

    /// Reads an identifier as it was typed.
    ///
    /// # Errors
    /// [`Unfit`] says why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let text = one_line(text, Self::LONGEST)?;
        if folded(&text).is_empty() { Err(Unfit::Empty) } else { Ok(Self(text)) }
    }

    /// The form under which it is looked up: neither letter case nor spaces
    /// nor hyphens tell two identifiers apart, since people copy them from paper.
    #[must_use]
    pub fn normalized(&self) -> String {
        folded(&self.0)
    }
}

impl SecurityValue {
    /// The shortest that is taken, in characters that count.
    pub const SHORTEST: usize = 4;
    /// The longest there is room for, in characters.
    pub const LONGEST: usize = 64;

    /// Reads a security value as it was typed.
    ///
    /// # Errors
    /// [`Unfit`] says why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let text = one_line(text, Self::LONGEST)?;
        if folded(&text).chars().count() < Self::SHORTEST {
            return Err(Unfit::TooShort(Self::SHORTEST));
        }
        Ok(Self(text))
    }

    /// The form in which two values are compared, forgiving as that of an
    /// identifier.
    #[must_use]
    pub fn normalized(&self) -> Zeroizing<String> {
        Zeroizing::new(folded(&self.0))
    }
}

/// Lower case, compatibility forms made one, without spaces and hyphens.
fn folded(text: &str) -> String {
    let kept = |character: &char| !character.is_whitespace() && *character != '-';
    text.nfkc().filter(kept).flat_map(char::to_lowercase).collect()
}

personal!(
    /// What a person calls a thing of theirs, such as a passkey: one line, at
    /// most 60 characters.
    Label,
    "label"
);

impl Label {
    /// The longest there is room for, in characters.
    pub const LONGEST: usize = 60;

    /// Reads a label.
    ///
    /// # Errors
    /// [`Unfit`] says why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        one_line(text, Self::LONGEST).map(Self)
    }
}

impl PersonName {
    /// The longest name there is room for, in characters.
    pub const LONGEST: usize = 100;

    /// Reads a name.
    ///
    /// # Errors
    /// [`Unfit`] says why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        one_line(text, Self::LONGEST).map(Self)
    }
}

impl Note {
    /// The longest note there is room for, in characters.
    pub const LONGEST: usize = 1_000;

    /// Reads a note; a browser's line ends become plain ones.
    ///
    /// # Errors
    /// [`Unfit`] says why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let text: String = text.replace("\r\n", "\n").trim().nfc().collect();
        if text.is_empty() {
            return Err(Unfit::Empty);
        }
        if text.chars().count() > Self::LONGEST {
            return Err(Unfit::TooLong(Self::LONGEST));
        }
        if text.chars().any(|character| character != '\n' && unseen(character)) {
            return Err(Unfit::Control);
        }
        Ok(Self(text))
    }
}

impl Phone {
    /// Reads a telephone number: spaces, dots, dashes, slashes and brackets
    /// are dropped, and 5 to 15 digits remain (ITU-T E.164 allows no more).
    ///
    /// # Errors
    /// [`Unfit`] says why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let text = one_line(text, 40).map_err(|unfit| match unfit {
            Unfit::Empty => Unfit::Empty,
            _ => Unfit::Phone,
        })?;
        let kept: String =
            text.chars().filter(|character| !" .-/()\u{a0}".contains(*character)).collect();
        let digits = kept.strip_prefix('+').unwrap_or(&kept);
        let fits = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if fits { Ok(Self(kept)) } else { Err(Unfit::Phone) }
    }
}

impl EmailAddress {
    /// The longest address that mail can carry (RFC 5321 section 4.5.3.1).
    pub const LONGEST: usize = 254;

    /// Reads an address. The domain is kept in its ASCII form (IDNA), so that
    /// every mail system understands it.
    ///
    /// # Errors
    /// [`Unfit`] says why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let text = one_line(text, Self::LONGEST)?;
        let (local, domain) = text.rsplit_once('@').ok_or(Unfit::Email)?;
        if !local.is_ascii() {
            return Err(Unfit::EmailLetters);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| Unfit::Email)?;
        if !domain.contains('.') || domain.starts_with('[') || local.starts_with('"') {
            return Err(Unfit::Email);
        }
        let address = lettre::Address::new(local, domain).map_err(|_| Unfit::Email)?;
        let address = address.to_string();
        if address.len() > Self::LONGEST {
            Err(Unfit::TooLong(Self::LONGEST))
        } else {
            Ok(Self(address))
        }
    }

    /// The form under which the address is looked up: lower case throughout.
    /// Mail systems may tell upper case from lower before the @; people do not.
    #[must_use]
    pub fn normalized(&self) -> String {
        self.0.to_lowercase()
    }
}

/// One line of text, without what cannot be seen.
pub(crate) fn one_line(text: &str, longest: usize) -> Result<String, Unfit> {
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err(Unfit::Empty);
    }
    if text.chars().count() > longest {
        return Err(Unfit::TooLong(longest));
    }
    if text.chars().any(unseen) {
        return Err(Unfit::Control);
    }
    Ok(text)
}

/// Characters that break lines, act on terminals or turn the reading
/// direction round: a name has no need of them and a mail header suffers.
fn unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{fffd}' | '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_value_cannot_be_printed() {
        let name = PersonName::parse("Canary Name").unwrap();
        let email = EmailAddress::parse("canary@example.org").unwrap();
        assert_eq!(format!("{name} {name:?} {email} {email:?}"), "[name] [name] [email] [email]");
    }

    #[test]
    fn header_injection_in_a_name_is_refused() {
        assert_eq!(PersonName::parse("Eve\r\nBcc: all@example.org"), Err(Unfit::Control));
        assert_eq!(PersonName::parse("Eve\u{202e}nettirw"), Err(Unfit::Control));
    }

    #[test]
    fn an_address_is_looked_up_in_one_form_only() {
        let typed = EmailAddress::parse("  Parent.One@BÜCHER.example ").unwrap();
        let again = EmailAddress::parse("parent.one@xn--bcher-kva.example").unwrap();
        assert_eq!(typed.normalized(), again.normalized());
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in [
            "",
            "a",
            "a@",
            "@b.example",
            "a b@c.example",
            "a@b",
            "a@b..example",
            "a@b.example\nBcc: c@d.example",
            "a@b@c.example",
            "\"a\"@b.example",
            "<a@b.example>",
        ] {
            assert!(EmailAddress::parse(text).is_err(), "{text:?} was accepted");
        }
        assert!(EmailAddress::parse("o'brien+school@mail.example.org").is_ok());
    }

    #[test]
    fn a_telephone_number_keeps_its_digits_only() {
        assert_eq!(Phone::parse("+353 (0)1 234-5678").unwrap().expose(), "+353012345678");
        assert_eq!(Phone::parse("call me"), Err(Unfit::Phone));
    }

    #[test]
    fn an_identifier_is_looked_up_as_people_copy_it_from_paper() {
        let typed = Identifier::parse(" ms-1042 b ").unwrap();
        assert_eq!(typed.normalized(), Identifier::parse("MS 1042B").unwrap().normalized());
        assert_ne!(typed.normalized(), Identifier::parse("MS 1043B").unwrap().normalized());
        assert_eq!(Identifier::parse("--"), Err(Unfit::Empty));
        assert_eq!(format!("{typed:?}"), "[identifier]");
    }

    #[test]
    fn a_security_value_has_at_least_four_characters_that_count() {
        assert_eq!(SecurityValue::parse("1-2 3"), Err(Unfit::TooShort(4)));
        let typed = SecurityValue::parse("2017-04-09").unwrap();
        assert_eq!(typed.normalized(), SecurityValue::parse("2017 04 09").unwrap().normalized());
    }

    #[test]
    fn a_note_keeps_its_lines() {
        assert_eq!(Note::parse(" one\r\ntwo ").unwrap().expose(), "one\ntwo");
        assert_eq!(Note::parse("bell\u{7}"), Err(Unfit::Control));
    }
}
