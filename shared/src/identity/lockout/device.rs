//! Devices on which somebody has signed in before.
//!
//! A cookie says so; nothing is stored. It opens nothing: whoever steals it may
//! only guess apart from other strangers, as often as they.

use jiff::{SignedDuration, Timestamp};

use super::Bucket;
use crate::ambient::Chance;
use crate::ids;
use crate::trouble::Trouble;
use crate::vault::OrganizationKeys;

const PURPOSE: &[u8] = b"device";
/// Another proof for who has taken the second step there: a thief of a password
/// may have been in from any number of devices before there was one.
const PURPOSE_AFTER_SECOND: &[u8] = b"device-second";
const DAY: i64 = 86_400;
/// Characters of 16 bytes, of 4 bytes, and of the proof.
const LENGTHS: [usize; 3] = [26, 7, 26];

/// A device that its cookie has proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    id: [u8; 16],
    /// The day of its cookie, counted from 1970.
    issued: u32,
    /// Whether the second step was taken on it.
    second: bool,
}

impl Device {
    /// How long a cookie holds.
    pub const HOLDS: SignedDuration = SignedDuration::from_hours(180 * 24);

    /// Knows a device from now on: to be done when somebody has signed in, with
    /// the id it already had, if any, and whether they took the second step.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn know(
        known: Option<Self>,
        second: bool,
        now: Timestamp,
        chance: &dyn Chance,
    ) -> Result<Self, Trouble> {
        let mut id = [0; 16];
        match known {
            Some(known) => id = known.id,
            None => chance.fill(&mut id)?,
        }
        let second = second || known.is_some_and(|known| known.second);
        Ok(Self { id, issued: day(now), second })
    }

    /// The cookie's value. It holds for one username, given by its blind index,
    /// in the organization of the keys.
    #[must_use]
    pub fn cookie(&self, keys: &OrganizationKeys, username: [u8; 16]) -> String {
        let issued = self.issued.to_be_bytes();
        let proof = keys.proof(purpose(self.second), &[&username, &self.id, &issued]);
        format!("{}{}{}", ids::to_text(&self.id), ids::to_text(&issued), ids::to_text(&proof))
    }

    /// Reads a cookie; `None` when it is another's, too old, or none at all.
    #[must_use]
    pub fn read(
        keys: &OrganizationKeys,
        username: [u8; 16],
        cookie: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let [id, issued, proof] = LENGTHS;
        if cookie.len() != id + issued + proof {
            return None;
        }
        let (id, rest) = cookie.split_at_checked(id)?;
        let (issued, proof) = rest.split_at_checked(issued)?;
        let id: [u8; 16] = ids::from_text(id)?;
        let issued: [u8; 4] = ids::from_text(issued)?;
        let proof = ids::from_text(proof)?;
        let proven =
            |second: &bool| keys.proves(&proof, purpose(*second), &[&username, &id, &issued]);
        let second = [false, true].into_iter().find(proven)?;
        let device = Self { id, issued: u32::from_be_bytes(issued), second };
        let age = i64::from(day(now)) - i64::from(device.issued);
        (0..Self::HOLDS.as_secs() / DAY).contains(&age).then_some(device)
    }

    /// Where its attempts are counted.
    #[must_use]
    pub const fn bucket(&self) -> Bucket {
        Bucket::Device(self.id)
    }

    /// Where its attempts at the second step are counted: with everybody's who
    /// knows the password, unless the step was taken on it before.
    #[must_use]
    pub const fn second_step(&self) -> Bucket {
        if self.second { Bucket::SecondStepOf(self.id) } else { Bucket::SecondStep }
    }
}

const fn purpose(second: bool) -> &'static [u8] {
    if second { PURPOSE_AFTER_SECOND } else { PURPOSE }
}

fn day(now: Timestamp) -> u32 {
    u32::try_from(now.as_second().div_euclid(DAY)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SystemChance;
    use crate::vault::test_keys as keys;

    const ADA: [u8; 16] = [1; 16];
    const BEN: [u8; 16] = [2; 16];

    #[test]
    fn a_device_is_known_for_one_username_in_one_organization_for_180_days() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let device = Device::know(None, false, now, &SystemChance).unwrap();
        let cookie = device.cookie(&keys(1), ADA);
        assert_eq!(Device::read(&keys(1), ADA, &cookie, now), Some(device));
        assert_eq!(Device::read(&keys(1), BEN, &cookie, now), None);
        assert_eq!(Device::read(&keys(2), ADA, &cookie, now), None);
        let days = |days: i64| now + SignedDuration::from_hours(24 * days);
        assert!(Device::read(&keys(1), ADA, &cookie, days(179)).is_some());
        assert!(Device::read(&keys(1), ADA, &cookie, days(180)).is_none());
        assert!(Device::read(&keys(1), ADA, &cookie, days(-1)).is_none());
        // Signing in again keeps the id, and the days begin anew.
        let again = Device::know(Some(device), false, days(100), &SystemChance).unwrap();
        assert_eq!(again.bucket(), device.bucket());
        let cookie = again.cookie(&keys(1), ADA);
        assert!(Device::read(&keys(1), ADA, &cookie, days(279)).is_some());
    }

    #[test]
    fn only_a_device_on_which_the_second_step_was_taken_counts_apart_at_it() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let read = |device: Device| {
            Device::read(&keys(1), ADA, &device.cookie(&keys(1), ADA), now).unwrap()
        };
        let first = read(Device::know(None, false, now, &SystemChance).unwrap());
        assert_eq!(first.second_step(), Bucket::SecondStep);
        let after = read(Device::know(Some(first), true, now, &SystemChance).unwrap());
        assert_eq!(after.bucket(), first.bucket());
        assert!(matches!(after.second_step(), Bucket::SecondStepOf(_)));
        // And it stays so, however its owner comes in later.
        let later = read(Device::know(Some(after), false, now, &SystemChance).unwrap());
        assert_eq!(later.second_step(), after.second_step());
    }

    #[test]
    fn any_changed_character_makes_a_device_unknown() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let device = Device::know(None, false, now, &SystemChance).unwrap();
        let cookie = device.cookie(&keys(1), ADA);
        for position in 0..cookie.len() {
            for other in ['0', 'g', 'z', 'é'] {
                let mut changed: Vec<char> = cookie.chars().collect();
                if changed[position] == other {
                    continue;
                }
                changed[position] = other;
                let changed: String = changed.into_iter().collect();
                assert_eq!(Device::read(&keys(1), ADA, &changed, now), None, "{changed}");
            }
        }
        for text in ["", "0", &cookie[1..], &format!("{cookie}0")] {
            assert_eq!(Device::read(&keys(1), ADA, text, now), None, "{text}");
        }
    }
}
