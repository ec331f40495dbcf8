//! Whose session, password or link something is.

use std::fmt;

use crate::ids::{EmergencyId, MemberId, PersonId, SignUpId};

/// Somebody who can sign in, or is about to be able to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A member of the organization's team.
    Member(MemberId),
    /// A participant, by the address they have proven.
    Participant(PersonId),
    /// Who asked for an organization to be signed up.
    SignUp(SignUpId),
    /// Whoever opened the organization with its emergency code.
    Emergency(EmergencyId),
}

impl Subject {
    /// How many characters its text has.
    pub const LENGTH: usize = 27;

    /// Reads what [`fmt::Display`] wrote; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_at_checked(1)?;
        match kind {
            "m" => MemberId::parse(id).map(Self::Member),
            "p" => PersonId::parse(id).map(Self::Participant),
            "s" => SignUpId::parse(id).map(Self::SignUp),
            "e" => EmergencyId::parse(id).map(Self::Emergency),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(id) => write!(formatter, "m{id}"),
            Self::Participant(id) => write!(formatter, "p{id}"),
            Self::SignUp(id) => write!(formatter, "s{id}"),
            Self::Emergency(id) => write!(formatter, "e{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_subject_survives_its_own_text_and_no_kind_is_taken_for_another() {
        let subjects = [
            Subject::Member(MemberId::from_bytes([7; 16])),
            Subject::Participant(PersonId::from_bytes([7; 16])),
            Subject::SignUp(SignUpId::from_bytes([7; 16])),
            Subject::Emergency(EmergencyId::from_bytes([7; 16])),
        ];
        let texts: BTreeSet<String> = subjects.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), subjects.len());
        for subject in subjects {
            assert_eq!(Subject::parse(&subject.to_string()), Some(subject));
            assert_eq!(subject.to_string().len(), Subject::LENGTH);
        }
        for text in ["", "m", "x00000000000000000000000000", "é0000000000000000000000000"] {
            assert_eq!(Subject::parse(text), None, "{text}");
        }
    }
}
