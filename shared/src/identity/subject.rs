//! Whose session, password or link something is.

use std::fmt;

use crate::ids::{MemberId, PersonId, SignUpId};

/// Somebody who can sign in, or is about to be able to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A member of the organization's team.
    Member(MemberId),
    /// A participant, by the address they have proven.
    Participant(PersonId),
    /// Who asked for an organization to be signed up.
    SignUp(SignUpId),
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_survives_its_own_text_and_no_kind_is_taken_for_another() {
        let member = Subject::Member(MemberId::from_bytes([7; 16]));
        let participant = Subject::Participant(PersonId::from_bytes([7; 16]));
        assert_eq!(Subject::parse(&member.to_string()), Some(member));
        assert_eq!(Subject::parse(&participant.to_string()), Some(participant));
        assert_eq!(member.to_string().len(), Subject::LENGTH);
        assert_ne!(member.to_string(), participant.to_string());
        for text in ["", "m", "x00000000000000000000000000", "é0000000000000000000000000"] {
            assert_eq!(Subject::parse(text), None, "{text}");
        }
    }
}
