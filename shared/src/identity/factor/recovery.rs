//! Recovery codes: ten, shown once, each good for one sign-in.

use std::fmt;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use zeroize::Zeroizing;

use super::codes::{Codes, Refused};
use crate::ambient::Chance;
use crate::identity::Subject;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

/// How many there are at first.
pub const HOW_MANY: usize = 10;
/// 120 bits: 24 letters and digits. Below 112, ASVS 6.5.2 wants them hashed as
/// slowly as passwords.
const BYTES: usize = 15;

/// They are written in groups of four.
const GROUPS: usize = 6;

/// Crockford's base32: no letter looks like a digit, and who mistakes one for
/// the other is understood.
static LETTERS: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    specification.translate.from.push_str("ABCDEFGHJKMNPQRSTVWXYZoOiIlL");
    specification.translate.to.push_str("abcdefghjkmnpqrstvwxyz001111");
    specification.ignore.push_str("- ");
    // Constants that fit together.
    specification.encoding().unwrap_or(data_encoding::BASE32HEX_NOPAD)
});

/// Ten codes to show to their owner, this once.
pub struct RecoveryCodes(Vec<Zeroizing<String>>);

impl RecoveryCodes {
    /// The codes, such as `1a2b-3c4d-5e6f-7g8h-9j0k-1m2n`.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|code| code.as_str())
    }
}

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[recovery codes]")
    }
}

/// The keyed hashes of the codes that are left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Recovery(pub(super) Vec<[u8; 16]>);

impl Recovery {
    pub(super) const fn left(&self) -> usize {
        self.0.len()
    }
}

impl Codes {
    /// With ten new recovery codes; the old ones are void.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn with_new_recovery(
        &self,
        keys: &OrganizationKeys,
        subject: Subject,
        chance: &dyn Chance,
    ) -> Result<(Self, RecoveryCodes), Trouble> {
        let (mut hashes, mut texts) = (Vec::new(), Vec::new());
        for _ in 0..HOW_MANY {
            let mut bytes = Zeroizing::new([0; BYTES]);
            chance.fill(&mut *bytes)?;
            hashes.push(hash(keys, subject, &bytes));
            let letters = Zeroizing::new(LETTERS.encode(&*bytes));
            let groups: Vec<&str> =
                (0..GROUPS).filter_map(|at| letters.get(at * 4..at * 4 + 4)).collect();
            texts.push(Zeroizing::new(groups.join("-")));
        }
        Ok((Self { recovery: Recovery(hashes), ..self.clone() }, RecoveryCodes(texts)))
    }

    /// With this recovery code used up, when it is one that is left.
    ///
    /// # Errors
    /// [`Refused::Wrong`], also for one that was used.
    pub fn recovered(
        &self,
        keys: &OrganizationKeys,
        subject: Subject,
        typed: &str,
    ) -> Result<Self, Refused> {
        let typed = typed.trim();
        if typed.len() > 64 {
            return Err(Refused::Wrong);
        }
        let bytes = Zeroizing::new(LETTERS.decode(typed.as_bytes()).unwrap_or_default());
        let bytes: &[u8; BYTES] = bytes.as_slice().try_into().map_err(|_| Refused::Wrong)?;
        // Keyed hashes can be compared as they are: their time tells nothing
        // about a code to who has no key.
        let hash = hash(keys, subject, bytes);
        let mut recovery = self.recovery.clone();
        recovery.0.retain(|left| *left != hash);
        if recovery.left() == self.recovery.left() {
            return Err(Refused::Wrong);
        }
        Ok(Self { recovery, ..self.clone() })
    }
}

fn hash(keys: &OrganizationKeys, subject: Subject, code: &[u8; BYTES]) -> [u8; 16] {
    let mut value = Zeroizing::new(subject.to_string().into_bytes());
    value.extend_from_slice(code);
    keys.blind(b"recovery code", &value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemChance;
    use crate::ids::MemberId;
    use crate::vault::test_keys as keys;

    const ADA: Subject = Subject::Member(MemberId::from_bytes([1; 16]));
    const BEN: Subject = Subject::Member(MemberId::from_bytes([2; 16]));

    fn fresh() -> (Codes, Vec<String>) {
        let (codes, shown) =
            Codes::default().with_new_recovery(&keys(1), ADA, &SystemChance).unwrap();
        assert_eq!(format!("{shown:?}"), "[recovery codes]");
        (codes, shown.texts().map(str::to_owned).collect())
    }

    #[test]
    fn ten_codes_of_120_bits_each_work_once() {
        let (mut codes, shown) = fresh();
        assert_eq!((shown.len(), codes.recovery_left()), (10, 10));
        for (number, code) in shown.iter().enumerate() {
            assert_eq!(code.len(), 29, "{code}");
            codes = codes.recovered(&keys(1), ADA, code).unwrap();
            assert_eq!(codes.recovery_left(), 9 - number);
            assert_eq!(codes.recovered(&keys(1), ADA, code).unwrap_err(), Refused::Wrong);
        }
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let (codes, shown) = fresh();
        let code = &shown[0];
        for typed in [
            code.to_uppercase(),
            code.replace('-', ""),
            code.replace('-', " "),
            format!("  {code} "),
            code.replace('0', "o").replace('1', "L"),
        ] {
            assert!(codes.recovered(&keys(1), ADA, &typed).is_ok(), "{typed}");
        }
    }

    #[test]
    fn a_code_is_its_owners_alone_and_new_ones_void_the_old() {
        let (codes, shown) = fresh();
        assert!(codes.recovered(&keys(1), BEN, &shown[0]).is_err());
        assert!(codes.recovered(&keys(2), ADA, &shown[0]).is_err());
        let (anew, _) = codes.with_new_recovery(&keys(1), ADA, &SystemChance).unwrap();
        assert!(anew.recovered(&keys(1), ADA, &shown[0]).is_err());
        for text in ["", "0", "not a code", &"0".repeat(24), &"0".repeat(100_000)] {
            assert!(codes.recovered(&keys(1), ADA, text).is_err(), "{text}");
        }
    }
}
