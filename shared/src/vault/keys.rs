//! What one organization's data key is split into.

use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use super::seal::SealingKey;
use crate::ids::{self, BookingId, EventId, OrganizationId, PersonId};
use crate::personal::EmailAddress;
use crate::trouble::Trouble;

/// The version of the index and link keys. Raising one means re-indexing, or
/// revoking every link; neither follows from a new sealing key.
const INDEX_VERSION: u8 = 1;
const LINK_VERSION: u8 = 1;

/// What a link opens. Links of one purpose never serve another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Shows, moves and cancels one booking.
    Manage,
    /// Proves an address and makes a held seat a booking; afterwards it leads to
    /// that booking and does nothing.
    Confirm,
}

impl LinkPurpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Manage => b"manage",
            Self::Confirm => b"confirm",
        }
    }
}

/// What a code made with the link key vouches for. A code of one label never
/// serves another, nor does one ever serve as a link to a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// A single-use link that was sent to somebody.
    Pass,
    /// A form of somebody who is signed in.
    Form,
    /// A certificate of deletion.
    Certificate,
}

impl Label {
    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Pass => b"pass",
            Self::Form => b"form",
            Self::Certificate => b"certificate",
        }
    }
}

/// An organization's keys, unwrapped and split by purpose.
pub struct OrganizationKeys {
    pub(super) organization: OrganizationId,
    pub(super) sealing: Vec<(u8, SealingKey)>,
    index: hmac::Key,
    link: hmac::Key,
}

impl std::fmt::Debug for OrganizationKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "OrganizationKeys({})", self.organization)
    }
}

/// One of HKDF's outputs: 32 bytes.
struct KeyLength;

impl hkdf::KeyType for KeyLength {
    fn len(&self) -> usize {
        32
    }
}

impl OrganizationKeys {
    /// Splits the data keys, given with their versions; `None` when there are none.
    pub(super) fn derive(
        organization: OrganizationId,
        data_keys: &[(u8, Zeroizing<Vec<u8>>)],
    ) -> Result<Option<Self>, Trouble> {
        // The first version also gives the index and link keys: they must stay
        // the same while sealing keys come and go.
        let Some((_, first)) = data_keys.iter().min_by_key(|(version, _)| *version) else {
            return Ok(None);
        };
        let mut sealing = Vec::with_capacity(data_keys.len());
        for (version, data_key) in data_keys {
            let key = expand(organization, data_key, b"sealing", *version)?;
            sealing.push((*version, SealingKey::new(&key)?));
        }
        sealing.sort_by_key(|(version, _)| *version);
        let index = expand(organization, first, b"index", INDEX_VERSION)?;
        let link = expand(organization, first, b"link", LINK_VERSION)?;
        Ok(Some(Self {
            organization,
            sealing,
            index: hmac::Key::new(hmac::HMAC_SHA256, &*index),
            link: hmac::Key::new(hmac::HMAC_SHA256, &*link),
        }))
    }

    /// The person behind an address at first sight: a blind index, so that
    /// neither the id nor a table tells the address.
    #[must_use]
    pub fn person(&self, email: &EmailAddress) -> PersonId {
        PersonId::from_bytes(self.blind(b"email", email.normalized().as_bytes()))
    }

    /// A blind index of `value` (HMAC-SHA-256 cut to 128 bits) for look-ups of
    /// one `kind`.
    #[must_use]
    pub fn blind(&self, kind: &[u8], value: &[u8]) -> [u8; 16] {
        authenticate(&self.index, &[kind, value])
    }

    /// The id of the booking that a request with this idempotency key makes.
    /// The same key at the same event always gives the same id, which is how a
    /// repeated request finds the booking of the first.
    #[must_use]
    pub fn booking_id(&self, event: EventId, idempotency_key: &str) -> BookingId {
        BookingId::from_bytes(authenticate(
            &self.index,
            &[b"booking", event.as_bytes(), idempotency_key.as_bytes()],
        ))
    }

    /// The secret part of a link: HMAC over organization, purpose, id and the
    /// link's version, 128 bits. Raising the version revokes the link.
    #[must_use]
    pub fn link(&self, purpose: LinkPurpose, booking: BookingId, version: u32) -> String {
        let tag: [u8; 16] = authenticate(
            &self.link,
            &[
                self.organization.as_bytes(),
                purpose.label(),
                booking.as_bytes(),
                &version.to_be_bytes(),
            ],
        );
        format!("{booking}{}", ids::to_text(&tag))
    }

    /// A code over `parts` that nobody else can make: HMAC under the link key
    /// over organization, label and parts, 128 bits, as 26 characters.
    #[must_use]
    pub fn code(&self, label: Label, parts: &[&[u8]]) -> String {
        // A link to a booking binds four parts, of which the second is another word.
        let mut bound: Vec<&[u8]> = vec![self.organization.as_bytes(), label.bytes()];
        bound.extend_from_slice(parts);
        let tag: [u8; 16] = authenticate(&self.link, &bound);
        ids::to_text(&tag)
    }

    /// Whether `code` is the code over these parts. The comparison takes the
    /// same time wherever the difference lies.
    #[must_use]
    pub fn code_holds(&self, code: &str, label: Label, parts: &[&[u8]]) -> bool {
        let expected = self.code(label, parts);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes())
            .is_ok()
    }

    /// Proves that this organization wrote `parts` down for `purpose`, in 128
    /// bits under the link key. No purpose may be called like one of
    /// [`LinkPurpose`].
    #[must_use]
    pub fn proof(&self, purpose: &[u8], parts: &[&[u8]]) -> [u8; 16] {
        let mut all: Vec<&[u8]> = vec![self.organization.as_bytes(), purpose];
        all.extend_from_slice(parts);
        authenticate(&self.link, &all)
    }

    /// Whether `proof` is that of [`Self::proof`]. The comparison takes the
    /// same time wherever the difference lies.
    #[must_use]
    pub fn proves(&self, proof: &[u8; 16], purpose: &[u8], parts: &[&[u8]]) -> bool {
        let expected = self.proof(purpose, parts);
        aws_lc_rs::constant_time::verify_slices_are_equal(&expected, proof).is_ok()
    }

    /// The booking that a link names, before its secret part is checked
    /// against that booking's own version by [`Self::link_holds`].
    #[must_use]
    pub fn named_by_link(link: &str) -> Option<BookingId> {
        BookingId::parse(link.get(..26)?)
    }

    /// Whether `link` is the link of this purpose, booking and version. The
    /// comparison takes the same time wherever the difference lies.
    #[must_use]
    pub fn link_holds(
        &self,
        link: &str,
        purpose: LinkPurpose,
        booking: BookingId,
        version: u32,
    ) -> bool {
        let expected = self.link(purpose, booking, version);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), link.as_bytes())
            .is_ok()
    }
}

/// HMAC over length-prefixed parts, so that no two lists of parts are alike.
fn authenticate<const N: usize>(key: &hmac::Key, parts: &[&[u8]]) -> [u8; N] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let tag = context.sign();
    let mut cut = [0; N];
    for (to, from) in cut.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    cut
}

fn expand(
    organization: OrganizationId,
    data_key: &[u8],
    purpose: &[u8],
    version: u8,
) -> Result<Zeroizing<[u8; 32]>, Trouble> {
    let mut key = Zeroizing::new([0; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, organization.as_bytes())
        .extract(data_key)
        .expand(&[b"kept/", purpose, b"/", &[version]], KeyLength)
        .and_then(|output| output.fill(&mut *key))
        .map_err(|cause| Trouble::unavailable("deriving a key", cause.to_string()))?;
    Ok(key)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn keys(seed: u8) -> OrganizationKeys {
        let data_keys = [(1, Zeroizing::new(vec![seed; 32]))];
        OrganizationKeys::derive(OrganizationId::from_bytes([seed; 16]), &data_keys)
            .unwrap()
            .unwrap()
    }

    #[test]
    fn a_link_opens_one_booking_for_one_purpose_and_version() {
        let keys = keys(1);
        let booking = BookingId::from_bytes([9; 16]);
        let link = keys.link(LinkPurpose::Manage, booking, 1);
        assert_eq!(OrganizationKeys::named_by_link(&link), Some(booking));
        assert!(keys.link_holds(&link, LinkPurpose::Manage, booking, 1));
        assert!(!keys.link_holds(&link, LinkPurpose::Manage, booking, 2));
        assert!(!keys.link_holds(&link, LinkPurpose::Confirm, booking, 1));
        assert!(!keys.link_holds(&link, LinkPurpose::Manage, BookingId::from_bytes([8; 16]), 1));
        assert!(!self::keys(2).link_holds(&link, LinkPurpose::Manage, booking, 1));
    }

    #[test]
    fn a_code_vouches_for_one_label_and_one_list_of_parts() {
        let keys = keys(1);
        let code = keys.code(Label::Pass, &[b"reset", b"ab"]);
        assert!(keys.code_holds(&code, Label::Pass, &[b"reset", b"ab"]));
        assert!(!keys.code_holds(&code, Label::Form, &[b"reset", b"ab"]));
        assert!(!keys.code_holds(&code, Label::Pass, &[b"reset", b"a", b"b"]));
        assert!(!keys.code_holds(&code, Label::Pass, &[b"reseta", b"b"]));
        assert!(!self::keys(2).code_holds(&code, Label::Pass, &[b"reset", b"ab"]));
        // What vouches for a booking's link has the same form and is another.
        let booking = BookingId::from_bytes([9; 16]);
        let version = 1_u32.to_be_bytes();
        for label in [Label::Pass, Label::Form, Label::Certificate] {
            let code = keys.code(label, &[booking.as_bytes(), &version]);
            assert!(!keys.link_holds(&format!("{booking}{code}"), LinkPurpose::Manage, booking, 1));
        }
    }

    #[test]
    fn one_address_is_two_strangers_to_two_organizations() {
        let email = EmailAddress::parse("parent@example.org").unwrap();
        assert_ne!(keys(1).person(&email), keys(2).person(&email));
        let again = EmailAddress::parse("PARENT@example.org").unwrap();
        assert_eq!(keys(1).person(&email), keys(1).person(&again));
    }
}
