//! Sealing and opening: AES-256-GCM bound to the place where the value lies.
//!
//! Format: `1 | key version | nonce (12 bytes) | ciphertext | tag (16 bytes)`.
//! The associated data binds table, organization, both keys of the item, the
//! attribute and the key version, each with its length in front, so a sealed
//! value that is copied to another place does not open there.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::OrganizationKeys;
use crate::ambient::Chance;
use crate::settings::Table;
use crate::trouble::Trouble;

const FORMAT: u8 = 1;

/// Where a sealed value lies.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table: what it is, not what a deployment or a restore calls it.
    pub table: Table,
    /// The item's partition key.
    pub pk: &'a str,
    /// The item's sort key.
    pub sk: &'a str,
    /// The attribute that holds the value.
    pub attribute: &'a str,
}

/// A sealed value as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(#[serde(with = "serde_bytes")] Vec<u8>);

impl Sealed {
    /// The stored bytes, as they came out of a table.
    #[must_use]
    pub fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Under which version of the key it is sealed; `None` when it does not say.
    #[must_use]
    pub fn version(&self) -> Option<u8> {
        match self.0.as_slice() {
            [FORMAT, version, ..] => Some(*version),
            _ => None,
        }
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Sealed({} bytes)", self.0.len())
    }
}

/// A sealed value that does not open: altered, moved, or under another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open under its own key and place")]
pub struct Unopened;

/// A key for AES-256-GCM.
pub(super) struct SealingKey(LessSafeKey);

impl SealingKey {
    pub(super) fn new(bytes: &[u8; 32]) -> Result<Self, Trouble> {
        UnboundKey::new(&AES_256_GCM, bytes)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|cause| Trouble::unavailable("making a sealing key", cause.to_string()))
    }
}

impl OrganizationKeys {
    /// Seals a map of personal fields for `place`. Nonces are random: an
    /// organization would need 2^32 sealings under one key version before the
    /// chance of a repeat reaches the bound of NIST SP 800-38D section 8.3.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn seal<T: Serialize>(
        &self,
        place: Place<'_>,
        fields: &T,
        chance: &dyn Chance,
    ) -> Result<Sealed, Trouble> {
        let plaintext = Zeroizing::new(
            serde_json::to_vec(fields)
                .map_err(|cause| Trouble::unavailable("writing personal fields", cause))?,
        );
        self.seal_bytes(place, &plaintext, chance)
    }

    fn seal_bytes(
        &self,
        place: Place<'_>,
        plaintext: &[u8],
        chance: &dyn Chance,
    ) -> Result<Sealed, Trouble> {
        let (version, key) =
            self.sealing.iter().find(|(version, _)| Some(*version) == self.newest()).ok_or_else(
                || Trouble::damaged("an organization's keys", "there is no sealing key"),
            )?;
        let mut nonce = [0; NONCE_LEN];
        chance.fill(&mut nonce)?;
        let mut sealed =
            Vec::with_capacity(2 + NONCE_LEN + plaintext.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&[FORMAT, *version]);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let (head, body) = sealed.split_at_mut(2 + NONCE_LEN);
        debug_assert_eq!(head.len(), 14);
        let tag = key
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(self.bound_to(place, *version)),
                body,
            )
            .map_err(|cause| Trouble::unavailable("sealing personal fields", cause.to_string()))?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(Sealed(sealed))
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// [`Unopened`] when the value was altered, moved or sealed under another key.
    pub fn open<T: for<'de> Deserialize<'de>>(
        &self,
        place: Place<'_>,
        sealed: &Sealed,
    ) -> Result<T, Unopened> {
        let plaintext = self.open_bytes(place, sealed)?;
        serde_json::from_slice(&plaintext).map_err(|_| Unopened)
    }

    /// Seals a value anew under the newest key, whatever it holds; `None` when
    /// it is sealed under that one already.
    ///
    /// # Errors
    /// [`Trouble::Damaged`] when it does not open, and when the system has no
    /// randomness to give.
    pub fn seal_anew(
        &self,
        place: Place<'_>,
        sealed: &Sealed,
        chance: &dyn Chance,
    ) -> Result<Option<Sealed>, Trouble> {
        if sealed.version() == self.newest() {
            return Ok(None);
        }
        let plaintext = self.open_bytes(place, sealed).map_err(|why| {
            Trouble::damaged(format!("{} {} / {}", place.table.word(), place.pk, place.sk), why)
        })?;
        self.seal_bytes(place, &plaintext, chance).map(Some)
    }

    fn open_bytes(
        &self,
        place: Place<'_>,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let [FORMAT, version, rest @ ..] = sealed.0.as_slice() else {
            return Err(Unopened);
        };
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN).ok_or(Unopened)?;
        let key = self
            .sealing
            .iter()
            .find_map(|(candidate, key)| (candidate == version).then_some(key))
            .ok_or(Unopened)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = key
            .0
            .open_in_place(
                Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopened)?,
                Aad::from(self.bound_to(place, *version)),
                &mut buffer,
            )
            .map_err(|_| Unopened)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    fn bound_to(&self, place: Place<'_>, version: u8) -> Vec<u8> {
        let organization = self.organization.as_bytes().as_slice();
        let parts = [
            place.table.word().as_bytes(),
            organization,
            place.pk.as_bytes(),
            place.sk.as_bytes(),
            place.attribute.as_bytes(),
            &[version],
        ];
        let mut bound = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
        for part in parts {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            bound.extend_from_slice(&length.to_be_bytes());
            bound.extend_from_slice(part);
        }
        bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemChance;
    use crate::vault::keys::tests::keys;

    const HERE: Place<'static> =
        Place { table: Table::Schedule, pk: "a", sk: "booking", attribute: "sealed" };

    #[test]
    fn a_sealed_value_opens_only_where_it_was_sealed() {
        let keys = keys(1);
        let sealed = keys.seal(HERE, &"Canary", &SystemChance).unwrap();
        assert_eq!(keys.open::<String>(HERE, &sealed).unwrap(), "Canary");
        for elsewhere in [
            Place { table: Table::Mail, ..HERE },
            Place { pk: "b", ..HERE },
            Place { sk: "participant", ..HERE },
            Place { attribute: "note", ..HERE },
            Place { pk: "ab", sk: "ooking", ..HERE },
        ] {
            assert_eq!(keys.open::<String>(elsewhere, &sealed), Err(Unopened), "{elsewhere:?}");
        }
        assert_eq!(super::super::keys::tests::keys(2).open::<String>(HERE, &sealed), Err(Unopened));
    }

    #[test]
    fn any_changed_byte_keeps_a_value_shut() {
        let keys = keys(1);
        let sealed = keys.seal(HERE, &"Canary", &SystemChance).unwrap();
        assert!(!sealed.as_bytes().windows(6).any(|window| window == b"Canary"));
        for position in 0..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[position] ^= 1;
            assert_eq!(keys.open::<String>(HERE, &Sealed(bytes)), Err(Unopened), "byte {position}");
        }
        assert_eq!(keys.open::<String>(HERE, &Sealed(vec![1, 1, 2])), Err(Unopened));
    }
}
