//! Opaque ids, as text that sorts like their bytes and is safe in addresses.
//!
//! An id is random or derived by a keyed hash, never counted up, so knowing
//! one tells nothing about another. New ids are UUIDs of version 7 (RFC 9562):
//! they sort by when they were made.

use std::fmt;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use jiff::Timestamp;

use crate::ambient::{Chance, NoChance};

/// Lower-case base32 with the extended hex alphabet (RFC 4648 section 7),
/// without padding: order-preserving, no letter case to lose.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789abcdefghijklmnopqrstuv");
    // The alphabet is a constant of 32 distinct characters.
    specification.encoding().unwrap_or(data_encoding::BASE32HEX_NOPAD)
});

/// Writes bytes as text for keys and addresses.
#[must_use]
pub fn to_text(bytes: &[u8]) -> String {
    BASE32.encode(bytes)
}

/// Reads what [`to_text`] wrote; anything else, other spellings of the same
/// bytes included, is `None`.
#[must_use]
pub fn from_text<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: [u8; N] = BASE32.decode(text.as_bytes()).ok()?.try_into().ok()?;
    Some(bytes)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// How many bytes the id has.
            pub const LENGTH: usize = $length;

            /// The id that is these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// The id's bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// Reads an id from its text; `None` for anything that is not exactly one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                from_text(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&to_text(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

id!(
    /// An organization. Its web name maps to this.
    OrganizationId, 16
);
id!(
    /// An event of an organization.
    EventId, 16
);
id!(
    /// A resource: unique within its event.
    ResourceId, 8
);
id!(
    /// A booking: derived from the idempotency key of the request that made it.
    BookingId, 16
);
id!(
    /// A person within an organization: a participant.
    PersonId, 16
);
id!(
    /// A member of an organization's team.
    MemberId, 16
);
id!(
    /// A dependent: the person an appointment is about when that is not who books.
    DependentId, 16
);
id!(
    /// What somebody asked for to have an organization signed up.
    SignUpId, 16
);
id!(
    /// A permission for one person of the operator's to help an organization.
    SupportGrantId, 16
);
id!(
    /// A use of the emergency code, until somebody has reviewed it.
    EmergencyId, 16
);
id!(
    /// A notice owed to somebody.
    NoticeId, 16
);
id!(
    /// An audit record.
    RecordId, 16
);
id!(
    /// A piece of long work.
    RunId, 16
);
id!(
    /// What was deleted or erased once.
    DeletionId, 16
);

macro_rules! fresh {
    ($($name:ident),*) => {$(
        impl $name {
            /// A new id: sorts by the time it was made.
            ///
            /// # Errors
            /// When the system has no randomness to give.
            pub fn fresh(now: Timestamp, chance: &dyn Chance) -> Result<Self, NoChance> {
                version_7(now, chance).map(Self)
            }
        }
    )*};
}
fresh!(
    OrganizationId,
    EventId,
    RecordId,
    MemberId,
    DependentId,
    SignUpId,
    SupportGrantId,
    EmergencyId,
    RunId,
    DeletionId
);

impl RecordId {
    /// The least id that a record made at this moment can have.
    #[must_use]
    pub fn first_of(moment: Timestamp) -> Self {
        let milliseconds = u64::try_from(moment.as_millisecond()).unwrap_or(0).to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&milliseconds[2..]);
        Self(bytes)
    }
}

impl ResourceId {
    /// A new id.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn fresh(chance: &dyn Chance) -> Result<Self, NoChance> {
        let mut bytes = [0; Self::LENGTH];
        chance.fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

fn version_7(now: Timestamp, chance: &dyn Chance) -> Result<[u8; 16], NoChance> {
    let mut random = [0; 10];
    chance.fill(&mut random)?;
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Ok(*uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).as_uuid().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemChance;

    #[test]
    fn an_id_survives_its_own_text() {
        let id = OrganizationId::from_bytes([7; 16]);
        assert_eq!(OrganizationId::parse(&id.to_string()), Some(id));
        assert_eq!(id.to_string().len(), 26);
    }

    #[test]
    fn another_spelling_of_an_id_is_not_that_id() {
        let id = BookingId::from_bytes([255; 16]);
        assert_eq!(BookingId::parse(&id.to_string().to_uppercase()), None);
        assert_eq!(BookingId::parse(&format!("{id}0")), None);
        assert_eq!(BookingId::parse(""), None);
        // 26 characters carry 130 bits: the two spare ones must be zero.
        assert_eq!(BookingId::parse(&"v".repeat(26)), None);
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let earlier = EventId::fresh(Timestamp::UNIX_EPOCH, &SystemChance).unwrap();
        let later =
            EventId::fresh(Timestamp::from_second(1_800_000_000).unwrap(), &SystemChance).unwrap();
        assert!(earlier.to_string() < later.to_string());
    }
}
